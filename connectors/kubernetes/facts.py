"""The facts of a cluster: it, its namespaces and workloads, whom they run as, what they are given.

What of a workload is AI the detector says: it gets each as the manifest that would deploy it, so
that what runs and what a repository declares are told alike. Values of variables end there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from connectors.kubernetes import pods
from connectors.kubernetes.estate import Estate, Workload, labelled, noun
from connectors.kubernetes.objects import Thing
from connectors.kubernetes.operations import FROM_FILES, NODES
from connectors.kubernetes.origins import clouds_ids, roles, zone
from scanner.kit.text import cut
from scanner.kit.values import text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Content, Gap, Item, Place

CLUSTER, NAMESPACE, WORKLOAD = (
    "kubernetes.cluster", "kubernetes.namespace", "kubernetes.workload",
)  # fmt: skip
ACCOUNT, SECRET = "kubernetes.service_account", "kubernetes.secret"
KINDS = frozenset({CLUSTER, NAMESPACE, WORKLOAD, ACCOUNT, SECRET})
MANIFEST = "object.yaml"
_MOST_LISTED = 100
_ENVIRONMENT = ("environment", "env", "stage", "app.kubernetes.io/environment")
_OURS = frozenset({"cluster", "namespace", "workload_kind", "pod", "pod_set", "private_address",
                   "image", "service", "network", "instance", "server"})  # fmt: skip
"""Names of our own tags; a label so called is not shown."""
_ALSO = ("argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name", "openshift.io/requester")
_WHO = ("owner", "team", "contact", "maintainer", "responsible", "costcenter", "costcentre",
        "repository", "environment")  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A cluster: by what it is known, and what it is called. ``rules``: (group, kind) -> what told
    of it."""

    key: str
    name: str
    url: str = ""
    also: tuple[str, ...] = ()
    rules: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def id(self) -> NodeId:
        return NodeId(f"kubernetes:{self.key}")

    def node(self, what: str, name: str, namespace: str = "") -> NodeId:
        place = f"{namespace}/" if namespace else ""
        return NodeId(f"{self.id}/{place}{what}/{name}")

    def of(self, one: Workload) -> NodeId:
        namespace, group, kind, name = one.key
        return self.node(noun(kind, group), name, namespace)

    def evidence(self, kind: str, group: str, ident: NodeId) -> tuple[Evidence, ...]:
        rule = self.rules.get((group, kind)) or self.rules.get(("", "Pod")) or FROM_FILES
        return (Evidence(rule=rule, source="kubernetes", resource=ident),)

    @property
    def names(self) -> str:
        """Each name by which a log may call it."""
        return ", ".join(dict.fromkeys(filter(None, (self.name, *self.also, self.key))))


def facts(named: Named, estate: Estate) -> Iterator[Item]:
    yield from _cluster(named, estate)
    for one in estate.namespaces.values():
        yield from _namespace(named, one)
    for key in sorted(estate.workloads):
        yield from _workload(named, estate, estate.workloads[key])
    for who, whom in estate.asked():
        yield Edge(
            source=named.of(who), target=named.of(whom), relation=Relation.CALLS,
            detail="holds the address of its service",
            evidence=named.evidence(who.key[2], who.key[1], named.of(who)),
        )  # fmt: skip


def _cluster(named: Named, estate: Estate) -> Iterator[Item]:
    labels = [node.labels for node in estate.nodes]
    told = {
        "cluster": named.names,
        "nodes": str(len(estate.nodes)) if estate.nodes else "",
        "instance": _listed({zone(node) for node in estate.nodes}),
    }
    aliases = {named.url}.union(*map(clouds_ids, (named.name, *named.also)))
    yield Asset(
        id=named.id, kind=CLUSTER, name=named.name, asset_class=AssetClass.OTHER, is_ai=False,
        region=labelled(labels, "topology.kubernetes.io/region"), tags=_filled(told),
        aliases=tuple(sorted(aliases - {""})),
        evidence=named.evidence(NODES.kind, NODES.group, named.id),
    )  # fmt: skip


