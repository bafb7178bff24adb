"""A small HTTP server on loopback: one write an answer, quiet, gone at the end of the block."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_activate(self) -> None:
        """Who knocks and is gone before it is opened is not waited for: the server could not be
        ended until somebody else came."""
        super().server_activate()
        self.socket.settimeout(0.5)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests are about."""


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


def send(
    client: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], data: bytes
) -> None:
    """An answer whose type is JSON unless ``headers`` says otherwise."""
    client.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        client.send_header(name, value)
    client.send_header("Content-Length", str(len(data)))
    client.end_headers()
    client.wfile.write(data)


@contextmanager
def serving(
    handle: Callable[[BaseHTTPRequestHandler], None],
    tls: ssl.SSLContext | None = None,
    methods: tuple[str, ...] = _METHODS,
) -> Iterator[str]:
    """``handle`` answers every request of ``methods``, others are not implemented; the server's
    URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1
        timeout = 60

        def answer(self) -> None:
            handle(self)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    for method in methods:
        setattr(Handler, f"do_{method}", Handler.answer)
    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
