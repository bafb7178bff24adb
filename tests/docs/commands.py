"""Commands as the documentation shows them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)
_PROGRAM = re.compile(r"^(?:\$ )?(?:exec )?(?:[\w./-]*/)?shadow-ai(?= |$)")
_INLINE = re.compile(r"(?<!`)`(?:[^`]*\\?\| )?(shadow-ai [a-z][^`]*)`(?!`)")
_ENDS = ("|", ">", ">>", "2>", "&&", "||", ";", "&")


@dataclass(frozen=True)
class Shown:
    page: str
    line: str
    words: tuple[str, ...]
    """After the program's name, up to where the shell's own signs begin."""
    is_inline: bool = False
    """In a sentence: it may be no whole command."""


def fences(page: Path) -> Iterator[tuple[str, str]]:
    for found in _FENCE.finditer(page.read_text("utf-8")):
        yield found[1], found[2]


def shown(page: Path) -> Iterator[Shown]:
    for language, text in fences(page):
        if language in ("console", "sh", "shell", "bash"):
            for line in text.replace("\\\n", " ").splitlines():
                if _PROGRAM.match(line.strip()):
                    yield Shown(_name(page), line.strip(), _words(line))
    for found in _INLINE.finditer(_FENCE.sub("", page.read_text("utf-8"))):
        line = re.sub(r"\s+", " ", found[1].replace("\\|", "|"))
        yield Shown(_name(page), line, _words(line), is_inline=True)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _words(line: str) -> tuple[str, ...]:
    lexer = shlex.shlex(_PROGRAM.sub("", line.strip()), posix=True, punctuation_chars="|>&;")
    lexer.commenters = "#"
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in _ENDS:
            break
        words.append(word)
    return tuple(words)
