"""What every source of an organization's administration must withstand, each in its own world."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scanner.kit.contract import Mode, Shard
from scanner.model.base import encode
from scanner.model.errors import Denied, SourceError, Throttled, Unavailable
from scanner.model.facts import fact_key
from scanner.model.items import (
    Activity,
    Checkpoint,
    Content,
    Gap,
    Item,
    Remembered,
    Sighting,
)
from tests.connectors.hostile import bent
from tests.saas_rig import Break, Reply, Vendor, serving
from tests.saas_rig.cases import NOW, Case, all_cases, folded

CASES = all_cases()
_NO_FACTS = (Activity, Gap, Checkpoint, Content, Remembered, Sighting)


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def vendor(case: Case) -> Iterator[Vendor]:
    with serving(case.plant()) as made:
        yield made
    assert not made.rejected, made.rejected


def _rows(items: list[Item]) -> set[tuple[Any, ...]]:
    """What is told, in no order: activities added up, and the keys of facts."""
    told: set[tuple[Any, ...]] = {
        (a.rule, a.app_id, a.actor.id if a.actor else "", a.where, a.relation, a.count, a.first_at,
         a.last_at, a.scopes) for a in folded(items)
    }  # fmt: skip
    facts = (one for one in items if not isinstance(one, _NO_FACTS))
    return told | {(fact_key(one),) for one in facts}


def _gaps(items: list[Item]) -> list[Gap]:
    return [one for one in items if isinstance(one, Gap)]


def _collected(case: Case, ctx: Any, shard: Any) -> tuple[list[Item], SourceError | None]:
    """What came before an error, and the error."""
    got: list[Item] = []
    try:
        got.extend(case.connector.collect(ctx, shard, None))
    except SourceError as error:
        return got, error
    return got, None


def _worth_breaking(calls: list[str]) -> list[int]:
    """The first call of each operation, and the last."""
    first = {operation: n for n, operation in reversed(list(enumerate(calls)))}
    last = {operation: n for n, operation in enumerate(calls)}
    return sorted({*first.values(), *last.values()})


BROKEN = {
    "server error": Reply("<h1>oops</h1>", 500),
    "token revoked": Reply({"message": "token revoked"}, 401),
    "page of a proxy": Reply("<html>", 200),
    "cut short": Reply('{"data": [{"id": 1', 200),
    "another answer": Reply({"message": "fine"}, 200),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_whatever_call_breaks_it_is_told_and_the_next_scan_goes_on(
    case: Case, vendor: Vendor, kind: str
) -> None:
    for shard in case.shards(case.context(vendor.url)):
        vendor.breaks.clear()
        before = len(vendor.calls)
        whole = list(case.connector.collect(case.context(vendor.url), shard, None))
        assert not _gaps(whole)
        for number in _worth_breaking(vendor.calls[before:]):
            vendor.breaks[:] = [Break(BROKEN[kind], first=len(vendor.calls) + number)]
            got, error = _collected(case, case.context(vendor.url, retries=1), shard)
            vendor.breaks.clear()
            assert error or _gaps(got), f"{shard.id}: call {number} broke, and nothing tells of it"
            if shard.mode is Mode.INCREMENTAL:
                _resumed(case, vendor, shard, got, whole)


def _resumed(case: Case, vendor: Vendor, shard: Any, got: list[Item], whole: list[Item]) -> None:
    marks = [n for n, one in enumerate(got) if isinstance(one, Checkpoint)]
    mark = got[marks[-1]] if marks else None
    seen = got[: marks[-1]] if marks else []
    rest = list(case.connector.collect(case.context(vendor.url), shard, mark))
    counts = [sum(a.count for a in some if isinstance(a, Activity)) for some in (seen, rest, whole)]
    assert counts[0] + counts[1] == counts[2]


def test_a_rate_limit_is_waited_out(case: Case, vendor: Vendor) -> None:
    """Each part by itself: what one is told late is no matter of the others."""

    def listed() -> list[Shard]:
        return case.shards(case.context(vendor.url))

    def calls_are_waited_for(read: Callable[[], Any]) -> Any:
        before = len(vendor.calls)
        whole = read()
        for number in _worth_breaking(vendor.calls[before:]):
            busy = Reply({"message": "slow down"}, 429, {"Retry-After": "0"})
            vendor.breaks[:] = [Break(busy, first=len(vendor.calls) + number, times=1)]
            assert read() == whole
            assert not vendor.breaks[0].times, "nobody was told to wait"
        vendor.breaks.clear()
        return whole

    def told(shard: Shard) -> set[tuple[Any, ...]]:
        items = list(case.connector.collect(case.context(vendor.url), shard, None))
        assert not _gaps(items)
        return _rows(items)

    for shard in calls_are_waited_for(listed):
        calls_are_waited_for(partial(told, shard))


def test_a_rate_limit_for_too_long_is_told(case: Case, vendor: Vendor) -> None:
    busy = Reply({"message": "slow down"}, 429, {"Retry-After": "4000"})
    shards = case.shards(case.context(vendor.url))
    vendor.breaks[:] = [Break(busy)]
    for shard in shards:
        with pytest.raises(Throttled):
            list(case.connector.collect(case.context(vendor.url), shard, None))


def test_a_world_has_the_fields_that_its_vendor_publishes(case: Case) -> None:
    if not case.published:
        pytest.skip("no description of the vendor's to hold it to")
    for one in case.published:
        assert one.records
        assert not one.odd(), one.source


def test_pages_in_a_ring_end(case: Case, vendor: Vendor) -> None:
    if case.is_counted:
        pytest.skip("pages that are counted make no ring")
    shards = case.shards(case.context(vendor.url))
    vendor.ring = True
    ended = 0
    for shard in shards:
        got, error = _collected(case, case.context(vendor.url), shard)
        said = " ".join([str(error or ""), *(one.reason for one in _gaps(got))])
        ended += "repeat" in said or "goes on" in said
    assert ended, "a world with more than one page"


def test_a_pause_longer_than_the_source_keeps_is_a_gap(case: Case, vendor: Vendor) -> None:
    if not case.kept_days:
        pytest.skip("a source without a log")
    for shard in case.shards(case.context(vendor.url)):
        if shard.mode is Mode.FULL:
            continue
        first = list(case.connector.collect(case.context(vendor.url), shard, None))
        mark = [one for one in first if isinstance(one, Checkpoint)][-1]
        later = case.context(vendor.url, now=NOW + timedelta(days=case.kept_days + 9))
        gaps = _gaps(list(case.connector.collect(later, shard, mark)))
        assert "no longer kept" in gaps[0].reason
        odd = list(case.connector.collect(later, shard, Checkpoint(cursor="{")))
        assert "cursor is unreadable" in _gaps(odd)[0].reason


def test_without_a_token_it_says_what_to_set(case: Case, vendor: Vendor) -> None:
    names = [n for n in case.environ if n.endswith(("TOKEN", "KEY", "SECRET"))]
    ctx = case.context(
        vendor.url, environ={n: v for n, v in case.environ.items() if n not in names}
    )
    for shard in _listed(case, vendor):
        with pytest.raises(Denied) as caught:
            list(case.connector.collect(ctx, shard, None))
        assert any(name in str(caught.value) for name in names)
    assert not vendor.calls


def _listed(case: Case, vendor: Vendor) -> list[Shard]:
    """The shards of a source that can be read, asked for by nobody."""
    shards = case.shards(case.context(vendor.url))
    vendor.calls.clear()
    return shards


def test_a_wrong_token_is_denied(case: Case, vendor: Vendor) -> None:
    wrong = case.context(vendor.url, environ=dict.fromkeys(case.environ, "wrong"))
    for shard in _listed(case, vendor):
        with pytest.raises(Denied):
            list(case.connector.collect(wrong, shard, None))


def test_doctor_tries_each_part(case: Case, vendor: Vendor) -> None:
    probes = list(case.connector.probe(case.context(vendor.url)))
    assert probes
    assert all(one.ok for one in probes), [one for one in probes if not one.ok]
    vendor.denied |= {op.id for op in case.connector.spec.operations}
    denied = list(case.connector.probe(case.context(vendor.url, retries=1)))
    assert not any(one.ok for one in denied)
    assert all("grant" in one.remedy for one in denied)


# --- files ------------------------------------------------------------------------------------


def _read(case: Case, folder: Path, data: bytes, name: str = "export") -> list[Item]:
    (folder / name).write_bytes(data)
    ctx = case.context("https://vendor.example", live=False, files=(name,), folder=folder)
    return case.items(ctx)


def _as_texts(record: Any) -> dict[str, Any]:
    """As a table writes it: what is nested is JSON in a text."""
    return {k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in record.items()}


def _zipped(lines: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("logs/export.jsonl", lines)
    return packed.getvalue()


def _as_columns(record: Any, above: str = "") -> dict[str, Any]:
    """As a table of a log workspace writes it: a column a field, with its type."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        name = above + re.sub(r"[^A-Za-z0-9]", "_", key)
        if isinstance(value, dict) and value:
            found |= _as_columns(value, f"{name}_")
        elif isinstance(value, bool):
            found[f"{name}_b"] = value
        elif isinstance(value, (int, float)):
            found[f"{name}_d"] = float(value) if value < 2**53 else value
        elif value is not None:
            found[f"{name}_s"] = value if isinstance(value, str) else json.dumps(value)
    return found


