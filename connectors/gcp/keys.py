"""API keys: from where they may be used, and whose models they call.

A key is held to one kind of client at most: networks, sites or apps. Without any of these it works
everywhere. https://cloud.google.com/api-keys/docs/add-restrictions-api-keys
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0", "0.0.0.0/1"})
_ANY_SITE = frozenset({"*", "*/*", "http://*", "https://*", "*://*", "http://*/*", "https://*/*",
                       "*.*"})  # fmt: skip


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
    addresses = {text(one) for one in values(told, "serverKeyRestrictions.allowedIps[]")}
    sites = {text(one) for one in values(told, "browserKeyRestrictions.allowedReferrers[]")}
    if not is_bound or addresses & _EVERYWHERE:
        yield "any network"
    if not is_bound or sites & _ANY_SITE:
        yield "any site"
