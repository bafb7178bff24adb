"""SIGTERM ends a scan as Ctrl-C does: what is in the air is told to stop, what is stored stays."""

from __future__ import annotations

import signal
import threading


def end_when_told() -> None:
    """As the first process of a container, too, to which the system delivers no signal that it has
    not asked for."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
