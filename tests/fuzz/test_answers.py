"""Answers of clouds, forges and directories, bent: nothing but the house's own errors ends a
reading, what cannot be read is told, and no list is followed without end.

Each connector reads its estate of the conformance suite through its real clients; the same inputs
every time. `make fuzz` and CI go on with others.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from fuzz.bending import bent_answer
from fuzz.clouds import GROUPS, Call, Estate, estate
from fuzz.wire import Endless, list_of
from scanner.model.errors import Unavailable

_LARGE = {"aws": 3, "gcp": 5}
"""Of these some shards are read here; ``fuzz.targets`` reads all."""
_INPUTS = 20
_WRONG = (None, 1, "x", [])
CONNECTORS = sorted(name for names in GROUPS.values() for name in names)
_LONG = ("aws", "azure", "gcp")
"""Whose estates take tens of seconds."""


@pytest.fixture(
    scope="module", name="made",
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name in _LONG)) for name in CONNECTORS],
)  # fmt: skip
def _made(request: pytest.FixtureRequest) -> Estate:
    return estate(request.param, _LARGE.get(request.param, 0))


def test_every_connector_of_an_estate_is_read_whole(made: Estate) -> None:
    assert made.calls
    first = made.calls[0]
    assert made.usual(first).is_whole, (made.usual(first).errors, first.label)
    assert made.usual(first).items


def test_bent_answers(made: Estate) -> None:
    rng = random.Random(7)
    for _ in range(_INPUTS if made.name != "aws" else 8):
        call = rng.choice(made.calls)
        made.read(call, bent_answer(made.body(call), rng))


@pytest.mark.slow
def test_bent_refusals(made: Estate) -> None:
    """An error is an answer of others as well."""
    bodies = (b"", b"[", b"[]", b'"x"', b"null", b'{"error": []}', b'{"error": {"details": 1}}',
              b'{"message": {"a": 1}}', b'[{"errorCode": 1}]', b"<a/>", b"[" * 5000)  # fmt: skip
    rng = random.Random(8)
    for body in bodies:
        for status in (400, 403, 500):
            if made.name != "aws" or status == 403:
                made.read(rng.choice(made.calls), body, status)


def test_what_is_no_list_or_record_is_told(made: Estate) -> None:
    """Whatever is lost by it, coverage says that something is."""
    silent = []
    for call in _some(made):
        for body in _broken(made.body(call)):
            told = made.read(call, body)
            lost = made.usual(call).ids - told.ids
            if lost and told.is_whole and not _is_right(call, body):
                silent.append((call.label[:200], body[:80], sorted(lost)[:3]))
    assert not silent, silent[:10]


def _is_right(call: Call, body: bytes) -> bool:
    """Where Gitea has an object with runners in it, Forgejo has a bare list."""
    return body == b"[]" and call.label.startswith("GET /api/v1/") and "/runners?" in call.label


_MOST = 25


def _some(made: Estate) -> list[Call]:
    """Whose bodies hold something, spread over all."""
    shapes = [call for call in made.shapes() if len(made.body(call)) > 20]
    most = _LARGE.get(made.name, _MOST)
    return shapes[:: len(shapes) // most + 1]


def _broken(data: bytes) -> Iterator[bytes]:
    """The body is of another kind; the first record of a list of it is none."""
    try:
        whole = json.loads(data)
    except ValueError:
        return
    for wrong in ("x", 5, [] if isinstance(whole, dict) else {}):
        yield json.dumps(wrong).encode()
    for path in _lists(whole):
        for wrong in _WRONG:
            changed = copy.deepcopy(whole)
            at(changed, path)[0] = wrong
            yield json.dumps(changed).encode()


def _lists(whole: Any) -> list[list[str]]:
    """Of records, and not within a record."""
    if isinstance(whole, list):
        return [[]] if _is_of_records(whole) else []
    fields = whole.items() if isinstance(whole, dict) else ()
    return [[name] for name, value in fields if _is_of_records(value)]


def _is_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def at(whole: Any, path: list[str]) -> Any:
    return whole[path[0]] if path else whole


def test_a_list_that_goes_in_a_ring_ends(made: Estate) -> None:
    """Each page names the next one, and all are the first."""
    pages: dict[str, list[Call]] = {}
    for call in made.calls:
        if call.label.startswith("GET "):
            pages.setdefault(list_of(call.label), []).append(call)
    for several in pages.values():
        if len(several) > 1:
            made.read(several[0], made.body(several[0]), is_ring=True)  # raises Endless


def test_the_harness_sees_faults() -> None:
    """It takes not everything for an answer: a reader that fails, one that goes on and on."""
    made = estate("okta")
    call = made.calls[0]
    told = made.read(call, b"[")
    assert isinstance(told.errors[0], Unavailable)
    assert not told.is_whole
    with pytest.raises(Endless):
        made.read(call, made.body(call), most=0)


def test_what_ends_a_listing_comes_behind_the_settings_that_wait_for_their_turn() -> None:
    """An odd record of an app's installations hides no organization that is told beside it."""
    made = estate("github")
    (call, *_) = [one for one in made.calls if one.label.startswith("GET /app/installations?")]
    usual = made.usual(call)
    whole = json.loads(made.body(call))
    told = made.read(call, json.dumps([None, *whole]).encode())
    assert usual.ids
    assert usual.ids <= told.ids
    assert any("name no account" in str(error) for error in told.errors)
