"""What is compiled of a rulebook serves every detector of it, and no detector of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scanner.detect import compilation
from scanner.detect.engine import Detector
from scanner.model.items import HitKind
from scanner.rulebook.load import Rulebook, load


@pytest.fixture(autouse=True)
def _as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilation, "_kept", [])


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[Rulebook]:
    asked: list[Rulebook] = []
    compile_patterns = compilation.compile_patterns

    def counting(rulebook: Rulebook) -> Any:
        asked.append(rulebook)
        return compile_patterns(rulebook)

    monkeypatch.setattr(compilation, "compile_patterns", counting)
    return asked


def _fingerprint(detector: Detector, data: bytes) -> str:
    return next(
        hit.fingerprint
        for hit in detector.examine(data, "a.env", ("credentials",))
        if hit.kind is HitKind.CREDENTIAL
    )


def test_a_second_scan_of_a_process_compiles_nothing(
    monkeypatch: pytest.MonkeyPatch, made_up_key: Callable[..., str]
) -> None:
    asked = _counted(monkeypatch)
    load()  # writes what the next two read
    first, second = (Detector(load(), key) for key in (b"one", b"another"))
    assert len(asked) == 1
    data = f"ANTHROPIC_API_KEY={made_up_key()}\n".encode()
    assert _fingerprint(first, data) != _fingerprint(second, data), "each has a key of its own"
    assert first.comments is not second.comments


def test_other_rules_and_another_engine_are_compiled(
    monkeypatch: pytest.MonkeyPatch, rulebook: Rulebook, made_up_key: Callable[..., str]
) -> None:
    asked = _counted(monkeypatch)
    data = f"ANTHROPIC_API_KEY={made_up_key()}\n".encode()
    others = tuple(p for p in rulebook.providers if p.id != "anthropic")
    without = Detector(replace(rulebook, providers=others), b"x")
    assert Detector(rulebook, b"x").examine(data, "a.env", ("credentials",))
    assert not any(
        hit.provider == "anthropic" for hit in without.examine(data, "a.env", ("credentials",))
    )
    assert Detector(rulebook, b"x", "re").engine == "re"
    assert len(asked) == 3
