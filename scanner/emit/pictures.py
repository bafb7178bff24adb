"""Charts as PNG, for slides that take no SVG. Drawn by resvg (the ``png`` extra), which runs no
script and asks for nothing that a picture names."""

from __future__ import annotations

from functools import cache

from scanner.model.errors import ConfigError

_TIMES = 2.0
"""Pixels for each unit of the SVG: sharp on a slide."""
_FONTS = (
    "DejaVu Sans",
    "Liberation Sans",
    "Noto Sans",
    "Open Sans",
    "Segoe UI",
    "Helvetica",
    "Arial",
)
"""Sans-serif fonts of Linux, Windows and macOS, of which one is nearly always there."""
_PROBE = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'>{}</svg>"


def png(svg: str) -> bytes:
    """Black on white. Raises ``ConfigError`` where it cannot be drawn with its words."""
    font = _font()
    if not font:
        raise ConfigError(
            f"PNG: this machine has none of the fonts {', '.join(_FONTS)} to write a chart's words "
            "with; install one (Debian: fonts-dejavu-core), or take the SVG"
        )
    return _drawn(svg, font)


def _drawn(svg: str, font: str) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise ConfigError("PNG: install `shadow-ai-scanner[png]` to draw it") from error
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, zoom=_TIMES, background="#ffffff", sans_serif_family=font
        )
    )


@cache
def _font() -> str:
    """The first that is here; empty: none. Without one resvg leaves words out, and says
    nothing."""
    written = _PROBE.format("<text y='16' font-family='sans-serif'>x</text>")
    bare = _drawn(_PROBE.format(""), "")
    return next((font for font in _FONTS if _drawn(written, font) != bare), "")
