"""Every rule shows itself through the real engine, and every engine finds the same."""

from __future__ import annotations

import re

import pytest

from scanner.detect.engine import Detector
from scanner.detect.literals import is_bounded, required_literals
from scanner.detect.patterns import Pattern, Places, compile_patterns
from scanner.detect.selftest import check_rules, samples
from scanner.rulebook.load import Rulebook


def test_every_rule_finds_its_examples_and_none_of_its_counterexamples(rulebook: Rulebook) -> None:
    assert check_rules(rulebook) == []


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["re2", "re"])
def test_every_engine_gives_the_same_hits_on_every_rule_example(
    rulebook: Rulebook, detector: Detector, engine: str
) -> None:
    other = Detector(rulebook, b"a-fixed-fingerprint-key-for-tests", engine)
    texts = list(samples(rulebook))
    together = b"\n".join(text for _, text in texts)
    assert detector.engine == "hyperscan"
    assert other.engine == engine
    sets = ("credentials", "usage")
    for path, each in (("src/a.py", texts), ("web/a.ts", texts[::7]), (".env", texts[3::7])):
        for _, text in [*each, ("all", together)]:
            assert other.examine(text, path, sets) == detector.examine(text, path, sets)


def test_no_match_lies_outside_the_windows_that_are_read(rulebook: Rulebook) -> None:
    """Reading around literals finds what reading everything would, among each provider's own
    examples."""
    texts: dict[str, list[bytes]] = {}
    for rule, text in samples(rulebook):
        texts.setdefault(rule, []).append(text)
    patterns: dict[str, list[Pattern]] = {}
    for pattern in compile_patterns(rulebook):
        patterns.setdefault(pattern.provider, []).append(pattern)
    padding = b"x = 1  # nothing\n" * 20
    for own in patterns.values():
        rules = {pattern.rule for pattern in own}
        found = [text for rule in sorted(rules) for text in texts.get(rule, ())]
        for data in (padding.join(found), b" ".join(found)):
            places = Places(data)
            for pattern in own:
                _read_whole(pattern, data, places)


def _read_whole(pattern: Pattern, data: bytes, places: Places) -> None:
    read = {
        match.span()
        for start, end in pattern.windows(places)
        for match in pattern.regex.finditer(data, start, end)
    }
    for match in pattern.regex.finditer(data):
        before = data[max(0, match.start() - 80) : match.start()]
        if not pattern.near or any(word.search(before) for word in pattern.near):
            assert match.span() in read, pattern.rule


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("sk-(?:proj|admin)-[A-Z]{4}", ("sk-admin-", "sk-proj-")),
        ("o[13]-mini", ("o1-mini", "o3-mini")),
        ("(?:abc|x)[a-z]{2}", None),
        ("(?:claude|gpt)-[0-9]", ("claude-", "gpt-")),
        ("gpt-4[a-z]{0,3}", ("gpt-4",)),
        ("[a-f0-9]{32}", None),
        ("(?:abcd){1,2}x", ("abcd",)),
        ("(?:abcd)?", None),
    ],
)
def test_required_literals(pattern: str, expected: tuple[str, ...] | None) -> None:
    assert required_literals(pattern) == expected


def test_bounded() -> None:
    assert is_bounded("a{1,20}b")
    assert not is_bounded("a+b")
    assert re.compile("a+b")
