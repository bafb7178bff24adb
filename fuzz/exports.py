"""Files that a source's own console or a log store has exported: one connector reads one file.

An input is the connector's name, a NUL, and the file. The samples are the records of the tests'
organizations (``tests/connectors/<name>/world.py``), their events (``odd_events``) and what their
consoles export (``test_three_shapes``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from scanner.collect import loader
from scanner.model.items import Item

_FILES = {"dify": "export.yml"}
"""What a source's file is called, where its name tells what it is."""
_NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@cache
def names() -> tuple[str, ...]:
    from tests.connectors.odd_events import ODD
    from tests.saas_rig.cases import all_cases

    return tuple(sorted({*ODD, *(name for name, case in all_cases().items() if case.records)}))


def read(name: str, text: bytes) -> list[Item]:
    """What the file tells. Raises ``SourceError``."""
    with tempfile.TemporaryDirectory() as folder:
        file = _FILES.get(name, "export.jsonl")
        (Path(folder) / file).write_bytes(text)
        ctx = _context(name, Path(folder), file)
        connector = loader.load(name)
        return [item for shard in connector.shards(ctx)
                for item in connector.collect(ctx, shard, None)]  # fmt: skip


def _context(name: str, folder: Path, file: str) -> Any:
    from tests.connectors.odd_events import ODD, reading
    from tests.saas_rig.cases import all_cases

    if name not in ODD:
        case = all_cases()[name]
        return case.context("https://v.example", live=False, files=(file,), folder=folder)
    return reading(name, folder, file, now=lambda: _NOW)


def exported(data: bytes) -> None:
    """What it tells can be stored and sent."""
    name, _, text = data.partition(b"\0")
    if (known := name.decode("utf-8", "replace")) in names():
        for item in read(known, text):
            msgspec.json.encode(item, enc_hook=repr)


def records(name: str) -> list[Any]:
    from tests.connectors.odd_events import ODD, kind_of
    from tests.saas_rig.cases import all_cases

    found = list(case.records) if (case := all_cases().get(name)) else []
    if name in ODD:
        odd = ODD[name]
        found += [odd.made(kind_of(name, "bundle", "frobbed"), "ChatGPT"), odd.known]
    return [one for one in found if one is not None]


def samples() -> Iterator[bytes]:
    for name in names():
        lines = (json.dumps(one).encode("utf-8", "surrogatepass") for one in records(name))
        yield name.encode() + b"\0" + b"\n".join(lines) + b"\n"
    yield from (f"{name}\0{text}".encode() for name, text in _consoles() if name in names())


def _consoles() -> Iterator[tuple[str, str]]:
    from tests.connectors.test_three_shapes import CONSOLES

    return ((name, text) for name, (_, text) in CONSOLES.items())
