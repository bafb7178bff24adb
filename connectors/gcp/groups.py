"""Members of groups that policies name, by Cloud Identity, where the configuration says so.

Its own administrators' roles allow it (Groups Reader), nothing of IAM does.
https://cloud.google.com/identity/docs/reference/rest/v1/groups.memberships/list
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.principals import member
from scanner.kit.tabled.edges import edge_of
from scanner.kit.tables import first_text, values
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

LOOKUP, MEMBERS = "cloudidentity.groups.lookup", "cloudidentity.groups.memberships.list"
REASONS = dict.fromkeys((LOOKUP, MEMBERS), "who is in the groups that may use AI")
SETTING = "group_members"
_KINDS = {"USER": "user", "SERVICE_ACCOUNT": "serviceAccount", "GROUP": "group"}
_DEEPEST = 8


class Groups:
    """Of one run: each group is asked for once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[Identity, ...] | SourceError] = {}

    def items(self, group: Identity) -> Iterator[Item]:
        """Who is in it, and in the groups within."""
        waiting, seen = [(group, 0)], {group.id}
        while waiting:
            one, depth = waiting.pop()
            known = self._of(one.email)
            if isinstance(known, SourceError):
                is_denied = isinstance(known, Denied)
                yield Gap(what=f"members of {one.email}", reason=str(known), denied=is_denied)
                continue
            evidence = Evidence(
                rule=operations.operation_id(MEMBERS), source="gcp", resource=one.id
            )
            for person in known:
                yield person
                yield edge_of(one.id, person.id, Relation.CONTAINS, evidence)
                is_group = person.principal_type is PrincipalType.GROUP
                if not is_group or person.id in seen:
                    continue
                seen.add(person.id)
                if depth == _DEEPEST:
                    yield Gap(what=f"members of {person.email}", reason="it stands too deep")
                else:
                    waiting.append((person, depth + 1))

    def _of(self, mail: str) -> tuple[Identity, ...] | SourceError:
        with self._lock:
            lock = self._locks.setdefault(mail, threading.Lock())
        with lock:
            if mail not in self._known:
                try:
                    self._known[mail] = tuple(self._read(mail))
                except SourceError as error:
                    self._known[mail] = error
            return self._known[mail]

    def _read(self, mail: str) -> Iterator[Identity]:
        told = self._access.get(LOOKUP, "groups:lookup", "", mail, {"groupKey.id": mail})
        name = first_text(told, "name")
        if not name.startswith("groups/"):
            raise Unavailable(f"{LOOKUP} of {mail}: the answer names no group")
        of = f"{name}/memberships"
        asked = {"pageSize": "500"}
        for page in self._access.pages(MEMBERS, of, "", mail, asked, "memberships[]"):
            for one in values(page, "memberships[]"):
                kind = _KINDS.get(first_text(one, "type"), "user")
                found = member(f"{kind}:{first_text(one, 'preferredMemberKey.id')}")
                if found is not None:
                    yield found
