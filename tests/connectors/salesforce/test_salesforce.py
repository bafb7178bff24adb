"""What an org's apps, grants, agents, set-up and event logs tell."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from connectors.salesforce import records
from connectors.salesforce.records import event
from scanner.model.errors import NotEnabled
from scanner.model.facts import Asset, Identity, PrincipalType
from scanner.model.items import Activity, Gap
from tests.connectors.recorded import recorded_events
from tests.connectors.salesforce.world import ADA, CASE, HEADER, TABLES, call
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _rows(vendor: Vendor, part: str) -> list[Activity]:
    return folded(CASE.items(CASE.context(vendor.url), part))


def test_whom_people_let_in_and_how_often_it_was_used(vendor: Vendor) -> None:
    rows = {(a.rule, a.label, a.relation): a for a in _rows(vendor, "apps")}
    used = rows["OauthToken", "Claude", "used_by"]
    assert (used.count, used.last_at) == (12, "2026-11-20T08:00:00Z")
    assert used.actor is not None
    assert used.actor.id == f"salesforce:acme/user/{ADA[:15].casefold()}"
    assert rows["OauthToken", "Claude", "grants"].first_at == "2026-09-01T08:00:00Z"
    assert ("OauthToken", "Data Loader", "used_by") not in rows
    assert rows["ConnectedApplication", "Gong", "contains"].status == "for approved users"
    assert len({one.app_id for one in rows.values() if one.label == "Claude"}) == 1


def test_agents_of_both_objects_are_one(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "agents")
    agents = {one.id for one in items if isinstance(one, Asset)}
    assert agents == {f"salesforce:acme/agent/{n}" for n in ("service_agent", "sdr", "coach")}
    (made,) = folded(items)
    assert (made.relation, made.label) == ("created_by", "Service Agent")


def test_what_was_set_up(vendor: Vendor) -> None:
    rows = {one.rule: one for one in _rows(vendor, "setup")}
    assert rows["setup.einsteinGPTEnabled"].app_id == "salesforce:acme/ai/einstein"
    assert rows["setup.insertConnectedApplication"].label == "Otter.ai"
    assert rows["setup.deleteConnectedApplication"].relation == ""
    assert "setup.changedEmail" not in rows  # a robot is no bot


def test_which_data_an_app_has_read_and_written(vendor: Vendor) -> None:
    rows = {one.label: one for one in _rows(vendor, "events")}
    assert set(rows) == {"Claude", "Data Loader"}
    one = rows["Claude"]
    assert one.count == 5
    assert {s.id.rpartition("/")[2] for s in one.reads} == {"customers", "sales", "records"}
    assert {s.id.rpartition("/")[2] for s in one.writes} == {"service"}
    assert one.first_at == "2026-11-25T08:15:00Z"


def test_people_with_either_length_of_id(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada Day"].id.endswith(ADA[:15].casefold())
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active
    assert people["Automated Process"].principal_type is PrincipalType.SERVICE


def test_objects_that_the_org_has_not_are_not_enabled(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(TABLES, "GenAiPlannerDefinition")
    items = CASE.items(CASE.context(vendor.url), "agents")
    assert ["no licence" in i.reason for i in items if isinstance(i, Gap)] == [True]
    monkeypatch.delitem(TABLES, "BotDefinition")
    with pytest.raises(NotEnabled, match="sObject type 'BotDefinition' is not supported"):
        _rows(vendor, "agents")


def test_an_event_log_file_as_it_is_downloaded(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("\n".join([HEADER, call(1, "Claude", "Contact")]))
    ctx = CASE.context("https://x.example", live=False, files=("log.csv",), folder=tmp_path)
    (one,) = folded(CASE.items(ctx))
    assert (one.label, one.count) == ("Claude", 1)


def _sign_in(ident: str, how: str, name: str, status: str = "Success") -> dict[str, str]:
    return {"Id": ident, "LoginTime": "2026-11-20T08:15:00.000+0000", "UserId": ADA,
            "Status": status, "LoginType": how, "Application": name}  # fmt: skip


def test_apps_that_came_in_as_a_person_are_used(tmp_path: Path) -> None:
    rows = [
        _sign_in("1", "Remote Access 2.0", "ChatGPT"),
        _sign_in("2", "Remote Access 2.0", "ChatGPT"),
        _sign_in("3", "Remote Access 2.0", "Claude", "Failed: Not approved"),
        _sign_in("4", "Application", "Browser"),
        _sign_in("5", "Remote Access 2.0", "N/A"),
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "setup.csv").write_text(
        "Username,Login Time,Login Type,Status,Application\n"
        "ada@acme.com,11/20/2026 8:15:00 PM UTC,Remote Access 2.0,Success,Cursor\n"
    )
    files = ("log.jsonl", "setup.csv")
    ctx = CASE.context("https://x.example", live=False, files=files, folder=tmp_path)
    items = list(CASE.items(ctx))
    assert not [one for one in items if isinstance(one, Gap)]
    told = {
        (one.label, one.rule, one.relation, one.count, one.last_at, one.actor is not None)
        for one in folded(items)
    }
    assert told == {
        ("ChatGPT", "login_history", "used_by", 2, "2026-11-20T08:15:00Z", True),
        ("Claude", "login_history (failed)", "", 1, "2026-11-20T08:15:00Z", True),
        ("Cursor", "login_history", "used_by", 1, "2026-11-20T20:15:00Z", True),
    }


def test_every_real_event_is_parsed_and_quiet() -> None:
    told = [event(one, "acme") for one in recorded_events("Salesforce.*.jsonl")]
    assert len(told) == 7
    assert all(told)


_DOWNLOADED = [
    ("11/10/2026, 10:00:00 AM PST", 'Created Connected App "ChatGPT Connector"', "Connected Apps"),
    ("11/10/2026, 10:01:00 PM PST", "Enabled Einstein Generative AI", "Einstein Setup"),
    ("11/11/2026, 10:02:00 AM PST", "Activated Agentforce agent Service", "Agentforce Agents"),
    ("11/11/2026, 10:03:00 AM PST", "Changed profile Agent for Claude Martin", "Manage Users"),
    ("11/12/2026, 10:04:00 AM PST", "Deleted connected app Read AI", "Connected Apps"),
]


def test_the_setup_audit_trail_that_the_console_downloads(tmp_path: Path) -> None:
    with (tmp_path / "setup.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ["Date", "User", "Source Namespace Prefix", "Action", "Section", "Delegate User"]
        )
        table.writerows(
            [at, "ada@acme.com", "", what, where, ""] for at, what, where in _DOWNLOADED
        )
    ctx = CASE.context("https://v.example", live=False, files=("setup.csv",), folder=tmp_path)
    items = CASE.items(ctx)
    assert not [one for one in items if isinstance(one, Gap)]
    rows = {(one.rule, one.label): one for one in folded(items)}
    app = rows["setup.Connected Apps", "ChatGPT Connector"]
    assert (app.relation, app.first_at) == ("grants", "2026-11-10T18:00:00Z")
    assert app.actor is not None
    assert app.actor.email == "ada@acme.com"
    feature = rows["setup.Einstein Setup", "Salesforce Einstein of acme"]
    assert (feature.app_id, feature.first_at) == (
        "salesforce:acme/ai/einstein", "2026-11-11T06:01:00Z",
    )  # fmt: skip
    assert rows["setup.Agentforce Agents", "Salesforce Einstein of acme"].relation == "grants"
    assert rows["setup.Connected Apps", "Read AI"].relation == ""
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("said", "label", "relation", "ends"),
    [
        ("Created connected app Otter.ai", "Otter.ai", "grants", ""),
        ("Installed connected app Fireflies.ai Notetaker", "Fireflies.ai Notetaker", "grants", ""),
        ("Otter.ai connected app was installed by Ann", "Otter.ai", "grants", ""),
        ("Connected app Fireflies was created", "Fireflies", "grants", ""),
        ("Installed External Client App Perplexity.", "Perplexity", "grants", ""),
        ("For connected app DeepSeek, changed permitted users to All users may self-authorize",
         "DeepSeek", "contains", ""),
        ("Changed Refresh Token Policy of Connected App Gong", "Gong", "contains", ""),
        ("Deleted connected app ChatGPT", "ChatGPT", "", "all"),
        ("Blocked connected app Claude", "Claude", "", "all"),
    ],
)  # fmt: skip
def test_what_the_setup_trail_says_of_an_app(
    said: str, label: str, relation: str, ends: str
) -> None:
    """Names have points in them; who sets a policy lets nobody in, and what was deleted is over."""
    row = {"Date": "11/20/2026, 8:00:00 AM PST", "User": "ann@acme.com", "Action": said,
           "Section": "Connected Apps"}  # fmt: skip
    found = records.setup_row(row, "acme")
    assert found is not None
    (one,) = found[2]
    assert isinstance(one, Activity)
    assert (one.label, one.relation, str(one.ends)) == (label, relation, ends)
    assert one.first_at == "2026-11-20T16:00:00Z"


def test_sign_ins_are_in_the_zone_that_the_console_names() -> None:
    row = {"Login Type": "Remote Access 2.0", "Login Time": "11/20/2026, 8:00:00 AM PST",
           "Application": "Otter.ai", "Username": "ann@acme.com", "Status": "Success"}  # fmt: skip
    found = records.sign_in(row, "acme")
    assert found is not None
    assert found[1] == "2026-11-20T16:00:00Z"
