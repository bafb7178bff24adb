"""Bitbucket Cloud's records -> repositories and facts. Pure.

Follows https://developer.atlassian.com/cloud/bitbucket/rest/. What is not of the expected type
counts as not given. People have no address in this API: they are known by their account id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.bitbucket import operations as op
from scanner.kit.forge.details import Detail, Record, Where
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
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.evidence import Confidence
from scanner.model.facts import Identity, PrincipalType
from scanner.model.items import Item


def repository_of(record: Any) -> Repository | None:
    found = mapping(record)
    name, links = text(found.get("full_name")), mapping(found.get("links"))
    clones = map(mapping, items(links.get("clone")))
    clone = next((text(c.get("href")) for c in clones if c.get("name") in ("https", "http")), "")
    if not name or not clone:
        return None
    branch = text(mapping(found.get("mainbranch")).get("name"))
    size = found.get("size")
    private = found.get("is_private")
    return Repository(
        full_name=name,
        clone_url=clone,
        web_url=text(mapping(links.get("html")).get("href")),
        default_branch=branch,
        is_fork=bool(mapping(found.get("parent"))),
        is_empty="mainbranch" in found and not branch,
        visibility="private" if private is True else "public" if private is False else "",
        pushed_at=stamp(found.get("updated_on")),
        size_kib=size >> 10 if isinstance(size, int) and size > 0 else 0,
        key=text(found.get("uuid")),
    )


def _user(where: Where, operation: str, given: Any) -> Identity | None:
    found = mapping(given)
    key = text(found.get("account_id")) or text(found.get("uuid"))
    if not key:
        return None
    name = text(found.get("display_name")) or text(found.get("nickname"))
    return person(where, operation, key=key, name=name)


def _administrator(operation: str) -> Any:
    """Of a repository or a workspace; ``permission`` says what one may."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        role = text(record.get("permission"))
        if role not in ("admin", "owner"):
            return
        who = _user(where, operation, record.get("user"))
        group = mapping(record.get("group"))
        slug = text(group.get("full_slug")) or text(group.get("slug"))
        if who is None and slug:
            who = person(where, operation, login=slug, name=text(group.get("name")),
                         principal=PrincipalType.GROUP)  # fmt: skip
        if who is not None:
            yield from owned(where, operation, who, role, Confidence.HIGH)

    return make


def _reviewer(where: Where, record: Record) -> Iterator[Item]:
    who = _user(where, op.REPO_REVIEWERS, record.get("user"))
    if who is not None:
        yield from owned(where, op.REPO_REVIEWERS, who, "default reviewer", Confidence.MEDIUM)


def _variable(operation: str) -> Any:
    """``environment``: put into the record by who reads deployment variables."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        is_secured = record.get("secured") is True
        scope = text(record.get("environment"))
        yield from variable(
            where, operation, text(record.get("key")),
            "" if is_secured else text(record.get("value")), is_secret=is_secured,
            tags={"environment_scope": scope},
        )  # fmt: skip

    return make


def _runner(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        yield from runner(
            where, operation, key=text(record.get("uuid")).strip("{}"),
            name=text(record.get("name")), labels=map(text, items(record.get("labels"))),
            status=text(mapping(record.get("state")).get("status")).lower(),
        )  # fmt: skip

    return make


def hook(
    operation: str, *, ident: str = "uuid", label: str = "description", created: str = "created_at"
) -> Any:
    """Of a web hook the host and what it is called; paths and queries hold secrets often. The
    others: the fields that hold them."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        key, host = text(record.get(ident)).strip("{}"), host_in(record.get("url"))
        if key and host:
            yield from application(
                where, operation, key=f"{where.name}/hook/{key}",
                label=text(record.get(label)), hosts=(host,),
                scopes=map(text, items(record.get("events"))),
                created=stamp(record.get(created)),
                status="active" if record.get("active") is True else "inactive",
            )  # fmt: skip

    return make


def _environment(where: Where, record: Record) -> Iterator[Item]:
    kind = text(mapping(record.get("environment_type")).get("name"))
    yield from environment(where, op.ENVIRONMENTS, text(record.get("name")), kind)


OF_A_WORKSPACE = (
    Detail(op.SPACE_OWNERS, _administrator(op.SPACE_OWNERS), {"q": 'permission="owner"'}),
    Detail(op.SPACE_VARIABLES, _variable(op.SPACE_VARIABLES)),
    Detail(op.SPACE_RUNNERS, _runner(op.SPACE_RUNNERS)),
    Detail(op.SPACE_HOOKS, hook(op.SPACE_HOOKS)),
)
OF_A_REPOSITORY = (
    Detail(op.REPO_USERS, _administrator(op.REPO_USERS)),
    Detail(op.REPO_GROUPS, _administrator(op.REPO_GROUPS)),
    Detail(op.REPO_REVIEWERS, _reviewer),
    Detail(op.REPO_VARIABLES, _variable(op.REPO_VARIABLES)),
    Detail(op.REPO_RUNNERS, _runner(op.REPO_RUNNERS)),
    Detail(op.REPO_HOOKS, hook(op.REPO_HOOKS)),
    Detail(op.ENVIRONMENTS, _environment),
    Detail(op.DEPLOYMENT_VARIABLES, _variable(op.DEPLOYMENT_VARIABLES), style="deployments"),
)
