"""SIGTERM ends a scan as Ctrl-C does: what is in the air is told to stop, what is stored stays."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from scanner.kit.processes import ENDS_WITH


def end_when_told() -> None:
    """As the first process of a container, too, to which the system delivers no signal that it has
    not asked for."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def end_with_parent() -> None:
    """Of a run that a daemon has begun: told to end where that one was killed, which holds the
    other end of standard input."""
    if os.environ.pop(ENDS_WITH, "") != "stdin":
        return

    def watch() -> None:
        with suppress(OSError):
            while os.read(0, 4096):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
