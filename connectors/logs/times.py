"""Times as logs write them -> ISO 8601 in UTC, or nothing.

A time without a zone is taken for UTC, one without a year for the latest that is not ahead of the
file's own time. Whether ``05/06/2026`` is in May or in June the other dates of a file tell.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_UTC = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,]\d+)?"
    r"(?: ?(?:Z|UTC|[+]00:?00))?"
)
_OWN = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")
"""As :func:`moment` gives it."""
_PRIORITY = re.compile(r"^<\d{1,3}>(?:1 )?")
_EPOCH_SECONDS = re.compile(r"1\d{9}(?:\.\d{1,9})?")
_NUMBER = re.compile(r"\d{9,20}(?:\.\d+)?")
_ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ](\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,]\d+)?"
    r"\s*(Z|UTC|[+-]\d\d:?\d\d)?"
)
_APACHE = re.compile(
    r"(\d{1,2})[/-](\w{3})[/-](\d{4})[: ](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*([+-]\d{4})?"
)
_SYSLOG = re.compile(r"(?:\w{3} )?(\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?: (\d{4}))?")
_YEARLY = re.compile(r"(\w{3}) +(\d{1,2}) (\d{4}) (\d\d):(\d\d):(\d\d)")
_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?(?: ([AP]M))?")
_DAY_FIRST = re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?")
_TOGETHER = re.compile(r"(20\d\d)(\d\d)(\d\d)[T ]?(\d\d):(\d\d)(?::(\d\d))?")
_BEGINS = re.compile(rb"^[\"<\[]?(\d{1,2})/(\d{1,2})/(\d{4}) \d", re.M)
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEBKIT = 11_644_473_600
"""Seconds from 1601, where Chromium's times begin, to 1970."""


def is_day_first(head: bytes, day: int = 0) -> bool:
    """Of dates with slashes at which the lines of a file begin. A number above 12 tells; where
    there is none, the file's last change (``day``, as 20261231) if it is that of one reading alone.
    Otherwise they are as in the United States."""
    there = [(int(one), int(two), int(year)) for one, two, year in _BEGINS.findall(head)]
    if any(two > 12 for _, two, _ in there):
        return False
    if any(one > 12 for one, _, _ in there):
        return True
    if not there or not day:
        return False
    one, two, year = there[-1]
    return year * 10_000 + two * 100 + one == day != year * 10_000 + one * 100 + two


def moment(text: str, day: int = 0, *, day_first: bool = False) -> str:
    """``2026-11-28T10:00:00Z``; empty for what is no time. ``day``: of the file, as 20261231;
    ``day_first``: see :func:`is_day_first`."""
    if _EPOCH_SECONDS.fullmatch(text) is not None:  # each is another's, and none is worth keeping
        whole = int(text[:10])
        return f"{_minute(whole // 60)}{whole % 60:02}Z"
    return _moment(text, day, day_first)


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    """``2026-11-28T10:00:``, of minutes since 1970."""
    days, minute = divmod(minutes, 1440)
    return f"{_day(days)}T{minute // 60:02}:{minute % 60:02}:"


