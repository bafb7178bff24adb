"""Exported files: JSON arrays, pages and lines, CSV, gz too, bare or as a SIEM, a warehouse or an
event bus writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.okta import reports
from connectors.okta.events import TYPES, Aggregate, mark_of, org
from scanner.kit.clocks import Clock
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.envelopes import unwrapped
from scanner.kit.folding import Fold
from scanner.kit.overlooked import Overlooked
from scanner.kit.records import read_records
from scanner.kit.spelling import Spelling
from scanner.kit.values import stamp
from scanner.model.errors import SourceError
from scanner.model.items import Gap, Item

_PARTY = ("id", "type", "alternateId", "displayName")
SPELLING = Spelling(
    (
        "uuid", "published", "eventType", "outcome", "outcome.result", "actor", "target",
        "debugContext", "debugContext.debugData",
        *(f"debugContext.debugData.{one}"
          for one in ("clientId", "grantedScopes", "requestedScopes", "grantType")),
        *(f"actor.{one}" for one in _PARTY),
        *(f"target.{at}.{one}" for at in range(6) for one in _PARTY),
    ),
    also={"timestamp": "published", **{f"target{one}": f"target.0.{one}" for one in _PARTY}},
)  # fmt: skip


def read_file(
    path: Path, name: str, host: str, now: datetime, counted: Counted,
    ctx: Context[Any] | None = None,
) -> Iterator[Item]:  # fmt: skip
    """The events of one file of the organization ``host``, each once. A line that is none is a
    gap; a damaged file gives what was before the damage, then ``Unavailable``. ``now``: of the
    scan; ``counted``: what other readings have counted; ``ctx``: for events that tell nothing."""
    clock = Clock(now)
    fold = Fold(clock=clock)
    found = Aggregate(host, clock=clock, overlooked=Overlooked(ctx))
    trouble: SourceError | None = None
    try:
        for number, record in read_records(path, name, "`files` in [sources.okta]"):
            event = unwrapped(record, _is_event, spelling=SPELLING)
            told = None
            if event is None and reports.is_row(record):
                told = reports.row(record, host)
            if told is not None:
                if not counted.is_repeated(told[0]):
                    for one in told[2]:
                        fold.add(one)
                continue
            if event is None:
                yield Gap(what=f"{name}:{number}", reason="not an Okta System Log event")
                continue
            ident, at = mark_of(event), stamp(event.get("published"))
            if not counted.is_repeated(ident) and not (
                event["eventType"] in TYPES and counted.is_elsewhere(ident, at)
            ):
                found.add(event, f":{number}", count=0 if counted.is_left(ident, at) else 1)
    except SourceError as error:
        trouble = error
    yield from found.overlooked.gap(name)
    if trouble is None or found.rows or fold.rows:
        yield org(host)
    yield from counted.of_part((*found.rows.values(), *fold.take()))
    yield counted.remembered(is_whole=trouble is None)
    yield from clock.gaps(name)
    if trouble is not None:
        raise trouble


def _is_event(record: Mapping[str, Any]) -> bool:
    """What has no type would be left as an event that tells of nothing."""
    return isinstance(record.get("eventType"), str)
