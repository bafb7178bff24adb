"""API keys: whose models they call, and from where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.gcp.estate import Read, project, read
from tests.google_rig import Rig, serving

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


def test_what_a_key_of_everything_may_call_is_its_exposure(rig: Rig) -> None:
    found = _key(rig, {}, "generativelanguage")
    assert not found.assets[KEY].is_ai
    assert CALLS not in found.edges
    assert set(found.assets[KEY].exposure) == {
        "every enabled API", "unrestricted", "any network", "any site"}  # fmt: skip
