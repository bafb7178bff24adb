"""Names against a registry: what people and machines make of one name stays one name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import matching
from scanner.graph.build import AssetGraph
from scanner.model.registry import RegistryEntry
from scanner.reconcile.described import Described
from scanner.reconcile.match import build_index, match_all
from scanner.reconcile.name_words import acronyms_of, joined, words_of
from scanner.reconcile.names import NameIndex


@pytest.mark.parametrize(
    "name",
    ["prod-custSvcFraudScoring-7f3a12", "Customer Service Fraud Scoring", "cust_svc_fraud_scorings",
     "customer-service-fraud-scoring-v2-prod"],
)  # fmt: skip
def test_places_tails_cases_and_abbreviations_do_not_matter(name: str) -> None:
    assert joined(name) == joined("customer service fraud scoring")


def test_acronyms_stand_in_brackets_and_initials() -> None:
    assert {"pcat"} <= acronyms_of("Public Comment Analysis Tool (PCAT)")
    index = NameIndex([RegistryEntry(id="P", name="Public Comment Analysis Tool (PCAT)"),
                       RegistryEntry(id="Q", name="Pavement crack counting")])  # fmt: skip
    best = index.ranking(Described(name="pcat-prod"))[0]
    assert best.entry == "P"


def test_former_names_count_as_names() -> None:
    index = NameIndex([RegistryEntry(id="G", name="Gemini", aliases=("Duet AI",))])
    (found,) = index.suggest([Described(name="duet-ai")])
    assert found.best is not None
    assert (found.best.entry, "Duet AI" in found.best.reason) == ("G", True)


def test_a_shared_mailbox_is_no_common_owner() -> None:
    entries = [RegistryEntry(id=str(n), name=f"Chat helper {w}", owner="caio@acme.example")
               for n, w in enumerate(("north", "south"))]  # fmt: skip
    (found,) = NameIndex(entries).suggest(
        [Described(name="chat helper", owners=("caio@acme.example",))]
    )
    assert found.best is None


@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_name_breaks_it(names: list[str], asked: str) -> None:
    words_of(asked)
    entries = [RegistryEntry(id=str(n), name=name or "-") for n, name in enumerate(names)]
    (found,) = NameIndex(entries).suggest([Described(name=asked)])
    assert found.best is None or found.best.entry in {e.id for e in entries}


def test_on_labelled_data_links_are_right_and_suggestions_nearly_always() -> None:
    """A tenth of bench/matching.py, from the same generator under another seed."""
    registry, facts, truth, by = matching.make(8000, 1500, [], seed=3)
    graph = AssetGraph((matching._SHARD, fact, True) for fact in facts)
    found = match_all(graph, build_index(registry, {p: p for p in matching._PROVIDERS}))
    result = matching.score(found, truth, by)
    assert result["link_precision"] == 1.0
    assert result["links"].get("missed", 0) == 0
    assert result["suggestion_precision"] >= 0.97
    assert result["suggestion_recall"] >= 0.90
