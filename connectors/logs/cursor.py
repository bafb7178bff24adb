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
        if self.answers.is_changed:
            self._kept, self.answers.is_changed = self.answers.text, False
        told = _Told(dict(sorted(self.at.items())), dict(sorted(self.flows.items())), self._kept)
        return msgspec.json.encode(told).decode()

    def find(self, head: bytes, *, flows: bool = False) -> tuple[str, int]:
        """Name of the file that begins so, and how far it was read."""
        for name, offset in (self.flows if flows else self.at).items():
            if log_files.is_beginning(name, head):
                return name, offset
        return log_files.beginning(head), 0

    def move(self, old: str, head: bytes, offset: int, *, flows: bool = False) -> str:
        """A file that was short is known by more of its beginning from now on."""
        at = self.flows if flows else self.at
        at.pop(old, None)
        name = log_files.beginning(head)
        at[name] = offset
        self.seen.add(name)
        return name

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
