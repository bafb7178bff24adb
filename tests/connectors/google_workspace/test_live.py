"""A Workspace over the API, held to Google's discovery documents."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.google_workspace import CONNECTOR, names
from connectors.google_workspace.access import SCOPES
from scanner.graph.build import AssetGraph
from scanner.kit.contract import Context
from scanner.kit.folding import Fold
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import Denied, Throttled, Unavailable
from scanner.model.facts import Asset, DataStore, Edge, Identity, Relation
from scanner.model.items import Activity, Checkpoint, Gap, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from tests.connectors.google_workspace.estate import AUTH, CHATGPT, NOW, context, planted
from tests.connectors.google_workspace.workspace import TOKEN, Workspace, serving
from tests.connectors.kept import run_into
from tests.google_rig import Fault

PLACE = "google_workspace:acme.com"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with serving(planted(Workspace())) as made:
        yield made
    assert not made.rejected, made.rejected


def _items(ctx: Context[Any], part: str, since: Checkpoint | None = None) -> list[Item]:
    shard = next(s for s in CONNECTOR.shards(ctx) if s.id.endswith(part))
    return list(CONNECTOR.collect(ctx, shard, since))


def _activities(items: list[Item]) -> dict[tuple[str, str, str], Activity]:
    """Each window's rows, added up."""
    fold = Fold()
    for one in items:
        if isinstance(one, Activity):
            fold.add(one)
    return {(a.rule, a.label, a.actor.name if a.actor else ""): a for a in fold.take()}


def _gaps(items: list[Item]) -> list[Gap]:
    return [one for one in items if isinstance(one, Gap)]


def _run(ctx: Context[Any], state: State, rulebook: Rulebook) -> dict[str, Coverage]:
    rows = run_into(state, "google_workspace", CONNECTOR, ctx, rulebook, now="2026-11-28T12:00:00Z")
    return {row.shard.removeprefix(f"{PLACE}/"): row for row in rows}


def _graph(ctx: Context[Any], rulebook: Rulebook) -> AssetGraph:
    state = State("sqlite://")
    rows = _run(ctx, state, rulebook)
    assert all(row.status is Outcome.COMPLETE for row in rows.values()), rows
    return AssetGraph(state.facts())


def test_people_with_those_who_are_suspended(workspace: Workspace) -> None:
    people = {i.name: i for i in _items(context(workspace), "/people") if isinstance(i, Identity)}
    assert set(people) == {"Ada Day", "Ben Bay", "Cleo Cay"}
    assert people["Ada Day"].is_active
    assert not people["Cleo Cay"].is_active
    assert people["Cleo Cay"].tags["status"] == "suspended"
    assert people["Ben Bay"].tags["administrator"] == "true"
    assert people["Ada Day"].id == f"{PLACE}/user/ada@acme.com"


def test_grants_with_scopes_and_the_data_that_they_open(workspace: Workspace) -> None:
    found = _activities(_items(context(workspace), "/grants"))
    rule = "GET /admin/directory/v1/users/{user}/tokens"
    ben = found[rule, "ChatGPT", "ben@acme.com"]
    assert ben.client_id == CHATGPT
    assert ben.relation == "grants"
    assert ben.scopes == (f"{AUTH}calendar", f"{AUTH}drive.readonly", "openid")
    assert [one.store_class for one in ben.reads] == ["calendar", "files"]
    assert [one.store_class for one in ben.writes] == ["calendar"]
    assert found[rule, "Otter.ai", "cleo@acme.com"].status == "not registered with Google"
    assert workspace.calls["directory.tokens.list"] == 3


def test_a_report_is_folded_to_a_row_a_person_app_and_event(workspace: Workspace) -> None:
    found = _activities(_items(context(workspace), "/report/token"))
    used = found["token.activity", "ChatGPT", "ada@acme.com"]
    assert (used.count, used.first_at) == (3, "2026-11-03T09:00:00Z")
    assert used.last_at == "2026-11-28T11:30:00Z"
    consent = found["token.authorize", "ChatGPT", "ada@acme.com"]
    assert consent.scopes == (f"{AUTH}drive.readonly", "openid")
    assert [one.store_class for one in consent.reads] == ["files"]
    assert found["token.revoke", "Otter.ai", "cleo@acme.com"].relation == ""
    saml = _activities(_items(context(workspace), "/report/saml"))
    signed_in = saml["saml.login_success", "ChatGPT Enterprise", "ada@acme.com"]
    assert signed_in.app_id == f"{PLACE}/app/named/chatgpt-enterprise"
    assert saml["saml.login_failure", "ChatGPT Enterprise", "ada@acme.com"].relation == ""


