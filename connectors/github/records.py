"""GitHub's records -> facts. Pure: no network, no files.

Records come from outside and may hold anything anywhere: what is no text, number or time where one
is expected counts as not given, and costs that one field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from connectors.github import copilot
from scanner.kit.expressions import expression
from scanner.kit.forge.details import Detail, Record, Where
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.saying import application, environment, owned, person, runner, variable
from scanner.kit.git.reading import holder
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Edge, Identity, PrincipalType, Relation
from scanner.model.items import Activity, Content, Item, Place

_NAME = expression(r"[\w.-]+/[\w.-]+\Z", re.ASCII)
_ANSWERING = ("admin", "maintain")
"""Roles that answer for a repository
(https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories)."""


def repository_of(record: Any, url: str) -> Repository | None:
    """None for a record that names none. ``url``: of the forge; the clone URL is built on it, so
    that no answer can lead the token elsewhere."""
    found = mapping(record)
    name = text(found.get("full_name"))
    if not _NAME.match(name) or ".." in name:
        return None
    size = found.get("size")
    return Repository(
        full_name=name,
        clone_url=f"{url.rstrip('/')}/{name}.git",
        web_url=text(found.get("html_url")),
        default_branch=text(found.get("default_branch")),
        is_archived=found.get("archived") is True,
        is_fork=found.get("fork") is True,
        is_template=found.get("is_template") is True,
        is_mirror=bool(found.get("mirror_url")),
        disabled="disabled by GitHub (a takedown, or the terms of service)"
        if found.get("disabled") is True
        else "",
        topics=tuple(filter(None, map(text, items(found.get("topics"))))),
        visibility=text(found.get("visibility"))
        or ("private" if found.get("private") is True else "public"),
        pushed_at=stamp(found.get("pushed_at")),
        size_kib=size if isinstance(size, int) and size > 0 else 0,
        refs_mark=text(found.get("pushed_at")),
        key=text(found.get("id")),
    )


def user(where: Where, operation: str, record: Any, *, email: str = "") -> Identity | None:
    """By login, as CODEOWNERS writes it."""
    found = mapping(record)
    login = text(found.get("login"))
    if not login:
        return None
    is_bot = found.get("type") == "Bot" or login.endswith("[bot]")
    principal = PrincipalType.SERVICE if is_bot else PrincipalType.HUMAN
    return person(where, operation, login=login, name=text(found.get("name")), principal=principal)


# --- of an organization ------------------------------------------------------------------------


def team(where: Where, record: Record) -> Iterator[Item]:
    """The team, who is in it and maintains it, and the repositories that it administers."""
    operation = "GET /orgs/{org}/teams"
    slug = text(record.get("slug"))
    login = f"{where.path['org']}/{slug}"
    made = person(
        where, operation, login=login, name=text(record.get("name")), principal=PrincipalType.TEAM
    )
    yield made
    evidence = where.evidence("GET /orgs/{org}/teams/{team_slug}/members")
    for field, relation in (("_members", Relation.CONTAINS), ("_maintainers", Relation.OWNED_BY)):
        for entry in items(record.get(field)):
            member = user(where, evidence.rule, entry)
            if member is not None:
                yield member
                yield Edge(
                    source=made.id, target=member.id, relation=relation, evidence=(evidence,),
                    detail="maintainer" if relation is Relation.OWNED_BY else "member",
                )  # fmt: skip
    for entry in items(record.get("_repositories")):
        yield from _team_owns(where, made, mapping(entry))


def _team_owns(where: Where, made: Identity, record: Record) -> Iterator[Item]:
    role = _role(record)
    repository = repository_of(record, f"https://{where.host}")
    if repository is None or role not in _ANSWERING:
        return
    yield Edge(
        source=repository.subject,
        target=made.id,
        relation=Relation.OWNED_BY,
        evidence=(where.evidence("GET /orgs/{org}/teams/{team_slug}/repos"),),
        confidence=Confidence.HIGH,
        detail=role,
    )


def _role(record: Record) -> str:
    name = text(record.get("role_name"))
    if name:
        return name
    given = mapping(record.get("permissions"))
    return next((role for role in _ANSWERING if given.get(role) is True), "")


def slot(operation: str, *, is_secret: bool) -> Callable[[Where, Record], Iterator[Item]]:
    """A secret (GitHub tells its name alone) or a variable."""

    def made(where: Where, record: Record) -> Iterator[Item]:
        said = {"visibility": text(record.get("visibility"))}
        yield from variable(
            where, operation, text(record.get("name")), text(record.get("value")),
            is_secret=is_secret, tags=said,
        )  # fmt: skip

    return made


def installation(where: Where, record: Record) -> Iterator[Item]:
    """An installed app, with what it may do."""
    slug = text(record.get("app_slug"))
    yield from application(
        where,
        "GET /orgs/{org}/installations",
        key=slug or text(record.get("app_id")),
        label=slug,
        client_id=text(record.get("client_id")),
        scopes=_permissions(record.get("permissions")),
        created=stamp(record.get("created_at")),
        status="suspended" if record.get("suspended_at") else "active",
    )


def _permissions(value: Any) -> list[str]:
    return sorted(f"{key}:{text(level)}" for key, level in mapping(value).items())


def fine_grained(where: Where, record: Record) -> Iterator[Item]:
    """A person's token that reaches the organization: its name may say what it is for."""
    operation = "GET /orgs/{org}/personal-access-tokens"
    key, name = text(record.get("token_id")), text(record.get("token_name"))
    if not key:
        return
    scopes = [s for part in mapping(record.get("permissions")).values() for s in _permissions(part)]
    yield from _granted(
        where,
        operation,
        record.get("owner"),
        app=f"token/{key}",
        label=name,
        scopes=scopes,
        first_at=stamp(record.get("access_granted_at")),
        last_at=stamp(record.get("token_last_used_at")),
    )
    yield _named(where, f"personal access tokens/{key}", name)


