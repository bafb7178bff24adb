"""How far the files of a place have been read, and what later readings need of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from connectors.logs.answers import Answers
from connectors.logs.marks import Mark, beginning
from scanner.model.items import Checkpoint


class _Told(msgspec.Struct, frozen=True):
    """A cursor as it is stored."""

    at: dict[str, int]
    flows: dict[str, int] = {}
    answers: str = ""
    columns: dict[str, tuple[str, ...]] = {}
    both: dict[str, int] = {}


@dataclass
class Cursor:
    """How far every file has been read, by the text of its mark; ``flows``: for connections, which
    is done behind all names. ``answers``: what connections of the next reading are joined by.
    ``columns``: separator and names at a place, where they are not those at the beginning.
    ``both``: for connections, of files that are read for what is installed, too (in ``flows``)."""

    at: dict[str, int] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    both: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    _kept: str = ""

    @classmethod
    def of(cls, since: Checkpoint | None) -> Cursor:
        if since is None or not since.cursor:
            return cls()
        try:
            told = msgspec.json.decode(since.cursor, type=_Told)
        except msgspec.MsgspecError:
            return cls(at=_before(since.cursor))
        return cls(
            told.at, told.flows, Answers.of(told.answers), told.columns, told.both,
            _kept=told.answers,
        )  # fmt: skip

    @property
    def of_both(self) -> Cursor:
        """``both`` as the ``flows`` of a cursor of its own; what it moves is moved here."""
        return Cursor(flows=self.both, seen=self.seen)

    @property
    def text(self) -> str:
        if self.answers.is_changed or self.answers.is_private:
            self._kept, self.answers.is_changed = self.answers.text, False
        told = _Told(
            dict(sorted(self.at.items())), dict(sorted(self.flows.items())), self._kept,
            dict(sorted(self.columns.items())), dict(sorted(self.both.items())),
        )  # fmt: skip
        return msgspec.json.encode(told).decode()

    def places(self, begins: bytes, *, flows: bool = False) -> list[tuple[Mark, int]]:
        """Where the reading of a file that begins so may have stopped, the farthest first; whether
        it did is told by what stands before the place."""
        marks = [(_parsed(text), at) for text, at in (self.flows if flows else self.at).items()]
        heads = {size: beginning(begins[:size]) for size in {one.head_size for one, _ in marks}
                 if size <= len(begins)}  # fmt: skip
        fitting = [
            (one, at)
            for one, at in marks
            if heads.get(one.head_size) == one.head and one.leads(begins)
        ]
        return sorted(fitting, key=lambda place: (-place[1], place[0].text))

    def move(
        self, old: str, mark: Mark, offset: int, *, flows: bool = False,
        columns: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """A file was read up to ``offset``; ``old``: the text of the mark where it was gone on.
        That of another file of this scan, of which this one is a grown copy, stays."""
        at = self.flows if flows else self.at
        if old not in self.seen:
            at.pop(old, None)
        at[mark.text] = offset
        if not flows:
            self.columns = {name: told for name, told in self.columns.items() if name in at}
            self.columns.pop(mark.text, None)
            if columns:
                self.columns[mark.text] = columns
        self.seen.add(mark.text)

    def join(self, cursor: str, *, names: bool = True, answers: bool = True) -> None:
        """Also what another reading of the place has read. ``names``: it has told what it read for
        names; ``answers``: connections are joined by what it was answered."""
        if not cursor:
            return
        other = Cursor.of(Checkpoint(cursor=cursor))
        pairs = (
            (self.at, other.at if names else {}), (self.flows, other.flows),
            (self.both, other.both),
        )  # fmt: skip
        for held, more in pairs:
            held.update({name: max(at, held.get(name, 0)) for name, at in more.items()})
        self.columns.update(other.columns if names else {})
        if answers and other._kept:
            self.answers.learn(other._kept)

    def forget(self, *, keep_others: bool) -> None:
        """Files that are no longer there."""
        if not keep_others:
            self.at = {name: at for name, at in self.at.items() if name in self.seen}
            self.flows = {name: at for name, at in self.flows.items() if name in self.seen}
            self.both = {name: at for name, at in self.both.items() if name in self.seen}
            self.columns = {name: told for name, told in self.columns.items() if name in self.at}


_parsed = lru_cache(maxsize=1 << 16)(Mark.of)


def _before(cursor: str) -> dict[str, int]:
    """One that was stored before connections were joined."""
    try:
        return msgspec.json.decode(cursor, type=dict[str, int])
    except msgspec.MsgspecError:
        return {}
