"""Charts stand by themselves as XML, whatever things are called, and draw what they count."""

from __future__ import annotations

import struct
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.emit import charts, pictures
from scanner.emit.trend import Point
from scanner.model.errors import ConfigError
from tests.graph.worlds import HOSTILE

NAME = st.one_of(st.just(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
SVG = "{http://www.w3.org/2000/svg}"


@given(st.lists(st.tuples(NAME, NAME, NAME), max_size=60))
def test_bands_of_a_sankey_are_as_wide_as_their_flows(flows: list[tuple[str, str, str]]) -> None:
    drawn = ElementTree.fromstring(charts.sankey(flows))
    bands = [band[0].text or "" for band in drawn.iter(f"{SVG}path")]

    # Every flow is in two bands, one on each side of its unit.
    assert sum(int(text.rpartition(": ")[2]) for text in bands) == 2 * len(flows)


@given(st.lists(st.tuples(NAME, st.sampled_from(["complete", "denied", "left_out"])), max_size=30))
def test_coverage_counts_what_was_wanted(rows: list[tuple[str, str]]) -> None:
    drawn = ElementTree.fromstring(charts.coverage(rows))
    titles = [rect[0].text or "" for rect in drawn.iter(f"{SVG}rect") if len(rect)]

    wanted = sum(status != "left_out" for _, status in rows)
    assert sum(int(text.rpartition(": ")[2]) for text in titles) == wanted


@given(st.dictionaries(NAME, st.integers(1, 99), max_size=30))
def test_bars_leave_nothing_out(counts: dict[str, int]) -> None:
    drawn = ElementTree.fromstring(charts.bars(counts, HOSTILE))
    titles = [rect[0].text or "" for rect in drawn.iter(f"{SVG}rect")]

    assert sum(int(text.rpartition(": ")[2]) for text in titles) == sum(counts.values())


def test_a_trend_has_a_dot_a_scan_and_line() -> None:
    points = [Point(scan=str(n), at=HOSTILE, open=n, assets=2 * n, read=9) for n in range(5)]
    drawn = ElementTree.fromstring(charts.trend(points))

    assert len(list(drawn.iter(f"{SVG}circle"))) == 10
    heights = [float(dot.get("cy", "")) for dot in drawn.iter(f"{SVG}circle")][:5]
    assert heights == sorted(heights, reverse=True)


def test_a_picture_is_twice_as_large_and_holds_the_words() -> None:
    def drawn(words: str) -> bytes:
        return pictures.png(charts.bars({words: 1}, "title"))

    first, other = drawn("openai"), drawn("mistral")
    assert first[:8] == b"\x89PNG\r\n\x1a\n"
    box = ElementTree.fromstring(charts.bars({"openai": 1}, "title")).get("viewBox", "").split()
    assert struct.unpack(">II", first[16:24]) == (2 * int(box[2]), 2 * int(box[3]))
    assert first != other
    assert first == drawn("openai")
    assert drawn(HOSTILE)[:4] == b"\x89PNG"


def test_without_a_font_a_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    real = resvg_py.svg_to_bytes
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **kw: real(**kw, skip_system_fonts=True))
    pictures._font.cache_clear()
    try:
        with pytest.raises(ConfigError, match="none of the fonts"):
            pictures.png(charts.bars({"openai": 1}, "title"))
    finally:
        pictures._font.cache_clear()
