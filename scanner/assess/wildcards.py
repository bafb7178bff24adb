"""Patterns of people who choose findings: ``*`` is any text, ``?`` one character, and nothing else
is more than itself. Paths of web frameworks hold brackets (``app/[slug]/page.tsx``), which globs of
a shell take for classes of characters: another file than the named one would be meant.
"""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(text: str, pattern: str) -> bool:
    """Letter case counts."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))
