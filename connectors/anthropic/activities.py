"""The Compliance API's activity feed: who works with Claude and by what, which systems are
connected to it, and who makes keys, workspaces, skills, plugins and agents.

https://platform.claude.com/docs/en/api/compliance/activities/list. Its types are hundreds and grow
each month: they are known by what they begin with. Titles, file names, addresses and devices are
not read; what somebody has named for an organization (a key, a server, a skill) is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.anthropic import things
from connectors.anthropic.admin import key_id, org_id, who_id, workspace_id
from connectors.anthropic.things import named
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.overlooked import Happened, Novel, lacking
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Asset,
    Credential,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.items import Activity

KINDS = things.KINDS | {"anthropic.service_account", "anthropic.admin_api_key",
                        "anthropic.service_key"}  # fmt: skip
_ACTS = "actor"
"""Rule of a key by which something was done, whatever it was."""
_MOST_TEXT = 120
_FIELDS = (
    "id", "type", "created_at", "organization_id", "actor.type", "actor.user_id",
    "actor.email_address", "actor.api_key_id", "actor.admin_api_key_id",
    "actor.service_account_id", "api_key_id", "admin_api_key_id", "scopes", "workspace_id",
    "mcp_server_id", "mcp_server_name", "integration_type", "skill_id", "skill_name", "plugin_id",
    "plugin_name", "key_name", "service_name", "service_account_id", "user_id", "decision",
)  # fmt: skip
SPELLING = Spelling(_FIELDS, also={f"anthropic.audit.{one}": one for one in _FIELDS})
"""Also as columns of an index, each with the names of all that it is within."""


def is_event(record: Mapping[str, Any]) -> bool:
    return {"type", "created_at"} <= record.keys() and bool(
        {"actor", "organization_id", "organization_uuid"} & record.keys()
    )


@dataclass(frozen=True)
class _Event:
    kind: str
    at: str
    org: str
    given: Mapping[str, Any]
    who: Identity | None
    by_key: NodeId | None

    def evidence(self, node: NodeId, rule: str = "") -> tuple[Evidence, ...]:
        return (
            Evidence(
                rule=rule or self.kind, source="anthropic", resource=node, first_at=self.at,
                last_at=self.at,
            ),
        )  # fmt: skip

    def edge(
        self, source: NodeId, target: NodeId, relation: Relation, rule: str = ""
    ) -> Edge:  # fmt: skip
        told = self.evidence(source, rule)
        return Edge(source=source, target=target, relation=relation, evidence=told)

    def text(self, name: str) -> str:
        return text(self.given.get(name))

    @property
    def place(self) -> NodeId:
        place = self.text("workspace_id")
        return workspace_id(place, self.org) if place else org_id(self.org)

    @property
    def is_end(self) -> bool:
        return self.kind.endswith(_ENDS)


_ENDS = (
    "_deleted", "_revoked", "_removed", "_disconnected", "_archived", "_disabled", "_unassigned",
    "_dismissed", "_rejected", "_cancelled",
)  # fmt: skip
_USES = (
    "_created", "_viewed", "_uploaded", "_updated", "_accessed", "_downloaded", "_published",
    "_started", "_replaced", "_succeeded", "_shared", "_renamed", "_restored", "_sent",
)  # fmt: skip


_NEEDS = (
    ("platform_api_key_", "api_key_id"),
    ("admin_api_key_", "admin_api_key_id"),
    ("mcp_server_", "mcp_server_id|mcp_server_name"),
)
"""How types begin, and the fields of which one says what they are about."""


def event(record: Any, org: str) -> Happened | Novel | None:
    """What one activity tells; None for what is none."""
    given = mapping(record)
    kind, at = text(given.get("type")), when(given.get("created_at"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("id"))
    # Ids are the vendor's; a repeated activity is the same in all three.
    mark = " ".join((ident, kind, at)) if ident else mark_of((whole(given),))
    one = _of(given, kind, at, org)
    known = next((told for starts, told in _FAMILIES if kind.startswith(starts)), None)
    happened = mark, at, (*_actors(one), *(known or _quiet)(one))
    needs = next((fields for starts, fields in _NEEDS if kind.startswith(starts)), "")
    if lacks := lacking(given, needs):
        return Novel(kind=kind, event=happened, lacks=lacks)
    return happened if known else Novel(kind=kind, event=happened)


def _of(given: Mapping[str, Any], kind: str, at: str, org: str) -> _Event:
    actor = mapping(given.get("actor"))
    key = text(actor.get("api_key_id")) or text(actor.get("admin_api_key_id"))
    account = text(actor.get("service_account_id"))
    return _Event(
        kind=kind, at=at, org=org, given=given, by_key=key_id(key) if key else None,
        who=_service(account) if account else _person(
            text(actor.get("user_id")), text(actor.get("email_address"))
        ),
    )  # fmt: skip


def _person(ident: str, mail: str, evidence: tuple[Evidence, ...] = (),
            tags: Mapping[str, str] | None = None) -> Identity | None:  # fmt: skip
    address = mail.strip().casefold() if "@" in mail else ""
    if not ident and not address:
        return None
    return Identity(
        id=who_id(ident) if ident else NodeId(f"anthropic:person/{address}"),
        kind="anthropic.user", name=address or ident, email=address,
        principal_type=PrincipalType.HUMAN, evidence=evidence, tags=dict(tags or {}),
    )  # fmt: skip


def _service(ident: str, evidence: tuple[Evidence, ...] = (), name: str = "") -> Identity:
    return Identity(
        id=who_id(ident), kind="anthropic.service_account", name=cut(name, _MOST_TEXT) or ident,
        principal_type=PrincipalType.SERVICE, evidence=evidence,
    )  # fmt: skip


def _actors(one: _Event) -> Iterator[Fact]:
    """The key by which it was done, with its last use."""
    if one.by_key:
        is_admin = "admin_api_key_id" in mapping(one.given.get("actor"))
        yield Credential(
            id=one.by_key, kind="anthropic.admin_api_key" if is_admin else "anthropic.api_key",
            name=one.by_key.rpartition("/")[2], issuer="anthropic", fingerprint="",
            last_used_at=one.at, evidence=one.evidence(one.by_key, _ACTS),
        )  # fmt: skip


def _act(one: _Event, thing: Asset, relation: str, **more: Any) -> Activity:
    """``relation``: of what was done with it; what ended or was tried in vain is no use."""
    status = "deleted" if one.kind.endswith("_deleted") and thing.kind in things.OWN else ""
    made = Activity(
        rule=one.kind, account=org_id(one.org), app_id=thing.id, label=thing.name,
        thing=msgspec.structs.replace(thing, status=status), actor=one.who, first_at=one.at,
        last_at=one.at, relation="" if one.is_end else relation, **more,
    )  # fmt: skip
    return failed(made) if one.kind.endswith("_failed") else made


def _quiet(one: _Event) -> Iterator[Activity | Fact]:
    """Done, and no use of a model: settings, people, groups, bills."""
    of_console = one.kind.startswith(("platform_", "workspace_", "api_key", "admin_api", "scoped_"))
    yield _act(one, (things.console if of_console else things.claude)(one.org), "")


def _uses(thing: Callable[[str], Asset]) -> Callable[[_Event], Iterator[Activity | Fact]]:
    def told(one: _Event) -> Iterator[Activity | Fact]:
        yield _act(one, thing(one.org), "used_by" if one.kind.endswith(_USES) else "")

    return told


def _connected(one: _Event) -> Iterator[Activity | Fact]:
    """A system whose data Claude may read: for one person, or for all."""
    given = one.text("integration_type")
    which = given or next((word for word in ("gdrive", "github", "ghe") if word in one.kind), "")
    is_open = one.kind.endswith(("_connected", "_created", "_enabled"))
    reads = things.opened(which, one.org) if is_open else ()
    thing = things.integration(one.org, cut(which, _MOST_TEXT) or "unknown")
    yield _act(one, thing, "grants" if is_open else "", reads=reads)


def _server(one: _Event) -> Iterator[Activity | Fact]:
    ident, name = one.text("mcp_server_id"), cut(one.text("mcp_server_name"), _MOST_TEXT)
    if not ident and not name:
        yield from _quiet(one)
        return
    approved = one.text("decision") == "approved"
    is_new = one.kind == "mcp_server_created"
    relation = "created_by" if is_new else "grants" if approved else ""
    yield _act(one, named(one.org, "mcp_server", ident, name), relation)


def _made(what: str) -> Callable[[_Event], Iterator[Activity | Fact]]:
    """A skill, plugin, command or agent that is made for people; an agent's session is its use."""

    def told(one: _Event) -> Iterator[Activity | Fact]:
        ident = one.text(f"{what}_id") or one.text(f"platform_{what}_id")
        name = cut(one.text(f"{what}_name"), _MOST_TEXT)
        if not ident and not name:
            yield from _quiet(one)
            return
        relation = "created_by" if one.kind.endswith(("_created", "_installed")) else ""
        if "_session" in one.kind and one.kind.endswith(_USES):
            relation = "used_by"
        yield _act(one, named(one.org, what, ident, name), relation)

    return told


