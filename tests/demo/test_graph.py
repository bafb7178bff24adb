"""The questions over the demo's company, with answers that were read off its seed by hand.

What is planted (``scanner.demo``): a public function in the sandbox whose role may read customers'
features in production; a model that was judged by them in the sandbox; two endpoints whose models
come from them; an agent with a knowledge base over the handbook; a key in a repository's history.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scanner.reconcile.checking import is_mailbox
from tests.command import shadow_ai

ROOT = Path(__file__).parents[2]


def _run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    done = shadow_ai("graph", *args, cwd=folder, environ={"PYTHONWARNINGS": "ignore"})
    assert done.returncode == 0, done.stderr
    return done


def _ask(folder: Path, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_run(folder, *args, "--json").stdout)
    return found


def _short(ident: str) -> str:
    """Without what the emulator makes up: accounts, random endings."""
    return re.sub(r"-\d{12}$|[0-9a-f]{8}$", "", ident.rpartition("/")[2].rpartition(":")[2])


def test_paths_from_the_handbook_to_the_vendor(company: Path) -> None:
    found = _ask(company, "paths", "--from", "datastore:policy-handbook*",
                 "--to", "provider:aws_bedrock")  # fmt: skip

    assert [[_short(node) for node in way["nodes"]] for way in found["paths"]] == [
        ["policy-handbook", "policy-handbook", "aws_bedrock"],
        ["policy-handbook", "policy-handbook", "support-assistant", "aws_bedrock"],
    ]
    rules = [hop["edges"][0]["evidence"][0]["rule"] for hop in found["paths"][1]["hops"]]
    assert rules == [
        "bedrock-agent:GetDataSource",
        "bedrock-agent:ListAgentKnowledgeBases",
        "bedrock-agent:GetAgent",
    ]


def test_no_data_of_customers_goes_to_openai_though_the_function_could_send_it(
    company: Path,
) -> None:
    found = _ask(company, "paths", "--from", "datastore:customer*", "--to", "provider:openai")

    assert found["rows"] == []
    assert found["notes"] == ["no way by flow; there is one by any"]


def test_blast_radius_of_the_function(company: Path) -> None:
    found = _ask(company, "blast-radius", "asset:*:function:summarise-tickets")

    reached = {(row["hops"], row["type"], _short(row["id"])) for row in found["rows"]}
    key = next(row["id"] for row in found["rows"] if row["type"] == "credential")
    assert reached == {
        ("1", "identity", "summarise-tickets"),
        ("1", "asset", "openai"),
        ("1", "credential", _short(key)),
        ("2", "data_store", "customer-features"),
        ("2", "provider", "openai"),
    }
    assert found["notes"] == ["5 reached, 1 of them stores of sensitive data"]


def test_blast_radius_of_the_key_in_the_repository(company: Path) -> None:
    found = _ask(company, "blast-radius", "credential:Anthropic*")

    assert [(row["type"], row["name"]) for row in found["rows"]] == [("provider", "anthropic")]


def test_exposure_ends_when_the_public_address_goes(company: Path) -> None:
    assert _ask(company, "exposure")["rows"] == []
    found = _ask(company, "diff", "previous", "last")

    changed = {
        (row["key"].rpartition(":")[2], field)
        for row in found["changes"]["nodes"]
        for field, *_ in row["fields"]
    }
    assert ("summarise-tickets", "exposure") in changed
    exposure = next(
        (before, after)
        for row in found["changes"]["nodes"]
        for field, before, after in row["fields"]
        if field == "exposure"
    )
    assert exposure == ("public, no authentication", "")
    classes = [
        row["fields"] for row in found["changes"]["nodes"] if "exports-" in row["key"]
    ]  # fmt: skip
    assert ["classification", "internal", "confidential"] in classes[0]
    assert {row["what"] for row in found["changes"]["nodes"]} == {"changed"}
    assert found["changes"]["edges"] == []


def test_data_flows_with_their_classes_and_what_they_cross(company: Path) -> None:
    found = _ask(company, "flows")

    rows = {
        (_short(row["store"]), row["data"], row["vendor"], _short(row["through"]), row["crosses"])
        for row in found["rows"]
    }
    assert rows == {
        ("customer-features", "confidential", "aws_bedrock", "tone-of-voice", "environment"),
        ("customer-features", "confidential", "aws_sagemaker", "fraud-scoring", ""),
        ("customer-features", "confidential", "aws_sagemaker", "price-forecast", ""),
        ("exports", "confidential", "aws_bedrock", "tone-of-voice", ""),
        ("policy-handbook", "internal", "aws_bedrock", "policy-handbook", ""),
        ("policy-handbook", "internal", "aws_bedrock", "support-assistant", ""),
    }
    matrix = {(r["data_class"], r["provider"]): (r["stores"], r["assets"]) for r in found["totals"]}
    assert matrix == {
        ("confidential", "aws_bedrock"): (2, 1),
        ("confidential", "aws_sagemaker"): (1, 2),
        ("internal", "aws_bedrock"): (1, 2),
    }


def test_owners_are_all_there_and_counted(company: Path) -> None:
    found = _ask(company, "owners")

    owner = {row["name"]: (row["owner"], row["basis"]) for row in found["rows"]}
    assert owner["fraud-scoring"] == ("fraud-team@example.com", "tag")
    assert owner["price-forecast"] == ("ml-platform@example.com", "account-tag")
    assert owner["tone-of-voice"] == ("research@example.com", "account-tag")
    assert owner["OpenAI in example-corp/support-portal"] == (
        "support-engineering@example.com", "registry",
    )  # fmt: skip
    assert owner["ChatGPT"] == ("omar@example.com", "granted-by")
    coverage = found["coverage"]
    sure = [
        row["name"]
        for row in found["rows"]
        if row["confidence"] in ("high", "medium") and not is_mailbox(row["owner"])
    ]
    assert (coverage["total"], coverage["owned"], coverage["guessed"]) == (21, len(sure), 10)
    assert "fraud-scoring" in sure
    assert not {"tone-of-voice", "ChatGPT"} & {*sure}, "who pays and who let it in are asked first"
    assert coverage["left"] == 0
    assert found["notes"][0] == "systems: 5 of 13 have an owner, 8 somebody to ask"


def test_why_and_neighbours(company: Path) -> None:
    found = _ask(company, "why", "support-assistant", "datastore:policy-handbook*")
    assert [row["how"] for row in found["rows"]] == [
        "data moves",
        "control",
        "evidence",
        "evidence",
    ]

    near = _ask(company, "neighbours", "ChatGPT")
    assert {(row["type"], row["name"]) for row in near["rows"] if row["type"] != "account"} == {
        ("identity", "Lena"), ("identity", "Omar"), ("provider", "openai"),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["mermaid", "dot", "graphml", "gexf", "cypher"])
def test_an_answer_goes_out_in_every_format(company: Path, form: str) -> None:
    done = _run(company, "paths", "--from", "datastore:policy-handbook*",
                "--to", "provider:aws_bedrock", "--format", form)  # fmt: skip

    assert "support-assistant" in done.stdout
    assert "fraud-scoring" not in done.stdout, "a part, not the whole"


def test_csv_is_two_files_and_openlineage_a_job_a_line(company: Path, tmp_path: Path) -> None:
    _run(company, "export", "--format", "csv", "-o", str(tmp_path / "out"))
    lines = (tmp_path / "out" / "edges.csv").read_text().splitlines()
    dated = [line for line in lines[1:] if '"20' in line]
    assert len(dated) == len(lines) - 1, "every edge has a date"

    done = _run(company, "flows", "--openlineage")
    jobs = [json.loads(line)["job"]["name"] for line in done.stdout.splitlines()]
    assert [_short(job) for job in jobs if "agent/" in job] == ["support-assistant"]


def test_scans_are_listed_and_a_wrong_one_is_refused(company: Path) -> None:
    done = shadow_ai("graph", "diff", "1999", "last", cwd=company)
    assert done.returncode == 2
    assert "no finished scan begins so" in done.stderr
    assert len(json.loads(_run(company, "scans", "--json").stdout)) == 2


def test_the_public_function_is_a_combination_of_risks_with_its_path(company: Path) -> None:
    first = json.loads((company / "first.json").read_text())
    combined = {f["policy"]: f for f in first if f["policy"] >= "SAI-100"}

    door = combined["SAI-100"]
    assert "OpenAI in summarise-tickets" in door["title"]
    assert [_short(node) for node in door["path"]] == [
        "summarise-tickets", "summarise-tickets", "customer-features",
    ]  # fmt: skip
    assert door["factors"][:3] == [
        "severity critical +45",
        "no authentication, public (summarise-tickets) +12",
        "no authentication +10",
    ]
    assert door["risk"] == 99  # 45 + 12 + 10 + 12 (reach) + 8 (key in settings) + 12 (registry)
    trial = combined["SAI-102"]
    assert "tone-of-voice" in trial["title"]
    assert [_short(node) for node in trial["path"]] == ["customer-features", "tone-of-voice"]
    assert set(combined) == {"SAI-100", "SAI-102"}


def test_what_if_of_the_function_after_its_address_went(company: Path) -> None:
    found = _ask(company, "risk", "OpenAI in summarise-tickets")

    (row,) = found["details"]
    factors = {part["factor"]: part["points"] for part in row["risk"]["parts"]}
    assert factors == {"reach": 12, "credential": 8, "registry": 12}
    assert row["risk"]["score"] == 32
    assert [(one["factor"], one["score"]) for one in row["risk"]["remedies"]] == [
        ("reach", 20), ("registry", 20), ("credential", 25),
    ]  # fmt: skip
    whole = _ask(company, "risk")
    scores = [int(row["risk"]) for row in whole["rows"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 21
