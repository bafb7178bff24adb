"""PingOne: applications and AI agents of an environment, what they may call, and who uses which.

https://developer.pingidentity.com/pingone-api/. Of audit activities the API tells the last 14 days;
older ones must be restored first. Next pages are named by links.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from connectors.pingone import records
from connectors.pingone.records import DATA, NAMES
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import ReadOnlySession
from scanner.kit.oauth import ClientCredentials
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_link
from scanner.kit.told import check_address
from scanner.kit.values import iso, mapping, text
from scanner.model.items import Item

Part = Literal["people", "applications", "activities"]
_ROLE = "Environment Admin, read only"
TOKEN = read("/{environment}/as/token", "worker application", "an access token", method="POST")
_ENV = "/v1/environments/{environment}"
USERS = read(f"{_ENV}/users", "Identity Data Read Only", "people and their addresses")
APPS = read(f"{_ENV}/applications", _ROLE, "applications and AI agents")
GRANTS = read(f"{_ENV}/applications/{{id}}/grants", _ROLE, "what they may call")
RESOURCES = read(f"{_ENV}/resources", _ROLE, "names of APIs")
SCOPES = read(f"{_ENV}/resources/{{id}}/scopes", _ROLE, "names of scopes")
ACTIVITIES = read(
    f"{_ENV}/activities", _ROLE, "who uses and makes which application", bucket="activities"
)
_CALLS = (USERS, APPS, GRANTS, RESOURCES, SCOPES, ACTIVITIES)
_KEPT = timedelta(days=14)
"""https://docs.pingidentity.com/pingone/monitoring/p1_auditparameters.html"""


class PingOneConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An environment, or files exported from one."""

    environment_id: str = ""
    token_env: str = "PINGONE_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    client_id_env: str = "PINGONE_CLIENT_ID"
    client_secret_env: str = "PINGONE_CLIENT_SECRET"  # noqa: S105
    """Environment variables with id and secret of a worker application."""
    url: str = "https://api.pingone.com"
    """Of the region: `https://api.pingone.eu`, ..."""
    auth_url: str = "https://auth.pingone.com"
    """Of the same region."""
    parts: tuple[Part, ...] = ("people", "applications", "activities")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.auth_url, self.organization)
        if self.live and not self.environment_id:
            raise ValueError("set `environment_id`, or `live = false`")


def _access(ctx: Context[PingOneConfig]) -> Any:
    config = ctx.config
    tokens = ClientCredentials.configured(
        ctx, _of(TOKEN, config), {"grant_type": "client_credentials"}, config.auth_url,
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _of(operation: Operation, config: PingOneConfig) -> Operation:
    """Of this environment."""
    found = operation.id.replace("{environment}", config.environment_id)
    return msgspec.structs.replace(operation, id=found)


def _listed(
    reading: Reading, operation: Operation, key: str, ident: str = "", **query: str
) -> Iterator[Any]:
    access: ReadOnlySession = reading.access
    path = _of(operation, reading.ctx.config).path.replace("{id}", ident)
    return by_link(access, path, query, items=f"_embedded.{key}", link="_links.next.href")


def people(reading: Reading) -> Iterator[Item]:
    found = _listed(reading, USERS, "users", limit="1000")
    yield from each(found, records.user, reading.org, USERS.id)


def applications(reading: Reading) -> Iterator[Item]:
    """Each with the scopes that it was granted, by the names of their APIs."""
    yield from each(_applications(reading), records.application, reading.org, APPS.id)


def _applications(reading: Reading) -> Iterator[Any]:
    names: dict[str, tuple[str, str]] = {}
    for one in map(mapping, _listed(reading, RESOURCES, "resources")):
        ident = text(one.get("id"))
        for scope in map(mapping, _listed(reading, SCOPES, "scopes", ident) if ident else ()):
            names[text(scope.get("id"))] = (text(one.get("type")), text(scope.get("name")))
    for record in _listed(reading, APPS, "applications"):
        given = mapping(record)
        ident = text(given.get("id"))
        if not ident or text(given.get("protocol")) != "OPENID_CONNECT":
            yield record
            continue
        grants = list(_listed(reading, GRANTS, "grants", ident))
        yield {**given, "granted": records.granted(grants, names)}


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """Both borders are left out by the source; the window keeps to its own."""
    before = begin - timedelta(seconds=1)
    query = {"filter": f'recordedat gt "{iso(before)}" AND recordedat lt "{iso(end)}"'}
    for record in _listed(reading, ACTIVITIES, "activities", limit="500", **query):
        yield records.event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="pingone",
        title="PingOne applications, AI agents and audit activities",
        config=PingOneConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, records.AGENT},
        docs_url="https://developer.pingidentity.com/pingone-api/",
        exports=("Monitoring > Audit, as CSV",),
        # Fewer for activities than for others; the numbers are a tenant's own:
        # https://developer.pingidentity.com/pingone-api/platform/audit-activities.html
        rates={"default": 5.0, "activities": 1.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("applications", APPS, applications),
        Logged("activities", ACTIVITIES, log, kept=_KEPT, span=timedelta(days=1)),
    ),
    kinds=(
        Kind(records.is_event, records.event),
        Kind(records.is_application, records.application),
        Kind(records.is_user, records.user),
        Kind(records.is_row, records.row),
    ),
    access=_access,
    expected="audit activities, applications or users",
)
