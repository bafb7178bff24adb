"""What a label file says, what a tool reported, and how the two are compared.

A row is found when an item of its kind bears its id (or one of its ``also`` ids). An item is a
false alarm when it meets neither a row of ``assets`` nor one of ``optional``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

KINDS = (
    "integration",
    "mcp_server",
    "endpoint",
    "resource",
    "weights",
    "flow",
    "compute",
    "grant",
)
"""The kinds that add up to the total."""
EXTRA = ("model", "agent")
"""Kinds reported beside the total: what counts as one is more a matter of taste."""

_VENDOR = re.compile(r"^(?:[^/:]+/|[a-z_]+:(?=[a-z]))+")


def normal(kind: str, name: str) -> str:
    """The form in which two names of one thing are equal: case, outer blanks and slashes aside."""
    name = name.strip().strip("/").lower()
    if kind in {"mcp_server", "agent"}:
        name = re.sub(r"[\s_-]+", "-", name)
    return name


def model_names(name: str) -> set[str]:
    """A model id as written and without its vendor: ``openai/gpt-4o`` is ``gpt-4o``."""
    written = normal("model", name)
    return {written, _VENDOR.sub("", written)}


@dataclass(frozen=True)
class Item:
    """One thing a tool reported. A tool that names a file alone gives ``path`` and no ``names``."""

    kind: str
    names: frozenset[str]
    path: str = ""

    @classmethod
    def named(cls, kind: str, *names: str) -> Item:
        return cls(kind, frozenset(normal(kind, name) for name in names if name.strip()))

    @classmethod
    def at(cls, kind: str, path: str) -> Item:
        return cls(kind, frozenset(), path)

    def __str__(self) -> str:
        return f"{self.kind} {'|'.join(sorted(self.names)) or self.path}"


@dataclass(frozen=True)
class Row:
    """One line of a label file."""

    kind: str
    id: str
    also: tuple[str, ...] = ()
    where: tuple[str, ...] = ()

    def keys(self) -> Iterator[tuple[str, str]]:
        """Kind and id under which a tool may report this; ``endpoint:host`` names another kind."""
        for name in (self.id, *self.also):
            kind, colon, rest = name.partition(":")
            if colon and kind in KINDS + EXTRA:
                yield kind, normal(kind, rest)
            else:
                yield self.kind, normal(self.kind, name)

    def meets(self, item: Item) -> bool:
        if item.path and item.kind == self.kind and item.path in self.where:
            return True
        for kind, key in self.keys():
            if kind != item.kind:
                continue
            if kind == "model":
                mine = model_names(key)
                theirs = {name for written in item.names for name in model_names(written)}
            else:
                mine, theirs = {key}, set(item.names)
            if mine & theirs:
                return True
            if any(
                _pattern(name) and fnmatchcase(other, name) for name in mine for other in theirs
            ):
                return True
        return False

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


def _pattern(name: str) -> bool:
    return "*" in name


@dataclass(frozen=True)
class Label:
    """What is in one repository at one commit."""

    repository: str
    commit: str
    assets: tuple[Row, ...]
    optional: tuple[Row, ...]
    all_examples: bool = False

    @property
    def folder(self) -> str:
        """The checkout's folder: ``owner+name``."""
        return self.repository.removeprefix("github.com/").replace("/", "+", 1)


def read_label(path: Path) -> Label:
    """One label file. A kind nobody knows or a row without an id is an error of the file."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Label(
        repository=text["repository"],
        commit=text["commit"],
        assets=tuple(_row(path, row) for row in text["assets"]),
        optional=tuple(_row(path, row) for row in text["optional"]),
        all_examples=bool(text.get("all_examples", False)),
    )


def _row(path: Path, row: dict[str, Any]) -> Row:
    if row["kind"] not in KINDS + EXTRA:
        raise ValueError(f"{path.name}: unknown kind {row['kind']!r}")
    also, where = row.get("also", ()), row.get("where", ())
    return Row(row["kind"], str(row["id"]), tuple(map(str, also)), tuple(map(str, where)))


@dataclass
class Tally:
    """Counts of one kind."""

    assets: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0

    def __iadd__(self, other: Tally) -> Tally:
        self.assets += other.assets
        self.found += other.found
        self.right += other.right
        self.wrong += other.wrong
        return self

    @property
    def precision(self) -> float | None:
        """Of what was reported and had to be judged, the share that is there."""
        judged = self.right + self.wrong
        return self.right / judged if judged else None

    @property
    def recall(self) -> float | None:
        """Of what is there, the share that was reported."""
        return self.found / self.assets if self.assets else None


@dataclass
class Outcome:
    """One tool on one repository."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    reported: list[Item] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    def tally(self, kind: str) -> Tally:
        """The counts of a kind, made at first use."""
        return self.tallies.setdefault(kind, Tally())


def score(label: Label, items: Iterable[Item]) -> Outcome:
    """Compare. A path alone that meets no row says nothing false, so it is left out."""
    outcome = Outcome()
    unique = sorted(set(items), key=str)
    outcome.reported = unique
    for row in label.assets:
        tally = outcome.tally(row.kind)
        tally.assets += 1
        if any(row.meets(item) for item in unique):
            tally.found += 1
            outcome.found.append(str(row))
        else:
            outcome.missed.append(str(row))
    for item in unique:
        if any(row.meets(item) for row in label.assets):
            outcome.tally(item.kind).right += 1
        elif item.names and not any(row.meets(item) for row in label.optional):
            outcome.tally(item.kind).wrong += 1
            outcome.false_alarms.append(str(item))
    return outcome


def total(outcomes: Iterable[Outcome], kinds: Iterable[str] = KINDS) -> Tally:
    """The sum over repositories and kinds."""
    result = Tally()
    for outcome in outcomes:
        for kind in kinds:
            result += outcome.tallies.get(kind, Tally())
    return result
