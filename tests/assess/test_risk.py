"""Risk is a sum that can be checked by hand, and falls by each remedy as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.assess.answers import answer_risks
from scanner.assess.policies import Situation, evaluate
from scanner.assess.profile import Found, Profile
from scanner.assess.risk import Score, risk, weigh
from scanner.graph.build import AssetGraph
from scanner.graph.naming import named
from scanner.graph.ownership import OwnerBook
from scanner.graph.questions import blast_radius, exposure
from scanner.model.base import NodeId
from scanner.model.errors import RuleError
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import (
    AssetClass,
    Credential,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook import load
from scanner.rulebook.policy import Severity
from scanner.rulebook.risk import bundled, read
from tests.graph.worlds import asset, edge, graph_of, store

RULES = load.load()
N = NodeId


def _situation(*facts: Fact) -> Situation:
    graph: AssetGraph = graph_of(*facts)
    book = OwnerBook(graph)
    found = reconcile(graph, (), RULES.by_alias, (), has_registry=True)
    return Situation(
        graph=graph,
        reconciliation=found,
        owners={ident: book.owners(ident) for ident in found.standings},
        coverage=(),
        now="2026-11-28T00:00:00Z",
        catalogue=RULES.by_id,
    )


FUNCTION: tuple[Fact, ...] = (
    asset("fn", is_ai=False, exposure=("public", "no authentication")),
    asset("fn#ai/openai", provider="openai", asset_class=AssetClass.INTEGRATION,
          environment="production"),
    Identity(id=N("role"), kind="aws.iam_role", name="role",
             principal_type=PrincipalType.SERVICE),
    store("crm", classification="pii"),
    Credential(id=N("k"), kind="credential.x", name="key", issuer="openai", fingerprint="f"),
    edge("fn", Relation.CONTAINS, "fn#ai/openai"),
    edge("fn", Relation.RUNS_AS, "role"),
    edge("role", Relation.READS_FROM, "crm"),
    edge("fn#ai/openai", Relation.CALLS, "provider:openai"),
    edge("fn#ai/openai", Relation.AUTHENTICATES_WITH, "k"),
    edge("k", Relation.STORED_IN, "fn"),
)  # fmt: skip


def _profile(situation: Situation, ident: str) -> Profile:
    node: Any = situation.graph.node(N(ident))
    return situation.profiles.of(node)


def test_every_point_of_a_score_has_its_reason() -> None:
    score = weigh(_profile(_situation(*FUNCTION), "fn#ai/openai"))

    assert [(part.factor, part.value, part.points, part.reason) for part in score.parts] == [
        ("exposure", "public", 12, "no authentication, public (fn)"),
        ("authentication", "none", 10, "no authentication"),
        ("reach", "sensitive", 12, "its role may read crm"),
        ("credential", "in_settings", 8, "key stands in plain settings"),
        ("environment", "production", 8, "environment production"),
        ("registry", "unregistered", 12, "registry: unregistered"),
        ("owner", "nobody", 8, "nobody owns it"),
    ]
    assert score.score == 70


def test_what_if_says_the_score_after_each_remedy_the_best_first() -> None:
    score = weigh(_profile(_situation(*FUNCTION), "fn#ai/openai"))

    fall = {one.factor: (one.score, one.fall) for one in score.remedies}
    assert fall == {
        "exposure": (58, 12), "reach": (58, 12), "registry": (58, 12), "owner": (62, 8),
        "authentication": (63, 7), "credential": (63, 7),
    }  # fmt: skip
    assert [one.score for one in score.remedies] == sorted(one.score for one in score.remedies)


def test_a_remedy_that_is_taken_gives_the_score_that_was_foretold() -> None:
    """The public address is closed: the same company without it."""
    before = weigh(_profile(_situation(*FUNCTION), "fn#ai/openai"))
    closed = (asset("fn", is_ai=False, exposure=("private", "no authentication")), *FUNCTION[1:])
    after = weigh(_profile(_situation(*closed), "fn#ai/openai"))

    # "no authentication" alone still opens it: a closed door is one that asks who comes.
    assert after.score == before.score
    shut = (asset("fn", is_ai=False, exposure=("private",)), *FUNCTION[1:])
    shut_score = weigh(_profile(_situation(*shut), "fn#ai/openai")).score
    assert shut_score == before.score - 12 - 10


def test_a_combination_is_a_finding_with_its_path() -> None:
    found = evaluate(RULES.policies, _situation(*FUNCTION)).drafts.values()

    (one,) = (finding for finding in found if finding.policy == "SAI-100")
    assert one.asset == "fn#ai/openai"
    assert one.path == ("fn", "role", "crm")
    assert one.detail == "fn -> role -> crm"
    assert one.risk == 100
    assert "severity critical +45" in one.risk_factors
    assert "its role may read crm +12" in one.risk_factors


@pytest.mark.parametrize("missing", ["public", "reach", "registered"])
def test_a_combination_needs_every_part(missing: str) -> None:
    facts = [*FUNCTION]
    if missing == "public":
        facts[0] = asset("fn", is_ai=False, exposure=("IAM authentication",))
    elif missing == "reach":
        facts = [f for f in facts if not (isinstance(f, Edge) and f.target == "crm")]
    situation = _situation(*facts)
    if missing == "registered":
        standing = situation.reconciliation.standings[N("fn#ai/openai")]
        situation.reconciliation.standings[N("fn#ai/openai")] = type(standing)(
            status="registered"  # type: ignore[arg-type]
        )
    found = evaluate(RULES.policies, situation).drafts.values()
    assert not [finding for finding in found if finding.policy == "SAI-100"]


def test_sensitive_data_that_goes_to_a_vendor_weighs_by_class_border_and_terms() -> None:
    facts = (
        asset("fn", is_ai=False),
        asset("fn#ai/deepseek", provider="deepseek", region="eu-west-1"),
        store("patients", classification="PHI", tags={"region": "eu-west-1"}),
        edge("fn", Relation.READS_FROM, "patients"),
        edge("fn", Relation.CONTAINS, "fn#ai/deepseek"),
        edge("fn#ai/deepseek", Relation.CALLS, "provider:deepseek"),
    )
    situation = _situation(*facts)
    profile = _profile(situation, "fn#ai/deepseek")

    assert profile.values["data"] == "special"
    assert profile.values["direction"] == "vendor"
    assert profile.values["border"] == "crossed"
    assert profile.flow is not None
    found = {f.policy: f for f in evaluate(RULES.policies, situation).drafts.values()}
    assert found["SAI-101"].path == ("patients", "fn", "fn#ai/deepseek", "provider:deepseek")
    trains = RULES.by_id["deepseek"].terms
    assert ("SAI-104" in found) == (
        trains is not None and trains.trains_on_customer_data in ("yes", "opt_out")
    )


def test_a_key_in_code_weighs_more_than_in_a_slot_and_a_dead_one_nothing() -> None:
    def score(place: AssetClass, **tags: str) -> int:
        key = Credential(id=N("k"), kind="credential.x", name="k", issuer="openai",
                         fingerprint="f", tags=tags)  # fmt: skip
        facts = (asset("p", is_ai=False, asset_class=place), key,
                 edge("k", Relation.STORED_IN, "p"))  # fmt: skip
        return weigh(_profile(_situation(*facts), "k")).score

    live = score(AssetClass.REPOSITORY, verify="live")
    assert live > score(AssetClass.REPOSITORY) > score(AssetClass.WORKLOAD)
    assert score(AssetClass.WORKLOAD) > score(AssetClass.SECRET_SLOT)
    assert score(AssetClass.SECRET_SLOT) > score(AssetClass.REPOSITORY, verify="dead")


def test_what_stands_only_in_tests_and_doubt_weigh_less() -> None:
    seen = (Evidence(rule="r", source="code", context="test"),)  # type: ignore[arg-type]
    aside = _profile(_situation(asset("a", evidence=seen)), "a")
    plain = _profile(_situation(asset("a")), "a")

    sure = risk(Severity.MEDIUM, plain, Confidence.CERTAIN).score
    assert risk(Severity.MEDIUM, aside, Confidence.CERTAIN).score == sure - 15
    assert risk(Severity.MEDIUM, plain, Confidence.LOW).score == sure - 15
    assert risk(Severity.HIGH, plain, Confidence.CERTAIN).score == sure + 15


VALUES = [(factor.id, value) for factor in bundled().factors for value in factor.values]


@given(st.lists(st.sampled_from(VALUES), unique_by=lambda one: one[0]))
def test_a_score_is_its_sum_within_bounds_and_no_remedy_makes_it_worse(
    found: list[tuple[str, str]],
) -> None:
    rows = tuple(Found(factor=factor, value=value, reason=factor) for factor, value in found)
    score = weigh(Profile(id=N("a"), found=rows))

    points = sum(bundled().points(factor, value) for factor, value in found)
    assert (
        score.score
        == max(0, min(100, points))
        == max(0, min(100, sum(part.points for part in score.parts)))
    )
    assert all(0 <= one.score <= score.score == one.score + one.fall for one in score.remedies)
    assert all(one.points > 0 for one in score.remedies)
    left = points
    for one in score.remedies:
        left -= one.points
        assert one.together == max(0, min(100, left))


def test_weights_of_ones_own_take_the_place_of_the_bundled(tmp_path: Path) -> None:
    folder = tmp_path / "policies" / "risk"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text(
        "severity: {critical: 50}\nfactors:\n"
        "  - {id: owner, name: Owner, values: {nobody: {points: 20}, known: {points: 0}, "
        "doubtful: {points: 10}}}\n"
    )
    rules = load.load(extra=[tmp_path]).risk
    profile = _profile(_situation(asset("a")), "a")

    assert rules.severity["critical"] == 50
    assert rules.severity["high"] == bundled().severity["high"]
    assert weigh(profile, rules).score == weigh(profile).score + 12


def test_a_remedy_that_leads_nowhere_and_a_condition_that_cannot_hold_are_refused(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "policies"
    (folder / "risk").mkdir(parents=True)
    wrong = folder / "risk" / "own.yaml"
    wrong.write_text(
        "factors: [{id: owner, name: O, values: {nobody: {points: 1, remedy: r, becomes: gone}}}]\n"
    )
    with pytest.raises(RuleError, match=r"owner\.nobody becomes `gone`"):
        read([wrong])
    wrong.unlink()
    (folder / "SAI-999.yaml").write_text(
        "id: SAI-999\nname: n\ntitle: t\nsubject: asset\nwhen: {combines: [exposure=pubic]}\n"
        "severity: low\nidentity: [subject]\nremedy: r\nrationale: r\n"
    )
    with pytest.raises(RuleError, match=r"exposure=pubic.*public"):
        load.load(extra=[tmp_path])


def _policies(*facts: Fact) -> set[str]:
    drafts = evaluate(RULES.policies, _situation(*facts)).drafts.values()
    return {draft.policy for draft in drafts}


OPEN_AGENT: tuple[Fact, ...] = (
    asset("agent", provider="aws_bedrock", asset_class=AssetClass.AGENT,
          exposure=("public", "no authentication")),
    FUNCTION[2],
    store("crm", classification="pii"),
    store("hr", classification="pii"),
)  # fmt: skip
BY_ROLE = (edge("agent", Relation.RUNS_AS, "role"), edge("role", Relation.READS_FROM, "hr"))
ITSELF = edge("agent", Relation.READS_FROM, "crm")


@pytest.mark.parametrize(
    "more", [BY_ROLE, (*BY_ROLE, ITSELF), (ITSELF,)], ids=["by its role", "both", "itself"]
)
def test_more_evidence_of_reach_never_loses_the_combination(more: tuple[Fact, ...]) -> None:
    assert "SAI-100" in _policies(*OPEN_AGENT, *more)


def test_who_holds_a_model_does_not_read_what_it_was_made_by() -> None:
    model = asset("model", provider="aws_bedrock", asset_class=AssetClass.MODEL,
                  exposure=("public",))  # fmt: skip
    facts = (model, OPEN_AGENT[2], edge("model", Relation.READS_FROM, "crm"))

    assert "SAI-100" not in _policies(*facts)
    values = _profile(_situation(*facts), "model").values
    assert "reach" not in values
    assert values["data"] == "sensitive", "its data still flows into it"


def test_a_thing_is_as_open_as_any_source_says() -> None:
    arn = "arn:aws:sagemaker:us-east-1:1:endpoint/fraud"
    endpoint = {"asset_class": AssetClass.MODEL_ENDPOINT, "provider": "aws_sagemaker"}
    facts: tuple[Fact, ...] = (
        asset(arn, kind="aws.sagemaker_endpoint", exposure=("private",), **endpoint),
        asset("logs:proxy/app/fraud", kind="logs.app", aliases=(arn,), environment="production",
              exposure=("public", "no authentication"), created_at="2020-01-01", **endpoint),
        *OPEN_AGENT[1:],
        edge(arn, Relation.RUNS_AS, "role"),
        edge("role", Relation.READS_FROM, "hr"),
    )  # fmt: skip
    situation = _situation(*facts)

    assert "SAI-100" in _policies(*facts)
    scores = {weigh(_profile(situation, view)).score for view in (arn, "logs:proxy/app/fraud")}
    assert len(scores) == 1, "one thing has one score"
    values = _profile(situation, arn).values
    assert values["exposure"] == "public"
    assert values["authentication"] == "none"
    assert (values["environment"], values["age"]) == ("production", "old")


def test_a_key_is_as_old_as_its_vendors_record_says() -> None:
    key = Credential(id=N("k"), kind="credential.openai_project_key", name="key", issuer="openai",
                     fingerprint="f", hint="sk-proj-\u2026wSKe")  # fmt: skip
    record = Credential(id=N("r"), kind="openai.api_key", name="ci", issuer="openai",
                        fingerprint="", hint="sk-proj-\u2026SKe",
                        created_at="2021-01-01T00:00:00Z")  # fmt: skip
    slot = asset("slot", asset_class=AssetClass.SECRET_SLOT, is_ai=False)
    stored = edge("k", Relation.STORED_IN, "slot")

    assert _profile(_situation(key, slot, stored), "k").values["credential"] == "stored"
    assert _profile(_situation(key, slot, stored, record), "k").values["credential"] == "old"


def test_two_agents_by_which_the_same_data_go_on_are_judged_alike() -> None:
    situation = _situation(
        store("crm", classification="pii"),
        *(asset(name, asset_class=AssetClass.AGENT) for name in ("A", "B")),
        asset("C", provider="openai"),
        *(edge(name, Relation.READS_FROM, "crm") for name in ("A", "B")),
        *(edge(name, Relation.CALLS, "C") for name in ("A", "B")),
        edge("C", Relation.CALLS, "provider:openai"),
    )

    one, other = (weigh(_profile(situation, name)) for name in ("A", "B"))
    assert one.score == other.score
    assert one.parts == other.parts
    assert {"data", "direction", "width"} <= {part.factor for part in one.parts}


def test_production_data_in_a_trial_are_shown_where_they_meet_it_and_nowhere_else() -> None:
    situation = _situation(
        store("crm", classification="pii", tags={"environment": "production"}),
        asset("f1", environment="production"), asset("f2", environment="pilot"),
        asset("ep", provider="aws_bedrock"),
        *(edge(name, Relation.READS_FROM, "crm") for name in ("f1", "f2")),
        *(edge(name, Relation.CALLS, "ep") for name in ("f1", "f2")),
    )  # fmt: skip
    drafts = evaluate(RULES.policies, situation).drafts.values()

    ways = {one.asset: one.path for one in drafts if one.policy == "SAI-102"}
    assert ways == {"f2": ("crm", "f2", "ep"), "ep": ("crm", "f2", "ep")}


def test_a_role_that_reads_everything_reaches_what_matters() -> None:
    facts = (
        asset("fn", provider="openai", exposure=("public", "no authentication")),
        FUNCTION[2],
        store("all", kind="aws.everything", name="everything in the account"),
        edge("fn", Relation.RUNS_AS, "role"),
        edge("role", Relation.READS_FROM, "all"),
    )
    situation = _situation(*facts)

    assert [one.store for one in exposure(situation.graph)] == ["all"]
    assert _profile(situation, "fn").values["reach"] == "sensitive"
    assert "SAI-100" in _policies(*facts)
    assert named(situation.graph, "sensitive:*") == ["all"]


@pytest.mark.parametrize("state", ["", "live", "dead"])
def test_a_key_weighs_by_what_it_opens_while_it_may_live(state: str) -> None:
    situation = _situation(
        Credential(id=N("k"), kind="credential.aws", name="AWS key", issuer="aws",
                   fingerprint="f", tags={"verify": state}),
        asset("repo", is_ai=False, asset_class=AssetClass.REPOSITORY),
        edge("k", Relation.STORED_IN, "repo"),
        Identity(id=N("u"), kind="aws.iam_user", name="u", principal_type=PrincipalType.SERVICE),
        edge("u", Relation.AUTHENTICATES_WITH, "k"),
        edge("u", Relation.READS_FROM, "crm"),
        store("crm", classification="pii"),
    )  # fmt: skip
    reasons = {one.factor: one.reason for one in _profile(situation, "k").found}

    assert blast_radius(situation.graph, N("k")).sensitive == ("crm",)
    wanted = None if state == "dead" else "whoever holds it reaches crm"
    assert reasons.get("reach") == wanted


def test_a_harmless_label_takes_nothing_from_a_dangerous_one() -> None:
    facts = (
        store("mailbox", store_class="mail", classification="internal"),
        asset("A", provider="openai"),
        edge("A", Relation.READS_FROM, "mailbox"),
        edge("A", Relation.CALLS, "provider:openai"),
    )
    found = {one.factor: one for one in _profile(_situation(*facts), "A").found}

    assert found["data"].value == "sensitive"
    assert found["data"].reason == "messages, meetings and mail from mailbox (it is mail)"


def _with_keys(*places: AssetClass) -> Score:
    """``k0``, ``k1`` ..., each in a place of its own."""
    return weigh(_profile(_situation(
        asset("A", provider="openai"),
        *(Credential(id=N(f"k{at}"), kind="c", name=f"k{at}", issuer="openai", fingerprint=str(at))
          for at in range(len(places))),
        *(asset(f"p{at}", is_ai=False, asset_class=place) for at, place in enumerate(places)),
        *(edge(f"k{at}", Relation.STORED_IN, f"p{at}") for at in range(len(places))),
        *(edge("A", Relation.AUTHENTICATES_WITH, f"k{at}") for at in range(len(places))),
    ), "A"))  # fmt: skip


def test_a_remedy_tells_all_that_it_means_and_falls_by_what_it_mends_alone() -> None:
    repository, workload = AssetClass.REPOSITORY, AssetClass.WORKLOAD
    both, mixed = _with_keys(repository, repository), _with_keys(repository, workload)

    def part(score: Score) -> str:
        return next(one.reason for one in score.parts if one.factor == "credential")

    def after(score: Score) -> int:
        return next(one.score for one in score.remedies if one.factor == "credential")

    assert part(both) == "k0 stands in code; k1 stands in code"
    assert after(both) == _with_keys(AssetClass.SECRET_SLOT, AssetClass.SECRET_SLOT).score
    assert part(mixed) == "k0 stands in code"
    assert after(mixed) == _with_keys(AssetClass.SECRET_SLOT, workload).score


def test_the_worst_things_have_a_what_if_too() -> None:
    values = {"exposure": "public", "authentication": "none", "data": "special",
              "reach": "sensitive", "credential": "live_in_code", "registry": "unregistered",
              "owner": "nobody", "autonomy": "acts", "terms": "trains",
              "environment": "production"}  # fmt: skip
    found = tuple(Found(factor=f, value=v, reason=f) for f, v in values.items())
    score = weigh(Profile(id=N("a"), found=found))

    assert (score.sum, score.score) == (124, 100)
    first, second, *_ = score.remedies
    assert (first.factor, first.points, first.score, first.together) == ("credential", 19, 100, 100)
    assert (second.factor, second.points, second.together) == ("data", 19, 86)
    graph = graph_of(asset("a"))
    rows = answer_risks(graph, [(N("a"), score)], what_if=True).rows
    assert rows[12][3] == "100 (-19 of 124); with those above 86"
