"""Every threat names its test, and every test that is named is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", PAGE)))
ROWS = [
    line for line in PAGE.splitlines()
    if line.startswith("|") and not re.match(r"\| (?:---|what could happen)", line)
]  # fmt: skip
WHO = ("repository", "log", "API", "registry", "plug-in", "report", "user", "network", "supply")


@cache
def _tests(path: str) -> frozenset[str]:
    """Functions that pytest collects."""
    tree = ast.parse((HOUSE / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    assert name in _tests(path)


def test_every_threat_names_one() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if not re.search(r"\| `tests/[^|]*\|$", row)] == []


def test_everybody_has_a_part() -> None:
    titles = " ".join(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))
    assert [who for who in WHO if who not in titles] == []
