"""Gitea's and Forgejo's records -> repositories and facts. Pure.

Follows the structures of https://docs.gitea.com/api/. What is not of the expected type counts as
not given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.gitea import operations as op
from scanner.kit.forge.details import Detail, Record, Where
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.saying import application, host_in, owned, person, runner, variable
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.evidence import Confidence
from scanner.model.facts import Identity, PrincipalType
from scanner.model.items import Item

_ANSWERING = ("owner", "admin")
"""Permissions of a team or a collaborator that answers for a repository."""


def repository_of(record: Any) -> Repository | None:
    found = mapping(record)
    name, clone = text(found.get("full_name")), text(found.get("clone_url"))
    if not name or not clone:
        return None
    is_internal, is_private = found.get("internal") is True, found.get("private") is True
    is_off = found.get("has_code") is False
    size = found.get("size")
    return Repository(
        full_name=name,
        clone_url=clone,
        web_url=text(found.get("html_url")),
        default_branch=text(found.get("default_branch")),
        is_archived=found.get("archived") is True,
        is_fork=found.get("fork") is True,
        is_template=found.get("template") is True,
        is_mirror=found.get("mirror") is True,
        is_empty=found.get("empty") is True,
        disabled="its code is switched off in the repository's settings" if is_off else "",
        topics=tuple(filter(None, (text(topic) for topic in items(found.get("topics"))))),
        visibility="internal" if is_internal else "private" if is_private else "public",
        pushed_at=stamp(found.get("updated_at")),
        size_kib=size if isinstance(size, int) and size > 0 else 0,
        key=text(found.get("id")),
    )


def login_of(record: Any) -> str:
    """Of an organization; older versions say ``username``."""
    found = mapping(record)
    return text(found.get("name")) or text(found.get("username"))


def _user(where: Where, operation: str, record: Record) -> Identity | None:
    login = text(record.get("login"))
    if not login:
        return None
    mail = text(record.get("email"))
    return person(
        where, operation, login=login, name=text(record.get("full_name")),
        email="" if "noreply" in mail else mail, is_active=record.get("active") is not False,
    )  # fmt: skip


def _team(operation: str) -> Any:
    """``members``: put into the record by who reads it."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        name, role = text(record.get("name")), text(record.get("permission"))
        if role not in _ANSWERING or not name:
            return
        org = login_of(record.get("organization")) or where.path.get("org", "")
        team = person(where, operation, login=f"{org}/{name}", principal=PrincipalType.TEAM)
        yield from owned(where, operation, team, f"{name} ({role})", Confidence.HIGH)
        for found in map(mapping, items(record.get("members"))):
            who = _user(where, op.TEAM_MEMBERS, found)
            if who is not None:
                yield from owned(where, op.TEAM_MEMBERS, who, f"in {name} ({role})",
                                 Confidence.MEDIUM)  # fmt: skip

    return make


def _collaborator(where: Where, record: Record) -> Iterator[Item]:
    """``permission``: put into the record by who reads it."""
    who, role = _user(where, op.COLLABORATORS, record), text(record.get("permission"))
    if who is not None and role in _ANSWERING:
        yield from owned(where, op.PERMISSION, who, f"collaborator ({role})", Confidence.MEDIUM)


def _secret(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        yield from variable(where, operation, text(record.get("name")), is_secret=True)

    return make


def _variable(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        name, value = text(record.get("name")), text(record.get("data"))
        yield from variable(where, operation, name, value)

    return make


def _runner(operation: str) -> Any:
    def make(where: Where, record: Record) -> Iterator[Item]:
        labels = [text(label) or text(mapping(label).get("name"))  # Forgejo has names alone
                  for label in items(record.get("labels"))]  # fmt: skip
        yield from runner(
            where, operation, key=text(record.get("id")), name=text(record.get("name")),
            labels=labels, status=text(record.get("status")),
        )  # fmt: skip

    return make


def _hook(operation: str) -> Any:
    """Of a web hook the host and the kind; paths and queries hold secrets often."""

    def make(where: Where, record: Record) -> Iterator[Item]:
        ident, kind = text(record.get("id")), text(record.get("type"))
        host = host_in(mapping(record.get("config")).get("url"))
        if ident and host:
            yield from application(
                where, operation, key=f"{where.name}/hook/{ident}", label=f"{kind} hook",
                hosts=(host,), scopes=map(text, items(record.get("events"))),
                created=stamp(record.get("created_at")),
                status="active" if record.get("active") is True else "inactive",
            )  # fmt: skip

    return make


def _oauth(where: Where, record: Record) -> Iterator[Item]:
    client = text(record.get("client_id"))
    yield from application(
        where, op.OAUTH, key=f"application/{client}" if client else "",
        label=text(record.get("name")), client_id=client,
        hosts=map(host_in, items(record.get("redirect_uris"))),
        created=stamp(record.get("created")),
    )  # fmt: skip


OF_AN_ORGANIZATION = (
    Detail(op.ORG_TEAMS, _team(op.ORG_TEAMS), style="teams"),
    Detail(op.ORG_SECRETS, _secret(op.ORG_SECRETS), is_feature=True),
    Detail(op.ORG_VARIABLES, _variable(op.ORG_VARIABLES), is_feature=True),
    Detail(op.ORG_RUNNERS, _runner(op.ORG_RUNNERS), is_feature=True),
    Detail(op.ORG_HOOKS, _hook(op.ORG_HOOKS)),
)
OF_A_REPOSITORY = (
    Detail(op.REPO_TEAMS, _team(op.REPO_TEAMS), style="whole", is_feature=True),
    Detail(op.COLLABORATORS, _collaborator, style="collaborators"),
    Detail(op.REPO_SECRETS, _secret(op.REPO_SECRETS), is_feature=True),
    Detail(op.REPO_VARIABLES, _variable(op.REPO_VARIABLES), is_feature=True),
    Detail(op.REPO_RUNNERS, _runner(op.REPO_RUNNERS), is_feature=True),
    Detail(op.REPO_HOOKS, _hook(op.REPO_HOOKS)),
)
OF_THE_INSTANCE = (
    Detail(op.ALL_RUNNERS, _runner(op.ALL_RUNNERS), is_feature=True),
    Detail(op.ALL_HOOKS, _hook(op.ALL_HOOKS)),
    Detail(op.OAUTH, _oauth),
)
"""Runners and applications are not to be had of older versions: Actions came with 1.19, its API in
steps up to 1.25."""
