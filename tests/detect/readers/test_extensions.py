"""Editor extensions that a project asks for."""

from __future__ import annotations

import json

import pytest

from scanner.detect.engine import Detector


def _providers(detector: Detector, path: str, document: object) -> list[tuple[str, int]]:
    data = json.dumps(document, indent=1).encode()
    hits = detector.examine(data, path, ("credentials", "usage"))
    return [(hit.provider, hit.line) for hit in hits if hit.rule.endswith("-extension")]


def test_extensions_are_found_where_they_are_listed(detector: Detector) -> None:
    container = {
        "customizations": {"vscode": {"extensions": ["ms-python.python", "GitHub.copilot"]}}
    }
    assert _providers(detector, ".devcontainer/devcontainer.json", container) == [
        ("github_copilot", 6)
    ]
    wanted = {
        "recommendations": ["Continue.continue"],
        "unwantedRecommendations": ["openai.chatgpt"],
    }
    assert _providers(detector, ".vscode/extensions.json", wanted) == [("continue_dev", 3)]
    workspace = {"folders": [], "extensions": {"recommendations": ["anthropic.claude-code"]}}
    assert [p for p, _ in _providers(detector, "a.code-workspace", workspace)] == ["claude_code"]


def test_features_of_a_dev_container_are_images(detector: Detector) -> None:
    data = b'{"features": {\n"ghcr.io/devcontainers/features/copilot-cli:1": {}}}'
    hits = detector.examine(data, ".devcontainer/devcontainer.json", ("credentials", "usage"))
    assert [(hit.provider, hit.line) for hit in hits] == [("github_copilot", 2)]


@pytest.mark.parametrize(
    "document",
    [
        {"extensions": ["-GitHub.copilot", "github copilot", 3, None]},
        {"extensions": "GitHub.copilot"},
        ["GitHub.copilot"],
        {"settings": {"GitHub.copilot": True}},
    ],
)
def test_what_is_no_list_of_extensions_gives_nothing(detector: Detector, document: object) -> None:
    assert _providers(detector, "devcontainer.json", document) == []
