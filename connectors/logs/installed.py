"""Inventories of devices: which files are such, and what one of their records tells of.

Owns ``inventories.yaml``. Whether a thing is AI is the caller's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from connectors.logs.flat import flattened
from connectors.logs.networks import NAMES
from connectors.logs.pieces import split
from connectors.logs.times import moment
from scanner.kit.values import items, mapping
from scanner.model.base import Model
from scanner.model.errors import Unavailable

FIELDS = frozenset({
    "extension", "bundle", "program", "name", "publisher", "device", "devices", "user", "email",
    "time", "version", "ended", "count", "table",
})  # fmt: skip
MOST_DOCUMENT = 16 << 20
"""Bytes of one JSON value that are read at once."""
_MOST_DEVICES = 2000
_NOTHING = ("", "-", "none", "null")


class InventoryFormat(Model, frozen=True, kw_only=True):
    """One entry of ``inventories.yaml``."""

    name: str
    shape: str
    head: str = ""
    needs: tuple[tuple[str, ...], ...] = ()
    each: tuple[str, ...] = ()
    mixed: bool = False
    fields: dict[str, tuple[str, ...]]
    ended: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    """Of ``table``: events in which ``program`` is what was started, and not merely mentioned."""
    reference: str = ""

    def has(self, names: frozenset[str]) -> bool:
        return all(not names.isdisjoint(some) for some in self.needs)


@dataclass(slots=True)
class Installed:
    """One thing on one device (or on ``count`` that are not named)."""

    format: str
    extension: str = ""
    bundle: str = ""
    program: str = ""
    name: str = ""
    device: str = ""
    user: str = ""
    time: str = ""
    count: int = 1
    ran: bool = False
    """It was seen to run, not merely to be there."""


@cache
def inventory_formats() -> tuple[InventoryFormat, ...]:
    """In the order of the file. Raises ``ValueError`` for a field that there is not."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load((Path(__file__).parent / "inventories.yaml").read_bytes(), loader)  # noqa: S506
    found = msgspec.convert(data["inventories"], tuple[InventoryFormat, ...])
    for one in found:
        unknown = {*one.fields} - FIELDS
        if unknown:
            raise ValueError(f"inventories.yaml: {one.name}: there is no {', '.join(unknown)}")
    return found


@cache
def _pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@dataclass
class InventoryLayout:
    """What a file is like."""

    format: InventoryFormat
    columns: tuple[str, ...] = ()
    separator: str = ","
    mark: bytes = b"\n"

    def records(self, raw: bytes) -> Iterator[Installed]:
        """What one line tells; of a document all of it."""
        text = raw.decode("utf-8", "replace").strip("\r\n")
        if self.format.shape == "table":
            values = split(text, self.separator)
            if len(values) == len(self.columns):
                yield from self._told(dict(zip(self.columns, values, strict=True)))
            return
        try:
            told = msgspec.json.decode(text[max(0, text.find("{")) :].rstrip().rstrip(",]"))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return
        if isinstance(told, dict):
            yield from self._line(told)

    def _line(self, told: dict[str, Any]) -> Iterator[Installed]:
        """osquery writes a snapshot's rows into one line."""
        rows = told.pop("snapshot", None)
        for row in items(rows) if rows is not None else (None,):
            whole = {**told, "columns": row} if row is not None else told
            flat = flattened(whole)
            if self.format.has(frozenset(flat)):
                yield from self._told(flat)

    def document(self, raw: bytes) -> Iterator[Installed]:
        """Of one JSON value. Raises ``Unavailable`` for what is none."""
        try:
            told = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unavailable(f"no JSON: {error}") from error
        above, within = self.format.each
        holders = items(told if isinstance(told, list) else mapping(told).get(above))
        for holder in holders:
            whole = mapping(holder)
            if not within:
                yield from self._told(flattened(whole))
                continue
            around = {f".{k}": v for k, v in flattened({**whole, within: None}).items()}
            for inner in items(whole.get(within)):
                yield from self._told({**flattened(mapping(inner)), **around})

    def _told(self, told: Mapping[str, Any]) -> Iterator[Installed]:
        said = {name: _first(told, paths) for name, paths in self.format.fields.items()}
        get = said.get
        if get("ended", "").lower() in self.format.ended and self.format.ended:
            return
        count = _whole(get("count", ""))
        if not count:
            return  # a list of what there is shows also what nobody has
        name, publisher = get("name", ""), get("publisher", "")
        table = get("table", "")
        extension, program = get("extension", ""), get("program", "")
        is_start = table in self.format.starts
        if self.format.starts and not is_start:
            program = ""
        if "vscode_extensions" in table:
            extension, program = (name if "." in name else f"{publisher}.{name}"), ""
        found = Installed(
            self.format.name,
            extension,
            get("bundle", ""),
            program,
            name,
            get("device", ""),
            get("email", "") or get("user", ""),
            moment(get("time", "")) if get("time", "") else "",
            count,
            is_start or "processes" in table or "process_events" in table,
        )
        devices = [one.strip() for one in get("devices", "").split(",") if one.strip()]
        if not devices or (len(devices) == 1 and devices[0].isdigit()):
            yield found
            return
        for device in devices[:_MOST_DEVICES]:
            yield replace(found, device=device, count=1)


def _first(told: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    for path in paths:
        value = told.get(path)
        if value is not None and not isinstance(value, (dict, list)):
            text = str(value).strip()
            if text.lower() not in _NOTHING:
                return text[:2048]
    return ""


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 else 1


def inventory_of(head: bytes) -> InventoryLayout | None:
    """What inventory begins with ``head``; None: none."""
    text = head[: 1 << 15].decode("utf-8", "replace").removeprefix("\ufeff")
    first = next((line for line in text.split("\n") if line.strip()), "")
    is_json = first.lstrip()[:1] in ("{", "[")
    for one in inventory_formats():
        if one.shape == "table":
            for separator in () if is_json else (",", "\t", ";"):
                names = tuple(name.strip().lower() for name in split(first, separator))
                names = tuple(name.strip('"') for name in names)
                there = frozenset(names)
                if len(names) > 2 and one.has(there) and there.isdisjoint(NAMES):
                    return InventoryLayout(one, names, separator)
        elif is_json and _pattern(one.head).search(text):
            is_line = _is_line(first)
            if one.shape == "document" or is_line:
                return InventoryLayout(one)
    return None


def _is_line(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text.strip().rstrip(",")), dict)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
