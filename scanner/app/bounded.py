"""A small HTTP server that anybody may reach: bounded in time, and in how many it hears at once."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any

SECONDS = 10.0
"""That a client may take until it sends more: a handler's ``timeout``."""
_KNOCK = 0.5
"""Seconds in which a connection that was announced is there."""
MOST = 32
"""Connections at once. Beyond them the oldest is ended: who drips keeps nobody else out."""


class BoundedServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 4 * MOST
    """Of those that wait for an answer to their knock: with five, as is usual, a crowd keeps others
    waiting for a second and more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._open: dict[socket.socket, None] = {}
        self._lock = threading.Lock()
        super().__init__(*args, **kwargs)
        # Who knocks and is gone before it is opened would be waited for, and so would an end.
        self.socket.settimeout(_KNOCK)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            while len(self._open) >= MOST:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: what a client does to its connection is nobody's trouble."""
