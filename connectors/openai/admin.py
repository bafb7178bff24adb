"""Projects, people, service accounts and keys, as the administration API tells them.

Follows https://platform.openai.com/docs/api-reference/administration and the fields of
https://github.com/openai/openai-openapi (``ProjectApiKey``, ``AdminApiKey``, ``ProjectUser``):
lists of up to 100, the next behind ``after=<id of the last>``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.paged import by_last_id
from scanner.kit.text import cut
from scanner.kit.told import edge, evidence, gap, hint
from scanner.kit.values import items, mapping, stamp, text
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
from scanner.model.items import Gap, Item

PROJECTS = "/v1/organization/projects"
USERS = "/v1/organization/users"
ADMIN_KEYS = "/v1/organization/admin_api_keys"
_PROJECT = "/v1/organization/projects/{project}"
KEYS = f"{_PROJECT}/api_keys"
MEMBERS = f"{_PROJECT}/users"
SERVICE_ACCOUNTS = f"{_PROJECT}/service_accounts"
RETENTION = f"{_PROJECT}/data_retention"
MODELS = f"{_PROJECT}/model_permissions"
OPERATIONS = (
    (PROJECTS, "admin", "projects of the organization"),
    (USERS, "admin", "people of the organization: who owns keys, who has left"),
    (ADMIN_KEYS, "admin", "keys that administer the organization, their owners and last use"),
    (KEYS, "admin", "keys of a project, their owners and last use"),
    (MEMBERS, "admin", "who may use a project"),
    (SERVICE_ACCOUNTS, "admin", "service accounts of a project"),
    (RETENTION, "admin", "whether a project's prompts are kept"),
    (MODELS, "admin", "which models a project may use"),
)
PROJECT_FIELDS = ("id", "name", "status", "created_at", "residency")
KINDS = frozenset({
    "openai.organization", "openai.project", "openai.user", "openai.service_account",
    "openai.api_key", "openai.admin_api_key",
})  # fmt: skip


def org_id(name: str) -> NodeId:
    return NodeId(f"openai:organization/{name}")


def project_id(ident: str) -> NodeId:
    return NodeId(f"openai:project/{ident}")


def who_id(ident: str) -> NodeId:
    """Of a user or a service account; both have ids of the vendor's own."""
    return NodeId(f"openai:identity/{ident}")


def key_id(ident: str) -> NodeId:
    return NodeId(f"openai:key/{ident}")


def listed(session: ReadOnlySession, path: str, **asked: str) -> Iterator[Mapping[str, Any]]:
    """Every record. Raises the source errors."""
    return by_last_id(session, path, {"limit": "100", **asked}, after="after")


def projects(session: ReadOnlySession, *, with_archived: bool) -> Iterator[Mapping[str, Any]]:
    return listed(session, PROJECTS, include_archived=str(with_archived).lower())


def organization(session: ReadOnlySession, name: str) -> Iterator[Item]:
    """The organization, its people and the keys that administer it."""
    people = list(listed(session, USERS))
    yield Account(
        id=org_id(name), kind="openai.organization", name=name, provider="openai",
        evidence=(evidence("openai", USERS, org_id(name)),),
    )  # fmt: skip
    for record in people:
        yield from _person(record, org_id(name), USERS)
    try:
        for record in listed(session, ADMIN_KEYS):
            yield from _key(record, org_id(name), ADMIN_KEYS, "openai.admin_api_key")
    except SourceError as error:
        yield gap("admin keys", error)


def project(session: ReadOnlySession, name: str, scope: Mapping[str, str]) -> Iterator[Item]:
    """A project, who may use it, and its keys. Raises the source error where none of its lists may
    be read."""
    ident = project_id(scope["id"])
    tags: dict[str, str] = {}
    if scope.get("residency"):
        tags["residency"] = scope["residency"]
    gaps: list[Gap] = []
    for path, what in ((RETENTION, "data retention"), (MODELS, "model permissions")):
        try:
            told = mapping(json_body(session.get(_of(path, scope))))
        except Missing:
            continue  # not set: what the organization has holds
        except SourceError as error:
            gaps.append(gap(f"{what} of project {scope['id']}", error))
            continue
        if path == RETENTION:
            tags["data_retention"] = text(told.get("type"))
        else:
            tags["models"] = text(told.get("mode"))
            listing = ", ".join(sorted(filter(None, map(text, items(told.get("model_ids"))))))
            tags["model_list"] = cut(listing, 2000)
    yield _asset(scope, name, tags)
    yield edge(org_id(name), ident, Relation.CONTAINS, PROJECTS)
    yield edge(ident, NodeId("provider:openai"), Relation.CALLS, PROJECTS)
    yield from gaps
    errors: list[SourceError] = []
    for path, what, read in _LISTS:
        try:
            for record in listed(session, _of(path, scope)):
                yield from read(record, ident)
        except SourceError as error:
            errors.append(error)
            yield gap(f"{what} of project {scope['id']}", error)
    if len(errors) == len(_LISTS):
        raise errors[0]


def _asset(scope: Mapping[str, Any], name: str, tags: Mapping[str, str]) -> Asset:
    ident = project_id(text(scope.get("id")))
    return Asset(
        id=ident,
        kind="openai.project",
        name=text(scope.get("name")) or text(scope.get("id")),
        asset_class=AssetClass.INTEGRATION,
        provider="openai",
        account=org_id(name),
        created_at=seconds(scope.get("created_at")),
        status=text(scope.get("status")),
        tags={key: value for key, value in tags.items() if value},
        evidence=(evidence("openai", PROJECTS, ident),),
    )


