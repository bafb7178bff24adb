"""The URL of the store: what is read of it, what of it may be told, and how its server is known.

It may hold a password. So no message quotes the URL, nor what the database and its driver say of it
before the password is taken out. A server elsewhere must show a certificate unless the URL, or
``PGSSLMODE``, says something else.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.kit.masks import without
from scanner.model.errors import ConfigError

if TYPE_CHECKING:  # commands that read a configuration open no store
    from sqlalchemy import URL

_SECRETS = ("password", "sslpassword")
_HELP = "use sqlite:///path or postgresql+psycopg://host/database"


def parsed(url: str) -> URL:
    """Raises ``ConfigError``, which says nothing of a URL that cannot be taken apart: any part of
    it may be the password."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        found = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise ConfigError(f"[store] url is no URL of a database; {_HELP}. {_ESCAPED}") from None
    if found.get_backend_name() != "sqlite" and "@" in f"{found.host}{found.database}":
        # What stands before the second @ belongs to the password.
        raise ConfigError(f"[store] url has more than one @. {_ESCAPED}")
    return found


def file_of(url: str, folder: Path = Path()) -> Path | None:
    """The file of a state, under its one name: relative ones begin in ``folder``, and links are
    followed. None: it is in memory or on a server. Raises ``ConfigError``."""
    found = parsed(url)
    if found.get_backend_name() != "sqlite":
        return None
    if found.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigError(
            f"[store] url: {found.drivername} is another driver than the one that is tested; "
            "use sqlite:///path"
        )
    name = found.database or ""
    if not name or name == ":memory:":
        return None
    if name.startswith("file:"):
        raise ConfigError("[store] url: SQLite's own URIs are not taken; use sqlite:///path")
    return (folder / name).resolve()


_ESCAPED = "Signs in a user's name or password are written by their code (@ as %40, : as %3A)"


def shown(url: URL) -> str:
    """Where it is, without who asks and how."""
    return url.set(username=None, password=None, query={}).render_as_string()


def told(text: str, url: URL) -> str:
    """What somebody says of it, without its passwords."""
    return without(text, secrets_of(url))


def has_password(url: str) -> bool:
    return bool(secrets_of(parsed(url)))


def secrets_of(url: URL) -> list[str]:
    found = [str(url.password)] if url.password else []
    for name in _SECRETS:
        value = url.query.get(name, ())
        found += [value] if isinstance(value, str) else value
    return [one for one in found if one]


def secured(url: URL, environ: Mapping[str, str] | None = None) -> URL:
    """libpq's own default (``prefer``) goes on in the clear with whoever answers, silently
    (https://www.postgresql.org/docs/current/libpq-ssl.html). Raises ``ConfigError`` where it cannot
    be known what the driver would do."""
    env = os.environ if environ is None else environ
    if url.get_backend_name() != "postgresql" or "sslmode" in url.query or env.get("PGSSLMODE"):
        return url
    if "service" in url.query or env.get("PGSERVICE"):
        raise ConfigError(f"[store] url: the server is named by a service file; {_CHOOSE}")
    if all(_is_here(host) for host in _hosts(url, env)):
        return url
    if url.drivername not in ("postgresql", "postgresql+psycopg", "postgresql+psycopg2"):
        raise ConfigError(
            f"[store] url: how {url.drivername} checks a certificate is not known; "
            "use postgresql+psycopg://"
        )
    asked = {"sslmode": "verify-full"}
    own = Path.home() / ".postgresql/root.crt"  # where libpq looks by itself
    if not ("sslrootcert" in url.query or env.get("PGSSLROOTCERT") or own.is_file()):
        asked["sslrootcert"] = "system"
    return url.update_query_dict(asked)


_CHOOSE = "add `?sslmode=verify-full&sslrootcert=…` to the URL (docs/configuration.md)"


def _hosts(url: URL, env: Mapping[str, str]) -> list[str]:
    """Every place that libpq may connect to; none is a socket of this machine."""
    found: list[str] = []
    for given in (url.query.get("host", ()), url.query.get("hostaddr", ())):
        found += [given] if isinstance(given, str) else given
    if url.host:
        found.append(url.host)
    named = found or [env.get("PGHOST", "")]
    named.append(env.get("PGHOSTADDR", ""))
    # SQLAlchemy's `host=name:port`, and libpq's lists.
    return [part.strip() for one in named for part in one.split(",")]


def _is_here(host: str) -> bool:
    """A socket's folder (or abstract name), or this machine's own addresses."""
    if not host or host[0] in "/@" or host == "localhost":
        return True
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
