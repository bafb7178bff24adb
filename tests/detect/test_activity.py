"""Use that a source itself proves to be of AI -> facts, windows of a log adding up."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scanner.collect.runner import ShardWriter
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import owners
from scanner.kit.contract import Mode, Shard
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import (
    Asset,
    AssetClass,
    DataStore,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
    merge_fact,
)
from scanner.model.items import Activity
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from scanner.store.writer import StateSink

ACCOUNT = NodeId("aws:account/111122223333")
AGENT = NodeId("arn:aws:bedrock:us-east-1:111122223333:agent/AGENT12345")
ROLE = Identity(
    id=NodeId("arn:aws:iam::111122223333:role/app"), kind="aws.iam_role", name="app",
    principal_type=PrincipalType.SERVICE,
)  # fmt: skip


def _used(**changes: Any) -> Activity:
    thing = Asset(
        id=AGENT, kind="aws.bedrock_agent", name="AGENT12345", asset_class=AssetClass.AGENT,
        provider="aws_bedrock", account=ACCOUNT, region="us-east-1",
    )  # fmt: skip
    settings = {
        "rule": "bedrock:InvokeAgent", "actor": ROLE, "account": ACCOUNT, "app_id": AGENT,
        "thing": thing, "where": "boto3 from a public address", "count": 3,
        "first_at": "2026-05-01T00:00:00Z", "last_at": "2026-05-02T00:00:00Z",
    }  # fmt: skip
    return Activity(**{**settings, **changes})


def _facts(rulebook: Rulebook, *found: Activity) -> list[Fact]:
    catalogue = Catalogue(rulebook)
    return [fact for one in found for fact in facts_of(one, catalogue, "aws")]


def _graph(*facts: Fact) -> AssetGraph:
    return AssetGraph((ShardId("aws:log"), fact, True) for fact in facts)


def test_no_catalogue_is_asked_for_what_the_source_proves(rulebook: Rulebook) -> None:
    graph = _graph(*_facts(rulebook, _used()))
    (asset,) = graph.assets()
    assert (asset.id, asset.kind, asset.provider) == (AGENT, "aws.bedrock_agent", "aws_bedrock")
    (seen,) = asset.evidence
    assert (seen.rule, seen.source, seen.count) == ("bedrock:InvokeAgent", "aws", 3)
    assert seen.path == f"{ROLE.id} boto3 from a public address"
    (edge,) = graph.out_edges(AGENT, Relation.USED_BY)
    assert edge.target == ROLE.id
    assert edge.evidence[0].path == "boto3 from a public address"
    assert graph.account_of(AGENT) == ACCOUNT
    assert graph.out_edges(AGENT, Relation.CALLS)[0].target == "provider:aws_bedrock"


def test_who_made_it_owns_it(rulebook: Rulebook) -> None:
    jane = Identity(
        id=NodeId("arn:aws:sts::111122223333:assumed-role/Dev/jane@example.com"),
        kind="aws.role_session", name="jane@example.com", email="jane@example.com",
    )  # fmt: skip
    made = _used(rule="bedrock:CreateAgent", relation="created_by", actor=jane, where="console")
    (claim, *_) = owners(_graph(*_facts(rulebook, _used(), made)), AGENT)
    assert (claim.owner, claim.basis) == ("jane@example.com", "creator")
    assert "console" in claim.reason


def test_what_was_tried_in_vain_is_evidence_and_no_asset_of_the_inventory(
    rulebook: Rulebook,
) -> None:
    refused = _used(rule="bedrock:InvokeAgent refused", relation="", status="refused: AccessDenied")
    graph = _graph(*_facts(rulebook, refused))
    assert not list(graph.assets())
    node = graph.node(AGENT)
    assert isinstance(node, Asset)
    assert node.evidence[0].preview == "refused: AccessDenied"
    assert not graph.out_edges(AGENT, Relation.USED_BY, Relation.CALLS)
    both = _graph(*_facts(rulebook, refused, _used()))
    assert [asset.id for asset in both.assets()] == [AGENT]


def _write(state: State, facts: list[Fact], cursor: str) -> None:
    shard = Shard(id=ShardId("aws:1/eu/activity"), mode=Mode.INCREMENTAL)
    writer: ShardWriter = StateSink(state, "scan", "2026-05-03T00:00:00Z").writer(shard)
    for fact in facts:
        writer.add(fact)
    writer.commit(cursor)
    writer.close(Coverage(shard=shard.id, source="aws", status=Outcome.COMPLETE))


def test_windows_of_a_log_add_up_and_widen(rulebook: Rulebook) -> None:
    state = State("sqlite://")
    _write(state, _facts(rulebook, _used()), "1")
    later = _used(count=4, first_at="2026-05-09T00:00:00Z", last_at="2026-05-10T00:00:00Z")
    other = _used(count=5, where="console from a private address")
    _write(state, _facts(rulebook, later, other), "2")
    graph = AssetGraph(state.facts())
    (edge,) = graph.out_edges(AGENT, Relation.USED_BY)
    assert isinstance(edge, Edge)
    rows = {row.path: row for row in edge.evidence}
    row = rows["boto3 from a public address"]
    assert (row.count, row.first_at, row.last_at) == (
        7, "2026-05-01T00:00:00Z", "2026-05-10T00:00:00Z",
    )  # fmt: skip
    assert rows["console from a private address"].count == 5


def test_a_name_that_only_repeats_the_id_gives_way_in_any_order(rulebook: Rulebook) -> None:
    (by_id, *_) = _facts(rulebook, _used())
    assert isinstance(by_id, Asset)
    named = msgspec.structs.replace(by_id, name="Support assistant")
    assert merge_fact(by_id, named).name == merge_fact(named, by_id).name == "Support assistant"
    assert merge_fact(by_id, by_id).name == "AGENT12345"
    renamed = msgspec.structs.replace(by_id, name="Help desk")
    assert merge_fact(named, renamed).name == "Help desk"


def test_what_a_grant_opens_flows_to_the_app_while_it_lasts(rulebook: Rulebook) -> None:
    mail = DataStore(id=NodeId("x:data/mail"), kind="x.data", name="Mail", store_class="mail")
    grant = Activity(
        rule="grant", account=NodeId("x:acme"), app_id=NodeId("x:app/1"), label="ChatGPT",
        actor=ROLE, relation="grants", scopes=("mail.read",), reads=(mail,), writes=(mail,),
    )  # fmt: skip
    found = _facts(rulebook, grant)
    ways = {(f.source, f.relation, f.target) for f in found if isinstance(f, Edge)}
    assert ("x:app/1", Relation.READS_FROM, "x:data/mail") in ways
    assert ("x:app/1", Relation.WRITES_TO, "x:data/mail") in ways
    assert mail in found
    ended = _facts(rulebook, msgspec.structs.replace(grant, relation=""))
    (app,) = [one for one in ended if isinstance(one, Asset)]
    assert not app.is_ai, "evidence, and no asset of the inventory by itself"
    assert {one.relation for one in ended if isinstance(one, Edge)} == {Relation.CONTAINS}
    assert not _facts(rulebook, msgspec.structs.replace(grant, label="Payroll")), "not known AI"


def test_who_lists_people_knows_whether_one_has_left() -> None:
    listed = Identity(
        id=NodeId("x:user/1"), kind="x.user", name="Ada", is_active=False,
        evidence=(Evidence(rule="list", source="x"),),
    )  # fmt: skip
    mentioned = Identity(id=NodeId("x:user/1"), kind="x.user", name="ada@acme.com")
    assert not merge_fact(listed, mentioned).is_active
    assert not merge_fact(mentioned, listed).is_active
    back = msgspec.structs.replace(listed, is_active=True)
    assert merge_fact(listed, back).is_active


@pytest.mark.parametrize(
    ("label", "hosts", "said"),
    [
        ("Acme AI Notes", (), "its name says ai"),
        ("SuperGPT", (), "its name says gpt"),
        ("my-llm-proxy", (), "its name says llm"),
        ("Summarizer", ("app.summarizer.ai",), "its domain is app.summarizer.ai"),
        ("Air Travel", (), ""),
        ("AD Agent", (), ""),
        ("Mail", ("mail.example",), ""),
        ("Rail Assistant", ("ai.example",), ""),
    ],
)
def test_an_unknown_app_that_says_it_is_ai_is_told_with_low_confidence(
    rulebook: Rulebook, label: str, hosts: tuple[str, ...], said: str
) -> None:
    used = Activity(
        rule="sign-in", account=NodeId("x:acme"), app_id=NodeId("x:app/1"), label=label,
        hosts=hosts, actor=ROLE,
    )  # fmt: skip
    found = _facts(rulebook, used)
    if not said:
        assert not found
        return
    (app,) = [one for one in found if isinstance(one, Asset)]
    assert (app.provider, app.is_ai) == ("", True)
    assert app.evidence[0].confidence is Confidence.LOW
    assert said in app.evidence[0].preview
    ways = {one.relation for one in found if isinstance(one, Edge)}
    assert ways == {Relation.CONTAINS, Relation.USED_BY}
    assert not _facts(rulebook, msgspec.structs.replace(used, is_first_party=True))


def test_an_extension_is_known_by_its_id_whatever_it_is_called(rulebook: Rulebook) -> None:
    known = next(p for p in rulebook.providers if p.extensions)
    used = Activity(
        rule="chrome.install", account=NodeId("x:acme"), app_id=NodeId("x:app/1"), label="A tool",
        client_id=known.extensions[0].id.upper(), actor=ROLE,
    )  # fmt: skip
    (app,) = [one for one in _facts(rulebook, used) if isinstance(one, Asset)]
    assert (app.provider, app.evidence[0].confidence) == (known.id, Confidence.CERTAIN)


@pytest.mark.parametrize(
    ("label", "provider", "sure"),
    [
        ("ChatGPT", "openai", Confidence.MEDIUM),
        ("\uff23\uff48\uff41\uff54\uff27\uff30\uff34", "openai", Confidence.MEDIUM),
        ("Claude  Desktop", "anthropic", Confidence.MEDIUM),
        ("ChatGPT - OpenAI", "openai", Confidence.LOW),
        ("ChatGPT for Slack", "openai", Confidence.LOW),
        ("OpenAI (SSO)", "openai", Confidence.LOW),
        ("Poe", "poe", Confidence.MEDIUM),
        ("Krisp", "krisp", Confidence.MEDIUM),
        ("Suno", "suno", Confidence.LOW),
        ("A.I. Helper", "", Confidence.LOW),
        ("KI-Assistent", "", Confidence.LOW),
        ("Asistente IA", "", Confidence.LOW),
        ("MCP Server", "", Confidence.LOW),
        ("Anthropic Console", "anthropic", Confidence.LOW),
        ("Anthropic API", "anthropic", Confidence.LOW),
        ("Anthropic Claude Console", "anthropic", Confidence.LOW),
        ("Claude Platform", "anthropic", Confidence.LOW),
        ("OpenAI Platform", "openai", Confidence.LOW),
        ("acme-openai-proxy", "openai", Confidence.LOW),
        ("Google Gemini", "google_gemini", Confidence.MEDIUM),
        ("Google NotebookLM", "google_gemini", Confidence.MEDIUM),
        ("Gemini Advanced", "google_gemini", Confidence.LOW),
        ("Amazon Q Business", "amazon_q", Confidence.MEDIUM),
        ("Amazon Bedrock", "aws_bedrock", Confidence.LOW),
        ("Azure OpenAI Prod", "azure_openai", Confidence.LOW),
        ("Hugging Face Hub", "huggingface", Confidence.LOW),
        ("Groq Console", "groq", Confidence.LOW),
        ("Cohere Dashboard", "cohere", Confidence.LOW),
        ("LangSmith Prod", "langsmith", Confidence.LOW),
        ("Together AI", "together", Confidence.MEDIUM),
        ("ChatGPT Atlas", "openai", Confidence.MEDIUM),
        ("together.ai", "together", Confidence.MEDIUM),
        ("Login to claude.ai", "anthropic", Confidence.LOW),
        ("Mistral Le Chat", "mistral", Confidence.MEDIUM),
        ("Sourcegraph Cody", "sourcegraph", Confidence.MEDIUM),
        ("Qwen Chat", "alibaba_qwen", Confidence.LOW),
        ("xAI Grok", "xai", Confidence.MEDIUM),
        ("OpenAI Codex", "codex_cli", Confidence.LOW),
        ("ChatGPT Writer Plus", "chatgpt_writer", Confidence.LOW),
        ("Fireflies Notetaker", "fireflies", Confidence.LOW),
        ("GPT Studio", "", Confidence.LOW),
        ("Windsurf Editor", "windsurf", Confidence.MEDIUM),
        ("Vercel v0", "vercel_ai", Confidence.MEDIUM),
        ("M365 Copilot", "microsoft_copilot", Confidence.LOW),
        ("Chat with Claude Martin", "", Confidence.LOW),
        ("Gemini Crypto Exchange", "", Confidence.LOW),
    ],
)
def test_an_application_is_known_by_names_that_people_give_it(
    rulebook: Rulebook, label: str, provider: str, sure: Confidence
) -> None:
    assets = [
        fact
        for fact in _facts(rulebook, _used(thing=None, actor=None, label=label))
        if isinstance(fact, Asset)
    ]
    assert [asset.provider for asset in assets] == [provider]
    assert assets[0].evidence[0].confidence is sure


@pytest.mark.parametrize(
    "label",
    ["Jira", "Notes for Continue", "Together Team Chat", "Kia Motors", "Miami HR", "IA", "KI",
     "Visual Studio Code", "Trello for Gmail", "Runway Releases", "Mail", "Databricks", "Snowflake",
     "Gamma Dashboard", "Cursor Highlighter", "Vertex Tax Console", "Google Continue", "Cortex",
     "Le Chat Noir", "Fellow Portal", "Comet Tracker Prod", "One API Gateway", "Pinecone Research"],
)  # fmt: skip
def test_an_application_whose_name_is_only_like_one_is_quiet(
    rulebook: Rulebook, label: str
) -> None:
    assert _facts(rulebook, _used(thing=None, actor=None, label=label)) == []


def test_a_sign_in_to_an_editor_is_no_use_of_its_assistant(rulebook: Rulebook) -> None:
    # Visual Studio Code's own id at Microsoft Entra, with which people sign in to synchronize
    # settings as well: https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
    editor = "aebc6443-996d-45c2-90f0-388ff96faa56"
    used = _used(thing=None, actor=None, label="Visual Studio Code", client_id=editor)
    assert _facts(rulebook, used) == []
