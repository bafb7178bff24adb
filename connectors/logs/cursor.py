"""How far the files of a place have been read, and what later readings need of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from connectors.logs import files as log_files
from connectors.logs.answers import Answers
from scanner.model.items import Checkpoint


class _Told(msgspec.Struct, frozen=True):
    """A cursor as it is stored."""

    at: dict[str, int]
    flows: dict[str, int] = {}
    answers: str = ""


@dataclass
class Cursor:
    """How far every file has been read, by how it begins; ``flows``: for connections, which is done
    behind all names. ``answers``: what connections of the next reading are joined by."""

    at: dict[str, int] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
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
        return cls(told.at, told.flows, Answers.of(told.answers), _kept=told.answers)

    @property
    def text(self) -> str:
        if self.answers.is_changed or self.answers.is_private:
            self._kept, self.answers.is_changed = self.answers.text, False
        told = _Told(dict(sorted(self.at.items())), dict(sorted(self.flows.items())), self._kept)
        return msgspec.json.encode(told).decode()

    def find(self, head: bytes, *, flows: bool = False) -> tuple[str, int]:
        """Name of the file that begins so, and how far it was read: by whoever read most of it."""
        held = self.flows if flows else self.at
        sizes = {int(name.partition(":")[0]) for name in held}
        names = {log_files.beginning(head[:size]) for size in sizes if size <= len(head)}
        name = max(
            sorted(names & held.keys()), key=held.__getitem__, default=log_files.beginning(head)
        )
        return name, held.get(name, 0)

    def move(self, old: str, head: bytes, offset: int, *, flows: bool = False) -> str:
        """A file that was short is known by more of its beginning from now on."""
        at = self.flows if flows else self.at
        at.pop(old, None)
        name = log_files.beginning(head)
        at[name] = offset
        self.seen.add(name)
        return name

    def join(self, cursor: str, *, names: bool = True, answers: bool = True) -> None:
        """Also what another reading of the place has read. ``names``: it has told what it read for
        names; ``answers``: connections are joined by what it was answered."""
        if not cursor:
            return
        other = Cursor.of(Checkpoint(cursor=cursor))
        pairs = ((self.at, other.at if names else {}), (self.flows, other.flows))
        for held, more in pairs:
            held.update({name: max(at, held.get(name, 0)) for name, at in more.items()})
        if answers and other._kept:
            self.answers.learn(other._kept)

    def forget(self, *, keep_others: bool) -> None:
        """Files that are no longer there."""
        if not keep_others:
            self.at = {name: at for name, at in self.at.items() if name in self.seen}
            self.flows = {name: at for name, at in self.flows.items() if name in self.seen}


def _before(cursor: str) -> dict[str, int]:
    """One that was stored before connections were joined."""
    try:
        return msgspec.json.decode(cursor, type=dict[str, int])
    except msgspec.MsgspecError:
        return {}
