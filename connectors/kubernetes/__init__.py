"""Kubernetes: what runs in clusters, what of it is AI, as whom, and how it can be reached.

https://kubernetes.io/docs/reference/kubernetes-api/. Read-only: lists alone, and Secrets never;
live by a kubeconfig, a pod's own account or an address, or from what ``kubectl get`` has written.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from connectors.kubernetes import clusters, custom, export, lists
from connectors.kubernetes.access import session
from connectors.kubernetes.clusters import Cluster, Ctx
from connectors.kubernetes.config import KubernetesConfig
from connectors.kubernetes.estate import Estate
from connectors.kubernetes.facts import KINDS, Named, facts
from connectors.kubernetes.objects import is_object, is_passed_by, thing_of
from connectors.kubernetes.operations import (
    BY_KIND,
    CUSTOM,
    GROUPS,
    LISTS,
    OPERATIONS,
    Listed,
    permission,
)
from connectors.kubernetes.origins import short_name
from scanner.kit.contract import ConnectorSpec, Counts, PermissionFormat, Probe, Shard
from scanner.kit.http import Missing, ReadOnlySession
from scanner.kit.told import gap
from scanner.model.base import ShardId
from scanner.model.errors import Denied, SourceError
from scanner.model.items import Checkpoint, Gap, Item, Remembered

_FILES = "files:"


class KubernetesConnector:
    """A shard is a cluster: what controls a pod, and what leads to it, are other lists' to say."""

    spec = ConnectorSpec(
        name="kubernetes",
        title="Kubernetes workloads: pods, controllers, custom resources of AI, exposure",
        config=KubernetesConfig,
        operations=OPERATIONS,
        yields=KINDS,
        docs_url="https://kubernetes.io/docs/reference/kubernetes-api/",
        permission_format=PermissionFormat.CLUSTER_ROLE,
        rates={"default": 20.0},
        listing={"exec_plugins": Counts.NEVER, "page_size": Counts.NEVER,
                 "custom_resources": Counts.NEVER, "token_env": Counts.NEVER,
                 "ca_file": Counts.NEVER},
    )  # fmt: skip

    def shards(self, ctx: Ctx) -> Iterator[Shard]:
        if ctx.config.files:
            name = clusters.own_name(ctx.config)
            yield Shard(id=ShardId(f"kubernetes:{_FILES}{name}"), scope={"files": name}, title=name)
        for name in clusters.names(ctx):
            yield Shard(id=ShardId(f"kubernetes:{name}"), scope={"cluster": name}, title=name)

    def collect(self, ctx: Ctx, shard: Shard, since: Checkpoint | None) -> Iterator[Item]:
        name = shard.scope.get("cluster", "")
        if not name:
            yield from _exported(ctx, shard.scope["files"])
            return
        yield from _live(ctx, shard, clusters.cluster(ctx, name))

    def probe(self, ctx: Ctx) -> Iterator[Probe]:
        for name in ctx.config.files:
            there = (ctx.folder / Path(name).expanduser()).is_file()
            detail = "readable" if there else "no such file; check `files`"
            yield Probe(check=f"read {name}", ok=there, detail=detail)
        for name in clusters.names(ctx):
            try:
                asked = session(ctx, clusters.cluster(ctx, name))
            except SourceError as error:
                yield Probe(check=name, ok=False, detail=str(error))
                continue
            for one in LISTS:
                yield _tried(asked, name, one)


def _tried(asked: ReadOnlySession, name: str, one: Listed) -> Probe:
    check = f"{name}: {one.operation.permission}"
    try:
        asked.get(one.path, {"limit": "1"})
    except Missing:
        return Probe(check=check, ok=one.may_lack, detail="the cluster has no such resource")
    except SourceError as error:
        return Probe(check=check, ok=False, detail=str(error),
                     remedy="apply deploy/kubernetes/clusterrole.yaml and bind it")  # fmt: skip
    return Probe(check=check, ok=True, detail="readable")


