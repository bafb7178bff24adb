"""Words that say of a name or a text that it is about AI, for what no rule knows.

They tell that something is worth a look, never whose it is: that is the catalogue's business.
"""

from __future__ import annotations

import unicodedata

from scanner.kit.expressions import expression

_WORDS = frozenset({
    "ai", "genai", "gpt", "chatgpt", "llm", "llms", "copilot", "chatbot", "notetaker", "openai",
    "claude", "gemini", "llama", "mistral", "perplexity", "deepseek", "mcp",
})  # fmt: skip
"""Words that say it by themselves. An agent or an assistant may be anything."""
_WORD = expression(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORT = "ai"
_ABROAD = frozenset({"KI", "IA"})
"""What German, and French, Spanish and Italian, call AI; in capitals, beside other words."""
_DOTTED = expression(r"(?i)\bA\.I\.(?!\w)")
_STEMS = tuple(sorted(_WORDS - {_SHORT, "llms", "chatgpt", "genai"}))
_PIECE = expression(r"[A-Za-z0-9]+")
_LEAST_ID = 9
"""Letters of a run with a digit in it that is an id rather than words."""


def said(name: str) -> str:
    """The first word of ``name``, in the order of the alphabet, that says so; empty: none."""
    name = _DOTTED.sub("AI", unicodedata.normalize("NFKC", name))
    runs = _WORD.findall(name)
    if len(runs) > 1 and not _ABROAD.isdisjoint(runs):
        return _SHORT
    words = {word.casefold() for word in runs}
    words |= set(name.casefold().replace(".", " ").replace("-", " ").split())
    return min(words & _WORDS, default="")


def may_say(text: str, plain: str) -> bool:
    """Whether :func:`said_in` may find something; False: it does not. ``plain``: the same in lower
    case."""
    if "AI" in text:
        return True
    for stem in _STEMS:  # noqa: SIM110 - any() takes three times as long
        if stem in plain:
            return True
    return False


def said_in(text: str) -> tuple[str, int]:
    """The first such word of a text that may be anything, and where it stands. Ids hold any letters
    and are left; ``ai`` counts in capitals alone (people and drawings are called so), and not as
    all of a text (a country)."""
    if not may_say(text, text.casefold()):
        return "", 0
    for piece in _PIECE.finditer(text):
        run = piece[0]
        if len(run) >= _LEAST_ID and any(letter.isdigit() for letter in run):
            continue
        if run.casefold() in _WORDS and run.casefold() != _SHORT:
            return run.casefold(), piece.start()
        for hit in _WORD.finditer(run):
            word = hit[0].casefold()
            is_short = word == _SHORT
            if word in _WORDS and (not is_short or (hit[0].isupper() and len(text) > len(_SHORT))):
                return word, piece.start() + hit.start()
    return "", 0
