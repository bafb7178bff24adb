"""Which objects hold which credential -> one sighting a credential and path: where it came from,
when it was first and last touched, by whom.

Owns the choice of the one object that is shown for each; only those are read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from scanner.kit.archives import Member
from scanner.kit.contract import Secret
from scanner.kit.expressions import expression
from scanner.kit.git.memory import Places
from scanner.kit.git.origins import Origins
from scanner.kit.git.process import Git
from scanner.kit.git.stay import Commit, Stay
from scanner.model.base import NodeId
from scanner.model.evidence import Setting
from scanner.model.items import Gap, Hit, Item, Place, Sighting

_SIGNED = expression(rb"(?m)^(?:committer|tagger) [^\n]*?<([^<>\n]*)> (-?\d{1,12})\b")
_AUTHOR = expression(rb"(?m)^author [^\n]*?<([^<>\n]*)>")


class Reader(Protocol):
    def parts(self, data: bytes, path: str = "") -> Iterator[Member | Gap]: ...
    def hits(self, data: bytes) -> tuple[Hit, ...]: ...


_Key: TypeAlias = tuple[str, Secret]
"""A path and a credential at it."""


@dataclass
class _Group:
    """Of one credential at one path. ``oid``: the object to show, the first that brought it
    here."""

    oid: str
    stay: Stay


def place(
    git: Git,
    subject: NodeId,
    hits: Places,
    kinds: dict[str, str],
    found: Origins,
    reader: Reader,
) -> Iterator[Item]:
    """Sightings of ``hits`` in a fixed order."""
    blobs = {oid for oid in hits if kinds[oid] == "blob"}
    if found.problem:
        reason = f"{found.problem}; commits and paths of hits are missing"
        yield Gap(what="log", reason=reason)
    groups: dict[_Key, _Group] = {}
    for oid in sorted(blobs):
        for path, stay in _stays(oid, found).items():
            for secret in hits[oid]:
                _join(groups, (path, secret), _Group(oid, stay))
    for oid, data in git.contents(sorted(hits.keys() - blobs)):
        stay = _signed(oid, data or b"")
        for secret in hits[oid]:
            _join(groups, (f"({kinds[oid]} message)", secret), _Group(oid, stay))
    shown = _shown(git, groups, reader)
    for (path, secret), group in sorted(groups.items(), key=lambda item: item[0]):
        for inner, hit in shown.get((path, secret), ()):
            yield Sighting(hit=hit, place=_place(subject, inner, group.stay))


def _shown(
    git: Git, groups: dict[_Key, _Group], reader: Reader
) -> dict[_Key, list[tuple[str, Hit]]]:
    """By credential and path, its place in the object that is shown. One object at a time is in
    memory: a hundred versions of a large file may each show another key."""
    wanted: dict[str, dict[str, set[Secret]]] = {}
    for (path, secret), group in groups.items():
        wanted.setdefault(group.oid, {}).setdefault(path, set()).add(secret)
    found: dict[_Key, list[tuple[str, Hit]]] = {}
    for oid, data in git.contents(sorted(wanted)):
        for path, secrets in wanted[oid].items():
            here = _hits(data, path, reader)
            found |= {(path, secret): here[secret] for secret in secrets & here.keys()}
    return found


def _stays(oid: str, found: Origins) -> dict[str, Stay]:
    brought = {path: s for path, s in found.stays.get(oid, {}).items() if s.first}
    return brought or {f"(unreachable object {oid[:12]})": Stay()}


def _join(groups: dict[_Key, _Group], key: _Key, one: _Group) -> None:
    known = groups.get(key)
    if known is None:
        groups[key] = _Group(one.oid, Stay(one.stay.first, one.stay.last))
        return
    if one.stay.first is not None:
        before = known.stay.first
        known.stay.brought(one.stay.first)
        if known.stay.first is not before:
            known.oid = one.oid
    if one.stay.last is not None:
        known.stay.touched(one.stay.last)


def _hits(data: bytes | None, path: str, reader: Reader) -> dict[Secret, list[tuple[str, Hit]]]:
    """The first place of each credential, by the path of the member that it stands in."""
    found: dict[Secret, dict[str, Hit]] = {}
    for part in reader.parts(data, path) if data is not None else ():
        if isinstance(part, Member):
            for hit in reader.hits(part.data):
                found.setdefault((hit.rule, hit.fingerprint), {}).setdefault(part.path, hit)
    return {secret: sorted(places.items()) for secret, places in found.items()}


def _signed(oid: str, data: bytes) -> Stay:
    """A commit or tag tells itself when it was made."""
    head = data.partition(b"\n\n")[0]
    made, author = _SIGNED.search(head), _AUTHOR.search(head)
    if made is None:
        return Stay()
    who = (author or made)[1].decode("utf-8", "replace")
    commit = Commit(oid, int(made[2]), who)
    return Stay(commit, commit)


def _place(subject: NodeId, path: str, stay: Stay) -> Place:
    first, last = stay.first, stay.last
    return Place(
        subject=subject,
        resource=subject,
        path=path,
        commit=first.oid if first else "",
        author=first.author if first else "",
        seen_at=first.at if first else "",
        last_commit=last.oid if last else "",
        last_seen_at=last.at if last else "",
        context=Setting.HISTORY,
    )
