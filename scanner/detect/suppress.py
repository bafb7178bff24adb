"""What people have said not to report, and that they have said it.

Owns comments in the text (``shadow-ai: ignore[rule] reason``), the file ``.shadow-ai-ignore`` at
the root of a repository (patterns as in gitignore, and fingerprints of findings), and taking what
they cover out of the facts. Nothing is forgotten: the state keeps it, and how much is hidden is
told. Whether a scanned repository is trusted with this at all is the configuration's business.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from scanner.kit.expressions import expression
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Evidence, Setting
from scanner.model.facts import Asset, AssetClass, Edge, Fact
from scanner.model.items import Hit

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE = ".shadow-ai-ignore"
MARK = b"shadow-ai:"
TAG = "shadow-ai-ignore"
"""Tag under which a repository's file is kept with it until it is applied."""
_COMMENT = expression(
    rb"shadow-ai:[ \t]{0,4}ignore(?:\[([A-Za-z0-9*_., -]{1,200})\])?[ \t:-]{0,4}([^\r\n]{0,300})",
    re.I,
)
_CLOSERS = expression(r"(?:\*/|-->|--%>|#}|[\"'`,;])*\s*$")
_LEADS = b" \t#/*<!-;%{\"'"
_FINDING = expression(r"v\d+:[a-z2-7]{20,40}")
_INCOMPLETE = (
    "`shadow-ai: ignore` needs a rule in brackets and a reason behind it; it suppresses nothing"
)
_MOST_BYTES = 64 << 10
_MOST_LINES = 1000
_MOST_WILDCARDS = 8
_MOST_PROBLEMS = 50


