"""The URL of the store: what is read of it, and what of it may be told.

It may hold a password. So no message quotes the URL, nor what the database and its driver say of it
before the password is taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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


_ESCAPED = "Signs in a user's name or password are written by their code (@ as %40, : as %3A)"


def shown(url: URL) -> str:
    """Where it is, without who asks and how."""
    return url.set(username=None, password=None, query={}).render_as_string()


def told(text: str, url: URL) -> str:
    """What somebody says of it, without its passwords."""
    for secret in secrets_of(url):
        text = text.replace(secret, "***")
    return text


def has_password(url: str) -> bool:
    return bool(secrets_of(parsed(url)))


def secrets_of(url: URL) -> list[str]:
    found = [str(url.password)] if url.password else []
    for name in _SECRETS:
        value = url.query.get(name, ())
        found += [value] if isinstance(value, str) else value
    # The longest first: one may be a part of another.
    return sorted((one for one in found if one), key=len, reverse=True)
