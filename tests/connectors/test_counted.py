"""Events of one source in several files, and in files and its API: each counts once."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.collect import loader
from scanner.graph.build import AssetGraph
from scanner.kit import counted as kit
from scanner.kit.contract import Context, Shard
from scanner.kit.counted import Counted, in_turn
from scanner.kit.folding import Fold, key_of, mark_of
from scanner.kit.forge.plan import with_files
from scanner.kit.limits import Limits
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Outcome
from scanner.model.errors import Unavailable
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from tests.connectors.kept import run_into
from tests.connectors.slack import world
from tests.connectors.slack.world import ADA, BEN, CASE, T0, entry, plant
from tests.saas_rig import serving

AT = "2026-11-28T00:00:00Z"
_EVENTS = [
    entry(f"n{n}", T0 + n * 60, action, name, actor=who, scopes=["chat:write", "assistant:write"])
    for n, (action, name, who) in enumerate(
        (action, name, who)
        for _ in range(6)
        for action in ("app_installed", "app_scopes_expanded", "app_uninstalled")
        for name in ("Claude", "Meetwise")
        for who in (ADA, BEN)
    )
]
"""Of an application that the catalogue knows and of one that its scopes make AI."""


def _written(folder: Path, files: dict[str, list[Any]]) -> tuple[str, ...]:
    for name, events in files.items():
        (folder / name).write_text("".join(json.dumps(one) + "\n" for one in events))
    return tuple(files)


def _told(state: State) -> dict[tuple[str, str, str, str], tuple[int, str, str]]:
    """What the graph says of use: fact, rule and whose -> count, first and last time."""
    graph = AssetGraph(state.facts())
    found = {}
    for key, fact in (*graph.edges.items(), *graph.nodes.items()):
        for row in fact.evidence:
            assert not row.part
            if row.rule.startswith(("app_", "integration.")):
                at = (str(key), row.rule, row.path, row.resource)
                found[at] = (row.count, row.first_at, row.last_at)
    return found


def _scan(
    state: State, folder: Path, rulebook: Rulebook, files: dict[str, list[Any]], **more: Any
) -> dict[str, Outcome]:
    settings = {"live": False, "parts": (), **more}
    ctx = CASE.context(
        settings.pop("url", "https://slack.com/api"), folder=folder,
        files=_written(folder, files), **settings,
    )  # fmt: skip
    ctx.recall = state.memory
    ctx.former = lambda: state.former("slack:", kit.HEAD, "slack", ())
    rows = run_into(state, "slack", CASE.connector, ctx, rulebook, now=AT)
    return {row.shard: row.status for row in rows}


@pytest.fixture
def whole(tmp_path: Path, rulebook: Rulebook) -> dict[Any, Any]:
    state = State("sqlite://")
    _scan(state, tmp_path, rulebook, {"one.jsonl": _EVENTS})
    told = _told(state)
    assert {count for count, _, _ in told.values()} == {6}
    return told


@pytest.mark.parametrize("seed", range(6))
def test_however_events_are_divided_into_files_each_counts_once(
    seed: int, tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any]
) -> None:
    rng = random.Random(seed)
    files: dict[str, list[Any]] = {f"{name}.jsonl": [] for name in "abcd"}
    for one in _EVENTS:
        for name in rng.sample(sorted(files), rng.choice((1, 1, 2, 4))):
            files[name].append(one)
    for events in files.values():
        rng.shuffle(events)
    state = State("sqlite://")
    for _ in range(2):  # a second scan of the same files changes nothing
        order = rng.sample(sorted(files), len(files))
        _scan(state, tmp_path, rulebook, {name: files[name] for name in order})
        assert _told(state) == whole


def test_what_the_api_and_a_file_tell_counts_once_over_many_scans(
    tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State("sqlite://")
    with serving(plant()) as vendor:
        for until in (10, 30, 50, len(_EVENTS)):
            monkeypatch.setattr(world, "ENTRIES", _EVENTS[:until])  # told late, as logs do
            live = {"live": True, "parts": ("audit",), "url": vendor.url}
            _scan(state, tmp_path, rulebook, {"a.jsonl": _EVENTS[20:60]}, **live)
        _scan(state, tmp_path, rulebook, {"a.jsonl": _EVENTS[40:], "b.jsonl": _EVENTS[:50]}, **live)
    assert _told(state) == whole


def test_a_list_of_events_that_is_told_whole_counts_once_with_a_file(
    tmp_path: Path, rulebook: Rulebook
) -> None:
    log = [
        {"app_id": "AOTTER", "app_type": "Otter.ai", "user_id": "W1", "user_name": "ada",
         "date": str(T0 + n), "change_type": "added", "scope": "files:read"}
        for n in range(9)
    ]  # fmt: skip
    state = State("sqlite://")
    with serving(plant()) as vendor, pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "LOGS", log[:6])
        live = {"live": True, "parts": ("integrations",), "url": vendor.url}
        for _ in range(2):
            _scan(state, tmp_path, rulebook, {"a.jsonl": log[3:]}, **live)
    assert {count for count, _, _ in _told(state).values()} == {9}


def test_a_file_that_is_gone_or_has_changed_counts_as_it_is(
    tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any]
) -> None:
    """Logs that are rotated: what one file told is in the next one the day after."""
    state = State("sqlite://")
    half = len(_EVENTS) // 2
    _scan(state, tmp_path, rulebook, {"old.jsonl": [], "new.jsonl": _EVENTS[:half]})
    _scan(state, tmp_path, rulebook, {"old.jsonl": _EVENTS[:half], "new.jsonl": _EVENTS[half:]})
    assert _told(state) == whole
    _scan(state, tmp_path, rulebook, {"new.jsonl": _EVENTS, "old.jsonl": []})
    assert _told(state) == whole


def test_a_file_with_a_gap_gives_up_what_one_before_it_counts(
    tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any]
) -> None:
    state = State("sqlite://")
    odd = [*_EVENTS, {"no": "event"}]
    rows = _scan(state, tmp_path, rulebook, {"odd.jsonl": odd})
    assert rows["slack:file:odd.jsonl"] is Outcome.PARTIAL
    assert _told(state) == whole
    _scan(state, tmp_path, rulebook, {"all.jsonl": _EVENTS, "odd.jsonl": odd})
    assert _told(state) == whole


def test_a_damaged_file_still_counts_what_it_did(
    tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any]
) -> None:
    state = State("sqlite://")
    half = len(_EVENTS) // 2
    files = {"a.jsonl": _EVENTS[:half], "b.jsonl": _EVENTS[half - 9 :]}
    _scan(state, tmp_path, rulebook, files)
    (tmp_path / "a.jsonl").unlink()
    (tmp_path / "a.jsonl").mkdir()  # it cannot be read, whoever asks
    ctx = CASE.context(
        "https://slack.com/api", folder=tmp_path, files=tuple(files), live=False, parts=()
    )
    ctx.recall = state.memory
    rows = run_into(state, "slack", CASE.connector, ctx, rulebook, now=AT)
    assert next(row.status for row in rows) is Outcome.FAILED
    assert _told(state) == whole


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("cursor", {"email": "ada@acme.com", "isActive": True, "chatRequests": 3}),
        ("openrouter", {"model": "openai/gpt-5", "requests": 3, "provider_name": "OpenAI"}),
    ],
)
def test_days_that_a_vendor_has_added_up_count_once(
    name: str, day: dict[str, Any], tmp_path: Path, rulebook: Rulebook
) -> None:
    """Exports of two months that overlap by some days."""
    days = [{**day, "date": f"2026-10-{n:02}T00:00:00Z"} for n in range(1, 31)]
    connector = loader.load(name)
    files = _written(tmp_path, {"a.jsonl": days[:20], "b.jsonl": days[15:]})
    setting = {"organization": "acme", "live": False, "files": files}
    ctx: Context[Any] = Context(
        config=msgspec.convert(setting, connector.spec.config), examine=lambda *_: (),
        limits=Limits(), folder=tmp_path,
    )  # fmt: skip
    state = State("sqlite://")
    ctx.recall = state.memory
    for _ in range(2):
        run_into(state, name, connector, ctx, rulebook, now=AT)
        graph = AssetGraph(state.facts())
        rows = [row for node in graph.assets() for row in node.evidence]
        assert [(row.count, row.first_at[:10], row.last_at[:10]) for row in rows] == [
            (90, "2026-10-01", "2026-10-30")
        ]


# --- what is named no more ------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [len(_EVENTS), len(_EVENTS) // 2])
def test_an_export_that_is_renamed_or_replaced_adds_nothing_twice(
    kept: int, tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any]
) -> None:
    state = State("sqlite://")
    _scan(state, tmp_path, rulebook, {"november.jsonl": _EVENTS[:kept]})
    for _ in range(2):
        _scan(state, tmp_path, rulebook, {"copy.jsonl": _EVENTS})
        assert _told(state) == whole
    seen = {fact.id for shard, fact, _ in state.facts() if "copy" in shard and hasattr(fact, "id")}
    assert {fact.id for _, fact, _ in state.facts() if hasattr(fact, "id")} == seen
    _scan(state, tmp_path, rulebook, {"third.jsonl": _EVENTS, "november.jsonl": _EVENTS[:kept]})
    assert _told(state) == whole
    _scan(state, tmp_path, rulebook, {"november.jsonl": _EVENTS[:kept], "copy.jsonl": _EVENTS})
    assert _told(state) == whole


def test_an_export_that_leaves_changes_nothing_that_the_api_told(
    tmp_path: Path, rulebook: Rulebook, whole: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that the API comes in place of, and one that comes in place of the API."""
    half = len(_EVENTS) // 2
    state, other = State("sqlite://"), State("sqlite://")
    with serving(plant()) as vendor:
        live = {"live": True, "parts": ("audit",), "url": vendor.url}
        monkeypatch.setattr(world, "ENTRIES", _EVENTS)
        _scan(state, tmp_path, rulebook, {"a.jsonl": _EVENTS[:half]}, **live)
        _scan(state, tmp_path, rulebook, {}, **live)
        assert _told(state) == whole
        _scan(other, tmp_path, rulebook, {"a.jsonl": _EVENTS[:half]})
        for _ in range(2):  # the second one reads the overlap again
            _scan(other, tmp_path, rulebook, {}, **live)
            assert _told(other) == whole
        _scan(other, tmp_path, rulebook, {"a.jsonl": _EVENTS}, **live)
        assert _told(other) == whole
        _scan(other, tmp_path, rulebook, {"b.jsonl": _EVENTS})
        assert _told(other) == whole


