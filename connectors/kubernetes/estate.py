"""The objects of one cluster, as workloads: what controls which pods, and how each is reached.

A workload is what somebody has deployed: a Deployment, not its ReplicaSets and pods. Of a
controller that is not listed (an Argo Rollout, a workflow) the pods tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.kubernetes import pods, reach
from connectors.kubernetes.deployed import DEPLOYERS, Deployers
from connectors.kubernetes.objects import Owner, Thing
from connectors.kubernetes.operations import BY_KIND
from scanner.kit.expressions import expression
from scanner.kit.values import items, mapping, text

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "CronJob"})
_BELOW = frozenset({"ReplicaSet", "Job", "Pod"})
"""Kinds that another may control; without one they are workloads themselves."""
_OWN = ("", "apps", "batch")
_MOST_PODS = 100
_SET = expression(r"(.{1,250})-(?:[bcdfghjklmnpqrstvwxz2456789]{5}|\d{1,5})")
"""What a controller puts behind a pod's name: five of these characters
(https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go), or an ordinal."""
_STARTED = expression(r"(.{1,52})-\d{8,10}")
"""A Job's name: its CronJob's, and the minute."""
Key = tuple[str, str, str, str]
"""Namespace, group, kind, name."""


@dataclass
class Workload:
    """``thing``: itself; None where only its pods are known. ``runs``: whose template tells what
    its pods are."""

    key: Key
    thing: Thing | None = None
    runs: Thing | None = None
    pods: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    """What pods of it are called, without what tells them apart: those that are gone, too."""
    addresses: set[str] = field(default_factory=set)
    count: int = 0
    """Of pods, of which the first are named."""
    exposure: set[str] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    owner: Key | None = None

    def add(self, pod: Thing) -> None:
        status = pod.status
        if text(status.get("phase")) in ("Succeeded", "Failed"):
            return
        self.count += 1
        if self.count > _MOST_PODS:
            return
        self.pods.add(pod.name)
        made = _SET.fullmatch(pod.name)
        if made:
            self.sets.add(made[1])
        if pod.spec.get("hostNetwork") is not True:  # else it is the node's address
            found = [text(mapping(one).get("ip")) for one in items(status.get("podIPs"))]
            self.addresses.update(filter(None, found or [text(status.get("podIP"))]))


@dataclass
class Estate:
    """``custom``: resources that are AI."""

    namespaces: dict[str, Thing] = field(default_factory=dict)
    nodes: list[Thing] = field(default_factory=list)
    accounts: dict[tuple[str, str], Thing] = field(default_factory=dict)
    workloads: dict[Key, Workload] = field(default_factory=dict)
    deployers: Deployers = field(default_factory=lambda: Deployers(()))
    _held: dict[str, list[Thing]] = field(default_factory=lambda: defaultdict(list))
    _below: dict[tuple[str, str, str], Thing] = field(default_factory=dict)

    def add(self, thing: Thing) -> None:
        """In any order; :meth:`settle` then joins them."""
        if (thing.group, thing.kind) not in BY_KIND:
            self._workload(key_of(thing)).thing = thing
        elif thing.kind == "Namespace":
            self.namespaces[thing.name] = thing
        elif thing.kind == "Node":
            self.nodes.append(thing)
        elif thing.kind == "ServiceAccount":
            self.accounts[thing.namespace, thing.name] = thing
        else:
            self._held[thing.kind].append(thing)

    def settle(self) -> None:
        held = self._held
        for kind in ("ReplicaSet", "Job"):
            self._below.update({(kind, one.namespace, one.name): one for one in held[kind]})
        for kind in WORKLOADS:
            for thing in held[kind]:
                made = self._workload(key_of(thing))
                made.thing = made.runs = thing
                made.owner = _owner_key(thing.namespace, thing.owner)
        for kind in ("ReplicaSet", "Job"):
            for thing in held[kind]:
                if thing.owner is None or kind == "Job":
                    self._of(thing)
        self._call_pods()
        for pod in held["Pod"]:
            self._of(pod).add(pod)
        for one in self.workloads.values():
            if one.owner == one.key or one.owner not in self.workloads:
                one.owner = None
        self._expose()
        self.deployers = Deployers(thing for kind in DEPLOYERS for thing in held[kind])

    def _call_pods(self) -> None:
        """How pods of each are called that are not there, or no more: ReplicaSets of earlier
        versions stand there without any."""
        for one in self._held["ReplicaSet"]:
            above = self.workloads.get(_owner_key(one.namespace, one.owner) or key_of(one))
            if above is not None:
                above.sets.add(one.name)
        for kind in ("StatefulSet", "DaemonSet"):
            for one in self._held[kind]:
                self._workload(key_of(one)).sets.add(one.name)

    def _of(self, thing: Thing) -> Workload:
        """The workload that something is of; it is made where nothing else shows it."""
        below, at = thing, thing
        key = key_of(thing)
        while at.kind in _BELOW and at.owner is not None and at.owner.kind != "Node":
            owner = at.owner
            key = (at.namespace, owner.group, owner.kind, owner.name)
            above = self._below.get((owner.kind, at.namespace, owner.name))
            if above is None or above is at or owner.group not in _OWN:
                key = self._guessed(at, owner) or key
                break
            below, at = at, above
        made = self._workload(key)
        if made.thing is None and key == key_of(at):
            made.thing = at
        if made.runs is None:
            made.runs = at if pods.template(at) else below
        return made

    def _guessed(self, pod: Thing, owner: Owner) -> Key | None:
        """What is above a ReplicaSet or a Job that was not read, by how these are called
        (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
        #pod-template-hash-label)."""
        mark = pod.labels.get("pod-template-hash", "")
        if owner.kind == "ReplicaSet" and mark and owner.name.endswith(f"-{mark}"):
            return (pod.namespace, "apps", "Deployment", owner.name.removesuffix(f"-{mark}"))
        started = _STARTED.fullmatch(owner.name) if owner.kind == "Job" else None
        if started:
            key = (pod.namespace, "batch", "CronJob", started[1])
            return key if key in self.workloads else None
        return None

    def _workload(self, key: Key) -> Workload:
        return self.workloads.setdefault(key, Workload(key))

    def _expose(self) -> None:
        by_namespace: defaultdict[str, list[Workload]] = defaultdict(list)
        for one in self.workloads.values():
            by_namespace[one.key[0]].append(one)
        found: dict[tuple[str, str], reach.Reached] = {}
        for service in self._held["Service"]:
            found[service.namespace, service.name] = reach.of_service(service)
        for route in (*self._held["Ingress"], *self._held["HTTPRoute"]):
            for place, reached in reach.of_route(route):
                found.setdefault(place, reach.Reached()).join(reached)
        for service in self._held["Service"]:
            selector = {k: text(v) for k, v in mapping(service.spec.get("selector")).items()}
            reached = found[service.namespace, service.name]
            for one in by_namespace[service.namespace] if selector else ():
                if one.runs is not None and selector.items() <= pods.labels(one.runs).items():
                    one.services.add(service.name)
                    one.exposure |= reached.words
                    one.urls |= reached.urls

    def asked(self) -> Iterator[tuple[Workload, Workload]]:
        """(who, whom) of workloads of which one holds the address of the other's service."""
        behind: defaultdict[tuple[str, str], list[Workload]] = defaultdict(list)
        for one in self.workloads.values():
            for service in one.services:
                behind[one.key[0], service].append(one)
        for one in self.workloads.values():
            if one.runs is not None:
                for place in sorted(pods.asked(pods.template(one.runs), one.key[0])):
                    yield from ((one, other) for other in behind[place] if other is not one)

    @property
    def uid(self) -> str:
        """Of the namespace ``kube-system``, by which a cluster is known
        (https://opentelemetry.io/docs/specs/semconv/resource/k8s/#cluster); empty: not shown."""
        found = self.namespaces.get("kube-system")
        return found.uid if found else ""


def key_of(thing: Thing) -> Key:
    return (thing.namespace, thing.group, thing.kind, thing.name)


def _owner_key(namespace: str, owner: Owner | None) -> Key | None:
    return (namespace, owner.group, owner.kind, owner.name) if owner else None


def noun(kind: str, group: str) -> str:
    """``deployment``; with its group where that is not Kubernetes' own."""
    return kind.lower() if group in _OWN else f"{kind.lower()}.{group}"


def labelled(things: Iterable[Mapping[str, str]], *names: str) -> str:
    """The one value that a label has in all; empty: none, or several."""
    found = {one[name] for one in things for name in names if one.get(name)}
    return found.pop() if len(found) == 1 else ""
