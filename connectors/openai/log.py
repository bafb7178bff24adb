"""The audit log: keys, service accounts, projects and people, who made them, and who signs in.

https://platform.openai.com/docs/api-reference/audit-logs and ``AuditLog`` of
https://github.com/openai/openai-openapi: an event's details stand under its own type, whose points
tables write as underscores. Addresses, devices and what settings were changed to are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.openai.admin import key_id, org_id, project_id, who_id
from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.overlooked import Happened, Novel
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text, when
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import (
    Asset,
    AssetClass,
    Credential,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.items import Activity

PLATFORM, MODEL, CONNECTION = "openai.platform", "openai.fine_tuned_model", "openai.connector"
KINDS = frozenset({PLATFORM, MODEL, CONNECTION})
_MOST_TEXT = 120
_ACTS = "actor.api_key"
"""Rule of a key by which something was done, whatever it was."""
_FAMILIES = (
    "api_key.", "certificate", "checkpoint.permission.", "external_key.", "group.", "invite.",
    "ip_allowlist.", "login.", "logout.", "organization.", "project.", "rate_limit.", "resource.",
    "role.", "scim.", "service_account.", "tenant.", "tunnel.", "user.",
    "workload_identity_provider",
)  # fmt: skip
"""What the types of the published list begin with."""
_FIELDS = (
    "id", "type", "effective_at", "project.id", "project.name", "actor.type",
    "actor.session.user.id", "actor.session.user.email", "actor.api_key.id", "actor.api_key.type",
    "actor.api_key.user.id", "actor.api_key.user.email", "actor.api_key.service_account.id",
)  # fmt: skip
SPELLING = Spelling(_FIELDS, also={f"openai.audit.{one}": one for one in _FIELDS})
"""Also as columns of an index, each with the names of all that it is within."""


def is_event(record: Mapping[str, Any]) -> bool:
    return {"type", "effective_at"} <= record.keys()


@dataclass(frozen=True)
class _Event:
    kind: str
    at: str
    org: str
    about: Mapping[str, Any]
    """What stands under the event's own type."""
    project: str
    project_name: str
    who: Identity | None
    by_key: str

    @property
    def ident(self) -> str:
        return text(self.about.get("id"))

    @property
    def data(self) -> Mapping[str, Any]:
        """What was asked for, when it was made or changed."""
        return mapping(self.about.get("data")) or mapping(self.about.get("changes_requested"))

    def evidence(self, node: NodeId, rule: str = "") -> tuple[Evidence, ...]:
        return (
            Evidence(
                rule=rule or self.kind, source="openai", resource=node, first_at=self.at,
                last_at=self.at,
            ),
        )  # fmt: skip

    def edge(
        self, source: NodeId, target: NodeId, relation: Relation, detail: str = "", rule: str = ""
    ) -> Edge:
        return Edge(
            source=source, target=target, relation=relation, detail=detail,
            evidence=self.evidence(source, rule),
        )  # fmt: skip

    @property
    def place(self) -> NodeId:
        return project_id(self.project) if self.project else org_id(self.org)


