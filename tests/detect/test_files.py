"""Globs of file rules: where they match and where not."""

from __future__ import annotations

import re

import pytest

from scanner.detect.files import glob_regex


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        (".mcp.json", ".mcp.json", True),
        (".mcp.json", "a/b/.mcp.json", True),
        (".mcp.json", "a/x.mcp.json", False),
        (".cursor/rules/*.mdc", "web/.cursor/rules/a.mdc", True),
        (".cursor/rules/*.mdc", ".cursor/rules/deep/a.mdc", False),
        (".claude/commands/**/*.md", ".claude/commands/a.md", True),
        (".claude/commands/**/*.md", ".claude/commands/x/y/a.md", True),
        ("**/claude_desktop_config.json", "claude_desktop_config.json", True),
        ("*.gguf", "models/a.gguf", True),
        ("*.gguf", "models/a.gguf.txt", False),
        ("a?c.txt", "abc.txt", True),
        ("a+b(c).txt", "a+b(c).txt", True),
    ],
)
def test_globs(glob: str, path: str, expected: bool) -> None:
    assert bool(re.fullmatch(glob_regex(glob), path)) is expected
