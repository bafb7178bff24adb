"""Microsoft Graph on loopback, made from Graph's own metadata (``reduce``).

Requests are held to it: the path segment by segment (entity sets, ids, casts, navigation, bound
functions), ``$select``, ``$filter`` and ``$top``, and the permissions that the token has. What does
not fit is answered as Graph would and kept in ``rejected``. Planted records are held to the types.
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
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.entra.access import OPERATIONS
from tests.forge_rig import loopback
from tests.forge_rig.loopback import send
from tests.google_rig import Fault

TOKEN = "eyJ0eXAi.made-up-token"
TENANT = "acme.onmicrosoft.com"
_MOST_TOP = 999
_OPTIONS = ("$select", "$filter", "$top", "$skiptoken", "$format")
_SCALARS = {"String": str, "Guid": str, "DateTimeOffset": str, "Boolean": bool, "Int32": int}
_TERM = re.compile(r"(\w+) (ge|le|gt|lt|eq) ('[^']*'|\S+)")
_ANY = re.compile(r"(\w+)/any\((\w+): ?\2 eq '([^']*)'\)")


@cache
def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "described.json").read_bytes())
    return found


def fields_of(version: str, name: str, kind: str = "fields") -> dict[str, str]:
    """Of a type and what it inherits."""
    found: dict[str, str] = {"id": "String"} if kind == "fields" else {}
    types = described()[version]["types"]
    while name in types:
        found |= types[name][kind]
        name = types[name]["base"]
    return found


def complaints(version: str, name: str, value: Any, where: str = "") -> Iterator[str]:
    """What of a record a type does not know."""
    if name.endswith("[]"):
        if not isinstance(value, list):
            yield f"{where}: no list"
            return
        for one in value:
            yield from complaints(version, name[:-2], one, where)
    elif name in _SCALARS:
        if value is not None and not isinstance(value, _SCALARS[name]):
            yield f"{where}: {value!r} is no {name}"
    elif name in described()[version]["types"]:
        known = fields_of(version, name)
        for key, inner in value.items():
            if key.startswith("@odata."):
                continue
            if key not in known:
                yield f"{where}.{key}: {name} has no such field"
            else:
                yield from complaints(version, known[key], inner, f"{where}.{key}")


@dataclass
class Graph:
    page_size: int = 2
    permissions: set[str] = field(default_factory=lambda: {op.permission for op in OPERATIONS})
    url: str = ""
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By path without the version."""
    faults: list[tuple[re.Pattern[str], Fault]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plant(self, path: str, kind: str, *records: dict[str, Any], version: str = "v1.0") -> None:
        for one in records:
            wrong = list(complaints(version, kind, one, kind))
            assert not wrong, wrong
        self.records.setdefault(path, []).extend(records)

    def strike(self, pattern: str, fault: Fault) -> None:
        self.faults.append((re.compile(pattern), fault))

    def respond(self, target: str, authorization: str) -> tuple[int, Mapping[str, str], str]:
        plain = unquote(target)
        split = urlsplit(target)
        query = dict(parse_qsl(split.query))
        version, _, path = unquote(split.path).lstrip("/").partition("/")
        with self._lock:
            self.paths.append(plain)
            for pattern, fault in self.faults:
                if pattern.search(plain) and fault.times:
                    fault.times -= 1
                    body = fault.body or _error(fault.reason, fault.message)
                    return fault.status, fault.headers, body
            if authorization != f"Bearer {TOKEN}":
                return 401, {}, _error("InvalidAuthenticationToken", "Access token is empty.")
            kind = _resolved(version, path)
            wrong = f"no such path: {path}" if kind is None else _wrong(version, kind, query)
            if wrong or kind is None:
                self.rejected.append(f"{version}/{path}: {wrong}")
                return 400, {}, _error("BadRequest", wrong)
            if not _permissions(f"/{version}/{path}") & self.permissions:
                said = "Insufficient privileges to complete the operation."
                return 403, {}, _error("Authorization_RequestDenied", said)
            self.calls[f"{version}/{re.sub(_ID, '{id}', path)}"] += 1
            return 200, {}, json.dumps(self._page(version, path, kind, query))

    def _page(self, version: str, path: str, kind: str, query: Mapping[str, str]) -> dict[str, Any]:
        found = [one for one in self.records.get(path, ()) if _fits(one, query.get("$filter", ""))]
        if version == "v1.0" and kind == "signIn":
            found = [one for one in found if one.get("isInteractive")]
        start = int(query.get("$skiptoken", "0"))
        size = min(self.page_size, int(query.get("$top", "100")))
        wanted = set(filter(None, query.get("$select", "").split(",")))
        if kind == "signIn":
            wanted = set(fields_of(version, kind))  # the beta tells more
        told = [
            {k: v for k, v in one.items() if not wanted or k in wanted or k.startswith("@")}
            for one in found[start : start + size]
        ]
        page: dict[str, Any] = {"@odata.context": f"$metadata#{path}", "value": told}
        if start + size < len(found):
            rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "$skiptoken")
            link = f"{self.url}/{version}/{path}?{rest}&$skiptoken={start + size}"
            page["@odata.nextLink"] = link.replace(" ", "%20").replace("'", "%27")
        return page


