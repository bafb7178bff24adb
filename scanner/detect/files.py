"""Files that a product is known by: their globs as one look-up and one regex, so that the number of
rules does not slow a walk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import Hit, HitKind
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import FileRule

_WILD = expression(r"\*\*/|\*\*|\*|\?|[^*?]+")
_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def glob_regex(glob: str) -> str:
    """A glob as a regex over a whole path: ``*`` stays within a folder, ``**`` does not, and a glob
    matches at any depth."""
    return f"(?:.*/)?{_body(glob)}"


def _body(glob: str) -> str:
    return "".join(_PARTS.get(part) or re.escape(part) for part in _WILD.findall(glob.strip("/")))


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(glob_regex(glob))


class FileIndex:
    """Compiled once from the rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._by_name: dict[str, list[tuple[FileRule, str]]] = {}
        self._others: list[tuple[FileRule, str]] = []
        for provider in rulebook.providers:
            for rule in provider.files:
                if re.search(r"[*?/]", rule.glob):
                    self._others.append((rule, provider.id))
                else:
                    self._by_name.setdefault(rule.glob, []).append((rule, provider.id))
        bodies = "|".join(_body(rule.glob) for rule, _ in self._others)
        self._any = expression(f"(?:^|/)(?:{bodies})$" if bodies else "(?!)")

    def hits(self, path: str, data: bytes) -> Iterator[Hit]:
        for rule, provider in self._candidates(path):
            if rule.contains and not any(text.encode() in data for text in rule.contains):
                continue
            yield Hit(
                rule=f"{provider}-file",
                kind=HitKind.FILE,
                provider=provider,
                label=rule.glob,
                start=0,
                end=0,
                line=1,
                confidence=Confidence.HIGH,
                preview=rule.meaning,
            )

    def _candidates(self, path: str) -> Iterator[tuple[FileRule, str]]:
        yield from self._by_name.get(path.rpartition("/")[2], ())
        if self._any.search(path):
            for rule, provider in self._others:
                if _compiled(rule.glob).fullmatch(path):
                    yield rule, provider
