"""JSON in lines that are long, over many lines, or with hosts where no format looks for them."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.logs.long_lines import around
from scanner.model.evidence import Confidence
from tests.connectors.logs.conftest import Read, squid

CALLS = "OpenAI: API calls"


def span(number: int, text: str = "") -> dict[str, Any]:
    told = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
            "gen_ai.operation.name": "chat", "gen_ai.input.messages": text}  # fmt: skip
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]
    return {"spanId": f"{number:016x}", "name": "chat gpt-4o",
            "startTimeUnixNano": "1764324000000000000", "attributes": attributes}  # fmt: skip


def otlp(count: int, text: str = "") -> dict[str, Any]:
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    spans = [span(number, text) for number in range(count)]
    return {"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": spans}]}]}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("count", [10, 300, 20_000])
def test_a_long_line_of_spans_is_taken_apart(
    tmp_path: Path, read: Read, pack: Any, count: int
) -> None:
    text = f"{json.dumps(otlp(count))}\n".encode()
    assert count < 300 or len(text) > 1 << 16
    (tmp_path / "a.json").write_bytes(pack(text + squid("claude.ai").encode()))
    told = read("a.json")
    assert told.use[("shop", CALLS)] == count
    assert len(told.use) == 2
    assert not told.gaps


def test_a_long_prompt_hides_no_call(tmp_path: Path, read: Read) -> None:
    bedrock = {"schemaType": "ModelInvocationLog", "timestamp": "2025-11-28T10:00:00Z",
               "operation": "InvokeModel", "modelId": "anthropic.claude-3",
               "identity": {"arn": "arn:aws:iam::1:user/ann"},
               "input": {"x": "\u044f" * 90_000}}  # fmt: skip
    lite = {"user": "ben", "messages": "x" * 70_000, "custom_llm_provider": "openai",
            "model": "gpt-4o", "call_type": "acompletion"}  # fmt: skip
    lines = [json.dumps(bedrock, ensure_ascii=False), json.dumps(bedrock), json.dumps(lite)]
    (tmp_path / "a.json").write_bytes("\n".join(lines).encode() + b"\n")
    told = read("a.json")
    assert told.use == {
        ("arn:aws:iam::1:user/ann", "Amazon Bedrock: API calls"): 2, ("ben", CALLS): 1,
    }  # fmt: skip
    assert not told.gaps


@pytest.mark.parametrize("size", [1 << 17, 12 << 20])
def test_a_long_line_that_is_no_json_is_counted(tmp_path: Path, read: Read, size: int) -> None:
    line = b'{"gen_ai.system": "openai", "x": "' + b"x" * size
    (tmp_path / "a.json").write_bytes(line + b"\n" + squid("claude.ai").encode())
    told = read("a.json")
    assert any("1 lines in no known format" in gap.reason for gap in told.gaps)
    assert (size > 8 << 20) == any("more than 8 MiB" in gap.reason for gap in told.gaps)
    assert len(told.use) == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_lines_behind_one_that_is_cut_count_once(tmp_path: Path, read: Read, pack: Any) -> None:
    long = b"x" * (30 << 20) + b"\n"
    text = long + squid("api.openai.com").encode() * 3
    (tmp_path / "a.log").write_bytes(pack(text))
    first = read("a.log")
    assert first.use == {("anna", CALLS): 3}
    assert any(gap.reason.startswith("1 lines of more than 8 MiB") for gap in first.gaps)
    (tmp_path / "a.log").write_bytes(pack(text + squid("api.openai.com", user="ben").encode()))
    assert read("a.log", since=first.cursor).use == {("ben", CALLS): 1}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("indent", [2, "\t"])
def test_json_over_many_lines_is_read(tmp_path: Path, read: Read, pack: Any, indent: Any) -> None:
    lines = [{"host": "api.openai.com", "user": f"u{n % 3}"} for n in range(30)]
    shapes = {
        "spans.json": json.dumps(otlp(30), indent=indent),
        "array.json": json.dumps(lines, indent=indent),
        "records.json": json.dumps({"records": lines}, indent=indent),
        "values.json": "\n".join(json.dumps(line, indent=indent) for line in lines),
    }
    for name, text in shapes.items():
        (tmp_path / name).write_bytes(pack(text.encode()))
        told = read(name)
        assert sum(told.use.values()) == 30, name
        assert not told.gaps
        assert read(name, since=told.cursor).use == {}


def test_values_over_many_lines_that_are_added_are_read_alone(tmp_path: Path, read: Read) -> None:
    log = tmp_path / "a.json"
    values = [json.dumps({"host": "api.openai.com", "user": user}, indent=1) for user in "abc"]
    log.write_text(values[0] + "\n" + values[1][:20])
    first = read("a.json")
    assert first.use == {("a", CALLS): 1}
    assert "cut off" in first.gaps[0].reason
    log.write_text("\n".join(values))
    second = read("a.json", since=first.cursor)
    assert second.use == {("b", CALLS): 1, ("c", CALLS): 1}
    assert not second.gaps


def test_a_value_without_end_is_a_gap(tmp_path: Path, read: Read) -> None:
    with (tmp_path / "a.json").open("w") as log:
        log.write('{\n "host": "api.openai.com",\n')
        for _ in range(260_000):
            log.write(' "x": "' + "x" * 60 + '",\n')
    told = read("a.json")
    assert "of more than 16 MiB" in told.gaps[0].reason


_ENVOY = (
    '[2026-11-29T09:00:0{}.000Z] "POST /v1/messages HTTP/2" 200 - 1234 5678 900 800 "10.2.2.2" '
    '"anthropic-sdk-python/0.3" "req-1" "api.anthropic.com" "160.79.104.10:443"\n'
)


@pytest.mark.parametrize(
    "lines",
    [
        "".join(map(_ENVOY.format, range(5))),
        "".join(f"[error] 10.0.0.{n} https://api.anthropic.com/v1/messages\n" for n in range(5)),
        "".join(f'{{"host": "api.anthropic.com", "user": "u{n}\n' for n in range(5)),
        "".join(f"{{u{n}}} https://api.anthropic.com/v1/messages\n" for n in range(5)),
    ],
    ids=["envoy", "brackets", "cut", "braces"],
)
def test_lines_that_begin_as_json_and_are_none_are_lines(
    tmp_path: Path, read: Read, lines: str
) -> None:
    (tmp_path / "a.log").write_text(lines)
    told = read("a.log")
    uses = [row for asset in told.assets.values() for row in asset.evidence]
    assert sum(row.count for row in uses) == 5
    assert "JSON" not in repr(told.gaps)


@pytest.mark.parametrize("indent", [None, 1, "\t"], ids=["one line", "by 1", "tabs"])
@pytest.mark.parametrize("name", ["", "records", "value"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_a_document_that_grows_is_read_on(
    tmp_path: Path, read: Read, indent: int | str | None, name: str,
    pack: Callable[[bytes], bytes],
) -> None:  # fmt: skip
    """Its end moves with each record: Azure writes an hour's file so."""
    rows = [{"host": "api.openai.com", "user": f"u{n}", "x": "y" * 50 * n} for n in range(60)]
    cursor = None
    for before, now in ((0, 1), (1, 3), (3, 3), (3, 60)):
        whole: object = {name: rows[:now], "next": {"of": [1]}} if name else rows[:now]
        (tmp_path / "a.json").write_bytes(pack(json.dumps(whole, indent=indent).encode()))
        told = read("a.json", since=cursor)
        assert told.use == {(f"u{n}", CALLS): 1 for n in range(before, now)}
        assert not told.gaps
        cursor = told.cursor


