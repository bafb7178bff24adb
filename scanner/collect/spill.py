"""What one shard has shown beyond what is held in memory: in a passing file, until it is stored.

The file is SQLite's own temporary one, which has no name from the moment it is made and ends with
the process (https://sqlite.org/inmemorydb.html#temp_db); it lies where ``TMPDIR`` says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from operator import itemgetter

import msgspec

from scanner.model.base import encode
from scanner.model.errors import StoreError
from scanner.model.facts import Fact

_FACTS: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
_CACHE_KIB = 4096


class Spill:
    def __init__(self) -> None:
        self._is_sorted = False
        try:
            self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._file.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._file.execute("CREATE TABLE part (key TEXT NOT NULL, body BLOB NOT NULL)")
        except sqlite3.Error as error:
            raise _full(error) from error

    def put(self, facts: Mapping[str, Fact]) -> None:
        """Raises ``StoreError`` where there is no room for them."""
        try:
            if self._is_sorted:
                self._file.execute("DROP INDEX by_key")
                self._is_sorted = False
            self._file.execute("BEGIN")
            rows = ((key, encode(fact)) for key, fact in facts.items())
            self._file.executemany("INSERT INTO part VALUES (?, ?)", rows)
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise _full(error) from error

    def _sort(self) -> None:
        if not self._is_sorted:
            self._file.execute("CREATE INDEX by_key ON part (key)")
            self._is_sorted = True

    def groups(self) -> Iterator[tuple[str, list[Fact]]]:
        """By key, the parts of each fact as they came."""
        try:
            self._sort()
            rows = self._file.execute("SELECT key, body FROM part ORDER BY key, rowid")
            for key, parts in groupby(rows, key=itemgetter(0)):
                yield key, [_FACTS.decode(body) for _, body in parts]
        except sqlite3.Error as error:
            raise _full(error) from error

    def holds(self, keys: Collection[str]) -> set[str]:
        """Those of ``keys`` that it has; some hundreds at once."""
        marks = ",".join("?" * len(keys))
        try:
            self._sort()
            rows = self._file.execute(
                f"SELECT DISTINCT key FROM part WHERE key IN ({marks})",  # noqa: S608 - marks alone
                list(keys),
            )
            return {key for (key,) in rows}
        except sqlite3.Error as error:
            raise _full(error) from error

    def close(self) -> None:
        self._file.close()


def _full(error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"a large shard's facts cannot be put aside in a passing file ({error}); make room where "
        "TMPDIR says, or name another folder there"
    )
