"""What changed since the last message of a name, to whoever wants to know it: once, and only then.

A mark in the state says how far a name has been told. It is moved when the service has taken the
message: a run that ends between the two tells it once more, and none loses anything. Of two runs at
once, one sends.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from scanner.app import secrecy, silences
from scanner.app.config import LoadedConfig, NotifyConfig
from scanner.assess.lifecycle import rise
from scanner.emit import digests
from scanner.emit.digests import CHANGES, Digest, Lack, Told
from scanner.emit.messages import Messenger, NotSent
from scanner.kit.references import Secrets
from scanner.model.errors import ConfigError, SourceError
from scanner.model.finding import Finding
from scanner.store import marks
from scanner.store.marks import Mark
from scanner.store.state import State

_LEASE = timedelta(minutes=10)
"""How long another run that sends is left alone. One that began further ahead than this had a clock
that was, and is not waited for."""
_GAP = timedelta(days=1)
"""How long an event that may still become visible is waited for."""
_MOST_GAPS = 1000


class Service(Protocol):
    def send(self, title: str, text: str) -> None: ...


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one name. ``state``: sent, nothing, taken (another run sends), failed; would."""

    name: str
    state: str
    title: str = ""
    text: str = ""
    trouble: str = ""


def messengers(
    loaded: LoadedConfig,
    environ: Mapping[str, str],
    is_away: Callable[[str, str], None] | None = None,
) -> dict[str, Messenger]:
    """By name. Raises ``ConfigError`` for one that cannot be used, before anything is sent, and
    ``Unavailable`` where its address's store is away; with ``is_away`` that one is left out, and
    its name and the reason told there."""
    found = {}
    known = Secrets(environ, loaded.folder)
    for name, chosen in loaded.config.notify.items():
        variable = chosen.url_env or f"SHADOW_AI_NOTIFY_{name.upper().replace('-', '_')}"
        try:
            url = known.get(variable, "").strip()
        except SourceError as error:
            trouble = secrecy.unresolved(f"{loaded.name}: [notify.{name}]", error)
            if is_away is None or isinstance(trouble, ConfigError):
                raise trouble from error
            is_away(name, str(trouble))
            continue
        if not url:
            raise ConfigError(
                f"{loaded.name}: [notify.{name}]: the environment variable {variable} is not set"
            )
        found[name] = Messenger(name, url)
    return found


def notify(
    state: State,
    name: str,
    chosen: NotifyConfig,
    service: Service,
    *,
    now: Callable[[], str],
    dry_run: bool = False,
    findings: Callable[[], Mapping[str, Finding]] | None = None,
) -> Sent:
    """Sends what there is to tell, if anything. ``findings``: as people see them; None: as they
    stand in the state."""
    before = marks.mark(state, name)
    known = before or Mark()
    if known.token and abs(_since(known.taken_at, now())) < _LEASE:
        return Sent(name=name, state="taken")
    digest, after = _changed(state, known, chosen, now(), findings or state.findings)
    if digest.is_empty:
        if not dry_run and after != known:
            marks.put(state, name, before, after)
        return Sent(name=name, state="nothing")
    title, text = digests.title(digest), digests.text(digest, chosen.most)
    if dry_run:
        return Sent(name=name, state="would", title=title, text=text)
    taken = msgspec.structs.replace(known, token=secrets.token_hex(8), taken_at=now())
    if not marks.put(state, name, before, taken):
        return Sent(name=name, state="taken")
    try:
        service.send(title, text)
    except NotSent as error:
        free = msgspec.structs.replace(known, token="", taken_at="")
        marks.put(state, name, taken, free)
        return Sent(name=name, state="failed", title=title, text=text, trouble=str(error))
    marks.put(state, name, taken, msgspec.structs.replace(after, told_at=now()))
    return Sent(name=name, state="sent", title=title, text=text)


_OPENS = frozenset({"opened", "reopened", "worse", "expired", "withdrawn"})