def test_a_document_of_any_size_is_read_to_its_end(tmp_path: Path, read: Read) -> None:
    with (tmp_path / "a.json").open("w") as log:
        log.write('{"records": [')
        for n in range(120_000):
            log.write(f'{{"host": "www.example.org", "user": "u{n}", "x": "{"y" * 120}"}},')
        log.write('{"host": "api.openai.com", "user": "last"}]}')
    told = read("a.json")
    assert told.use == {("last", CALLS): 1}
    assert not told.gaps


def test_where_a_document_breaks_its_lines_are_read(tmp_path: Path, read: Read) -> None:
    rows = [json.dumps({"host": "api.openai.com", "user": f"u{n}"}) for n in range(4)]
    rows[2] = '{"host": "www.example.org", "user": u2}'
    (tmp_path / "a.json").write_text(
        "[\n" + ",\n".join(f" {{\n  {row[1:]}" for row in rows) + "\n]"
    )
    told = read("a.json")
    assert told.use == {("u0", CALLS): 1, ("u1", CALLS): 1}
    rows_of = [row for asset in told.assets.values() for row in asset.evidence]
    assert sum(row.count for row in rows_of) == 3
    assert any("no JSON from there on" in gap.reason for gap in told.gaps)
    assert read("a.json", since=told.cursor).use == {}


