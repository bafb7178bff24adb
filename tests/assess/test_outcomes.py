"""Every outcome of reconciliation is a finding of its policy, and goes when it is put right."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from scanner.assess.evaluation import Evaluation
from scanner.assess.governance import use_cases
from scanner.assess.measuring import measure
from scanner.assess.policies import Situation, evaluate
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.facts import (
    Asset,
    AssetClass,
    DataStore,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.model.registry import (
    Approved,
    Assessment,
    AssessmentStatus,
    Attestation,
    Binding,
    BindingType,
    Owner,
    OwnerRole,
    RegistryEntry,
    Stage,
)
from scanner.reconcile.norms import Norms
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook import load
from scanner.rulebook.types import RetiredModels

TODAY = "2026-11-28"
_DONE = AssessmentStatus.DONE


def _asset(ident: str = "a", **fields: object) -> Asset:
    return Asset(
        id=NodeId(ident), kind="t.t", name=f"thing {ident}", asset_class=AssetClass.MODEL_ENDPOINT,
        **{"provider": "openai", **fields},  # type: ignore[arg-type]
    )  # fmt: skip


def _entry(**fields: object) -> RegistryEntry:
    return RegistryEntry(**{  # type: ignore[arg-type]
        "id": "E", "name": "Reply drafter", "owner": "ann@example.com", "stage": Stage.PRODUCTION,
        "bindings": (Binding(type=BindingType.ID, value="a"),),
        "assessments": (Assessment(type="impact", status=_DONE, at="2026-06-01"),),
        **fields,
    })  # fmt: skip


def _judged(entry: RegistryEntry, *facts: Fact, norms: Norms | None = None) -> Evaluation:
    rows = ((ShardId("s"), fact, True) for fact in facts or (_asset(),))
    graph = AssetGraph(rows, flows=load.load().flows)
    held_to = norms or Norms(today=TODAY, data_class_names={"pii": "personal"})
    found = reconcile(graph, [entry], {}, [], norms=held_to)
    situation = Situation(
        graph=graph, reconciliation=found, owners={}, coverage=(), now=TODAY, norms=held_to
    )
    return evaluate(load.load().policies, situation)


def _policies(entry: RegistryEntry, *facts: Fact, norms: Norms | None = None) -> dict[str, str]:
    """Policy -> what its finding says; SAI-040 apart, which asks for owners that no source here
    shows."""
    drafts = _judged(entry, *facts, norms=norms).drafts.values()
    return {d.policy: f"{d.title} | {d.detail} | {d.remedy}" for d in drafts
            if d.policy != "SAI-040"}  # fmt: skip


def test_registered_and_in_order_is_no_finding() -> None:
    assert _policies(_entry()) == {}


def _made(kind: str, status: AssessmentStatus = _DONE, result: str = "") -> Assessment:
    return Assessment(type=kind, status=status, result=result, at="2026-06-01")


@pytest.mark.parametrize(
    ("fields", "rows", "said"),
    [
        ({}, [], "no assessment is done"),
        ({}, [_made("impact", AssessmentStatus.NOT_STARTED)], "no assessment is done"),
        ({}, [_made("bias")], ""),
        ({}, [_made("ato")], "no assessment is done"),  # of the IT that it runs on
        ({}, [_made("Authority to Operate"), _made("failsafe", AssessmentStatus.WAIVED)],
         "no assessment is done"),
        ({}, [_made("privacy"), _made("ato")], ""),
        ({"impact": "High"}, [_made("bias")], "no impact assessment is done (high-impact)"),
        ({"impact": "high", "risk_tier": "limited"},
         [_made("impact", AssessmentStatus.NOT_STARTED), _made("bias")],
         "no impact assessment is done (high-impact)"),
        ({"risk_tier": "High-risk"}, [_made("privacy")],
         "no impact assessment is done (high-risk)"),
        ({"impact": "high"}, [_made("FRIA"), _made("bias")], ""),
        ({"impact": "high"}, [_made("impact", AssessmentStatus.WAIVED)], ""),
        ({"impact": "not high"}, [_made("bias")], ""),
        ({"impact": "high"}, [_made("impact"), _made("privacy", result="Rejected by the DPO")],
         "privacy: Rejected by the DPO"),
        ({"impact": "high"}, [_made("impact", result="not acceptable")],
         "no impact assessment is done (high-impact)"),
        ({"impact": "high", "stage": Stage.PILOT}, [], ""),
        *(({"impact": said}, [_made("bias")], "no impact assessment is done (high-impact")
          for said in ("very high", "High-Impact AI", "medium-high", "catastrophic", "Yes")),
        *(({"risk_tier": said}, [_made("bias")], "no impact assessment is done (high-risk")
          for said in ("very high", "high-impact", "High-Impact AI", "HighRisk", "Unacceptable")),
        ({"risk_tier": "Tier 1"}, [_made("bias")], "known word says how high its tier `Tier 1` is"),
        ({"risk_tier": "Tier 1"}, [_made("bias"), _made("impact")], ""),
        *(({"risk_tier": said}, [_made("bias")], "")
          for said in ("low", "Limited risk", "not high-risk", "Not considered high", "MINIMAL")),
    ],
)  # fmt: skip
def test_what_a_system_needs_depends_on_its_impact_and_tier(
    fields: dict[str, object], rows: list[Assessment], said: str
) -> None:
    found = _policies(_entry(assessments=tuple(rows), **fields))
    assert ("SAI-050" in found) == bool(said), found
    assert said in found.get("SAI-050", "")


@pytest.mark.parametrize(
    ("fields", "rows", "yes", "unknown"),
    [
        ({"impact": "high"}, [_made("impact")], 1, 0),
        ({"impact": "high"}, [_made("bias")], 0, 1),  # of the impact assessment nothing is reported
        ({"impact": "high"}, [_made("impact", AssessmentStatus.NOT_STARTED), _made("bias")], 0, 0),
        ({"impact": "high"}, [_made("impact"), _made("privacy", result="rejected")], 0, 0),
        ({"impact": "not high"}, [_made("bias")], 1, 0),
        ({"impact": "not high"}, [_made("ato")], 0, 1),  # of the AI nothing is reported
        ({}, [_made("bias")], 0, 1),  # whether it needs more is not told
        ({}, [], 0, 1),
    ],
)  # fmt: skip
def test_a_system_counts_as_assessed_by_what_it_needs(
    fields: dict[str, object], rows: list[Assessment], yes: int, unknown: int
) -> None:
    entry, graph = _entry(assessments=tuple(rows), **fields), AssetGraph([])
    situation = Situation(
        graph=graph, reconciliation=reconcile(graph, [entry], {}, []), owners={}, coverage=(),
        now=TODAY, norms=Norms(today=TODAY),
    )  # fmt: skip
    found = measure(situation, [], (), (), "scan").assessed
    assert (found.yes, found.of, found.unknown) == (yes, 1, unknown)


@pytest.mark.parametrize(
    ("environment", "is_live"),
    [("production", True), ("prd", True), (" Live ", True), ("test", False), ("", False)],
)
def test_an_entry_without_a_stage_owes_what_production_owes_where_it_runs_there(
    environment: str, is_live: bool
) -> None:
    entry = _entry(stage=None, risk_tier="high", personal_data=True, assessments=())
    found = _policies(entry, _asset(environment=environment))
    assert ("SAI-050" in found) == ("openai: no dpa" in found.get("SAI-080", "")) == is_live
    graph = AssetGraph([(ShardId("s"), _asset(environment=environment), True)])
    situation = Situation(
        graph=graph, reconciliation=reconcile(graph, [entry], {}, []), owners={}, coverage=(),
        now=TODAY, norms=Norms(today=TODAY),
    )  # fmt: skip
    counted = measure(situation, [], (), (), "scan").assessed
    assert (counted.of, counted.yes) == (int(is_live), 0)


def test_what_is_dated_in_the_future_was_not_made() -> None:
    ahead = msgspec.structs.replace(_made("impact"), at="2030-01-01")
    paper = Attestation(vendor="openai", type="soc2", at="2029-01-01")
    entry = _entry(impact="high", assessments=(ahead,), attestations=(paper,))
    found = _policies(entry, _asset(created_at="2026-07-01"))
    assert "impact: its date 2030-01-01 is yet to come" in found["SAI-050"]
    assert "2029-01-01, which is yet to come" in found["SAI-081"]
    assert _current(entry, _asset()) == (0, 1)
    made = _entry(impact="high", assessments=(ahead, _made("impact")))
    assert "SAI-050" not in _policies(made)
    assert "SAI-052" in _policies(made, _asset(created_at="2026-07-01"))


@pytest.mark.parametrize(
    ("fields", "papers", "yes", "of"),
    [
        ({}, {"soc2": None}, 1, 1),
        ({}, {}, 0, 1),
        ({"personal_data": True}, {"soc2": None}, 0, 1),  # no data processing agreement
        ({"personal_data": True}, {"soc2": None, "dpa": None}, 1, 1),
        ({"approved": Approved(data_classes=("phi",))}, {"soc2": ("public",)}, 0, 1),
        ({"approved": Approved(providers=("openai", "cohere"))}, {"soc2": None}, 1, 2),
    ],
)
def test_vendors_count_as_attested_by_what_findings_ask(
    fields: dict[str, object], papers: dict[str, tuple[str, ...] | None], yes: int, of: int
) -> None:
    given = tuple(
        Attestation(vendor="openai", type=kind, data_classes=classes, expires_at="2027-01-01")
        for kind, classes in papers.items()
    )
    norms = Norms(today=TODAY, attestations=("soc2",))
    graph, entry = (
        AssetGraph([(ShardId("s"), _asset(), True)]),
        _entry(attestations=given, **fields),
    )
    situation = Situation(
        graph=graph, reconciliation=reconcile(graph, [entry], {}, [], norms=norms), owners={},
        coverage=(), now=TODAY, norms=norms,
    )  # fmt: skip
    found = measure(situation, [], (), (), "scan").attested
    assert (found.yes, found.of) == (yes, of)


@pytest.mark.parametrize(
    ("owner", "second", "is_told"),
    [("AI Team <ai-governance@example.com>", "", True), ("mailto:info@example.com", "", True),
     ("info@example.com", "support@example.com", True),
     ("info@example.com", "ann@example.com", False)],
)  # fmt: skip
def test_a_mailbox_is_nobody_in_any_spelling(owner: str, second: str, is_told: bool) -> None:
    entry = _entry(owner=owner, owners=(Owner(ref=second),) if second else ())
    assert ("SAI-042" in _policies(entry)) == is_told
    graph = AssetGraph([(ShardId("s"), _asset(), True)])
    situation = Situation(graph=graph, reconciliation=reconcile(graph, [entry], {}, []), owners={},
                          coverage=(), now=TODAY, norms=Norms(today=TODAY))  # fmt: skip
    assert measure(situation, [], (), (), "scan").owned.yes == (not is_told)


def test_an_assessment_of_another_type_does_not_make_one_younger() -> None:
    rows = (_made("impact"), msgspec.structs.replace(_made("privacy"), at="2026-09-01"))
    young = _asset(created_at="2026-07-01")
    found = _policies(_entry(impact="high", assessments=rows), young)
    assert "impact assessed 2026-06-01" in found["SAI-052"]
    assert "SAI-052" not in _policies(_entry(impact="low", assessments=rows), young)


def test_an_assessment_without_a_date_is_not_known_to_be_current() -> None:
    undated = msgspec.structs.replace(_made("impact"), at="")
    entry = _entry(impact="high", assessments=(undated,))
    assert _current(entry, _asset(created_at="2026-07-01")) == (0, 1)
    assert _current(entry, _asset()) == (1, 0)  # nothing tells how old it is either


def _current(entry: RegistryEntry, asset: Asset) -> tuple[int, int]:
    """Assessed, and not known."""
    graph, norms = AssetGraph([(ShardId("s"), asset, True)]), Norms(today=TODAY)
    situation = Situation(
        graph=graph, reconciliation=reconcile(graph, [entry], {}, [], norms=norms), owners={},
        coverage=(), now=TODAY, norms=norms,
    )  # fmt: skip
    found = measure(situation, [], (), (), "scan").assessed
    return found.yes, found.unknown


@pytest.mark.parametrize(
    ("result", "passes"),
    [
        *((said, True) for said in (
            "", "Passed", "APPROVED.", "Approved with conditions", "Passed, no issues", "Compliant",
            "Approved - DPO", "ok", "Completed", "Conditionally approved",
            "Approved, no conditions", "Passed (no critical findings)", "Reviewed", "N/A", "n/a",
            "Passed 9 of 9")),
        *((said, False) for said in (
            "REJECTED: bias", "No-go", "NO_GO", "Non-compliant", "Not compliant", "pending",
            "In progress", "NotApproved", "not yet approved", "Fail (3 of 40)", "No", "Draft",
            "Failed, then passed", "to be approved", "Accepted into queue", "Passed to legal")),
        *((said, None) for said in (
            "Low", "85%", "Approved pending remediation", "does not meet", "see the report",
            "Approved?", "Passed 1 of 9", "Completed - high risk, success criteria unmet",
            "Approved: no", "Not rejected", "unknown")),
    ],
)  # fmt: skip
def test_only_a_result_that_says_so_is_a_pass(result: str, passes: bool | None) -> None:
    """By one judgement: the finding, the share of assessed systems, the evidence for auditors."""
    entry = _entry(impact="high", assessments=(_made("impact", result=result),))
    told = _policies(entry).get("SAI-050", "")
    assert bool(told) == (passes is not True)
    assert result in told or passes is True
    graph = AssetGraph([(ShardId("s"), _asset(), True)])
    situation = Situation(
        graph=graph, reconciliation=reconcile(graph, [entry], {}, []), owners={}, coverage=(),
        now=TODAY, norms=Norms(today=TODAY),
    )  # fmt: skip
    found = measure(situation, [], (), (), "scan").assessed
    assert (found.yes, found.unknown) == (passes is True, passes is None)
    (case,) = use_cases(situation, [])
    assert ("passed)" in case.assessments[0]) == (passes is not True)


@pytest.mark.parametrize("turn", [1, -1])
def test_of_one_day_the_worst_result_counts(turn: int) -> None:
    rows = (_made("impact", result="rejected"), _made("impact", result="passed"))[::turn]
    assert "impact: rejected" in _policies(_entry(assessments=rows)).get("SAI-050", "")
    late = msgspec.structs.replace(_made("impact", result="passed"), at="2026-07-01")
    assert "SAI-050" not in _policies(_entry(assessments=(*rows, late)))
    undated = msgspec.structs.replace(rows[0], result="rejected", at="")
    told = _policies(_entry(assessments=(undated, late))).get("SAI-050", "")
    assert "impact: rejected" in told


def test_a_word_of_ones_own_is_read_as_one_says(tmp_path: Path) -> None:
    (tmp_path / "norms").mkdir()
    (tmp_path / "norms/ours.yaml").write_text(
        "assessments: {passed: [low, partial], not_passed: [approved], lesser: [tier 3]}\n"
    )
    ours = Norms(today=TODAY, rules=load.load(extra=[tmp_path]).norms)
    for result, passes in (("Low", True), ("Partial", True), ("Approved", False)):
        entry = _entry(impact="low", assessments=(_made("impact", result=result),))
        assert ("SAI-050" in _policies(entry, norms=ours)) != passes
    done = (_made("bias"),)
    assert "SAI-050" not in _policies(_entry(risk_tier="Tier 3", assessments=done), norms=ours)
    assert "SAI-050" in _policies(_entry(risk_tier="Tier 2", assessments=done), norms=ours)


def test_which_assessments_are_needed_is_data(tmp_path: Path) -> None:
    entry = _entry(risk_tier="minimal", stage=Stage.PILOT, assessments=(_made("impact"),))
    assert "SAI-050" not in _policies(entry)
    (tmp_path / "norms").mkdir()
    (tmp_path / "norms/ours.yaml").write_text(
        "assessments:\n  duties:\n"
        "    - {id: bias, stages: [pilot], tiers: [Minimal], types: [bias]}\n"
        "    - {id: any}\n"
    )
    rules = load.load(extra=[tmp_path]).norms
    ours = Norms(today=TODAY, rules=rules)
    assert "no bias assessment is done (bias)" in _policies(entry, norms=ours)["SAI-050"]
    assert "SAI-050" not in _policies(_entry(assessments=()), norms=ours)
    assert "high-impact" in {duty.id for duty in rules.assessments.duties}


def _person(active: bool) -> Identity:
    return Identity(
        id=NodeId("okta:x/user/1"), kind="okta.user", name="Ann", email="ann@example.com",
        principal_type=PrincipalType.HUMAN, is_active=active,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "policy", "said"),
    [
        ({"owner": ""}, "SAI-043", "names nobody"),
        ({"owner": "caio@example.com"}, "SAI-042", "shared mailbox"),
        ({"assessments": ()}, "SAI-050", "no assessment is done"),
        ({"assessments": (Assessment(type="impact", status=AssessmentStatus.IN_PROGRESS),)},
         "SAI-050", "no assessment is done"),
        ({"assessments": (Assessment(type="impact", framework="nist-ai-rmf", status=_DONE,
                                     at="2025-06-01", expires_at="2026-06-01"),)},
         "SAI-051", "impact assessment (nist-ai-rmf) expired 2026-06-01"),
        ({"review_at": "2026-11-01"}, "SAI-053", "due 2026-11-01"),
        ({"personal_data": True}, "SAI-080", "openai: no dpa on record"),
        ({"attestations": (Attestation(vendor="openai", type="soc2", expires_at="2026-01-31"),)},
         "SAI-081", "openai: expired soc2 2026-01-31"),
        ({"attestations": (Attestation(vendor="openai", type="no_training",
                                       data_classes=("internal",)),),
          "approved": Approved(data_classes=("internal", "PII"))},
         "SAI-082", "no_training does not cover personal"),
        ({"stage": Stage.RETIRED}, "SAI-021", "Retired but still running"),
        ({"bindings": (Binding(type=BindingType.PATTERN, value="*"),)}, "SAI-096", "fits nearly"),
    ],
)  # fmt: skip
def test_what_an_entry_owes(fields: dict[str, object], policy: str, said: str) -> None:
    found = _policies(_entry(**fields))
    assert said in found[policy]


@pytest.mark.parametrize(
    "fields",
    [
        {"owner": "caio@example.com", "owners": (Owner(ref="bo@example.com",
                                                       role=OwnerRole.TECHNICAL),)},
        {"assessments": (Assessment(type="impact", status=_DONE, at="2024-06-01",
                                    expires_at="2025-06-01"),
                         Assessment(type="impact", status=_DONE, at="2026-06-01",
                                    expires_at="2027-06-01"))},
        {"assessments": (Assessment(type="impact", status=AssessmentStatus.WAIVED),)},
        {"personal_data": True, "attestations": (Attestation(vendor="openai", type="dpa"),)},
        {"personal_data": False},
        {"review_at": "2026-11-28"},
        {"attestations": (Attestation(vendor="openai", type="no_training"),),
         "approved": Approved(data_classes=("pii",))},
    ],
)  # fmt: skip
def test_what_is_in_order_or_not_said_is_no_finding(fields: dict[str, object]) -> None:
    assert _policies(_entry(**fields)) == {}


def test_an_owner_who_has_left_is_told_and_one_who_is_there_is_not() -> None:
    assert "ann@example.com has left" in _policies(_entry(), _asset(), _person(False))["SAI-041"]
    assert _policies(_entry(), _asset(), _person(True)) == {}


def test_what_came_after_the_assessment_was_not_assessed() -> None:
    later = _asset(created_at="2026-07-02T10:00:00Z")
    assert "a is of 2026-07-02" in _policies(_entry(), later)["SAI-052"]
    assert _policies(_entry(), _asset(created_at="2026-05-02T10:00:00Z")) == {}


@pytest.mark.parametrize(
    ("approved", "asset", "field"),
    [
        (Approved(providers=("anthropic",)), {}, "provider"),
        (Approved(models=("gpt-4o*",)), {"models": ("o3",)}, "model"),
        (Approved(regions=("eu-*",)), {"region": "us-east-1"}, "region"),
        (Approved(accounts=("2",)), {"account": NodeId("aws:account/1")}, "account"),
        (Approved(environments=("dev",)), {"environment": "prod"}, "environment"),
        (Approved(endpoints=("https://api.openai.com/*",)),
         {"aliases": ("https://llm.other.example/v1",)}, "endpoint"),
    ],
)  # fmt: skip
def test_drift_is_a_finding_a_field(
    approved: Approved, asset: dict[str, object], field: str
) -> None:
    found = _policies(_entry(approved=approved), _asset(**asset))
    assert f"{field}: observed" in found["SAI-010"]
    assert set(found) == {"SAI-010"}


def test_owner_repository_and_data_class_drift_too() -> None:
    assert (
        "owner: observed bo@example.com, approved ann@example.com"
        in _policies(_entry(), _asset(tags={"owner": "bo@example.com"}))["SAI-010"]
    )
    assert _policies(_entry(owner="growth"), _asset(tags={"owner": "bo@example.com"})) == {}
    store = DataStore(id=NodeId("db"), kind="t.db", name="db", classification="pii")
    reads = Edge(source=NodeId("a"), target=store.id, relation=Relation.READS_FROM)
    facts: tuple[Fact, ...] = (_asset(), store, reads)
    entry = _entry(approved=Approved(data_classes=("internal",)))
    assert "data_class: observed personal" in _policies(entry, *facts)["SAI-010"]
    assert _policies(_entry(approved=Approved(data_classes=("PII",))), *facts) == {}


def test_a_pilot_that_serves_production_is_told_apart_from_drift() -> None:
    found = _policies(_entry(stage=Stage.PILOT), _asset(environment="production"))
    assert set(found) == {"SAI-060"}


def test_what_the_organization_does_not_approve_is_told_of_registered_and_unregistered() -> None:
    norms = Norms(today=TODAY, approved=Approved(providers=("anthropic",), regions=("eu-west-1",)))
    found = _policies(_entry(), _asset("b", region="us-east-1"), norms=norms)
    assert "provider: observed openai, approved anthropic" in found["SAI-070"]
    assert "region: observed us-east-1" in found["SAI-072"]
    assert "SAI-071" not in found


def test_models_that_are_switched_off_and_ids_that_lead_nowhere() -> None:
    rows = (RetiredModels(models=("gpt-4",), at="2026-10-23", reference="x"),
            RetiredModels(models=("gpt-5",), at="2026-12-11", reference="x"))  # fmt: skip
    norms = Norms(today=TODAY, retired={"openai": rows})
    assert "gpt-4 since 2026-10-23" in _policies(_entry(), _asset(models=("gpt-4",)),
                                                 norms=norms)["SAI-074"]  # fmt: skip
    assert _policies(_entry(), _asset(models=("gpt-5",)), norms=norms) == {}
    tagged = _asset(tags={"ai-registry-id": "GONE-1"})
    assert "ai-registry-id=GONE-1" in _policies(_entry(), tagged)["SAI-095"]


def test_a_finding_is_the_same_one_next_week() -> None:
    first = _judged(_entry(owner="")).drafts
    second = _judged(_entry(owner="", name="Renamed", purpose="more")).drafts
    assert set(first) == set(second)
