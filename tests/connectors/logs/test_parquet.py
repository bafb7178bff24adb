"""Logs as Parquet, written by pyarrow: what comes out is what text gives; hostile files end."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connectors.logs.parquet import Lines, is_known
from scanner.model.errors import SourceError
from tests.connectors.logs.conftest import Read
from tests.connectors.logs.test_joined import AI, CONTACT, HEAD, carried, resolved, seen, talk
from tests.connectors.logs.test_logs import CALLS

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
_TIME = 1_795_860_000


def _flows(text: str) -> Any:
    """Text flow logs as AWS writes them to Parquet
    (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html)."""
    names, *rows = (line.split() for line in text.splitlines())
    whole = {"version", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end"}
    columns = {
        name.replace("-", "_"): [int(v) if name in whole else v for v in values]
        for name, *values in zip(names, *rows, strict=True)
    }
    return pa.table(columns)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "zstd", "none"])
def test_flows_are_joined_as_those_in_text(tmp_path: Path, read: Read, codec: str) -> None:
    text = HEAD + talk("10.0.0.5", AI, 700, 9000, 5) + talk("10.0.0.5", "198.51.100.4", 5, 5, 5)
    dns = resolved("10.0.0.5", "api.openai.com", AI, instance="i-0123456789abcdef0")
    (tmp_path / "b-dns.log").write_text(dns)
    (tmp_path / "a.log").write_text(text)
    as_text = read(".")
    (tmp_path / "a.log").unlink()
    parquet.write_table(_flows(text), tmp_path / "a.parquet", compression=codec)
    told = read(".")
    assert carried(told) == {("i-0123456789abcdef0", CONTACT): (700, 9000)}
    assert seen(told) == seen(as_text)
    assert not told.gaps
    assert carried(read(".", since=told.cursor)) == {}


def _ocsf() -> list[dict[str, Any]]:
    """https://schema.ocsf.io/1.1.0/classes/dns_activity, network_activity and http_activity."""
    client = {"ip": "10.0.0.5", "port": 40000, "vpc_uid": "vpc-1", "instance_uid": "i-1"}
    return [
        {"class_uid": 4003, "time": _TIME * 1000, "src_endpoint": client,
         "query": {"hostname": "api.openai.com.", "type": "A"},
         "answers": [{"type": "CNAME", "rdata": "x.example."}, {"type": "A", "rdata": AI}]},
        {"class_uid": 4001, "time": _TIME * 1000 + 9000, "start_time": _TIME * 1000 + 9000,
         "end_time": _TIME * 1000 + 60_000, "src_endpoint": client,
         "dst_endpoint": {"ip": AI, "port": 443}, "traffic": {"bytes": 700, "packets": 3}},
        {"class_uid": 4002, "time": _TIME * 1000, "src_endpoint": client,
         "actor": {"user": {"name": "anna"}}, "http_response": {"code": 200},
         "http_request": {"http_method": "POST", "user_agent": "OpenAI/Python 1.0",
                          "url": {"hostname": "api.openai.com", "path": "/v1/embeddings"}}},
    ]  # fmt: skip


def test_a_security_lake_is_read_class_by_class(tmp_path: Path, read: Read) -> None:
    for number, row in enumerate(_ocsf()):
        parquet.write_table(pa.Table.from_pylist([row]), tmp_path / f"{number}.gz.parquet")
    told = read(".")
    embeddings = "OpenAI: embeddings"
    assert told.use == {("i-1", CONTACT): 2, ("anna", embeddings): 1, ("i-1", embeddings): 1}
    assert carried(told) == {("i-1", CONTACT): (700, 0)}
    assert not told.gaps


def test_other_tables_are_read_by_the_names_of_their_columns(tmp_path: Path, read: Read) -> None:
    rows = [
        {"ts": _TIME, "user": f"user{n % 3}", "host": host, "path": "/x",
         "bytes_out": 5, "body": "not read" * 9, "labels": ["a", None], "note": None}
        for n in range(9000)
        for host in ("api.openai.com", "www.example.org")
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=5000)
    told = read("a.parquet")
    assert told.use == {(f"user{n}", CALLS): 3000 for n in range(3)}
    with (tmp_path / "a.parquet").open("rb") as raw:
        assert b"not read" not in Lines(raw, "a.parquet").read()


def test_columns_that_no_format_knows_are_not_read() -> None:
    assert is_known("src_endpoint.ip")
    assert is_known("answers.list.element.rdata")
    assert is_known("USER_AGENT")
    assert not is_known("unmapped.key_value.value")
    assert not is_known("body")


def test_without_the_extra_the_file_is_a_gap_that_names_it(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet.write_table(pa.table({"host": ["api.openai.com"]}), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (gap,) = read("a.parquet").gaps
    assert "install `shadow-ai-scanner[parquet]`" in gap.reason


def _written(path: Path) -> bytes:
    table = pa.table({"host": ["api.openai.com"] * 999, "user": [f"u{n}" for n in range(999)]})
    parquet.write_table(table, path)
    return path.read_bytes()


@pytest.mark.parametrize("cut", [4, 11, 100, -1, -9])
def test_a_file_that_was_cut_off_is_a_gap(tmp_path: Path, read: Read, cut: int) -> None:
    data = _written(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(data[:cut])
    (tmp_path / "b.log").write_text('{"host": "api.openai.com", "user": "ben"}\n')
    told = read(".")
    assert [gap.what for gap in told.gaps] == [str(tmp_path / "a.parquet")]
    assert ("ben", CALLS) in told.use


def test_whatever_byte_is_wrong_the_reading_ends(tmp_path: Path) -> None:
    data = _written(tmp_path / "a.parquet")
    refused = 0
    for place in range(0, len(data), 7):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        (tmp_path / "b.parquet").write_bytes(broken)
        with (tmp_path / "b.parquet").open("rb") as raw:
            try:
                assert len(Lines(raw, "b.parquet").read()) < 1 << 20
            except SourceError:
                refused += 1
    assert refused


def test_a_footer_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    size = (17 << 20).to_bytes(4, "little")
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(17 << 20) + size + b"PAR1")
    with (
        (tmp_path / "a.parquet").open("rb") as raw,
        pytest.raises(SourceError, match="footer of more than 16 MiB"),
    ):
        Lines(raw, "a.parquet")


def test_a_long_value_that_is_repeated_costs_no_memory(tmp_path: Path) -> None:
    """Four megabytes once in the file, a hundred thousand times in its rows."""
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * (4 << 20)])
    inner = pa.StructArray.from_arrays([words], ["hostname"])
    parquet.write_table(pa.table({"host": words}), tmp_path / "a.parquet", store_schema=False)
    parquet.write_table(pa.table({"query": inner}), tmp_path / "b.parquet", store_schema=False)
    for name in ("a.parquet", "b.parquet"):
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        with (tmp_path / name).open("rb") as raw:
            first = Lines(raw, name).read(1 << 20)
            held = pa.total_allocated_bytes() - before + tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert first.startswith(b'{"')
        assert held < 150 << 20


def test_standard_input_is_told_to_be_no_file(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Pipe:
        def __init__(self, data: bytes) -> None:
            self._data = data

        def read(self, size: int = -1) -> bytes:
            given, self._data = self._data[:size], self._data[size:]
            return given

        def seekable(self) -> bool:
            return False

    class Stdin:
        buffer = Pipe(_written(tmp_path / "a.parquet"))

    monkeypatch.setattr(sys, "stdin", Stdin)
    (gap,) = read("-").gaps
    assert "not from a stream" in gap.reason
