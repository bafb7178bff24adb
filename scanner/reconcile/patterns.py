"""Patterns of entries: globs over ids and names, looked up without trying each on each asset, and
held back where they swallow too much.

Owns when a pattern says too little to register anything. An asset's key is compared by the text
before the first wildcard; patterns without any are few, and are tried one by one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase, translate

from scanner.model.facts import Asset, Credential

LIMIT = 50
"""A pattern that fits more assets than this, and more than a tenth of all, only suggests."""
_SHARE = 0.1
_LEAST_LITERAL = 4
"""Characters besides wildcards that a pattern needs, to say anything."""


class Patterns:
    """All patterns of a registry."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        """``patterns``: (glob, entry)."""
        self._by_lead: dict[str, list[tuple[str, str, re.Pattern[str]]]] = defaultdict(list)
        self.all: list[tuple[str, str]] = sorted(set(patterns))
        for glob, entry in self.all:
            lead = re.split(r"[*?\[]", glob, maxsplit=1)[0]
            self._by_lead[lead].append((glob, entry, re.compile(translate(glob))))
        self._lengths = sorted({len(lead) for lead in self._by_lead})
        self.swallowed: Counter[str] = Counter()
        """Glob -> how many assets it fits, once :meth:`count` has seen them."""
        self._of = 0

    def fitting(self, node: Asset | Credential) -> Iterator[tuple[str, str]]:
        """(glob, entry) of every pattern that fits its id or its name."""
        found: dict[tuple[str, str], None] = {}
        for text in (node.id, node.name):
            for length in self._lengths:
                if length > len(text):
                    break
                for glob, entry, compiled in self._by_lead.get(text[:length], ()):
                    if compiled.match(text):
                        found[glob, entry] = None
        yield from found

    def count(self, nodes: Sequence[Asset | Credential]) -> None:
        self._of = len(nodes)
        for node in nodes:
            for glob in {glob for glob, _ in self.fitting(node)}:
                self.swallowed[glob] += 1

    def too_broad(self, glob: str) -> str:
        """Why it only suggests; empty: it may register."""
        literal = re.sub(r"\[[^\]]*\]|[*?]", "", glob)
        if any(sign in glob for sign in "*?[") and len(literal) < _LEAST_LITERAL:
            return "it fits nearly anything"
        times = self.swallowed[glob]
        if times > LIMIT and times > _SHARE * self._of:
            return f"it fits {times} of {self._of} assets"
        return ""


def fits(value: str, globs: Iterable[str]) -> bool:
    """Whether any glob fits, without case."""
    return any(fnmatchcase(value.casefold(), glob.casefold()) for glob in globs)
