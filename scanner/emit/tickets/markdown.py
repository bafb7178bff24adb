"""What a ticket says as Markdown, in one marked block of its text that is ours.

``references``: characters with which a forge begins a mention or a reference. A backslash does not
keep them from being one, so a character that nobody sees stands behind them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from scanner.emit.tickets.content import Ticket, rows

_KEY = re.compile(r"<!-- shadow-ai:([\w:.-]+) -->")
_BLOCK = re.compile(r"<!-- shadow-ai:[\w:.-]+ -->.*?<!-- /shadow-ai -->", re.S)
_LEAST = 1_000
_MOST = 60_000
"""GitHub takes 65,536 characters, the others more."""


def key_in(text: str) -> str:
    """The key of the ticket whose text this is; empty: none of ours."""
    found = _KEY.search(text)
    return found[1] if found else ""


def mark(attempt: str) -> str:
    """By which a comment is known to have been made."""
    return f"<!-- shadow-ai:{attempt} -->"


def body(ticket: Ticket, formerly: str, references: str) -> str:
    before = f"Formerly {formerly}\n\n" if formerly else ""
    said = "What stands between this line and the next is written anew when it changes.\n\n"
    return f"{before}{said}{_block(ticket, references)}"


def changed(old: str, ticket: Ticket, references: str) -> str:
    """``old`` with our block written anew; what people wrote around it stays, and where there is
    little room, ours is cut."""
    theirs = _BLOCK.sub("", old, count=1)
    block = _block(ticket, references, max(_MOST - len(theirs), _LEAST))
    if not _BLOCK.search(old):
        return f"{old}\n\n{block}".strip()
    return _BLOCK.sub(lambda _: block, old, count=1)


def plain(text: str, references: str) -> str:
    """One line that is neither markup, a mention, a reference, a command nor the end of our
    block."""

    def escaped(found: re.Match[str]) -> str:
        if found[0] in references:
            return f"{found[0]}\u200b"
        return "&lt;" if found[0] == "<" else f"\\{found[0]}"

    special = re.escape("\\`*_{}[]<>#@|~!" + references)
    return re.sub(f"[{special}]", escaped, " ".join(text.split()))


def items(
    told: Iterable[tuple[str, str]], as_text: Callable[[str], str], most: int = _MOST // 2
) -> str:
    """A list of labels and texts. ``as_text``: makes plain text of either."""
    lines = [f"- **{as_text(label)}**: {as_text(text)}" for label, text in told]
    return "\n".join(lines)[:most]


def _block(ticket: Ticket, references: str, room: int = _MOST) -> str:
    most = min(room, _MOST // 2)
    inner = items(rows(ticket), lambda text: plain(text, references), most)
    return f"<!-- shadow-ai:{ticket.key} -->\n\n{inner}\n\n<!-- /shadow-ai -->"
