"""Controls: every id stands in the published text, every policy maps to controls that there are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scanner.rulebook import load
from scanner.rulebook.load import Rulebook

PUBLISHED = yaml.safe_load(
    (Path(__file__).parents[1] / "golden/controls/published.yaml").read_text()
)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load.load()


def _published(framework: str) -> set[str]:
    """The whole list, from its compact form."""
    said = PUBLISHED[framework]
    if framework == "nist-ai-rmf":
        return {f"{name}-{category}.{number}" for name, counts in said.items()
                for category, count in enumerate(counts, start=1)
                for number in range(1, count + 1)}  # fmt: skip
    if framework == "nist-ai-600-1":
        return {f"{lead}-{part}-{number:03d}" for lead, parts in said.items()
                for part, count in parts.items() for number in range(1, count + 1)}  # fmt: skip
    if framework == "eu-ai-act":
        articles = said["articles"]
        whole = {f"Art-{article}" for article in articles}
        parts = {f"Art-{a}-{n}" for a, count in articles.items() for n in range(1, count + 1)}
        return whole | parts | {f"Annex-III-{n}" for n in range(1, said["annex_iii"] + 1)}
    if framework.startswith("owasp"):
        return {f"{said[0]}{number:02d}" for number in range(1, said[1] + 1)}
    if framework == "csa-aicm":
        return {f"{domain}-{n:02d}" for domain, count in said.items() for n in range(1, count + 1)}
    return {f"AML.{ident}" for ident in said} if framework == "mitre-atlas" else set(said)


def test_the_published_lists_are_whole() -> None:
    sizes = {framework: len(_published(framework)) for framework in PUBLISHED}
    assert sizes["nist-ai-rmf"] == 72
    assert sizes["nist-ai-600-1"] == 212  # 211 and GV-4.3-001, which is printed "GV4.3--001"
    assert sizes["iso-42001"] == 38
    assert sizes["csa-aicm"] == 243
    assert sizes["mitre-atlas"] == 205


def test_every_control_is_published_once_and_says_what_it_shows(rulebook: Rulebook) -> None:
    assert {f.id for f in rulebook.frameworks} == set(PUBLISHED)
    for framework in rulebook.frameworks:
        idents = [control.id for control in framework.controls]
        assert len(set(idents)) == len(idents), framework.id
        assert set(idents) <= _published(framework.id), framework.id
        for control in framework.controls:
            assert control.shows, f"{framework.id} {control.id}"
            assert control.cannot, f"{framework.id} {control.id}"
        if framework.id in ("nist-ai-rmf", "iso-42001", "owasp-llm-2025", "owasp-agentic-2026"):
            assert set(idents) == _published(framework.id), "these are small enough to be whole"


def test_policies_map_to_controls_that_there_are(rulebook: Rulebook) -> None:
    known = {f"{f.id}:{control.id}" for f in rulebook.frameworks for control in f.controls}
    for policy in rulebook.policies:
        assert policy.controls, policy.id
        assert set(policy.controls) <= known, f"{policy.id}: {set(policy.controls) - known}"
    used = {name.partition(":")[0] for policy in rulebook.policies for name in policy.controls}
    assert used == set(PUBLISHED)


def test_only_hints_have_words_and_say_that_they_are_hints(rulebook: Rulebook) -> None:
    for framework in rulebook.frameworks:
        for control in framework.controls:
            assert bool(control.words) == control.id.startswith("Annex-III")
            assert not control.words or "hint" in control.shows
