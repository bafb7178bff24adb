"""One line of a log -> who asked whom for what.

Owns telling a line's format and taking it apart. Knows no catalogue: whether a host is AI is the
caller's business. What no format fits is searched for hosts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.logs.flat import by_plugin, decoded, decoded_bytes, flattened, rows_within
from connectors.logs.formats import Format, known_names, of_shape, pattern
from connectors.logs.otlp import batch, spans
from connectors.logs.pieces import (
    begins_with_json,
    begins_with_pairs,
    pairs,
    palo_alto,
    split,
)
from connectors.logs.records import Record, Taker, number, of_expression
from connectors.logs.times import is_day_first, leading

_MOST_LAYOUTS = 400
_MOST_COLUMNS = 240
"""Of a table without a header, to which newer versions add columns behind those that are known."""
_MOST_TEXT = 8192
"""Characters of a line that an expression is tried on."""
_WRAPPED = ("message", "_raw", "event.original", "log", "rawlog", "msg", "properties.msg")
"""Where collectors put a line that they have not taken apart."""
_MOST_WRAPS = 3
_SEPARATORS = ("\t", ",", ";", "|", "w3c")
"""Of a table whose columns are named by who reads it; the last one: spaces."""
_NOT_READ = "-"
_WHERE = ("host", "url", "dst", "app", "provider")
"""Fields of which one tells whom was asked."""
_HOST = re.compile(
    r"(?:(?:https?|wss?)://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(?=[a-z0-9])){1,12}+"
    r"[a-z][a-z0-9-]{1,62}+(?!\.[\w-])|(?<=//)[a-z0-9.\[\]:-]+)\.?(?::(\d{1,5}))?"
    r"(/[^\s\"'<>?#]*)?", re.I)  # fmt: skip
"""A name may end with the root's dot, as name servers write it."""
_MOST_NAMED = 4096
"""Records of one line whose names are kept until it is done."""


class Named(NamedTuple):
    """``names`` and values of a record, dotted and in lower case; ``record``: who and when;
    ``told``: what was made of it, other than ``record`` where a line was wrapped in it; ``text``:
    of a line whose pairs have other words around them."""

    record: Record
    names: Mapping[str, Any]
    told: tuple[Record, ...]
    text: str = ""


