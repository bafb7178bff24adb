"""Microsoft 365: the unified audit log over the Management Activity API, apps that Defender for
Cloud Apps has discovered, and Teams' catalogue of apps; or files exported from these.

Nodes are named as Entra's connector names them: the same people, applications and Copilot.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from connectors.microsoft365 import agents, discovery, events, feed
from connectors.microsoft365.names import NAMES, PERMITTED
from scanner.kit.administered import Administration, Kind, Listed, Logged, Settings
from scanner.kit.contract import ConnectorSpec
from scanner.kit.told import check_address

Part = Literal["directory", "general", "sharepoint", "exchange", "discovery", "teams", "agents"]
_KEPT = timedelta(days=7) - timedelta(minutes=10)
"""Content can be asked for seven days back; the clock of the call itself is left aside."""


class Microsoft365Config(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant, or files exported from one."""

    tenant_id: str = ""
    """The directory's id, where `organization` is not it."""
    token_env: str = "MICROSOFT365_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token for the Management API, where something else makes
    them; otherwise azure-identity is asked."""
    graph_token_env: str = "ENTRA_GRAPH_TOKEN"  # noqa: S105
    """The same for Microsoft Graph."""
    credential: Literal["default", "environment", "managed_identity", "workload_identity"] = (
        "default"
    )
    """Which of azure-identity's; `default` is its chain without a browser."""
    client_id: str = ""
    """Of a managed or federated identity, where there are several."""
    url: str = "https://manage.office.com"
    """Another address of the Management API (national clouds, a gateway)."""
    graph_url: str = "https://graph.microsoft.com"
    """The same of Graph."""
    parts: tuple[Part, ...] = ("directory", "general", "discovery", "teams")
    """What to read; `sharepoint` and `exchange` tell which applications open files and mail, and
    are large; `agents` asks Defender's advanced hunting, which needs Agent 365."""
    discovery_days: Literal[7, 30, 90] = 90
    """The period that Defender for Cloud Apps is asked for."""
    parallel_calls: Annotated[int, msgspec.Meta(ge=1, le=32)] = 8
    """Blobs of the audit log on their way at once."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_address(self.graph_url, self.organization)


_LOGS = tuple(
    Logged(name, feed.CONTENT, feed.reader(content), kept=_KEPT, span=timedelta(days=1))
    for name, content in feed.CONTENTS.items()
)

CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="microsoft365",
        title="Microsoft 365 audit log, Copilot, discovered and Teams apps",
        config=Microsoft365Config,
        operations=(*feed.OPERATIONS, *discovery.OPERATIONS, agents.HUNT),
        yields=NAMES.kinds
        | {PERMITTED.kind, events.AGENT, events.FLOW, events.COPILOT, agents.MCP},
        docs_url="https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference",
        exports=("Purview's CSV of an audit search", "the portal's CSV of discovered apps"),
        # 2,000 requests a minute a tenant, as the page says.
        rates={"activity": 30.0, "discovery": 2.0, "teams": 5.0, "hunting": 0.5},
    ),
    names=NAMES,
    parts=(
        *_LOGS,
        Listed("discovery", discovery.STREAMS, discovery.discovered),
        Listed("teams", discovery.TEAMS_APPS, discovery.teams_apps),
        Listed("agents", agents.HUNT, agents.agents),
    ),
    kinds=(
        Kind(events.is_exported, events.exported),
        Kind(events.is_activity, events.activity),
        Kind(events.is_record, events.happened),
        Kind(events.is_alert, events.alert),
        Kind(agents.is_agent, agents.agent),
        Kind(agents.is_interaction, agents.interaction),
        Kind(discovery.is_detail, discovery.detail),
        Kind(discovery.is_row, discovery.row),
    ),
    access=feed.Access,
    expected="audit records, alerts, agents, interactions or discovered apps",
    spelling=events.SPELLING,
)
