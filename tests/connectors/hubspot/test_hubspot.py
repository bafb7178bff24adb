"""What HubSpot's private apps, people and audit log tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.hubspot.events import NAMES, critical, row
from connectors.hubspot.events import event as audit
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.folding import Fold
from scanner.model.base import ShardId
from scanner.model.evidence import Ends
from scanner.model.facts import Identity, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook
from tests.connectors.hubspot.world import CASE, activity, event
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_private_apps_with_todays_calls(vendor: Vendor) -> None:
    told = {a.label: a for a in folded(CASE.items(CASE.context(vendor.url), "apps"))}
    used = told["ChatGPT sync"]
    assert (used.count, used.relation, used.last_at) == (420, "used_by", "2026-11-28T10:00:00Z")
    assert [s.store_class for s in used.reads] == ["customer records"]
    assert (told["Warehouse"].relation, told["Warehouse"].last_at) == ("contains", "")


def test_the_audit_log_tells_of_hubspots_own_ai(vendor: Vendor) -> None:
    told = {(a.rule, a.app_id): a
            for a in folded(CASE.items(CASE.context(vendor.url), "events"))}  # fmt: skip
    agents = {
        (rule, ident.rpartition("/")[2]): (a.relation, a.ends)
        for (rule, ident), a in told.items() if "/agent/" in ident
    }  # fmt: skip
    assert agents == {
        ("AI_AGENT CREATE", "5"): ("created_by", Ends.NOTHING),
        ("AI_AGENT DELETE", "5"): ("", Ends.GONE),
        ("AI_AGENT CREATE", "6"): ("created_by", Ends.NOTHING),
    }
    own = told["SETTINGS BREEZE UPDATE", NAMES.node("acme", "ai", "breeze")]
    assert own.thing is not None
    assert own.thing.provider == "hubspot_breeze"
    assert len(told) == 7  # an e-mail is no AI, and who looks at a token lets nothing in


@pytest.mark.parametrize(
    ("part", "removed", "left"),
    [("events", "INSTALL_INTEGRATION", Ends.ALL), ("security", "INSTALL_INTEGRATION", Ends.PAUSED)],
)
def test_applications_that_are_removed_and_people_who_leave(
    vendor: Vendor, part: str, removed: str, left: Ends
) -> None:
    told = {a.rule: a for a in folded(CASE.items(CASE.context(vendor.url), part))}
    came, went = told[removed], told[f"UN{removed}"]
    assert (came.relation, came.ends, went.relation, went.ends) == (
        "grants", Ends.NOTHING, "", Ends.ALL,
    )  # fmt: skip
    assert came.app_id == went.app_id == NAMES.node("acme", "app", "71")
    (person,) = (a for a in told.values() if a.app_id.endswith("/user/12"))
    assert person.ends is left
    if part == "security":
        assert told["PRIVATE_APP_ACCESS_TOKEN_DEACTIVATE"].ends is Ends.ALL


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada Day"].email, people["Ada Day"].tags) == (
        "ada@acme.com", {"role": "super admin"},
    )  # fmt: skip


# --- files ----------------------------------------------------------------------------------------


def _graph(told: list[Any], rulebook: Rulebook) -> AssetGraph:
    fold, catalogue = Fold(), Catalogue(rulebook)
    for happened in told:
        assert happened is not None
        for one in happened[2]:
            fold.add(one)
    return AssetGraph(
        (ShardId("hubspot:file"), fact, True)
        for one in fold.take() if isinstance(one, Activity)
        for fact in facts_of(one, catalogue, "hubspot")
    )  # fmt: skip


def _logged(day: int, kind: str, target: str) -> Any:
    return audit(event(f"l{day}", f"2026-11-{day:02}T10:00:00Z", "CRITICAL_ACTION", "PERFORM",
                       kind, target), "acme")  # fmt: skip


def _active(day: int, kind: str, target: str) -> Any:
    return critical(activity(f"s{day}", f"2026-11-{day:02}T10:00:00.000Z", kind, target), "acme")


def _exported(day: int, kind: str, target: str) -> Any:
    return row(
        {"Category": "Critical action", "Subcategory": kind.replace("_", " ").capitalize(),
         "Action": "Perform", "Modified by": "ada@acme.com", "Object ID": target,
         "Date": f"2026-11-{day:02}T10:00:00Z"}, "acme",
    )  # fmt: skip


def _worded(day: int, kind: str, target: str) -> Any:
    """Of categories that say what it is about."""
    category, action = {
        "INSTALL_INTEGRATION": ("INTEGRATION", "INSTALL"),
        "UNINSTALL_INTEGRATION": ("INTEGRATION", "UNINSTALL"),
        "PRIVATE_APP_ACCESS_TOKEN_CREATE": ("PRIVATE_APP", "CREATE"),
        "PRIVATE_APP_ACCESS_TOKEN_DEACTIVATE": ("PRIVATE_APP", "DELETE"),
        "SERVICE_KEY_CREATE": ("SERVICE_KEY", "CREATE"),
        "SERVICE_KEY_DEACTIVATE": ("SERVICE_KEY", "DEACTIVATE"),
    }[kind]
    at = f"2026-11-{day:02}T10:00:00Z"
    return audit(event(f"w{day}", at, category, action, target=target), "acme")


@pytest.mark.parametrize("told", [_logged, _active, _exported, _worded])
@pytest.mark.parametrize(
    ("came", "went"),
    [
        ("INSTALL_INTEGRATION", "UNINSTALL_INTEGRATION"),
        ("PRIVATE_APP_ACCESS_TOKEN_CREATE", "PRIVATE_APP_ACCESS_TOKEN_DEACTIVATE"),
        ("SERVICE_KEY_CREATE", "SERVICE_KEY_DEACTIVATE"),
    ],
)
def test_what_is_removed_lets_nothing_in_any_more(
    told: Callable[..., Any], came: str, went: str, rulebook: Rulebook
) -> None:
    events = [told(1, came, "ChatGPT sync"), told(2, came, "Claude"), told(3, went, "ChatGPT sync")]
    for order in (events, events[::-1]):
        edges = _graph(order, rulebook).edges.values()
        assert {one.target for one in edges if one.relation is Relation.GRANTS} == {
            NAMES.node("acme", "app", "claude")
        }


@pytest.mark.parametrize("told", [_logged, _active])
def test_with_a_user_who_is_removed_ends_what_that_user_has_let_in(
    told: Callable[..., Any], rulebook: Rulebook
) -> None:
    came = told(1, "INSTALL_INTEGRATION", "Claude")
    for ending, stands in (
        (("DEACTIVATE_USER",), False), (("DEACTIVATE_USER", "REACTIVATE_USER"), True),
        (("REMOVE_USER",), False), (("ADD_USER",), True),
    ):  # fmt: skip
        rest = [told(day, kind, "11") for day, kind in enumerate(ending, 2)]
        edges = _graph([came, *rest], rulebook).edges.values()
        assert any(one.relation is Relation.GRANTS for one in edges) is stands
    others = _graph([came, told(2, "REMOVE_USER", "12")], rulebook).edges.values()
    assert any(one.relation is Relation.GRANTS for one in others)


def test_one_agent_that_is_deleted_ends_no_other_and_not_breeze(rulebook: Rulebook) -> None:
    def told(day: int, action: str, target: str, category: str = "AI_AGENT", sub: str = "") -> Any:
        at = f"2026-11-{day:02}T10:00:00Z"
        return audit(event(f"{day}", at, category, action, sub, target), "acme")

    events = [
        told(1, "CREATE", "5"), told(2, "CREATE", "6"),
        told(3, "UPDATE", "", "SETTINGS", "BREEZE"), told(4, "DELETE", "5"),
        told(5, "DELETE", "5", "AI_CONTENT"),
    ]  # fmt: skip
    for order in (events, events[::-1]):
        nodes = _graph(order, rulebook).nodes
        is_ai = {ident: nodes[NAMES.node("acme", *ident)].is_ai  # type: ignore[union-attr]
                 for ident in (("agent", "5"), ("agent", "6"), ("ai", "breeze"))}  # fmt: skip
        assert is_ai == {("agent", "5"): False, ("agent", "6"): True, ("ai", "breeze"): True}
    nameless = told(6, "DELETE", "")
    assert nameless[2] == ()
    assert nameless.lacks == "targetObjectId"  # which agent it was is not known


@pytest.mark.parametrize(("action", "ends"), [("DISABLE", Ends.PAUSED), ("ENABLE", Ends.RESUMED)])
def test_an_agent_that_is_switched_off_rests(action: str, ends: Ends) -> None:
    for target, sub, kind in (("5", "AI_AGENT", "/agent/5"), ("", "BREEZE", "/ai/breeze")):
        found = audit(event("1", "2026-11-01T10:00:00Z", "SETTINGS", action, sub, target), "acme")
        assert found is not None
        assert [one.ends for one in found[2] if isinstance(one, Activity) and one.ends] == [ends]
        assert found[2][-1].app_id.endswith(kind)  # type: ignore[union-attr]


def test_customers_own_objects_are_no_agents() -> None:
    found = audit(event("1", "2026-11-01T10:00:00Z", "CRM_OBJECT", "DELETE", "AGENT"), "acme")
    assert found is not None
    assert found[2] == ()
