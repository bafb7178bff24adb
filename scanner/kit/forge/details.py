"""What a forge's API tells beside the code: tables of lists, and what a record of each means.

A connector writes one :class:`Detail` a list; what may not be read becomes a gap with the
permission to grant, and the rest is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from scanner.kit.contract import Examine, Operation
from scanner.kit.http import Missing
from scanner.model.base import NodeId
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled
from scanner.model.evidence import Evidence
from scanner.model.items import Gap, Item


@dataclass(frozen=True)
class Where:
    """What a detail is read of: a repository, or the account of an owner."""

    source: str
    """Connector name."""
    host: str
    subject: NodeId
    """The node that holds what is found."""
    account: NodeId
    """Of the owner: the subject itself, where that is one."""
    name: str
    """Of the subject, for people."""
    path: Mapping[str, str]
    """Values for the holes of an operation's path."""
    examine: Examine
    """Of the context: whether a name speaks of AI is for the detector to say."""

    def evidence(self, operation: str) -> Evidence:
        return Evidence(rule=operation, source=self.source, resource=self.subject)


Record = Mapping[str, Any]


@dataclass(frozen=True)
class Detail:
    """One list, and what a record of it means."""

    operation: str
    """Id of a declared operation."""
    make: Callable[[Where, Record], Iterable[Item]]
    params: Mapping[str, str] = field(default_factory=dict)
    style: str = ""
    """How the list is paged, where a connector knows several ways."""
    is_feature: bool = False
    """A 404 means that the feature is not there (an edition, a version, switched off): no gap."""


def filled(operation: str, path: Mapping[str, str]) -> str:
    """``GET /projects/{id}/hooks`` -> ``/projects/acme%2Fapp/hooks``."""
    template = operation.partition(" ")[2]
    for name, value in path.items():
        template = template.replace("{" + name + "}", quote(value, safe=""))
    return template


def read_details(
    details: Iterable[Detail],
    where: Where,
    read: Callable[[Detail, Where], Iterator[Any]],
    operations: Iterable[Operation],
) -> Iterator[Item]:
    """Items of every detail. Raises when not one could be read, and ``Throttled`` at once."""
    asked = list(details)
    known = {operation.id: operation for operation in operations}
    troubles: list[tuple[Operation, SourceError]] = []
    for detail in asked:
        odd = 0
        try:
            for record in read(detail, where):
                if isinstance(record, Mapping):
                    yield from detail.make(where, record)
                else:
                    odd += 1
        except Throttled:
            raise
        except Missing as error:
            if not detail.is_feature:
                troubles.append((known[detail.operation], error))
        except SourceError as error:
            troubles.append((known[detail.operation], error))
        if odd:
            yield Gap(what=f"{detail.operation} of {where.name}", reason=f"{odd} odd records")
    if troubles and len(troubles) == len(asked):
        raise next((e for _, e in troubles if isinstance(e, Denied)), troubles[0][1])
    yield from told(troubles, where.name)


def told(troubles: Iterable[tuple[Operation, SourceError]], name: str) -> Iterator[Gap]:
    """Gaps, with what to grant."""
    for operation, error in troubles:
        is_denied = isinstance(error, Denied)
        if isinstance(error, NotEnabled) or (is_denied and operation.is_optional):
            continue
        grant = f"; grant {operation.permission}" if is_denied else ""
        yield Gap(what=f"{operation.id} of {name}", reason=f"{error}{grant}", denied=is_denied)
