"""Every kind of tracker from its table, with the settings of docs/tickets.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.config import load
from scanner.app.trackers import KINDS, targets
from scanner.model.errors import ConfigError

DOCS = Path(__file__).parents[2] / "docs" / "tickets.md"
TABLES = {
    "azure_boards": 'organization = "acme"\nproject = "AI"',
    "file": 'folder = "out"',
    "github": 'repository = "acme/ai"',
    "gitlab": 'project = "acme/ai"',
    "jira": 'url = "https://acme.example"\nproject = "SEC"',
    "kafka": 'servers = "127.0.0.1:9"\ntopic = "findings"',
    "linear": 'team = "SEC"',
    "pagerduty": "",
    "servicenow": 'url = "https://acme.example"\nuser_env = "MADE_UP_USER"',
    "sns": 'topic = "arn:aws:sns:eu-west-1:123456789012:findings"',
    "sqs": 'queue = "https://sqs.example/1/findings"\nregion = "eu-west-1"',
    "webhook": 'url = "https://acme.example/hook"',
}
SECRET = "made-up-secret-of-a-test"


def _targets(folder: Path, kind: str, more: str = "", *, is_set: bool = True) -> object:
    path = folder / "shadow-ai.toml"
    path.write_text(f"[tickets.{kind}]\n{TABLES[kind]}\n{more}\n")
    environ = {"MADE_UP_USER": "ada"}
    if is_set and KINDS[kind].token_env:
        environ[KINDS[kind].token_env] = SECRET
    return targets(load(path), environ)


def test_every_kind_is_known_here_and_in_the_documentation() -> None:
    assert TABLES.keys() == KINDS.keys()
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    for kind, one in KINDS.items():
        (row,) = [line for line in rows if f"`{kind}`" in line.split("|")[1]]
        assert one.token_env in row
        needed = [line.split(" = ")[0] for line in TABLES[kind].splitlines() if line]
        for name in needed:
            assert f"`{name}`" in row, (kind, name)


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_a_table_becomes_a_tracker(tmp_path: Path, kind: str) -> None:
    (target,) = _targets(tmp_path, kind, 'filter = { severity = "high" }\nmost_new = 3')
    assert (target.name, target.most_new) == (kind, 3)
    assert target.routing.filter.severity == "high"


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_what_nobody_knows_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConfigError, match="no_such_setting"):
        _targets(tmp_path, kind, "no_such_setting = 1")


@pytest.mark.parametrize("kind", sorted(k for k, one in KINDS.items() if one.token_env))
def test_a_token_that_is_not_set_is_told_by_its_variable(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConfigError, match=KINDS[kind].token_env):
        _targets(tmp_path, kind, is_set=False)


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_a_token_in_the_file_is_refused(tmp_path: Path, kind: str) -> None:
    for name in ("token", "password", "secret", "routing_key"):
        with pytest.raises(ConfigError):
            _targets(tmp_path, kind, f'{name} = "{SECRET}"')


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        ("github", "days = { hgih = 3, critical = 2 }", "no severity hgih"),
        ("github", "days = { critical = -5 }", "-5|>= 0"),
        ("github", 'title = "{severty}: {title}"', r"no \{severty\}"),
        ("github", "most_new = -3", ">= 0"),
        ("github", 'filter = { since = "2026-13-45" }', "2026-13-45"),
        ("github", 'filter = { severity = "hihg" }', "hihg"),
        ("jira", 'priorities = { hgih = "P1" }', "no severity hgih"),
        ("azure_boards", "priorities = { hgih = 1 }", "no severity hgih"),
        ("servicenow", 'urgency = { hgih = "1" }', "no severity hgih"),
        ("servicenow", 'impact = { hgih = "1" }', "no severity hgih"),
    ],
)
def test_what_is_written_wrong_is_told(tmp_path: Path, kind: str, line: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        _targets(tmp_path, kind, line)


def test_a_title_may_hold_braces_of_words_that_there_are(tmp_path: Path) -> None:
    line = 'title = "{policy} {owner} {provider} {risk} {severity} {title}"\ndays = { info = 9 }'
    (target,) = _targets(tmp_path, "github", line)
    assert target.routing.days == {"info": 9}
