"""A cluster over its API: what runs, what of it is AI, whose it is, and how it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kubernetes import CONNECTOR
from connectors.kubernetes.operations import LISTS
from scanner.detect.engine import Detector
from scanner.model.errors import Denied, Unavailable
from scanner.model.facts import Asset, Edge, Identity, Relation
from scanner.model.items import Content, Gap, HitKind, Item, Remembered
from tests.connectors.kubernetes.world import (
    MAIL,
    ROLE,
    UID,
    context,
    objects,
    only,
    plant,
    read,
    texts,
    thing,
)
from tests.saas_rig import Break, Reply, Vendor, serving

BASE = f"kubernetes:{UID}"


@pytest.fixture
def cluster() -> Iterator[Vendor]:
    with serving(plant()) as made:
        yield made
    assert not made.rejected, made.rejected


def _assets(items: list[Item]) -> dict[str, Asset]:
    return {one.id: one for one in items if isinstance(one, Asset)}


def _edges(items: list[Item], relation: Relation) -> set[tuple[str, str]]:
    return {(e.source.removeprefix(BASE), e.target.removeprefix(BASE))
            for e in items if isinstance(e, Edge) and e.relation is relation}  # fmt: skip


def test_a_workload_is_what_was_deployed(cluster: Vendor, detector: Detector) -> None:
    items = read(context(detector, cluster.url))

    assert not [one for one in items if isinstance(one, Gap)]
    found = {key.removeprefix(BASE): one for key, one in _assets(items).items()}
    assert {key for key, one in found.items() if one.kind == "kubernetes.workload"} == {
        "/shop/deployment/answers", "/shop/deployment/web", "/models/statefulset/llm",
        "/kube-system/daemonset/proxy", "/shop/cronjob/digest", "/shop/rollout.argoproj.io/canary",
        "/models/inferenceservice.serving.kserve.io/llama",
    }  # fmt: skip
    answers = found["/shop/deployment/answers"]
    assert answers.tags["pod"] == "answers-7d9f-abcde, answers-7d9f-fghij"
    assert answers.tags["private_address"] == "10.8.0.11, 10.8.0.12"
    assert (answers.tags["namespace"], answers.tags["cluster"]) == ("shop", f"prod, {UID}")
    assert answers.tags["acme.com/owner"] == "ada@acme.com"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in answers.tags
    assert answers.environment == "production"
    assert "private_address" not in found["/kube-system/daemonset/proxy"].tags  # the node's
    assert "pod" not in found["/shop/cronjob/digest"].tags  # it has ended
    assert found[""].region == "us-east-1"
    assert found[""].tags["instance"] == "i-0123456789abcdef0"
    contains = _edges(items, Relation.CONTAINS)
    assert {("", "/namespace/shop"), ("/namespace/shop", "/shop/deployment/answers")} <= contains


def test_how_it_is_reached_and_as_whom_it_runs(cluster: Vendor, detector: Detector) -> None:
    items = read(context(detector, cluster.url))

    found = _assets(items)
    answers = found[f"{BASE}/shop/deployment/answers"]
    assert (answers.exposure, answers.aliases) == (("public",), ("https://ask.acme.com",))
    llm = found[f"{BASE}/models/statefulset/llm"]
    assert (llm.exposure, llm.aliases) == (("gateway", "public"), ("https://llm.acme.com",))
    served = found[f"{BASE}/models/inferenceservice.serving.kserve.io/llama"]
    assert served.aliases == ("https://llama.models.acme.com",)
    account = "/shop/serviceaccount/answers"
    assert _edges(items, Relation.RUNS_AS) == {
        ("/shop/deployment/answers", account), (account, ROLE),
        (account, f"gcp:service-account/{MAIL}"),
    }  # fmt: skip
    assert _edges(items, Relation.AUTHENTICATES_WITH) == {
        ("/shop/deployment/answers", "/shop/secret/openai"),
        ("/shop/cronjob/digest", "/shop/secret/claude"),
    }
    assert _edges(items, Relation.CALLS) == {
        ("/shop/deployment/answers", "/models/statefulset/llm")
    }
    assert [one.name for one in items if isinstance(one, Identity)] == ["shop/answers"]


def test_from_which_repository_it_comes(cluster: Vendor, detector: Detector) -> None:
    items = read(context(detector, cluster.url))

    assert _edges(items, Relation.DERIVED_FROM) == {
        ("/shop/deployment/answers", "git:github.com/acme/shop"),
        ("/shop/deployment/web", "git:gitlab.acme.com/web/site"),
        ("/models/statefulset/llm", "git:github.com/acme/models"),
    }


def test_what_the_cluster_has_not_is_not_asked_for(detector: Detector) -> None:
    """A refusal of what does not exist would read as one of what does."""
    made = objects()
    del made["Application"], made["HTTPRoute"]
    vendor = plant(made)
    vendor.denied |= {one.operation.id for one in LISTS if one.kind in ("Application", "HTTPRoute")}
    with serving(vendor):
        items = read(context(detector, vendor.url))

    assert not [one for one in items if isinstance(one, Gap)]


def test_what_is_ai_the_detector_says(cluster: Vendor, detector: Detector) -> None:
    items = read(context(detector, cluster.url))

    told: dict[str, set[tuple[str, str]]] = {}
    for one in items:
        if isinstance(one, Content):
            hits = detector.examine(one.data, one.place.path, one.rule_sets)
            subject = one.place.subject.removeprefix(BASE)
            told.setdefault(subject, set()).update(
                (hit.kind, hit.provider or hit.label) for hit in hits
            )
    assert (HitKind.ENV_VAR, "openai") in told["/shop/deployment/answers"]
    assert (HitKind.ENV_VAR, "anthropic") in told["/shop/cronjob/digest"]
    assert {
        (HitKind.IMAGE, "vllm"),
        (HitKind.MODEL, "vllm"),
        (HitKind.COMPUTE, "nvidia.com/gpu"),
    } <= (told["/models/statefulset/llm"])
    assert (HitKind.IMAGE, "ollama") in told["/shop/rollout.argoproj.io/canary"]
    kserve = told["/models/inferenceservice.serving.kserve.io/llama"]
    assert {kind for kind, _ in kserve} >= {HitKind.RESOURCE}
    assert not told["/shop/deployment/web"]
    assert not [one for one in _assets(items).values() if one.is_ai]


def test_no_list_of_kinds_decides_which_custom_resources_are_listed(
    cluster: Vendor, detector: Detector
) -> None:
    read(context(detector, cluster.url))

    asked = [call for call in cluster.calls if call.endswith("/{plural}")]
    assert len(asked) == 1  # certificates are none
    cluster.calls.clear()
    read(context(detector, cluster.url, custom_resources=False))
    assert "GET /apis" not in cluster.calls


@pytest.mark.parametrize("kind", ["pods", "deployments.apps", "namespaces", "httproutes.gateway.networking.k8s.io"])  # fmt: skip # noqa: E501
def test_a_refusal_names_the_permission(cluster: Vendor, detector: Detector, kind: str) -> None:
    (operation,) = (op for op in CONNECTOR.spec.operations if op.permission == f"list {kind}")
    cluster.denied.add(operation.id)

    items = read(context(detector, cluster.url))

    (gap,) = (one for one in items if isinstance(one, Gap))
    assert gap.denied
    assert gap.what == f"list {kind}"
    assert f"not permitted to list {kind}" in gap.reason
    assert [one for one in items if isinstance(one, Asset) and one.kind == "kubernetes.workload"]


def test_a_cluster_keeps_its_id_while_its_namespaces_are_hidden(
    cluster: Vendor, detector: Detector
) -> None:
    first = read(context(detector, cluster.url))
    (kept,) = (one.data for one in first if isinstance(one, Remembered))
    cluster.denied.add("GET /api/v1/namespaces")

    again = read(context(detector, cluster.url, recall=kept))

    assert f"{BASE}/shop/deployment/answers" in _assets(again)
    assert "kubernetes:prod/shop/deployment/answers" in _assets(
        read(context(detector, cluster.url))
    )


def test_pods_find_their_deployment_without_replica_sets(detector: Detector) -> None:
    made = objects()
    for one in made["Pod"][:2]:
        one["metadata"]["labels"] = {"pod-template-hash": "7d9f"}
    vendor = plant(made)
    vendor.denied |= {"GET /apis/apps/v1/replicasets", "GET /apis/batch/v1/jobs"}
    made["Pod"][3]["status"]["phase"] = "Running"
    with serving(vendor):
        found = _assets(read(context(detector, vendor.url)))

    assert "answers-7d9f-abcde" in found[f"{BASE}/shop/deployment/answers"].tags["pod"]
    assert found[f"{BASE}/shop/cronjob/digest"].tags["pod"] == "digest-29012345-x"
    assert not [key for key in found if "replicaset" in key or "/job/" in key]


def test_an_absent_api_group_is_no_gap(detector: Detector) -> None:
    made = objects()
    del made["HTTPRoute"], made["Ingress"]
    with serving(plant(made)) as vendor:
        assert not [one for one in read(context(detector, vendor.url)) if isinstance(one, Gap)]


def test_absent_pods_are_a_gap(detector: Detector) -> None:
    made = objects()
    del made["Pod"]
    with serving(plant(made)) as vendor:
        (gap,) = (i for i in read(context(detector, vendor.url)) if isinstance(i, Gap))
    assert gap.what == "/api/v1/pods"


def _page_of(vendor: Vendor, path: str, page: int) -> int:
    places = [number for number, call in enumerate(vendor.calls) if call == f"GET {path}"]
    return places[page]


def test_a_list_that_expires_begins_anew(cluster: Vendor, detector: Detector) -> None:
    whole = _assets(read(context(detector, cluster.url)))
    second = _page_of(cluster, "/api/v1/pods", 1)
    cluster.calls.clear()
    cluster.queries.clear()
    gone = Reply({"kind": "Status", "reason": "Expired", "code": 410}, 410)
    cluster.breaks.append(Break(gone, first=second, times=1))

    items = read(context(detector, cluster.url))

    assert not [one for one in items if isinstance(one, Gap)]
    assert _assets(items) == whole
    asked = [q.get("continue") for c, q in zip(cluster.calls, cluster.queries, strict=True)
             if c == "GET /api/v1/pods"]  # fmt: skip
    assert asked == [None, "2", None, "2", "4"]


def test_a_list_that_always_expires_is_a_gap(cluster: Vendor, detector: Detector) -> None:
    read(context(detector, cluster.url))
    second = _page_of(cluster, "/api/v1/pods", 1)
    cluster.calls.clear()
    cluster.breaks.append(Break(Reply({"code": 410}, 410), first=second, times=10**9))

    gaps = [one for one in read(context(detector, cluster.url)) if isinstance(one, Gap)]

    assert any(one.what == "/api/v1/pods" for one in gaps)
    assert "410" in next(one.reason for one in gaps if one.what == "/api/v1/pods")


@pytest.mark.parametrize("reply", [
    Reply({"code": 429}, 429, {"Retry-After": "0"}), Reply({"code": 500}, 500),
])  # fmt: skip
def test_trouble_that_passes_is_waited_out(
    cluster: Vendor, detector: Detector, reply: Reply
) -> None:
    cluster.breaks.append(Break(reply, first=3, times=1))

    assert not [one for one in read(context(detector, cluster.url)) if isinstance(one, Gap)]


def test_trouble_that_stays_fails_the_shard(cluster: Vendor, detector: Detector) -> None:
    cluster.breaks.append(Break(Reply({"code": 500}, 500)))
    ctx = context(detector, cluster.url)
    ctx.retries = 1

    with pytest.raises(Unavailable, match="500"):
        read(ctx)


def test_a_token_that_ends_midway_is_told(cluster: Vendor, detector: Detector) -> None:
    cluster.breaks.append(Break(Reply({"kind": "Status", "code": 401}, 401), first=7))

    items = read(context(detector, cluster.url))

    gaps = [one for one in items if isinstance(one, Gap)]
    assert {"list deployments.apps", "list pods"} <= {one.what for one in gaps if one.denied}
    assert [one for one in items if isinstance(one, Asset)]  # what was read before it is told


def test_a_wrong_token_is_denied(cluster: Vendor, detector: Detector) -> None:
    wrong = context(detector, cluster.url, environ={"KUBERNETES_TOKEN": "made-up-other"})
    with pytest.raises(Denied, match="401"):
        read(wrong)
    with pytest.raises(Denied, match="KUBERNETES_TOKEN"):
        read(context(detector, cluster.url, environ={}))


def test_a_hostile_object_costs_itself(detector: Detector, made_up_key: Any) -> None:
    key = made_up_key()
    deep: Any = "x"
    for _ in range(300):
        deep = {"a": deep}
    made = objects()
    bad = thing("Deployment", "bad\x1b[31m\nname", spec={})
    huge = thing(
        "Deployment", "huge", labels={"cluster": "other", "pod": "answers-7d9f-abcde", "ok": "1"},
        annotations={"owner": "o" * (1 << 20), "team": "line\nbreak"},
        spec={**objects()["Deployment"][1]["spec"], "deep": deep},
    )  # fmt: skip
    keyed = thing("Deployment", "keyed", spec={"template": {"metadata": {}, "spec": {"containers": [
        {"name": "c", "image": "acme/x", "env": [{"name": "ANTHROPIC_API_KEY", "value": key}]}]}}})  # fmt: skip # noqa: E501
    made["Deployment"] += [bad, huge, keyed, {"metadata": "none"}, None]  # type: ignore[list-item]
    vendor = plant({**made, "Deployment": [one or {} for one in made["Deployment"]]})
    with serving(vendor):
        items = read(context(detector, vendor.url))

    found = _assets(items)
    gaps = {one.what: one.reason for one in items if isinstance(one, Gap)}
    assert gaps["/apis/apps/v1/deployments"] == "3 objects are malformed"
    tags = found[f"{BASE}/shop/deployment/huge"].tags
    assert (tags["cluster"], tags["ok"]) == (f"prod, {UID}", "1")
    assert not {"pod", "owner", "team"} & tags.keys()
    assert "larger than" in gaps[f"{BASE}/shop/deployment/huge"]
    assert key not in texts(items)
    (content,) = (one for one in items if isinstance(one, Content) and key.encode() in one.data)
    hits = detector.examine(content.data, content.place.path, content.rule_sets)
    assert [hit.provider for hit in hits if hit.kind is HitKind.CREDENTIAL] == ["anthropic"]


def test_a_page_of_html_is_no_cluster(detector: Detector) -> None:
    with serving(plant()) as vendor:
        vendor.breaks.append(Break(Reply("<html>sign in</html>")))
        with pytest.raises(Unavailable, match="not JSON"):
            read(context(detector, vendor.url))


def test_doctor_tries_each_list(cluster: Vendor, detector: Detector) -> None:
    cluster.denied.add("GET /api/v1/pods")

    probes = list(CONNECTOR.probe(context(detector, cluster.url)))

    assert [one.check for one in probes if not one.ok] == ["prod: list pods"]
    assert "clusterrole.yaml" in next(one.remedy for one in probes if not one.ok)
    assert only(context(detector, cluster.url)).id == "kubernetes:prod"
