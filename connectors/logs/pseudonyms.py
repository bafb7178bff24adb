"""Keyed pseudonyms in place of whatever may name a person or a device (HMAC-SHA-256).

The same text has the same pseudonym under the same key, so that what belongs together stays so.
Owns what of a text may stay: a port, the words that vendors give to models, the ending of a file.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from scanner.model.errors import ShadowAIError, SourceError, Unavailable
from scanner.model.items import Gap, Item

LEAST = 16
"""Characters of a key: shorter ones are found by trying, and all names with them."""
PSEUDONYM = re.compile(r"p-[0-9a-f]{16}")
SERVER_OF = "server of "
_ENDING = re.compile(r"(?:\.(?:log|txt|json|jsonl|csv|tsv|gz|zst|bz2|parquet|xz|zip))+$", re.I)
_PATH = re.compile(
    r"(?<![\w/.\\-])(?:[a-z][a-z0-9+.-]{1,20}://|(?:~|\.{1,2}|[A-Za-z]:)?[/\\])[^\s:;,'\"|]+"
)
_WORD = re.compile(r"\w")
_TUNED = re.compile(r"ft:[a-z0-9.-]{1,40}:")
"""A model that somebody tuned; the organization and a name of their own follow
(https://platform.openai.com/docs/guides/fine-tuning)."""


class Pseudonyms:
    """``key``: empty, and every text stays what it is."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    def __bool__(self) -> bool:
        return bool(self._key)

    def of(self, text: str) -> str:
        """Of what is none yet."""
        if not self._key or not text or PSEUDONYM.fullmatch(text):
            return text
        return "p-" + hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:16]

    def server(self, text: str) -> str:
        """Of ``host:port`` and of ``server of a.log``; the port stays, for it tells what serves."""
        if not self._key:
            return text
        if text.startswith(SERVER_OF):
            name, _, port = text.removeprefix(SERVER_OF).partition(":")
            return f"{SERVER_OF}{self.of(name)}" + (f":{port}" if port.isdigit() else "")
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or _is_address(text):
            return self.of(text)
        return f"{self.of(host.strip('[]'))}:{port}"

    def model(self, name: str, common: Callable[[str], int]) -> str:
        """``common``: how many characters at its beginning vendors have given."""
        if not self._key or PSEUDONYM.search(name):
            return name
        tuned = _TUNED.match(name)
        kept = min(common(name), tuned.end() if tuned else len(name))
        return name if kept == len(name) else name[:kept] + self.of(name[kept:])

    def path(self, path: str) -> str:
        """Of a file; how it is packed stays."""
        if not self._key or path == "-" or PSEUDONYM.match(path):
            return path
        ending = _ENDING.search(path)
        return self.of(path) + (ending[0].lower() if ending else "")

    def hidden(self, items: Iterable[Item], known: Iterable[str]) -> Iterator[Item]:
        """Without paths of files in what could not be read, also where the reading ends by it.
        ``known``: paths, of which those with blanks could not be told otherwise."""
        if not self._key:
            yield from items
            return
        paths = sorted(set(known), key=len, reverse=True)
        try:
            for item in items:
                yield self._unnamed(item, paths) if isinstance(item, Gap) else item
        except SourceError as error:
            raise type(error)(self._told(str(error), paths)) from None
        except ShadowAIError:
            raise
        except Exception as error:  # what a broken line makes may be told in it
            raise Unavailable(
                f"{type(error).__name__} while logs were read; what it says may name people"
            ) from None

    def _unnamed(self, gap: Gap, paths: list[str]) -> Gap:
        is_path = "/" in gap.what or gap.what in paths
        return msgspec.structs.replace(
            gap,
            what=self.path(gap.what) if is_path else gap.what,
            reason=self._told(gap.reason, [gap.what, *paths] if is_path else paths),
        )

    def _told(self, text: str, paths: Iterable[str]) -> str:
        for path in paths:
            if _WORD.search(path):
                whole = rf"(?<![\w/.\\-]){re.escape(path)}(?![\w/\\-])"
                text = re.sub(whole, self.path(path), text)
        return _PATH.sub(lambda hit: self.path(hit[0]), text)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
