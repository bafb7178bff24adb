"""Snowflake: Cortex and who uses it on which tables, search services, agents, models, and functions
that reach out of the account.

Everything is a statement over the SQL API, run by a warehouse of the account's own: that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import sleep
from typing import Annotated, Any, Literal

import msgspec

from connectors.snowflake import records, sessions, statements
from connectors.snowflake.records import KINDS, NAMES, TABLE
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    bearer,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.http import json_body
from scanner.kit.overlooked import Happened
from scanner.kit.text import cut
from scanner.kit.told import gap
from scanner.kit.values import items, mapping, text
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Gap, Item

Part = Literal["people", "cortex", "services", "functions", "use"]
RUN = read(
    "/api/v2/statements", "USAGE on the warehouse; GOVERNANCE_VIEWER and USAGE_VIEWER of SNOWFLAKE",
    "statements that read account usage and show objects", method="POST",
)  # fmt: skip
RESULT = read(
    "/api/v2/statements/{handle}", "USAGE on the warehouse", "the rest of a statement's rows"
)
_MOST_WAITS = 600
_DONE, _RUNNING = "090001", ("333333", "333334")


class SnowflakeConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, or tables exported from one."""

    token_env: str = "SNOWFLAKE_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a programmatic access token, a key-pair JWT or an OAuth token."""
    token_type: Literal["PROGRAMMATIC_ACCESS_TOKEN", "KEYPAIR_JWT", "OAUTH"] = (
        "PROGRAMMATIC_ACCESS_TOKEN"  # noqa: S105
    )
    warehouse: str = ""
    """That runs the statements; empty: the user's own."""
    role: str = ""
    """That they are run with; empty: the user's own."""
    parts: tuple[Part, ...] = ("people", "cortex", "services", "functions", "use")
    poll_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    """How long to wait between looks whether a statement is done."""


Told = Callable[[Mapping[str, Any], str, str], list[Item] | None]
ToldOfFile = Callable[[Mapping[str, Any], str, str], list[Item] | Happened | None]


@dataclass(frozen=True)
class Query:
    """``columns``: names of what it selects, where a statement gives them none; ``views``: of which
    the first is asked that the account has, and the last is filled no more."""

    rule: str
    statement: str
    told: Told
    columns: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """In files alone: the account itself adds up what is used."""

    rule: str
    told: ToldOfFile


_TIMES = ("count", "first_at", "last_at")
_PARTS: dict[str, tuple[Query, ...]] = {
    "people": (Query("account_usage.users", statements.USERS, records.user),),
    "cortex": (
        Query("account_usage.grants_to_roles", statements.ROLES, records.role,
              ("name", "grantee_name", "first_at")),
        Query("account_usage.access_history", statements.FLOWS, records.flow,
              ("model_name", "object_name", "object_domain", *_TIMES),
              statements.FUNCTION_VIEWS),
    ),
    "services": (
        Query("SHOW CORTEX SEARCH SERVICES", statements.SEARCH, records.search),
        Query("SHOW AGENTS", statements.AGENTS, records.agent),
        Query("SHOW MODELS", statements.MODELS, records.model),
    ),
    "functions": (Query("account_usage.functions", statements.FUNCTIONS, records.function),),
    "use": (
        Query("account_usage.cortex_ai_functions_usage_history", statements.FUNCTION_USE,
              records.function_use, ("user_name", "function_name", "model_name", *_TIMES),
              statements.FUNCTION_VIEWS),
        Query("account_usage.cortex_analyst_usage_history", statements.ANALYST_USE,
              records.analyst_use, ("username", *_TIMES)),
        Query("account_usage.cortex_search_daily_usage_history", statements.SEARCH_USE,
              records.search_use, ("database_name", "schema_name", "service_name", *_TIMES)),
        Query("account_usage.login_history", statements.SESSIONS, sessions.sessions,
              ("user_name", "authorizing_integration_name", *_TIMES)),
    ),
}  # fmt: skip


def _access(ctx: Context[SnowflakeConfig]) -> Any:
    headers = bearer(ctx, hint=" to a programmatic access token")
    kind = {"X-Snowflake-Authorization-Token-Type": ctx.config.token_type}
    # 422: an object "does not exist or not authorized"; which of these, Snowflake does not tell.
    denials = frozenset({401, 403, 422})
    return session(ctx, (RUN, RESULT), {**headers, **kind}, denials=denials)


def _part(queries: tuple[Query, ...]) -> Callable[[Reading], Iterator[Item]]:
    """What one statement does not give is a gap; when none gives anything, the error is raised."""

    def part(reading: Reading) -> Iterator[Item]:
        errors: list[tuple[str, SourceError]] = []
        for query in queries:
            odd = 0
            try:
                for row in _rows(reading, query):
                    if isinstance(row, Gap):
                        yield row
                        continue
                    found = query.told(row, reading.org, query.rule)
                    odd += found is None
                    yield from found or ()
            except SourceError as error:
                errors.append((query.rule, error))
            yield from odd_gap(odd, query.rule)
        if len(errors) == len(queries):
            raise errors[0][1]
        for rule, trouble in errors:
            yield gap(rule, trouble)

    return part


