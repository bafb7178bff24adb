"""Exported files: JSON arrays and lines, gz too, bare or wrapped by a SIEM or an event bus."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from connectors.okta.events import Aggregate, mark_of, org
from scanner.kit.exports import document, first_line, is_document, lines, opened
from scanner.kit.values import loose_json
from scanner.model.errors import Denied, Unavailable
from scanner.model.items import Gap, Item


def read_file(path: Path, name: str, host: str) -> Iterator[Item]:
    """The events of one file of the organization ``host``, each once. A line that is none is a
    gap; a damaged file gives what was before the damage, then ``Unavailable``."""
    found = Aggregate(host)
    known: set[str] = set()
    try:
        with opened(path) as stream:
            for number, record in _records(stream):
                event = _unwrapped(record)
                if event is None:
                    yield Gap(what=f"{name}:{number}", reason="not an Okta System Log event")
                elif (mark := mark_of(event)) not in known:
                    known.add(mark)
                    found.add(event)
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check `files` in [sources.okta]") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except (OSError, EOFError, zlib.error) as error:
        yield org(host)
        yield from found.activities()
        raise Unavailable(f"{name}: {error}; the file is damaged or cut short") from error
    if found.unreadable:
        yield Gap(what=name, reason=f"{found.unreadable} events name no application")
    yield org(host)
    yield from found.activities()


def _records(stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Line number and record; None for what is no JSON. A whole-file array is one document."""
    number, line = first_line(stream)
    if is_document(line):
        yield from _document(document(line, stream))
        return
    for at, text in lines(number, line, stream):
        yield at, loose_json(text)


def _document(data: bytes) -> Iterator[tuple[int, Any]]:
    whole = loose_json(data)
    if isinstance(whole, Mapping) and _unwrapped(whole) is None:
        whole = next((v for v in whole.values() if isinstance(v, list)), None)
    if whole is None:
        yield 1, None
    for number, record in enumerate(whole if isinstance(whole, list) else [whole], start=1):
        if record is not None:
            yield number, record


def _unwrapped(record: Any, depth: int = 3) -> Mapping[str, Any] | None:
    """The event inside whatever a SIEM or event bus put around it."""
    if isinstance(record, str):
        record = loose_json(record.encode())
    if not isinstance(record, Mapping):
        return None
    if "eventType" in record or {"actor", "published"} <= record.keys():
        return record
    if depth:
        for name in ("event", "detail", "_raw", "message", "data", "log"):
            if name in record:
                inner = _unwrapped(record[name], depth - 1)
                if inner is not None:
                    return inner
    return None
