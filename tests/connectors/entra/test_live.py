"""A tenant over Microsoft Graph, held to Graph's own metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.entra import CONNECTOR
from connectors.entra.access import AGENTS, AUDITS, COPILOT_USE, GRANTS, PACKAGES, SPONSORS
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import owners
from scanner.kit.contract import Context
from scanner.kit.folding import Fold
from scanner.model.base import NodeId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import Denied, Throttled, Unavailable
from scanner.model.facts import Asset, Edge, Identity, Relation
from scanner.model.items import Activity, Checkpoint, Gap, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from tests.connectors.entra.estate import (
    ADA,
    BEN,
    CHATGPT,
    NOW,
    PAYROLL,
    SP_AGENT,
    SP_CHATGPT,
    SP_GRAPH,
    context,
    planted,
    sign_in,
)
from tests.connectors.entra.graph import TENANT, TOKEN, Graph, serving
from tests.connectors.kept import run_into
from tests.google_rig import Fault

PLACE = f"entra:{TENANT}"
APP = f"{PLACE}/app/{CHATGPT}"


@pytest.fixture
def graph() -> Iterator[Graph]:
    with serving(planted(Graph())) as made:
        yield made
    assert not made.rejected, made.rejected


def _items(ctx: Context[Any], part: str, since: Checkpoint | None = None) -> list[Item]:
    shard = next(s for s in CONNECTOR.shards(ctx) if s.id.endswith(part))
    return list(CONNECTOR.collect(ctx, shard, since))


def _activities(items: list[Item]) -> list[Activity]:
    """Each window's rows, added up."""
    fold = Fold()
    for one in items:
        if isinstance(one, Activity):
            fold.add(one)
    return list(fold.take())


def _gaps(items: list[Item]) -> list[Gap]:
    return [one for one in items if isinstance(one, Gap)]


def _classes(stores: tuple[Any, ...]) -> set[str]:
    return {one.store_class for one in stores}


def _run(ctx: Context[Any], state: State, rulebook: Rulebook) -> dict[str, Coverage]:
    rows = run_into(state, "entra", CONNECTOR, ctx, rulebook, now="2026-11-28T12:00:00Z")
    return {row.shard.removeprefix(f"{PLACE}/"): row for row in rows}


def test_people_with_those_who_are_disabled(graph: Graph) -> None:
    found = {i.name: i for i in _items(context(graph), "/people") if isinstance(i, Identity)}
    assert set(found) == {"Ada Day", "Ben Bay", "Cleo Cay"}
    assert found["Ada Day"].is_active
    assert not found["Cleo Cay"].is_active
    assert found["Ben Bay"].email == "ben@acme.com"


def test_grants_of_one_person_and_for_everyone(graph: Graph) -> None:
    found = _activities(_items(context(graph), "/apps"))
    grants = {(a.label, a.actor.name if a.actor else ""): a for a in found if a.rule == GRANTS.id}
    own = grants["ChatGPT", ADA]
    assert own.scopes == ("Files.ReadWrite.All", "User.Read", "offline_access")
    assert _classes(own.reads) == _classes(own.writes) == {"files"}
    for_all = grants["ChatGPT", f"everyone in {TENANT}"]
    assert (_classes(for_all.reads), for_all.writes) == ({"calendar"}, ())
    assert own.client_id == CHATGPT, "the object's id is not the application's"
    assert own.hosts == ("chatgpt.com",)


def test_what_an_application_may_do_without_a_person(graph: Graph) -> None:
    found = _activities(_items(context(graph), "/apps"))
    held = next(a for a in found if a.where == "to Microsoft Graph")
    assert (held.label, held.scopes) == ("ChatGPT", ("Mail.Read",))
    assert _classes(held.reads) == {"mail"}
    assert any(a.status == "assigned: 3 people" for a in found)


def test_microsofts_own_count_by_their_id_alone(graph: Graph) -> None:
    found = _activities(_items(context(graph), "/apps"))
    own = next(a for a in found if a.label == "Microsoft Graph")
    assert own.hosts == ()


