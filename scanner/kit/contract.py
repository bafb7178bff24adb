"""The contract between a connector and the scanner.

A connector declares, as data, its typed configuration, the operations it may call and what it may
yield, and implements two generators. It owns no threads, retries, checkpoints or rules: the runner
and the context bring those. It never returns an empty list where it was refused; it raises.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from scanner.kit.limits import Limits
from scanner.model.base import Model, ShardId
from scanner.model.coverage import Sight
from scanner.model.evidence import Confidence
from scanner.model.items import Checkpoint, Hit, Item


class PermissionFormat(StrEnum):
    """How a least-privilege grant is written down for this source."""

    AWS_POLICY = "aws-policy"
    AZURE_ROLE = "azure-role"
    GCP_ROLE = "gcp-role"
    CLUSTER_ROLE = "cluster-role"
    SCOPES = "scopes"
    FILESYSTEM = "filesystem"


class Operation(Model, frozen=True, kw_only=True):
    """One read-only call. Everything else is refused before it leaves the process."""

    id: str
    """AWS: ``service:Operation`` as botocore spells it. HTTP: ``GET /path/{template}``."""
    permission: str
    """What the vendor must grant for it: an IAM action, an OAuth scope."""
    bucket: str = "default"
    """Rate-limit bucket (:class:`scanner.kit.limits.Limits`)."""
    also: tuple[str, ...] = ()
    """Further permissions, without which the vendor answers and leaves things out."""
    elsewhere: str = ""
    """What it takes that no grant of this source's kind can give, for people: who gives it, and
    where. Told beside the printed grant."""
    reason: str = ""
    """Why the scanner needs it; printed by ``shadow-ai permissions``."""
    resource: str = "*"
    """What an IAM statement for it is limited to."""
    is_optional: bool = False
    """Without it a detail is missing, but nothing is: a refusal is no gap in coverage."""
    opt_in: tuple[str, ...] = ()
    """Fields of the configuration of which one must be set, or the call is refused like an
    undeclared one and no permission is asked for it."""

    @property
    def path(self) -> str:
        """Of an HTTP call, with its ``{templates}``."""
        return self.id.partition(" ")[2]

    def is_allowed(self, config: object) -> bool:
        return not self.opt_in or any(getattr(config, name) for name in self.opt_in)


class Mode(StrEnum):
    FULL = "full"
    """A shard's items are its whole present state: what is missing is gone."""
    INCREMENTAL = "incremental"
    """A shard's items are a window of a log: facts add up, nothing vanishes."""


class Counts(StrEnum):
    """What a field of the configuration changes in the shards that a listing names."""

    NEVER = "never"
    """Nothing: it says how things are read, or leaves its shards in the list, which say so."""
    MORE = "more"
    """A switch that is on, or a longer list, asks for more. Not of a list that means all where it
    is empty: what such a one has when it is not, grows alone."""
    ANY = "any"
    """Nobody has said: after any change a shard that is no longer named may be there."""


class Shard(Model, frozen=True, kw_only=True):
    """The unit of work, retry, progress, resume and coverage."""

    id: ShardId
    scope: Mapping[str, str] = {}
    """Whatever ``collect`` needs to know again (account, region, service)."""
    mode: Mode = Mode.FULL
    listed_by: str = ""
    """Listing that named this shard, when the source (not the user's file) decides which exist."""
    title: str = ""
    left_out: tuple[str, ...] = ()
    """Globs of paths of evidence that the user's filters keep this reading from: what was seen
    there before is not gone because it is not seen now (:mod:`scanner.kit.left_out`)."""
    after: tuple[ShardId, ...] = ()
    """Shards of its source, named before it, that are read before it: what they remember is this
    one's to know (:attr:`Context.recall`)."""
    counts_once: bool = False
    """It tells events that others of its source may tell, too (:mod:`scanner.kit.counted`)."""
    left: tuple[ShardId, ...] = ()
    """Of one that counts once, set where its source's list is complete: shards that its source has
    named before and names no more, the last one read first, whose events have counted
    (:attr:`Context.recall`)."""
    place: str = ""
    """Where on this machine that is which ``called`` names in its id. Where two sources have it in
    two places (clones of a repository), both are read, as two clones of one source are."""
    called: str = ""
    whole_of: str = ""
    """Ids of shards that show a part of what this one shows, with ``{path}`` where that part lies:
    when this one is read to its end, they have been read too."""


def clone(called: str, place: str) -> str:
    """What a thing is called in the ids of shards, where another place has it, too."""
    return f"{called}?clone={hashlib.blake2b(place.encode(), digest_size=4).hexdigest()}"


class ConnectorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector declares. ``config`` is a msgspec struct: strict, typed, documented."""

    name: str
    title: str
    config: type[msgspec.Struct]
    operations: tuple[Operation, ...]
    yields: frozenset[str]
    """Node kinds it may emit (``aws.lambda_function``), checked by the conformance suite."""
    docs_url: str
    permission_format: PermissionFormat = PermissionFormat.SCOPES
    rates: Mapping[str, float] = {}
    """Calls a second by bucket."""
    sights: tuple[Sight, ...] = ()
    """What it lists without exception, and in which shards: of nothing else is absence claimed."""
    listing: Mapping[str, Counts] = {}
    """Field of the configuration (dotted, where it is within another) -> what it changes in the
    shards that a complete listing names; of others any change counts."""
    exports: tuple[str, ...] = ()
    """What its console exports and `files` takes, for people; besides the API's own records and
    what SIEMs make of them."""
    no_export: str = ""
    """Why there is nothing of a console to take."""
    shards_at_once: int = 4
    """Shards that are worth reading side by side: more where they wait for answers than where they
    compute."""


C = TypeVar("C", bound=msgspec.Struct)
T = TypeVar("T")


@dataclass
class Probe:
    """One line of ``shadow-ai doctor``: a permission or credential that was tried."""

    check: str
    ok: bool
    detail: str = ""
    remedy: str = ""


Examine = Callable[[bytes, str, tuple[str, ...]], tuple[Hit, ...]]
"""``examine(data, path, rule_sets)``: redacted hits in ``data``. The detector behind it is the only
reader of raw secrets."""


Secret = tuple[str, str]
"""A credential without its value: rule and keyed fingerprint."""


class Sieve(Protocol):
    """Where in bytes credentials may be, for readers that meet the same text again and again."""

    @property
    def mark(self) -> str:
        """Changes whenever the same bytes could be judged otherwise."""
        ...

    @property
    def width(self) -> int:
        """The longest match, in bytes."""
        ...

    @property
    def reach(self) -> Sequence[tuple[int, int]]:
        """By expression: how many bytes before and behind the end of its match decide; ``behind``
        of -1 means the whole text."""
        ...

    def places(self, text: bytes) -> list[tuple[int, int]]:
        """(expression, end of the match), in any order. Never a miss where the detector would find
        a credential; matches do not cross a NUL."""
        ...

    def confirm(self, excerpt: bytes, first: int, last: int) -> frozenset[Secret]:
        """The credentials that hold one of the bytes before ``first`` to ``last``."""
        ...


class Watch(Protocol):
    """Where in raw bytes of logs AI may be named, and whose a host is."""

    def search(self, marks: Sequence[str] = ()) -> Callable[[Any], list[int]]:
        """Gives the ends of hosts and paths of AI and of ``marks`` in bytes, in order, in any case;
        called by any number of threads at once."""
        ...

    def finder(
        self, literals: Sequence[bytes], *, is_caseless: bool = False
    ) -> Callable[[Any], list[int]]:
        """As :meth:`search`, for texts that one reading looks for (addresses)."""
        ...

    @property
    def software(self) -> list[str]:
        """Ids and names of extensions and applications that are AI, in lower case."""
        ...

    def installed(
        self, *, extension: str = "", bundle: str = "", program: str = "", name: str = ""
    ) -> tuple[str, str, Confidence] | None:
        """Provider, name and how sure, of what an inventory tells of; None: it is no AI."""
        ...

    def known(self, host: str, path: str = "") -> tuple[str, str]:
        """(provider, ``api`` or ``web``) of a host as it was written; empty where it is none."""
        ...

    def named(self, name: str) -> str:
        """The provider that goes by ``name``; empty: none."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Names under which people let applications in, in lower case, and whose they are."""
        ...

    def application(self, name: str) -> tuple[str, str]:
        """(provider, ``api``, ``web`` or empty) of what a firewall calls an application."""
        ...

    def title(self, provider: str) -> str:
        """What people call it."""
        ...

    def is_assistant(self, provider: str) -> bool:
        """Whether people write code with it."""
        ...

    def common(self, model: str) -> int:
        """How many characters at the beginning of a model's name are words of vendors' names."""
        ...


@dataclass
class Context(Generic[C]):
    """What the runner hands to a connector."""

    config: C
    examine: Examine
    limits: Limits
    make_sieve: Callable[[], Sieve | None] = field(default=lambda: None)
    make_watch: Callable[[], Watch | None] = field(default=lambda: None)
    environ: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = field(default=lambda: datetime.now().astimezone())
    warn: Callable[[str], None] = field(default=lambda message: None)
    folder: Path = Path()
    """Where the configuration file stands: relative paths in it are relative to this."""
    window_days: int = 90
    retries: int = 4
    """Attempts of one call before it becomes coverage; a test sets 1."""
    recall: Callable[[ShardId], bytes] = field(default=lambda shard: b"")
    """What the shard's last reading asked to be remembered; empty: nothing."""
    former: Callable[[], Sequence[ShardId]] = field(default=tuple)
    """Shards of this source, the last one read first, that have remembered which events they
    counted (:mod:`scanner.kit.counted`)."""
    processors: int = 1
    """That one shard may use, by processes of its own (:mod:`scanner.kit.processes`)."""
    checkpoints: Callable[[str], Mapping[ShardId, str]] = field(default=lambda begins: {})
    """Cursors that are stored of shards whose id begins so; while shards are listed."""
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def sieve(self) -> Sieve | None:
        """Of the same detector; None: whatever is read is examined whole."""
        return self.kept("kit.sieve", self.make_sieve)

    @property
    def watch(self) -> Watch | None:
        """Of the same rules; None: there are none."""
        return self.kept("kit.watch", self.make_watch)

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """What a connector keeps for one run and all its shards (sessions, tokens): made once."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = make()
            found: T = self._kept[name]
            return found


@runtime_checkable
class Connector(Protocol):
    """Implemented by one class a module; found by name, imported only when enabled."""

    spec: ClassVar[ConnectorSpec]

    def shards(self, ctx: Context) -> Iterator[Shard]:  # type: ignore[type-arg]
        """Cheap enumeration. Raises a ``SourceError`` when it cannot tell what there is."""
        ...

    def collect(
        self,
        ctx: Context,  # type: ignore[type-arg]
        shard: Shard,
        since: Checkpoint | None,
    ) -> Iterator[Item]:
        """The items of one shard. Raises a ``SourceError`` for trouble with the whole shard and
        yields a ``Gap`` for a single thing that could not be read."""
        ...


@runtime_checkable
class Diagnosable(Protocol):
    """Optional: a connector that can try its credentials and permissions without scanning."""

    def probe(self, ctx: Context) -> Iterator[Probe]: ...  # type: ignore[type-arg]
