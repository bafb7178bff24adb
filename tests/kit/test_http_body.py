"""Bodies of answers are read within bounds, whatever is packed, coded or broken off."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from scanner.kit.contract import Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.http_body import MOST_BYTES
from scanner.kit.limits import Limits
from scanner.model.errors import Unavailable
from tests.forge_rig.loopback import serving

OPERATIONS = (Operation(id="GET /things", permission="things.read"),)
MIB = 1 << 20


def _bomb(mib: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    inside = b"".join(packer.compress(b"a" * MIB) for _ in range(mib))
    return packer.compress(b'["') + inside + packer.compress(b'"]') + packer.flush()


@contextmanager
def _answering(
    body: bytes, coding: str = "", *, status: int = 200, length: int | None = None
) -> Iterator[ReadOnlySession]:
    def handle(client: BaseHTTPRequestHandler) -> None:
        client.send_response(status)
        if coding:
            client.send_header("Content-Encoding", coding)
        if status == 302:
            client.send_header("Location", "/elsewhere")
        client.send_header("Content-Length", str(len(body) if length is None else length))
        client.end_headers()
        client.wfile.write(body)
        client.close_connection = length is not None

    with serving(handle) as url:
        yield ReadOnlySession(url, OPERATIONS, Limits(), retries=2, sleep=lambda _: None)


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_a_small_answer_that_unpacks_to_very_much_is_broken_off(status: int) -> None:
    body = _bomb(300)
    tracemalloc.start()
    try:
        with (
            _answering(body, "gzip", status=status) as session,
            pytest.raises(Unavailable, match=r"GET /things: .*unpack to more than .*broken off"),
        ):
            session.get("/things")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MOST_BYTES


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_an_answer_larger_than_any_page_is_broken_off(coding: str) -> None:
    filler = bytes(range(32, 127)) * 40_000  # not suspicious by its ratio in stored blocks
    plain = filler * (MOST_BYTES // len(filler) + 1)
    body = gzip.compress(plain, 0) if coding else plain
    with (
        _answering(body, coding) as session,
        pytest.raises(Unavailable, match=r"larger than 64 MiB.*configured URL"),
    ):
        session.get("/things")


def test_a_coding_that_was_not_asked_for_is_refused() -> None:
    with (
        _answering(b"whatever", "br") as session,
        pytest.raises(Unavailable, match="coded as 'br'"),
    ):
        session.get("/things")


_LISTED = [{"id": number, "name": "a repository"} for number in range(20_000)]
_TEXT = json.dumps(_LISTED).encode()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", _TEXT),
        ("identity", _TEXT),
        ("gzip", gzip.compress(_TEXT)),
        ("gzip", gzip.compress(_TEXT[:70_001]) + gzip.compress(_TEXT[70_001:]) + b"\0\0\0"),
        ("gzip", gzip.compress(_TEXT + b" " * (3 * MIB))),
        ("x-gzip", gzip.compress(_TEXT, 0)),
        ("deflate", zlib.compress(_TEXT)),
    ],
    ids=["plain", "identity", "gzip", "two-members", "padded", "stored", "deflate"],
)
def test_what_is_sent_is_what_is_read(coding: str, body: bytes) -> None:
    with _answering(body, coding) as session:
        assert json_body(session.get("/things")) == _LISTED


@pytest.mark.parametrize(
    ("coding", "body", "length"),
    [
        ("gzip", gzip.compress(_TEXT)[:-100], None),
        ("gzip", b"no gzip at all", None),
        ("gzip", gzip.compress(_TEXT)[:-100], len(gzip.compress(_TEXT))),
        ("", _TEXT[:-100], len(_TEXT)),
    ],
    ids=["half", "none", "hung-up-packed", "hung-up"],
)
def test_half_an_answer_is_none(coding: str, body: bytes, length: int | None) -> None:
    with _answering(body, coding, length=length) as session, pytest.raises(Unavailable):
        session.get("/things")
