"""Which literals occur in a piece of bytes: the one hot loop of detection.

Three engines behind one call, all exact for literals, so which of them runs never changes a hit:
hyperscan (Vectorscan wheels), google-re2, and the standard library. Every candidate is confirmed
by ``re`` afterwards (:mod:`scanner.detect.engine`).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from scanner.detect.compiled import CASELESS, SINGLEMATCH, database, new_scratch
from scanner.model.errors import ConfigError


class Prefilter(Protocol):
    name: str

    def candidates(self, data: bytes) -> set[int]:
        """Indexes of the literals (any letter case) that occur in ``data``."""
        ...


class HyperscanPrefilter:
    """One block-mode database; a scratch space per thread, as hyperscan requires."""

    name = "hyperscan"

    def __init__(self, literals: Sequence[bytes]) -> None:
        self._database = database(
            [_hex(literal) for literal in literals],
            ids=range(len(literals)),
            flags=[CASELESS | SINGLEMATCH] * len(literals),
        )
        self._local = threading.local()

    def candidates(self, data: bytes) -> set[int]:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = new_scratch(self._database)
        found: set[int] = set()
        self._database.scan(
            data,
            match_event_handler=lambda ident, start, end, flags, context: found.add(ident),
            scratch=scratch,
        )
        return found


class Re2Prefilter:
    """A set automaton over the literals; linear time, wheels on every platform."""

    name = "re2"

    def __init__(self, literals: Sequence[bytes]) -> None:
        import re2

        options = re2.Options()
        options.case_sensitive = False
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = 1 << 28
        self._set: Any = re2.Set.SearchSet(options)
        for literal in literals:
            self._set.Add(re2.escape(literal).decode("latin-1"))
        self._set.Compile()

    def candidates(self, data: bytes) -> set[int]:
        return set(self._set.Match(data) or ())


class PlainPrefilter:
    """The standard library alone: slow, always there, the reference in tests."""

    name = "re"

    def __init__(self, literals: Sequence[bytes]) -> None:
        self._literals = [(index, literal.lower()) for index, literal in enumerate(literals)]

    def candidates(self, data: bytes) -> set[int]:
        lowered = data.lower()
        return {index for index, literal in self._literals if literal in lowered}


ENGINES: dict[str, Callable[[Sequence[bytes]], Prefilter]] = {
    "hyperscan": HyperscanPrefilter,
    "re2": Re2Prefilter,
    "re": PlainPrefilter,
}


def build(literals: Sequence[bytes], engine: str = "auto") -> Prefilter:
    """The fastest engine whose wheel is installed, or the one that is named."""
    if engine != "auto":
        if engine not in ENGINES:
            raise ConfigError(f"engine `{engine}`: not one of auto, {', '.join(ENGINES)}")
        try:
            return ENGINES[engine](literals)
        except ImportError as error:
            raise ConfigError(f"engine `{engine}` is not installed: {error}") from error
    return ENGINES[_fastest()](literals)


@functools.cache
def _fastest() -> str:
    for name, module in (("hyperscan", "hyperscan"), ("re2", "re2")):
        try:
            __import__(module)
        except ImportError:
            continue
        return name
    return "re"


def _hex(literal: bytes) -> bytes:
    return ("\\x" + literal.hex(":").replace(":", "\\x")).encode()
