"""Salesforce: connected apps, whom people let in by OAuth, agents, what was set up, what apps read.

Everything is a query (SOQL) over the REST API, and event log files as CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.salesforce import records
from connectors.salesforce.records import AGENT, DATA, EINSTEIN, NAMES, Row
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.http import json_body, pages
from scanner.kit.oauth import ClientCredentials
from scanner.kit.overlooked import Happened, timed
from scanner.kit.told import gap
from scanner.kit.values import iso, mapping, text, when
from scanner.model.errors import NotEnabled, SourceError, Unavailable
from scanner.model.items import Item

Part = Literal["people", "apps", "agents", "setup", "events"]
_VERSION = "v62.0"
TOKEN = read(
    "/services/oauth2/token", "external client app with the client credentials flow",
    "an access token", method="POST",
)  # fmt: skip
QUERY = read(
    f"/services/data/{_VERSION}/query",
    "API Enabled, View Setup and Configuration, Manage Connected Apps, View All Users",
    "connected apps, grants, bots, setup audit trail",
)  # fmt: skip
MORE = read(f"/services/data/{_VERSION}/query/{{cursor}}", "API Enabled", "the rest of a query")
TOOLING = read(
    f"/services/data/{_VERSION}/tooling/query",
    "View Setup and Configuration",
    "Agentforce's agents",
)
LOG_FILE = read(
    f"/services/data/{_VERSION}/sobjects/EventLogFile/{{id}}/LogFile", "View Event Log Files",
    "what apps call, by whom, on which objects",
)  # fmt: skip
_CALLS = (QUERY, MORE, TOOLING, LOG_FILE)
_USERS = "SELECT Id, Name, Email, Username, IsActive, Department, UserType FROM User"
_APPS = "SELECT Id, Name, CreatedDate, OptionsAllowAdminApprovedUsersOnly FROM ConnectedApplication"
_TOKENS = "SELECT Id, AppName, UserId, UseCount, LastUsedDate, CreatedDate FROM OauthToken"
_BOTS = "SELECT Id, DeveloperName, MasterLabel, Type, CreatedById, CreatedDate FROM BotDefinition"
_PLANNERS = "SELECT Id, DeveloperName, MasterLabel, PlannerType FROM GenAiPlannerDefinition"
_SETUP = (
    "SELECT Id, Action, Display, Section, CreatedDate, CreatedById, CreatedBy.Name, CreatedBy.Email"
    " FROM SetupAuditTrail WHERE CreatedDate >= {begin} AND CreatedDate < {end}"
)
_FILES = (
    "SELECT Id, EventType, CreatedDate FROM EventLogFile WHERE EventType = 'ApiTotalUsage'"
    " AND Interval = 'Daily' AND CreatedDate >= {begin} AND CreatedDate < {end}"
)


class SalesforceConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An org, or files exported from one."""

    token_env: str = "SALESFORCE_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    client_id_env: str = "SALESFORCE_CLIENT_ID"
    client_secret_env: str = "SALESFORCE_CLIENT_SECRET"  # noqa: S105
    """Environment variables with an app's consumer key and secret."""
    parts: tuple[Part, ...] = ("people", "apps", "agents", "setup", "events")


