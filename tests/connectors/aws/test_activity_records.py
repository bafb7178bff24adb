"""Files of logs: cut into records whatever their form, bounded, never believing what they hold."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.aws.activity import records, unpacking
from connectors.aws.activity.events import Event
from connectors.aws.activity.files import read_path
from connectors.aws.activity.invocation import Invocation
from connectors.aws.activity.records import read
from connectors.aws.activity.unpacking import Damaged, TooLarge, pieces
from scanner.model.errors import Denied, Unavailable
from scanner.model.items import Item
from tests.connectors.aws import activity as made
from tests.connectors.recorded import recorded_events

QUIET = {"eventSource": "s3.amazonaws.com", "eventName": "GetObject"}


def _read(data: bytes) -> list[records.Found]:
    return list(read(pieces(io.BytesIO(data))))


def _names(data: bytes) -> list[str]:
    found = _read(data)
    assert all(isinstance(one, Event) for one in found)
    return [one.eventName for one in found if isinstance(one, Event)]


def _lines(*events: Any) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in events) + b"\n"


def _looked_up(*events: Any) -> bytes:
    """As ``aws cloudtrail lookup-events`` prints."""
    rows = [{"EventId": one["eventID"], "CloudTrailEvent": json.dumps(one)} for one in events]
    return json.dumps({"Events": rows}, indent=4).encode()


FORMS: dict[str, Callable[..., bytes]] = {
    "trail": made.trail_file,
    "trail, packed": made.packed,
    "trail, members": lambda *events: (
        gzip.compress(made.trail_file(*events)[:50]) + gzip.compress(made.trail_file(*events)[50:])
    ),
    "console's export": lambda *events: made.trail_file(*events, indent=2),
    "with a byte-order mark": lambda *events: b"\xef\xbb\xbf" + made.trail_file(*events),
    "other order of fields": lambda *events: json.dumps(
        {"Records": events}, sort_keys=True
    ).encode(),
    "lines": _lines,
    "lines, packed": lambda *events: gzip.compress(_lines(*events)),
    "lines of files": lambda *events: b"\n".join(made.trail_file(one) for one in events),
    "array": lambda *events: json.dumps(events).encode(),
    "array, spread": lambda *events: json.dumps(events, indent=1).encode(),
    "event bus": lambda *events: _lines(*({"detail-type": "x", "detail": one} for one in events)),
    "as text in a SIEM": lambda *events: _lines(
        *({"_raw": json.dumps(one), "index": "aws"} for one in events)
    ),
    "command line": _looked_up,
    "one event, spread": lambda *events: json.dumps(events[0], indent=2).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_same(form: str) -> None:
    events = [made.event("Converse"), made.event(**QUIET), made.event("InvokeModel")]
    found = [name for name in _names(FORMS[form](*events)) if name != "GetObject"]
    assert found == (["Converse"] if form.startswith("one") else ["Converse", "InvokeModel"])


def test_a_large_file_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_PART", 3000)
    monkeypatch.setattr(unpacking, "_PIECE", 700)
    events = [made.event(f"Converse{n}") if n % 7 == 0 else made.event(**QUIET) for n in range(200)]
    assert _names(made.packed(*events)) == [f"Converse{n}" for n in range(0, 200, 7)]
    spread = gzip.compress(made.trail_file(*events, indent=1))
    assert _names(spread) == [f"Converse{n}" for n in range(0, 200, 7)]


@pytest.mark.parametrize("part", range(1000, 6000, 250))
def test_what_stands_inside_a_record_is_never_taken_for_one(
    monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Whoever calls some API can have anything written into its parameters: whole events, too."""
    monkeypatch.setattr(records, "_PART", part)
    monkeypatch.setattr(unpacking, "_PIECE", 300)
    planted = [made.event("InvokeForged") for _ in range(12)]
    as_text = made.trail_file(*planted).decode()
    hostile = made.event(**QUIET, requestParameters={"documents": planted, "text": as_text})
    events = [made.event("Converse"), hostile, hostile, made.event("InvokeModel")]
    assert _names(made.trail_file(*events)) == ["Converse", "InvokeModel"]


def test_a_record_that_is_no_json_costs_itself_alone() -> None:
    good = made.trail_file(made.event("Converse"), made.event("InvokeModel"))
    bad = good.replace(
        b'"Records":[', b'"Records":[{"eventSource":"bedrock.amazonaws.com","a":NaN},'
    )
    found = _read(bad)
    assert found[0] is None
    assert [one.eventName for one in found[1:] if isinstance(one, Event)] == [
        "Converse", "InvokeModel",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "before"),
    [
        (lambda data: data[:-200], 1),
        (lambda data: data[:-2], 2),
        (lambda data: data.replace(b'"eventName":"InvokeModel"', b'"eventName":'), 1),
        (lambda data: data.replace(b'"InvokeModel"', b"[" * 100_000), 1),
    ],
)
def test_a_damaged_file_gives_what_was_before_and_says_so(
    spoil: Callable[[bytes], bytes], before: int
) -> None:
    data = spoil(made.trail_file(made.event("Converse"), made.event("InvokeModel")))
    found, said = made.until_error(read(pieces(io.BytesIO(data))), Damaged)
    assert len(found) == before
    assert said


@pytest.mark.parametrize("at", [10, 100, -8, -1])
def test_a_packed_file_that_ends_early_is_damaged(at: int) -> None:
    data = gzip.compress(os.urandom(100) + made.trail_file(made.event()))
    with pytest.raises(Damaged, match="ends early"):
        list(pieces(io.BytesIO(data[:at])))
    broken = bytearray(data)
    broken[40] ^= 0xFF
    with pytest.raises(Damaged):
        list(pieces(io.BytesIO(bytes(broken))))


