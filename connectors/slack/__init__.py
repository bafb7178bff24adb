"""Slack: which apps a workspace or an Enterprise organization lets in, and with which scopes.

Audit logs and the lists of approved apps are for Enterprise organizations; integration logs and
people any workspace has. An answer may be a refusal in spite of its status 200.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.slack import events, tables
from connectors.slack.events import ACTIONS, NAMES
from connectors.slack.scopes import DATA
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
    told_once,
)
from scanner.kit.ai_words import said
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.expressions import expression
from scanner.kit.http import json_body
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor, by_number
from scanner.kit.told import check_address, gap
from scanner.kit.values import items, mapping, text
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable
from scanner.model.items import Item

Part = Literal["people", "integrations", "apps", "audit"]
_MOST_PAGE = "200"
_ACTION = expression(r"[A-Za-z0-9_.-]{1,80}")
_AUDITED = timedelta(days=3650)
"""Entries begin in March 2018, and are kept."""
AUDIT = read(
    "/audit/v1/logs", "auditlogs:read", "who installs, approves and widens which app",
    bucket="audit",
)  # fmt: skip
KNOWN_ACTIONS = read(
    "/audit/v1/actions", "auditlogs:read", "actions that Slack has added, which name AI or an app",
    bucket="audit",
)  # fmt: skip
_MOST_ACTIONS = 30
"""In one call."""
PEOPLE = read(
    "/users.list", "users:read", "people, their addresses, and the bots of apps", bucket="tier2",
    also=("users:read.email",),
)  # fmt: skip
INTEGRATIONS = read(
    "/team.integrationLogs", "admin", "apps and integrations that were added or removed",
    bucket="tier2",
)  # fmt: skip
APPROVED = read(
    "/admin.apps.approved.list", "admin.apps:read", "approved apps and their scopes",
    bucket="tier2",
)  # fmt: skip
REQUESTS = read(
    "/admin.apps.requests.list", "admin.apps:read", "apps that people ask for", bucket="tier2"
)
RESTRICTED = read(
    "/admin.apps.restricted.list", "admin.apps:read", "apps that are not allowed", bucket="tier2"
)
_WEB = (PEOPLE, INTEGRATIONS, APPROVED, REQUESTS, RESTRICTED)
_LISTS = ((APPROVED, "approved_apps"), (REQUESTS, "app_requests"), (RESTRICTED, "restricted_apps"))
_REFUSED = (
    "missing_scope", "not_authed", "invalid_auth", "account_inactive", "token_revoked",
    "token_expired", "no_permission", "not_allowed_token_type", "not_an_admin", "access_denied",
    "org_login_required", "ekm_access_denied", "invalid_authentication", "missing_authentication",
)  # fmt: skip
_NOT_HERE = (
    "not_an_enterprise", "feature_not_enabled", "paid_teams_only", "paid_only",
    "enterprise_is_restricted", "method_not_supported_for_channel_type",
)  # fmt: skip


class SlackConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace or an Enterprise organization, or files exported from one."""

    token_env: str = "SLACK_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with a user token of an administrator (of an owner, for audit logs)."""
    url: str = "https://slack.com/api"
    """Another address of the Web API (GovSlack, a gateway)."""
    audit_url: str = "https://api.slack.com"
    """The same of the Audit Logs API."""
    team_id: str = ""
    """The workspace, where the token is an organization's."""
    parts: tuple[Part, ...] = ("people", "integrations", "apps", "audit")
    """What to read; `apps` and `audit` are for Enterprise organizations."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.audit_url, self.organization)


class Access:
    def __init__(self, ctx: Context[SlackConfig]) -> None:
        headers = bearer(ctx, hint=" to a user token of an administrator")
        self.web = session(ctx, _WEB, headers)
        self.audit = session(ctx, (AUDIT, KNOWN_ACTIONS), headers, ctx.config.audit_url)
        self.team = {"team_id": ctx.config.team_id} if ctx.config.team_id else {}
        self._actions: tuple[str, ...] = ()

    def actions(self, warn: Callable[[str], None]) -> tuple[str, ...]:
        """Which are asked for: those that are known here, and of Slack's own list those that are
        not and are of apps or name AI. It is asked for once; where it cannot be had, the known ones
        are asked for alone, which is told. Raises ``Denied``: who may not read the list may not
        read the log either, by the same scope."""
        if not self._actions:
            try:
                body = mapping(json_body(self.audit.get(KNOWN_ACTIONS.path)))
                checked(body, KNOWN_ACTIONS.path)
                self._actions = (*ACTIONS, *unknown_actions(body))
            except Denied:
                raise
            except SourceError as error:
                warn(f"{KNOWN_ACTIONS.id}: {error}; actions that Slack has added are not asked for")
                self._actions = tuple(ACTIONS)
        return self._actions


def unknown_actions(body: Mapping[str, Any]) -> list[str]:
    """Of Slack's list, names of actions by what they are done with, those that are not known here
    and are worth a look. Raises ``Unavailable`` for what is no such list."""
    listed = body.get("actions")
    if not isinstance(listed, Mapping) or not listed:
        raise Unavailable("the answer has no list `actions`")
    return sorted(
        {
            name
            for about, names in listed.items()
            for name in map(text, items(names))
            if _ACTION.fullmatch(name) and name not in ACTIONS and (about == "app" or said(name))
        }
    )


_WORD = expression(r"[a-z][a-z0-9_-]{0,60}")


def checked(body: Mapping[str, Any], path: str) -> None:
    """https://docs.slack.dev/apis/web-api/#responses: ``ok`` says whether it is an answer."""
    error = text(body.get("error"))
    if body.get("ok") is not False and not error:
        return
    # What is no word of Slack's may repeat what was sent.
    said = f"{path}: {error if _WORD.fullmatch(error) else 'not ok'}"
    if error in _NOT_HERE:
        raise NotEnabled(f"{said}: this is for Enterprise organizations or paid plans")
    if error in _REFUSED:
        needed = text(body.get("needed"))
        raise Denied(f"{said}; grant {needed or 'the scope that `shadow-ai permissions` prints'}")
    if error in ("ratelimited", "rate_limited"):
        raise Throttled(said)
    raise Unavailable(said)


