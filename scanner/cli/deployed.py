"""``shadow-ai guard --terraform-plan`` and ``--admission``: a decision before a deployment."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli.options import as_yaml, write_bytes

if TYPE_CHECKING:
    from scanner.app.config import LoadedConfig
    from scanner.app.deploying import Decision
    from scanner.model.registry import RegistryEntry
    from scanner.reconcile.decisions import Decision as Made
    from scanner.rulebook.load import Rulebook

_MOST_BYTES = 256 << 20


def judge_file(
    plan: Path | None,
    admission: Path | None,
    loaded: LoadedConfig,
    rulebook: Rulebook,
    entries: Sequence[RegistryEntry],
    made: Sequence[Made],
    allow_assets: bool,
    form: str,
) -> None:
    """Prints the decision and ends the process by it: 0 allowed, 1 denied, 3 not wholly judged. An
    admission's answer is
    told by what is printed, so that its exit code says only whether it could be judged."""
    from scanner.app.config import fingerprint_key
    from scanner.app.deploying import Judge, admission_answer, admitted, refusal
    from scanner.app.norms import norms_of
    from scanner.app.plans import planned
    from scanner.detect.engine import Detector
    from scanner.model.base import encode

    if form in ("sarif", "github"):
        raise click.UsageError(f"--format {form} is for changes of a repository; text or json here")
    today = datetime.now(UTC).isoformat(timespec="seconds")
    key, _ = fingerprint_key(None, loaded.config.scan.fingerprint_key_env, loaded.folder)
    judge = Judge(
        Detector(rulebook, key, loaded.config.scan.engine),
        entries,
        norms_of(loaded, rulebook, today),
        allow_assets,
        made,
    )
    body = _read(plan or admission or Path("-"))
    is_review = bool(admission) and body.get("kind") == "AdmissionReview"
    try:
        if plan:
            read = planned(body, rulebook.norms.embedded)
            decision = judge.judge(read.wanted, read.unread, read.told)
        else:
            decision = judge.judge(admitted(body))
    except ValueError as error:
        if is_review:
            write_bytes(encode(refusal(body, str(error))) + b"\n")
        raise click.UsageError(f"{plan or admission}: {error}") from error
    if is_review:
        write_bytes(encode(admission_answer(body, decision)) + b"\n")
        sys.exit(0)
    if form == "json":
        write_bytes(encode(decision) + b"\n")
    else:
        _show(decision)
    sys.exit(1 if decision.deny else 3 if decision.unread else 0)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if str(path) == "-" else path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise click.UsageError(f"{path}: larger than {_MOST_BYTES >> 20} MiB")
        body = json.loads(data)
    except OSError as error:
        raise click.UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path}: not valid JSON") from error
    if not isinstance(body, dict):
        raise click.UsageError(f"{path}: expected a JSON object")
    return body


def _show(decision: Decision) -> None:
    for row in decision.resources:
        word = "allowed" if row.allowed else "denied "
        entry = f" ({row.entry})" if row.entry else ""
        said = f": {'; '.join(row.reasons)}" if row.reasons else ""
        click.echo(_plain(f"{word}  {row.address}  {row.provider}{entry}{said}"))
    for text in decision.deny:
        if not any(text.startswith(f"{row.address} (") for row in decision.resources):
            click.echo(_plain(f"denied   {text}"))
    for text in decision.warn:
        if not any(text.startswith(f"{row.address} (") for row in decision.resources):
            click.echo(_plain(f"note     {text}"))
    for text in decision.unread:
        click.echo(_plain(f"not judged: {text}"), err=True)
    if not (decision.resources or decision.deny or decision.unread):
        click.echo("no AI is deployed by this")
    if decision.entries:
        click.echo(
            "\nadd to the registry, after a review of every line, and tag what you deploy:\n"
        )
        click.echo(as_yaml(decision.entries), nl=False)


def _plain(text: str) -> str:
    """Names come from outside and may hold what steers a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
