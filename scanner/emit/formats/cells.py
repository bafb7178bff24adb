"""Names from outside as cells of a sheet: one line, no control characters, and never a formula.

What a spreadsheet would compute (https://owasp.org/www-community/attacks/CSV_Injection) gets an
apostrophe before it, which spreadsheets do not show.
"""

from __future__ import annotations

MOST_CHARACTERS = 32_767
"""Of one cell, as Excel takes them."""
_COMPUTED = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def cell(value: object) -> str:
    """The value as harmless text; lists are joined by ``; ``."""
    if isinstance(value, (tuple, list)):
        value = "; ".join(str(item) for item in value)
    text = str(value)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    # What stands behind blanks or a quote is computed by some programs too.
    if text.lstrip(" '\"\u00a0").startswith(_COMPUTED):
        text = "'" + text
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
