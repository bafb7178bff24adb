"""What Box's events, agents and people tell."""

from __future__ import annotations

from connectors.box import EVENTS, event
from scanner.model.facts import Asset, Identity, PrincipalType
from scanner.model.items import Activity
from tests.connectors.box.world import CASE
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_which_application_was_let_in_and_opens_files(vendor: Vendor) -> None:
    rows: dict[tuple[str, str], Activity] = {
        (a.rule, a.label): a for a in folded(CASE.items(CASE.context(vendor.url), "events"))
    }
    granted = rows["USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE", "Claude"]
    assert (granted.relation, granted.first_at) == ("grants", "2026-11-01T15:00:00Z")
    read = rows["DOWNLOAD", "Claude"]
    assert (read.count, [s.store_class for s in read.reads]) == (3, ["files"])
    assert (read.bytes_up, rows["UPLOAD", "Otter.ai"].bytes_down) == (4000, 500)
    assert read.actor is not None
    assert read.actor.email == "ada@acme.com"
    assert [s.store_class for s in rows["UPLOAD", "Otter.ai"].writes] == ["files"]
    assert rows["OAUTH2_ACCESS_TOKEN_REVOKE", "Read AI"].relation == ""
    assert len(rows) == 4  # Box's own programs are people's
    assert "pay.docx" not in repr(rows)


def test_files_are_left_where_it_is_said_so(vendor: Vendor) -> None:
    CASE.items(CASE.context(vendor.url, file_events=False), "events")
    asked = [q["event_type"] for q in vendor.queries if "event_type" in q]
    assert asked
    assert not any("DOWNLOAD" in one for one in asked)


def test_a_stream_that_stays_where_it_was_is_at_its_end(vendor: Vendor) -> None:
    CASE.items(CASE.context(vendor.url, since_days=7), "events")
    assert vendor.calls.count(EVENTS.id) <= 4


def test_agents_with_their_modes_and_maker(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "agents")
    agents = {one.name: one for one in items if isinstance(one, Asset)}
    assert set(agents) == {"Contracts", "Invoices", "Letters"}
    one = agents["Contracts"]
    assert (one.provider, one.tags, one.status) == ("box_ai", {"modes": "ask"}, "enabled")
    assert one.created_at == "2026-09-01T15:00:00Z"


def test_people_and_the_users_of_applications(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada Day"].email == "ada@acme.com"
    assert not people["Ben Bay"].is_active
    assert people["app"].principal_type is PrincipalType.SERVICE


def test_every_real_event_is_parsed_and_quiet() -> None:
    told = [event(one, "acme") for one in recorded_events("Box.Event.jsonl")]
    assert len(told) == 20
    assert all(told)
    assert not [one for found in told if found for one in found[2]]
