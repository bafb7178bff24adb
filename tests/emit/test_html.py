"""The page shows hostile names as text, asks nothing of any network, and says what was not read."""

from __future__ import annotations

import re

from scanner.emit.document import (
    AssetRow,
    CoverageRow,
    Document,
    EvidenceRow,
    RegistryStatus,
    ScanInfo,
)
from scanner.emit.html import render_html
from scanner.model.base import Fingerprint, NodeId
from scanner.model.finding import Finding

EVIL = "<img src=x onerror=alert(1)>\"'&"


def _document() -> Document:
    return Document(
        scan=ScanInfo(id="s", started="a", finished="b", exit_code=3, versions={}),
        coverage=(
            CoverageRow(shard=EVIL, source="t", status="denied", reason="grant it", records=0),
        ),
        assets=(
            AssetRow(
                uid=EVIL, type="asset", kind="t.t", name=EVIL, provider=EVIL,
                registry=RegistryStatus(status="unregistered"),
                evidence=(EvidenceRow(rule=EVIL, source="t", provider="p", path=EVIL, line=3),),
            ),
        ),
        edges=(),
        findings=(
            Finding(
                fingerprint=Fingerprint("v1:x"), policy="SAI-001", severity="high", risk=70,
                title=EVIL, asset=NodeId("a"), first_seen="2026-01-01", last_seen="2026-01-01",
                owner=EVIL, remedy=EVIL,
            ),
        ),
    )  # fmt: skip


def test_names_from_outside_are_text() -> None:
    page = render_html(_document())

    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert "<script" not in page


def test_nothing_is_fetched_and_the_blind_spot_is_told() -> None:
    page = render_html(_document())

    assert not re.search(r"(?:src|href)\s*=\s*['\"]?(?:https?:)?//", page)
    assert "default-src 'none'" in page
    assert "grant it" in page
    assert "0 of 1 shards were read completely" in page