def _member(record: Mapping[str, Any], project: NodeId) -> Iterator[Item]:
    yield from _person(record, None, MEMBERS)
    who = who_id(text(record["id"]))
    is_owner = text(record.get("role")) == "owner"
    relation = Relation.OWNED_BY if is_owner else Relation.USED_BY
    yield edge(project, who, relation, MEMBERS, text(record.get("role")))


def _service_account(record: Mapping[str, Any], project: NodeId) -> Iterator[Item]:
    ident = who_id(text(record["id"]))
    yield Identity(
        id=ident,
        kind="openai.service_account",
        name=text(record.get("name")) or text(record["id"]),
        principal_type=PrincipalType.SERVICE,
        tags={"created_at": seconds(record.get("created_at")), "role": text(record.get("role"))},
        evidence=(evidence("openai", SERVICE_ACCOUNTS, ident),),
    )
    yield edge(project, ident, Relation.CONTAINS, SERVICE_ACCOUNTS)


def _project_key(record: Mapping[str, Any], project: NodeId) -> Iterator[Item]:
    yield from _key(record, project, KEYS, "openai.api_key")


_LISTS = (
    (MEMBERS, "members", _member),
    (SERVICE_ACCOUNTS, "service accounts", _service_account),
    (KEYS, "keys", _project_key),
)


def _person(record: Mapping[str, Any], holder: NodeId | None, path: str) -> Iterator[Item]:
    ident = who_id(text(record["id"]))
    mail = text(record.get("email"))
    is_service = record.get("is_service_account") is True
    yield Identity(
        id=ident,
        kind="openai.service_account" if is_service else "openai.user",
        name=text(record.get("name")) or mail or text(record["id"]),
        email=mail.lower(),
        principal_type=PrincipalType.SERVICE if is_service else PrincipalType.HUMAN,
        tags={"role": role} if (role := text(record.get("role"))) else {},
        evidence=(evidence("openai", path, ident),),
    )
    if holder:
        yield edge(holder, ident, Relation.CONTAINS, path)


def _key(record: Mapping[str, Any], holder: NodeId, path: str, kind: str) -> Iterator[Item]:
    ident = key_id(text(record["id"]))
    tags = {
        "name": text(record.get("name")),
        "expires_at": seconds(record.get("expires_at")),
        "owner_access": text(record.get("owner_project_access")),
    }
    yield Credential(
        id=ident,
        kind=kind,
        name=f"OpenAI key {text(record.get('name')) or text(record['id'])}",
        issuer="openai",
        fingerprint="",
        hint=hint(text(record.get("redacted_value"))),
        created_at=seconds(record.get("created_at")),
        last_used_at=seconds(record.get("last_used_at")),
        tags={key: value for key, value in tags.items() if value},
        evidence=(evidence("openai", path, ident),),
    )
    yield edge(holder, ident, Relation.CONTAINS, path)
    if holder.startswith("openai:project/"):
        yield edge(holder, ident, Relation.AUTHENTICATES_WITH, path)
    owner = owner_of(record)
    if owner is not None:
        yield owner
        yield edge(ident, owner.id, Relation.OWNED_BY, path)


def owner_of(record: Mapping[str, Any]) -> Identity | None:
    """A project's key names its owner as ``owner.user`` or ``owner.service_account``, an admin key
    as fields of ``owner`` itself."""
    owner = mapping(record.get("owner"))
    kind = text(owner.get("type"))
    told = mapping(owner.get("user")) or mapping(owner.get("service_account")) or owner
    ident = text(told.get("id"))
    if not ident:
        return None
    is_service = kind == "service_account" or bool(owner.get("service_account"))
    mail = text(told.get("email"))
    return Identity(
        id=who_id(ident),
        kind="openai.service_account" if is_service else "openai.user",
        name=text(told.get("name")) or mail or ident,
        email=mail.lower(),
        principal_type=PrincipalType.SERVICE if is_service else PrincipalType.HUMAN,
        evidence=(evidence("openai", KEYS, who_id(ident)),),
    )


def seconds(value: Any) -> str:
    """ISO 8601 of epoch seconds, also as text (a shard's scope is of texts)."""
    given = text(value)
    return stamp(int(given) * 1000) if given.isdecimal() and len(given) < 12 else ""


def _of(path: str, scope: Mapping[str, str]) -> str:
    return path.replace("{project}", scope["id"])


# --- lists that were exported -----------------------------------------------------------------


def is_record(record: Mapping[str, Any]) -> bool:
    return text(record.get("object")) in _RECORDS


def told(record: Any, org: str) -> list[Item] | None:
    """What one record of a list tells by itself: of a key, not which project it is in."""
    given = mapping(record)
    read = _RECORDS.get(text(given.get("object")))
    if read is None or not text(given.get("id")):
        return None
    return list(read(given, org))


def _exported_project(record: Mapping[str, Any], org: str) -> Iterator[Item]:
    thing = _asset(record, org, {"residency": text(record.get("residency"))})
    yield thing
    yield edge(org_id(org), thing.id, Relation.CONTAINS, PROJECTS)
    yield edge(thing.id, NodeId("provider:openai"), Relation.CALLS, PROJECTS)


_RECORDS: Mapping[str, Callable[[Mapping[str, Any], str], Iterator[Item]]] = {
    "organization.project": _exported_project,
    "organization.user": lambda record, org: _person(record, org_id(org), USERS),
    "organization.project.user": lambda record, org: _person(record, None, MEMBERS),
    "organization.project.service_account": lambda record, org: _service_account(
        record, org_id(org)
    ),
    "organization.project.api_key": lambda record, org: _key(
        record, org_id(org), KEYS, "openai.api_key"
    ),
    "organization.admin_api_key": lambda record, org: _key(
        record, org_id(org), ADMIN_KEYS, "openai.admin_api_key"
    ),
}
