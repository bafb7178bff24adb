"""Named values of a line -> a record: who asked whom for what.

Owns how values are read. Which names a format gives its values is :mod:`connectors.logs.formats`',
how they are found in a line :mod:`connectors.logs.lines`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.logs.formats import Format, of_shape
from connectors.logs.networks import addresses, plain_address
from connectors.logs.pieces import labels
from connectors.logs.pods import Pod
from connectors.logs.times import moment

_NOTHING = frozenset({"", "-", "none", "null", "n/a", "(empty)", "(null)", "unknown"})
_LONGEST_NOTHING = max(map(len, _NOTHING))
_PLAIN_URL = re.compile(
    r"(?:https?://)?([A-Za-z0-9](?:[A-Za-z0-9._-]{0,250}))(?::([1-9]\d{0,3}))?((?:/[!-\"$->@-~]*)?)(?:[?#]|$)"
)
_REQUEST = re.compile(r"([A-Z]{3,20}) (\S+)(?: HTTP/[\d.]{1,3})?")
"""The first line of what was asked (https://www.rfc-editor.org/rfc/rfc9112#section-3)."""
_NAMES = ("name", "answer")
_MOST_VALUE = 2048
"""Characters of a field: what strangers choose is looked at by many expressions, and remembered."""
MOST_NUMBER = 10**15
"""Bytes that one request has fewer of: a petabyte."""
_DNS_PORTS = ("53", "853", "5353")
_REFUSED = ("block", "blacklist", "denied")
"""As Pi-hole calls it, also before version 6."""
_NOWHERE = ("NXDOMAIN", "0.0.0.0", "::")  # noqa: S104 - what a name server says
_NO_DEVICE = "NA"
"""As Zscaler writes that there is none; a person may be called so."""
_NO_PERSON = re.compile(r"network|site|tunnel|group", re.I)
_MAIL_BEHIND = re.compile(r".*\(([^()\s@]+@[^()\s@]+)\)", re.S)
_MOST_TIMES = 1_000_000
"""What a line may count: whoever writes into a log may write any number."""
_ZONE = re.compile(r"([+-])(\d{1,2})(?::?(\d\d))?")


class Record(msgspec.Struct, gc=False):
    """What a line tells. Texts are as they were written, without a URL's query. Made by each line
    that hits, in C, and it holds nothing that holds it."""

    format: str
    time: str = ""
    user: str = ""
    device: str = ""
    src: str = ""
    host: str = ""
    port: int = 0
    path: str = ""
    method: str = ""
    up: int = 0
    down: int = 0
    action: str = ""
    status: int = 0
    ua: str = ""
    app: str = ""
    """What was used, as a firewall or proxy calls it."""
    program: str = ""
    """Executable or browser that asked."""
    media: str = ""
    model: str = ""
    provider: str = ""
    ja4: str = ""
    is_name: bool = False
    """A name was asked for: contact, and no content."""
    count: int = 1
    is_again: bool = False
    """Another line may have told of this connection, or may yet."""
    is_whole: bool = False
    """It tells of the connection in all, with its bytes."""
    is_joined: bool = False
    """Of a log that tells at which address a name is; what follows is set there alone."""
    dst: str = ""
    uid: str = ""
    """Of the connection, in the logs of one sensor."""
    scope: str = ""
    """The network whose addresses these are."""
    answers: tuple[str, ...] = ()
    """Addresses that the name was answered with."""
    is_alias: bool = False
    """The name is another's name, whose addresses are on the lines that follow."""
    pod: Pod | None = None
    """Where the device runs, in a cluster."""
    is_failed: bool = False
    """The log says in its own words that nobody has answered."""
    base: str = ""
    """Path of the address that was called, where ``path`` is another's (a word for what it was)."""
    is_untimed: bool = False
    """What is written as its time is none that is known."""


class Taker:
    """Reads lines that have the same names, in one format. What of the format's fields such lines
    can have is found once: a line costs what it has, not what the format knows."""

    def __init__(self, format_: Format, names: Iterable[str]) -> None:
        self.format = format_
        there = frozenset(names)
        self._paths = [
            (name, kept)
            for name, paths in format_.fields.items()
            if (kept := tuple(path for path in paths if path in there or path[:1] == "="))
        ]
        self._joins = [
            (name, kept)
            for name, paths in format_.joins.items()
            if (kept := tuple(path for path in paths if path in there))
        ]
        self._is_name = format_.surface in _NAMES
        self._is_gateway = bool(format_.marks)

    def record(self, told: Mapping[str, Any], day: int, *, day_first: bool = False) -> Record:
        """``day``: of the file's last change, as 20261231, for times without a year;
        ``day_first``: of dates with slashes."""
        return self._made(self._values(told), told, day, day_first)

    def _made(
        self, said: dict[str, str], told: Mapping[str, Any], day: int, day_first: bool
    ) -> Record:
        get = said.get
        if " " in get("url", "") and (asked := _REQUEST.fullmatch(said["url"])) is not None:
            said["url"] = asked[2]
            said.setdefault("method", asked[1])
        host, port, path = _placed(said)
        record = Record(
            self.format.name,
            user=_user(said["user"]) if "user" in said else "",
            device=get("device", ""),
            src=_address(said["src"]) if "src" in said else "",
            host=host,
            port=port,
            path=path,
            method=get("method", ""),
            up=number(said["up"]) if "up" in said else 0,
            down=number(said["down"]) if "down" in said else 0,
            action=get("action", ""),
            status=number(said["status"]) if "status" in said else 0,
            ua=get("ua", ""),
            app=get("app", ""),
            program=get("program", ""),
            media=get("media", ""),
            model=get("model", ""),
            provider=get("provider", ""),
            ja4=get("ja4", ""),
            is_name=self._is_name or "dns" in said,
            base=_of_url(said["url"])[2] if self._is_gateway and "url" in said else "",
        )
        if record.user and record.user == record.src:
            record.user = ""  # who is not known is called as the address is
        if "/route/" in record.provider:  # Envoy's backends: namespace/backend/route/...
            record.provider = record.provider.split("/")[1]
        time = said.pop("time", "")
        if not time:
            time = " ".join([said[name] for name in ("date", "clock") if name in said])
            time += _zone(said["zone"]) if time and "zone" in said else ""
        if time:
            record.time = moment(time, day, day_first=day_first)
            if not record.time and "date" in told:
                record.time = moment(f"{told['date']} {time}", day, day_first=day_first)
            record.is_untimed = not record.time
        if record.device or "sender" in said or self.format.actor:
            self._who(record, said, told)
        if self.format.joins:
            self._join(record, told)
        if "count" in said and not any(told.get(name) for name in self.format.alone):
            # What was never visited, such as a bookmark, has no time either.
            record.count = min(number(said["count"]), _MOST_TIMES) or int(bool(record.time))
        self._tell_session(record, told)
        if self.format.failed:
            record.is_failed = _is_failed(told, self.format.failed)
        return record

    def _tell_session(self, record: Record, told: Mapping[str, Any]) -> None:
        """What of a session or connection the line is about."""
        if self.format.parts and _holds(told, self.format.parts):
            record.count = 0
        if self.format.again:
            record.is_again = _holds(told, self.format.again)
        if self.format.whole:
            record.is_whole = _holds(told, self.format.whole)
        if self.format.begins and _holds(told, self.format.begins):
            record.count = record.up = record.down = 0

    def _values(self, told: Mapping[str, Any]) -> dict[str, str]:
        """Field -> text, of those that are set."""
        found: dict[str, str] = {}
        get = told.get
        for name, paths in self._paths:
            for path in paths:
                value = get(path) if path[0] != "=" else path[1:]
                if value is None or value is True or value is False:
                    continue
                text = (value if type(value) is str else str(value)).strip().strip('"')
                if len(text) > _LONGEST_NOTHING or text.lower() not in _NOTHING:
                    found[name] = text[:_MOST_VALUE]
                    break
        return found

    def _who(self, record: Record, said: dict[str, str], told: Mapping[str, Any]) -> None:
        """A person, a device or neither, where a field may name any of them."""
        if "sender" in said and not (record.user or record.device):
            record.device = said["sender"]
        if record.device == _NO_DEVICE:
            record.device = ""
        if self.format.actor and record.user:
            what = next((str(told[name]) for name in self.format.actor if told.get(name)), "")
            _tell_actor(record, what)

    def _join(self, record: Record, told: Mapping[str, Any]) -> None:
        """What leads from a name to the connections that hold addresses alone."""
        record.is_joined = True
        for name, paths in self._joins:
            values = [told[path] for path in paths if told.get(path)]
            if name == "answers":
                record.answers = addresses(values)
                record.is_alias = "<CNAME>" in values
            elif (
                name == "asked_from"
            ):  # an answer goes to who asked, whichever way the log writes it
                if str(told.get("src_port", "")) in _DNS_PORTS:
                    record.src = _address(str(values[0])) if values else record.src
            elif name == "uid":
                record.uid = uid(told, self.format.joins["uid"])
            elif values:
                text = str(values[0]).strip()
                setattr(record, name, plain_address(text.lower()) if name == "dst" else text)
        if self.format.surface == "answer":
            # Answered with what leads nowhere, by whoever was asked.
            record.is_failed = record.is_failed or str(told.get("answers", "")) in _NOWHERE
            is_refused = record.is_failed or any(word in record.action for word in _REFUSED)
            record.count = 1 if is_refused else 0


class TextTaker(Taker):
    """Of a format that is an expression, whose groups are called as fields are."""

    def __init__(self, format_: Format) -> None:
        self.pattern = re.compile(format_.regex)
        self._names = tuple(self.pattern.groupindex)
        if self.pattern.groups != len(self._names):
            raise ValueError(f"formats.yaml: {format_.name}: a group of `regex` has no name")
        super().__init__(format_, self._names)

    def taken(self, text: str, day: int, *, day_first: bool = False) -> Record | None:
        """None: it is no line of the format."""
        hit = self.pattern.match(text)
        if hit is None:
            return None
        said = {
            name: value[:_MOST_VALUE]
            for name, value in zip(self._names, hit.groups(), strict=True)
            if value and (len(value) > _LONGEST_NOTHING or value.lower() not in _NOTHING)
        }
        host = said.get("host", "")
        if "(" in host:
            said["host"] = labels(host)
        return self._made(said, said, day, day_first)


@cache
def of_expression(format_name: str) -> TextTaker:
    """Compiled once for all files."""
    return next(TextTaker(one) for one in of_shape("text") if one.name == format_name)


def uid(told: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    """Of a connection: by the first of the fields, with what the others say of it; without the
    first, or where that is 0 (a packet for which no session was made), there is none."""
    if not paths or str(told.get(paths[0]) or "0").strip().partition(" ")[0] == "0":
        return ""
    return " ".join(str(told[path]).strip() for path in paths if told.get(path))


def _holds(told: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]]) -> bool:
    return any(
        str(told.get(path, "")).strip('"') in texts or (texts == ("*",) and bool(told.get(path)))
        for path, texts in wanted.items()
    )


