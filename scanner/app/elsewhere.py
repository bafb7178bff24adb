"""What to do where a path cannot be written: most often a relative one, which begins beside a
configuration that is read-only (a cluster, a service). Nothing is written elsewhere by itself: who
asks the state from another shell would not find it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def advice(setting: str, name: str, environ: Mapping[str, str] | None = None) -> str:
    """``setting``: that names the place, ``name``: what lies in it, after the scheme of a URL. In
    the folder that systemd gives to a service, where there is one."""
    told = (os.environ if environ is None else environ).get("STATE_DIRECTORY", "")
    folder = told.partition(":")[0] or "/var/lib/…"
    scheme, mark, path = name.rpartition("///")
    place = f"{scheme}{mark}{folder}/{path}"
    return (
        f"check who may write there, or name another place by {setting} ({place} is from the root)"
    )


def is_refused(error: BaseException) -> bool:
    """Whether it, or what it came of, is about who may write."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno in _REFUSED
