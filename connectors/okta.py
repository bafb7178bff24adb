"""Okta: applications and the System Log, from the API or from an exported file.

Owns Okta's words: which events are use, which are consent, who is the actor and which the
application. What is AI among the applications is the catalogue's business: every application is
handed on with its redirect hosts, client id and label, and what nobody knows ends there.

Follows https://developer.okta.com/docs/api/openapi/okta-management/management/tags/systemlog
(bounded queries, ``Link: rel="next"``) and .../tags/application.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from scanner.kit.contract import ConnectorSpec, Context, Mode, Operation, Probe, Shard
from scanner.kit.http import ReadOnlySession, json_body, link_pages
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Account, Identity, PrincipalType
from scanner.model.items import Activity, Checkpoint, Gap, Item

EVENTS = {
    "user.authentication.sso": "used_by",
    "app.oauth2.as.token.grant.access_token": "used_by",
    "app.oauth2.token.grant.access_token": "used_by",
    "app.oauth2.as.consent.grant": "grants",
    "application.lifecycle.create": "created_by",
}
"""Event types that tell of an application, compared whole: a directory's agent
(``user.authentication.auth_via_AD_agent``) is no AI."""
_DONE = frozenset({"SUCCESS", "ALLOW", ""})
_APP_TYPES = ("AppInstance", "PublicClientApp", "ConfidentialClientApp", "ServiceClientApp")
_RETENTION = timedelta(days=90)
"""Okta keeps System Log events for 90 days."""
_OVERLAP = timedelta(minutes=5)
"""Events may arrive late; the end of the last window is read again and known ones are skipped."""
_MOST_KNOWN = 10_000
_MOST_LINE = 16 << 20
_MOST_ARRAY = 512 << 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OktaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or files exported from one."""

    org_url: str = ""
    """``https://acme.okta.com``."""
    token_env: str = "OKTA_API_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds the token; the token itself is never in a file."""
    token_type: Literal["SSWS", "Bearer"] = "SSWS"  # noqa: S105
    """SSWS: an API token of a read-only administrator. Bearer: an OAuth 2.0 access token."""
    files: tuple[str, ...] = ()
    """Exports to read instead or as well: JSON or JSONL, gz too, also wrapped by a SIEM."""
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    """Events a page."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 0
    """How far back the first reading of the log goes; 0: as `scan.window_days` says."""

    def __post_init__(self) -> None:
        if not self.org_url and not self.files:
            raise ValueError("set `org_url` or `files`")
        if self.org_url:
            split = urlsplit(self.org_url)
            if split.scheme != "https" and split.hostname not in _LOOPBACK:
                raise ValueError("`org_url` must begin with https://: a token is sent to it")
            if not split.hostname:
                raise ValueError("`org_url` has no host; write https://acme.okta.com")


class OktaConnector:
    spec = ConnectorSpec(
        name="okta",
        title="Okta applications and System Log",
        config=OktaConfig,
        operations=(
            Operation(
                id="GET /api/v1/apps", permission="okta.apps.read", bucket="apps",
                reason="applications, their redirect hosts and status",
            ),
            Operation(
                id="GET /api/v1/logs", permission="okta.logs.read", bucket="logs",
                reason="sign-ins, token grants and consents: who lets which AI in",
            ),
        ),
        yields=frozenset({"okta.org", "okta.app", "okta.user", "okta.client", "okta.principal"}),
        docs_url="https://developer.okta.com/docs/api/openapi/okta-management/management/tags/systemlog",
    )  # fmt: skip

    def shards(self, ctx: Context[OktaConfig]) -> Iterator[Shard]:
        if ctx.config.org_url:
            host = urlsplit(ctx.config.org_url).netloc
            yield Shard(id=ShardId(f"okta:{host}/apps"), scope={"part": "apps", "host": host})
            yield Shard(
                id=ShardId(f"okta:{host}/logs"),
                scope={"part": "logs", "host": host},
                mode=Mode.INCREMENTAL,
            )
        for name in ctx.config.files:
            yield Shard(id=ShardId(f"okta:file:{name}"), scope={"part": "file", "file": name})

    def collect(
        self, ctx: Context[OktaConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        if shard.scope["part"] == "file":
            yield from _file(ctx, shard.scope["file"])
        elif shard.scope["part"] == "apps":
            yield from _apps(ctx, shard.scope["host"])
        else:
            yield from _logs(ctx, shard.scope["host"], since)

    def probe(self, ctx: Context[OktaConfig]) -> Iterator[Probe]:
        for path in ("/api/v1/apps", "/api/v1/logs") if ctx.config.org_url else ():
            try:
                _session(ctx).get(path, {"limit": "1"})
            except SourceError as error:
                scope = "okta.apps.read" if path.endswith("apps") else "okta.logs.read"
                remedy = f"grant {scope}, or use the token of a read-only administrator"
                yield Probe(check=f"GET {path}", ok=False, detail=str(error), remedy=remedy)
            else:
                yield Probe(check=f"GET {path}", ok=True, detail="readable")
        for name in ctx.config.files:
            there = (ctx.folder / name).is_file()
            detail = "readable" if there else "no such file; check `files`"
            yield Probe(check=f"read {name}", ok=there, detail=detail)


CONNECTOR = OktaConnector()


def _session(ctx: Context[OktaConfig]) -> ReadOnlySession:
    token = ctx.environ.get(ctx.config.token_env, "")
    if not token:
        raise Denied(
            f"no Okta token: set the environment variable {ctx.config.token_env} to a token of a "
            "read-only administrator"
        )
    headers = {
        "Authorization": f"{ctx.config.token_type} {token}",
        "Accept": "application/json",
        "User-Agent": "shadow-ai-scanner",
    }
    return ReadOnlySession(
        ctx.config.org_url,
        OktaConnector.spec.operations,
        ctx.limits,
        headers=headers,
        retries=ctx.retries,
    )


# --- applications ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _App:
    label: str
    client_id: str
    hosts: tuple[str, ...]
    status: str
    created: str


def _apps(ctx: Context[OktaConfig], host: str) -> Iterator[Item]:
    yield _org(host)
    for ident, app in _listed(ctx):
        yield Activity(
            rule="GET /api/v1/apps",
            account=_org_id(host),
            app_id=NodeId(f"okta:{host}/app/{ident}"),
            label=app.label,
            client_id=app.client_id,
            hosts=app.hosts,
            relation="contains",
            first_at=app.created,
            status=app.status,
        )


def _listed(ctx: Context[OktaConfig]) -> Iterator[tuple[str, _App]]:
    for answer in link_pages(_session(ctx), "/api/v1/apps", {"limit": "200"}):
        for record in _array(json_body(answer), "GET /api/v1/apps"):
            if isinstance(record, Mapping) and record.get("id"):
                yield str(record["id"]), _app(record)


def _array(body: Any, what: str) -> list[Any]:
    if not isinstance(body, list):
        raise Unavailable(f"{what}: expected a JSON array, got {type(body).__name__}")
    return body


def _app(record: Mapping[str, Any]) -> _App:
    settings = _mapping(record.get("settings"))
    client = _mapping(settings.get("oauthClient"))
    sign_on = _mapping(settings.get("signOn"))
    given = client.get("redirect_uris") or ()
    places = [*given, client.get("initiate_login_uri"), client.get("client_uri"),
              sign_on.get("ssoAcsUrl"), sign_on.get("audience")]  # fmt: skip
    hosts = dict.fromkeys(filter(None, (_host(place) for place in places)))
    credentials = _mapping(_mapping(record.get("credentials")).get("oauthClient"))
    return _App(
        label=str(record.get("label") or record.get("name") or ""),
        client_id=str(credentials.get("client_id") or ""),
        hosts=tuple(hosts),
        status=str(record.get("status") or ""),
        created=_stamp(record.get("created")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _host(place: Any) -> str:
    try:
        return urlsplit(place).hostname or "" if isinstance(place, str) else ""
    except ValueError:
        return ""  # a URL that nobody can visit names no host


def _org_id(host: str) -> NodeId:
    return NodeId(f"okta:{host}")


def _org(host: str) -> Account:
    evidence = Evidence(rule="GET /api/v1/apps", source="okta", resource=_org_id(host))
    return Account(
        id=_org_id(host), kind="okta.org", name=host, provider="okta", evidence=(evidence,)
    )


# --- the log -----------------------------------------------------------------------------------


class _Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """``until``: the last moment that was read to its end. ``known``: short digests of the events
    near it."""

    until: str
    known: tuple[str, ...] = ()


def _logs(ctx: Context[OktaConfig], host: str, since: Checkpoint | None) -> Iterator[Item]:
    now = ctx.now().astimezone(UTC)
    start, known, lost = _start(ctx, now, since)
    if lost:
        yield Gap(what="System Log", reason=lost)
    yield _org(host)
    apps = _names(ctx)
    params = {
        "since": _iso(start),
        "until": _iso(now),
        "limit": str(ctx.config.page_size),
        "sortOrder": "ASCENDING",
        "filter": " or ".join(f'eventType eq "{kind}"' for kind in EVENTS),
    }
    recent = dict.fromkeys(known)
    last = ""
    for answer in link_pages(_session(ctx), "/api/v1/logs", params):
        found = _Aggregate(host, apps)
        for event in _array(json_body(answer), "GET /api/v1/logs"):
            mark = _mark(event)
            if isinstance(event, Mapping) and mark not in recent:
                recent[mark] = None
                found.add(event)
                last = max(last, _stamp(event.get("published")))
        yield from found.activities()
        if last:
            yield Checkpoint(cursor=_cursor(last, recent))
    yield Checkpoint(cursor=_cursor(_iso(now), recent))


def _start(
    ctx: Context[OktaConfig], now: datetime, since: Checkpoint | None
) -> tuple[datetime, tuple[str, ...], str]:
    """Where to begin, which events there are known, and what is lost if the last time is too long
    ago."""
    days = ctx.config.since_days or ctx.window_days
    oldest = now - min(_RETENTION, timedelta(days=days))
    if since is None:
        return oldest, (), ""
    try:
        cursor = msgspec.json.decode(since.cursor, type=_Cursor)
        at = datetime.fromisoformat(cursor.until)
    except (msgspec.MsgspecError, ValueError):
        return oldest, (), "the stored cursor is unreadable; read again from the beginning"
    kept = now - _RETENTION
    if at < kept:
        return kept, cursor.known, f"events from {cursor.until} to {_iso(kept)} are no longer kept"
    return at - _OVERLAP, cursor.known, ""


def _cursor(until: str, recent: Iterable[str]) -> str:
    known = tuple(recent)[-_MOST_KNOWN:]
    return msgspec.json.encode(_Cursor(until=until, known=known)).decode()


def _mark(event: Any) -> str:
    """What tells one event from another: its uuid, or all of it."""
    uuid = event.get("uuid") if isinstance(event, Mapping) else None
    text = str(uuid) if uuid else json.dumps(event, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _names(ctx: Context[OktaConfig]) -> dict[str, _App]:
    """Applications by their id and client id, for events that name nothing else. Without
    permission to list them, the events' own labels must do (the other shard tells of it)."""
    found: dict[str, _App] = {}
    try:
        for ident, app in _listed(ctx):
            found[ident] = app
            if app.client_id:
                found[app.client_id] = app
    except SourceError as error:
        ctx.warn(f"events are named by their own labels alone: {error}")
    return found