def test_what_google_proves_needs_no_catalogue(workspace: Workspace) -> None:
    gemini = _activities(_items(context(workspace), "/gemini_in_workspace_apps"))
    (docs,) = gemini.values()
    assert docs.thing is not None
    assert docs.thing.provider == "google_gemini"
    assert docs.thing.id == f"{PLACE}/ai/gemini/docs"
    assert docs.thing.tags["actions"] == "conversation, summarize"
    assert docs.count == 2
    assert [one.store_class for one in docs.reads] == ["files"]


def test_an_agent_has_the_owner_that_the_log_names(workspace: Workspace) -> None:
    found = _activities(_items(context(workspace), "/workspace_studio"))
    owner = found["agent.owner", "Inbox sorter", "ben@acme.com"]
    assert owner.relation == "created_by"
    assert owner.thing is not None
    assert owner.thing.asset_class == "agent"
    assert ("agent.acted", "Inbox sorter", "ada@acme.com") in found


def test_delegation_and_settings_of_the_admin_console(workspace: Workspace) -> None:
    found = list(_activities(_items(context(workspace), "/report/admin")).values())
    delegated = next(a for a in found if a.rule == "admin.AUTHORIZE_API_CLIENT_ACCESS")
    assert delegated.where == "domain-wide delegation"
    assert [one.store_class for one in delegated.reads] == ["files"]
    assert {one.store_class for one in delegated.writes} == {"files", "mail"}
    setting = next(a for a in found if a.rule == "admin.TOGGLE_SERVICE_ENABLED")
    assert setting.thing is not None
    assert setting.thing.id == f"{PLACE}/ai/gemini_notebook"
    assert setting.where == "NotebookLM set to true"


def test_grants_become_flows_from_data_to_the_app(workspace: Workspace, rulebook: Rulebook) -> None:
    graph = _graph(context(workspace), rulebook)
    app = f"{PLACE}/app/{CHATGPT}"
    node = graph.nodes[app]  # type: ignore[index]
    assert isinstance(node, Asset)
    assert (node.provider, node.is_ai) == ("openai", True)
    flows = {e.target for e in graph.edges.values()
             if e.source == app and e.relation is Relation.READS_FROM}  # fmt: skip
    assert flows == {f"{PLACE}/data/drive", f"{PLACE}/data/calendar"}
    grants = {e.source: e for e in graph.edges.values()
              if e.target == app and e.relation is Relation.GRANTS}  # fmt: skip
    assert set(grants) == {f"{PLACE}/user/ada@acme.com", f"{PLACE}/user/ben@acme.com"}
    assert f"{AUTH}drive.readonly" in grants[names.user_id("acme.com", "ada@acme.com", "")].detail
    assert f"{PLACE}/app/11111111111-payroll.apps.googleusercontent.com" not in graph.nodes
    cleo = graph.nodes[names.user_id("acme.com", "cleo@acme.com", "")]
    assert isinstance(cleo, Identity)
    assert not cleo.is_active, "a log mentions her too, and does not know that she has left"
    assert cleo.name == "Cleo Cay"
    assert isinstance(graph.nodes[names.domain_id("acme.com")].evidence, tuple)
    assert any(isinstance(one, DataStore) for one in graph.nodes.values())


