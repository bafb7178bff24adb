"""An Azure on loopback: answers only what Microsoft's own clients could ask, page by page.

It checks path, method, version and parameters of every call against their descriptions, holds what
is planted to their models, and refuses what the caller may not read: by 403 where a list is asked
for, by silence in Resource Graph, as Azure does.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.azure_rig import described, kql

TENANT = "11111111-2222-3333-4444-555555555555"
ANYTHING = ("*/read", "*/list/action")
_REGISTERED = "MissingSubscriptionRegistration"


@dataclass
class Subscription:
    id: str
    name: str
    state: str = "Enabled"
    tags: dict[str, str] = field(default_factory=dict)
    groups: tuple[tuple[str, str], ...] = ()
    allowed: tuple[str, ...] = ANYTHING
    refused: tuple[str, ...] = ()

    def may(self, action: str) -> bool:
        return _covers(self.allowed, action) and not _covers(self.refused, action)


def _covers(patterns: tuple[str, ...], action: str) -> bool:
    made = (re.escape(one).replace(r"\*", ".*") for one in patterns)
    return any(re.fullmatch(one, action, re.IGNORECASE) for one in made)


@dataclass
class Fault:
    """Of calls whose ``METHOD path`` matches: what is answered instead, so many times."""

    where: str
    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: bool = False
    """The answer ends in its middle."""
    raw: bytes | None = None
    times: int = 1_000_000
    change: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """Of what would have been answered."""


def error(code: str, message: str = "made up") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@dataclass
class Rig:
    page_size: int = 50
    latency: float = 0.0
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {table: [] for table in kql.TABLES}
    )
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Path of a collection, in small letters -> its records."""
    planes: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    """Host and path of a service's own API -> its records; what is in none is refused."""
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Calls that no description knows."""
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- planting ---------------------------------------------------------------------------

    def subscribe(self, one: Subscription) -> Subscription:
        self.subscriptions[one.id] = one
        return one

    def show(self, subscription: str, kind: str, name: str, /, **fields: Any) -> str:
        """A resource that stands under no other; gives its id."""
        ident = f"/subscriptions/{subscription}/resourceGroups/Rg-One/providers/{kind}/{name}"
        record = {"id": ident, "name": name, "type": kind, **fields}
        known = described.SHOWN.get(kind.casefold())
        if known:
            self._hold(*known, record)
        else:
            assert kind.casefold() in described.UNDESCRIBED, kind
        plain = {key: value for key, value in record.items() if key != "systemData"}
        row = {**plain, "type": kind.casefold(), "subscriptionId": subscription}
        self.rows["resources"].append(row)
        self.things[ident.casefold()] = record
        return ident

    def below(self, of: str, collection: str, name: str, /, **fields: Any) -> str:
        """A record in a collection of another thing; gives its id."""
        path = f"{of}/{collection}"
        ident = f"{path}/{name}"
        record = {"id": ident, "name": name, **fields}
        known = described.found("GET", path)
        assert known, f"nothing describes {path}"
        self._hold(known[0].file, known[0].returns, record)
        self.lists.setdefault(path.casefold(), []).append(record)
        self.things[ident.casefold()] = record
        return ident

    def authorize(self, kind: str, ident: str, subscription: str, /, **properties: Any) -> None:
        record = {"id": ident, "name": ident.rpartition("/")[2], "type": kind.casefold()}
        self._hold(*described.SHOWN[kind.casefold()], {**record, "properties": properties})
        row = {**record, "properties": properties, "subscriptionId": subscription}
        self.rows["authorizationresources"].append(row)

    def _hold(self, file: str, model: str, record: dict[str, Any]) -> None:
        wrong = list(described.complaints(file, model, record, model))
        assert not wrong, "\n".join(wrong)

    def deny(self, subscription: str, name: str, /, **properties: Any) -> None:
        path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/denyAssignments"
        record = {"id": f"{path}/{name}", "name": name,
                  "properties": {"denyAssignmentName": name, **properties}}  # fmt: skip
        self._hold("authorization", "DenyAssignment", record)
        self.lists.setdefault(path.casefold(), []).append(record)

    def tell(self, host: str, path: str, *records: dict[str, Any]) -> None:
        """What a service's own host lists at a path."""
        known = described.found("GET", path)
        assert known, f"nothing describes {path}"
        for record in records:
            self._hold(known[0].file, known[0].returns, record)
        self.planes.setdefault((host, path), []).extend(records)

    # --- answering --------------------------------------------------------------------------

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        split = urlsplit(target)
        path, query = unquote(split.path), dict(parse_qsl(split.query, keep_blank_values=True))
        version = query.pop("api-version", "")
        host, _, below = path.removeprefix("/").partition("/")
        if "." in host:
            return self._of_plane(host, f"/{below}", version, query)
        found = described.found(method, path)
        if not found:
            return self._misunderstood(f"{method} {path}: no such call")
        fitting = [one for one in found if one.version == version]
        if not fitting:
            told = ", ".join(sorted({one.version for one in found}))
            return self._misunderstood(f"{method} {path}: version {version!r}, there are {told}")
        call = fitting[0]
        token = query.pop("$skipToken", "") if method == "GET" else ""
        extra = set(query) - call.query
        if extra:
            return self._misunderstood(f"{method} {path}: no parameters {sorted(extra)}")
        if call.path == "/providers/Microsoft.ResourceGraph/resources":
            return self._ask(json.loads(body))
        if call.path == "/subscriptions":
            rows = [self._told(one) for _, one in sorted(self.subscriptions.items()) if _seen(one)]
            return self._page(target, rows, token)
        if call.path.startswith("/providers/Microsoft.Management/"):
            return self._page(target, self._descendants(path.split("/")[4]), token)
        return self._of_subscription(call, path, query, token, target)

    def _of_plane(
        self, host: str, path: str, version: str, query: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """Each family of services has its own way to page, or none."""
        found = described.found("GET", path)
        if not found or found[0].version != version or set(query) - found[0].query:
            return self._misunderstood(f"{host}{path}: not as described, {version} {query}")
        if (host, path) not in self.planes:
            return 403, error("Forbidden", "no role assignment"), {}
        records = self.planes[host, path]
        if "databricks" in found[0].file:
            return 200, {"endpoints": records} if records else {}, {}
        if "limit" not in found[0].query:
            return 200, {"value": records}, {}
        names = [str(one["id"]) for one in records]
        first = names.index(query["after"]) + 1 if "after" in query else 0
        page = records[first : first + min(self.page_size, int(query.get("limit", "20")))]
        more = first + len(page) < len(records)
        answer: dict[str, Any] = {"object": "list", "data": page, "has_more": more}
        if page and "openai" not in found[0].file:
            answer |= {"first_id": page[0]["id"], "last_id": page[-1]["id"]}
        return 200, answer, {}

    def _of_subscription(
        self, call: described.Described, path: str, query: dict[str, str], token: str, target: str
    ) -> tuple[int, Any, dict[str, str]]:
        one = self.subscriptions.get(path.split("/")[2].casefold())
        if one is None or one.state == "Deleted" or not _seen(one):
            return 404, error("SubscriptionNotFound"), {}
        if call.kind.endswith("/permissions"):
            grants = [{"actions": list(one.allowed), "notActions": list(one.refused)}]
            return self._page(target, grants, token)
        action = (
            f"{_ACTIONS.get(call.kind, call.kind)}/{'action' if call.method == 'POST' else 'read'}"
        )
        if not one.may(action):
            return 403, error("AuthorizationFailed", f"may not perform action '{action}'"), {}
        if call.kind.endswith("/denyAssignments"):
            return self._page(target, self.lists.get(path.casefold(), []), token)
        if "eventtypes" in call.path:
            return self._page(target, self._happened(one.id, query["$filter"]), token)
        if call.method == "POST":
            thing = self.things.get(path.rpartition("/list")[0].casefold())
            return (200, thing, {}) if thing else (404, error("ResourceNotFound"), {})
        if call.path.endswith("}"):
            thing = self.things.get(path.casefold())
            return (200, thing, {}) if thing else (404, error("ResourceNotFound"), {})
        if path.endswith("/slotConfigNames"):
            if path.casefold().rpartition("/config/")[0] not in self.things:
                return 404, error("ResourceNotFound"), {}
            return 200, self.things.get(path.casefold(), {"properties": {}}), {}
        above = (
            path.casefold().rpartition("/providers/")[0]
            if call.path.startswith("/{")
            else (path.casefold().rpartition("/")[0])
        ).removesuffix("/config/configreferences")
        if above not in self.things:
            return 404, error("ParentResourceNotFound"), {}
        return self._page(target, self.lists.get(path.casefold(), []), token)

    def _misunderstood(self, reason: str) -> tuple[int, Any, dict[str, str]]:
        self.wrong.append(reason)
        return 400, error("InvalidRequest", reason), {}

    def _told(self, one: Subscription) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{one.id}", "subscriptionId": one.id, "displayName": one.name,
            "state": one.state, "tenantId": TENANT, "authorizationSource": "RoleBased",
        }  # fmt: skip

    def _descendants(self, group: str) -> list[dict[str, Any]]:
        return [
            {"id": f"/subscriptions/{one.id}", "name": one.id, "type": "/subscriptions",
             "properties": {"displayName": one.name}}
            for one in self.subscriptions.values()
            if group in [name for name, _ in one.groups]
        ]  # fmt: skip

    def _happened(self, subscription: str, condition: str) -> list[dict[str, Any]]:
        match = re.fullmatch(
            r"eventTimestamp ge '(\S+)' and eventTimestamp le '(\S+)' and"
            r" resourceProvider eq '([\w.]+)'", condition,
        )  # fmt: skip
        assert match, condition
        return [
            event
            for event in self.events.get(subscription, [])
            if match[3].casefold() in str(event["resourceId"]).casefold()
            and match[1] <= str(event["eventTimestamp"]) <= match[2]
        ]

    def _page(
        self, target: str, rows: list[dict[str, Any]], token: str
    ) -> tuple[int, Any, dict[str, str]]:
        first = int(base64.b64decode(token)) if token else 0
        page: dict[str, Any] = {"value": rows[first : first + self.page_size]}
        if first + self.page_size < len(rows):
            split = urlsplit(target)
            query = {k: v for k, v in parse_qsl(split.query) if k != "$skipToken"}
            after = base64.b64encode(str(first + self.page_size).encode()).decode()
            page["nextLink"] = f"{self.url}{split.path}?{urlencode({**query, '$skipToken': after})}"
        return 200, page, {}

    def _ask(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        wrong = list(described.complaints("resourcegraph", "QueryRequest", body, "QueryRequest"))
        try:
            query = kql.parse(body["query"])
        except kql.Refused as refused:
            wrong.append(str(refused))
        options = body.get("options", {})
        if options.get("$top", 100) > 1000 or len(body.get("subscriptions", [])) > 1000:
            wrong.append("more than a question may ask for")
        if wrong:
            self.wrong += wrong
            return 400, error("BadRequest", "; ".join(wrong)), {}
        shown = [self.subscriptions.get(one) for one in body["subscriptions"]]
        may = {one.id: one for one in shown if one and one.state != "Deleted"}
        rows = query.run([row for row in self._rows(query.table) if self._is_shown(row, may)])
        first = 0
        if options.get("$skipToken"):
            text, _, place = base64.b64decode(options["$skipToken"]).decode().rpartition("@")
            if text != body["query"]:
                return 400, error("BadRequest", "a token of another question"), {}
            first = int(place)
        size = min(options.get("$top", 100), self.page_size)
        page = rows[first : first + size]
        answer: dict[str, Any] = {
            "totalRecords": len(rows), "count": len(page), "data": page, "facets": [],
            "resultTruncated": "false",
        }  # fmt: skip
        if first + size < len(rows):
            token = base64.b64encode(f"{body['query']}@{first + size}".encode()).decode()
            answer |= {"resultTruncated": "true", "$skipToken": token}
        quota = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}
        return 200, answer, quota

    def _rows(self, table: str) -> list[dict[str, Any]]:
        if table != "resourcecontainers":
            return self.rows[table]
        return [
            {
                "id": f"/subscriptions/{one.id}", "name": one.name, "subscriptionId": one.id,
                "type": "microsoft.resources/subscriptions", "tags": one.tags,
                "properties": {
                    "state": one.state,
                    "managementGroupAncestorsChain": [
                        {"name": group, "displayName": name} for group, name in one.groups
                    ],
                },
            }
            for one in self.subscriptions.values()
        ]  # fmt: skip

    def _is_shown(self, row: dict[str, Any], may: dict[str, Subscription]) -> bool:
        """Silence, not a refusal."""
        action = f"{row['type']}/read"
        if not row["subscriptionId"]:
            return any(one.may(action) for one in may.values())
        one = may.get(row["subscriptionId"])
        return one is not None and one.may(action)


