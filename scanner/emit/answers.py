"""Answers of the graph for a terminal and for programs."""

from __future__ import annotations

import msgspec

from scanner.emit.table import print_rows
from scanner.graph.answers import Answer
from scanner.model.base import encode

_PARTS = ("paths", "flows", "totals", "exposures", "owned", "coverage", "changes", "reasons",
          "unread", "details")  # fmt: skip


def print_answer(answer: Answer) -> None:
    print_rows(answer.header, answer.rows, title=answer.question)


def as_json_text(answer: Answer) -> bytes:
    """``question``, ``notes``, ``rows`` (a field a column), and what the question gives besides;
    fields are only ever added."""
    found: dict[str, object] = {
        "question": answer.question,
        "notes": answer.notes,
        "rows": [dict(zip(answer.header, row, strict=True)) for row in answer.rows],
    }
    for name in _PARTS:
        value = getattr(answer, name)
        if value:
            found[name] = value
    return msgspec.json.format(encode(found), indent=2) + b"\n"
