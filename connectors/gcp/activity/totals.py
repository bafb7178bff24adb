"""Entries -> one row for each actor, thing, method and way of use: counted, first and last.

Never a row an entry. What was refused is told apart from what was served, and makes nobody a user.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.gcp.activity import things
from connectors.gcp.activity.services import is_use, outcome
from connectors.gcp.activity.things import Place
from connectors.gcp.activity.ways import way
from connectors.gcp.hierarchy import project_id
from connectors.gcp.principals import actor_of
from scanner.kit.tables import first_text, values
from scanner.model.facts import Asset, Identity
from scanner.model.items import Activity, Gap, Item

_MOST_ROWS = 50_000
Key = tuple[str, str, str, str, str]
"""Rule, status, actor, thing, way."""


@dataclass
class _Row:
    thing: Asset
    actor: Identity | None
    relation: str
    count: int = 0
    first: str = ""
    last: str = ""


@dataclass
class Totals:
    """Of one project's log."""

    place: Place
    rows: dict[Key, _Row] = field(default_factory=dict)
    odd: int = 0
    """Entries that are none."""
    dropped: int = 0
    """Entries that no row was left for."""

    def add(self, entry: Any) -> None:
        payload: Any = next(values(entry, "protoPayload"), None)
        at = first_text(entry, "timestamp")
        service = first_text(payload, "serviceName")
        method = first_text(payload, "methodName")
        if not (at and service and method):
            self.odd += 1
            return
        if not is_use(service, method):
            return
        thing = things.of_entry(payload, service, self.place)
        actor = actor_of(payload)
        relation, status = outcome(first_text(payload, "status.code"))
        rule = f"{service.partition('.')[0]}:{method.rpartition('.')[2]}"
        key = (rule, status, actor.id if actor else "", thing.id, way(payload))
        row = self.rows.get(key)
        if row is None:
            if len(self.rows) >= _MOST_ROWS:
                self.dropped += 1
                return
            row = self.rows[key] = _Row(thing, actor, relation)
        row.count += 1
        row.first = min(filter(None, (row.first, at)))
        row.last = max(row.last, at)

    def drain(self, what: str) -> Iterator[Item]:
        """Everything since the last time, in a fixed order; ``what``: how gaps call the source."""
        for (rule, status, _, _, how), row in sorted(self.rows.items()):
            yield Activity(
                rule=f"{rule} {status.partition(':')[0]}".strip(),
                actor=row.actor,
                account=row.thing.account or project_id(self.place.project),
                app_id=row.thing.id,
                label=row.thing.name,
                relation=row.relation,
                count=row.count,
                first_at=row.first,
                last_at=row.last,
                resource=row.thing.id,
                status=status,
                thing=row.thing,
                where=how,
            )
        if self.odd:
            yield Gap(what=what, reason=f"{self.odd} entries are none that can be understood")
        if self.dropped:
            yield Gap(what=what, reason=f"{self.dropped} entries of more than {_MOST_ROWS} actors "
                      "and things were left out")  # fmt: skip
        self.rows, self.odd, self.dropped = {}, 0, 0
