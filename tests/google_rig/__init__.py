"""Google Cloud on loopback, made from Google's own discovery documents.

A call that no document describes, or with a parameter that its method does not have, is answered as
Google would and kept in ``rejected``; planted records are held to the documents' schemas.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.gcp.operations import SERVICES
from tests.google_rig import log_filter, metric_filter


@dataclass(frozen=True)
class Method:
    id: str
    path: re.Pattern[str]
    parameters: frozenset[str]
    response: str
    document: str
    verb: str = "GET"
    request: str = ""
    scopes: frozenset[str] = frozenset()


@cache
def document(name: str) -> dict[str, Any]:
    """Google's own; of a service that google-api-python-client lacks, what its reference says."""
    ours = Path(__file__).parent / "described" / f"{name}.json"
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    file = ours if ours.is_file() else folder / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def documents() -> Iterator[str]:
    yield "cloudresourcemanager.v3"
    yield "run.v1"
    for service, told in SERVICES.items():
        yield f"{told.called if service == 'sql' else service}.{told.version.rpartition('/')[2]}"
    yield "dialogflow.v2"
    yield "aiplatform.v1beta1"
    yield "speech.v2"
    yield "iam.v2"
    yield "discoveryengine.v1alpha"


_ALONE = {
    "aiplatform.v1beta1": ("aiplatform.projects.locations.extensions.list",),
    "discoveryengine.v1alpha": ("discoveryengine.projects.locations.collections.list",),
    "run.v1": ("run.projects.locations.list",),
}
"""Of versions beside a service's own, what is asked for."""
_HOSTS = {"translate-eu": "translation", "translate-us": "translation"}
"""Hosts of continents that no document names
(https://cloud.google.com/translate/docs/advanced/endpoints)."""
DROPPED, CUT = 0, -1
"""In the place of a status."""
PRIVATE = {"logging.privateLogEntries.list"}
_BESIDE = ("unreachable", "missingZones", "executionErrors", "failedLocation")
"""Lists of an answer that are not its records."""
_READS = ("getIamPolicy", "testIamPermissions", "entries.list")
"""What Google has made a POST though it only reads."""


@cache
def methods() -> dict[str, list[Method]]:
    """First word of a host -> its methods that only read."""
    found: dict[str, list[Method]] = {}
    for name in dict.fromkeys(documents()):
        whole = document(name)
        service = (urlsplit(whole["rootUrl"]).hostname or "").removesuffix(".googleapis.com")
        if whole.get("servicePath"):
            service = name.partition(".")[0]  # those of www.googleapis.com have a host of their own
        for one in methods_of(name):
            if one.id not in _ALONE.get(name, (one.id,)):
                continue
            found.setdefault(service, []).append(one)
    return found


def methods_of(name: str) -> Iterator[Method]:
    """Those of one document that only read."""
    whole = document(name)
    for one in _below(whole):
        if one["httpMethod"] != "GET" and not one["id"].endswith(_READS):
            continue
        path = "/" + whole.get("servicePath", "") + one.get("flatPath", one["path"])
        rx = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]*\})", path)
        )
        known = frozenset({*one.get("parameters", {}), *whole.get("parameters", {})})
        yield Method(
            one["id"], re.compile(rx), known, one.get("response", {}).get("$ref", ""), name,
            one["httpMethod"], one.get("request", {}).get("$ref", ""),
            frozenset(one.get("scopes", ())),
        )  # fmt: skip


