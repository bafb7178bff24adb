"""What DocuSign tells of applications and of where agreements go, and how its tokens are made."""

from __future__ import annotations

import jwt
import pytest

from scanner.detect.activity import Catalogue, facts_of
from scanner.model.errors import Denied
from scanner.model.facts import Asset
from scanner.rulebook.load import Rulebook
from tests.connectors.docusign.world import CASE, KEY, PRIVATE, PUBLIC
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
