"""API keys: whose models they call, and from where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanner.model.errors import Denied
from tests.connectors.gcp.estate import Read, project, read
from tests.google_rig import Fault, Rig, off, serving

LEAD = "projects/acme-7/locations/global"
GEMINI = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}
MAPS = {"apiTargets": [{"service": "maps-backend.googleapis.com"}]}


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def _key(rig: Rig, restrictions: dict[str, Any], *enabled: str) -> Read:
    project(rig, 7, enabled=("apikeys", *enabled))
    told = {"restrictions": restrictions} if restrictions else {}
    rig.plant("apikeys.projects.locations.keys.list", LEAD,
              {"name": f"{LEAD}/keys/k", "displayName": "k", **told})  # fmt: skip
    return read(rig, families=("keys",), creators=False, identities=False, asset_inventory=False)


KEY = f"//apikeys.googleapis.com/{LEAD}/keys/k"
CALLS = (KEY, "calls", "provider:google_gemini")


@pytest.mark.parametrize(
    ("client", "told"),
    [
        ({}, ("any network", "any site")),
        ({"serverKeyRestrictions": {"allowedIps": ["10.0.0.1"]}}, ()),
        ({"serverKeyRestrictions": {"allowedIps": ["10.0.0.1", "0.0.0.0/0"]}}, ("any network",)),
        ({"serverKeyRestrictions": {"allowedIps": ["::/0"]}}, ("any network",)),
        *(
            ({"serverKeyRestrictions": {"allowedIps": [one]}}, ("any network",))
            for one in ("0::/0", "1.2.3.4/0", "0.0.0.0/1", "128.0.0.0/1", " ::/0 ")
        ),
        *(
            ({"serverKeyRestrictions": {"allowedIps": [one]}}, ())
            for one in ("10.0.0.0/8", "::1", "x/0")
        ),
        *(
            ({"browserKeyRestrictions": {"allowedReferrers": [one]}}, ("any site",))
            for one in ("https://*/", "http://*/*", "*.*", "*/", "https://*.*/*", "*:*")
        ),
        *(
            ({"browserKeyRestrictions": {"allowedReferrers": [one]}}, ())
            for one in ("*.acme.example", "https://*.acme.example/*", "https://acme.example")
        ),
        ({"browserKeyRestrictions": {"allowedReferrers": ["https://acme.example/*"]}}, ()),
        ({"browserKeyRestrictions": {"allowedReferrers": ["*"]}}, ("any site",)),
        ({"androidKeyRestrictions": {"allowedApplications": [{"packageName": "x"}]}}, ()),
        ({"iosKeyRestrictions": {"allowedBundleIds": ["x"]}}, ()),
    ],
)
def test_from_where_a_key_may_be_used(
    rig: Rig, client: dict[str, Any], told: tuple[str, ...]
) -> None:
    assert _key(rig, {**GEMINI, **client}).assets[KEY].exposure == told


def test_a_key_of_gemini_is_ai_and_one_of_maps_is_not(rig: Rig) -> None:
    found = _key(rig, GEMINI)
    assert found.assets[KEY].is_ai
    assert CALLS in found.edges


def test_a_key_of_something_else_calls_no_model(rig: Rig) -> None:
    found = _key(rig, MAPS, "generativelanguage")
    assert not found.assets[KEY].is_ai
    assert not [edge for edge in found.edges if edge[:2] == (KEY, "calls")]


def test_a_key_of_everything_calls_gemini_where_that_is_enabled(rig: Rig) -> None:
    found = _key(rig, {}, "generativelanguage")
    assert found.assets[KEY].is_ai
    assert CALLS in found.edges
    assert set(found.assets[KEY].exposure) == {
        "every enabled API", "unrestricted", "any network", "any site"}  # fmt: skip


def test_a_key_that_is_held_to_a_site_alone_calls_gemini_too(rig: Rig) -> None:
    site = {"browserKeyRestrictions": {"allowedReferrers": ["https://acme.example/*"]}}
    assert _key(rig, site, "generativelanguage").assets[KEY].is_ai


def test_a_key_of_everything_that_is_enabled_calls_no_model_where_none_is(rig: Rig) -> None:
    found = _key(rig, {}, "maps-backend")
    assert not found.assets[KEY].is_ai
    assert CALLS not in found.edges


def test_what_a_key_may_call_is_a_gap_where_enabled_apis_are_not_told(rig: Rig) -> None:
    rig.strike("serviceusage", Fault(403, "no", "PERMISSION_DENIED"))
    found = _key(rig, {}, "generativelanguage")
    assert KEY in found.assets
    (gap,) = found.gaps["gcp:acme-7/keys"]
    assert "may call" in gap.what


def test_a_key_of_certain_apis_is_clear_where_enabled_apis_are_not_told(rig: Rig) -> None:
    rig.strike("serviceusage", Fault(403, "no", "PERMISSION_DENIED"))
    found = _key(rig, GEMINI)
    assert found.assets[KEY].is_ai
    assert "gcp:acme-7/keys" not in found.gaps


def _beside(rig: Rig) -> Read:
    """Keys of a project that has not enabled the API of keys."""
    project(rig, 7, enabled=("generativelanguage",))
    rig.plant("apikeys.projects.locations.keys.list", LEAD,
              {"name": f"{LEAD}/keys/k", "displayName": "k", "restrictions": GEMINI})  # fmt: skip
    return read(rig, families=("keys",), creators=False, identities=False, asset_inventory=False)


def test_keys_are_there_though_the_api_of_keys_is_off_in_their_project(rig: Rig) -> None:
    found = _beside(rig)
    assert found.assets[KEY].is_ai
    assert not found.errors


@pytest.mark.parametrize("payer", ["7", "acme-7", "999"])
def test_keys_that_cannot_be_asked_for_are_denied_and_not_absent(rig: Rig, payer: str) -> None:
    rig.strike("apikeys", off(payer))
    error = _beside(rig).errors["gcp:acme-7/keys"]
    assert isinstance(error, Denied)
    assert f"enable the API in project {payer}" in str(error)
