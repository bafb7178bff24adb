"""What the documentation tells to type can be typed; the first steps are taken as they stand."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scanner.app.pipeline import EXIT_COMPLETE, EXIT_FINDINGS
from scanner.cli import cli
from tests.conftest import Repository
from tests.docs.commands import PAGES, ROOT, Shown, fences, shown

ALL = [one for page in PAGES for one in shown(page)]
FIRST_STEPS = sorted((ROOT / "docs/start").glob("*.md"))
_LOG = (
    "1795824000.123    456 10.0.0.5 TCP_TUNNEL/200 900 CONNECT api.openai.com:443 "
    "anna@example.com HIER_DIRECT/192.0.2.9 -\n"
)


def _resolved(words: tuple[str, ...]) -> tuple[click.Command, list[str]]:
    command: click.Command = cli
    context = click.Context(cli, info_name="shadow-ai")
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest[0])
        assert inner is not None, f"there is no command {rest[0]!r}"
        command, context = inner, click.Context(inner, info_name=rest.pop(0), parent=context)
    return command, rest


def test_there_are_commands() -> None:
    assert len(ALL) > 60
    assert {one.page for one in ALL} >= {"README.md", "docs/guard.md", "docs/tickets.md"}


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.page}: {one.line[:60]}")
def test_a_command_and_its_options_exist(one: Shown) -> None:
    command, rest = _resolved(one.words)
    options = {
        name for param in command.params for name in (*param.opts, *param.secondary_opts)
    } | {"-h", "--help", "--version"}
    asked = [word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"]
    if "--" in rest:
        asked = asked[: rest.index("--")]
    assert not [word for word in asked if word not in options], one.line
    if isinstance(command, click.Group) and not one.is_inline:
        assert rest, f"{one.line}: it needs a command behind it"


@pytest.fixture
def place(
    repository: Repository, made_up_key: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    assert callable(made_up_key)
    repository.write("app.py", "import openai\nopenai.OpenAI()\n")
    repository.write("settings.env", f"ANTHROPIC_API_KEY={made_up_key()}\n")
    repository.commit()
    folder = tmp_path / "work"
    folder.mkdir()
    repository.root.rename(folder / "repository")
    (folder / "access.log").write_text(_LOG * 5)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("page", FIRST_STEPS, ids=lambda page: page.stem)
def test_the_first_steps_can_be_taken(page: Path, place: Path) -> None:
    """In the order of the page, in a folder with a repository and a log."""
    for language, text in fences(page):
        if language == "toml":
            (place / "shadow-ai.toml").write_text(text)
    taken = 0
    for one in (step for step in shown(page) if not step.is_inline):
        if one.words[:2] == ("registry", "init"):
            # It drafts from what it is given, before there is a registry to name.
            (place / "registry.yaml").unlink(missing_ok=True)
        result = CliRunner().invoke(cli, list(one.words), catch_exceptions=False)
        assert result.exit_code in (EXIT_COMPLETE, EXIT_FINDINGS), (
            f"{one.line}\n{result.output}{result.stderr}"
        )
        taken += 1
    assert taken >= 7
