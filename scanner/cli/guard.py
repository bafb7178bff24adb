"""``shadow-ai guard``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.baseline import with_baselines
from scanner.cli.options import ad_hoc, as_yaml, config_option, find_config, write_bytes

if TYPE_CHECKING:
    from scanner.app.config import LoadedConfig
    from scanner.app.guarding import Problem, Verdict
    from scanner.model.registry import RegistryEntry
    from scanner.reconcile.decisions import Decision

_HOOK_VARIABLES = (
    "GIT_DIR", "GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_INDEX_FILE",
)  # fmt: skip
_REMEDIES = {
    "key-added": "take it out of the change; rotate it if it was ever pushed",
    "unregistered-ai-added": "register it (`shadow-ai registry init`), or take it out",
    "unapproved-ai-added": "stay within what is approved, have the entry changed, or take it out",
}


@click.command("guard")
@click.option("--base", metavar="REVISION",
              help="Judge every commit since this one (CI). Default: what is staged.")  # fmt: skip
@click.option("--head", default="HEAD", show_default=True, metavar="REVISION",
              help="With --base: the last commit of the change.")  # fmt: skip
@click.option("--receive", is_flag=True,
              help="Judge a push: reads `old new reference` lines, as git gives them to "
                   "pre-receive hooks.")  # fmt: skip
@config_option
@click.option("--registry", "registries", multiple=True, metavar="FILE",
              help="Registry file; with one, AI that it does not cover fails, too.")  # fmt: skip
@click.option("--allow-assets", is_flag=True, help="Only tell of unregistered and unapproved AI.")
@click.option("--terraform-plan", "plan", type=click.Path(path_type=Path), metavar="FILE",
              help="Judge a plan instead, of `terraform show -json` (- reads standard input): a "
                   "decision as JSON with --format json.")  # fmt: skip
@click.option("--admission", type=click.Path(path_type=Path), metavar="FILE",
              help="Judge a Kubernetes AdmissionReview instead, or an object (- reads standard "
                   "input): the answer as JSON.")  # fmt: skip
@click.option("--baseline", "baselines", multiple=True, metavar="FILE",
              type=click.Path(exists=True, dir_okay=False),
              help="Hide what this file of `shadow-ai baseline` accepts.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", "github"]),
              default="text", show_default=True)  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE",
              help="Also write SARIF there.")  # fmt: skip
@click.argument("names", nargs=-1, metavar="[FILE]...")
def command(
    base: str | None,
    head: str,
    receive: bool,
    config_path: Path | None,
    registries: tuple[str, ...],
    allow_assets: bool,
    plan: Path | None,
    admission: Path | None,
    baselines: tuple[str, ...],
    form: str,
    output: Path | None,
    names: tuple[str, ...],
) -> None:
    """Judge a change before it lands: keys and AI that it adds.

    Fails (exit code 1) when the change adds a key, or AI that the registry does not cover or
    approve. Reads git
    objects alone: what is staged, not the work tree; of a range or a push the commits' messages,
    too. Archives are opened. FILEs are what hook runners pass; they are
    judged with all that is staged. Comments (`shadow-ai: ignore[rule] reason`) and
    .shadow-ai-ignore hold as in a scan.

    With --terraform-plan or --admission what is about to be deployed is judged: AI that no entry of
    the registry covers, or outside of what its entry approves, fails, with the entry to add.
    """
    from scanner.app.config import fingerprint_key
    from scanner.app.guarding import Guard
    from scanner.app.norms import norms_of
    from scanner.detect.engine import Detector
    from scanner.kit.git import changes
    from scanner.kit.git.process import Git
    from scanner.model.errors import Unavailable
    from scanner.rulebook import load as rules

    if sum(map(bool, (base, receive, plan, admission))) > 1:
        raise click.UsageError(
            "--base, --receive, --terraform-plan and --admission exclude each other"
        )
    loaded = with_baselines(find_config(config_path) or ad_hoc(()), baselines)
    rulebook = rules.load(extra=[loaded.folder / name for name in loaded.config.rules.folders])
    files = [*(loaded.folder / Path(n) for n in loaded.config.registry.files),
             *map(Path, registries)]  # fmt: skip
    if plan or admission:
        from scanner.cli.deployed import judge_file

        if not files:
            raise click.UsageError("name the registry: --registry FILE, or registry.files")
        judge_file(plan, admission, loaded, rulebook, *_registry(loaded, files), allow_assets, form)
        return
    entries, made = _registry(loaded, files)
    key, _ = fingerprint_key(None, loaded.config.scan.fingerprint_key_env, loaded.folder)
    kept = {n: os.environ[n] for n in _HOOK_VARIABLES if n in os.environ}
    git = Git(Path(), variables={"GIT_GRAFT_FILE": os.devnull, **kept})
    try:
        if receive:
            change = changes.received(git, _updates(sys.stdin.read().splitlines()))
        elif base:
            change = changes.between(git, base, head)
        else:
            change = changes.staged(git)
        guard = Guard(
            Detector(rulebook, key, loaded.config.scan.engine),
            rulebook,
            loaded,
            norms_of(loaded, rulebook, datetime.now(UTC).isoformat(timespec="seconds")),
            entries,
            has_registry=bool(files),
            allows_assets=allow_assets,
            decisions=made,
        )
        verdict = guard.judge(git, change)
        if loaded.config.scan.baselines:
            from scanner.app.accepting import accept

            accept(verdict, loaded, rulebook)
    except Unavailable as error:
        click.echo(f"error: {error}", err=True)
        if form == "github":
            click.echo(f"::error::{_escaped(str(error))}")
        sys.exit(3)
    if output is not None:
        from scanner.emit.files import write_file
        from scanner.emit.sarif import render

        write_file(output, render(verdict.problems, verdict.unread))
    _show(verdict, form)
    for text in verdict.warnings:
        click.echo(f"warning: {text}", err=True)
    sys.exit(1 if verdict.fails else 3 if verdict.unread else 0)


def _updates(lines: Sequence[str]) -> list[tuple[str, str]]:
    """``old new reference`` (https://git-scm.com/docs/githooks#pre-receive)."""
    found = []
    for line in lines:
        fields = line.split(" ", 2)
        if len(fields) != 3 or not set(fields[0] + fields[1]) <= set("0123456789abcdef"):
            raise click.UsageError(f"standard input: `{line[:80]}` is no `old new reference`")
        found.append((fields[0], fields[1]))
    return found


def _registry(
    loaded: LoadedConfig, files: Sequence[Path]
) -> tuple[tuple[RegistryEntry, ...], tuple[Decision, ...]]:
    """Entries, and what people have decided about them: in the file of the configuration, and
    beside each registry."""
    if not files:
        return (), ()
    from scanner.reconcile import decisions, inventory

    registry = loaded.config.registry
    reading = inventory.read(files, registry.dates)
    for problem in reading.problems:
        click.echo(f"warning: {problem}", err=True)
    places = [loaded.folder / registry.decisions]
    places += [path.parent / Path(registry.decisions).name for path in files]
    known = {path.resolve(): path for path in reversed(places)}
    made = tuple(one for path in known.values() for one in decisions.read(path))
    return tuple(reading.entries), made


def _show(verdict: Verdict, form: str) -> None:
    if form == "sarif":
        from scanner.emit.sarif import render

        write_bytes(render(verdict.problems, verdict.unread))
    elif form == "json":
        import msgspec

        write_bytes(msgspec.json.encode(verdict) + b"\n")
    elif form == "github":
        for problem in verdict.problems:
            click.echo(_annotation(problem))
        for text in verdict.unread:
            click.echo(f"::warning title=not read::{_escaped(text)}")
        if verdict.entries:
            click.echo("::group::Entries to add to the registry, after a review")
            click.echo("".join(f"    {line}\n" for line in as_yaml(verdict.entries).splitlines()))
            click.echo("::endgroup::")
    else:
        _show_text(verdict)


def _show_text(verdict: Verdict) -> None:
    for problem in verdict.problems:
        word = "error" if problem.is_error else "note"
        at = f" (commit {problem.commit[:12]})" if problem.commit else ""
        why = f": {_plain(problem.why)}" if problem.why else ""
        click.echo(f"{_plain(problem.path)}:{problem.line}: {word}: {problem.title}{why} "
                   f"[{problem.rule}: {problem.detail}]{at}")  # fmt: skip
    for rule in sorted({problem.rule for problem in verdict.problems}):
        click.echo(f"{rule}: {_REMEDIES[rule]}; or say why it may stay: "
                   "`shadow-ai: ignore[<rule>] <reason>` beside it")  # fmt: skip
    for text in verdict.unread:
        click.echo(f"not read: {_plain(text)}", err=True)
    if verdict.entries:
        click.echo("\nadd to the registry, after a review of every line:\n")
        click.echo(as_yaml(verdict.entries), nl=False)
    if verdict.suppressed:
        click.echo(f"{verdict.suppressed} suppressed by comments or .shadow-ai-ignore", err=True)
    if verdict.accepted:
        click.echo(f"{verdict.accepted} accepted by baselines", err=True)


def _plain(text: str) -> str:
    """Names may hold what steers a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _annotation(problem: Problem) -> str:
    """https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions"""
    word = "error" if problem.is_error else "notice"
    place = f"file={_property(problem.path)},line={max(1, problem.line)}"
    why = f": {problem.why}" if problem.why else ""
    said = f"{problem.title}{why} [{problem.detail}]: {_REMEDIES[problem.rule]}"
    return f"::{word} {place},title={_property(problem.rule)}::{_escaped(said)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