def _live(ctx: Ctx, shard: Shard, cluster: Cluster) -> Iterator[Item]:
    asked, estate = session(ctx, cluster), Estate()
    rules = {key: one.operation.id for key, one in BY_KIND.items()}
    refused = 0
    groups: dict[str, str] = {}
    unknown = 1  # groups that the cluster may have besides
    if ctx.config.custom_resources:
        try:
            groups, unknown = custom.groups(asked)
            yield from _odd(GROUPS.path, unknown)
        except SourceError as error:
            yield gap("custom resources", error)
    for one in LISTS:
        if one.may_lack and not unknown and one.group not in groups:
            continue  # to who may not list it, it would be refused all the same
        try:
            found, odd = lists.whole(
                asked, one.path, ctx.config.page_size, partial(thing_of, kind=one.kind, api=one.api)
            )
        except SourceError as error:
            refused += 1
            is_there = not (one.may_lack and isinstance(error, Missing))
            if is_there and not (one.is_optional and isinstance(error, Denied)):
                yield _refused(one.operation.id, one.operation.permission, one.path, error)
            if refused == len(LISTS):
                raise
            continue
        for thing in found:
            estate.add(thing)
        yield from _odd(one.path, odd)
    if groups:
        yield from _custom(ctx, asked, groups, estate, rules)
    uid = estate.uid or ctx.recall(shard.id).decode("ascii", "ignore")
    if uid:
        yield Remembered(data=uid.encode())
    estate.settle()
    also = [*cluster.also, *filter(None, map(short_name, (cluster.name, *cluster.also)))]
    named = Named(uid or cluster.name, cluster.name, cluster.url, tuple(also), rules)
    yield from facts(named, estate)


def _refused(operation: str, allowed: str, path: str, error: SourceError) -> Gap:
    if isinstance(error, Denied):
        said = f"{operation}: not permitted to {allowed} ({error})"
        return Gap(what=allowed, reason=said, denied=True)
    return gap(path, error)


def _custom(
    ctx: Ctx, asked: ReadOnlySession, groups: dict[str, str], estate: Estate,
    rules: dict[tuple[str, str], str],
) -> Iterator[Item]:  # fmt: skip
    for one in custom.found(asked, groups, ctx.examine):
        if isinstance(one, Gap):
            yield one
            continue
        try:
            found, odd = lists.whole(
                asked, one.path, ctx.config.page_size,
                partial(thing_of, kind=one.kind, api=one.api),
            )  # fmt: skip
        except Missing:
            continue  # it was deleted meanwhile
        except SourceError as error:
            yield _refused(CUSTOM.id, permission(one.plural, one.group), one.path, error)
            continue
        rules[one.group, one.kind] = f"GET {one.path}"
        for thing in found:
            estate.add(thing)
        yield from _odd(one.path, odd)


def _odd(what: str, count: int) -> Iterator[Gap]:
    if count:
        yield Gap(what=what, reason=f"{count} objects are malformed")


def _exported(ctx: Ctx, name: str) -> Iterator[Item]:
    """All files together: one may hold the pods and another what controls them."""
    estate, trouble = Estate(), []
    for file in ctx.config.files:
        path = ctx.folder / Path(file).expanduser()
        odd: list[int] = []
        try:
            for number, raw in export.objects(path, file):
                if is_passed_by(raw):
                    continue
                thing = thing_of(raw) if is_object(raw) else None
                if thing is None:
                    odd.append(number)
                elif (thing.group, thing.kind) in BY_KIND or custom.is_ai(
                    ctx.examine, thing.kind, f"{thing.group}/{thing.version}"
                ):
                    estate.add(thing)
        except SourceError as error:
            trouble.append(error)
            yield gap(file, error)
        if odd:
            yield Gap(what=f"{file}:{odd[0]}", reason=f"{len(odd)} records are no objects of Kubernetes")  # fmt: skip # noqa: E501
    if len(trouble) == len(ctx.config.files):
        raise trouble[0]
    estate.settle()
    yield from facts(Named(estate.uid or name, name), estate)


CONNECTOR = KubernetesConnector()
