"""Traffic logs as people have them: packed, rotated, grown, broken, hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.logs import FORMATS, found, write
from connectors.logs import files as log_files
from connectors.logs import packed, tally
from connectors.logs.lines import Layout
from scanner.cli import cli
from scanner.model.errors import SourceError
from scanner.model.evidence import merge_evidence
from scanner.model.facts import Asset
from tests.connectors.logs.conftest import Read, squid

CALLS = "OpenAI: API calls"


def test_who_used_what_how_often_and_when(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(
        squid("api.openai.com") + squid("www.example.org") + squid("API.OPENAI.COM.", at=1764327600)
        + squid("api.openai.com", user="ben") + squid("claude.ai")
    )  # fmt: skip
    told = read("a.log")
    assert told.use == {
        ("anna", CALLS): 2, ("ben", CALLS): 1, ("anna", "Anthropic: chat in a browser"): 1,
    }  # fmt: skip
    (seen,) = told.assets[CALLS].evidence
    assert (seen.first_at, seen.last_at) == ("2025-11-28T10:00:00Z", "2025-11-28T11:00:00Z")
    assert (seen.count, seen.bytes_down) == (3, 300)
    assert not told.gaps


@pytest.mark.parametrize(
    "host",
    ["notopenai.com", "openai.com.evil.example", "api-openai.com", "xclaude.ai", "claude.ai.lan"],
)
def test_a_name_that_only_looks_like_one_is_none(tmp_path: Path, read: Read, host: str) -> None:
    (tmp_path / "a.log").write_text(squid(host))
    assert not read("a.log").assets


@pytest.mark.parametrize("host", ["ACME.openai.azure.com", "api.openai.com.", "chat.openai.com"])
def test_letter_case_tenants_and_the_roots_dot_do_not_matter(
    tmp_path: Path, read: Read, host: str
) -> None:
    (tmp_path / "a.log").write_text(squid(host))
    assert len(read("a.log").assets) == 1


def test_the_path_tells_what_it_was_for(tmp_path: Path, read: Read) -> None:
    lines = [
        {"host": "api.openai.com", "path": "/v1/embeddings", "user": "a", "bytes_out": 3 << 20},
        {"host": "api.openai.com", "path": "/v1/chat/completions", "user": "a"},
        {"host": "huggingface.co", "path": "/meta/x/resolve/main/model.safetensors", "user": "a"},
        {"host": "chatgpt.com", "path": "/c/1", "user": "a", "user_agent": "Mozilla/5.0"},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = read("a.jsonl")
    assert {name.partition(": ")[2] for name in told.assets} == {
        "embeddings", "API calls", "model downloads", "chat in a browser",
    }  # fmt: skip
    (seen,) = told.assets["OpenAI: embeddings"].evidence
    assert seen.bytes_up == 3 << 20
    assert seen.large_uploads == 1
    assert seen.said == "1 large upload"


def test_a_handshake_tells_the_library_and_no_more(tmp_path: Path, read: Read) -> None:
    """https://github.com/FoxIO-LLC/ja4/blob/main/ja4plus-mapping.csv"""
    python, chromium = (
        "t13d181000_85036bcba153_d41ae481755e",
        "t13d1516h2_8daaf6152771_02713d6af862",
    )
    lines = [
        {"ts": 1764324000.1, "uid": f"C{n}", "id.orig_h": "10.0.0.7", "id.resp_h": "192.0.2.3",
         "server_name": name, "ja4": mark}
        for n, (name, mark) in enumerate([
            ("api.openai.com", python), ("claude.ai", chromium), ("api.openai.com", "t13d_a"),
            ("api.openai.com", "t13d_b"), ("api.openai.com", "t13d_a"),
        ])
    ]  # fmt: skip
    (tmp_path / "ssl.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = read("ssl.log")
    rows = {row.path: row for row in told.assets[CALLS].evidence}
    assert rows["Python by TLS"].count == 1
    assert (rows[""].count, rows[""].said) == (3, "2 unknown TLS fingerprints")
    assert rows[""].handshakes == ("t13d_a", "t13d_b")
    (browser,) = told.assets["Anthropic: chat in a browser"].evidence
    assert browser.path == "browser by TLS"


def test_an_unknown_host_that_answers_like_a_model_is_an_endpoint(
    tmp_path: Path, read: Read
) -> None:
    (tmp_path / "a.log").write_text(
        "1764324000.123 4 10.0.0.5 TCP_MISS/200 81 POST http://llm.corp.lan:8000/v1/chat/completions"
        " ben HIER_DIRECT/10.9.9.9 text/event-stream\n"
    )
    (thing,) = read("a.log").assets.values()
    assert (thing.name, thing.kind, thing.provider) == (
        "llm.corp.lan:8000", "logs.model_endpoint", "",
    )  # fmt: skip


def test_what_was_blocked_is_evidence_and_no_use(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(squid("api.openai.com").replace("TUNNEL/200", "DENIED/403"))
    told = read("a.log")
    assert told.use == {}
    assert not told.assets[CALLS].is_ai
    assert told.assets[CALLS].evidence[0].preview == "blocked"
    assert "anna" in told.people


def test_who_was_refused_is_told_beside_who_uses(tmp_path: Path) -> None:
    log = tmp_path / "proxy.log"
    refused = squid("api.mistral.ai", user="dora").replace("TUNNEL/200", "DENIED/403")
    log.write_text(squid("api.openai.com") + refused * 2
                   + squid("claude.ai", user="-").replace("TUNNEL/200", "DENIED/407"))  # fmt: skip
    done = CliRunner().invoke(cli, ["scan", "--logs", str(log)])
    assert "dora\tMistral AI: API calls\t2\t2025-11-28T10:00:00Z\t" in done.output
    document = json.loads(CliRunner().invoke(cli, ["scan", "--json", "--logs", str(log)]).stdout)
    (attempt,) = document["attempts"]
    assert attempt["who"] == "logs:traffic/user/dora"
    assert (attempt["provider"], attempt["count"]) == ("mistral", 2)
    assert [asset["provider"] for asset in document["assets"]] == ["openai"]


@pytest.mark.parametrize("processors", [1, 2])
def test_more_ways_of_use_than_are_held_are_a_gap(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(tally, "MOST_ROWS", 3)
    people = [f"user{number}" for number in range(5)]
    (tmp_path / "a.log").write_text(
        "".join(squid("claude.ai", user=user) for user in [*people, *people])
    )
    told = read("a.log", processors=processors)
    assert sum(told.use.values()) == 6
    assert sum(row.count for asset in told.assets.values() for row in asset.evidence) == 10
    (gap,) = told.gaps
    assert "4 lines beyond count under nobody" in gap.reason


def test_what_is_no_name_of_a_host_serves_no_models(tmp_path: Path, read: Read) -> None:
    line = {"host": "\x1b[2Jllm corp", "path": "/v1/chat/completions", "method": "POST",
            "status": 200, "content_type": "text/event-stream", "user": "anna"}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(line) + "\n")
    assert not read("a.json").assets


@pytest.mark.parametrize("size", ["1e308", "9" * 400, "99999999999999999999"])
def test_a_number_that_no_request_carries_is_none(tmp_path: Path, size: str) -> None:
    """It would drown what all others have sent, or end the table of who uses what."""
    line = {"timestamp": "2026-11-28T10:00:00Z", "user": "u", "host": "api.openai.com",
            "bytes_out": size, "bytes_in": size}  # fmt: skip
    honest = {**line, "bytes_out": 2048, "bytes_in": 1024}
    log = tmp_path / "a.json"
    log.write_text("".join(json.dumps(one) + "\n" for one in (line, line, honest)))
    done = CliRunner().invoke(cli, ["scan", "--logs", str(log)])
    assert done.exit_code == 0, done.output
    assert "u\tOpenAI: API calls\t3\t2 KiB\t1 KiB" in done.output


def test_what_a_stranger_chooses_is_remembered_in_part(tmp_path: Path) -> None:
    layout = Layout(day=20261231)
    long = {"timestamp": "2026-11-28T10:00:00Z", "user": "u" * 9000, "user_agent": "a" * 60_000,
            "url": "https://api.openai.com/v1/" + "p" * 60_000}  # fmt: skip
    (told,) = layout.records(json.dumps(long).encode())
    assert told.host == "api.openai.com"
    assert max(map(len, (told.ua, told.path, told.user))) <= 2048


def test_people_are_shown_by_their_whole_name(tmp_path: Path) -> None:
    log = tmp_path / "proxy.log"
    log.write_text(squid("api.openai.com", user="corp/anna") + squid("claude.ai", user="lab/anna"))
    done = CliRunner().invoke(cli, ["scan", "--logs", str(log)])
    assert "corp/anna\tOpenAI" in done.output
    assert "lab/anna\tAnthropic" in done.output


@pytest.mark.parametrize(
    ("name", "pack"), [("a.gz", gzip.compress), ("a.bz2", bz2.compress), ("a.txt", bytes)]
)
def test_packed_files_are_read(tmp_path: Path, read: Read, name: str, pack: object) -> None:
    (tmp_path / name).write_bytes(pack(squid("api.openai.com").encode() * 3))  # type: ignore[operator]
    assert read(name).use == {("anna", CALLS): 3}


def test_zstandard_is_read(tmp_path: Path, read: Read) -> None:
    zstd = pytest.importorskip("backports.zstd")
    (tmp_path / "a.zst").write_bytes(zstd.compress(squid("api.openai.com").encode()))
    assert read("a.zst").use == {("anna", CALLS): 1}


def test_a_file_that_grew_is_gone_on_with(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    log.write_text(squid("api.openai.com"))
    first = read("a.log")
    with log.open("a") as more:
        more.write(squid("api.openai.com", user="ben") * 2)
    second = read("a.log", since=first.cursor)
    assert second.use == {("ben", CALLS): 2}
    assert read("a.log", since=second.cursor).use == {}


def test_a_rotated_and_packed_file_is_recognised(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(squid("www.example.org", at=n) for n in range(1764324000, 1764324100)))
    first = read(".")
    with log.open("a") as more:
        more.write(squid("api.openai.com"))
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.write_text(squid("claude.ai", at=1764330000))
    second = read(".", since=first.cursor)
    assert second.use == {("anna", CALLS): 1, ("anna", "Anthropic: chat in a browser"): 1}


def test_a_packed_file_that_grew_is_gone_on_with(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BLOCK", 1000)
    lines = [squid("api.openai.com", at=1764324000 + n) for n in range(100)]
    log = tmp_path / "a.gz"
    log.write_bytes(gzip.compress("".join(lines[:60]).encode()))
    first = read("a.gz")
    log.write_bytes(gzip.compress("".join(lines).encode()))
    assert (sum(first.use.values()), sum(read("a.gz", since=first.cursor).use.values())) == (60, 40)


def test_a_file_that_was_broken_for_a_while_is_not_counted_twice(
    tmp_path: Path, read: Read
) -> None:
    (tmp_path / "a.log").write_text(squid("claude.ai"))
    log = tmp_path / "b.log"
    log.write_text(squid("api.openai.com"))
    first = read(".")
    log.write_bytes(b"\x1f\x8bbroken")
    second = read(".", since=first.cursor)
    assert [gap.what for gap in second.gaps] == [str(log)]
    log.write_text(squid("api.openai.com") + squid("api.openai.com", user="ben"))
    assert read(".", since=second.cursor).use == {("ben", CALLS): 1}


def test_uploads_and_handshakes_of_several_files_add_up(tmp_path: Path, read: Read) -> None:
    for number in range(2):
        sent = {"host": "api.openai.com", "user": f"u{number}", "bytes_out": 3 << 20}
        shook = {"ts": 1764324000.1, "uid": f"C{number}", "id.orig_h": "10.0.0.7",
                 "id.resp_h": "192.0.2.3", "server_name": "api.openai.com",
                 "ja4": f"t13d_{number}"}  # fmt: skip
        for name, line in (("sent", sent), ("shook", shook)):
            (tmp_path / f"{name}-{number}.log").write_text(json.dumps(line) + "\n")
    things = [item for item in read(".").items if isinstance(item, Asset)]
    rows = [row for thing in things for row in thing.evidence]
    joined = merge_evidence(tuple(rows), (), add_counts=True)
    assert {row.said for row in joined} == {"2 unknown TLS fingerprints", "2 large uploads"}


def test_a_last_line_without_its_end_counts_once(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.log"
    log.write_text(squid("www.example.org") + squid("api.openai.com").rstrip("\n"))
    first = read("a.log")
    assert first.use == {("anna", CALLS): 1}
    with log.open("a") as more:
        more.write(" api.openai.com tail\n" + squid("api.openai.com", user="ben"))
    assert read("a.log", since=first.cursor).use == {("ben", CALLS): 1}


@pytest.mark.parametrize("block", [64, 100, 333, 4096])
def test_lines_across_blocks_are_read_once(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(
        squid("api.openai.com" if n % 7 == 0 else "www.example.org", user=f"u{n % 3}")
        for n in range(500)
    ))  # fmt: skip
    whole = read("a.log").use
    monkeypatch.setattr(log_files, "BLOCK", block)
    monkeypatch.setattr(log_files, "_BEYOND", 16)
    assert read("a.log").use == whole
    (tmp_path / "a.gz").write_bytes(gzip.compress(log.read_bytes()))
    assert read("a.gz").use == whole


def test_a_line_without_end_costs_no_memory_and_no_other_line(tmp_path: Path, read: Read) -> None:
    with (tmp_path / "a.log").open("w") as log:
        log.write(squid("api.openai.com"))
        for _ in range(24):
            log.write("x" * (1 << 20))
        log.write("\n" + squid("claude.ai"))
    assert len(read("a.log").use) == 2


def test_an_audit_log_is_not_traffic_and_no_all_clear(tmp_path: Path, read: Read) -> None:
    event = {"id": "audit_log-1", "object": "organization.audit_log", "type": "api_key.created",
             "effective_at": 1702857600, "api_key_created": {"id": "key-1"},
             "actor": {"session": {"user": {"email": "dev@acme.com"}}}}  # fmt: skip
    traffic = {"host": "www.example.org", "user": "ann", "path": "/"}
    (tmp_path / "a.log").write_text(f"{json.dumps(event)}\n" * 3)
    told = read("a.log")
    assert not told.assets
    (gap,) = told.gaps
    assert gap.reason.startswith("not understood: none of the first 3 JSON lines")
    assert "like OpenAI's audit log, which the connector `openai` reads (`files`)" in gap.reason
    (tmp_path / "b.log").write_text(f"{json.dumps(event)}\n{json.dumps(traffic)}\n")
    assert not read("b.log").gaps


def test_one_host_makes_no_traffic_of_an_audit_log(tmp_path: Path, read: Read) -> None:
    event = {"eventType": "user.session.start", "published": "2026-11-20T08:00:00Z", "uuid": "1",
             "actor": {"type": "User", "alternateId": "ann@mail.example.org"},
             "outcome": {"result": "SUCCESS"}}  # fmt: skip
    traffic = {"host": "api.openai.com", "user": "ann", "path": "/v1/responses"}
    for name, wrap in (("a.log", None), ("b.log", "event")):
        lines = [*[event if wrap is None else {wrap: event}] * 20, traffic]
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        told = read(name)
        assert sum(told.use.values()) == 1  # what names a host is used all the same
        (gap,) = [one for one in told.gaps if one.reason.startswith("not understood: only 1 of")]
        assert "the first 21 JSON lines" in gap.reason
        assert "the connector `okta` reads (`files`)" in gap.reason


def test_broken_bytes_and_mixed_formats(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_bytes(
        b"\xff\xfe\x00 junk\n" + squid("api.openai.com").encode()
        + b'{"host": "api.openai.com", "user": "b\xffen", "path": "/v1/responses"}\n'
        + b"\x1b[31m<script> api.openai.com\n"
    )  # fmt: skip
    told = read("a.log")
    assert sum(told.use.values()) >= 1
    assert told.assets
    assert any("no known format" in gap.reason for gap in told.gaps)
    assert not any("<script>" in gap.reason for gap in told.gaps)


def test_a_bomb_ends(tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_FREE", 1 << 20)
    monkeypatch.setattr(packed, "_MOST_RATIO", 100)
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"\n" * (64 << 20)))
    (tmp_path / "b.log").write_text(squid("api.openai.com"))
    told = read("a.gz", "b.log")
    assert any("unpacks to more" in gap.reason for gap in told.gaps)
    assert told.use == {("anna", CALLS): 1}


def test_a_packed_file_that_was_cut_off_gives_what_it_has_and_a_gap(
    tmp_path: Path, read: Read
) -> None:
    lines = "".join(squid("api.openai.com", at=1764324000 + n) for n in range(200_000))
    packed = gzip.compress(lines.encode())
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])
    told = read("a.gz")
    assert told.use[("anna", CALLS)] > 10_000
    assert [gap.what for gap in told.gaps] == [str(tmp_path / "a.gz")]


def test_what_is_not_there_is_a_gap_and_the_rest_is_read(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(squid("api.openai.com"))
    told = read("a.log", "missing.log")
    assert told.use == {("anna", CALLS): 1}
    assert [gap.what for gap in told.gaps] == ["missing.log"]
    with pytest.raises(SourceError, match=r"missing\.log"):
        read("missing.log")


def test_a_query_string_is_not_kept(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(
        "1764324000.123 4 10.0.0.5 TCP_MISS/200 81 POST http://api.openai.com/v1/chat/completions?"
        "key=visible ben HIER_DIRECT/10.9.9.9 text/html\n"
    )
    assert "visible" not in repr(read("a.log").items)


def test_object_stores_are_read(read: Read) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/logs/a.gz", gzip.compress(squid("api.openai.com").encode()))
    memory.pipe("/logs/b.log", squid("claude.ai").encode())
    assert len(read("memory://logs/").use) == 2


class Refused(Exception):
    """As libraries of stores have: no ``OSError``."""


@pytest.fixture
def odd() -> Any:
    """A store that refuses ``bad`` and breaks off ``mid``."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")

    class Odd(type(memory)):  # type: ignore[misc]
        protocol = "odd"

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(path.replace("odd://", "memory://")))

        def _open(self, path: str, *given: Any, **more: Any) -> Any:
            if "bad" in path:
                raise Refused("403 AuthorizationPermissionMismatch https://x.example/a?sig=s3cr3t")
            stream = super()._open(path, *given, **more)
            if "mid" in path:
                whole = stream.read

                def read(size: int = -1) -> bytes:
                    if stream.tell() > 0:
                        raise Refused("connection reset")
                    return bytes(whole(min(size, 4096)))

                stream.read = read
            return stream

    fsspec.register_implementation("odd", Odd, clobber=True)
    memory.rm("/", recursive=True)
    yield memory
    memory.rm("/", recursive=True)


def test_an_object_that_is_refused_or_breaks_off_costs_no_other(read: Read, odd: Any) -> None:
    for name, host in (("a", "api.openai.com"), ("bad", "claude.ai"), ("z", "api.cohere.com")):
        odd.pipe(f"/logs/{name}.log", squid(host, user=name).encode())
    odd.pipe("/logs/mid.log", squid("api.mistral.ai", user="mid").encode() * 100)
    told = read("odd://logs/")
    assert {who for who, _ in told.use} == {"a", "mid", "z"}
    reasons = {gap.what.rpartition("/")[2]: gap for gap in told.gaps}
    assert reasons["bad.log"].denied
    assert "let the scanner's identity read it" in reasons["bad.log"].reason
    assert "connection reset" in reasons["mid.log"].reason
    assert "s3cr3t" not in repr(told.gaps)


@pytest.mark.parametrize("named", ["logs/*/a.log", "**/a.log", "logs/h[1]/a.log", "x [1].log"])
def test_files_are_named_by_patterns_over_folders(tmp_path: Path, read: Read, named: str) -> None:
    for path in ("logs/h1/a.log", "x [1].log"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(squid("claude.ai", user=path[:1]))
    (who,) = read(named).use
    assert who[0] == named[:1].replace("*", "l")


def test_standard_input(read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(gzip.compress(squid("api.openai.com").encode()))
    reading, writing = os.pipe()
    os.write(writing, source.read_bytes())
    os.close(writing)
    with os.fdopen(reading, "rb") as piped:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(piped))
        assert read("-").use == {("anna", CALLS): 1}


@pytest.mark.parametrize("shape", sorted(FORMATS))
def test_a_day_of_a_company_comes_out_as_it_went_in(tmp_path: Path, shape: str) -> None:
    day = tmp_path / f"day.{shape}"
    truth = write(day, shape, 6 << 20)
    assert sum(use.count for use in truth.values()) >= 80
    assert found(day) == truth


def test_the_command_prints_who_uses_what(tmp_path: Path) -> None:
    log = tmp_path / "proxy.log"
    log.write_text(squid("api.openai.com") * 3)
    done = CliRunner().invoke(cli, ["scan", "--logs", str(log)])
    assert done.exit_code == 0, done.output
    assert "anna\tOpenAI: API calls\t3\t" in done.output
