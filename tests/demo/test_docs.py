"""What the pages of the documentation tell to type is typed, over the demo's company."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.app.pipeline import EXIT_COMPLETE, EXIT_FINDINGS, EXIT_INCOMPLETE
from scanner.cli import cli
from tests.demo.conftest import KEY
from tests.docs.commands import PAGES, Shown, shown
from tests.reconcile.test_mapped import MADE_UP as INVENTORY

HERE = {"path/to/repository": "support-portal", "/var/log/squid/access.log": "access.log"}
"""What a reader has elsewhere."""
ELSEWHERE = ("docs/start/",)
"""Pages whose steps `tests/docs` takes."""
STEPS = [
    (page.stem, steps)
    for page in PAGES
    if (steps := [one for one in shown(page) if not one.is_inline])
    and not steps[0].page.startswith(ELSEWHERE)
]
_LOG = (
    "1795824000.123    456 10.0.0.5 TCP_TUNNEL/200 900 CONNECT api.openai.com:443 "
    "anna@example.com HIER_DIRECT/192.0.2.9 -\n"
)


@pytest.fixture
def place(company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    shutil.copytree(company, folder)
    shutil.copy(folder / "shadow-ai.sqlite", folder / "team.sqlite")
    rows = "".join(INVENTORY.splitlines(keepends=True)[:2])
    (folder / "us-federal-ai-use-cases-2025.csv").write_text(rows)
    (folder / "exports").mkdir()
    for log in (folder / "access.log", folder / "exports/proxy.log"):
        log.write_text(_LOG * 5)
    monkeypatch.chdir(folder)
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    return folder


@pytest.mark.parametrize(("page", "steps"), STEPS, ids=[page for page, _ in STEPS])
def test_what_a_page_shows_can_be_done(page: str, steps: list[Shown], place: Path) -> None:
    """In the order of the page. Sources of the company are away, which a scan tells by its code."""
    for one in steps:
        words = [HERE.get(word, word) for word in one.words]
        done = CliRunner().invoke(cli, words, catch_exceptions=False)
        codes = [EXIT_COMPLETE, EXIT_FINDINGS]
        if words[0] == "scan" and "support-portal" not in words:
            codes.append(EXIT_INCOMPLETE)
        assert done.exit_code in codes, f"{one.line}\n{done.output}{done.stderr}"
        assert done.output.strip() or one.words[:2] == ("guard", "--receive"), one.line


def test_there_are_such_pages() -> None:
    assert {page for page, _ in STEPS} >= {
        "README", "formats", "governance", "graph", "guard", "registries", "report"
    }  # fmt: skip
    assert sum(len(steps) for _, steps in STEPS) > 35
