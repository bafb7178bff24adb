"""Deny policies: what they take away, in a project and all above it, of what roles give.

What cannot be read may take anything, so that what is told without it is in doubt. A list of them
tells no rules, so that each is asked for; reads are few a minute, and the right to
them is given in the organization alone, so they are asked for only where the configuration says so.
https://cloud.google.com/iam/docs/deny-overview
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from connectors.gcp.access import Access
from connectors.gcp.ancestors import REASONS as ABOVE
from connectors.gcp.ancestors import Ancestors, Chain
from connectors.gcp.principals import member
from scanner.kit.tabled.reading import shown
from scanner.kit.tables import first_text, values
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Gap

LIST, GET = "iam.policies.listPolicies", "iam.policies.get"
REASONS = {**dict.fromkeys((LIST, GET), "what is taken away of what roles give"), **ABOVE}
SETTING = "deny_policies"
_SUBJECT = "principal://goog/subject/"
_ACCOUNT = "principal://iam.googleapis.com/projects/-/serviceAccounts/"
_GROUP = "principalSet://goog/group/"
_ALL = "principalSet://goog/public:all"
_MANY = ("gcp:group/", "gcp:domain/", "gcp:principalSet:", "gcp:allUsers", "gcp:allAuthenticated")
"""Of ids of nodes that stand for several people."""


@dataclass(frozen=True)
class Rule:
    denied: frozenset[str]
    """Ids of nodes; ``*``: everybody."""
    excepted: frozenset[str]
    permissions: tuple[str, ...]
    spared: tuple[str, ...]
    is_conditional: bool
    is_for_sets: bool
    """It is for groups or other sets of people, of whom it is not known who they are."""
    spares_sets: bool

    def takes(self, who: str, permission: str) -> bool | None:
        """None: it may, which cannot be told."""
        service, _, rest = permission.partition(".")
        named = f"{service}.googleapis.com/{rest}"
        if not any(fnmatchcase(named, one) for one in self.permissions):
            return False
        if any(fnmatchcase(named, one) for one in self.spared) or {who, "*"} & self.excepted:
            return False
        is_named = bool({who, "*"} & self.denied)
        if not is_named:
            return None if self.is_for_sets else False
        # Somebody who is excepted may be in the group that it is asked of.
        is_split = bool(self.excepted) and who.startswith(_MANY)
        return None if self.is_conditional or self.spares_sets or is_split else True


class Denials:
    """Of one run: each unit is asked for once."""

    def __init__(self, access: Access, ancestors: Ancestors) -> None:
        self._access = access
        self._ancestors = ancestors
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._chains: dict[str, Chain] = {}
        self._known: dict[str, tuple[Rule, ...] | SourceError] = {}

    def gaps(self, unit: str) -> list[Gap]:
        """What could not be read of a unit and all above it."""
        chain = self._chain(unit)
        told = [(one, self._of(one)) for one in chain.units]
        if chain.trouble is not None:
            told.append((f"what stands above {unit}", chain.trouble))
        return [
            Gap(what=f"deny policies of {one}", reason=str(known), denied=isinstance(known, Denied))
            for one, known in told
            if isinstance(known, SourceError)
        ]

    def takes(self, unit: str, who: str, permission: str) -> bool | None:
        """Of all in ``unit``; None: it may, which cannot be told. Empty: a unit that nobody tells
        of."""
        chain = self._chain(unit) if unit else None
        is_known = chain is not None and chain.trouble is None
        told: list[bool | None] = [] if is_known else [None]
        for one in chain.units if chain else ():
            rules = self._of(one)
            if isinstance(rules, SourceError):
                told.append(None)
            else:
                told += [rule.takes(who, permission) for rule in rules]
        return True if True in told else None if None in told else False

    def _chain(self, unit: str) -> Chain:
        with self._lock:
            if unit not in self._chains:
                self._chains[unit] = self._ancestors.of(unit)
            return self._chains[unit]

    def _of(self, unit: str) -> tuple[Rule, ...] | SourceError:
        with self._lock:
            lock = self._locks.setdefault(unit, threading.Lock())
        with lock:
            if unit not in self._known:
                try:
                    self._known[unit] = tuple(self._read(unit))
                except SourceError as error:
                    self._known[unit] = error
            return self._known[unit]

    def _read(self, unit: str) -> list[Rule]:
        point = f"cloudresourcemanager.googleapis.com%2F{unit.replace('/', '%2F')}"
        of = f"policies/{point}/denypolicies"
        found: list[Rule] = []
        for page in self._access.pages(LIST, of, "", unit, {"pageSize": "1000"}, "policies[]"):
            for one in values(page, "policies[]"):
                name = first_text(one, "name").rpartition("/")[2]
                policy = self._access.get(GET, f"{of}/{name}", "", unit, {})
                if not name or first_text(policy, "name").rpartition("/")[2] != name:
                    raise Unavailable(f"{GET} of {unit}: the answer is not of {shown(name)}")
                found += _rules(policy, f"{GET} of {unit}")
        return found


def _rules(policy: Mapping[str, Any], said: str) -> Iterator[Rule]:
    told = policy.get("rules", [])
    if not isinstance(told, list):
        raise Unavailable(f"{said}: `rules` of the answer is no list")
    for one in told:
        rule = one.get("denyRule") if isinstance(one, Mapping) else None
        lists = ("deniedPrincipals", "deniedPermissions", "exceptionPrincipals",
                 "exceptionPermissions")  # fmt: skip
        if not isinstance(rule, Mapping) or not all(
            isinstance(rule.get(name, []), list) for name in lists
        ):
            raise Unavailable(f"{said}: one of its rules is none")
        yield _rule(rule)


def _rule(told: Any) -> Rule:
    denied = [str(one) for one in values(told, "deniedPrincipals[]")]
    excepted = [str(one) for one in values(told, "exceptionPrincipals[]")]
    return Rule(
        denied=frozenset(map(_node, denied)),
        excepted=frozenset(map(_node, excepted)),
        permissions=tuple(str(one) for one in values(told, "deniedPermissions[]")),
        spared=tuple(str(one) for one in values(told, "exceptionPermissions[]")),
        is_conditional=bool(first_text(told, "denialCondition.expression")),
        is_for_sets=any(map(_is_set, denied)),
        spares_sets=any(map(_is_set, excepted)),
    )


def _is_set(principal: str) -> bool:
    return principal.startswith("principalSet:") and principal != _ALL


def _node(principal: str) -> str:
    """https://cloud.google.com/iam/docs/principal-identifiers (version 2) -> the id of a node."""
    if principal == _ALL:
        return "*"
    for lead, kind in ((_SUBJECT, "user"), (_ACCOUNT, "serviceAccount"), (_GROUP, "group")):
        if principal.startswith(lead):
            known = member(f"{kind}:{principal.removeprefix(lead)}")
            return known.id if known else ""
    return f"gcp:{principal}"
