"""Answers of earlier runs, so that unchanged ones need not be sent again (ETags, RFC 9110, 8.8.3).

Only for answers that hold no secrets, such as listings: they are written to a folder that only the
user can read, bounded in size. An entry that cannot be read or written is as if it were not there.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import requests

_MOST_BYTES = 64 << 20
_MOST_ENTRY = 8 << 20
_KEPT = ("Content-Type", "Link")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was given before."""

    url: str
    etag: str
    body: bytes
    headers: dict[str, str] = {}

    def answer(self, unchanged: requests.Response) -> requests.Response:
        """What the source would have sent in full, made of its 304 and what is known."""
        made = requests.Response()
        made.status_code = 200
        made._content = self.body
        made.headers.update(unchanged.headers)
        made.headers.update(self.headers)
        made.url = unchanged.url
        made.request = unchanged.request
        return made


@dataclass(frozen=True)
class Memory:
    """``paths``: ends of the URL paths whose answers may be kept; all others never are.
    ``who``: tells one asker from another (not the token itself): what one may see is nobody
    else's."""

    folder: Path
    paths: tuple[str, ...]
    who: str = ""

    def find(self, url: str, params: dict[str, str] | None) -> Known | None:
        full = _full(url, params)
        if not self._may(full):
            return None
        try:
            found = msgspec.json.decode(self._place(full).read_bytes(), type=Known)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found if found.url == full else None

    def keep(self, url: str, params: dict[str, str] | None, answer: requests.Response) -> None:
        full = _full(url, params)
        etag = answer.headers.get("ETag", "")
        if not etag or not self._may(full) or len(answer.content) > _MOST_ENTRY:
            return
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        known = Known(url=full, etag=etag, body=answer.content, headers=headers)
        place = self._place(full)
        fresh = place.with_suffix(f".{os.getpid()}.new")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room()
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(known))
            os.replace(fresh, place)

    def _may(self, full: str) -> bool:
        return full.partition("?")[0].endswith(self.paths)

    def _place(self, full: str) -> Path:
        mark = hashlib.blake2b(f"{self.who} {full}".encode(), digest_size=16).hexdigest()
        return self.folder / f"{mark}.json"

    def _make_room(self) -> None:
        """The oldest go when there are more than may be."""
        found = [(entry.stat().st_mtime, entry.stat().st_size, entry.path)
                 for entry in os.scandir(self.folder)]  # fmt: skip
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= _MOST_BYTES:
                return
            with suppress(OSError):
                os.unlink(path)
            total -= size


def _full(url: str, params: dict[str, str] | None) -> str:
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
