"""What YAML says that others wrote: plain values, within bounds."""

from __future__ import annotations

from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST = 8 << 20
ERRORS = (yaml.YAMLError, ValueError, RecursionError)
"""What :func:`loaded` raises for what is none, or too large."""


def loaded(text: str) -> Any:
    """Of the first document. What stands there by an alias is one value, however often: only a
    reader that walks it all would see it as often."""
    if len(text) > _MOST:
        raise ValueError(f"a document in YAML of more than {_MOST >> 20} MiB")
    return next(iter(yaml.load_all(text, Loader=_Loader)), None)
