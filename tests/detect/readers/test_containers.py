"""Dockerfiles, compose files and scripts: what is installed, pulled, served and reserved."""

from __future__ import annotations

import pytest

from scanner.detect.infra import shell
from scanner.model.items import HitKind
from tests.detect.readers.infra import examined

DOCKERFILE = """\
FROM ollama/ollama:0.5 AS models
FROM python:3.12-slim
# RUN pip install anthropic
RUN apt-get update && \\
    pip install --no-cache-dir -r requirements.txt \\
      "openai>=1.30" 'litellm[proxy]' requests
RUN npm install -g @anthropic-ai/claude-code@latest && uv pip install vllm==0.6
RUN ollama serve & sleep 5; ollama pull llama3.2:3b
RUN huggingface-cli download meta-llama/Llama-3.1-8B-Instruct --local-dir /m
CMD ["vllm", "serve"]
ENTRYPOINT vllm serve Qwen/Qwen2.5-7B-Instruct --port 8000
"""


def test_a_dockerfile() -> None:
    hits = examined(DOCKERFILE, "docker/Dockerfile.gpu")

    packages = {(h.label, h.provider, h.line) for h in hits if h.kind is HitKind.PACKAGE}
    assert packages >= {
        ("openai", "openai", 6), ("litellm", "litellm", 6), ("vllm", "vllm", 7),
        ("@anthropic-ai/claude-code", "claude_code", 7),
    }  # fmt: skip
    assert "requests" not in {label for label, _, _ in packages}
    models = {(h.label, h.provider, h.line) for h in hits if h.kind is HitKind.MODEL}
    assert models >= {
        ("llama3.2:3b", "ollama", 8),
        ("meta-llama/Llama-3.1-8B-Instruct", "huggingface", 9),
        ("Qwen/Qwen2.5-7B-Instruct", "vllm", 11),
    }
    (image,) = [hit for hit in hits if hit.kind is HitKind.IMAGE]
    assert (image.provider, image.line) == ("ollama", 1)
    commented = [h for h in hits if h.kind is HitKind.PACKAGE and h.label == "anthropic"]
    assert [str(hit.context) for hit in commented] in ([], ["comment"])


COMPOSE = """\
services:
  llm:
    image: vllm/vllm-openai:latest
    command: --model mistralai/Mistral-7B-Instruct-v0.3
    environment:
      HF_TOKEN: ${HF_TOKEN}
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: 1
              capabilities: [gpu]
  pull:
    image: registry.example.com/ollama/ollama
    entrypoint: /bin/sh
    command:
      - "-c"
      - "sleep 3; OLLAMA_HOST=ollama:11434 ollama pull llama3.2"
  web:
    image: nginx
"""


def test_a_compose_file() -> None:
    hits = examined(COMPOSE, "docker-compose.yml")

    models = {(h.label, h.provider, h.line) for h in hits if h.kind is HitKind.MODEL}
    assert models >= {("mistralai/Mistral-7B-Instruct-v0.3", "vllm", 4), ("llama3.2", "ollama", 19)}
    (gpu,) = [hit for hit in hits if hit.kind is HitKind.COMPUTE]
    assert (gpu.part, gpu.line, gpu.provider) == ("compute/gpu", 13, "")
    images = {(h.provider, h.line) for h in hits if h.kind is HitKind.IMAGE}
    assert images == {("vllm", 3), ("ollama", 15)}