def _is_failed(told: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]]) -> bool:
    for path, texts in wanted.items():
        text = str(told.get(path, "")).strip('" ').lower()
        if text not in _NOTHING and (text in texts or "*" in texts):
            return True
    return False


def _placed(said: Mapping[str, str]) -> tuple[str, int, str]:
    """Host, port and path, from whichever fields tell them."""
    get = said.get
    url, host, path = get("url"), get("host", ""), get("path", "")
    port = number(said["port"]) if "port" in said else 0
    if url:
        found, at, rest = _of_url(url)
        host, port, path = host or found, port or at, path or rest
    elif "://" in path:
        found, at, path = _of_url(path)
        host, port = host or found, port or at
    tail = ""
    if host[:1] == "[":  # an address of version 6
        host, _, tail = host[1:].partition("]")
        host, tail = plain_address(host.lower()), tail.removeprefix(":")
    elif host.count(":") == 1:
        host, _, tail = host.partition(":")
    elif ":" in host:
        host = plain_address(host.lower())
    if "?" in path or "#" in path:
        path = path.partition("?")[0].partition("#")[0]
    return host or get("dst", ""), port or (number(tail) if tail else 0), path


def of_address(text: str) -> tuple[str, int]:
    """Host and port of an address, or of a URL."""
    return _of_url(text)[:2]


