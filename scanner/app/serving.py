"""The page over HTTP, made anew from the store at every request; on loopback, for reading alone.

A web page elsewhere that makes its name mean this machine (DNS rebinding) is refused by the Host
header; nothing here changes anything, and nothing but GET and HEAD is answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socket import AF_INET6, getfqdn, gethostname
from threading import Lock

from scanner.app.bounded import SECONDS, BoundedServer
from scanner.app.config import LoadedConfig, store_url
from scanner.app.reporting import render_page
from scanner.emit.html import STYLE, policy, web
from scanner.emit.markup import escape
from scanner.model.errors import ConfigError, ShadowAIError
from scanner.store.history import changes
from scanner.store.state import State

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SHOWN = 20
_SCAN = re.compile(r"/scan/([A-Za-z0-9_-]{1,80})")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


def server(
    loaded: LoadedConfig, url: str | None, host: str, port: int, *, is_open: bool = False
) -> BoundedServer:
    """Bound, and not yet serving. ``is_open``: other hosts than loopback may be bound.

    Raises ``ConfigError`` for another host without it, and for a port that is taken.
    """
    if host not in LOOPBACK and not is_open:
        raise ConfigError(
            f"--host {host}: the page names keys, people and weaknesses, and asks for no password: "
            "it is served on 127.0.0.1; --allow-network serves it elsewhere all the same"
        )
    where = url if url is not None else store_url(loaded)
    names = LOOPBACK | {host}
    if is_open:
        names |= {gethostname().lower(), getfqdn().lower()}
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "shadow-ai", ""
        timeout = SECONDS

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            port = self.connection.getsockname()[1]
            if not _is_for(self.headers.get("Host", ""), names, port, is_open=is_open):
                self._send(421, "this name is not served here", with_body)
                return
            made = _page(self.path.partition("?")[0], loaded, where)
            if made is None:
                self._send(404, "no such page", with_body)
                return
            try:
                with one_at_a_time:
                    text = made()
            except ConfigError as error:
                self._send(404, str(error), with_body)
            except ShadowAIError as error:
                self._send(503, str(error), with_body)
            else:
                self._send(200, text, with_body)

        def _send(self, status: int, text: str, with_body: bool) -> None:
            body = (text if status == 200 else f"<!doctype html><p>{escape(text)}</p>\n").encode()
            self.send_response(status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            if status != 200:
                self.send_header("Content-Security-Policy", "default-src 'none'")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what people look at is nobody's business."""

    class Server(BoundedServer):
        address_family = AF_INET6 if ":" in host else BoundedServer.address_family

    try:
        return Server((host, port), Handler)
    except OSError as error:
        raise ConfigError(f"{host}:{port}: cannot be served: {error.strerror or error}") from error


def _is_for(said: str, names: frozenset[str], port: int, *, is_open: bool) -> bool:
    """A page of elsewhere can lead a browser here only by a name of its own (DNS rebinding); by an
    address it cannot."""
    name, mark, tail = said.rpartition(":")
    if not mark or tail.endswith("]"):
        name, tail = said, "80"
    name = name.strip("[]").lower()
    return tail == str(port) and (name in names or (is_open and _is_address(name)))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _page(path: str, loaded: LoadedConfig, url: str) -> Callable[[], str] | None:
    if path == "/":
        return lambda: render_page(loaded, url, _history(url))
    asked = _SCAN.fullmatch(path)
    return (lambda: _scan_page(url, asked[1])) if asked else None


def _history(url: str) -> str:
    state = State(url)
    try:
        scans = [row for row in state.scans() if row.finished_at][-_SHOWN:]
    finally:
        state.close()
    links = "".join(
        f"<li><a href='/scan/{escape(row.id, quote=True)}'>{escape(row.finished_at or '')}</a></li>"
        for row in reversed(scans)
    )
    return f"<details id='history'><summary>Scans</summary><ul>{links}</ul></details>"


def _scan_page(url: str, ident: str) -> str:
    """What one scan changed of findings, and what it did not read."""
    state = State(url)
    try:
        row = next((one for one in state.scans() if one.id == ident), None)
        if row is None:
            raise ConfigError(f"scan `{ident}`: no such scan in the state")
        events, known = changes(state, scans=[ident]), state.findings()
        coverage = state.coverage(row.id)
    finally:
        state.close()
    told = "".join(
        f"<tr><td>{escape(event.change)}</td><td>"
        f"{escape(known[event.fingerprint].title if event.fingerprint in known else '')}</td>"
        f"<td><code>{escape(event.fingerprint)}</code></td></tr>"
        for event in events
    )
    unread = "".join(
        f"<tr><td><code>{escape(one.shard)}</code></td><td>{escape(str(one.status))}</td>"
        f"<td>{escape(one.reason)}</td></tr>"
        for one in coverage
        if str(one.status) not in ("complete", "not_enabled", "left_out")
    )
    styles = [STYLE, web("page.css")]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<meta http-equiv='Content-Security-Policy' content=\"{policy(styles, [])}\">"
        f"<title>Scan {escape(ident)}</title>{''.join(f'<style>{s}</style>' for s in styles)}"
        f"</head><body><main><h1>Scan {escape(ident)}</h1><p class='sub'>{escape(row.started_at)} "
        f"to {escape(row.finished_at or 'not finished')}; <a href='/'>now</a></p>"
        f"<h2>What changed: {len(events)}</h2><table>{told}</table>"
        f"<h2>What was not read</h2><table>{unread}</table></main></body></html>\n"
    )
