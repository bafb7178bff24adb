"""Deny assignments of a subscription: what they take away of what roles give.

Resource Graph does not show them. Azure makes them itself (for managed applications, blueprints and
stacks), to protect what it has made. Those that name groups are not evaluated: who is in a group is
not known here. https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.azure import operations
from connectors.azure.access import Access
from connectors.azure.rights import Grant, grant
from scanner.kit.tabled.reading import shown
from scanner.kit.tables import first_text, values

EVERYBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Denial:
    name: str
    scope: str
    reaches_below: bool
    principals: frozenset[str]
    excluded: frozenset[str]
    has_groups: bool
    """Some of those it is for, or not for, are groups."""
    is_conditional: bool
    actions: tuple[Grant, ...]
    data: tuple[Grant, ...]

    def takes(
        self, principal: str, scope: str, action: str, *, is_data: bool, is_many: bool = False
    ) -> bool | None:
        """Whether all of ``scope`` is taken from ``principal``; None: it may be, which cannot be
        told. ``is_many``: it is, or may be, a group, in which those who are excluded may be."""
        grants = self.data if is_data else self.actions
        if not any(one.covers(action) for one in grants):
            return False
        is_inside = scope == self.scope or scope.startswith(f"{self.scope.rstrip('/')}/")
        is_around = self.scope.startswith(f"{scope.rstrip('/')}/")
        if not (is_inside or is_around):
            return False
        who = principal.casefold()
        is_named = bool({who, EVERYBODY} & self.principals)
        if who in self.excluded or not (is_named or self.has_groups):
            return False
        is_whole = scope == self.scope or (is_inside and self.reaches_below)
        if is_around or not is_whole:
            return None if is_around else False
        is_split = is_many and bool(self.excluded)
        is_doubted = self.has_groups or self.is_conditional or is_split or not is_named
        return None if is_doubted else True


def read(access: Access, subscription: str) -> tuple[Denial, ...]:
    """Raises the source errors."""
    path = operations.DENIALS.partition(" ")[2].replace("{subscription}", subscription)
    query = {"api-version": operations.VERSIONS["Microsoft.Authorization"]}
    return tuple(
        _denial(one) for one in access.pages(operations.DENIALS, path, subscription, query)
    )


def _denial(record: object) -> Denial:
    told = list(values(record, "properties.permissions[]"))
    kinds = {
        first_text(one, "type").casefold()
        for path in ("principals", "excludePrincipals")
        for one in values(record, f"properties.{path}[]")
    }
    conditions = (first_text(one, "condition") for one in told)
    return Denial(
        name=shown(first_text(record, "properties.denyAssignmentName")),
        scope=first_text(record, "properties.scope").casefold().rstrip("/") or "/",
        reaches_below=first_text(record, "properties.doNotApplyToChildScopes").casefold() != "true",
        principals=_ids(record, "principals"),
        excluded=_ids(record, "excludePrincipals"),
        has_groups="group" in kinds,
        is_conditional=bool(first_text(record, "properties.condition")) or any(conditions),
        actions=tuple(grant(values(p, "actions[]"), values(p, "notActions[]")) for p in told),
        data=tuple(grant(values(p, "dataActions[]"), values(p, "notDataActions[]")) for p in told),
    )


def _ids(record: object, name: str) -> frozenset[str]:
    return frozenset(
        first_text(one, "id").casefold() for one in values(record, f"properties.{name}[]")
    )
