"""What Zendesk's apps, clients, tokens and audit log tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.zendesk.records import event
from scanner.model.facts import Identity
from tests.connectors.zendesk.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_apps_beside_tickets(vendor: Vendor) -> None:
    told = {a.label: a for a in CASE.activities(vendor, "apps")}
    assert [s.store_class for s in told["ChatGPT for Zendesk"].reads] == ["tickets"]
    assert (told["Old"].relation, told["Old"].status) == ("", "not enabled")
    assert "Shop" in told


def test_a_token_is_a_grant_with_its_client_and_last_use(vendor: Vendor) -> None:
    told = {
        (a.rule, a.label, a.actor.id if a.actor else ""): a
        for a in CASE.activities(vendor, "tokens")
    }
    ada, ben = "zendesk:acme/user/11", "zendesk:acme/user/12"
    granted = told["oauth/tokens", "Claude", ada]
    assert (granted.client_id, granted.hosts, granted.relation) == (
        "zdg-claude", ("claude.ai",), "grants",
    )  # fmt: skip
    assert sorted(s.store_class for s in granted.reads) == ["directory", "tickets"]
    used = told["oauth/tokens used_at", "Claude", ada]
    assert (used.last_at, used.relation) == ("2026-11-20T08:00:00Z", "used_by")
    whole = told["oauth/tokens", "Claude", ben]
    assert [s.store_class for s in (*whole.reads, *whole.writes)] == ["tickets", "tickets"]
    assert [s.store_class for s in told["oauth/tokens", "Acme bot", ada].writes] == ["documents"]
    assert len(told) == 4  # none of those that were not used


def test_clients_of_others_and_ones_own(vendor: Vendor) -> None:
    told = {a.label: a for a in CASE.activities(vendor, "clients")}
    assert (told["Claude"].status, told["Claude"].hosts) == ("of Anthropic", ("claude.ai",))
    assert told["Acme bot"].hosts == ("bot.acme.com",)
    assert len(told) == 4


def test_the_audit_log(vendor: Vendor) -> None:
    told = {(a.rule, a.label): a for a in CASE.activities(vendor, "events")}
    assert told["apps/installation create", "ChatGPT for Zendesk"].relation == "grants"
    assert told["oauth_client create", "Claude"].relation == "grants"
    assert told["oauth_client destroy", "Otter"].relation == ""
    own = told["ai_agent_setting update", "Zendesk AI of acme"]
    assert (own.count, own.thing.provider if own.thing else "") == (2, "zendesk_ai")
    assert len(told) == 4


def test_an_exported_audit_log(tmp_path: Path) -> None:
    text = (
        "Time,Actor,IP address,Item,Activity\n"
        "2026-11-02T10:00:00Z,Ada Day,203.0.113.9,OAuth client: Claude,Created\n"
        "2026-11-03T10:00:00Z,Ada Day,203.0.113.9,App: Otter.ai,Deleted\n"
        "2026-11-04T10:00:00Z,Ada Day,203.0.113.9,Team member: Ben,Updated\n"
    )
    (tmp_path / "audit.csv").write_text(text)
    ctx = CASE.context("https://v.example", live=False, files=("audit.csv",), folder=tmp_path)
    assert {a.label: a.relation for a in folded(CASE.items(ctx))} == {
        "Claude": "grants", "Otter.ai": "",
    }  # fmt: skip


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada Day"].email, people["Ada Day"].tags) == ("ada@acme.com", {"role": "admin"})
    assert not people["Ben Bay"].is_active


def _logged(kind: str, label: str, change: str = "", action: str = "update") -> Any:
    found = event(
        {"id": 1, "action": action, "actor_id": 5, "source_type": kind, "source_label": label,
         "change_description": change, "created_at": "2026-11-20T10:00:00Z"}, "acme",
    )  # fmt: skip
    assert found is not None
    return found[2]


def test_a_setting_of_zendesks_own_ai_is_told_by_its_label() -> None:
    (on,) = _logged("account_setting", "Intelligent triage", "Enabled changed from off to on")
    (off,) = _logged("account_setting", "Intelligent triage", "Enabled changed from on to off")
    assert on.thing.provider == off.thing.provider == "zendesk_ai"
    assert (on.relation, off.relation) == ("used_by", "")
    assert not _logged("account_setting", "Session expiration", "changed from 8 to 4")


@pytest.mark.parametrize(
    ("kind", "label", "name"),
    [
        ("oauth_client", "OAuth client: ChatGPT", "ChatGPT"),
        ("api_token", "API token: openai-sync", "openai-sync"),
        ("oauth_token", "Token: Claude", "Claude"),
        ("app_installation", "App: Ada AI agent", "Ada AI agent"),
        ("app_installation", "Clientele: AI", "Clientele: AI"),
    ],
)
def test_what_a_label_says_before_the_name_is_none_of_it(kind: str, label: str, name: str) -> None:
    (one,) = _logged(kind, label, action="create")
    assert (one.label, one.app_id) == (name, f"zendesk:acme/app/{name.casefold()}")
