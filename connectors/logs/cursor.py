"""How far the files of a place have been read, and what later readings need of earlier ones."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from connectors.logs.answers import Answers
from connectors.logs.marks import Mark, beginning
from scanner.model.items import Checkpoint

KEPT_DAYS = 90
"""For which a file that is not there is still known: one of an archive, or of a disk that came
late, may be there again."""
_MOST_GONE = 10_000
_MOST_UNSEEN = 100_000
"""Where some may be there and could not be read."""


class _Told(msgspec.Struct, frozen=True):
    """A cursor as it is stored."""

    at: dict[str, int]
    flows: dict[str, int] = {}
    answers: str = ""
    columns: dict[str, tuple[str, ...]] = {}
    both: dict[str, int] = {}
    gone: dict[str, int] = {}


@dataclass
class Cursor:
    """How far every file has been read, by the text of its mark; ``flows``: for connections, which
    is done behind all names. ``answers``: what connections of the next reading are joined by.
    ``columns``: separator and names at a place, where they are not those at the beginning.
    ``both``: for connections, of files that are read for what is installed, too (in ``flows``).
    ``gone``: marks of files that were not there, and the day (since 1970) that was first seen."""

    at: dict[str, int] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    both: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    _kept: str = ""
    _others: set[str] = field(default_factory=set)
    """Marks that another reading keeps."""
    _heads: dict[bool, dict[str, set[str]]] = field(default_factory=dict)
    """Of ``flows`` and of ``at``: how files begin -> marks, as a scan may have many of both."""

    @classmethod
    def of(cls, since: Checkpoint | None) -> Cursor:
        if since is None or not since.cursor:
            return cls()
        try:
            told = msgspec.json.decode(since.cursor, type=_Told)
        except msgspec.MsgspecError:
            return cls(at=_before(since.cursor))
        return cls(
            told.at, told.flows, Answers.of(told.answers), told.columns, told.both, told.gone,
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
            dict(sorted(self.gone.items())),
        )  # fmt: skip
        return msgspec.json.encode(told).decode()

    def places(self, begins: bytes, *, flows: bool = False) -> list[tuple[Mark, int]]:
        """Where the reading of a file that begins so may have stopped, the farthest first; whether
        it did is told by what stands before the place."""
        at, heads = self.flows if flows else self.at, self._of_heads(flows)
        sizes = {_parsed(head).head_size for head in heads}
        fitting = [
            (one, at[text])
            for size in sizes
            if size <= len(begins)
            for text in heads.get(beginning(begins[:size]), ())
            if (one := _parsed(text)).leads(begins)
        ]
        return sorted(fitting, key=lambda place: (-place[1], place[0].text))

    def _of_heads(self, flows: bool) -> dict[str, set[str]]:
        heads = self._heads.get(flows)
        if heads is None:
            heads = self._heads[flows] = {}
            for text in self.flows if flows else self.at:
                heads.setdefault(_parsed(text).head, set()).add(text)
        return heads

    def move(
        self, old: str, mark: Mark, offset: int, *, flows: bool = False,
        columns: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """A file was read up to ``offset``; ``old``: the text of the mark where it was gone on.
        That of another file of this scan, of which this one is a grown copy, stays."""
        at, heads = self.flows if flows else self.at, self._of_heads(flows)
        if old not in self.seen and at.pop(old, None) is not None:
            heads[_parsed(old).head].discard(old)
        at[mark.text] = offset
        heads.setdefault(mark.head, set()).add(mark.text)
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
        self._heads.clear()
        for held, more in pairs:
            self._others |= more.keys() - held.keys()
            held.update({name: max(at, held.get(name, 0)) for name, at in more.items()})
        self.columns.update(other.columns if names else {})
        if answers and other._kept:
            self.answers.learn(other._kept)

    def forget(self, *, keep_others: bool, today: int = 0) -> None:
        """Files that are no longer there, :data:`KEPT_DAYS` after that was first seen; of very many
        those that were gone first. ``keep_others``: they may all be there; ``today``: in days since
        1970."""
        today = today or int(time.time()) // 86_400
        held = self.at.keys() | self.flows.keys() | self.both.keys()
        others = set() if keep_others else self._others
        gone = {name: self.gone.get(name, today) for name in held - self.seen - others}
        last = sorted(gone, key=lambda name: (-gone[name], name))
        if keep_others:
            self.gone = {name: gone[name] for name in last[:_MOST_UNSEEN]}
        else:
            last = [name for name in last[:_MOST_GONE] if today - gone[name] <= KEPT_DAYS]
            self.gone = {name: gone[name] for name in last}
        kept = self.seen | self.gone.keys()
        self.at = {name: at for name, at in self.at.items() if name in kept}
        self.flows = {name: at for name, at in self.flows.items() if name in kept}
        self.both = {name: at for name, at in self.both.items() if name in kept}
        self.columns = {name: told for name, told in self.columns.items() if name in self.at}
        self._heads.clear()


_parsed = lru_cache(maxsize=1 << 16)(Mark.of)


def _before(cursor: str) -> dict[str, int]:
    """One that was stored before connections were joined."""
    try:
        return msgspec.json.decode(cursor, type=dict[str, int])
    except msgspec.MsgspecError:
        return {}
