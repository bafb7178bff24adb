"""Audit events in files: what GitLab streams (JSON lines), the table that its page exports, pages
of the API, bare or wrapped by a SIEM.

https://docs.gitlab.com/user/compliance/audit_event_schema/ (streamed),
https://docs.gitlab.com/administration/compliance/audit_event_reports/ (the table)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.gitlab.records import event_of
from scanner.kit.clocks import Clock
from scanner.kit.counted import Counted
from scanner.kit.envelopes import unwrapped
from scanner.kit.forge.details import Where
from scanner.kit.forge.events import Rows, Totals
from scanner.kit.forge.owner import account_id, account_of
from scanner.kit.overlooked import Overlooked
from scanner.kit.records import column, has_columns, read_records
from scanner.kit.values import mapping, text
from scanner.model.errors import SourceError
from scanner.model.items import Gap, Item

_TABLE = ("ID", "Author ID", "Entity Path", "Action", "Target Details")
_DETAILS = {
    "author_name": "Author Name", "entity_path": "Entity Path", "target_id": "Target ID",
    "target_type": "Target Type", "target_details": "Target Details", "custom_message": "Action",
}  # fmt: skip
"""Field of an event's details -> column of the table."""
_SOURCE = "gitlab"


def read_file(
    path: Path, name: str, where: Where, now: datetime, counted: Counted, overlooked: Overlooked
) -> Iterator[Item]:
    """The events of one file, each once, in the group that they are of. ``where``: of those that
    name none; ``counted``: what other readings have counted. A record that is none is a gap; a
    damaged file gives what was before the damage, then the source error."""
    clock = Clock(now)
    totals, groups, odd = Totals(Rows(where, clock), counted), dict[str, Where](), list[int]()
    trouble: SourceError | None = None
    try:
        for number, record in read_records(path, name, "`audit_files`"):
            found = as_event(unwrapped(record, _is_event, source=_SOURCE) or {})
            inside = _inside(where, found, groups)
            for event in event_of(inside, found, overlooked):
                if event is None:
                    odd.append(number)
                else:
                    totals.add(replace(event, account=inside.account))
    except SourceError as error:
        trouble = error
    for one in groups.values():
        above = one.name.rpartition("/")[0]
        yield account_of(one, "group", "audit events", parent=above)
    yield from counted.of_part(totals.rows.found.values())
    yield counted.remembered(is_whole=trouble is None)
    if odd:
        yield Gap(what=f"{name}:{odd[0]}", reason=f"{len(odd)} records are no audit events")
    yield from overlooked.gap(name)
    yield from clock.gaps(name)
    if trouble is not None:
        raise trouble


def _is_event(record: Mapping[str, Any]) -> bool:
    is_streamed = {"id", "entity_id", "details"} <= record.keys() and "created_at" in record
    return is_streamed or has_columns(record, _TABLE)


def as_event(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of the table as the API has it."""
    if not has_columns(record, _TABLE):
        return record
    return {
        "id": column(record, "ID"),
        "author_id": column(record, "Author ID"),
        "entity_id": column(record, "Entity ID"),
        "entity_type": column(record, "Entity Type"),
        "created_at": column(record, "Created At (UTC)", "Created At"),
        "details": {field: column(record, name) for field, name in _DETAILS.items()},
    }


def _inside(where: Where, event: Mapping[str, Any], groups: dict[str, Where]) -> Where:
    """The group that it is of; of a project, the one that it is in."""
    details = mapping(event.get("details"))
    place = text(details.get("entity_path")) or text(event.get("entity_path"))
    kind = text(event.get("entity_type")).casefold()
    name = place if kind == "group" else place.rpartition("/")[0] if kind == "project" else ""
    if not name:
        return where
    known = groups.get(name.casefold())
    if known is None:
        account = account_id(_SOURCE, where.host, name)
        known = replace(where, subject=account, account=account, name=name)
        groups[name.casefold()] = known
    return known
