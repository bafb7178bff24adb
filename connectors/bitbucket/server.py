"""Bitbucket Data Center's records -> repositories, facts and events. Pure.

Follows https://developer.atlassian.com/server/bitbucket/rest/. What is not of the expected type
counts as not given. It has no pipelines, runners or environments.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from connectors.bitbucket import operations as op
from connectors.bitbucket.records import hook
from scanner.kit.forge.details import Detail, Record, Where
from scanner.kit.forge.events import Event
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.saying import owned, person
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Identity, PrincipalType
from scanner.model.items import Item

_ANSWERING = ("REPO_ADMIN", "PROJECT_ADMIN")
_TELLING = ("plugin", "app", "webhook", "token", "applink", "oauth", "integration", "hook")
"""Words of an audited action that may tell of an application."""


def repository_of(record: Any) -> Repository | None:
    """``labels`` and ``committed``: put into the record by who lists it, where a filter asks."""
    found = mapping(record)
    project = mapping(found.get("project"))
    key, slug = text(project.get("key")), text(found.get("slug"))
    links = mapping(found.get("links"))
    clones = map(mapping, items(links.get("clone")))
    clone = next((text(c.get("href")) for c in clones if c.get("name") in ("http", "https")), "")
    if not key or not slug or not clone:
        return None
    state = text(found.get("state")) or "AVAILABLE"
    is_ready = state == "AVAILABLE"
    pages = map(mapping, items(links.get("self")))
    public = found.get("public")
    return Repository(
        full_name=f"{key}/{slug}",
        clone_url=clone,
        web_url=next((text(page.get("href")) for page in pages), ""),
        default_branch=text(found.get("defaultBranch")).removeprefix("refs/heads/"),
        is_archived=found.get("archived") is True,
        is_fork=bool(mapping(found.get("origin"))),
        disabled="" if is_ready else f"its state is {state}",
        topics=tuple(map(text, items(found.get("labels")))),
        visibility="public" if public is True else "private" if public is False else "",
        pushed_at=stamp(found.get("committed")),
        key=text(found.get("id")),
    )


def _user(where: Where, operation: str, given: Any) -> Identity | None:
    found = mapping(given)
    login = text(found.get("slug")) or text(found.get("name"))
    if not login or found.get("type") == "SERVICE":
        return None
    return person(
        where, operation, login=login, name=text(found.get("displayName")),
        email=text(found.get("emailAddress")), is_active=found.get("active") is not False,
    )  # fmt: skip


def _administrator(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        role = text(record.get("permission"))
        if role not in _ANSWERING:
            return
        who = _user(where, operation, record.get("user"))
        group = text(mapping(record.get("group")).get("name"))
        if who is None and group:
            who = person(where, operation, key=f"group/{group}", name=group,
                         principal=PrincipalType.GROUP)  # fmt: skip
        if who is not None:
            yield from owned(where, operation, who, role, Confidence.HIGH)

    return make


def _condition(where: Where, record: Record) -> Iterator[Item]:
    for found in items(record.get("reviewers")):
        who = _user(where, op.CONDITIONS, found)
        if who is not None:
            yield from owned(where, op.CONDITIONS, who, "default reviewer", Confidence.MEDIUM)


_hook = partial(hook, ident="id", label="name", created="createdDate")

OF_A_PROJECT = (
    Detail(op.PROJECT_USERS, _administrator(op.PROJECT_USERS)),
    Detail(op.PROJECT_GROUPS, _administrator(op.PROJECT_GROUPS)),
    Detail(op.PROJECT_HOOKS, _hook(op.PROJECT_HOOKS), is_feature=True),
)
OF_A_REPOSITORY = (
    Detail(op.SERVER_USERS, _administrator(op.SERVER_USERS)),
    Detail(op.SERVER_GROUPS, _administrator(op.SERVER_GROUPS)),
    Detail(op.SERVER_HOOKS, _hook(op.SERVER_HOOKS)),
    Detail(op.CONDITIONS, _condition, style="whole"),
)


def event_of(where: Where, record: Any) -> Iterator[Event | None]:
    """Nothing for what tells of no application, None for what is no event. Events have no id: what
    happened, when and where it came from tells one from another."""
    found = mapping(record)
    at = stamp(found.get("timestamp"))
    kind = mapping(found.get("type"))
    key = text(kind.get("actionI18nKey"))
    action = text(kind.get("action")) or key
    if not at or not action:
        yield None
        return
    if not any(word in f"{key} {action}".lower() for word in _TELLING):
        return
    objects = [mapping(thing) for thing in items(found.get("affectedObjects"))]
    last = objects[-1] if objects else {}
    name, ident = text(last.get("name")), text(last.get("id")) or text(last.get("name"))
    who = mapping(found.get("author"))
    author = text(who.get("id"))
    login = text(who.get("name"))
    actor = None
    if author and who.get("type") != "SYSTEM":
        actor = person(where, op.AUDIT, login=login, key=author, name=login)
    marks = [text(found.get("timestamp")), action, ident, author, text(found.get("node")),
             text(found.get("source")), *(text(thing.get("id")) for thing in objects)]  # fmt: skip
    yield Event(
        key="\n".join(marks),
        at=at,
        action=action,
        thing=NodeId(f"{where.source}:{where.host}/app/{text(last.get('type'))}/{ident}"),
        label=name,
        actor=actor,
        relation="grants",
    )
