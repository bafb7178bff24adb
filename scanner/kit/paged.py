"""Lists of JSON records, joined by the id of the last record or by a token of the answer.

The two ways in which most vendors' administration pages. A list that goes in a ring, holds what is
no record or is no list at all is ``Unavailable``: never an end, and never empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.values import mapping, text
from scanner.model.errors import Unavailable

_MOST_PAGES = 10_000


def by_last_id(
    session: ReadOnlySession, path: str, asked: Mapping[str, str], *, after: str, key: str = "id"
) -> Iterator[Mapping[str, Any]]:
    """Every record of ``data``; the next page is asked for by the parameter ``after`` with the id
    of the last record. What the answer itself calls its last id is not trusted: it may be missing.
    Raises the source errors."""
    params = dict(asked)
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        body = mapping(json_body(session.get(path, params)))
        last = ""
        for record in _data(body, path):
            last = text(mapping(record).get(key))
            if not last:
                raise Unavailable(f"GET {path}: a record without `{key}`; the answer is malformed")
            yield record
        if not body.get("has_more"):
            return
        if not last or last in seen:
            raise Unavailable(f"GET {path}: the list says that it goes on and does not")
        seen.add(last)
        params[after] = last
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")


def by_page_token(session: ReadOnlySession, url: str) -> Iterator[Mapping[str, Any]]:
    """Every record of ``data``; ``next_page`` of an answer is the parameter ``page`` of the next
    call. ``url``: with its query, in which a name may stand several times. Raises the source
    errors."""
    path = urlsplit(url).path
    joint = "&" if "?" in url else "?"
    seen: set[str] = set()
    page = ""
    for _ in range(_MOST_PAGES):
        full = f"{url}{joint}page={quote(page, safe='')}" if page else url
        body = mapping(json_body(session.get(full)))
        yield from map(mapping, _data(body, path))
        if not body.get("has_more"):
            return
        page = text(body.get("next_page"))
        if not page or page in seen:
            raise Unavailable(f"GET {path}: the source repeats a page token")
        seen.add(page)
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")


def _data(body: Mapping[str, Any], path: str) -> list[Any]:
    found = body.get("data")
    if not isinstance(found, list):
        raise Unavailable(f"GET {path}: the answer has no list `data`")
    return found
