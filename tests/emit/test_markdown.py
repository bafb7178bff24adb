"""The report read by a Markdown parser: tables are whole, and nothing from outside is more than
text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scanner.emit.formats.markdown import code
from tests.emit.estates import ESTATE, ESTATES, EVIL, HOSTILE
from tests.emit.test_formats import bytes_of

_QUIET = {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
_PARSER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


def _inline(text: str) -> list[Token]:
    return [child for token in _PARSER.parse(text) for child in token.children or ()]


@pytest.mark.parametrize("estate", ESTATES)
def test_nothing_but_text_and_code(estate: str) -> None:
    tokens = _PARSER.parse(bytes_of("markdown", ESTATES[estate]).decode())

    assert {child.type for token in tokens for child in token.children or ()} <= _QUIET
    assert "html_block" not in {token.type for token in tokens}


def test_tables_hold_a_row_a_finding_and_every_row_all_cells() -> None:
    for document in (ESTATE, EVIL):
        text = bytes_of("markdown", document).decode()
        tokens = [token.type for token in _PARSER.parse(text)]
        shown = sum(finding.status.is_open for finding in document.findings)
        unread = 1
        assert tokens.count("tr_open") == 3 + shown + len(document.assets) + unread
        assert tokens.count("td_open") == 8 * shown + 7 * len(document.assets) + 3 * unread
        assert tokens.count("th_open") == 8 + 7 + 3


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["", "x | y", "`"]))
def test_any_text_is_one_code_span(text: str, more: str) -> None:
    made = code(text + more)

    kinds = [token.type for token in _inline(f"before {made} after")]
    assert kinds in (["text"], ["text", "code_inline", "text"])
    row = _PARSER.parse(f"| a | b |\n| --- | --- |\n| {made} | end |\n")
    assert [token.type for token in row].count("td_open") == 2


def test_a_mention_stands_in_code_alone() -> None:
    loose = [
        child.content
        for child in _inline(bytes_of("markdown", EVIL).decode())
        if child.type == "text"
    ]
    assert not [text for text in loose if "@" in text or "evil" in text]
    assert HOSTILE.count("@")
