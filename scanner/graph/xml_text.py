"""Text from outside in XML: what no document may hold is shown as missing."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, in any form (https://www.w3.org/TR/xml/#charsets)."""


def told(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def comments(notes: Iterable[str]) -> str:
    """A line each, for behind the declaration."""
    return "".join(f"<!-- {told(note).replace('--', '- -').rstrip('-')} -->\n" for note in notes)
