"""Files that ``kubectl get ... -o json`` or ``-o yaml`` has written: lists, objects, lines; packed.

YAML is read a document at a time and whole, so its size has a bound; kubectl writes no anchors, and
what has some is not read (https://yaml.org/spec/1.2.2/#3222-anchors-and-aliases).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scanner.kit.exports import opened, sound
from scanner.kit.records import read_records
from scanner.kit.values import items, mapping, text
from scanner.model.errors import Denied, Unavailable

_MOST_YAML = 64 << 20
_MOST_DEPTH = 100
_HEAD = 4096
Numbered = tuple[int, Any]


def objects(path: Path, name: str) -> Iterator[Numbered]:
    """(its number, an object). Raises ``Denied`` and ``Unavailable``, after what was before the
    damage."""
    if _is_yaml(path, name):
        yield from enumerate(_of_yaml(path, name), start=1)
        return
    for number, one in read_records(path, name, "`files`"):
        for inner in _listed(one):
            yield number, inner


def _listed(one: Any) -> Iterator[Any]:
    """Objects of a list within a list."""
    if text(mapping(one).get("kind")).endswith("List") and isinstance(one.get("items"), list):
        yield from items(one["items"])
    else:
        yield one


def _is_yaml(path: Path, name: str) -> bool:
    try:
        with opened(path) as stream:
            head = stream.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check `files`") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Unavailable(f"{name}: {error}; the file is damaged or cut short") from error
    return head[:1] not in (b"{", b"[", b"")


def _of_yaml(path: Path, name: str) -> Iterator[Any]:
    try:
        with opened(path) as stream:
            data = stream.read(_MOST_YAML + 1)
            if len(data) > _MOST_YAML:
                raise Unavailable(
                    f"{name}: more than {_MOST_YAML >> 20} MiB of YAML; export it with -o json"
                )
            for document in _documents(data):
                yield from _listed(document)
            sound(stream)
    except (yaml.YAMLError, OSError, EOFError, ValueError, zlib.error, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        said = f"line {where.line + 1}" if where is not None else type(error).__name__
        raise Unavailable(f"{name}: no YAML of kubectl ({said})") from error


def _documents(data: bytes) -> Iterator[Any]:
    _check(data)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.load_all(data, loader)


def _check(data: bytes) -> None:
    """Raises ``YAMLError`` for what would grow without end when it is loaded."""
    depth = 0
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(data, loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _MOST_DEPTH:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem="an alias, or too deep", problem_mark=mark)