@pytest.mark.parametrize(
    ("line", "kind", "label", "provider"),
    [
        ("pip3 install -U openai", HitKind.PACKAGE, "openai", "openai"),
        ("python -m pip install openai==1.2.3", HitKind.PACKAGE, "openai", "openai"),
        ("uv add openai", HitKind.PACKAGE, "openai", "openai"),
        ("poetry add openai@^1.0", HitKind.PACKAGE, "openai", "openai"),
        ("conda install -c conda-forge openai", HitKind.PACKAGE, "openai", "openai"),
        ("micromamba install -y openai", HitKind.PACKAGE, "openai", "openai"),
        ("mamba create -n x openai", HitKind.PACKAGE, "openai", "openai"),
        ("npx -y @anthropic-ai/claude-code -p hi", HitKind.PACKAGE, "@anthropic-ai/claude-code",
         "claude_code"),
        ("yarn add openai", HitKind.PACKAGE, "openai", "openai"),
        ("go get github.com/ollama/ollama@latest", HitKind.PACKAGE, "github.com/ollama/ollama",
         "ollama"),
        ("cargo add ollama-rs", HitKind.PACKAGE, "ollama-rs", "ollama"),
        ("dotnet add App.csproj package OllamaSharp", HitKind.PACKAGE, "OllamaSharp", "ollama"),
        ("ollama run llama3.2", HitKind.MODEL, "llama3.2", "ollama"),
        ("hf download openai/gpt-oss-20b", HitKind.MODEL, "openai/gpt-oss-20b", "huggingface"),
        ("python -m vllm.entrypoints.openai.api_server --port 1 \\\n --model Qwen/Qwen3-8B",
         HitKind.MODEL, "Qwen/Qwen3-8B", "vllm"),
        ("python3 -m sglang.launch_server --model-path Qwen/Qwen3-8B", HitKind.MODEL,
         "Qwen/Qwen3-8B", "sglang"),
        ("llama-server -hf ggml-org/gemma-3-1b-it-GGUF", HitKind.MODEL,
         "ggml-org/gemma-3-1b-it-GGUF", "llamacpp"),
        ("claude -p 'review this'", HitKind.CLIENT, "claude -p", "claude_code"),
    ],
)  # fmt: skip
def test_commands_of_scripts(line: str, kind: HitKind, label: str, provider: str) -> None:
    hits = examined(f"#!/bin/sh\nset -e\n{line}\n", "scripts/setup.sh", kind)

    assert (label, provider) in {(hit.label, hit.provider) for hit in hits}
    assert min(hit.line for hit in hits) in (3, 4)


@pytest.mark.parametrize(
    "line",
    [
        "pip install requests flask==3.0",
        "pip install -r openai",
        "pip install git+https://example.com/openai",
        "pip install ./openai",
        "echo 'run pip install openai first'",
        "echo 'ollama pull llama3.2'",
        "ollama pull $MODEL",
        "ollama pull ${MODEL:-x}",
        "ollama list",
        "npm run openai",
        "docker run nginx",
        'vllm serve "$1"',
        "apt-get install openai",
        "my-pip install-openai",
    ],
)
def test_what_installs_or_serves_nothing(line: str) -> None:
    hits = examined(f"{line}\n", "run.sh")

    assert [hit for hit in hits if hit.kind in (HitKind.PACKAGE, HitKind.MODEL)] == []


def test_each_command_knows_the_word_that_it_begins_with() -> None:
    tables = (shell._INSTALL_HEADS, shell._SERVER_HEADS, shell._AGENT_HEADS, shell._CLI_HEADS)
    for table in tables:
        for head, words in zip(table.heads, table.words, strict=True):
            assert len(words) == shell._top(head).count("|") + 1, head


def test_gpus_of_docker_run() -> None:
    (hit,) = examined("docker run --rm --gpus all nvidia/cuda nvidia-smi\n", "a.sh",
                      HitKind.COMPUTE)  # fmt: skip

    assert (hit.part, hit.line) == ("compute/gpu", 1)


@pytest.mark.parametrize("path", ["Dockerfile", "compose.yaml", "a.sh", "Makefile"])
@pytest.mark.parametrize(
    "text",
    [
        "pip install " + "a " * 200_000,
        "pip install " * 20_000,
        "pip install \\\n" * 20_000,
        "ollama pull " * 20_000,
        "vllm serve -" + "-a " * 50_000,
        "services:\n" + "image: vllm/vllm-openai --model x/y\n" * 3000,
        "echo " + "x" * 100_000 + "ollama pull llama3",
        "--from=" * 50_000,
    ],
)
def test_hostile_files(path: str, text: str) -> None:
    examined(text, path)