def test_the_next_reading_goes_on_and_counts_late_events_once(workspace: Workspace) -> None:
    ctx = context(workspace)
    first = _items(ctx, "/report/token")
    mark = [one for one in first if isinstance(one, Checkpoint)][-1]
    assert not _activities(_items(ctx, "/report/token", mark)), "nothing new"
    event: dict[str, Any] = {"client_id": CHATGPT, "app_name": "ChatGPT"}
    # It happened before the last reading ended, and was told afterwards.
    workspace.activity(
        "token", "2026-11-28T10:00:00Z", "ada@acme.com", "activity", event, qualifier="late"
    )
    workspace.activity(
        "token", "2026-11-28T12:30:00Z", "ada@acme.com", "activity", event, qualifier="new"
    )
    ctx.now = lambda: NOW + timedelta(hours=1)
    workspace.paths.clear()
    second = _items(ctx, "/report/token", mark)
    (more,) = _activities(second).values()
    assert more.count == 2
    assert more.last_at == "2026-11-28T12:30:00Z"
    assert len([p for p in workspace.paths if "pageToken" not in p]) <= 2, "not all ninety again"
    third = [one for one in second if isinstance(one, Checkpoint)][-1]
    assert not _activities(_items(ctx, "/report/token", third))


def test_a_pause_longer_than_google_keeps_is_a_gap(workspace: Workspace) -> None:
    ctx = context(workspace, reports=("saml",))
    mark = [i for i in _items(ctx, "/report/saml") if isinstance(i, Checkpoint)][-1]
    ctx.now = lambda: NOW + timedelta(days=200)
    (gap,) = _gaps(_items(ctx, "/report/saml", mark))
    assert "no longer kept" in gap.reason


