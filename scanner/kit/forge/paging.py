"""How forges page their lists: records one by one, and an error instead of a loop.

Each function yields what the list holds, whatever it is; the caller judges a record. Of a link that
a source gives only the query is taken: path and host stay those that were asked, so that a forge
behind a proxy, which writes links of its own, can still be read, and none leads elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from requests import Response

from scanner.kit.http import json_body
from scanner.model.errors import Unavailable

MOST_PAGES = 100_000


class Source(Protocol):
    """:class:`scanner.kit.http.ReadOnlySession`, or what wraps it."""

    def get(self, url: str, params: dict[str, str] | None = None) -> Response: ...


Params = Mapping[str, str]
NONE: Params = MappingProxyType({})
_Following = Callable[[Response, Any, list[Any], dict[str, str]], dict[str, str] | None]
"""Answer, body, records and parameters of this page -> parameters of the next; None at the end."""


def whole(source: Source, path: str, params: Params = NONE, *, at: str = "") -> Iterator[Any]:
    """A list that is not paged. ``at``: the field that holds it; empty: the body is the list."""
    yield from _records(json_body(source.get(path, dict(params))), at, path)


def one(source: Source, path: str, params: Params = NONE) -> Iterator[Any]:
    """A single object."""
    yield json_body(source.get(path, dict(params)))


def by_link(source: Source, path: str, params: Params = NONE, *, at: str = "") -> Iterator[Any]:
    """``Link: <...>; rel="next"`` (RFC 8288): GitLab, GitHub."""
    return _walked(source, path, params, at, _link)


def by_next(
    source: Source, path: str, params: Params = NONE, *, at: str = "values"
) -> Iterator[Any]:
    """``next`` in the body: Bitbucket Cloud
    (https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination)."""
    return _walked(source, path, params, at, _next)


def by_start(
    source: Source, path: str, params: Params = NONE, *, at: str = "values"
) -> Iterator[Any]:
    """``isLastPage`` and ``nextPageStart``: Bitbucket Data Center. The next start is not the sum
    of what was seen: what one may not see is left out of a page."""
    return _walked(source, path, params, at, _start)


def by_token(
    source: Source, path: str, params: Params = NONE, *, at: str = "value"
) -> Iterator[Any]:
    """``x-ms-continuationtoken`` in the headers: Azure DevOps. A page may be empty amid others."""
    return _walked(source, path, params, at, _token)


def by_skip(
    source: Source, path: str, params: Params = NONE, *, at: str = "value", top: int = 200
) -> Iterator[Any]:
    """``$top`` and ``$skip``: Azure DevOps where there is no token."""
    first = {**params, "$top": str(top), "$skip": "0"}
    return _walked(source, path, first, at, _skip)


def by_page(
    source: Source, path: str, params: Params = NONE, *, at: str = "", total: str = "X-Total-Count",
    may_be_bare: bool = False,
) -> Iterator[Any]:  # fmt: skip
    """``page`` numbers up to the total in a header or in ``total_count``: Gitea and Forgejo, which
    may give fewer records a page than were asked for, and link only some of their lists.
    ``may_be_bare``: the body may as well be the list that is expected ``at`` a field."""
    seen = 0

    def following(
        answer: Response, body: Any, records: list[Any], asked: dict[str, str]
    ) -> dict[str, str] | None:
        nonlocal seen
        seen += len(records)
        in_body = str(body.get("total_count", "")) if isinstance(body, Mapping) else ""
        wanted = answer.headers.get(total, in_body)
        if not records or (wanted.isdigit() and seen >= int(wanted)):
            return None
        return {**asked, "page": str(int(asked["page"]) + 1)}

    return _walked(source, path, {**params, "page": "1"}, at, following, may_be_bare=may_be_bare)


def by_cursor(
    source: Source,
    path: str,
    params: Params,
    *,
    at: str,
    name: str,
    cursor: Callable[[Mapping[str, Any]], str],
) -> Iterator[Any]:
    """A cursor in the body, given back as the parameter ``name``; ``cursor``: of a body, empty at
    the end. Audit logs of Azure DevOps and Bitbucket Data Center."""

    def following(
        answer: Response, body: Any, records: list[Any], asked: dict[str, str]
    ) -> dict[str, str] | None:
        given = cursor(_object(body))
        return {**asked, name: given} if given else None

    return _walked(source, path, params, at, following)


def _walked(
    source: Source, path: str, params: Params, at: str, following: _Following, *,
    may_be_bare: bool = False,
) -> Iterator[Any]:  # fmt: skip
    asked = dict(params)
    seen: set[tuple[tuple[str, str], ...]] = set()
    last = b""
    for _ in range(MOST_PAGES):
        seen.add(tuple(sorted(asked.items())))
        answer = source.get(path, asked)
        body = json_body(answer)
        is_bare = may_be_bare and isinstance(body, list)
        records = _records(body, "" if is_bare else at, path)
        if records and answer.content == last:
            raise Unavailable(f"GET {path}: the source gives the same page again")
        last = answer.content
        yield from records
        more = following(answer, body, records, asked)
        if more is None:
            return
        if tuple(sorted(more.items())) in seen:
            raise Unavailable(f"GET {path}: the source repeats a page link")
        asked = more
    raise Unavailable(f"GET {path}: more than {MOST_PAGES} pages")


def strays(records: Iterable[Any]) -> Iterator[Any]:
    """What is no record, of a list that goes into a record of another: handed on beside it, where
    it is counted."""
    return (one for one in records if not isinstance(one, Mapping))


def _records(body: Any, at: str, path: str) -> list[Any]:
    found = (body.get(at) if isinstance(body, Mapping) else None) if at else body
    if not isinstance(found, list):
        where = f"a list in `{at}`" if at else "a list"
        got = type(body if found is None else found).__name__
        raise Unavailable(f"GET {path}: expected {where}, got {got}")
    return found


def _object(body: Any) -> Mapping[str, Any]:
    """A bare list says nothing of a next page."""
    if not isinstance(body, Mapping):
        raise Unavailable(f"expected a page with its list in it, got {type(body).__name__}")
    return body


def _query(link: Any) -> dict[str, str] | None:
    if not isinstance(link, str) or not link:
        return None
    try:
        return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
    except ValueError as error:
        raise Unavailable("the source gives a page link that is none") from error


def _link(answer: Response, body: Any, records: list[Any], asked: dict[str, str]) -> Any:
    return _query(answer.links.get("next", {}).get("url"))


def _next(answer: Response, body: Any, records: list[Any], asked: dict[str, str]) -> Any:
    return _query(_object(body).get("next"))


def _start(answer: Response, body: Any, records: list[Any], asked: dict[str, str]) -> Any:
    start = _object(body).get("nextPageStart")
    if body.get("isLastPage") is not False:
        return None
    if isinstance(start, bool) or not isinstance(start, int):
        raise Unavailable("the source says that a list goes on, but not where")
    return {**asked, "start": str(start)}


def _token(answer: Response, body: Any, records: list[Any], asked: dict[str, str]) -> Any:
    token = answer.headers.get("x-ms-continuationtoken", "")
    return {**asked, "continuationToken": token} if token else None


def _skip(answer: Response, body: Any, records: list[Any], asked: dict[str, str]) -> Any:
    if len(records) < int(asked["$top"]):
        return None
    return {**asked, "$skip": str(int(asked["$skip"]) + len(records))}
