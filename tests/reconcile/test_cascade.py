"""The cascade on worlds that are made to mislead it: nothing registers by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import RegistryError
from scanner.model.facts import Asset, AssetClass, Credential, Edge, Fact, Relation
from scanner.model.registry import (
    Approved,
    Binding,
    BindingType,
    EntryOutcome,
    RegistryEntry,
    SourceId,
)
from scanner.reconcile import decisions
from scanner.reconcile.decisions import Decision, Verdict, mark_of
from scanner.reconcile.explaining import explain
from scanner.reconcile.norms import Norms
from scanner.reconcile.patterns import common_words, says_little
from scanner.reconcile.reconcile import Reconciliation, reconcile
from scanner.rulebook import load, norms

TODAY = "2026-11-28T00:00:00Z"


def _asset(ident: str, name: str = "thing", **fields: object) -> Asset:
    return Asset(
        id=NodeId(ident), kind="t.t", name=name, asset_class=AssetClass.MODEL_ENDPOINT,
        **{"provider": "openai", **fields},  # type: ignore[arg-type]
    )  # fmt: skip


def _entry(ident: str, *bindings: tuple[BindingType, str], **fields: object) -> RegistryEntry:
    return RegistryEntry(
        id=ident,
        bindings=tuple(Binding(type=kind, value=value) for kind, value in bindings),
        **{"name": f"system {ident}", **fields},  # type: ignore[arg-type]
    )


def _world(
    facts: list[Fact], entries: list[RegistryEntry], *made: Decision
) -> tuple[AssetGraph, Reconciliation]:
    graph = AssetGraph((ShardId("s"), fact, True) for fact in facts)
    found = reconcile(
        graph, entries, {"openai": "openai"}, [], decisions=made, norms=Norms(today=TODAY)
    )
    return graph, found


def _status(found: Reconciliation, ident: str) -> tuple[str, str]:
    standing = found.standings[NodeId(ident)]
    return str(standing.status), standing.entry


def _decision(asset: Asset, entry: RegistryEntry, verdict: Verdict, **fields: object) -> Decision:
    return Decision(
        asset=asset.id, entry=entry.id, verdict=verdict,
        **{"author": "ann@example.com", "reason": "asked the team", "at": "2026-11-01",
           "expires_at": "2027-11-01", "seen": mark_of(asset, entry), **fields},  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_tag_that_contradicts_a_key_is_ambiguous_and_never_first_wins() -> None:
    copied = _asset("a", tags={"ai-registry-id": "B"})
    entries = [_entry("A", (BindingType.ID, "a")), _entry("B")]
    for order in (entries, entries[::-1]):
        _, found = _world([copied], order)
        assert _status(found, "a") == ("ambiguous", "")
        assert set(found.standings[NodeId("a")].candidates) == {"A", "B"}


def test_what_is_ruled_out_of_a_thing_does_not_come_back_through_its_holder() -> None:
    part = _asset("git:h/r#ai/openai")
    holder = _asset("git:h/r", is_ai=False, provider="")
    entry = _entry("R", (BindingType.REPO, "h/r"), approved=Approved(providers=("openai",)))
    _, found = _world([holder, part], [entry], _decision(holder, entry, Verdict.DIFFERENT))
    assert _status(found, part.id)[0] == "unregistered"


def test_of_two_decisions_of_one_time_the_one_that_rules_out_holds() -> None:
    asset, entry = _asset("a"), _entry("A", (BindingType.ID, "a"))
    both = [_decision(asset, entry, verdict) for verdict in (Verdict.DIFFERENT, Verdict.SAME)]
    for made in (both, both[::-1]):
        _, found = _world([asset], [entry], *made)
        assert _status(found, "a")[0] != "registered"


def test_what_is_said_of_a_thing_beats_a_rule_and_what_it_stands_in() -> None:
    part = _asset("git:h/r#ai/openai")
    holder = _asset("git:h/r", is_ai=False, provider="")
    stated = Approved(providers=("openai",))
    entries = [
        _entry("A", (BindingType.ID, part.id)),
        _entry("P", (BindingType.PATTERN, "git:h/r*"), approved=stated),
        _entry("R", (BindingType.REPO, "h/r"), approved=stated),
    ]
    _, found = _world([holder, part], entries)
    assert _status(found, part.id) == ("registered", "A")
    _, found = _world([holder, part], entries[1:])
    assert _status(found, part.id) == ("registered", "R")


def test_ids_of_other_registries_declare_only_where_one_entry_has_them() -> None:
    def known(ident: str, own: str) -> RegistryEntry:
        return _entry(ident, source_ids=(SourceId(registry="cmdb", id=own),))

    tagged = _asset("t", tags={"acme:ai-registry-id": "cm-1"})
    _, found = _world([tagged], [known("A", "CM-1"), known("B", "CM-2")])
    assert _status(found, "t") == ("registered", "A")
    _, found = _world([tagged], [known("A", "CM-1"), known("B", "CM-1")])
    assert _status(found, "t") == ("ambiguous", "")


def test_a_pattern_that_swallows_too_much_only_suggests() -> None:
    stated = Approved(providers=("openai",))
    facts: list[Fact] = [_asset(f"shop-{n}", f"n{n}") for n in range(60)]
    facts += [_asset(f"other-{n}", f"o{n}") for n in range(60)]
    greedy = _entry("G", (BindingType.PATTERN, "shop-*"), approved=stated)
    modest = _entry("M", (BindingType.PATTERN, "other-1?"), approved=stated)
    _, found = _world(facts, [greedy, modest])
    assert _status(found, "shop-7") == ("probable", "G")
    assert "fit 60 of 120 assets" in found.standings[NodeId("shop-7")].reason
    assert _status(found, "other-12") == ("registered", "M")
    assert _status(found, "other-2")[0] == "unregistered"


@pytest.mark.parametrize(
    ("globs", "size", "fitted", "said"),
    [
        (["arn:*"], 40, 40, "names no system"),
        (["arn:*"], 3, 3, "names no system"),
        (["arn:aws:bedrock:eu-west-1:*"], 40, 40, "names no system"),
        (["*openai*"], 40, 0, "names no system"),
        (["*111122223333*"], 3, 3, "names no system"),
        (["arn:aws:bedrock:*:111122223333:agent/*"], 3, 3, "names no system"),
        (["*alph*"], 40, 40, "fit 40 of 40 assets"),
        (["*alpha-*"], 10_100, 900, "fit 900 of 10100 assets, more than 100"),
        (["*alpha-?", "*alpha-1?", "*alpha-2?"], 60, 30, "fit 30 of 60 assets"),
        (["*alpha-*"], 400, 90, ""),
        (["*alpha-*"], 5, 3, ""),
    ],
)  # fmt: skip
def test_a_pattern_registers_only_what_one_system_can_be(
    globs: list[str], size: int, fitted: int, said: str
) -> None:
    lead = "arn:aws:bedrock:eu-west-1:111122223333:agent/"
    facts: list[Fact] = [_asset(f"{lead}{'alpha' if n < fitted else 'beta'}-{n}", f"n{n}")
                         for n in range(size)]  # fmt: skip
    entry = _entry("G", *((BindingType.PATTERN, glob) for glob in globs),
                   approved=Approved(providers=("openai",)))  # fmt: skip
    _, found = _world(facts, [entry])
    registered = sum(row.status == "registered" for row in found.standings.values())
    assert registered == (0 if said else fitted)
    outcomes = found.entries[0].details
    assert (EntryOutcome.BINDING_TOO_BROAD in outcomes) == bool(said)
    assert said in outcomes.get(EntryOutcome.BINDING_TOO_BROAD, "")


@pytest.mark.parametrize(
    ("tag", "status"),
    [("env=prod", "probable"), ("ai=true", "probable"), ("provider=OpenAI", "probable"),
     ("team=payments", "registered"), ("ai-registry-id=P", "registered"),
     ("acme:ai-registry-id=ai", "registered")],
)  # fmt: skip
def test_a_tag_that_names_no_system_registers_nothing(tag: str, status: str) -> None:
    key, _, value = tag.partition("=")
    _, found = _world([_asset("a", tags={key: value})], [_entry("P", (BindingType.TAG, tag))])
    assert _status(found, "a") == (status, "P")
    broad = EntryOutcome.BINDING_TOO_BROAD in found.entries[0].outcomes
    assert broad == (status == "probable")


_PLACES = (
    "git:github.com/acme/fraud-api#ai/openai", "git:gitlab.com/acme/risk/fraud-api",
    "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/fraud-api",
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourcegroups/risk/providers/"
    "microsoft.cognitiveservices/accounts/fraud-api",
    "//aiplatform.googleapis.com/projects/acme-risk/locations/europe-west1/endpoints/fraud-api",
    "okta:acme/app/fraud-api", "fraud-api",
)  # fmt: skip


@pytest.mark.parametrize(
    ("glob", "fits", "registers"),
    [
        ("*fraud*", 7, 7), ("*fraud-api", 7, 7), ("git:github.com/acme/fraud-*", 1, 1),
        ("git:*/acme/*fraud*", 2, 2), ("git:gitlab.com/acme/risk/*", 1, 1),
        ("*:endpoint/fraud-*", 1, 1),
        ("/subscriptions/*/resourcegroups/risk/*", 1, 1), ("okta:acme/app/fraud*", 1, 1),
        ("*hub*", 1, 0), ("*lab*", 1, 0), ("git:github.com/acme/*", 1, 0), ("*acme*", 4, 0),
        ("git:*/acme/*", 2, 0), ("*/acme/*", 2, 0), ("arn:aws:*:111122223333:endpoint/*", 1, 0),
        ("/subscriptions/11111111-2222-3333-4444-555555555555/*", 1, 0), ("*acme-risk*", 1, 0),
        ("//*/projects/acme-risk/*/endpoints/*", 1, 0), ("okta:acme/*", 1, 0), ("*openai", 1, 0),
    ],
)  # fmt: skip
def test_a_pattern_is_judged_by_what_it_says_of_the_system_and_not_only_by_counts(
    glob: str, fits: int, registers: int
) -> None:
    """A change shows its own assets alone, so that counts say nothing there."""
    entry = _entry("P", (BindingType.PATTERN, glob), approved=Approved(providers=("openai",)))
    told = []
    for ident in _PLACES:
        name = "OpenAI in acme/fraud-api" if "#" in ident else "prod-7"
        _, found = _world([_asset(ident, name)], [entry])
        told.append(_status(found, ident)[0])
        is_broad = EntryOutcome.BINDING_TOO_BROAD in found.entries[0].outcomes
        assert is_broad == (told[-1] == "probable") or fits != registers
    assert (told.count("registered"), told.count("probable")) == (registers, fits - registers)


def test_a_client_id_of_nobody_knows_whom_registers_nothing() -> None:
    facts: list[Fact] = [_asset(f"{vendor}:acme/app/12345") for vendor in ("github", "salesforce")]
    facts.append(_asset("zendesk:acme/agent/1", tags={"client_id": "12345"}))
    _, found = _world(facts, [_entry("A", (BindingType.OAUTH_APP, "12345"))])
    assert {_status(found, fact.id) for fact in facts if isinstance(fact, Asset)} == {
        ("probable", "A")
    }
    _, found = _world(facts, [_entry("A", (BindingType.OAUTH_APP, "github:12345")),
                              _entry("Z", (BindingType.OAUTH_APP, "zendesk:12345"))])  # fmt: skip
    assert _status(found, "github:acme/app/12345") == ("registered", "A")
    assert _status(found, "zendesk:acme/agent/1") == ("registered", "Z")
    assert _status(found, "salesforce:acme/app/12345")[0] == "unregistered"


def test_limits_of_patterns_are_data(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("patterns: {share: 1.0, most: 1000, common: [acme]}\n")
    rules = norms.read([*sorted((load.bundled() / "norms").glob("*.yaml")), tmp_path / "ours.yaml"])
    facts: list[Fact] = [_asset(f"shop-{n}", f"n{n}") for n in range(60)]
    graph = AssetGraph((ShardId("s"), fact, True) for fact in facts)
    stated = Approved(providers=("openai",))
    entry = _entry("G", (BindingType.PATTERN, "shop-*"), approved=stated)
    for held_to, status in ((Norms(), "probable"), (Norms(rules=rules), "registered")):
        found = reconcile(graph, [entry], {"openai": "openai"}, [], norms=held_to)
        assert _status(found, "shop-7") == (status, "G")
    assert says_little("acme-*", rules.patterns, common_words(rules.patterns))
    assert rules.patterns.least_word == 3


def test_what_a_stranger_uses_too_is_shared_and_belongs_to_nobody() -> None:
    def edge(source: str, target: str) -> Edge:
        return Edge(source=NodeId(source), target=NodeId(target),
                    relation=Relation.AUTHENTICATES_WITH)  # fmt: skip

    key = Credential(id=NodeId("key"), kind="k.k", name="key", issuer="openai", fingerprint="f")
    entries = [_entry("A", (BindingType.ID, "a"))]
    _, found = _world([_asset("a"), key, edge("a", "key")], entries)
    assert _status(found, "key") == ("registered", "A")
    shared = [_asset("a"), _asset("stranger"), key, edge("a", "key"), edge("stranger", "key")]
    _, found = _world(shared, entries)
    assert _status(found, "key") == ("unregistered", "")


def test_a_gateway_passes_no_belonging_on() -> None:
    facts: list[Fact] = [_asset("gateway")]
    for n in range(60):
        facts += [_asset(f"m{n}", f"m{n}"), Edge(source=NodeId("gateway"), target=NodeId(f"m{n}"),
                                                 relation=Relation.SERVES)]  # fmt: skip
    _, found = _world(facts, [_entry("A", (BindingType.ID, "gateway"))])
    assert _status(found, "m3")[0] == "unregistered"


def test_a_decision_beats_everything_and_is_remembered_both_ways() -> None:
    asset = _asset("a", "Fraud scoring")
    right, wrong = _entry("R", name="Something else"), _entry("W", (BindingType.ID, "a"))
    _, found = _world([asset], [right, wrong], _decision(asset, right, Verdict.SAME))
    assert _status(found, "a") == ("registered", "R")
    assert "ann@example.com said so on 2026-11-01" in found.standings[NodeId("a")].reason
    _, found = _world([asset], [wrong], _decision(asset, wrong, Verdict.DIFFERENT))
    assert _status(found, "a") == ("unregistered", "")
    like = _entry("L", name="fraud-scoring")
    _, found = _world([asset], [like], _decision(asset, like, Verdict.DIFFERENT))
    assert _status(found, "a") == ("unregistered", "")


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"expires_at": "2026-11-27"}, "expired 2026-11-27"), ({"seen": "else"}, "has changed"),
     ({"entry": "gone"}, "no such entry")],
)  # fmt: skip
def test_a_decision_that_holds_no_more_is_told_and_asked_again(
    fields: dict[str, str], said: str
) -> None:
    asset, entry = _asset("a", "Fraud scoring"), _entry("E", name="Fraud scoring")
    made = _decision(asset, entry, Verdict.SAME)
    import msgspec

    _, found = _world([asset], [entry], msgspec.structs.replace(made, **fields))
    assert _status(found, "a") == ("probable", "E")
    assert said in found.lapsed_decisions[0]


def test_the_last_decision_of_a_pair_holds_and_the_file_reads_back(tmp_path: Path) -> None:
    asset, entry = _asset("a", "Fraud scoring"), _entry("E", name="Fraud scoring")
    first = _decision(asset, entry, Verdict.SAME, at="2026-10-01")
    second = _decision(asset, entry, Verdict.DIFFERENT, at="2026-11-01")
    path = tmp_path / "d.yaml"
    path.write_bytes(decisions.render([second, first]))
    assert decisions.read(path) == (second,)
    _, found = _world([asset], [entry], second, first)
    assert _status(found, "a") == ("unregistered", "")
    path.write_text("decisions: [{asset: a, entry: e, verdict: same, author: '', reason: x,"
                    " at: x, expires_at: '2027-01-01'}]")  # fmt: skip
    with pytest.raises(RegistryError, match="length >= 1"):
        decisions.read(path)


def test_generic_names_abstain_and_say_between_which() -> None:
    entries = [_entry(f"E{n}", name="Document summarization", business_unit=unit)
               for n, unit in enumerate(("Legal", "Finance", "Logistics"))]  # fmt: skip
    _, found = _world([_asset("a", "document-summarization-prod")], entries)
    standing = found.standings[NodeId("a")]
    assert (str(standing.status), standing.entry) == ("unregistered", "")
    assert set(standing.candidates) == {"E0", "E1", "E2"}
    tagged = _asset("a", "document-summarization-prod", tags={"department": "legal"})
    _, found = _world([tagged], entries)
    assert _status(found, "a") == ("probable", "E0")


def test_a_name_from_another_department_is_not_suggested() -> None:
    entry = _entry("E", name="Chat service", business_unit="Human resources")
    _, found = _world([_asset("a", "chat-svc", tags={"department": "Radiology"})], [entry])
    assert _status(found, "a")[0] == "unregistered"


def test_the_proof_and_what_was_rejected_are_explained() -> None:
    asset = _asset("a", "Fraud scoring", tags={"ai-registry-id": "D"})
    entries = [_entry("D", name="Invoice matching"), _entry("N", name="Fraud scoring model")]
    graph, found = _world([asset], entries)
    said = explain(graph, found, NodeId("a"))
    assert said is not None
    assert [(m.entry, str(m.match_class)) for m in said.matches] == [("D", "declared")]
    assert said.declared == ("ai-registry-id=D",)
    assert said.rejected[0].entry == "N"
    assert "more than a name" in said.rejected[0].why
    assert "a" in said.keys
    assert explain(graph, found, NodeId("none")) is None