def _cursor(reading: Reading, operation: Operation, key: str, **query: str) -> Iterator[Any]:
    yield from by_cursor(
        reading.access.web, operation.path,
        {"limit": _MOST_PAGE, **reading.access.team, **query},
        items=key, cursor="response_metadata.next_cursor", param="cursor", check=checked,
    )  # fmt: skip


def people(reading: Reading) -> Iterator[Item]:
    odd = 0
    for record in _cursor(reading, PEOPLE, "members"):
        told = events.member(record, reading.org)
        odd += told is None
        yield from told or ()
    yield from odd_gap(odd, PEOPLE.id)


def integrations(reading: Reading) -> Iterator[Item]:
    """All of it each time: it is asked for by pages alone. One row an app, change and person."""
    size = 100
    found = by_number(
        reading.access.web, INTEGRATIONS.path,
        {"count": str(size), **reading.access.team},
        items="logs", param="page", size=size, check=checked, pages="paging.pages",
    )  # fmt: skip
    yield from told_once(found, events.change, reading, INTEGRATIONS.id)


def apps(reading: Reading) -> Iterator[Item]:
    """What an organization has approved, was asked for and has refused. A list that may not be read
    is a gap; when none may, the error is raised."""
    errors: list[tuple[Operation, SourceError]] = []
    odd = 0
    for operation, key in _LISTS:
        try:
            for record in _cursor(reading, operation, key):
                rule = operation.id.rpartition("/")[2]
                told = events.listed(record, reading.org, rule)
                odd += told is None
                yield from told or ()
        except SourceError as error:
            errors.append((operation, error))
    if len(errors) == len(_LISTS):
        raise errors[0][1]
    for operation, trouble in errors:
        yield gap(operation.id, trouble)
    yield from odd_gap(odd, APPROVED.id)


def entries(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """An organization's log is mostly messages' files and people's sign-ins: it is asked for some
    of its actions alone."""
    asked = reading.access.actions(reading.ctx.warn)
    for start in range(0, len(asked), _MOST_ACTIONS):
        query = {
            "oldest": str(int(begin.timestamp())), "latest": str(int(end.timestamp())),
            "action": ",".join(asked[start : start + _MOST_ACTIONS]), "limit": "1000",
        }  # fmt: skip
        found = by_cursor(
            reading.access.audit, AUDIT.path, query, items="entries",
            cursor="response_metadata.next_cursor", param="cursor", check=checked,
        )  # fmt: skip
        for record in found:
            yield events.entry(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="slack",
        title="Slack apps, scopes, integration and audit logs",
        config=SlackConfig,
        operations=(AUDIT, KNOWN_ACTIONS, *_WEB),
        yields=NAMES.kinds | {DATA.kind, tables.AI},
        docs_url="https://docs.slack.dev/admins/audit-logs-api",
        exports=("tables of installed apps, integration logs, audit log and members (CSV)",),
        # https://docs.slack.dev/apis/web-api/rate-limits: tier 3 and tier 2, a minute.
        rates={"audit": 50 / 60, "tier2": 20 / 60},
    ),
    names=NAMES,
    parts=(
        Listed("people", PEOPLE, people),
        Listed("integrations", INTEGRATIONS, integrations, counts=True),
        Listed("apps", APPROVED, apps),
        Logged("audit", AUDIT, entries, kept=_AUDITED, span=timedelta(days=30)),
    ),
    kinds=(
        Kind(events.is_entry, events.entry),
        Kind(events.is_change, events.change),
        Kind(events.is_listed, events.listed),
        Kind(events.is_member, events.member),
        Kind(tables.is_logged, tables.logged),
        Kind(tables.is_change, tables.change),
        Kind(tables.is_app, tables.installed),
        Kind(tables.is_person, tables.person),
    ),
    access=Access,
    expected="audit entries, integration logs, apps or people: other tables of the consoles tell "
    "of no app; export the organization's audit logs and installed apps, and the list of members",
    spelling=events.SPELLING,
)
