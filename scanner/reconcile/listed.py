"""Whether the list that a path names stands in a document.

Owns the difference between an empty list and something else in its place: a word (maintenance), an
object (an error), nothing (another version). The latter are no answer, and nobody may read them as
an empty registry.
"""

from __future__ import annotations

import re
from typing import Any

from scanner.reconcile.jsonpaths import findall

_EACH = re.compile(r"(\.\*|\[[^\[\]]*\])$")
"""The end of a path that is about the members of a list, or of an object."""


def is_listed(document: Any, path: str) -> bool:
    """Whether all that ``path`` looks for records in is a list, if only an empty one; behind ``.*``
    an object of records is one, too, unless it is the document itself."""
    each = _EACH.search(path)
    if each is None:
        return bool(findall(path, document))
    around = path[: each.start()]
    if around == "$":
        return isinstance(document, list)
    kinds = (list, dict) if each[1] == ".*" else (list,)
    found = findall(around, document)
    return bool(found) and all(isinstance(one, kinds) for one in found)