def _of_url(url: str) -> tuple[str, int, str]:
    """Host, port and path of a URL, of ``host:port`` (CONNECT) and of ``host/path``."""
    plain = _PLAIN_URL.match(url)  # a fifth of urlsplit's time, for nearly every URL of a log
    if plain is not None:
        return plain[1].lower(), int(plain[2] or 0), plain[3]
    try:
        split = urlsplit(url if "://" in url else f"//{url}" if not url.startswith("/") else url)
        return split.hostname or "", split.port or 0, split.path
    except ValueError:
        return "", 0, ""


def number(text: str) -> int:
    """0 for what is none, and for more than any one request carries: it is made up, and would
    drown what all others have sent."""
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    try:
        found = max(0, int(float(text))) if text else 0
    except (ValueError, OverflowError):
        return 0
    return found if found < MOST_NUMBER else 0


def _tell_actor(record: Record, what: str) -> None:
    """``what`` an identity is, as Umbrella calls it (``AD Users``, ``Roaming Computers``,
    ``Networks``); empty: not told, and it stays a person."""
    if not what or "user" in what.lower():
        return
    if not _NO_PERSON.search(what):
        record.device = record.device or record.user
    record.user = ""


def _zone(text: str) -> str:
    """``+11`` behind a time; empty for a name, as several zones go by one."""
    hit = _ZONE.fullmatch(text)
    return f" {hit[1]}{int(hit[2]):02}{hit[3] or '00'}" if hit is not None else ""


def _user(text: str) -> str:
    """``ACME\\anna`` and ``anna`` are left as they are; an address book's brackets are not, and a
    mail address behind a name stands for it. Of a directory's path, its last name. An address that
    a proxy was asked for (Palo Alto Networks' ``x-fwd-for: 192.0.2.1``) is nobody."""
    text = text.strip("<>'\" ")
    if text[-1:] == ")" and (hit := _MAIL_BEHIND.fullmatch(text)) is not None:
        text = hit[1]
    elif ":" in text:
        start = text[:10].lower()
        if start == "x-fwd-for:":
            return ""
        if start.startswith(("ldap://", "ldaps://")):
            text = text.rpartition("/")[2].strip()
    return text[:256]


def _address(text: str) -> str:
    """Without the port that some add to it. An address of version 6 is written in one way, and one
    of version 4 in it as that."""
    if text.count(":") == 1:
        return text.partition(":")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    return plain_address(text)
