"""Whatever is asked for: what comes instead of it is told, and never taken for nothing."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from connectors.azure import CONNECTOR
from scanner.model.errors import Denied, Unavailable
from tests.azure_rig import estate
from tests.azure_rig.rig import Fault, Rig
from tests.connectors.azure.reading import Read, context, read

SUB = estate.ident(1)
BROKEN: dict[str, dict[str, Any]] = {
    "nothing": {"raw": b""},
    "an empty object": {"raw": b"{}"},
    "null": {"raw": b"null"},
    "a bare list": {"raw": b"[]"},
    "null for the list": {"raw": b'{"value": null, "data": null, "totalRecords": 0}'},
    "a map for the list": {"raw": b'{"value": {}, "data": {}, "totalRecords": 0}'},
    "a word for the list": {"raw": b'{"value": "none", "data": "none", "totalRecords": 0}'},
    "words for records": {"raw": b'{"value": ["x"], "data": ["x"], "totalRecords": 1}'},
    "html": {"raw": b"<!doctype html><title>Sign in to your account</title>"},
    "half": {"raw": b'{"value": [{"id": "/subscriptions/'},
    "another answer": {"raw": b'{"status": "ok"}'},
    "an error with 200": {"raw": b'{"error": {"code": "AuthorizationFailed"}}'},
    "dropped": {"drop": True},
    "cut": {"cut": True},
}
LISTS = {
    "resources": ("POST .*ResourceGraph", "ai"),
    "permissions": ("/permissions$", "bots"),
    "deployments": ("/accounts/Chat-One/deployments$", "ai"),
    "projects": ("/accounts/foundry/projects$", "ai"),
    "log settings": ("/accounts/Chat-One/providers/.*/diagnosticSettings$", "ai"),
    "endpoints": ("/workspaces/Lab/onlineEndpoints$", "machine-learning"),
    "links": ("/sharedPrivateLinkResources$", "search"),
    "secrets": ("/vaults/keys/secrets$", "secret-names"),
    "events": ("/eventtypes/management/values$", "creators"),
    "denials": ("/denyAssignments$", "roles"),
}
"""What is struck -> the shard that is to tell."""
THINGS = {
    "account": ("GET .*/accounts/Chat-One$", "ai"),
    "settings": ("/sites/front/config/appsettings/list$", "workloads"),
    "names of settings": ("/sites/front/config/slotConfigNames$", "workloads"),
    "extensions": ("/configurations/azure.extensions$", "stores"),
}
"""One thing, not a list."""


def _trouble(found: Read, family: str) -> list[str]:
    shard = f"azure:{SUB}/{family}"
    error = [str(found.errors[shard])] if shard in found.errors else []
    return error + [gap.reason for gap in found.gaps.get(shard, [])]


def _read(rig: Rig, family: str) -> Read:
    families = (family,) if family not in ("creators", "roles") else ("bots",)
    return read(rig, families=families, read_values=True)


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("place", [*LISTS, *THINGS])
def test_what_is_no_answer_is_told(rig: Rig, place: str, how: str) -> None:
    estate.whole(rig)
    where, family = {**LISTS, **THINGS}[place]
    assert not _trouble(_read(rig, family), family)
    assert any(re.search(where, call, re.I) for call in rig.calls), "the world is asked for it"
    rig.faults.append(Fault(where, **BROKEN[how]))
    if place == "resources":  # which subscriptions there are is asked by it, too
        with pytest.raises(Unavailable):
            _read(rig, family)
        return
    found = _read(rig, family)
    assert _trouble(found, family), f"{how}: nothing tells of it"
    assert not any(isinstance(one, Denied) for one in found.errors.values())
    assert not any(gap.denied for gaps in found.gaps.values() for gap in gaps)


@pytest.mark.parametrize("place", [place for place in LISTS if place != "resources"])
def test_links_in_a_ring_end_and_are_told(rig: Rig, place: str) -> None:
    estate.whole(rig)
    where, family = LISTS[place]
    _read(rig, family)
    call = next(one for one in rig.calls if re.search(where, one, re.I))
    path = quote(call.partition(" ")[2])
    one, two = (
        json.dumps({"value": [], "nextLink": f"{rig.url}{path}?$skipToken={number}"}).encode()
        for number in (1, 2)
    )
    for raw, times in ((one, 1), (two, 1), (one, 100)):
        rig.faults.append(Fault(f"{re.escape(call)}$", raw=raw, times=times))
    told = _trouble(_read(rig, family), family)
    assert any("repeats a page" in text for text in told), told


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("where", ["GET /subscriptions$", "/descendants$"])
def test_subscriptions_that_cannot_be_listed_are_no_empty_tenant(
    rig: Rig, where: str, how: str
) -> None:
    estate.whole(rig)
    groups = ("unit-1",) if "descendants" in where else ()
    rig.faults.append(Fault(where, **BROKEN[how]))
    with pytest.raises(Unavailable):
        list(CONNECTOR.shards(context(rig, management_groups=groups)))


@pytest.mark.slow
def test_what_breaks_off_once_is_asked_again(rig: Rig) -> None:
    estate.whole(rig)
    for how in ("dropped", "cut", "html", "half"):
        rig.faults.append(Fault("/accounts/Chat-One/deployments$", times=1, **BROKEN[how]))
    found = read(rig, families=("ai",), retries=5)
    assert not _trouble(found, "ai")
