"""Where a record that nobody understands names AI: an application, a host, or words in its texts.

People are called Claude and Gemini is a hotel, and channels, files and emoji are called anything:
an application is one where keys or types call it so, or say nothing else of it. What they call a
person is left, and names of people are taken out of the other texts. Of a text that is no name only
the word is shown: prompts and secrets stand beside it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from scanner.kit.ai_words import may_say, said_in
from scanner.kit.contract import Context
from scanner.kit.expressions import expression
from scanner.kit.values import hosts

Record = Mapping[str, Any]
_MOST_TEXT, _MOST_LABEL, _MOST_WORDS = 2000, 80, 5
_MOST_DEPTH, _MOST_TEXTS = 6, 400
_LEAST_NAME = 2
_URL, _SCHEME = "://", 8
_PERSON = expression(
    r"(?i)(?:user|actor|person|people|member|owner|author|creator|admin|operator|mail|login"
    r"|approver|assignee|recipient|sender|requester|employee|contact|customer|(?<=[_a-z])by"
    r"|(?:full|first|last|given|family)(?=_?name))"
    r"(?:[_ .]?(?:name|id|display_?name|principal_?name|login)|s)?$"
)
"""What keys call people, by the end of their names."""
_PEOPLE = frozenset({"user", "person", "human", "team_member", "member"})
_APPS = ("app", "apps", "application", "integration", "connector", "plugin", "extension", "bot")
_PARTIES = ("agent", "client", "model", "product", "service", "tool", "vendor")
"""What may be a person's or a company's as well."""
_PARTY_WORDS = frozenset((*_PARTIES, *(f"{one}s" for one in _PARTIES)))
_NAMED = expression(r"(?i)(?:names?|label|title|app|application|client|service|product)$")
_TITLE = expression(r"(?i)title$")
_ADDRESSED = expression(r"(?i)redirect|callback|origin|endpoint|webhook|home_?page|base_?ur[il]")
"""What keys call the address of an application, not one that somebody has shared."""
_PART = expression(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PLAIN = frozenset({
    "actual", "after", "before", "attribute", "attributes", "context", "data", "detail", "details",
    "display", "entity", "event", "extra", "field", "fields", "info", "item", "items", "label",
    "log", "message", "metadata", "name", "names", "new", "object", "objects", "old", "params",
    "parameters", "payload", "properties", "record", "resource", "target", "targets", "value",
    "values",
})  # fmt: skip
"""Parts of keys that say of nothing what it is."""
_ALSO_PEOPLE = frozenset(("claude", "devin", "gemini", "jasper", "mistral"))
_NO_LABEL = expression(r"[:=;!?\n@]|[0-9]{5}|[^\s]{25}")
"""What names of applications do not hold, and sentences, numbers and secrets do."""


class Naming(NamedTuple):
    """Where an event names AI. ``app``: the application's name, where the text is one; ``sample``:
    the name, the host or the word."""

    key: str
    sample: str
    app: str = ""
    host: str = ""
    weight: int = 0


@functools.lru_cache(maxsize=4096)
def _is_persons(key: str) -> bool:
    return bool(_PERSON.search(key))


@functools.lru_cache(maxsize=4096)
def _kind(key: str) -> int:
    """What a key says that is below it: 3 an application, 2 what may be one or a party, 1 nothing,
    0 something else."""
    parts = [one.casefold() for one in _PART.findall(key.replace("plug_in", "plugin"))]
    if any(part.startswith(_APPS) or part.endswith(_APPS) for part in parts):
        return 3
    if not _PARTY_WORDS.isdisjoint(parts):
        return 2
    return int(_PLAIN.issuperset(parts))


def _kind_of(above: str, key: str) -> int:
    """The same of a text by its key, or else by the key (and type) above. A title says nothing
    where nothing else does: everything has one."""
    own = _kind(_TITLE.sub("", key))
    if own != 1:
        return own
    found = _kind(above)
    return 0 if found == 1 and _TITLE.search(key) else found


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
        kind = _kind_of(above, key) if is_name else 0
        if kind and plain.strip().casefold() in self._labels:
            return Naming(key, plain, app=plain.strip(), weight=4)
        if watch is not None and _URL in plain[:_SCHEME]:
            host = next(iter(hosts([plain])), "")
            provider = watch.known(host)[0] if host else ""
            if provider:
                is_apps = bool(_ADDRESSED.search(key)) or _kind_of(above, key) > 1
                app = watch.title(provider) if is_apps else ""
                return Naming(key, host, app=app, host=host, weight=3 if is_apps else 1)
        for name in people:  # somebody is called so
            plain = plain.replace(name, "\u2026") if len(name) > _LEAST_NAME else plain
        word, start = said_in(plain)
        if not word:
            return None
        is_app = kind == 3 or (kind == 2 and word not in _ALSO_PEOPLE)
        if is_app and len(plain.split()) <= _MOST_WORDS and not _NO_LABEL.search(plain):
            return Naming(key, plain.strip(), app=plain.strip(), weight=2)
        return Naming(key, plain[start : start + len(word)], weight=1)
