"""Lines added up: per person or machine, provider and kind of use; never a row a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from connectors.logs.formats import ANY_HOST, gateways, own_hosts
from connectors.logs.installed import Installed
from connectors.logs.kinds import (
    APPLICATION,
    CHAT,
    CONTACT,
    DOWNLOAD,
    EXTENSION,
    IDE,
    PROGRAM,
    client_of,
    is_blocked,
    kind_of,
    model_server,
)
from connectors.logs.networks import is_version_6
from connectors.logs.pseudonyms import Pseudonyms
from connectors.logs.records import Record
from connectors.logs.rows import (
    ADDRESS,
    BY_APPLICATION,
    DEVICE,
    INSTALLED_BY,
    MOST_MODELS,
    MOST_ROWS,
    SERVERS,
    USER,
    Key,
    Places,
    Row,
    Settings,
    Sums,
    keyed,
)
from connectors.logs.wording import words
from scanner.kit.contract import Watch
from scanner.model.base import NodeId
from scanner.model.evidence import MOST_HANDSHAKES, Confidence, Evidence, merge_evidence
from scanner.model.facts import Asset, AssetClass, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

USE, ENDPOINT, INSTALLED = "logs.ai_use", "logs.model_endpoint", "logs.installed"
KINDS = frozenset({USE, ENDPOINT, INSTALLED, USER, DEVICE, ADDRESS})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CLASSES = {CHAT: AssetClass.SAAS_APP, CONTACT: AssetClass.SAAS_APP, IDE: AssetClass.SAAS_APP,
            DOWNLOAD: AssetClass.MODEL}  # fmt: skip
_MOST_USERS = 50
_WHO = 407
_HOST = re.compile(r"[\w.:%\[\]-]{1,255}")
"""What is no name of a host or address is none that serves models."""


@dataclass
class Tally:
    """``large``: bytes sent in one request that are worth saying. ``names``: what people, devices
    and servers are called in what leaves."""

    watch: Watch
    name: str
    large: int
    names: Pseudonyms = field(default_factory=Pseudonyms)
    places: Places = field(default_factory=Places)
    rows: dict[Key, Row] = field(default_factory=dict)
    lines: int = 0
    """That tell of AI."""
    beyond: int = 0
    """What counts under nobody in particular, as there are too many rows."""

    def add(self, record: Record, place: str = "") -> Key | None:
        """What the line counts under; None: it tells of no AI. ``place``: what a server's own log
        is called."""
        provider, surface = self._whose(record)
        server, shape = "", record.format
        if not provider and record.app:
            provider, surface = self.watch.application(record.app)
            shape += f"/{BY_APPLICATION}" if provider else ""
        if not provider:
            is_gateway = bool(record.model) and record.format in gateways()
            sure = Confidence.CERTAIN if is_gateway else model_server(record)
            if sure is None:
                return None
            shape = "/".join(filter(None, (shape, SERVERS.get(sure, ""))))
            # The address that was called; a gateway's word for whom it called; the gateway itself.
            called = "" if is_gateway and self._is_own(record) else record.host
            server = called or (record.provider if is_gateway else "") or record.host or place
            server = server.lower() if server != place else place
            if not server or not (is_gateway or server == place or _HOST.fullmatch(server)):
                return None
            if record.port not in (0, 80, 443):
                server = f"[{server}]" if is_version_6(server) else server
                server += f":{record.port}"
        client = client_of(record)
        is_assistant = bool(provider) and self.watch.is_assistant(provider)
        kind = kind_of(record, surface, client, is_assistant=is_assistant)
        # A proxy that asks who it is knows nobody yet, and what follows tells.
        actor = ("", "") if record.status == _WHO else self._actor(record)
        target = f"={server}" if server else provider
        key: Key = (*actor, target, kind, client, is_blocked(record), shape)
        if not (record.count or record.up or record.down):
            return key
        if record.pod and record.device:
            self.places.run_in(record.device.lower(), record.pod)
        row = self.row(key)
        for counted in self._rows_of(row, record):
            counted.add(record.count, record.up, record.down, record.time,
                        is_large=record.up >= self.large)  # fmt: skip
        if record.model and record.model[:200] not in row.models and len(row.models) < MOST_MODELS:
            row.models |= {record.model[:200]}
        if record.ja4 and not client and len(row.handshakes) < MOST_HANDSHAKES:
            row.handshakes |= {record.ja4[:64]}
        self.lines += 1
        return key

    def _rows_of(self, row: Row, record: Record) -> tuple[Row, ...]:
        """The person's, and the device's from which that was done."""
        if not (record.user and record.device):
            return (row,)
        return row, row.device(record.device.lower())

    def take_back(self, key: Key) -> None:
        """One request that counted, of which a better line tells."""
        row = self.rows.get(key)
        if row is None:
            return  # it was told already
        row.count -= 1
        self.lines -= 1
        if row.count <= 0 and not (row.up or row.down):
            del self.rows[key]

    def refuse(self, question: Key, answer: Key, record: Record) -> None:
        """A question, which counted as contact, was answered by a refusal: whoever asked has tried,
        and no more."""
        self.take_back(question)
        if not answer[1]:
            self.take_back(answer)
            denied = keyed(question, denied=True)
            self.connect(denied, record.count, 0, 0, record.time, record.time)

    def row(self, key: Key) -> Row:
        """Where is added up what has this key."""
        row = self.rows.get(key)
        if row is None:
            if len(self.rows) >= MOST_ROWS:
                self.beyond += bool(key[0])
                key = ("", "", *key[2:])
            row = self.rows.setdefault(key, Row())
        return row

    @classmethod
    def of(cls, watch: Watch, settings: Settings) -> Tally:
        return cls(watch, settings.name, settings.large, settings.names)

    @property
    def settings(self) -> Settings:
        return Settings(self.name, self.large, self.names)

    @property
    def sums(self) -> Sums:
        return Sums(self.rows, self.places, self.lines, self.beyond)

    def join(self, other: Sums) -> None:
        for key, row in other.rows.items():
            if key not in self.rows and len(self.rows) < MOST_ROWS:
                self.rows[key] = row  # nobody else holds it
                continue
            mine = self.row(key)
            mine.join(row)
            if row.models:
                more = sorted(row.models - mine.models)
                mine.models |= frozenset(more[: MOST_MODELS - len(mine.models)])
        self.places.join(other.places)
        self.lines += other.lines
        self.beyond += other.beyond

    def install(self, thing: Installed) -> bool:
        """Whether what an inventory tells of is AI."""
        found = self.watch.installed(
            extension=thing.extension, bundle=thing.bundle, program=thing.program, name=thing.name
        )
        if found is None:
            return False
        provider, name, sure = found
        kind = EXTENSION if thing.extension else PROGRAM if thing.ran else APPLICATION
        actor = (DEVICE, thing.device.lower()) if thing.device else ("", "")
        if not thing.device and thing.user:
            actor = (USER, thing.user.lower())
        shape = f"{thing.format}/{INSTALLED_BY[sure]}"
        key: Key = (*actor, f"+{provider}+{name}", kind, "", False, shape)
        row = self.row(key)
        row.count += thing.count
        if thing.device and thing.user and len(row.users) < _MOST_USERS:
            row.users |= {thing.user.lower()}
        if thing.time:
            row.first = min(row.first, thing.time) if row.first else thing.time
            row.last = max(row.last, thing.time)
        self.lines += 1
        return True

    def connect(
        self, key: Key, count: int, up: int, down: int, first: str, last: str, *, large: int = 0
    ) -> None:
        """Connections of which only addresses were logged. ``large``: how many of them sent much,
        whether or not another line has counted them."""
        row = self.row(key)
        row.count += count
        row.up += up
        row.down += down
        row.large += large
        if first:
            row.first = min(row.first, first) if row.first else first
            row.last = max(row.last, last or first)
        self.lines += 1

    def _whose(self, record: Record) -> tuple[str, str]:
        """The address that was called decides; a gateway's word may be that of a protocol, which
        servers of others speak, too (``openai`` of LiteLLM at any ``api_base``)."""
        found, surface = "", ""
        if record.host:
            found, surface = self.watch.known(record.host, record.base or record.path)
        if not record.provider:
            return found, surface
        is_own = self._is_own(record)
        if found and not is_own:
            return found, "api"
        if record.host and not is_own and record.format in gateways():
            return "", ""
        named = self.watch.named(record.provider)
        return (named, "api") if named else (found, surface)

    def _is_own(self, record: Record) -> bool:
        """Whether the host is the gateway itself, which says nothing of whom it called."""
        own = own_hosts().get(record.format, ())
        found = self.watch.known(record.host, record.base or record.path)[0]
        return (found or ANY_HOST) in own

    def _actor(self, record: Record) -> tuple[str, str]:
        for kind, text in ((USER, record.user), (DEVICE, record.device), (ADDRESS, record.src)):
            if text:
                return kind, text.lower()
        return "", ""

    def items(self) -> Iterator[Item]:
        """Each thing once, each actor once, and who used what; in a fixed order."""
        things: dict[tuple[str, str], list[tuple[Key, Row]]] = {}
        for key in sorted(self.rows):
            things.setdefault((key[2], key[3] if key[2][:1] != "=" else ""), []).append(
                (key, self.rows[key])
            )
        told: set[str] = set()
        for (target, kind), rows in things.items():
            yield from self._of_thing(self._thing(target, kind, rows), rows, told)
        if self.beyond:
            yield Gap(
                what=self.name,
                reason=f"more than {MOST_ROWS:,} ways in which somebody uses AI: {self.beyond:,} "
                "lines beyond count under nobody; scan more often, or fewer files in a source",
            )

    def _of_thing(
        self, thing: Asset, rows: list[tuple[Key, Row]], told: set[str]
    ) -> Iterator[Item]:
        """``told``: actors that were yielded already."""
        sums: dict[tuple[str, str, bool, str], Row] = {}
        for key, row in rows:
            sums.setdefault((key[6], key[4], key[5], key[3]), Row()).join(row)
        evidence = tuple(
            self._evidence(thing, shape, client, row, kind=kind, blocked=blocked)
            for (shape, client, blocked, kind), row in sums.items()
        )
        is_used = not all(key[5] for key, _ in rows)
        yield msgspec.structs.replace(thing, evidence=evidence, is_ai=is_used)
        yield Edge(source=NodeId(f"logs:{self.name}"), target=thing.id, relation=Relation.CONTAINS,
                   evidence=evidence[:1])  # fmt: skip
        if is_used and thing.provider:
            yield Edge(source=thing.id, target=NodeId(f"provider:{thing.provider}"),
                       relation=Relation.CALLS, evidence=evidence[:1])  # fmt: skip
        users: dict[tuple[str, str], list[Evidence]] = {}
        for key, row in rows:
            if key[0] and not key[5]:
                seen = self._evidence(thing, key[6], key[4], row, kind=key[3], blocked=False)
                users.setdefault(key[:2], []).append(seen)
                for user in row.users:
                    users.setdefault((USER, user), []).append(seen)
                for device, part in row.devices.items():
                    if device and part.count:
                        seen = self._evidence(
                            thing, key[6], key[4], part, kind=key[3], blocked=False
                        )
                        users.setdefault((DEVICE, device), []).append(seen)
        yield from self._attempts(thing, rows, told)
        for (kind, text), seen_by in users.items():
            actor = self._identity(kind, text)
            if actor.id not in told:
                told.add(actor.id)
                yield actor
            seen_once = merge_evidence(tuple(seen_by), (), add_counts=True)
            yield Edge(source=thing.id, target=actor.id, relation=Relation.USED_BY,
                       evidence=seen_once)  # fmt: skip
            if not _is_person(kind, text) and thing.provider and thing.kind == USE:
                # A machine calls by itself: what a cloud lists under another name leads on.
                best = max((one.confidence for one in seen_by), key=lambda grade: grade.rank)
                yield Edge(source=actor.id, target=NodeId(f"provider:{thing.provider}"),
                           relation=Relation.CALLS, evidence=seen_once,
                           confidence=best)  # fmt: skip

    def _attempts(
        self, thing: Asset, rows: list[tuple[Key, Row]], told: set[str]
    ) -> Iterator[Item]:
        """Who was refused."""
        for key, row in rows:
            if not (key[0] and key[5]):
                continue
            actor = self._identity(*key[:2])
            if actor.id not in told:
                told.add(actor.id)
                yield actor
            seen = self._evidence(thing, key[6], key[4], row, kind=key[3], blocked=True)
            yield Edge(source=thing.id, target=actor.id, relation=Relation.TRIED_BY,
                       evidence=(seen,))  # fmt: skip

    def _evidence(
        self, thing: Asset, shape: str, client: str, row: Row, *, kind: str, blocked: bool
    ) -> Evidence:
        rule, path, sure, preview = words(
            thing.name, shape, client, kind, is_endpoint=thing.kind == ENDPOINT, blocked=blocked
        )
        return Evidence(
            rule=rule,
            source="logs",
            resource=thing.id,
            path=path,
            confidence=sure,
            preview=preview,
            count=row.count,
            first_at=row.first,
            last_at=row.last,
            bytes_up=row.up,
            bytes_down=row.down,
            large_uploads=row.large,
            handshakes=tuple(sorted(row.handshakes)[:MOST_HANDSHAKES]),
        )

    def _thing(self, target: str, kind: str, rows: list[tuple[Key, Row]]) -> Asset:
        models = tuple(sorted({self._model(model) for _, row in rows for model in row.models}))
        if target.startswith("="):
            host = self.names.server(target[1:])
            return Asset(
                id=NodeId(f"logs:{self.name}/endpoint/{host}"), kind=ENDPOINT, name=host,
                asset_class=AssetClass.MODEL_ENDPOINT, account=NodeId(f"logs:{self.name}"),
                models=models, is_ai=True,
            )  # fmt: skip
        slug = kind.lower().replace(" ", "-")
        if target.startswith("+"):
            provider, _, name = target[1:].partition("+")
            part = "".join(char if char.isalnum() else "-" for char in name.lower())
            return Asset(
                id=NodeId(f"logs:{self.name}/installed/{provider}/{slug}/{part}"), kind=INSTALLED,
                name=f"{name} ({kind})", asset_class=AssetClass.INTEGRATION, provider=provider,
                account=NodeId(f"logs:{self.name}"), is_ai=True,
            )  # fmt: skip
        return Asset(
            id=NodeId(f"logs:{self.name}/{target}/{slug}"),
            kind=USE,
            name=f"{self.watch.title(target)}: {kind}",
            asset_class=_CLASSES.get(kind, AssetClass.INTEGRATION),
            provider=target,
            account=NodeId(f"logs:{self.name}"),
            models=models,
            is_ai=True,
        )

    def _identity(self, kind: str, text: str) -> Identity:
        is_person = _is_person(kind, text)
        last = text.rpartition("/")[2] if text.startswith("arn:aws") else text
        email = last if is_person and _EMAIL.fullmatch(last) else ""
        if self.names:
            text, email = self.names.of(text), ""
        return Identity(
            id=NodeId(f"logs:{self.name}/{kind.partition('.')[2]}/{text}"),
            kind=kind,
            name=text,
            principal_type=PrincipalType.HUMAN if is_person else PrincipalType.UNKNOWN,
            email=email,
            tags={} if self.names or is_person else self.places.tags(text),
        )

    def _model(self, name: str) -> str:
        return self.names.model(name, self.watch.common)

    def sample(self, record: Record) -> str:
        """What may be shown of a line that no format fits."""
        return self.watch.title(self._whose(record)[0]) if self.names else record.host

    def private(self, key: Key) -> Key:
        """As it may be kept for another reading."""
        if not self.names:
            return key
        target = f"={self.names.server(key[2][1:])}" if key[2][:1] == "=" else key[2]
        return (key[0], self.names.of(key[1]), target, *key[3:])


def _is_person(kind: str, text: str) -> bool:
    """A session of a role is a program's, where it is not called by somebody's address."""
    return kind == USER and not (":assumed-role/" in text and "@" not in text)


def gap(path: str, unknown: int, samples: list[str]) -> Gap:
    """What named something of AI and no format fits."""
    shown = "; such as " + " | ".join(samples) if samples else ""
    return Gap(what=path, reason=f"{unknown} lines in no known format{shown}")
