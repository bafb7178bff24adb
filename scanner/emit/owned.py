"""How many have an owner, as every summary says it: the metric's number, never one of its own."""

from __future__ import annotations

from scanner.assess.owning import is_owned
from scanner.emit.document import Document
from scanner.model.base import Model


class Owned(Model, frozen=True, kw_only=True):
    yes: int
    of: int
    ask: int
    """Of those left, with somebody to ask."""
    what: str


def owned(document: Document) -> Owned:
    """Of systems; of a document without metrics, of AI assets and keys."""
    for one in document.metrics:
        if one.id == "owner_coverage" and one.of is not None:
            return Owned(yes=one.yes or 0, of=one.of, ask=one.unknown or 0, what="systems")
    marks = [is_owned(row.owners) for row in document.assets]
    return Owned(
        yes=marks.count(True), of=len(marks), ask=marks.count(None), what="AI assets and keys"
    )  # fmt: skip
