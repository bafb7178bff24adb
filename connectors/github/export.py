"""Audit events in files: what the log's streaming writes (JSON lines, gz), and the export of its
page (a JSON array, or CSV), bare or wrapped by a SIEM or an event bus; and tables of Copilot."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from connectors.github import reports
from connectors.github.audit import reader_of
from connectors.github.webhooks import as_event, is_delivery
from scanner.kit import envelopes
from scanner.kit.clocks import Clock
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.exports import document, first_line, goes_on, is_document, lines, opened, sound
from scanner.kit.folding import Fold
from scanner.kit.forge.details import Where
from scanner.kit.forge.events import Rows, Totals
from scanner.kit.json_stream import Broken, Window
from scanner.kit.json_stream import records as elements_of
from scanner.model.errors import Denied, Unavailable
from scanner.model.items import Gap, Item

EXPORTS = (
    "the audit log (JSON, CSV)",
    "Copilot's activity report of seats",
    "usage reports: detailed metered usage, premium requests",
)
"""What GitHub's own pages export, for people."""


def read_file(
    path: Path, name: str, where: Where, now: datetime, counted: Counted,
    ctx: Context[Any] | None = None,
) -> Iterator[Item]:  # fmt: skip
    """The events of one file, each once. ``now``: of the scan; ``counted``: what other readings
    have counted. A record that is none is a gap; a damaged file gives what was before the damage,
    then ``Unavailable``."""
    clock = Clock(now)
    fold = Fold(clock=clock)
    reader, totals = reader_of(where, ctx), Totals(Rows(where, clock), counted)
    odd: list[int] = []
    trouble: Exception | None = None
    try:
        with opened(path) as stream:
            for number, record in _records(stream):
                if reports.is_report(record):
                    found = reports.told(record, reader.of(reports.organization(record)))
                    if found is None:
                        odd.append(number)
                        continue
                    for one in reader.overlooked.told(found, counted, f":{number}"):
                        fold.add(one)
                    continue
                inner = unwrapped(record)
                event = reader.event(inner)
                if event is None:
                    odd.append(number)
                elif totals.add(event, partial(reader.again, event, inner, f":{number}")):
                    reader.overlooked.without_time(f":{number}")
            sound(stream)
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check `audit_files`") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except (OSError, EOFError, zlib.error, csv.Error, Broken) as error:
        trouble = error
    yield from reader.slots
    yield from counted.of_part((*totals.rows.found.values(), *fold.take()))
    yield counted.remembered(is_whole=trouble is None)
    if odd:
        yield Gap(what=f"{name}:{odd[0]}", reason=f"{len(odd)} records are no audit events")
    yield from reader.overlooked.gap(name)
    yield from clock.gaps(name)
    if trouble is not None:
        raise Unavailable(f"{name}: {trouble}; the file is damaged or cut short") from trouble


def _records(stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Line number and record. A file that begins with a bracket is one document; one that begins
    with neither bracket nor brace has CSV's names of columns in its first line."""
    number, line = first_line(stream)
    if is_document(line):
        yield from _document(line, stream)
        return
    is_quoted = line.startswith(b'"') and b'","' in line
    if line and (line.lstrip()[:1] not in (b"{", b'"') or is_quoted):
        yield from _table(line, stream)
        return
    is_one, more = goes_on(line, stream)
    if is_one:
        yield from _document(line + more, stream)
        return
    for at, text in lines(number, line, stream, more):
        for found in envelopes.values_of(text):
            is_page = _has_lists(found) and not unwrapped(found)
            yield from ((at, one) for one in (_listed(found) or [found] if is_page else [found]))


def _table(header: bytes, stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
    names = next(csv.reader([header.decode("utf-8", "replace")]), [])
    for number, row in enumerate(csv.reader(text), start=2):
        if row:
            yield number, {k: _typed(v) for k, v in zip(names, row, strict=False) if v}


def _typed(value: str) -> Any:
    """Times are epoch milliseconds there, too."""
    return int(value) if value.isdigit() and len(value) == 13 else value


def _document(line: bytes, stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    data, is_whole = document(line, stream)
    whole = _decoded(data) if is_whole else None
    if whole is None:
        found: Any = elements_of(Window(data, stream), lambda name, is_first: is_first)
    elif isinstance(whole, Mapping) and not unwrapped(whole):
        found = _listed(whole)
    else:
        found = whole if isinstance(whole, list) else [whole]
    yield from enumerate(found, start=1)


def _has_lists(found: Any) -> bool:
    """Whether it may be a page: most lines need not be looked into for that."""
    return isinstance(found, Mapping) and any(isinstance(one, list) for one in found.values())


def _listed(page: Mapping[str, Any]) -> list[Any]:
    """Of every list of a page; of those that hold objects, where any does."""
    lists = [value for value in page.values() if isinstance(value, list)]
    objects = [one for one in lists if any(isinstance(each, Mapping) for each in one)]
    return [each for one in objects or lists for each in one] if lists else [page]


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def unwrapped(record: Any) -> Mapping[str, Any]:
    """The event inside whatever was put around it; empty where there is none."""
    found = envelopes.unwrapped(record, _is_known, source="github")
    if found is None:
        return {}
    return found if _is_event(found) else as_event(found)


def _is_event(record: Mapping[str, Any]) -> bool:
    return "action" in record and ("actor" in record or "@timestamp" in record or "org" in record)


def _is_known(record: Mapping[str, Any]) -> bool:
    return _is_event(record) or is_delivery(record)
