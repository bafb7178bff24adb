"""What stands in JSON that others wrote, as what was expected there, or nothing.

Records come from outside and may hold anything anywhere: what is no text, list or time where one is
expected counts as not given, and costs that one field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec


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
    """ISO 8601 in UTC with whole seconds, also of epoch milliseconds; nothing for what is none."""
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
        value = float(value) if len(value) < 32 else 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return stamp(value) or console_date(value)
    if not 0 < value < 10**18:
        return ""
    scale = 1 if value < _SECONDS else 1000 if value < _MILLIS else 10**6
    return stamp(int(value * 1000 / scale))


_DATES = (
    "%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p", "%b %d, %Y", "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y", "%d/%m/%Y",
)  # fmt: skip


def console_date(value: Any) -> str:
    """As consoles write it in English; the name of a zone is not read. Where day and month could
    be either, it is none."""
    words = text(value).replace("\u202f", " ").split()
    for some in (words, words[:-1]):
        found: set[str] = set()
        for form in _DATES if some else ():
            with suppress(ValueError):
                found.add(iso(datetime.strptime(" ".join(some) + " +0000", form + " %z")))
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
