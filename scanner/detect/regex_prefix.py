"""A regex -> the beginning of it that a fast automaton can search: whatever the regex matches, its
beginning matches there, too.

Owns what an automaton cannot or need not do (looking around, long tails, greedy ends): those parts
are left out, so that it finds more, never less. Works on the standard library's parse tree.
"""

from __future__ import annotations

import re
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_LOOKS = (c.ASSERT, c.ASSERT_NOT, c.AT)
_CATEGORIES = {
    c.CATEGORY_DIGIT: "0-9",
    c.CATEGORY_WORD: "A-Za-z0-9_",
    c.CATEGORY_SPACE: r"\t\n\x0b\x0c\r\x20",
}


def beginning(pattern: str, most: int) -> tuple[str, int, bool]:
    """An expression in Hyperscan's syntax (https://intel.github.io/hyperscan/dev-reference/
    compilation.html#pattern-support) that matches at most ``most`` bytes, the length of its longest
    match, and whether it is the whole of ``pattern``. Raises ``ValueError`` for what cannot be
    expressed (back-references)."""
    maker = _Maker(most)
    text = maker.sequence(parser.parse(pattern), is_end=True)
    return text, maker.width, not maker.is_cut


class _Maker:
    def __init__(self, most: int) -> None:
        self._most = most
        self.width = 0
        self.is_cut = False

    def sequence(self, items: Any, *, is_end: bool = False) -> str:
        """As many of ``items`` as the bound allows. What repeats at the end is taken as often as it
        must: a longer match ends later and says nothing more."""
        parts: list[str] = []
        wanted = [item for item in items if item[0] not in _LOOKS]
        for number, (op, argument) in enumerate(wanted):
            if self.is_cut:
                break
            is_last = is_end and all(map(_is_padding, wanted[number + 1 :]))
            parts.append(self._part(op, argument, is_last=is_last))
        return "".join(parts)

    def _part(self, op: Any, argument: Any, *, is_last: bool) -> str:
        if op in (c.MAX_REPEAT, c.MIN_REPEAT):
            return self._repeat(argument, is_last=is_last)
        if op is c.SUBPATTERN:
            _, add, remove, inner = argument
            flags = "i" if add & re.IGNORECASE else ""
            without = "-i" if remove & re.IGNORECASE else ""
            return f"(?{flags}{without}:{self.sequence(inner, is_end=is_last)})"
        if op is c.BRANCH:
            return self._branch(argument[1], is_last=is_last)
        self.width += 1
        if self.width > self._most:
            self.width -= 1
            self.is_cut = True
            return ""
        return _one(op, argument)

    def _branch(self, branches: Any, *, is_last: bool) -> str:
        texts: list[str] = []
        widest = start = self.width
        was_cut = False
        for branch in branches:
            self.width, self.is_cut = start, False
            texts.append(self.sequence(branch, is_end=is_last))
            widest = max(widest, self.width)
            was_cut |= self.is_cut
        self.width, self.is_cut = widest, was_cut
        return f"(?:{'|'.join(texts)})"

    def _repeat(self, argument: Any, *, is_last: bool) -> str:
        low, high, inner = argument
        start = self.width
        text = self.sequence(inner)
        once = self.width - start
        if self.is_cut:
            self.width = start
            return ""
        room = (self._most - start) // max(1, once)
        longest = low if is_last else high
        if longest > room:
            longest = low = min(low, room)
            self.is_cut = True
        elif longest < high:
            self.is_cut = not _is_padding((c.MAX_REPEAT, argument))
        self.width = start + once * longest
        return f"(?:{text}){{{min(low, longest)},{longest}}}" if longest else ""


def _is_padding(item: Any) -> bool:
    """``=`` that may be absent: what follows a key without it ends the key all the same."""
    op, argument = item
    return (
        op in (c.MAX_REPEAT, c.MIN_REPEAT)
        and argument[0] == 0
        and list(argument[2]) == [(c.LITERAL, ord("="))]
    )


def _one(op: Any, argument: Any) -> str:
    if op is c.LITERAL:
        return _byte(argument)
    if op is c.NOT_LITERAL:
        return f"[^{_byte(argument)}]"
    if op is c.ANY:
        return r"[^\n]"
    if op is c.IN:
        negated = argument[0][0] is c.NEGATE
        members = "".join(_member(*item) for item in argument if item[0] is not c.NEGATE)
        return f"[{'^' if negated else ''}{members}]"
    raise ValueError(f"{op} cannot be searched for")


def _member(op: Any, argument: Any) -> str:
    if op is c.LITERAL:
        return _byte(argument)
    if op is c.RANGE:
        return f"{_byte(argument[0])}-{_byte(argument[1])}"
    if op is c.CATEGORY and argument in _CATEGORIES:
        return _CATEGORIES[argument]
    raise ValueError(f"{op} {argument} cannot be searched for")


def quoted(text: bytes) -> str:
    """An expression that matches ``text`` alone."""
    return "".join(map(_byte, text))


def _byte(value: int) -> str:
    if value > 255:
        raise ValueError("only bytes can be searched for")
    char = chr(value)
    return char if char.isalnum() and value < 128 else f"\\x{value:02x}"
