"""What Slack's logs and lists tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.slack import INTEGRATIONS, KNOWN_ACTIONS, REQUESTS, checked
from connectors.slack.events import ACTIONS, entry
from connectors.slack.scopes import opened
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.folding import Fold
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied, NotEnabled, Unavailable
from scanner.model.facts import Asset, Identity, Relation
from scanner.model.items import Activity, Gap, Item
from scanner.rulebook.load import Rulebook
from tests.connectors.recorded import recorded_events
from tests.connectors.slack import world
from tests.connectors.slack.world import CASE, plant
from tests.saas_rig import Break, Reply, Vendor, serving
from tests.saas_rig.cases import folded


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving(plant()) as made:
        yield made


def _rows(vendor: Vendor, part: str) -> dict[tuple[str, str], Activity]:
    rows = folded(CASE.items(CASE.context(vendor.url), part))
    return {(one.rule, one.label): one for one in rows}


def test_who_installed_which_app_with_which_data(vendor: Vendor) -> None:
    rows = _rows(vendor, "audit")
    one = rows["app_installed", "Claude"]
    assert one.relation == "grants"
    assert one.actor is not None
    assert one.actor.email == "ada@acme.com"
    assert {s.store_class for s in one.reads} == {"chat", "files", "directory"}
    assert {s.store_class for s in one.writes} == {"chat"}
    assert rows["app_requested", "Claude"].relation == ""
    assert rows["app_uninstalled", "Read AI"].relation == ""


def test_actions_that_slack_has_added_are_asked_for_where_they_name_ai_or_an_app(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = [
        {"id": "n1", "date_create": world.T0, "action": "slack_ai_settings_changed",
         "actor": world.ADA, "entity": {"type": "workspace"}, "details": {}},
        world.entry("n2", world.T0, "app_agent_enabled", "Perplexity", scopes=[]),
    ]  # fmt: skip
    monkeypatch.setattr(world, "ENTRIES", [*world.ENTRIES, *added])
    ctx = CASE.context(vendor.url)
    found = list(CASE.items(ctx, "audit"))
    gaps = [one.reason for one in found if isinstance(one, Gap)]
    assert len(gaps) == 1
    assert "slack_ai_settings_changed, which is not known here and names AI" in gaps[0]
    guessed = [one for one in folded(found) if one.rule == "app_agent_enabled"]
    assert [(one.label, one.is_guess) for one in guessed] == [("Perplexity", True)]
    asked = [one["action"].split(",") for one in vendor.queries if "action" in one]
    assert asked
    for one in asked:
        assert set(one) - set(ACTIONS) == {"slack_ai_settings_changed", "app_agent_enabled"}
    assert vendor.calls.count(KNOWN_ACTIONS.id) == 1


def test_without_slacks_list_of_actions_the_known_ones_are_read_and_that_is_told(
    vendor: Vendor,
) -> None:
    told: list[str] = []
    vendor.breaks[:] = [Break(Reply({"ok": True}), first=len(vendor.calls), times=1)]
    ctx = CASE.context(vendor.url)
    ctx.warn = told.append
    assert any(one.label == "Claude" for one in folded(CASE.items(ctx, "audit")))
    assert vendor.calls[0] == KNOWN_ACTIONS.id
    assert [one for one in told if "actions that Slack has added are not asked for" in one]


def test_who_may_not_read_the_list_may_not_read_the_log(vendor: Vendor) -> None:
    vendor.denied.add(KNOWN_ACTIONS.id)
    with pytest.raises(Denied):
        CASE.items(CASE.context(vendor.url), "audit")


def test_an_agent_is_ai_by_slacks_scope_and_needs_no_catalogue(
    vendor: Vendor, rulebook: Rulebook
) -> None:
    rows = _rows(vendor, "audit")
    catalogue = Catalogue(rulebook)

    def assets(name: str) -> list[Asset]:
        facts = facts_of(rows["app_installed", name], catalogue, "slack")
        return [one for one in facts if isinstance(one, Asset)]

    assert [one.is_ai for one in assets("Meetwise")] == [True]
    assert assets("Lunch menu") == []
    assert [one.provider for one in assets("Claude")] == ["anthropic"]


def test_integration_logs_are_added_up_by_app_and_person(vendor: Vendor) -> None:
    rows = _rows(vendor, "integrations")
    added = [
        one for one in folded(CASE.items(CASE.context(vendor.url), "integrations"))
        if (one.rule, one.label) == ("integration.added", "Otter.ai")
    ]  # fmt: skip
    # What opened other data is a row of its own: it may be taken back without the rest.
    assert sum(one.count for one in added) == 2
    assert {one.relation for one in added} == {"grants"}
    assert {scope for one in added for scope in one.scopes} == {
        "channels:history", "chat:write:user", "files:read",
    }  # fmt: skip
    assert len({one.actor.id for one in added if one.actor}) == 1
    old = rows["integration.disabled", "Google Calendar"]
    assert (old.relation, old.first_at) == ("", "2014-02-12T00:00:00Z")


def test_approved_asked_for_and_refused_apps(vendor: Vendor) -> None:
    rows = _rows(vendor, "apps")
    assert rows["admin.apps.approved.list", "Claude"].relation == "grants"
    assert rows["admin.apps.approved.list", "Perplexity"].relation == "contains"
    assert rows["admin.apps.requests.list", "Gamma"].relation == ""
    assert rows["admin.apps.restricted.list", "Read AI"].relation == ""


def test_people_with_who_has_left_and_the_bots_of_apps(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "people")
    people = {one.name: one for one in items if isinstance(one, Identity)}
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active
    assert [one.label for one in folded(items)] == ["Grammarly"]


def test_an_answer_of_200_that_is_a_refusal_is_denied_and_names_the_scope(vendor: Vendor) -> None:
    vendor.denied.add(INTEGRATIONS.id)
    with pytest.raises(Denied, match="missing_scope; grant x:read"):
        _rows(vendor, "integrations")
    vendor.denied.add(REQUESTS.id)
    gaps = [one for one in CASE.items(CASE.context(vendor.url), "apps") if isinstance(one, Gap)]
    assert [(one.what, one.denied) for one in gaps] == [(REQUESTS.id, True)]


def test_what_a_plan_lacks_is_not_enabled(vendor: Vendor) -> None:
    vendor.refusal = Reply({"ok": False, "error": "feature_not_enabled"})
    vendor.denied |= {op.id for op in CASE.connector.spec.operations}
    for part in ("audit", "apps"):
        with pytest.raises(NotEnabled, match="Enterprise"):
            _rows(vendor, part)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("channels:history", ("messages", True, False)),
        ("chat:write.public", ("messages", False, True)),
        ("search:read.private", ("messages", True, False)),
        ("files:read", ("files", True, False)),
        ("users:read.email", ("directory", True, False)),
        ("channels:read", ("directory", True, False)),
        ("commands", ("", False, False)),
        ("openid", ("", False, False)),
    ],
)
def test_scopes_open_data(scope: str, told: tuple[str, bool, bool]) -> None:
    assert opened(scope) == told


def test_a_table_of_apps(tmp_path: Path) -> None:
    text = (
        "App Name,App ID,Scopes,Installed by,Date\n"
        'Claude,ACLAUDE,"channels:history, chat:write",ada@acme.com,2026-11-20T00:00:00Z\n'
    )
    (tmp_path / "apps.csv").write_text(text)
    ctx = CASE.context("https://x.example", live=False, files=("apps.csv",), folder=tmp_path)
    (one,) = folded(CASE.items(ctx))
    assert one.scopes == ("channels:history", "chat:write")
    assert (one.relation, one.first_at) == ("grants", "2026-11-20T00:00:00Z")


def test_every_real_event_is_parsed() -> None:
    told = [entry(one, "acme") for one in recorded_events("Slack.AuditLogs.jsonl")]
    assert len(told) == 31
    assert all(told)
    assert {one.rule for event in told if event for one in event[2]} <= {
        "app_scopes_expanded", "app_installed", "app_approved", "bot_token_upgraded",
        "app_restricted", "app_removed_from_whitelist", "app_resources_added",
    }  # fmt: skip


def test_a_table_of_a_log_workspace(tmp_path: Path) -> None:
    told = {
        "TimeGenerated": "x", "id_s": "1", "date_create_d": 1795165200, "action_s": "app_installed",
        "actor_user_email_s": "ada@acme.com", "entity_app_name_s": "Claude",
        "entity_app_id_s": "A1", "entity_app_scopes_s": '["channels:history"]',
    }  # fmt: skip
    (tmp_path / "table.jsonl").write_text(json.dumps(told))
    ctx = CASE.context("https://x.example", live=False, files=("table.jsonl",), folder=tmp_path)
    items = CASE.items(ctx)
    assert not [one for one in items if isinstance(one, Gap)]
    (one,) = folded(items)
    assert (one.label, one.relation, one.scopes) == ("Claude", "grants", ("channels:history",))


def test_the_consoles_table_of_audit_entries(tmp_path: Path) -> None:
    text = (
        "Date (UTC),Action,Actor,Actor email,Entity,Details\n"
        "2026-11-20 09:00:00,App installed,Ada,ada@acme.com,Claude,\n"
        "2026-11-20 09:00:00,User login,Ada,ada@acme.com,Ada,\n"
        "some day,App installed,Ada,ada@acme.com,Gamma,\n"
    )
    (tmp_path / "audit.csv").write_text(text)
    ctx = CASE.context("https://x.example", live=False, files=("audit.csv",), folder=tmp_path)
    items = CASE.items(ctx)
    one, undated = sorted(folded(items), key=lambda row: row.label)
    assert (one.label, one.relation, one.first_at) == ("Claude", "grants", "2026-11-20T09:00:00Z")
    assert (undated.label, undated.first_at) == ("Gamma", "")
    (gap,) = (item for item in items if isinstance(item, Gap))
    assert gap.what == "audit.csv:4"
    assert "no time" in gap.reason


def _installed(
    rulebook: Rulebook, *told: tuple[str, str, str], name: str = "Claude",
    scope: str = "channels:history",
) -> set[str]:  # fmt: skip
    """Who has the app at last: (action, person, place) in the order of time."""
    entries = [
        {
            "id": str(at), "date_create": 1763629200 + at, "action": action,
            "actor": {"type": "user", "user": {"id": who, "email": f"{who}@acme.com"}},
            "entity": {"type": "app", "app": {"id": "A1", "name": name, "scopes": [scope]}},
            "context": {"location": {"type": "workspace" if place.startswith("T") else "enterprise",
                                     "id": place}} if place else {},
        }
        for at, (action, who, place) in enumerate(told)
    ]  # fmt: skip
    fold, catalogue = Fold(), Catalogue(rulebook)
    for found in (entry(one, "acme") for one in entries):
        assert found is not None
        for one in found[2]:
            fold.add(one)
    shard = ShardId("slack:file:x")
    facts = (fact for one in fold.take() for fact in facts_of(one, catalogue, "slack"))  # type: ignore[arg-type]
    edges = AssetGraph((shard, fact, True) for fact in facts).edges.values()
    return {one.source.rpartition("/")[2] for one in edges if one.relation is Relation.GRANTS}


def test_an_app_is_uninstalled_in_one_workspace(rulebook: Rulebook) -> None:
    """https://docs.slack.dev/reference/audit-logs-api/methods-actions-reference: an entry has the
    workspace or the organization in which it happened."""
    both = ("app_installed", "w1", "T1"), ("app_installed", "w2", "T2")
    assert _installed(rulebook, *both, ("app_uninstalled", "w1", "T1")) == {"w2"}
    assert _installed(rulebook, *both, ("app_uninstalled", "w3", "T2")) == {"w1"}
    assert _installed(rulebook, *both, ("app_uninstalled", "w3", "E1")) == set()
    assert _installed(rulebook, *both, ("app_deleted", "w3", "T3")) == set()
    assert _installed(rulebook, *both, ("org_app_workspace_removed", "w3", "E1")) == {"w1", "w2"}


def test_an_end_without_a_place_is_of_whoever_made_it(rulebook: Rulebook) -> None:
    both = ("app_installed", "w1", ""), ("app_installed", "w2", "")
    assert _installed(rulebook, *both, ("app_uninstalled", "w1", "")) == {"w2"}


def test_an_app_that_its_scopes_make_ai_is_uninstalled(rulebook: Rulebook) -> None:
    agent = {"name": "Meetwise", "scope": "assistant:write"}
    both = ("app_installed", "w1", "T1"), ("app_installed", "w2", "T2")
    assert _installed(rulebook, *both, **agent) == {"w1", "w2"}
    assert _installed(rulebook, *both, ("app_uninstalled", "w3", "T2"), **agent) == {"w1"}
    assert _installed(rulebook, *both, ("app_uninstalled", "w3", "E1"), **agent) == set()
    assert _installed(rulebook, *both, ("app_uninstalled", "w1", ""), **agent) == {"w2"}
    again = ("app_installed", "w2", "T2")
    assert _installed(rulebook, *both, ("app_deleted", "w3", ""), again, **agent) == {"w2"}


def _exported(tmp_path: Path, text: str) -> list[Item]:
    (tmp_path / "table.csv").write_text(text)
    ctx = CASE.context("https://x.example", live=False, files=("table.csv",), folder=tmp_path)
    return CASE.items(ctx)


def test_the_member_list_with_seats_of_slacks_ai(tmp_path: Path, rulebook: Rulebook) -> None:
    items = _exported(
        tmp_path,
        "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,"
        "expiration-timestamp,slack-ai,AI summaries\n"
        "ada,Ada@acme.com,Primary Owner,1,1,0,U1,Ada Day,ada,,1,12\n"
        "ben,ben@acme.com,Member,1,1,0,U2,Ben Bay,ben,,0,0\n"
        "cem,cem@acme.com,Deactivated,0,0,0,U3,Cem Can,cem,,1,4\n"
        "dia,dia@other.com,Single-Channel Guest,0,0,0,U4,Dia Dee,dia,,,\n"
        "otter,,Bot,0,0,0,U5,Otter.ai,otter,,,\n",
    )
    assert not [one for one in items if isinstance(one, Gap)]
    people = {one.id: one for one in items if isinstance(one, Identity) and one.evidence}
    assert {ident.rpartition("/")[2]: one.is_active for ident, one in people.items()} == {
        "u1": True, "u2": True, "u3": False, "u4": True,
    }  # fmt: skip
    assert people[NodeId("slack:acme/user/u4")].tags == {"user_type": "guest"}
    told = {(a.rule, a.label): a for a in folded(items)}
    assert {key: (a.relation, a.count) for key, a in told.items()} == {
        ("members slack-ai", "Slack AI of acme"): ("grants", 1),
        ("members AI summaries", "Slack AI of acme"): ("used_by", 12),
        ("members", "Otter.ai"): ("contains", 1),
    }
    catalogue = Catalogue(rulebook)
    facts = [fact for a in told.values() for fact in facts_of(a, catalogue, "slack")]
    assert {one.provider for one in facts if isinstance(one, Asset)} == {"slack_ai", "otter"}


def test_installed_apps_of_the_organization_as_its_console_exports_them(tmp_path: Path) -> None:
    items = _exported(
        tmp_path,
        "Name,Installed on,Source,Access level,App resolution\n"
        "Claude,Acme HQ,Slack Marketplace,Workspace,Approved\n"
        "Gamma,2 workspaces,Slack Marketplace,Workspace,Restricted\n"
        "Read AI,,Slack Marketplace,Workspace,Restricted\n",
    )
    assert not [one for one in items if isinstance(one, Gap)]
    assert {a.label: a.relation for a in folded(items)} == {
        "Claude": "contains", "Gamma": "contains", "Read AI": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "header",
    ["Date,App,Change type,User,Scopes", "Timestamp,App Name,Activity,Added by,Permissions",
     "date,app_type,change_type,user_id,scope"],
)  # fmt: skip
def test_integration_logs_as_a_table_tell_what_was_added_and_removed(
    tmp_path: Path, rulebook: Rulebook, header: str
) -> None:
    rows = [
        'Claude,added,ada@acme.com,"channels:history,chat:write"', "Claude,added,ben@acme.com,",
        "Claude,removed,ada@acme.com,",
    ]  # fmt: skip
    dated = [f"2026-11-{day:02}T09:00:00Z,{row}" for day, row in enumerate(rows, 20)]
    for lines in (dated, dated[::-1]):
        items = _exported(tmp_path, "\n".join([header, *lines, ""]))
        assert not [one for one in items if isinstance(one, Gap)]
        catalogue = Catalogue(rulebook)
        facts = (fact for a in folded(items) for fact in facts_of(a, catalogue, "slack"))
        edges = AssetGraph((ShardId("slack:file:x"), fact, True) for fact in facts).edges.values()
        (grant,) = (one for one in edges if one.relation is Relation.GRANTS)
        assert "ben" in grant.source


@pytest.mark.parametrize(
    "text",
    ["Date accessed,IP address,User agent,Count\n2026-11-20,192.0.2.1,Mozilla,3\n",
     "Channel,Total members,Messages posted\ngeneral,40,900\n"],
)  # fmt: skip
def test_a_table_that_tells_of_no_app_is_a_gap_that_says_what_to_export(
    tmp_path: Path, text: str
) -> None:
    (gap,) = (one for one in _exported(tmp_path, text) if isinstance(one, Gap))
    assert gap.what == "table.csv:2"
    assert "export the organization's audit logs and installed apps" in gap.reason


def test_an_error_that_is_no_word_of_slacks_is_not_repeated() -> None:
    with pytest.raises(Unavailable, match="not ok") as told:
        checked({"ok": False, "error": "invalid_auth Bearer made-up-4711"}, "/users.list")
    assert "4711" not in str(told.value)
