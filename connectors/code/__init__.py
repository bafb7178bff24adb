"""Code: directories and local git repositories, work tree and whole history.

Owns finding the repositories and reading them safely; what is AI in them is the detector's
business. It needs no network and runs nothing of what it reads.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connectors.code.git import Git, GitObject, has_head, repository_key
from connectors.code.history import head_files, read_history
from connectors.code.owners import owners
from connectors.code.tree import EXCLUDED, TreeFile, printable, walk
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
_DISCOVERY_DEPTH = 100


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
        seen: set[str] = set()
        folders: dict[Path, None] = {}
        for path in ctx.config.paths:
            root = ctx.folder / Path(path).expanduser()
            if not root.exists():
                # A shard of its own, so that the other paths are read and this one is told.
                yield Shard(id=ShardId(f"code:dir:{path}/tree"), scope={"missing": path})
                continue
            folders.update(dict.fromkeys(_roots(root.resolve())))
        for folder in sorted(folders):  # whatever the order in which the paths are given
            yield from self._shards_of(folder, ctx, seen)

    def collect(
        self, ctx: Context[CodeConfig], shard: Shard, since: Checkpoint | None
    ) -> Iterator[Item]:
        if "missing" in shard.scope:
            missing = shard.scope["missing"]
            raise Unavailable(f"{missing}: no such file or directory; check `paths`")
        root = Path(shard.scope["root"])
        subject = NodeId(shard.scope["subject"])
        git = Git(root) if shard.scope["git"] else None
        inside = shard.scope.get("inside", "")
        holder = _holder(subject, root, is_repository=subject.startswith("git:"))
        if shard.scope["part"] == "history" and git is not None:
            most = ctx.config.max_file_mib * _MIB
            for number, item in enumerate(read_history(git, subject, ctx.examine, most)):
                if number == 0:
                    yield holder
                yield item
            return
        yield holder
        yield from owners(root, git, subject) if root.is_dir() else ()
        if git is not None and not (root / ".git").exists():
            yield from self._bare_tree(ctx, git, subject)
            return
        for found in walk(
            root,
            exclude=ctx.config.exclude,
            most_bytes=ctx.config.max_file_mib * _MIB,
            is_foreign=lambda folder: folder != root and _is_repository(folder),
        ):
            yield found if isinstance(found, Gap) else _content(subject, found, inside)

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

    def _shards_of(self, folder: Path, ctx: Context[CodeConfig], seen: set[str]) -> Iterator[Shard]:
        is_git = _is_repository(folder)
        outer = None if is_git else _enclosing(folder)
        key = repository_key(Git(outer or folder)) if is_git or outer else ""
        inside = printable(folder.relative_to(outer).as_posix()) if outer and key else ""
        name = f"git:{key}" if key else f"dir:{printable(folder.as_posix())}"
        if inside:
            # Part of a repository: the same holder, a shard of its own, no history.
            yield Shard(
                id=ShardId(f"code:{name}/tree/{inside}"),
                scope={
                    "root": str(folder),
                    "subject": name,
                    "git": "",
                    "part": "tree",
                    "inside": inside,
                },
                title=inside,
            )
            return
        scope = {"root": str(folder), "subject": name, "git": "yes" if is_git else ""}
        if name in seen:  # a second clone: the same repository, read in a place of its own
            name += f"?clone={hashlib.blake2b(os.fsencode(folder), digest_size=4).hexdigest()}"
        seen.add(name)
        title = printable(folder.name)
        yield Shard(id=ShardId(f"code:{name}/tree"), scope={**scope, "part": "tree"}, title=title)
        if is_git and ctx.config.history:
            yield Shard(
                id=ShardId(f"code:{name}/history"), scope={**scope, "part": "history"}, title=title
            )

    def _bare_tree(self, ctx: Context[CodeConfig], git: Git, subject: NodeId) -> Iterator[Item]:
        if not has_head(git):
            return  # an empty repository
        most = ctx.config.max_file_mib * _MIB
        files: list[tuple[str, GitObject]] = []
        for path, found in head_files(git):
            if found.size <= most:
                files.append((path, found))
            elif b"\0" not in git.head_of(found.oid):
                yield Gap(what=path, reason=f"larger than {ctx.config.max_file_mib} MiB; not read")
        oids = list(dict.fromkeys(found.oid for _, found in files))
        paths: dict[str, list[str]] = {}
        for path, found in files:
            paths.setdefault(found.oid, []).append(path)
        for oid, data in git.contents(oids):
            for path in paths.get(oid, ()):
                if data is None:
                    yield Gap(what=path, reason=f"object {oid} is unreadable; try `git fsck`")
                else:
                    yield _content(subject, TreeFile(path, data))


def _content(subject: NodeId, found: TreeFile, inside: str = "") -> Content:
    path = f"{inside}/{found.path}" if inside and inside != found.path else found.path
    return Content(place=Place(subject=subject, resource=subject, path=path), data=found.data)


def _enclosing(folder: Path) -> Path | None:
    """The repository that ``folder`` lies in."""
    return next((parent for parent in folder.parents if _is_repository(parent)), None)


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


def _is_repository(folder: Path) -> bool:
    if (folder / ".git").exists():
        return True
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def _roots(root: Path) -> Iterator[Path]:
    """``root`` itself, and the repositories below it (submodules are repositories, too)."""
    yield root
    if root.is_dir():
        yield from _nested(root, _DISCOVERY_DEPTH)


def _nested(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # the walk of the tree names it as a gap
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and entry.name not in EXCLUDED:
            path = Path(entry.path)
            if _is_repository(path):
                yield path
            elif depth:
                yield from _nested(path, depth - 1)


CONNECTOR = CodeConnector()
