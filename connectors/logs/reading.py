"""What the files of one shard tell: names first, then what is installed, then connections.

Owns the order of reading and what one reading knows. Lines are :mod:`connectors.logs.lines`',
sums :mod:`connectors.logs.tally`'s.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from connectors.logs import files as log_files
from connectors.logs.cursor import Cursor
from connectors.logs.divided import Aside, piece_of
from connectors.logs.files import LogFile
from connectors.logs.flow_lines import HEAD, FlowLayout, layout_of
from connectors.logs.foreign import foreign
from connectors.logs.formats import marks
from connectors.logs.installed import MOST_DOCUMENT, InventoryLayout, inventory_of
from connectors.logs.joined import Joins
from connectors.logs.lines import Layout, named_columns
from connectors.logs.marks import TAIL
from connectors.logs.opening import Opened, Progress, opening
from connectors.logs.packed import BROKEN, no_text
from connectors.logs.pseudonyms import Pseudonyms
from connectors.logs.rows import Places
from connectors.logs.search import Finder, entries, every_line
from connectors.logs.tally import Tally, gap
from connectors.logs.told import Lines
from connectors.logs.unfinished import open_end
from scanner.kit.contract import Watch
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.items import Checkpoint, Gap, Item

_SAVED_EVERY = 4 << 30
"""Bytes of one file after which what was found is stored."""
_SAVED_AT_LEAST = 16 << 20
"""Bytes of files after which it is stored how far they were read."""
_AS_BYTES = 1 << 16
"""What a file counts for besides its bytes."""


class Asked(Protocol):
    """What a reading must know of the configuration."""

    @property
    def name(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def flow_columns(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def large_upload_mib(self) -> int: ...


class Reading:
    """``aside``: processes among which a large file is divided. Of a divided source,
    ``tells_names``: what files tell by themselves is this shard's, ``tells_connections``: what only
    all files together tell is."""

    def __init__(
        self,
        config: Asked,
        watch: Watch,
        cursor: Cursor,
        names: Pseudonyms,
        *,
        aside: Aside | None = None,
        tells_names: bool = True,
        tells_connections: bool = True,
    ) -> None:
        self._config = config
        self._aside = aside or Aside(watch, 1)
        self._watch = watch
        self._names = names
        self.cursor = cursor
        self._tells_names = tells_names
        self._tells_connections = tells_connections
        self.joins = Joins(cursor.answers) if tells_connections else Joins()
        self._places = Places()
        self._places_of_ai = watch.search(marks())
        cursor.answers.is_private = bool(names)
        self._flows: list[tuple[LogFile, FlowLayout]] = []
        self._inventories: list[tuple[LogFile, InventoryLayout]] = []
        self._both: set[str] = set()
        """Paths of files that are read for connections and for what is installed."""
        self._named: list[tuple[LogFile, int, tuple[str, ...]]] = []
        """Files that tell where AI's names are, where their reading began, and its columns."""
        self._flow_tally = self._tally()
        self._found: tuple[tuple[bytes, ...], Finder] | None = None
        self._unsaved = 0

    def _tally(self) -> Tally:
        large = self._config.large_upload_mib << 20
        return Tally(self._watch, self._config.name, large, self._names, self._places)

    def _layout(self, file: LogFile) -> Layout:
        config = self._config
        given = named_columns(config.columns, config.format) if config.columns else ()
        return Layout(day=file.day, forced=config.format, given=given)

    def all_of(self, files: list[LogFile], pool: ThreadPoolExecutor) -> Iterator[Item]:
        """What they tell, and checkpoints between."""
        if not self._tells_names and not any(self._is_of_connections(file) for file in files):
            cursor = self.cursor
            cursor.seen |= cursor.at.keys() | cursor.flows.keys() | cursor.both.keys()
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
            with opening(file) as opened:
                if what := no_text(opened.begins):
                    raise Unavailable(f"{file.path}: not read: it is {what}")
                yield from self._opened(opened, pool)
        except SourceError as error:
            yield Gap(what=file.path, reason=str(error), denied=isinstance(error, Denied))

    def _opened(self, opened: Opened, pool: ThreadPoolExecutor) -> Iterator[Item]:
        file, head = opened.file, opened.begins
        flows = layout_of(head, self._config.flow_columns)
        if flows is not None and not opened.is_kept and not flows.format.mixed:
            yield from self._connections_of(opened, flows, self._flow_tally, pool)
            return
        if opened.is_kept and self._is_for_later(file, head, flows):
            return
        layout = self._layout(file)
        layout.begin(head[: 1 << 16])
        known_files = [one for one, _ in (*self._flows[-1:], *self._inventories[-1:])]
        if self._tells_names and file not in known_files:
            strange = foreign(file.path, head[: 1 << 16], self._config.format)
            yield from (strange,) if strange is not None else ()
        opened.go_on(self.cursor)
        begins = layout.named_by
        layout.name(self.cursor.columns.get(opened.name, begins))  # the header may have changed
        there = layout.named_by
        known = self.joins.answers.count
        told, saved = Lines(file.path, layout, self._tally(), self.joins), opened.offset
        is_broken: SourceError | None = None
        find = every_line if layout.is_unmarked else self._places_of_ai
        try:
            behind = yield from self._divided(opened, told)
            saved = behind or saved
            for part, places in opened.blocks(find, pool, behind=behind):
                told.read(part, places, opened)
                if part.end - saved > _SAVED_EVERY:
                    yield from self._told_so_far(told)
                    saved = part.end
        except SourceError as error:  # the rest of the file: what was read so far is told
            is_broken = error
        except BROKEN as error:
            is_broken = Unavailable(f"{file.path}: {error}")
        told.settle()
        self.joins.remember_servers(told.tally)
        yield from self._told(told.tally)
        if not self._tells_connections:
            self.joins = Joins()  # what it was for is another shard's
        elif self.joins.answers.count > known and opened.is_kept:
            self._named.append((file, opened.offset, there))
        if self._tells_names:
            yield from told.gaps(opened)
        if is_broken is not None:
            yield Gap(what=file.path, reason=str(is_broken))
        if opened.is_kept and (is_broken is None or opened.progress.line):
            columns = layout.named_by if layout.named_by != begins else ()
            opened.keep(self.cursor, is_last_told=told.is_last_told, columns=columns)
            yield from self._saved(opened)

    def _divided(self, opened: Opened, told: Lines) -> Generator[Item, None, int]:
        """All but the end of a large plain file, by several processes -> where they stopped; 0:
        it is not divided."""
        first = piece_of(opened, told.layout, self._config.format)
        if first is None or not self._aside.is_worth(first.end - first.begin):
            return 0
        stop = saved = first.begin
        for piece, found in self._aside.read(first, told.tally.settings, opened.stream.fileno()):
            stop = piece.stop
            told.join(found.counted)
            told.tally.join(found.sums)
            told.layout.name(found.named_by)
            self.joins.answers.join(found.answers)
            if piece.stop - saved > _SAVED_EVERY:
                yield from self._told_so_far(told)
                saved = piece.stop
        return stop

    def _told_so_far(self, told: Lines) -> Iterator[Item]:
        told.settle()
        self.joins.remember_servers(told.tally)
        yield from self._told(told.tally)
        told.tally = self._tally()

    def _saved(self, opened: Opened) -> Iterator[Checkpoint]:
        """Not after every file: how far all of them were read is written each time."""
        self._unsaved += opened.progress.done - opened.offset + _AS_BYTES
        if self._unsaved > _SAVED_AT_LEAST:
            self._unsaved = 0
            yield Checkpoint(cursor=self.cursor.text)

    def _is_for_later(self, file: LogFile, head: bytes, flows: FlowLayout | None) -> bool:
        """Whether a file holds nothing that is read for names first."""
        if flows is not None:
            self._flows.append((file, flows))
            if not flows.format.mixed:
                return True
        inventory = inventory_of(head)
        if inventory is None or (flows is not None and not inventory.format.mixed):
            return False
        self._inventories.append((file, inventory))
        if flows is not None:
            self._both.add(file.path)
        return not inventory.format.mixed

    def _installed(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """Files that tell what is installed on devices."""
        for file, layout in self._inventories:
            tally = self._tally()
            try:
                with opening(file) as opened:
                    yield from self._inventory(opened, layout, tally, pool)
            except (SourceError, *BROKEN) as error:
                yield Gap(what=file.path, reason=str(error), denied=isinstance(error, Denied))
            yield from tally.items()
            yield Checkpoint(cursor=self.cursor.text)

    def _inventory(
        self, opened: Opened, layout: InventoryLayout, tally: Tally, pool: ThreadPoolExecutor
    ) -> Iterator[Item]:
        opened.go_on(self.cursor, flows=True)
        if layout.format.shape == "document":
            if not opened.offset:
                data = opened.begins + opened.stream.read(MOST_DOCUMENT - len(opened.begins) + 1)
                if len(data) > MOST_DOCUMENT:
                    yield Gap(what=opened.file.path, reason="one JSON value of more than 16 MiB")
                    return
                for thing in layout.document(data):
                    tally.install(thing)
                opened.progress = Progress(len(data), len(data), data[-TAIL:])
            opened.keep(self.cursor, is_last_told=True, flows=True)
            return
        find = self._finder([text.encode() for text in self._watch.software], is_caseless=True)
        is_last_told = False
        for part, places in opened.blocks(find, pool):
            for entry in entries(part, places):
                told = [tally.install(thing) for thing in layout.records(entry)]
                is_last_told = bool(told) and entry == open_end(part)
        opened.keep(self.cursor, is_last_told=is_last_told, flows=True)

    def _connections(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        """Files that hold addresses alone, when all names are known."""
        if self._flows and self.joins.answers.has_names:
            for file, begin, columns in self._named:
                yield from self._others_of(file, begin, columns, pool)
        for file, layout in self._flows:
            try:
                with opening(file) as opened:
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
        if self.joins.answers.forgotten:
            yield Gap(
                what=self._config.name,
                reason=f"{self.joins.answers.forgotten} connections were too many to be known "
                "again by their ids: each counts once, and its bytes by the address; scan more "
                "often",
            )

    def _others_of(
        self, file: LogFile, begin: int, columns: tuple[str, ...], pool: ThreadPoolExecutor
    ) -> Iterator[Item]:
        """Other names that were answered with an address of AI's, in a file that was read for
        AI's names: whoever was given both may mean either."""
        find = self._finder([one.encode() for one in self.joins.answers.addresses])
        layout = self._layout(file)
        try:
            with opening(file) as opened:
                layout.begin(opened.begins[: 1 << 16])
                layout.name(columns)
                opened.at(begin)
                for block, places in opened.blocks(find, pool):
                    for line in entries(block, places):
                        for record in layout.records(line):
                            if record.is_joined and not self._watch.known(record.host)[0]:
                                self.joins.learn_other(record, self._flow_tally)
        except (SourceError, *BROKEN) as error:
            yield Gap(what=file.path, reason=str(error))

    def _connections_of(
        self, opened: Opened, layout: FlowLayout, tally: Tally, pool: ThreadPoolExecutor
    ) -> Iterator[Item]:
        file, find = opened.file, self._finder(self.joins.literals(layout))
        cursor = self.cursor.of_both if file.path in self._both else self.cursor
        opened.go_on(cursor, flows=True)
        unknown, is_last_told = 0, False
        try:
            for part, places in opened.blocks(find, pool, layout.mark):
                for entry in entries(part, places, layout.mark):
                    is_told = self.joins.read(entry, layout, tally)
                    is_open = entry == open_end(part, layout.mark)
                    is_last_told = is_told and is_open
                    unknown += not is_told and not (is_open and opened.may_grow)
        except (SourceError, *BROKEN) as error:
            yield Gap(what=file.path, reason=str(error))
        if unknown and not layout.format.mixed:
            yield gap(file.path, unknown, [])
        if opened.is_kept:
            opened.keep(cursor, is_last_told=is_last_told, flows=True)

    def _finder(self, literals: list[bytes], *, is_caseless: bool = False) -> Finder:
        """Compiled once for files of one kind."""
        wanted = tuple(literals)
        if self._found is None or self._found[0] != wanted:
            self._found = (wanted, self._watch.finder(wanted, is_caseless=is_caseless))
        return self._found[1]
