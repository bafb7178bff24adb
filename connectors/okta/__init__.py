"""Okta: applications, people, grants, API tokens and the System Log, from the API or a file.

What is AI among the applications is the catalogue's business: every application is handed on with
its redirect hosts, client id and label, and what nobody knows ends there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from connectors.okta import lists
from connectors.okta.api import Window, read_apps, read_log
from connectors.okta.export import read_file
from connectors.okta.reports import EXPORTS
from connectors.okta.scopes import DATA
from scanner.kit.contract import ConnectorSpec, Context, Mode, Operation, Probe, Shard
from scanner.kit.counted import in_turn, of_file, of_log
from scanner.kit.http import ReadOnlySession
from scanner.model.base import ShardId
from scanner.model.errors import Denied, SourceError
from scanner.model.items import Checkpoint, Item

Part = Literal["apps", "logs", "people", "grants", "tokens"]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OktaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    org_url: str = ""
    """``https://acme.okta.com``."""
    token_env: str = "OKTA_API_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds the token; the token itself is never in a file."""
    token_type: Literal["SSWS", "Bearer"] = "SSWS"  # noqa: S105
    """SSWS: an API token of a read-only administrator. Bearer: an OAuth 2.0 access token."""
    live: bool = True
    """Whether the API is asked; off where only `files` of the organization are to be read."""
    parts: tuple[Part, ...] = ("apps", "logs", "people", "grants", "tokens")
    """What of the API is read. Grants cost a call for each application that speaks OAuth."""
    files: tuple[str, ...] = ()
    """Exports to read instead or as well: JSON, JSONL or CSV, gz too, also as SIEMs write them."""
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    """Events a page."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 0
    """How far back the first reading of the log goes; 0: as `scan.window_days` says."""
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 7)] = 24
    """How late events may come; what was counted of that time is not counted again."""

    def __post_init__(self) -> None:
        if not (self.org_url and self.live) and not self.files:
            raise ValueError("set `org_url` or `files`")
        if self.org_url:
            host = host_of(self.org_url)
            split = urlsplit(self.org_url)
            if not host:
                raise ValueError("`org_url` has no host; write https://acme.okta.com")
            if split.scheme != "https" and split.hostname not in _LOOPBACK:
                raise ValueError("`org_url` must begin with https://: a token is sent to it")


def host_of(org_url: str) -> str:
    """Host, and port where there is one: what shards and nodes are named by. Raises ``ValueError``,
    without quoting it, for a URL that holds more than a place."""
    try:
        split = urlsplit(org_url)
        host, port = split.hostname or "", split.port
    except ValueError:
        raise ValueError("`org_url` is no URL; write https://acme.okta.com") from None
    if "@" in split.netloc or split.query or split.fragment:
        raise ValueError(
            "`org_url` must hold no user, password or query: they would be shown; the token goes "
            "into the environment variable that `token_env` names"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port is not None else shown


_LISTS = {
    "apps": read_apps, "people": lists.read_people, "grants": lists.read_grants,
    "tokens": lists.read_tokens,
}  # fmt: skip
_PROBED = {
    "apps": "/api/v1/apps", "logs": "/api/v1/logs", "people": "/api/v1/users",
    "tokens": "/api/v1/api-tokens",
}  # fmt: skip


class OktaConnector:
    spec = ConnectorSpec(
        name="okta",
        title="Okta applications, people, grants, API tokens and System Log",
        config=OktaConfig,
        operations=(
            Operation(
                id="GET /api/v1/apps", permission="okta.apps.read", bucket="apps",
                reason="applications, their redirect hosts and status",
            ),
            Operation(
                id="GET /api/v1/logs", permission="okta.logs.read", bucket="logs",
                reason="sign-ins, token grants and consents: who lets which AI in",
            ),
            Operation(
                id=lists.USERS, permission="okta.users.read", bucket="users",
                reason="people, and who has left",
            ),
            Operation(
                id=lists.GRANTS, permission="okta.appGrants.read", bucket="apps",
                reason="what an application may do with people, groups and logs",
            ),
            Operation(
                id=lists.TOKENS, permission="okta.apiTokens.read", bucket="tokens",
                reason="API tokens that are called as AI products are, and whose they are",
            ),
        ),
        yields=frozenset({"okta.org", "okta.app", "okta.user", DATA.kind}),
        docs_url="https://developer.okta.com/docs/api/openapi/okta-management/management/tags/systemlog",
        exports=EXPORTS,
    )  # fmt: skip

    def shards(self, ctx: Context[OktaConfig]) -> Iterator[Shard]:
        yield from in_turn(self._shards(ctx), lambda one: one.scope["part"] in ("logs", "file"))

    def _shards(self, ctx: Context[OktaConfig]) -> Iterator[Shard]:
        for part in ctx.config.parts if ctx.config.org_url and ctx.config.live else ():
            host = host_of(ctx.config.org_url)
            yield Shard(
                id=ShardId(f"okta:{host}/{part}"),
                scope={"part": part, "host": host},
                mode=Mode.INCREMENTAL if part == "logs" else Mode.FULL,
            )
        for name in ctx.config.files:
            yield Shard(id=ShardId(f"okta:file:{name}"), scope={"part": "file", "file": name})

    def collect(
        self, ctx: Context[OktaConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        part, config = shard.scope["part"], ctx.config
        if part == "file":
            name = shard.scope["file"]
            host = host_of(config.org_url) or "export"
            yield from read_file(
                ctx.folder / Path(name).expanduser(), name, host, ctx.now(),
                of_file(ctx, shard), ctx,
            )  # fmt: skip
        elif part in _LISTS:
            yield from _LISTS[part](_session(ctx), shard.scope["host"])
        else:
            days = config.since_days or ctx.window_days
            window = Window(
                now=ctx.now(), days=days, page_size=config.page_size, since=since,
                overlap=timedelta(hours=config.overlap_hours), counted=of_log(ctx, shard),
            )  # fmt: skip
            yield from read_log(_session(ctx), shard.scope["host"], window, ctx.warn)

    def probe(self, ctx: Context[OktaConfig]) -> Iterator[Probe]:
        permissions = {one.id: one.permission for one in self.spec.operations}
        config = ctx.config
        for part in config.parts if config.org_url and config.live else ():
            path = _PROBED.get(part, "")
            if not path:
                continue
            try:
                _session(ctx).get(path, {"limit": "1"})
            except SourceError as error:
                scope = permissions[f"GET {path}"]
                remedy = f"grant {scope}, or use the token of a read-only administrator"
                yield Probe(check=f"GET {path}", ok=False, detail=str(error), remedy=remedy)
            else:
                yield Probe(check=f"GET {path}", ok=True, detail="readable")
        for name in ctx.config.files:
            there = (ctx.folder / name).is_file()
            detail = "readable" if there else "no such file; check `files`"
            yield Probe(check=f"read {name}", ok=there, detail=detail)


def _session(ctx: Context[OktaConfig]) -> ReadOnlySession:
    token = ctx.environ.get(ctx.config.token_env, "")
    if not token:
        raise Denied(
            f"no Okta token: set the environment variable {ctx.config.token_env} to a token of a "
            "read-only administrator"
        )
    headers = {
        "Authorization": f"{ctx.config.token_type} {token}",
        "Accept": "application/json",
        "User-Agent": "shadow-ai-scanner",
    }
    return ReadOnlySession(
        ctx.config.org_url,
        OktaConnector.spec.operations,
        ctx.limits,
        headers=headers,
        retries=ctx.retries,
    )


CONNECTOR = OktaConnector()
