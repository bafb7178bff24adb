"""What the caller may read in each subscription, by Azure's own word.

Resource Graph says nothing of what may not be read, and a list that is shorter than the truth looks
like a truth. So each subscription is asked for the caller's permissions in it, and a type whose
``read`` is not among them is ``Denied``, whatever Resource Graph has shown of it. Deny assignments
are not told there. https://learn.microsoft.com/rest/api/authorization/permissions
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.azure import operations
from connectors.azure.access import Access
from scanner.kit.tables import values
from scanner.model.errors import Denied, SourceError


@dataclass(frozen=True)
class Grant:
    """Of one role."""

    allowed: tuple[str, ...]
    excepted: tuple[str, ...]

    def covers(self, action: str) -> bool:
        wanted = action.casefold()
        return any(is_covered(wanted, one) for one in self.allowed) and not any(
            is_covered(wanted, one) for one in self.excepted
        )

    def touches(self, family: str) -> bool:
        """``a/b/*``: whether anything below is allowed that is more than reading or deleting."""
        lead = family.casefold().removesuffix("*")
        inside = [
            one for one in self.allowed
            if one.startswith(lead) and not one.endswith(_PASSIVE)
        ]  # fmt: skip
        tried = (f"{lead}x/action", f"{lead}x/write")
        whole = [one for one in tried if any(is_covered(one, told) for told in self.allowed)]
        return any(
            not any(is_covered(one, told) for told in self.excepted) for one in (*inside, *whole)
        )


_PASSIVE = ("/read", "/delete")


def grant(allowed: Iterable[object], excepted: Iterable[object]) -> Grant:
    return Grant(
        tuple(str(one).casefold() for one in allowed),
        tuple(str(one).casefold() for one in excepted),
    )


def is_covered(action: str, pattern: str) -> bool:
    """``*`` stands for any text, slashes too. Each piece is taken where it comes first, so that no
    pattern takes long."""
    first, *pieces = pattern.split("*")
    if not pieces:
        return action == pattern
    if not action.startswith(first):
        return False
    at, last = len(first), pieces.pop()
    for piece in pieces:
        found = action.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(action) - at >= len(last) and action.endswith(last)


class Rights:
    """Of one run."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[Grant, ...] | SourceError] = {}

    def check(self, subscription: str, op: str) -> None:
        """Raises ``Denied`` where ``graph:<type>`` is not shown to the caller."""
        action = operations.permission(op)
        if not any(one.covers(action) for one in self._of(subscription)):
            raise Denied(
                f"{operations.operation_id(op)} in {subscription}: Resource Graph leaves out what "
                f"may not be read; grant {action} on the subscription, as `shadow-ai permissions "
                "azure` prints it"
            )

    def _of(self, subscription: str) -> tuple[Grant, ...]:
        with self._lock:
            lock = self._locks.setdefault(subscription, threading.Lock())
        with lock:
            if subscription not in self._known:
                try:
                    self._known[subscription] = self._asked(subscription)
                except SourceError as error:
                    self._known[subscription] = error
            known = self._known[subscription]
        if isinstance(known, SourceError):
            raise known
        return known

    def _asked(self, subscription: str) -> tuple[Grant, ...]:
        path = operations.PERMISSIONS.partition(" ")[2].replace("{subscription}", subscription)
        query = {"api-version": operations.VERSIONS["Microsoft.Authorization"]}
        return tuple(
            grant(values(one, "actions[]"), values(one, "notActions[]"))
            for one in self._access.pages(operations.PERMISSIONS, path, subscription, query)
        )
