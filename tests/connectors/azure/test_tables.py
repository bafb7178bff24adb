"""The tables against Microsoft's own descriptions: a call or field that Azure has not is found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.azure import TYPES, AzureConnector, operations, planes
from scanner.kit.tables import Call, EdgeRule, ResourceType
from tests.azure_rig import described

_OURS = ("value", "identity.principals[]", "credentials.resource")
_ID = "/subscriptions/s/resourceGroups/g/providers/"
BY_KIND = {kind.kind: kind for kind in TYPES}


def _example(op: str) -> str:
    """A path as the scanner would ask it."""
    import re

    return re.sub(r"\{[^}]*\}", "x", operations.template(op))


def _call(op: str) -> described.Described:
    method = "POST" if op.startswith("post:") else "GET"
    found = described.found(method, _example(op))
    assert found, f"{op}: nothing of Microsoft's describes {method} {_example(op)}"
    fitting = [one for one in found if one.version == operations.version(op)]
    assert fitting, f"{op}: version {operations.version(op)}, not {[o.version for o in found]}"
    return fitting[0]


def _model(call: Call) -> tuple[str, str] | None:
    verb, _, kind = call.op.partition(":")
    if verb == "graph":
        return described.SHOWN.get(kind.casefold())
    one = _call(call.op)
    assert one.returns, f"{call.op}: what it answers is not described"
    return one.file, one.returns


def _paths(kind: ResourceType) -> Iterator[str]:
    yield from (kind.name, kind.created_at, kind.status)
    yield from (*kind.models, *kind.aliases, *kind.facts.values(), *kind.environment)
    yield from (setting.rpartition("=")[2] for setting in kind.settings)
    yield from (rule.path for rule in (*kind.edges, *kind.exposure))
    for condition in (*kind.listed, *kind.ai_when):
        yield from condition.paths
    yield from (document.path for document in kind.documents if document.call is None)
    if kind.supplier:
        yield kind.supplier.path


def _complaints(kind: ResourceType) -> Iterator[str]:
    model = _model(kind.list)
    if model is None:
        assert kind.list.op.removeprefix("graph:").casefold() in described.UNDESCRIBED, kind.kind
        return
    told = [model]
    if kind.detail and not kind.detail.items:
        told.append(_model(kind.detail) or model)
    for path in filter(None, _paths(kind)):
        if path.startswith("named."):
            continue
        if path not in _OURS and not any(described.is_field(*one, path) for one in told):
            yield f"{kind.kind}: {model[1]} has no {path}"
    for child in kind.children:
        below = _model(child.list)
        assert below
        for rule in (*child.edges, *child.exposure):
            if rule.path.startswith("named."):
                continue
            if not described.is_field(*below, rule.path):
                yield f"{kind.kind}: {below[1]} has no {rule.path}"
    above = BY_KIND[kind.under] if kind.under else None
    for condition in kind.asked_of:
        for path in condition.paths:
            named = path.removeprefix("parent.")
            assert above
            if not described.is_field(*(_model(above.list) or ("", "")), named):
                yield f"{kind.kind}: {above.kind} has no {named}"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_a_table_is_what_microsofts_descriptions_say(kind: ResourceType) -> None:
    assert not list(_complaints(kind))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_a_list_below_is_asked_of_what_stands_above(kind: ResourceType) -> None:
    if not kind.under:
        assert kind.list.op.startswith("graph:")
        return
    above = BY_KIND[kind.under]
    assert above.service == kind.service, "of the same shard"
    if kind.list.op.startswith("plane:"):
        assert kind.list.args["of"] == f"parent.planes.{planes.split(kind.list.op)[0]}"
        assert kind.opt_in, "another API takes another permission"
        return
    holder = kind.list.op.removeprefix("list:").rpartition("/")[0]
    assert above.list.op.partition(":")[2] == holder
    assert TYPES.index(above) < TYPES.index(kind)


def test_the_lint_finds_what_azure_has_not() -> None:
    sound = BY_KIND["azure.model_deployment"]
    import msgspec

    broken = msgspec.structs.replace(
        sound,
        edges=(EdgeRule(relation="calls", path="properties.modell.name"),),  # type: ignore[arg-type]
    )
    assert list(_complaints(broken)) == [
        "azure.model_deployment: Deployment has no properties.modell.name"
    ]


def test_only_reads_are_declared_and_no_keys() -> None:
    for operation in AzureConnector.spec.operations:
        method, _, path = operation.id.partition(" ")
        assert method in ("GET", "POST", "READ")
        last = operation.permission.rpartition("/")[2]
        assert last == "read" or operation.permission.endswith("/config/list/action")
        assert "listkeys" not in path.casefold()
        if operation.permission.endswith("/action"):
            assert operation.opt_in == ("read_values",)


def test_own_calls_are_described() -> None:
    for ident, namespace in (
        (operations.SUBSCRIPTIONS, "subscriptions"),
        (operations.DESCENDANTS, "Microsoft.Management"),
        (operations.PERMISSIONS, "Microsoft.Authorization"),
        (operations.EVENTS, "Microsoft.Insights/eventtypes"),
        (operations.GRAPH, "Microsoft.ResourceGraph"),
    ):
        method, _, path = ident.partition(" ")
        plain = path.replace("{", "").replace("}", "")
        versions = [one.version for one in described.found(method, plain)]
        assert operations.VERSIONS[namespace] in versions, (ident, versions)