_ID = r"(?<=servicePrincipals/)[0-9a-z-]{8,}"


def _resolved(version: str, path: str) -> str | None:
    """The type at the end of a path, by the metadata; None for a path that leads nowhere."""
    told = described().get(version)
    if told is None:
        return None
    head, *rest = path.split("/")
    name: str | None = told["sets"].get(head)
    is_set = head not in ("auditLogs", "copilot")
    for step in rest:
        if name is None:
            return None
        if step.startswith("microsoft.graph."):
            cast = step.removeprefix("microsoft.graph.")
            name = cast if cast in told["types"] else None
        elif "(" in step:
            name = "" if _function(told, step, name) else None
        elif is_set and step not in fields_of(version, name, "ways"):
            is_set = False  # one of the set
        else:
            to = fields_of(version, name, "ways").get(step, fields_of(version, name).get(step))
            is_set = bool(to and to.endswith("[]"))
            name = to.removesuffix("[]") if to else _function_root(step)
    return name


def _function_root(step: str) -> str | None:
    return "copilotReportRoot" if step == "reports" else None


def _function(told: Mapping[str, Any], step: str, bound: str) -> bool:
    match = re.fullmatch(r"(\w+)\((\w+)='[\w-]+'\)", step)
    return bool(match) and told["functions"].get(match[1] if match else "") == [
        bound, match[2] if match else "",
    ]  # fmt: skip


def _wrong(version: str, kind: str, query: Mapping[str, str]) -> str:
    known = fields_of(version, kind)
    for name, value in query.items():
        if name not in _OPTIONS:
            return f"unknown option {name}"
        if name == "$top" and not 0 < int(value) <= _MOST_TOP:
            return f"$top={value}: at most {_MOST_TOP}"
        odd = [one for one in value.split(",") if one not in known] if name == "$select" else []
        if name == "$filter":
            odd = [one[0] for one in (*_TERM.findall(value), *_ANY.findall(value)) if
                   one[0] not in known and one[0] not in ("t",)]  # fmt: skip
        if odd:
            return f"{name}: {kind} has no {odd}"
    return ""


def _fits(one: Mapping[str, Any], wanted: str) -> bool:
    """Conjunctions of comparisons; those of equality in brackets are alternatives."""
    for name, _, value in _ANY.findall(wanted):
        if value not in one.get(name, []):
            return False
    equal = [(n, v.strip("'")) for n, op, v in _TERM.findall(_ANY.sub("", wanted)) if op == "eq"]
    if equal and not any(str(one.get(name)) == value for name, value in equal):
        return False
    for name, op, value in _TERM.findall(_ANY.sub("", wanted)):
        if op == "eq":
            continue
        have, want = datetime.fromisoformat(one[name]), datetime.fromisoformat(value)
        if not {"ge": have >= want, "le": have <= want, "lt": have < want, "gt": have > want}[op]:
            return False
    return True


def _permissions(path: str) -> set[str]:
    """What the connector says that a path needs; Graph's pages say the same."""
    return {
        op.permission for op in OPERATIONS
        if re.fullmatch(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(op.id.partition(" ")[2])), path)
    }  # fmt: skip


def _error(code: str, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}})


@contextmanager
def serving(graph: Graph) -> Iterator[Graph]:
    def handle(client: BaseHTTPRequestHandler) -> None:
        status, headers, text = graph.respond(client.path, client.headers.get("Authorization", ""))
        send(client, status, headers, text.encode())

    with loopback.serving(handle, methods=("GET",)) as graph.url:
        yield graph
