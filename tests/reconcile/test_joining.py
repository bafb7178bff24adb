"""Several registries that speak of one system: one entry, whose word counts, and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.registering import registry_of
from scanner.model.errors import RegistryError
from scanner.model.registry import (
    Approved,
    Assessment,
    AssessmentStatus,
    Binding,
    BindingType,
    RegistryEntry,
    Stage,
)
from scanner.reconcile.joining import join

_ARN = "arn:aws:lambda:eu-west-1:1:function:reply"


def _entry(ident: str, *values: str, **fields: object) -> RegistryEntry:
    bindings = tuple(Binding(type=BindingType.ARN, value=value) for value in values)
    return RegistryEntry(**{"id": ident, "name": ident, "bindings": bindings, **fields})  # type: ignore[arg-type]


def test_one_key_makes_one_entry_and_precedence_counts_by_field() -> None:
    cmdb = _entry("C-1", f"{_ARN}:live", name="Reply bot", owner="bo@example.com",
                  approved=Approved(regions=("eu-west-1",)))  # fmt: skip
    done = (Assessment(type="impact", status=AssessmentStatus.DONE),)
    catalog = _entry("B-1", _ARN, name="reply", owner="ann@example.com", stage=Stage.PILOT,
                     assessments=done)  # fmt: skip
    other = _entry("B-2", "arn:aws:lambda:eu-west-1:1:function:other")

    joined, told = join([("cmdb", [cmdb]), ("catalog", [catalog, other])],
                        {"owner": ("catalog",)})  # fmt: skip

    assert [entry.id for entry in joined] == ["C-1", "B-2"]
    one = joined[0]
    assert (one.name, one.owner, one.stage) == ("Reply bot", "ann@example.com", Stage.PILOT)
    assert one.provenance["owner"] == "catalog"
    assert one.provenance["approved.regions"] == "cmdb"
    assert one.aliases == ("reply",)
    assert one.assessments[0].status is AssessmentStatus.DONE
    assert [s.id for s in one.source_ids] == ["B-1"]
    assert any("owner: cmdb says bo@example.com, catalog says ann@example.com" in t for t in told)
    assert any(t.startswith("C-1: name:") for t in told)


def test_what_a_registry_leaves_blank_is_not_a_contradiction() -> None:
    first = _entry("A", _ARN, name="x")
    second = _entry("B", _ARN, name="x", owner="ann@example.com", personal_data=False)
    (one,), told = join([("a", [first]), ("b", [second])], {"owner": ("a", "b")})
    assert (one.owner, one.personal_data) == ("ann@example.com", False)
    assert told == []


def test_two_of_one_registry_are_never_joined() -> None:
    twins = [_entry("A", _ARN), _entry("B", _ARN)]
    joined, _ = join([("a", twins)], {})
    assert len(joined) == 2
    joined, _ = join([("a", twins), ("b", [_entry("C", _ARN)])], {})
    assert sorted(entry.id for entry in joined) == ["A", "B"]


def test_ids_alone_do_not_join_and_names_never_do() -> None:
    joined, _ = join([("a", [_entry("A", name="Chat")]), ("b", [_entry("B", name="Chat")])], {})
    assert len(joined) == 2


def test_a_configuration_joins_files_tables_and_folders(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "- {id: AIR-1, name: Reply, owner: ann@example.com,"
        f" bindings: [{{type: arn, value: '{_ARN}'}}]}}\n"
    )
    card = tmp_path / "cards/reply/README.md"
    card.parent.mkdir(parents=True)
    card.write_text(
        "---\nmodel_name: Reply model\nowner: bo@example.com\nstage: production\n"
        f"arn: {_ARN}\n---\n# x\n"
    )
    (tmp_path / "cards/README.md").write_text("---\ntitle: docs\n---\n")
    (tmp_path / "cards/link").symlink_to("/etc")
    (tmp_path / "shadow-ai.toml").write_text(
        '[registry]\nfiles = ["own.yaml"]\nprecedence = {owner = ["cards"]}\n'
        '[registry.origins.cards]\nkind = "model-cards"\npath = "cards"\n'
    )

    reading = registry_of(load(tmp_path / "shadow-ai.toml"))

    (entry,) = reading.entries
    assert (entry.id, entry.owner, entry.stage) == ("AIR-1", "bo@example.com", Stage.PRODUCTION)
    assert [row.verdict for row in reading.rows].count("left_out") == 1
    assert reading.contradictions


def test_a_precedence_that_names_no_origin_is_told(tmp_path: Path) -> None:
    (tmp_path / "shadow-ai.toml").write_text('[registry]\nprecedence = {owner = ["cmdb"]}\n')
    with pytest.raises(RegistryError, match="no origin `cmdb`; there are files"):
        registry_of(load(tmp_path / "shadow-ai.toml"))
    (tmp_path / "shadow-ai.toml").write_text('[registry.origins.x]\nkind = "model-cards"\n')
    with pytest.raises(RegistryError, match="path is needed"):
        registry_of(load(tmp_path / "shadow-ai.toml"))


@pytest.mark.parametrize(
    ("kind", "name", "text", "expected"),
    [
        ("agent-cards", ".well-known/agent.json",
         '{"name": "Helper", "url": "https://a.example/x", "provider": {"organization": "Acme"}}',
         ("agent/https://a.example/x", "Helper", "Acme")),
        ("catalog-info", "bot/catalog-info.yaml",
         "kind: Component\nmetadata: {name: bot}\nspec: {type: ai-agent, owner: care}\n---\n"
         "kind: Component\nmetadata: {name: web}\nspec: {type: website}\n",
         ("catalog/component/bot", "bot", "care")),
    ],
)  # fmt: skip
def test_cards_and_catalog_files_in_a_clone(
    tmp_path: Path, kind: str, name: str, text: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / "clone" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    (tmp_path / "clone/.git").mkdir()
    (tmp_path / "clone/.git" / path.name).write_text(text)
    (tmp_path / "shadow-ai.toml").write_text(
        f'[registry.origins.clone]\nkind = "{kind}"\npath = "clone"\n'
    )
    (entry,) = registry_of(load(tmp_path / "shadow-ai.toml")).entries
    assert (entry.id, entry.name, entry.owner) == expected


def test_a_broken_card_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    for number, text in enumerate(('{"name": "A", "url": "https://a"}', "{broken")):
        path = tmp_path / f"clone/{number}/agent.json"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (tmp_path / "shadow-ai.toml").write_text(
        '[registry.origins.clone]\nkind = "agent-cards"\npath = "clone"\n'
    )
    reading = registry_of(load(tmp_path / "shadow-ai.toml"))
    assert [entry.name for entry in reading.entries] == ["A"]
    assert reading.problems[0].startswith("1/agent.json: not valid JSON")
