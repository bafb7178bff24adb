"""Microsoft Entra: which applications and agents a tenant lets in, with which permissions, and who
signs in to them; Microsoft 365 Copilot's agents and use; or files exported from these.

What is AI among the applications is the catalogue's business; Microsoft's own are told apart by the
tenant that owns them, and count only where their id is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.entra import access as calls
from connectors.entra import copilot, directory, logs, names, records, scopes
from connectors.entra.access import OPERATIONS, Access, path_of
from connectors.entra.config import EntraConfig
from connectors.entra.export import read_file
from scanner.kit.contract import ConnectorSpec, Context, Mode, Probe, Shard
from scanner.kit.counted import in_turn, of_file, of_log
from scanner.model.base import ShardId
from scanner.model.coverage import Sight
from scanner.model.errors import SourceError
from scanner.model.items import Checkpoint, Item

_STATES = ("people", "apps", "agents", "copilot")
_PROBED = (
    calls.USERS, calls.APPS, calls.GRANTS, calls.AGENTS, calls.PACKAGES, calls.SIGN_INS,
    calls.OTHER_SIGN_INS, calls.AUDITS,
)  # fmt: skip


class EntraConnector:
    spec = ConnectorSpec(
        name="entra",
        title="Microsoft Entra applications, grants, agents and sign-ins",
        config=EntraConfig,
        operations=OPERATIONS,
        yields=frozenset(
            {names.TENANT, names.USER, names.EVERYONE, scopes.DATA.kind,
             records.AGENT, copilot.PACKAGE,
             copilot.PRODUCT, "entra.app"}
        ),
        sights=tuple(
            Sight(ids=rf"(?P<tenant>entra:[^/]+)/{what}/.+", shards=(f"{{tenant}}/{part}",))
            for what, part in (("agent", "agents"), ("copilot", "copilot"))
        ),
        docs_url="https://learn.microsoft.com/graph/api/overview",
        exports=("the portal's CSV of sign-ins and of audit logs, and their JSON",),
        rates={"directory": 20.0, "audit": 0.5, "reports": 0.5, "copilot": 5.0},
    )  # fmt: skip

    def shards(self, ctx: Context[EntraConfig]) -> Iterator[Shard]:
        yield from in_turn(self._shards(ctx), lambda one: one.scope["part"] not in _STATES)

    def _shards(self, ctx: Context[EntraConfig]) -> Iterator[Shard]:
        config = ctx.config
        place = f"entra:{config.tenant}"
        for part in config.parts if config.live else ():
            if part in _STATES:
                yield Shard(id=ShardId(f"{place}/{part}"), scope={"part": part})
            elif part == "audits":
                yield Shard(
                    id=ShardId(f"{place}/audits"), scope={"part": part}, mode=Mode.INCREMENTAL
                )
            else:
                for kind in config.sign_ins:
                    yield Shard(
                        id=ShardId(f"{place}/sign-ins/{kind}"),
                        scope={"part": part, "kind": kind},
                        mode=Mode.INCREMENTAL,
                    )
        for name in config.files:
            yield Shard(id=ShardId(f"entra:file:{name}"), scope={"part": "file", "file": name})

    def collect(
        self, ctx: Context[EntraConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        config, part = ctx.config, shard.scope["part"]
        tenant = config.tenant
        if part == "file":
            name = shard.scope["file"]
            yield from read_file(
                ctx.folder / Path(name).expanduser(), name, tenant, ctx.now(),
                of_file(ctx, shard), ctx,
            )  # fmt: skip
            return
        access = _access(ctx)
        when = logs.When(
            ctx.now(), config.since_days or ctx.window_days, config.kept_days,
            config.overlap_hours, since, of_log(ctx, shard),
        )  # fmt: skip
        if part == "people":
            yield from directory.people(access, tenant)
        elif part == "apps":
            yield from directory.apps(access, tenant, config.parallel_calls, config.assignments)
        elif part == "agents":
            yield from directory.agents(access, tenant)
        elif part == "copilot":
            yield from copilot.copilot(access, tenant)
        elif part == "audits":
            yield from logs.read_audits(access, tenant, _known(ctx, access), when)
        else:
            kind = shard.scope["kind"]
            yield from logs.read_sign_ins(access, tenant, kind, _known(ctx, access), when)

    def probe(self, ctx: Context[EntraConfig]) -> Iterator[Probe]:
        for operation in _PROBED if ctx.config.live else ():
            path = path_of(operation)
            try:
                _access(ctx).get(operation, path, {"$top": "1"})
            except SourceError as error:
                yield Probe(
                    check=operation.id, ok=False, detail=str(error),
                    remedy=f"grant {operation.permission}, or leave that part out of `parts`",
                )  # fmt: skip
            else:
                yield Probe(check=operation.id, ok=True, detail="readable")
        for name in ctx.config.files:
            there = (ctx.folder / Path(name).expanduser()).is_file()
            detail = "readable" if there else "no such file; check `files`"
            yield Probe(check=f"read {name}", ok=there, detail=detail)


def _access(ctx: Context[EntraConfig]) -> Access:
    return ctx.kept(f"entra:{ctx.config.tenant}", lambda: Access(ctx))


def _known(ctx: Context[EntraConfig], access: Access) -> logs.Known:
    name = f"entra:{ctx.config.tenant}/known"
    return ctx.kept(name, lambda: logs.Known(access, ctx.config.tenant, ctx.warn))


CONNECTOR = EntraConnector()
