"""Between the connectors' HTTP clients and the servers of the tests: what comes back is kept, and
may be another answer than was sent.

requests and botocore both send by urllib3, so that one place knows all calls. Everything above it
is the connector's own: its sessions and guards, Google's and Amazon's clients, decoding, paging.
"""

from __future__ import annotations

import io
import re
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import urllib3
from urllib3.connectionpool import HTTPConnectionPool

_SIGNED_AS = re.compile(r"Credential=([^/,]+)/\d+/([^,]+)/aws4_request")
_GZIP_TOO = 32 + zlib.MAX_WBITS


class Endless(AssertionError):
    """A connector that asks on and on."""


@dataclass(frozen=True)
class Kept:
    status: int
    headers: Mapping[str, str]
    body: bytes


_NOWHERE = Kept(404, {"Content-Type": "application/json"}, b'{"message": "no such thing"}')


@dataclass
class Wire:
    """``instead``: label of a call -> what is answered. ``most``: calls of one reading.

    A call is told by a label: method, path with query, and what else says which it is (Amazon's
    target and as whom it is signed, the body of a search). What was once answered is not asked
    again, as the sources stand still; where ``is_frozen``, what was not is nowhere.
    """

    instead: Mapping[str, Kept] = field(default_factory=dict)
    most: int = 10**9
    is_ring: bool = False
    """Every page of a list that is answered otherwise is answered so."""
    calls: list[str] = field(default_factory=list)
    """Labels, since the last :meth:`forget`."""
    answers: dict[str, Kept] = field(default_factory=dict)
    is_frozen: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self, instead: Mapping[str, Kept], most: int, *, is_ring: bool = False) -> None:
        self.instead, self.most, self.is_ring = instead, most, is_ring
        self.calls.clear()

    def answer(
        self, send: Any, pool: HTTPConnectionPool, method: str, url: str, body: Any,
        headers: Any, **options: Any,
    ) -> urllib3.HTTPResponse:  # fmt: skip
        label = _label(method, url, body, headers or {})
        with self._lock:
            self.calls.append(label)
            if len(self.calls) > self.most:
                raise Endless(f"more than {self.most} calls; the last: {label[:300]}")
            kept = self._bent(label) or self.answers.get(label)
            if kept is None and self.is_frozen:
                kept = _NOWHERE
        if kept is None:
            kept = _whole(send(pool, method, url, body, headers, **options))
            with self._lock:
                self.answers[label] = kept
        return urllib3.HTTPResponse(
            io.BytesIO(kept.body), kept.headers, kept.status,
            preload_content=options.get("preload_content", True),
            decode_content=options.get("decode_content", True),
            request_method=method, request_url=url,
        )  # fmt: skip

    def _bent(self, label: str) -> Kept | None:
        if self.is_ring:
            alike = (kept for one, kept in self.instead.items() if list_of(one) == list_of(label))
            return next(alike, None)
        return self.instead.get(label)


def list_of(label: str) -> str:
    """The same for all pages that a query asks for."""
    return label.partition("?")[0]


@contextmanager
def tapped(wire: Wire) -> Iterator[None]:
    """Every call of this process goes through ``wire`` meanwhile."""
    send = HTTPConnectionPool.urlopen

    def urlopen(
        pool: HTTPConnectionPool, method: str, url: str, body: Any = None, headers: Any = None,
        **options: Any,
    ) -> urllib3.HTTPResponse:  # fmt: skip
        return wire.answer(send, pool, method, url, body, headers, **options)

    with mock.patch.object(HTTPConnectionPool, "urlopen", urlopen):
        yield


def _whole(answer: Any) -> Kept:
    """As it was before it was packed."""
    data = b"".join(answer.stream(1 << 16, decode_content=False))
    told = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() not in ("content-length", "content-encoding", "transfer-encoding")
    }
    if answer.headers.get("Content-Encoding") in ("gzip", "deflate"):
        data = zlib.decompress(data, _GZIP_TOO)
    return Kept(answer.status, told, data)


def _label(method: str, url: str, body: Any, headers: Mapping[str, Any]) -> str:
    told = {name.lower(): _text(value) for name, value in headers.items()}
    signed = _SIGNED_AS.search(told.get("authorization", ""))
    data = _text(body or b"") if isinstance(body, (str, bytes, bytearray)) else ""
    words = [method, url, told.get("x-amz-target", ""), *(signed.groups() if signed else ()), data]
    return " ".join(word for word in words if word)


def _text(value: str | bytes | bytearray) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
