"""Formats of logs as data: what tells a format, and which of its fields holds what.

Owns ``formats.yaml``. One line is taken apart by :mod:`connectors.logs.lines`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from scanner.model.base import Model

FIELDS = (
    "time", "date", "clock", "user", "device", "src", "host", "url", "path", "method", "up",
    "down", "action", "ua", "app", "program", "model", "provider", "dst", "port", "media", "ja4",
    "status", "dns", "sender", "zone", "count",
)  # fmt: skip
_OF_ALL = ("gen_ai.", "#Fields:", "#fields")
"""Spans of models, and what renames the columns of a log."""
_LEAST_MARK = 6
ANY_HOST = "*"
JOINS = ("answers", "dst", "uid", "scope", "asked_from")
SHAPES = ("json", "columns", "pairs", "text")


class Format(Model, frozen=True, kw_only=True):
    """One entry of ``formats.yaml``."""

    name: str
    shape: tuple[str, ...]
    reference: str = ""
    if_all: tuple[str, ...] = ()
    """Names that must all be there."""
    if_any: tuple[str, ...] = ()
    """Names of which one must be there."""
    fields: dict[str, tuple[str, ...]] = {}
    """Field -> names in the log, the first that is set wins; ``=word`` is a constant."""
    columns: tuple[str, ...] = ()
    """Names of the columns where no header gives them."""
    first: str = ""
    """How a line begins that has these columns and no header."""
    regex: str = ""
    surface: str = ""
    """``name``: names that were asked for, which shows contact and no content; ``answer``: what
    they were answered with, of which the question is another line."""
    actor: tuple[str, ...] = ()
    """Of an identity that may be a person, a device or a network: names of what tells which."""
    marks: tuple[str, ...] = ()
    """Of a log that names no host: texts of which each of its lines has one, and few others do.
    Where there are none here, they are the names that tell the format."""
    parts: dict[str, tuple[str, ...]] = {}
    """Field -> what it holds in a line that reports on a session which goes on: its bytes count,
    and the session where it ends."""
    again: dict[str, tuple[str, ...]] = {}
    """Field -> what it holds in a line about a connection (``uid``) of which another line tells,
    too, in most logs."""
    whole: dict[str, tuple[str, ...]] = {}
    """Field -> what it holds (``*``: anything) in a line about all of a connection (``uid``), whose
    bytes hold those that other lines tell of it."""
    begins: dict[str, tuple[str, ...]] = {}
    """Field -> what it holds in a line about a session that has begun, of whose bytes its end tells
    all."""
    failed: dict[str, tuple[str, ...]] = {}
    """Field -> what it holds (lower case; ``*``: anything) in a line about what nobody has
    answered: a gateway's call that failed (a status of HTTP of 400 and above says so by itself), a
    server that a proxy did not reach, a name that a name server did not find."""
    alone: tuple[str, ...] = ()
    """Names of what a line has that stands for one time, though its ``count`` is of all of them."""
    own: tuple[str, ...] = ()
    """Of a gateway: providers whose hosts are the gateway itself, where a line may name that and
    not whom it called; ``*``: any host that no rule knows is."""
    joins: dict[str, tuple[str, ...]] = {}
    """What leads from a name to connections: ``answers``, ``dst``, ``uid``, ``scope``,
    ``asked_from`` (who was answered, where the answer's own source is the server)."""

    def fits(self, names: Iterable[str]) -> bool:
        """Whether a line with these names (lower case) is of this format."""
        there = names if isinstance(names, (set, frozenset)) else set(names)
        if not all(name in there for name in self.if_all):
            return False
        return not self.if_any or any(name in there for name in self.if_any)


@cache
def formats() -> tuple[Format, ...]:
    """In the order of the file. Raises ``ValueError`` for an entry that is none."""
    import msgspec

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it is there
    data = yaml.load((Path(__file__).parent / "formats.yaml").read_bytes(), loader)  # noqa: S506
    found = tuple(
        msgspec.structs.replace(
            one,
            fields={name: tuple(map(_lowered, paths)) for name, paths in one.fields.items()},
            joins={name: tuple(map(_lowered, paths)) for name, paths in one.joins.items()},
            failed={_lowered(path): texts for path, texts in one.failed.items()},
            marks=one.marks or _derived(one),
        )
        for one in msgspec.convert(data["formats"], tuple[Format, ...])
    )
    for one in found:
        unknown = {*one.fields} - {*FIELDS} | {*one.shape} - {*SHAPES} | {*one.joins} - {*JOINS}
        if unknown:
            raise ValueError(f"formats.yaml: {one.name}: there is no {', '.join(sorted(unknown))}")
        if one.marks and min(map(len, one.marks)) < _LEAST_MARK:
            raise ValueError(f"formats.yaml: {one.name}: a mark is in too many lines; set `marks`")
    return found


def _derived(one: Format) -> tuple[str, ...]:
    """What tells a log of a gateway, of which no host tells that it is about AI."""
    if not (one.if_any or one.if_all) or not one.fields.keys() & {"provider", "model"}:
        return ()
    names = [name.rpartition(".")[2] for name in one.if_any or one.if_all]
    return tuple(name if len(name) > _LEAST_MARK else f'"{name}"' for name in names)


@cache
def gateways() -> frozenset[str]:
    """Names of formats that tell of calls of models and nothing else."""
    return frozenset({one.name for one in formats() if one.marks} | {"otlp"})


@cache
def own_hosts() -> dict[str, tuple[str, ...]]:
    """Name of a format -> :attr:`Format.own`."""
    return {one.name: one.own for one in formats() if one.own}


@cache
def marks() -> tuple[str, ...]:
    """What to look for besides hosts: see :attr:`Format.marks`."""
    return tuple(sorted({mark for one in formats() for mark in one.marks} | {*_OF_ALL}))


def _lowered(path: str) -> str:
    return path if path.startswith("=") else path.lower()


@cache
def of_shape(shape: str) -> tuple[Format, ...]:
    return tuple(one for one in formats() if shape in one.shape)


@cache
def repeating() -> frozenset[str]:
    """Names of formats of which several lines may tell of one connection."""
    return frozenset(one.name for one in formats() if one.again or one.whole)


@cache
def in_order() -> frozenset[str]:
    """Names of formats of which a line may say nothing without those before it: answers of name
    servers that do not tell who asked."""
    return frozenset({one.name for one in of_shape("text") if one.joins})


@cache
def pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@cache
def known_names() -> frozenset[str]:
    """All that formats call fields: a first line of such words is a header."""
    return frozenset(
        name.lower()
        for one in formats()
        for names in (
            *one.fields.values(),
            one.if_all,
            one.if_any,
            one.columns,
            one.actor,
            one.alone,
            *one.joins.values(),
        )
        for name in names
        if not name.startswith("=")
    )
