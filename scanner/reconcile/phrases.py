"""Texts that people write for a closed question, read by the words that are known of it.

Owns how known words are found in a text: whatever stands between them, the longest first, and
whether they are denied. Where no word is known it says nothing: what that means is for who asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scanner.reconcile.values import clean

Phrase = tuple[str, ...]
DENIES = frozenset({"no", "not", "non", "never", "nor", "neither", "without", "cannot"})
"""Words that turn what follows into its contrary."""
_FILLS = frozenset(
    {"a", "an", "the", "be", "been", "yet", "fully", "considered", "deemed", "found"}
)
"""Words that may stand between such a word and what it denies."""
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")


def phrase(text: str) -> Phrase:
    """``No-Go``, ``NO_GO`` and ``noGo`` -> (no, go)."""
    return tuple(_WORD.findall(_JOINT.sub(" ", clean(text)).casefold()))


def is_denial(text: str) -> bool:
    """Whether it says no and nothing else."""
    return phrase(text) in (("no",), ("n",), ("false",))


def found(text: str, known: Mapping[Phrase, bool]) -> list[bool | None]:
    """What each known phrase in it says, in order. A denied yes is a no; None: a denied no, or a
    denial of what is not known."""
    words, told, is_denied = phrase(text), list[bool | None](), False
    longest = max(map(len, known), default=0)
    at = 0
    while at < len(words):
        size = next((n for n in range(min(longest, len(words) - at), 0, -1)
                     if words[at : at + n] in known), 0)  # fmt: skip
        if size:
            says = known[words[at : at + size]]
            told.append((False if says else None) if is_denied else says)
            is_denied = False
        elif words[at] in DENIES:
            told += [None] * is_denied
            is_denied = True
        elif is_denied and words[at] not in _FILLS:
            told.append(None)
            is_denied = False
        at += size or 1
    return told + [None] * is_denied


def table(*rows: tuple[Iterable[str], bool]) -> dict[Phrase, bool]:
    """Phrase -> what it says; a later row takes an earlier one's place."""
    return {one: says for texts, says in rows for text in texts if (one := phrase(text))}
