"""Auth0: which applications a tenant knows, what they are granted, and who signs in to which.

https://auth0.com/docs/api/management/v2. A client that registered itself, as MCP clients do, is not
first party. A search of the log tells 1,000 events at most: the next one begins where it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.auth0 import events
from connectors.auth0.events import DATA, NAMES
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
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.http import json_body
from scanner.kit.oauth import ClientCredentials
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor, by_number
from scanner.kit.values import iso, mapping, text
from scanner.model.errors import Unavailable
from scanner.model.items import Item

Part = Literal["applications", "grants", "consents", "log"]
TOKEN = read(
    "/oauth/token", "machine-to-machine application", "an access token", method="POST"
)  # fmt: skip
CLIENTS = read("/api/v2/clients", "read:clients", "applications, and what registered itself")
GRANTS = read(
    "/api/v2/client-grants", "read:client_grants", "which application may call which API alone"
)
CONSENTS = read("/api/v2/grants", "read:grants", "what people have let which application do")
LOG = read("/api/v2/logs", "read:logs", "who signs in to which application", bucket="log")
_CALLS = (CLIENTS, GRANTS, CONSENTS, LOG)
_KEPT = timedelta(days=30)
"""Of an Enterprise plan; others keep 1 to 10 days: set `since_days`.
https://auth0.com/docs/deploy-monitor/logs/log-data-retention"""
_PAGE = 100
_PAGES = 10
"""https://auth0.com/docs/deploy-monitor/logs/retrieve-log-events-using-mgmt-api: up to 1,000."""


class Auth0Config(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant, or files exported from one."""

    url: str = ""
    """`https://acme.eu.auth0.com`, or the tenant's own domain."""
    audience: str = ""
    """Of the Management API, where `url` is the tenant's own domain; empty: `<url>/api/v2/`."""
    token_env: str = "AUTH0_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a Management API token, where something else makes them."""
    client_id_env: str = "AUTH0_CLIENT_ID"
    client_secret_env: str = "AUTH0_CLIENT_SECRET"  # noqa: S105
    """Environment variables with id and secret of a machine-to-machine application."""
    parts: tuple[Part, ...] = ("applications", "grants", "consents", "log")


def _access(ctx: Context[Auth0Config]) -> Any:
    config = ctx.config
    audience = config.audience or f"{config.url.rstrip('/')}/api/v2/"
    tokens = ClientCredentials.configured(
        ctx, TOKEN, {"grant_type": "client_credentials", "audience": audience},
        basic=False,
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _clients(reading: Reading) -> Iterator[Any]:
    query = {"per_page": str(_PAGE), "include_totals": "true", "is_global": "false"}
    return by_number(
        reading.access, "/api/v2/clients", query, items="clients", param="page", size=_PAGE,
        first=0,
    )  # fmt: skip


def applications(reading: Reading) -> Iterator[Item]:
    yield from each(_clients(reading), events.client, reading.org, CLIENTS.id)


def _named(reading: Reading, grants: Iterator[Any]) -> Iterator[Any]:
    """Each with its application, which it calls by id alone: the catalogue needs more."""
    known = {text(one.get("client_id")): one for one in map(mapping, _clients(reading))}
    for record in grants:
        given = mapping(record)
        ident = text(given.get("client_id")) or text(given.get("clientID"))
        yield {**given, "client": known.get(ident, {})} if given else record


def grants(reading: Reading) -> Iterator[Item]:
    """From a checkpoint on: the first call names none."""
    found = by_cursor(
        reading.access, "/api/v2/client-grants", {"take": str(_PAGE)}, items="client_grants",
        cursor="next", param="from",
    )  # fmt: skip
    yield from each(_named(reading, found), events.grant, reading.org, GRANTS.id)


def consents(reading: Reading) -> Iterator[Item]:
    query = {"per_page": str(_PAGE), "include_totals": "true"}
    found = by_number(
        reading.access, "/api/v2/grants", query, items="grants", param="page", size=_PAGE, first=0
    )
    yield from each(_named(reading, found), events.grant, reading.org, CONSENTS.id)


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    kinds = " OR ".join(events.KINDS)
    since = iso(begin)
    while True:
        query = {
            "q": f"date:[{since} TO {iso(end)}}} AND type:({kinds})", "sort": "date:1",
            "per_page": str(_PAGE),
        }  # fmt: skip
        last = ""
        for page in range(_PAGES):
            found = json_body(reading.access.get("/api/v2/logs", {**query, "page": str(page)}))
            if not isinstance(found, list):
                raise Unavailable(f"{LOG.id}: the answer is no list")
            for record in found:
                last = text(mapping(record).get("date")) or last
                yield events.event(record, reading.org)
            if len(found) < _PAGE:
                return
        if not last or last == since:
            raise Unavailable(f"{LOG.id}: the source repeats what is at {since}")
        since = last


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="auth0",
        title="Auth0 applications, grants, consents and log",
        config=Auth0Config,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, events.AGENT},
        docs_url="https://auth0.com/docs/api/management/v2",
        exports=("the tenant's logs as a table with the API's fields (CSV)",),
        # 2 a second of a free plan: https://auth0.com/docs/troubleshoot/customer-support/
        # operational-policies/rate-limit-policy/rate-limit-configurations/free-public
        rates={"default": 2.0, "log": 2.0},
    ),
    names=NAMES,
    parts=(
        Listed("applications", CLIENTS, applications),
        Listed("grants", GRANTS, grants),
        Listed("consents", CONSENTS, consents),
        Logged("log", LOG, log, kept=_KEPT, span=timedelta(days=1)),
    ),
    kinds=(
        Kind(events.is_event, events.event),
        Kind(events.is_grant, events.grant),
        Kind(events.is_client, events.client),
    ),
    access=_access,
    expected="log events, applications or grants",
)
