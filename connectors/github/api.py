"""Asking GitHub: its lists, and what its 404 means.

GitHub answers 404 both for what is not there and for what the asker may not see. With a classic
token the headers tell which it is: the scopes it has, and those that would do
(https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from requests import Response

from scanner.kit.forge.details import Detail, Where, filled
from scanner.kit.forge.paging import by_link, one, strays
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.values import items, mapping, text
from scanner.model.errors import Denied, Unavailable

PAGE = {"per_page": "100"}
_HAS, _NEEDS = "X-OAuth-Scopes", "X-Accepted-OAuth-Scopes"


@dataclass(frozen=True)
class Api:
    """A :class:`scanner.kit.forge.paging.Source` that tells denied from missing."""

    session: ReadOnlySession

    def get(self, url: str, params: dict[str, str] | None = None) -> Response:
        try:
            return self.session.get(url, params)
        except Missing as error:
            lacking = scopes_lacking(error.headers)
            if lacking:
                raise Denied(f"{error}: the token has none of the scopes {lacking}") from error
            raise

    def read(self, detail: Detail, where: Where) -> Iterator[Any]:
        """The records of a detail (``style``: how its list is made)."""
        path = filled(detail.operation, where.path)
        params = {**PAGE, **detail.params}
        if detail.style in _STYLES:
            yield from _STYLES[detail.style](self, path, where)
        elif detail.style == "one":
            yield from one(self, path)
        else:
            yield from by_link(self, path, params, at=detail.style)


def scopes_lacking(headers: Mapping[str, str]) -> str:
    """The scopes that would do, where a classic token has none of them; else nothing."""
    if _HAS not in headers:
        return ""
    has, needs = _scopes(headers[_HAS]), _scopes(headers.get(_NEEDS, ""))
    return ", ".join(sorted(needs)) if needs and not needs & has else ""


def _scopes(text: str) -> set[str]:
    return {scope.strip() for scope in text.split(",") if scope.strip()}


def _teams(api: Api, path: str, where: Where) -> Iterator[Any]:
    """Each team with its members and repositories."""
    for record in by_link(api, path, PAGE):
        slug = text(mapping(record).get("slug"))
        if not slug:
            yield record
            continue
        members = filled(
            "GET /orgs/{org}/teams/{team_slug}/members", {**where.path, "team_slug": slug}
        )
        repositories = filled(
            "GET /orgs/{org}/teams/{team_slug}/repos", {**where.path, "team_slug": slug}
        )
        # Who maintains is a question of its own: not every server says it with each member.
        lists = {
            "_members": list(by_link(api, members, {**PAGE, "role": "member"})),
            "_maintainers": list(by_link(api, members, {**PAGE, "role": "maintainer"})),
            "_repositories": list(by_link(api, repositories, PAGE)),
        }
        yield {**record, **lists}
        yield from strays(chain.from_iterable(lists.values()))


def _runners(api: Api, path: str, where: Where) -> Iterator[Any]:
    """Each runner with its group."""
    groups = {}
    listing = filled("GET /orgs/{org}/actions/runner-groups", where.path)
    for record in by_link(api, listing, PAGE, at="runner_groups"):
        if not isinstance(record, Mapping):
            yield record
            continue
        groups[text(record.get("id"))] = record
    for record in by_link(api, path, PAGE, at="runners"):
        if not isinstance(record, Mapping):
            yield record
            continue
        yield {**record, "_group": groups.get(text(record.get("runner_group_id")))}


def _environments(api: Api, path: str, where: Where) -> Iterator[Any]:
    """All environments of a repository as one record, each with its secrets and variables."""
    found = []
    for record in by_link(api, path, PAGE, at="environments"):
        if not isinstance(record, Mapping):
            yield record
            continue
        name = text(record.get("name"))
        inner = {**where.path, "environment_name": name}
        lists = {
            f"_{kind}": list(
                by_link(api, filled(f"GET {_ENVIRONMENT}/{kind}", inner), PAGE, at=kind)
            )
            for kind in ("secrets", "variables")
            if name
        }
        found.append({**record, **lists})
        yield from strays(chain.from_iterable(lists.values()))
    yield {"environments": found}


_ENVIRONMENT = "/repos/{owner}/{repo}/environments/{environment_name}"
_STYLES = {"teams": _teams, "with_group": _runners, "environments_of": _environments}


def plan_name(api: Api, owner: str) -> str:
    """``enterprise``, ``team``, ``free``; empty where the asker is not shown it."""
    body = json_body(api.get(filled("GET /orgs/{org}", {"org": owner})))
    return text(mapping(mapping(body).get("plan")).get("name"))


def organizations(api: Api, enterprise: str) -> Iterator[str]:
    """Logins of an enterprise's organizations. Raises at the end for records that name none."""
    path = filled("GET /enterprises/{enterprise}/org-properties/values", {"enterprise": enterprise})
    odd = 0
    for record in by_link(api, path, PAGE):
        login = text(mapping(record).get("organization_login"))
        odd += not login
        if login:
            yield login
    if odd:
        raise Unavailable(f"GET {path}: {odd} records name no organization")


def names(value: Any) -> list[str]:
    return [text(mapping(entry).get("name")) for entry in items(value)]
