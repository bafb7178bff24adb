"""Which files there are, in folders of this machine and in object stores.

Owns no reading. A folder that may not be listed is a gap, as what is in it is unknown.
"""

from __future__ import annotations

import fnmatch
import os
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

    for above, folders, names in os.walk(folder, onerror=failed):
        folders.sort()
        for name in sorted(names):
            path = Path(above, name)
            try:
                if path.is_file() and not path.is_symlink():
                    yield path
            except OSError as error:
                error.filename = str(path)
                failed(error)
