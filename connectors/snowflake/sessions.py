"""Rows of LOGIN_HISTORY -> which application came in, as whom. Pure.

https://docs.snowflake.com/sql-reference/account-usage/login_history. Whoever comes in by OAuth
comes through a security integration, and its name, which an administrator has chosen, is all that
the view tells of the application. Other ways in tell a driver, which says nothing of AI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.snowflake.records import NAMES, count_of, person, times_of
from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.overlooked import Happened, telling
from scanner.kit.values import text, when
from scanner.model.items import Activity, Item

_RULE = "account_usage.login_history"
_TYPES = frozenset({"LOGIN", "USER_LOCKED_TEMP"})
_THROUGH = "authorizing_integration_name"
_BY_OAUTH = "OAUTH"
_PARTS = expression(r"[\s_$.-]+")
_OF_OAUTH = frozenset({"oauth", "oauth2", "integration", "int", "security", "snowflake", "sso"})
"""Words that say of an integration that it is one."""
_OF_ITS_KIND = frozenset({
    "app", "client", "connector", "custom", "desktop", "dev", "external", "mcp", "prd", "prod",
    "server", "test", "web",
})  # fmt: skip


def _label(integration: str) -> str:
    """``CHATGPT_OAUTH_INT`` is ``CHATGPT``, ``CLAUDE_MCP_OAUTH`` is ``CLAUDE (MCP)``: the
    application's name, as far as there is one, apart from what is said of it."""
    words = [word for word in _PARTS.split(integration) if word]
    words = [word for word in words if word.casefold() not in _OF_OAUTH] or words
    named = [word for word in words if word.casefold() not in _OF_ITS_KIND]
    kinds = [word for word in words if word.casefold() in _OF_ITS_KIND]
    if not named:
        return " ".join(words)
    return " ".join(named) + (f" ({' '.join(kinds)})" if kinds else "")


def _opened(row: Mapping[str, Any], org: str, **more: Any) -> Activity | None:
    integration = text(row.get(_THROUGH))
    if not integration:
        return None
    return NAMES.app(
        org, _RULE, "used_by", integration, _label(integration),
        actor=person(org, text(row.get("user_name"))), **more,
    )  # fmt: skip


def _is_by_oauth(row: Mapping[str, Any]) -> bool:
    """Where the factor is not told, the integration alone says so."""
    factor = text(row.get("first_authentication_factor"))
    return factor.upper().startswith(_BY_OAUTH) if factor else bool(text(row.get(_THROUGH)))


@telling(
    "event_type", _TYPES, lambda _, row: _THROUGH if _is_by_oauth(row) else "", NAMES,
)  # fmt: skip
def signed_in(row: Any, org: str, rule: str) -> Happened | None:
    if not text(row.get("event_type")):
        return None
    at = when(row.get("event_timestamp"))
    ident = text(row.get("event_id")) or mark_of((at, whole(row)))
    is_login = text(row.get("event_type")).upper() == "LOGIN"
    one = _opened(row, org, first_at=at, last_at=at) if is_login and _is_by_oauth(row) else None
    if one is None:
        return ident, at, ()
    is_done = text(row.get("is_success")).upper() in ("YES", "TRUE", "1", "")
    return ident, at, (one if is_done else failed(one),)


def sessions(row: Mapping[str, Any], org: str, rule: str) -> list[Item] | None:
    """Of a statement that has added them up."""
    one = _opened(row, org, count=count_of(row), **times_of(row))
    return None if one is None else [one]
