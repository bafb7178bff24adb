"""``shadow-ai assess``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import config_option, end, json_option, need_config, write_bytes

if TYPE_CHECKING:
    from scanner.assess.governance import Assessment, ControlAnswer
    from scanner.model.finding import Finding

_FORMS = ("json", "csv", "html", "oscal")


@click.command("assess")
@click.option("--framework", "-f", "frameworks", multiple=True, metavar="ID",
              help="nist-ai-rmf, nist-ai-600-1, iso-42001, eu-ai-act, owasp-llm-2025, "
                   "owasp-agentic-2026, mitre-atlas, csa-aicm, or one of your own. May be given "
                   "again (default: all).")  # fmt: skip
@click.option(
    "--top",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="So many use cases, the riskiest first; 0: all.",
)
@click.option(
    "--pack",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write an evidence pack there.",
)
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=click.Choice(_FORMS),
    help="Only these forms in the pack (default: all).",
)
@config_option
@json_option
def command(
    frameworks: tuple[str, ...],
    top: int,
    pack: Path | None,
    forms: tuple[str, ...],
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Map the riskiest use cases of the last scan to the controls of a framework.

    A finding is relevant to a control. That there is none says only that the rules which ask found
    nothing in what was read; no control is said to be satisfied.
    """
    from scanner.app.assessing import stored_assessments
    from scanner.app.graphing import unread_of
    from scanner.emit.evidence import write_pack
    from scanner.model.base import encode

    loaded = need_config(config_path)
    limits = unread_of(loaded)
    found = stored_assessments(loaded, frameworks, top=top or None)
    if pack is not None:
        for one in found:
            for path in write_pack(pack, one, forms or _FORMS):
                click.echo(f"wrote {path}", err=True)
    if as_json:
        write_bytes(encode(found if len(found) > 1 else found[0]) + b"\n")
    elif pack is None or frameworks:
        for one in found:
            for line in _lines(one):
                click.echo(line)
    end(limits)


def _lines(found: Assessment) -> Iterator[str]:
    by_mark: dict[str, Finding] = {finding.fingerprint: finding for finding in found.findings}
    yield f"{found.framework_name} {found.version}, scan of {found.at}"
    said = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in found.answered.items() if n)
    yield f"controls: {said}"
    if found.unread:
        yield f"not everything was read: {found.unread[0]}" + (
            f" and {len(found.unread) - 1} more" if len(found.unread) > 1 else ""
        )
    for place, case in enumerate(found.use_cases, start=1):
        registered = "registered" if case.registered else "not registered"
        owner = f"owner {case.owner}" if case.owner else "no owner"
        yield ""
        yield f"{place}. {_plain(case.name)}  risk {case.risk}, {registered}, {_plain(owner)}"
        yield f"   {_plain(case.id)}"
        for control in case.controls:
            if control.findings or control.decided or control.hints:
                yield from _control(control, by_mark)


def _control(control: ControlAnswer, by_mark: dict[str, Finding]) -> Iterator[str]:
    yield f"   {control.id}  {control.title}"
    for mark in control.findings[:4]:
        finding = by_mark[mark]
        yield f"      {finding.severity:8} {_plain(finding.title)} [{finding.policy}]"
    if len(control.findings) > 4:
        yield f"      and {len(control.findings) - 4} more"
    for mark in control.decided[:4]:
        finding = by_mark[mark]
        said = _plain(finding.decided or str(finding.status))
        yield f"      {finding.status:8} {_plain(finding.title)} [{finding.policy}]: {said}"
    if len(control.decided) > 4:
        yield f"      and {len(control.decided) - 4} more that are accepted or suppressed"
    for hint in control.hints:
        yield f"      hint, no classification: {_plain(hint)}"


def _plain(text: str) -> str:
    """Names come from outside and may hold what steers a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
