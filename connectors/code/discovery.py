"""Which repositories there are: below each root, to any depth, and which listing names them.

Owns the shards; reads no content.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scanner.kit.contract import Shard, clone
from scanner.kit.git.borders import trespass
from scanner.kit.git.borrowed import own_objects
from scanner.kit.git.identity import Key, repository_key
from scanner.kit.git.tree import EXCLUDED
from scanner.kit.left_out import IN_ARCHIVES, below
from scanner.kit.text import printable
from scanner.model.base import ShardId
from scanner.model.items import Gap

_UNLISTED = "unlisted:"
_DENIED = "denied:"


@dataclass
class Listing:
    """What a root holds, and what keeps that from being the whole."""

    id: ShardId
    title: str
    place: str
    called: str
    trouble: dict[str, str] = field(default_factory=dict)

    def shard(self) -> Shard:
        return Shard(
            id=self.id, scope={"part": "listing", **self.trouble}, title=self.title,
            place=self.place, called=self.called,
        )  # fmt: skip


def listing_gaps(shard: Shard) -> Iterator[Gap]:
    """What kept a listing from being complete."""
    for key, reason in shard.scope.items():
        for prefix in (_UNLISTED, _DENIED):
            if key.startswith(prefix):
                what = key.removeprefix(prefix)
                yield Gap(what=what, reason=reason, denied=prefix == _DENIED)


def shards(
    roots: Iterable[Path], *, parts: tuple[str, ...], exclude: tuple[str, ...] = ()
) -> Iterator[Shard]:
    """Those of each root, of each repository below it, and the listing that names the latter:
    when it is complete and names a repository no more, that repository is gone."""
    found: dict[Path, Path | None] = {}
    trouble: dict[Path, dict[str, str]] = {}
    named = sorted(set(roots))  # whatever the order in which the paths are given
    for root in named:  # the inner of two nested roots comes later, and lists what is below it
        trouble[root] = {}
        if root.is_dir():
            found.update(dict.fromkeys(_below(root, trouble[root]), root))
    found.update(dict.fromkeys(named))
    listings: dict[Path, Listing] = {}
    seen: set[str] = set()
    for folder in sorted(found):
        owner = found[folder]
        name, inside, scope, doubt = _named(folder, owner or folder, named)
        # Two clones are the same repository, read in places of their own.
        if not inside and name in seen:
            name = clone(name, printable(folder.as_posix()))
        if not inside:
            seen.add(name)
        if owner is None and folder.is_dir():
            end = f"/{inside}" if inside else ""
            listings[folder] = Listing(
                ShardId(f"code:{name}/listing{end}"),
                printable(folder.name),
                printable(folder.as_posix()),
                name,
                trouble[folder],
            )
        elif owner is not None and doubt:
            shown = printable(folder.relative_to(owner).as_posix())
            listings[owner].trouble[_UNLISTED + shown] = f"what it was called is not sure: {doubt}"
        listed_by = listings[owner].id if owner else ""
        yield from _shards_of(folder, name, inside, scope, listed_by, parts=parts, exclude=exclude)
    for listing in listings.values():
        yield listing.shard()


def _named(
    folder: Path, within: Path, roots: Sequence[Path]
) -> tuple[str, str, dict[str, str], str]:
    """Name, path within the enclosing repository, scope, and what makes the name doubtful.
    ``within``: the root that the user named, one of ``roots``."""
    is_git = is_repository(folder)
    shut = trespass(folder, within) if is_git else ""
    outer = None if is_git else _enclosing(folder)
    key = Key("", shut)
    if not shut and (is_git or outer):
        with own_objects(outer or folder, roots) as (git, _):
            key = repository_key(git)
    inside = printable(folder.relative_to(outer).as_posix()) if outer and key.name else ""
    name = f"git:{key.name}" if key.name else f"dir:{printable(folder.as_posix())}"
    is_read = is_git and not shut
    scope = {"root": str(folder), "subject": name, "git": "yes" if is_read else ""}
    if key.name and key.doubt:
        scope["doubt"] = key.doubt
    if shut:
        scope["shut"] = shut
    return name, inside, scope, key.doubt


def _shards_of(
    folder: Path,
    name: str,
    inside: str,
    scope: dict[str, str],
    listed_by: str,
    *,
    parts: tuple[str, ...],
    exclude: tuple[str, ...],
) -> Iterator[Shard]:
    if inside:
        # Part of a repository: the same holder, a shard of its own, no history.
        if "tree" in parts:
            yield Shard(
                id=ShardId(f"code:{name}/tree/{inside}"),
                scope={**scope, "part": "tree", "inside": inside},
                title=inside,
                listed_by=listed_by,
                left_out=below(inside, exclude),
                place=printable(folder.as_posix()),
                called=name,
                whole_of=f"code:{name}/tree/{inside}/{{path}}",
            )
        return
    for part in parts:
        if part == "history" and not scope["git"]:
            continue
        yield Shard(
            id=ShardId(f"code:{name}/{part}"),
            scope={**scope, "part": part},
            title=printable(folder.name),
            listed_by=listed_by,
            place=printable(folder.as_posix()),
            called=name,
            left_out=exclude if part == "tree" else tuple(g for g in exclude if g == IN_ARCHIVES),
            whole_of=_whole(name) if part == "tree" else "",
        )


def _whole(name: str) -> str:
    """Ids of the shards of parts of a tree, which another configuration has named."""
    return f"code:{name}/{{path}}/tree" if name.startswith("dir:") else f"code:{name}/tree/{{path}}"


def is_repository(folder: Path) -> bool:
    """A work tree, also one whose ``.git`` leads nowhere, or a bare repository. Not for a folder
    that may not be looked into: whoever lists it tells that."""
    if os.path.lexists(folder / ".git"):
        return True
    return os.path.isfile(folder / "HEAD") and os.path.isdir(folder / "objects")


def is_bare(folder: Path) -> bool:
    return not os.path.lexists(folder / ".git")


def _enclosing(folder: Path) -> Path | None:
    """The repository that ``folder`` lies in."""
    return next((parent for parent in folder.parents if is_repository(parent)), None)


def _below(root: Path, trouble: dict[str, str]) -> Iterator[Path]:
    """The repositories below ``root`` at any depth, those within others (submodules), too.
    ``trouble`` gets the folders that could not be listed."""
    pending = [root]
    while pending:
        folder = pending.pop()
        if is_repository(folder):
            if folder != root:
                yield folder
            if is_bare(folder):
                continue
        try:
            with os.scandir(folder) as entries:
                pending += [
                    Path(entry.path)
                    for entry in entries
                    if entry.name not in EXCLUDED and entry.is_dir(follow_symlinks=False)
                ]
        except OSError as error:
            prefix = _DENIED if isinstance(error, PermissionError) else _UNLISTED
            shown = printable(folder.relative_to(root).as_posix())
            trouble[prefix + shown] = f"cannot be listed: {error.strerror or error}"
