"""HTTP/1.1 on 127.0.0.1 for a :class:`Rig`: kept alive, one thread for all connections, waiting
costs nothing. It knows only what AWS's clients send: a head and a body of known length."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.aws_rig.answers import Answer
from tests.aws_rig.requests import Request

if TYPE_CHECKING:
    from tests.aws_rig.rig import Rig

FIGURES = "/_rig/figures"
"""Where a process of its own tells its figures; DELETE forgets them."""
_REASONS = {int(status): status.phrase for status in HTTPStatus}


class _Connection(asyncio.Protocol):
    def __init__(self, rig: Rig, loop: asyncio.AbstractEventLoop) -> None:
        self._rig = rig
        self._loop = loop
        self._bytes = bytearray()
        self._transport: Any = None
        self._is_busy = False
        self._continued = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        if not self._is_busy:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None

    def _next(self) -> None:
        end = self._bytes.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self._bytes[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "transfer-encoding" in headers:
            self._bytes.clear()
            self._send(Answer(501, {"Connection": "close"}, b"bodies of known length alone"), first)
            self._transport.close()
            return
        length = int(headers.get("content-length", 0))
        if headers.get("expect") == "100-continue" and not self._continued:
            self._continued = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._bytes) < end + 4 + length:
            return
        body = bytes(self._bytes[end + 4 : end + 4 + length])
        del self._bytes[: end + 4 + length]
        self._continued = False
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        self._take(Request(method, path, query, headers, body))

    def _take(self, request: Request) -> None:
        if request.path == FIGURES:
            self._send(_figures(self._rig, request), request.method)
            return
        rig = self._rig
        rig.in_flight += 1
        rig.max_in_flight = max(rig.max_in_flight, rig.in_flight)
        answer = rig.answer(request)
        if answer.delay:
            self._is_busy = True
            self._loop.call_later(answer.delay, self._finish, answer, request.method)
        else:
            self._finish(answer, request.method)

    def _finish(self, answer: Answer, method: str) -> None:
        self._rig.in_flight -= 1
        self._is_busy = False
        self._send(answer, method)

    def _send(self, answer: Answer, method: str) -> None:
        if self._transport is None:
            return
        if answer.how == "close":
            self._transport.close()
            return
        head = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Said')}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        head.append("x-amzn-RequestId: made-up")
        head.append(f"Content-Length: {len(answer.body)}\r\n\r\n")
        body = b"" if method == "HEAD" else answer.body
        if answer.how == "cut":
            body = body[: len(body) // 2]
        self._transport.write("\r\n".join(head).encode("latin-1") + body)
        if answer.how == "cut":
            self._transport.close()
        elif self._bytes:
            self._next()


def _figures(rig: Rig, request: Request) -> Answer:
    told = {**rig.figures(), "by_call": dict(rig.calls), "by_operation": _by_operation(rig),
            "rejections": rig.rejected[:20], "wrongs": rig.wrong[:20]}  # fmt: skip
    if request.method == "DELETE":
        rig.forget()
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())


def _by_operation(rig: Rig) -> dict[str, int]:
    found: dict[str, int] = {}
    for said, number in rig.calls.items():
        operation = said.partition(" ")[0]
        found[operation] = found.get(operation, 0) + number
    return found


async def listening(rig: Rig, port: int = 0) -> tuple[asyncio.Server, str]:
    """A server in the running loop, and its URL."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(rig, loop), "127.0.0.1", port, backlog=1024
    )
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@contextmanager
def serving(rig: Rig) -> Iterator[str]:
    """Serve from a thread of this process; the URL."""
    started: list[Any] = []
    is_ready = threading.Event()

    async def main() -> None:
        stop = asyncio.Event()
        server, url = await listening(rig)
        started.extend((url, asyncio.get_running_loop(), stop))
        is_ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    is_ready.wait(10)
    url, loop, stop = started
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
