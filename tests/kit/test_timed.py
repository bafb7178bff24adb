"""An answer that drips ends in its time, in the headers and in the body."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest
import requests

from scanner.kit import timed
from scanner.kit.contract import Operation
from scanner.kit.http import ReadOnlySession
from scanner.kit.limits import Limits
from scanner.kit.outgoing import session
from scanner.model.errors import Unavailable
from tests.dripping import dripping

_LIST = (Operation(id="GET /list", permission="read"),)
_HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed, "WHOLE_SECONDS", 0.5)


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"HTTP/1.1 200 ", b"O"),
        (_HEADERS + b"X-More: ", b"y"),
        (_HEADERS + b"\r\n[", b" "),
        (_HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["status", "header", "body", "chunks"],
)
@pytest.mark.parametrize("behind_proxy", [False, True])
def test_an_answer_that_drips_is_broken_off(
    begin: bytes, drop: bytes, behind_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dripping(begin, drop) as url:
        if behind_proxy:
            monkeypatch.setenv("http_proxy", url)
        asked = "http://source.invalid" if behind_proxy else url
        reading = ReadOnlySession(asked, _LIST, Limits(), retries=1, sleep=lambda seconds: None)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="GET /list"):
            reading.get("/list")
        assert time.monotonic() - began < 5


def test_a_session_for_whole_answers_has_its_own_time_and_bound() -> None:
    with dripping(_HEADERS + b"\r\n[", b" ") as url:
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            session(whole=0.3).post(url, data=b"{}", timeout=5)
        assert time.monotonic() - began < 3
    endless = _HEADERS + b"Transfer-Encoding: chunked\r\n\r\n"
    piece = b"1000000\r\n" + b" " * (16 << 20) + b"\r\n"
    with dripping(endless, piece, pause=0) as url, pytest.raises(Unavailable, match="64 MiB"):
        session(whole=60).get(url, timeout=5)


def test_a_download_takes_the_time_it_takes() -> None:
    """It is read as a stream, by sessions whose answers are not read as a whole."""
    size = 40
    begin = _HEADERS + f"Content-Length: {size}\r\n\r\n".encode()
    with dripping(begin, b"x", most=size) as url:
        began = time.monotonic()
        with session().get(url, stream=True, timeout=5) as answer:
            assert len(answer.content) == size
        assert time.monotonic() - began > 1


def test_the_headers_of_a_download_have_a_time() -> None:
    with dripping(_HEADERS + b"X-More: ", b"y") as url:
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            session().get(url, stream=True, timeout=5)
        assert time.monotonic() - began < 5


def test_a_connection_is_used_again_and_its_own_timeout_is_given_back() -> None:
    """What a slow answer has left of a socket's timeout is not the next one's."""
    body = b"{}"
    whole = _HEADERS + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    listener = socket.create_server(("127.0.0.1", 0))
    accepted = []

    def serve() -> None:
        with suppress(OSError):
            client, _ = listener.accept()
            accepted.append(client)
            for _ in range(3):
                client.recv(65536)
                time.sleep(0.3)
                client.sendall(whole)

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    reading = ReadOnlySession(url, _LIST, Limits(), retries=1, sleep=lambda seconds: None)
    try:
        for _ in range(3):
            assert reading.get("/list").json() == {}
    finally:
        listener.close()
    assert len(accepted) == 1