_ACTIONS = {
    "Microsoft.MachineLearningServices/registries/models": (
        "Microsoft.MachineLearningServices/registries/assets"
    ),
    "Microsoft.Web/sites/config/appsettings/list": "Microsoft.Web/sites/config/list",
    "Microsoft.Web/sites/slots/config/appsettings/list": "Microsoft.Web/sites/slots/config/list",
    "Microsoft.Web/sites/config/slotConfigNames": "Microsoft.Web/sites/config",
    "Microsoft.Web/sites/config/configreferences/appsettings": "Microsoft.Web/sites/config",
    "Microsoft.Web/sites/slots/config/configreferences/appsettings": (
        "Microsoft.Web/sites/slots/config"
    ),
    "Microsoft.Insights/eventtypes/management/values": "Microsoft.Insights/eventtypes/values",
}
"""https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations"""


def _seen(one: Subscription) -> bool:
    return bool(one.allowed)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def serving(rig: Rig) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_PUT(self) -> None:
            rig.wrong.append(f"{self.command} {self.path}: it writes")
            self._send(405, b"", {})

        do_DELETE = do_PATCH = do_PUT

        def _answer(self, body: bytes) -> None:
            if rig.latency:
                time.sleep(rig.latency)
            said = f"{self.command} {unquote(urlsplit(self.path).path)}"
            with rig._lock:
                rig.calls.append(said)
                fault = next(
                    (one for one in rig.faults if one.times and re.search(one.where, said, re.I)),
                    None,
                )
                if fault:
                    fault.times -= 1
            if self.headers.get("Authorization") != "Bearer a-token-for-loopback":
                rig.wrong.append(f"{said}: {self.headers.get('Authorization')!r}")
            if fault and fault.drop:
                self.close_connection = True
                return
            if fault and fault.cut:
                self.close_connection = True
                self._send(200, b'{"value": [{"id', {}, more=100)
                return
            if fault and fault.raw is not None:
                self._send(200, fault.raw, fault.headers)
                return
            if fault and fault.status:
                self._send(fault.status, json.dumps(fault.body).encode(), fault.headers)
                return
            status, found, headers = rig.answer(self.command, self.path, body)
            if fault and fault.change:
                found = fault.change(found)
            self._send(status, json.dumps(found).encode(), headers)

        def _send(self, status: int, data: bytes, headers: dict[str, str], more: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) + more))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    rig.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield rig.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
