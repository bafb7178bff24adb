"""The document as text: in pieces it is what it is in one, at every number of rows."""

from __future__ import annotations

import msgspec
import pytest

from scanner.emit import document
from scanner.emit.document import AssetRow, CoverageRow, Document, RegistryStatus, ScanInfo, chunks
from scanner.model.base import encode

SCAN = ScanInfo(id="1", started="", finished="", exit_code=0, versions={"rules": "x", "a": "y"})
HOSTILE = 'a\nb"\\u2028\u2028]\n}{[,\x00'


def _of(assets: int, warnings: tuple[str, ...] = ()) -> Document:
    rows = tuple(
        AssetRow(
            uid=f"made:{number}", type="asset", kind="k", name=HOSTILE, provider="p",
            tags={"note": HOSTILE} if number % 2 else {}, models=("m", "n"),
            registry=RegistryStatus(status="unregistered"),
        )
        for number in range(assets)
    )  # fmt: skip
    coverage = (CoverageRow(shard="s", source="x", status="complete", reason="", records=1),)
    return Document(
        scan=SCAN, coverage=coverage, assets=rows, edges=(), findings=(), warnings=warnings
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6, 7])
def test_pieces_are_the_whole(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_AT_ONCE", 3)
    made = _of(count, (HOSTILE,) * count)
    whole = msgspec.json.format(encode(made), indent=2) + b"\n"
    assert b"".join(chunks(made)) == whole
    assert msgspec.json.decode(whole, type=Document) == made


def test_no_piece_is_as_large_as_the_whole() -> None:
    made = _of(5_000)
    pieces = [len(piece) for piece in chunks(made)]
    assert max(pieces) < sum(pieces) / 9
