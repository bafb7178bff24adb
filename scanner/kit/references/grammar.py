"""How a configuration names a secret that it does not hold.

``SCHEME:PLACE[?OPTION=VALUE&…][#FIELD]``, or the name of an environment variable alone. The same as
a table: ``{ vault = "secret/shadow-ai", field = "okta", auth = "approle" }``. ``FIELD`` takes one
value out of a JSON object; ``%23`` and ``%3F`` stand for ``#`` and ``?`` in a place.

What is neither is refused without being quoted: it may be the secret itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEMES: Mapping[str, tuple[str, ...]] = {
    "env": (),
    "file": (),
    "keyring": (),
    "aws-secretsmanager": ("region", "profile", "stage", "version", "url"),
    "aws-ssm": ("region", "profile", "url"),
    "gcp-secretmanager": ("url",),
    "azure-keyvault": ("credential", "client_id", "url"),
    "vault": (
        "address", "namespace", "mount", "kv", "auth", "auth_mount", "role", "jwt", "token",
        "role_id", "secret_id", "ca_file", "version",
    ),
}  # fmt: skip
"""Scheme -> the options it takes."""
_LEADING = ("token", "jwt", "role_id", "secret_id")
"""Options that lead to a secret, each a reference to what is on this machine."""
_LOCAL = ("env", "file", "keyring")
_ADDRESSES = ("address", "url")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_LIKE_A_SECRET = re.compile(r"(?=.*\d)(?=.*[a-z]).{24,}\Z")
_HELP = (
    "name the place of the secret: an environment variable, or "
    + ", ".join(f"{scheme}:…" for scheme in SCHEMES)
    + " (docs/secrets.md)"
)


@dataclass(frozen=True)
class Reference:
    scheme: str
    place: str
    options: Mapping[str, str] = field(default_factory=dict)
    field: str = ""

    def __str__(self) -> str:
        """As it is written: it holds no secret, and may be shown."""
        options = f"?{urlencode(self.options, safe='/:')}" if self.options else ""
        part = f"#{quote(self.field, safe='/.-_')}" if self.field else ""
        return f"{self.scheme}:{quote(self.place, safe='/:@.+=,- ')}{options}{part}"


def parse(text: str) -> Reference:
    """Raises ``ValueError`` that says what is wrong and never quotes what may be a secret."""
    scheme, colon, rest = text.partition(":")
    if not colon:
        if not _NAME.match(text) or _LIKE_A_SECRET.match(text):
            raise ValueError(f"this is no name of a variable; {_HELP}")
        return Reference("env", text)
    if scheme not in SCHEMES:
        raise ValueError(f"this is no reference; {_HELP}")
    rest, _, part = rest.partition("#")
    place, _, query = rest.partition("?")
    options = parse_qsl(query, keep_blank_values=True) if query else []
    made = Reference(scheme, unquote(place), dict(options), unquote(part))
    if not made.place:
        raise ValueError(f"`{scheme}:` names no place; {_HELP}")
    for name in made.options:
        if name not in SCHEMES[scheme]:
            known = ", ".join(SCHEMES[scheme]) or "none"
            raise ValueError(f"`{scheme}:` has no option `{name[:40]}`; it has: {known}")
    if len(options) != len(made.options):
        raise ValueError(f"an option of `{scheme}:` stands twice")
    _check_options(made)
    if scheme == "env" and not _NAME.match(made.place):
        raise ValueError(f"this is no name of a variable; {_HELP}")
    return made


def _check_options(made: Reference) -> None:
    """Whoever writes the secret itself there is told so before anything shows the reference."""
    for name in _LEADING:
        if name not in made.options:
            continue
        try:
            is_local = parse(made.options[name]).scheme in _LOCAL
        except ValueError:
            is_local = False
        if not is_local:
            raise ValueError(
                f"option `{name}` of `{made.scheme}:` is no place of a secret on this "
                "machine; name an environment variable, file:… or keyring:… (docs/secrets.md)"
            )
    for name in _ADDRESSES:
        if "@" in made.options.get(name, "").partition("://")[2].partition("/")[0]:
            raise ValueError(
                f"option `{name}` of `{made.scheme}:` holds a user or password; leave them out "
                "(docs/secrets.md)"
            )


def written(value: Any) -> str:
    """A reference as text, from a text or a table of a configuration. Raises ``ValueError``."""
    if isinstance(value, str):
        return str(parse(value)) if ":" in value else parse(value).place
    named = [name for name in value if name in SCHEMES] if isinstance(value, Mapping) else []
    if len(named) != 1 or not all(isinstance(one, str) for one in value.values()):
        raise ValueError(
            f"a reference is a text, or a table of texts with one of {', '.join(SCHEMES)}"
        )
    scheme = named[0]
    rest = {name: one for name, one in value.items() if name not in (scheme, "field")}
    made = Reference(scheme, value[scheme], rest, value.get("field", ""))
    return str(parse(str(made)))