def _key(kind: str, *fields: str) -> Callable[[_Event], Iterator[Activity | Fact]]:
    def told(one: _Event) -> Iterator[Activity | Fact]:
        ident = next(filter(None, (one.text(field) for field in fields)), "")
        service, label = one.text("service_name"), one.text("key_name")
        if not ident and label:
            ident = f"{service}/{label}"
        if ident:
            yield from _credential(one, kind, cut(ident, 300), cut(label, _MOST_TEXT))
        yield from _quiet(one)

    return told


def _credential(one: _Event, kind: str, ident: str, label: str) -> Iterator[Fact]:
    node = key_id(ident)
    scopes = sorted(filter(None, map(text, items(one.given.get("scopes")))))
    changed = {text(mapping(u).get("type")): text(mapping(u).get("current_value"))
               for u in items(one.given.get("updates"))}  # fmt: skip
    label = label or cut(changed.get("name", ""), _MOST_TEXT)
    gone = one.kind.rpartition("_")[2] if one.is_end else ""
    tags = {
        "scopes": cut(", ".join(scopes), 2000),
        "status": gone or cut(changed.get("status", ""), _MOST_TEXT),
    }
    is_new = one.kind.endswith("_created")
    yield Credential(
        id=node, kind=kind, name=f"Anthropic key {label}" if label else ident, issuer="anthropic",
        fingerprint="", created_at=one.at if is_new else "",
        tags={name: value for name, value in tags.items() if value}, evidence=one.evidence(node),
    )  # fmt: skip
    if one.is_end:
        return
    yield one.edge(one.place, node, Relation.CONTAINS)
    if one.text("workspace_id"):
        yield one.edge(one.place, node, Relation.AUTHENTICATES_WITH)
    if is_new and one.who is not None:
        yield one.who
        yield one.edge(node, one.who.id, Relation.CREATED_BY)