def test_what_left_is_remembered_within_a_bound_the_newest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kit, "MOST_LEFT", 5)
    made = []
    for name in ("old", "new"):
        one = Counted()
        for n in range(4):
            one.is_elsewhere(f"{name}{n}", AT)
        made.append(one.remembered().data)
    file = Counted(left=reversed(made))
    known = [name for name in ("old2", "old3", "new0", "new3") if file.is_left(name, AT)]
    assert known == ["old3", "new0", "new3"]


def test_of_another_source_that_is_read_nothing_is_left(tmp_path: Path, rulebook: Rulebook) -> None:
    state = State("sqlite://")
    _scan(state, tmp_path, rulebook, {"a.jsonl": _EVENTS})
    named = ("slack:file:a.jsonl",)
    assert state.former("slack:", kit.HEAD, "slack", {"other"}) == named
    assert state.former("slack:", kit.HEAD, "renamed", {"other"}) == named
    assert state.former("slack:", kit.HEAD, "other", {"slack"}) == ()
    assert state.former("slack:", b"a memory", "slack", ()) == ()


# --- the memory -----------------------------------------------------------------------------------


def test_memory_is_bounded_and_keeps_what_was_told_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "MOST_REMEMBERED", 100)
    log = Counted(goes_on=True)
    for n in range(1000):
        assert not log.is_elsewhere(f"e{n}", AT)
    kept = log.remembered().data
    assert len(kept) == 800 + len(kit.HEAD)
    later = Counted(own=kept, goes_on=True)
    for n in range(990, 1010):  # an overlap is remembered once
        assert not later.is_elsewhere(f"e{n}", AT)
    kept = later.remembered().data
    assert len(kept) == 800 + len(kit.HEAD)
    file = Counted([kept])
    assert [file.is_elsewhere(f"e{n}", AT) for n in (0, 909, 910, 999, 1009)] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert not file.is_elsewhere("e999", "2026-11-29T00:00:00Z")  # another log's
    assert len(file.remembered(is_whole=True).data) == 24 + len(kit.HEAD)


