"""IAM's wildcards: ``*`` is any run of characters, ``?`` one; what a pattern matches, and how two
patterns stand to each other.

Patterns are written by whoever may write a policy, so nothing here can run away: a pattern is an
automaton whose states are the bits of one integer, a text of n characters takes n steps, and two
patterns are compared in as many steps as the shorter has characters. There is no backtracking and
no regular expression.

What is literally an asterisk or question mark (``${*}`` in a policy, any such character in a
resource's own name) is written as ``LITERALS`` has it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html lets a
``*`` at the end of an ARN's segment run over the colons behind it. Here every ``*`` may; ``RUN``
and ``ONE`` are the wildcards that are no colon, for the forms of ARNs whose parts have none.
"""

from __future__ import annotations

import re
from functools import lru_cache

LITERALS = {"*": "\ue000", "?": "\ue001"}
"""Of the private use area: no text that comes from a document keeps such characters."""
RUN, ONE = "\ue003", "\ue004"
_QUOTED = str.maketrans(LITERALS)
_SHOWN = str.maketrans({"\ue000": "${*}", "\ue001": "${?}", RUN: "*", ONE: "?"})
_OPENS = str.maketrans({RUN: "*", ONE: "?"})
_CONFINES = str.maketrans({"*": RUN, "?": ONE})
_WILD = re.compile(f"[*?{RUN}{ONE}]")
_NOT_EMPTY = re.compile(f":{ONE}{RUN}(?=:)")
"""A segment of an ARN that policies write as a star."""
_SEVERAL = re.compile(f"[*?]{{2,}}|[{RUN}{ONE}]{{2,}}")


def quoted(text: str) -> str:
    """``text`` as a pattern that matches it alone."""
    return text.translate(_QUOTED)


def shown(pattern: str) -> str:
    """A pattern as a policy would write it."""
    return _NOT_EMPTY.sub(":*", pattern).translate(_SHOWN)


def opened(pattern: str) -> str:
    """With wildcards that may be colons."""
    return pattern.translate(_OPENS)


def confined(pattern: str) -> str:
    """With wildcards that are no colons."""
    return pattern.translate(_CONFINES)


def is_wild(pattern: str) -> bool:
    return _WILD.search(pattern) is not None


class Glob:
    """A compiled pattern: ``tokens`` are its characters without the stars, bit i of ``stars`` says
    that one stands before token i, of ``runs`` a ``RUN``. A state is the set of counts of tokens
    that may be consumed."""

    __slots__ = ("_accept", "_masks", "colons", "head", "runs", "stars", "tail", "tokens", "whole")

    def __init__(self, pattern: str) -> None:
        # Question marks first, so that what is equal is written alike.
        text = _SEVERAL.sub(_ordered, pattern)
        tokens: list[str] = []
        stars = runs = colons = 0
        for char in text:
            if char == "*":
                stars |= 1 << len(tokens)
            elif char == RUN:
                runs |= 1 << len(tokens)
            else:
                colons |= (char == ":") << len(tokens)
                tokens.append(char)
        self.tokens = "".join(tokens)
        self.stars = stars
        self.runs = runs
        self.colons = colons
        self.whole = (1 << (len(tokens) + 1)) - 1
        self._accept = 1 << len(tokens)
        parts = _WILD.split(text)
        self.head, self.tail = parts[0], parts[-1] if len(parts) > 1 else ""
        self._masks: dict[str, int] | None = None

    def step(self, states: int, char: str) -> int:
        """After one more character of a text."""
        return ((states & self.standing_for(char)) << 1) | (states & self.staying(char))

    def staying(self, char: str) -> int:
        """The places at which a star may consume ``char``; ``?`` may be a colon."""
        return self.stars if char in ":?" else self.stars | self.runs

    def accepts(self, states: int) -> bool:
        return bool(states & self._accept)

    def standing_for(self, char: str) -> int:
        """The tokens that stand for ``char``; of a wildcard: for all that it stands for."""
        masks = self._masks
        if masks is None:
            masks = {"?": 0, ONE: 0, ":": 0}
            for place, token in enumerate(self.tokens):
                masks[token] = masks.get(token, 0) | (1 << place)
            masks[ONE] |= masks["?"]
            masks[":"] |= masks["?"]
            for token in masks.keys() - {"?", ONE, ":"}:
                masks[token] |= masks[ONE]
            self._masks = masks
        return masks.get(char, masks[ONE])