@pytest.mark.parametrize("shard", ["/people", "/grants", "/report/token"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_scope_to_grant(workspace: Workspace, shard: str, status: int) -> None:
    path = {"/people": "/v1/users[?]", "/grants": "/tokens", "/report/token": "/token"}[shard]
    workspace.strike(path, Fault(status, "Not Authorized", "PERMISSION_DENIED"))
    with pytest.raises(Denied) as caught:
        _items(context(workspace), shard)
    scope = {"/people": SCOPES[0], "/grants": SCOPES[1], "/report/token": SCOPES[2]}[shard]
    assert scope in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_scope_that_was_not_delegated_costs_its_shard_alone(
    workspace: Workspace, rulebook: Rulebook
) -> None:
    workspace.scopes = frozenset({SCOPES[0], SCOPES[2]})
    rows = _run(context(workspace), State("sqlite://"), rulebook)
    assert rows.pop("grants").status is Outcome.DENIED
    assert all(row.status is Outcome.COMPLETE for row in rows.values()), rows


def test_one_person_who_cannot_be_read_is_one_gap(workspace: Workspace) -> None:
    workspace.strike("/users/102/tokens", Fault(403, "Not Authorized", "PERMISSION_DENIED"))
    items = _items(context(workspace), "/grants")
    (gap,) = _gaps(items)
    assert gap.denied
    assert gap.what == "grants of 1 people"
    assert {a.actor.name for a in _activities(items).values() if a.actor} == {
        "ada@acme.com", "cleo@acme.com",
    }  # fmt: skip


def test_who_was_deleted_meanwhile_is_no_gap(workspace: Workspace) -> None:
    workspace.strike("/users/103/tokens", Fault(404, "Resource Not Found: userKey", "NOT_FOUND"))
    assert not _gaps(_items(context(workspace), "/grants"))


def test_a_rate_limit_is_waited_out(workspace: Workspace) -> None:
    slow = Fault(429, "Quota exceeded", "RESOURCE_EXHAUSTED", headers={"Retry-After": "0"}, times=1)
    workspace.strike("/applications/saml", slow)
    assert len(_activities(_items(context(workspace), "/report/saml"))) == 2
    workspace.strike(
        "/applications/saml", Fault(429, "Quota exceeded", headers={"Retry-After": "0"})
    )
    with pytest.raises(Throttled):
        _items(context(workspace), "/report/saml")


def test_a_page_token_in_a_ring_ends(workspace: Workspace) -> None:
    page = {"kind": "admin#directory#users", "users": [], "nextPageToken": "again"}
    workspace.strike("/v1/users[?]", Fault(200, body=json.dumps(page)))
    with pytest.raises(Unavailable, match="repeats a page token"):
        _items(context(workspace), "/people")


@pytest.mark.parametrize("body", ['{"kind": "admin#directory#users", "use', "<html>", "{}", "[]",
                                  '{"kind": "x", "users": {}}'])  # fmt: skip
def test_an_answer_that_is_none_is_never_empty(workspace: Workspace, body: str) -> None:
    workspace.strike("/v1/users[?]", Fault(200, body=body))
    with pytest.raises(Unavailable):
        _items(context(workspace), "/people")


def test_odd_records_cost_themselves(workspace: Workspace) -> None:
    good = workspace.activities["saml"][0]
    odd: list[Any] = [
        7, None, {"id": 3}, {"id": {"applicationName": "saml", "time": "never"}},
        {**good, "id": {**good["id"], "uniqueQualifier": "x"},
         "events": [5, {"name": [], "parameters": 3}]},
        {**good, "id": {**good["id"], "uniqueQualifier": "y"}, "actor": "nobody", "events": "none"},
    ]  # fmt: skip
    body = json.dumps({"kind": "admin#reports#activities", "items": [*odd, good]})
    workspace.strike("startTime=2026-11-(09|08|07|06|05|04)", Fault(200, body=body, times=1))
    items = _items(context(workspace), "/report/saml")
    (gap,) = _gaps(items)
    assert gap.reason == "4 records are no events"
    assert ("saml.login_success", "ChatGPT Enterprise", "ada@acme.com") in _activities(items)


def test_a_token_revoked_midway_keeps_what_was_read(
    workspace: Workspace, rulebook: Rulebook
) -> None:
    gone = Fault(401, "Invalid Credentials", "UNAUTHENTICATED")
    workspace.strike("/token[?]startTime=2026-11-2[6-9]", gone)
    ctx, state = context(workspace), State("sqlite://")
    assert _run(ctx, state, rulebook)["report/token"].status is Outcome.PARTIAL
    used = f"{PLACE}/app/{CHATGPT} used_by {PLACE}/user/ada@acme.com"
    (before,) = [e for e in AssetGraph(state.facts()).edges.values() if e.key == used]
    assert sum(e.count for e in before.evidence) == 1
    workspace.faults.clear()
    assert _run(ctx, state, rulebook)["report/token"].status is Outcome.COMPLETE
    (after,) = [e for e in AssetGraph(state.facts()).edges.values() if e.key == used]
    assert sum(e.count for e in after.evidence) == 3


def test_no_token_leaves(workspace: Workspace) -> None:
    ctx = context(workspace)
    told = [i for shard in CONNECTOR.shards(ctx) for i in CONNECTOR.collect(ctx, shard, None)]
    assert TOKEN.encode() not in msgspec.json.encode(
        [i for i in told if isinstance(i, (Edge, Gap))]
    )
    assert TOKEN not in repr(told)


def test_a_service_account_acts_as_the_administrator(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    file = tmp_path / "key.json"
    file.write_text(json.dumps({
        "type": "service_account", "client_email": "scanner@acme.iam.gserviceaccount.com",
        "private_key": pem, "private_key_id": "1", "project_id": "acme", "client_id": "1",
        "token_uri": f"{workspace.url}/token",
    }))  # fmt: skip
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    ctx = context(workspace, token="", admin="ben@acme.com")
    assert [i for i in _items(ctx, "/people") if isinstance(i, Identity)]
    (sent,) = workspace.exchanged
    _, payload, _ = sent["assertion"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["sub"] == "ben@acme.com"
    assert set(claims["scope"].split()) == set(SCOPES)


def test_without_credentials_it_says_what_to_set(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.json"
    file.write_text("{}")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(Denied, match="GOOGLE_WORKSPACE_TOKEN"):
        _items(context(workspace, token=""), "/people")


def test_doctor_says_that_delegation_cannot_be_listed(workspace: Workspace) -> None:
    told = {one.check: one for one in CONNECTOR.probe(context(workspace, admin="102"))}
    assert all(one.ok for one in told.values()), told
    assert "admin report alone" in told["domain-wide delegation"].detail


def test_windows_of_a_report_leave_nothing_out(workspace: Workspace) -> None:
    """Each planted moment is a border of windows, a day apart."""
    workspace.activities["token"].clear()
    start = NOW - timedelta(days=90)
    for day in range(90):
        at = (start + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        event = {"client_id": CHATGPT, "app_name": "ChatGPT"}
        workspace.activity("token", at, "ada@acme.com", "activity", event, qualifier=f"d{day}")
    found = [a for a in _items(context(workspace), "/report/token") if isinstance(a, Activity)]
    assert sum(a.count for a in found) == 90
    assert min(datetime.fromisoformat(a.first_at) for a in found) == start
