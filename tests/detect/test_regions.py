"""Comments are told from code and strings in every family."""

from __future__ import annotations

import pytest

from scanner.detect.regions import Comments


@pytest.mark.parametrize(
    ("path", "text", "inside", "outside"),
    [
        ("a.py", "x = 1  # NOTE\ny = 'CODE # no'\n", ["NOTE"], ["CODE"]),
        ("a.py", '"""NOTE\nmore"""\nx = """CODE"""\n', ["NOTE", "more"], ["CODE"]),
        ("a.py", "def f():\n    '''NOTE'''\n    return 'CODE'\n", ["NOTE"], ["CODE"]),
        ("a.ts", "// NOTE\nconst u = 'https://CODE'; /* NOTE2\n */ go()\n", ["NOTE", "NOTE2"],
         ["CODE", "go()"]),
        ("a.ts", "const t = `//CODE ${x}`\n", [], ["CODE"]),
        ("a.go", 's := "http://CODE" // NOTE\n', ["NOTE"], ["CODE"]),
        ("a.rs", "let a: &'a str = x; // NOTE\nlet b = 'c'; CODE\n", ["NOTE"], ["CODE"]),
        ("a.yaml", "a: b#CODE\n# NOTE\nc: d # NOTE2\n", ["NOTE\n", "NOTE2"], ["CODE"]),
        ("main.tf", "# NOTE\n// NOTE2\nx = \"//CODE\"\n", ["NOTE", "NOTE2"], ["CODE"]),
        ("q.sql", "-- NOTE\nselect 'CODE--'\n", ["NOTE"], ["CODE"]),
        ("Dockerfile", "# NOTE\nFROM CODE\n", ["NOTE"], ["CODE"]),
        (".env.local", "#NOTE=1\nCODE=2\n", ["NOTE"], ["CODE"]),
        ("a.html", "<!-- NOTE --><p>CODE</p>", ["NOTE"], ["CODE"]),
        ("m.bicep", "x: 'https://CODE/*'\ny: '5e0b' // NOTE\nz: CODE2\n", ["NOTE"],
         ["CODE", "CODE2"]),
        ("a.dart", "var u = 'https://CODE'; // NOTE\n", ["NOTE"], ["CODE"]),
        ("a.unknown", "# CODE\n", [], ["CODE"]),
        ("a.ts", "/* NOTE never closed", ["NOTE"], []),
    ],
)  # fmt: skip
def test_comments(path: str, text: str, inside: list[str], outside: list[str]) -> None:
    comments = Comments(path, text.encode())
    assert all(comments.covers(text.index(word)) for word in inside)
    assert not any(comments.covers(text.index(word)) for word in outside)


@pytest.mark.parametrize("unit", ['"', "'", "/*", "`", '"""', "\\", "#", "--", "<!--", '"\\'])
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    text = (unit * 200_000).encode()
    for path in ("a.py", "a.ts", "a.go", "a.sql", "a.tf", "a.html", "a.php"):
        Comments(path, text).covers(len(text) - 1)
