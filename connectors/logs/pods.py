"""Which pod a log names, and of which workload: what joins a device to what a cluster runs.

https://opentelemetry.io/docs/specs/semconv/resource/k8s/ and Google's ``GkeDetails``
(https://cloud.google.com/vpc/docs/about-flow-logs-records).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scanner.kit.expressions import expression

_CONTROLLERS = ("deployment", "statefulset", "daemonset", "cronjob", "job")
_TOLD = expression(r"[\w.:/@-]{1,253}")
_MADE = (
    expression(r"(.+)-[a-z0-9]{5,10}-[a-z0-9]{5}"),
    expression(r"(.+)-\d{1,5}"),
    expression(r"(.+)-[a-z0-9]{5}"),
)
"""How pods of Deployments, StatefulSets and DaemonSets are called."""


class Pod(NamedTuple):
    """What is told of it; empty: nothing. ``kind``: of the workload, in small letters."""

    name: str = ""
    namespace: str = ""
    cluster: str = ""
    kind: str = ""
    workload: str = ""

    @property
    def whose(self) -> tuple[str, str, str]:
        """Of pods of one workload the same."""
        if self.workload:
            return self.cluster, self.namespace, self.workload
        made = next(filter(None, (one.fullmatch(self.name) for one in _MADE)), None)
        return self.cluster, self.namespace, made[1] if made else self.name


def pod(name: str, namespace: str, cluster: str, kind: str, workload: str) -> Pod | None:
    """None: too little is told, or what is no name."""
    told = [one.lower() if _TOLD.fullmatch(one) else "" for one in (name, namespace, cluster)]
    of = kind.lower().replace("_", ""), workload.lower() if _TOLD.fullmatch(workload) else ""
    made = Pod(told[0], told[1], told[2], *(of if of[0] in _CONTROLLERS and of[1] else ("", "")))
    return made if made.namespace and (made.name or made.workload) else None


def of_attributes(told: Mapping[str, str]) -> Pod | None:
    """Of a resource of OpenTelemetry. A cluster's uid is surer than what somebody calls it."""
    get = told.get
    kind = next((one for one in _CONTROLLERS if get(f"k8s.{one}.name")), "")
    return pod(
        get("k8s.pod.name", ""), get("k8s.namespace.name", ""),
        get("k8s.cluster.uid", "") or get("k8s.cluster.name", ""),
        kind, get(f"k8s.{kind}.name", ""),
    )  # fmt: skip


def tags(seen: Iterable[Pod]) -> dict[str, str]:
    """Of a device that was seen as these. Where they are not of one workload, none is it for sure:
    the same service may run in several clusters."""
    pods = sorted(seen)
    is_one = len({one.whose for one in pods}) == 1
    found: dict[str, list[str]] = {}
    for one in pods:
        names = {
            "pod": f"{one.namespace} {one.name}" if one.name else "",
            "workload": f"{one.namespace} {one.kind} {one.workload}" if one.workload else "",
        }
        for what, said in names.items():
            if not said:
                continue
            found.setdefault(f"seen_{what}_name", []).append(said)
            if is_one and one.cluster:
                found.setdefault(f"seen_cluster_{what}", []).append(f"{one.cluster} {said}")
            elif is_one:
                found.setdefault(f"seen_{what}", []).append(said)
    return {key: ", ".join(dict.fromkeys(values)) for key, values in found.items()}
