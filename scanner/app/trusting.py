"""Whom TLS trusts: said aloud where it is not what the system trusts.

There is no setting that turns verification off. Authorities may be replaced (a company that looks
into its own traffic), and whoever can do that reads every token: so each scan tells it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.app.config import LoadedConfig

_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CA_BUNDLE")
_SETTING = "ca_file"
_SYSTEM = ("/etc/ssl/", "/etc/pki/", "/etc/ca-certificates/", "/usr/share/ca-certificates/")
"""Where systems keep what they trust: a variable that leads there replaces nothing."""


def replaced(loaded: LoadedConfig, environ: Mapping[str, str]) -> list[str]:
    """One warning a place where other authorities are trusted than the system's."""
    tables: dict[str, Mapping[str, Any]] = {
        f"[sources.{name}]": table for name, table in loaded.config.sources.items()
    }
    tables |= {
        f"[registry.origins.{name}]": {_SETTING: origin.ca_file}
        for name, origin in loaded.config.registry.origins.items()
    }
    found = [
        f"{place} {_SETTING}"
        for place, table in tables.items()
        for value in _within(table)
        if value
    ]
    found += [
        f"the variable {name}" for name in _VARIABLES
        if (value := environ.get(name)) and not os.path.realpath(value).startswith(_SYSTEM)
    ]  # fmt: skip
    return [
        f"TLS: {place} replaces the certificate authorities that are trusted; whoever holds the "
        "keys of those can read the tokens that are sent. Take it away unless it is yours"
        for place in found
    ]


def _within(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if key == _SETTING:
            yield str(value)
        elif isinstance(value, Mapping):
            yield from _within(value)
