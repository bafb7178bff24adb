"""Hits weighed by what stands around them: a list to choose from, a comment, a program's output, a
permission that is refused. Keys are keys wherever they stand.
"""

from __future__ import annotations

import msgspec

from scanner.detect.regions import Comments
from scanner.detect.settings import is_generated
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import Hit, HitKind

_LONG_LINE = 2000
_MOST_CHOSEN = 4
"""Vendors whose models one file may choose from."""
_SWITCHED_OFF = frozenset(HitKind) - {HitKind.CREDENTIAL, HitKind.FILE, HitKind.NAME}


def in_context(path: str, data: bytes, hits: list[Hit]) -> list[Hit]:
    """Those of ``hits`` that count, with their setting in the file."""
    hits = [hit for hit in _without_lists(hits) if not _is_denied(data, hit)]
    return _switched_off(data, hits, Comments(path, data), bool(hits) and is_generated(data))


def _without_lists(hits: list[Hit]) -> list[Hit]:
    """A file that names models of many vendors is a list to choose from, not a choice."""
    vendors = {hit.provider for hit in hits if hit.kind is HitKind.MODEL}
    if len(vendors) <= _MOST_CHOSEN:
        return hits
    return [
        msgspec.structs.replace(hit, confidence=Confidence.LOW)
        if hit.kind is HitKind.MODEL
        else hit
        for hit in hits
    ]


def _switched_off(
    data: bytes, hits: list[Hit], comments: Comments, written_by_program: bool
) -> list[Hit]:
    """What stands in a comment is explained, not used; a key there is a key all the same."""
    found: list[Hit] = []
    for hit in hits:
        context = hit.context
        if context is None and hit.kind in _SWITCHED_OFF:
            if written_by_program or _is_long_line(data, hit.start):
                context = Setting.GENERATED
            elif comments.covers(hit.start):
                context = Setting.COMMENT
        same = context is hit.context
        found.append(hit if same else msgspec.structs.replace(hit, context=context))
    return found


_DENY = expression(
    rb"(?i)[\"']?effect[\"']?\s{0,8}[:=]\s{0,8}(?:\w{1,20}\.){0,3}[\"']?(allow|deny)"
)


def _is_denied(data: bytes, hit: Hit) -> bool:
    """A permission that a policy refuses: the nearest effect in its statement says so."""
    if hit.kind is not HitKind.IDENTIFIER or ":" not in hit.label:
        return False
    before = list(_DENY.finditer(data, max(0, hit.start - 600), hit.start))
    after = _DENY.search(data, hit.end, hit.end + 300)
    if before and b"}" not in data[before[-1].end() : hit.start]:
        return before[-1][1].lower() == b"deny"
    if after and b"{" not in data[hit.end : after.start()]:
        return after[1].lower() == b"deny"
    return False


def _is_long_line(data: bytes, at: int) -> bool:
    """Bundles, dumps and embedded documents have lines that nobody writes."""
    start = data.rfind(b"\n", max(0, at - _LONG_LINE), at)
    if start < 0 and at > _LONG_LINE:
        return True
    end = data.find(b"\n", at, at + _LONG_LINE)
    return (len(data) if end < 0 else end) - max(start, 0) > _LONG_LINE
