"""Azure Resource Graph: what there is, of all subscriptions, in few questions.

Owns the questions (KQL), their pages and the check that nothing was cut off. It leaves out silently
what the caller may not read, so whether a subscription may be read is asked elsewhere
(:mod:`connectors.azure.rights`). https://learn.microsoft.com/azure/governance/resource-graph/
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.azure import operations
from connectors.azure.access import TENANT, Access
from scanner.model.errors import SourceError, Unavailable

_PAGE = 1000
_SUBSCRIPTIONS_AT_ONCE = 300
"""Of one question; a body may name a thousand."""
_ATTEMPTS = 2
"""Readings of a list whose count did not fit: something was made or deleted meanwhile."""
_VERSION = operations.VERSIONS["Microsoft.ResourceGraph"]
_COLUMNS = "id, name, type, kind, location, tags, identity, sku, properties, subscriptionId"
_LESS = "id, name, type, properties, subscriptionId"
FILTERS = {
    # Most machines are no accelerators, and there may be a hundred thousand.
    "microsoft.compute/virtualmachines":
        "tostring(properties.hardwareProfile.vmSize) startswith 'Standard_N'",
    "microsoft.compute/virtualmachinescalesets":
        "tostring(sku.name) startswith 'Standard_N'",
}  # fmt: skip
"""Type -> which of its records are asked for."""
SUBSCRIPTIONS = (
    "resourcecontainers | where type =~ 'microsoft.resources/subscriptions'"
    " | project id, name, type, tags, properties, subscriptionId | order by id asc"
)
ASSIGNMENTS = (
    "authorizationresources | where type =~ 'microsoft.authorization/roleassignments'"
    f" | project {_LESS} | order by id asc"
)
DEFINITIONS = (
    "authorizationresources | where type =~ 'microsoft.authorization/roledefinitions'"
    f" | project {_LESS} | order by id asc"
)


KEYLESS_STORAGE = (
    "resources | where type =~ 'microsoft.storage/storageaccounts'"
    " | where tostring(properties.allowSharedKeyAccess) =~ 'false'"
    f" | project {_LESS} | order by id asc"
)


INTERFACES = (
    "resources | where type =~ 'microsoft.network/networkinterfaces'"
    " | extend machine = tolower(tostring(properties.virtualMachine.id))"
    " | join kind=inner (resources | where type =~ 'microsoft.compute/virtualmachines'"
    f" | where {FILTERS['microsoft.compute/virtualmachines']}"
    " | project machine = tolower(id)) on machine"
    f" | project {_LESS} | order by id asc"
)
"""Of the machines that are listed: of all of them there may be a hundred thousand."""


def of_types(types: Iterable[str]) -> str:
    """The question for everything of some types."""
    named = ", ".join(f"'{one.casefold()}'" for one in sorted(types))
    return f"resources | where type in~ ({named}) | project {_COLUMNS} | order by id asc"


def of_type(kind: str, condition: str = "") -> str:
    where = f" | where {condition}" if condition else ""
    return (
        f"resources | where type =~ '{kind.casefold()}'{where}"
        f" | project {_COLUMNS} | order by id asc"
    )


def ask(access: Access, query: str, subscriptions: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every row of ``query`` over ``subscriptions``. Raises the source errors; what is not whole is
    ``Unavailable``."""
    rows: list[dict[str, Any]] = []
    for first in range(0, len(subscriptions), _SUBSCRIPTIONS_AT_ONCE):
        some = subscriptions[first : first + _SUBSCRIPTIONS_AT_ONCE]
        before: set[str] = set()
        for attempt in range(_ATTEMPTS):
            found, given, total = _rows(access, query, some)
            told = {str(row["id"]).casefold() for row in found}
            # The same twice over: some are really listed more than once.
            if len(found) == total or (given == total and told == before):
                break
            before = told
            if attempt + 1 == _ATTEMPTS:
                raise Unavailable(
                    f"{operations.GRAPH} in {TENANT}: {len(found)} records of {total} were given"
                )
        rows += found
    return rows


