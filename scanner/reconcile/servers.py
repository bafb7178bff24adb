"""Registries behind an API, asked as their mapping declares: read-only, page by page, only what has
changed where the server can say so.

Owns paging, what is kept between two readings, and when everything is read again (deletions show in
no list of changes). Knows no registry. A list that goes in a ring or holds no records is an error
and never an end; a refusal is never an empty registry.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from scanner.kit.contract import Operation
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.limits import Limits
from scanner.model.base import Model, digest, encode
from scanner.model.errors import RegistryError, SourceError, Unavailable
from scanner.reconcile.answers import FOLLOWING, first, objects, told
from scanner.reconcile.html_tables import rows_of
from scanner.reconcile.jsonpaths import BadPath, findall
from scanner.reconcile.mapped import text_at
from scanner.rulebook.mapping import Call, RegistryMap, Server

_MOST_PAGES = 10_000
_OVERLAP = timedelta(minutes=5)
"""Clocks differ: what changed shortly before the last reading is asked for again."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Access:
    """Where a server is and who asks."""

    url: str = ""
    token: str = field(default="", repr=False)
    user: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    ca_file: str = ""
    retries: int = 4


class Kept(Model, frozen=True, kw_only=True):
    """What a reading leaves for the next one."""

    of: str = ""
    """Mark of whom was asked, as whom and for what: it says nothing of another registry."""
    asked_at: str = ""
    full_at: str = ""
    records: dict[str, dict[str, Any]] = {}
    """Call -> key -> record."""


def operations_of(how: RegistryMap) -> tuple[Operation, ...]:
    """Every call that reading this kind of registry makes."""
    server = _server(how)
    return tuple(
        Operation(id=f"{method} {path.partition('?')[0]}", permission=call.permission,
                  reason=f"{how.name}: {call.name}")
        for call in server.calls
        for method, path in ((call.method, call.path), ("GET", call.detail))
        if path
    )  # fmt: skip


def read(
    how: RegistryMap, access: Access, kept: bytes, now: datetime, *, full_hours: float = 24.0
) -> tuple[list[tuple[str, Record]], bytes]:
    """(place, record) of the whole registry, and what to keep. Raises ``RegistryError`` when it
    could not be read to its end: what is registered is then not known."""
    server = _server(how)
    known = _decoded(kept, how, access)
    session = _session(how, server, access)
    is_full = _is_older(known.full_at, now - timedelta(hours=full_hours))
    found: dict[str, dict[str, Any]] = {}
    try:
        for call in server.calls:
            before = known.records.get(call.name, {})
            # Which of several records of one key has changed, no list of changes tells.
            starts_anew = is_full or not _is_incremental(call) or any(map(_is_turn, before))
            since = "" if starts_anew else known.asked_at
            changed = _apart(_records(session, how, call, access, before, since))
            found[call.name] = changed if starts_anew else {**before, **changed}
    except SourceError as error:
        raise RegistryError(f"{how.name} at {session.base}: {error}") from error
    except BadPath as error:
        raise RegistryError(f"{how.id}: a JSONPath of the mapping: {error}") from error
    stamp = now.astimezone(UTC).isoformat(timespec="seconds")
    kept_now = Kept(
        of=_mark_of(how, access), asked_at=stamp, full_at=stamp if is_full else known.full_at,
        records=found,
    )  # fmt: skip
    places = [
        (f"{how.id} {urlsplit(session.base).netloc} {name} {_plain(key)}", record)
        for name, records in found.items()
        for key, record in records.items()
    ]
    return places, encode(kept_now)


def kept_records(how: RegistryMap, access: Access, kept: bytes) -> list[tuple[str, Record]] | None:
    """What the last reading of the same registry found: nothing is asked. None: there was none."""
    known = _decoded(kept, how, access)
    if not known.asked_at:
        return None
    return [
        (f"{how.id} {name} {_plain(key)}", record)
        for name, records in known.records.items()
        for key, record in records.items()
    ]


_TURN = "\x1f"
"""Between a key and its turn: no key holds it."""


def _is_turn(key: str) -> bool:
    return _TURN in key


def _plain(key: str) -> str:
    return key.replace(_TURN, " #")


