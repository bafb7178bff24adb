"""The organization: its accounts, the units they stand in, and the tags of both.

Which accounts there are is told by one list; units, which give an account its place in the company,
are read beside it, and where they are refused the accounts are read all the same.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.aws.access import Access, Member
from scanner.kit.tables import Call, tags_of
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError, Throttled, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account, Edge, Relation
from scanner.model.items import Gap, Item

UNIT_KIND = "aws.organizational_unit"
OPERATIONS = {
    "organizations:ListAccounts": "list the accounts of the organization",
    "organizations:ListTagsForResource": "owner and environment of accounts and units",
    "organizations:ListRoots": "where the tree of business units begins",
    "organizations:ListOrganizationalUnitsForParent": "the business units",
    "organizations:ListAccountsForParent": "which account stands in which business unit",
}
_ACCOUNTS = Call(op="organizations:ListAccounts", items="Accounts[]")
_TAGS = Call(op="organizations:ListTagsForResource", items="Tags[]")
_ROOTS = Call(op="organizations:ListRoots", items="Roots[]")
_UNITS = Call(op="organizations:ListOrganizationalUnitsForParent", items="OrganizationalUnits[]")
_INSIDE = Call(op="organizations:ListAccountsForParent", items="Accounts[]")
_MOST_DEPTH = 8
"""AWS allows five units below each other."""


def members(access: Access) -> Iterator[Member]:
    """Every account of the organization. Raises the source errors, behind the accounts that were
    told before."""
    is_empty, broken = True, 0
    for record in access.pages("", access.home, _ACCOUNTS, {}):
        if not isinstance(record, Mapping) or not record.get("Id"):
            broken += 1
            continue
        is_empty = False
        state = str(record.get("State") or record.get("Status") or "ACTIVE")
        yield Member(
            id=str(record["Id"]),
            name=str(record.get("Name", "")),
            email=str(record.get("Email", "")),
            arn=str(record.get("Arn", "")),
            suspended="" if state == "ACTIVE" else state,
        )
    if broken:
        raise Unavailable(
            f"organizations:ListAccounts: {broken} records are no accounts; try again"
        )
    if is_empty:
        raise Unavailable("organizations:ListAccounts: the answer names not even the caller's own")


def tags(access: Access, ident: str) -> dict[str, str]:
    """Of an account, a unit or a root."""
    return tags_of(list(access.pages("", access.home, _TAGS, {"ResourceId": ident})))


class AccountTags:
    """Tags of the organization's accounts, each asked for once and when it is first needed:
    Organizations answers few calls a second, and no account is to wait for all others' tags."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._known: dict[str, dict[str, str] | SourceError] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def of(self, account: str) -> dict[str, str]:
        """Raises the source errors. What may pass is asked again with the next shard; a refusal is
        not."""
        with self._locks[account]:
            found = self._known.get(account)
            if found is None:
                try:
                    found = tags(self._access, account)
                except SourceError as error:
                    found = error
                if not isinstance(found, (Throttled, Unavailable)):
                    self._known[account] = found
        if isinstance(found, SourceError):
            raise found
        return found


def units(access: Access) -> Iterator[Item]:
    """The units as accounts of their own, each holding what stands in it. Raises the source errors
    when not even the root may be read."""
    waiting = [_unit(root, "", 0) for root in access.pages("", access.home, _ROOTS, {})]
    seen: set[str] = set()
    while waiting:
        ident, name, arn, above, depth = waiting.pop(0)
        if ident in seen or depth > _MOST_DEPTH:
            continue
        seen.add(ident)
        node = NodeId(f"aws:unit/{ident}")
        evidence = Evidence(rule=_UNITS.op, source="aws", resource=arn or ident)
        found: dict[str, str] = {}
        try:
            found = tags(access, ident)
        except SourceError as error:
            yield Gap(what=f"tags of {ident}", reason=str(error), denied=_is_denied(error))
        yield Account(
            id=node,
            kind=UNIT_KIND,
            name=name,
            provider="aws",
            parent=NodeId(above) if above else None,
            tags=found,
            evidence=(evidence,),
        )
        if above:
            yield _holds(NodeId(above), node, evidence)
        try:
            for record in _whole(access, _INSIDE, ident):
                yield _holds(node, NodeId(f"aws:account/{record['Id']}"), evidence)
            waiting.extend(_unit(below, node, depth + 1) for below in _whole(access, _UNITS, ident))
        except SourceError as error:
            yield Gap(what=f"what stands in {ident}", reason=str(error), denied=_is_denied(error))


def _whole(access: Access, call: Call, ident: str) -> Iterator[Mapping[str, Any]]:
    """The records below a unit. Raises ``Unavailable``, behind all others, when one has no id."""
    broken = 0
    for record in access.pages("", access.home, call, {"ParentId": ident}):
        if isinstance(record, Mapping) and record.get("Id"):
            yield record
        else:
            broken += 1
    if broken:
        raise Unavailable(f"{call.op}: {broken} records without an id; the answer is malformed")


def _unit(record: Mapping[str, Any], above: str, depth: int) -> tuple[str, str, str, str, int]:
    """Id, name, ARN, the unit above and how deep it stands."""
    ident = str(record["Id"])
    return ident, str(record.get("Name", ident)), str(record.get("Arn", "")), above, depth


def _holds(above: NodeId, below: NodeId, evidence: Evidence) -> Edge:
    return Edge(source=above, target=below, relation=Relation.CONTAINS, evidence=(evidence,))


def _is_denied(error: SourceError) -> bool:
    return isinstance(error, Denied)
