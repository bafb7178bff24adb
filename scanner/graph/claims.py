"""What a written claim is made of: addresses with the names beside them, and the parts that may
each mean somebody. Knows nobody, and takes no address of a page or a resource apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = r"[^\s@<>()\[\]{},;:|\"'\\/]"
ADDRESS = re.compile(rf"{_PART}{{1,64}}@{_PART}{{1,190}}\.[A-Za-z0-9-]{{2,63}}")
_LOCATOR = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\barn:)\S+", re.IGNORECASE)
_COMMON_NAME = re.compile(r"(?:^|[,;])\s*cn\s*=\s*([^,;+=]+)", re.IGNORECASE)
_LIST = re.compile(r"[;|\n]|\s(?:and|&|/)\s")
_ASIDE = re.compile(r"[,()\[\]]|:\s")
_BEHIND = re.compile(r"\W{0,2}\(([^()@]*)\)")
_EDGES = " \t\n,;|<>()[]\"'"


def addressed(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each address with the names that may be its bearer's."""
    begin = 0
    for found in ADDRESS.finditer(text):
        before = text[begin : found.start()].strip(_EDGES)
        behind = _BEHIND.match(text, found.end())
        begin = behind.end() if behind else found.end()
        names = (before, before.rpartition(",")[2].strip(), behind[1].strip() if behind else "")
        yield found[0], tuple(dict.fromkeys(name for name in names if name))


def listed(text: str) -> list[str]:
    """One by one, as far as a list says so: of a page or a resource its last word alone, of a
    directory's name the common name."""
    common = [name.strip() for name in _COMMON_NAME.findall(text)]
    if common:
        return common
    tails = [re.split(r"[/:]", where.rstrip("/.,;)>"))[-1] for where in _LOCATOR.findall(text)]
    rest = _LIST.split(_LOCATOR.sub(";", text))
    return [part for one in (*rest, *tails) if (part := one.strip(_EDGES))]


def aside(part: str) -> list[str]:
    """What stands in it by commas, in brackets or behind a colon."""
    return [piece for one in _ASIDE.split(part) if (piece := one.strip(_EDGES))]


def is_locator(text: str) -> bool:
    return bool(_LOCATOR.search(text))