def _ordered(run: re.Match[str]) -> str:
    one, many = ("?", "*") if run[0][0] in "?*" else (ONE, RUN)
    return one * run[0].count(one) + (many if many in run[0] else "")


@lru_cache(maxsize=32_768)
def compiled(pattern: str) -> Glob:
    return Glob(pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether a text, quoted where it must be, is one of those that ``pattern`` stands for."""
    if pattern in ("*", text):
        return True
    if not is_wild(pattern):
        return False
    if "?" not in pattern and RUN not in pattern and ONE not in pattern:
        return _found_in_order(pattern.split("*"), text)
    glob = compiled(pattern)
    states = 1
    for char in text:
        states = glob.step(states, char)
        if not states:
            return False
    return glob.accepts(states)


def _found_in_order(parts: list[str], text: str) -> bool:
    head, *middle, tail = parts
    end = len(text) - len(tail)
    if end < len(head) or not text.startswith(head) or not text.endswith(tail):
        return False
    place = len(head)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def overlap(one: str, two: str) -> bool:
    """Whether there is a text that both stand for."""
    if "*" in (one, two) or one == two:
        return True
    if not is_wild(two):
        return matches(one, two)
    if not is_wild(one):
        return matches(two, one)
    first, second = compiled(one), compiled(two)
    if _differ(first.head, second.head) or _differ(first.tail[::-1], second.tail[::-1]):
        return False
    if len(first.tokens) > len(second.tokens):
        first, second = second, first
    states = 1
    for place, token in enumerate(first.tokens):
        states = _let_run(states, first, place, second)
        if token in ("?", ONE):
            taken = (second.whole >> 1) & ~(0 if token == "?" else second.colons)  # noqa: S105
            states = ((states & taken) << 1) | (states & (second.stars | second.runs))
        else:
            states = second.step(states, token)
        if not states:
            return False
    return second.accepts(_let_run(states, first, len(first.tokens), second))


def _let_run(states: int, first: Glob, place: int, second: Glob) -> int:
    """A star of the first lets the second consume whatever it wants."""
    if first.stars >> place & 1:
        lowest = states & -states
        return second.whole & ~(lowest - 1)
    if first.runs >> place & 1:
        # The carry of an addition runs through all tokens that are no colon.
        free = (second.whole >> 1) & ~second.colons
        return states | (((states & free) + free) ^ free)
    return states


def _differ(one: str, two: str) -> bool:
    least = min(len(one), len(two))
    return one[:least] != two[:least]


def covers(wide: str, narrow: str) -> bool:
    """Whether ``wide`` stands for all that ``narrow`` does. Exact for one pattern against one: a
    star of the narrow one may only be consumed by a star of the wide one, a ``?`` by either."""
    if wide in ("*", narrow):
        return True
    if not is_wild(narrow):
        return matches(wide, narrow)
    if not is_wild(wide):
        return False
    outer, inner = compiled(wide), compiled(narrow)
    if not inner.head.startswith(outer.head) or not inner.tail.endswith(outer.tail):
        return False
    states = 1
    for place, token in enumerate(inner.tokens):
        states = outer.step(_consumed(states, inner, place, outer), token)
        if not states:
            return False
    return outer.accepts(_consumed(states, inner, len(inner.tokens), outer))


def _consumed(states: int, inner: Glob, place: int, outer: Glob) -> int:
    if inner.stars >> place & 1:
        return states & outer.stars
    if inner.runs >> place & 1:
        return states & (outer.stars | outer.runs)
    return states