def test_agents_with_sponsors_and_the_data_they_may_read(graph: Graph, rulebook: Rulebook) -> None:
    state = State("sqlite://")
    rows = _run(context(graph), state, rulebook)
    assert all(row.status is Outcome.COMPLETE for row in rows.values()), rows
    made = AssetGraph(state.facts())
    agent = made.nodes[NodeId(f"{PLACE}/agent/{SP_AGENT}")]
    assert isinstance(agent, Asset)
    assert (agent.name, agent.asset_class, agent.is_ai) == ("Expense helper", "agent", True)
    edges = {(e.source, e.relation, e.target) for e in made.edges.values()}
    assert (agent.id, Relation.OWNED_BY, f"{PLACE}/user/{BEN}") in edges
    assert (agent.id, Relation.READS_FROM, f"{PLACE}/data/chat") in edges
    assert [one.owner for one in owners(made, agent.id)] == ["ben@acme.com"]
    app = made.nodes[NodeId(APP)]
    assert isinstance(app, Asset)
    assert app.provider == "openai"
    assert {t for s, r, t in edges if s == APP and r is Relation.READS_FROM} == {
        f"{PLACE}/data/{noun}" for noun in ("files", "calendar", "mail")
    }  # fmt: skip
    assert (APP, Relation.USED_BY, f"{PLACE}/user/{ADA}") in edges
    assert NodeId(f"{PLACE}/app/{PAYROLL}") not in made.nodes
    assert made.nodes[NodeId(f"{PLACE}/user/{ADA}")].name == "Ada Day"
    package = made.nodes[NodeId(f"{PLACE}/copilot/package/P_1")]
    assert isinstance(package, Asset)
    assert package.asset_class == "agent"


def test_copilot_by_app_with_the_day_of_last_use(graph: Graph) -> None:
    found = [a for a in _activities(_items(context(graph), "/copilot")) if a.thing]
    (word,) = found
    assert word.thing is not None
    assert word.thing.id == f"{PLACE}/copilot/word"
    assert word.last_at == "2026-11-25T00:00:00Z"
    assert _classes(word.reads) == {"files"}


def test_sign_ins_are_folded_and_failed_ones_are_no_use(graph: Graph) -> None:
    found = _activities(_items(context(graph), "/sign-ins/interactiveUser"))
    rows = {(a.label, a.relation): a for a in found}
    used = rows["ChatGPT", "used_by"]
    assert (used.count, used.last_at) == (3, "2026-11-28T11:00:00Z")
    assert rows["ChatGPT", ""].count == 1
    assert used.actor is not None
    assert used.actor.id == f"{PLACE}/user/{ADA}"


def test_sign_ins_without_a_person_come_from_the_beta(graph: Graph) -> None:
    (own,) = _activities(_items(context(graph), "/sign-ins/servicePrincipal"))
    assert (own.actor, own.where, own.relation) == (None, "by itself", "used_by")
    (quiet,) = _activities(_items(context(graph), "/sign-ins/nonInteractiveUser"))
    assert quiet.rule == "sign-in.nonInteractiveUser"
    assert quiet.actor is not None


def test_consents_are_read_out_of_the_text_they_stand_in(graph: Graph) -> None:
    found = _activities(_items(context(graph), "/audits"))
    rows = {(a.rule, a.relation): a for a in found}
    consent = rows["audit.Consent to application", "grants"]
    assert consent.scopes == ("Mail.Read", "offline_access")
    assert consent.client_id == CHATGPT
    assert consent.actor is not None
    assert consent.actor.name == "Ada Day"
    assert ("audit.Consent to application (failed)", "") in rows
    granted = rows["audit.Add delegated permission grant", "grants"]
    assert (granted.label, granted.scopes) == ("ChatGPT", ("Files.Read.All",))
    assert granted.actor is not None
    assert granted.actor.kind == "entra.everyone"
    role = rows["audit.Add app role assignment to service principal", "grants"]
    assert (role.client_id, role.where) == (CHATGPT, "application permission")
    assert _classes(role.writes) == {"mail"}
    assert not any("Update user" in a.rule for a in found)


