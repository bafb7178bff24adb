"""Values as people write them -> values that compare: words, dates, yes and no, lists.

Owns the reading of one cell and guesses nothing: what cannot be read is an error that says so, what
is blank stays unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Literal

_NOT_SEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_OUTLINE = re.compile(r"^(?:[a-z]|\d{1,2})[).]\s+", re.IGNORECASE)
_BLANK = frozenset({"", "n/a", "na", "none", "null", "not available", "not applicable", "unknown",
                    "tbd", "to be determined", "not reported", "-", "--"})  # fmt: skip
_YES = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "si"})
_NO = frozenset({"no", "n", "false", "0", "nein", "non"})
Order = Literal["", "dmy", "mdy"]
"""Whether the day or the month stands first in ``03/04/2026``; empty: not known."""
_TURNED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})")
_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y",
    "%b %d, %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
_MONTHS = ("%m/%Y", "%Y-%m", "%b-%y", "%b %Y", "%B %Y", "%B-%y", "%b-%Y")
_CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AP]M)?(?:Z|[+-]\d{2}:?\d{2})?$")


def clean(text: str) -> str:
    """One line without what nobody sees: odd spaces, zero-width marks, composed letters."""
    plain = _NOT_SEEN.sub("", unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def word(text: str) -> str:
    """For comparing values of a closed list: no case, no outline letter, one kind of dash."""
    plain = _DASHES.sub("-", clean(text)).casefold()
    return re.sub(r"[\s_]+", " ", _OUTLINE.sub("", plain)).strip(" .;,\"'")


def is_blank(text: str) -> bool:
    """Whether a cell says nothing: empty, or a word for it."""
    return clean(text).casefold().strip(" .") in _BLANK


def one_of(text: str, values: Mapping[str, str]) -> str | None:
    """The value that ``text`` is mapped to; None where it is none of them."""
    wanted = word(text)
    return next((to for known, to in values.items() if word(known) == wanted), None)


def yes_or_no(text: str) -> bool | None:
    """None where it is blank. Raises ``ValueError`` for what is neither."""
    plain = word(text)
    if is_blank(plain):
        return None
    first = re.split(r"[\s,;:-]", plain)[0]
    if first in _YES or first in _NO:
        return first in _YES
    raise ValueError(f"`{clean(text)[:60]}` is neither yes nor no")


def order_of(texts: Iterable[str]) -> Order:
    """What dates of one file show together: a day past the 12th shows it. Empty: none does, or they
    contradict each other."""
    found = set()
    for text in texts:
        turned = _TURNED.fullmatch(_CLOCK.sub("", clean(text)))
        if turned and (int(turned[1]) > 12) != (int(turned[3]) > 12):
            found.add("dmy" if int(turned[1]) > 12 else "mdy")
    return "dmy" if found == {"dmy"} else "mdy" if found == {"mdy"} else ""


def day(text: str, order: Order = "") -> str:
    """``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``, as exact as it was written; empty where it is blank.
    Raises ``ValueError`` for what is no date, and where nothing says which number is the month."""
    plain = clean(text)
    if is_blank(plain):
        return ""
    plain = _CLOCK.sub("", plain)
    if re.fullmatch(r"(?:19|20)\d{2}", plain):
        return plain
    turned = _TURNED.fullmatch(plain)
    if turned:
        return _turned(plain, turned, order)
    for form in _FORMATS:
        found = _parsed(plain, form)
        if found:
            return found.isoformat()
    for form in _MONTHS:
        found = _parsed(plain, form)
        if found:
            return found.strftime("%Y-%m")
    raise ValueError(f"`{plain[:60]}` is no date; write YYYY-MM-DD")


def _turned(text: str, parts: re.Match[str], order: Order) -> str:
    first, second, year = parts[1], parts[3], parts[4]
    ways = {"dmy": f"{year}-{second}-{first}", "mdy": f"{year}-{first}-{second}"}
    read = {way: found for way, iso in ways.items() if (found := _parsed(iso, "%Y-%m-%d"))}
    if order and order not in read:
        raise ValueError(f"`{text}` is no date with {_ORDERS[order]}")
    days = {read[order]} if order else set(read.values())
    if len(days) > 1:
        raise ValueError(f"`{text}` could be either way round; write YYYY-MM-DD, or say "
                         '`dates: dmy` or `mdy`')  # fmt: skip
    if not days:
        raise ValueError(f"`{text}` is no date; write YYYY-MM-DD")
    return days.pop().isoformat()


_ORDERS = {"dmy": "the day first", "mdy": "the month first"}


def _parsed(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def split(text: str, separators: str = ";\n") -> tuple[str, ...]:
    """``a; b`` -> (a, b), each once, none blank."""
    parts = re.split("[" + re.escape(separators) + "]", text)
    return tuple(dict.fromkeys(clean(part) for part in parts if not is_blank(part)))


_INVENTORY = re.compile(r"\s*\[\s*(?:\d{4}\s+)?INV\s*#\s*([\w-]+)\s*(?:\([^)]*\))?\s*\]?", re.I)
_FORMERLY = re.compile(
    r"\s*[(\[]\s*(?:previously|formerly|renamed from|was|f/k/a|aka|a\.k\.a\.)\s*:?\s+"
    r"([^()\[\]]{2,100})[)\]]",
    re.I,
)
_RENAMED = re.compile(r"^renamed:\s*(.{2,150}?)\s+previously:\s*(.{2,150})$", re.I)


def names_in(text: str) -> tuple[str, tuple[str, ...], str]:
    """A title -> (name, former names, id in another inventory) as its writer declares them in
    brackets: ``Gemini (Previously Duet AI)``, ``Habitat loss [2024 INV#DOI-65]``. Words in running
    text (``previously burned landscapes``) declare nothing."""
    plain = clean(text)
    inventory = _INVENTORY.search(plain)
    if inventory:
        plain = clean(plain[: inventory.start()] + " " + plain[inventory.end() :])
    renamed = _RENAMED.match(plain)
    if renamed:
        return renamed[1], (renamed[2],), inventory[1] if inventory else ""
    former = tuple(clean(match[1]) for match in _FORMERLY.finditer(plain))
    name = clean(_FORMERLY.sub("", plain)) if former else plain
    return name or plain, former, inventory[1] if inventory else ""
