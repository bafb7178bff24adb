"""Read the AI registry: files that people keep, strictly, row by row.

A broken row is refused with its place and the rest is used. With a broken file nothing is said
about registration in that scan: everything would look unregistered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from scanner.model.errors import RegistryError
from scanner.model.registry import RegistryEntry
from scanner.reconcile import dating, own_table
from scanner.reconcile.decisions import Decision
from scanner.reconcile.mapped import Mapped, Row, map_records
from scanner.reconcile.sheets import TABLES, records_of
from scanner.reconcile.values import Order
from scanner.rulebook.documents import parse_yaml, read_text, typed
from scanner.rulebook.mapping import RegistryMap


@dataclass
class Reading:
    """What a registry gave: entries, and what had to be refused, each with its place."""

    entries: list[RegistryEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    files: int = 0
    """How many were read."""
    unread: str = ""
    """Why a file as a whole could not be used: what is registered is then unknown."""
    rows: list[Row] = field(default_factory=list)
    """What became of every record: none is lost without a word."""
    decisions: tuple[Decision, ...] = ()
    """What people have decided about links."""
    contradictions: list[str] = field(default_factory=list)
    """Where registries that speak of one system say different things."""

    def add(self, other: Reading) -> None:
        self.entries += other.entries
        self.problems += other.problems
        self.rows += other.rows
        self.files += other.files
        self.unread = self.unread or other.unread

    @property
    def filled(self) -> dict[str, int]:
        """Field -> how many entries state it."""
        return Mapped(entries=self.entries).filled


def read(paths: Iterable[Path], dates: Order = "") -> Reading:
    """All files as one registry. ``dates``: how days and months stand in it; empty: as each file
    shows. Raises ``RegistryError`` for a file that cannot be used."""
    reading = Reading()
    for path in paths:
        is_table = path.suffix.lower() in TABLES
        part = _made(*own_table.read(path)) if is_table else _read_document(path)
        reading.add(_dated(part, dates))
        reading.files += 1
    refuse_twins(reading)
    return reading


def _dated(part: Reading, order: Order) -> Reading:
    """An entry with a date that cannot be read is refused like any other that says what it may
    not: it would never expire."""
    kept = []
    refused: dict[str, str] = {}
    for entry, told in dating.read(part.entries, order):
        if told:
            refused[entry.source] = "; ".join(told)
        else:
            kept.append(entry)
    part.entries = kept
    part.problems += [f"{place}: {said}" for place, said in refused.items()]
    part.rows = [
        Row(row.place, "refused", notes=(refused[row.place],)) if row.place in refused else row
        for row in part.rows
    ]
    return part


def read_mapped(
    path: Path, how: RegistryMap, name: str, *, sheet: str = "", records: str = "$"
) -> Reading:
    """A file in somebody else's columns. ``name``: what this registry is called."""
    reading = of_mapped(map_records(records_of(path, sheet, records), how, name))
    reading.files = 1
    return reading


def of_mapped(mapped: Mapped) -> Reading:
    return _made(mapped.entries, mapped.rows)


def _made(entries: list[RegistryEntry], rows: list[Row]) -> Reading:
    refused = [f"{row.place}: {'; '.join(row.notes)}" for row in rows if row.verdict == "refused"]
    return Reading(entries=entries, problems=refused, rows=rows)


def refuse_twins(reading: Reading) -> None:
    """The second entry of an id is refused: which of them is meant is not ours to guess."""
    seen: dict[str, RegistryEntry] = {}
    for entry in reading.entries:
        if entry.id in seen:
            told = f"id `{entry.id}` stands already at {seen[entry.id].source}"
            reading.problems.append(f"{entry.source}: {told}")
            reading.rows = [
                Row(row.place, "refused", notes=(told,)) if row.place == entry.source else row
                for row in reading.rows
            ]
        else:
            seen[entry.id] = entry
    reading.entries = list(seen.values())


def renamed(reading: Reading) -> list[Row]:
    """The rows, under the ids by which their entries go at last."""
    ids = {place: e.id for e in reading.entries for place in e.source.split("; ")}
    return [replace(row, entry=ids.get(row.place, row.entry)) if row.entry else row
            for row in reading.rows]  # fmt: skip


def _parsed(text: str, path: Path) -> Any:
    if path.suffix.lower() != ".json":
        return parse_yaml(text, str(path), RegistryError)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RegistryError(f"{path}: not valid JSON: {error}") from error


def _read_document(path: Path) -> Reading:
    text = read_text(path, RegistryError)
    document = _parsed(text, path)
    within: tuple[str, ...] = ()
    if isinstance(document, dict) and "entries" in document:
        unknown = sorted(set(document) - {"entries", "schema"})
        if unknown:
            raise RegistryError(
                f"{path}: unknown key `{unknown[0]}` at the top; known keys: entries, schema"
            )
        document, within = document["entries"], ("entries",)
    if not isinstance(document, list):
        raise RegistryError(
            f"{path}: expected a list of entries, or `entries:` with a list below; "
            f"`shadow-ai registry init` writes one"
        )
    reading = Reading()
    for number, row in enumerate(document):
        steps = (*within, str(number))
        try:
            entry = typed(row, RegistryEntry, str(path), text, RegistryError, steps)
        except RegistryError as error:
            reading.problems.append(str(error))
            reading.rows.append(Row(f"{path}#{number + 1}", "refused", notes=(str(error),)))
            continue
        reading.entries.append(msgspec.structs.replace(entry, source=f"{path}#{number + 1}"))
        reading.rows.append(Row(f"{path}#{number + 1}", "imported", entry.id))
    return reading