def test_the_next_reading_goes_on_and_counts_late_events_once(graph: Graph) -> None:
    ctx, part = context(graph), "/sign-ins/interactiveUser"
    mark = [i for i in _items(ctx, part) if isinstance(i, Checkpoint)][-1]
    assert not _activities(_items(ctx, part, mark))
    late = sign_in("2026-11-28T09:00:00Z", CHATGPT, "ChatGPT")
    graph.plant("auditLogs/signIns", "signIn", late, version="beta")
    ctx.now = lambda: NOW + timedelta(hours=2)
    (more,) = _activities(_items(ctx, part, mark))
    assert more.count == 1


def test_a_pause_longer_than_the_tenant_keeps_is_a_gap(graph: Graph) -> None:
    ctx = context(graph, kept_days=7)
    mark = [i for i in _items(ctx, "/audits") if isinstance(i, Checkpoint)][-1]
    ctx.now = lambda: NOW + timedelta(days=10)
    (gap,) = _gaps(_items(ctx, "/audits", mark))
    assert "no longer kept" in gap.reason


@pytest.mark.parametrize(
    ("missing", "part", "told"),
    [
        ("DelegatedPermissionGrant.Read.All", "/apps", GRANTS),
        ("CopilotPackages.Read.All", "/copilot", PACKAGES),
        ("Reports.Read.All", "/copilot", COPILOT_USE),
    ],
)
def test_one_refused_list_is_a_gap_with_the_permission(
    graph: Graph, missing: str, part: str, told: Any
) -> None:
    graph.permissions.discard(missing)
    items = _items(context(graph), part)
    (gap,) = _gaps(items)
    assert gap.denied
    assert gap.what == told.id
    assert f"grant {missing}" in gap.reason
    assert _activities(items) or any(isinstance(i, Asset) for i in items), "the rest is read"


@pytest.mark.parametrize(
    ("missing", "part"),
    [
        ("User.Read.All", "/people"),
        ("Application.Read.All", "/apps"),
        ("AgentIdentity.Read.All", "/agents"),
        ("AuditLog.Read.All", "/sign-ins/interactiveUser"),
        ("AuditLog.Read.All", "/audits"),
    ],
)
def test_a_refused_shard_is_denied(graph: Graph, missing: str, part: str) -> None:
    graph.permissions.discard(missing)
    with pytest.raises(Denied, match=missing) as caught:
        _items(context(graph), part)
    assert TOKEN not in str(caught.value)


def test_logs_are_read_without_the_list_of_applications(graph: Graph) -> None:
    graph.permissions.discard("Application.Read.All")
    warned: list[str] = []
    ctx = context(graph)
    ctx.warn = warned.append
    found = _activities(_items(ctx, "/audits"))
    assert any(a.client_id == CHATGPT and a.relation == "grants" for a in found)
    assert len(warned) == 1


def test_applications_whose_assignments_fail_are_one_gap(graph: Graph) -> None:
    graph.strike(f"{SP_CHATGPT}/appRoleAssignedTo", Fault(500, "oops"))
    items = _items(context(graph), "/apps")
    (gap,) = _gaps(items)
    assert gap.what.endswith("of 1 applications")
    assert not gap.denied


def test_a_rate_limit_is_waited_out(graph: Graph) -> None:
    slow = Fault(429, "slow down", "TooManyRequests", headers={"Retry-After": "0"}, times=1)
    graph.strike("/directoryAudits", slow)
    assert _activities(_items(context(graph), "/audits"))
    graph.strike("/users", Fault(429, "slow down", headers={"Retry-After": "0"}))
    with pytest.raises(Throttled):
        _items(context(graph), "/people")


