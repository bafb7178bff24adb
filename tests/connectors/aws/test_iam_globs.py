"""Patterns against a plain expression of them, and against all short texts."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.aws.iam.globs import (
    ONE,
    RUN,
    confined,
    covers,
    matches,
    opened,
    overlap,
    quoted,
    shown,
)

_MEANS = {"*": ".*", "?": ".", RUN: "[^:]*", ONE: "[^:]"}
_TEXTS = ["".join(some) for length in range(6) for some in product("ab:", repeat=length)]
_patterns = st.text("ab:*?" + RUN + ONE, max_size=5)
_longer = st.text("ab:*?" + RUN + ONE, max_size=9)


def _plain(pattern: str, text: str) -> bool:
    made = "".join(_MEANS.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(made, text, re.DOTALL) is not None


@given(_longer, st.text("ab:", max_size=9))
def test_a_pattern_matches_what_it_says(pattern: str, text: str) -> None:
    assert matches(pattern, text) == _plain(pattern, text)


@settings(max_examples=300)
@given(_patterns, _patterns)
def test_two_patterns_overlap_when_a_text_matches_both(one: str, two: str) -> None:
    # Texts of five characters are enough: what a star stands for is never needed beyond the
    # other's tokens, of which there are at most five.
    found = [text for text in _TEXTS if _plain(one, text) and _plain(two, text)]
    least = sum(char not in "*" + RUN for char in one) + sum(c not in "*" + RUN for c in two)
    if found:
        assert overlap(one, two)
    elif least <= 5:
        assert not overlap(one, two)
    assert overlap(one, two) == overlap(two, one)


@settings(max_examples=300)
@given(_patterns, _patterns)
def test_one_pattern_covers_another_when_all_its_texts_match(wide: str, narrow: str) -> None:
    texts = [text for text in _TEXTS if _plain(narrow, text)]
    if covers(wide, narrow):
        assert all(_plain(wide, text) for text in texts)


@pytest.mark.parametrize(
    ("wide", "narrow", "answer"),
    [
        ("*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::*", False),
        ("*?", "?*", True),
        ("?*", "*?", True),
        ("a*b*c", "a*x*b*c", True),
        ("a*b*c", "a*c", False),
        ("a?c", "a*c", False),
        ("a*", "a?", True),
        ("*a*", "?a?", True),
        ("arn:*:s3:::b", "arn:aws:s3:::b", True),
        (f"a{RUN}c", "a*c", False),
        ("a*c", f"a{RUN}c", True),
        (f"a{RUN}", f"a{ONE}{RUN}", True),
        (f"a{RUN}", "a?", False),
    ],
)
def test_what_covers_what(wide: str, narrow: str, answer: bool) -> None:
    assert covers(wide, narrow) is answer


def test_what_is_literally_a_star_is_no_wildcard() -> None:
    assert matches("a*", quoted("a*"))
    assert not matches(quoted("a*"), "ab")
    assert matches(quoted("a*"), quoted("a*"))
    assert shown(quoted("a*")) == "a${*}"
    assert opened(confined("a*?")) == "a*?"


def test_hostile_patterns_take_no_time_to_speak_of() -> None:
    """Each of these takes a backtracking matcher longer than the world exists."""
    stars = "*a" * 1_000
    assert not matches(stars + "b", "a" * 2_000)
    assert not matches("?" + stars + "b", "a" * 2_000)
    assert overlap(stars + "*", "a" * 2_000)
    assert not overlap(stars + "?b", "*a" * 999 + "?c")
    assert covers(stars + "*", stars + "a*")
    assert not covers(stars + "b*", "?" * 1_000 + "*")
