"""GitLab's records -> repositories, facts and events. Pure.

Follows https://docs.gitlab.com/api/projects/ and the pages beside it. Records come from outside and
may hold anything anywhere: what is not of the expected type counts as not given.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from connectors.gitlab import operations as op
from scanner.kit.expressions import expression
from scanner.kit.forge.details import Detail, Record, Where
from scanner.kit.forge.events import Event, guessed
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.saying import (
    application,
    environment,
    host_in,
    owned,
    person,
    runner,
    variable,
)
from scanner.kit.overlooked import Overlooked, Untold
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import PrincipalType
from scanner.model.items import Item

_ROLES = {60: "administrator", 50: "Owner", 40: "Maintainer"}
"""https://docs.gitlab.com/api/access_requests/#valid-access-levels; lower ones answer for
nothing."""
_BOT = expression(r"(?:project|group)_\d+_bot|service_account_")
_DUO_HOST = "cloud.gitlab.com"
_TELLING = expression(
    r"oauth|application|integration|duo|\bai\b|ai_|variable|webhook|hook|access_token|runner", re.I
)
"""Event types, and the words of older events that have no type, which may tell of AI."""
_DUO = expression(r"(?<![a-z])(?:duo|ai)(?![a-z])", re.I)


def repository_of(record: Any) -> Repository | None:
    found = mapping(record)
    name, clone = text(found.get("path_with_namespace")), text(found.get("http_url_to_repo"))
    if not name or not clone:
        return None
    is_off = found.get("repository_access_level") == "disabled"
    return Repository(
        full_name=name,
        clone_url=clone,
        web_url=text(found.get("web_url")),
        default_branch=text(found.get("default_branch")),
        is_archived=found.get("archived") is True,
        is_fork=bool(mapping(found.get("forked_from_project"))),
        is_mirror=found.get("mirror") is True,
        is_empty=found.get("empty_repo") is True,
        disabled="its repository is switched off in the project's settings" if is_off else "",
        topics=tuple(filter(None, (text(t) for t in items(found.get("topics"))))),
        visibility=text(found.get("visibility")),
        pushed_at=stamp(found.get("last_activity_at")),
        size_kib=_size(mapping(found.get("statistics")).get("repository_size")),
        key=text(found.get("id")),
    )


def _size(given: Any) -> int:
    return given >> 10 if isinstance(given, int) and given > 0 else 0


def group_of(record: Any) -> str:
    """Full path of the group that a project is in; empty for a person's own."""
    namespace = mapping(mapping(record).get("namespace"))
    return text(namespace.get("full_path")) if namespace.get("kind") == "group" else ""


