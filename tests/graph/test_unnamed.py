"""Use that a log tells by an application's id alone, and whoever names that application."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.entra.export import read_file
from connectors.google_workspace.events import happened as google
from connectors.microsoft365.events import happened as microsoft365
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.counted import Counted
from scanner.kit.folding import Fold
from scanner.model.base import ShardId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, DataStore, Fact, Identity, Relation
from scanner.model.items import Activity, Item
from scanner.rulebook.load import Rulebook

ORG = "acme.com"
APP, STRANGE = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
NODE = f"entra:{ORG}/app/{APP}"
NOW = datetime(2026, 11, 29, tzinfo=UTC)
CLIENT = "123456789012-" + "a1b2c3d4" * 4 + ".apps.googleusercontent.com"
GOOGLE = f"google_workspace:{ORG}/app/{CLIENT}"


def _signed_in(number: int, who: str, app: str = APP, **more: Any) -> dict[str, Any]:
    return {"Id": str(number), "CreationTime": f"2026-11-20T08:00:{number % 60:02}",
            "Operation": "UserLoggedIn", "UserId": f"{who}@{ORG}", "ApplicationId": app,
            "ResultStatus": "Success", **more}  # fmt: skip


def _log(*records: dict[str, Any]) -> list[Item]:
    fold = Fold()
    for one in records:
        event: Any = microsoft365(one, ORG)
        for told in event[2]:
            fold.add(told)
    return list(fold.take())


def _consented(label: str) -> list[Item]:
    properties = [{"Name": "ServicePrincipal.DisplayName", "NewValue": label},
                  {"Name": "ServicePrincipal.AppId", "NewValue": APP}]  # fmt: skip
    return _log(
        _signed_in(50, "ada", Operation="Consent to application.", ModifiedProperties=properties)
    )


def _listed(folder: Path, label: str) -> list[Item]:
    record = {"id": "o1", "appId": APP, "displayName": label, "createdDateTime": "2026-11-01"}
    path = folder / "apps.json"
    path.write_text(json.dumps(record))
    return list(read_file(path, path.name, ORG, NOW, Counted()))


def _facts(rulebook: Rulebook, source: str, items: Iterable[Item]) -> list[Fact]:
    catalogue = Catalogue(rulebook)
    told: list[Fact] = []
    for one in items:
        if isinstance(one, Activity):
            told += facts_of(one, catalogue, source)
        elif isinstance(one, Fact):
            told.append(one)
    return told


def _graph(rulebook: Rulebook, *shards: tuple[str, list[Item]]) -> AssetGraph:
    return AssetGraph(
        (ShardId(f"{source}:{number}"), fact, True)
        for number, (source, items) in enumerate(shards)
        for fact in _facts(rulebook, source, items)
    )


def _users(graph: AssetGraph, app: str) -> dict[str, int]:
    return {
        edge.target.rpartition("/")[2]: sum(row.count for row in edge.evidence)
        for edge in graph.edges.values()
        if edge.relation is Relation.USED_BY and edge.source == app
    }


@pytest.mark.parametrize("label", ["Fireflies.ai Notetaker", "Quorfix AI"])
@pytest.mark.parametrize("by", ["a list of another source", "a consent"])
def test_use_by_an_id_counts_for_whoever_names_it_whatever_is_read_first(
    rulebook: Rulebook, tmp_path: Path, label: str, by: str
) -> None:
    log = _log(_signed_in(1, "ann"), _signed_in(2, "ann"), _signed_in(3, "bob"))
    naming = _listed(tmp_path, label) if "list" in by else _consented(label)
    source = "entra" if "list" in by else "microsoft365"
    for order in itertools.permutations([("microsoft365", log), (source, naming)]):
        graph = _graph(rulebook, *order)
        (app,) = graph.assets()
        assert (app.id, app.name) == (NODE, label)
        assert _users(graph, NODE) == {f"ann@{ORG}": 2, f"bob@{ORG}": 1}
        rows = [row for row in app.evidence if row.rule == "UserLoggedIn"]
        assert {(row.path.rpartition("/")[2], row.count) for row in rows} == {
            (f"ann@{ORG}", 2), (f"bob@{ORG}", 1)}  # fmt: skip
        assert max(row.last_at for row in rows) == "2026-11-20T08:00:03Z"
        sure = Confidence.LOW if label.startswith("Quorfix") else Confidence.MEDIUM
        assert {row.confidence for row in rows} == {sure}
        assert {row.guess for row in rows} == {"name" if sure is Confidence.LOW else ""}
        assert {f"ann@{ORG}", f"bob@{ORG}"} <= {
            one.email for one in graph.nodes.values() if isinstance(one, Identity)
        }


def test_what_nobody_names_or_no_ai_bears_leaves_nothing(
    rulebook: Rulebook, tmp_path: Path
) -> None:
    access = {"Operation": "MailItemsAccessed", "AppId": STRANGE}
    log = _log(_signed_in(1, "ann", STRANGE), _signed_in(2, "bob"), _signed_in(3, "eve", **access))
    graph = _graph(
        rulebook, ("microsoft365", log), ("entra", _listed(tmp_path, "Payroll of Contoso"))
    )
    assert not list(graph.assets())
    left = [one for one in graph.nodes.values() if isinstance(one, (Identity, DataStore, Asset))]
    assert not left
    assert not [edge for edge in graph.edges.values() if APP in edge.key or STRANGE in edge.key]


def test_microsofts_own_applications_wait_for_nobody_to_name_them(rulebook: Rulebook) -> None:
    """Everybody signs in to Teams; Copilot is known by its id all the same."""
    teams, copilot = (
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264", "fb8d773d-7ef8-4ec0-a117-179f88add510",
    )  # fmt: skip
    assert _facts(rulebook, "microsoft365", _log(_signed_in(1, "ada", teams.upper()))) == []
    assert _facts(rulebook, "microsoft365", _log(_signed_in(2, "ada", STRANGE)))
    told = _facts(rulebook, "microsoft365", _log(_signed_in(3, "ada", copilot)))
    assert {one.provider for one in told if isinstance(one, Asset)} == {"microsoft_copilot"}


def test_a_person_of_whom_a_list_tells_stays(rulebook: Rulebook, tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text(json.dumps({"id": f"ann@{ORG}", "userPrincipalName": f"ann@{ORG}"}))
    people = list(read_file(path, path.name, ORG, NOW, Counted()))
    graph = _graph(
        rulebook, ("entra", people), ("microsoft365", _log(_signed_in(1, "ann", STRANGE)))
    )
    assert f"entra:{ORG}/user/ann@{ORG}" in graph.nodes


def test_an_attempt_by_an_id_is_evidence_and_no_use(rulebook: Rulebook, tmp_path: Path) -> None:
    naming = _listed(tmp_path, "Fireflies.ai Notetaker")
    log = _log(_signed_in(1, "ann", ResultStatus="Failed"))
    graph = _graph(rulebook, ("microsoft365", log), ("entra", naming))
    (app,) = graph.assets()
    assert "UserLoggedIn (failed)" in {row.rule for row in app.evidence}
    assert not _users(graph, NODE)


def test_use_by_an_id_makes_ai_that_others_have_only_tried_an_asset(
    rulebook: Rulebook, tmp_path: Path
) -> None:
    failed = [one for one in _consented("Fireflies.ai Notetaker") if isinstance(one, Activity)]
    tried = [
        Activity(rule="Consent to application (failed)", account=one.account, app_id=one.app_id,
                 label=one.label, client_id=one.client_id, relation="")
        for one in failed
    ]  # fmt: skip
    alone = _graph(rulebook, ("microsoft365", list(tried)))
    assert not list(alone.assets())
    graph = _graph(
        rulebook, ("microsoft365", list(tried)), ("microsoft365", _log(_signed_in(1, "ann")))
    )
    (app,) = graph.assets()
    assert app.provider == "fireflies"
    assert [edge.target for edge in graph.out_edges(app.id, Relation.CALLS)] == [
        "provider:fireflies"
    ]


def test_events_of_one_row_with_and_without_the_name_are_no_matter_of_the_id(
    rulebook: Rulebook,
) -> None:
    more = {"Operation": "FileDownloaded"}
    named = _log(_signed_in(1, "ann", ApplicationDisplayName="Fireflies.ai Notetaker", **more))
    bare = _log(_signed_in(2, "ann", **more))
    for order in itertools.permutations([named, bare]):
        graph = _graph(rulebook, *(("microsoft365", one) for one in order))
        (edge,) = graph.out_edges(NODE, Relation.USED_BY)  # type: ignore[arg-type]
        assert {row.guess for row in edge.evidence} == {""}
        assert edge.evidence[0].last_at == "2026-11-20T08:00:02Z"


def _google(report: str, number: int, name: str, **given: str) -> list[Item]:
    record = {
        "id": {"time": f"2026-11-20T08:00:{number:02}Z", "uniqueQualifier": str(number),
               "applicationName": report},
        "actor": {"email": f"ann@{ORG}", "profileId": "1"},
        "events": [{"name": name, "parameters": [
            {"name": key, "value": value} for key, value in given.items()]}],
    }  # fmt: skip
    return [told for event in google(record, ORG) or () for told in event[2]]


def test_drives_number_of_a_project_is_the_application_whose_client_it_begins(
    rulebook: Rulebook,
) -> None:
    used = _google("drive", 1, "download", originating_app_id="123456789012", doc_id="d1")
    other = _google("drive", 2, "download", originating_app_id="210987654321", doc_id="d1")
    named = _google("token", 3, "authorize", client_id=CLIENT, app_name="Otter.ai", scope="email")
    shards = [("google_workspace", one) for one in (used, other, named)]
    for order in itertools.permutations(shards):
        graph = _graph(rulebook, *order)
        (app,) = graph.assets()
        assert app.id == GOOGLE
        assert "drive.application" in {row.rule for row in app.evidence}
        (edge,) = graph.out_edges(app.id, Relation.USED_BY)
        assert graph.is_seen(edge.key)
        assert graph.shards_of(edge.key) == (f"google_workspace:{order.index(shards[0])}",)
        assert not [one for one in graph.edges if "/app/123456789012 " in one or "2109" in one]


def test_a_project_with_clients_of_two_vendors_is_nobodys(rulebook: Rulebook) -> None:
    used = _google("drive", 1, "download", originating_app_id="123456789012", doc_id="d1")
    names = {CLIENT: "Otter.ai", CLIENT.replace("a1b2", "ffff"): "ChatGPT"}
    named = [
        one
        for number, (client, label) in enumerate(names.items())
        for one in _google("token", number, "authorize", client_id=client, app_name=label)
    ]
    graph = _graph(rulebook, ("google_workspace", used), ("google_workspace", named))
    assert {app.name for app in graph.assets()} == set(names.values())
    assert not [edge for edge in graph.edges.values() if edge.relation is Relation.USED_BY]
