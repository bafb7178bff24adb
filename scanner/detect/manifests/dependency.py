"""One dependency as a file names it, and where in the file it stands.

Parsers of manifests say in which part of the file a name was written; its exact place is looked for
only for the few names that the catalogue knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from scanner.detect.source import SourceFile

_BEFORE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@-")
_BEHIND = _BEFORE - frozenset(b".@")


class Dependency(NamedTuple):
    """``ecosystem``: a word of :class:`scanner.rulebook.types.Ecosystem`, or one it does not have
    yet. ``start``: byte offset where the parser knows it, else -1 and the name stands at or behind
    ``after``. ``is_direct``: False where the file itself says that only another dependency wants
    it."""

    ecosystem: str
    name: str
    start: int = -1
    after: int = 0
    is_direct: bool = True


Parser = Callable[[SourceFile], Iterator[Dependency]]


def locate(data: bytes, name: str, after: int = 0) -> int:
    """Byte offset of ``name`` as a whole word at or behind ``after``; ``after`` where there is
    none (an alias, an escape)."""
    raw = name.encode("utf-8", "surrogatepass")
    at = data.find(raw, after)
    for _ in range(2000):
        if at < 0:
            break
        end = at + len(raw)
        is_start = at == 0 or data[at - 1] not in _BEFORE
        if is_start and (end >= len(data) or data[end] not in _BEHIND):
            return at
        at = data.find(raw, at + 1)
    return after


def table(value: Any, *keys: str) -> dict[str, Any]:
    """The table at ``keys``; empty where anything on the way is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def strings(value: Any) -> Iterator[str]:
    """The strings of a list; nothing for anything else."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def tables_of(value: Any) -> Iterator[dict[str, Any]]:
    """The tables that stand as values of a table."""
    if isinstance(value, dict):
        yield from (inner for inner in value.values() if isinstance(inner, dict))


def named(
    ecosystem: str, names: Iterable[Any], after: int = 0, *, is_direct: bool = True
) -> Iterator[Dependency]:
    """Keys of a table as dependencies."""
    for name in names:
        if isinstance(name, str) and name:
            yield Dependency(ecosystem, name, after=after, is_direct=is_direct)
