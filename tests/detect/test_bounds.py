"""What one file may tell of use is bounded, and what goes beyond that is said."""

from __future__ import annotations

import tracemalloc

import pytest

from scanner.detect.bounds import MOST_ALIKE, MOST_DEPENDENCIES, MOST_OF_A_RULE, Bounds
from scanner.detect.engine import Detector
from scanner.model.items import HitKind

_ALL = ("credentials", "usage")


def test_mentions_that_are_alike_are_told_so_often_and_nothing_is_lost(detector: Detector) -> None:
    text = b'{"model":"gpt-4o"}\n' * (3 * MOST_ALIKE) + b'{"model":"claude-3-opus-20240229"}\n'

    found, lost = detector.examined(text, "data.jsonl", _ALL)

    models = [hit.label for hit in found if hit.kind is HitKind.MODEL]
    assert models.count("gpt-4o") == MOST_ALIKE
    assert "claude-3-opus-20240229" in models
    assert lost == []


def test_a_key_is_told_at_each_of_its_places(detector: Detector, made_up_key) -> None:
    text = "".join(f"KEY = '{made_up_key()}'\n" for _ in range(MOST_ALIKE + 50))

    found = detector.examine(text.encode(), "a.py", _ALL)

    assert len([hit for hit in found if hit.kind is HitKind.CREDENTIAL]) == MOST_ALIKE + 50


def test_what_is_left_out_is_said() -> None:
    bounds = Bounds()
    assert all(bounds.admits("a-rule", number) for number in range(MOST_OF_A_RULE))
    assert not bounds.admits("a-rule", 0)
    assert bounds.lost() == [], "alike was kept"
    assert not bounds.admits("a-rule", "new")
    assert bounds.admits("another", "new")
    assert bounds.lost() == ["more than 20,000 hits of a-rule; others were left out"]


@pytest.mark.slow
def test_a_manifest_of_millions_of_lines_takes_little_memory(detector: Detector) -> None:
    text = b"openai\n" + b"a\n" * (3 * MOST_DEPENDENCIES)
    detector.examine(b"openai\n", "requirements.txt", _ALL)

    tracemalloc.start()
    found, lost = detector.examined(text, "requirements.txt", _ALL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "openai" in {hit.label for hit in found}
    assert lost == ["more than 200,000 dependencies; the rest was not read"]
    assert peak < 20 * len(text)
