"""Whole scans of a cluster and of logs that name its pods: what they ask is the workload's."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connectors.logs.pods import Pod, of_attributes, tags
from scanner.cli import cli
from tests.conftest import Repository
from tests.connectors.kubernetes.world import UID, objects, plant, pod
from tests.connectors.logs.questions import pairs, ways
from tests.connectors.logs.test_joined import AI, T0, at, resolved
from tests.saas_rig import TOKEN, serving

WEB = f"kubernetes:{UID}/shop/deployment/web"
WEB_POD, OTHER_POD = "web-6c5f8b7d9-x2x4z", "web-6c5f8b7d9-abcde"


def _span(**resource: str) -> str:
    def attributes(told: dict[str, str]) -> list[Any]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in told.items()]

    model = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
             "gen_ai.request.model": "gpt-4o"}  # fmt: skip
    named = {f"{'' if key == 'service' else 'k8s.'}{key}.name": v for key, v in resource.items()}
    return json.dumps({"resourceSpans": [{
        "resource": {"attributes": attributes(named)},
        "scopeSpans": [{"spans": [{"startTimeUnixNano": f"{T0}000000000",
                                   "attributes": attributes(model)}]}]}]}) + "\n"  # fmt: skip


def _flow(name: str, namespace: str, cluster: str, **workload: str) -> str:
    return json.dumps({"logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
        "timestamp": at(9), "jsonPayload": {
        "bytes_sent": "700", "reporter": "SRC", "start_time": at(5), "end_time": at(8),
        "connection": {"src_ip": "10.8.0.50", "dest_ip": AI, "src_port": 51000, "dest_port": 443,
                       "protocol": 6},
        "src_instance": {"vm_name": "gke-node-1"},
        "src_gke_details": {
            "cluster": {"cluster_name": cluster, "cluster_location": "europe-west1"},
            "pod": {"pod_name": name, "pod_namespace": namespace,
                    "pod_workload": workload}}}}) + "\n"  # fmt: skip


def scanned(folder: Path, logs: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a second cluster that is called otherwise and has the same workloads."""
    made = objects()
    owner = ("apps/v1", "ReplicaSet", "web-6c5f8b7d9")
    made["Pod"] += [pod(WEB_POD, "10.8.0.50", owner), pod(OTHER_POD, "10.8.0.51", owner)]
    for one in made["Pod"][-2:]:
        one["metadata"]["labels"] = {"pod-template-hash": "6c5f8b7d9"}
    earlier = copy.deepcopy(next(o for o in made["ReplicaSet"]))
    earlier["metadata"]["name"] = "web-5b8c7d9f4d"
    earlier["metadata"]["ownerReferences"][0]["name"] = "web"
    made["ReplicaSet"].append(earlier)
    for name, text in logs.items():
        (folder / "logs").mkdir(exist_ok=True)
        (folder / "logs" / name).write_text(text)
    other = objects()
    other["Namespace"] = other["Namespace"][1:]
    dump = [{"apiVersion": "apps/v1", **one} for one in other["Deployment"]]
    (folder / "staging.json").write_text(json.dumps({"kind": "List", "items": dump}, indent=1))
    monkeypatch.setenv("KUBERNETES_TOKEN", TOKEN)
    config = folder / "shadow-ai.toml"
    with serving(plant(made)) as vendor:
        config.write_text(
            f'[store]\nurl = "sqlite:///{folder / "state.db"}"\n'
            f'[sources.kubernetes]\nurl = "{vendor.url}"\nname = "prod"\n'
            '[sources.staging]\nconnector = "kubernetes"\nname = "staging"\n'
            'files = ["staging.json"]\n[sources.logs]\nfiles = ["logs"]\n'
        )
        done = CliRunner().invoke(cli, ["scan", "--config", str(config), "--json"])
    assert done.exit_code == 0, json.loads(done.output)["coverage"]
    return config


@pytest.mark.parametrize("line", [
    _span(pod="web-6c5f8b7d9-zz9tt", namespace="shop"),  # restarted since
    _span(service="storefront", pod="web-6c5f8b7d9-zz9tt", namespace="shop", cluster="prod"),
    _span(pod="web-5b8c7d9f4d-x2x4z", namespace="shop", cluster="prod"),  # of an earlier version
], ids=["pod", "pod in a cluster", "pod of an earlier version"])  # fmt: skip
def test_a_pod_that_is_gone_is_its_workloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    config = scanned(tmp_path, {"spans.json": line}, monkeypatch)
    assert ways(config, WEB) >= 1
    assert ways(config, STAGING) == 0


@pytest.mark.parametrize("line", [
    _span(pod="web-6c5f8b7d9-zz9tt", namespace="billing", cluster="prod"),
    _span(pod="web-admin-6c5f8b7d9-zz9tt", namespace="shop", cluster="prod"),
    _span(pod="web-6c5f8b7d9-zz9tt", namespace="shop", cluster="other"),
], ids=["namespace", "name", "cluster"])  # fmt: skip
def test_a_pod_of_something_else_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    assert ways(scanned(tmp_path, {"spans.json": line}, monkeypatch), WEB) == 0


def test_what_is_surely_one_clusters_is_no_question_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = _span(deployment="web", namespace="shop", cluster="prod", service="storefront")
    config = scanned(tmp_path, {"spans.json": span}, monkeypatch)
    asked_by = _device("storefront")
    assert frozenset((asked_by, WEB)) in pairs(config, "merged")
    assert frozenset((asked_by, STAGING)) not in pairs(config, "candidate")
    other = tmp_path / "other"
    other.mkdir()
    span = _span(deployment="web", namespace="shop", cluster="eu-1", service="storefront")
    config = scanned(other, {"spans.json": span}, monkeypatch)
    waiting = pairs(config, "candidate")
    assert {frozenset((asked_by, WEB)), frozenset((asked_by, STAGING))} <= waiting


