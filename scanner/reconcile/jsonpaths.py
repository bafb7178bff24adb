"""What stands at a JSONPath (RFC 9535), by python-jsonpath.

The library is imported when a path is asked for: that takes 40 ms, a tenth of a small scan, and
most scans ask for none.
"""

from __future__ import annotations

from typing import Any


class BadPath(ValueError):
    """A text that is no JSONPath, or one that cannot be followed."""


def findall(path: str, data: Any) -> list[Any]:
    """Values in the order of the document. Raises ``BadPath``."""
    from jsonpath import JSONPathError
    from jsonpath import findall as found

    try:
        return found(path, data)
    except JSONPathError as error:
        raise BadPath(str(error)) from error