def authorization(where: Where, record: Record) -> Iterator[Item]:
    """A token or OAuth app that single sign-on lets in."""
    kind, key = text(record.get("credential_type")), text(record.get("credential_id"))
    if kind == "SSH key" or not key:
        return
    label = text(record.get("authorized_credential_title")) or text(
        record.get("authorized_credential_note")
    )
    yield from _granted(
        where,
        "GET /orgs/{org}/credential-authorizations",
        {"login": record.get("login")},
        app=f"app/{label.casefold()}" if label and "app" in kind else f"token/{key}",
        label=label,
        scopes=[text(scope) for scope in items(record.get("scopes"))],
        first_at=stamp(record.get("credential_authorized_at")),
        last_at=stamp(record.get("credential_accessed_at")),
    )
    if label:
        yield _named(where, f"authorized credentials/{key}", label)


def _granted(
    where: Where,
    operation: str,
    owner: Any,
    *,
    app: str,
    label: str,
    scopes: list[str],
    first_at: str,
    last_at: str,
) -> Iterator[Item]:
    if label:
        yield Activity(
            rule=operation,
            actor=user(where, operation, owner),
            account=where.account,
            app_id=NodeId(f"github:{where.host}/{app}"),
            label=label,
            scopes=tuple(scopes),
            relation="grants",
            first_at=first_at,
            last_at=last_at or first_at,
            resource=where.subject,
        )


def _named(where: Where, path: str, name: str) -> Content:
    place = Place(subject=where.subject, resource=where.subject, path=path)
    return Content(place=place, data=name.encode(), rule_sets=("names",))


def own_runner(operation: str) -> Callable[[Where, Record], Iterator[Item]]:
    """A self-hosted runner; what its group lets in stands in its tags."""

    def made(where: Where, record: Record) -> Iterator[Item]:
        group = mapping(record.get("_group"))
        is_open = group.get("allows_public_repositories") is True
        yield from runner(
            where,
            operation,
            key=f"{where.name}/{text(record.get('id'))}",
            name=text(record.get("name")),
            labels=[text(mapping(label).get("name")) for label in items(record.get("labels"))],
            status=text(record.get("status")),
            tags={
                "os": text(record.get("os")),
                "group": text(group.get("name")),
                "public_repositories": "true" if is_open else "",
            },
        )

    return made


def hosted_runner(where: Where, record: Record) -> Iterator[Item]:
    """A larger runner of GitHub's; its machine says whether it has an accelerator."""
    machine = mapping(record.get("machine_size_details"))
    image = mapping(record.get("image_details"))
    yield from runner(
        where,
        "GET /orgs/{org}/actions/hosted-runners",
        key=f"{where.name}/hosted/{text(record.get('id'))}",
        name=text(record.get("name")),
        labels=[text(machine.get("id")), text(image.get("id")), text(image.get("display_name"))],
        status=text(record.get("status")).lower(),
        tags={"platform": text(record.get("platform")), "hosted": "true"},
    )


