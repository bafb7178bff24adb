"""The bundled rules as parsed once: a thousand YAML files cost half a second, their bytes a
fiftieth of it. A cache only: keyed by every byte of the files and the version, in the user's own
cache folder, and without it everything is as it is with it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from scanner import __version__
from scanner.model.base import Model
from scanner.rulebook.policy import Framework, Policy
from scanner.rulebook.types import Provider

_KEPT = 3
"""Files; older ones are of versions that are gone."""


class Parsed(Model, frozen=True, kw_only=True):
    """What the rule files say."""

    providers: tuple[Provider, ...]
    policies: tuple[Policy, ...]
    frameworks: tuple[Framework, ...]
    products: frozenset[str]


def _path(digest: str) -> Path:
    return user_cache_path("shadow-ai") / f"rules-{__version__}-{digest}.msgpack"


def read(digest: str) -> Parsed | None:
    """None where there is none that can be used."""
    try:
        return msgspec.msgpack.decode(_path(digest).read_bytes(), type=Parsed)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def write(digest: str, parsed: Parsed) -> None:
    """Whole or not at all; a folder that cannot be written is no trouble."""
    path = _path(digest)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            draft.write_bytes(msgspec.msgpack.encode(parsed))
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        kept = sorted(path.parent.glob("rules-*.msgpack"), key=lambda p: -p.stat().st_mtime)
        for old in kept[_KEPT:]:
            old.unlink(missing_ok=True)
