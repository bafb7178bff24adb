"""Weights & Biases: people, teams with their service accounts, projects, registered models, and
what its audit log tells of keys and of who works on what.

SCIM (https://docs.wandb.ai/platform/hosting/iam/scim), the audit log
(https://docs.wandb.ai/platform/hosting/monitoring-usage/audit-logging) and the GraphQL that its own
client asks with (https://github.com/wandb/wandb, ``tools/graphql_codegen``). No key, run, metric or
file is asked for.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

from connectors.wandb import lists, log
from connectors.wandb.graphql import GRAPHQL
from connectors.wandb.records import KINDS, NAMES, TEAMS, USERS, is_team, is_user, team, user
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Settings,
    secret,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.http import ReadOnlySession

Part = Literal["people", "teams", "projects", "models", "events"]
_CALLS = (USERS, TEAMS, GRAPHQL, log.EVENTS, log.OWN_EVENTS)


class WandbConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    wandb_organization: str = ""
    """Its name at W&B, where `organization` is another."""
    token_env: str = "WANDB_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with the API key of an organization's service account, or of an
    administrator."""
    username: str = ""
    """Of the administrator; empty: the key is a service account's."""
    url: str = "https://api.wandb.ai"
    """Or the address of a Dedicated Cloud or of where you run it."""
    own_instance: bool = False
    """`url` is a Dedicated Cloud or self-managed: its audit log stands elsewhere."""
    parts: tuple[Part, ...] = ("people", "teams", "projects", "models")
    """What to read; `events` needs an Enterprise plan."""


@dataclass(frozen=True)
class Access:
    """Two, as the same key goes with another user name in each."""

    rest: ReadOnlySession
    graphql: ReadOnlySession


def _access(ctx: Context[WandbConfig]) -> Access:
    key = secret(ctx, "an API key of an organization's service account")
    return Access(
        rest=session(ctx, _CALLS, _basic(ctx.config.username, key)),
        graphql=session(ctx, (GRAPHQL,), _basic("api", key)),
    )


def _basic(name: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()}


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="wandb",
        title="Weights & Biases people, teams, projects, models and audit log",
        config=WandbConfig,
        operations=_CALLS,
        yields=NAMES.kinds | KINDS,
        docs_url="https://docs.wandb.ai/platform/hosting/iam/scim",
        no_export="the vendor documents no export but the audit log's JSON lines, which are read",
        # Limits are told of logging runs alone:
        # https://docs.wandb.ai/platform/hosting/hosting-options/dedicated-cloud/rate-limits
        rates={"default": 2.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", USERS, lists.people),
        Listed("teams", TEAMS, lists.teams),
        Listed("projects", GRAPHQL, lists.projects),
        Listed("models", GRAPHQL, lists.models),
        Logged("events", log.EVENTS, log.events, kept=log.KEPT, span=log.SPAN),
    ),
    kinds=(Kind(log.is_event, log.event), Kind(is_user, user), Kind(is_team, team)),
    access=_access,
    expected="audit log entries, users or teams",
)
