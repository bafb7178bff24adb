"""Brackets and strings of languages that are read, never run (``setup.py``, ``Package.swift``,
``mix.exs``): linear, bounded, good enough for lists of literals."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.kit.expressions import expression

_TOKEN = expression(
    rb"\"\"\"|'''|\"(?:[^\"\\\n]|\\.){0,2000}\"|'(?:[^'\\\n]|\\.){0,2000}'|#[^\n]*|//[^\n]*"
    rb"|[\[({]|[\])}]"
)
_QUOTED = expression(rb"\"((?:[^\"\\\n]|\\.){0,500})\"|'((?:[^'\\\n]|\\.){0,500})'|(?:#|//)[^\n]*")


def bracketed(data: bytes, start: int, most: int) -> int:
    """End of the bracket that opens at ``start``, at most ``most`` bytes behind it."""
    depth = 0
    end = min(len(data), start + most)
    for token in _TOKEN.finditer(data, start, end):
        if token[0] in (b"[", b"(", b"{"):
            depth += 1
        elif token[0] in (b"]", b")", b"}"):
            depth -= 1
            if depth <= 0:
                return token.end()
    return end


def quoted(data: bytes, start: int, end: int) -> Iterator[tuple[int, str]]:
    """(offset behind the quote, text) of each string literal; comments are passed over."""
    for found in _QUOTED.finditer(data, start, end):
        group = 1 if found[1] is not None else 2
        if found[group]:
            yield found.start(group), found[group].decode("utf-8", "replace")
