"""Whatever a change holds, its SARIF file is one that services take."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.app.guarding import ASSET_RULE, KEY_RULE, LIMIT_RULE, Problem
from scanner.emit.sarif import render
from tests.emit.uploads import uploadable

PROBLEM = Problem(
    rule=KEY_RULE, detail="some-api-key", title="Some key abc...xyz", path="a/b.env", line=3,
    commit="", is_error=True, confidence="high", mark="some-api-key:one",
    subject="credential:x:one", width=12,
)  # fmt: skip
_NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
PROBLEMS = st.builds(
    Problem,
    rule=st.sampled_from([KEY_RULE, ASSET_RULE, LIMIT_RULE]),
    detail=st.text(min_size=1),
    title=st.text(min_size=1),
    path=st.lists(_NAMES, min_size=1, max_size=4).map("/".join),
    line=st.integers(0, 1 << 31),
    commit=st.just(""),
    is_error=st.booleans(),
    confidence=st.just("high"),
    mark=st.text(),
    subject=st.text(),
    width=st.integers(0, 1 << 20),
    why=st.text(),
)


@pytest.mark.slow
@given(st.lists(PROBLEMS, max_size=5), st.lists(st.text(min_size=1), max_size=2))
def test_any_change_makes_a_file_that_is_taken(problems: list[Problem], unread: list[str]) -> None:
    run = uploadable(render(problems, unread))

    assert len(run["results"]) == len(problems)
    assert run["invocations"][0]["executionSuccessful"] == (not unread)


def _marks(*problems: Problem) -> list[str]:
    run = uploadable(render(problems))
    return [row["partialFingerprints"]["primaryLocationLineHash"] for row in run["results"]]


def test_a_result_is_the_same_on_another_line_and_under_another_key() -> None:
    moved = replace(PROBLEM, line=90, width=1, mark="some-api-key:two", subject="credential:x:two")

    assert _marks(PROBLEM) == _marks(moved)
    for change in ({"path": "a/c.env"}, {"title": "Some key abc...xyy"}, {"detail": "other"}):
        assert _marks(PROBLEM) != _marks(replace(PROBLEM, **change))


def test_the_same_twice_in_a_file_are_two_results() -> None:
    assert len(set(_marks(PROBLEM, replace(PROBLEM, line=4)))) == 2


@pytest.mark.slow
def test_more_results_than_a_file_may_hold_are_told() -> None:
    problems = [replace(PROBLEM, path=f"{number}.env") for number in range(25_003)]

    (run,) = json.loads(render(problems))["runs"]

    assert len(run["results"]) == 25_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("3 results")
    assert not run["invocations"][0]["executionSuccessful"]


def _without(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(name, inner) for key, inner in value.items() if key != name}
    return [_without(name, inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "missing", ["level", "partialFingerprints", "endColumn", "helpUri", "text", "version", "uri"]
)
def test_a_file_that_lacks_something_is_not_taken(missing: str) -> None:
    log = _without(missing, json.loads(render([PROBLEM])))

    with pytest.raises((AssertionError, KeyError)):
        uploadable(json.dumps(log))
