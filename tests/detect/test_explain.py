"""Each thing in a file says why it was or was not reported, and shows no secret."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from scanner.cli.rules import command
from scanner.detect.engine import Detector
from scanner.detect.explain import explain
from scanner.rulebook.examples import expand


def _rows(detector: Detector, text: str, path: str = "app.py") -> dict[int, tuple[str, str]]:
    return {row.line: (row.verdict, row.why) for row in explain(detector, text.encode(), path)}


def test_every_verdict_has_its_reason(detector: Detector) -> None:
    key = expand("sk-ant-api03-{b64url:93}AA", "explain")
    rows = _rows(
        detector,
        f'import openai\nA = "{key}"\nB = "sk-ant-api03-abc"\nC = "sk-ant-api03-{"Ab1" * 31}AA"\n'
        f'D = "{expand("{hex:32}", "x")}"\n# https://api.openai.com\n',
    )

    assert rows[1] == ("reported", "imports openai, a package of OpenAI")
    assert rows[2][0] == "reported"
    assert rows[3][0] == "refused"
    assert "not of that format" in rows[3][1]
    assert rows[4][0] == "refused"
    assert 5 not in rows
    assert rows[6][0] == "mentioned"
    assert "in a comment, so low instead of high" in rows[6][1]
    assert key not in str(rows)


def test_the_path_decides_the_setting(detector: Detector) -> None:
    assert _rows(detector, "import openai\n", "src/a.py")[1][0] == "reported"
    verdict, why = _rows(detector, "import openai\n", "tests/test_a.py")[1]
    assert verdict == "mentioned"
    assert "in a test" in why


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("import openai\n")

    def run(*args: str) -> str:
        return CliRunner().invoke(command, args).output

    (row,) = json.loads(run("explain", str(file), "--json"))
    assert (row["verdict"], row["rule"]) == ("reported", "openai-import")
    (row,) = json.loads(run("explain", str(file), "--as", "docs/a.py", "--json"))
    assert row["verdict"] == "mentioned"
    file.write_text("nothing\n")
    assert "nothing in it" in run("explain", str(file))