# --- of a repository ---------------------------------------------------------------------------


def environments(where: Where, record: Record) -> Iterator[Item]:
    """Where it is deployed to; the repository itself says whether one of them is production."""
    operation = "GET /repos/{owner}/{repo}/environments"
    found = [mapping(entry) for entry in items(record.get("environments"))]
    names: list[str] = []
    is_production = False
    for entry in found:
        name = text(entry.get("name"))
        for item in environment(where, operation, name):
            is_production |= getattr(item, "environment", "") == "production"
            yield item
        names += [name] if name else []
        for field, is_secret in (("_secrets", True), ("_variables", False)):
            rule = f"{operation}/{{environment_name}}/{field[1:]}"
            for inner in map(mapping, items(entry.get(field))):
                yield from variable(
                    where, rule, text(inner.get("name")), text(inner.get("value")),
                    is_secret=is_secret, tags={"environment_scope": name},
                )  # fmt: skip
    if names:
        said = {"environments": ", ".join(sorted(names))}
        if is_production:
            said["production"] = "true"
        yield _tagged(where, said, "production" if is_production else "", operation)


def _tagged(where: Where, tags: Mapping[str, str], env: str, operation: str) -> Item:
    return msgspec.structs.replace(
        holder(where.subject, Path(where.name)),
        tags=dict(tags),
        environment=env,
        evidence=(where.evidence(operation),),
    )


def collaborator(where: Where, record: Record) -> Iterator[Item]:
    """Who was given it directly, and answers for it by the role that they have."""
    operation = "GET /repos/{owner}/{repo}/collaborators"
    made, role = user(where, operation, record), _role(record)
    if made is not None and role in _ANSWERING:
        yield from owned(where, operation, made, role, Confidence.MEDIUM)


def _slots(prefix: str, kinds: Iterable[tuple[str, str, bool]]) -> tuple[Detail, ...]:
    return tuple(
        Detail(
            operation=f"GET {prefix}/{path}",
            make=slot(f"GET {prefix}/{path}", is_secret=at == "secrets"),
            style=at,
            is_feature=is_feature,
        )
        for path, at, is_feature in kinds
    )


_SLOTS = (
    ("actions/secrets", "secrets", False),
    ("actions/variables", "variables", False),
    ("dependabot/secrets", "secrets", False),
    ("codespaces/secrets", "secrets", True),
    ("agents/secrets", "secrets", True),
    ("agents/variables", "variables", True),
)
_ORG = "/orgs/{org}"
_REPO = "/repos/{owner}/{repo}"

OF_AN_ORGANIZATION: tuple[Detail, ...] = (
    Detail(f"GET {_ORG}/teams", team, style="teams"),
    *_slots(_ORG, _SLOTS),
    Detail(f"GET {_ORG}/copilot/billing", copilot.policy, style="one", is_feature=True),
    Detail(f"GET {_ORG}/copilot/billing/seats", copilot.seat, style="seats", is_feature=True),
    Detail(
        f"GET {_ORG}/copilot/content_exclusion", copilot.exclusions, style="one", is_feature=True
    ),
    Detail(
        f"GET {_ORG}/copilot/coding-agent/permissions", copilot.agent, style="one", is_feature=True
    ),
    Detail(f"GET {_ORG}/installations", installation, style="installations"),
    Detail(f"GET {_ORG}/personal-access-tokens", fine_grained, is_feature=True),
    Detail(f"GET {_ORG}/credential-authorizations", authorization, is_feature=True),
    Detail(
        f"GET {_ORG}/actions/runners", own_runner(f"GET {_ORG}/actions/runners"),
        style="with_group",
    ),
    Detail(
        f"GET {_ORG}/actions/hosted-runners", hosted_runner, style="runners", is_feature=True
    ),
)  # fmt: skip
OF_A_REPOSITORY: tuple[Detail, ...] = (
    Detail(f"GET {_REPO}/environments", environments, style="environments_of"),
    *_slots(_REPO, _SLOTS),
    Detail(
        f"GET {_REPO}/actions/runners", own_runner(f"GET {_REPO}/actions/runners"),
        style="runners",
    ),
    Detail(f"GET {_REPO}/collaborators", collaborator, params={"affiliation": "direct"}),
)  # fmt: skip
