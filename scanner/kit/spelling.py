"""Records whose fields others have spelt anew: lower case, underscores, points, a type at the end.

A warehouse writes ``eventtype`` for ``eventType``, a table of logs ``entity_app_name_s`` or
``AppDisplayName``, a console's CSV ``target0.display_name``. A source names the fields it reads, as
its own API spells them; whatever is left of a name without case and separators tells which is
meant. What the source does not name stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.flat_rows import is_of_workspace

_TYPED = expression(r"(?:_[sdgtbl])?(?:_CF)?(?: ?\[UTC\])?$")
"""What a log workspace adds to a name to tell the type of its values, and its portal's exports the
zone. Times of another zone stay unread: which one it is nobody says."""
_PLAIN = expression(r"[^a-z0-9]+")
_MOST_NAMES = 10_000
"""Names that are remembered: of a log that makes up ever new ones, the first."""

Path = tuple[str, ...]


class Spelling:
    """``fields``: ``actor.alternateId``, ``target.0.id``; a number is a place in a list. ``also``:
    other names of them, which count where the field itself is not given."""

    def __init__(self, fields: Iterable[str], also: Mapping[str, str] | None = None) -> None:
        self._paths = {_plain(name): tuple(name.split(".")) for name in fields}
        self._also = {_plain(name): tuple(to.split(".")) for name, to in (also or {}).items()}
        self._remembered: dict[str, tuple[Path, bool] | None] = {}

    def of(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record as its source spells it; the same where nothing is spelt otherwise."""
        own: list[tuple[Path, Any]] = []
        others: list[tuple[Path, Any]] = []
        for name, value in record.items():
            found = self._meant(name)
            if found is not None and is_of_workspace(name, value, record):
                found = None
            if found is not None and value not in ("", None):
                (others if found[1] else own).append((found[0], value))
        if not own and not others:
            return record
        whole = dict(record)
        for path, value in (*own, *others):
            _put(whole, path, value)
        return whole

    def _meant(self, name: Any) -> tuple[Path, bool] | None:
        """Where a field belongs, and whether it is only another name; None: it stands there."""
        if not isinstance(name, str):
            return None
        if name in self._remembered:
            return self._remembered[name]
        found: tuple[Path, bool] | None = None
        for plain in (_plain(name), _plain(_TYPED.sub("", name))):
            if plain in self._paths:
                found = self._paths[plain], False
                break
            if plain in self._also:
                found = self._also[plain], True
                break
        if found is not None and found[0] == (name,):
            found = None
        if len(self._remembered) < _MOST_NAMES:
            self._remembered[name] = found
        return found


def _plain(name: str) -> str:
    return _PLAIN.sub("", name.casefold())


def _put(whole: dict[str, Any], path: Path, value: Any) -> None:
    """Into a copy of what is on the way; what stands there already stays."""
    place: Any = whole
    for step, following in zip(path, (*path[1:], ""), strict=True):
        is_last = following == ""
        if isinstance(place, list):
            at = int(step)
            place.extend({} for _ in range(at + 1 - len(place)))
            inner = place[at]
        else:
            inner = place.get(step)
        if is_last:
            if inner in (None, "", {}, []):
                place[int(step) if isinstance(place, list) else step] = value
            return
        fresh: Any = [] if following.isdigit() else {}
        if isinstance(inner, type(fresh)):
            fresh = inner.copy()
        elif inner not in (None, "", {}, []):
            return  # something else stands there
        place[int(step) if isinstance(place, list) else step] = fresh
        place = fresh
