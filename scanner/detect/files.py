"""Files that a product is known by: their globs as one look-up and one regex, so that the number of
rules does not slow a walk."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.model.evidence import Confidence
from scanner.model.items import Hit, HitKind
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import FileRule

_WILD = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def glob_regex(glob: str) -> str:
    """A glob as a regex over a whole path: ``*`` stays within a folder, ``**`` does not, and a glob
    matches at any depth."""
    body = "".join(_PARTS.get(part) or re.escape(part) for part in _WILD.findall(glob.strip("/")))
    return f"(?:.*/)?{body}"


class FileIndex:
    """Compiled once from the rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._by_name: dict[str, list[tuple[FileRule, str]]] = {}
        self._others: list[tuple[re.Pattern[str], FileRule, str]] = []
        for provider in rulebook.providers:
            for rule in provider.files:
                if re.search(r"[*?/]", rule.glob):
                    compiled = re.compile(glob_regex(rule.glob))
                    self._others.append((compiled, rule, provider.id))
                else:
                    self._by_name.setdefault(rule.glob, []).append((rule, provider.id))
        self._any = re.compile("|".join(f"(?:{p.pattern})" for p, _, _ in self._others) or "(?!)")

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
        if self._any.fullmatch(path):
            for compiled, rule, provider in self._others:
                if compiled.fullmatch(path):
                    yield rule, provider