def _namespace(named: Named, one: Thing) -> Iterator[Item]:
    ident = named.node("namespace", one.name)
    evidence = named.evidence(one.kind, one.group, ident)
    yield Asset(
        id=ident, kind=NAMESPACE, name=one.name, asset_class=AssetClass.OTHER, is_ai=False,
        account=named.id, tags=tags_of(one), created_at=one.created_at,
        environment=_environment(one), evidence=evidence,
    )  # fmt: skip
    yield Edge(source=named.id, target=ident, relation=Relation.CONTAINS, evidence=evidence)


def _workload(named: Named, estate: Estate, one: Workload) -> Iterator[Item]:
    namespace, group, kind, name = one.key
    ident = named.of(one)
    evidence = named.evidence(kind, group, ident)
    spec = pods.template(one.runs) if one.runs else {}
    told = {
        "cluster": named.names, "namespace": namespace, "workload_kind": kind,
        "pod": _listed(one.pods), "pod_set": _listed(one.sets),
        "private_address": _listed(one.addresses),
        "image": _listed(set(pods.images(spec))), "service": _listed(one.services),
    }  # fmt: skip
    shown = one.thing or one.runs
    place = estate.namespaces.get(namespace)
    yield Asset(
        id=ident, kind=WORKLOAD, name=name, asset_class=AssetClass.WORKLOAD, is_ai=False,
        account=named.id, created_at=one.thing.created_at if one.thing else "",
        tags={**(tags_of(shown) if shown else {}), **_filled(told)},
        environment=_environment(shown) or _environment(place),
        exposure=tuple(sorted(one.exposure)), aliases=tuple(sorted(one.urls | _urls(one.thing))),
        evidence=evidence,
    )  # fmt: skip
    above = named.node("namespace", namespace) if namespace else named.id
    yield Edge(source=above, target=ident, relation=Relation.CONTAINS, evidence=evidence)
    if one.owner is not None:
        holder = named.of(estate.workloads[one.owner])
        yield Edge(source=holder, target=ident, relation=Relation.CONTAINS, evidence=evidence)
    for repository, said in estate.deployers.repositories(one.thing).items() if one.thing else ():
        yield Edge(
            source=ident, target=NodeId(repository), relation=Relation.DERIVED_FROM, detail=said,
            evidence=evidence,
        )  # fmt: skip
    for thing in {id(each): each for each in (one.thing, one.runs) if each}.values():
        if thing.is_cut:
            yield Gap(what=ident, reason="the object is larger than what is looked at of one")
    yield from _contents(ident, one, spec)
    if spec:
        yield from _runs_as(named, estate, one, spec)
        yield from _given(named, one, spec)


def _contents(ident: NodeId, one: Workload, spec: Mapping[str, Any]) -> Iterator[Item]:
    namespace, group, kind, name = one.key
    written: dict[str, Any] = {}
    thing = one.thing
    version = thing.version if thing else "v1"
    head = {
        "apiVersion": f"{group}/{version}" if group else version, "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
    }  # fmt: skip
    if thing is not None and not pods.template(thing):
        written = {**head, "spec": thing.spec}  # a custom resource: all that it says
    elif spec:
        written = {**head, "spec": {"template": {"spec": pods.shown(spec)}}}
    if written:
        yield Content(place=Place(subject=ident, resource=ident, path=MANIFEST,
                                  seen_at=thing.created_at if thing else ""),
                      data=manifest(written))  # fmt: skip
    if spec and thing is not None and thing is not one.runs and not pods.template(thing):
        # Its pods, which its controller has made: what runs in them is told beside it.
        runs = {"template": {"spec": pods.shown(spec)}}
        yield Content(place=Place(subject=ident, resource=ident, path="pods.yaml"),
                      data=manifest({"spec": runs}))  # fmt: skip


