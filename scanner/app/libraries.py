"""What libraries log goes into our lines, and not between them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scanner.kit.expressions import expression
from scanner.kit.masks import without

_MOST = 500
"""Characters of a message."""
_LEAST_SECRET = 6
_USERINFO: re.Pattern[str] = expression(r"(://)[^/\s@]{1,400}@")
_QUERY: re.Pattern[str] = expression(r"\?[^\s'\"<>]{1,2000}")


@contextmanager
def told_by(say: Callable[..., None]) -> Iterator[None]:
    """Warnings and errors of every library as lines of ``say``. Those that print theirs themselves
    are kept from it meanwhile."""
    root, told = logging.getLogger(), _Told(say)
    root.addHandler(told)
    try:
        yield
    finally:
        root.removeHandler(told)


class _Told(logging.Handler):
    def __init__(self, say: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._say("library", level, logger=record.name, reason=plain(record))


def plain(record: logging.LogRecord) -> str:
    """What it says, in a line. Addresses without names, passwords and what follows a question mark:
    each may be or hold a secret; and without the headers that OpenTelemetry's variables give, which
    it repeats where it does not understand them."""
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = str(record.msg)
    text = _QUERY.sub("?...", _USERINFO.sub(r"\1", without(text, _headers())))
    return " ".join(text.split())[:_MOST]


def _headers() -> list[str]:
    """Of ``OTEL_EXPORTER_OTLP_HEADERS`` and its like the whole, and whatever in it may be a
    value."""
    given = [
        value for name, value in os.environ.items()
        if name.startswith("OTEL_") and name.endswith("_HEADERS")
    ]  # fmt: skip
    parts = [part for value in given for part in re.split(r"[\s,;=]+", value)]
    return [one for one in (*given, *parts) if len(one) >= _LEAST_SECRET]
