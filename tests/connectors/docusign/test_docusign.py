"""What DocuSign tells of applications and of where agreements go, and how its tokens are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jwt
import msgspec
import pytest

from connectors.docusign.events import NAMES
from connectors.docusign.events import event as happened
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.folding import Fold
from scanner.model.base import ShardId
from scanner.model.errors import Denied
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Relation
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook
from tests.connectors.docusign.world import CASE, KEY, PRIVATE, PUBLIC, event
from tests.saas_rig import TOKEN, Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_what_applications_do_and_for_whom(vendor: Vendor) -> None:
    told = {(a.rule, a.actor.id if a.actor else ""): a for a in CASE.activities(vendor, "events")}
    assert {key: (a.relation, a.count) for key, a in told.items()} == {
        ("Envelope Created", "docusign:acme/user/u1"): ("used_by", 2),
        ("Envelope Created (failed)", "docusign:acme/user/u1"): ("", 1),
        ("Document Downloaded", "docusign:acme/user/u2"): ("used_by", 1),
    }
    one = told["Envelope Created", "docusign:acme/user/u1"]
    assert (one.client_id, one.first_at, one.last_at) == (
        KEY, "2026-11-20T08:00:00Z", "2026-11-20T08:00:03Z",
    )  # fmt: skip
    assert [store.store_class for store in one.reads] == ["documents"]


def test_where_agreements_are_published_to(vendor: Vendor, rulebook: Rulebook) -> None:
    told = {a.label: a for a in CASE.activities(vendor, "connect")}
    assert (told["To the flow"].relation, told["To the flow"].hosts) == (
        "grants", ("hooks.zapier.com",),
    )  # fmt: skip
    assert (told["Archive"].relation, told["Archive"].reads) == ("", ())
    catalogue = Catalogue(rulebook)
    facts = [one for a in told.values() for one in facts_of(a, catalogue, "docusign")]
    assert [one.provider for one in facts if isinstance(one, Asset)] == ["zapier"]


def test_an_address_that_holds_a_secret_is_told_by_its_host_alone(vendor: Vendor) -> None:
    assert "made-up" not in str(CASE.items(CASE.context(vendor.url), "connect"))


# --- tokens ---------------------------------------------------------------------------------------


def test_a_key_signs_for_a_token_once_and_is_sent_nowhere(vendor: Vendor) -> None:
    by_key = CASE.items(CASE.context(vendor.url))
    assert vendor.calls.count("POST /oauth/token") == 1
    sent = next(q for q in vendor.queries if "assertion" in q)
    claims = jwt.decode(sent["assertion"], PUBLIC, algorithms=["RS256"], audience="127.0.0.1")
    assert (claims["iss"], claims["sub"]) == ("app1", "u9")
    assert "impersonation" in claims["scope"]
    assert PRIVATE not in str(vendor.queries)
    given = CASE.context(vendor.url, environ={"DOCUSIGN_TOKEN": TOKEN})
    assert folded(CASE.items(given)) == folded(by_key)
    assert vendor.calls.count("POST /oauth/token") == 1


def test_a_key_that_signs_nothing_is_told_without_being_shown(vendor: Vendor) -> None:
    ctx = CASE.context(
        vendor.url, environ={"DOCUSIGN_PRIVATE_KEY": "made-up-nonsense"}, integration_key="a",
        user_id="u",
    )  # fmt: skip
    with pytest.raises(Denied, match="cannot sign") as caught:
        CASE.items(ctx, "events")
    assert "made-up-nonsense" not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_an_administrators_token_is_sent_to_no_open_address() -> None:
    for name in ("url", "admin_url", "auth_url"):
        settings = {**CASE.settings("https://d.example"), name: "http://docusign.example"}
        with pytest.raises(ValueError, match="https"):
            CASE.connector.spec.config(**settings)


# --- what ends ------------------------------------------------------------------------------------

OTHER = "1a2b0000-0000-4000-8000-000000000003"


def _told(day: int, about: str, done: str, who: str = "u1", **more: Any) -> Any:
    record = event(day, f"{day:02}T08:00:00Z", about, done, **{"userId": who, **more})
    found = happened(record, "acme")
    assert found is not None
    return found


def _granted(told: Iterable[Any], rulebook: Rulebook) -> set[tuple[str, str]]:
    """Who has let in which application, of those that a registry names as AI."""
    fold = Fold()
    for found in told:
        for one in found[2]:
            fold.add(one)
    thing = {key: NAMES.thing("acme", "app", key, key, AssetClass.SAAS_APP) for key in (KEY, OTHER)}
    facts = [
        (ShardId("docusign:file"), fact, True)
        for one in fold.take() if isinstance(one, Activity)
        for fact in facts_of(
            msgspec.structs.replace(one, thing=thing.get(one.client_id)), Catalogue(rulebook),
            "docusign",
        )
    ]  # fmt: skip
    return {
        (edge.source.rpartition("/")[2], edge.target.rpartition("/")[2])
        for edge in AssetGraph(facts).edges.values() if edge.relation is Relation.GRANTS
    }  # fmt: skip


CONSENTS = [
    (2, "OAuthConsent", "Granted", "u1", {"integratorKey": KEY}),
    (3, "OAuthConsent", "Granted", "u2", {"integratorKey": KEY}),
    (4, "OAuthConsent", "Granted", "u1", {"integratorKey": OTHER}),
]


@pytest.mark.parametrize(
    ("ending", "gone"),
    [
        (("OAuthConsent", "Revoked", "u1", {"integratorKey": KEY}), {("u1", KEY)}),
        (("User", "ConsentRevoked", "u1", {"integratorKey": KEY}), {("u1", KEY)}),
        (("OAuthConsent", "Revoked", "u9",
          {"affectedUserId": "u2", "data": {"IntegratorKey": KEY}}), {("u2", KEY)}),
        (("OrganizationConsent", "Revoked", "u9", {"integratorKey": KEY}),
         {("u1", KEY), ("u2", KEY)}),
        (("IntegratorKey", "Deleted", "u9", {"data": {"integratorKey": KEY}}),
         {("u1", KEY), ("u2", KEY)}),
        (("Integration Key", "Deleted", "u9", {"integratorKey": OTHER,
                                               "data": {"integrationKey": KEY}}),
         {("u1", KEY), ("u2", KEY)}),
        (("ConnectedApp", "Disabled", "u9", {"integratorKey": KEY}), {("u1", KEY), ("u2", KEY)}),
        (("User", "Closed", "u9", {"affectedUserId": "u1"}), {("u1", KEY), ("u1", OTHER)}),
        (("AccountMember", "Deleted", "u9", {"referencedUserId": "u1"}),
         {("u1", KEY), ("u1", OTHER)}),
        (("User", "Updated", "u9", {"affectedUserId": "u1", "property": "UserStatus",
                                    "data": {"OldValue": "Active", "NewValue": "Closed"}}),
         {("u1", KEY), ("u1", OTHER)}),
        (("User", "Updated", "u9", {"affectedUserId": "u1", "property": "Title",
                                    "data": {"NewValue": "Closed"}}), set()),
        (("OAuthConsent", "Revoked", "u1", {"integratorKey": KEY, "result": "Failed"}), set()),
        (("Envelope", "Deleted", "u1", {"integratorKey": KEY}), set()),
        (("User", "PermissionRemoved", "u9", {"affectedUserId": "u1"}), set()),
        (("ConnectedApp", "Unblocked", "u9", {"integratorKey": KEY}), set()),
        (("Group", "Deleted", "u9", {"affectedUserId": "u1"}), set()),
    ],
)  # fmt: skip
def test_what_is_taken_back_lets_nothing_in_any_more(
    ending: Any, gone: set[tuple[str, str]], rulebook: Rulebook
) -> None:
    given = [_told(day, about, done, who, **more) for day, about, done, who, more in CONSENTS]
    about, done, who, more = ending
    events = [*given, _told(5, about, done, who, **more)]
    for order in (events, events[::-1]):
        assert _granted(order, rulebook) == {("u1", KEY), ("u2", KEY), ("u1", OTHER)} - gone


def test_a_user_who_is_activated_again_has_what_was_there_before(rulebook: Rulebook) -> None:
    given = [_told(day, about, done, who, **more) for day, about, done, who, more in CONSENTS]
    closed = _told(5, "User", "Closed", "u9", affectedUserId="u2")
    assert ("u2", KEY) not in _granted([*given, closed], rulebook)
    back = _told(6, "User", "Activated", "u9", affectedUserId="u2")
    assert ("u2", KEY) in _granted([*given, closed, back], rulebook)


def test_whom_or_what_an_end_is_of_is_missed_where_it_is_not_told() -> None:
    for about, done in (("User", "Closed"), ("OAuthConsent", "Revoked")):
        found = _told(5, about, done, "u9")
        assert found[2] == ()
        assert "UserId" in found.lacks or "integratorKey" in found.lacks


def test_an_application_that_closes_people_acts_all_the_same() -> None:
    _, _, (left, used) = _told(5, "User", "Closed", "u9", integratorKey=KEY, affectedUserId="u1")
    assert (left.app_id, left.ends) == (NAMES.node("acme", "user", "u1"), Ends.PAUSED)
    assert (used.client_id, used.relation) == (KEY, "used_by")
