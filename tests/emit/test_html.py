"""The page shows hostile names as text, asks nothing of any network, and says what was not read."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from scanner.emit.document import (
    AssetRow,
    CoverageRow,
    Document,
    EvidenceRow,
    RegistryStatus,
    ScanInfo,
)
from scanner.emit.html import render_html
from scanner.emit.picture import draw
from scanner.model.base import Fingerprint, NodeId
from scanner.model.finding import Finding
from tests.graph.worlds import HOSTILE, asset, company

LIBRARY = "71fa9ebec21a7ca2c40cff6aacc30d1f6464e363662ad4b2c197e1adc770cd94"
EVIL = "<img src=x onerror=alert(1)>\"'&"


def _document(evil: str = EVIL) -> Document:
    return Document(
        scan=ScanInfo(id="s", started="a", finished="b", exit_code=3, versions={}),
        coverage=(
            CoverageRow(shard=evil, source="t", status="denied", reason="grant it", records=0),
        ),
        assets=(
            AssetRow(
                uid=evil, type="asset", kind="t.t", name=evil, provider=evil,
                registry=RegistryStatus(status="unregistered"),
                evidence=(EvidenceRow(rule=evil, source="t", provider="p", path=evil, line=3),),
            ),
        ),
        edges=(),
        findings=(
            Finding(
                fingerprint=Fingerprint("v1:x"), policy="SAI-001", severity="high", risk=70,
                title=evil, asset=NodeId("a"), first_seen="2026-01-01", last_seen="2026-01-01",
                owner=evil, remedy=evil,
            ),
        ),
    )  # fmt: skip


def test_names_from_outside_are_text() -> None:
    page = render_html(_document("</script><img src=x onerror=alert(1)>\"'&"))

    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert page.count("<script") == page.count("</script") == 2  # the rows, and the page's own


def test_the_policy_names_what_stands_in_the_page_and_no_more() -> None:
    page = render_html(_document(), draw(company(asset(EVIL, name=HOSTILE))))
    said = re.search(r'Content-Security-Policy\' content="([^"]+)"', page)

    assert said is not None
    for tag in ("script", "style"):
        texts = re.findall(rf"<{tag}(?: id='[^']*')?>(.*?)</{tag}>", page, re.DOTALL)
        marks = [b64encode(sha256(text.encode()).digest()).decode() for text in texts]
        assert f"{tag}-src " + " ".join(f"'sha256-{mark}'" for mark in marks) in said[1]
    assert "unsafe" not in said[1]
    own = render_html(_document("plain")).split("<body>")[1].split("<script")[0]
    assert not re.search(r" (?:style|on\w+)=", own)


def test_the_library_is_the_published_one_with_its_licence() -> None:
    folder = files("scanner.emit") / "web"

    assert "Permission is hereby granted" in (folder / "cytoscape.LICENSE").read_text("utf-8")
    library = (folder / "cytoscape-3.35.0.min.js").read_bytes()
    assert sha256(library).hexdigest() == LIBRARY


def test_nothing_is_fetched_and_the_blind_spot_is_told() -> None:
    page = render_html(_document())

    assert not re.search(r"(?:src|href)\s*=\s*['\"]?(?:https?:)?//", page)
    assert "default-src 'none'" in page
    assert "grant it" in page
    assert "0 of 1 shards were read completely" in page