@dataclass
class Layout:
    """What is known of a file so far: names of its columns. ``day``: of its last change, as
    20261231, for lines that tell no year."""

    day: int = 0
    day_first: bool = False
    """Of its dates with slashes."""
    columns: tuple[str, ...] = ()
    separator: str = ""
    forced: str = ""
    """Name of the only format that is tried; empty: whatever fits."""
    given: tuple[str, ...] = ()
    """Names of the columns of a table that has no header, as :func:`named_columns` made them."""
    unknown: int = 0
    """Lines that no format fits."""
    named: list[Named] = field(default_factory=list)
    """Of the last line: what its records were read from, as far as it has names."""
    _fitting: dict[tuple[str, ...], Taker | None] = field(default_factory=dict)
    """Names of a line, behind its shape -> what reads it: lines of one log have the same."""
    _taker: Taker | None = None
    """Of whole rows, as long as they have the columns ``_taken``."""
    _taken: tuple[str, ...] | None = None
    _text: Format | None = None
    """What the last plain line was; the next one is most likely the same."""

    def begin(self, head: bytes) -> None:
        """The first lines of a file name its columns, if anything does."""
        self.day_first = is_day_first(head, self.day)
        lines = head.split(b"\n")[:64]
        self._begin(lines)
        if self.given and not self.columns:
            self._take_given(lines)

    def _begin(self, lines: list[bytes]) -> None:
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r").lstrip("\0").removeprefix("\ufeff")
            if line.startswith("#"):
                self.header(line)
            elif line.strip():
                if not self.columns:
                    self._first(line.lstrip(" "))
                return

    @property
    def named_by(self) -> tuple[str, ...]:
        """Separator and names of the columns, as :meth:`name` takes them."""
        return (self.separator, *self.columns)

    def name(self, columns: tuple[str, ...]) -> None:
        """The columns are those from here on."""
        self.separator, self.columns = columns[0], columns[1:]

    @property
    def is_unmarked(self) -> bool:
        """Whether the lines of a table name models and no hosts: nothing in them can be looked
        for."""
        there = frozenset(self.columns)
        fitting = (one for one in of_shape("columns") if self._wants(one) and one.fits(there))
        found = next(fitting, None) if there else None
        return found is not None and bool(found.marks)

    def header(self, line: str) -> None:
        """``#Fields:`` of the W3C's logs and ``#fields`` of Zeek's; may stand anywhere."""
        lowered = line[:9].lower()
        if lowered.startswith("#fields:"):
            self.columns, self.separator = tuple(line[8:].lower().split()), "w3c"
        elif lowered.startswith("#fields"):
            self.columns, self.separator = tuple(line[7:].strip("\t ").lower().split("\t")), "\t"

    def _first(self, line: str) -> None:
        for separator in (",", "\t", ";"):
            names = [name.strip().lower() for name in split(line, separator)]
            if len(names) < 2:
                continue
            known = sum(name in known_names() for name in names)
            if known >= 2 and known * 3 >= len(names) and not any(name.isdigit() for name in names):
                self.columns, self.separator = tuple(names), separator
                return
        for one in of_shape("columns") if not self.given else ():
            if one.first and (hit := pattern(one.first).match(line)) is not None:
                names = [name.lower() for name in one.columns]
                more = [f"column {number}" for number in range(len(names), _MOST_COLUMNS)]
                is_spaced = hit.groupdict().get("separator") == " "
                self.columns, self.separator = (*names, *more), "w3c" if is_spaced else ","

    def _take_given(self, lines: list[bytes]) -> None:
        """The names that were given, where a line has as many values between separators."""
        most = len(self.given)
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r")
            for separator in _SEPARATORS if line.strip() and line.lstrip()[:1] != "{" else ():
                if most <= len(split(line, separator)) <= most + 2:
                    self.columns, self.separator = self.given, separator
                    return

    def records(self, raw: bytes) -> list[Record]:
        """Usually one. An empty list: nothing of a line could be understood."""
        self.named = []
        return self._of_line(raw)

    def text(self, raw: bytes) -> list[Record]:
        """Of what is no line of its format: the hosts in it."""
        self.named = []
        self.unknown += 1
        return list(hosts_in(raw.decode("utf-8", "replace")))

    def _of_line(self, raw: bytes) -> list[Record]:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        text = line.lstrip("\ufeff \t")
        if text.startswith("#"):
            self.header(text)
            return []
        found: list[Record] = []
        if "{" in text[:400] and "}" in text[-40:]:
            is_own = text[0] in "{[" or begins_with_json(text) or not self._is_sentence(text)
            found = self._json(text) if is_own else []
        if not found and self.columns and not text.startswith("{"):
            found = self._of_columns(text)
        if not found:
            found = self._of_text(text)
        if not found:
            self.unknown += 1
            found = list(hosts_in(text))
        return found

    def long(self, raw: bytes) -> list[Record]:
        """Of a line that is too long for expressions: JSON, or nothing."""
        self.named = []
        if b"{" not in raw[:400] or b"}" not in raw[-40:]:
            return []
        told = batch(raw) if b'"resourceSpans"' in raw[:4096] else None
        return self._of_value(told if told is not None else decoded_bytes(raw), "")

    def _json(self, text: str) -> list[Record]:
        return self._of_value(decoded(text), text)

    def _of_value(self, told: Any, text: str, depth: int = 0) -> list[Record]:
        """Of a record, or of what holds some."""
        if isinstance(told, list):
            rows = told if depth < _MOST_WRAPS else []
            return [one for row in rows for one in self._of_value(row, "", depth + 1)]
        if not isinstance(told, dict):
            return []
        if "resourceSpans" in told:
            return [Record("otlp", **one) for one in spans(told)]
        if isinstance(told.get("ai"), dict):
            return [record for one in by_plugin(told) for record in self._object(one, text, depth)]
        return self._object(told, text, depth)

    def _object(self, told: dict[str, Any], text: str, depth: int) -> list[Record]:
        flat = flattened(told)
        fitting = self._of_names(flat, "json")
        if fitting is None:
            return []
        record = fitting.record(flat, self.day, day_first=self.day_first)
        if fitting.format.name == "json" and not (record.host or record.provider):
            name = next(wraps(flat), "")
            if name and flat[name] != text and depth < _MOST_WRAPS:
                unknown, wrapped = self.unknown, self._of_line(flat[name].encode(errors="replace"))
                if any(one.format != "text" for one in wrapped):
                    for one in wrapped:
                        one.time = one.time or record.time
                    self._name(record, {**flat, name: None}, *wrapped)
                    return wrapped
                self.unknown = unknown
        if fitting.format.name == "json" and depth < _MOST_WRAPS:
            for rows in rows_within(told):
                found = self._of_value(rows, "", depth + 1)
                if any(one.host or one.provider for one in found):
                    return found
        return self._name(record, flat, record)

    def _name(
        self, record: Record, names: Mapping[str, Any], *told: Record, text: str = ""
    ) -> list[Record]:
        if len(self.named) < _MOST_NAMED:
            self.named.append(Named(record, names, told, text))
        return list(told)

    def _of_names(self, told: Mapping[str, Any], shape: str) -> Taker | None:
        key = (shape, *told)
        if key not in self._fitting:
            names = frozenset(told)
            fitting = (one for one in of_shape(shape) if self._wants(one) and one.fits(names))
            found = next(fitting, None)
            if len(self._fitting) > _MOST_LAYOUTS:
                self._fitting.clear()
            self._fitting[key] = Taker(found, names) if found is not None else None
        return self._fitting[key]

    def _wants(self, one: Format) -> bool:
        return not self.forced or one.name == self.forced

    def _of_columns(self, text: str) -> list[Record]:
        values = split(text, self.separator)
        if len(values) < min(3, len(self.columns)) or len(values) > len(self.columns) + 2:
            return []
        if values[0].lower() == self.columns[0] and values[-1].strip().lower() == self.columns[-1]:
            return [Record("table")]  # the header
        row = dict(zip(self.columns, values, strict=False))
        fitting = self._taker if len(row) == len(self.columns) else None
        if fitting is None or self._taken is not self.columns:
            fitting = self._of_names(row, "columns")
            if len(row) == len(self.columns):
                self._taker, self._taken = fitting, self.columns
        if fitting is None:
            return []
        record = fitting.record(row, self.day, day_first=self.day_first)
        return self._name(record, row, record)

    def _of_text(self, text: str) -> list[Record]:
        if self._text is not None:
            found = self._matched(self._text, text)
            if found:
                return found
        silent: Record | None = None
        # First what is exact from the beginning: pairs may stand in a text that a stranger chose.
        for one in of_shape("text"):
            if self._wants(one):
                found = self._matched(one, text)
                if found:
                    self._text = one
                    return found
        paired = pairs(text) if text.count("=") + text.count(':"') > 2 else {}
        is_own = "cef" in paired or "leef" in paired or begins_with_pairs(text)
        if paired and not is_own and self._is_sentence(text):
            paired = {}
        if len(paired) >= 4 or "cef" in paired or "leef" in paired:
            names = frozenset(paired)
            for one in of_shape("pairs"):
                if self._wants(one) and one.fits(names):
                    record = Taker(one, names).record(paired, self.day, day_first=self.day_first)
                    record.time = record.time or leading(text, self.day)
                    if record.host or record.provider:
                        return self._name(record, paired, record, text=text)
                    silent = silent or record
        placed = palo_alto(text) if ",T" in text else None
        if placed is not None:
            one = next(one for one in of_shape("columns") if one.name == placed[0])
            return (
                [Taker(one, placed[1]).record(placed[1], self.day, day_first=self.day_first)]
                if self._wants(one)
                else []
            )
        return [] if silent is None else self._name(silent, paired, silent, text=text)

    def _is_sentence(self, text: str) -> bool:
        """Of a line that does not begin with fields: what a program says at a time (``sshd``:
        Invalid user ...). Fields in it may be a name that a stranger chose."""
        return bool(leading(text, self.day))

    def _matched(self, one: Format, text: str) -> list[Record]:
        if len(text) > _MOST_TEXT or not any(piece in text for piece in one.if_any):
            return []
        found = of_expression(one.name).taken(text, self.day, day_first=self.day_first)
        return [found] if found is not None else []


