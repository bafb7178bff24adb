"""One file as readers see it, what they may know of the catalogue, and what they answer.

Owns bounded parsing of hostile text: nothing here runs, expands or follows what it reads.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import yaml

from scanner.detect import statements
from scanner.detect.knowledge import Knowledge
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence, Setting
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

MOST_PARSED_BYTES = 4 << 20
"""Larger structured files are read as text only."""
_MOST_NODES = 200_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PlainLoader(_Loader):  # type: ignore[misc]
    """Unknown tags (``!Ref``, ``!Sub``, ``!vault``) become plain values, dates stay text."""


def _plain(loader: Any, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_PlainLoader.add_multi_constructor("!", _plain)
_PlainLoader.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node)
)


class SourceFile:
    """``path``: relative to its holder, ``/`` between parts. ``data``: UTF-8 text, or the head of a
    binary file when ``is_binary``. Parsed forms are made once, on demand; None when it does not
    parse."""

    def __init__(
        self,
        path: str,
        data: bytes,
        *,
        is_binary: bool = False,
        own_modules: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.data = data
        self.is_binary = is_binary
        self.own_modules = own_modules
        """Top-level names that, imported from Python, are code beside this file."""
        self.lost: list[str] = []
        """What readers left unread, and why."""
        pure = PurePosixPath(path)
        self.name = pure.name
        self.suffix = pure.suffix.lower()

    @cached_property
    def text(self) -> str:
        """The same offsets as ``data``: one character a byte."""
        return self.data.decode("latin-1")

    @cached_property
    def lowered(self) -> bytes:
        return self.data.lower()

    @cached_property
    def json(self) -> Any:
        if len(self.data) > MOST_PARSED_BYTES:
            return None
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return self._json_with_comments()

    def _json_with_comments(self) -> Any:
        """JSONC as editors write it: comments and trailing commas (https://jsonc.org)."""
        if b"//" not in self.data and b"/*" not in self.data and not _TRAILING.search(self.data):
            return None
        stripped = _JSONC.sub(lambda m: m[0] if m[0][:1] == b'"' else b" ", self.data)
        try:
            return json.loads(_TRAILING.sub(rb"\1", stripped))
        except (ValueError, RecursionError):
            return None

    @cached_property
    def yaml(self) -> tuple[Any, ...]:
        """Every document of the stream that parses, up to the first that does not."""
        found: list[Any] = []
        if len(self.data) > MOST_PARSED_BYTES:
            return ()
        try:
            found.extend(yaml.load_all(self.data, Loader=_PlainLoader))
        except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError):
            return tuple(found)
        return tuple(found)

    @cached_property
    def toml(self) -> dict[str, Any] | None:
        if len(self.data) > MOST_PARSED_BYTES or _DOTTED.search(self.data):
            return None
        try:
            return tomllib.loads(self.data.decode("utf-8", "replace"))
        except (tomllib.TOMLDecodeError, RecursionError):
            return None

    @cached_property
    def language(self) -> str:
        """Language family by file name, or empty."""
        return statements.language_of(self.path)

    @cached_property
    def imports(self) -> tuple[statements.Found, ...]:
        """What the file imports from elsewhere, by its language: (path, start, end)."""
        found = tuple(statements.imports(self.data, self.language)) if self.language else ()
        if not self.own_modules or self.language != "python":
            return found
        return tuple(f for f in found if f[0].partition(".")[0] not in self.own_modules)

    def find(self, text: str, after: int = 0) -> int:
        """Byte offset of ``text`` at or behind ``after``; ``after`` itself when it is not there as
        written (escaped, folded), so that a hit never loses its line for that."""
        at = self.data.find(text.encode("utf-8", "surrogatepass"), after) if text else -1
        return at if at >= 0 else after


_DOTTED = expression(rb"(?:\.[\w-]{1,80}){100}")
"""Keys that nobody writes and for which tomllib takes the square of their length."""
_JSONC = expression(rb'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.S)
_TRAILING = expression(rb",(\s*[\]}])")


def walk(value: Any, most: int = _MOST_NODES) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path of keys and indexes, value) of every node, parents first, at most ``most`` of them:
    YAML aliases can make a small file a tree without end."""
    pending: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while pending and most > 0:
        most -= 1
        path, here = pending.pop()
        yield path, here
        if len(path) > 60:
            continue
        if isinstance(here, dict):
            pending += [((*path, str(key)), inner) for key, inner in reversed(list(here.items()))]
        elif isinstance(here, list):
            pending += [((*path, str(n)), inner) for n, inner in reversed(list(enumerate(here)))]


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader saw. ``provider``: catalogue id, or empty where nobody in the catalogue stands
    behind it (then ``part`` is given). ``end``: behind ``start``; -1: as long as ``label``."""

    kind: HitKind
    label: str
    start: int
    end: int = -1
    provider: str = ""
    confidence: Confidence = Confidence.HIGH
    rule: str = ""
    """Empty: ``<provider>-<kind>``."""
    preview: str = ""
    """Shown to people; never a secret's value. Empty: the label."""
    part: str = ""
    asset_class: AssetClass | None = None
    name: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()
    context: Setting | None = None


@dataclass(frozen=True)
class Reader:
    """Reads one kind of file. ``matches``: by path alone, cheap. ``literals``: one of these (lower
    case) must stand in the file's text in any letter case; empty: always read. ``binary``: it is
    given binary files, too (their head only)."""

    name: str
    matches: Callable[[str], bool]
    read: Callable[[SourceFile, Knowledge], Iterator[Found]]
    literals: tuple[bytes, ...] = ()
    binary: bool = False


def by_suffix(*suffixes: str) -> Callable[[str], bool]:
    """Matches paths by their ending, any letter case."""
    return lambda path: path.lower().endswith(suffixes)


def by_name(pattern: str) -> Callable[[str], bool]:
    """Matches the whole file name by a regex, any letter case."""
    compiled = expression(pattern, re.I)
    return lambda path: compiled.fullmatch(path.rpartition("/")[2]) is not None
