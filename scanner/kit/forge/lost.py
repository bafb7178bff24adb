"""Keys that a repository's history held and that nothing leads to any more.

A forge serves what branches and tags lead to. What was pushed over lives on in our clone alone, and
a clone may be dropped for room, moved or lost: then its objects are gone from here, which proves
nothing about the key in them. So what a history showed is remembered beside the shard, and what can
no longer be looked at is shown as it was, until the key is revoked or its finding is accepted.

Owns that memory, around the one of :func:`scanner.kit.git.history.read_history`. Refuses to hold
on to what can be looked at: a place whose commit is here and that no longer counts (other rules, a
comment that suppresses it) is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec

from scanner.kit.expressions import expression
from scanner.kit.git.history import Detecting, Options, read_history
from scanner.kit.git.process import Git
from scanner.model.base import NodeId
from scanner.model.items import Gap, Item, Remembered, Sighting

_FORM = "history and what it held, 1"
_NAMELESS = expression(r"\A\(unreachable object ([0-9a-f]{12})\)")


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    form: str
    inner: bytes
    """What the reader of the history remembers."""
    shown: tuple[Sighting, ...] = ()


def read_lasting(
    git: Git | None, subject: NodeId, detecting: Detecting, options: Options
) -> Iterator[Item]:
    """As :func:`read_history`, and after it what was there before and is here no more. ``git``:
    None for a repository that has become empty."""
    before = _kept(options.memory)
    inner, has_gaps = before.inner, False
    here: list[Sighting] = []
    if git is not None:
        inside = replace(options, memory=before.inner)
        for item in read_history(git, subject, detecting, inside):
            if isinstance(item, Remembered):
                inner = item.data
                continue
            has_gaps |= isinstance(item, Gap)
            if isinstance(item, Sighting):
                here.append(item)
            yield item
    seen = set(map(_identity, here))
    unseen = [one for one in before.shown if _identity(one) not in seen]
    stored = _stored(git, unseen)
    lost = [one for one in unseen if _witness(one) not in stored]
    yield from lost
    if lost:
        keys = len({(one.hit.rule, one.hit.fingerprint) for one in lost})
        detecting.warn(
            f"{subject}: {keys} {'keys were' if keys > 1 else 'key was'} in its history, and no "
            "branch leads there any more; shown as last seen: revoke what is live, accept the rest"
        )
    # Where something was unreadable, what was not seen may stand in it.
    doubtful = [one for one in unseen if has_gaps and _witness(one) in stored]
    after = _Kept(_FORM, inner, (*here, *lost, *doubtful))
    if after != before:
        yield Remembered(data=msgspec.msgpack.encode(after))


def _kept(data: bytes) -> _Kept:
    """A memory of another form is the inner one: versions before wrote it bare."""
    try:
        found = msgspec.msgpack.decode(data, type=_Kept)
    except (msgspec.MsgspecError, ValueError):
        return _Kept(_FORM, data)
    return found if found.form == _FORM else _Kept(_FORM, data)


def _identity(one: Sighting) -> tuple[str, str, str]:
    return one.hit.rule, one.hit.fingerprint, one.place.path


def _witness(one: Sighting) -> str:
    """The object that is here if what was seen is: the commit that brought it, and a clone that has
    a commit has all it leads to; or the nameless object itself. Empty: not known."""
    nameless = _NAMELESS.match(one.place.path)
    return one.place.commit or (nameless[1] if nameless else "")


def _stored(git: Git | None, asked: Iterable[Sighting]) -> set[str]:
    names = {_witness(one) for one in asked} - {""}
    return set(git.named(sorted(names))) if git is not None and names else set()
