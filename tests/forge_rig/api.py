"""A forge's API on loopback, driven by the vendor's published description.

A test's world gives the records; paths, parameters and the shape of every answer come from the
reduced description (``specs/*.json``, made by :mod:`tests.forge_rig.reduce`). A path or parameter
that the vendor does not know is refused, and an answer that the vendor would not give ends the
test: so the made-up world cannot drift from the real one.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from tests import late
from tests.forge_rig.loopback import serving

SPECS = Path(__file__).parent / "specs"


@dataclass(frozen=True)
class Request:
    operation: str
    """``GET /orgs/{org}/repos``."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").partition(" ")[2]


@dataclass(frozen=True)
class Reply:
    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent instead of ``body``, whatever it is."""


@dataclass(frozen=True)
class Paged:
    """A list, to be cut into pages. ``at``: the field of the body that holds it; empty: the body
    is the list. ``around``: the body's other fields."""

    records: Sequence[Any]
    at: str = ""
    around: Mapping[str, Any] = field(default_factory=dict)


Handler = Callable[[Request], Any]
"""-> a :class:`Reply`, a :class:`Paged`, or a body."""


@dataclass
class Fault:
    """What goes wrong at requests whose ``METHOD /path`` matches. The first ``after`` of them go
    well, then it happens ``times`` (-1: from then on). ``kind``: ``answer`` (of ``reply``, after
    what was asked for was done), ``refuse`` (of ``reply``, and nothing is done), ``cut`` (it is
    done, and the connection ends in the middle of the body), ``close`` (without a word or deed)."""

    matching: str
    kind: str = "answer"
    reply: Reply = field(default_factory=lambda: Reply({"message": "Server Error"}, 500))
    after: int = 0
    times: int = -1
    seen: int = 0

    def strikes(self, said: str) -> bool:
        if not re.search(self.matching, said):
            return False
        self.seen += 1
        return self.seen > self.after and (self.times < 0 or self.seen <= self.after + self.times)


@dataclass
class Forge:
    """A running server. Whatever the vendor would not have done is in ``wrong``, and raised when
    the block ends."""

    spec: Mapping[str, Any]
    url: str = ""
    calls: list[str] = field(default_factory=list)
    """``METHOD /path`` as asked."""
    operations: list[str] = field(default_factory=list)
    unchanged: int = 0
    """Requests that were answered 304."""
    faults: list[Fault] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    """Operations that are refused."""
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


Authorized = Callable[[Request], Reply | None]
"""None: go on."""
Pager = Callable[[Forge, str, Request, Paged], Reply]
"""Cuts a list into pages: server, path as asked, request, list."""


