"""Asking Bitbucket: Cloud (``next`` in the body) and Data Center (``nextPageStart``; the audit log
by a cursor)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.bitbucket import operations as op
from connectors.bitbucket.server import event_of
from scanner.kit.forge.details import Detail, Where, filled
from scanner.kit.forge.events import Event
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.paging import Source, by_cursor, by_next, by_start, strays, whole
from scanner.kit.http import Missing
from scanner.kit.values import iso, mapping, text

CLOUD_PAGE = {"pagelen": "100"}
SERVER_PAGE = {"limit": "1000"}
_EVENTS = "1000"


def repositories(api: Source, workspace: str) -> Iterator[Any]:
    yield from by_next(api, filled(op.REPOSITORIES, {"workspace": workspace}), CLOUD_PAGE)


def projects(api: Source) -> Iterator[Any]:
    """Keys of the server's projects, empty for a record without one; people's own are projects too
    (``~ada``) and not listed."""
    for record in by_start(api, filled(op.PROJECTS, {}), SERVER_PAGE):
        yield text(mapping(record).get("key"))


def server_repositories(api: Source, project: str, filters: Filters) -> Iterator[Any]:
    """With what the filters ask for and the list does not tell: a call more a repository each."""
    for record in by_start(api, filled(op.SERVER_REPOS, {"projectKey": project}), SERVER_PAGE):
        found = dict(mapping(record))
        slug = text(found.get("slug"))
        path = {"projectKey": project, "repositorySlug": slug}
        if slug and filters.topics:
            labels = list(by_start(api, filled(op.LABELS, path), SERVER_PAGE))
            found["labels"] = [text(mapping(label).get("name")) for label in labels]
            yield from strays(labels)
        if slug and filters.pushed_since_days:
            found["committed"] = _committed(api, path)
        yield found


def _committed(api: Source, path: dict[str, str]) -> Any:
    """When the default branch was last committed to; nothing for a repository without commits."""
    try:
        found = list(whole(api, filled(op.COMMITS, path), {"limit": "1"}, at="values"))
    except Missing:
        return None
    return mapping(found[0]).get("committerTimestamp") if found else None


def read(api: Source, *, is_server: bool) -> Callable[[Detail, Where], Iterator[Any]]:
    def records(detail: Detail, where: Where) -> Iterator[Any]:
        if detail.style == "deployments":
            return _deployments(api, detail, where)
        path = filled(detail.operation, where.path)
        if detail.style == "whole":
            return whole(api, path)
        if is_server:
            return by_start(api, path, {**SERVER_PAGE, **detail.params})
        return by_next(api, path, {**CLOUD_PAGE, **detail.params})

    return records


def _deployments(api: Source, detail: Detail, where: Where) -> Iterator[Any]:
    for record in by_next(api, filled(op.ENVIRONMENTS, where.path), CLOUD_PAGE):
        found = mapping(record)
        ident, name = text(found.get("uuid")), text(found.get("name"))
        if not ident:
            continue  # told by who reads the environments themselves
        path = filled(detail.operation, {**where.path, "environment_uuid": ident})
        for variable in by_next(api, path, CLOUD_PAGE):
            given = mapping(variable)
            yield {**given, "environment": name} if given else variable


def audit(api: Source, where: Where) -> Callable[..., Iterator[Any]]:
    def events(begin: datetime, end: datetime) -> Iterator[Event | None]:
        asked = {"from": iso(begin), "to": iso(end), "limit": _EVENTS}
        for record in by_cursor(
            api, filled(op.AUDIT, {}), asked, at="entities", name="pageCursor", cursor=_cursor
        ):
            yield from event_of(where, record)

    return events


def _cursor(body: Mapping[str, Any]) -> str:
    page = mapping(body.get("pagingInfo"))
    return text(page.get("nextPageCursor")) if page.get("lastPage") is False else ""
