"""Who holds connections open keeps nobody else from the daemon's endpoints."""

from __future__ import annotations

import io
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from scanner.app import bounded
from scanner.app.bounded import BoundedServer
from scanner.app.config import load
from scanner.app.daemon import Daemon
from scanner.app.running import Log


class _Handler(BaseHTTPRequestHandler):
    timeout = 0.5

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[BoundedServer]:
    made = BoundedServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def _threads() -> int:
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def test_many_that_say_nothing_keep_nobody_out(server: BoundedServer) -> None:
    begun = time.monotonic()
    held = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(200)]
    for one in held:
        one.sendall(b"GET /heal")
    url = f"http://127.0.0.1:{server.server_port}/healthz"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.status == 204
    if time.monotonic() - begun < _Handler.timeout:
        assert _threads() <= bounded.MOST + 8
    end = time.monotonic() + 10
    while _threads():
        assert time.monotonic() < end, "they are never ended"
        time.sleep(0.05)
    for one in held:
        one.close()


def test_what_is_served_is_bounded(tmp_path: Path) -> None:
    config = tmp_path / "shadow-ai.toml"
    (tmp_path / "shop").mkdir()
    config.write_text('[schedule]\nlisten = "127.0.0.1:0"\n[sources.code]\npaths = ["shop"]\n')
    daemon = Daemon(load(config), [], Log(io.StringIO()))
    made = daemon._listen()
    assert isinstance(made, BoundedServer)
    try:
        assert made.RequestHandlerClass.timeout == bounded.SECONDS
    finally:
        made.shutdown()
        made.server_close()


def test_who_knocked_and_is_gone_is_not_waited_for() -> None:
    """Or the end of the server would wait for somebody else to come."""
    made = BoundedServer(("127.0.0.1", 0), _Handler)
    try:
        with pytest.raises(TimeoutError):
            made.get_request()
        with socket.create_connection(made.server_address[:2]):
            opened, _ = made.get_request()
            assert opened.gettimeout() is None  # as a client's has its own
            opened.close()
    finally:
        made.server_close()
