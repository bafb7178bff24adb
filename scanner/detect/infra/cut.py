"""A text cut by its brackets, comments blanked: enough to say which block a place belongs to.

Owns lexing of strings, comments and brackets in one linear pass, for configuration and program
languages alike; never a parser. Broken input gives broken blocks, never an error.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from scanner.kit.expressions import expression

MOST_CUT_BYTES = 2 << 20
_DOUBLE = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?'
_SINGLE = r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'?"
_CHAR = r"'(?:[^'\\\n]|\\[^\n]{1,8})'"
_TEMPLATE = r"`[^`\\]*(?:\\.[^`\\]*)*`?"
_TRIPLE_DOUBLE = r'""".*?(?:"""|\Z)'
_TRIPLE_SINGLE = r"'''.*?(?:'''|\Z)"
_BLOCK = r"/\*.*?(?:\*/|\Z)"
_SLASHES = r"//[^\n]*"
_HASH = r"\#[^\n]*"
_RESET = r"^(?:resource|data|module|variable|output|locals|provider)\b"
_OPENING = {")": "(", "]": "[", "}": "{"}
_MOST_SKIPPED = 6
"""Open brackets that a closing one may leave behind unclosed."""


def _lexer(comments: tuple[str, ...], strings: tuple[str, ...], reset: str = "") -> re.Pattern[str]:
    parts = [f"(?P<c>{'|'.join(comments)})", f"(?P<s>{'|'.join(strings)})"]
    parts += [f"(?P<r>{reset})"] if reset else []
    return expression("|".join([*parts, r"(?P<o>[(\[{])", r"(?P<e>[)\]}])"]), re.M | re.S)


HCL = _lexer((_BLOCK, _SLASHES, _HASH), (_DOUBLE,), _RESET)
BICEP = _lexer((_BLOCK, _SLASHES), (_TRIPLE_SINGLE, _SINGLE))
SCRIPT = _lexer((_BLOCK, _SLASHES), (_DOUBLE, _SINGLE, _TEMPLATE))
C_LIKE = _lexer((_BLOCK, _SLASHES), (_TRIPLE_DOUBLE, _DOUBLE, _CHAR, _TEMPLATE))
PYTHON = _lexer((_HASH,), (_TRIPLE_DOUBLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE))


@dataclass(frozen=True)
class Cut:
    """``text``: as long as the file's, comments blanked. ``closes``: offset of each opening bracket
    -> of its partner (the end of the text where there is none)."""

    text: str
    opens: tuple[int, ...]
    closes: dict[int, int]
    parents: dict[int, int]

    def around(self, at: int) -> int:
        """Offset of the innermost bracket that is open at ``at``; -1: none."""
        index = bisect_left(self.opens, at) - 1
        opened = self.opens[index] if index >= 0 else -1
        while opened >= 0 and self.closes[opened] < at:
            opened = self.parents[opened]
        return opened

    def block(self, opened: int, most: int = 40_000) -> str:
        """The text between a bracket and its partner."""
        return self.text[opened + 1 : min(self.closes.get(opened, opened + 1), opened + most)]


def cut(text: str, lexer: re.Pattern[str]) -> Cut:
    """One pass; a closing bracket that fits nothing is passed over."""
    text = text[:MOST_CUT_BYTES]
    stack: list[int] = []
    opens: list[int] = []
    closes: dict[int, int] = {}
    parents: dict[int, int] = {}
    pieces: list[str] = []
    done = 0
    for match in lexer.finditer(text):
        kind, at = match.lastgroup, match.start()
        if kind == "o":
            parents[at] = stack[-1] if stack else -1
            closes[at] = len(text)
            opens.append(at)
            stack.append(at)
        elif kind == "e":
            _close(text, at, stack, closes)
        elif kind == "c":
            pieces += (text[done:at], _BLANKED.sub(" ", match[0]))
            done = match.end()
        elif kind == "r":
            for opened in stack:
                closes[opened] = at
            stack.clear()
    return Cut("".join(pieces) + text[done:], tuple(opens), closes, parents)


_BLANKED = expression(r"[^\n]")


def _close(text: str, at: int, stack: list[int], closes: dict[int, int]) -> None:
    wanted = _OPENING[text[at]]
    for back in range(1, min(len(stack), _MOST_SKIPPED) + 1):
        if text[stack[-back]] == wanted:
            for _ in range(back):
                closes[stack.pop()] = at
            return
