"""``file:PATH``: a file that only its owner can read, as ssh wants of a private key.

ssh refuses a key of the user's own that others can read, and does not judge files of other owners
(https://man.openbsd.org/ssh: "ssh will simply ignore a private key file if it is accessible by
others"); so it is here: mounted secrets of Kubernetes and Docker belong to root and are read. A
token that Kubernetes mounts (``serviceAccountToken``) belongs to the pod's own user where that is
named, and its group, the pod's ``fsGroup``, may read it, always: the mount is read-only
(https://kubernetes.io/docs/concepts/storage/projected-volumes/).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scanner.kit.references import Asking
from scanner.kit.references.grammar import Reference
from scanner.model.errors import Denied

_MOST_BYTES = 1 << 20


def value(found: Reference, asking: Asking) -> str:
    path = asking.folder / Path(found.place).expanduser()
    try:
        # Not blocking: a pipe in its place would be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            seen = os.fstat(descriptor)
            if not stat.S_ISREG(seen.st_mode):
                raise Denied("is no file")
            _check(seen, is_fixed=_is_fixed(descriptor))
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Denied(f"{error.strerror}; put the secret there, mode 0600") from None
    if len(data) > _MOST_BYTES:
        raise Denied("is larger than a secret may be (1 MiB)")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Denied("is no text in UTF-8") from None


def _is_fixed(descriptor: int) -> bool:
    """Whether it lies on a mount where nobody changes anything."""
    asked = getattr(os, "fstatvfs", None)
    return asked is not None and bool(asked(descriptor).f_flag & os.ST_RDONLY)


def _check(seen: os.stat_result, *, is_fixed: bool) -> None:
    """Of the open file, so that nobody puts another in its place. ``is_fixed``: its mode cannot be
    changed; then its group may read it."""
    others = 0o037 if is_fixed else 0o077
    if os.name == "posix" and seen.st_uid == os.getuid() and seen.st_mode & others:
        raise Denied(f"others can read it (mode {stat.S_IMODE(seen.st_mode):04o}); chmod 600")