def named_columns(names: Iterable[str], forced: str = "") -> tuple[str, ...]:
    """Names for the columns of a table that has no header; ``-`` for one that is not read.
    ``forced``: name of the only format. Raises ``ValueError`` for names that nothing is read by."""
    found = [name.strip().lower() for name in names]
    read = [name for name in found if name != _NOT_READ]
    strange = sorted({name for name in read if name not in known_names()})
    if strange:
        raise ValueError(
            f"`columns`: no format of logs knows {', '.join(map(repr, strange))}; write names such "
            f"as time, user, src, url, bytes_out, and '{_NOT_READ}' for a column that is not read"
        )
    twice = sorted({name for name in read if read.count(name) > 1})
    if twice:
        raise ValueError(f"`columns`: {', '.join(twice)} is there more than once")
    taken = next(
        (one for one in of_shape("columns") if forced in ("", one.name) and one.fits(read)), None
    )
    if taken is None:
        raise ValueError(f"`columns`: a table of them is not of the format {forced!r}")
    if not any(name in read for what in _WHERE for name in taken.fields.get(what, ())):
        raise ValueError(
            f"`columns`: none of them tells whom was asked for ({taken.name}); name one of "
            + ", ".join(name for what in _WHERE for name in taken.fields.get(what, ()))
        )
    return tuple(f"column {at}" if name == _NOT_READ else name for at, name in enumerate(found))


def wraps(names: Mapping[str, Any]) -> Iterator[str]:
    """Names of fields that may hold a line as it was written."""
    return (name for name in _WRAPPED if isinstance(names.get(name), str) and names[name])


def hosts_in(text: str) -> Iterator[Record]:
    for hit in _HOST.finditer(text[:65536]):
        path = hit[3] or ""
        yield Record("text", host=hit[1], port=number(hit[2] or ""), path=path, is_name=not path)
