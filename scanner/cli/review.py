"""The dialogue of ``shadow-ai registry review``: one key an answer, each stored as it is given."""

from __future__ import annotations

import getpass
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scanner.app.reviewing import Question, answer
from scanner.emit.files import write_file
from scanner.model.facts import Asset
from scanner.reconcile import decisions
from scanner.reconcile.decisions import Decision

_NONE, _SKIP, _UNDO, _QUIT = "n", "s", "u", "q"
_END = ("\x03", "\x04", "")


class Session:
    """One sitting. What was answered is in the file before the next question is shown."""

    def __init__(self, path: Path, author: str | None, reason: str | None, days: int) -> None:
        self.path, self.reason, self.days = path, reason, days
        self.author = author or _author()
        self.known = list(decisions.read(path))
        self.given: list[tuple[int, list[Decision]]] = []

    def run(self, asked: Sequence[Question]) -> None:
        if not asked:
            click.echo("nothing to ask: every match is either sure or none")
            return
        click.echo(f"{len(asked)} to decide, as {self.author}; answers go to {self.path}")
        at = 0
        while at < len(asked):
            _show(asked[at], at + 1, len(asked))
            key = self._key(asked[at])
            if key == _QUIT:
                break
            if key == _UNDO:
                at = self._undo(at)
                continue
            if key != _SKIP:
                self._keep(at, asked[at], key)
            at += 1
        click.echo(f"{len(self.given)} decided, {len(asked) - len(self.given)} left")

    def _key(self, question: Question) -> str:
        choices = [str(n) for n in range(1, min(9, len(question.candidates)) + 1)]
        valid = (*choices, _NONE, _SKIP, _UNDO, _QUIT)
        while True:
            click.echo(f"[{'/'.join(valid)}] ", nl=False)
            try:
                key = _pressed()
            except (EOFError, KeyboardInterrupt):
                key = _QUIT
            key = _QUIT if key in _END else key.lower()
            click.echo(key if key.isprintable() else "")
            if key in valid:
                return key

    def _keep(self, at: int, question: Question, key: str) -> None:
        chosen = None if key == _NONE else question.candidates[int(key) - 1][0].id
        default = "seen to be the same system" if chosen else "another system"
        reason = self.reason or click.prompt("reason", default=default)
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        made = answer(question, chosen, author=self.author, reason=reason, today=now,
                      days=self.days)  # fmt: skip
        self.given.append((at, made))
        self._write()

    def _undo(self, at: int) -> int:
        if not self.given:
            click.echo("nothing to take back")
            return at
        before, _ = self.given.pop()
        self._write()
        return before

    def _write(self) -> None:
        now_given = [one for _, made in self.given for one in made]
        write_file(self.path, decisions.render([*self.known, *now_given]))


def _pressed() -> str:
    """One key of a keyboard; of a pipe one character that is no line break."""
    if sys.stdin.isatty():
        return click.getchar()
    while (key := sys.stdin.read(1)) in ("\r", "\n"):
        pass
    return key


def as_rows(asked: Sequence[Question]) -> list[dict[str, Any]]:
    return [
        {
            "asset": question.node.id,
            "name": question.node.name,
            "status": question.standing.status,
            "reason": question.standing.reason,
            "candidates": [
                {"entry": entry.id, "name": entry.name, "score": match.score,
                 "reason": match.reason}
                for entry, match in question.candidates
            ],
        }
        for question in asked
    ]  # fmt: skip


def _show(question: Question, number: int, total: int) -> None:
    node = question.node
    click.echo(f"\n{number} of {total}  {_plain(node.name)}  ({question.standing.status})")
    click.echo(f"   {_plain(node.id)}")
    if isinstance(node, Asset):
        told = [node.kind, node.provider, node.region, node.environment, *node.models[:3]]
        click.echo("   " + _plain(", ".join(word for word in told if word)))
    tags = ", ".join(f"{key}={value}" for key, value in sorted(node.tags.items())[:6])
    if tags:
        click.echo(f"   {_plain(tags)}")
    for place, (entry, match) in enumerate(question.candidates[:9], start=1):
        said = ", ".join(word for word in (entry.business_unit, entry.owner, str(entry.stage or ""))
                         if word)  # fmt: skip
        click.echo(f" {place}  {entry.id}  {_plain(entry.name)}  {_plain(said)}")
        click.echo(f"      {match.score}: {_plain(match.reason)}")


def _plain(text: str) -> str:
    """Names come from outside and may hold what steers a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _author() -> str:
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "config", "user.email"], capture_output=True, text=True, timeout=10, check=False
        )
        if done.stdout.strip():
            return done.stdout.strip()
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    raise click.UsageError("who decides? Give --author")
