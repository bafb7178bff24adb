"""Which of Cortex's functions a statement's text calls, with which model. Pure.

What stands in a comment or a text is not called
(https://docs.snowflake.com/sql-reference/data-types-text: quotes, backslashes, ``$$``); names may
be quoted, and are then what they are in upper case alone
(https://docs.snowflake.com/sql-reference/identifiers-syntax). A function of somebody's own may be
called as one of Cortex's is. Nothing of what the text asks is given back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.kit.expressions import expression

Call = tuple[str, str]
"""A function's name, and the model that its call names or nothing, in lower case."""
_MOST_TEXT, _MOST_MODEL = 1 << 20, 80
_MOST_DEPTH = 3
"""Texts that are run within texts that are run."""
_HINT = expression(r"(?i)cortex|\bai_[a-z]")
_PARTS = expression(
    r"(--[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|('(?:[^'\\]+|''|\\.)*+(?:'|\\?\Z)|\$\$.*?(?:\$\$|\Z))"
    r'|"((?:[^"]|"")*)(?:"|\Z)',
    re.DOTALL,
)
"""A comment, a text, and a quoted name; a text may have been cut off anywhere."""
_NAME = expression(r"[A-Z_][A-Z0-9_$]*")
_CALL = expression(
    r"(?i)(?:\b(function|procedure|table|view|into|exists)\s+|([\w$@\"]\s*\.\s*))?"
    r"(?:\bsnowflake\s*\.\s*cortex\s*\.\s*([a-z][a-z0-9_]{2,39})"
    r"|\b(ai_(?:complete|classify|filter|agg|embed|extract|sentiment|similarity|summarize_agg"
    r"|transcribe|translate|parse_document|redact)))"
    r"\s*\(\s*(?:model\s*=>\s*)?(?:'(\d+)'\s*,)?"
)
"""https://docs.snowflake.com/user-guide/snowflake-cortex/aisql; the first argument of some is the
model. After a dot it is another schema's, after a noun it is made or filled, not called."""
_MODEL = expression(r"[a-z0-9]+(?:[._/-][a-z0-9]+)+")
_RUN = expression(r"(?i)\bexecute\s+immediate\s+(?:from\s+)?'(\d+)'")
_MADE = expression(
    r"(?i)\s*create\s[^;'(]{0,200}?\b(?:function|procedure)\s+(?:if\s+not\s+exists\s+)?"
    r"([\w$.\" ]{1,300}?)\s*\([^;]{0,20000}?\bas\s+'(\d+)'"
)
_CODE = expression(r"(?i)\blanguage\s+(?:python|javascript|java|scala)\b")


def calls(text: str) -> tuple[frozenset[Call], frozenset[Call], str]:
    """Those that running the text calls, those that the body of a function or procedure that it
    makes would call, and the name of that as it is written there."""
    if not _HINT.search(text[:_MOST_TEXT]):
        return frozenset(), frozenset(), ""
    plain, texts = _plain(text[:_MOST_TEXT])
    made = _MADE.match(plain)
    body: Iterator[Call] = iter(())
    if made:
        # Code of another language holds its statements as texts.
        code = texts[int(made[2])]
        body = _run(code.replace('"', " ") if _CODE.search(made[0]) else code, _MOST_DEPTH)
    name = made[1].replace(" ", "") if made and '"' not in made[1] else ""
    return frozenset(_of(plain, texts, _MOST_DEPTH)), frozenset(body), name


def _run(text: str, depth: int) -> Iterator[Call]:
    plain, texts = _plain(text)
    yield from _of(plain, texts, depth)


def _of(plain: str, texts: list[str], depth: int) -> Iterator[Call]:
    for hit in _CALL.finditer(plain):
        if hit[1] or hit[2]:
            continue
        model = texts[int(hit[5])].casefold() if hit[5] else ""
        is_model = len(model) <= _MOST_MODEL and _MODEL.fullmatch(model)
        yield (hit[3] or hit[4]).casefold(), model if is_model else ""
    for hit in _RUN.finditer(plain) if depth else ():
        yield from _run(texts[int(hit[1])], depth - 1)


def _plain(text: str) -> tuple[str, list[str]]:
    """Without its comments, with a number for each text that stands in it, and the texts."""
    texts: list[str] = []

    def shown(part: re.Match[str]) -> str:
        if part[1] is not None:
            return " "
        if part[2] is not None:
            texts.append(_inner(part[2]))
            return f"'{len(texts) - 1}'"
        return part[3] if _NAME.fullmatch(part[3]) else '"x"'

    return _PARTS.sub(shown, text), texts


def _inner(text: str) -> str:
    if text.startswith("$$"):
        return text.removeprefix("$$").removesuffix("$$")
    return text[1:].removesuffix("'").replace("''", "'").replace("\\'", "'")
