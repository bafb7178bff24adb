"""Answers of APIs: a connector reads a small made-up organization through its real session, and one
of its operations answers what the fuzzer made.

An input is ``connector operation``, a NUL, and the body of the answer. The organizations are those
of the tests (``tests/connectors/<name>/world.py``), served on loopback.
"""

from __future__ import annotations

import atexit
import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from scanner.model.errors import SourceError

if TYPE_CHECKING:
    from tests.saas_rig import Reply, Vendor

_SERVING = ExitStack()
"""Until the process ends: an input is read in some hundredths of a second."""
atexit.register(_SERVING.close)  # while there still are threads that the servers run in


class _Served:
    """One connector's organization. ``bodies``: operation -> its first answer, as it is."""

    def __init__(self, name: str) -> None:
        from tests.saas_rig import serving
        from tests.saas_rig.cases import all_cases

        self._case = all_cases()[name]
        self._vendor: Vendor = _SERVING.enter_context(serving(self._case.plant()))
        self._answer = self._vendor.respond
        self._vendor.respond = self._respond  # type: ignore[method-assign]
        self._instead: tuple[str, str] | None = None
        self.bodies: dict[str, str] = {}
        self._read()

    def _respond(self, *asked: Any) -> Reply:
        from tests.saas_rig import Reply

        reply = self._answer(*asked)
        operation = self._vendor.calls[-1]
        if self._instead is not None:
            return Reply(self._instead[1]) if operation == self._instead[0] else reply
        body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        self.bodies.setdefault(operation, body)
        return reply

    def read(self, operation: str, body: str) -> None:
        self._instead = operation, body
        self._vendor.calls.clear()
        self._vendor.queries.clear()
        self._read()

    def _read(self) -> None:
        """What it tells can be stored and sent, whatever the source says."""
        ctx = self._case.context(self._vendor.url, retries=1)
        shards = list(self._case.connector.shards(ctx))
        for shard in shards:
            try:
                for item in self._case.connector.collect(ctx, shard, None):
                    msgspec.json.encode(item, enc_hook=repr)
            except SourceError:
                continue  # an answer: it becomes coverage


@cache
def _served(name: str) -> _Served:
    return _Served(name)


def answered(data: bytes) -> None:
    from tests.saas_rig.cases import NAMES

    head, _, body = data.partition(b"\0")
    name, _, operation = head.decode("utf-8", "replace").partition(" ")
    if name in NAMES:
        _served(name).read(operation, body.decode("utf-8", "replace"))


def samples() -> Iterator[bytes]:
    """Every operation of every connector, as it answers in its organization."""
    from tests.saas_rig.cases import NAMES

    for name in NAMES:
        for operation, body in _served(name).bodies.items():
            yield f"{name} {operation}".encode() + b"\0" + body.encode("utf-8", "surrogatepass")
