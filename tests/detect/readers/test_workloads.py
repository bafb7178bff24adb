"""Settings of a workload as a cloud tells them: images, commands as lists, accelerators."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined


def _seen(settings: Any, kind: HitKind) -> set[tuple[str, str]]:
    hits = examined(json.dumps(settings, indent=1), "workload.json")
    return {(hit.label, hit.provider) for hit in hits if hit.kind is kind}


def test_an_image_and_the_model_that_its_command_serves() -> None:
    settings = [
        {"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/vllm/vllm-openai:v0.6"},
        {"command": ["--model", "meta-llama/Llama-3.1-8B-Instruct", "--port", "8000"]},
    ]
    assert _seen(settings, HitKind.IMAGE) == {("vllm/vllm-openai", "vllm")}
    assert ("meta-llama/Llama-3.1-8B-Instruct", "vllm") in _seen(settings, HitKind.MODEL)


@pytest.mark.parametrize(
    "command",
    [
        ["vllm", "serve", "Qwen/Qwen2.5-7B"],
        ["sh", "-c", "sleep 1 && vllm serve Qwen/Qwen2.5-7B"],
    ],
)
def test_a_command_is_a_list_of_words_or_a_line(command: list[str]) -> None:
    assert ("Qwen/Qwen2.5-7B", "vllm") in _seen([{"command": command}], HitKind.MODEL)


def test_the_name_of_a_secret_tells_whose_key_it_is() -> None:
    settings = [{"secrets": {"name": "OPENAI_API_KEY", "valueFrom": "arn:aws:ssm:e:1:parameter/x"}}]
    assert _seen(settings, HitKind.ENV_VAR) == {("OPENAI_API_KEY", "openai")}


@pytest.mark.parametrize(
    ("settings", "tag"),
    [
        ([{"resourceRequirements": {"value": "1", "type": "GPU"}}], ("accelerator", "gpu")),
        ([{"resourceRequirements": {"type": "GPU", "value": "1"}}], ("accelerator", "gpu")),
        (
            [{"resources": {"limits": {"nvidia.com/gpu": "2"}}}],
            ("accelerator", "nvidia.com/gpu"),
        ),
        ([{"instanceType": "p4d.24xlarge"}], ("instance_type", "p4d.24xlarge")),
        (
            [{"inferenceAccelerators": {"deviceName": "a", "deviceType": "eia2.medium"}}],
            ("accelerator", "eia2.medium"),
        ),
    ],
)
def test_accelerators(settings: Any, tag: tuple[str, str]) -> None:
    hits = examined(json.dumps(settings, indent=1), "workload.json")
    assert [hit.tags for hit in hits if hit.kind is HitKind.COMPUTE] == [(tag,)]


@pytest.mark.parametrize(
    "settings",
    [
        [{"resourceRequirements": {"value": "2", "type": "VCPU"}}],
        [{"instanceType": "m5.large"}],
        [{"resources": {"limits": {"cpu": "2"}}}],
        [{"image": "python:3.12"}, {"command": ["python", "train.py", "--model", "small"]}],
    ],
)
def test_what_asks_for_nothing_special(settings: Any) -> None:
    assert examined(json.dumps(settings, indent=1), "workload.json") == []


def test_packages_of_a_job() -> None:
    arguments = {"--additional-python-modules": "openai==1.3,langchain, pandas"}
    found = _seen([{"DefaultArguments": arguments}], HitKind.PACKAGE)
    assert found == {("openai", "openai"), ("langchain", "langchain")}


def test_another_file_of_settings_is_left_to_others() -> None:
    text = json.dumps([{"instanceType": "p4d.24xlarge"}])
    assert examined(text, ".vscode/settings.json") == []
