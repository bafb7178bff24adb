"""Credentials from a program that a kubeconfig names
(https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).

Runs it only where the configuration allows it (:mod:`connectors.kubernetes.clusters`), never one
that lies in the folder that is scanned, and for a minute at most.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from connectors.kubernetes.clusters import Plugin
from scanner.kit.programs import environ_path, found
from scanner.kit.values import loose_json, mapping, text
from scanner.model.errors import Denied, Unavailable

_SECONDS = 60
_MOST_ANSWER = 1 << 20
_BEFORE = timedelta(minutes=1)
_LATEST = "client.authentication.k8s.io/v1"


@dataclass(frozen=True)
class Given:
    token: str
    certificate: str
    key: str
    until: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.until is None or now + _BEFORE < self.until


def run(plugin: Plugin, environ: Mapping[str, str]) -> Given:
    """Raises ``Unavailable`` where it cannot be run, ``Denied`` where it gives nothing."""
    command = plugin.command
    place = Path(command)
    if place.is_absolute():
        program = command
    elif place.name != command:
        raise Unavailable(f"exec plug-in {command!r}: give its name alone, or its whole path")
    else:
        program = found(command)
    asked = {"apiVersion": plugin.version or _LATEST, "kind": "ExecCredential",
             "spec": {"interactive": False}}  # fmt: skip
    variables = {
        **environ, **dict(plugin.env), "PATH": environ_path(),
        "KUBERNETES_EXEC_INFO": msgspec.json.encode(asked).decode(),
    }  # fmt: skip
    try:
        done = subprocess.run(
            [program, *plugin.args], env=variables, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_SECONDS, check=False, cwd=os.path.abspath(os.sep),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"exec plug-in {command}: no answer within {_SECONDS} s") from error
    except OSError as error:
        hint = f"; {plugin.hint}" if plugin.hint else ""
        raise Unavailable(f"exec plug-in {command}: {error.strerror}{hint}") from error
    if done.returncode:
        raise Denied(f"exec plug-in {command}: ended with {done.returncode}; sign in with it first")
    status = mapping(mapping(loose_json(done.stdout[:_MOST_ANSWER])).get("status"))
    given = Given(
        text(status.get("token")), text(status.get("clientCertificateData")),
        text(status.get("clientKeyData")), _moment(status.get("expirationTimestamp")),
    )  # fmt: skip
    if not (given.token or given.certificate):
        raise Denied(f"exec plug-in {command}: it gave neither a token nor a certificate")
    return given


def _moment(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text(said))
    except ValueError:
        return None
    return found if found.tzinfo else None


class Renewed:
    """What the program gave, until it ends."""

    def __init__(
        self, plugin: Plugin, environ: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._plugin, self._environ, self._now = plugin, environ, now
        self._given: Given | None = None

    def take(self) -> Given:
        if self._given is None or not self._given.is_good(self._now()):
            self._given = run(self._plugin, self._environ)
        return self._given
