"""What the files of one shard tell: names first, then what is installed, then connections.

Owns the order of reading and what one reading knows. Lines are :mod:`connectors.logs.lines`',
sums :mod:`connectors.logs.tally`'s.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import Any, Protocol

from connectors.logs import files as log_files
from connectors.logs.cursor import Cursor
from connectors.logs.files import LogFile, Part
from connectors.logs.flow_lines import HEAD, FlowLayout, layout_of
from connectors.logs.foreign import foreign
from connectors.logs.installed import MOST_DOCUMENT, InventoryLayout, inventory_of
from connectors.logs.joined import Joins
from connectors.logs.lines import Layout
from connectors.logs.pseudonyms import Pseudonyms
from connectors.logs.search import Finder, Opened, entries
from connectors.logs.tally import Places, Tally, gap
from scanner.kit.contract import Watch
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Checkpoint, Gap, Item

_MOST_PARSED = 1 << 16
"""Bytes of a line that are taken apart; of a longer one those around what was found."""
_SAMPLES = 3
_SAVED_EVERY = 4 << 30
"""Bytes of one file after which what was found is stored."""


class Asked(Protocol):
    """What a reading must know of the configuration."""

    @property
    def name(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def flow_columns(self) -> str: ...
    @property
    def large_upload_mib(self) -> int: ...


class Reading:
    """Of a divided source, ``tells_names``: what files tell by themselves
    is this shard's, ``tells_connections``: what only all files together tell is."""

    def __init__(
        self,
        config: Asked,
        watch: Watch,
        cursor: Cursor,
        names: Pseudonyms,
        *,
        tells_names: bool = True,
        tells_connections: bool = True,
    ) -> None:
        self._config = config
        self._watch = watch
        self._names = names
        self.cursor = cursor
        self._tells_names = tells_names
        self._tells_connections = tells_connections
        self.joins = Joins(cursor.answers) if tells_connections else Joins()
        self._places = Places()
        cursor.answers.is_private = bool(names)
        self._flows: list[tuple[LogFile, FlowLayout]] = []
        self._inventories: list[tuple[LogFile, InventoryLayout]] = []
        self._named: list[tuple[LogFile, int]] = []
        """Files that tell where AI's names are, and where their reading began."""
        self._flow_tally = self._tally()
        self._found: tuple[tuple[bytes, ...], Finder] | None = None

    def _tally(self) -> Tally:
        large = self._config.large_upload_mib << 20
        return Tally(self._watch, self._config.name, large, self._names, self._places)

    def all_of(self, files: list[LogFile], pool: ThreadPoolExecutor) -> Iterator[Item]:
        """What they tell, and checkpoints between."""
        if not self._tells_names and not any(self._is_of_connections(file) for file in files):
            self.cursor.seen |= self.cursor.at.keys() | self.cursor.flows.keys()
            return  # there is nothing that names would be for
        for file in files:
            yield from self._file(file, pool)
        if self._tells_names:
            yield from self._installed(pool)
        if self._tells_connections:
            yield from self._connections(pool)

    def _is_of_connections(self, file: LogFile) -> bool:
        try:
            with log_files.opened(file) as stream:
                head, _ = log_files.read(stream, HEAD)
                return layout_of(head, self._config.flow_columns) is not None
        except SourceError:
            return False  # told by the shard that reads it

    def _told(self, tally: Tally) -> Iterator[Item]:
        return tally.items() if self._tells_names else iter(())

    def _file(self, file: LogFile, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """What one file tells, then how far it was read."""
        try:
            with log_files.opened(file) as stream:
                yield from self._stream(file, stream, pool)
        except SourceError as error:
            yield Gap(what=file.path, reason=str(error), denied=isinstance(error, Denied))

    def _stream(self, file: LogFile, stream: Any, pool: ThreadPoolExecutor) -> Iterator[Item]:
        head, trouble = log_files.read(stream)
        flows = layout_of(head, self._config.flow_columns)
        if flows is not None and file.path == "-" and not flows.format.mixed:
            opened = Opened(file, stream, head, trouble)
            yield from self._connections_of(opened, flows, self._flow_tally, pool)
            return
        if file.path != "-" and self._is_for_later(file, head, flows):
            return
        layout = Layout(year=file.year, forced=self._config.format)
        layout.begin(head[: 1 << 16])
        known_files = [one for one, _ in (*self._flows[-1:], *self._inventories[-1:])]
        if self._tells_names and file not in known_files:
            strange = foreign(file.path, head[: 1 << 16], self._config.format)
            yield from (strange,) if strange is not None else ()
        name, offset = self.cursor.find(head) if file.path != "-" else ("", 0)
        opened = Opened(file, stream, head, trouble)
        begin, blocks = opened.blocks(offset, self._watch.places, pool)
        done, known = begin, self.joins.answers.count
        samples: list[str] = []
        tally, saved, is_broken = self._tally(), done, None
        try:
            for block, places in blocks:
                _read_block(block, places, layout, tally, file.path, samples, self.joins)
                done += block.stop - block.start
                if done - saved > _SAVED_EVERY:
                    self.joins.remember_servers(tally)
                    yield from self._told(tally)
                    tally, saved = self._tally(), done
        except SourceError as error:  # the rest of the file: what was read so far is told
            is_broken = error
        except (OSError, EOFError, ValueError, zlib.error) as error:
            is_broken = Unavailable(f"{file.path}: {error}")
        self.joins.remember_servers(tally)
        yield from self._told(tally)
        if not self._tells_connections:
            self.joins = Joins()  # what it was for is another shard's
        elif self.joins.answers.count > known and name:
            self._named.append((file, begin))
        if layout.unknown and self._tells_names:
            yield gap(file.path, layout.unknown, samples)
        if is_broken is not None:
            yield Gap(what=file.path, reason=str(is_broken))
            return
        if name:
            self.cursor.move(name, opened.begins, done)
            yield Checkpoint(cursor=self.cursor.text)

    def _is_for_later(self, file: LogFile, head: bytes, flows: FlowLayout | None) -> bool:
        """Whether a file holds nothing that is read for names first."""
        if flows is not None:
            self._flows.append((file, flows))
            return not flows.format.mixed
        inventory = inventory_of(head)
        if inventory is None:
            return False
        self._inventories.append((file, inventory))
        return not inventory.format.mixed

    def _installed(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """Files that tell what is installed on devices."""
        for file, layout in self._inventories:
            tally = self._tally()
            try:
                with log_files.opened(file) as stream:
                    opened = Opened(file, stream, *log_files.read(stream))
                    yield from self._inventory(opened, layout, tally, pool)
            except (SourceError, OSError, EOFError, ValueError, zlib.error) as error:
                yield Gap(what=file.path, reason=str(error), denied=isinstance(error, Denied))
            yield from tally.items()
            yield Checkpoint(cursor=self.cursor.text)

    def _inventory(
        self, opened: Opened, layout: InventoryLayout, tally: Tally, pool: ThreadPoolExecutor
    ) -> Iterator[Item]:
        name, offset = self.cursor.find(opened.begins, flows=True)
        if layout.format.shape == "document":
            size = offset
            if not offset:
                data = opened.begins + opened.stream.read(MOST_DOCUMENT - len(opened.begins) + 1)
                size = len(data)
                if size > MOST_DOCUMENT:
                    yield Gap(what=opened.file.path, reason="one JSON value of more than 16 MiB")
                    return
                for thing in layout.document(data):
                    tally.install(thing)
            self.cursor.move(name, opened.begins, size, flows=True)
            return
        find = self._finder([text.encode() for text in self._watch.software], is_caseless=True)
        done, blocks = opened.blocks(offset, find, pool)
        for block, places in blocks:
            for entry in entries(block, places):
                for thing in layout.records(entry):
                    tally.install(thing)
            done += block.stop - block.start
        self.cursor.move(name, opened.begins, done, flows=True)

    def _connections(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """Files that hold addresses alone, when all names are known."""
        if self._flows and self.joins.answers.has_names:
            for file, begin in self._named:
                yield from self._others_of(file, begin, pool)
        for file, layout in self._flows:
            try:
                with log_files.opened(file) as stream:
                    opened = Opened(file, stream, *log_files.read(stream))
                    yield from self._connections_of(opened, layout, self._flow_tally, pool)
            except SourceError as error:
                yield Gap(what=file.path, reason=str(error), denied=isinstance(error, Denied))
        self.joins.settle(self._flow_tally)
        yield from self._flow_tally.items()
        if self.joins.answers.dropped:
            yield Gap(
                what=self._config.name,
                reason=f"{self.joins.answers.dropped} answers of name servers were too many to be "
                "remembered: connections due to them are not told; scan more often",
            )

    def _others_of(self, file: LogFile, begin: int, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """Other names that were answered with an address of AI's, in a file that was read for
        AI's names: whoever was given both may mean either."""
        find = self._finder([one.encode() for one in self.joins.answers.addresses])
        layout = Layout(year=file.year, forced=self._config.format)
        try:
            with log_files.opened(file) as stream:
                opened = Opened(file, stream, *log_files.read(stream))
                layout.begin(opened.begins[: 1 << 16])
                for block, places in opened.blocks(begin, find, pool)[1]:
                    for line in entries(block, places):
                        for record in layout.records(line):
                            if record.is_joined and not self._watch.known(record.host)[0]:
                                self.joins.learn_other(record, self._flow_tally)
        except (SourceError, OSError, EOFError, ValueError, zlib.error) as error:
            yield Gap(what=file.path, reason=str(error))

    def _connections_of(
        self, opened: Opened, layout: FlowLayout, tally: Tally, pool: ThreadPoolExecutor
    ) -> Iterator[Item]:
        file, find = opened.file, self._finder(self.joins.literals(layout))
        name, offset = self.cursor.find(opened.begins, flows=True) if file.path != "-" else ("", 0)
        done, blocks = opened.blocks(offset, find, pool, layout.mark)
        unknown = 0
        try:
            for block, places in blocks:
                for entry in entries(block, places, layout.mark):
                    unknown += not self.joins.read(entry, layout, tally)
                done += block.stop - block.start
        except (SourceError, OSError, EOFError, ValueError, zlib.error) as error:
            yield Gap(what=file.path, reason=str(error))
        if unknown and not layout.format.mixed:
            yield gap(file.path, unknown, [])
        if name:
            self.cursor.move(name, opened.begins, done, flows=True)

    def _finder(self, literals: list[bytes], *, is_caseless: bool = False) -> Finder:
        """Compiled once for files of one kind."""
        wanted = tuple(literals)
        if self._found is None or self._found[0] != wanted:
            self._found = (wanted, self._watch.finder(wanted, is_caseless=is_caseless))
        return self._found[1]


def _read_block(
    part: Part,
    places: list[int],
    layout: Layout,
    tally: Tally,
    path: str,
    samples: list[str],
    joins: Joins,
) -> None:
    """Every line that has one of the places, once."""
    place = f"server of {PurePath(path).name}"
    block, behind = part.data, part.start
    for end in places:
        if end <= behind:
            continue
        start = max(block.rfind(b"\n", part.start, end) + 1, part.start)
        stop = block.find(b"\n", end, part.stop)
        behind = stop if stop >= 0 else part.stop
        line = block[start:behind]
        if len(line) > _MOST_PARSED:
            line = block[max(start, end - _MOST_PARSED // 2) : end + _MOST_PARSED // 2]
        unknown = layout.unknown
        told = []
        for record in layout.records(line):
            key = tally.add(record, place)
            if key is None:
                continue
            told.append(record)
            if record.is_joined:
                joins.learn(record, key, tally)
                if record.is_alias:
                    joins.follow(block, behind, layout, record, key, tally)
        if layout.unknown > unknown:
            if not told:
                layout.unknown = unknown  # it only looked like one
            elif len(samples) < _SAMPLES:
                samples.append(tally.sample(told[0]))
