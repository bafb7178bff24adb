"""Answers of clouds, forges and directories: a connector reads a made-up estate through its real
clients, and one of the calls is answered by what the fuzzer made.

An input is ``connector number status``, a NUL, and the body of the answer to the call of that
number. The estates are those of the conformance suite (``tests/connectors/test_conformance.py``),
served on loopback once, when they are read whole; from then on each call is answered as it was.
"""

from __future__ import annotations

import gc
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import msgspec

from fuzz.wire import Wire, tapped
from scanner.kit.contract import Context, Shard
from scanner.kit.limits import Limits
from scanner.kit.testing import World
from scanner.model.base import encode
from scanner.model.errors import LeftOut, ShadowAIError
from scanner.model.items import Content, Gap, Item

T = TypeVar("T")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "aws": ("aws",),
    "clouds": ("azure", "gcp", "kubernetes"),
    "directories": ("entra", "google_workspace", "okta"),
    "forges": ("azure_devops", "bitbucket", "gitea", "github", "gitlab"),
}
"""Target -> connectors. Those of ``tests/saas_rig/cases.py`` are the target ``answers``."""
_NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
_MOST_CALLS = 200
"""Of one reading, beyond four times what it takes when all is well."""
_MOST_SHARDS = 20
_MOST_SAMPLES = 60
_STATUSES = {str(code): code for code in (200, 400, 401, 403, 404, 429, 500)}
_QUERY = re.compile(r"\?\S*")
_IDS = re.compile(r"(?<=/)[^/ ]*\d[^/ ]*(?=/|$| )")
_FOLDERS = ExitStack()
"""Keys that a configuration names are read again each time."""


@dataclass
class Told:
    items: list[Item] = field(default_factory=list)
    errors: list[ShadowAIError] = field(default_factory=list)

    @property
    def ids(self) -> frozenset[str]:
        """Of what was found."""
        return frozenset(str(getattr(one, "id", "")) for one in self.items) - {""}

    @property
    def is_whole(self) -> bool:
        return not self.errors and not any(isinstance(one, Gap) for one in self.items)


@dataclass(frozen=True)
class Call:
    """``config``: number of the configuration that it is made with. ``shards``: that make it;
    ``is_listing``: it is made to list them."""

    label: str
    config: int
    shards: tuple[str, ...] = ()
    is_listing: bool = False


class Estate:
    """``most``: shards and configurations that are read, spread over all; 0: all of them."""

    def __init__(self, name: str, most: int = 0) -> None:
        from tests.connectors.test_conformance import WORLDS

        self.name = name
        self.wire = Wire()
        self.calls: list[Call] = []
        self._usual: dict[tuple[int, bool, tuple[str, ...]], Told] = {}
        self._shards: list[dict[str, Shard]] = []
        """By configuration, those that were read."""
        self._listed: list[dict[str, Shard]] = []
        self._most = most
        folder = Path(_FOLDERS.enter_context(tempfile.TemporaryDirectory()))
        outside = dict(os.environ)
        with WORLDS[name](folder, _detector()) as world, tapped(self.wire), _quick():
            self._environ = {k: v for k, v in os.environ.items() if outside.get(k) != v}
            self._connector = world.connector
            self._contexts = _spread(list(_contexts(world)), most)
            for number in range(len(self._contexts)):
                self._record(number)
        self.wire.is_frozen = True

    def _record(self, config: int) -> None:
        """Which calls are made where."""
        made: dict[str, Call] = {}

        def note(**changes: Any) -> None:
            for label in dict.fromkeys(self.wire.calls):
                before = made.setdefault(label, Call(label, config))
                shards = before.shards + changes.get("shards", ())
                made[label] = replace(before, **{**changes, "shards": shards})
            self.wire.forget({}, _ANY)

        ctx = self._context(config)
        self.wire.forget({}, _ANY)
        shards: dict[str, Shard] = {}
        with suppress(ShadowAIError):  # some see nothing as they are configured
            shards.update((one.id, one) for one in self._connector.shards(ctx))
        note(is_listing=True)
        read = dict(_spread(list(shards.items()), self._most))
        for ident, shard in read.items():
            self._collect(ctx, shard, Told())
            note(shards=(ident,))
        self._shards.append(read)
        self._listed.append(shards)
        known = {call.label for call in self.calls}
        self.calls += [call for label, call in made.items() if label not in known]

    def _context(self, config: int) -> Context[Any]:
        made = self._contexts[config]
        return replace(made, _kept={}, limits=Limits())

    def body(self, call: Call) -> bytes:
        return self.wire.answers[call.label].body

    def shapes(self) -> list[Call]:
        """The first call of each path without ids and pages."""
        first: dict[str, Call] = {}
        for call in self.calls:
            path = _QUERY.sub("", call.label)
            first.setdefault(_IDS.sub("", path), call)
        return list(first.values())

    def usual(self, call: Call) -> Told:
        """What the same shards tell where nothing is bent."""
        key = (call.config, call.is_listing, call.shards)
        if key not in self._usual:
            self._usual[key] = self.read(call, self.body(call))
        return self._usual[key]

    def read(
        self, call: Call, body: bytes, status: int = 0, *, is_ring: bool = False, most: int = -1
    ) -> Told:
        """What the shards that make ``call`` tell. ``most``: calls; -1: a multiple of what it takes
        when all is well. Raises ``Endless``, and what a connector must
        not."""
        alike = sum(
            other.config == call.config
            and (other.is_listing or not set(other.shards).isdisjoint(call.shards))
            for other in self.calls
        )
        if b"[" * 99 in body:
            gc.collect()  # finalizers fail where the decoder is at the end of the stack
        was = self.wire.answers[call.label]
        bent = replace(was, body=body, status=status or was.status)
        most = 4 * alike + _MOST_CALLS if most < 0 else most
        self.wire.forget({call.label: bent}, most, is_ring=is_ring)
        told = Told()
        with tapped(self.wire), _quick(), mock.patch.dict(os.environ, self._environ):
            ctx = self._context(call.config)
            for shard in self._chosen(ctx, call, told):
                self._collect(ctx, shard, told)
        for item in told.items:
            if not isinstance(item, Content):
                encode(item)  # it can be stored and sent, whatever the source says
        return told

    def _chosen(self, ctx: Context[Any], call: Call, told: Told) -> list[Shard]:
        """Those that a bent listing tells anew first."""
        known = self._shards[call.config]
        if not call.is_listing:
            return [known[ident] for ident in call.shards[:_MOST_SHARDS]]
        listed: list[Shard] = []
        try:
            # One by one: what came before the listing broke stays.
            for shard in self._connector.shards(ctx):
                listed.append(shard)  # noqa: PERF402
        except ShadowAIError as error:
            told.errors.append(error)
        new = [one for one in listed if one != self._listed[call.config].get(one.id)]
        return [*new, *(one for one in listed if one.id in known and one not in new)][:_MOST_SHARDS]

    def _collect(self, ctx: Context[Any], shard: Shard, told: Told) -> None:
        try:
            for item in self._connector.collect(ctx, shard, None):
                told.items.append(item)
        except LeftOut:
            return
        except ShadowAIError as error:
            told.errors.append(error)  # an answer: it becomes coverage