def _below(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from whole.get("methods", {}).values()
    for one in whole.get("resources", {}).values():
        yield from _below(one)


def schema(name: str, ref: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document(name)["schemas"][ref]
    return found


def step(name: str, shape: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The shape of a field (``[]``: of its elements; ``*``: of a map's values), or None."""
    if "$ref" in shape:
        shape = schema(name, shape["$ref"])
    if key == "*":
        return shape.get("additionalProperties")
    plain = key.removesuffix("[]")
    found = shape.get("properties", {}).get(plain)
    if found is None and "additionalProperties" in shape:
        found = shape["additionalProperties"]
    if found is None or not key.endswith("[]"):
        whole: Mapping[str, Any] | None = found
        return whole
    inner: Mapping[str, Any] | None = found.get("items")
    return inner


def unknown_fields(name: str, shape: Mapping[str, Any], record: Any, at: str = "") -> list[str]:
    if isinstance(record, list):
        return [w for one in record for w in unknown_fields(name, shape.get("items", {}), one, at)]
    if not isinstance(record, dict) or shape.get("type") == "any":
        return []
    wrong = []
    for key, value in record.items():
        inner = step(name, shape, key)
        if inner is None and shape and "additionalProperties" not in shape:
            wrong.append(f"{at}{key}")
        elif inner is not None:
            wrong += unknown_fields(name, inner, value, f"{at}{key}.")
    return wrong


@dataclass
class Fault:
    status: int
    message: str = ""
    reason: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = -1
    drop: bool = False
    """The connection ends without an answer."""
    cut: bool = False
    """It ends in the middle of what would have been answered."""
    after: int = 0
    """Calls that are answered as ever before it strikes."""


def off(project: object, said: str = "", *, is_old: bool = False) -> Fault:
    """An API that a project has not enabled, as Google says it
    (https://cloud.google.com/service-usage/docs/service-disabled-errors); ``is_old``: as the older
    APIs do."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com", "metadata": {"consumer": f"projects/{project}"},
    }  # fmt: skip
    older = {"domain": "usageLimits", "reason": "accessNotConfigured"}
    error = {
        "code": 403, "status": "PERMISSION_DENIED",
        "message": said or f"It has not been used in project {project} before or it is disabled.",
        **({"errors": [older]} if is_old else {"details": [info]}),
    }  # fmt: skip
    return Fault(403, body=json.dumps({"error": error}))


class Rig:
    """``plant(method id, path of the parent, *records)``; ``strike(path pattern, fault)``."""

    def __init__(self, *, page_size: int = 2, latency: float = 0.0) -> None:
        self.page_size, self.latency = page_size, latency
        self.url = ""
        self.records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.answers: dict[tuple[str, str], dict[str, Any]] = {}
        self.strikes: list[tuple[re.Pattern[str], Fault]] = []
        self.calls: Counter[str] = Counter()
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        """Of every GET."""
        self.rejected: list[str] = []
        self.refused: set[str] = set()
        """Permissions that the caller lacks, when it asks."""
        self.groups: dict[str, str] = {}
        """Address of a group -> its id."""
        self.closed_logs: set[str] = set()
        """Projects whose log the caller may not read."""
        self.closed_parents: set[str] = set()
        """Folders and organizations whose projects and folders it may not list."""
        self._lock = threading.Lock()

    def plant(self, method: str, parent: str, *records: dict[str, Any]) -> None:
        known = _method(method)
        shape = schema(known.document, known.response)
        wrong = unknown_fields(known.document, shape, {_field(known): list(records)})
        assert not wrong, f"{method}: no such fields: {wrong}"
        self.records.setdefault((method, parent), []).extend(records)

    def answer(self, method: str, path: str, whole: dict[str, Any]) -> None:
        known = _method(method)
        wrong = unknown_fields(known.document, schema(known.document, known.response), whole)
        assert not wrong, f"{method}: no such fields: {wrong}"
        self.answers[method, path] = whole

    def strike(self, pattern: str, fault: Fault) -> None:
        """At every call whose ``host/path`` holds the pattern."""
        self.strikes.append((re.compile(pattern), fault))

    def respond(self, target: str, body: bytes | None = None) -> tuple[int, Mapping[str, str], str]:
        split = urlsplit(target)
        _, first, *rest = split.path.split("/")
        host = first if first.endswith("googleapis.com") else "cloudresourcemanager.googleapis.com"
        path = "/" + "/".join(rest) if first == host else split.path
        with self._lock:
            self.paths.append(f"{host}{path}")
            for pattern, fault in self.strikes:
                if pattern.search(f"{host}{path}") and fault.times:
                    if fault.after:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    if fault.drop or fault.cut:
                        return DROPPED if fault.drop else CUT, {}, fault.body or '{"items": [{"na'
                    error = {"code": fault.status, "message": fault.message,
                             "status": fault.reason}  # fmt: skip
                    return fault.status, fault.headers, fault.body or json.dumps({"error": error})
            name = host.partition(".")[0]
            service = _HOSTS.get(name) or name.rpartition("-")[2]
            query = dict(parse_qsl(split.query, keep_blank_values=True))
            verb = "GET" if body is None else "POST"
            known = next(
                (m for m in methods().get(service, ())
                 if m.verb == verb and m.path.fullmatch(path)), None,
            )  # fmt: skip
            if known is None:
                self.rejected.append(f"{host}{path}: no such method")
                return 404, {}, json.dumps({"error": {"code": 404, "message": "Not Found"}})
            odd = set(query) - known.parameters - {"$alt"}
            if odd:
                self.rejected.append(f"{known.id}: unknown parameters {sorted(odd)}")
                return 400, {}, json.dumps({"error": {"code": 400, "message": f"Unknown {odd}"}})
            asked = json.loads(body or b"{}")
            wrong = (
                unknown_fields(known.document, schema(known.document, known.request), asked)
                if (known.request)
                else []
            )
            if wrong:
                self.rejected.append(f"{known.id}: unknown fields {wrong}")
                return 400, {}, json.dumps({"error": {"code": 400, "message": f"Unknown {wrong}"}})
            self.calls[known.id] += 1
            if query.get("parent") in self.closed_parents:
                return 403, {}, json.dumps({"error": {"code": 403, "message": "no"}})
            if known.id == "cloudidentity.groups.lookup":
                ident = self.groups.get(query["groupKey.id"])
                told = {"name": f"groups/{ident}"} if ident else {"error": {"code": 403}}
                return 200 if ident else 403, {}, json.dumps(told)
            filtered = {
                "logging.entries.list": lambda: self._entries(asked),
                "monitoring.projects.timeSeries.list": lambda: self._counted(path, query),
            }
            if known.id in filtered:
                return filtered[known.id]()
            if known.id.endswith("testIamPermissions"):
                held = [one for one in asked["permissions"] if one not in self.refused]
                return 200, {}, json.dumps({"permissions": held})
            if known.id.endswith("getAgent") and not self.answers.get((known.id, _holder(path))):
                return 404, {}, json.dumps({"error": {"code": 404, "message": "not found"}})
            return 200, {}, json.dumps(self._made(known, unquote(path), query))

    def _entries(self, asked: Mapping[str, Any]) -> tuple[int, Mapping[str, str], str]:
        names = [one.removeprefix("projects/") for one in asked["resourceNames"]]
        assert len(names) <= 100, "Google takes a hundred at most"
        if self.closed_logs.intersection(names):
            error = {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}
            return 403, {}, json.dumps({"error": error})
        chosen = log_filter.chosen(asked["filter"])
        if chosen is None:
            self.rejected.append(f"logging.entries.list: a filter of another kind: {asked}")
            return 400, {}, json.dumps({"error": {"code": 400, "message": "filter"}})
        found = [
            one for name in names
            for one in self.records.get(("logging.entries.list", f"projects/{name}"), ())
            if chosen(one) and not (log_filter.is_private(one) and self.refused & PRIVATE)
        ]  # fmt: skip
        found.sort(key=lambda one: str(one.get("timestamp")), reverse="desc" in asked["orderBy"])
        start = int(asked.get("pageToken", "0"))
        page: dict[str, Any] = {"entries": found[start : start + self.page_size]}
        if start + self.page_size < len(found):
            page["nextPageToken"] = str(start + self.page_size)
        return 200, {}, json.dumps(page)

    def _counted(self, path: str, query: Mapping[str, str]) -> tuple[int, Mapping[str, str], str]:
        """Of the series that were planted, those that a filter means."""
        chosen = metric_filter.chosen(query.get("filter", ""))
        aligned = {"interval.endTime", "aggregation.alignmentPeriod"} <= query.keys()
        if chosen is None or not aligned:
            self.rejected.append(f"timeSeries.list: a filter of another kind: {query}")
            return 400, {}, json.dumps({"error": {"code": 400, "message": "filter"}})
        project = path.removeprefix("/v3/").removesuffix("/timeSeries")
        found = [
            one for one in self.records.get(("monitoring.projects.timeSeries.list", project), ())
            if chosen(one)
        ]  # fmt: skip
        start = int(query.get("pageToken", "0"))
        page: dict[str, Any] = {"timeSeries": found[start : start + self.page_size]}
        if start + self.page_size < len(found):
            page["nextPageToken"] = str(start + self.page_size)
        return 200, {}, json.dumps({**page, "unit": "1"} if found else {})

    def _made(self, known: Method, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        at = path.find("projects/")
        parent = path[at:] if at >= 0 else path.partition("/")[2].partition("/")[2]
        if "parent" in query:
            parent = query["parent"]
        elif ":" in path.rpartition("/")[2]:
            steps = path.rpartition(":")[0].split("/")[2:]  # without the version
            parent = "/".join(steps[: len(steps) // 2 * 2][-2:])
        elif not known.id.endswith(".get"):
            parent = parent.rpartition("/")[0] if "/" in parent else parent
        whole = self.answers.get((known.id, parent))
        if whole is not None:
            return whole
        records = self.records.get((known.id, parent), [])
        token = query.get("pageToken", "0")
        start = int(token) if token.isdigit() else 0
        page: dict[str, Any] = {_field(known): records[start : start + self.page_size]}
        if start + self.page_size < len(records):
            page["nextPageToken"] = str(start + self.page_size)
        return page


def _method(ident: str) -> Method:
    found = [one for known in methods().values() for one in known if one.id == ident]
    assert found, f"no document knows {ident}"
    return found[0]


def _field(known: Method) -> str:
    """The list of an answer, or the map of lists of an aggregated one."""
    if not known.response:
        return ""
    told = schema(known.document, known.response).get("properties", {})
    lists = [
        name for name, one in told.items()
        if one.get("type") == "array" and name not in _BESIDE
    ]  # fmt: skip
    return lists[0] if lists else next(iter(told), "")


def _holder(path: str) -> str:
    return path[path.find("projects/") :].rpartition("/")[0]


@contextmanager
def serving(rig: Rig) -> Iterator[Rig]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            rig.headers.append(dict(self.headers))
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes | None) -> None:
            sleep(rig.latency)
            status, headers, text = rig.respond(self.path, body)
            data = text.encode()
            self.close_connection = status in (DROPPED, CUT)
            if status == DROPPED:
                return
            head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            size = len(data) + (100 if status == CUT else 0)
            head = head.replace(f" {CUT} ", " 200 ")
            self.wfile.write(head.encode() + f"Content-Length: {size}\r\n\r\n".encode() + data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    rig.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield rig
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