def test_a_page_link_in_a_ring_ends(graph: Graph) -> None:
    link = f"{graph.url}/v1.0/users?$skiptoken=1"
    graph.strike("/users", Fault(200, body=json.dumps({"value": [], "@odata.nextLink": link})))
    with pytest.raises(Unavailable, match="repeats a page link"):
        _items(context(graph), "/people")


def test_a_page_link_to_another_host_is_refused(graph: Graph) -> None:
    body = json.dumps({"value": [], "@odata.nextLink": "https://evil.example/v1.0/users"})
    graph.strike("/users", Fault(200, body=body))
    with pytest.raises(Exception, match=r"refused a call to https://evil\.example"):
        _items(context(graph), "/people")


@pytest.mark.parametrize("body", ['{"value": [{"id": "1"', "<html>", "{}", "[]", '{"value": {}}'])
def test_an_answer_that_is_none_is_never_empty(graph: Graph, body: str) -> None:
    graph.strike("/users", Fault(200, body=body))
    with pytest.raises(Unavailable):
        _items(context(graph), "/people")


def test_odd_records_cost_themselves(graph: Graph) -> None:
    good = graph.records["servicePrincipals"][0]
    bent = {**good, "replyUrls": "no", "appRoles": [1], "verifiedPublisher": 9}
    odd: list[Any] = [7, None, {"id": 3}, {"id": "x", "appId": [], "replyUrls": 5}, bent]
    body = json.dumps({"value": odd})
    graph.strike("/servicePrincipals[?]", Fault(200, body=body, times=1))
    items = _items(context(graph), "/apps")
    assert [g.reason for g in _gaps(items)] == ["4 records are malformed"]
    assert any(a.label == "ChatGPT" for a in _activities(items))
    odd_events = [1, {"appId": CHATGPT}, {"appId": CHATGPT, "userId": 4, "createdDateTime": "no"},
                  sign_in("2026-11-20T08:00:00Z", CHATGPT, "ChatGPT", status="odd")]  # fmt: skip
    graph.strike(
        "/signIns.*2026-11-19", Fault(200, body=json.dumps({"value": odd_events}), times=1)
    )
    found = _items(context(graph), "/sign-ins/interactiveUser")
    assert [g.reason for g in _gaps(found)] == ["3 records are no events"]


def test_who_answers_for_an_agent_and_may_not_be_read_is_a_gap(graph: Graph) -> None:
    graph.strike("/sponsors", Fault(403, "no", "Authorization_RequestDenied"))
    items = _items(context(graph), "/agents")
    (gap,) = _gaps(items)
    assert (gap.what, gap.denied) == (f"{SPONSORS.id} of 1 agents", True)
    assert [i for i in items if isinstance(i, Asset)]


def test_no_token_leaves(graph: Graph) -> None:
    ctx = context(graph)
    told = [i for shard in CONNECTOR.shards(ctx) for i in CONNECTOR.collect(ctx, shard, None)]
    assert TOKEN not in repr(told)
    assert any(isinstance(i, Edge) for i in told)


def test_without_credentials_it_says_what_to_set(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Denied, match="ENTRA_GRAPH_TOKEN"):
        _items(context(graph, token="", credential="environment"), "/people")


def test_doctor_tries_each_permission(graph: Graph) -> None:
    graph.permissions.discard("AgentIdentity.Read.All")
    told = {one.check: one for one in CONNECTOR.probe(context(graph))}
    assert [check for check, one in told.items() if not one.ok] == [AGENTS.id]
    assert "AgentIdentity.Read.All" in told[AGENTS.id].remedy
    assert AUDITS.id in told


def test_every_list_goes_over_its_pages(graph: Graph) -> None:
    _items(context(graph), "/apps")
    assert graph.calls["v1.0/servicePrincipals"] == 2
    assert graph.calls["v1.0/oauth2PermissionGrants"] == 2
    assert SP_GRAPH
