"""Several registries that speak of one system: one entry, whose word counts, and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.registering import registry_of
from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import RegistryError
from scanner.model.facts import Asset, AssetClass
from scanner.model.registry import (
    Approved,
    Assessment,
    AssessmentStatus,
    Binding,
    BindingType,
    RegistryEntry,
    SourceId,
    Stage,
)
from scanner.reconcile.joining import join
from scanner.reconcile.reconcile import reconcile

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


def test_a_refusal_is_not_lost_behind_a_registry_that_does_not_know_of_it() -> None:
    blank = Assessment(type="impact", status=AssessmentStatus.DONE)
    refused = Assessment(type="impact", status=AssessmentStatus.DONE, result="Rejected")
    (one,), _ = join([("a", [_entry("A", _ARN, assessments=(blank,))]),
                      ("b", [_entry("B", _ARN, assessments=(refused, blank))])], {})  # fmt: skip
    assert one.assessments == (blank, refused)


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


def _repo(ident: str, name: str, **fields: object) -> RegistryEntry:
    bound = (Binding(type=BindingType.REPO, value="github.com/acme/mono"),)
    return _entry(ident, name=name, **{"bindings": bound, **fields})


def test_an_id_is_a_number_within_its_registry() -> None:
    fraud = _entry("1", name="Fraud scoring", approved=Approved(providers=("anthropic",)))
    lunch = _repo("1", "Lunch menu")
    joined, told = join([("files", []), ("risk", [fraud]), ("hr", [lunch])], {})
    assert [(e.id, e.name) for e in joined] == [("risk:1", "Fraud scoring"), ("hr:1", "Lunch menu")]
    assert joined[1].approved.providers is None
    assert [[s.id for s in entry.source_ids] for entry in joined] == [["1"], ["1"]]
    assert ["one id, and nothing else says" in text for text in told] == [True]
    joined, _ = join([("files", [fraud]), ("hr", [lunch])], {})
    assert [entry.id for entry in joined] == ["1", "hr:1"]  # one's own ids stay


def test_a_repository_of_several_systems_joins_none_of_them_by_itself() -> None:
    first, second = _repo("R-1", "Fraud scoring"), _repo("H-1", "Screening of applicants")
    assert len(join([("risk", [first]), ("hr", [second])], {})[0]) == 2
    same = _repo("H-1", "Scoring", aliases=("fraud scoring",))
    assert len(join([("risk", [first]), ("hr", [same])], {})[0]) == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [(BindingType.URI, "https://llm.corp.example/v1"),
     (BindingType.ID, "git:github.com/acme/mono"), (BindingType.ARN, "https://llm.corp.example/v1"),
     (BindingType.REPO, "github.com/acme/mono")],
)  # fmt: skip
def test_an_address_of_several_systems_joins_none_of_them_by_itself(
    kind: BindingType, value: str
) -> None:
    """Not even where both have the same number."""
    bound = (Binding(type=kind, value=value),)
    risk = _entry("7", name="Fraud scoring", bindings=bound)
    menu = _entry("7", name="Lunch menu", bindings=bound)
    joined, told = join([("risk", [risk]), ("hr", [menu])], {})
    assert [entry.id for entry in joined] == ["7", "hr:7"]
    assert "one id, and nothing else says" in told[0]
    same = _entry("H-1", name="Fraud-Scoring", bindings=bound)
    again = _entry("R-1", name="Fraud scoring", bindings=bound)
    assert len(join([("risk", [again]), ("hr", [same])], {})[0]) == 1


@pytest.mark.parametrize("how", ["name", "record", "tag", "shared"])
def test_what_says_that_two_entries_are_one_system(how: str) -> None:
    first = _entry("7", name="Reply bot", owner="ann@example.com")
    tag = Binding(type=BindingType.TAG, value="ai-registry-id=7")
    second = {
        "name": _entry("7", name="Reply-Bot"),
        "record": _entry("X", name="x", source_ids=(SourceId(registry="files", id="7"),)),
        "tag": _entry("X", name="x", bindings=(tag,)),
        "shared": _entry("7", name="x"),
    }[how]
    numbering = ("files", "cmdb") if how == "shared" else ()
    (one,), _ = join([("files", [first]), ("cmdb", [second])], {}, numbering)
    assert (one.id, one.owner) == ("7", "ann@example.com")


def test_a_client_id_joins_only_where_it_says_whose_it_is() -> None:
    for ident, count in (("12345", 2), ("github:12345", 1)):
        bound = (Binding(type=BindingType.OAUTH_APP, value=ident),)
        one, other = _entry("A", name="a", bindings=bound), _entry("B", name="b", bindings=bound)
        assert len(join([("files", [one]), ("cmdb", [other])], {})[0]) == count


def test_ones_own_tag_and_an_id_of_several_declare_nothing() -> None:
    tag = (Binding(type=BindingType.TAG, value="ai-registry-id=7"),)
    first, second = _entry("7", name="a", bindings=tag), _entry("7", name="b", bindings=tag)
    assert len(join([("files", [first]), ("cmdb", [second])], {})[0]) == 2
    two = [("files", [_entry("7", name="a")]), ("cmdb", [_entry("7", name="b")])]
    assert len(join([*two, ("hr", [_entry("9", name="c", bindings=tag)])], {})[0]) == 3


def test_what_is_tagged_with_an_id_of_two_systems_is_ambiguous(tmp_path: Path) -> None:
    for name, row in (("risk", "1,Fraud scoring"), ("hr", "1,Lunch menu")):
        (tmp_path / f"{name}.csv").write_text(f"Nr,System\n{row}\n")
    (tmp_path / "map.yaml").write_text(
        "id: map\nname: A map\nreference: https://wiki.example/x\nidentity: {id: Nr}\n"
        "fields: {name: System}\n"
    )
    (tmp_path / "shadow-ai.toml").write_text("".join(
        f'[registry.origins.{name}]\nkind = "map.yaml"\npath = "{name}.csv"\n'
        for name in ("risk", "hr")
    ))  # fmt: skip
    reading = registry_of(load(tmp_path / "shadow-ai.toml"))
    assert sorted(row.entry for row in reading.rows) == ["hr:1", "risk:1"]
    assert reading.problems == []
    tagged = Asset(id=NodeId("a"), kind="t.t", name="a", asset_class=AssetClass.AGENT,
                   tags={"ai-registry-id": "1"})  # fmt: skip
    graph = AssetGraph([(ShardId("s"), tagged, True)])
    standing = reconcile(graph, reading.entries, {}, []).standings[tagged.id]
    assert (standing.status, set(standing.candidates)) == ("ambiguous", {"hr:1", "risk:1"})


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
    (tmp_path / "shadow-ai.toml").write_text('[registry]\nshared_ids = ["cmdb"]\n')
    with pytest.raises(RegistryError, match="shared_ids: no origin `cmdb`"):
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