def _workspace(one: _Event) -> Iterator[Activity | Fact]:
    ident = one.text("workspace_id")
    if ident:
        is_gone = one.kind == "platform_workspace_archived"
        thing = things.workspace(
            ident, one.org, cut(one.text("workspace_name"), _MOST_TEXT),
            status="archived" if is_gone else "", evidence=one.evidence(workspace_id(ident, "")),
            created_at=one.at if one.kind == "platform_workspace_created" else "",
        )  # fmt: skip
        yield thing
        if not is_gone:
            yield one.edge(org_id(one.org), thing.id, Relation.CONTAINS)
        member = one.text("user_id")
        if member and one.kind == "platform_workspace_member_added":
            yield one.edge(thing.id, who_id(member), Relation.USED_BY)
        if one.who and one.kind == "platform_workspace_created":
            yield _act(one, thing, "created_by")
            return
    yield from _quiet(one)


def _service_account(one: _Event) -> Iterator[Activity | Fact]:
    ident = one.text("service_account_id")
    if ident:
        node = who_id(ident)
        yield _service(ident, one.evidence(node), one.text("service_account_name"))
        if not one.is_end:
            yield one.edge(one.place, node, Relation.CONTAINS)
    yield from _quiet(one)


_INVITED = ("email_address", "invited_email", "invitee_email_address", "email")


def _invited(one: _Event) -> Iterator[Activity | Fact]:
    mail = next((found for name in _INVITED if "@" in (found := one.text(name))), "")
    who = _person("", mail, tags={"invited_at": one.at})
    if who is not None:
        yield msgspec.structs.replace(who, evidence=one.evidence(who.id))
    yield from _quiet(one)


_SETTINGS = (
    "claude_organization_settings", "claude_user_", "claude_chat_settings", "claude_tag_settings",
)  # fmt: skip
_KNOWN = (
    "abuse_", "account_", "admin_", "age_", "anonymous_", "audit_log_", "billing_", "claude_",
    "compliance_", "extra_usage_", "group_", "lti_", "magic_link_", "org_", "organization_",
    "owned_", "payment_", "phone_", "platform_", "prepaid_", "primary_owner_", "pubsec_", "rbac_",
    "role_", "scim_", "seat_", "service_", "session_", "social_", "sso_", "subscription_",
    "tunnel_", "user_", "workspace_",
)  # fmt: skip
_FAMILIES: tuple[tuple[str | tuple[str, ...], Callable[[_Event], Iterator[Activity | Fact]]], ...]
_FAMILIES = (
    (_SETTINGS, _quiet),
    (("claude_gdrive_integration", "claude_github_integration", "integration_", "ghe_user_"),
     _connected),
    (("mcp_", "admin_connector_request_resolved"), _server),
    (("claude_skill", "skill_", "platform_skill"), _made("skill")),
    (("claude_plugin", "plugin_"), _made("plugin")),
    (("claude_command",), _made("command")),
    (("extension_", "claude_extension", "desktop_extension"), _made("extension")),
    (("marketplace_",), _made("marketplace")),
    (("platform_agent",), _made("agent")),
    (("claude_code_",), _uses(things.claude_code)),
    (("claude_chat", "claude_file", "claude_project", "claude_artifact", "claude_published",
      "session_share_", "cowork_", "claude_cowork", "claude_session", "claude_memory"),
     _uses(things.claude)),
    (("sso_login_succeeded", "social_login_succeeded", "magic_link_login_succeeded",
      "sso_login_failed", "magic_link_login_failed", "social_login_failed"), _uses(things.claude)),
    (("admin_api_key_",), _key("anthropic.admin_api_key", "admin_api_key_id")),
    (("api_key_", "platform_api_key_", "scoped_api_key_"),
     _key("anthropic.api_key", "api_key_id", "scoped_api_key_id")),
    (("service_key_",), _key("anthropic.service_key", "service_key_id")),
    (("platform_workspace_",), _workspace),
    (("platform_service_account_",), _service_account),
    (("org_user_invite_sent", "org_user_invite_re_sent"), _invited),
    (("platform_file_",), _uses(things.console)),
    (("ghe_",), _quiet),
    (_KNOWN, _quiet),
)  # fmt: skip
"""What types begin with, the most exact first, and what they tell."""
