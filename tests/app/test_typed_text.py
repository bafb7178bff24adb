"""What people type into names and settings: no part of a key and no quotation is kept of it."""

from __future__ import annotations

import random
import string

import pytest

from connectors.openai.log import event
from connectors.zoom.events import operation
from scanner.app.interpreting import interpreter
from scanner.detect.engine import Detector
from scanner.kit.text import cut
from scanner.model.base import encode
from scanner.rulebook.load import Rulebook

_RANDOM = random.Random(7)


def _run(count: int) -> str:
    return "".join(_RANDOM.choices(string.ascii_letters + string.digits, k=count))


def _kept(rulebook: Rulebook, detector: Detector, told: object) -> str:
    assert isinstance(told, tuple)
    interpret = interpreter(rulebook, detector)
    found = [encode(fact) for item in told[2] for fact in interpret(item, "x")]
    assert found
    return b"\n".join(found).decode()


def _named(name: str) -> dict[str, object]:
    return {
        "id": "e1", "type": "api_key.created", "effective_at": 1763629200,
        "actor": {"type": "session", "session": {"user": {"id": "u1", "email": "a@acme.example"}}},
        "api_key.created": {"id": "key_1", "data": {"name": name, "scopes": ["x"]}},
    }  # fmt: skip


@pytest.mark.parametrize("before", [0, 20, 60, 79, 100, 119])
def test_a_key_in_the_name_of_a_key_is_not_cut_into_a_piece(
    before: int, rulebook: Rulebook, detector: Detector
) -> None:
    key = f"sk-proj-{_run(74)}T3BlbkFJ{_run(74)}"
    kept = _kept(rulebook, detector, event(_named(f"{'x' * before} {key}"), "acme"))
    assert not any(key[at : at + 12] in kept for at in range(8, len(key) - 12))


@pytest.mark.parametrize("begins", ["sk-proj-", "sk-ant-api03-", "hf_", "ghp_"])
def test_a_key_that_came_cut_is_masked(begins: str, rulebook: Rulebook, detector: Detector) -> None:
    key = f"{begins}{_run(24)}a1B2"
    kept = _kept(rulebook, detector, event(_named(f"prod {key}"), "acme"))
    assert key[len(begins) : -4] not in kept
    assert "prod " in kept


@pytest.mark.parametrize(
    "name", ["hf_token_prod_2", "sk-proj-team-12-service", "SK_LIVE_CONFIG_2024"]
)
def test_a_name_that_begins_as_a_key_does_stays(name: str, detector: Detector) -> None:
    assert detector.masked(name.encode()) == name.encode()


@pytest.mark.parametrize(
    "quoted",
    ["'Summarize Falcon layoffs'", "'Falcon isn't layoffs'", "\u201cFalcon layoffs\u201d",
     "\u201eFalcon layoffs\u201c", "\u2018Falcon layoffs\u2019", "\u00abFalcon layoffs\u00bb",
     "`Falcon layoffs`", "'Falcon layoffs " + "y" * 200, '"Falcon layoffs"'],
)  # fmt: skip
def test_what_a_setting_quotes_is_not_kept(
    quoted: str, rulebook: Rulebook, detector: Detector
) -> None:
    given = {
        "time": "2026-11-20T09:00:00Z", "operator": "ann@acme.example", "action": "Update",
        "category_type": "Account",
        "operation_detail": f"Update users' AI Companion custom prompt {quoted}: from Off to On",
    }  # fmt: skip
    kept = _kept(rulebook, detector, operation(given, "acme"))
    assert "Falcon" not in kept
    assert "layoffs" not in kept
    assert "users' AI Companion custom prompt" in kept


def test_words_are_cut_where_the_end_is() -> None:
    assert cut("one two three", 7) == "one two"
    assert cut("a" * 300, 120) == "a" * 120
    assert cut("key 0123456789abcdef0123456789", 12) == "key \N{HORIZONTAL ELLIPSIS}"
    assert cut("short", 12) == "short"
