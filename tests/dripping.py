"""A server that never comes to an end of its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def dripping(begin: bytes, drop: bytes, pause: float = 0.05, most: int = 400) -> Iterator[str]:
    """Sends ``begin`` and then ``drop`` again and again, each well within a socket's timeout."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            client.sendall(begin)
            for _ in range(most):
                if over.wait(pause):
                    return
                client.sendall(drop)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()
