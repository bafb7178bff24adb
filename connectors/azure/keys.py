"""Whether the keys of a thing are of use: where they are turned off, who may list them has nothing.

https://learn.microsoft.com/azure/ai-services/disable-local-auth,
https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
"""

from __future__ import annotations

from typing import Any

from connectors.azure import graph
from connectors.azure.graph import Inventory
from scanner.kit.tables import first_text
from scanner.model.errors import SourceError

KEYLESS = "graph:Microsoft.Storage/storageAccounts"
_AI, _STORAGE = "microsoft.cognitiveservices/accounts", "microsoft.storage/storageaccounts"


class Keys:
    """Of what Resource Graph shows in all subscriptions."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._known: dict[str, dict[str, bool] | None] = {}

    def open(self, scope: str, kind: str) -> bool | None:
        """Of the thing that ``scope`` is (in small letters), or of any that lies in it. None: it
        cannot be told."""
        if kind not in self._known:
            self._known[kind] = self._asked(kind)
        known = self._known[kind]
        if known is None:
            return None
        lead = f"{scope.rstrip('/')}/"
        found = [is_open for ident, is_open in known.items() if f"{ident}/".startswith(lead)]
        if kind == _STORAGE and f"/{kind}/" in lead:
            return False not in found  # only those without keys are shown
        return True in found if found and kind != _STORAGE else None

    def _asked(self, kind: str) -> dict[str, bool] | None:
        try:
            if kind == _STORAGE:
                rows = self._inventory.rows(graph.KEYLESS_STORAGE)
                return {_ident(row): False for found in rows.values() for row in found}
            return {
                _ident(row): first_text(row, "properties.disableLocalAuth").casefold() != "true"
                for row in self._inventory.everywhere(kind)
            }
        except SourceError:
            return None  # the shard that lists them says so


def _ident(row: Any) -> str:
    return str(row["id"]).casefold().rstrip("/")
