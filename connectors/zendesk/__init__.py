"""Zendesk: apps and OAuth clients that an account lets at its tickets, by whom, and when last used.

https://developer.zendesk.com/api-reference/. Pages name the next by a link, and say apart from it
whether there is one. The audit log is for Enterprise plans, and is kept for ever.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from requests import Response

from connectors.zendesk import records
from connectors.zendesk.records import DATA, NAMES
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    read,
    secret,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import json_body, pages
from scanner.kit.overlooked import Happened
from scanner.kit.paged import at
from scanner.kit.values import iso, mapping, text
from scanner.model.errors import Unavailable
from scanner.model.items import Item

Part = Literal["people", "apps", "clients", "tokens", "events"]
_ADMIN = "administrator"
USERS = read("/api/v2/users", _ADMIN, "agents and administrators, their addresses")
APPS = read("/api/v2/apps/installations", _ADMIN, "apps that are installed")
GLOBAL = read("/api/v2/oauth/global_clients", _ADMIN, "clients that people have authorized")
CLIENTS = read("/api/v2/oauth/clients", _ADMIN, "clients of the account itself")
TOKENS = read("/api/v2/oauth/tokens", _ADMIN, "who has authorized which client, and last use")
AUDIT = read(
    "/api/v2/audit_logs", f"{_ADMIN} of an Enterprise plan", "who installs and authorizes what"
)
_CALLS = (USERS, APPS, GLOBAL, CLIENTS, TOKENS, AUDIT)
_KEPT = timedelta(days=3650)
"""https://developer.zendesk.com/api-reference/ticketing/account-configuration/audit_logs/"""


class ZendeskConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, or files exported from one."""

    url: str = ""
    """`https://acme.zendesk.com`."""
    user: str = ""
    """Address of the administrator whose API token is used; empty: it is an OAuth token."""
    token_env: str = "ZENDESK_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with the API token, or the OAuth token with the scope `read`."""
    parts: tuple[Part, ...] = ("people", "apps", "clients", "tokens")
    """What to read; `events` is for Enterprise plans."""


def _access(ctx: Context[ZendeskConfig]) -> Any:
    config = ctx.config
    token = secret(ctx, "an administrator's API token", "token")
    known = base64.b64encode(f"{config.user}/token:{token}".encode()).decode()
    header = f"Basic {known}" if config.user else f"Bearer {token}"
    return session(ctx, _CALLS, {"Authorization": header})


def _following(answer: Response) -> str:
    body = json_body(answer)
    return text(at(body, "links.next")) if at(body, "meta.has_more") is True else ""


def _listed(
    reading: Reading, operation: Operation, key: str, *query: tuple[str, str]
) -> Iterator[Any]:
    """``query``: with names that stand several times."""
    path = operation.path
    url = f"{path}?{urlencode([('page[size]', '100'), *query])}"
    for answer in pages(reading.access, url, following=_following):
        found = mapping(json_body(answer)).get(key)
        if not isinstance(found, list):
            raise Unavailable(f"{operation.id}: the answer has no list `{key}`")
        yield from found


def people(reading: Reading) -> Iterator[Item]:
    found = _listed(reading, USERS, "users", ("role[]", "agent"), ("role[]", "admin"))
    yield from each(found, records.user, reading.org, USERS.id)


def apps(reading: Reading) -> Iterator[Item]:
    found = _listed(reading, APPS, "installations")
    yield from each(found, records.installation, reading.org, APPS.id)


def _clients(reading: Reading) -> Iterator[Any]:
    """Those of others that were authorized, then the account's own."""
    yield from _listed(reading, GLOBAL, "global_clients")
    yield from _listed(reading, CLIENTS, "clients")


def clients(reading: Reading) -> Iterator[Item]:
    yield from each(_clients(reading), records.client, reading.org, GLOBAL.id)


def tokens(reading: Reading) -> Iterator[Item]:
    """Each with its client, which it calls by id alone: the catalogue needs more."""
    yield from each(_tokens(reading), records.token, reading.org, TOKENS.id)


def _tokens(reading: Reading) -> Iterator[Any]:
    known = {text(one.get("id")): one for one in map(mapping, _clients(reading))}
    for record in _listed(reading, TOKENS, "tokens", ("all", "true")):
        given = mapping(record)
        ident = text(given.get("client_id"))
        yield {**given, "client": known.get(ident, {})} if given else record


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """Of the two times that are asked for, the first is the beginning."""
    name = "filter[created_at][]"
    found = _listed(reading, AUDIT, "audit_logs", (name, iso(begin)), (name, iso(end)))
    for record in found:
        yield records.event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="zendesk",
        title="Zendesk apps, OAuth clients, tokens and audit log",
        config=ZendeskConfig,
        operations=_CALLS,
        yields=NAMES.kinds | {DATA.kind, records.PRODUCT},
        docs_url="https://developer.zendesk.com/api-reference/",
        exports=("the audit log of Admin Center (CSV)",),
        # 200 a minute of the smallest plan:
        # https://developer.zendesk.com/api-reference/introduction/rate-limits/
        rates={"default": 3.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, people),
        Listed("apps", APPS, apps),
        Listed("clients", GLOBAL, clients),
        Listed("tokens", TOKENS, tokens),
        Logged("events", AUDIT, log, kept=_KEPT, span=timedelta(days=30)),
    ),
    kinds=(
        Kind(records.is_event, records.event),
        Kind(records.is_token, records.token),
        Kind(records.is_installation, records.installation),
        Kind(records.is_client, records.client),
        Kind(records.is_user, records.user),
        Kind(records.is_row, records.row),
    ),
    access=_access,
    expected="audit logs, tokens, clients, installations or users",
)
