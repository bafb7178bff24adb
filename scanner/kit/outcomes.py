"""What came of an event, and which application it is about, by the fields that vendors have for it:
for events of types that are not known, of which no more can be said.

An outcome is told by words of failure alone: what an event does not say was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.expressions import expression
from scanner.kit.values import items, mapping, text

Record = Mapping[str, Any]
_OUTCOMES = frozenset((
    "outcome", "result", "resultstatus", "result_status", "resulttype", "status", "statuscode",
    "status_code", "eventstatus", "event_status", "response", "decision", "verdict",
))  # fmt: skip
"""Fields that say what came of an event, in lower case; of objects the same inside."""
_DONE = frozenset(("success", "successful", "succeeded", "is_success", "issuccess",
                   "sso_token_success"))  # fmt: skip
_NOT_DONE = expression(
    r"(?i)(?:fail|den(?:y|ied)|reject|refus|block|error|unsuccess|unauthori[sz]ed|forbidden|abandon"
    r"|unanswer|rate_?limit|challenge|skipped|invalid|expired|false$)"
)
_NO = frozenset(("false", "no", "n", "0"))
_LEAST, _MOST = 400, 599
"""Statuses of HTTP that say no."""
_MOST_DEPTH = 2
_MOST_PARTIES = 50


def was_refused(record: Record) -> bool:
    """Whether the event says that it failed or was denied; of what says nothing it is not known."""
    return _refused(record, 0)


def _refused(record: Record, depth: int) -> bool:
    for key, value in record.items():
        plain = key.casefold() if isinstance(key, str) else ""
        if plain in _DONE:
            if value is False or text(value).strip().casefold() in _NO:
                return True
        elif plain in _OUTCOMES and _says_no(value, depth):
            return True
    return False


def _says_no(value: Any, depth: int) -> bool:
    inner = mapping(value)
    if inner:
        return depth < _MOST_DEPTH and _refused(inner, depth + 1)
    if value is False:
        return True
    told = text(value).strip()
    if told.isdecimal():
        return len(told) == len(str(_MOST)) and _LEAST <= int(told) <= _MOST
    return _NOT_DONE.match(told) is not None


def beside(*places: tuple[str, str, str]) -> Callable[[Record, str], str]:
    """Gives the id that stands beside a name: of (where, its key, keys of the name with ``|``).
    ``where`` is dotted, empty for the record itself; of lists each is looked at. Empty: none."""
    looked = [(where.split(".") if where else [], key, names.split("|"))
              for where, key, names in places]  # fmt: skip

    def ident(record: Record, label: str) -> str:
        for where, key, names in looked:
            for one in _within(record, where):
                found = text(one.get(key))
                if found and any(text(one.get(name)).strip() == label for name in names):
                    return found
        return ""

    return ident


def _within(value: Any, where: list[str]) -> Iterator[Record]:
    listed = items(value)
    if listed:
        for one in listed[:_MOST_PARTIES]:
            yield from _within(one, where)
    elif where:
        yield from _within(mapping(value).get(where[0]), where[1:])
    else:
        yield mapping(value)
