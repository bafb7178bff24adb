"""Words of others in a page: they can end no element, and turn no text of ours around.

What directs writing (U+202E and its like, https://www.unicode.org/reports/tr9/) and other
characters that are not printed are shown as a mark; letters of scripts that run from right to left
are not touched.
"""

from __future__ import annotations

import re
from html import escape as escape_html

_MARK = "\ufffd"
_KEPT = "\n\t"
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def escape(words: str, quote: bool = False) -> str:
    """For HTML and SVG; XML has no form for most control characters."""
    if not words.isprintable():
        words = "".join(c if c.isprintable() or c in _KEPT else _MARK for c in words)
    return escape_html(words, quote=quote)


def plain(text: str) -> str:
    """For a text that is markup or JSON already."""
    return _TURNING.sub(_MARK, text)
