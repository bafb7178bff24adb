"""Asking Gitea and Forgejo: pages, and the lists that need a question more for each record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connectors.gitea import operations as op
from scanner.kit.forge.details import Detail, Where, filled
from scanner.kit.forge.paging import Source, by_page, one, strays, whole
from scanner.kit.http import Missing
from scanner.kit.values import mapping, text

PAGE = {"limit": "50"}
"""Most of an instance with default settings; one that gives less says how many there are."""


def repositories(api: Source, org: str) -> Iterator[Any]:
    """Of an organization; of the whole instance where ``org`` is empty."""
    if org:
        yield from by_page(api, filled(op.ORG_REPOS, {"org": org}), PAGE)
    else:
        params = {**PAGE, "sort": "id", "order": "asc"}
        yield from by_page(api, filled(op.SEARCH, {}), params, at="data")


def organizations(api: Source) -> Iterator[Any]:
    yield from by_page(api, filled(op.ORGS, {}), PAGE)


def read(api: Source) -> Callable[[Detail, Where], Iterator[Any]]:
    def records(detail: Detail, where: Where) -> Iterator[Any]:
        path = filled(detail.operation, where.path)
        if detail.style == "whole":
            return whole(api, path)
        # Of a list in an object, only these; Forgejo has them bare.
        at = "runners" if detail.operation.endswith("/runners") else ""
        found = by_page(api, path, PAGE, at=at, may_be_bare=True)
        more = {"teams": _with_members, "collaborators": _with_permission}.get(detail.style)
        return more(api, where, found) if more else found

    return records


def _with_members(api: Source, where: Where, teams: Iterator[Any]) -> Iterator[Any]:
    for record in teams:
        found = mapping(record)
        ident = text(found.get("id"))
        if ident and found.get("permission") in ("owner", "admin"):
            path = filled(op.TEAM_MEMBERS, {"id": ident})
            members = list(by_page(api, path, PAGE))
            yield {**found, "members": members}
            yield from strays(members)
        else:
            yield record


def _with_permission(api: Source, where: Where, people: Iterator[Any]) -> Iterator[Any]:
    """A list of collaborators does not tell what each may do; one that has gone may nothing."""
    for record in people:
        login = text(mapping(record).get("login"))
        if not login:
            yield record
            continue
        path = filled(op.PERMISSION, {**where.path, "collaborator": login})
        try:
            said = next(one(api, path))
        except Missing:
            continue
        yield {**mapping(record), "permission": text(mapping(said).get("permission"))}
        yield from strays([said])
