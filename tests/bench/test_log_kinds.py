"""What a proxy's log of many kinds of use tells is what was put in, in a small edition of the
benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench import log_kinds
from bench.logs import document_of


def test_every_kind_is_told_as_it_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "day.json"
    truth = log_kinds.write(path, 4 << 20)
    told = log_kinds.found(document_of(path))
    assert log_kinds.wrong(truth, told) == []
    assert {thing for _, thing, _ in truth} == {ask.thing for ask in log_kinds.ASKS if ask.thing}
    assert {how for *_, how in truth} == {"used", "tried"}


def test_what_is_told_otherwise_is_found(tmp_path: Path) -> None:
    truth = log_kinds.write(tmp_path / "day.json", 1 << 18)
    (key, use), *others = truth.items()
    missing = dict(others)
    assert log_kinds.wrong(truth, missing) == [key]
    assert log_kinds.wrong(truth, {**missing, key: replace(use, down=use.down + 1)}) == [key]
    assert log_kinds.wrong(truth, {**truth, ("nobody", *key[1:]): use}) == [("nobody", *key[1:])]