def event(record: Any, org: str) -> Happened | Novel | None:
    """What one event tells; None for what is none."""
    given = mapping(record)
    kind, at = text(given.get("type")), when(given.get("effective_at"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("id"))
    # Ids are the vendor's; a repeated event is the same in all three.
    mark = " ".join((ident, kind, at)) if ident else mark_of((whole(given),))
    one = _of(given, kind, at, org)
    happened = mark, at, tuple(_told(one))
    if kind in _READERS and not one.about:
        return Novel(kind=kind, event=happened, lacks=kind)
    return happened if kind.startswith(_FAMILIES) else Novel(kind=kind, event=happened)


def _of(given: Mapping[str, Any], kind: str, at: str, org: str) -> _Event:
    project, actor = mapping(given.get("project")), mapping(given.get("actor"))
    key = mapping(actor.get("api_key"))
    return _Event(
        kind=kind,
        at=at,
        org=org,
        about=_about(given, kind),
        project=text(project.get("id")),
        project_name=cut(text(project.get("name")), _MOST_TEXT),
        who=_actor(actor, key),
        by_key=text(key.get("id")),
    )


_PLAIN = expression(r"[^a-z0-9]+")
_TYPED = expression(r"_[sdgtbl]$")
_FLAT = {
    "id": ("id",),
    **{
        f"{where}{name.replace('_', '')}": (to, name)
        for where, to in (("data", "data"), ("changesrequested", "changes_requested"))
        for name in ("name", "title", "email", "role", "scopes", "project_id",
                     "fine_tuned_model_checkpoint")
    },
    "connectorid": ("connector_id",), "connectorname": ("connector_name",),
    "enabled": ("enabled",), "permissions": ("permissions",),
}  # fmt: skip


def _about(given: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Under the type, under the type as tables spell it, or spread over columns."""
    for name in (kind, kind.replace(".", "_")):
        found = mapping(given.get(name))
        if found:
            return found
    start, made = _PLAIN.sub("", kind.casefold()), dict[str, Any]()
    for name, value in given.items():
        plain = _PLAIN.sub("", _TYPED.sub("", name.casefold())) if isinstance(name, str) else ""
        path = _FLAT.get(plain[len(start) :]) if plain.startswith(start) else None
        if path and value not in ("", None):
            inner = made if len(path) == 1 else made.setdefault(path[0], {})
            inner[path[-1]] = value
    return made


def _actor(actor: Mapping[str, Any], key: Mapping[str, Any]) -> Identity | None:
    """Who did it: a person who is signed in, or whose the key is that was used."""
    account = text(mapping(key.get("service_account")).get("id"))
    if account:
        return _service(account)
    session = mapping(actor.get("session"))
    user = mapping(session.get("user")) or mapping(key.get("user")) or mapping(actor.get("user"))
    return _person(text(user.get("id")), text(user.get("email")))


def _person(ident: str, mail: str = "", evidence: tuple[Evidence, ...] = (),
            tags: Mapping[str, str] | None = None) -> Identity | None:  # fmt: skip
    address = mail.strip().casefold() if "@" in mail else ""
    if not ident and not address:
        return None
    return Identity(
        id=who_id(ident or address), kind="openai.user", name=address or ident, email=address,
        principal_type=PrincipalType.HUMAN, evidence=evidence, tags=dict(tags or {}),
    )  # fmt: skip


def _service(ident: str, evidence: tuple[Evidence, ...] = (),
             tags: Mapping[str, str] | None = None) -> Identity:  # fmt: skip
    return Identity(
        id=who_id(ident), kind="openai.service_account", name=ident, evidence=evidence,
        principal_type=PrincipalType.SERVICE, tags=dict(tags or {}),
    )  # fmt: skip


def _told(one: _Event) -> Iterator[Activity | Fact]:
    if one.project and one.kind not in _ENDS:
        yield _project(one, one.project, one.project_name)
    if one.by_key:
        yield _key(one, one.by_key, "openai.api_key", _ACTS, last_used_at=one.at)
        if one.who is not None:
            yield one.who
            yield one.edge(key_id(one.by_key), one.who.id, Relation.OWNED_BY, rule=_ACTS)
    reader = _READERS.get(one.kind)
    if reader is not None:
        yield from reader(one)
    if one.kind not in _SAY_ALL:
        yield _act(one)


def _act(one: _Event) -> Activity:
    """Somebody did something with the platform, or tried to. Only who signs in uses it by that."""
    thing = _project(one, one.project, one.project_name) if one.project else platform(one.org)
    made = Activity(
        rule=one.kind, account=org_id(one.org), app_id=thing.id, label=thing.name, thing=thing,
        actor=one.who, first_at=one.at, last_at=one.at,
        relation="used_by" if one.kind.startswith("login.") else "",
    )  # fmt: skip
    return failed(made) if one.kind.endswith(".failed") else made


def platform(org: str) -> Asset:
    return Asset(
        id=NodeId(f"{org_id(org)}/platform"), kind=PLATFORM, name=f"OpenAI platform of {org}",
        asset_class=AssetClass.SAAS_APP, provider="openai", account=org_id(org),
    )  # fmt: skip


def _project(one: _Event, ident: str, name: str, **more: Any) -> Asset:
    node = project_id(ident)
    return Asset(
        id=node, kind="openai.project", name=name or ident, asset_class=AssetClass.INTEGRATION,
        provider="openai", account=org_id(one.org), evidence=one.evidence(node), **more,
    )  # fmt: skip


def _key(one: _Event, ident: str, kind: str, rule: str = "", **more: Any) -> Credential:
    """Only what names it: a log has no part of a key's value, and none would be taken."""
    node = key_id(ident)
    label = cut(text(one.data.get("name")), _MOST_TEXT) if ident == one.ident else ""
    return Credential(
        id=node, kind=kind, name=f"OpenAI key {label}" if label else ident, issuer="openai",
        fingerprint="", evidence=one.evidence(node, rule), **more,
    )  # fmt: skip


def _keys(kind: str) -> Callable[[_Event], Iterator[Fact]]:
    def read(one: _Event) -> Iterator[Fact]:
        if not one.ident:
            return
        scopes = sorted(filter(None, map(text, items(one.data.get("scopes")))))
        tags = {"scopes": cut(", ".join(scopes), 2000)} if scopes else {}
        if one.kind.endswith(".deleted"):
            tags["status"] = "deleted"
        is_new = one.kind.endswith(".created")
        yield _key(one, one.ident, kind, created_at=one.at if is_new else "", tags=tags)
        node = key_id(one.ident)
        if one.kind.endswith(".deleted"):
            return
        yield one.edge(one.place, node, Relation.CONTAINS)
        if one.project:
            yield one.edge(one.place, node, Relation.AUTHENTICATES_WITH)
        if is_new and one.who is not None:
            yield one.who
            yield one.edge(node, one.who.id, Relation.CREATED_BY)

    return read


def _service_account(one: _Event) -> Iterator[Fact]:
    if not one.ident:
        return
    tags = {"role": cut(text(one.data.get("role")), _MOST_TEXT)}
    if one.kind.endswith(".deleted"):
        tags["removed_at"] = one.at
    account = _service(
        one.ident, one.evidence(who_id(one.ident)), {k: v for k, v in tags.items() if v}
    )
    yield account
    if one.kind.endswith(".deleted"):
        return
    yield one.edge(one.place, account.id, Relation.CONTAINS)
    if one.kind.endswith(".created") and one.who is not None:
        yield one.who
        yield one.edge(account.id, one.who.id, Relation.CREATED_BY)


def _user(one: _Event) -> Iterator[Fact]:
    """``user.updated`` tells the project's id where others tell the person's: then of nobody."""
    if not one.ident or one.ident.startswith("proj"):
        return
    tags = {"role": cut(text(one.data.get("role")), _MOST_TEXT)}
    if one.kind == "user.deleted" and not one.project:
        tags["removed_at"] = one.at
    who = _person(
        one.ident, text(one.data.get("email")), one.evidence(who_id(one.ident)),
        {k: v for k, v in tags.items() if v},
    )  # fmt: skip
    if who is None:
        return
    yield who
    if one.kind != "user.deleted":
        relation = Relation.USED_BY if one.project else Relation.CONTAINS
        yield one.edge(one.place, who.id, relation, tags["role"])


def _invited(one: _Event) -> Iterator[Fact]:
    mail = text(one.data.get("email")).strip().casefold()
    who = _person("", mail, one.evidence(who_id(mail)), {"invited_at": one.at})
    if who is not None:
        yield who


def _project_event(one: _Event) -> Iterator[Fact | Activity]:
    if not one.ident:
        return
    name = text(one.data.get("title")) or text(one.data.get("name"))
    status = _ENDS.get(one.kind, "")
    is_new = one.kind == "project.created"
    thing = _project(
        one, one.ident, cut(name, _MOST_TEXT), status=status, created_at=one.at if is_new else ""
    )
    yield thing
    if not status:
        yield one.edge(org_id(one.org), thing.id, Relation.CONTAINS)
    yield Activity(
        rule=one.kind, account=org_id(one.org), app_id=thing.id, label=thing.name, thing=thing,
        actor=one.who, first_at=one.at, last_at=one.at, relation="created_by" if is_new else "",
    )  # fmt: skip


def _checkpoint(one: _Event) -> Iterator[Fact]:
    """A fine-tuned model that another project is let use."""
    model = cut(text(one.data.get("fine_tuned_model_checkpoint")), 300)
    if not model:
        return
    node = model_id(model)
    yield Asset(
        id=node, kind=MODEL, name=model, asset_class=AssetClass.MODEL, provider="openai",
        account=org_id(one.org), evidence=one.evidence(node),
    )  # fmt: skip
    user = text(one.data.get("project_id"))
    yield one.edge(project_id(user) if user else one.place, node, Relation.CALLS)


def model_id(name: str) -> NodeId:
    return NodeId(f"openai:model/{name}")


def _connector(one: _Event) -> Iterator[Activity]:
    """A role of a ChatGPT workspace is let use a connector to other systems, or no longer."""
    ident = text(one.about.get("connector_id"))
    if not ident:
        return
    name = cut(text(one.about.get("connector_name")), _MOST_TEXT) or ident
    is_open = one.kind == "role.bound_to_resource" and not _is_off(one.about.get("enabled"))
    thing = Asset(
        id=NodeId(f"openai:connector/{ident}"), kind=CONNECTION, name=name, provider="openai",
        asset_class=AssetClass.INTEGRATION, account=org_id(one.org),
    )  # fmt: skip
    scopes = tuple(sorted(filter(None, map(text, items(one.about.get("permissions"))))))
    yield Activity(
        rule=one.kind, account=org_id(one.org), app_id=thing.id, label=name, thing=thing,
        actor=one.who, scopes=scopes[:100], first_at=one.at, last_at=one.at,
        relation="grants" if is_open else "",
    )  # fmt: skip


def _is_off(value: Any) -> bool:
    return value is False or text(value).casefold() == "false"


_ENDS = {"project.archived": "archived", "project.deleted": "deleted"}
_READERS: Mapping[str, Callable[[_Event], Iterator[Fact | Activity]]] = {
    **{f"api_key.{done}": _keys("openai.api_key") for done in ("created", "updated", "deleted")},
    "tenant.project_api_key.created": _keys("openai.api_key"),
    **{f"tenant.admin_api_key.{done}": _keys("openai.admin_api_key")
       for done in ("created", "updated", "deleted")},
    **{f"{whose}service_account.{done}": _service_account
       for whose in ("", "tenant.") for done in ("created", "updated", "deleted")},
    **{f"user.{done}": _user for done in ("added", "updated", "deleted")},
    "invite.sent": _invited,
    **{f"project.{done}": _project_event for done in ("created", "updated", "archived", "deleted")},
    "checkpoint.permission.created": _checkpoint,
    "role.bound_to_resource": _connector,
    "role.unbound_from_resource": _connector,
}  # fmt: skip
_SAY_ALL = frozenset(kind for kind in _READERS if kind.startswith("project."))
"""Events whose own reader tells who did what."""