def test_what_is_remembered_is_no_id() -> None:
    log = Counted(goes_on=True)
    log.is_elsewhere("ada@acme.com", AT)
    assert b"ada" not in log.remembered().data


def test_a_file_comes_behind_the_logs_and_the_files_before_it() -> None:
    named = [Shard(id=ShardId(one), scope={"part": one[:4]}) for one in ("file1", "list", "file2")]
    made = {one.id: one.after for one in in_turn(named, lambda one: one.scope["part"] == "file")}
    assert made == {"file1": (), "list": (), "file2": ("file1",)}


def test_githubs_files_are_named_where_its_listing_breaks_off() -> None:
    def found() -> Any:
        yield Shard(id=ShardId("github:host/acme/audit"), scope={"part": "audit"})
        raise Unavailable("gone")

    names = []
    with pytest.raises(Unavailable):
        names.extend(
            (one.id, one.after) for one in with_files("github", "host", found(), ["a.json"])
        )
    shards = with_files("github", "host", found(), ["a.json"])
    assert next(shards).id == "github:host/acme/audit"
    assert next(shards).after == ("github:host/acme/audit",)


def _sent(count: int, up: int) -> Activity:
    return Activity(
        rule="call", account=NodeId("x:acme"), app_id=NodeId("x:acme/app/1"), count=count,
        bytes_up=up, bytes_down=2 * up,
    )  # fmt: skip


def test_events_that_were_counted_before_add_none_of_their_bytes() -> None:
    mark = mark_of(key_of(_sent(1, 0)))
    fold = Fold(known={mark: 3})
    for one in (_sent(1, 100), _sent(4, 400), _sent(1, 7)):
        fold.add(one)  # the first is known, and two of the next four
    (told,) = fold.take()
    assert isinstance(told, Activity)
    assert (told.count, told.bytes_up, told.bytes_down) == (3, 207, 414)


def test_what_a_reading_that_is_named_no_more_has_counted_adds_no_bytes() -> None:
    before = Counted(is_kept=True)
    assert before.told(("1", AT, (_sent(1, 100),)))[0].bytes_up == 100  # type: ignore[union-attr]
    later = Counted(left=[before.remembered().data])
    (again,) = later.told(("1", AT, (_sent(1, 100),)))
    assert isinstance(again, Activity)
    assert (again.count, again.bytes_up, again.bytes_down) == (0, 0, 0)
