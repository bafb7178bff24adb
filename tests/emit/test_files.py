"""Results as files: what one of them cannot hold costs none of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.pipeline import scan
from scanner.cli.options import ad_hoc
from scanner.emit.files import write_all
from scanner.model.errors import StoreError


def test_a_file_that_cannot_be_written_leaves_the_others_and_is_told(tmp_path: Path) -> None:
    repo, out = tmp_path / "repo", tmp_path / "out"
    repo.mkdir()
    out.mkdir()
    (repo / ".mcp.json").write_text('{"mcpServers": {"x\\uffffy": {"command": "npx"}}}')
    result = scan(ad_hoc((str(repo),)), url="sqlite://")
    (out / "findings.json").mkdir()

    with pytest.raises(StoreError, match=r"findings\.json"):
        write_all(out, result.document, result.situation.graph)
    assert {path.name for path in out.iterdir() if path.is_file()} == {
        "graph.graphml", "report.html",
    }  # fmt: skip
