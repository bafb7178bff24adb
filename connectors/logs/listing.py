"""Which files there are, in folders of this machine and in object stores.

Owns no reading. A folder that may not be listed is a gap, as what is in it is unknown.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from glob import glob
from pathlib import Path

from connectors.logs import objects
from connectors.logs.files import LogFile
from scanner.model.errors import Denied, Unavailable
from scanner.model.items import Gap


def listed(root: Path, named: str, exclude: tuple[str, ...]) -> tuple[list[LogFile], list[Gap]]:
    """The files that one entry of ``files`` stands for, the oldest first. Raises the source
    errors."""
    if named == "-":
        return [LogFile("-")], []
    if "://" in named:
        there = [
            LogFile(path, changed)
            for path, changed in objects.listed(named)
            if not _is_excluded(path.rpartition("/")[2], exclude)
        ]
        if not there:
            raise Unavailable(f"{named}: there is no such object")
        return there, []
    path = root / Path(named).expanduser()
    gaps: list[Gap] = []
    try:
        if any(char in named for char in "*?[") and not path.exists():
            found = sorted(one for one in map(Path, glob(str(path), recursive=True))
                           if one.is_file())  # fmt: skip
        elif path.is_dir():
            found = list(_below(path, gaps))
        else:
            found = [path]
        kept = [one for one in found if not _is_excluded(one.name, exclude)]
        if not kept and not gaps:
            raise Unavailable(f"{named}: there is no such file")
        ages = sorted((one.stat().st_mtime, str(one)) for one in kept)
    except PermissionError as error:
        raise Denied(f"{named}: may not be read; let the scanner's user read it") from error
    except OSError as error:
        raise Unavailable(f"{named}: {error.strerror or error}") from error
    return [LogFile(path, max(1, int(age))) for age, path in ages], gaps


def _is_excluded(name: str, exclude: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(name, one) for one in exclude)


def _below(folder: Path, gaps: list[Gap]) -> Iterator[Path]:
    """Files, then what links lead to (as ``/var/log/containers`` of Kubernetes holds links alone):
    a file once, whatever links to it. Links to folders are not followed, as they may lead anywhere,
    also back."""

    def failed(error: OSError) -> None:
        is_denied = isinstance(error, PermissionError)
        why = "may not be listed; let the scanner's user read it"
        gaps.append(
            Gap(
                what=str(error.filename),
                reason=why if is_denied else f"not listed: {error.strerror or error}",
                denied=is_denied,
            )
        )

    links: list[Path] = []
    there: set[tuple[int, int]] = set()
    for above, folders, names in os.walk(folder, onerror=failed):
        folders.sort()
        links += (path for name in folders if (path := Path(above, name)).is_symlink())
        for name in sorted(names):
            path = Path(above, name)
            try:
                status = path.lstat()
            except OSError as error:
                error.filename = str(path)
                failed(error)
                continue
            if stat.S_ISLNK(status.st_mode):
                links.append(path)
            elif stat.S_ISREG(status.st_mode):
                there.add((status.st_dev, status.st_ino))
                yield path
    for path in sorted(links):
        try:
            status = path.stat()
        except PermissionError as error:
            error.filename = str(path)
            failed(error)
        except OSError as error:
            why = error.strerror or str(error)
            gaps.append(Gap(what=str(path), reason=f"a link to what is not there: {why}"))
        else:
            if stat.S_ISDIR(status.st_mode):
                _tell_folder(path, folder, gaps)
            elif stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in there:
                there.add((status.st_dev, status.st_ino))
                yield path


def _tell_folder(path: Path, folder: Path, gaps: list[Gap]) -> None:
    """Where it leads out of what is read."""
    target, root = os.path.realpath(path), os.path.realpath(folder)
    if os.path.commonpath((target, root)) != root:
        reason = "a link to a folder, which is not followed; name the folder in `files`"
        gaps.append(Gap(what=str(path), reason=reason))
