"""Every object a repository has ever stored, each read once; places are looked up only for hits.

Reading objects instead of diffs is complete (merges, deleted branches that are not pruned, what
``git log -p`` hides) and reads equal content once. This is the reference reader: ``git cat-file``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from scanner.kit.git.completeness import lacks
from scanner.kit.git.process import Git
from scanner.model.base import NodeId
from scanner.model.errors import Unavailable
from scanner.model.evidence import Setting
from scanner.model.items import Gap, Hit, Item, Place, Sighting

_READ = ("blob", "commit", "tag")
_PASSES = (("--no-merges",), ("--merges", "-m"))
_MOST_UNREACHABLE = 100_000
"""Commits without a branch that are looked through for the place of a hit."""


@dataclass(frozen=True)
class Introduction:
    """The oldest commit known that holds a blob."""

    commit: str
    author: str
    at: str
    path: str


def read_history(
    git: Git,
    subject: NodeId,
    examine: Callable[[bytes, str, tuple[str, ...]], tuple[Hit, ...]],
    most_bytes: int,
) -> Iterator[Item]:
    """Sightings of credentials in all objects; a gap for each that could not be read."""
    complaints: list[str] = []
    objects = git.objects(complaints.append)
    yield from lacks(git, objects, complaints)
    wanted: list[str] = []
    kinds: dict[str, str] = {}
    for found in objects:
        if found.kind not in (*_READ, "tree"):
            yield Gap(what=f"object {found.oid}", reason="unreadable; try `git fsck`")
        elif found.kind in _READ and found.size > most_bytes:
            if found.kind == "blob" and b"\0" in git.head_of(found.oid):
                continue  # binary, like those of any size
            yield Gap(
                what=f"object {found.oid}", reason=f"larger than {most_bytes >> 20} MiB; not read"
            )
        elif found.kind in _READ:
            wanted.append(found.oid)
            kinds[found.oid] = found.kind
    hits: dict[str, tuple[Hit, ...]] = {}
    for oid, data in git.contents(wanted):
        if data is None:
            yield Gap(what=f"object {oid}", reason="unreadable; try `git fsck`")
        elif found_hits := examine(data, "", ("credentials",)):
            hits[oid] = found_hits
    yield from _placed(git, subject, hits, kinds)


def _placed(
    git: Git, subject: NodeId, hits: dict[str, tuple[Hit, ...]], kinds: dict[str, str]
) -> Iterator[Item]:
    blobs = {oid for oid in hits if kinds[oid] == "blob"}
    known: dict[str, Introduction] = {}
    if blobs:
        try:
            known = introductions(git, blobs)
        except Unavailable as error:
            yield Gap(what="log", reason=f"{error}; commits and paths of hits are missing")
        if left := blobs - known.keys():
            commits = {oid for oid, kind in kinds.items() if kind == "commit"}
            known |= unreachable_introductions(git, left, commits)
    for oid in sorted(hits):
        place = _place(subject, oid, kinds[oid], known.get(oid))
        for hit in hits[oid]:
            yield Sighting(hit=hit, place=place)


def _place(subject: NodeId, oid: str, kind: str, origin: Introduction | None) -> Place:
    if origin is not None:
        return Place(
            subject=subject,
            resource=subject,
            path=origin.path,
            commit=origin.commit,
            author=origin.author,
            seen_at=origin.at,
            context=Setting.HISTORY,
        )
    is_message = kind in ("commit", "tag")
    return Place(
        subject=subject,
        resource=subject,
        path=f"({kind} message)" if is_message else f"(unreachable object {oid[:12]})",
        commit=oid if kind == "commit" else "",
        context=Setting.HISTORY,
    )


def introductions(git: Git, blobs: set[str]) -> dict[str, Introduction]:
    """Where each blob first appeared, by one streamed log; a second pass over merges only for
    what the first did not show."""
    found: dict[str, Introduction] = {}
    for options in _PASSES:
        if left := blobs - found.keys():
            _log(git, left, found, ("--all", *options))
    return found


def unreachable_introductions(
    git: Git, blobs: set[str], commits: set[str]
) -> dict[str, Introduction]:
    """The same among those of ``commits`` that no branch or tag leads to (deleted branches, dropped
    stashes). What they lead to may be gone: that is how git cleans up, so the place of a hit may
    stay unknown, and nothing is missing."""
    found: dict[str, Introduction] = {}
    with suppress(Unavailable):
        lost = sorted(commits - set(git.lines("rev-list", "--all")))[:_MOST_UNREACHABLE]
        for options in _PASSES if lost else ():
            if left := blobs - found.keys():
                _log(git, left, found, (*options, "--stdin", "--not", "--all"), lost)
    return found


def _log(
    git: Git,
    blobs: set[str],
    found: dict[str, Introduction],
    options: tuple[str, ...],
    feed: Sequence[str] = (),
) -> None:
    """Fills ``found``. The log runs from new to old, so the last line that names a blob is its
    oldest."""
    commit = author = at = ""
    oid = ""
    for record in git.lines(
        "log", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature",
        "--root", "--format=%x01%H%x02%ae%x02%cI", *options, separator=b"\0", feed=feed,
    ):  # fmt: skip
        text = record.lstrip("\n")
        if text.startswith("\x01"):
            commit, author, at = text[1:].split("\n", 1)[0].split("\x02")
            text = text.partition("\n")[2]
        if text.startswith(":"):
            oid = text.split(" ")[3]
        elif oid in blobs and text:
            found[oid] = Introduction(commit=commit, author=author, at=at, path=text)
