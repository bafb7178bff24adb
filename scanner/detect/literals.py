"""Literals that every match of a regex must contain: what makes a fast prefilter sound.

Works on the standard library's own parse tree, so it can never disagree with ``re`` on syntax.
"""

from __future__ import annotations

import re
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MIN_LENGTH = 3


def required_literals(pattern: str) -> tuple[str, ...] | None:
    """Alternatives of which at least one stands in every match; None when there is no such set
    of useful length (then the pattern has to be tried everywhere)."""
    found = _of_sequence(parser.parse(pattern))
    if not found or min(map(len, found)) < MIN_LENGTH or len(found) > 64:
        return None
    return tuple(sorted(found))


def _of_sequence(items: Any) -> tuple[str, ...]:
    """The best alternative set among the parts of a sequence (all of which must match)."""
    best: tuple[str, ...] = ()
    run = ""
    for op, argument in items:
        if op is c.LITERAL:
            run += chr(argument)
            continue
        best, run = _better(best, (run,) if run else ()), ""
        best = _better(best, _of_part(op, argument))
    return _better(best, (run,) if run else ())


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


def max_width(pattern: str | bytes) -> int | None:
    """The length of the longest match, None without a bound. Raises ``re.error``."""
    width = int(parser.parse(pattern).getwidth()[1])
    return width if width < c.MAXREPEAT else None
