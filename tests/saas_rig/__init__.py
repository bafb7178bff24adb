"""A vendor's administration on loopback: routes by operation, held to the parameters that the
vendor's page describes; faults; refusals; pages.

A call that no route describes, or with a parameter that it does not have, is answered as an error
and kept in ``rejected``. What a route answers, the vendor's own world says.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tests.forge_rig import loopback
from tests.forge_rig.loopback import send

TOKEN = "made-up-token"


@dataclass(frozen=True)
class Asked:
    path: str
    query: Mapping[str, str]
    body: Any
    holes: Mapping[str, str]
    authorization: str = ""
    every: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The values of each name, as one may stand several times."""


@dataclass(frozen=True)
class Reply:
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Break:
    """What is answered to the calls from the one numbered ``first`` (all routes count)."""

    reply: Reply
    first: int = 0
    times: int = 10**9


@dataclass(frozen=True)
class _Route:
    operation: str
    pattern: re.Pattern[str]
    params: frozenset[str]
    answer: Callable[[Asked], Reply | Any]
    is_open: bool


@dataclass
class Vendor:
    """``authorization``: what every call must carry in ``header``, else 401."""

    authorization: str = f"Bearer {TOKEN}"
    header: str = "Authorization"
    page_size: int = 2
    url: str = ""
    denied: set[str] = field(default_factory=set)
    breaks: list[Break] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """Operations, in order."""
    queries: list[Mapping[str, str]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    ring: bool = False
    """Every page names the same next one."""
    refusal: Reply = field(default_factory=lambda: Reply({"message": "not permitted"}, 403))
    _routes: list[_Route] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def route(
        self, operation: str, answer: Callable[[Asked], Reply | Any], params: str = "",
        is_open: bool = False,
    ) -> None:  # fmt: skip
        """``operation``: id as the connector declares it. ``params``: names that its page has.
        ``is_open``: the route checks itself who asks."""
        method, _, path = operation.partition(" ")
        parts = re.split(r"\{([^}]*)\}", path)
        names = iter(range(len(parts)))
        pattern = "".join(
            re.escape(part) if next(names) % 2 == 0 else f"(?P<{part}>[^/]+)" for part in parts
        )
        self._routes.append(
            _Route(
                operation,
                re.compile(f"{method} {pattern}"),
                frozenset(params.split()),
                answer,
                is_open,
            )
        )

    def next_page(self, records: Sequence[Any], start: str) -> tuple[list[Any], str]:
        """A page, and where the next begins; empty at the end."""
        first = int(start or 0)
        page = list(records[first : first + self.page_size])
        if self.ring:
            return page, "0" if len(records) > self.page_size else ""
        after = first + self.page_size
        return page, str(after) if after < len(records) else ""

    def respond(self, method: str, target: str, headers: Any, data: bytes) -> Reply:
        split = urlsplit(target)
        path = unquote(split.path)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        with self._lock:
            number = len(self.calls)
            route, match = self._found(method, path)
            self.calls.append(route.operation if route else f"{method} {path}")
            self.queries.append(query)
            for one in self.breaks:
                if one.first <= number and one.times:
                    one.times -= 1
                    return one.reply
        is_open = route is not None and route.is_open
        if not is_open and headers.get(self.header) != self.authorization:
            return Reply({"message": "invalid token"}, 401)
        if route is None or match is None:
            self.rejected.append(f"{method} {path}")
            return Reply({"message": "no such method"}, 404)
        if odd := sorted(query.keys() - route.params):
            self.rejected.append(f"{method} {path}: {odd}")
            return Reply({"message": f"unknown parameters {odd}"}, 400)
        if route.operation in self.denied:
            return self.refusal
        found = route.answer(
            Asked(path, query, _decoded(data, headers), match.groupdict(),
                  headers.get("Authorization", ""), parse_qs(split.query))
        )  # fmt: skip
        return found if isinstance(found, Reply) else Reply(found)

    def _found(self, method: str, path: str) -> tuple[_Route | None, re.Match[str] | None]:
        for route in self._routes:
            match = route.pattern.fullmatch(f"{method} {path}")
            if match:
                return route, match
        return None, None


def _decoded(data: bytes, headers: Any) -> Any:
    if "form" in headers.get("Content-Type", ""):
        return dict(parse_qsl(data.decode()))
    return json.loads(data) if data else None


def token_route(vendor: Vendor, operation: str, client: str, secret: str, **form: str) -> None:
    """Gives :data:`TOKEN` to one client that proves itself, by header or form."""
    basic = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()

    def answer(asked: Asked) -> Any:
        told = asked.body or {}
        is_known = asked.authorization == basic or (
            told.get("client_id") == client and told.get("client_secret") == secret
        )
        if not is_known or any(told.get(name) != value for name, value in form.items()):
            return Reply({"error": "invalid_client"}, 400)
        return {"access_token": TOKEN, "expires_in": 3600, "token_type": "bearer"}

    vendor.route(operation, answer, is_open=True)


@contextmanager
def serving(vendor: Vendor) -> Iterator[Vendor]:
    def handle(client: BaseHTTPRequestHandler) -> None:
        data = client.rfile.read(int(client.headers.get("Content-Length") or 0))
        reply = vendor.respond(client.command, client.path, client.headers, data)
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        send(client, reply.status, reply.headers, text.encode("utf-8", "surrogatepass"))

    with loopback.serving(handle, methods=("GET", "POST")) as vendor.url:
        yield vendor