_ANY = 10**9


def _spread(several: list[T], most: int) -> list[T]:
    return several[:: max(1, len(several) // most)] if most else several


def _contexts(world: World) -> Iterator[Context[Any]]:
    """One for each configuration with which the suite reaches an operation."""
    seen = []
    for operation in ("", *(one.id for one in world.connector.spec.operations)):
        if operation and world.deny is None:
            return
        with ExitStack() as stack:
            if operation and world.deny is not None:
                stack.enter_context(world.deny(operation))
            ctx = world.context()
        config = ctx.config
        if hasattr(config, "git"):  # what is cloned is no answer of an API
            git = msgspec.structs.replace(config.git, clone=False)
            config = msgspec.structs.replace(config, git=git)
        if config not in seen:
            seen.append(config)
            yield replace(ctx, config=config, now=lambda: _NOW, retries=1)


@contextmanager
def _quick() -> Iterator[None]:
    """Amazon's client reads its models from disk for each session."""
    from botocore.loaders import JSONFileLoader

    load: Callable[..., Any] = cache(JSONFileLoader().load_file)
    with mock.patch.object(JSONFileLoader, "load_file", lambda self, path: _loaded(load, path)):
        yield


def _loaded(load: Callable[..., Any], path: str) -> Any:
    return load(path)


@cache
def _detector() -> Any:
    from scanner.detect.engine import Detector
    from scanner.rulebook.load import load

    return Detector(load(), b"made-up-for-fuzzing-0123456789", "re")


@cache
def estate(name: str, most: int = 0) -> Estate:
    return Estate(name, most)


def answered(group: str, data: bytes) -> None:
    head, _, body = data.partition(b"\0")
    words = head.decode("utf-8", "replace").split(" ")
    name, number, status = (*words, "", "", "")[:3]
    if name not in GROUPS[group] or not (number.isascii() and number.isdecimal()):
        return
    made = estate(name)
    made.read(made.calls[int(number[:9]) % len(made.calls)], body, _STATUSES.get(status, 0))


def samples(group: str) -> Iterator[bytes]:
    """Calls of each connector, one of a shape: another page or project is read by the same code."""
    for name in GROUPS[group]:
        made = estate(name)
        for call in _spread(made.shapes(), _MOST_SAMPLES):
            head = f"{name} {made.calls.index(call)} 200"
            yield head.encode() + b"\0" + made.body(call)
