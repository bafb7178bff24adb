"""Workspaces, people and keys, as the Admin API tells them.

Follows https://platform.claude.com/docs/en/api/admin/workspaces/list, ``.../users/list``,
``.../api_keys/list`` and ``.../workspaces/members/list``: lists of up to 1,000, the next behind
``after_id``. What is in no workspace is in the organization's default one, which has no record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.http import ReadOnlySession
from scanner.kit.paged import by_last_id
from scanner.kit.told import edge, evidence, gap, hint
from scanner.kit.values import mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.items import Item

WORKSPACES = "/v1/organizations/workspaces"
MEMBERS = "/v1/organizations/workspaces/{workspace}/members"
USERS = "/v1/organizations/users"
KEYS = "/v1/organizations/api_keys"
INVITES = "/v1/organizations/invites"
OPERATIONS = (
    (WORKSPACES, "admin", "workspaces of the organization"),
    (MEMBERS, "admin", "who may use a workspace"),
    (USERS, "admin", "people of the organization: who owns keys, who uses Claude Code"),
    (KEYS, "admin", "keys, who made them, their state and what is shown of them"),
    (INVITES, "admin", "who is asked to join, and has not yet"),
)
KINDS = frozenset({
    "anthropic.organization", "anthropic.workspace", "anthropic.user", "anthropic.api_key",
})  # fmt: skip
_SIZE = {"limit": "1000"}
_OWNERS = ("id", "user_id", "service_account_id")


def org_id(name: str) -> NodeId:
    return NodeId(f"anthropic:organization/{name}")


def workspace_id(ident: str, name: str) -> NodeId:
    return NodeId(f"anthropic:workspace/{ident or f'{name}/default'}")


def who_id(ident: str) -> NodeId:
    return NodeId(f"anthropic:user/{ident}")


def key_id(ident: str) -> NodeId:
    return NodeId(f"anthropic:key/{ident}")


def organization(session: ReadOnlySession, name: str, *, with_archived: bool) -> Iterator[Item]:
    """Everything but use. Raises the source errors when not even people or workspaces may be
    read."""
    people = list(by_last_id(session, USERS, _SIZE, after="after_id"))
    asked = {**_SIZE, "include_archived": str(with_archived).lower()}
    places = list(by_last_id(session, WORKSPACES, asked, after="after_id"))
    yield Account(
        id=org_id(name), kind="anthropic.organization", name=name, provider="anthropic",
        evidence=(evidence("anthropic", USERS, org_id(name)),),
    )  # fmt: skip
    for record in people:
        yield from _person(record, name)
    yield from _workspace({"name": f"{name}, default workspace"}, name)
    for record in places:
        yield from _workspace(record, name)
        yield from _members(session, record, name)
    for path, what, read in ((KEYS, "keys", _key), (INVITES, "invitations", _invite)):
        try:
            for record in by_last_id(session, path, _SIZE, after="after_id"):
                yield from read(record, name)
        except SourceError as error:
            yield gap(what, error)


def _person(record: Mapping[str, Any], name: str) -> Iterator[Item]:
    ident = who_id(text(record["id"]))
    mail = text(record.get("email"))
    yield Identity(
        id=ident,
        kind="anthropic.user",
        name=text(record.get("name")) or mail or text(record["id"]),
        email=mail.lower(),
        principal_type=PrincipalType.HUMAN,
        tags={"role": role} if (role := text(record.get("role"))) else {},
        evidence=(evidence("anthropic", USERS, ident),),
    )
    yield edge(org_id(name), ident, Relation.CONTAINS, USERS)


def _workspace(record: Mapping[str, Any], name: str) -> Iterator[Item]:
    ident = workspace_id(text(record.get("id")), name)
    residency = mapping(record.get("data_residency"))
    tags = {
        "workspace_geo": text(residency.get("workspace_geo")),
        "default_inference_geo": text(residency.get("default_inference_geo")),
    }
    yield Asset(
        id=ident,
        kind="anthropic.workspace",
        name=text(record.get("name")) or text(record.get("id")),
        asset_class=AssetClass.INTEGRATION,
        provider="anthropic",
        account=org_id(name),
        created_at=stamp(record.get("created_at")),
        status="archived" if record.get("archived_at") else "active",
        tags={key: value for key, value in tags.items() if value},
        evidence=(evidence("anthropic", WORKSPACES, ident),),
    )
    yield edge(org_id(name), ident, Relation.CONTAINS, WORKSPACES)
    yield edge(ident, NodeId("provider:anthropic"), Relation.CALLS, WORKSPACES)


def _members(session: ReadOnlySession, workspace: Mapping[str, Any], name: str) -> Iterator[Item]:
    ident = text(workspace["id"])
    path = MEMBERS.replace("{workspace}", ident)
    try:
        for record in by_last_id(session, path, _SIZE, after="after_id", key="user_id"):
            role = text(record.get("workspace_role"))
            relation = Relation.OWNED_BY if role == "workspace_admin" else Relation.USED_BY
            who = who_id(text(record["user_id"]))
            yield edge(workspace_id(ident, name), who, relation, MEMBERS, role)
    except SourceError as error:
        yield gap(f"members of workspace {ident}", error)


def _key(record: Mapping[str, Any], name: str) -> Iterator[Item]:
    ident = key_id(text(record["id"]))
    tags = {"name": text(record.get("name")), "status": text(record.get("status")),
            "expires_at": stamp(record.get("expires_at"))}  # fmt: skip
    yield Credential(
        id=ident,
        kind="anthropic.api_key",
        name=f"Anthropic key {text(record.get('name')) or text(record['id'])}",
        issuer="anthropic",
        fingerprint="",
        hint=hint(text(record.get("partial_key_hint"))),
        created_at=stamp(record.get("created_at")),
        tags={key: value for key, value in tags.items() if value},
        evidence=(evidence("anthropic", KEYS, ident),),
    )
    scope = mapping(record.get("scope"))
    place = workspace_id(text(record.get("workspace_id")) or text(scope.get("workspace_id")), name)
    if text(scope.get("type")) == "organization":
        place = org_id(name)
    yield edge(place, ident, Relation.CONTAINS, KEYS)
    yield edge(place, ident, Relation.AUTHENTICATES_WITH, KEYS)
    # Whom it acts as answers for it, where that is told; who made it, else.
    owner = mapping(record.get("principal")) or mapping(record.get("created_by"))
    who = next(filter(None, (text(owner.get(field)) for field in _OWNERS)), "")
    if who:
        yield edge(ident, who_id(who), Relation.OWNED_BY, KEYS)


def _invite(record: Mapping[str, Any], name: str) -> Iterator[Item]:
    """Of those who have joined, the list of people tells more."""
    mail = text(record.get("email")).strip().lower()
    if record.get("status") not in ("pending", "expired") or "@" not in mail:
        return
    node = NodeId(f"anthropic:person/{mail}")
    tags = {"invited_at": stamp(record.get("invited_at")), "role": text(record.get("role")),
            "invitation": text(record.get("status"))}  # fmt: skip
    yield Identity(
        id=node, kind="anthropic.user", name=mail, email=mail, principal_type=PrincipalType.HUMAN,
        tags={key: value for key, value in tags.items() if value},
        evidence=(evidence("anthropic", INVITES, node),),
    )  # fmt: skip


# --- lists that were exported -----------------------------------------------------------------


def is_record(record: Mapping[str, Any]) -> bool:
    return text(record.get("type")) in _RECORDS and "id" in record


def told(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    read = _RECORDS.get(text(given.get("type")))
    if read is None or not text(given.get("id")):
        return None
    return list(read(given, org))


_RECORDS: Mapping[str, Callable[[Mapping[str, Any], str], Iterator[Item]]] = {
    "user": _person, "workspace": _workspace, "api_key": _key, "invite": _invite,
}  # fmt: skip