def _changed(
    state: State,
    known: Mark,
    chosen: NotifyConfig,
    now: str,
    findings: Callable[[], Mapping[str, Finding]],
) -> tuple[Digest, Mark]:
    """What there is to tell, and the mark once it is told."""
    known = silences.put_right(known, now)
    current: dict[str, Finding] = {}
    told: dict[str, Told] = {}
    seen: set[int] = set()
    # Events before findings: a finding is never older than what is told of it.
    events = list(marks.events_after(state, known.upto, known.gaps))
    for finding in findings().values():
        for mark in (finding.fingerprint, *finding.formerly):
            current[mark] = finding
    only = chosen.filter
    if not only.status:
        only = msgspec.structs.replace(only, status=("all",))
    for number, event in events:
        seen.add(number)
        found = current.get(event.fingerprint)
        change = "worse" if rise(event) else event.change
        if found is None or change not in CHANGES or not only.holds(found, event.at):
            continue
        before = told.get(found.fingerprint)
        if change == "worse" and before is not None and before.change in _OPENS:
            continue  # that it is there is told, as it is now
        if change in _OPENS and not found.status.is_open:
            continue  # a baseline hides it
        if change == "suppressed" and found.hidden_by:
            continue  # so it does, and says nothing of it
        told[found.fingerprint] = Told(change=change, finding=found, detail=event.detail)
    lacking, reasons = _lacking(state) if chosen.coverage else ({}, {})
    heard = silences.listened(state, known, now)
    silent = silences.silent(heard, chosen.silent_days if chosen.coverage else 0, now)
    # Still silent is what was not heard since: a source that no scan reads any more is neither.
    ended = {one for one in known.silent if heard.heard[one] != known.heard.get(one)}
    ends_again = _has_ended_since(state, known)
    digest = Digest(
        findings=tuple(one for one in told.values() if one.change in chosen.changes),
        lacking=tuple(
            Lack(shard=shard, outcome=lacking[shard], reason=reasons[shard])
            for shard in sorted(lacking.keys() - known.lacking.keys())
        ),
        read_again=tuple(sorted(known.lacking.keys() - lacking.keys())),
        silent=tuple(silent[one] for one in sorted(silent.keys() - set(known.silent))),
        heard_again=tuple(sorted(ended)),
        ends_again=ends_again,
    )
    upto = max(seen, default=known.upto)
    upto = max(upto, known.upto)
    after = msgspec.structs.replace(
        heard, upto=upto, gaps=_gaps(known, seen, upto, now), lacking=lacking, token="",
        taken_at="", broken_at="" if ends_again else known.broken_at,
        broken_after=None if ends_again else known.broken_after,
        silent=tuple(sorted((set(known.silent) | silent.keys()) - ended)),
    )  # fmt: skip
    return digest, after


def _has_ended_since(state: State, known: Mark) -> bool:
    """Whether a scan has come to its end after it was told that one came to none. By what was
    stored after it: the clock may have been another."""
    scans = state.scans() if known.broken_at else []
    if not scans or not scans[-1].finished_at:
        return False
    if known.broken_after is None:
        return scans[-1].finished_at >= known.broken_at
    return scans[-1].id != known.broken_after


def _gaps(known: Mark, seen: set[int], upto: int, now: str) -> dict[str, str]:
    old = {int(number): at for number, at in known.gaps.items() if abs(_since(at, now)) < _GAP}
    # Where nothing was told yet, numbers before the first event are of no past that matters.
    first = known.upto + 1 if known.upto else min(seen, default=1)
    both = {**old, **dict.fromkeys(range(first, upto), now)}
    left = sorted(number for number in both if number not in seen)
    return {str(number): both[number] for number in left[-_MOST_GAPS:]}


def _lacking(state: State) -> tuple[dict[str, str], dict[str, str]]:
    """Shard -> outcome, and -> why, of what the last scan that came to its end did not read
    completely."""
    done = [row for row in state.scans() if row.finished_at]
    rows = state.coverage(done[-1].id) if done else []
    found = [row for row in rows if row.status.is_lacking]
    return (
        {str(row.shard): str(row.status) for row in found},
        {str(row.shard): row.reason for row in found},
    )


def _since(then: str, now: str) -> timedelta:
    try:
        return datetime.fromisoformat(now) - datetime.fromisoformat(then)
    except ValueError:
        return timedelta.max
