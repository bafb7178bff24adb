"""Families of programs by what they write into their user agent, for logs of calls."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 2000
"""Characters of a user agent that are looked at."""
HTTP_LIBRARIES: tuple[tuple[str, str], ...] = (
    ("python-requests", "python-requests"),
    ("python-httpx", "httpx"),
    ("aiohttp", "aiohttp"),
    ("curl/", "curl"),
    ("postman", "postman"),
    ("axios", "axios"),
    ("node-fetch", "node-fetch"),
    ("okhttp", "okhttp"),
    ("go-http-client", "go-http-client"),
)
"""What any program may ask with: the last to be looked for."""


def family_of(agent: str, clients: Iterable[tuple[str, str]]) -> str:
    """``clients``: a word in lower case -> its family, the first that is there decides. ``other``
    for what is not known, empty for no user agent."""
    folded = agent[:_MOST].casefold()
    if not folded.strip():
        return ""
    return next((family for word, family in clients if word in folded), "other")
