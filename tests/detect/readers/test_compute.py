"""Accelerators that schedulers, launchers and command lines are asked for."""

from __future__ import annotations

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined


@pytest.mark.parametrize(
    ("path", "text", "label", "line"),
    [
        ("train.slurm", "#!/bin/bash\n#SBATCH --gres=gpu:a100:4\nsrun x\n", "--gres=gpu:a100:4", 2),
        ("job.sh", "#!/bin/sh\n#SBATCH --gpus-per-node=8\n", "--gpus-per-node=8", 2),
        ("task.yaml", "resources:\n  accelerators: A100:8\nrun: |\n  python t.py\n", "A100", 2),
        ("task.yml", "resources:\n  accelerators: {H100: 8}\nsetup: x\n", "H100", 2),
        ("llm.nomad", "resources {\n  device \"nvidia/gpu\" {\n  }\n}\n", "nvidia/gpu", 2),
        ("a.sh", "\naws ec2 run-instances --instance-type p4d.24xlarge\n", "p4d.24xlarge", 2),
        ("a.sh", "\ngcloud run deploy x --gpu 1 --gpu-type=nvidia-l4\n", "nvidia-l4", 2),
        ("a.sh", "\naz vm create --size Standard_NC6s_v3\n", "Standard_NC6s_v3", 2),
    ],
)  # fmt: skip
def test_accelerators(path: str, text: str, label: str, line: int) -> None:
    (hit,) = examined(text, path, HitKind.COMPUTE)

    assert (hit.label, hit.line, hit.part) == (label, line, "compute/gpu")
    assert (hit.asset_class, hit.provider) == ("compute", "")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("job.sh", "#SBATCH --ntasks=4\n"),
        ("a.yaml", "accelerators:\n  - a\nresources:\n  gpu: false\nrun: x\n"),
        ("a.yaml", "  gpu: T4\n"),
        ("a.sh", "aws ec2 run-instances --instance-type t3.micro\n"),
        ("a.hcl", '# device\nname = "nvidia/gpu"\n'),
    ],
)
def test_no_accelerators(path: str, text: str) -> None:
    assert examined(text, path, HitKind.COMPUTE) == []


@pytest.mark.parametrize(
    ("line", "provider", "models"),
    [
        ("aws bedrock-runtime invoke-model --model-id anthropic.claude-v2 out.json", "aws_bedrock",
         ("anthropic.claude-v2",)),
        ("aws --region eu-west-1 sagemaker create-endpoint --endpoint-name x", "aws_sagemaker",
         ()),
        ("gcloud ai endpoints create --region=europe-west1", "google_vertex", ()),
        ("az cognitiveservices account deployment create -n x --model-name gpt-4o",
         "azure_openai", ("gpt-4o",)),
    ],
)  # fmt: skip
def test_command_lines_of_the_clouds(line: str, provider: str, models: tuple[str, ...]) -> None:
    (hit,) = examined(f"set -e\n{line}\n", "deploy.sh", HitKind.CLIENT)

    assert (hit.provider, hit.line, hit.models) == (provider, 2, models)


@pytest.mark.parametrize(
    "text", ["aws s3 ls bedrock\n", "echo aws bedrock list-models\n", "litellm\n", "aider\n"]
)
def test_words_are_no_commands(text: str) -> None:
    assert examined(text, "deploy.sh", HitKind.CLIENT) == []


@pytest.mark.parametrize(
    "text",
    ["#SBATCH --gres=gpu:" * 20_000, "accelerators: " * 50_000, "aws " * 100_000 + "bedrock x",
     "aws --a b " * 50_000 + "sagemaker", "--size " * 50_000],
)  # fmt: skip
def test_hostile_scripts(text: str) -> None:
    examined(text, "a.sh")
    examined(text, "a.yaml")
