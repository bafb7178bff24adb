"""Secret stores on loopback, as their vendors describe them. What is not described is answered as
the vendor would, and kept in ``odd``.

Vault: https://developer.hashicorp.com/vault/api-docs (KV 1 and 2, token, kubernetes, approle; 403
``permission denied`` without a token, 404 with ``errors: []`` for what is not there). Key Vault:
https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret; tokens as App Service
gives them to its managed identity:
https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference.
Secret Manager: Google's discovery document.
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
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Reply = tuple[int, Any]


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Store:
    answer: Callable[[Asked], Reply | None]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[Asked], Reply | None]) -> Iterator[Store]:
    store = Store(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            asked = Asked(
                self.command, unquote(split.path), dict(parse_qsl(split.query)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )  # fmt: skip
            store.asked.append(asked)
            reply = store.answer(asked)
            if reply is None:
                store.odd.append(f"{self.command} {self.path}")
            status, body = reply or (404, {"errors": []})
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Vault:
    """``two``, ``one``: what the mounts ``secret`` (KV 2) and ``kv`` (KV 1) hold."""

    two: dict[str, dict[str, str]]
    one: dict[str, dict[str, str]]
    tokens: set[str]
    role: tuple[str, str] = ("", "")
    service_account: tuple[str, str] = ("", "")
    namespace: str = ""

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.headers.get("x-vault-namespace", "") != self.namespace:
            return 404, {"errors": ["no handler for route"]}
        if asked.path.startswith("/v1/auth/"):
            return self._login(asked)
        if asked.headers.get("x-vault-token") not in self.tokens:
            return 403, {"errors": [f"permission denied {asked.headers.get('x-vault-token')}"]}
        split = re.fullmatch(r"/v1/(secret/data|kv)/(.+)", asked.path)
        if asked.method != "GET" or split is None:
            return None
        held = (self.one if split[1] == "kv" else self.two).get(split[2])
        if held is None:
            return 404, {"errors": []}
        if split[1] == "kv":
            return 200, {"request_id": "r", "lease_duration": 2764800, "data": held}
        told = {"created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "destroyed": False,
                "version": int(asked.query.get("version", 3)), "custom_metadata": None}  # fmt: skip
        return 200, {
            "request_id": "r",
            "lease_duration": 0,
            "data": {"data": held, "metadata": told},
        }

    def _login(self, asked: Asked) -> Reply | None:
        if asked.method != "POST":
            return None
        given = asked.json
        if asked.path == "/v1/auth/approle/login":
            is_good = (given["role_id"], given["secret_id"]) == self.role
        elif asked.path == "/v1/auth/cluster-a/login":
            is_good = (given["role"], given["jwt"]) == self.service_account
        else:
            return None
        if not is_good:
            return 400, {"errors": [f"invalid role or secret ID {given}"]}
        return 200, {
            "auth": {"client_token": min(self.tokens), "policies": ["read"], "lease_duration": 60}
        }


@dataclass
class KeyVault:
    secrets: dict[str, str]
    token: str
    is_granted: bool = True

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.path == "/msi/token":
            if asked.headers.get("x-identity-header") != "made-up-header":
                return 401, {"error": "unauthorized"}
            if asked.query.get("resource") != "https://vault.azure.net":
                return 400, {"error": "invalid_resource"}
            return 200, {"access_token": self.token, "expires_on": str(int(time.time()) + 3600),
                         "resource": asked.query["resource"], "token_type": "Bearer"}  # fmt: skip
        found = re.fullmatch(r"/secrets/([A-Za-z0-9-]+)(?:/(\w+))?", asked.path)
        if asked.method != "GET" or found is None or asked.query.get("api-version") != "7.4":
            return None
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"error": {"code": "Unauthorized", "message": "no token"}}
        if not self.is_granted:
            message = {"code": "Forbidden", "message": f"not authorized: {self.token}"}
            return 403, {"error": message}
        if found[1] not in self.secrets:
            return 404, {"error": {"code": "SecretNotFound", "message": "not found"}}
        name = f"https://v.vault.azure.net/secrets/{found[1]}/{found[2] or 'abc'}"
        return 200, {"value": self.secrets[found[1]], "id": name, "attributes": {"enabled": True}}


def _google() -> dict[str, Any]:
    pages = resources.files("googleapiclient") / "discovery_cache" / "documents"
    found: dict[str, Any] = json.loads((pages / "secretmanager.v1.json").read_text("utf-8"))
    return found


@dataclass
class SecretManager:
    """Answers what the discovery document's ``versions.access`` methods take, and nothing else."""

    secrets: dict[str, str]
    token: str
    is_granted: bool = True
    document: dict[str, Any] = field(default_factory=_google)

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.path == "/token":
            return 200, {"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}
        projects = self.document["resources"]["projects"]["resources"]
        places = (projects["secrets"], projects["locations"]["resources"]["secrets"])
        for place in places:
            method = place["resources"]["versions"]["methods"]["access"]
            shape = method["parameters"]["name"]["pattern"].removeprefix("^")
            found = re.fullmatch(f"/v1/({shape.removesuffix('$')}):access", asked.path)
            if found is None or asked.method != method["httpMethod"] or asked.query:
                continue
            if asked.headers.get("authorization") != f"Bearer {self.token}":
                return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
            if not self.is_granted:
                return 403, {"error": {"code": 403, "message": f"denied {self.token}"}}
            secret, _, version = found[1].rpartition("/versions/")
            if secret not in self.secrets:
                return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
            data = base64.b64encode(self.secrets[secret].encode()).decode()
            answer = {"name": found[1].replace("latest", "5"), "payload": {"data": data}}
            known = self.document["schemas"][method["response"]["$ref"]]["properties"]
            assert answer.keys() <= known.keys(), version
            return 200, answer
        return None
