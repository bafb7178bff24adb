"""Every entry of the tables against Google's discovery documents: methods, parameters, fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from connectors.gcp import contacts, creators, denials, groups, inventory, policies
from connectors.gcp.access import SCOPE
from connectors.gcp.operations import POSTED, SERVICES, host, permission, template
from connectors.gcp.relations import TARGETS
from connectors.gcp.types import TYPES
from scanner.kit.tabled.edges import WORDS
from scanner.kit.tables import ResourceType
from scanner.rulebook.load import bundled
from tests.google_rig import _method, document, schema, step

_OURS = ("resource", "parent", "plain", "account", "within")
_HOLE = re.compile(r"\{([^{}]*)\}")


def _lacking(kind: ResourceType) -> Iterator[str]:
    known = _method(kind.list.op)
    shape = schema(known.document, known.response)
    for key in filter(None, kind.list.items.split(".")):
        found = step(known.document, shape, key)
        if found is None:
            yield f"{kind.list.op} has no {kind.list.items}"
            return
        shape = found
    ident = [] if "{" in kind.id else [kind.id]
    listed = (known.document, shape) if kind.is_list_first else None
    if kind.detail:
        known = _method(kind.detail.op)
        shape = schema(known.document, known.response)
    paths = [*ident, *_HOLE.findall(kind.id), kind.name, kind.created_at, kind.status,
             *kind.models, *kind.facts.values(),
             *kind.environment, *(one.rpartition("=")[2] for one in kind.settings),
             *(one.path for one in kind.edges),
             *(one.path for one in kind.exposure),
             *(path for one in kind.where for path in one.paths)]  # fmt: skip
    for path in filter(None, paths):
        inner, name = shape, known.document
        if listed and step(*listed, path.partition(".")[0]) is not None:
            name, inner = listed
        for number, key in enumerate(path.split(".")):
            if key in _OURS and not number:
                break
            further = step(name, inner, key)
            if further is None:
                yield f"{kind.kind}: {path}: no {key}"
                break
            inner = further


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_an_entry_says_what_google_says(kind: ResourceType) -> None:
    assert not list(_lacking(kind))
    known = _method(kind.list.op)
    size = str(kind.list.params.get("size", ""))
    assert not size or size.partition("=")[0] in known.parameters
    for op, _ in kind.operations:
        told = _method(op)
        given = template(op)
        assert told.path.fullmatch(given.replace("{", "").replace("}", "")), given
        assert told.verb == ("POST" if op in POSTED else "GET")
        root = urlsplit(document(told.document)["rootUrl"]).hostname
        assert root in (host(op), "www.googleapis.com", "bigquery.googleapis.com"), root
    ours = ("at", "in", "of", "over", "size")
    assert {name for name in kind.list.params if name not in ours} <= known.parameters
    for rule in kind.edges:
        assert rule.target in {"{value}", "provider", *WORDS, *TARGETS} or "{" in rule.target, (
            rule.target
        )
    assert not kind.provider or (bundled() / "providers" / f"{kind.provider}.yaml").is_file()


def test_only_what_reads_is_called() -> None:
    for kind in TYPES:
        for op, _ in kind.operations:
            assert op.rpartition(".")[2] in (
                "list",
                "get",
                "aggregatedList",
                "aggregated",
                "getAgent",
                "getDataConnector",
            )
            assert permission(op).count(".") == 2
    assert SERVICES.keys() >= {kind.list.op.partition(".")[0] for kind in TYPES}


def test_what_stands_under_another_comes_after_it() -> None:
    seen: set[str] = set()
    for kind in TYPES:
        assert not kind.under or kind.under in seen, kind.kind
        seen.add(kind.kind)
        above = next((one for one in TYPES if one.kind == kind.under), kind)
        assert above.service == kind.service, kind.kind


def test_every_call_takes_the_scope_that_is_asked_for() -> None:
    for kind in TYPES:
        for op, _ in kind.operations:
            assert SCOPE in _method(op).scopes, op
    for told in (policies.REASONS, creators.REASONS, inventory.REASONS, contacts.REASONS,
                 denials.REASONS, groups.REASONS):  # fmt: skip
        for op in told:
            assert SCOPE in _method(op).scopes, op


def test_hosts_of_locations_are_those_that_google_names() -> None:
    for name, op in (
        ("aiplatform.v1", "aiplatform.projects.locations.models.list"),
        ("documentai.v1", "documentai.projects.locations.processors.list"),
        ("secretmanager.v1", "secretmanager.projects.locations.secrets.list"),
    ):
        for one in document(name)["endpoints"]:
            named = urlsplit(one["endpointUrl"]).hostname
            if "preprod" not in named:
                assert host(op, one["location"]) == named