class IgnoreComments:
    """Applies comments to the hits of one file after another; remembers what was wrong with some.
    Used by all threads."""

    def __init__(self) -> None:
        self._problems: dict[str, None] = {}
        self._lock = threading.Lock()

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence a comment that suppresses nothing, in the order of reading."""
        with self._lock:
            return tuple(self._problems)

    def marked(self, text: bytes, path: str, hits: Sequence[Hit]) -> list[Hit]:
        """``hits`` with the reason in those that a comment on their line names, or one that has
        the line before to itself."""
        said = list(_comments(text))
        return [self._judged(hit, said, path) for hit in hits]

    def _judged(self, hit: Hit, said: list[_Comment], path: str) -> Hit:
        for line, last, rules, reason in said:
            if not line <= hit.line <= last or not _names(rules, hit):
                continue
            if reason:
                return msgspec.structs.replace(hit, suppressed=reason)
            with self._lock:
                if len(self._problems) < _MOST_PROBLEMS:
                    where = f"{path or 'history'}:{line}"
                    self._problems[f"{where}: {_INCOMPLETE}"] = None
        return hit


_Comment = tuple[int, int, tuple[str, ...], str]
"""Line, last line that it speaks of, rules, and reason (empty when rules or reason are missing)."""


def _comments(text: bytes) -> Iterator[_Comment]:
    for match in _COMMENT.finditer(text):
        line = text.count(b"\n", 0, match.start()) + 1
        rules = tuple(r.strip() for r in (match[1] or b"").decode().split(",") if r.strip())
        reason = _CLOSERS.sub("", match[2].decode("utf-8", "replace")).strip()
        is_whole = bool(rules) and len(re.findall(r"\w", reason)) >= 3
        before = text[text.rfind(b"\n", 0, match.start()) + 1 : match.start()]
        last = line if before.strip(_LEADS) else line + 1
        yield line, last, rules or ("*",), reason if is_whole else ""


def _names(rules: tuple[str, ...], hit: Hit) -> bool:
    """By rule, by provider or by kind; ``*`` stands for anything."""
    return any(
        fnmatchcase(word, rule) for rule in rules for word in (hit.rule, hit.provider, hit.kind)
    )


def kept_with(subject: NodeId, text: bytes) -> Asset:
    """The fact that keeps a repository's file with the repository, so that it holds when the state
    is looked at again."""
    return Asset(
        id=subject,
        kind="",
        name="",
        asset_class=AssetClass.REPOSITORY,
        is_ai=False,
        tags={TAG: text[:_MOST_BYTES].decode("utf-8", "replace")},
    )


@dataclass(frozen=True)
class IgnoreFile:
    """A parsed ``.shadow-ai-ignore``."""

    patterns: tuple[str, ...] = ()
    findings: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    @cached_property
    def spec(self) -> GitIgnoreSpec:
        return _spec(self.patterns)

    def covers(self, path: str) -> bool:
        return bool(self.patterns) and bool(path) and self.spec.match_file(path)


def parse(text: str) -> IgnoreFile:
    """Never raises: a line that cannot be used is named in ``problems``."""
    patterns: list[str] = []
    findings: set[str] = set()
    problems: list[str] = []
    for number, raw in enumerate(text.splitlines()[:_MOST_LINES], start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        mark = _FINDING.match(line)
        if mark:
            findings.add(mark[0])
            continue
        try:
            if len(line) > 300 or line.count("*") + line.count("?") > _MOST_WILDCARDS:
                raise ValueError("too long or too many wildcards")
            _spec([line])
            patterns.append(line)
        except (ValueError, re.error) as error:
            problems.append(f"{FILE}:{number}: {error}; the line is left out")
    return IgnoreFile(tuple(patterns), frozenset(findings), tuple(problems))


def _spec(patterns: Sequence[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # brings engines of its own: only for who has patterns

    return GitIgnoreSpec.from_lines(patterns)


@dataclass
class Suppressions:
    """All that the facts of a state say of what not to report, and what became of it."""

    honoured: bool = True
    files: dict[NodeId, IgnoreFile] = field(default_factory=dict)
    accepted: set[tuple[str, str]] = field(default_factory=set)
    """(resource, credential fingerprint) that a comment accepts: their history is accepted, too."""
    counts: Counter[str] = field(default_factory=Counter)
    nodes: dict[str, str] = field(default_factory=dict)
    """Facts that nothing but suppressed evidence stands behind, with the way of suppression."""
    has_comments: bool = False

    def learn(self, facts: Iterable[tuple[ShardId, Fact, bool]]) -> Suppressions:
        """First pass."""
        for _, fact, _ in facts:
            if isinstance(fact, Asset) and TAG in fact.tags:
                self.files[fact.id] = parse(fact.tags[TAG])
            for item in fact.evidence:
                if item.suppressed:
                    self.has_comments = True
                    if item.credential:
                        self.accepted.add((item.resource, item.credential))
        return self

    @property
    def findings(self) -> frozenset[str]:
        """Fingerprints that the files name."""
        if not self.honoured:
            return frozenset()
        return frozenset().union(*(file.findings for file in self.files.values()))

    def applied(
        self, facts: Iterable[tuple[ShardId, Fact, bool]]
    ) -> Iterator[tuple[ShardId, Fact, bool]]:
        """Second pass: the facts without what is suppressed. Counts places, once each."""
        if not self.files and not self.has_comments:
            yield from facts
            return
        seen: set[tuple[object, ...]] = set()
        for shard, fact, is_seen in facts:
            kept, ways = self._split(fact.evidence, seen)
            plain = fact
            if isinstance(fact, Asset) and TAG in fact.tags:
                tags = {name: text for name, text in fact.tags.items() if name != TAG}
                plain = msgspec.structs.replace(fact, tags=tags)
            if not ways or not self.honoured:
                yield shard, plain, is_seen
            elif kept:
                yield shard, msgspec.structs.replace(plain, evidence=kept), is_seen
            elif not isinstance(fact, Edge):
                self.nodes[fact.id] = ways[0]

    def _split(
        self, evidence: tuple[Evidence, ...], seen: set[tuple[object, ...]]
    ) -> tuple[tuple[Evidence, ...], list[str]]:
        kept: list[Evidence] = []
        ways: list[str] = []
        for item in evidence:
            way = self._way(item)
            if not way:
                kept.append(item)
                continue
            ways.append(way)
            if item.place not in seen:
                seen.add(item.place)
                self.counts[way] += 1
        return tuple(kept), ways

    def _way(self, item: Evidence) -> str:
        if item.suppressed:
            return "comments"
        if (
            item.context is Setting.HISTORY
            and (item.resource, item.credential) in self.accepted
            and item.credential
        ):
            return "comments"
        file = self.files.get(NodeId(item.resource))
        return FILE if file is not None and file.covers(item.path) else ""

    def warnings(self) -> Iterator[str]:
        for ident, file in sorted(self.files.items()):
            for problem in file.problems:
                yield f"{ident}: {problem}"
        if not self.counts:
            return
        said = ", ".join(f"{count} by {way}" for way, count in sorted(self.counts.items()))
        if self.honoured:
            yield f"suppressed places: {said}"
        else:
            yield f"suppressions in scanned content are not honoured here ({said} would be hidden)"