def _variable(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        flags = {name: "true" for name in ("masked", "protected", "hidden") if record.get(name)}
        scope = text(record.get("environment_scope"))
        tags = {**flags, "environment_scope": "" if scope == "*" else scope}
        is_secret = bool(flags.get("masked") or flags.get("hidden"))
        yield from variable(
            where, operation, text(record.get("key")), text(record.get("value")),
            is_secret=is_secret, tags=tags,
        )  # fmt: skip

    return make


def _member(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        level, login = record.get("access_level"), text(record.get("username"))
        role = _ROLES.get(level, "") if isinstance(level, int) else ""
        if not role or not login or _BOT.match(login):
            return
        who = person(
            where, operation, login=login, name=text(record.get("name")),
            email=text(record.get("email")), is_active=record.get("state") == "active",
        )  # fmt: skip
        sure = Confidence.HIGH if role == "Owner" else Confidence.MEDIUM
        yield from owned(where, operation, who, role, sure)

    return make


def _approval_rule(where: Where, record: Record) -> Iterator[Item]:
    rule = text(record.get("name"))
    for found in map(mapping, items(record.get("users"))):
        login = text(found.get("username"))
        if login:
            who = person(where, op.APPROVAL_RULES, login=login, name=text(found.get("name")))
            yield from owned(where, op.APPROVAL_RULES, who, f"approver: {rule}", Confidence.MEDIUM)
    for found in map(mapping, items(record.get("groups"))):
        path = text(found.get("full_path"))
        if path:
            team = person(where, op.APPROVAL_RULES, login=path, principal=PrincipalType.TEAM)
            yield from owned(where, op.APPROVAL_RULES, team, f"approver: {rule}", Confidence.MEDIUM)


def _integration(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        slug = text(record.get("slug"))
        if record.get("active") is True and slug:
            yield from application(
                where, operation, key=f"{where.name}/integration/{slug}",
                label=text(record.get("title")) or slug, created=stamp(record.get("created_at")),
                status="active",
            )  # fmt: skip

    return make


def _hook(operation: str) -> Any:
    """Of a web hook the host and its name; paths and queries hold secrets often. Services that
    review code come to GitLab this way."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        ident, host = text(record.get("id")), host_in(record.get("url"))
        if ident and host:
            on = (name for name, given in record.items() if given is True)
            yield from application(
                where, operation, key=f"{where.name}/hook/{ident}", label=text(record.get("name")),
                hosts=(host,), scopes=sorted(name for name in on if name.endswith("_events")),
                created=stamp(record.get("created_at")),
            )  # fmt: skip

    return make


def _runner(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        yield from runner(
            where, operation, key=text(record.get("id")),
            name=text(record.get("description")) or text(record.get("name")),
            labels=map(text, items(record.get("tag_list"))),
            status="paused" if record.get("paused") is True else text(record.get("status")),
            tags={"runner_type": text(record.get("runner_type"))},
        )  # fmt: skip

    return make


def _environment(where: Where, record: Record) -> Iterator[Item]:
    yield from environment(
        where, op.PROJECT_ENVIRONMENTS, text(record.get("name")), text(record.get("tier"))
    )


def _application(where: Where, record: Record) -> Iterator[Item]:
    ident = text(record.get("application_id"))
    hosts = (host_in(url) for url in text(record.get("callback_url")).split())
    yield from application(
        where, op.APPLICATIONS, key=f"application/{ident}" if ident else "",
        label=text(record.get("application_name")), client_id=ident, hosts=hosts,
    )  # fmt: skip


def _duo(operation: str) -> Any:
    """GitLab Duo where it is on. The fields are shown to owners of licensed groups alone; seats
    are told by GraphQL only."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        if record.get("duo_features_enabled") is True:
            is_locked = record.get("lock_duo_features_enabled") is True
            yield from application(
                where, operation, key=f"{where.name}/duo", label="GitLab Duo", hosts=(_DUO_HOST,),
                status="on for all below" if is_locked else "on by default",
            )  # fmt: skip

    return make


OF_A_GROUP = (
    Detail(op.GROUP, _duo(op.GROUP), style="one"),
    Detail(op.GROUP_VARIABLES, _variable(op.GROUP_VARIABLES)),
    Detail(op.GROUP_MEMBERS, _member(op.GROUP_MEMBERS)),
    Detail(op.GROUP_INTEGRATIONS, _integration(op.GROUP_INTEGRATIONS), is_feature=True),
    Detail(op.GROUP_HOOKS, _hook(op.GROUP_HOOKS), is_feature=True),
    Detail(op.GROUP_RUNNERS, _runner(op.GROUP_RUNNERS), {"type": "group_type"}, style="runners"),
)
OF_A_PROJECT = (
    Detail(op.PROJECT_VARIABLES, _variable(op.PROJECT_VARIABLES)),
    Detail(op.PROJECT_ENVIRONMENTS, _environment, {"states": "available"}),
    Detail(op.PROJECT_MEMBERS, _member(op.PROJECT_MEMBERS)),
    Detail(op.PROJECT_INTEGRATIONS, _integration(op.PROJECT_INTEGRATIONS)),
    Detail(op.PROJECT_HOOKS, _hook(op.PROJECT_HOOKS)),
    Detail(
        op.PROJECT_RUNNERS, _runner(op.PROJECT_RUNNERS), {"type": "project_type"}, style="runners"
    ),
    Detail(op.APPROVAL_RULES, _approval_rule, is_feature=True),
)
OF_THE_INSTANCE = (
    Detail(op.INSTANCE_SETTINGS, _duo(op.INSTANCE_SETTINGS), style="one"),
    Detail(op.INSTANCE_VARIABLES, _variable(op.INSTANCE_VARIABLES)),
    Detail(op.APPLICATIONS, _application),
    Detail(
        op.INSTANCE_RUNNERS, _runner(op.INSTANCE_RUNNERS), {"type": "instance_type"},
        style="runners",
    ),
)  # fmt: skip


def event_of(
    where: Where, record: Any, overlooked: Overlooked | None = None
) -> Iterator[Event | None]:
    """Nothing for what tells of no application, None for what is no event."""
    found = mapping(record)
    key, at = text(found.get("id")), stamp(found.get("created_at"))
    if not key or not at:
        yield None
        return
    details = mapping(found.get("details"))
    action = _action(found, details)
    target = text(details.get("target_type"))
    is_duo = bool(_DUO.search(action.replace("_", " ")))
    name = text(details.get("target_details"))
    is_known = bool(_TELLING.search(f"{action} {target}"))
    if overlooked is not None and (not is_known or not (name or is_duo)):
        told = (key, at, ())
        placed = functools.partial(_placed, where)
        lacks = "details.target_details" if is_known else ""
        untold = Untold.of(told, action, {**found, "details": details}, lacks, placed)
        blank = Event(key=key, at=at, action=action, thing=NodeId(""))
        event = guessed(blank, overlooked.event(untold))
        if event.thing:
            yield event
    if not is_known:
        return
    login, mail = text(details.get("author_name")), text(details.get("author_email"))
    author = text(found.get("author_id"))
    actor = person(where, op.GROUP_AUDIT, key=author, name=login, email=mail) if author else None
    place = text(details.get("entity_path")) or text(found.get("entity_id"))
    thing = f"{place}/duo" if is_duo else f"{place}/{target}/{text(details.get('target_id'))}"
    yield Event(
        key=key,
        at=at,
        action=action,
        thing=NodeId(f"{where.source}:{where.host}/app/{thing}"),
        label="GitLab Duo" if is_duo else name,
        hosts=(_DUO_HOST,) if is_duo else (),
        actor=actor,
        relation="grants",
    )


def _placed(where: Where, label: str) -> tuple[NodeId, NodeId]:
    return where.account, NodeId(f"{where.source}:{where.host}/app/{label.casefold()}")


def _action(found: Record, details: Record) -> str:
    """The event's type; of versions that have none, what was done in their words."""
    for name in ("event_name", "event_type"):
        given = text(found.get(name)) or text(details.get(name))
        if given:
            return given
    for verb in ("custom_message", "add", "change", "remove"):
        given = text(details.get(verb))
        if given:
            return f"{verb} {given}" if verb != "custom_message" else cut(given, 80)
    return "unknown"
