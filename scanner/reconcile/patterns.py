"""Patterns of entries: globs over ids and names, looked up without trying each on each asset, and
held back where they swallow too much.

Owns when a pattern says too little to register anything, by limits and words that are data
(``rules/norms/patterns.yaml``). An asset's key is compared by the text
before the first wildcard; patterns without any are few, and are tried one by one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase, translate

from scanner.model.facts import Asset, Credential
from scanner.reconcile.places import texts_of
from scanner.rulebook.norms import PatternRules

_REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-?\d\b|\b[a-z]+(?:east|west|central|north|south)\d?\b")


class Patterns:
    """All patterns of a registry."""

    def __init__(
        self, patterns: Iterable[tuple[str, str]], rules: PatternRules, vendors: Iterable[str] = ()
    ) -> None:
        """``patterns``: (glob, entry). ``vendors``: names of providers, which name no system."""
        self._rules = rules
        self._common = common_words(rules, vendors)
        self._by_lead: dict[str, list[tuple[str, str, re.Pattern[str]]]] = defaultdict(list)
        self.all: list[tuple[str, str]] = sorted(set(patterns))
        for glob, entry in self.all:
            lead = re.split(r"[*?\[]", glob, maxsplit=1)[0]
            self._by_lead[lead].append((glob, entry, re.compile(translate(glob))))
        self._lengths = sorted({len(lead) for lead in self._by_lead})
        self.swallowed: Counter[str] = Counter()
        """Entry -> how many assets its patterns fit, once :meth:`count` has seen them."""
        self._by_place: set[tuple[str, str]] = set()
        """(glob, entry) that fit something by its place alone."""
        self._of = 0

    def fitting(self, node: Asset | Credential) -> Iterator[tuple[str, str]]:
        """(glob, entry) of every pattern that fits its id or its name."""
        yield from self._fitting(node)

    def _fitting(self, node: Asset | Credential) -> dict[tuple[str, str], bool]:
        """With whether it fits by what the system itself is called, and not by its place alone."""
        found: dict[tuple[str, str], bool] = {}
        for text, place in texts_of(node):
            for length in self._lengths:
                if length > len(text):
                    break
                for glob, entry, compiled in self._by_lead.get(text[:length], ()):
                    if compiled.match(text):
                        is_own = not compiled.match(place)
                        found[glob, entry] = found.get((glob, entry), False) or is_own
        return found

    def count(self, nodes: Sequence[Asset | Credential]) -> None:
        self._of = len(nodes)
        for node in nodes:
            fitting = self._fitting(node)
            for entry in {entry for _, entry in fitting}:
                self.swallowed[entry] += 1
            self._by_place |= {pair for pair, is_own in fitting.items() if not is_own}

    def tag_is_broad(self, tag: str) -> bool:
        return tag_says_little(tag, self._rules, self._common)

    def too_broad(self, glob: str, entry: str, node: Asset | Credential | None = None) -> str:
        """Why it only suggests; empty: it may register. What several narrow patterns of an entry
        fit together counts as one. ``node``: whose match is asked about; None: any."""
        if says_little(glob, self._rules, self._common):
            return "it names no system, and fits nearly anything"
        pair = (glob, entry)
        if pair in self._by_place and (node is None or not self._fitting(node).get(pair, True)):
            return "it names no system, and fits whatever else stands in the same place"
        times, rules = self.swallowed[entry], self._rules
        if rules.most is not None and times > rules.most:
            return f"the entry's patterns fit {times} of {self._of} assets, more than {rules.most}"
        if times > (rules.share_from or 0) and times > (rules.share or 1) * self._of:
            return f"the entry's patterns fit {times} of {self._of} assets"
        return ""


def common_words(rules: PatternRules, vendors: Iterable[str] = ()) -> frozenset[str]:
    """A vendor's name of several words (AWS Fraud Detector) makes none of them common."""
    names = (_words(name) for name in vendors)
    return frozenset((*rules.common, *(words[0] for words in names if len(words) == 1)))


def says_little(glob: str, rules: PatternRules, common: frozenset[str]) -> bool:
    """Whether all that it says besides wildcards is a scheme, a kind of thing, a place or a vendor,
    or a piece of such a word (`*hub*` fits all of GitHub)."""
    if not any(sign in glob for sign in "*?[") or _ONE_REPOSITORY.match(glob):
        return False
    plain = re.sub(r"\[[^\]]*\]|\?", "*", glob.casefold())
    plain = _REGION.sub(" ", _PLACE.sub(" ", plain))
    own = [
        found[0] for found in _WORD.finditer(plain)
        if not _is_common(found[0], plain[: found.start()], plain[found.end() :], common)
    ]  # fmt: skip
    return max(map(len, own), default=0) < (rules.least_word or 1)


def tag_says_little(tag: str, rules: PatternRules, common: frozenset[str]) -> bool:
    """Whether what `key=value` says is no system: `env=prod`, `ai=true`."""
    own = [word for word in _words(tag.partition("=")[2]) if word not in common]
    return max(map(len, own), default=0) < (rules.least_word or 1)


_ONE_REPOSITORY = re.compile(r"git:[^/#*?\[]+/[^/#*?\[]+/[^#*?\[]+#")
"""Whatever it is called: what is said behind is about what stands in it."""
_WORD = re.compile(r"[^\W_]+")
_PLACE = re.compile(
    r"^git:[^/#]*/[^/#]*(?=/|$)|\b\d{12}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)
"""Whose something is: a host and an owner, an account, a subscription or a tenant."""


def _is_common(word: str, before: str, after: str, common: frozenset[str]) -> bool:
    if word in common:
        return True
    is_open = before.endswith("*"), after.startswith("*")
    if is_open == (True, True):
        return any(word in known for known in common)
    if is_open == (True, False):
        return any(known.endswith(word) for known in common)
    return is_open == (False, True) and any(known.startswith(word) for known in common)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def fits(value: str, globs: Iterable[str]) -> bool:
    """Whether any glob fits, without case."""
    return any(fnmatchcase(value.casefold(), glob.casefold()) for glob in globs)
