"""Registry files as people write them: every refusal names the place and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scanner.model.errors import RegistryError
from scanner.model.registry import BindingType, RegistryEntry, Stage
from scanner.reconcile import inventory
from scanner.reconcile.proposing import Found, propose


def _file(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_and_csv_give_the_same_entry(tmp_path: Path) -> None:
    one = _file(
        tmp_path,
        "a.yaml",
        "entries:\n  - id: A-1\n    name: Bot\n    owner: o@example.com\n    stage: pilot\n"
        "    approved: {providers: [openai], regions: [eu-west-1]}\n"
        "    bindings: [{type: repo, value: github.com/acme/bot}]\n",
    )
    two = _file(
        tmp_path,
        "b.csv",
        "ID,System,Owner Email,Stage,Vendor,Region,Bindings,Cost Centre\n"
        "A-2,Bot,o@example.com,Pilot,openai,eu-west-1,repo=github.com/acme/bot,4711\n",
    )

    (first,) = inventory.read([one]).entries
    (second,) = inventory.read([two]).entries

    assert (first.name, first.owner, first.stage) == ("Bot", "o@example.com", Stage.PILOT)
    assert first.approved == second.approved
    assert first.bindings == second.bindings
    assert first.bindings[0].type is BindingType.REPO
    assert second.extensions == {"cost_centre": "4711"}
    assert second.source.endswith("b.csv:2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("entries:\n  - id: [unclosed\n", r"r\.yaml:\d+:\d+: not valid YAML"),
        ("entries:\n  - id: a\n    id: b\n    name: c\n", r"r\.yaml:3:5: .*stands twice"),
        ("just text\n", r"expected a list of entries"),
        ("entrees: []\n", r"expected a list of entries|unknown key"),
        ("entries: []\nother: 1\n", r"unknown key `other` at the top"),
    ],
)
def test_a_broken_yaml_file_stops_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(RegistryError, match=expected):
        inventory.read([_file(tmp_path, "r.yaml", text)])


def test_a_wrong_row_is_refused_with_line_and_nearest_key_and_the_rest_is_used(
    tmp_path: Path,
) -> None:
    path = _file(
        tmp_path,
        "r.yaml",
        "- id: A-1\n  name: Good\n- id: A-2\n  name: Bad\n  ownr: x\n"
        "- id: A-3\n  name: Worse\n  stage: someday\n- id: A-1\n  name: Twin\n",
    )

    reading = inventory.read([path])

    assert [entry.name for entry in reading.entries] == ["Good"]
    assert reading.problems[0].endswith("unknown key `ownr`; did you mean `owner`? (at 1.ownr)")
    assert ":5:3:" in reading.problems[0]
    assert ":8:3:" in reading.problems[1]
    assert "id `A-1` stands already at" in reading.problems[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no header row"),
        ("id,title2\n", "no column `name`"),
        ('id,name\nA-1,"unclosed\n', r"not valid CSV"),
        ("id,name,name\n", "stands twice"),
    ],
)
def test_a_broken_csv_file_stops_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(RegistryError, match=expected):
        inventory.read([_file(tmp_path, "r.csv", text)])


def test_wrong_csv_rows_are_told_by_line(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        "r.csv",
        "id,name,stage,bindings\nA-1,Good,,\nA-2,Bad\nA-3,Bad,someday,\nA-4,Bad,,nonsense\n,No,,\n",
    )

    reading = inventory.read([path])

    assert [entry.id for entry in reading.entries] == ["A-1"]
    assert [problem.partition(": ")[0][-2:] for problem in reading.problems] == [
        ":3", ":4", ":5", ":6",
    ]  # fmt: skip


def test_a_missing_or_binary_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"id,name\n1,caf\xe9\n")

    with pytest.raises(RegistryError, match="cannot be read"):
        inventory.read([tmp_path / "none.yaml"])
    with pytest.raises(RegistryError, match="not UTF-8"):
        inventory.read([tmp_path / "latin.csv"])


def test_drafted_entries_read_back(tmp_path: Path) -> None:
    found = Found(binding="git:github.com/a/b", binding_type="repo", name="a/b", owner="o@x.y",
                  providers={"openai"})  # fmt: skip
    known = RegistryEntry(id="AIR-0041", name="other")
    drafts = propose([found], [known])

    path = _file(tmp_path, "draft.yaml", yaml.safe_dump({"entries": drafts}))
    (entry,) = inventory.read([path]).entries

    assert entry.approved.providers == ("openai",)
    assert entry.id == "AIR-0042"
