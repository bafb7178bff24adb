"""API keys: from where they may be used, and whose models they call.

A key is held to one kind of client at most: networks, sites or apps. Without any of these it works
everywhere. https://cloud.google.com/api-keys/docs/add-restrictions-api-keys
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from connectors.gcp.enabled import APIS
from scanner.kit.tables import values
from scanner.kit.values import mapping, text

HOST = "apikeys.googleapis.com"
_BY_ANY_KEY = frozenset({"generativelanguage.googleapis.com"})
"""https://ai.google.dev/gemini-api/docs/api-key"""
_CLIENTS = (
    "serverKeyRestrictions", "browserKeyRestrictions", "androidKeyRestrictions",
    "iosKeyRestrictions",
)  # fmt: skip
_SCHEMES = ("http://", "https://", "*://")
_ANY_HOST = frozenset({"*", "*.*", "*:*", "*.*:*"})


def plain(record: Mapping[str, Any], enabled: frozenset[str] | None) -> dict[str, Any]:
    """A key of no API in particular calls Gemini where the project has enabled that; the other
    APIs of models take keys of their own, or none. ``enabled``: None where that is not known."""
    targets = [text(one) for one in values(record, "restrictions.apiTargets[].service")]
    reached = () if targets else _BY_ANY_KEY & (enabled or frozenset())
    return {
        "open": list(_open(mapping(record.get("restrictions")))),
        "called": list(dict.fromkeys(APIS[one][1] for one in targets if one in APIS)),
        "may_call": sorted({APIS[one][1] for one in reached}),
    }


def is_unclear(record: Mapping[str, Any], enabled: frozenset[str] | None) -> bool:
    """Whether what a key may call depends on what could not be told."""
    return enabled is None and not any(values(record, "restrictions.apiTargets[].service"))


def _open(told: Mapping[str, Any]) -> Iterator[str]:
    is_bound = any(told.get(name) for name in _CLIENTS)
    addresses = values(told, "serverKeyRestrictions.allowedIps[]")
    sites = values(told, "browserKeyRestrictions.allowedReferrers[]")
    if not is_bound or any(_is_everywhere(text(one)) for one in addresses):
        yield "any network"
    if not is_bound or any(_is_any_site(text(one)) for one in sites):
        yield "any site"


def _is_everywhere(address: str) -> bool:
    """Half of all addresses, or all, however they are written."""
    try:
        return ip_network(address.strip(), strict=False).prefixlen <= 1
    except ValueError:
        return False


def _is_any_site(pattern: str) -> bool:
    """https://cloud.google.com/api-keys/docs/add-restrictions-api-keys#websites"""
    host = pattern.strip()
    scheme = next((one for one in _SCHEMES if host.startswith(one)), "")
    host, _, path = host.removeprefix(scheme).partition("/")
    return host in _ANY_HOST and path in ("", "*")
