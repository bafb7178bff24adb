"""A repository with the objects that are its own: what it borrows from others outside of what the
user named is not read, neither here nor by git.

``objects/info/alternates`` can name any store of the machine, and git offers no way not to follow
it. So where it leads elsewhere, git is given a folder of links in place of the store: to the packs
and loose objects of the repository and of those lenders that may be read, and to no list of
lenders. What lies in others alone is then absent, and is told as that.
Follows https://git-scm.com/docs/gitrepository-layout and
https://git-scm.com/docs/git#Documentation/git.txt-codeGITOBJECTDIRECTORYcode
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scanner.kit.git.borders import stray
from scanner.kit.git.completeness import alternates
from scanner.kit.git.process import Git
from scanner.kit.text import printable
from scanner.model.errors import Unavailable
from scanner.model.items import Gap

_HEX = frozenset("0123456789abcdef")


@contextmanager
def own_objects(folder: Path, named: Sequence[Path]) -> Iterator[tuple[Git, list[Gap]]]:
    """The repository at ``folder``, and a gap for each store that it borrows from and that lies
    below none of ``named``, the roots of the user, nor in the repository itself."""
    git = Git(folder)
    try:
        own = git.path("objects")
    except Unavailable:
        yield git, []  # whoever reads it is told the same
        return
    within = [path.resolve() for path in (*named, own.parent)]
    foreign: list[Gap] = []

    def may_read(store: Path) -> bool:
        real = store.resolve()
        reason = ""
        if not any(real.is_relative_to(root) for root in within):
            reason = f"objects in {printable(str(real))} belong to another repository"
        elif odd := stray(real, within):
            reason = f"{printable(str(real / odd))} is a link to another repository, or no file"
        if reason:
            reason += "; name it to read it"
            foreign.append(Gap(what="objects/info/alternates", reason=reason))
        return not reason

    found = alternates(own, may_read=may_read)
    lenders = [store for store in found if isinstance(store, Path)]
    if not foreign:
        yield git, []
        return
    with tempfile.TemporaryDirectory(prefix="shadow-ai-") as made:
        views = [Path(made) / str(number) for number in range(len(lenders) + 1)]
        try:
            for store, view in zip((own, *lenders), views, strict=True):
                _link(store.resolve(), view)
            if lenders:
                (views[0] / "info").mkdir()
                listing = "".join(f"{view}\n" for view in views[1:])
                (views[0] / "info" / "alternates").write_text(listing)
        except OSError as error:
            raise Unavailable(
                f"{folder}: its objects cannot be told from those that it borrows: {error}"
            ) from error
        yield Git(folder, variables={"GIT_OBJECT_DIRECTORY": str(views[0])}), foreign


def _link(store: Path, view: Path) -> None:
    """``pack`` also where the store has none: a view is known by where that leads."""
    view.mkdir()
    (view / "pack").symlink_to(store / "pack", target_is_directory=True)
    with os.scandir(store) as entries:
        for entry in entries:
            if len(entry.name) == 2 and _HEX.issuperset(entry.name):
                (view / entry.name).symlink_to(entry.path, target_is_directory=True)
