"""Where a record that nobody understands names AI: an application, a host, or words in its texts.

People are called Claude and Gemini is a hotel: what keys and types call a person is left, and names
of people are taken out of the other texts.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from scanner.kit.ai_words import may_say, said_in
from scanner.kit.contract import Context
from scanner.kit.expressions import expression
from scanner.kit.text import cut
from scanner.kit.values import hosts

Record = Mapping[str, Any]
_MOST_TEXT, _MOST_LABEL, _MOST_SAMPLE = 2000, 80, 60
_MOST_DEPTH, _MOST_TEXTS = 6, 400
_LEAST_NAME = 2
_URL, _SCHEME = "://", 8
_PERSON = expression(
    r"(?i)(?:user|actor|person|people|member|owner|author|creator|admin|operator|mail|login"
    r"|approver|assignee|recipient|sender|(?<=[_a-z])by)"
    r"(?:[_ .]?(?:name|id|display_?name|principal_?name|login)|s)?$"
)
"""What keys call people, by the end of their names."""
_PEOPLE = frozenset({"user", "person", "human", "team_member", "member"})
_APP = expression(
    r"(?i)app|client|integration|connector|plug_?in|extension|bot|product|service|vendor|tool|model"
    r"|agent"
)
_NAMED = expression(r"(?i)(?:names?|label|title|app|application|text|client|service|product)$")
_ADDRESS = expression(r"[^\s\"'<>,;:()]{1,100}@[^\s\"'<>,;:()]{1,100}")


class Naming(NamedTuple):
    """Where an event names AI. ``app``: the application's name, where the text is one."""

    key: str
    sample: str
    app: str = ""
    host: str = ""
    weight: int = 0


@functools.lru_cache(maxsize=4096)
def _is_persons(key: str) -> bool:
    return bool(_PERSON.search(key))


def _every(value: Record, depth: int, found: list[str]) -> None:
    """All texts, whoever's they are: what nearly all events are done with."""
    for inner in value.values():
        kind = type(inner)
        if kind is str:
            found.append(inner)
        elif kind is dict:
            if depth < _MOST_DEPTH:
                _every(inner, depth + 1, found)
        elif kind is list:
            for one in inner[:_MOST_TEXTS]:
                if type(one) is str:
                    found.append(one)
                elif type(one) is dict and depth < _MOST_DEPTH:
                    _every(one, depth + 1, found)


def _texts(
    value: Record, above: str, depth: int, found: list[tuple[str, str, str]], people: list[str]
) -> None:
    """(key above, key, text) of the texts; those of people apart."""
    for key, inner in value.items():
        for one in inner[:_MOST_TEXTS] if isinstance(inner, list) else (inner,):
            if not isinstance(key, str) or len(found) > _MOST_TEXTS:
                return
            if isinstance(one, str):
                if _is_persons(key):
                    people.append(one)
                else:
                    found.append((above, key, one))
            elif isinstance(one, dict):
                _within(one, key, depth, found, people)


def _within(
    inner: Record, key: str, depth: int, found: list[tuple[str, str, str]], people: list[str]
) -> None:
    if depth >= _MOST_DEPTH:
        return
    given = inner.get("type")
    kind = given if isinstance(given, str) else ""
    if kind.casefold() in _PEOPLE if kind else _is_persons(key):
        people.extend(one for one in inner.values() if isinstance(one, str))
        return
    _texts(inner, f"{key} {kind}" if kind else key, depth + 1, found, people)


class Namings:
    """Finds AI in the texts of events. ``ctx``: whose catalogue it asks; None: words alone."""

    def __init__(self, ctx: Context[Any] | None) -> None:
        self._watch = ctx.watch if ctx is not None else None
        self._labels = self._watch.labels if self._watch is not None else {}

    def of(self, record: Record, kind: str) -> Naming | None:
        """``kind``: the event's type, whose parts are no texts of it."""
        texts: list[str] = []
        _every(record, 0, texts)
        whole = "\n".join(texts)
        plain = whole.casefold()
        if (
            not may_say(whole, plain)
            and self._labels.keys().isdisjoint(plain.split("\n"))
            and not (self._watch is not None and _URL in plain)
        ):
            return None
        found: list[tuple[str, str, str]] = []
        people: list[str] = []
        _texts(record, "", 0, found, people)
        told = (
            self._judged(above, key, value, people)
            for above, key, value in found
            if value not in kind
        )
        return max(filter(None, told), key=lambda one: one.weight, default=None)

    def _judged(self, above: str, key: str, value: str, people: list[str]) -> Naming | None:
        watch, plain = self._watch, value[:_MOST_TEXT]
        is_name = len(value) <= _MOST_LABEL and bool(_NAMED.search(key))
        if is_name and plain.strip().casefold() in self._labels:
            return Naming(key, plain, app=plain.strip(), weight=4)
        if watch is not None and _URL in plain[:_SCHEME]:
            host = next(iter(hosts([plain])), "")
            provider = watch.known(host)[0] if host else ""
            if provider:
                return Naming(key, host, app=watch.title(provider), host=host, weight=3)
        for name in people:  # somebody is called so
            plain = plain.replace(name, "\u2026") if len(name) > _LEAST_NAME else plain
        word, start = said_in(plain)
        if not word:
            return None
        begin = max(0, start - _MOST_SAMPLE // 2)
        sample = _ADDRESS.sub("\u2026", cut(plain[begin:], _MOST_SAMPLE)).strip()
        if is_name and (_APP.search(key) or _APP.search(above)) and "@" not in value:
            return Naming(key, sample, app=plain.strip(), weight=2)
        return Naming(key, sample, weight=1)
