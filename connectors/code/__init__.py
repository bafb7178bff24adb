"""Code: directories and local git repositories, work tree and whole history.

Owns finding the repositories and reading them safely; what is AI in them is the detector's
business. It needs no network and runs nothing of what it reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connectors.code.discovery import is_bare, is_repository, listing_gaps, shards
from scanner.kit.archives import Bounds
from scanner.kit.contract import (
    ConnectorSpec,
    Context,
    Counts,
    PermissionFormat,
    Probe,
    Shard,
)
from scanner.kit.git.borrowed import own_objects
from scanner.kit.git.process import Git
from scanner.kit.git.reading import holder, holding, read_tree
from scanner.kit.left_out import IN_ARCHIVES
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Sight
from scanner.model.errors import Unavailable
from scanner.model.items import Checkpoint, Gap, Item

_MIB = 1 << 20


class CodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the code is."""

    paths: tuple[str, ...] = (".",)
    """Directories, git repositories (bare too) or single files; folders are searched for
    repositories."""
    tree: bool = True
    """Read the files as they are now."""
    history: bool = True
    """Read every object of a repository, not the work tree alone."""
    exclude: tuple[str, ...] = ()
    """Globs of paths, relative to each root, that are not read."""
    max_file_mib: int = 32
    """Larger texts are named as a gap instead of read."""
    archives: bool | Bounds = True
    """Open archives, and how far."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Places of the trees that are not looked at."""
        return self.exclude if self.archives else (*self.exclude, IN_ARCHIVES)

    @property
    def bounds(self) -> Bounds | None:
        if isinstance(self.archives, Bounds):
            return self.archives
        return Bounds() if self.archives else None


def _named(ctx: Context[CodeConfig]) -> list[Path]:
    """The roots that are there, also those into which one may not look: told by what reads them."""
    roots = [ctx.folder / Path(path).expanduser() for path in ctx.config.paths]
    return [root.resolve() for root in roots if os.path.exists(root)]


class CodeConnector:
    spec = ConnectorSpec(
        name="code",
        title="Directories and local git repositories",
        config=CodeConfig,
        operations=(),
        yields=frozenset({"code.repository", "code.directory", "code.author", "code.team"}),
        sights=(Sight(ids=r"(?P<repository>git:[^#]+)", shards=("code:{repository}/tree",)),),
        listing={
            "paths": Counts.MORE,
            "tree": Counts.MORE,
            "history": Counts.MORE,
            "exclude": Counts.NEVER,
            "archives": Counts.NEVER,
            "max_file_mib": Counts.NEVER,
        },
        docs_url="https://git-scm.com/docs/git-cat-file",
        permission_format=PermissionFormat.FILESYSTEM,
    )

    def shards(self, ctx: Context[CodeConfig]) -> Iterator[Shard]:
        for path in ctx.config.paths:
            if not os.path.exists(ctx.folder / Path(path).expanduser()):
                # A shard of its own, so that the other paths are read and this one is told.
                yield Shard(id=ShardId(f"code:dir:{path}/tree"), scope={"missing": path})
        parts = {"tree": ctx.config.tree, "history": ctx.config.history}
        yield from shards(
            _named(ctx),
            parts=tuple(part for part, wanted in parts.items() if wanted),
            exclude=ctx.config.left_out,
        )

    def collect(
        self, ctx: Context[CodeConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        if "missing" in shard.scope:
            missing = shard.scope["missing"]
            raise Unavailable(f"{missing}: no such file or directory; check `paths`")
        if shard.scope["part"] == "listing":
            yield from listing_gaps(shard)
            return
        if "shut" in shard.scope:
            yield Gap(what=".git", reason=f"{shard.scope['shut']}; its history was not read")
        root = Path(shard.scope["root"])
        if not shard.scope["git"] and "inside" not in shard.scope:
            yield from self._items(ctx, shard, root, None)
            return
        with own_objects(root, _named(ctx)) as (git, foreign):
            if shard.scope["part"] == "history" or (shard.scope["git"] and is_bare(root)):
                yield from foreign
            yield from self._items(ctx, shard, root, git)

    def _items(
        self, ctx: Context[CodeConfig], shard: Shard, root: Path, found: Git | None
    ) -> Iterator[Item]:
        """``found``: the repository at ``root``, or the one that it lies in."""
        subject = NodeId(shard.scope["subject"])
        git = found if shard.scope["git"] else None
        repository = holder(subject, root)
        most = ctx.config.max_file_mib * _MIB
        is_history = shard.scope["part"] == "history"
        if "doubt" in shard.scope and is_history == ctx.config.history:
            yield Gap(what="identity", reason=shard.scope["doubt"])
        if is_history and git is not None:
            # What reads packs takes a tenth of a second to import.
            from scanner.kit.git.history import Options, read_history

            options = Options(
                most, archives=ctx.config.bounds, memory=ctx.recall(ShardId(shard.id))
            )
            yield from holding(repository, read_history(git, subject, ctx, options))
            return
        yield repository
        yield from read_tree(
            root,
            git,
            subject,
            is_bare=git is not None and is_bare(root),
            exclude=ctx.config.exclude,
            most_bytes=most,
            archives=ctx.config.bounds,
            inside=shard.scope.get("inside", ""),
            is_foreign=lambda folder: folder != root and is_repository(folder),
            outer=found,
        )

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


CONNECTOR = CodeConnector()
