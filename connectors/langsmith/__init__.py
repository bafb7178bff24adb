"""LangSmith: service keys of an organization, people, and the projects whose runs are traced.

https://docs.langchain.com/langsmith/smith-api. Of a key its short form is shown; no run, prompt or
answer is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    each,
    read,
    secret,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.named import Names
from scanner.kit.paged import by_number, whole_list
from scanner.kit.text import cut
from scanner.kit.told import hint
from scanner.kit.values import mapping, text, when
from scanner.model.facts import AssetClass, Credential, Edge, Relation
from scanner.model.items import Item

NAMES = Names(source="langsmith", vendor="langsmith", tenant="organization")
KEY, PROJECT = "langsmith.service_key", "langsmith.project"
PROVIDER = "langsmith"
Part = Literal["people", "keys", "projects"]
MEMBERS = read(
    "/api/v1/orgs/current/members/active", "organization:read", "people and their addresses"
)
KEYS = read("/api/v1/orgs/current/service-keys", "organization:manage", "service keys")
PROJECTS = read("/api/v1/sessions", "projects:read", "projects whose runs are traced")
_CALLS = (MEMBERS, KEYS, PROJECTS)
_SIZE = 100
_MOST_TEXT = 120


class LangSmithConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    token_env: str = "LANGSMITH_API_KEY"  # noqa: S105 - the variable's name
    """Environment variable with an API key of an organization administrator."""
    workspace_id: str = ""
    """Whose projects are listed; empty: of the key's own workspace."""
    url: str = "https://api.smith.langchain.com"
    """Another region (`https://eu.api.smith.langchain.com`), or where you run it."""
    parts: tuple[Part, ...] = ("people", "keys", "projects")


def _access(ctx: Context[LangSmithConfig]) -> Any:
    config = ctx.config
    key = secret(ctx, "an organization administrator's API key")
    headers = {"X-API-Key": key}
    if config.workspace_id:
        headers["X-Tenant-Id"] = config.workspace_id
    return session(ctx, _CALLS, headers)


def _listed(reading: Reading, operation: Operation) -> Iterator[Any]:
    return by_number(
        reading.access, operation.path, {"limit": str(_SIZE)}, items="",
        param="offset", size=_SIZE, first=0, step=_SIZE,
    )  # fmt: skip


def is_member(record: Mapping[str, Any]) -> bool:
    return "email" in record and bool({"ls_user_id", "role_name", "full_name"} & record.keys())


def member(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    mail = text(given.get("email"))
    ident = text(given.get("ls_user_id")) or text(given.get("user_id")) or mail
    if "@" not in mail:
        return None
    role = text(given.get("role_name"))
    return [
        NAMES.member(
            org,
            MEMBERS.id,
            ident,
            text(given.get("full_name")) or mail,
            mail,
            tags={"role": role} if role else {},
        )
    ]


def is_key(record: Mapping[str, Any]) -> bool:
    return {"short_key", "description"} <= record.keys()


def key(record: Any, org: str) -> list[Item] | None:
    """A service key with what its short form shows; whose it is LangSmith does not tell."""
    given = mapping(record)
    ident = text(given.get("id"))
    if not ident:
        return None
    node = NAMES.node(org, "key", ident)
    shown = hint(text(given.get("short_key")))
    evidence = (NAMES.evidence(KEYS.id, node),)
    tags = {
        "read_only": "yes" if given.get("read_only") is True else "",
        "expires_at": when(given.get("expires_at")),
    }
    return [
        Credential(
            id=node, kind=KEY, issuer=PROVIDER, fingerprint="",
            name=f"LangSmith key {cut(text(given.get('description')), _MOST_TEXT)}".strip(),
            hint=shown if "\u2026" in shown else "", created_at=when(given.get("created_at")),
            last_used_at=when(given.get("last_used_at")),
            tags={name: one for name, one in tags.items() if one}, evidence=evidence,
        ),
        Edge(
            source=NAMES.org(org), target=node, relation=Relation.AUTHENTICATES_WITH,
            evidence=evidence,
        ),
    ]  # fmt: skip


def is_project(record: Mapping[str, Any]) -> bool:
    return {"name", "start_time"} <= record.keys() and "short_key" not in record


def project(record: Any, org: str) -> list[Item] | None:
    """An application of one's own that sends its runs there."""
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("name"))
    if not ident or not name:
        return None
    thing = NAMES.thing(
        org,
        "project",
        ident,
        name,
        AssetClass.INTEGRATION,
        provider=PROVIDER,
        created_at=when(given.get("start_time")),
    )
    last = when(given.get("last_run_start_time"))
    return list(NAMES.listed(thing, PROJECTS.id, last_at=last))


def people(reading: Reading) -> Iterator[Item]:
    yield from each(_listed(reading, MEMBERS), member, reading.org, MEMBERS.id)


def keys(reading: Reading) -> Iterator[Item]:
    yield from each(whole_list(reading.access, KEYS), key, reading.org, KEYS.id)


def projects(reading: Reading) -> Iterator[Item]:
    yield from each(_listed(reading, PROJECTS), project, reading.org, PROJECTS.id)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="langsmith",
        title="LangSmith service keys, people and projects",
        config=LangSmithConfig,
        operations=_CALLS,
        yields=NAMES.kinds | {KEY, PROJECT},
        docs_url="https://docs.langchain.com/langsmith/smith-api",
        no_export="the exports that the vendor documents are of runs, which hold prompts",
        # 2,000 in 10 seconds, fewer where runs are asked for:
        # https://docs.langchain.com/langsmith/cloud-rate-limits
        rates={"default": 2.0},
    ),
    names=NAMES,
    parts=(
        Listed("people", MEMBERS, people),
        Listed("keys", KEYS, keys),
        Listed("projects", PROJECTS, projects),
    ),
    kinds=(Kind(is_key, key), Kind(is_member, member), Kind(is_project, project)),
    access=_access,
    expected="service keys, members or projects",
)