def _as_table(record: Any) -> dict[str, Any]:
    beside = {"TenantId": "t", "SourceSystem": "RestAPI", "Type": "Vendor_CL", "Computer": "c"}
    return {**beside, "TimeGenerated": "2026-11-28T10:00:00Z", **_as_columns(record)}


def _by_dots(record: Any, above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value:
            found |= _by_dots(value, f"{above}{key}.")
        else:
            found[above + key] = value
    return found


def _is_told_by_columns(record: Any) -> bool:
    """Whether all that it says can stand in columns: what is empty there is nothing, and
    ``client_id`` is ``client.id``."""
    found = _as_columns(record)
    return "" not in found.values() and len(found) == len(_by_dots(record))


def _filled(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _filled(inner) for key, inner in value.items() if inner is not None}


def _shapes(records: list[Any]) -> dict[str, bytes]:
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in records)
    raw = [{"_time": "x", "_raw": json.dumps(one)} for one in records]
    return {
        "packed": gzip.compress(lines),
        "zipped": _zipped(lines),
        "array": json.dumps(records).encode(),
        "indented": json.dumps(records, indent=1).encode(),
        "wrapped": b"".join(json.dumps({"event": one}).encode() + b"\n" for one in records),
        "raw": b"".join(json.dumps(one).encode() + b"\n" for one in raw),
        "searched": b"".join(json.dumps({"result": one}).encode() + b"\n" for one in raw),
        "original": b"".join(
            json.dumps({"event": {"original": json.dumps(one)}}).encode() + b"\n" for one in records
        ),
        "page": json.dumps({"entries": records, "next": ""}).encode(),
        "texts": b"".join(json.dumps(_as_texts(one)).encode() + b"\n" for one in records),
        "dots": b"".join(json.dumps(_by_dots(one)).encode() + b"\n" for one in records),
    }


