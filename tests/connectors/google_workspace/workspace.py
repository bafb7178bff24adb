"""A Workspace on loopback, made from Google's own discovery documents of the Admin SDK.

Requests are held to the documents: path, parameters with their patterns and bounds, and the scopes
that the caller's token has; what does not fit is answered as Google would and kept in ``rejected``.
Planted records are held to the documents' schemas. Activities are told newest first.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from connectors.google_workspace.access import SCOPES
from tests.forge_rig import loopback
from tests.forge_rig.loopback import send
from tests.google_rig import Fault, Method, document, methods_of, schema, unknown_fields

TOKEN = "ya29.made-up-token"
DOMAIN = "acme.com"
CUSTOMER = "C0acme"
_DOCUMENTS = ("admin.reports_v1", "admin.directory_v1")


@cache
def _methods() -> dict[str, Method]:
    return {one.id: one for name in _DOCUMENTS for one in methods_of(name)}


@cache
def _parameters(ident: str) -> Mapping[str, Any]:
    def below(whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield from whole.get("methods", {}).values()
        for one in whole.get("resources", {}).values():
            yield from below(one)

    name = _methods()[ident].document
    found: Mapping[str, Any] = next(
        one["parameters"] for one in below(document(name)) if one["id"] == ident
    )
    return found


@dataclass
class Workspace:
    page_size: int = 2
    scopes: frozenset[str] = frozenset(SCOPES)
    """What the token has been given."""
    url: str = ""
    users: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    activities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[tuple[re.Pattern[str], Fault]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    exchanged: list[dict[str, str]] = field(default_factory=list)
    """What was sent to the token endpoint."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- planting ---------------------------------------------------------------------------

    def user(self, number: int, mail: str, **more: Any) -> str:
        record = {"id": str(number), "primaryEmail": mail, "customerId": CUSTOMER, **more}
        self._fits("admin.directory_v1", "User", record)
        self.users.append(record)
        return str(number)

    def token(self, user: str, client: str, name: str, *scopes: str, **more: Any) -> None:
        record = {
            "kind": "admin#directory#token", "clientId": client, "displayText": name,
            "scopes": list(scopes), "userKey": user, **more,
        }  # fmt: skip
        self._fits("admin.directory_v1", "Token", record)
        self.tokens.setdefault(user, []).append(record)

    def activity(
        self, report: str, at: str, mail: str, name: str,
        parameters: Mapping[str, Any] | None = None, *, qualifier: str = "",
        actor: Mapping[str, Any] | None = None, **more: Any,
    ) -> dict[str, Any]:  # fmt: skip
        made = [_parameter(key, value) for key, value in (parameters or {}).items()]
        record = {
            "kind": "admin#reports#activity",
            "id": {
                "time": at, "applicationName": report, "customerId": CUSTOMER,
                "uniqueQualifier": qualifier or str(len(self.activities.get(report, ())) + 1),
            },
            "actor": {"email": mail, "profileId": "1", **(actor or {})},
            "events": [{"type": "auth", "name": name, "parameters": made}],
            **more,
        }  # fmt: skip
        self._fits("admin.reports_v1", "Activity", record)
        self.activities.setdefault(report, []).append(record)
        return record

    def strike(self, pattern: str, fault: Fault) -> None:
        self.faults.append((re.compile(pattern), fault))

    @staticmethod
    def _fits(name: str, ref: str, record: Mapping[str, Any]) -> None:
        wrong = unknown_fields(name, schema(name, ref), record)
        assert not wrong, f"{ref} has no such fields: {wrong}"

    # --- answering --------------------------------------------------------------------------

    def respond(self, target: str, authorization: str) -> tuple[int, Mapping[str, str], str]:
        split = urlsplit(target)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        with self._lock:
            self.paths.append(target)
            for pattern, fault in self.faults:
                if pattern.search(target) and fault.times:
                    fault.times -= 1
                    body = fault.body or _error(fault.status, fault.message, fault.reason)
                    return fault.status, fault.headers, body
            if authorization != f"Bearer {TOKEN}":
                return 401, {}, _error(401, "Invalid Credentials", "UNAUTHENTICATED")
            known = next((m for m in _methods().values() if m.path.fullmatch(split.path)), None)
            if known is None:
                return self._reject(404, f"{split.path}: no such method")
            wrong = _wrong(known, query, split.path)
            if wrong:
                return self._reject(400, f"{known.id}: {wrong}")
            if not known.scopes & self.scopes:
                said = "Request had insufficient authentication scopes."
                return 403, {}, _error(403, said, "PERMISSION_DENIED")
            self.calls[known.id] += 1
            return 200, {}, json.dumps(self._made(known.id, split.path, query))

    def _reject(self, status: int, said: str) -> tuple[int, Mapping[str, str], str]:
        self.rejected.append(said)
        return status, {}, _error(status, said, "INVALID_ARGUMENT")

    def _made(self, ident: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        parts = [unquote(part) for part in path.split("/")]
        if ident == "directory.tokens.list":
            kept = self.tokens.get(parts[-2], [])
            return {"kind": "admin#directory#tokenList", **({"items": kept} if kept else {})}
        if ident == "directory.users.list":
            return self._page("admin#directory#users", "users", self.users, query)
        assert ident == "reports.activities.list", f"nothing is planted for {ident}"
        begin = _moment(query.get("startTime", "0001-01-01T00:00:00Z"))
        end = _moment(query.get("endTime", "9999-01-01T00:00:00Z"))
        found = [
            one for one in self.activities.get(parts[-1], ())
            if begin <= _moment(one["id"]["time"]) <= end
        ]  # fmt: skip
        found.sort(key=lambda one: _moment(one["id"]["time"]), reverse=True)
        return self._page("admin#reports#activities", "items", found, query)

    def _page(
        self, kind: str, key: str, found: list[Any], query: Mapping[str, str]
    ) -> dict[str, Any]:
        start = int(query.get("pageToken", "0"))
        size = min(self.page_size, int(query.get("maxResults", "1000")))
        page: dict[str, Any] = {"kind": kind}
        if found[start : start + size]:  # Google leaves out what is empty
            page[key] = found[start : start + size]
        if start + size < len(found):
            page["nextPageToken"] = str(start + size)
        return page


def _wrong(known: Method, query: Mapping[str, str], path: str) -> str:
    """What is wrong with a request, by the document."""
    told = _parameters(known.id)
    report = path.rpartition("/")[2]
    if "applicationName" in told and report not in told["applicationName"]["enum"]:
        return f"no such report: {report}"
    for name, value in query.items():
        if name not in known.parameters:
            return f"unknown parameter {name}"
        one = told.get(name, {})
        if "pattern" in one and not re.fullmatch(one["pattern"], value):
            return f"{name}={value} is not of the form {one['pattern']}"
        if "enum" in one and value not in one["enum"]:
            return f"{name}={value} is none of {one['enum']}"
        if "maximum" in one and int(value) > int(one["maximum"]):
            return f"{name}={value} is more than {one['maximum']}"
        if "minimum" in one and int(value) < int(one["minimum"]):
            return f"{name}={value} is less than {one['minimum']}"
    return ""


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _error(status: int, message: str, reason: str) -> str:
    return json.dumps({"error": {"code": status, "message": message, "status": reason}})


def _parameter(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"name": name, "boolValue": value}
    if isinstance(value, int):
        return {"name": name, "intValue": str(value)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        nested = [
            {"parameter": [_parameter(key, one) for key, one in whole.items()]} for whole in value
        ]
        return {"name": name, "multiMessageValue": nested}
    return {"name": name, "multiValue" if isinstance(value, list) else "value": value}


@contextmanager
def serving(workspace: Workspace) -> Iterator[Workspace]:
    def handle(client: BaseHTTPRequestHandler) -> None:
        if client.command == "POST":
            send(client, 200, {}, _exchanged(workspace, client).encode())
            return
        status, headers, text = workspace.respond(
            client.path, client.headers.get("Authorization", "")
        )
        send(client, status, headers, text.encode())

    with loopback.serving(handle, methods=("GET", "POST")) as workspace.url:
        yield workspace


def _exchanged(workspace: Workspace, client: BaseHTTPRequestHandler) -> str:
    """The token endpoint, where a service account proves who it is."""
    sent = client.rfile.read(int(client.headers.get("Content-Length", "0"))).decode()
    workspace.exchanged.append({key: one[0] for key, one in parse_qs(sent).items()})
    return json.dumps({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
