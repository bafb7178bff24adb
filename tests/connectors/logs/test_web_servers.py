"""Web servers and proxies that log JSON: what they send goes to who asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.model.facts import Asset
from tests.connectors.logs.conftest import Read

NGINX = {"time_iso8601": "2026-11-28T10:00:00+00:00", "remote_addr": "10.1.1.1", "status": 200}


def written(path: Path, *lines: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_download_through_nginx_is_no_upload(tmp_path: Path, read: Read) -> None:
    """https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format: `$bytes_sent`, "the
    number of bytes sent to a client"."""
    asked = {**NGINX, "request": "POST /v1/embeddings HTTP/1.1", "host": "api.openai.com"}
    written(tmp_path / "a.log", {**asked, "bytes_sent": 5_000_300, "request_length": 123})
    (thing,) = read("a.log").assets.values()
    (seen,) = thing.evidence
    assert (thing.name, seen.bytes_up, seen.bytes_down) == ("OpenAI: embeddings", 123, 5_000_300)
    assert (seen.large_uploads, seen.first_at) == (0, "2026-11-28T10:00:00Z")


@pytest.mark.parametrize("more", [{"http_host": "llm.corp"}, {"server_name": "llm.corp"}, {}])
def test_a_servers_own_log_in_json_is_its_own(
    tmp_path: Path, read: Read, more: dict[str, object]
) -> None:
    line = {**NGINX, **more, "request": "POST /v1/chat/completions HTTP/1.1"}
    written(tmp_path / "a.log", {**line, "body_bytes_sent": 5000})
    told = read("a.log")
    assert {*told.assets} == {"llm.corp" if more else "server of a.log"}
    assert (told.gaps, {*told.people}) == ([], {"10.1.1.1"})


def test_whom_nginx_asks_for_others_counts(tmp_path: Path, read: Read) -> None:
    line = {**NGINX, "host": "ai.corp", "request": "POST /v1/messages HTTP/1.1"}
    written(tmp_path / "a.log", {**line, "proxy_host": "api.anthropic.com"})
    assert {*read("a.log").assets} == {"Anthropic: contact"}


TYPES = ["content_type", "contentType", "Content-Type", "mime", "mime_type", "media",
         "response_content_type", "resp_content_type", "http.response.mime_type"]  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_a_content_type_is_known_by_its_common_names(tmp_path: Path, read: Read, name: str) -> None:
    asked = {"ts": 1764324000, "user": "anna", "method": "POST", "status": 200}
    stream = {**asked, "host": "a.corp", "path": "/v1/messages", name: "text/event-stream"}
    page = {**asked, "host": "b.corp", "path": "/v1/chat/completions", name: "text/html"}
    written(tmp_path / "a.log", stream, page)
    things = [one for one in read("a.log").items if isinstance(one, Asset)]
    assert [(one.name, one.evidence[0].confidence) for one in things] == [("a.corp", "high")]


def test_columns_of_bytes_may_have_a_blank(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.csv").write_text(
        "Time,User,Host,Bytes Out,Bytes In\n2026-11-28 10:00:00,anna,api.openai.com,120,900\n"
    )
    (thing,) = read("a.csv").assets.values()
    assert (thing.evidence[0].bytes_up, thing.evidence[0].bytes_down) == (120, 900)
