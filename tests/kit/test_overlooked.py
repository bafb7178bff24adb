"""What is said of events that tell nothing: how much, of whom not, and within which bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scanner.detect.engine import Detector
from scanner.kit.ai_words import said_in
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.limits import Limits
from scanner.kit.naming import Namings
from scanner.kit.overlooked import Happened, Overlooked, Untold, telling, timed
from scanner.kit.values import iso
from scanner.kit.windows import Log, read_log
from scanner.model.base import NodeId
from scanner.model.items import Activity, Checkpoint, Gap

AT = "2026-11-20T08:00:00Z"


def _placed(label: str) -> tuple[NodeId, NodeId]:
    return NodeId("x:acme"), NodeId(f"x:acme/app/{label.casefold()}")


def _told(kind: str, record: dict[str, Any]) -> Untold:
    return Untold.of((kind, AT, ()), kind, record, app=_placed)


def _seen(events: list[Untold], detector: Detector | None = None) -> tuple[list[str], list[str]]:
    """Reasons of gaps, and warnings."""
    said: list[str] = []
    ctx: Context[Any] = Context(
        config=None, examine=lambda *_: (), limits=Limits(), warn=said.append,  # type: ignore[arg-type]
        make_watch=lambda: detector.watch if detector else None,
    )  # fmt: skip
    overlooked = Overlooked(ctx)
    for number, event in enumerate(events, start=1):
        overlooked.event(event, f":{number}")
    return [one.reason for one in overlooked.gap("log")], said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("opened ChatGPT", "chatgpt"), ("Claude-User/1.0", "claude"), ("BoxAI files", "ai"),
        ("gpt-4o", "gpt"), ("AI Companion", "ai"), ("AI", ""), ("Ai Tanaka", ""), ("logo.ai", ""),
        ("0aAI9zz77Qx1", ""), ("a fair mail", ""), ("ai_feature", ""), ("OpenAI", "openai"),
    ],
)  # fmt: skip
def test_words_of_texts(text: str, word: str) -> None:
    assert said_in(text)[0] == word


@pytest.mark.parametrize(
    "record",
    [
        {"actor": {"displayName": "Claude Martin"}},
        {"targets": [{"type": "User", "name": "Claude Martin"}]},
        {"created_by": "Claude Martin", "message": "Claude Martin has made a page"},
        {"owner_name": "Gemini Rossi"},
        {"user_email": "claude@acme.com"},
    ],
)
def test_people_are_no_ai(record: dict[str, Any]) -> None:
    gaps, said = _seen([_told("page.made", record)])
    assert not gaps
    assert said == ["log: 1 event of types that are not known here, which name no AI: page.made 1"]


def test_texts_that_name_ai_are_a_warning_with_a_sample_without_addresses() -> None:
    text = f"ann@acme.com asked {'x' * 200} whether ChatGPT of ben@acme.com may read mail"
    gaps, said = _seen([_told("note.made", {"message": text})] * 3)
    assert not gaps
    (line,) = said
    assert line.startswith("log: 3 events of types that are not known here name AI in their texts")
    assert "note.made 3 (message says" in line
    assert "ChatGPT" in line
    assert "@" not in line
    assert len(line) < 250


def test_an_application_is_known_by_the_catalogue_or_where_its_name_stands(
    detector: Detector,
) -> None:
    ctx: Context[Any] = Context(
        config=None, examine=lambda *_: (), limits=Limits(),  # type: ignore[arg-type]
        make_watch=lambda: detector.watch,
    )  # fmt: skip
    names = Namings(ctx)
    found = [
        names.of(one, "k")
        for one in (
            {"value": "Otter.ai"},  # not remembered as naming nothing
            {"details": {"name": "Otter.ai"}},
            {"redirect": "https://chat.openai.com/callback?code=1"},
            {"app": {"name": "Acme Copilot"}},
            {"page": {"name": "Acme Copilot"}},
        )
    ]
    assert found[0] is None
    assert [one.app if one else "" for one in found[1:4]] == ["Otter.ai", "OpenAI", "Acme Copilot"]
    assert found[2] is not None
    assert found[2].host == "chat.openai.com"
    assert found[4] is not None
    assert not found[4].app


@pytest.mark.parametrize(
    "record",
    [
        {"entity": {"type": "emoji", "name": "jasper"}},
        {"entity": {"type": "file", "file": {"name": "Cursor", "title": "Cursor"}}},
        {"entity": {"type": "channel", "channel": {"name": "runway"}}},
        {"entity": {"type": "canvas", "canvas": {"title": "Notion AI"}}},
        {"entity": {"type": "usergroup", "usergroup": {"name": "Gemini"}}},
        {"details": {"title": "Jasper"}},
        {"ChannelName": "ChatGPT"},
        {"TeamName": "Claude"},
        {"ReportName": "Perplexity"},
        {"SearchQueryText": "ChatGPT"},
        {"details": {"url": "https://chatgpt.com/share/1"}},
        {"agent": {"name": "Claude Martin"}},
        {"client": {"name": "Claude Dupont SARL"}},
        {"vendor_name": "Mistral Heating Ltd"},
        {"mapping_name": "GPT table"},
        {"tool_input": {"text": "Mrs Smith asked Claude about pills"}},
        {"agent": {"prompt_text": "ChatGPT password is x"}},
        {"bot": {"title": "the OpenAI token that Ann has made for it"}},
        {"app_name": "Copilot password=Tr0ub4dor"},
    ],
)
def test_what_people_call_other_things_is_no_application(
    record: dict[str, Any], detector: Detector
) -> None:
    ctx: Context[Any] = Context(
        config=None, examine=lambda *_: (), limits=Limits(),  # type: ignore[arg-type]
        make_watch=lambda: detector.watch,
    )  # fmt: skip
    found = Namings(ctx).of(record, "k")
    assert found is None or not found.app


@pytest.mark.parametrize(
    "record",
    [
        {"client": {"name": "Jasper"}},
        {"OAuthAppName": "Claude for Acme"},
        {"target": {"type": "AppInstance", "alternateId": "", "displayName": "Claude EU"}},
        {"agent": {"name": "Acme Copilot"}},
        {"plug_in": {"title": "ChatGPT"}},
        {"app": {"homepage": "https://chatgpt.com/"}},
    ],
)
def test_what_is_called_an_application_is_one(record: dict[str, Any], detector: Detector) -> None:
    ctx: Context[Any] = Context(
        config=None, examine=lambda *_: (), limits=Limits(),  # type: ignore[arg-type]
        make_watch=lambda: detector.watch,
    )  # fmt: skip
    found = Namings(ctx).of(record, "k")
    assert found is not None
    assert found.app


def test_of_a_text_the_word_is_shown_and_nothing_beside_it() -> None:
    text = "use Claude with password=Tr0ub4dor and call +49 170 1234567"
    gaps, said = _seen([_told("note.made", {"note": text}), _told("ai.asked", {"note": text})])
    assert "(note says Claude)" in said[0]
    assert gaps[0].endswith(": note says Claude")


def test_events_without_a_time_are_told() -> None:
    overlooked = Overlooked()
    used = Activity(rule="r", account=NodeId("x:acme"), app_id=NodeId("x:acme/app/1"))
    for number, at in enumerate(("", AT, ""), start=1):
        told = overlooked.told((f"e{number}", at, (used,)), Counted(), f":{number}")
        assert told == (used,)
    (gap,) = overlooked.gap("log")
    assert gap.what == "log:1"
    assert gap.reason.startswith("2 events have no time that can be read")


def test_names_of_persons_are_taken_out() -> None:
    record = {"full_name": "Claude Martin", "contact": {"first_name": "Claude"}}
    assert Namings(None).of(record, "k") is None


def test_what_is_kept_is_bounded_and_nothing_is_lost() -> None:
    quiet = [_told(f"lamp.lit{n}", {"n": "x"}) for n in range(2000)]
    ai = [_told(f"copilot.made{n}", {}) for n in range(2000)]
    apps = [_told("lamp.lit", {"app_name": f"Copilot {n}"}) for n in range(2000)]
    gaps, said = _seen([*quiet, *ai, *apps])
    assert len(gaps) == 21
    counts = [int(one.split(" ", 1)[0]) for one in gaps]
    assert sum(counts) == 500
    assert all(len(line) < 800 for line in said)
    (silent,) = [line for line in said if "name no AI" in line]
    assert silent.startswith("log: 3500 events")
    assert "3000 events of types beyond 500" in silent
    (worded,) = [line for line in said if "in their texts" in line]
    assert worded.startswith("log: 1800 events")


def test_what_is_no_name_of_a_type_is_not_repeated() -> None:
    secret = "a person wrote: my password is x"
    gaps, said = _seen([_told(secret + "!", {}), _told("copilot " + secret, {})])
    assert "password" not in json.dumps([gaps, said])


def test_an_ending_of_an_unknown_type_is_no_use() -> None:
    overlooked = Overlooked()
    for kind, relation in (("bundle.added", "used_by"), ("bundle.removed", "")):
        _, _, told = overlooked.event(_told(kind, {"app_name": "ChatGPT"}))
        (one,) = told
        assert isinstance(one, Activity)
        assert (one.relation, one.is_own, one.actor) == (relation, True, None)


def test_what_a_source_says_of_its_events() -> None:
    @telling("a.kind|kind", ("made",), "app.id|app.name")
    def event(record: Any, org: str) -> Any:
        return "i", AT, (1,) if "app" in record else ()

    assert type(event({"kind": "made", "app": {"id": 1}}, "acme")) is tuple
    lacking = event({"a": {"kind": "made"}}, "acme")
    assert (lacking.kind, lacking.lacks, tuple(lacking)) == (
        "made",
        "app.id or app.name",
        ("i", AT, ()),
    )
    moved = timed(lacking, "2026-11-21T08:00:00Z")
    assert isinstance(moved, Untold)
    assert (moved[1], moved.lacks) == ("2026-11-21T08:00:00Z", lacking.lacks)
    (gap,) = [one for one in _gaps(moved) if isinstance(one, Gap)]
    assert gap.what == "log:7"
    assert gap.reason.startswith("schema: 1 event of type made without app.id or app.name")
    assert event({"kind": "other"}, "acme").lacks == ""


def _gaps(event: Untold) -> list[Gap]:
    overlooked = Overlooked()
    overlooked.event(event, ":7")
    return list(overlooked.gap("log"))


def test_a_log_read_again_counts_a_guess_once_and_tells_what_was_overlooked() -> None:
    now = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    log = Log(
        name="log", kept=timedelta(days=30), first=timedelta(days=2), span=timedelta(days=1),
        overlap=timedelta(hours=24),
    )  # fmt: skip
    at = iso(now - timedelta(hours=2))
    told = [
        Untold.of(("e1", at, ()), "bundle.added", {"app_name": "ChatGPT"}, app=_placed),
        Untold.of(("e2", at, ()), "lamp.lit", {}, app=_placed),
        Untold.of(("e3", at, ()), "made", {}, "app.id"),
        Untold.of(("e4", "", ()), "lamp.lit", {}, app=_placed),
    ]

    def events(begin: datetime, end: datetime) -> Iterator[Happened]:
        yield from (one for one in told if iso(begin) <= one[1] < iso(end))

    def read(since: Checkpoint | None) -> tuple[list[Any], list[str]]:
        said: list[str] = []
        ctx: Context[Any] = Context(
            config=None, examine=lambda *_: (), limits=Limits(), warn=said.append,  # type: ignore[arg-type]
        )  # fmt: skip
        return list(read_log(log, events, now, since, ctx=ctx)), said

    items, said = read(None)
    (one,) = [item for item in items if isinstance(item, Activity)]
    assert (one.label, one.count, one.first_at) == ("ChatGPT", 1, at)
    assert [item.reason for item in items if isinstance(item, Gap)] == [
        "schema: 1 event of type made without app.id, which says what it is about"
    ]
    assert said == ["log: 1 event of types that are not known here, which name no AI: lamp.lit 1"]
    mark = [item for item in items if isinstance(item, Checkpoint)][-1]
    again, _ = read(mark)
    assert not [item for item in again if isinstance(item, Activity)]