def _asked(reading: Reading, query: Query, view: str) -> Mapping[str, Any]:
    config = reading.ctx.config
    days = config.since_days or reading.ctx.window_days
    statement = query.statement.replace("{days}", str(days)).replace("{view}", view)
    asked = {"statement": statement, "timeout": 600}
    asked |= {key: value for key, value in (("warehouse", config.warehouse),
                                            ("role", config.role)) if value}  # fmt: skip
    found = mapping(json_body(reading.access.post("/api/v2/statements", asked)))
    return _done(reading, query, found)


def _rows(reading: Reading, query: Query) -> Iterator[Mapping[str, Any] | Gap]:
    *newer, last = query.views or ("",)
    for view in newer:
        try:
            body = _asked(reading, query, view)
            break
        except Denied:
            continue  # that it is not there is told in the same words
    else:
        body = _asked(reading, query, last)
        if newer:
            yield Gap(what=query.rule, denied=True, reason=f"{last} alone can be read, which "
                      f"Snowflake fills no more: use since then is not seen; let the role read "
                      f"{newer[0]}")  # fmt: skip
    about = mapping(body.get("resultSetMetaData"))
    names = [text(mapping(one).get("name")) for one in items(about.get("rowType"))]
    columns = list(query.columns) or names
    if not names or len(columns) != len(names):
        raise Unavailable(f"{query.rule}: the answer does not name its columns")
    handle = text(body.get("statementHandle"))
    for number in range(max(1, len(items(about.get("partitionInfo"))))):
        if number:
            path = f"/api/v2/statements/{handle}"
            body = mapping(json_body(reading.access.get(path, {"partition": str(number)})))
        rows = body.get("data")
        if not isinstance(rows, list):
            raise Unavailable(f"{query.rule}: the answer has no rows")
        yield from (dict(records.lowered(columns, items(row))) for row in rows)


def _done(reading: Reading, query: Query, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Waits for a statement that takes long. Raises what its failure means."""
    for _ in range(_MOST_WAITS):
        code = text(body.get("code"))
        if code not in _RUNNING:
            break
        sleep(reading.ctx.config.poll_seconds)
        handle = text(body.get("statementHandle"))
        body = mapping(json_body(reading.access.get(f"/api/v2/statements/{handle}")))
    if text(body.get("code")) == _DONE:
        return body
    said = cut(text(body.get("message")), 200)
    if "not authorized" in said.casefold() or "privilege" in said.casefold():
        raise Denied(f"{query.rule}: {said}; grant what `shadow-ai permissions snowflake` prints")
    raise Unavailable(f"{query.rule}: {text(body.get('code')) or 'no code'} {said}")


_QUERIES = Table("account_usage.query_history", records.query)
_SIGN_INS = Table("account_usage.login_history", sessions.signed_in)
_GRANTS = Table("account_usage.grants_to_users", records.user_grant)


def _kind(query: Query | Table, *columns: str) -> Kind:
    """A table that was exported with the columns of the view."""

    def plain(record: Mapping[str, Any]) -> dict[str, Any]:
        return {key.casefold(): value for key, value in record.items() if isinstance(key, str)}

    return Kind(
        lambda record: set(columns) <= plain(record).keys(),
        lambda record, org: query.told(plain(record), org, query.rule),
    )


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="snowflake",
        title="Snowflake Cortex, its use and data, services, models and functions",
        config=SnowflakeConfig,
        operations=(RUN, RESULT),
        yields=NAMES.kinds | {TABLE} | {f"snowflake.{kind}" for kind in KINDS},
        docs_url="https://docs.snowflake.com/developer-guide/sql-api/reference",
        exports=("views of ACCOUNT_USAGE, as a worksheet downloads them (CSV)",),
    ),
    names=NAMES,
    parts=tuple(Listed(name, RUN, _part(queries)) for name, queries in _PARTS.items()),
    kinds=(
        _kind(_QUERIES, "query_text", "user_name"),
        _kind(_SIGN_INS, "event_type", "reported_client_type", "user_name"),
        _kind(_PARTS["use"][0], "function_name", "model_name", "user_name"),
        _kind(_PARTS["use"][0], "function_name", "model_name", "token_credits"),
        _kind(_PARTS["use"][1], "username", "request_count"),
        _kind(_PARTS["functions"][0], "function_name", "function_language", "is_external"),
        _kind(_PARTS["cortex"][0], "grantee_name", "granted_on", "name"),
        _kind(_GRANTS, "granted_to", "grantee_name", "granted_by"),
        _kind(_PARTS["services"][0], "name", "embedding_model", "schema_name"),
        _kind(_PARTS["people"][0], "name", "email", "display_name"),
    ),
    access=_access,
    expected="rows of account usage",
)