def _access(ctx: Context[SalesforceConfig]) -> Any:
    tokens = ClientCredentials.configured(
        ctx, TOKEN, {"grant_type": "client_credentials"}, basic=False,
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _rows(reading: Reading, soql: str, operation: Any = QUERY) -> Iterator[Any]:
    """Raises ``NotEnabled`` for an object that the org, or this user, has not."""
    path = operation.path

    def following(answer: Any) -> str:
        return text(mapping(json_body(answer)).get("nextRecordsUrl"))

    try:
        for page in pages(reading.access, path, {"q": soql}, following=following):
            found = mapping(json_body(page)).get("records")
            if not isinstance(found, list):
                raise Unavailable(f"{operation.id}: the answer has no list `records`")
            yield from found
    except Unavailable as error:
        if "is not supported" in str(error):
            raise NotEnabled(f"{error}; the org has no licence for it, or this user may not") from (
                error
            )
        raise


Told = Callable[[Any, str, str], list[Item] | None]


def _part(*queries: tuple[str, str, Told, Any]) -> Callable[[Reading], Iterator[Item]]:
    """What one query does not give is a gap; when none gives anything, the error is raised."""

    def part(reading: Reading) -> Iterator[Item]:
        errors: list[tuple[str, SourceError]] = []
        for rule, soql, told, operation in queries:
            odd = 0
            try:
                for row in _rows(reading, soql, operation):
                    found = told(mapping(row), reading.org, rule)
                    odd += found is None
                    yield from found or ()
            except SourceError as error:
                errors.append((rule, error))
            yield from odd_gap(odd, rule)
        if len(errors) == len(queries):
            raise errors[0][1]
        for rule, trouble in errors:
            yield gap(rule, trouble)

    return part


def setup(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    for row in _rows(reading, _SETUP.format(begin=iso(begin), end=iso(end))):
        yield records.setup(row, reading.org)


def events(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """By when Salesforce made a file: its events are of the day before."""
    for row in map(mapping, _rows(reading, _FILES.format(begin=iso(begin), end=iso(end)))):
        ident, at = text(row.get("Id")), when(row.get("CreatedDate"))
        if not ident:
            raise Unavailable("EventLogFile: a record without `Id`")
        answer = reading.access.get(LOG_FILE.path.replace("{id}", ident))
        text_of = answer.content.decode("utf-8", "replace")
        table = csv.DictReader(io.StringIO(text_of, newline=""))
        if not {"EVENT_TYPE", "TIMESTAMP"} <= set(table.fieldnames or ()):
            raise Unavailable(f"{LOG_FILE.id}: the answer is no event log")
        for one in table:
            event = records.event(one, reading.org)
            yield None if event is None else timed(event, at)


def _is_token(record: Row) -> bool:
    return "AppName" in record and "UserId" in record


def _is_setup(record: Row) -> bool:
    return {"Action", "Display", "CreatedDate"} <= record.keys()


def _is_agent(record: Row) -> bool:
    return "DeveloperName" in record and "MasterLabel" in record


def _is_user(record: Row) -> bool:
    return {"Id", "Username", "IsActive"} <= record.keys()


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="salesforce",
        title="Salesforce connected apps, grants, agents and event logs",
        config=SalesforceConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, AGENT, EINSTEIN},
        docs_url="https://developer.salesforce.com/docs/apis",
        exports=(
            "event log files, the login history and the setup audit trail (CSV)",
            "the table of Connected Apps OAuth Usage, OauthToken by the Data Loader (CSV)",
        ),
        rates={"default": 20.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", QUERY, _part(("User", _USERS, records.user, QUERY))),
        Listed("apps", QUERY, _part(
            ("ConnectedApplication", _APPS, records.application, QUERY),
            ("OauthToken", _TOKENS, records.token, QUERY),
        )),
        Listed("agents", TOOLING, _part(
            ("BotDefinition", _BOTS, records.agent, QUERY),
            ("GenAiPlannerDefinition", _PLANNERS, records.agent, TOOLING),
        )),
        Logged("setup", QUERY, setup, kept=timedelta(days=180), span=timedelta(days=30)),
        # A day without Shield or Event Monitoring, a month with.
        Logged("events", LOG_FILE, events, kept=timedelta(days=30), span=timedelta(days=1)),
    ),
    kinds=(
        Kind(records.is_event, records.event),
        Kind(records.is_sign_in, records.sign_in),
        Kind(_is_setup, records.setup),
        Kind(records.is_setup_row, records.setup_row),
        Kind(_is_token, lambda record, org: records.token(record, org, "OauthToken")),
        Kind(records.USAGE.fits, records.usage),
        Kind(_is_agent, lambda record, org: records.agent(record, org, "BotDefinition")),
        Kind(_is_user, lambda record, org: records.user(record, org, "User")),
    ),
    access=_access,
    expected="event logs, sign-ins, setup audit trail, tokens, agents or users",
)  # fmt: skip