def _device(name: str) -> str:
    return f"logs:traffic/device/{name}"


STAGING = "kubernetes:staging/shop/deployment/web"


@pytest.mark.parametrize("span", [
    _span(pod=WEB_POD, namespace="shop"),
    _span(service="storefront", pod=WEB_POD, namespace="shop", cluster="prod"),
    _span(service="storefront", deployment="web", namespace="shop", cluster="prod"),
], ids=["pod", "pod of a service", "deployment"])  # fmt: skip
def test_a_trace_names_the_pod_that_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, span: str
) -> None:
    config = scanned(tmp_path, {"spans.json": span}, monkeypatch)

    assert ways(config, WEB) >= 1
    assert ways(config, STAGING) == 0


def test_a_flow_log_names_the_pod_that_talks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = {
        "dns.log": resolved("10.8.0.2", "api.openai.com", AI),
        "flows.json": _flow(OTHER_POD, "shop", "prod", workload_name="web",
                            workload_type="DEPLOYMENT"),
    }  # fmt: skip
    config = scanned(tmp_path, logs, monkeypatch)

    assert ways(config, WEB) >= 1
    assert ways(config, STAGING) == 0


def test_what_may_be_another_clusters_is_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One log calls the cluster otherwise, one names no cluster, two have the Deployment; an
    address alone may have been another pod's."""
    logs = {
        "a.json": _span(service="storefront", pod=WEB_POD, namespace="shop", cluster="eu-1"),
        "b.json": _span(service="checkout", deployment="web", namespace="shop"),
        "proxy.log": f"{T0}.123    456 10.8.0.51 TCP_TUNNEL/200 8 CONNECT api.openai.com:443 "
        f"- DIRECT/{AI} -\n",
    }
    config = scanned(tmp_path, logs, monkeypatch)

    assert ways(config, WEB) == 0
    waiting = pairs(config, "candidate")
    assert frozenset((_device("storefront"), WEB)) in waiting
    assert frozenset(("logs:traffic/address/10.8.0.51", WEB)) in waiting
    assert {frozenset((_device("checkout"), one)) for one in (WEB, STAGING)} <= waiting


def test_a_service_in_two_clusters_makes_them_not_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = _span(service="storefront", deployment="web", namespace="shop", cluster="prod")
    spans += _span(service="storefront", deployment="web", namespace="shop", cluster="staging")
    config = scanned(tmp_path, {"spans.json": spans}, monkeypatch)

    assert not [pair for pair in pairs(config, "merged") if _device("storefront") in pair]
    waiting = pairs(config, "candidate")
    assert {frozenset((_device("storefront"), one)) for one in (WEB, STAGING)} <= waiting


def test_pods_of_one_workload_are_one() -> None:
    one = Pod("web-6c5f8b7d9-x2x4z", "shop", "prod")
    two = Pod("web-6c5f8b7d9-abcde", "shop", "prod")

    assert tags([one, two])["seen_cluster_pod"] == (
        "prod shop web-6c5f8b7d9-abcde, prod shop web-6c5f8b7d9-x2x4z"
    )
    assert "seen_cluster_pod" not in tags([one, Pod("api-0", "shop", "prod")])
    assert tags([Pod("web-0", "shop"), Pod("web-1", "shop")])["seen_pod"] == (
        "shop web-0, shop web-1"
    )
    assert of_attributes({"k8s.pod.name": "web-0"}) is None  # of which namespace it does not say
    assert of_attributes({"k8s.pod.name": "a b\nc", "k8s.namespace.name": "shop"}) is None
    told = of_attributes({"k8s.namespace.name": "shop", "k8s.deployment.name": "web",
                          "k8s.cluster.name": "prod", "k8s.cluster.uid": UID})  # fmt: skip
    assert told == Pod("", "shop", UID, "deployment", "web")


def test_a_manifest_and_what_runs_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "infra")
    repository.write("llama.yaml", (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata:\n"
        "  name: llama\n  namespace: models\nspec:\n  predictor:\n    model:\n"
        "      storageUri: hf://meta-llama/Llama-3.1-8B-Instruct\n"
    ))  # fmt: skip
    repository.commit()
    config = tmp_path / "shadow-ai.toml"
    monkeypatch.setenv("KUBERNETES_TOKEN", TOKEN)
    with serving(plant()) as vendor:
        config.write_text(
            f'[store]\nurl = "sqlite:///{tmp_path / "state.db"}"\n'
            f'[sources.kubernetes]\nurl = "{vendor.url}"\n'
            f'[sources.code]\npaths = ["{repository.root}"]\n'
        )
        done = CliRunner().invoke(cli, ["scan", "--config", str(config), "--json"])
    assert done.exit_code == 0, json.loads(done.output)["coverage"]

    part = "#resource/InferenceService:llama"
    live = f"kubernetes:{UID}/models/inferenceservice.serving.kserve.io/llama{part}"
    (pair,) = (one for one in pairs(config, "merged") if live in one)
    assert [one for one in pair if one.endswith(part) and one.startswith("git:")]
    rows = {one["uid"]: one for one in json.loads(done.output)["assets"]}
    assert rows[live]["models"] == ["meta-llama/Llama-3.1-8B-Instruct"]
    openai = rows[f"kubernetes:{UID}/shop/deployment/answers#ai/openai"]
    assert openai["owners"][0]["owner"] == "ada@acme.com"
