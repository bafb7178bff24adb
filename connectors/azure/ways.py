"""Which ways into a thing are open: where its keys are turned off, who may list them has nothing,
and where a vault goes by access policies, a role on its secrets gives none.

https://learn.microsoft.com/azure/ai-services/disable-local-auth,
https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent,
https://learn.microsoft.com/azure/search/search-security-enable-roles,
https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from connectors.azure import graph
from connectors.azure.graph import Inventory
from connectors.azure.rights import Rights
from scanner.kit.tables import first_text
from scanner.model.errors import SourceError

KEYLESS = "graph:Microsoft.Storage/storageAccounts"


class Way(NamedTuple):
    doubt: str
    """Where it is not known, when it is open."""
    is_open: Callable[[Any], bool]
    only_shut: bool = False
    """Resource Graph is asked for those alone of which it is shut."""


def _has_keys(row: Any) -> bool:
    return first_text(row, "properties.disableLocalAuth").casefold() != "true"


_KEYS = "where keys are allowed"
KEYS, ROLES = "keys", "roles"
WAYS = {
    ("Microsoft.Storage/storageAccounts", KEYS): Way(_KEYS, lambda row: False, only_shut=True),
    ("Microsoft.CognitiveServices/accounts", KEYS): Way(_KEYS, _has_keys),
    ("Microsoft.Search/searchServices", KEYS): Way(_KEYS, _has_keys),
    ("Microsoft.KeyVault/vaults", ROLES): Way(
        "in vaults that go by roles",
        lambda row: first_text(row, "properties.enableRbacAuthorization").casefold() == "true",
    ),
}
"""Of others it is not told for the whole: each endpoint of machine learning has its own."""
_BY_KIND = {(kind.casefold(), way): (kind, told) for (kind, way), told in WAYS.items()}


def doubt(kind: str, way: str) -> str:
    found = _BY_KIND.get((kind, way))
    return found[1].doubt if found else _KEYS


class Ways:
    """Of what Resource Graph shows in all subscriptions; of one where its types may not be read,
    what it shows is no whole."""

    def __init__(self, inventory: Inventory, rights: Rights) -> None:
        self._inventory = inventory
        self._rights = rights
        self._known: dict[tuple[str, str], dict[str, bool] | None] = {}

    def open(self, scope: str, kind: str, way: str) -> bool | None:
        """Of the thing that ``scope`` is (in small letters) or is a part of, or of those that lie
        in it. None: it cannot be told, or not of all."""
        found = _BY_KIND.get((kind, way))
        known = self._told(kind, way) if found else None
        if found is None or known is None:
            return None
        steps = scope.strip("/").split("/")
        is_one = f"/{kind}/" in f"{scope}/"
        if is_one:
            ident = "/" + "/".join(steps[: steps.index(kind.rpartition("/")[2]) + 2])
            if ident in known:
                return known[ident]
            is_whole = found[1].only_shut and self._may_read(steps, found[0])
            return True if is_whole else None
        inside = [
            is_open for ident, is_open in known.items()
            if ident.startswith(f"{scope.rstrip('/')}/")
        ]  # fmt: skip
        if found[1].only_shut or not inside:
            return None
        if True in inside:
            # One key is one way in; a role reaches no more than the vaults that go by it.
            return True if way == KEYS or all(inside) else None
        return False if self._may_read(steps, found[0]) else None

    def _may_read(self, steps: list[str], kind: str) -> bool:
        """Above subscriptions nobody says so."""
        if steps[0] != "subscriptions" or len(steps) < 2:
            return False
        try:
            self._rights.check(steps[1], f"graph:{kind}")
        except SourceError:
            return False
        return True

    def _told(self, kind: str, way: str) -> dict[str, bool] | None:
        if (kind, way) not in self._known:
            self._known[kind, way] = self._asked(kind, way)
        return self._known[kind, way]

    def _asked(self, kind: str, way: str) -> dict[str, bool] | None:
        told = _BY_KIND[kind, way][1]
        try:
            if told.only_shut:
                rows = [
                    row
                    for found in self._inventory.rows(graph.KEYLESS_STORAGE).values()
                    for row in found
                ]
            else:
                rows = list(self._inventory.everywhere(kind))
        except SourceError:
            return None  # the shard that lists them says so
        return {str(row["id"]).casefold().rstrip("/"): told.is_open(row) for row in rows}
