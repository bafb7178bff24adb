"""Code: directories and local git repositories, work tree and whole history.

Owns finding the repositories and reading them safely; what is AI in them is the detector's
business. It needs no network and runs nothing of what it reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connectors.code.bare import read_bare
from connectors.code.discovery import is_bare, is_repository, listing_gaps, shards
from connectors.code.git import Git
from connectors.code.history import read_history
from connectors.code.owners import owners
from connectors.code.tree import TreeFile, printable, walk
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    PermissionFormat,
    Probe,
    Shard,
)
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Unavailable
from scanner.model.facts import Asset, AssetClass
from scanner.model.items import Checkpoint, Content, Gap, Item, Place

_MIB = 1 << 20


class CodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the code is."""

    paths: tuple[str, ...] = (".",)
    """Directories, git repositories (bare too) or single files; folders are searched for
    repositories."""
    history: bool = True
    """Read every object of a repository, not the work tree alone."""
    exclude: tuple[str, ...] = ()
    """Globs of paths, relative to each root, that are not read."""
    max_file_mib: int = 32
    """Larger texts are named as a gap instead of read."""


class CodeConnector:
    spec = ConnectorSpec(
        name="code",
        title="Directories and local git repositories",
        config=CodeConfig,
        operations=(),
        yields=frozenset({"code.repository", "code.directory", "code.author", "code.team"}),
        docs_url="https://git-scm.com/docs/git-cat-file",
        permission_format=PermissionFormat.FILESYSTEM,
    )

    def shards(self, ctx: Context[CodeConfig]) -> Iterator[Shard]:
        roots: list[Path] = []
        for path in ctx.config.paths:
            root = ctx.folder / Path(path).expanduser()
            if os.path.exists(root):  # also where one may not look: told by what reads it
                roots.append(root.resolve())
            else:
                # A shard of its own, so that the other paths are read and this one is told.
                yield Shard(id=ShardId(f"code:dir:{path}/tree"), scope={"missing": path})
        yield from shards(roots, history=ctx.config.history)

    def collect(
        self, ctx: Context[CodeConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        if "missing" in shard.scope:
            missing = shard.scope["missing"]
            raise Unavailable(f"{missing}: no such file or directory; check `paths`")
        if shard.scope["part"] == "listing":
            yield from listing_gaps(shard)
            return
        root = Path(shard.scope["root"])
        subject = NodeId(shard.scope["subject"])
        git = Git(root) if shard.scope["git"] else None
        inside = shard.scope.get("inside", "")
        holder = _holder(subject, root, is_repository=subject.startswith("git:"))
        most = ctx.config.max_file_mib * _MIB
        is_history = shard.scope["part"] == "history"
        if "doubt" in shard.scope and is_history == ctx.config.history:
            yield Gap(what="identity", reason=shard.scope["doubt"])
        if is_history and git is not None:
            for number, item in enumerate(read_history(git, subject, ctx.examine, most)):
                if number == 0:
                    yield holder
                yield item
            return
        yield holder
        yield from owners(root, git, subject) if root.is_dir() else ()
        found: Iterator[TreeFile | Gap]
        if git is not None and is_bare(root):
            found = read_bare(git, exclude=ctx.config.exclude, most_bytes=most)
        else:
            found = walk(
                root,
                exclude=ctx.config.exclude,
                most_bytes=most,
                is_foreign=lambda folder: folder != root and is_repository(folder),
            )
        for file in found:
            yield file if isinstance(file, Gap) else _content(subject, file, inside)

    def probe(self, ctx: Context[CodeConfig]) -> Iterator[Probe]:
        for path in ctx.config.paths:
            root = ctx.folder / Path(path).expanduser()
            readable = root.exists() and os.access(root, os.R_OK)
            yield Probe(
                check=f"read {path}",
                ok=readable,
                detail="readable" if readable else "missing or not readable",
                remedy="" if readable else "check the path and its permissions",
            )
        try:
            version = Git(Path()).text("version").strip()
            yield Probe(check="git", ok=True, detail=version)
        except Unavailable as error:
            yield Probe(check="git", ok=False, detail=str(error), remedy="install git")


def _content(subject: NodeId, found: TreeFile, inside: str = "") -> Content:
    path = f"{inside}/{found.path}" if inside and inside != found.path else found.path
    place = Place(subject=subject, resource=subject, path=path)
    return Content(place=place, data=found.data, own_modules=found.own_modules)


def _holder(subject: NodeId, root: Path, *, is_repository: bool) -> Asset:
    name = subject.partition(":")[2]
    is_local = not is_repository or name.startswith("local/")
    return Asset(
        id=subject,
        kind="code.repository" if is_repository else "code.directory",
        name=(printable(root.name.removesuffix(".git")) or name) if is_local else name,
        asset_class=AssetClass.REPOSITORY,
        is_ai=False,
    )


CONNECTOR = CodeConnector()
