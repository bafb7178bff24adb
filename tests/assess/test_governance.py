"""Use cases against a framework, and the packs that auditors get."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import msgspec
import pytest

from scanner.app.drafting import draft_entries
from scanner.assess.governance import Answer, Assessment, assess
from scanner.assess.measuring import Count, measure
from scanner.assess.policies import Situation, evaluate
from scanner.emit.evidence import RENDERERS
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import Ownership
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Asset, AssetClass, Credential, Edge, Fact, Relation
from scanner.model.finding import Finding, FindingStatus
from scanner.model.registry import Binding, BindingType, RegistryEntry, Stage
from scanner.reconcile.norms import Norms
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook import load

NOW = "2026-11-28T10:00:00Z"
_RULES = load.load()


def _asset(ident: str, name: str) -> Asset:
    return Asset(
        id=NodeId(ident), kind="t.t", name=name, asset_class=AssetClass.MODEL_ENDPOINT,
        provider="openai", environment="production",
    )  # fmt: skip


def _assessed(framework: str, *, top: int | None = 3, status: Outcome = Outcome.COMPLETE,
              name: str = "Candidate screening") -> Assessment:  # fmt: skip
    situation, findings = _estate(status=status, name=name)
    known = {f.id: f for f in _RULES.frameworks}
    return assess(known[framework], _RULES.policies, situation, findings, scan="S1", top=top)


def _decided(framework: str, status: FindingStatus) -> tuple[Assessment, Count, Count]:
    """With every finding decided; and what the metric says before and after."""
    situation, findings = _estate()
    known = {f.id: f for f in _RULES.frameworks}
    decided = [msgspec.structs.replace(f, status=status, decision="d1",
                                       decided="x: later, until 2027-06-01")
               for f in findings]  # fmt: skip
    before, after = (
        measure(situation, rows, _RULES.frameworks, _RULES.policies, "s").frameworks[framework]
        for rows in (findings, decided)
    )
    found = assess(known[framework], _RULES.policies, situation, decided, top=None)
    return found, before, after


def _estate(*, status: Outcome = Outcome.COMPLETE,
            name: str = "Candidate screening") -> tuple[Situation, list[Finding]]:  # fmt: skip
    graph = AssetGraph((ShardId("s"), fact, True) for fact in (
        _asset("a", "screening"), _asset("b", "=cmd()"), _asset("c", "<script>alert(1)</script>"),
        _asset("d", "fine"),
    ))  # fmt: skip
    entries = [
        RegistryEntry(id="E1", name=name, owner="ann@example.com", stage=Stage.PILOT,
                      purpose="Ranks applicants",
                      bindings=(Binding(type=BindingType.ID, value="a"),)),
        RegistryEntry(id="E2", name="Fine", owner="ann@example.com",
                      bindings=(Binding(type=BindingType.ID, value="d"),)),
    ]  # fmt: skip
    coverage = (Coverage(shard=ShardId("s"), source="t", status=status, reason="no right"),)
    norms = Norms(today=NOW)
    found = reconcile(graph, entries, {}, coverage, norms=norms)
    situation = Situation(graph=graph, reconciliation=found, owners={}, coverage=coverage, now=NOW,
                          norms=norms)  # fmt: skip
    return situation, list(evaluate(_RULES.policies, situation).drafts.values())


def test_the_top_use_cases_are_the_riskiest_and_carry_their_own_findings() -> None:
    found = _assessed("nist-ai-rmf")
    assert found.use_cases_in_all == 4
    assert len(found.use_cases) == 3
    risks = [case.risk for case in found.use_cases]
    assert risks == sorted(risks, reverse=True)
    screening = next(case for case in found.use_cases if case.id == "E1")
    relevant = {c.id: c for c in screening.controls if c.answer is Answer.FINDINGS}
    assert "MANAGE-1.1" in relevant  # a pilot in production
    assert "GOVERN-1.6" not in relevant  # it is registered
    strange = next(case for case in found.use_cases if not case.registered)
    assert "GOVERN-1.6" in {c.id for c in strange.controls if c.answer is Answer.FINDINGS}
    assert set(strange.findings).isdisjoint(screening.findings)


def _key(ident: str, issuer: str, place: str, user: str = "") -> list[Fact]:
    seen = (
        Evidence(source="code", rule="key", resource=NodeId(place), confidence=Confidence.HIGH),
    )
    key = Credential(id=NodeId(ident), kind="key", name=f"key {ident}", issuer=issuer,
                     fingerprint=ident, evidence=seen)  # fmt: skip
    edges = [Edge(source=key.id, target=NodeId(place), relation=Relation.STORED_IN)]
    if user:
        edges.append(Edge(source=NodeId(user), target=key.id, relation=Relation.AUTHENTICATES_WITH))
    return [key, *edges]


def test_a_leaked_key_is_a_finding_of_the_system_that_it_belongs_to() -> None:
    """Of its vendor in the place where it stands; of what signs in with it; else of the place."""

    def part(repo: str, provider: str) -> Asset:
        return Asset(id=NodeId(f"git:h/{repo}#ai/{provider}"), kind="code.ai", name=provider,
                     asset_class=AssetClass.INTEGRATION, provider=provider)  # fmt: skip

    def repository(name: str) -> Asset:
        return Asset(id=NodeId(f"git:h/{name}"), kind="code.repository", name=name, is_ai=False,
                     asset_class=AssetClass.REPOSITORY)  # fmt: skip

    facts: list[Fact] = [
        repository("bot"), repository("bare"), part("bot", "openai"), part("bot", "anthropic"),
        part("other", "openai"),
        *_key("k1", "openai", "git:h/bot"), *_key("k2", "cohere", "git:h/bot"),
        *_key("k3", "openai", "git:h/bare", user="git:h/other#ai/openai"),
        *_key("k4", "openai", "git:h/bare"),
    ]  # fmt: skip
    entries = [
        RegistryEntry(
            id="E",
            name="Bot",
            owner="ann@example.com",
            stage=Stage.PILOT,
            bindings=(Binding(type=BindingType.ID, value="git:h/bot#ai/openai"),),
        )
    ]
    graph = AssetGraph((ShardId("s"), fact, True) for fact in facts)
    found = reconcile(graph, entries, {}, [])
    situation = Situation(graph=graph, reconciliation=found, owners={}, coverage=(), now=NOW)
    findings = list(evaluate(_RULES.policies, situation).drafts.values())
    keys = {f.fingerprint: f.asset for f in findings if f.policy == "SAI-090"}
    assert set(keys.values()) == {"k1", "k2", "k3", "k4"}

    known = {f.id: f for f in _RULES.frameworks}
    cases = {c.id: c for c in assess(known["owasp-llm-2025"], _RULES.policies, situation,
                                     findings).use_cases}  # fmt: skip
    held = {ident: {keys[m] for m in case.findings if m in keys} for ident, case in cases.items()}
    assert held == {"E": {"k1", "k2"}, "git:h/bot": {"k2"}, "git:h/other": {"k3"},
                    "git:h/bare": {"k4"}}  # fmt: skip
    assert cases["E"].risk == max(f.risk for f in findings if f.asset == "k1")
    answers = {c.id: c.answer for c in cases["E"].controls}
    assert answers["LLM02"] is Answer.FINDINGS
    assert not measure(situation, findings, (), (), "s").registered.of > 3  # a place is no system


def test_nothing_found_is_told_apart_from_not_asked_and_not_read() -> None:
    answers = {c.id: c.answer for c in _assessed("nist-ai-rmf").controls}
    assert answers["GOVERN-1.6"] is Answer.FINDINGS
    assert answers["MEASURE-2.10"] is Answer.NOTHING_FOUND
    assert answers["MEASURE-2.11"] is Answer.NOT_EVALUATED
    unread = {c.id: c.answer for c in _assessed("nist-ai-rmf", status=Outcome.DENIED).controls}
    assert unread["MEASURE-2.10"] is Answer.INCOMPLETE


@pytest.mark.parametrize("status", [FindingStatus.ACCEPTED, FindingStatus.SUPPRESSED])
def test_to_accept_a_finding_makes_no_control_pass(status: FindingStatus) -> None:
    found, before, after = _decided("nist-ai-rmf", status)
    answers = {c.id: c for c in found.controls}
    assert answers["GOVERN-1.6"].answer is Answer.DECIDED
    assert answers["GOVERN-1.6"].decided
    assert answers["MEASURE-2.10"].answer is Answer.NOTHING_FOUND
    assert after == before
    assert not any(f.status.is_open for f in found.findings)
    assert all(case.risk == 0 and not case.findings for case in found.use_cases)
    assert any(case.decided for case in found.use_cases)
    for form, (_, render) in RENDERERS.items():
        assert b"later, until 2027-06-01" in render(found), form
    ar = pytest.importorskip("trestle.oscal.assessment_results")
    body = json.loads(RENDERERS["oscal"][1](found))
    (result,) = ar.AssessmentResults(**body["assessment-results"]).results
    told = body["assessment-results"]["results"][0]["risks"]
    assert {risk["status"] for risk in told} == {"deviation-approved"}
    risks = {risk.uuid for risk in result.risks}
    assert result.findings
    assert {r.risk_uuid for f in result.findings for r in f.related_risks} == risks


def test_annex_iii_is_a_hint_from_words_and_never_more() -> None:
    case = next(c for c in _assessed("eu-ai-act").use_cases if c.id == "E1")
    hinted = {c.id: c for c in case.controls if c.answer is Answer.HINT}
    assert set(hinted) == {"Annex-III-4"}
    assert hinted["Annex-III-4"].hints == (
        "its purpose says `applicant`", "its name says `candidate screening`",
    )  # fmt: skip
    assert not any(c.answer is Answer.HINT for c in _assessed("eu-ai-act").controls)


def test_the_json_reads_back() -> None:
    found = _assessed("iso-42001")
    again = msgspec.json.decode(RENDERERS["json"][1](found), type=Assessment)
    assert again == found


def test_the_table_accounts_for_every_control_and_case_and_runs_no_formula() -> None:
    found = _assessed("owasp-llm-2025")
    rows = list(csv.DictReader(io.StringIO(RENDERERS["csv"][1](found).decode("utf-8-sig"))))
    assert len(rows) == 10 * (1 + len(found.use_cases))
    assert all(not row["use_case_name"].startswith("=") for row in rows)
    whole = {row["control"]: row for row in rows if row["use_case"] == "*"}
    assert whole["LLM03"]["answer"] == "findings"
    assert int(whole["LLM03"]["findings"]) == len(found.controls[2].findings)


def test_the_page_holds_no_script_and_says_what_it_cannot_show() -> None:
    page = RENDERERS["html"][1](_assessed("nist-ai-rmf", top=None)).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "does not say that a control is satisfied" in page


@pytest.mark.parametrize("framework", [f.id for f in _RULES.frameworks])
def test_oscal_is_read_by_a_strict_reader_and_says_satisfied_of_nothing(framework: str) -> None:
    ar = pytest.importorskip("trestle.oscal.assessment_results")
    found = _assessed(framework)
    body = json.loads(RENDERERS["oscal"][1](found))
    model = ar.AssessmentResults(**body["assessment-results"])
    (result,) = model.results
    seen = {observation.uuid for observation in result.observations}
    for finding in result.findings or []:
        assert finding.target.status.state.value == "not-satisfied"
        assert {o.observation_uuid for o in finding.related_observations} <= seen
    gaps = [c for c in found.controls if c.answer is Answer.FINDINGS]
    assert len(result.findings or []) == len(gaps)
    body["assessment-results"]["results"][0]["start"] = "yesterday"
    with pytest.raises(Exception, match="start"):
        ar.AssessmentResults(**body["assessment-results"])


def test_packs_are_the_same_in_every_run() -> None:
    for _, render in RENDERERS.values():
        assert render(_assessed("nist-ai-rmf")) == render(_assessed("nist-ai-rmf"))


@pytest.mark.parametrize(
    ("owner", "confidence", "written"),
    [("ann@example.com", Confidence.HIGH, "ann@example.com"),
     ("ann@example.com", Confidence.LOW, ""),
     ("AI Team <info@example.com>", Confidence.HIGH, "")],
)  # fmt: skip
def test_a_draft_names_no_owner_that_is_only_guessed(
    owner: str, confidence: Confidence, written: str
) -> None:
    situation, _ = _estate()
    claim = Ownership(owner=owner, basis="commit", confidence=confidence, reason="last commit")
    situation = replace(situation, owners={NodeId("b"): (claim,)})
    draft = next(row for row in draft_entries(situation) if row["name"] == "=cmd()")
    assert draft.get("owner", "") == written
    assert draft.get("extensions", {}) == ({} if written else {"ask": f"{owner} (commit)"})
