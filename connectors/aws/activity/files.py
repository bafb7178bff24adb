"""Exports on disk: one file, or a folder of them, as a trail's bucket looks when it is copied.

Owns the walk (no link is followed, names in order, bounded) and what a file's trouble means: within
a folder one file's is a gap, of a file that was asked for by name it is the source's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from connectors.aws.activity.records import read
from connectors.aws.activity.totals import Totals
from connectors.aws.activity.trail import add
from connectors.aws.activity.unpacking import Damaged, TooLarge, pieces
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Gap, Item

_ENDS = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".log", ".log.gz",
         ".gz")  # fmt: skip
_MOST_FILES = 500_000
_DIGESTS = "CloudTrail-Digest"
"""Signatures of files, which CloudTrail writes beside them."""


def read_path(path: Path, name: str) -> Iterator[Item]:
    """All that ``path`` holds, added up. ``name``: as the configuration has it. Raises the source
    errors; what was read before is given first."""
    totals = Totals()
    trouble: SourceError | None = None
    if path.is_dir() and not path.is_symlink():
        gaps = list(_folder(path, name, totals))
    else:
        gaps = []
        try:
            gaps = list(_file(path, name, totals))
        except SourceError as error:
            trouble = error
    yield from totals.drain(name)
    yield from gaps
    if trouble is not None:
        raise trouble


def _folder(root: Path, name: str, totals: Totals) -> Iterator[Gap]:
    found = 0
    refused: list[Gap] = []

    def tell(error: OSError) -> None:
        refused.append(_told(error, _shown(root, name, error.filename or root)))

    for folder, below, files in os.walk(root, followlinks=False, onerror=tell):
        below[:] = sorted(one for one in below if one != _DIGESTS)
        for one in sorted(files):
            path = Path(folder, one)
            if path.is_symlink() or not path.is_file() or not one.casefold().endswith(_ENDS):
                continue
            found += 1
            if found > _MOST_FILES:
                yield Gap(what=name, reason=f"more than {_MOST_FILES} files; the rest is left out")
                return
            try:
                yield from _file(path, _shown(root, name, path), totals)
            except SourceError as error:
                yield Gap(what=name, reason=str(error), denied=isinstance(error, Denied))
    yield from refused
    if not found and not refused:
        yield Gap(what=name, reason="no file of a log is in it; check `log_files`")


def _file(path: Path, name: str, totals: Totals) -> Iterator[Gap]:
    """What of a file could not be read; the rest counts. Raises the source errors for all of it."""
    if path.is_symlink():
        raise Unavailable(
            f"{name}: is a symbolic link, which is not followed; name what it leads to"
        )
    try:
        with path.open("rb") as stream:
            for record in read(pieces(stream)):
                add(record, totals)
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: no such file; check `log_files` in [sources.aws]") from error
    except PermissionError as error:
        raise Denied(f"{name}: may not be read ({error.strerror})") from error
    except OSError as error:
        raise Unavailable(f"{name}: {error.strerror or error}") from error
    except (Damaged, TooLarge) as error:
        yield Gap(what=name, reason=f"{error}; the rest was not read")


def _told(error: OSError, name: str) -> Gap:
    denied = isinstance(error, PermissionError)
    return Gap(what=name, reason=f"may not be listed ({error.strerror})", denied=denied)


def _shown(root: Path, name: str, path: Path | str | bytes) -> str:
    """As the configuration names it, never a path of this machine."""
    inside = os.path.relpath(os.fsdecode(path), root)
    return name if inside == "." else f"{name.rstrip('/')}/{inside}"