@dataclass
class _Aggregate:
    """Events -> one activity per (event type, application, actor); never a row an event."""

    host: str
    apps: Mapping[str, _App] = field(default_factory=dict)
    rows: dict[tuple[str, str, str], Activity] = field(default_factory=dict)
    unreadable: int = 0

    def add(self, event: Mapping[str, Any]) -> None:
        kind = str(event.get("eventType") or "")
        if kind not in EVENTS:
            return
        if str(_mapping(event.get("outcome")).get("result") or "") not in _DONE:
            return
        app = _application(event)
        if app is None:
            self.unreadable += 1
            return
        ident, label = app
        actor = _person(event, self.host)
        at = _stamp(event.get("published"))
        key = (kind, ident, actor.id if actor else "")
        old = self.rows.get(key)
        if old is None:
            self.rows[key] = self._new(event, kind, ident, label, actor, at)
            return
        seen = sorted(t for t in (old.first_at, old.last_at, at) if t)
        self.rows[key] = msgspec.structs.replace(
            old,
            count=old.count + 1,
            first_at=seen[0] if seen else "",
            last_at=seen[-1] if seen else "",
            scopes=tuple(sorted({*old.scopes, *_scopes(event)})),
        )

    def _new(
        self,
        event: Mapping[str, Any],
        kind: str,
        ident: str,
        label: str,
        actor: Identity | None,
        at: str,
    ) -> Activity:
        known = self.apps.get(ident)
        return Activity(
            rule=kind,
            actor=actor,
            account=_org_id(self.host),
            app_id=NodeId(f"okta:{self.host}/app/{ident}"),
            label=known.label if known else label,
            client_id=known.client_id if known else ident,
            hosts=known.hosts if known else (),
            scopes=_scopes(event),
            relation=EVENTS[kind],
            first_at=at,
            last_at=at,
        )

    def activities(self) -> Iterator[Item]:
        yield from self.rows.values()


