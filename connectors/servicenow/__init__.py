"""ServiceNow: OAuth applications of an instance and whose tokens they hold, its AI agents and
skills, and who uses Now Assist.

The Table API: https://www.servicenow.com/docs/ (c_TableAPI). Row access rules leave rows out of an
answer that says 200: fewer rows than it counts are a gap, none of them is a refusal. Of the log of
generative AI neither prompt nor response is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.servicenow import records
from connectors.servicenow.records import DATA, NAMES
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
from scanner.kit.http import json_body, link_pages
from scanner.kit.oauth import ClientCredentials
from scanner.kit.overlooked import Happened
from scanner.kit.values import mapping
from scanner.model.errors import Denied, NotEnabled, Unavailable
from scanner.model.items import Gap, Item

Part = Literal["people", "applications", "tokens", "agents", "skills", "use", "changes"]
_TABLE = "/api/now/table/"
TOKEN = read(
    "/oauth_token.do", "OAuth application with client credentials", "an access token",
    method="POST",
)  # fmt: skip


def _table(name: str, reason: str) -> Operation:
    return read(f"{_TABLE}{name}", f"read {name}", reason)


USERS = _table("sys_user", "people and their addresses")
APPS = _table("oauth_entity", "applications that sign in, and that are signed in to")
TOKENS = _table("oauth_credential", "whose tokens which application holds; never a token")
AGENTS = _table("sn_aia_agent", "AI agents")
SKILLS = _table("sn_nowassist_skill_config", "skills of Now Assist")
USE = _table("sys_generative_ai_log", "who uses which capability; no prompt, no response")
CHANGES = _table("sys_audit", "who changes agents and skills")
_CALLS = (USERS, APPS, TOKENS, AGENTS, SKILLS, USE, CHANGES)
_KEPT = timedelta(days=90)
"""An instance's own cleaning rules decide: a longer pause is told."""
_FIELDS = {
    USERS.id: "sys_id,user_name,name,email,active",
    APPS.id: "sys_id,name,client_id,type,redirect_url,auth_url,token_url,active,sys_created_by,"
    "sys_created_on",
    TOKENS.id: "sys_id,peer,type,user,user.user_name,expires,sys_created_on",
    AGENTS.id: "sys_id,name,active,sys_created_by,sys_created_on",
    SKILLS.id: "sys_id,name,sys_created_by,sys_created_on",
    USE.id: "sys_id,definition,error_code,sys_created_by,sys_created_on",
    CHANGES.id: "sys_id,tablename,documentkey,fieldname,newvalue,user,sys_created_on",
}
_PAGE = "1000"
_NO_TABLE = "invalid table"


class ServiceNowConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instance, or files exported from one."""

    url: str = ""
    """`https://acme.service-now.com`."""
    token_env: str = "SERVICENOW_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    client_id_env: str = "SERVICENOW_CLIENT_ID"
    client_secret_env: str = "SERVICENOW_CLIENT_SECRET"  # noqa: S105
    """Environment variables with id and secret of an OAuth application."""
    parts: tuple[Part, ...] = ("people", "applications", "tokens", "agents", "skills", "use")
    """What to read; `changes` needs auditing of these tables."""


def _access(ctx: Context[ServiceNowConfig]) -> Any:
    tokens = ClientCredentials.configured(
        ctx, TOKEN, {"grant_type": "client_credentials"}, basic=False,
    )  # fmt: skip
    return session(ctx, _CALLS, {}, authorize=tokens.headers)


def _rows(reading: Reading, operation: Operation, query: str, hidden: list[int]) -> Iterator[Any]:
    """``hidden``: how many rows access rules have left out is put there. Raises ``NotEnabled``
    where the instance has no such table, ``Denied`` where there are rows and none may be read."""
    asked = {
        "sysparm_query": query, "sysparm_fields": _FIELDS[operation.id], "sysparm_limit": _PAGE,
        "sysparm_display_value": "all", "sysparm_exclude_reference_link": "true",
    }  # fmt: skip
    path = operation.path
    got, counted = 0, ""
    try:
        for answer in link_pages(reading.access, path, asked):
            found = mapping(json_body(answer)).get("result")
            if not isinstance(found, list):
                raise Unavailable(f"{operation.id}: the answer has no list `result`")
            counted = counted or answer.headers.get("X-Total-Count", "")
            got += len(found)
            yield from found
    except Unavailable as error:
        if _NO_TABLE in str(error).casefold():
            raise NotEnabled(f"{operation.id}: the instance has no such table") from error
        raise
    total = int(counted) if counted.isdigit() else got
    if total > got == 0:
        raise Denied(f"{operation.id}: {total} rows, and access rules let none be read")
    hidden.append(max(0, total - got))


def _listed(operation: Operation, told: Any) -> Any:
    def part(reading: Reading) -> Iterator[Item]:
        hidden: list[int] = []
        rows = _rows(reading, operation, "ORDERBYsys_id", hidden)
        yield from each(rows, told, reading.org, operation.id)
        if sum(hidden):
            yield Gap(
                what=operation.id, reason=f"{sum(hidden)} rows are hidden by access rules",
                denied=True,
            )  # fmt: skip

    return part


def _logged(operation: Operation, told: Any, more: str = "") -> Any:
    def events(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
        first, last = (f"{one:%Y-%m-%d %H:%M:%S}" for one in (begin, end))
        query = f"sys_created_on>={first}^sys_created_on<{last}{more}^ORDERBYsys_created_on"
        hidden: list[int] = []
        for record in _rows(reading, operation, query, hidden):
            yield told(record, reading.org)
        if sum(hidden):
            reading.ctx.warn(f"{operation.id}: {sum(hidden)} rows are hidden by access rules")

    return events


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="servicenow",
        title="ServiceNow OAuth applications, AI agents, skills and use of Now Assist",
        config=ServiceNowConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind, records.AGENT, records.SKILL, records.PRODUCT},
        docs_url="https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/"
        "inbound-rest/concept/c_TableAPI.html",
        exports=("lists of these tables as CSV, by field names or labels",),
        # An instance's own rules decide, and are heeded: https://www.servicenow.com/docs/r/
        # api-reference/rest-api-explorer/inbound-REST-API-rate-limiting.html
        rates={"default": 5.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, _listed(USERS, records.user)),
        Listed("applications", APPS, _listed(APPS, records.application)),
        Listed("tokens", TOKENS, _listed(TOKENS, records.token)),
        Listed("agents", AGENTS, _listed(AGENTS, records.agent)),
        Listed("skills", SKILLS, _listed(SKILLS, records.skill)),
        Logged("use", USE, _logged(USE, records.use), kept=_KEPT, span=timedelta(days=7)),
        Logged(
            "changes", CHANGES,
            _logged(CHANGES, records.change, f"^tablenameIN{','.join(records.WATCHED)}"),
            kept=_KEPT, span=timedelta(days=30),
        ),
    ),
    kinds=(
        Kind(records.is_change, records.change),
        Kind(records.is_use, records.use),
        Kind(records.is_token, records.token),
        Kind(records.is_application, records.application),
        Kind(records.is_user, records.user),
        Kind(records.is_agent, records.agent),
        Kind(records.APPLICATIONS.fits, records.application_row),
        Kind(records.TOKENS.fits, records.TOKENS.read(records.token)),
        Kind(records.USES.fits, records.USES.read(records.use)),
        Kind(records.PEOPLE.fits, records.PEOPLE.read(records.user)),
        Kind(records.is_skill, records.skill),
    ),
    access=_access,
    expected="rows of these tables",
)  # fmt: skip
