"""Lines added up: per person or machine, provider and kind of use; never a row a request."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.logs.kinds import (
    CHAT,
    CONTACT,
    DOWNLOAD,
    IDE,
    client_of,
    is_blocked,
    is_model_server,
    kind_of,
)
from connectors.logs.lines import Record
from scanner.kit.contract import Watch
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, AssetClass, Identity, PrincipalType
from scanner.model.items import Activity, Gap, Item

USE, ENDPOINT = "logs.ai_use", "logs.model_endpoint"
USER, DEVICE, ADDRESS = "logs.user", "logs.device", "logs.address"
KINDS = frozenset({USE, ENDPOINT, USER, DEVICE, ADDRESS})
_MOST_ROWS = 200_000
"""Of a shard; what is beyond is counted under nobody in particular, so memory has an end."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CLASSES = {CHAT: AssetClass.SAAS_APP, CONTACT: AssetClass.SAAS_APP, IDE: AssetClass.SAAS_APP,
            DOWNLOAD: AssetClass.MODEL}  # fmt: skip
_MOST_MODELS = 40

Key = tuple[str, str, str, str, str, bool, str]
"""Kind of actor, actor, provider or address of a server, kind of use, client, blocked, format."""


@dataclass(slots=True)
class Row:
    count: int = 0
    first: str = ""
    last: str = ""
    up: int = 0
    down: int = 0
    large: int = 0
    models: set[str] = field(default_factory=set)


@dataclass
class Tally:
    """``large``: bytes sent in one request that are worth saying. ``key``: people become keyed
    pseudonyms before anything leaves (HMAC-SHA-256); empty: they do not."""

    watch: Watch
    name: str
    large: int
    key: bytes = b""
    rows: dict[Key, Row] = field(default_factory=dict)
    lines: int = 0
    """That tell of AI."""

    def add(self, record: Record, place: str = "") -> bool:
        """Whether the line tells of AI. ``place``: what a server's own log is called."""
        provider, surface = self._whose(record)
        server = ""
        if not provider:
            if not is_model_server(record):
                return False
            server = record.host.lower() or place
            if not server:
                return False
            server += f":{record.port}" if record.port not in (0, 80, 443) else ""
        client = client_of(record)
        is_assistant = bool(provider) and self.watch.is_assistant(provider)
        kind = kind_of(record, surface, client, is_assistant=is_assistant)
        actor = self._actor(record)
        key = (*actor, provider or server, kind, client, is_blocked(record), record.format)
        whole: Key = (*key[:2], f"={server}" if server else provider, *key[3:])
        row = self.rows.get(whole)
        if row is None:
            if len(self.rows) >= _MOST_ROWS:
                whole = ("", "", *whole[2:])
            row = self.rows.setdefault(whole, Row())
        row.count += record.count
        row.up += record.up
        row.down += record.down
        row.large += record.up >= self.large
        if record.time:
            row.first = min(row.first, record.time) if row.first else record.time
            row.last = max(row.last, record.time)
        if record.model and len(row.models) < _MOST_MODELS:
            row.models.add(record.model[:200])
        self.lines += 1
        return True

    def _whose(self, record: Record) -> tuple[str, str]:
        if record.provider:
            found = self.watch.named(record.provider)
            if found:
                return found, "api"
        if record.host:
            return self.watch.known(record.host, record.path)
        return "", ""

    def _actor(self, record: Record) -> tuple[str, str]:
        for kind, text in ((USER, record.user), (DEVICE, record.device), (ADDRESS, record.src)):
            if text:
                return kind, text.lower()
        return "", ""

    def items(self) -> Iterator[Item]:
        """In a fixed order."""
        for key in sorted(self.rows):
            yield self._activity(key, self.rows[key])

    def _activity(self, key: Key, row: Row) -> Activity:
        actor_kind, actor, target, kind, client, blocked, shape = key
        thing = self._thing(target, kind, row)
        said = [f"{row.large} uploads of {self.large >> 20} MiB or more"] if row.large else []
        return Activity(
            rule=f"logs.{shape}",
            actor=self._identity(actor_kind, actor),
            account=NodeId(f"logs:{self.name}"),
            app_id=thing.id,
            relation="" if blocked else "used_by",
            count=row.count,
            first_at=row.first,
            last_at=row.last,
            confidence=Confidence.MEDIUM if kind == CONTACT else Confidence.CERTAIN,
            bytes_up=row.up,
            bytes_down=row.down,
            resource=thing.id,
            status=", ".join([*(["blocked"] if blocked else []), *said]),
            thing=thing,
            where=client,
        )

    def _thing(self, target: str, kind: str, row: Row) -> Asset:
        if target.startswith("="):
            host = target[1:]
            return Asset(
                id=NodeId(f"logs:{self.name}/endpoint/{host}"), kind=ENDPOINT, name=host,
                asset_class=AssetClass.MODEL_ENDPOINT, account=NodeId(f"logs:{self.name}"),
                models=tuple(sorted(row.models)), is_ai=True,
            )  # fmt: skip
        slug = kind.lower().replace(" ", "-")
        return Asset(
            id=NodeId(f"logs:{self.name}/{target}/{slug}"),
            kind=USE,
            name=f"{self.watch.title(target)}: {kind}",
            asset_class=_CLASSES.get(kind, AssetClass.INTEGRATION),
            provider=target,
            account=NodeId(f"logs:{self.name}"),
            models=tuple(sorted(row.models)),
            is_ai=True,
        )

    def _identity(self, kind: str, text: str) -> Identity | None:
        if not kind:
            return None
        is_person = kind == USER
        email = text if is_person and _EMAIL.fullmatch(text) else ""
        if self.key:
            text, email = self._pseudonym(text), ""
        return Identity(
            id=NodeId(f"logs:{self.name}/{kind.partition('.')[2]}/{text}"),
            kind=kind,
            name=text,
            principal_type=PrincipalType.HUMAN if is_person else PrincipalType.UNKNOWN,
            email=email,
        )

    def _pseudonym(self, text: str) -> str:
        return "p-" + hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:16]


def gap(path: str, unknown: int, samples: list[str]) -> Gap:
    """What named something of AI and no format fits."""
    shown = "; such as " + " | ".join(samples) if samples else ""
    return Gap(what=path, reason=f"{unknown} lines in no known format{shown}")
