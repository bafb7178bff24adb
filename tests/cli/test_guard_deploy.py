"""Registration enforced: changes, Terraform plans and Kubernetes objects, as people and servers
ask."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import shadow_ai

ROOT = Path(__file__).parents[2]
_REGISTRY = """\
entries:
  - id: AIR-0007
    name: Fraud scoring
    owner: ann@example.com
    stage: production
    approved: {providers: [aws_sagemaker], regions: [eu-west-1]}
    bindings: [{type: tag, value: "ai-registry-id=AIR-0007"}]
  - id: AIR-0008
    name: Chat
    owner: ann@example.com
    approved: {providers: [vllm, openai]}
    bindings: [{type: id, value: "k8s:prod/Deployment/chat"}]
"""


def _run(
    *arguments: str, cwd: Path, said: str = "", code: int | None = None
) -> subprocess.CompletedProcess[str]:
    environ = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 32}
    done = shadow_ai("guard", *arguments, cwd=cwd, environ=environ, feed=said)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "registry.yaml").write_text(_REGISTRY)
    return tmp_path


def _change(
    kind: str, name: str, after: dict[str, Any] | None, actions: tuple[str, ...] = ("create",),
    **more: object,
) -> dict[str, Any]:  # fmt: skip
    change = {"actions": list(actions), "before": None, "after": after}
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": change,
        **more,
    }


def _plan(folder: Path, *changes: dict[str, Any]) -> None:
    body = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes}
    (folder / "plan.json").write_text(json.dumps(body))


def _endpoint(**after: object) -> dict[str, Any]:
    return _change("aws_sagemaker_endpoint", "fraud", {"name": "fraud", **after})


def _judged(folder: Path, code: int, *more: str) -> dict[str, Any]:
    done = _run("--terraform-plan", "plan.json", "--registry", "registry.yaml", "--format", "json",
                *more, cwd=folder, code=code)  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_plan_with_unregistered_ai_is_denied_with_the_entry_to_add(folder: Path) -> None:
    agent = _change("aws_bedrockagent_agent", "helper", {
        "agent_name": "helper", "foundation_model": "anthropic.claude-3-haiku-20240307-v1:0",
        "tags": {"env": "prod"},
    })  # fmt: skip
    _plan(folder, agent, _change("aws_s3_bucket", "data", {"bucket": "x"}))
    found = _judged(folder, 1)
    assert found["allow"] is False
    assert found["deny"][0].startswith("aws_bedrockagent_agent.helper (aws_bedrock): nobody")
    (entry,) = found["entries"]
    assert entry["id"] == "AIR-0009"
    assert entry["approved"]["models"] == ["anthropic.claude-3-haiku-20240307-v1:0"]
    assert entry["stage"] == "production"

    text = _run("--terraform-plan", "plan.json", "--registry", "registry.yaml", cwd=folder, code=1)
    drafted = yaml.safe_load(text.stdout.partition("deploy:\n\n")[2])
    registry = yaml.safe_load(_REGISTRY)
    registry["entries"] += drafted["entries"]
    (folder / "registry.yaml").write_text(yaml.safe_dump(registry))
    agent["change"]["after"]["tags"]["ai-registry-id"] = entry["id"]
    _plan(folder, agent)
    assert _judged(folder, 0)["allow"] is True


def test_what_is_registered_is_allowed_and_what_drifts_is_not(folder: Path) -> None:
    tag = {"ai-registry-id": "AIR-0007"}
    _plan(folder, _endpoint(tags=tag, region="eu-west-1"))
    assert _judged(folder, 0)["resources"][0]["entry"] == "AIR-0007"
    _plan(folder, _endpoint(tags=tag, region="us-east-1"))
    found = _judged(folder, 1)
    assert "region: observed us-east-1, approved eu-west-1" in found["deny"][0]
    _plan(folder, _endpoint(tags={"ai-registry-id": "AIR-9999"}))
    assert "no entry ai-registry-id=AIR-9999" in _judged(folder, 1)["deny"][0]


def test_a_tag_lets_nothing_land_where_the_entry_states_no_providers(folder: Path) -> None:
    text = _REGISTRY.replace(
        "    approved: {providers: [aws_sagemaker], regions: [eu-west-1]}\n", ""
    )
    text = text.replace('    bindings: [{type: tag, value: "ai-registry-id=AIR-0007"}]\n', "")
    for bound in ("", '    bindings: [{type: tag, value: "ai-registry-id=AIR-0007"}]\n'):
        said = text.replace("    stage: production\n", f"    stage: production\n{bound}", 1)
        (folder / "registry.yaml").write_text(said)
        _plan(folder, _endpoint(tags={"ai-registry-id": "AIR-0007"}))
        found = _judged(folder, 1)
        assert "state its providers" in found["deny"][0]


@pytest.mark.parametrize(("word", "code"), [("prd", 1), ("live", 1), ("Prod", 1), ("test", 0)])
def test_a_pilot_lands_nowhere_that_is_called_production(
    folder: Path, word: str, code: int
) -> None:
    text = _REGISTRY.replace("stage: production", "stage: pilot", 1)
    (folder / "registry.yaml").write_text(text)
    tags = {"ai-registry-id": "AIR-0007", "env": word}
    _plan(folder, _endpoint(tags=tags, region="eu-west-1"))
    assert ("stage: observed production" in str(_judged(folder, code)["deny"])) == bool(code)


def test_production_is_one_environment_whatever_it_is_called(folder: Path) -> None:
    text = _REGISTRY.replace("regions: [eu-west-1]", "environments: [production]", 1)
    (folder / "registry.yaml").write_text(text)
    for word, code in (("prod", 0), ("LIVE", 0), ("test", 1)):
        _plan(folder, _endpoint(tags={"ai-registry-id": "AIR-0007", "env": word}))
        _judged(folder, code)


def test_machines_with_accelerators_are_judged(folder: Path) -> None:
    pool = {"node_config": [{"guest_accelerator": [{"type": "nvidia-tesla-a100", "count": 1}]}]}
    machine = {"instance_type": "p4d.24xlarge"}
    small = _change("aws_instance", "small", {"instance_type": "t3.small"})
    pools = _change("google_container_node_pool", "k", pool)
    _plan(folder, _change("aws_instance", "gpu", machine), small, pools)
    found = _judged(folder, 1)
    assert [row["address"] for row in found["resources"]] == [
        "aws_instance.gpu", "google_container_node_pool.k"]  # fmt: skip
    _plan(folder, _change("aws_instance", "gpu",
                          {**machine, "tags": {"ai-registry-id": "AIR-0007"}}))  # fmt: skip
    _judged(folder, 0)


def test_a_retired_entry_lets_nothing_land(folder: Path) -> None:
    _plan(folder, _endpoint(tags={"ai-registry-id": "AIR-0007"}, region="eu-west-1"))
    text = _REGISTRY.replace("stage: production", "stage: retired", 1)
    (folder / "registry.yaml").write_text(text)
    found = _judged(folder, 1)
    assert "its entry is retired (AIR-0007)" in found["deny"][0]
    assert found["entries"] == []


@pytest.mark.parametrize("turn", [1, -1])
def test_resources_that_go_by_one_id_are_judged_each(folder: Path, turn: int) -> None:
    """Two clusters have a Deployment of one name each, and a provider calls both the same."""
    spec = [{"template": [{"spec": [{"container": [{"image": "vllm/vllm-openai:v0.6"}]}]}]}]

    def deployment(name: str, **labels: str) -> dict[str, Any]:
        meta = {"name": "chat", "namespace": "default", "labels": labels}
        after = {"id": "default/chat", "spec": spec, "metadata": [meta]}
        return _change("kubernetes_deployment_v1", name, after, ("update",))

    both = [deployment("blue"), deployment("green", **{"ai-registry-id": "AIR-0008"})]
    _plan(folder, *both[::turn])
    found = _judged(folder, 1)
    assert {row["address"].rpartition(".")[2]: row["allowed"] for row in found["resources"]} == {
        "blue": False, "green": True}  # fmt: skip
    assert [entry["bindings"][0]["value"] for entry in found["entries"]] == [
        "ai-registry-id=AIR-0009"]  # fmt: skip
    again = deployment("green")
    again["deposed"] = "00000001"
    _plan(folder, both[1], again)
    assert [row["allowed"] for row in _judged(folder, 1)["resources"]] == [True, False]


def test_what_people_have_ruled_out_is_not_registered_by_a_plan(folder: Path) -> None:
    """The resource is there already, under a name and a kind that only the scan of it tells."""
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/fraud"
    made = {"asset": arn, "entry": "AIR-0007", "verdict": "different", "author": "ann", "seen": "0",
            "reason": "asked", "at": "2026-01-01", "expires_at": "9999-01-01"}  # fmt: skip
    tag = {"ai-registry-id": "AIR-0007"}
    after = {"name": "fraud", "id": "fraud", "arn": arn, "tags": tag, "region": "eu-west-1"}
    _plan(folder, _change("aws_sagemaker_endpoint", "fraud", after, ("update",)))
    _judged(folder, 0)
    (folder / "registry-decisions.yaml").write_text(yaml.safe_dump({"decisions": [made]}))
    assert "nobody registered it" in _judged(folder, 1)["deny"][0]
    same = {**made, "verdict": "same", "entry": "AIR-0008"}
    (folder / "registry-decisions.yaml").write_text(yaml.safe_dump({"decisions": [same]}))
    assert "what it was made on has changed" in _judged(folder, 0)["warn"][0]


def test_a_name_alone_registers_nothing(folder: Path) -> None:
    _plan(folder, _change("aws_sagemaker_endpoint", "x", {"name": "fraud-scoring"}))
    found = _judged(folder, 1)
    assert "only resembles an entry" in found["deny"][0]
    assert found["resources"][0]["status"] == "probable"


@pytest.mark.parametrize("actions", [("delete",), ("no-op",), ("read",)])
def test_what_deploys_nothing_is_allowed(folder: Path, actions: tuple[str, ...]) -> None:
    _plan(folder, _change("aws_sagemaker_endpoint", "x", {"name": "x"}, actions))
    assert _judged(folder, 0)["resources"] == []


@pytest.mark.parametrize("actions", [("update",), ("delete", "create"), ("create", "delete")])
def test_what_changes_or_replaces_is_judged(folder: Path, actions: tuple[str, ...]) -> None:
    _plan(folder, _change("aws_sagemaker_endpoint", "x", {"name": "zz"}, actions))
    assert len(_judged(folder, 1)["resources"]) == 1


def test_a_key_in_a_plan_is_denied_and_never_printed(
    folder: Path, made_up_key: Callable[..., str]
) -> None:
    key = made_up_key()
    environment = [{"variables": {"ANTHROPIC_API_KEY": key}}]
    after = {"function_name": "f", "environment": environment}
    _plan(folder, _change("aws_lambda_function", "f", after))
    done = _run("--terraform-plan", "plan.json", "--registry", "registry.yaml", cwd=folder, code=1)
    assert "holds a key" in done.stdout
    assert key not in done.stdout + done.stderr


def test_allow_assets_only_tells(folder: Path) -> None:
    _plan(folder, _endpoint())
    found = _judged(folder, 0, "--allow-assets")
    assert found["allow"] is True
    assert "nobody registered it" in found["warn"][0]


_AGENT = {"Resources": {"A": {"Type": "AWS::Bedrock::Agent", "Properties": {"AgentName": "x"}}}}
_TASK = [{"name": "c", "image": "ghcr.io/huggingface/text-generation-inference:2.0"}]
_KSERVE = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
           "metadata": {"name": "llm", "namespace": "x"}, "spec": {"predictor": {}}}  # fmt: skip
_ACCOUNT = {"kind": "OpenAI", "sku": {"name": "S0"}, "properties": {}}
_TYPED = {"type": "Microsoft.CognitiveServices/accounts@2023-05-01", "name": "o"}
_CARRIED: list[tuple[str, dict[str, Any], str]] = [
    (
        "helm_release",
        {"name": "o", "chart": "ollama", "repository": "https://charts.example"},
        "ollama",
    ),
    ("helm_release", {"name": "o", "chart": "oci://ghcr.io/charts/ollama"}, "ollama"),
    (
        "helm_release",
        {
            "name": "x",
            "chart": "app",
            "values": ["a: 1", "image:\n  repository: vllm/vllm-openai\n"],
        },
        "vllm",
    ),
    (
        "helm_release",
        {
            "name": "x",
            "chart": "app",
            "set": [{"name": "image.repository", "value": "vllm/vllm-openai"}],
        },
        "vllm",
    ),
    ("kubernetes_manifest", {"manifest": _KSERVE}, "kserve"),
    ("kubectl_manifest", {"yaml_body": yaml.safe_dump(_KSERVE)}, "kserve"),
    (
        "aws_ecs_task_definition",
        {"family": "t", "container_definitions": json.dumps(_TASK)},
        "text_generation_inference",
    ),
    ("aws_cloudformation_stack", {"name": "s", "template_body": json.dumps(_AGENT)}, "aws_bedrock"),
    (
        "aws_cloudformation_stack",
        {"name": "s", "template_body": yaml.safe_dump(_AGENT)},
        "aws_bedrock",
    ),
    ("azapi_resource", {**_TYPED, "body": _ACCOUNT}, "azure_openai"),
    ("azapi_resource", {**_TYPED, "body": json.dumps(_ACCOUNT)}, "azure_openai"),
]


@pytest.mark.parametrize(("kind", "after", "provider"), _CARRIED)
def test_ai_within_a_resource_is_found(
    folder: Path, kind: str, after: dict[str, Any], provider: str
) -> None:
    _plan(folder, _change(kind, "x", after))
    found = _judged(folder, 1)
    assert [row["provider"] for row in found["resources"]] == [provider]
    assert found["deny"][0].startswith(f"{kind}.x ({provider}): nobody registered it")


def test_what_carries_no_ai_is_allowed(folder: Path) -> None:
    _plan(
        folder,
        _change(
            "aws_ecs_task_definition", "t", {"container_definitions": '[{"image": "nginx:1"}]'}
        ),
        _change("helm_release", "r", {"name": "r", "chart": "redis", "values": ["a: b", "{", ""]}),
        _change(
            "azapi_resource", "s", {"type": "Microsoft.Storage/accounts@2023-01-01", "body": 1}
        ),
        _change("aws_cloudformation_stack", "s", {"name": "s", "template_body": "[]"}),
    )
    assert _judged(folder, 0)["resources"] == []


def test_a_label_within_a_manifest_declares_its_entry(folder: Path) -> None:
    thing = _deployment("x", labels={"ai-registry-id": "AIR-0008"})
    _plan(folder, _change("kubernetes_manifest", "x", {"manifest": thing}))
    assert _judged(folder, 0)["resources"][0]["entry"] == "AIR-0008"


@pytest.mark.parametrize(
    ("more", "change", "code", "said"),
    [
        ({"errored": True}, None, 3, "ended in an error"),
        ({"complete": False}, None, 3, "not complete"),
        ({"complete": False, "deferred_changes": [{"reason": "x", "resource_change": _change(
            "aws_bedrockagent_agent", "d", {"agent_name": "x"})}]}, None, 1, "not complete"),
        ({}, _change("aws_bedrockagent_agent", "a", None), 1, "nothing of it is known"),
        ({}, _change("aws_s3_bucket", "a", None), 3, "nothing of it is known"),
        ({}, _change("aws_cloudformation_stack", "a", {"template_url": "https://x.example/t"}), 3,
         "lies elsewhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_told_and_not_allowed(
    folder: Path, more: dict[str, Any], change: dict[str, Any] | None, code: int, said: str
) -> None:
    body = {"format_version": "1.2", "resource_changes": [change] if change else [], **more}
    (folder / "plan.json").write_text(json.dumps(body))
    found = _judged(folder, code)
    assert found["allow"] is False
    assert said in " ".join(found["unread"])
    assert bool(found["deny"]) == (code == 1)


def test_what_is_known_only_once_it_is_applied_is_told(folder: Path) -> None:
    task = _change("aws_ecs_task_definition", "t", {"family": "t"})
    task["change"]["after_unknown"] = {"container_definitions": True}
    _plan(folder, task)
    assert "known only once it is applied" in _judged(folder, 0)["warn"][0]


def _review(thing: dict[str, Any], operation: str = "CREATE") -> str:
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                       "request": {"uid": "u-1", "operation": operation, "namespace": "prod",
                                   "object": thing}})  # fmt: skip


def _deployment(name: str, image: str = "vllm/vllm-openai:v0.6", **meta: object) -> dict[str, Any]:
    pod = {"containers": [{"name": "c", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **meta},
        "spec": {"template": {"spec": pod}},
    }


def _answered(folder: Path, review: str) -> dict[str, Any]:
    done = _run("--admission", "-", "--registry", "registry.yaml", cwd=folder, said=review, code=0)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["kind"] == "AdmissionReview"
    assert found["response"]["uid"] == "u-1"
    return found["response"]


def test_an_api_server_is_answered_in_its_own_words(folder: Path) -> None:
    assert _answered(folder, _review(_deployment("chat")))["allowed"] is True
    denied = _answered(folder, _review(_deployment("other")))
    assert denied["allowed"] is False
    assert denied["status"]["code"] == 403
    assert "prod/Deployment/other (vllm): nobody registered it" in denied["status"]["message"]
    declared = _deployment("other", annotations={"ai.example/ai-registry-id": "AIR-0008"})
    assert _answered(folder, _review(declared))["allowed"] is True
    assert _answered(folder, _review(_deployment("web", "nginx:1")))["allowed"] is True
    assert _answered(folder, _review(_deployment("other"), "DELETE"))["allowed"] is True


def test_a_plain_object_is_a_decision_for_policy_engines(folder: Path) -> None:
    (folder / "o.json").write_text(json.dumps(_deployment("other", namespace="dev")))
    done = _run("--admission", "o.json", "--registry", "registry.yaml", "--format", "json",
                cwd=folder, code=1)  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["allow"], len(found["deny"]), len(found["entries"])) == (False, 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not valid JSON"), ("[]", "expected a JSON object"), ("{}", "not a plan"),
     ('{"format_version": "1.0", "resource_changes": {}}', "not a plan"),
     ('{"format_version": "1.0", "resource_changes": [null]}', "changes[0]` is no object"),
     ('{"format_version": "1.0", "resource_changes": [{"change": "x"}]}', "change` is no object"),
     ('{"format_version": "1.0", "resource_changes": [{"change": {"actions": "create"}}]}',
      "actions` is no list"),
     ('{"format_version": "1.0", "resource_changes": [], "deferred_changes": [1]}',
      "deferred_changes[0]` is no object")],
)  # fmt: skip
def test_what_is_no_plan_is_never_allowed(folder: Path, text: str, said: str) -> None:
    (folder / "plan.json").write_text(text)
    done = _run("--terraform-plan", "plan.json", "--registry", "registry.yaml", cwd=folder, code=2)
    assert said in done.stderr


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        ({"kind": "Pod", "metadata": "x"}, "`metadata` is no object"),
        ({"kind": "Pod", "metadata": {"labels": ["a"]}}, "`metadata.labels` is no object"),
        ({"kind": "AdmissionReview", "request": "x"}, "without a request"),
        ({"kind": "AdmissionReview", "request": {"uid": "u-1", "object": 1}}, "neither"),
        ({"kind": "AdmissionReview", "request": {"uid": "u-1", "object": {
            "kind": "Pod", "metadata": {"annotations": 1}}}}, "annotations` is no object"),
    ],
)  # fmt: skip
def test_what_is_no_object_is_refused_and_a_server_is_answered(
    folder: Path, thing: dict[str, Any], said: str
) -> None:
    done = _run("--admission", "-", "--registry", "registry.yaml", cwd=folder,
                said=json.dumps(thing), code=2)  # fmt: skip
    assert said in done.stderr
    if thing["kind"] != "AdmissionReview":
        assert done.stdout == ""
        return
    answer = json.loads(done.stdout)
    assert answer["kind"] == "AdmissionReview"
    assert answer["response"]["allowed"] is False
    assert said in answer["response"]["status"]["message"]


def test_without_a_registry_nothing_can_be_judged(folder: Path) -> None:
    _plan(folder)
    assert "name the registry" in _run("--terraform-plan", "plan.json", cwd=folder, code=2).stderr
    both = _run("--terraform-plan", "plan.json", "--base", "HEAD", cwd=folder, code=2)
    assert "exclude each other" in both.stderr


def test_a_change_prints_the_entry_to_add_and_then_passes(folder: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
                       cwd=folder, check=True, capture_output=True)  # fmt: skip

    git("init", "-q")
    git("remote", "add", "origin", "https://github.com/acme/bot.git")
    (folder / "app.py").write_text("import openai\nopenai.OpenAI()\n")
    git("add", "app.py")
    done = _run("--registry", "registry.yaml", cwd=folder, code=1)
    drafted = yaml.safe_load(done.stdout.partition("every line:\n\n")[2])
    (entry,) = drafted["entries"]
    assert entry["bindings"] == [{"type": "repo", "value": "github.com/acme/bot"}]
    assert entry["approved"] == {"providers": ["openai"]}
    (folder / "more.yaml").write_text(yaml.safe_dump(drafted))
    _run("--registry", "registry.yaml", "--registry", "more.yaml", cwd=folder, code=0)
    shown = json.loads(_run("--registry", "registry.yaml", "--format", "json", cwd=folder).stdout)
    assert shown["entries"] == [entry]

    (folder / ".ai-registry.yaml").write_text("ai-registry-id: AIR-0008\n")
    git("add", ".ai-registry.yaml")
    _run("--registry", "registry.yaml", cwd=folder, code=0)  # declared by the change itself
    git("commit", "-qm", "one")
    (folder / "other.py").write_text("import mistralai\nmistralai.Mistral()\n")
    git("add", "other.py")
    _run("--registry", "registry.yaml", cwd=folder, code=1)  # the entry approves another provider
    git("rm", "-qf", "--cached", "other.py")
    (folder / "more.py").write_text("import openai\n")
    git("add", "more.py")
    _run("--registry", "registry.yaml", cwd=folder, code=0)  # as it stands in HEAD