def spec(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def pages_by_number(forge: Forge, path: str, request: Request, paged: Paged) -> Reply:
    """``page`` and ``per_page``, joined by Link headers (RFC 8288): GitHub, GitLab, Gitea."""
    size = int(request.query.get("per_page", request.query.get("limit", "30")))
    number = int(request.query.get("page", "1"))
    part = paged.records[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(paged.records):
        following = urlencode({**request.query, "page": str(number + 1)})
        headers["Link"] = f'<{forge.url}{path}?{following}>; rel="next"'
    body: Any = {**paged.around, paged.at: part} if paged.at else part
    return Reply(body, headers=headers)


@contextmanager
def forge_api(
    name: str,
    world: Mapping[str, Handler],
    *,
    authorized: Authorized = lambda request: None,
    pager: Pager = pages_by_number,
    refusal: Reply = Reply({"message": "Resource not accessible"}, 403),
    etags: bool = False,
    delay: float = 0.0,
) -> Iterator[Forge]:
    """Serve ``world`` (operation -> handler) as ``specs/<name>.json`` says. ``delay``: seconds
    before each answer. Raises ``AssertionError`` at the end for what the vendor would not do."""
    forge = Forge(spec(name))
    unknown = world.keys() - forge.spec["operations"].keys()
    assert not unknown, f"not in the vendor's description of {name}: {sorted(unknown)}"
    routes = _routes(forge.spec)
    validate = _validator(name)

    def handle(client: BaseHTTPRequestHandler) -> None:
        length = int(client.headers.get("Content-Length") or 0)
        data = client.rfile.read(length)
        split = urlsplit(client.path)
        said = f"{client.command} {split.path}"
        with forge.lock:
            forge.calls.append(said)
            fault = next((f for f in forge.faults if f.strikes(said)), None)
        if delay:
            time.sleep(delay)
        if fault is not None and fault.kind == "close":
            client.close_connection = True
            return
        if fault is not None and fault.kind == "refuse":
            send(forge, client, fault.reply, is_cut=False, etags=False)
            return
        try:
            reply = _answer(forge, routes, world, client, split.path, split.query, data)
        except Exception as error:  # a test's world that is wrong must not look like a cut line
            reply = _refused(forge, f"{said}: {type(error).__name__}: {error}", 500)
        if fault is not None and fault.kind == "answer":
            reply = fault.reply
        send(forge, client, reply, is_cut=bool(fault and fault.kind == "cut"), etags=etags)

    def _answer(
        forge: Forge,
        routes: list[tuple[str, re.Pattern[str], str]],
        world: Mapping[str, Handler],
        client: BaseHTTPRequestHandler,
        path: str,
        query: str,
        data: bytes,
    ) -> Reply:
        matches = ((p.match(path), o) for method, p, o in routes if method == client.command)
        found, operation = next(((m, o) for m, o in matches if m), (None, ""))
        if found is None:
            return _refused(forge, f"{client.command} {path}: no such path", 404)
        facts = forge.spec["operations"][operation]
        holes = {k: unquote(v) for k, v in zip(_holes(operation), found.groups(), strict=True)}
        given = {k: v[-1] for k, v in parse_qs(query, keep_blank_values=True).items()}
        if complaint := _query_complaint(facts, given):
            return _refused(forge, f"{operation}: {complaint}", 400)
        headers = {key.lower(): value for key, value in client.headers.items()}
        body = json.loads(data) if data else None
        for complaint in validate(operation, "body", body) if body is not None else ():
            return _refused(forge, f"{operation}: body: {complaint}", 400)
        request = Request(operation, holes, given, headers, body)
        refused = authorized(request)
        if refused is not None:
            return refused
        with forge.lock:
            forge.operations.append(operation)
        if operation in forge.denied:
            return refusal
        if operation not in world:
            return _refused(forge, f"{operation}: the test's world does not answer", 404)
        made = world[operation](request)
        if isinstance(made, Paged):
            made = pager(forge, path, request, made)
        reply = made if isinstance(made, Reply) else Reply(made)
        if 200 <= reply.status < 300 and reply.raw is None:
            for complaint in validate(operation, str(reply.status), reply.body):
                forge.wrong.append(f"{operation}: {complaint}")
        return reply

    with serving(handle) as url:
        forge.url = url + forge.spec["base"]
        yield forge
    assert not forge.wrong, "\n".join(forge.wrong[:20])


def _refused(forge: Forge, complaint: str, status: int) -> Reply:
    forge.wrong.append(complaint)
    return Reply({"message": complaint}, status)


def send(
    forge: Forge, client: BaseHTTPRequestHandler, reply: Reply, *, is_cut: bool, etags: bool
) -> None:
    data = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
    if reply.status in (204, 304):
        data = b""
    status, headers = reply.status, dict(reply.headers)
    if etags and status == 200 and client.command == "GET":
        mark = hashlib.sha256(data + headers.get("Link", "").encode()).hexdigest()[:32]
        headers["ETag"] = f'W/"{mark}"'
        if client.headers.get("If-None-Match") == headers["ETag"]:
            status, data = 304, b""
            forge.unchanged += 1
    client.send_response(status)
    client.send_header("Content-Type", headers.pop("Content-Type", "application/json"))
    for key, value in headers.items():
        client.send_header(key, value)
    client.send_header("Content-Length", str(len(data)))
    client.end_headers()
    client.wfile.write(data[: len(data) // 2] if is_cut else data)
    client.close_connection = client.close_connection or is_cut


def _holes(operation: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", operation)


def _routes(spec: Mapping[str, Any]) -> list[tuple[str, re.Pattern[str], str]]:
    """The most literal first: ``/orgs/{org}/teams`` is no ``/{a}/{b}/{c}``."""
    made = []
    for operation in sorted(spec["operations"], key=lambda o: (len(_holes(o)), -len(o))):
        method, _, path = operation.partition(" ")
        parts = re.split(r"\{[^}]*\}", spec["base"] + path)
        made.append((method, re.compile("([^/]+)".join(map(re.escape, parts)) + r"\Z"), operation))
    return made


def _query_complaint(facts: Mapping[str, Any], given: Mapping[str, str]) -> str:
    for name, value in given.items():
        schema = facts["query"].get(name)
        if schema is None:
            return f"no parameter {name!r}"
        kind = schema.get("type")
        typed: Any = value
        if kind in ("integer", ["integer", "null"]):
            if not re.fullmatch(r"-?\d+", value):
                return f"{name} must be an integer, not {value!r}"
            typed = int(value)
        elif kind == "boolean":
            if value not in ("true", "false"):
                return f"{name} must be true or false, not {value!r}"
            typed = value == "true"
        elif kind == "array" or "$ref" in schema or any(k in schema for k in ("anyOf", "oneOf")):
            continue
        for error in late.jsonschema.Draft202012Validator(schema).iter_errors(typed):
            return f"{name}: {error.message}"
    missing = [name for name in facts["required"] if name not in given]
    return f"parameter {missing[0]!r} is required" if missing else ""


@cache
def _validator(name: str) -> Callable[[str, str, Any], list[str]]:
    whole = spec(name)
    made: dict[tuple[str, str], late.jsonschema.Draft202012Validator] = {}

    def validate(operation: str, status: str, body: Any) -> list[str]:
        facts = whole["operations"][operation]
        answers = {**facts["answers"], "body": facts.get("body") or None}
        key = status if status in answers else "default"
        if key not in answers:
            return [f"the vendor answers {sorted(answers)}, not {status}"]
        if answers[key] is None:
            return []
        if (operation, key) not in made:
            schema = {**answers[key], "schemas": whole["schemas"]}
            made[operation, key] = late.jsonschema.Draft202012Validator(schema)
        errors = made[operation, key].iter_errors(body)
        return [f"{error.json_path}: {error.message[:300]}" for error in errors]

    return validate
