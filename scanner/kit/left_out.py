"""Places that the user's own globs leave out of a reading: nothing is claimed of them.

A glob that covers a folder or an archive covers what is in it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from scanner.kit.archives import SEPARATOR

IN_ARCHIVES = f"*{SEPARATOR}*"
"""Whatever is in an archive."""
_MOST_DEPTH = 64


def is_left_out(shown: str, exclude: tuple[str, ...]) -> bool:
    """Whether one of the user's globs covers this path, relative to its root."""
    return any(fnmatchcase(shown, glob) for glob in exclude)


def covers(exclude: tuple[str, ...], path: str) -> bool:
    """The same with all folders above it, and the archives that it is in."""
    if not exclude or not path:
        return False
    parts = path.split("/", _MOST_DEPTH)
    above = ("/".join(parts[:many]) for many in range(1, len(parts)))
    return is_left_out(path, exclude) or any(
        is_left_out(part.removesuffix(SEPARATOR[0]), exclude) for part in above
    )


def below(folder: str, exclude: tuple[str, ...]) -> tuple[str, ...]:
    """Globs of paths below ``folder`` as globs of whole paths; no folder: as they are."""
    if not folder:
        return exclude
    literal = "".join(f"[{c}]" if c in "*?[" else c for c in folder)
    return tuple(f"{literal}/{glob}" for glob in exclude)
