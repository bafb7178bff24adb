"""Who asks providers about keys in this scan, and where its processes note what was asked."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from scanner.app.config import LoadedConfig
from scanner.detect.asked import SharedBook
from scanner.detect.verify import Verifier


@contextmanager
def verifying(
    loaded: LoadedConfig, key: bytes, *, verify: bool
) -> Iterator[tuple[Verifier | None, str]]:
    """Who asks here, and the folder that the scan's processes share; it goes with the scan."""
    if not verify or loaded.config.scan.executor != "processes":
        yield (Verifier() if verify else None), ""
        return
    with TemporaryDirectory(prefix="shadow-ai-asked-") as folder:
        yield verifier_of(folder, key), folder


def verifier_of(folder: str, key: bytes) -> Verifier | None:
    """Of one of several processes; None: nobody is asked. ``key`` marks what is noted, so that who
    reads the notes cannot try keys on them."""
    if not folder:
        return None
    salt = hmac.digest(key, folder.encode(), "sha256")
    return Verifier(book=SharedBook(Path(folder)), salt=salt)