def test_every_shape_of_a_file_tells_the_same(case: Case, tmp_path: Path) -> None:
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in case.records)
    plain = _read(case, tmp_path, lines)
    assert len(_rows(plain)) > 1  # more than the organization
    assert not _gaps(plain)
    for shape, data in _shapes(case.records).items():
        items = _read(case, tmp_path, data)
        assert _rows(items) == _rows(plain), shape
        assert not _gaps(items), shape


def test_columns_of_a_table_tell_what_the_records_tell(case: Case, tmp_path: Path) -> None:
    records = [one for one in map(_filled, case.records) if _is_told_by_columns(one)]
    assert records
    plain = _read(case, tmp_path, b"".join(json.dumps(one).encode() + b"\n" for one in records))
    rows = b"".join(json.dumps(_as_table(one)).encode() + b"\n" for one in records)
    items = _read(case, tmp_path, rows)
    assert _rows(items) == _rows(plain)
    assert _gaps(items) == _gaps(plain)


def test_one_bad_line_costs_itself(case: Case, tmp_path: Path) -> None:
    good = [json.dumps(one).encode() for one in case.records]
    plain = _read(case, tmp_path, b"\n".join(good))
    items = _read(case, tmp_path, b"\n".join([good[0], b'{"id": "', *good[1:], b"[1]", b'{"a":1}']))
    assert _rows(items) == _rows(plain)
    (gap,) = _gaps(items)
    assert gap.what == "export:2"
    assert gap.reason.startswith("3 records are no ")


def test_a_file_that_is_cut_or_away_is_told(case: Case, tmp_path: Path) -> None:
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in case.records)
    with pytest.raises(Unavailable, match="cut short"):
        _read(case, tmp_path, gzip.compress(lines * 400)[:-20])
    ctx = case.context("https://v.example", live=False, files=("gone",), folder=tmp_path)
    with pytest.raises(Unavailable, match="no such file"):
        case.items(ctx)


def test_no_record_ends_a_reading(case: Case, tmp_path: Path) -> None:
    lines = b"\n".join(json.dumps(one).encode() for one in bent(case.records, 2000))
    items = _read(case, tmp_path, lines)
    assert len(_rows(items)) > 5
    for one in items:
        if not isinstance(one, (Gap, Checkpoint)):
            assert encode(one)
