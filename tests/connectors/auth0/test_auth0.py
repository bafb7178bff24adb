"""What Auth0's applications, grants and log tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors import auth0
from connectors.auth0.events import event
from scanner.model.facts import AssetClass
from scanner.model.items import Activity
from tests.connectors.auth0 import world
from tests.connectors.auth0.world import CASE
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _rows(vendor: Vendor, part: str) -> dict[tuple[str, str], Activity]:
    items = CASE.items(CASE.context(vendor.url), part)
    return {(a.rule, a.label or a.app_id): a for a in folded(items)}


def test_applications_with_the_hosts_that_they_return_to(vendor: Vendor) -> None:
    rows = {label: a for (_, label), a in _rows(vendor, "applications").items()}
    assert set(rows) == {"Portal", "Claude", "Desk"}
    assert (rows["Claude"].hosts, rows["Claude"].status) == (("claude.ai",), "of a third party")
    assert (rows["Desk"].hosts, rows["Portal"].status) == ((), "")


def test_grants_open_data_by_the_api_that_they_are_for(vendor: Vendor) -> None:
    rows = {a.app_id: a for a in folded(CASE.items(CASE.context(vendor.url), "grants"))}
    managed = rows["auth0:acme/app/c-claude"]
    assert [s.store_class for s in managed.reads] == ["directory"]
    assert (managed.relation, managed.label, managed.hosts) == (
        "contains", "Claude", ("claude.ai",),
    )  # fmt: skip
    assert [s.store_class for s in rows["auth0:acme/app/c-portal"].writes] == ["apis"]
    assert not rows["auth0:acme/app/c-desk"].reads


def test_who_has_consented(vendor: Vendor) -> None:
    told = folded(CASE.items(CASE.context(vendor.url), "consents"))
    rows = {(a.app_id, a.actor.id): a for a in told if a.actor}
    ada = rows["auth0:acme/app/c-claude", "auth0:acme/user/auth0|ada"]
    assert (ada.relation, [s.store_class for s in ada.reads]) == ("grants", ["apis"])
    assert (ada.label, ada.hosts) == ("Claude", ("claude.ai",))  # the catalogue judges by these
    assert not rows["auth0:acme/app/c-desk", "auth0:acme/user/auth0|ben"].reads  # who one is


def test_sign_ins_count_failures_do_not_and_agents_are_told(vendor: Vendor) -> None:
    rows = _rows(vendor, "log")
    used = rows["sertft", "Claude"]
    assert (used.count, used.relation) == (2, "used_by")
    assert used.actor is not None
    assert used.actor.email == "ada@acme.com"
    assert rows["fertft (failed)", "Claude"].relation == ""
    agent = rows["secte", "invoice-bot"].thing
    assert agent is not None
    assert (agent.asset_class, agent.tags["client"]) == (AssetClass.AGENT, "Claude")
    made = rows["Create a client", "Acme GPT"]
    assert (made.relation, made.hosts) == ("created_by", ("chat.acme.com",))
    assert rows["Dynamic client registration", "Cursor"].relation == "created_by"


def test_a_search_that_is_full_goes_on_where_it_ended(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {key: a.count for key, a in _rows(vendor, "log").items()}
    monkeypatch.setattr(auth0, "_PAGE", 1)
    monkeypatch.setattr(auth0, "_PAGES", 2)
    vendor.calls.clear()
    assert {key: a.count for key, a in _rows(vendor, "log").items()} == whole
    assert vendor.calls.count(auth0.LOG.id) > len(world.EVENTS)


def test_every_real_event_is_parsed_and_tells_who_registered() -> None:
    told = [event(one, "acme") for one in recorded_events("Auth0.Events.jsonl")]
    assert len(told) == 31
    assert all(told)
    rules = {one.rule for found in told if found for one in found[2]}
    assert rules <= {"Dynamic client registration", "signup_pwd_leak (failed)"}


@pytest.mark.parametrize(
    "kind", ["f", "fp", "fu", "fc", "fco", "fcoa", "fens", "limit_wc", "pwd_leak", "fertft"]
)
def test_what_was_refused_is_an_attempt_and_no_use(kind: str) -> None:
    told = event(_signed_in(kind, "mallory@elsewhere.example"), "acme")
    assert told is not None
    (one,) = told[2]
    assert isinstance(one, Activity)
    assert (one.rule, one.relation, one.reads) == (f"{kind} (failed)", "", ())
    assert one.app_id == "auth0:acme/app/c3"
    assert (one.actor is None) == (kind != "fertft")  # an exchange has somebody behind it


def _signed_in(kind: str, who: str) -> dict[str, str]:
    return {
        "log_id": f"{kind}{who}", "date": "2026-11-10T10:00:00.000Z", "type": kind,
        "client_id": "c3", "client_name": "Perplexity", "user_id": f"auth0|{who}", "user_name": who,
        "scope": "openid",
    }  # fmt: skip


def test_events_that_are_known_and_not_are_of_one_application(tmp_path: Path) -> None:
    kinds = ("s", "f", "gd_auth_succeed")
    told = [_signed_in(kind, "ada@acme.com") for kind in kinds]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, told)))
    ctx = CASE.context("https://v.example", live=False, files=("log.jsonl",), folder=tmp_path)
    rows = {one.rule: one for one in folded(CASE.items(ctx))}
    assert {rule: one.relation for rule, one in rows.items()} == {
        "s": "used_by", "f (failed)": "", "gd_auth_succeed": "used_by",
    }  # fmt: skip
    assert {one.app_id for one in rows.values()} == {"auth0:acme/app/c3"}
