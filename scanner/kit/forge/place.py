"""Where a forge is, and whom its token may be sent to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from scanner.kit.forge.repository import Repository
from scanner.model.errors import Unavailable

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def place_of(url: str, setting: str) -> str:
    """Host, and port where there is one: what shards and nodes are named by. Raises ``ValueError``,
    without quoting it, for a URL that holds more than a place, or that a token would be sent to in
    the clear."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError:
        raise ValueError(f"`{setting}` is no URL; write https://forge.example.org") from None
    if not host:
        raise ValueError(f"`{setting}` has no host; write https://forge.example.org")
    if "@" in split.netloc or split.query or split.fragment:
        raise ValueError(
            f"`{setting}` must hold no user, password or query: they would be shown; the token "
            "goes into the environment variable that `token_env` names"
        )
    if split.scheme != "https" and not (split.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"`{setting}` must begin with https://: a token is sent to it")
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port is not None else shown


def only_to(*urls: str, header: Callable[[], str]) -> Callable[[Repository], str]:
    """``header`` for repositories on the hosts of ``urls``. A forge that names another host, or one
    without encryption where its API has it, gets no token: ``Unavailable`` says so."""
    known = [urlsplit(url) for url in urls]

    def authorization(repository: Repository) -> str:
        asked = urlsplit(repository.clone_url)
        for place in known:
            is_as_safe = asked.scheme in ("https", place.scheme)
            if asked.hostname == place.hostname and is_as_safe:
                return header()
        raise Unavailable(
            f"{repository.full_name}: its clone URL leads to {asked.scheme}://{asked.hostname}, "
            "where the token is not sent; set the forge's own URL to the one it clones from"
        )

    return authorization
