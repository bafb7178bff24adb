"""Lists of JSON records, joined by the last record's id, a token, a link or a number.

The ways in which vendors' administration pages. A list that goes in a ring, holds what is
no record or is no list at all is ``Unavailable``: never an end, and never empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from requests import Response

from scanner.kit.contract import Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.http import pages as linked_pages
from scanner.kit.values import mapping, text
from scanner.model.errors import Unavailable

_MOST_PAGES = 10_000


def by_last_id(
    session: ReadOnlySession, path: str, asked: Mapping[str, str], *, after: str, key: str = "id",
    told: str = "",
) -> Iterator[Mapping[str, Any]]:  # fmt: skip
    """Every record of ``data``; the next page is asked for by the parameter ``after`` with the id
    of the last record. What the answer itself calls its last id may be missing, and counts only
    where the vendor says that it is more than an id: at ``told``. Raises the source errors."""
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
        last = (text(body.get(told)) if told else "") or last
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


def at(body: Any, path: str) -> Any:
    """What stands at a dotted place of an answer; None where it leads nowhere. A name that has a
    dot itself (``@odata.nextLink``) is one at the top."""
    if path in mapping(body):
        return body[path]
    for step in path.split("."):
        body = mapping(body).get(step)
    return body


Check = Callable[[Mapping[str, Any], str], None]
"""Raises the source error that an answer is in spite of its status: (body, path)."""


def _records(body: Any, items: str, path: str) -> list[Any]:
    found = body if not items and isinstance(body, list) else at(body, items)
    if not isinstance(found, list):
        raise Unavailable(f"{path}: the answer has no list `{items or 'of records'}`")
    return found


def whole_list(
    session: ReadOnlySession, operation: Operation, query: dict[str, str] | None = None, *,
    items: str = "",
) -> list[Any]:  # fmt: skip
    """The list at ``items`` (empty: the answer itself) of a call without pages. Raises the source
    errors; an answer of another shape is no empty list."""
    body = json_body(session.get(operation.path, query))
    found = mapping(body).get(items) if items else body
    if not isinstance(found, list):
        told = f"has no list `{items}`" if items else "is no list"
        raise Unavailable(f"{operation.id}: the answer {told}")
    return found


def by_cursor(
    session: ReadOnlySession,
    path: str,
    asked: Mapping[str, str],
    *,
    items: str,
    cursor: str,
    param: str,
    check: Check | None = None,
    ends_at_same: bool = False,
    ends_when_empty: bool = False,
    is_left_out: bool = False,
) -> Iterator[Any]:
    """Every record of the list at ``items``; what stands at ``cursor`` is the parameter ``param``
    of the next call, and nothing there ends the list. ``ends_at_same``: so does the cursor that was
    asked with (a stream's position); ``ends_when_empty``: and a page without records, where there
    always is a next one to ask for later. ``is_left_out``: an answer leaves an empty list out, and
    then says nothing else but the cursor. Both are dotted places. Raises the source errors."""
    params = dict(asked)
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        body = mapping(json_body(session.get(path, params)))
        if check:
            check(body, path)
        is_bare = is_left_out and not body.keys() - {cursor}
        found = [] if is_bare else _records(body, items, path)
        yield from found
        following = text(at(body, cursor))
        if (
            not following
            or (ends_when_empty and not found)
            or (ends_at_same and following == params.get(param))
        ):
            return
        if following in seen:
            raise Unavailable(f"GET {path}: the source repeats a page")
        seen.add(following)
        params[param] = following
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")


def by_link(
    session: ReadOnlySession, url: str, asked: Mapping[str, str], *, items: str, link: str
) -> Iterator[Any]:
    """Every record of the list at ``items``; the URL (or path with its query) at ``link`` is the
    next page. Raises the source errors."""
    path = urlsplit(url).path

    def following(answer: Response) -> str:
        return text(at(json_body(answer), link))

    for answer in linked_pages(session, url, dict(asked) or None, following=following):
        yield from _records(json_body(answer), items, path)


def by_header(
    session: ReadOnlySession, path: str, asked: Mapping[str, str], *, header: str, param: str,
    items: str = "",
) -> Iterator[Any]:  # fmt: skip
    """Every record of the list at ``items`` (empty: the answer itself); what the answer's
    ``header`` says is the parameter ``param`` of the next call. Raises the source errors."""
    params = dict(asked)
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        answer = session.get(path, params)
        yield from _records(json_body(answer), items, path)
        following = answer.headers.get(header, "").strip()
        if not following:
            return
        if following in seen:
            raise Unavailable(f"GET {path}: the source repeats a page")
        seen.add(following)
        params[param] = following
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")


def by_number(
    session: ReadOnlySession, path: str, asked: Mapping[str, str], *, items: str, param: str,
    size: int, first: int = 1, step: int = 1, check: Check | None = None, pages: str = "",
    more: str = "",
) -> Iterator[Any]:  # fmt: skip
    """Pages by number, or by offset (``step`` is then ``size``), up to one that is not full, or to
    as many as the answer tells at ``pages``, or as long as it says at ``more`` that there are. A
    page that is the same as the one before is ``Unavailable``: the source ignores the number.
    Raises the source errors."""
    before: list[Any] = []
    for page in range(_MOST_PAGES):
        body = json_body(session.get(path, {**asked, param: str(first + page * step)}))
        if check:
            check(mapping(body), path)
        found = _records(body, items, path)
        if found and found == before:
            raise Unavailable(f"GET {path}: the source repeats a page")
        yield from found
        told = at(body, pages or more) if pages or more else None
        if isinstance(told, bool):
            is_last = not told
        else:
            is_last = page + 1 >= told if isinstance(told, int) else len(found) < size
        if is_last:
            return
        before = found
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")


def by_offset(
    session: ReadOnlySession, path: str, asked: Mapping[str, str], *, items: str, param: str,
) -> Iterator[Any]:  # fmt: skip
    """Every record of the list at ``items``; how many were told so far is the parameter ``param``
    of the next call, and only a page without records ends the list: where a source gives fewer a
    page than it was asked for, and does not say so, none is passed over. Raises the source
    errors."""
    before: list[Any] = []
    told = 0
    for _ in range(_MOST_PAGES):
        found = _records(json_body(session.get(path, {**asked, param: str(told)})), items, path)
        if not found:
            return
        if found == before:
            raise Unavailable(f"GET {path}: the source repeats a page")
        yield from found
        told += len(found)
        before = found
    raise Unavailable(f"GET {path}: more than {_MOST_PAGES} pages")
