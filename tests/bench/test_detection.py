"""The comparison, the reading of reports, and the label files themselves. No scanner is run."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import yaml

from bench import detection
from bench.peers import (
    Names,
    names_from,
    read_ai_bom,
    read_airom,
    read_cisco,
    read_nexus,
    words,
)
from bench.process import run_bounded
from bench.scoring import (
    EXTRA,
    KINDS,
    Item,
    Label,
    Outcome,
    Row,
    Tally,
    model_names,
    read_label,
    score,
    total,
)

BENCH = Path(detection.__file__).parent
LABELS = sorted((BENCH / "labels").glob("*.yaml"))
ROOT = Path("/tree")
NAMES = Names(
    {
        "azure_openai": ["azure openai"],
        "langchain": ["langchain core"],
        "aws_bedrock": ["bedrock"],
        "mcp": ["model context protocol"],
    },
    ["openai", "ollama", "pgvector", "anthropic", "crewai"],
)


def label(*assets: Row, optional: tuple[Row, ...] = ()) -> Label:
    return Label("github.com/owner/name", "0" * 40, assets, optional)


def found(items) -> set[tuple[str, str]]:
    return {(item.kind, name) for item in items for name in item.names} | {
        (item.kind, item.path) for item in items if item.path
    }


class TestScore:
    def test_found_missed_and_false(self):
        outcome = score(
            label(Row("integration", "openai"), Row("integration", "cohere")),
            [Item.named("integration", "openai"), Item.named("integration", "crewai")],
        )
        assert outcome.missed == ["integration cohere"]
        assert outcome.false_alarms == ["integration crewai"]
        tally = outcome.tallies["integration"]
        assert (tally.precision, tally.recall) == (0.5, 0.5)

    def test_optional_is_neither_right_nor_wrong(self):
        outcome = score(
            label(optional=(Row("integration", "groq"), Row("model", "*"))),
            [Item.named("integration", "groq"), Item.named("model", "gpt-4o")],
        )
        assert not outcome.false_alarms
        assert total([outcome]) == Tally()

    def test_same_name_of_another_kind_does_not_count(self):
        outcome = score(
            label(Row("grant", "aws_bedrock")), [Item.named("integration", "aws_bedrock")]
        )
        assert outcome.missed == ["grant aws_bedrock"]
        assert outcome.false_alarms == ["integration aws_bedrock"]

    def test_also_names_and_also_kinds(self):
        row = Row("endpoint", "api.avian.io", also=("integration:avian",))
        assert row.meets(Item.named("endpoint", "api.avian.io"))
        assert row.meets(Item.named("integration", "avian"))
        assert not row.meets(Item.named("endpoint", "avian"))

    def test_two_reports_of_one_asset_are_both_right_and_one_find(self):
        row = Row("integration", "transformers", also=("huggingface",))
        items = [
            Item.named("integration", "transformers"),
            Item.named("integration", "huggingface"),
        ]
        tally = score(label(row), items).tallies["integration"]
        assert (tally.assets, tally.found, tally.right, tally.wrong) == (1, 1, 2, 0)

    def test_path_alone_finds_what_is_labelled_there_and_is_never_false(self):
        row = Row("resource", "aws_bedrock_custom_model.m", where=("main.tf",))
        outcome = score(label(row), [Item.at("resource", "main.tf"), Item.at("resource", "x.tf")])
        assert not outcome.missed
        assert not outcome.false_alarms

    @pytest.mark.parametrize(
        ("labelled", "reported"),
        [
            ("openai/gpt-4o", "gpt-4o"),
            ("gpt-4o", "openai:gpt-4o"),
            ("GPT-4o", "gpt-4o"),
            ("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0"),
        ],
    )
    def test_models_with_and_without_their_vendor(self, labelled, reported):
        assert Row("model", labelled).meets(Item.named("model", reported))

    def test_a_models_version_is_not_its_name(self):
        assert model_names("amazon.titan-embed-text-v2:0") == {"amazon.titan-embed-text-v2:0"}
        assert not Row("model", "llama3.2:latest").meets(Item.named("model", "phi3.5:latest"))

    @pytest.mark.parametrize(("written", "reported"), [("Memory Server", "memory-server")])
    def test_server_names_but_for_case_and_separators(self, written, reported):
        assert Row("mcp_server", written).meets(Item.named("mcp_server", reported))

    def test_patterns(self):
        row = Row("resource", "Microsoft.Search/*:*")
        assert row.meets(Item.named("resource", "Microsoft.Search/searchServices:search"))
        assert not row.meets(Item.named("resource", "Microsoft.Web/sites:app"))


class TestOurs:
    def asset(self, uid: str, confidence: str = "high", *contexts: str, models=()):
        evidence = [{"context": context} for context in contexts]
        return {"uid": uid, "confidence": confidence, "evidence": evidence, "models": list(models)}

    def test_uids_become_items(self):
        document = {
            "assets": [
                self.asset("repo#ai/openai", "medium", "production", models=["gpt-4o"]),
                self.asset("repo#mcp/linear", "high", "production"),
                self.asset("repo#resource/aws_sagemaker_endpoint.x", "high", "production"),
                self.asset("repo#flow/flows/a.json", "high", "production"),
                self.asset("repo#credential/abc", "certain", "production"),
                self.asset("repo", "certain", "production"),
            ]
        }
        assert found(detection.read_ours(document, all_examples=False)) == {
            ("integration", "openai"),
            ("model", "gpt-4o"),
            ("mcp_server", "linear"),
            ("resource", "aws_sagemaker_endpoint.x"),
            ("flow", "flows/a.json"),
        }

    @pytest.mark.parametrize(
        ("confidence", "contexts", "all_examples", "counted"),
        [
            ("low", ["production"], False, False),
            ("medium", ["production"], False, True),
            ("high", ["test", "documentation"], False, False),
            ("high", ["test", "production"], False, True),
            ("high", ["example"], True, True),
            ("high", [], False, True),
        ],
    )
    def test_what_counts(self, confidence, contexts, all_examples, counted):
        asset = self.asset("repo#ai/openai", confidence, *contexts)
        assert detection.counts(asset, all_examples) is counted


class TestNames:
    def test_longest_phrase_wins(self):
        assert NAMES.find("langchain-azure-openai") == [
            frozenset({"langchain"}),
            frozenset({"azure_openai"}),
        ]

    @pytest.mark.parametrize("text", ["AzureOpenAI", "azure_openai", "Azure OpenAI Endpoint"])
    def test_spellings(self, text):
        assert NAMES.find(text) == [{"azure_openai"}]

    def test_words(self):
        assert words("ChatVertexAI") == ["chat", "vertex", "ai"]

    def test_ordinary_words_are_not_looked_for(self):
        assert Names({"parallel": None}, ["parallel"]).find("parallel") == []

    def test_no_name_inside_a_word(self):
        assert NAMES.find("ollamaish openaix") == []

    def test_every_alias_is_of_an_id_or_explains_itself(self):
        table = yaml.safe_load((BENCH / "aliases.yaml").read_text(encoding="utf-8"))
        assert all(phrases is None or phrases for phrases in table.values())
        assert names_from(BENCH / "aliases.yaml", []).find("Amazon Bedrock")


class TestPeers:
    def test_nexus(self):
        finding = {
            "title": "Agent in backend",
            "resource": "/tree/backend",
            "resource_type": "project",
            "frameworks": ["framework.langchain", "memory.vector-stores", "heuristic.memory"],
            "model_providers": ["provider.aws-bedrock"],
            "models": ["gpt-4o"],
            "evidence": [
                {
                    "signature": "memory.vector-stores",
                    "signal": "dependency:memory.vector-stores",
                    "attributes": {"value": "pgvector"},
                }
            ],
            "metadata": {},
        }
        infra = {
            **finding,
            "title": "Infrastructure provisions Amazon Bedrock: main.tf",
            "resource": "/tree/main.tf",
            "resource_type": "iac",
            "frameworks": [],
            "model_providers": [],
            "models": [],
            "evidence": [],
            "metadata": {"servers": [{"name": "linear"}]},
        }
        items = list(read_nexus({"findings": [finding, infra]}, ROOT, NAMES))
        assert {
            ("integration", "langchain"),
            ("integration", "aws_bedrock"),
            ("integration", "pgvector"),
            ("model", "gpt-4o"),
            ("mcp_server", "linear"),
            ("resource", "main.tf"),
        } <= found(items)

    def test_airom(self):
        components = [
            {
                "kind": "hosted-llm",
                "name": "claude-3-opus",
                "provider": "anthropic",
                "evidence": {},
            },
            {"kind": "framework", "name": "langchain-core", "evidence": {}},
            {"kind": "prompt", "name": "openai", "evidence": {}},
        ]
        assert found(read_airom({"components": components}, ROOT, NAMES)) == {
            ("integration", "anthropic"),
            ("integration", "langchain"),
            ("model", "claude-3-opus"),
        }

    def test_ai_bom(self):
        def component(name: str, **fields: str):
            rows = [{"name": f"trusera:{key}", "value": value} for key, value in fields.items()]
            return {"name": name, "properties": rows}

        report = {
            "components": [
                component("MCP Server: mcp-docs", provider="MCP"),
                component("aws_bedrock_custom_model.m", provider="AWS Bedrock"),
                component("CrewAI", provider="CrewAI", source_location="/tree/a.ts:3"),
                component("Model reference: o1", provider="OpenAI", model_name="o1"),
            ]
        }
        assert found(read_ai_bom(report, ROOT, NAMES)) == {
            ("integration", "mcp"),
            ("mcp_server", "mcp-docs"),
            ("integration", "aws_bedrock"),
            ("resource", "aws_bedrock_custom_model.m"),
            ("integration", "crewai"),
            ("integration", "openai"),
            ("model", "o1"),
        }

    def test_cisco(self):
        def component(kind: str, name: str, model: str | None = None):
            row = {"type": kind, "name": name, "model": model}
            return {**row, "framework": "", "path": "/tree/app.py"}

        report = {
            "components": [
                component("dependency", "openai"),
                component("secret", "env:OPENAI_API_KEY"),
                component("model", "x", "gpt-4o"),
                component("mcp_server", "linear"),
                component("llm_endpoint", "BASE", "https://llm.internal.example.com/v1"),
            ]
        }
        assert {
            ("integration", "openai"),
            ("model", "gpt-4o"),
            ("mcp_server", "linear"),
            ("endpoint", "llm.internal.example.com"),
        } <= found(read_cisco(report, ROOT, NAMES))


class TestLabels:
    @pytest.mark.parametrize("path", LABELS, ids=lambda path: path.stem)
    def test_file(self, path):
        read = read_label(path)
        assert path.stem == read.folder.replace("+", "__", 1)
        assert len(read.commit) == 40
        rows = [(row.kind, row.id) for row in read.assets + read.optional]
        assert len(rows) == len(set(rows))
        assert all(row.where for row in read.assets)
        assert all("*" not in row.id for row in read.assets)

    def test_unknown_kind(self, tmp_path):
        path = tmp_path / "a__b.yaml"
        path.write_text(
            "repository: github.com/a/b\ncommit: x\nassets: [{kind: odd, id: a}]\noptional: []\n"
        )
        with pytest.raises(ValueError, match="odd"):
            read_label(path)


class TestRun:
    def test_export_takes_what_is_tracked_and_there(self, tmp_path):
        checkout, target = tmp_path / "checkout", tmp_path / "target"
        (checkout / "src").mkdir(parents=True)
        (checkout / "src" / "a.py").write_text("a")
        (checkout / "gone.py").write_text("b")
        (checkout / "link.md").symlink_to("src/a.py")
        git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "one"], check=True)
        (checkout / "gone.py").unlink()
        (checkout / "untracked.py").write_text("c")
        detection.export(checkout, target)
        names = sorted(path.name for path in target.rglob("*"))
        assert names == ["a.py", "link.md", "src"]
        assert (target / "link.md").is_symlink()
        assert len(detection.commit_of(checkout)) == 40
        assert detection.commit_of(tmp_path) == ""

    def test_a_late_program_is_ended_with_its_helpers(self, tmp_path):
        command = ["sh", "-c", "sleep 30 & sleep 30"]
        start = time.monotonic()
        with pytest.raises(subprocess.TimeoutExpired):
            run_bounded(command, limit=0.2, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"})
        assert time.monotonic() - start < 10

    def test_a_program_in_time_is_heard(self, tmp_path):
        done = run_bounded(["sh", "-c", "echo a; exit 3"], limit=10, cwd=tmp_path, env={})
        assert (done.returncode, done.stdout) == (3, "a\n")

    def test_missing_checkouts_are_said(self, tmp_path, capsys):
        assert detection.main(["--repos", str(tmp_path), "--only", "encode+httpx"]) == 1
        told = capsys.readouterr().err
        assert "encode+httpx at " in told
        assert "nothing to measure" in told

    def test_table_names_errors_and_absent_peers(self):
        outcome = Outcome(error="stopped after 300 s")
        outcome.tallies["integration"] = Tally(assets=4, found=3, right=3, wrong=1)
        text = detection.table({"airom": {"a+b": outcome}}, {"cisco": "could not be installed"})
        assert "75/75" in text
        assert "airom on a+b: stopped after 300 s" in text
        assert "cisco is not measured: could not be installed" in text

    def test_kinds_are_told_apart(self):
        assert not set(KINDS) & set(EXTRA)
