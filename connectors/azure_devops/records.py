"""Azure DevOps' records -> repositories, facts and events. Pure.

Follows https://learn.microsoft.com/rest/api/azure/devops/. What is not of the expected type counts
as not given. ``uniqueName`` is an address for people of Entra ID, a user name elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connectors.azure_devops import operations as op
from scanner.kit.expressions import expression
from scanner.kit.forge.details import Detail, Record, Where
from scanner.kit.forge.events import Event
from scanner.kit.forge.repository import Repository
from scanner.kit.forge.saying import (
    application,
    contains,
    environment,
    host_in,
    owned,
    person,
    runner,
    variable,
)
from scanner.kit.values import items, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, AssetClass, Identity, PrincipalType
from scanner.model.items import Content, Item, Place

_REQUIRED_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
"""Type of the policy
(https://learn.microsoft.com/azure/devops/repos/git/branch-policies#automatically-include-code-reviewers).
"""
_TELLING = expression(r"extension|oauth|token|serviceendpoint|serviceconnection|library", re.I)
_SECRET_WORDS = expression(r"key|token|secret|password|signature|sig$|certificate", re.I)


def repository_of(record: Any) -> Repository | None:
    """``pushed``: put into the record by who lists it, where a filter asks."""
    found = mapping(record)
    project = mapping(found.get("project"))
    owner, name = text(project.get("name")), text(found.get("name"))
    clone = text(found.get("remoteUrl"))
    if not owner or not name or not clone:
        return None
    is_off, is_moving = found.get("isDisabled") is True, found.get("isInMaintenance") is True
    size = found.get("size")
    bytes_ = size if isinstance(size, int) else 0
    branch = text(found.get("defaultBranch")).removeprefix("refs/heads/")
    return Repository(
        full_name=f"{owner}/{name}",
        clone_url=clone,
        web_url=text(found.get("webUrl")),
        default_branch=branch,
        is_fork=found.get("isFork") is True,
        # A size of nothing alone: the branch that was the default may have been deleted.
        is_empty=not branch and size == 0,
        disabled="disabled in the project's settings" if is_off
        else "in maintenance" if is_moving else "",
        visibility=text(project.get("visibility")),
        pushed_at=stamp(found.get("pushed")),
        size_kib=max(0, bytes_ >> 10),
        key=text(found.get("id")),
    )  # fmt: skip


def _identity(where: Where, operation: str, given: Any) -> Identity | None:
    found = mapping(given)
    unique, key = text(found.get("uniqueName")), text(found.get("id"))
    if not key and not unique:
        return None
    is_group = found.get("isContainer") is True
    is_mail = "@" in unique and not is_group
    return person(
        where, operation, key=key or unique, name=text(found.get("displayName")),
        email=unique if is_mail else "", is_active=found.get("inactive") is not True,
        principal=PrincipalType.GROUP if is_group else PrincipalType.HUMAN,
    )  # fmt: skip


def _team(where: Where, record: Record) -> Iterator[Item]:
    """``members``: put into the record by who reads it."""
    name = text(record.get("name"))
    if not name:
        return
    team = person(where, op.TEAMS, key=f"team/{text(record.get('id'))}", name=name,
                  principal=PrincipalType.TEAM)  # fmt: skip
    yield from owned(where, op.TEAMS, team, "team of the project", Confidence.MEDIUM)
    for member in map(mapping, items(record.get("members"))):
        who = _identity(where, op.MEMBERS, member.get("identity"))
        if who is not None and member.get("isTeamAdmin") is True:
            yield from owned(where, op.MEMBERS, who, f"administrator of {name}", Confidence.HIGH)


def _policy(where: Where, record: Record) -> Iterator[Item]:
    """People who must review; the API gives their ids alone."""
    kind = text(mapping(record.get("type")).get("id")).lower()
    if kind != _REQUIRED_REVIEWERS or record.get("isEnabled") is not True:
        return
    for key in items(mapping(record.get("settings")).get("requiredReviewerIds")):
        if text(key):
            who = person(where, op.POLICIES, key=text(key), principal=PrincipalType.UNKNOWN)
            yield from owned(where, op.POLICIES, who, "required reviewer", Confidence.MEDIUM)


def _variable_group(where: Where, record: Record) -> Iterator[Item]:
    """Values of secret variables are never given; with Azure Key Vault none is."""
    group, kind = text(record.get("name")), text(record.get("type"))
    for name, given in mapping(record.get("variables")).items():
        found = mapping(given)
        is_secret = found.get("isSecret") is True or kind == "AzureKeyVault"
        yield from variable(
            where, op.VARIABLE_GROUPS, text(name), "" if is_secret else text(found.get("value")),
            is_secret=is_secret, tags={"group": group, "environment_scope": group},
        )  # fmt: skip


def _environment(where: Where, record: Record) -> Iterator[Item]:
    yield from environment(where, op.ENVIRONMENTS, text(record.get("name")))


def _connection(where: Where, record: Record) -> Iterator[Item]:
    """A service connection is a carrier: its type, and its URL and data, which the detector reads
    as it reads settings. What a field's name calls a secret is not handed on."""
    ident, kind = text(record.get("id")), text(record.get("type"))
    if not ident:
        return
    name, url = text(record.get("name")), text(record.get("url"))
    node = NodeId(f"{where.source}:{where.host}/connection/{ident}")
    yield Asset(
        id=node,
        kind="azure_devops.service_connection",
        name=name or ident,
        asset_class=AssetClass.OTHER,
        account=where.account,
        is_ai=False,
        tags={key: value for key, value in (
            ("type", kind), ("scheme", text(mapping(record.get("authorization")).get("scheme"))),
            ("shared", "true" if record.get("isShared") is True else ""),
        ) if value},
        evidence=(where.evidence(op.CONNECTIONS),),
    )  # fmt: skip
    yield contains(where, node, op.CONNECTIONS)
    data = {
        text(key): text(value)
        for key, value in mapping(record.get("data")).items()
        if text(value) and not _SECRET_WORDS.search(text(key))
    }
    lines = "".join(f"{key}={value}\n" for key, value in {"url": url, **data}.items())
    yield Content(
        place=Place(subject=node, resource=node, path="service connection"),
        data=lines.encode("utf-8", "backslashreplace"),
    )
    yield from application(
        where, op.CONNECTIONS, key=f"connection-type/{ident}", label=kind, hosts=(host_in(url),),
        status="ready" if record.get("isReady") is True else "not ready",
    )  # fmt: skip


def _agent(where: Where, record: Record) -> Iterator[Item]:
    """``pool``: put into the record by who reads it. Capabilities are names and values: of those
    that agents find by themselves names of programs, of those that people set what they like."""
    given = (mapping(record.get("systemCapabilities")), mapping(record.get("userCapabilities")))
    words = [text(key) for found in given for key in found]
    words += [text(v) for key, v in given[1].items() if not _SECRET_WORDS.search(text(key))]
    yield from runner(
        where, op.AGENTS, key=f"{text(record.get('pool'))}/{text(record.get('id'))}",
        name=text(record.get("name")), labels=filter(_tells, words),
        status=text(record.get("status")), tags={"pool": text(record.get("pool"))},
    )  # fmt: skip


def _tells(word: str) -> bool:
    """Agents have hundreds of capabilities; those that speak of accelerators are kept."""
    return bool(re.search(r"gpu|cuda|nvidia|rocm|tpu|[ahbv]\d00|\bl40?s?\b|\bt4\b", word, re.I))


def _extension(where: Where, record: Record) -> Iterator[Item]:
    publisher, name = text(record.get("publisherId")), text(record.get("extensionId"))
    flags = text(record.get("flags"))
    state = text(mapping(record.get("installState")).get("flags")) or flags
    if "builtIn" in f"{flags} {state}":
        return  # Microsoft's own parts of the product
    yield from application(
        where, op.EXTENSIONS, key=f"{where.name}/extension/{publisher}.{name}" if name else "",
        label=text(record.get("extensionName")) or name, hosts=(host_in(record.get("baseUri")),),
        scopes=map(text, items(record.get("scopes"))), created=stamp(record.get("lastPublished")),
        status="disabled" if "disabled" in state else "installed",
    )  # fmt: skip


OF_AN_ORGANIZATION = (
    Detail(op.EXTENSIONS, _extension),
    Detail(op.AGENTS, _agent, style="agents"),
)
OF_A_PROJECT = (
    Detail(op.TEAMS, _team, style="teams"),
    Detail(op.VARIABLE_GROUPS, _variable_group),
    Detail(op.CONNECTIONS, _connection, {"includeDetails": "true"}, style="whole"),
    Detail(op.ENVIRONMENTS, _environment),
)
OF_A_REPOSITORY = (Detail(op.POLICIES, _policy),)


def event_of(where: Where, record: Any) -> Iterator[Event | None]:
    """Nothing for what tells of no application, None for what is no event."""
    found = mapping(record)
    key, at = text(found.get("id")), stamp(found.get("timestamp"))
    action = text(found.get("actionId"))
    if not key or not at or not action:
        yield None
        return
    if not _TELLING.search(action):
        return
    data = mapping(found.get("data"))
    names = ("ExtensionName", "ConnectionName", "VariableGroupName", "DisplayName", "Name")
    label = next((text(data.get(n)) for n in names if text(data.get(n))), "")
    user, unique = text(found.get("actorUserId")), text(found.get("actorUPN"))
    actor = None
    if user or unique:
        actor = person(
            where, op.AUDIT, key=user or unique, name=text(found.get("actorDisplayName")),
            email=unique if "@" in unique else "",
        )  # fmt: skip
    kind = text(data.get("ConnectionType"))
    thing = label or action
    yield Event(
        key=key,
        at=at,
        action=action,
        thing=NodeId(f"{where.source}:{where.host}/{where.name}/app/{thing}"),
        label=kind or label,
        client_id=text(found.get("actorClientId")).replace(
            "00000000-0000-0000-0000-000000000000", ""
        ),
        actor=actor,
        relation="grants",
    )