def _targets(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = event.get("target")
    return [t for t in found if isinstance(t, Mapping)] if isinstance(found, list) else []


def _application(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Id and label. A consent's targets are the scopes, and its client stands in the debug data; a
    token's actor is the client."""
    debug = _mapping(_mapping(event.get("debugContext")).get("debugData"))
    for party in (*_targets(event), _mapping(event.get("actor"))):
        if party.get("type") in _APP_TYPES and party.get("id"):
            label = str(party.get("displayName") or party.get("alternateId") or "")
            return str(party["id"]), label
    client = str(debug.get("clientId") or debug.get("client_id") or "")
    return (client, "") if client else None


def _person(event: Mapping[str, Any], host: str) -> Identity | None:
    actor = _mapping(event.get("actor"))
    parties = [actor, *_targets(event)]
    found = next((p for p in parties if p.get("type") == "User" and p.get("id")), None)
    if found is None:
        return None
    address = str(found.get("alternateId") or "")
    return Identity(
        id=NodeId(f"okta:{host}/user/{found['id']}"),
        kind="okta.user",
        name=str(found.get("displayName") or address or found["id"]),
        principal_type=PrincipalType.HUMAN,
        email=address.lower() if "@" in address else "",
    )


def _scopes(event: Mapping[str, Any]) -> tuple[str, ...]:
    debug = _mapping(_mapping(event.get("debugContext")).get("debugData"))
    given = str(debug.get("grantedScopes") or debug.get("requestedScopes") or "")
    named = [
        str(t.get("displayName"))
        for t in _targets(event)
        if "scope" in str(t.get("type", "")).lower()
    ]
    return tuple(sorted({*given.replace(",", " ").split(), *named}))


def _stamp(value: Any) -> str:
    """ISO 8601 in UTC with whole seconds; nothing for what is no time. SIEMs write a space for the
    T and leave the zone out."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    return _iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# --- exported files ----------------------------------------------------------------------------


def _file(ctx: Context[OktaConfig], name: str) -> Iterator[Item]:
    path = ctx.folder / Path(name).expanduser()
    host = urlsplit(ctx.config.org_url).netloc or "export"
    found = _Aggregate(host)
    known: set[str] = set()
    yield _org(host)
    try:
        with _opened(path) as stream:
            for number, record in _records(stream):
                event = _unwrapped(record)
                if event is None:
                    yield Gap(what=f"{name}:{number}", reason="not an Okta System Log event")
                elif (mark := _mark(event)) not in known:
                    known.add(mark)
                    found.add(event)
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check `files` in [sources.okta]") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except (OSError, EOFError) as error:
        yield from found.activities()
        raise Unavailable(f"{name}: {error}; the file is damaged or cut short") from error
    if found.unreadable:
        yield Gap(what=name, reason=f"{found.unreadable} events name no application")
    yield from found.activities()


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _records(stream: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Line number and record; None for what is no JSON. A whole-file array is one document."""
    line = b""
    number = 0
    while not line.strip():
        line = stream.readline(_MOST_LINE)
        number += 1
        if not line:
            return
    line = line.removeprefix(b"\xef\xbb\xbf")
    if line.lstrip()[:1] == b"[" or line.strip() == b"{":
        yield from _document(line + stream.read(_MOST_ARRAY))
        return
    while line:
        if line.strip():
            yield number, _decoded(line)
        line = stream.readline(_MOST_LINE)
        number += 1


def _document(data: bytes) -> Iterator[tuple[int, Any]]:
    whole = _decoded(data)
    if isinstance(whole, Mapping) and _unwrapped(whole) is None:
        whole = next((v for v in whole.values() if isinstance(v, list)), None)
    if whole is None:
        yield 1, None
    for number, record in enumerate(whole if isinstance(whole, list) else [whole], start=1):
        if record is not None:
            yield number, record


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _unwrapped(record: Any, depth: int = 3) -> Mapping[str, Any] | None:
    """The event inside whatever a SIEM or event bus put around it."""
    if isinstance(record, str):
        record = _decoded(record.encode())
    if not isinstance(record, Mapping):
        return None
    if "eventType" in record or {"actor", "published"} <= record.keys():
        return record
    if depth:
        for name in ("event", "detail", "_raw", "message", "data", "log"):
            if name in record:
                inner = _unwrapped(record[name], depth - 1)
                if inner is not None:
                    return inner
    return None
