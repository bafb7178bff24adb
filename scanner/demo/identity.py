"""A fake identity provider on loopback: Okta's System Log, people and
applications, paged by Link headers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PAGE = 4
_PEOPLE = ("lena", "omar", "ines", "paul")
_APPS = (
    ("0oa1chatgpt", "ChatGPT", "https://chatgpt.com/aip/callback"),
    ("0oa2otter", "Otter.ai", "https://otter.ai/oauth/callback"),
    ("0oa3payroll", "Payroll", "https://payroll.example.com/sso"),
)


@contextmanager
def fake_okta() -> Iterator[str]:
    """The organization's URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms otherwise

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        if not self.headers.get("Authorization", "").startswith("SSWS "):
            self._send(401, {"errorSummary": "Invalid token provided"})
        elif split.path == "/api/v1/logs":
            self._page(split.path, _events(), query)
        elif split.path == "/api/v1/apps":
            self._page(split.path, [_app(*app) for app in _APPS], query)
        elif split.path == "/api/v1/users":
            # Nobody has left: the list of those who have is another, and empty.
            people = [] if "filter" in query else [_user(name) for name in _PEOPLE]
            self._page(split.path, people, query)
        elif split.path == "/api/v1/api-tokens" or split.path.endswith("/grants"):
            self._page(split.path, [], query)
        else:
            self._send(404, {"errorSummary": "Not found"})

    def _page(self, path: str, rows: list[dict[str, Any]], query: dict[str, str]) -> None:
        start = int(query.get("after", "0"))
        links = []
        if start + _PAGE < len(rows):
            base = f"http://{self.headers['Host']}"
            links.append(f'<{base}{path}?after={start + _PAGE}>; rel="next"')
        self._send(200, rows[start : start + _PAGE], links)

    def _send(self, status: int, body: Any, links: list[str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for link in links or ():
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the demo's own output is the point."""


def _app(ident: str, label: str, redirect: str) -> dict[str, Any]:
    return {
        "id": ident,
        "name": "oidc_client",
        "label": label,
        "status": "ACTIVE",
        "created": "2026-01-12T08:00:00.000Z",
        "lastUpdated": "2026-06-02T08:00:00.000Z",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"client_id": ident}},
        "settings": {"oauthClient": {"redirect_uris": [redirect]}},
    }


def _user(name: str) -> dict[str, Any]:
    address = f"{name}@example.com"
    return {
        "id": f"00u{name}",
        "status": "ACTIVE",
        "created": "2025-03-03T08:00:00.000Z",
        "profile": {"login": address, "email": address, "displayName": name.title()},
    }


def _events() -> list[dict[str, Any]]:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=6)
    rows = []
    for number in range(10):
        ident, label, _ = _APPS[(0, 0, 1, 2)[number % 4]]
        kind = "user.authentication.sso"
        debug: dict[str, str] = {}
        if number in (2, 5):
            kind = "app.oauth2.as.consent.grant"
            debug = {"requestedScopes": "openid,profile,calendar.read", "clientId": ident}
        rows.append(
            _event(number, start + timedelta(hours=9 * number), kind, (ident, label), debug)
        )
    return rows


def _event(
    number: int, at: datetime, kind: str, app: tuple[str, str], debug: dict[str, str]
) -> dict[str, Any]:
    person = _PEOPLE[number % len(_PEOPLE)]
    return {
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "published": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventType": kind,
        "outcome": {"result": "SUCCESS"},
        "actor": {
            "id": f"00u{person}",
            "type": "User",
            "alternateId": f"{person}@example.com",
            "displayName": person.title(),
        },
        "target": [
            {"id": app[0], "type": "AppInstance", "alternateId": app[1], "displayName": app[1]}
        ],
        "debugContext": {"debugData": debug},
    }
