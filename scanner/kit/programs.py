"""Which program a name means: never one that lies in the folder that is being scanned.

``PATH`` may hold ``.`` or an empty part, both the current directory; a file ``git`` there would be
run in git's place. Windows looks there even unasked.
"""

from __future__ import annotations

import os
import shutil
from functools import cache

from scanner.model.errors import Unavailable


def environ_path() -> str:
    """``PATH`` without what is relative."""
    parts = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(part for part in parts if os.path.isabs(part))


def found(name: str) -> str:
    """The absolute path of a program. Raises ``Unavailable``."""
    return _found(name, environ_path())


@cache
def _found(name: str, path: str) -> str:
    place = shutil.which(name, path=path)
    if place is None or not os.path.isabs(place):
        raise Unavailable(f"{name} is not installed, or not in PATH; install it")
    return place
