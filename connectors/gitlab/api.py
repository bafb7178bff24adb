"""Asking GitLab: its sessions, its two ways of paging, and what follows from them.

Offset paging ends at 50,000 projects (https://docs.gitlab.com/administration/instance_limits/): the
projects of a larger group are listed group by group. Keyset paging exists for all projects of an
instance and for audit events, and for nothing else that is asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from connectors.gitlab import operations as op
from connectors.gitlab.records import event_of
from scanner.kit.forge.details import Detail, Where, filled
from scanner.kit.forge.events import Event
from scanner.kit.forge.paging import Source, by_link, one
from scanner.kit.http import Missing
from scanner.kit.overlooked import Overlooked
from scanner.kit.values import iso, mapping, text
from scanner.model.errors import Unavailable

PAGE = {"per_page": "100"}
_KEYSET = {**PAGE, "pagination": "keyset", "order_by": "id"}
_MOST_DEPTH = 20
"""GitLab nests groups 20 deep at most."""


def projects(api: Source, group: str) -> Iterator[Any]:
    """Records of every project of ``group`` and below, those only shared with it left out; of all
    projects where ``group`` is empty."""
    if not group:
        yield from by_link(api, filled(op.PROJECTS, {}), {**_KEYSET, "sort": "asc"})
        return
    yield from _below(api, group, _MOST_DEPTH)


def _below(api: Source, group: str, depth: int) -> Iterator[Any]:
    path = filled(op.GROUP_PROJECTS, {"id": group})
    params = {**PAGE, "with_shared": "false", "order_by": "id", "sort": "asc"}
    try:
        yield from by_link(api, path, {**params, "include_subgroups": "true"})
    except Unavailable as error:
        if "HTTP 405" not in str(error) or not depth:
            raise
    else:
        return
    yield from by_link(api, path, params)
    for record in by_link(api, filled(op.SUBGROUPS, {"id": group}), PAGE):
        name = text(mapping(record).get("full_path"))
        if name:
            yield from _below(api, name, depth - 1)
        else:
            yield None


def read(api: Source) -> Callable[[Detail, Where], Iterator[Any]]:
    def records(detail: Detail, where: Where) -> Iterator[Any]:
        path = filled(detail.operation, where.path)
        if detail.style == "one":
            return one(api, path)
        found = by_link(api, path, {**PAGE, **detail.params})
        return _with_tags(api, found) if detail.style == "runners" else found

    return records


def _with_tags(api: Source, runners: Iterator[Any]) -> Iterator[Any]:
    """A list of runners does not tell their tags; one that has gone since is no runner."""
    for record in runners:
        ident = text(mapping(record).get("id"))
        if not ident:
            yield record
            continue
        try:
            yield from one(api, filled(op.RUNNER, {"id": ident}))
        except Missing:
            continue


def audit(
    api: Source, where: Where, groups: tuple[str, ...], overlooked: Overlooked
) -> Callable[..., Iterator[Any]]:
    """Events of each of ``groups`` (a group's log is its own, not that of groups below), or of the
    instance where there are none."""
    paths = [filled(op.GROUP_AUDIT, {"id": group}) for group in groups]

    def events(begin: datetime, end: datetime) -> Iterator[Event | None]:
        asked = {
            **_KEYSET, "sort": "desc", "created_after": iso(begin), "created_before": iso(end),
        }  # fmt: skip
        for path in paths or [filled(op.INSTANCE_AUDIT, {})]:
            for record in by_link(api, path, asked):
                yield from event_of(where, record, overlooked)

    return events
