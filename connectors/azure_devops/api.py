"""Asking Azure DevOps: continuation tokens, `$top` and `$skip`, and a cursor for the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.azure_devops import operations as op
from connectors.azure_devops.records import event_of
from scanner.kit.forge.details import Detail, Where, filled
from scanner.kit.forge.events import Event
from scanner.kit.forge.filters import Filters
from scanner.kit.forge.paging import Source, by_cursor, by_skip, by_token, strays, whole
from scanner.kit.http import Missing
from scanner.kit.values import iso, mapping, text

_EVENTS = "1000"


def projects(api: Source, organization: str) -> Iterator[Any]:
    """Names of the projects that can be used; empty for a record without one."""
    path = filled(op.PROJECTS, {"organization": organization})
    for record in by_token(api, path, {**op.VERSION, "$top": "200", "stateFilter": "wellFormed"}):
        yield text(mapping(record).get("name"))


def repositories(api: Source, organization: str, project: str, filters: Filters) -> Iterator[Any]:
    """With the last push, where the filters ask for it: a call more a repository."""
    holes = {"organization": organization, "project": project}
    for record in whole(api, filled(op.REPOSITORIES, holes), op.VERSION, at="value"):
        found = dict(mapping(record))
        ident = text(found.get("id"))
        if ident and filters.pushed_since_days and found.get("isDisabled") is not True:
            found["pushed"] = _pushed(api, {**holes, "repositoryId": ident})
        yield found


def _pushed(api: Source, holes: dict[str, str]) -> Any:
    try:
        found = list(whole(api, filled(op.PUSHES, holes), {**op.VERSION, "$top": "1"}, at="value"))
    except Missing:
        return None
    return mapping(found[0]).get("date") if found else None


def read(api: Source, extensions: Source) -> Callable[[Detail, Where], Iterator[Any]]:
    """``extensions``: on Services they have a host of their own."""

    def records(detail: Detail, where: Where) -> Iterator[Any]:
        if detail.style == "agents":
            return _agents(api, where)
        if detail.style == "teams":
            return _teams(api, where)
        path, asked = filled(detail.operation, where.path), {**op.VERSION, **detail.params}
        if detail.operation == op.EXTENSIONS:
            return whole(extensions, path, op.PREVIEW, at="value")
        if detail.style == "whole":
            return whole(api, path, asked, at="value")
        if detail.operation == op.POLICIES:
            asked["repositoryId"] = where.path["repositoryId"]
        return by_token(api, path, asked)

    return records


def _agents(api: Source, where: Where) -> Iterator[Any]:
    """Of pools that Microsoft does not host."""
    for record in whole(api, filled(op.POOLS, where.path), op.VERSION, at="value"):
        pool = mapping(record)
        ident = text(pool.get("id"))
        if not ident:
            yield None
        if not ident or pool.get("isHosted") is True:
            continue
        path = filled(op.AGENTS, {**where.path, "poolId": ident})
        for agent in whole(api, path, {**op.VERSION, "includeCapabilities": "true"}, at="value"):
            given = mapping(agent)
            yield {**given, "pool": text(pool.get("name"))} if given else agent


def _teams(api: Source, where: Where) -> Iterator[Any]:
    for record in by_skip(api, filled(op.TEAMS, where.path), op.VERSION):
        team = mapping(record)
        ident = text(team.get("id"))
        if not ident:
            yield record
            continue
        path = filled(op.MEMBERS, {**where.path, "teamId": ident})
        members = list(by_skip(api, path, op.VERSION))
        yield {**team, "members": members}
        yield from strays(members)


def audit(api: Source, where: Where) -> Callable[..., Iterator[Any]]:
    def events(begin: datetime, end: datetime) -> Iterator[Event | None]:
        asked = {
            **op.PREVIEW, "startTime": iso(begin), "endTime": iso(end), "batchSize": _EVENTS,
            "skipAggregation": "true",
        }  # fmt: skip
        for record in by_cursor(
            api, filled(op.AUDIT, where.path), asked, at="decoratedAuditLogEntries",
            name="continuationToken", cursor=_cursor,
        ):  # fmt: skip
            yield from event_of(where, record)

    return events


def _cursor(body: Mapping[str, Any]) -> str:
    return text(body.get("continuationToken")) if body.get("hasMore") is True else ""
