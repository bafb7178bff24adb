"""Regular expressions of modules, compiled when they are first used.

Some seven hundred stand in the detector's readers, and one file needs a handful of them: compiling
all at import cost 0.15 s of every start.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Deferred:
    """Stands for a compiled expression; after its first use its methods are those of that."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(*self._source)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


_METHODS = (
    "search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split",
    "pattern", "flags", "groups", "groupindex",
)  # fmt: skip


def expression(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As ``re.compile``, but later: an error in ``pattern`` shows at its first use."""
    return cast("re.Pattern[AnyStr]", _Deferred(pattern, flags))