def _rows(
    access: Access, query: str, subscriptions: tuple[str, ...]
) -> tuple[list[dict[str, Any]], int, int]:
    """Rows, each once; how many were given; how many Resource Graph says there are."""
    rows: dict[str, dict[str, Any]] = {}
    given = 0
    token, seen = "", set()
    said = f"{operations.GRAPH} in {TENANT}"
    while True:
        options: dict[str, Any] = {"$top": _PAGE, "resultFormat": "objectArray"}
        if token:
            options["$skipToken"] = token
        body = {"query": query, "subscriptions": list(subscriptions), "options": options}
        answer, headers = access.posted(
            operations.GRAPH, operations.GRAPH.partition(" ")[2], TENANT, _VERSION, body
        )
        _heed(access, headers)
        data, total = answer.get("data"), answer.get("totalRecords")
        if not isinstance(data, list) or not isinstance(total, int):
            raise Unavailable(f"{said}: the answer is malformed")
        for row in data:
            if not isinstance(row, dict) or not isinstance(row.get("id"), str):
                raise Unavailable(f"{said}: a record without an id; the answer is malformed")
            rows[row["id"].casefold()] = row
        given += len(data)
        token = answer.get("$skipToken") or ""
        if not token:
            if str(answer.get("resultTruncated", "false")).casefold() == "true" and given < total:
                raise Unavailable(f"{said}: the answer was cut off and cannot be continued")
            return list(rows.values()), given, total
        if token in seen:
            raise Unavailable(f"{said}: the source repeats a page token")
        seen.add(token)


def _heed(access: Access, headers: Mapping[str, str]) -> None:
    """How many questions are left, and when there are more
    (https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-
    requests); that subscriptions were left out for there are too many."""
    if headers.get("x-ms-tenant-subscription-limit-hit", "").casefold() == "true":
        raise Unavailable(f"{operations.GRAPH} in {TENANT}: more subscriptions than it can search")
    if headers.get("x-ms-user-quota-remaining", "").strip() == "0":
        hours, _, rest = headers.get("x-ms-user-quota-resets-after", "").partition(":")
        minutes, _, seconds = rest.partition(":")
        try:
            access.hold(float(hours) * 3600 + float(minutes) * 60 + float(seconds))
        except ValueError:
            access.hold(5.0)


@dataclass
class _Answer:
    lock: threading.Lock = field(default_factory=threading.Lock)
    rows: dict[tuple[str, str], list[dict[str, Any]]] | None = None
    error: SourceError | None = None


class Inventory:
    """Of one run: each question is asked once, when its first type is wanted."""

    def __init__(
        self, access: Access, subscriptions: tuple[str, ...], types: Iterable[str]
    ) -> None:
        self._access = access
        self._subscriptions = subscriptions
        self._types = frozenset(kind.casefold() for kind in types)
        self._answers: dict[str, _Answer] = {}
        self._lock = threading.Lock()

    def records(self, kind: str, subscription: str) -> Iterator[dict[str, Any]]:
        """Of one type (in any letter case) in one subscription."""
        kind = kind.casefold()
        if kind in FILTERS:
            query = of_type(kind, FILTERS[kind])
        else:
            query = of_types(self._types - FILTERS.keys())
        yield from self.rows(query).get((kind, subscription.casefold()), ())

    def afresh(self, kind: str, subscription: str) -> list[dict[str, Any]]:
        """The same as of now; Resource Graph itself may be minutes behind."""
        query = of_type(kind, FILTERS.get(kind.casefold(), ""))
        return ask(self._access, query, (subscription,))

    def everywhere(self, kind: str) -> Iterator[dict[str, Any]]:
        """Of one type (in small letters) in all subscriptions."""
        for (other, _), rows in self.rows(of_types(self._types - FILTERS.keys())).items():
            if other == kind:
                yield from rows

    def named(self, kind: str, name: str) -> str:
        """The id of what is called so, in whichever subscription; empty: none that is shown. Of
        kinds whose names no two things in Azure share."""
        for row in self.everywhere(kind.casefold()):
            if str(row.get("name", "")).casefold() == name.casefold():
                return str(row["id"])
        return ""

    def rows(self, query: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """(type, subscription) -> records of a question. Raises what it raised the first time."""
        with self._lock:
            answer = self._answers.setdefault(query, _Answer())
        with answer.lock:
            if answer.rows is None and answer.error is None:
                try:
                    answer.rows = _split(ask(self._access, query, self._subscriptions))
                except SourceError as error:
                    answer.error = error
        if answer.error is not None:
            raise answer.error
        return answer.rows or {}


def _split(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        key = (str(row.get("type", "")).casefold(), _subscription(row))
        found.setdefault(key, []).append(row)
    return found


def _subscription(row: Mapping[str, Any]) -> str:
    """Of its own column, or of its id."""
    told = row.get("subscriptionId")
    if isinstance(told, str) and told:
        return told.casefold()
    parts = str(row["id"]).casefold().split("/")
    return parts[2] if parts[1:2] == ["subscriptions"] and len(parts) > 2 else ""
