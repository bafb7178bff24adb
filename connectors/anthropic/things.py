"""What Anthropic's activities are about: the assistant, the console, and what is connected or made
within them."""

from __future__ import annotations

from typing import Any

from connectors.anthropic.admin import org_id, workspace_id
from scanner.kit.expressions import expression
from scanner.kit.opened import UNLISTED, OpenedData
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, DataStore

PROVIDER = "anthropic"
CLAUDE, CONSOLE, CODE = "anthropic.claude", "anthropic.console", "anthropic.claude_code"
INTEGRATION = "anthropic.integration"
_CLASSES = {
    "mcp_server": AssetClass.MCP_SERVER,
    "agent": AssetClass.AGENT,
    "skill": AssetClass.INTEGRATION,
    "plugin": AssetClass.INTEGRATION,
    "command": AssetClass.INTEGRATION,
    "extension": AssetClass.INTEGRATION,
    "marketplace": AssetClass.INTEGRATION,
}
OWN = frozenset({INTEGRATION, *(f"anthropic.{what}" for what in _CLASSES)})
"""What people make or connect, and may delete."""
KINDS = OWN | {CLAUDE, CONSOLE, CODE, "anthropic.data"}


def claude(org: str) -> Asset:
    return _own(org, "claude", CLAUDE, f"Claude of {org}", AssetClass.SAAS_APP)


def console(org: str) -> Asset:
    return _own(org, "console", CONSOLE, f"Claude Console of {org}", AssetClass.SAAS_APP)


def claude_code(org: str) -> Asset:
    return _own(org, "claude-code", CODE, f"Claude Code of {org}", AssetClass.AGENT)


def integration(org: str, which: str) -> Asset:
    return _own(
        org, f"integration/{which.casefold()}", INTEGRATION, f"Claude with {which} of {org}",
        AssetClass.INTEGRATION,
    )  # fmt: skip


def _own(org: str, what: str, kind: str, name: str, asset_class: AssetClass) -> Asset:
    return Asset(
        id=NodeId(f"{org_id(org)}/{what}"), kind=kind, name=name, asset_class=asset_class,
        provider=PROVIDER, account=org_id(org),
    )  # fmt: skip


def named(org: str, what: str, ident: str, name: str) -> Asset:
    """Of the vendor's own id, which holds for all; of a name alone, within the organization."""
    node = f"anthropic:{what}/{ident}" if ident else f"{org_id(org)}/{what}/{name.casefold()}"
    return Asset(
        id=NodeId(node), kind=f"anthropic.{what}", name=name or ident, asset_class=_CLASSES[what],
        provider=PROVIDER, account=org_id(org),
    )  # fmt: skip


def workspace(ident: str, org: str, name: str, **more: Any) -> Asset:
    return Asset(
        id=workspace_id(ident, org), kind="anthropic.workspace", name=name or ident,
        asset_class=AssetClass.INTEGRATION, provider=PROVIDER, account=org_id(org), **more,
    )  # fmt: skip


def by_name(name: str, org: str) -> tuple[str, str]:
    """The id and the title of a workspace of which a table of the Console tells the name alone."""
    if name.casefold() in ("", "default"):
        return "", f"{org}, default workspace"
    return f"{org}/named/{name}", name


_STORES = {
    "files": ("files", "files"),
    "mail": ("mail", "mail"),
    "calendar": ("calendars", "calendar"),
    "chat": ("messages", "chat"),
    "code": ("code", "code"),
    "tasks": ("work items", "tasks"),
    "customers": ("customer records", "customer records"),
}
_DATA = OpenedData("anthropic", "integration", _STORES)
_NOUNS = {
    "gdrive": "files", "drive": "files", "onedrive": "files", "sharepoint": "files",
    "box": "files", "dropbox": "files", "notion": "files", "confluence": "files",
    "gmail": "mail", "outlook": "mail", "mail": "mail", "gcal": "calendar",
    "calendar": "calendar", "slack": "chat", "teams": "chat", "github": "code", "ghe": "code",
    "gitlab": "code", "jira": "tasks", "linear": "tasks", "asana": "tasks",
    "salesforce": "customers", "hubspot": "customers",
}  # fmt: skip
_WORDS = expression(r"[a-z]+")


def opened(which: str, org: str) -> tuple[DataStore, ...]:
    """Data of a connected system, which Claude may read; what no table knows has no name."""
    words = _WORDS.findall(which.casefold())
    noun = next((_NOUNS[word] for word in words if word in _NOUNS), UNLISTED)
    return _DATA.of(((noun, True, False),), f"organization/{org}")[0]
