"""What a repository is called for ever, and which of its branches is its tree.

Owns the choice among what git tells; reads no content.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from scanner.kit.git.process import Git
from scanner.kit.text import printable
from scanner.model.errors import Unavailable
from scanner.model.keys import canonical_remote

_USUAL = ("refs/heads/main", "refs/heads/master")


@dataclass(frozen=True)
class Key:
    """``name``: empty for a repository without commits. ``doubt``: why it may have had another
    name before, or will have one later."""

    name: str
    doubt: str = ""


def repository_key(git: Git) -> Key:
    """What stays the same when a repository is cloned again, moved or given more branches: its
    origin without credentials, else the root commit of its main line. First parents alone are
    followed, so that merging an unrelated older history changes nothing."""
    with suppress(Unavailable):  # git's exit code for a key that is not set
        origin = canonical_remote(git.text("config", "--get", "remote.origin.url").strip())
        if origin:
            return Key(origin)
    try:
        trunk = next((ref for ref in _USUAL if _exists(git, ref)), "") or tree_of(git).revision
        if not trunk:
            return Key("", _lost(git))
        root = git.text("rev-list", "--first-parent", "--max-parents=0", trunk, "--").split()[-1:]
        if not root:
            return Key("", f"{trunk} leads to no first commit")
        doubt = ""
        if is_shallow(git):
            doubt = (
                "a shallow clone without origin: it is known by the oldest commit that it holds, "
                "not by the repository's first; `git fetch --unshallow`, or set its origin"
            )
        return Key(f"local/{root[0][:12]}", doubt)
    except Unavailable as error:
        return Key("", str(error))


@dataclass(frozen=True)
class Tree:
    """``revision``: empty where there is nothing to read. ``doubt``: why it may not be the one."""

    revision: str
    doubt: str = ""


def tree_of(git: Git) -> Tree:
    """HEAD, or the branch that most likely is the default where HEAD names none. Raises
    ``Unavailable`` when git cannot tell which branches there are."""
    if _exists(git, "HEAD"):
        return Tree("HEAD")
    lines = git.text("for-each-ref", "--format=%(objectname) %(refname)").split("\n")[:-1]
    refs = {ref: oid for oid, _, ref in (line.partition(" ") for line in lines)}
    if not refs:
        return Tree("", _lost(git))
    heads = [ref for ref in refs if ref.startswith("refs/heads/")]
    usual = [ref for ref in _USUAL if ref in heads]
    chosen = usual or (heads if len(heads) == 1 else _newest(git, "refs/heads" if heads else ""))
    name = chosen[0]
    return Tree(
        refs.get(name, name),  # by its object: a name may be any bytes
        f"{_head_name(git)} does not exist, {name} was read instead; "
        f"`git symbolic-ref HEAD {name}` mends it, or the right branch in its place",
    )


def is_shallow(git: Git) -> bool:
    return git.text("rev-parse", "--is-shallow-repository").strip() == "true"


def _newest(git: Git, below: str) -> list[str]:
    args = ("--sort=-creatordate", "--count=1", "--format=%(refname)")
    return git.text("for-each-ref", *args, *([below] if below else [])).split()


def _exists(git: Git, revision: str) -> bool:
    return git.succeeds("rev-parse", "--verify", "--quiet", revision)


def _head_name(git: Git) -> str:
    with suppress(Unavailable):
        return f"HEAD's {git.text('symbolic-ref', 'HEAD').strip()}"
    return "what HEAD names"


def _lost(git: Git) -> str:
    """Why a repository of which git names no branch or tag is not simply new: a new one has no
    file of any branch, and no pack (they come by fetching and by gc)."""
    folder = git.path("refs/heads")
    branch = next((path for path in sorted(folder.rglob("*")) if path.is_file()), None)
    if branch is not None:
        name = printable(branch.relative_to(folder).as_posix())
        return f"branch {name} is unreadable, and there is no other; try `git fsck`"
    if any(git.path("objects/pack").glob("*.pack")):
        return "there are commits, but no branch or tag that leads to them; try `git fsck`"
    return ""
