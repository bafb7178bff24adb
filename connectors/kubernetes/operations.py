"""The calls of the Kubernetes API that are made: lists, and what the API says of itself.

Paths as its OpenAPI has them
(https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec). Secrets are never listed.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.kit.contract import Operation
from scanner.kit.permissions import DISCOVERY

FROM_FILES = "kubectl get"
"""Rule of what an exported file has told."""


@dataclass(frozen=True)
class Listed:
    """A kind of objects that is listed. ``may_lack``: clusters may be without it."""

    kind: str
    group: str
    version: str
    plural: str
    reason: str
    may_lack: bool = False
    is_optional: bool = False

    @property
    def api(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        return f"/{'apis' if self.group else 'api'}/{self.api}/{self.plural}"

    @property
    def operation(self) -> Operation:
        return Operation(
            id=f"GET {self.path}", permission=permission(self.plural, self.group),
            reason=self.reason, is_optional=self.is_optional,
        )  # fmt: skip


def permission(plural: str, group: str) -> str:
    """As ``kubectl auth can-i`` takes it."""
    return f"list {plural}" + (f".{group}" if group else "")


NAMESPACES = Listed(
    "Namespace", "", "v1", "namespaces", "namespaces, whose they are, and which cluster it is"
)
NODES = Listed("Node", "", "v1", "nodes", "in which cloud and region it runs", is_optional=True)
LISTS = (
    NAMESPACES,
    NODES,
    Listed("ServiceAccount", "", "v1", "serviceaccounts", "the cloud roles that workloads run as"),
    Listed("Service", "", "v1", "services", "which workloads can be reached"),
    Listed("ReplicaSet", "apps", "v1", "replicasets", "which workload a pod is of"),
    Listed("Deployment", "apps", "v1", "deployments", "workloads"),
    Listed("StatefulSet", "apps", "v1", "statefulsets", "workloads"),
    Listed("DaemonSet", "apps", "v1", "daemonsets", "workloads on every node"),
    Listed("CronJob", "batch", "v1", "cronjobs", "workloads that are started by the clock"),
    Listed("Job", "batch", "v1", "jobs", "workloads that end"),
    Listed("Pod", "", "v1", "pods", "names and addresses by which logs tell of workloads"),
    Listed(
        "Ingress",
        "networking.k8s.io",
        "v1",
        "ingresses",
        "which workloads can be reached",
        may_lack=True,
    ),
    Listed(
        "HTTPRoute",
        "gateway.networking.k8s.io",
        "v1",
        "httproutes",
        "which workloads can be reached",
        may_lack=True,
    ),
    Listed(
        "Application",
        "argoproj.io",
        "v1alpha1",
        "applications",
        "from which repository Argo CD has deployed",
        may_lack=True,
    ),
    Listed(
        "GitRepository",
        "source.toolkit.fluxcd.io",
        "v1",
        "gitrepositories",
        "from which repository Flux has deployed",
        may_lack=True,
    ),
    Listed(
        "Kustomization",
        "kustomize.toolkit.fluxcd.io",
        "v1",
        "kustomizations",
        "from which repository Flux has deployed",
        may_lack=True,
    ),
)
BY_KIND = {(one.group, one.kind): one for one in LISTS}
GROUPS = Operation(id="GET /apis", permission=DISCOVERY, reason="which groups of resources it has")
RESOURCES = Operation(
    id="GET /apis/{group}/{version}", permission=DISCOVERY,
    reason="which custom resources it has: those that are AI are listed",
)  # fmt: skip
CUSTOM = Operation(
    id="GET /apis/{group}/{version}/{plural}", permission="list custom resources of AI",
    reason="custom resources that are AI: served models, agents, MCP servers",
    elsewhere="Custom resources of AI are of many groups: deploy/kubernetes/clusterrole.yaml "
    "grants to list those of every group that the catalogue knows.",
)  # fmt: skip
OPERATIONS = (*(one.operation for one in LISTS), GROUPS, RESOURCES, CUSTOM)