def test_batches_in_lines_stay_lines(tmp_path: Path, read: Read) -> None:
    """Also where the file had one line when it was read first."""
    lines = [
        json.dumps({"records": [{"host": "api.openai.com", "user": f"{n}-{m}"} for m in range(3)]})
        for n in range(3)
    ]
    (tmp_path / "a.json").write_text(lines[0] + "\n")
    first = read("a.json")
    assert len(first.use) == 3
    (tmp_path / "a.json").write_text("\n".join(lines) + "\n")
    second = read("a.json", since=first.cursor)
    assert second.use == {(f"{n}-{m}", CALLS): 1 for n in (1, 2) for m in range(3)}


@pytest.mark.parametrize("name", ["records", "Records", "value"])
def test_records_in_one_line_are_all_read(tmp_path: Path, read: Read, name: str) -> None:
    rows = [{"host": "api.openai.com", "user": f"u{n}"} for n in range(3)]
    (tmp_path / "a.json").write_text(json.dumps({name: rows}) + "\n")
    (tmp_path / "b.json").write_text(json.dumps(rows) + "\n")
    assert read("a.json").use == read("b.json").use == {(f"u{n}", CALLS): 1 for n in range(3)}


def test_a_long_line_with_broken_bytes_is_read(tmp_path: Path, read: Read) -> None:
    line = b'{"host": "api.openai.com", "user": "ben", "x": "\xff' + b"y" * 70_000 + b'"}\n'
    (tmp_path / "a.json").write_bytes(line)
    assert read("a.json").use == {("ben", CALLS): 1}


# --- hosts where no format looks for them -------------------------------------------------------


def test_a_host_in_an_unknown_field_is_found_and_told_as_not_understood(
    tmp_path: Path, read: Read
) -> None:
    lines: list[dict[str, Any]] = [{"host": "www.example.org", "user": "anna", "path": "/"}]
    lines += [
        {"user": "ben", "request": {"target": "https://api.openai.com/v1/responses?q=s"}}
    ] * 50
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = read("a.jsonl")
    assert told.use == {("ben", CALLS): 50}
    (row,) = told.assets[CALLS].evidence
    assert row.confidence is Confidence.MEDIUM
    (gap,) = told.gaps
    assert gap.reason == "50 lines in no known format; such as " + " | ".join(
        ["api.openai.com"] * 3
    )


@pytest.mark.parametrize(
    "line",
    [
        {"host": "www.example.org", "url": "https://www.example.org/?next=https://claude.ai/chat"},
        {"host": "www.example.org", "path": "/out/https://claude.ai/chat", "cookie": "a=claude.ai"},
        {"host": "web1", "message": "robot (compatible; GPTBot/1.0; +https://openai.com/gptbot)"},
        {
            "host": "web1",
            "message": '10.0.0.5 - - [28/Nov/2025:10:00:00 +0000] "GET /a HTTP/1.1" '
            '200 5 "https://chatgpt.com/" "curl/8"',
        },
        {"dst": "10.0.0.9", "referer": "https://chatgpt.com/"},
        {"dst": "10.0.0.9", "who": "ben@openai.com"},
        {"dst": "10.0.0.9", "note": "https://notopenai.com/"},
    ],
)
def test_what_merely_names_ai_beside_is_no_use(
    tmp_path: Path, read: Read, line: dict[str, str]
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({**line, "user": "anna"}) + "\n")
    told = read("a.jsonl")
    assert not told.assets
    assert not told.gaps


def test_a_table_with_the_host_in_an_unknown_column(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.csv").write_text(
        "time,user,src,bytes_out,whither\n2025-11-28T10:00:00Z,ben,10.0.0.5,5,api.openai.com\n"
    )
    told = read("a.csv")
    assert told.people.keys() == {"ben"}
    assert "1 lines in no known format" in told.gaps[0].reason


