"""What a repository stores: its packs and loose objects, its own and those it borrows.

Owns listing; reads no content. A pack that cannot be listed this way (an index that is broken or of
another version) costs itself: git is asked which objects there are beside those of the others.
Another hash than SHA-1 is a ``BrokenPack``: the repository is then read through git alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scanner.kit.git.completeness import alternates, names_in
from scanner.kit.git.packs import ID_SIZE, TREE, BrokenPack, Ids, Pack, open_pack
from scanner.kit.git.process import Git
from scanner.model.errors import Unavailable

_HEX = frozenset("0123456789abcdef")


@dataclass
class Store:
    """``packs`` in a fixed order; ``loose``: ids in hexadecimal of what git hands out one by one:
    loose objects, and those of packs that it alone can read."""

    packs: list[Pack]
    loose: list[str]

    def ids(self) -> Ids:
        """All objects; twice where they are stored twice."""
        found = [pack.ids for pack in self.packs]
        if self.loose:
            found.append(_as_ids(self.loose))
        return np.concatenate(found) if found else np.empty(0, f"V{ID_SIZE}")

    def holds(self, oids: set[str]) -> set[str]:
        """Those of ``oids`` that are stored."""
        if not oids:
            return set()
        found = oids.intersection(self.loose)
        wanted = sorted(oids - found)
        ids = _as_ids(wanted)
        is_here = np.zeros(len(ids), np.bool_)
        for pack in self.packs:
            is_here |= pack.holds(ids)
        return found | {oid for oid, here in zip(wanted, is_here.tolist(), strict=True) if here}

    def texts(self) -> Iterator[tuple[Pack, NDArray[np.bool_]]]:
        """Each pack, and which of its objects are read: no trees, and none that an earlier pack
        holds, too."""
        for number, pack in enumerate(self.packs):
            chosen = pack.kinds != TREE
            for earlier in self.packs[:number]:
                chosen &= ~earlier.holds(pack.ids)
            yield pack, chosen


def open_store(
    git: Git,
    *,
    use_native: bool = True,
    complain: Callable[[str], None] = lambda line: None,
) -> Store:
    """Raises ``BrokenPack`` where git has to be asked for everything, ``Unavailable`` when git
    cannot tell where the objects are. ``complain``: as of :meth:`Git.objects`, where it is asked
    for those of a pack that cannot be read here."""
    _check_format(git)
    packs: list[Pack] = []
    loose: set[str] = set()
    is_whole = True
    for folder in _stores(git):
        for path in sorted((folder / "pack").glob("*.idx")):
            try:
                packs.append(open_pack(path.with_suffix(".pack"), use_native=use_native))
            except BrokenPack:
                is_whole = False
        loose.update(_loose(folder))
    if not is_whole:
        every = {found.oid for found in git.objects(complain)} - loose
        loose |= every - Store(packs, []).holds(every)
    return Store(packs, sorted(loose))


def stamp(git: Git) -> str:
    """Changes whenever an object, a reference or a cut in the history does."""
    found = hashlib.blake2b(digest_size=16)
    with suppress(Unavailable):
        found.update(git.text("for-each-ref", "--format=%(objectname) %(refname)").encode())
    for folder in _stores(git):
        found.update(os.fsencode(os.path.realpath(folder / "pack")))
        for path in sorted((folder / "pack").glob("*")):
            facts = path.stat()
            found.update(b"%b %d %d" % (os.fsencode(path.name), facts.st_size, facts.st_mtime_ns))
        for oid in sorted(_loose(folder)):
            found.update(oid.encode())
    with suppress(OSError):
        found.update(git.path("shallow").read_bytes())
    return found.hexdigest()


def _check_format(git: Git) -> None:
    kind = git.text("rev-parse", "--show-object-format").strip()
    if kind != "sha1":
        raise BrokenPack(f"objects are named by {kind}")


def _stores(git: Git) -> list[Path]:
    own = git.path("objects")
    return [own, *(found for found in alternates(own) if isinstance(found, Path))]


def _loose(folder: Path) -> list[str]:
    found = []
    for name in names_in(folder):
        if len(name) == 2 and _HEX.issuperset(name):
            found += [
                name + rest
                for rest in names_in(folder / name)
                if len(rest) == ID_SIZE * 2 - 2 and _HEX.issuperset(rest)
            ]
    return found


def _as_ids(oids: list[str]) -> Ids:
    return np.frombuffer(bytes.fromhex("".join(oids)), f"V{ID_SIZE}")


def hexes(ids: Ids) -> list[str]:
    """In hexadecimal, as git prints them."""
    raw = ids.tobytes().hex()
    return [raw[at : at + ID_SIZE * 2] for at in range(0, len(raw), ID_SIZE * 2)]
