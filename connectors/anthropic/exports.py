"""What Claude's own pages export: the audit log of an Enterprise organization, and its members.

https://support.claude.com/en/articles/9970975-how-to-access-audit-logs: a CSV of created_at,
actor_info, event, event_info, entity_info, ip_address, device_id, user_agent and client_platform,
whose cells hold objects as Python writes them. Its events are those of the Compliance API under
older names (appendix B of that API's revision I pairs them); they are told as that tells them. Of
the table of members no page lists the columns: an address and a role or seat must be among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.anthropic import activities
from connectors.anthropic.admin import org_id
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.records import column, has_columns
from scanner.kit.values import cell, mapping, text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge, Identity, PrincipalType, Relation
from scanner.model.items import Item

_LOGGED = ("created_at", "actor_info", "event", "entity_info")
_CALLED = {
    "conversation_created": "claude_chat_created",
    "conversation_deleted": "claude_chat_deleted",
    "conversation_renamed": "claude_chat_settings_updated",
    "file_uploaded": "claude_file_uploaded",
    "file_deleted": "claude_file_deleted",
    "project_created": "claude_project_created",
    "project_deleted": "claude_project_deleted",
    "project_renamed": "claude_project_renamed",
    "project_visibility_changed": "claude_project_sharing_updated",
    "project_document_created": "claude_project_document_uploaded",
    "project_document_deleted": "claude_project_document_deleted",
    "org_user_updated": "claude_user_role_updated",
    "user_attempted_magic_link_verification": "magic_link_login_succeeded",
    "user_name_changed": "claude_user_settings_updated",
    "user_requested_magic_link": "magic_link_login_initiated",
    "user_sent_phone_code": "phone_code_sent",
    "user_signed_in_apple": "social_login_succeeded",
    "user_signed_in_google": "social_login_succeeded",
    "user_signed_in_microsoft": "social_login_succeeded",
    "user_signed_in_sso": "sso_login_succeeded",
    "user_signed_out": "user_logged_out",
    "user_signed_out_all_sessions": "user_logged_out",
    "user_verified_phone_code": "phone_code_verified",
}
"""What the Compliance API calls it; others have one name."""
_ABOUT = (
    ("integration_", "integration_type", ""),
    ("mcp_", "mcp_server_name", "mcp_server_id"),
    ("skill_", "skill_name", "skill_id"),
    ("command_", "command_name", "command_id"),
    ("plugin_", "plugin_name", "plugin_id"),
    ("marketplace_", "marketplace_name", "marketplace_id"),
    ("api_key_", "key_name", "api_key_id"),
)
"""How events begin whose entity is read: the API's field of its name, and that of its id."""
_NAMES = ("integration_type", "integration", "provider", "name")


def is_logged(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _LOGGED)


def logged(record: Mapping[str, Any], org: str) -> Happened | Novel | None:
    """What a row of the audit log tells."""
    given = {str(key).strip().casefold(): value for key, value in record.items()}
    actor, about, entity = (
        mapping(cell(given.get(name))) for name in ("actor_info", "event_info", "entity_info")
    )
    name = text(given.get("event"))
    if name == "user_attempted_magic_link_verification" and about.get("is_successful") is False:
        kind = "magic_link_login_failed"
    else:
        kind = _CALLED.get(name, name)
    invited = about.get("invited_email_address")
    activity = {
        **about,
        **dict(_entity(name, about, entity)),
        **({"invited_email": invited} if invited else {}),
        "type": kind,
        "created_at": given.get("created_at"),
        "actor": _actor(actor),
    }
    return activities.event(activity, org)


def _actor(told: Mapping[str, Any]) -> dict[str, str]:
    """By address, as Claude Code's people are: its uuid is none of the API's ids."""
    mail = text(mapping(told.get("metadata")).get("email_address")) or text(
        told.get("email_address")
    )
    return {"email_address": mail} if "@" in mail else {"user_id": text(told.get("uuid"))}


def _entity(
    name: str, about: Mapping[str, Any], entity: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for starts, title, ident in _ABOUT:
        if name.startswith(starts):
            said = next(filter(None, (text(about.get(one)) for one in (title, *_NAMES))), "")
            yield title, said or text(entity.get("name"))
            if ident:
                yield ident, text(about.get(ident)) or text(entity.get("uuid"))


# --- members --------------------------------------------------------------------------------------

_MEMBERS = "members export"
_MAIL = ("Email", "Email address", "email_address")
_SEAT = ("Seat tier", "seat_tier", "Seat type", "Seat")
_ROLE = ("Role", "Organization role", "org_role")
_STATUS = ("Status", "Membership status")


def is_member(record: Mapping[str, Any]) -> bool:
    is_people = any(has_columns(record, (mail,)) for mail in _MAIL)
    return is_people and any(has_columns(record, (one,)) for one in (*_SEAT, *_ROLE))


def member(record: Mapping[str, Any], org: str) -> list[Item] | None:
    mail = column(record, *_MAIL).casefold()
    if "@" not in mail:
        return None
    node = NodeId(f"anthropic:person/{mail}")
    told = (Evidence(rule=_MEMBERS, source="anthropic", resource=node),)
    tags = {"role": column(record, *_ROLE), "seat": column(record, *_SEAT),
            "status": column(record, *_STATUS)}  # fmt: skip
    return [
        Identity(
            id=node, kind="anthropic.user", name=column(record, "Name", "Full name") or mail,
            email=mail, principal_type=PrincipalType.HUMAN,
            tags={key: value for key, value in tags.items() if value},
            evidence=told,
        ),
        Edge(source=org_id(org), target=node, relation=Relation.CONTAINS, evidence=told),
    ]  # fmt: skip
