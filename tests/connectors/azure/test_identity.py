"""azure-identity's own managed identity, against a loopback stand-in for App Service's endpoint.

https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.azure import CONNECTOR, operations
from connectors.azure.access import Access
from connectors.azure.config import AzureConfig, CredentialKind
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.errors import Denied

HEADER = "made-up-for-this-test"


@dataclass
class Authority:
    """Gives a token that is good for ``lasts`` seconds."""

    lasts: int = 86_400
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def answer(self, target: str, header: str | None) -> tuple[int, dict[str, Any]]:
        query = dict(parse_qsl(urlsplit(target).query))
        self.asked.append(query)
        if header != HEADER or query.get("api-version") != "2019-08-01":
            self.wrong.append(target)
            return 400, {"statusCode": 400, "message": "no"}
        if self.status != 200:
            return self.status, {"statusCode": self.status, "message": "no such identity"}
        return 200, {
            "access_token": f"made-up-{len(self.asked)}", "token_type": "Bearer",
            "expires_on": str(int(time.time()) + self.lasts), "resource": query["resource"],
            "client_id": query.get("client_id", ""),
        }  # fmt: skip


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    made = Authority()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, told = made.answer(self.path, self.headers.get("X-IDENTITY-HEADER"))
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}/token")
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)
    monkeypatch.delenv("IDENTITY_SERVER_THUMBPRINT", raising=False)
    try:
        yield made
        assert not made.wrong
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _access(**config: Any) -> Access:
    ctx = Context(
        config=AzureConfig(credential=CredentialKind.MANAGED_IDENTITY, **config),
        examine=lambda data, path, rule_sets: (),
        limits=Limits(),
    )
    return Access(ctx, CONNECTOR.spec.operations)


@pytest.mark.parametrize(
    ("cloud", "resource"),
    [("public", "https://management.azure.com"), ("usgov", "https://management.usgovcloudapi.net"),
     ("china", "https://management.chinacloudapi.cn")],
)  # fmt: skip
def test_a_managed_identity_is_asked_for_a_token_of_its_cloud(
    authority: Authority, cloud: str, resource: str
) -> None:
    access = _access(cloud=cloud, client_id="11111111-0000-4000-8000-000000000000")
    assert access._authorization() == {"Authorization": "Bearer made-up-1"}
    assert access._authorization() == {"Authorization": "Bearer made-up-1"}, "it is kept"
    (asked,) = authority.asked
    assert asked["resource"].rstrip("/") == resource
    assert asked["client_id"] == "11111111-0000-4000-8000-000000000000"


def test_a_token_that_ends_soon_is_asked_for_again(authority: Authority) -> None:
    authority.lasts = 30
    access = _access()
    first, second = access._authorization(), access._authorization()
    assert first != second
    assert len(authority.asked) == 2


@pytest.mark.parametrize("status", [400, 403])
def test_an_identity_that_is_not_there_is_denied(authority: Authority, status: int) -> None:
    authority.status = status
    with pytest.raises(Denied, match="managed_identity"):
        _access().get(operations.SUBSCRIPTIONS, "/subscriptions", "the tenant", {})
