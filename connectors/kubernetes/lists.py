"""Lists of the Kubernetes API to their end: https://kubernetes.io/docs/reference/using-api/
api-concepts/#retrieving-large-results-sets-in-chunks.

A list whose token has expired amid it (410) begins anew; what it told until then is forgotten, as
the objects may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.values import mapping, text
from scanner.model.errors import Unavailable

_ANEW = 3
_MOST_PAGES = 100_000
_GONE = 410
T = TypeVar("T")


def whole(
    session: ReadOnlySession, path: str, size: int, made: Callable[[Any], T | None]
) -> tuple[list[T], int]:
    """What ``made`` makes of each object of a list, and how many it could make nothing of. Raises
    the source errors; ``Missing`` where there is no such resource."""
    for _ in range(_ANEW):
        found: list[T] = []
        odd = 0
        try:
            for one in _objects(session, path, size):
                thing = made(one)
                if thing is None:
                    odd += 1
                else:
                    found.append(thing)
        except Missing as error:
            if error.status != _GONE:
                raise
            continue
        return found, odd
    raise Unavailable(f"GET {path}: the list expired {_ANEW} times before its end (410)")


def _objects(session: ReadOnlySession, path: str, size: int) -> Iterator[Any]:
    params = {"limit": str(size)}
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        body = mapping(json_body(session.get(path, params)))
        listed = body.get("items", [])
        if listed is None:  # Go writes an empty list so
            listed = []
        if not isinstance(listed, list) or "metadata" not in body:
            raise Unavailable(f"GET {path}: the answer is no list of Kubernetes")
        yield from listed
        token = text(mapping(body["metadata"]).get("continue"))
        if not token:
            return
        if token in seen:
            raise Unavailable(f"GET {path}: the source repeats a page")
        seen.add(token)
        params["continue"] = token
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")
