"""Secrets by reference: looked up late, in the process that uses them.

``Secrets`` stands where the environment stood. A name of a variable is looked up there; a reference
is resolved by the module of its scheme, which is imported then and not before. Values live in this
object for some minutes, never in a message, a log, a file or another process: its ``repr`` shows
nothing and it refuses to be pickled. A worker elsewhere resolves the same reference for itself.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from scanner.kit.masks import without
from scanner.kit.references.grammar import Reference, parse
from scanner.model.errors import Denied, SourceError, Unavailable, UndeclaredOperation

_RESOLVERS: Mapping[str, str] = {
    "file": "files",
    "keyring": "rings",
    "aws-secretsmanager": "aws",
    "aws-ssm": "aws",
    "gcp-secretmanager": "google",
    "azure-keyvault": "azure",
    "vault": "vault",
}
_LIKE_A_SECRETS = re.compile(r"TOKEN|SECRET|KEY|PASS|PAT\b|CREDENTIAL|AUTH", re.I)
"""In names of variables."""
_LEAST = 8
"""Letters of a value that is taken out of texts."""
_KEPT_SECONDS = 300.0
"""A secret that was changed is taken up after this; a hundred shards ask once."""


@dataclass(frozen=True)
class Asking:
    """What a resolver may use: other references that its options name, on this machine alone."""

    environ: Mapping[str, str]
    folder: Path

    def local(self, text: str) -> str:
        """The value behind an option. Raises ``Denied``; a remote reference is refused, as it
        could go in a ring."""
        found = parse(text)
        if found.scheme not in ("env", "file", "keyring"):
            raise Denied(f"{found.scheme}: a secret that leads to another is in env, file, keyring")
        return _resolved(found, self)


class Secrets(Mapping[str, str]):
    """The environment, with references. ``folder``: where relative paths begin."""

    def __init__(self, environ: Mapping[str, str], folder: Path = Path()) -> None:
        self._environ: Mapping[str, str] = environ
        self._folder = folder
        self._known: dict[str, tuple[float, str]] = {}
        self._given: set[str] = set()
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> str:
        """Raises ``KeyError`` for a variable that is not set, and for a reference that gives no
        value a source error, which says which one and what to do."""
        if ":" not in name or isinstance(self._environ, Secrets):
            value = self._environ[name]
            if _LIKE_A_SECRETS.search(name):
                self._given |= _parts(value)
            return value
        with self._lock:
            until, value = self._known.get(name, (0.0, ""))
            if time.monotonic() >= until:
                value = resolve(name, self._environ, self._folder)
                self._known[name] = (time.monotonic() + _KEPT_SECONDS, value)
                self._given |= _parts(value)
            return value

    def unsaid(self, text: str) -> str:
        """``text`` without a value that was given out: a source may repeat what it is sent."""
        if isinstance(self._environ, Secrets):
            text = self._environ.unsaid(text)
        return without(text, self._given)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def __repr__(self) -> str:
        return "Secrets(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not sent to another process; give it the references")


def _parts(value: str) -> frozenset[str]:
    """What of a secret would tell it: its lines."""
    return frozenset(
        line for line in map(str.strip, (value, *value.splitlines())) if len(line) >= _LEAST
    )


def unsaid(environ: Mapping[str, str], text: str) -> str:
    """See :meth:`Secrets.unsaid`."""
    return environ.unsaid(text) if isinstance(environ, Secrets) else text


def resolve(text: str, environ: Mapping[str, str] | None = None, folder: Path = Path()) -> str:
    """The value. Raises ``Denied`` and ``Unavailable``."""
    try:
        found = parse(text)
    except ValueError as error:
        raise Denied(f"a reference cannot be read: {error}") from None
    return _resolved(found, Asking(os.environ if environ is None else environ, folder))


def _resolved(found: Reference, asking: Asking) -> str:
    try:
        value = _asked(found, asking)
    except SourceError as error:
        # From None: what lies below may hold the answer.
        raise type(error)(f"{found}: {error}") from None
    except UndeclaredOperation:
        raise Denied(f"{found}: leads elsewhere; check how the place is written") from None
    except OSError as error:
        raise Denied(
            f"{found}: a file that it needs is not read ({error.strerror or 'not there'}); check "
            "`ca_file`, `profile` and the variables that name certificates"
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        # Of a library that stumbled over a place or an answer, which its words may quote.
        raise Unavailable(
            f"{found}: is not read ({type(error).__name__}); check how the place is written"
        ) from None
    if not value:
        raise Denied(f"{found}: is empty; put the secret there, or name another place")
    return value


def _asked(found: Reference, asking: Asking) -> str:
    if found.scheme == "env":
        value: str = asking.environ.get(found.place, "")
        if not value:
            raise Denied("the environment variable is not set")
    else:
        module = importlib.import_module(f"scanner.kit.references.{_RESOLVERS[found.scheme]}")
        value = module.value(found, asking)
    text = field_of(value, found.field) if found.field else value
    return text.strip("\r\n")


def field_of(text: str, name: str) -> str:
    """One field of a JSON object, ``a.b`` of one within. Raises ``Denied`` without the value."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Denied(f"is no JSON, so it has no field `{name}`; leave `#{name}` out") from None
    for step in (name,) if isinstance(value, dict) and name in value else name.split("."):
        if not isinstance(value, dict) or step not in value:
            known = ", ".join(sorted(map(str, value))) if isinstance(value, dict) else "none"
            raise Denied(f"has no field `{name}`; it has: {known[:200]}")
        value = value[step]
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Denied(f"field `{name}` is no text")
    return str(value)
