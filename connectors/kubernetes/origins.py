"""What Kubernetes says of the cloud that it runs in: clusters, machines and roles by their ids."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.kubernetes.objects import Thing
from scanner.kit.expressions import expression
from scanner.kit.values import text
from scanner.model.base import NodeId

_EKS = expression(r"arn:aws[a-z-]{0,12}:eks:[a-z0-9-]{4,30}:\d{12}:cluster/[A-Za-z0-9_-]{1,100}")
_GKE = expression(
    r"gke_(?P<project>[a-z0-9.:-]{4,60})_(?P<place>[a-z0-9-]{4,40})_(?P<name>[a-z0-9-]{1,60})"
)
_ZONE = expression(r"[a-z0-9-]{3,40}-[a-z]")
_MACHINE = expression(
    r"(?:aws:///[a-z0-9-]{1,40}/(?P<aws>i-[0-9a-f]{8,32})"
    r"|gce://(?P<gcp>[a-z0-9.:-]{1,60}/[a-z0-9-]{1,40}/[a-z0-9-]{1,63})"
    r"|azure:///(?P<azure>subscriptions/[\w./()-]{1,300}))"
)
"""https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/ (providerID)"""
_ROLE = expression(r"arn:aws[a-z-]{0,12}:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_MAIL = expression(r"[a-z0-9-]{1,63}@[a-z0-9.-]{1,120}\.gserviceaccount\.com")


def clouds_ids(name: str) -> tuple[str, ...]:
    """The cloud's own id of a cluster whose kubeconfig was written by ``aws eks`` or ``gcloud``
    (https://docs.aws.amazon.com/cli/latest/reference/eks/update-kubeconfig.html); nothing: it says
    none. Google calls what is in one zone by either word."""
    if _EKS.fullmatch(name):
        return (name,)
    found = _GKE.fullmatch(name)
    if not found:
        return ()
    words = ("locations", "zones") if _ZONE.fullmatch(found["place"]) else ("locations",)
    return tuple(
        f"//container.googleapis.com/projects/{found['project']}/{word}/{found['place']}"
        f"/clusters/{found['name']}"
        for word in words
    )


def short_name(name: str) -> str:
    """As the cloud's console and its logs call it."""
    if _EKS.fullmatch(name):
        return name.rpartition("/")[2]
    found = _GKE.fullmatch(name)
    return found["name"] if found else ""


def zone(node: Thing) -> str:
    """A node's machine, as its cloud calls it."""
    found = _MACHINE.fullmatch(text(node.spec.get("providerID")))
    return next(filter(None, found.groups()), "") if found else ""


def roles(account: Thing) -> Iterator[tuple[NodeId, str]]:
    """The clouds' identities that a service account stands for, and how.

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html,
    https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
    """
    role = account.annotations.get("eks.amazonaws.com/role-arn", "")
    if _ROLE.fullmatch(role):
        yield NodeId(role), "IAM roles for service accounts"
    mail = account.annotations.get("iam.gke.io/gcp-service-account", "").lower()
    if _MAIL.fullmatch(mail):
        yield NodeId(f"gcp:service-account/{mail}"), "Workload Identity"
