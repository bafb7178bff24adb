"""What stands in JSON that others wrote, as what was expected there, or nothing.

Records come from outside and may hold anything anywhere: what is no text, list or time where one is
expected counts as not given, and costs that one field.
"""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from scanner.kit.expressions import expression


def loose_json(data: bytes) -> Any:
    """What ``data`` says, also where tools wrote what JSON does not allow (halves of characters,
    NaN); None where it says nothing."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def nested(value: Any) -> Any:
    """What JSON within a text says; what is no text is as it is."""
    if not isinstance(value, str):
        return value
    return loose_json(value.encode("utf-8", "replace"))


_MOST_LITERAL, _MOST_BRACKETS = 20_000, 400
_ESCAPE = expression(r"\\[^\\'\"abfnrtvx0-7NuU]")
"""An escape that Python knows none of, and warns of: its own texts have none."""


def cell(value: Any) -> Any:
    """As :func:`nested`, also of what Python has written (``{'name': None}``), as tables of some
    vendors hold it; None for what is neither."""
    found = nested(value)
    if found is not None or not isinstance(value, str) or value.strip()[:1] not in ("{", "["):
        return found
    if len(value) > _MOST_LITERAL:
        return None
    return _literal(value.strip())


@functools.lru_cache(maxsize=1 << 10)
def _literal(said: str) -> Any:
    """Whoever acts stands in each row; what comes back is shared, and not to be changed."""
    if sum(said.count(one) for one in "([{") > _MOST_BRACKETS:
        return None
    if _ESCAPE.search(said.replace("\\\\", "")):
        return None
    try:
        return ast.literal_eval(said)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, also where a SIEM or a table has written it as text."""
    if isinstance(value, str) and value[:1] == "{":
        value = nested(value)
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list, also where a SIEM or a table has written it as text."""
    if isinstance(value, str) and value[:1] == "[":
        value = nested(value)
    return value if isinstance(value, list) else []


def several(value: Any) -> list[Any]:
    """As :func:`items`; one object where a list is expected is a list of one."""
    alone = mapping(value)
    return [alone] if alone else items(value)


def text(value: Any) -> str:
    """Plain text that can be stored; nothing for what is neither text nor a number. JSON may hold
    halves of characters, which UTF-8 has not."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        return str(value).encode("utf-8", "backslashreplace").decode()
    except ValueError:
        return ""  # a number of more digits than Python prints


_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


def size(value: Any) -> int:
    """A number of bytes, also where it is told as text; 0 where none is told."""
    said = text(value) if not isinstance(value, bool) else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0


def hosts(places: Iterable[Any]) -> tuple[str, ...]:
    """Of URLs, each once and in order; a machine's own, and what is no URL, is none."""
    found = dict.fromkeys(_host(text(place)) for place in places)
    return tuple(one for one in found if one and one not in _OWN_HOSTS)


def _host(place: str) -> str:
    try:
        return urlsplit(place).hostname or ""
    except ValueError:
        return ""  # a URL that nobody can visit


def stamp(value: Any) -> str:
    """ISO 8601 in UTC with whole seconds, also of epoch milliseconds, and of times that people are
    shown (:func:`console_date`); nothing for what is none."""
    return _iso_of(value) or (console_date(value) if isinstance(value, str) else "")


def _iso_of(value: Any) -> str:
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return iso(datetime.fromtimestamp(value / 1000, UTC))
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        return ""


_SECONDS, _MILLIS = 10**11, 10**14
"""Numbers below are seconds since 1970, or milliseconds; above, microseconds."""


def when(value: Any) -> str:
    """As :func:`stamp`, also of seconds and microseconds since 1970, and of numbers in a text."""
    if isinstance(value, str) and value.strip().replace(".", "", 1).isdigit():
        if at := _compact(value.strip()):
            return at
        value = float(value) if len(value) < 32 else 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return stamp(value)
    if not 0 < value < 10**18:
        return ""
    scale = 1 if value < _SECONDS else 1000 if value < _MILLIS else 10**6
    return stamp(int(value * 1000 / scale))


def _compact(digits: str) -> str:
    """Fourteen digits are a date and a time of the day (``20260728150405``, as ServiceNow and
    Salesforce write them), with or without a fraction: no milliseconds of our time are as many."""
    plain = digits.partition(".")[0]
    if len(plain) != 14 or plain[:2] not in ("19", "20"):
        return ""
    return _iso_of(
        f"{plain[:4]}-{plain[4:6]}-{plain[6:8]}T{plain[8:10]}:{plain[10:12]}:{plain[12:]}"
    )


_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
)}  # fmt: skip
_CONSOLE = expression(
    r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6} )?"
    r"(?:(?P<y>\d{4})[/-](?P<m>\d\d?)[/-](?P<d>\d\d?)|(?P<a>\d\d?)/(?P<b>\d\d?)/(?P<y2>\d{4})"
    r"|(?P<name>[A-Za-z]{3,9})\.? (?P<d2>\d\d?) (?P<y3>\d{4})"
    r"|(?P<d3>\d\d?)[ /-](?P<name2>[A-Za-z]{3,9})\.?[ /-](?P<y4>\d{4}))"
    r"(?:[ T:](?:at |@ )?(?P<hour>\d\d?):(?P<min>\d\d)(?::(?P<sec>\d\d)(?:\.\d{1,9})?)?"
    r"(?: ?(?P<half>[AaPp])\.?(?P<mark>[Mm])\.?)?)?"
    r"(?: ?(?:[A-Za-z]{1,5})?(?P<zone>[+-]\d\d:?\d\d)?)?"
)


def console_date(value: Any) -> str:
    """As consoles and warehouses write it in English; of a zone the numbers are read, no name.
    Where day and month could be either, it is none, unless ``PM`` in capitals tells the American
    way (https://cldr.unicode.org: other English ones have small letters)."""
    said = " ".join(text(value)[:80].replace("\u202f", " ").replace(",", " ").split())
    hit = _CONSOLE.fullmatch(said)
    if hit is None:
        return ""
    day = _day_of(hit)
    if day is None:
        return ""
    hour = int(hit["hour"] or 0)
    if hit["half"]:
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + (12 if hit["half"] in "Pp" else 0)
    zone = (hit["zone"] or "+0000").replace(":", "")
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime(*day, hour, int(hit["min"] or 0), int(hit["sec"] or 0), tzinfo=UTC)
        return iso(moment - ahead)
    except (ValueError, OverflowError):
        return ""


def _day_of(hit: re.Match[str]) -> tuple[int, int, int] | None:
    if hit["y"]:
        return int(hit["y"]), int(hit["m"]), int(hit["d"])
    if hit["y2"]:
        one, other = int(hit["a"]), int(hit["b"])
        is_american = f"{hit['half']}{hit['mark']}" in ("AM", "PM")
        if one > 12 >= other:
            one, other = other, one
        elif one != other and one <= 12 and other <= 12 and not is_american:
            return None
        return int(hit["y2"]), one, other
    month = _MONTHS.get((hit["name"] or hit["name2"])[:3].casefold(), 0)
    return int(hit["y3"] or hit["y4"]), month, int(hit["d2"] or hit["d3"])


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
