"""A small cluster, as the Kubernetes API answers
(https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec and ``api/discovery``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from connectors.kubernetes import CONNECTOR
from connectors.kubernetes.config import KubernetesConfig
from connectors.kubernetes.operations import CUSTOM, GROUPS, LISTS, RESOURCES
from scanner.collect import loader
from scanner.detect.engine import Detector
from scanner.kit.contract import Context, Shard
from scanner.kit.limits import Limits
from scanner.kit.testing import World
from scanner.model.items import Content, Item
from tests.saas_rig import TOKEN, Asked, Reply, Vendor, serving

UID = "7b1e7d0e-5f5d-4c0e-9f0a-2f4d3c1b0a99"
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
MAIL = "answers@acme-ml.iam.gserviceaccount.com"
ROLE = "arn:aws:iam::111122223333:role/answers"
KSERVE = ("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService")


def thing(kind: str, name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    """``owner``: (apiVersion, kind, name) of the controller."""
    meta: dict[str, Any] = {"name": name, "uid": f"uid-{kind}-{name}".lower()[:64],
                            "creationTimestamp": "2026-05-01T08:00:00Z"}  # fmt: skip
    if namespace:
        meta["namespace"] = namespace
    if owner := more.pop("owner", None):
        api, of, called = owner
        meta["ownerReferences"] = [
            {"apiVersion": api, "kind": of, "name": called, "uid": "u", "controller": True}
        ]
    meta |= {key: more.pop(key) for key in ("labels", "annotations") if key in more}
    return {"kind": kind, "metadata": meta, **more}


def container(name: str, image: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, **more}


def template(*containers: Any, labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"template": {"metadata": {"labels": labels}, "spec": {"containers": list(containers), **spec}}}  # fmt: skip # noqa: E501


def secret_env(variable: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def pod(name: str, ip: str, owner: tuple[str, str, str] | None, namespace: str = "shop",
        phase: str = "Running", **spec: Any) -> dict[str, Any]:  # fmt: skip
    return thing("Pod", name, namespace, owner=owner, spec=spec,
                 status={"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}]})  # fmt: skip


def objects() -> dict[str, list[dict[str, Any]]]:
    """By kind."""
    answers = container(
        "app", "registry.acme.com/answers:1.2",
        env=[secret_env("OPENAI_API_KEY", "openai", "api-key"),
             {"name": "VLLM_URL", "value": "http://llm.models.svc.cluster.local:8000/v1"}],
    )  # fmt: skip
    vllm = container(
        "server", "vllm/vllm-openai:v0.8.1", args=["--model", "mistralai/Mistral-7B-Instruct-v0.3"],
        resources={"limits": {"nvidia.com/gpu": "1"}}, ports=[{"containerPort": 8000}],
    )  # fmt: skip
    plain = container("web", "nginx:1.27")
    return {
        "Namespace": [
            thing("Namespace", "kube-system", ""),
            thing("Namespace", "shop", "", labels={"acme.com/team": "Shop", "env": "production"}),
            thing("Namespace", "models", ""),
        ],
        "Node": [
            thing("Node", "n1", "", labels={"topology.kubernetes.io/region": "us-east-1"},
                  spec={"providerID": "aws:///us-east-1a/i-0123456789abcdef0"}),
        ],
        "ServiceAccount": [
            thing("ServiceAccount", "default"),
            thing("ServiceAccount", "answers",
                  annotations={"eks.amazonaws.com/role-arn": ROLE,
                               "iam.gke.io/gcp-service-account": MAIL}),
        ],
        "Service": [
            thing("Service", "answers", spec={"type": "ClusterIP", "selector": {"app": "answers"}}),
            thing("Service", "llm", "models",
                  spec={"type": "LoadBalancer", "selector": {"app": "llm"}},
                  status={"loadBalancer": {"ingress": [{"ip": "34.1.2.3"}]}}),
            thing("Service", "outside", spec={"type": "ExternalName"}),
        ],
        "ReplicaSet": [
            thing("ReplicaSet", "answers-7d9f", owner=("apps/v1", "Deployment", "answers"),
                  spec=template(answers, labels={"app": "answers"})),
        ],
        "Deployment": [
            thing("Deployment", "answers", labels={"app.kubernetes.io/name": "answers"},
                  annotations={"acme.com/owner": "ada@acme.com",
                               "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b",
                               "kubectl.kubernetes.io/last-applied-configuration": "{}"},
                  spec=template(answers, labels={"app": "answers"}, serviceAccountName="answers")),
            thing("Deployment", "web",
                  annotations={"a8r.io/repository": "https://gitlab.acme.com/web/site/-/tree/main"},
                  spec=template(plain, labels={"app": "web"})),
        ],
        "StatefulSet": [
            thing("StatefulSet", "llm", "models",
                  labels={"kustomize.toolkit.fluxcd.io/name": "llm",
                          "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
                  spec=template(vllm, labels={"app": "llm"})),
        ],
        "DaemonSet": [
            thing("DaemonSet", "proxy", "kube-system", spec=template(plain, labels={"app": "p"})),
        ],
        "CronJob": [
            thing("CronJob", "digest", spec={"jobTemplate": {"spec": template(
                container("run", "acme/digest:1",
                          env=[secret_env("ANTHROPIC_API_KEY", "claude", "key")]),
                labels={"app": "digest"})}}),
        ],
        "Job": [
            thing("Job", "digest-29012345", owner=("batch/v1", "CronJob", "digest"),
                  spec=template(container("run", "acme/digest:1"), labels={"app": "digest"})),
        ],
        "Pod": [
            pod("answers-7d9f-abcde", "10.8.0.11", ("apps/v1", "ReplicaSet", "answers-7d9f")),
            pod("answers-7d9f-fghij", "10.8.0.12", ("apps/v1", "ReplicaSet", "answers-7d9f")),
            pod("llm-0", "10.8.0.20", ("apps/v1", "StatefulSet", "llm"), "models"),
            pod("digest-29012345-x", "10.8.0.30", ("batch/v1", "Job", "digest-29012345"),
                phase="Succeeded"),
            pod("proxy-n1", "192.168.0.5", ("apps/v1", "DaemonSet", "proxy"), "kube-system",
                hostNetwork=True),
            pod("canary-0", "10.8.0.40", ("argoproj.io/v1alpha1", "Rollout", "canary"),
                containers=[container("c", "ollama/ollama:0.5")]),
        ],
        "Ingress": [
            thing("Ingress", "shop",
                  spec={"tls": [{"hosts": ["ask.acme.com"]}], "rules": [{"host": "ask.acme.com",
                        "http": {"paths": [{"backend": {"service": {"name": "answers"}}}]}}]},
                  status={"loadBalancer": {"ingress": [{"hostname": "a1.elb.amazonaws.com"}]}}),
        ],
        "HTTPRoute": [
            thing("HTTPRoute", "llm", "models",
                  spec={"hostnames": ["llm.acme.com"],
                        "rules": [{"backendRefs": [{"name": "llm", "port": 8000}]}]}),
        ],
        "Application": [
            thing("Application", "shop", "argocd",
                  spec={"source": {"repoURL": "https://github.com/acme/shop.git", "path": "k8s"}}),
        ],
        "GitRepository": [
            thing("GitRepository", "models", "flux-system",
                  spec={"url": "ssh://git@github.com/acme/models"}),
        ],
        "Kustomization": [
            thing("Kustomization", "llm", "flux-system",
                  spec={"sourceRef": {"kind": "GitRepository", "name": "models"}}),
        ],
        "InferenceService": [
            thing("InferenceService", "llama", "models",
                  spec={"predictor": {"model": {
                      "storageUri": "hf://meta-llama/Llama-3.1-8B-Instruct"}}},
                  status={"url": "https://llama.models.acme.com"}),
        ],
    }  # fmt: skip


def kube_system(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    found["Namespace"][0]["metadata"]["uid"] = UID
    return found


def plant(made: dict[str, list[dict[str, Any]]] | None = None) -> Vendor:
    """``expire``: on the vendor, tokens of pages that answer 410, once each."""
    known = kube_system(made or objects())
    vendor = Vendor(refusal=Reply(
        {"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403,
         "message": "forbidden: User cannot list resource"}, 403))  # fmt: skip

    def paged(kind: str) -> Callable[[Asked], Any]:
        def answer(asked: Asked) -> Any:
            if kind not in known:
                return Reply({"kind": "Status", "code": 404, "reason": "NotFound"}, 404)
            assert int(asked.query["limit"]) > 0
            page, following = vendor.next_page(known[kind], asked.query.get("continue", ""))
            # Items of a list do not tell what they are.
            page = [
                {k: v for k, v in one.items() if k not in ("kind", "apiVersion")} for one in page
            ]
            return {"kind": f"{kind}List", "apiVersion": "v1", "items": page,
                    "metadata": {"resourceVersion": "1", "continue": following}}  # fmt: skip

        return answer

    for one in LISTS:
        vendor.route(one.operation.id, paged(one.kind), "limit continue")
    group, version, plural, kind = KSERVE
    groups = sorted({one.group for one in LISTS if "." in one.group and one.kind in known}
                    | {group, "cert-manager.io"})  # fmt: skip
    vendor.route(GROUPS.id, lambda asked: {"kind": "APIGroupList", "groups": [
        {"name": name, "preferredVersion": {"version": version if name == group else "v1"}}
        for name in groups]})  # fmt: skip
    resources = {
        group: [(plural, kind, ["get", "list"]), (f"{plural}/status", kind, ["get"])],
        "cert-manager.io": [("certificates", "Certificate", ["list"])],
        "networking.k8s.io": [("ingresses", "Ingress", ["list"])],
    }
    vendor.route(RESOURCES.id, lambda asked: {
        "kind": "APIResourceList", "resources": [
            {"name": name, "kind": of, "namespaced": True, "verbs": verbs}
            for name, of, verbs in resources.get(asked.holes["group"], [])]})  # fmt: skip
    vendor.route(CUSTOM.id, lambda asked: paged(kind)(asked) if asked.holes["plural"] == plural
                 else Reply({"code": 404}, 404), "limit continue")  # fmt: skip
    return vendor


def context(detector: Detector, url: str = "", **settings: Any) -> Context[Any]:
    environ = settings.pop("environ", {"KUBERNETES_TOKEN": TOKEN})
    folder = settings.pop("folder", None)
    recall = settings.pop("recall", b"")
    made: Context[Any] = Context(
        config=KubernetesConfig(**({"url": url, "name": "prod"} if url else {}) | settings),
        examine=detector.examine, limits=Limits(), environ=environ, now=lambda: NOW, retries=2,
        recall=lambda shard: recall,
    )  # fmt: skip
    if folder is not None:
        made.folder = folder
    return made


def read(ctx: Context[Any]) -> list[Item]:
    return [item for shard in CONNECTOR.shards(ctx) for item in CONNECTOR.collect(ctx, shard, None)]


def only(ctx: Context[Any]) -> Shard:
    (shard,) = CONNECTOR.shards(ctx)
    return shard


def texts(items: list[Item]) -> str:
    """Of what is stored: all but what ends in the detector."""
    return "\n".join(str(item) for item in items if not isinstance(item, Content))


@contextmanager
def conforming(detector: Detector) -> Iterator[World]:
    with serving(plant()) as vendor:

        @contextmanager
        def deny(operation: str) -> Iterator[None]:
            vendor.denied.add(operation)
            yield
            vendor.denied.clear()

        yield World(
            loader.load("kubernetes"), lambda: context(detector, vendor.url), deny, secrets=(TOKEN,)
        )
        assert not vendor.rejected, vendor.rejected
        assert set(vendor.calls) == {op.id for op in CONNECTOR.spec.operations}