def _apart(records: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """By key; different records of one key are kept, each under its turn. The same record again is
    what offset paging gives while a list changes."""
    found: dict[str, Any] = {}
    turns: dict[str, list[Any]] = {}
    for key, record in records:
        known = turns.setdefault(key, [])
        if record in known:
            continue
        known.append(record)
        found[key if len(known) == 1 else f"{key}{_TURN}{len(known)}"] = record
    return found


def _server(how: RegistryMap) -> Server:
    if how.server is None:
        raise RegistryError(f"`{how.id}` is no server; give a path")
    return how.server


def _decoded(kept: bytes, how: RegistryMap, access: Access) -> Kept:
    try:
        known = msgspec.json.decode(kept, type=Kept) if kept else Kept()
    except msgspec.DecodeError:
        return Kept()  # written by another version: everything is read again
    return known if known.of == _mark_of(how, access) else Kept()


def _mark_of(how: RegistryMap, access: Access) -> str:
    """Another address, user, setting or mapping is another registry."""
    base = access.url or _server(how).base
    return digest([base.rstrip("/"), access.user, dict(access.settings), msgspec.to_builtins(how)])


def _is_older(stamp: str, than: datetime) -> bool:
    return not stamp or datetime.fromisoformat(stamp) < than


def _is_incremental(call: Call) -> bool:
    return bool(call.since or call.newest_first)


def _session(how: RegistryMap, server: Server, access: Access) -> ReadOnlySession:
    base = access.url or server.base
    if not base.startswith(("https://", "http://")):
        raise RegistryError(f"{how.id}: `url` must begin with https://, is `{base}`")
    missing = [name for name, default in server.settings.items()
               if default is None and not access.settings.get(name)]  # fmt: skip
    if missing:
        raise RegistryError(f"{how.id}: setting `{missing[0]}` is needed")
    unknown = sorted(set(access.settings) - set(server.settings))
    if unknown:
        known = ", ".join(sorted(server.settings)) or "none"
        raise RegistryError(f"{how.id}: no setting `{unknown[0]}`; known settings: {known}")
    return ReadOnlySession(
        base, operations_of(how), Limits({}), headers={"Accept": "application/json",
                                                       **server.headers},
        retries=access.retries, authorize=lambda: _proof(server, access), ca_file=access.ca_file,
    )  # fmt: skip


def _proof(server: Server, access: Access) -> dict[str, str]:
    if not access.token or server.auth == "none":
        return {}
    if server.auth == "basic":
        pair = base64.b64encode(f"{access.user}:{access.token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    if server.auth == "header":
        return {server.auth_header: access.token}
    return {server.auth_header: f"{server.auth_scheme} {access.token}"}


def _records(
    session: ReadOnlySession,
    how: RegistryMap,
    call: Call,
    access: Access,
    before: Mapping[str, Any],
    since: str,
) -> Iterator[tuple[str, Any]]:
    """(key, record), with its details."""
    defaults = {name: value or "" for name, value in _server(how).settings.items()}
    settings = {**defaults, **access.settings}
    try:
        for page in _pages(session, call, settings, since):
            for record in page:
                changed = first(record, call.changed_at)
                if since and call.newest_first and changed and changed < _mark(call, since):
                    return
                yield from _whole(session, how, call, record, changed, before, settings)
    except Missing:
        if not call.optional:
            raise


def _whole(
    session: ReadOnlySession,
    how: RegistryMap,
    call: Call,
    record: dict[str, Any],
    changed: str,
    before: Mapping[str, Any],
    settings: Mapping[str, str],
) -> Iterator[tuple[str, Any]]:
    ident = first(record, call.detail_id) if call.detail_id else ""
    key = ident or _key(record, how)
    if call.detail:
        if not ident:
            raise Unavailable(f"{call.path}: a record without `{call.detail_id}`")
        old = before.get(key)
        if changed and old and old.get("changed") == changed:
            record["detail"] = old.get("detail")
        else:
            path = call.detail.replace("{id}", quote(ident, safe=""))
            record["detail"] = json_body(session.get(_filled(path, settings, quoted=True)))
        record["changed"] = changed
    if not call.tables:
        yield key, record
        return
    tables = findall(call.tables, record)
    if not tables:
        raise Unavailable(f"{call.method} {call.path}: {told(record)}, and no `{call.tables}`")
    for html in tables:
        for number, row in enumerate(rows_of(str(html)), start=1):
            yield f"{key}#{number}", {**row, "page": key}


def _key(record: Mapping[str, Any], how: RegistryMap) -> str:
    """What the mapping calls its identity; of a record without one all that it says."""
    ident = how.identity
    paths = (ident.id,) if isinstance(ident.id, str) else ident.id
    found = [text for path in (ident.organization, *paths) if (text := text_at(record, path))]
    return " ".join(found) or digest(dict(record))


def _pages(
    session: ReadOnlySession, call: Call, settings: Mapping[str, str], since: str
) -> Iterator[list[dict[str, Any]]]:
    paging = call.paging
    path = _filled(call.path, settings, quoted=True)
    asked = _Asked(session, call, path, settings, since)
    answer = asked.first()
    seen: set[str] = set()
    count = 0
    for _ in range(_MOST_PAGES):
        body = json_body(answer)
        page = objects(body, call)
        yield page
        count += 1 if paging.style == "page" and page else len(page)
        follow = FOLLOWING[paging.style](call, body, page, answer, count)
        if not follow:
            return
        if follow in seen:
            raise Unavailable(f"{call.method} {call.path}: the server repeats a page")
        seen.add(follow)
        answer = asked.link(follow) if paging.style == "link" else asked.following(follow)
    raise Unavailable(f"{call.method} {call.path}: more than {_MOST_PAGES} pages")


@dataclass(frozen=True)
class _Asked:
    """One list: the same question again, with where it goes on."""

    session: ReadOnlySession
    call: Call
    path: str
    settings: Mapping[str, str]
    since: str

    def first(self) -> Any:
        style, first = self.call.paging.style, self.call.paging.first
        return self.following(str(first) if style in ("offset", "page") else "")

    def following(self, where: str) -> Any:
        paging = self.call.paging
        after = paging.after.replace("{}", where) if paging.style == "after_last" and where else ""
        since = self.call.since.replace("{}", _time(self.call, self.since)) if self.since else ""
        words = {**self.settings, "since": since, "after": after}
        query = {name: _filled(value, words) for name, value in self.call.query.items()}
        body: Any = None
        if self.call.method == "POST":
            body = json.loads(_filled(self.call.body or "{}", _escaped(words)))
        if where and paging.parameter and paging.style != "after_last":
            if body is not None and paging.parameter.startswith("body."):
                _put(body, paging.parameter.removeprefix("body."), where)
            else:
                query[paging.parameter] = where
        query = {name: value for name, value in query.items() if value}
        if self.call.method == "POST":
            suffix = "&".join(f"{quote(k)}={quote(v, safe='')}" for k, v in query.items())
            joint = "&" if "?" in self.path else "?"
            return self.session.post(self.path + (joint + suffix if suffix else ""), body)
        return self.session.get(self.path, query or None)

    def link(self, where: str) -> Any:
        return self.session.get(where)


def _put(body: Any, path: str, where: str) -> None:
    *steps, last = path.split(".")
    for step in steps:
        body = body.setdefault(step, {})
    body[last] = int(where) if where.isdigit() else where


def _filled(text: str, words: Mapping[str, str], *, quoted: bool = False) -> str:
    """Only plain ``{word}`` is replaced."""
    for word, value in words.items():
        text = text.replace("{" + word + "}", quote(value, safe="") if quoted else value)
    return text


def _escaped(words: Mapping[str, str]) -> dict[str, str]:
    """As they may stand within a JSON string."""
    return {word: json.dumps(value)[1:-1] for word, value in words.items()}


def _time(call: Call, since: str) -> str:
    moment = datetime.fromisoformat(since) - _OVERLAP
    if call.since_form == "ms":
        return str(int(moment.timestamp() * 1000))
    if call.since_form == "sql":
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mark(call: Call, since: str) -> str:
    """As ``changed_at`` is written, for comparing."""
    return _time(call, since)
