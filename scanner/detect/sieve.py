"""Where in bytes credentials may be: one pass of an automaton, never a miss, few false alarms.

For readers that meet the same text again and again (a repository's history): they ask here which
places are worth a look, and look once. Owns the expressions, made from the same patterns as the
detector's; what is a credential there, the detector alone decides.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

import msgspec

from scanner import __version__
from scanner.detect.compiled import DOTALL, database, new_scratch
from scanner.detect.credentials import CredentialFinder
from scanner.detect.decode import LONGEST_RUN, Decoder, Mark
from scanner.detect.patterns import ASSIGNED, Pattern, any_joint
from scanner.detect.regex_prefix import beginning
from scanner.detect.secrets import NEAR_BYTES
from scanner.model.items import HitKind
from scanner.rulebook import cache

_WORD = r"[^A-Za-z0-9_\x2d]"
_REACH = 128
"""Of a format, so many bytes are searched for at most."""
_REACH_BEHIND_WORD = 72
_GAP = f"[^\\x00]{{0,{NEAR_BYTES - 1}}}"
"""Readers put a NUL between texts that do not belong together."""
_LOCAL_REACH = 768
"""How far the detector looks around a credential (:mod:`scanner.detect.secrets`), with room."""
_RUN_REACH = LONGEST_RUN + 4096
"""A run, and the lines that are joined to it."""
_MOST_BEFORE = 1024


class Scope(IntEnum):
    """How much around a place decides whether a credential is there."""

    LOCAL = 0
    RUN = 1
    """The encoded run that it stands in."""
    WHOLE = 2
    """The whole text."""


class Expression(msgspec.Struct, frozen=True, array_like=True):
    text: str
    width: int
    """Bytes of its longest match."""
    scope: Scope
    longest: int = 0
    """Bytes of the longest credential that begins like this."""
    mark: Mark | None = None

    @property
    def before(self) -> int:
        """Bytes before the end of a match that decide."""
        return _RUN_REACH if self.scope is Scope.RUN else self.width + _LOCAL_REACH

    @property
    def behind(self) -> int:
        """Bytes behind it; -1: all."""
        if self.scope is Scope.WHOLE:
            return -1
        return _RUN_REACH if self.scope is Scope.RUN else self.longest + _LOCAL_REACH


def expressions(patterns: Sequence[Pattern], decoder: Decoder) -> list[Expression]:
    """One of these matches wherever one of ``patterns`` does, and wherever ``decoder`` finds
    something to take apart."""
    found = dict.fromkeys(_formats(patterns))
    found |= dict.fromkeys(_assignments(patterns))
    found |= dict.fromkeys(_encoded(decoder))
    return list(found)


def _formats(patterns: Sequence[Pattern]) -> Iterator[Expression]:
    shapes: dict[tuple[str, int, int], set[str]] = {}
    for pattern in patterns:
        if pattern.kind is not HitKind.CREDENTIAL or pattern.key is None:
            continue
        is_told = bool(pattern.prefixes) and all(_tells(p) for p in pattern.prefixes)
        most = _REACH if is_told or not pattern.words else _REACH_BEHIND_WORD
        text, width, is_whole = beginning(pattern.key.pattern, most)
        text = f"{_WORD}(?:{text}){_WORD if is_whole else ''}"
        width += 2 if is_whole else 1
        longest = pattern.width or 0
        if pattern.words and not is_told:
            shapes.setdefault((text, width, longest), set()).update(pattern.words)
        else:
            yield Expression(text, width, Scope.LOCAL, longest)
    for (text, width, longest), words in sorted(shapes.items()):
        said = "|".join(sorted(map(any_joint, words)))
        lead = max(map(len, words)) + NEAR_BYTES - 1
        yield Expression(f"(?i:{said}){_GAP}{text}", lead + width, Scope.LOCAL, longest)


def _tells(prefix: bytes) -> bool:
    """Whether a format's prefix is rare enough to be looked for without the provider's word."""
    return len(prefix) > 2 and any(chr(byte).isalpha() for byte in prefix[:-1])


def _assignments(patterns: Sequence[Pattern]) -> Iterator[Expression]:
    tail, width, _ = beginning(ASSIGNED, _REACH)
    for pattern in patterns:
        if pattern.is_assignment and pattern.kind is not HitKind.CREDENTIAL:
            name = pattern.literals[0]
            yield Expression(
                re.escape(name) + tail, len(name) + width, Scope.LOCAL, pattern.width or 0
            )


def _mark(patterns: Sequence[Pattern]) -> str:
    """Of all that decides what is a credential."""
    found = hashlib.blake2b(__version__.encode(), digest_size=16)
    for p in patterns:
        found.update(repr((p.rule, p.source, p.words, p.min_entropy, p.prefixes, p.key)).encode())
    return found.hexdigest()


_EXPRESSIONS = msgspec.msgpack.Decoder(list[Expression])


def _kept(mark: str) -> list[Expression]:
    """Making them takes longer than starting."""
    data = cache.read_bytes("sieve", mark)
    try:
        return _EXPRESSIONS.decode(data) if data else []
    except (msgspec.MsgspecError, ValueError):
        return []


def _made(mark: str, found: list[Expression]) -> list[Expression]:
    cache.write_bytes("sieve", mark, msgspec.msgpack.encode(found), most=3)
    return found


def _encoded(decoder: Decoder) -> Iterator[Expression]:
    for mark in decoder.expressions():
        scope = Scope.WHOLE if mark.decides_by_file else Scope.RUN
        yield Expression(mark.expression, mark.width, scope, mark=mark)


class Automaton:
    """The expressions in one Hyperscan database."""

    def __init__(self, patterns: Sequence[Pattern], decoder: Decoder) -> None:
        self.mark = _mark(patterns)
        found = _kept(self.mark) or _made(self.mark, expressions(patterns, decoder))
        self.expressions = found
        self.database = database(
            [e.text.encode("latin-1") for e in found],
            ids=range(len(found)),
            flags=[DOTALL] * len(found),
        )


class AutomatonSieve:
    """See :class:`scanner.kit.contract.Sieve`."""

    def __init__(self, automaton: Automaton, finder: CredentialFinder) -> None:
        found = automaton.expressions
        self.mark = automaton.mark
        self.width = max(expression.width for expression in found)
        self.reach = [(e.before, e.behind) for e in found]
        self._finder = finder
        self._expressions = found
        self._most_behind = max(e.behind for e in found if e.scope is Scope.LOCAL)
        self._database = automaton.database
        self._local = threading.local()

    def places(self, text: bytes) -> list[tuple[int, int]]:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = new_scratch(self._database)
        found: list[tuple[int, int]] = []
        add = found.append
        self._database.scan(
            text,
            match_event_handler=lambda ident, start, end, flags, context: add((ident, end)),
            scratch=scratch,
        )
        return found

    def confirm(self, excerpt: bytes, first: int, last: int) -> frozenset[tuple[str, str]]:
        low, high = max(0, first - 2), last
        start = max(0, first - _MOST_BEFORE)
        around = excerpt[start : last + self._most_behind]
        here = {
            self._expressions[number]
            for number, end in self.places(b"\0" + around + b"\0")
            if first <= end - 1 + start <= last + 1
        }
        found: set[tuple[str, str]] = set()
        if marks := [expression.mark for expression in here if expression.mark]:
            hits = self._finder.encoded_hits(excerpt, low, high, marks)
            found.update((hit.rule, hit.fingerprint) for hit in hits)
        if any(expression.scope is Scope.LOCAL for expression in here):
            low, high = low - start, high - start
            if plain := self._plain(around, low, high):
                taken = [(s - start, e - start) for s, e in self._finder.encoded_spans(excerpt)]
                found |= self._plain(around, low, high, taken) if taken else plain
        return frozenset(found)

    def _plain(
        self, around: bytes, low: int, high: int, taken: Iterable[tuple[int, int]] = ()
    ) -> set[tuple[str, str]]:
        return {
            (hit.rule, hit.fingerprint)
            for hit in self._finder.plain_hits(around, taken)
            if hit.start < high and hit.end > low
        }