def manifest(written: Mapping[str, Any]) -> bytes:
    """As a file would say it, a value a line."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    said = yaml.dump(  # a safe dumper both
        written, Dumper=dumper, sort_keys=False, width=1 << 20, allow_unicode=True,
        default_flow_style=False,
    )  # fmt: skip
    return str(said).encode("utf-8", "backslashreplace")


def _runs_as(
    named: Named, estate: Estate, one: Workload, spec: Mapping[str, Any]
) -> Iterator[Item]:
    namespace, group, kind, _ = one.key
    called = text(spec.get("serviceAccountName")) or "default"
    known = estate.accounts.get((namespace, called))
    held = list(roles(known)) if known else []
    if called == "default" and not held:
        return  # what every pod runs as
    ident = named.node("serviceaccount", called, namespace)
    rule = ("ServiceAccount", "") if known else (kind, group)
    evidence = named.evidence(*rule, ident)
    yield Identity(
        id=ident, kind=ACCOUNT, name=f"{namespace}/{called}"[:300],
        principal_type=PrincipalType.SERVICE, evidence=evidence,
        tags=tags_of(known) if known else {},
    )  # fmt: skip
    yield Edge(
        source=named.of(one), target=ident, relation=Relation.RUNS_AS,
        evidence=named.evidence(kind, group, named.of(one)),
    )  # fmt: skip
    for target, how in held:
        # The role is told by the cloud; here it is what the pods get.
        yield Edge(source=ident, target=target, relation=Relation.RUNS_AS, detail=how,
                   evidence=evidence)  # fmt: skip


def _given(named: Named, one: Workload, spec: Mapping[str, Any]) -> Iterator[Item]:
    """Secrets by name: what they hold is never asked for."""
    namespace, group, kind, _ = one.key
    evidence = named.evidence(kind, group, named.of(one))
    for name, keys in list(pods.secrets(spec).items())[:_MOST_LISTED]:
        ident = named.node("secret", cut(name, 253), namespace)
        yield Asset(
            id=ident, kind=SECRET, name=cut(name, 253), asset_class=AssetClass.SECRET_SLOT,
            is_ai=False, account=named.id, evidence=evidence,
            tags=_filled({"namespace": namespace, "keys": _listed(set(keys))}),
        )  # fmt: skip
        yield Edge(
            source=named.of(one), target=ident, relation=Relation.AUTHENTICATES_WITH,
            evidence=evidence, detail=_listed(set(keys)),
        )  # fmt: skip
        lines = "".join(f"{each}\n" for each in (name, *keys))
        yield Content(place=Place(subject=ident, resource=ident), data=lines.encode(),
                      rule_sets=("names",))  # fmt: skip


def tags_of(thing: Thing) -> dict[str, str]:
    """Labels, and annotations that say whose it is or where it comes from."""
    said = {
        key: value
        for key, value in thing.annotations.items()
        if key in _ALSO or _plain(key.rpartition("/")[2]) in _WHO
    }
    return {key: value for key, value in (said | dict(thing.labels)).items() if key not in _OURS}


def _plain(key: str) -> str:
    return "".join(char for char in key.lower() if char.isalpha())


def _environment(thing: Thing | None) -> str:
    labels = thing.labels if thing else {}
    return next((labels[name] for name in _ENVIRONMENT if labels.get(name)), "")


def _urls(thing: Thing | None) -> set[str]:
    """Where a served model says that it is."""
    url = text(thing.status.get("url")) if thing else ""
    is_one = url.startswith(("https://", "http://")) and ".svc" not in url and url.isprintable()
    return {url[:300]} if is_one and len(url) <= 300 else set()


def _filled(told: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in told.items() if value}


def _listed(found: set[str]) -> str:
    return ", ".join(sorted(filter(None, found))[:_MOST_LISTED])
