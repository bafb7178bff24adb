"""What is compiled of a rulebook: patterns, their prefilters, and what tells use from keys.

Holds no key of a run and nothing that was read, so that it is made once for all detectors of one
rulebook: those of a daemon's scans, and those of a process that scans again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Set
from functools import cached_property
from typing import TYPE_CHECKING

from scanner.detect.decode import Decoder
from scanner.detect.files import FileIndex
from scanner.detect.knowledge import Knowledge
from scanner.detect.patterns import Pattern, compile_patterns
from scanner.detect.prefilter import Prefilter, build
from scanner.detect.readers import all_readers
from scanner.model.items import HitKind
from scanner.rulebook.load import Rulebook

if TYPE_CHECKING:
    from scanner.detect.sieve import Automaton

_MIN_DECODED_LITERAL = 4
_MIN_SURE_LITERAL = 3
"""Where the format alone makes a key, without a word beside it."""
_MOST_KEPT = 2
"""One for scans, one for whoever names another engine."""
_kept: list[Compilation] = []
_lock = threading.Lock()


def compilation(rulebook: Rulebook, engine: str = "auto") -> Compilation:
    """Of this very rulebook: the same object as before, if it was among the last asked for."""
    with _lock:
        for one in _kept:
            if one.rulebook is rulebook and one.engine == engine:
                return one
        made = Compilation(rulebook, engine)
        _kept[:] = [made, *_kept][:_MOST_KEPT]
        return made


class Compilation:
    """Used by all threads. Each part is made when it is first asked for."""

    def __init__(self, rulebook: Rulebook, engine: str) -> None:
        self.rulebook = rulebook
        self.engine = engine
        self.patterns = compile_patterns(rulebook)
        self.credentials = [p for p in self.patterns if _may_hold_secret(p)]
        self.decoder = Decoder(
            (
                prefix
                for pattern in self.credentials
                for prefix in pattern.prefixes
                if pattern.kind is HitKind.CREDENTIAL
                and len(prefix) >= (_MIN_DECODED_LITERAL if pattern.words else _MIN_SURE_LITERAL)
            ),
            engine,
        )
        self._making = threading.Lock()
        self._known_usage: Usage | None = None

    @property
    def usage(self) -> Usage:
        """Whoever looks for keys alone does without."""
        if self._known_usage is None:
            with self._making:
                if self._known_usage is None:
                    self._known_usage = Usage(
                        self.rulebook, self.patterns, self.engine, self.decoder.literals
                    )
        return self._known_usage

    @cached_property
    def keys(self) -> PatternSet:
        """Of patterns that may hold a secret, for those who ask for nothing else."""
        return PatternSet(self.credentials, self.engine, self.decoder.literals)

    @cached_property
    def automaton(self) -> Automaton:
        """For readers of histories. Raises ``ImportError`` without the engine that it takes."""
        from scanner.detect.sieve import Automaton

        return Automaton(self.credentials, self.decoder)


class Usage:
    """What tells use from keys: readers, files, packages and all patterns."""

    def __init__(
        self,
        rulebook: Rulebook,
        patterns: tuple[Pattern, ...],
        engine: str,
        encoded: Set[bytes],
    ) -> None:
        self.files = FileIndex(rulebook)
        self.knowledge = Knowledge(rulebook)
        self.readers = all_readers()
        self.binary = [n for n, reader in enumerate(self.readers) if reader.binary]
        self.always = {n for n, reader in enumerate(self.readers) if not reader.literals}
        self.asked_by: dict[bytes, list[int]] = {}
        """literal -> the readers that want files in which it stands"""
        for number, reader in enumerate(self.readers):
            for literal in reader.literals:
                self.asked_by.setdefault(literal, []).append(number)
        literals = encoded | {text for reader in self.readers for text in reader.literals}
        self.patterns = PatternSet(list(patterns), engine, literals)


class PatternSet:
    """Patterns behind one prefilter. ``also``: literals (lower case) that readers ask for."""

    def __init__(
        self, patterns: list[Pattern], engine: str, also: Set[bytes] = frozenset()
    ) -> None:
        self._patterns = patterns
        self._always = [n for n, p in enumerate(patterns) if not p.literals]
        owners: dict[bytes, list[int]] = {}
        for number, pattern in enumerate(patterns):
            for literal in pattern.folded:
                owners.setdefault(literal, []).append(number)
        self._literals = sorted(owners.keys() | also)
        self._owners = [owners.get(literal, []) for literal in self._literals]
        self.prefilter: Prefilter = build(self._literals, engine)

    def select(self, data: bytes) -> tuple[list[Pattern], frozenset[bytes]]:
        """The patterns worth trying on ``data``, in their fixed order, and which literals it
        holds."""
        found = self.prefilter.candidates(data)
        chosen = set(self._always)
        for index in found:
            chosen.update(self._owners[index])
        present = frozenset(self._literals[index] for index in found)
        return [self._patterns[number] for number in sorted(chosen)], present


def _may_hold_secret(pattern: Pattern) -> bool:
    return pattern.kind is HitKind.CREDENTIAL or pattern.is_assignment
