"""Files that people write: what is wrong, where, and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.model.errors import ConfigError, RuleError
from scanner.rulebook.load import load as load_rules


def _config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "shadow-ai.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[scan\nworkers = 1\n", r"shadow-ai\.toml:1:6: not valid TOML"),
        (
            "[scan]\nworkers = 2\nworker = 1\n",
            r":3:1: unknown key `worker`; did you mean `workers`",
        ),
        ("[scann]\n", r"unknown key `scann`; did you mean `scan`"),
        ('[scan]\nworkers = "four"\n', r":2:1: Expected `int`, got `str` \(at scan\.workers\)"),
        ("[zzz]\n", r"known keys: notify, registry, rules, run, scan, schedule, sources, store"),
    ],
)
def test_a_wrong_configuration_names_file_line_and_nearest_key(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        load(_config(tmp_path, text))


def _rules(tmp_path: Path, text: str, name: str = "acme") -> Path:
    folder = tmp_path / "rules" / "providers"
    folder.mkdir(parents=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "rules"


_ACME = "id: acme\nname: Acme\ncategory: llm_api\nhomepage: https://acme.example\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_ACME, r"missing required field `as_of`"),
        (_ACME + 'as_of: "2026-01-01"\nhosst: []\n', r":6:1: unknown key `hosst`; did you mean"),
        (
            _ACME + 'as_of: "2026-01-01"\nkeys: [{id: x, nmae: y}]\n',
            r":6:16: .*did you mean `name`",
        ),
        (_ACME.replace("llm_api", "llm") + 'as_of: "2026-01-01"\n', r":3:1: Invalid enum value"),
        (_ACME.replace("id: acme", "id: other") + 'as_of: "2026-01-01"\n', r"must be the file's"),
        ("id: &a [*a]\n", r"acme\.yaml"),
        ("? [a, b]\n: 1\n", r"not valid YAML"),
    ],
)
def test_a_wrong_rule_file_names_file_line_and_nearest_key(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(RuleError, match=expected):
        load_rules(extra=[_rules(tmp_path, text)])


def test_a_users_own_rule_stands_beside_the_bundled_ones(tmp_path: Path) -> None:
    rules = load_rules(extra=[_rules(tmp_path, _ACME + 'as_of: "2026-01-01"\n')])

    assert "acme" in rules.by_id
    assert "anthropic" in rules.by_id
    assert rules.digest != load_rules().digest


def test_a_provider_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = _ACME.replace("id: acme", "id: anthropic") + 'as_of: "2026-01-01"\n'

    with pytest.raises(RuleError, match="provider anthropic stands already in"):
        load_rules(extra=[_rules(tmp_path, text, "anthropic")])