def test_traces_without_a_model_are_counted(tmp_path: Path, read: Read) -> None:
    point = {"attributes": [{"key": "gen_ai.token.type", "value": {"stringValue": "input"}}]}
    metrics = {
        "resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"dataPoints": [point]}}]}]}]
    }
    known = {"host": "www.example.org", "user": "anna"}
    (tmp_path / "a.json").write_text(json.dumps(known) + "\n" + json.dumps(metrics) + "\n")
    told = read("a.json")
    assert [gap.reason for gap in told.gaps] == ["1 lines in no known format"]


def test_quic_and_what_defender_holds_in_text(tmp_path: Path, read: Read) -> None:
    quic = {"timestamp": "2025-11-28T10:00:00.1+0000", "flow_id": 1, "event_type": "quic",
            "src_ip": "10.0.0.5", "dest_ip": "192.0.2.1", "dest_port": 443,
            "quic": {"version": "1", "sni": "chatgpt.com"}}  # fmt: skip
    asked = {"Timestamp": "2025-11-28T10:00:00Z", "DeviceName": "pc1",
             "ActionType": "DnsQueryResponse",
             "AdditionalFields": json.dumps({"DnsQueryString": "claude.ai"})}  # fmt: skip
    seen = json.dumps({"direction": "Out", "server_name": "gemini.google.com"})
    shook = {"time": "2025-11-28T10:00:00Z", "category": "AdvancedHunting-DeviceNetworkEvents",
             "properties": {"DeviceName": "pc2", "ActionType": "SslConnectionInspected",
                            "RemoteIP": "192.0.2.1", "AdditionalFields": seen}}  # fmt: skip
    lines = [quic, asked, shook]
    (tmp_path / "a.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = read("a.json")
    assert {(who, thing.partition(":")[0]) for who, thing in told.use} == {
        ("10.0.0.5", "OpenAI"), ("pc1", "Anthropic"), ("pc2", "Google Gemini API"),
    }  # fmt: skip
    assert ("pc1", "Anthropic: contact") in told.use
    assert not told.gaps


def _calls(count: int, pad: int = 0) -> list[str]:
    """Of a gateway, as its records are delivered."""
    return [
        json.dumps({"request_id": str(n), "model": "gpt-4o", "custom_llm_provider": "openai",
                    "user": f"user{n % 5}", "startTime": "2026-11-28T10:00:00Z", "call_type":
                    "acompletion", "note": "}{" + "x" * pad})
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("between", ["", " ", ","])
@pytest.mark.parametrize("pad", [0, 70_000])
def test_values_behind_one_another_are_each_one(
    tmp_path: Path, read: Read, between: str, pad: int
) -> None:
    """As a stream that is delivered to a bucket writes them, with no line's end anywhere."""
    (tmp_path / "a.json").write_text(between.join(_calls(10, pad)))
    told = read("a.json")
    assert sorted(told.use.values()) == [2] * 5
    assert not told.gaps


def test_a_file_of_values_behind_one_another_takes_no_more_than_one(
    tmp_path: Path, read: Read
) -> None:
    path = tmp_path / "a.json"
    path.write_text("".join(_calls(45, 300_000)))
    assert path.stat().st_size > 12 << 20  # more than a line may have
    told = read("a.json")
    assert sorted(told.use.values()) == [9] * 5
    assert not told.gaps
    with path.open("a") as file:
        file.write("".join(_calls(5, 300_000)))
    assert sorted(read("a.json", since=told.cursor).use.values()) == [1] * 5


def test_deliveries_and_wrapped_access_logs_are_no_strangers(tmp_path: Path, read: Read) -> None:
    event = json.dumps(
        {"version": "1.1", "vpc_id": "vpc-1", "query_timestamp": "2026-11-28T10:00:00Z",
         "query_name": "api.openai.com.", "query_type": "A", "rcode": "NOERROR", "answers": [],
         "srcaddr": "10.0.0.5", "srcids": {"instance": "i-1"}}
    )  # fmt: skip
    batch = {"messageType": "DATA_MESSAGE", "logGroup": "r", "logEvents": [{"message": event}]}
    (tmp_path / "a.json").write_text(json.dumps(batch) * 3)
    line = '10.0.0.5 - - [28/Nov/2026:10:00:00 +0000] "POST /v1/chat/completions HTTP/1.1" 200 9'
    (tmp_path / "b.json").write_text(
        (json.dumps({"log": f'{line} "-" "curl/8"\n', "stream": "stdout"}) + "\n") * 3
    )
    told = read(".")
    assert sum(told.use.values()) == 6
    assert not told.gaps


def test_two_values_in_a_line_are_two(tmp_path: Path, read: Read) -> None:
    lines = _calls(4)
    (tmp_path / "a.json").write_text(
        "{}\n" + lines[0] + lines[1] + "\n" + lines[2] + lines[3] + "\n"
    )
    assert sorted(read("a.json").use.values()) == [1] * 4


@pytest.mark.parametrize(
    "document",
    [{"ok": 1, "result": "ROWS"}, {"status": "success", "total": 3, "Results": "ROWS"},
     {"took": 3, "hits": {"total": {"value": 3}, "hits": "HITS"}}, {"page": {"lines": "ROWS"}},
     {"host": "splunk01.corp.lan", "results": "ROWS"}],
)  # fmt: skip
@pytest.mark.parametrize("indent", [None, 2])
def test_records_of_a_document_are_each_one(
    tmp_path: Path, read: Read, document: dict[str, Any], indent: int | None
) -> None:
    """Under whatever name an export puts them."""
    rows = [{"timestamp": "2026-11-28T10:00:00Z", "user": f"user{n}", "url": f"https://{host}/v1"}
            for n, host in enumerate(("api.openai.com", "claude.ai", "x.example"))]  # fmt: skip
    text = json.dumps(document).replace('"ROWS"', json.dumps(rows))
    text = text.replace('"HITS"', json.dumps([{"_id": 1, "_source": row} for row in rows]))
    (tmp_path / "a.json").write_text(json.dumps(json.loads(text), indent=indent) + "\n")
    assert {who for who, _ in read("a.json").use} == {"user0", "user1"}


def many(count: int) -> list[dict[str, object]]:
    return [
        {"time": "2025-11-28T10:00:00Z", "user": "anna" if n % 100 == 0 else f"u{n}",
         "host": "api.openai.com" if n % 100 == 0 else "www.example.org",
         "tls": {"version": "1.3"}, "path": "/v1/responses", "method": "POST"}
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("begins", ["Nov 28 10:00:00 relay app: ", '{"other": '])
def test_each_record_of_a_long_line_is_read(tmp_path: Path, read: Read, begins: str) -> None:
    """An export written as one line, with something around it, of which no end is there."""
    text = begins + json.dumps(many(20_000))
    assert 1 << 20 < len(text) < 8 << 20
    (tmp_path / "a.log").write_text(f"{text}\n{squid('claude.ai')}")
    assert read("a.log").use == {("anna", CALLS): 200, ("anna", "Anthropic: chat in a browser"): 1}


def test_of_a_record_whose_end_is_far_its_beginning_counts(tmp_path: Path, read: Read) -> None:
    begins = json.dumps({"x": {"y": 1}, "host": "api.openai.com", "user": "bob", "path": "/v1/x"})
    line = begins[:-1] + ', "blob": "' + "x" * (20 << 20) + '"}'
    (tmp_path / "a.log").write_text(f"{line}\n{squid('claude.ai')}")
    told = read("a.log")
    assert told.use[("bob", CALLS)] == 1
    reasons = [one.reason for one in told.gaps]
    assert any("1 lines in no known format" in one for one in reasons)
    (cut,) = (one for one in reasons if "more than 8 MiB" in one)
    lost = float(cut.partition("; ")[2].partition(" MiB behind that were not")[0])
    assert 10 < lost < 12.1


def test_brackets_in_a_long_line_take_no_time() -> None:
    line = b"{" + b'[{"a":[' * 40_000 + b"api.openai.com " * 200_000
    places = list(range(300_000, len(line), 15))
    begun = time.monotonic()
    assert len(list(around(line, places))) > 10
    assert time.monotonic() - begun < 20