@lru_cache(maxsize=4096)
def _moment(text: str, day: int, day_first: bool) -> str:
    text = text.strip().strip('[]"')
    plain = _UTC.fullmatch(text)
    if plain is not None:  # most logs are written so: nothing is to be counted
        return f"{plain[1]}T{plain[2]}Z" if _is_day(plain[1]) else ""
    try:
        if _NUMBER.fullmatch(text):
            return _of_number(float(text))
        hit = _ISO.match(text)
        if hit:
            return _iso(int(hit[1]), int(hit[2]), int(hit[3]), int(hit[4]), int(hit[5]),
                        int(hit[6] or 0), zone=hit[7] or "")  # fmt: skip
        hit = _APACHE.match(text)
        if hit:
            month = _MONTHS.get(hit[2].lower(), 0)
            return _iso(int(hit[3]), month, int(hit[1]), int(hit[4]), int(hit[5]), int(hit[6]),
                        zone=hit[7] or "")  # fmt: skip
        hit = _US.match(text)
        if hit:
            hour = int(hit[4]) % 12 + (12 if hit[7] == "PM" else 0) if hit[7] else int(hit[4])
            month, of_month = int(hit[1]), int(hit[2])
            if day_first or month > 12:
                month, of_month = of_month, month
            return _iso(int(hit[3]), month, of_month, hour, int(hit[5]), int(hit[6] or 0))
        hit = _DAY_FIRST.match(text)
        if hit:
            return _iso(int(hit[3]), int(hit[2]), int(hit[1]), int(hit[4]), int(hit[5]),
                        int(hit[6] or 0))  # fmt: skip
        hit = _TOGETHER.match(text)
        if hit:
            return _iso(int(hit[1]), int(hit[2]), int(hit[3]), int(hit[4]), int(hit[5]),
                        int(hit[6] or 0))  # fmt: skip
        hit = _YEARLY.match(text)
        if hit:
            month = _MONTHS.get(hit[1].lower(), 0)
            return _iso(int(hit[3]), month, int(hit[2]), int(hit[4]), int(hit[5]), int(hit[6]))
        hit = _SYSLOG.match(text)
        if hit and (hit[6] or day):
            month, of_month = _MONTHS.get(hit[1].lower(), 0), int(hit[2])
            year = int(hit[6]) if hit[6] else _year(month, of_month, day)
            return _iso(year, month, of_month, int(hit[3]), int(hit[4]), int(hit[5]))
    except (ValueError, OverflowError, OSError):
        return ""
    return ""


def leading(text: str, day: int = 0) -> str:
    """Of a line that begins with its time, perhaps behind a priority of syslog's."""
    return moment(_PRIORITY.sub("", text[:80])[:40], day)


@lru_cache(maxsize=4096)
def _year(month: int, of_month: int, day: int) -> int:
    """The latest in which the date is not ahead of the file's own by more than a day, as zones
    differ."""
    latest = datetime(day // 10_000, day // 100 % 100, day % 100, tzinfo=UTC) + timedelta(days=1)
    for year in range(latest.year, latest.year - 8, -1):  # the 29th of February is rare
        try:
            if datetime(year, month, of_month, tzinfo=UTC) <= latest:
                return year
        except ValueError:
            continue
    return latest.year


def seconds(text: str) -> int:
    """Since 1970, of a time as logs write it; 0 for what is none."""
    told = text if _OWN.fullmatch(text) else moment(text) if text else ""
    if not told:
        return 0
    began = _minute_began(told[:16])
    return began and began + int(told[17:19])


@lru_cache(maxsize=4096)
def _minute_began(text: str) -> int:
    began = _began(text[:10])
    return began and began + int(text[11:13]) * 3600 + int(text[14:16]) * 60


@lru_cache(maxsize=4096)
def _began(day: str) -> int:
    """When a day did, in seconds since 1970; 0: before that, or there is none such."""
    try:
        made = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return 0
    return max(0, int(made.timestamp()))


def _of_number(number: float) -> str:
    """Seconds, or thousandths, millionths, thousand-millionths of them, since 1970; millionths
    since 1601 are Chromium's."""
    while number > 2e10:
        if 1.25e16 < number < 1.6e16:
            number = number / 1e6 - _WEBKIT
            break
        number /= 1000
    days, second = divmod(int(number), 86_400)
    return f"{_day(days)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).strftime("%Y-%m-%d")


@lru_cache(maxsize=4096)
def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _iso(
    year: int, month: int, day: int, hour: int, minute: int, second: int, zone: str = ""
) -> str:
    made = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        made = made - ahead if zone[0] == "+" else made + ahead
    return made.strftime("%Y-%m-%dT%H:%M:%SZ")
