"""The demo is the main job: its result is known, its five weeks tell the right story."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from scanner.rulebook.examples import expand
from tests import late

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, str]:
    """What the weeks said, the folder they left, and what the process printed."""
    folder = tmp_path_factory.mktemp("company")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.demo.weeks", str(folder)],
        capture_output=True, text=True, check=False, timeout=300, cwd=ROOT, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    return said, folder, done.stderr


@pytest.fixture(scope="module")
def document(story: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((story[1] / "out" / "findings.json").read_text())
    return found


def test_every_asset_has_the_disposition_that_was_planted(document: dict[str, Any]) -> None:
    found = {
        asset["name"]: (
            asset["provider"],
            asset["registry"]["status"],
            asset["registry"]["entry"],
        )
        for asset in document["assets"]
        if asset["type"] == "asset"
    }
    free = "unregistered"
    assert found == {
        "fraud-scoring": ("aws_sagemaker", "registered", "AIR-0001"),
        "fraud-scoring-model": ("aws_sagemaker", "registered", "AIR-0001"),
        "price-forecast": ("aws_sagemaker", free, ""),
        "price-forecast-model": ("aws_sagemaker", free, ""),
        "scratch-gpt": ("aws_sagemaker", free, ""),
        "support-assistant": ("aws_bedrock", free, ""),
        "policy-handbook": ("aws_bedrock", "drifted", "AIR-0004"),
        "tone-of-voice": ("aws_bedrock", free, ""),
        "tone-tuning": ("aws_bedrock", free, ""),  # the job that it came out of
        "OpenAI in summarise-tickets": ("openai", free, ""),
        "Anthropic in prod/anthropic-api-key": ("anthropic", free, ""),
        "Mistral AI in MISTRAL_API_KEY": ("mistral", free, ""),
        "OpenAI in example-corp/support-portal": ("openai", "drifted", "AIR-0002"),
        "Anthropic in example-corp/support-portal": ("anthropic", free, ""),
        "Claude Code in example-corp/support-portal": ("claude_code", free, ""),
        "Model Context Protocol in example-corp/support-portal": ("mcp", free, ""),
        "tickets": ("", free, ""),
        "ChatGPT": ("openai", free, ""),
        "Otter.ai": ("otter", free, ""),
    }


def test_the_registry_is_told_both_ways(document: dict[str, Any]) -> None:
    findings = {(f["policy"], f["title"]) for f in document["findings"]}
    assert ("SAI-020", "Registered but not there: Churn model (AIR-0003)") in findings
    assert len([f for f in findings if f[0] == "SAI-030"]) == 1
    drift = [title for policy, title in findings if policy == "SAI-010"]
    assert len(drift) == 1
    assert "observed gpt-4o, approved gpt-4o-mini*" in drift[0]
    assert not [t for _, t in findings if "price-forecast-model" in t]  # its endpoint speaks for it


def test_every_asset_has_an_owner_with_a_reason(document: dict[str, Any]) -> None:
    for asset in document["assets"]:
        assert asset["owners"], asset["name"]
        assert all(owner["reason"] and owner["confidence"] for owner in asset["owners"])


def test_the_document_follows_its_published_schema(document: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "docs" / "document.schema.json").read_text())
    late.jsonschema.Draft202012Validator(schema).validate(document)


def test_data_flows_reach_from_the_bucket_to_the_provider(story: Any) -> None:
    graph = nx.read_graphml(story[1] / "out" / "graph.graphml")
    bucket = next(n for n in graph if n.startswith("arn:aws:s3:::policy-handbook-"))
    base = next(n for n in graph if ":knowledge-base/" in n)
    agent = next(n for n in graph if ":agent/" in n)
    assert graph.has_edge(base, bucket)
    assert graph.has_edge(agent, base)
    assert graph.has_edge(agent, "provider:aws_bedrock")
    assert graph.nodes[bucket]["classification"] == "internal"


def test_everything_was_read(story: Any) -> None:
    first = story[0]["weeks"][0]
    assert first["exit_code"] == 0
    assert {change for change, _ in first["changes"]} == {"opened"}


def test_a_second_scan_of_the_same_opens_and_resolves_nothing(story: Any) -> None:
    second = story[0]["weeks"][1]
    assert second["changes"] == []
    assert second["statuses"].keys() == story[0]["weeks"][0]["statuses"].keys()


def test_a_key_whose_place_was_denied_is_held(story: Any) -> None:
    third = story[0]["weeks"][2]
    assert third["exit_code"] == 3
    assert [shard for shard in third["denied"] if shard.endswith("/us-east-1/lambda")]
    key = [t for t in third["statuses"] if "stands in plain settings" in t]
    assert [third["statuses"][title] for title in key] == ["held"]
    assert not [change for change, _ in third["changes"] if change == "resolved"]


def test_a_key_that_is_gone_is_resolved_and_one_that_comes_back_is_reopened(story: Any) -> None:
    fourth, fifth = story[0]["weeks"][3:]
    resolved = [title for change, title in fourth["changes"] if change == "resolved"]
    assert any("stands in plain settings" in title for title in resolved)
    reopened = [title for change, title in fifth["changes"] if change == "reopened"]
    assert any("stands in plain settings" in title for title in reopened)


def test_no_secret_is_anywhere(story: Any) -> None:
    """Database, outputs, what was printed: neither whole nor in part."""
    said, folder, printed = story
    lambda_key = said["key"]
    code_key = expand("sk-ant-api03-{b64url:93}AA", str(folder / "support-portal"))
    files = [path for path in folder.iterdir() if path.name.startswith("shadow-ai.sqlite")]
    files += [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert len(files) >= 4
    history = subprocess.run(
        ["git", "-C", str(folder / "support-portal"), "log", "-p", "--all"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert code_key in history
    for secret in (lambda_key, code_key, "made-up-for-the-demo", "not read by anyone"):
        for part in (secret, secret[12:40]) if len(secret) > 60 else (secret,):
            assert part not in printed
            for path in files:
                assert part.encode() not in path.read_bytes(), path.name


def test_the_command_writes_three_files_and_prints_the_result(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "shadow-ai"
    command = [str(program), "demo", "--output", str(tmp_path / "out")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "findings.json", "graph.graphml", "report.html",
    }  # fmt: skip
    assert "drifted AIR-0002" in done.stdout
    assert "shards read completely" in done.stdout