def test_what_unpacks_without_end_is_left() -> None:
    bomb = gzip.compress(b" " * (8 << 20))
    with pytest.raises(TooLarge, match="unpacks to more than 4 MiB"):
        list(pieces(io.BytesIO(bomb), 4 << 20))
    assert sum(map(len, pieces(io.BytesIO(bomb), 8 << 20))) == 8 << 20


def test_without_isal_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "isal", None)
    assert _names(made.packed(made.event("Converse"))) == ["Converse"]
    with pytest.raises(Damaged):
        list(pieces(io.BytesIO(made.packed(made.event())[:-9])))


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b'{"Records":[]}', b'{"Records": [ ]}', b"[]", b"{}\n{}\n"]
)
def test_nothing_is_nothing(data: bytes) -> None:
    assert _read(data) in ([], [None])


@pytest.mark.parametrize("data", [b"<html>no</html>", b"\x00" * 5000, b'"x"', b"{\n"])
def test_another_kind_of_file_is_told(data: bytes) -> None:
    with suppress(Damaged):
        assert _read(data) == [None]


def test_lines_and_records_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_MOST_LINE", 1000)
    with pytest.raises(TooLarge):
        _read(b'{"a": 1}\n' + b"x" * (3 << 20))
    monkeypatch.setattr(records, "_MOST_RECORD", 5000)
    monkeypatch.setattr(records, "_PART", 2000)
    with pytest.raises(TooLarge):
        _read(b'{"Records":[{"a":"' + b"x" * (3 << 20) + b'"}]}')


# --- on disk --------------------------------------------------------------------------------------


def _items(path: Path, name: str = "logs") -> list[Item]:
    return list(read_path(path, name))


def _tree(root: Path) -> Path:
    day = root / f"AWSLogs/{made.ACCOUNT}/CloudTrail/us-east-1/2026/05/20"
    day.mkdir(parents=True)
    for n in range(3):
        (day / f"{n}.json.gz").write_bytes(made.packed(made.event(), made.event(**QUIET)))
    digests = root / f"AWSLogs/{made.ACCOUNT}/CloudTrail-Digest/us-east-1"
    digests.mkdir(parents=True)
    (digests / "d.json.gz").write_bytes(gzip.compress(b'{"digestStartTime": "x"}'))
    return day


def test_a_folder_as_a_trail_leaves_it(tmp_path: Path) -> None:
    _tree(tmp_path)
    items = _items(tmp_path)
    (row,) = made.activities(items)
    assert row.count == 3
    assert not made.gaps(items)


def test_one_file_and_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(made.trail_file(made.event(), indent=2))
    assert made.counted(_items(path)) == 1
    with pytest.raises(Unavailable, match="logs: no such file"):
        _items(tmp_path / "nothing.json")
    path.write_bytes(b"<html>")
    (gap,) = made.gaps(_items(path))
    assert gap.what == "logs"
    assert str(tmp_path) not in repr(gap)
    (tmp_path / "empty").mkdir()
    (empty,) = made.gaps(_items(tmp_path / "empty"))
    assert "log_files" in empty.reason


def test_trouble_with_one_file_of_a_folder_is_a_gap(tmp_path: Path) -> None:
    day = _tree(tmp_path)
    (day / "0.json.gz").write_bytes(made.packed(made.event())[:-5])
    items = _items(tmp_path)
    assert made.counted(items) == 3, "what stood before the damage counts"
    (gap,) = made.gaps(items)
    assert gap.what.startswith("logs/AWSLogs/")
    assert "ends early" in gap.reason


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.json").write_bytes(made.trail_file(made.event()))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "x.json").symlink_to(outside / "x.json")
    (inside / "below").symlink_to(outside)
    assert not made.activities(_items(inside))
    with pytest.raises(Unavailable, match="link"):
        _items(inside / "x.json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_denied(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"{}")
    path.chmod(0)
    with pytest.raises(Denied):
        _items(path)


# --- recorded -------------------------------------------------------------------------------------


@pytest.fixture(params=["AWS.CloudTrail.jsonl", "AWS.BedrockModelInvocation.jsonl"])
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    path = tmp_path / "events.jsonl"
    path.write_bytes(_lines(*recorded_events(request.param)))
    return request.param, path


def test_recorded_events_are_understood(recorded: tuple[str, Path]) -> None:
    name, path = recorded
    found = _read(path.read_bytes())
    assert None not in found
    items = _items(path)
    if "Invocation" in name:
        assert len(found) == 4
        assert all(isinstance(one, Invocation) for one in found)
        rows = made.activities(items)
        assert {made.actor(row).name for row in rows} == {"role_details"}
        assert {row.app_id.rpartition("/")[2] for row in rows} == {made.HAIKU}
        assert "question" not in repr(items)
    else:
        # The machine and the domain of which it tells have no accelerators and no vectors.
        assert len(found) == 8, "three of Bedrock, three of IAM, what made a machine and a domain"
        (gone,) = made.activities(items)
        assert (gone.rule, gone.status) == ("bedrock:DeleteGuardrail", "deleted")
        assert made.actor(gone).principal_type == "group"
        (gap,) = made.gaps(items)  # the domain's event is a test's, and says no account
        assert gap.reason.startswith("1 records are no events")
