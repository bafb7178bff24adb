"""Google Workspace: who lets which AI into mail, files and calendars, and who uses Google's own.

People, the applications each has granted scopes to, and the reports of the Admin SDK; or files
exported from them. What is AI among the applications is the catalogue's business. Which clients
hold domain-wide delegation no API lists: the admin report tells when one was authorized, for 180
days.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.google_workspace import directory, names, products, scopes
from connectors.google_workspace.access import ACTIVITIES, OPERATIONS, TOKENS, USERS, Access
from connectors.google_workspace.config import WorkspaceConfig
from connectors.google_workspace.export import EXPORTS, read_file
from connectors.google_workspace.reports import read_report
from scanner.kit.contract import ConnectorSpec, Context, Mode, Probe, Shard
from scanner.kit.counted import in_turn, of_file, of_log
from scanner.model.base import ShardId
from scanner.model.errors import SourceError
from scanner.model.items import Checkpoint, Item

_DELEGATION = "authorized clients are known from the admin report alone, for 180 days"


class GoogleWorkspaceConnector:
    spec = ConnectorSpec(
        name="google_workspace",
        title="Google Workspace grants, sign-ins and AI use",
        config=WorkspaceConfig,
        operations=OPERATIONS,
        yields=frozenset(
            {names.DOMAIN, names.USER, names.SERVICE, names.DEVICE, products.PRODUCT,
             products.AGENT, scopes.DATA.kind, "google_workspace.app"}
        ),
        docs_url="https://developers.google.com/workspace/admin/reports/v1/get-start/overview",
        exports=EXPORTS,
        # https://developers.google.com/workspace/admin/directory/v1/limits: 2,400 a minute.
        rates={"directory": 40.0, "reports": 40.0},
    )  # fmt: skip

    def shards(self, ctx: Context[WorkspaceConfig]) -> Iterator[Shard]:
        yield from in_turn(self._shards(ctx), lambda one: one.scope["part"] in ("report", "file"))

    def _shards(self, ctx: Context[WorkspaceConfig]) -> Iterator[Shard]:
        config = ctx.config
        place = f"google_workspace:{config.domain}"
        if config.live and config.users:
            for part in ("people", "grants"):
                yield Shard(id=ShardId(f"{place}/{part}"), scope={"part": part})
        for report in config.reports if config.live else ():
            yield Shard(
                id=ShardId(f"{place}/report/{report}"),
                scope={"part": "report", "report": report},
                mode=Mode.INCREMENTAL,
            )
        for name in config.files:
            yield Shard(
                id=ShardId(f"google_workspace:file:{name}"), scope={"part": "file", "file": name}
            )

    def collect(
        self, ctx: Context[WorkspaceConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        config, part = ctx.config, shard.scope["part"]
        if part == "file":
            name = shard.scope["file"]
            yield from read_file(
                ctx.folder / Path(name).expanduser(), name, config.domain, ctx.now(),
                of_file(ctx, shard), ctx,
            )  # fmt: skip
            return
        access = _access(ctx)
        if part == "people":
            yield from directory.people(access, config.customer, config.domain)
        elif part == "grants":
            yield from directory.grants(
                access, config.customer, config.domain, config.parallel_calls
            )
        else:
            yield from read_report(
                access, shard.scope["report"], config.domain, config.customer,
                config.since_days or ctx.window_days, config.overlap_hours, ctx.now(), since,
                of_log(ctx, shard), ctx,
            )  # fmt: skip

    def probe(self, ctx: Context[WorkspaceConfig]) -> Iterator[Probe]:
        config = ctx.config
        checks = []
        if config.live and config.users:
            one = {"customer": config.customer, "maxResults": "1"}
            checks += [
                (OPERATIONS[0], USERS, one),
                (OPERATIONS[1], TOKENS.replace("{user}", config.admin), {}),
            ]
        for report in config.reports if config.live else ():
            path = ACTIVITIES.replace("{report}", report)
            checks.append((OPERATIONS[2], path, {"maxResults": "1"}))
        for operation, path, query in checks:
            if path.endswith("users//tokens"):
                continue  # nobody is named to try it with
            try:
                _access(ctx).get(operation, path, query)
            except SourceError as error:
                yield Probe(
                    check=f"GET {path}", ok=False, detail=str(error),
                    remedy=f"grant {operation.permission} by domain-wide delegation",
                )  # fmt: skip
            else:
                yield Probe(check=f"GET {path}", ok=True, detail="readable")
        if config.live:
            yield Probe(check="domain-wide delegation", ok=True, detail=_DELEGATION)
        for name in config.files:
            there = (ctx.folder / Path(name).expanduser()).is_file()
            detail = "readable" if there else "no such file; check `files`"
            yield Probe(check=f"read {name}", ok=there, detail=detail)


def _access(ctx: Context[WorkspaceConfig]) -> Access:
    return ctx.kept(f"google_workspace:{ctx.config.domain}", lambda: Access(ctx))


CONNECTOR = GoogleWorkspaceConnector()
