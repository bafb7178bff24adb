"""Literals that every match of a regex must contain: what makes a fast prefilter sound.

Works on the standard library's own parse tree, so it can never disagree with ``re`` on syntax.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import msgspec

from scanner.rulebook import cache as kept

MIN_LENGTH = 3
MOST = 64
"""Literals of one pattern; more would cost more than they spare."""
_MOST_MEMBERS = 4
_KIND = "literals"
_MOST_KEPT = 4


def required_literals(pattern: str) -> tuple[str, ...] | None:
    """Alternatives of which at least one stands in every match; None when there is no such set
    of useful length (then the pattern has to be tried everywhere)."""
    found = _of_sequence(parser.parse(pattern))
    if not found or min(map(len, found)) < MIN_LENGTH or len(found) > MOST:
        return None
    return tuple(sorted(found))


def literals_of(patterns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """:func:`required_literals` of each (empty where there are none), kept between runs: finding
    them takes an expression apart, and the catalogue's are the same for weeks."""
    wanted = sorted(set(patterns))
    made_by = Path(__file__).read_bytes()
    key = hashlib.blake2b(made_by + repr(wanted).encode(), digest_size=16).hexdigest()
    data = kept.read_bytes(_KIND, key)
    if data is not None:
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.msgpack.decode(data, type=dict[str, tuple[str, ...]])
    found = {pattern: required_literals(pattern) or () for pattern in wanted}
    kept.write_bytes(_KIND, key, msgspec.msgpack.encode(found), _MOST_KEPT)
    return found


def _of_sequence(items: Any) -> tuple[str, ...]:
    """The best alternative set among the parts of a sequence (all of which must match). Parts that
    are a few exact texts are multiplied out: ``o[13]-mini`` needs ``o1-mini`` or ``o3-mini``, which
    says more than ``-mini``."""
    best: tuple[str, ...] = ()
    runs: tuple[str, ...] = ("",)
    for op, argument in items:
        exact = _exact_part(op, argument)
        if exact and len(runs) * len(exact) <= MOST:
            runs = tuple(run + text for run in runs for text in exact)
            continue
        best, runs = _better(best, _texts(runs)), ("",)
        if exact:
            runs = exact
        else:
            best = _better(best, _of_part(op, argument))
    return _better(best, _texts(runs))


def _texts(runs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(runs)) if all(runs) else ()


def _exact(items: Any) -> tuple[str, ...]:
    """Every text that a sequence matches, when they are few; nothing otherwise."""
    found: tuple[str, ...] = ("",)
    for op, argument in items:
        part = _exact_part(op, argument)
        if not part or len(found) * len(part) > MOST:
            return ()
        found = tuple(text + more for text in found for more in part)
    return found


def _exact_part(op: Any, argument: Any) -> tuple[str, ...]:
    if op is c.LITERAL:
        return (chr(argument),)
    if op is c.IN:
        return _members(argument)
    if op is c.SUBPATTERN and not argument[1] and not argument[2]:
        return _exact(argument[-1])
    if op is c.BRANCH:
        branches = [_exact(branch) for branch in argument[1]]
        found = tuple(text for branch in branches for text in branch)
        return found if all(branches) and len(found) <= MOST else ()
    return ()


def _members(argument: Any) -> tuple[str, ...]:
    """The characters of a small class."""
    found: list[str] = []
    for op, value in argument:
        if op is c.LITERAL:
            found.append(chr(value))
        elif op is c.RANGE and value[1] - value[0] < _MOST_MEMBERS:
            found += map(chr, range(value[0], value[1] + 1))
        else:
            return ()
    return tuple(found) if len(found) <= _MOST_MEMBERS else ()


def _of_part(op: Any, argument: Any) -> tuple[str, ...]:
    if op is c.SUBPATTERN:
        return _of_sequence(argument[-1])
    if op is c.BRANCH:
        branches = [_of_sequence(branch) for branch in argument[1]]
        return tuple({x for found in branches for x in found}) if all(branches) else ()
    if op in (c.MAX_REPEAT, c.MIN_REPEAT) and argument[0] >= 1:
        return _of_sequence(argument[2])
    return ()


def _better(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[str, ...]:
    """The set whose shortest member is longer; fewer members break a tie."""

    def worth(found: tuple[str, ...]) -> tuple[int, int]:
        return (min(map(len, found), default=0), -len(found))

    return max(one, two, key=worth)


def is_bounded(pattern: str) -> bool:
    """Whether no match can be longer than a fixed number of bytes."""
    try:
        return max_width(pattern) is not None
    except re.error:
        return False


def compiled(source: bytes, flags: int = 0) -> tuple[re.Pattern[bytes], int | None]:
    """The regex and the length of its longest match (None without a bound), parsed once: most of
    what compiling costs is parsing."""
    tree = parser.parse(source, flags)
    width = int(tree.getwidth()[1])
    regex: re.Pattern[bytes] = compiler.compile(tree, flags)
    return regex, width if width < c.MAXREPEAT else None


def max_width(pattern: str | bytes) -> int | None:
    """The length of the longest match, None without a bound. Raises ``re.error``."""
    width = int(parser.parse(pattern).getwidth()[1])
    return width if width < c.MAXREPEAT else None
