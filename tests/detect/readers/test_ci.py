"""Pipelines: AI actions, service images, slots of secrets, commands of steps."""

from __future__ import annotations

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined

WORKFLOW = """\
name: review
on: [pull_request]
jobs:
  review:
    runs-on: ubuntu-latest
    services:
      llm:
        image: ollama/ollama
    steps:
      - uses: actions/checkout@v4
      - uses: anthropics/claude-code-action@v1
        with:
          anthropic_api_key: ${{ secrets.PROD_ANTHROPIC_API_KEY }}
          model: claude-sonnet-4-20250514
      - name: Triage
        uses: actions/ai-inference@v1
        with:
          prompt: hi
      # - uses: openai/codex-action@v1
      - run: |
          pip install openai
          claude -p "fix it"
        env:
          OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}
      - uses: docker://vllm/vllm-openai:latest
"""


def test_a_workflow_of_github() -> None:
    hits = examined(WORKFLOW, ".github/workflows/review.yml")

    actions = {(h.label, h.provider, h.line) for h in hits if h.rule.endswith("-action")}
    assert actions == {
        ("anthropics/claude-code-action", "claude_code", 11),
        ("actions/ai-inference", "github_models", 16),
    }
    (claude,) = [hit for hit in hits if hit.rule == "claude-code-action"]
    assert claude.models == ("claude-sonnet-4-20250514",)
    assert ("openai", 21) in {(h.label, h.line) for h in hits if h.kind is HitKind.PACKAGE}
    assert ("claude -p", 22) in {(h.label, h.line) for h in hits if h.kind is HitKind.CLIENT}
    images = {(h.provider, h.line) for h in hits if h.kind is HitKind.IMAGE}
    assert images == {("ollama", 8), ("vllm", 25)}
    (slot,) = [hit for hit in hits if hit.kind is HitKind.NAME]
    assert (slot.label, slot.provider, slot.line) == (
        "PROD_ANTHROPIC_API_KEY", "anthropic", 13,
    )  # fmt: skip
    assert ("OPENAI_API_KEY", 24) in {(h.label, h.line) for h in hits if h.kind is HitKind.ENV_VAR}


@pytest.mark.parametrize(
    ("path", "text", "kind", "label", "provider", "line"),
    [
        (".gitlab-ci.yml", "test:\n  services:\n    - ollama/ollama:latest\n  script:\n"
         "    - ollama pull llama3.2\n", HitKind.IMAGE, "ollama/ollama:latest", "ollama", 3),
        (".gitlab-ci.yml", "test:\n  script:\n    - ollama pull llama3.2\n", HitKind.MODEL,
         "llama3.2", "ollama", 3),
        (".gitlab-ci.yml", "image:\n  name: vllm/vllm-openai\n  entrypoint: ['']\n", HitKind.IMAGE,
         "vllm/vllm-openai", "vllm", 2),
        ("Jenkinsfile", "pipeline {\n  environment {\n    KEY = credentials('openai-api-key')\n",
         HitKind.NAME, "openai-api-key", "openai", 3),
        ("Jenkinsfile", "withCredentials([\n string(credentialsId: 'team-anthropic-api-key', "
         "variable: 'K')])", HitKind.NAME, "team-anthropic-api-key", "anthropic", 2),
        ("ci/Jenkinsfile", "agent { docker { image 'ollama/ollama:0.5' } }", HitKind.IMAGE,
         "ollama/ollama:0.5", "ollama", 1),
        (".circleci/config.yml", "jobs:\n  a:\n    steps:\n      - run: pip install openai\n",
         HitKind.PACKAGE, "openai", "openai", 4),
        ("azure-pipelines.yml", "steps:\n- script: run\n  env:\n    K: $(STAGE_OPENAI_API_KEY)\n",
         HitKind.NAME, "STAGE_OPENAI_API_KEY", "openai", 4),
        ("bitbucket-pipelines.yml", "pipelines:\n  default:\n    - step:\n        script:\n"
         "          - npm install openai\n", HitKind.PACKAGE, "openai", "openai", 5),
        (".drone.yml", "environment:\n  K:\n    from_secret: openai_api_key\n", HitKind.NAME,
         "openai_api_key", "openai", 3),
    ],
)  # fmt: skip
def test_every_pipeline(
    path: str, text: str, kind: HitKind, label: str, provider: str, line: int
) -> None:
    hits = examined(text, path, kind)

    assert (label, provider, line) in {(hit.label, hit.provider, hit.line) for hit in hits}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/workflows/a.yml", "steps:\n  - uses: actions/setup-python@v5\n"),
        (".github/workflows/a.yml", "env:\n  K: ${{ secrets.GITHUB_TOKEN }}\n"),
        (".github/workflows/a.yml", "env:\n  K: ${{ secrets.MY_API_KEY }}\n"),
        (".github/workflows/a.yml", "run: echo 'pip install openai'\n"),
        ("docs/a.yml", "  - uses: anthropics/claude-code-action@v1\n"),
        ("Jenkinsfile", "withCredentials([string(credentialsId: 'nexus', variable: 'K')])"),
    ],
)
def test_what_is_no_ai(path: str, text: str) -> None:
    assert examined(text, path) == []


@pytest.mark.parametrize("path", [".github/workflows/a.yml", "Jenkinsfile", ".gitlab-ci.yml"])
@pytest.mark.parametrize(
    "text",
    [
        "uses: anthropics/claude-code-action@v1\n" * 3000,
        "secrets." * 50_000,
        "credentials('" * 50_000,
        "secrets." + "A_" * 100_000,
        "- " * 100_000,
        "image '" * 50_000,
        "name: " + "a/" * 100_000,
    ],
)
def test_hostile_pipelines(path: str, text: str) -> None:
    examined(text, path)
