"""Atlassian Cloud: Rovo and apps in an organization's audit log, its managed accounts, and the apps
of one site.

The stream of events always names a next cursor, to ask again later: an empty page is its end.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.atlassian import events
from connectors.atlassian.events import AGENT, DATA, NAMES, PRODUCT
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    bearer,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor, by_link
from scanner.kit.told import check_address
from scanner.kit.values import mapping
from scanner.model.errors import Denied, Unavailable
from scanner.model.items import Item

Part = Literal["people", "events", "apps"]
USERS = read(
    "/admin/v1/orgs/{org}/users", "read:accounts:admin", "managed accounts and their products",
    bucket="admin",
)  # fmt: skip
EVENTS = read(
    "/admin/v1/orgs/{org}/events-stream", "read:events:admin",
    "who lets which app in, and who uses Rovo", bucket="events",
)  # fmt: skip
JIRA = read("/rest/plugins/1.0/", "site administrator's API token", "apps of Jira", bucket="site")
CONFLUENCE = read(
    "/wiki/rest/plugins/1.0/", "site administrator's API token", "apps of Confluence",
    bucket="site",
)  # fmt: skip
_KEPT = timedelta(days=180)
"""https://support.atlassian.com/security-and-access-policies/docs/
track-organization-activities-from-the-audit-log/"""
_PLUGINS = "application/vnd.atl.plugins.installed+json"


class AtlassianConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization and one of its sites, or files exported from them."""

    organization_id: str = ""
    """Of the organization, as the address of its administration shows it."""
    token_env: str = "ATLASSIAN_ADMIN_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an API key of the organization."""
    site_url: str = ""
    """``https://acme.atlassian.net``; empty: apps are not listed."""
    site_user: str = ""
    """Address of the site's administrator whose API token is used."""
    site_token_env: str = "ATLASSIAN_SITE_TOKEN"  # noqa: S105
    """Environment variable with that API token."""
    url: str = "https://api.atlassian.com"
    parts: tuple[Part, ...] = ("people", "events")
    """What to read; `apps` needs `site_url`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.live and not self.organization_id:
            raise ValueError("set `organization_id`, or `live = false`")
        if self.live and "apps" in self.parts:
            if not self.site_url:
                raise ValueError("`apps` needs `site_url`")
            check_address(self.site_url, self.organization)


class Access:
    """Two keys: each is asked for by the parts that need it."""

    def __init__(self, ctx: Context[AtlassianConfig]) -> None:
        self._ctx = ctx

    @property
    def admin(self) -> ReadOnlySession:
        ctx = self._ctx

        def made() -> ReadOnlySession:
            headers = bearer(ctx, hint=" to an API key of the organization")
            return session(ctx, (USERS, EVENTS), headers)

        return ctx.kept("atlassian:admin", made)

    def site(self) -> ReadOnlySession:
        config = self._ctx.config
        token = self._ctx.environ.get(config.site_token_env, "")
        if not token:
            raise Denied(f"no token of the site: set {config.site_token_env}")
        known = base64.b64encode(f"{config.site_user}:{token}".encode()).decode()
        headers = {"Authorization": f"Basic {known}", "Accept": _PLUGINS}
        return session(self._ctx, (JIRA, CONFLUENCE), headers, config.site_url)


def _path(reading: Reading, operation: Any) -> str:
    found: str = operation.path
    return found.replace("{org}", reading.ctx.config.organization_id)


def people(reading: Reading) -> Iterator[Item]:
    odd = 0
    listed = by_link(
        reading.access.admin, _path(reading, USERS), {}, items="data", link="links.next"
    )  # fmt: skip
    for record in listed:
        told = events.user(record, reading.org, USERS.id)
        odd += told is None
        yield from told or ()
    yield from odd_gap(odd, USERS.id)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    query = {
        "from": str(int(begin.timestamp() * 1000)), "to": str(int(end.timestamp() * 1000)),
        "limit": "200", "sortOrder": "asc",
    }  # fmt: skip
    found = by_cursor(
        reading.access.admin, _path(reading, EVENTS), query, items="data", cursor="meta.next",
        param="cursor", ends_when_empty=True,
    )  # fmt: skip
    for record in found:
        yield events.event(record, reading.org)


def apps(reading: Reading) -> Iterator[Item]:
    """Of Jira and Confluence; a product that the site has not is none."""
    site = reading.access.site()
    missing = 0
    for operation in (JIRA, CONFLUENCE):
        try:
            body = mapping(json_body(site.get(operation.path)))
        except Missing:
            missing += 1
            continue
        plugins = body.get("plugins")
        if not isinstance(plugins, list):
            raise Unavailable(f"{operation.id}: the answer has no list `plugins`")
        told = [events.plugin(one, reading.org, operation.id) for one in plugins]
        yield from (item for some in told for item in some or ())
        yield from odd_gap(told.count(None), operation.id)
    if missing == 2:
        raise Unavailable(f"{site.base}: neither Jira nor Confluence is there")


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="atlassian",
        title="Atlassian Rovo, apps and audit log",
        config=AtlassianConfig,
        operations=(USERS, EVENTS, JIRA, CONFLUENCE),
        yields=NAMES.kinds | {DATA.kind, PRODUCT, AGENT},
        docs_url="https://developer.atlassian.com/cloud/admin/organization/rest/intro/",
        exports=("the audit log of admin.atlassian.com (CSV)",),
        rates={"admin": 5.0, "events": 2.0, "site": 5.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Logged("events", EVENTS, log, kept=_KEPT, span=timedelta(days=30)),
        Listed("apps", JIRA, apps),
    ),
    kinds=(
        Kind(events.is_event, events.event),
        Kind(events.is_jira, events.jira),
        Kind(events.is_user, events.user),
        Kind(events.is_plugin, events.plugin),
        Kind(events.is_row, events.row),
    ),
    access=Access,
    expected="audit events, accounts or apps",
    spelling=events.SPELLING,
)
