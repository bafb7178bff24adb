"""What libraries log goes into our lines, and not between them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scanner.kit.expressions import expression

_MOST = 500
"""Characters of a message."""
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
        """Addresses without names, passwords and what follows a question mark: each may be or hold
        a secret."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        text = _QUERY.sub("?...", _USERINFO.sub(r"\1", text))
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._say("library", level, logger=record.name, reason=" ".join(text.split())[:_MOST])
