"""Pages of the site that are made from what they tell of: commands, connectors, policies.

Run by mkdocs (the ``gen-files`` plugin) whenever the site is built; nothing of it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import mkdocs_gen_files
import msgspec

from scanner.cli import cli
from scanner.collect.loader import load, names
from scanner.rulebook.load import load as rules

ROOT = Path(__file__).parents[1]


def cell(said: object) -> str:
    """As it may stand in a table."""
    return re.sub(r"\s+", " ", str(said)).replace("|", "\\|").replace("<", "&lt;").strip()


def write(name: str, lines: Iterator[str] | list[str]) -> None:
    with mkdocs_gen_files.open(name, "w") as page:
        page.write("\n".join(lines) + "\n")


def commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "As `--help` tells them.\n"
    root = click.Context(cli, info_name="shadow-ai")
    yield from _command(cli, root, "shadow-ai")


def _command(command: click.Command, context: click.Context, path: str) -> Iterator[str]:
    yield f"## {path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                below = click.Context(inner, info_name=name, parent=context)
                yield from _command(inner, below, f"{path} {name}")


def connectors() -> Iterator[str]:
    yield "# Each connector\n"
    yield "From what each declares: a call that is not here is refused inside the process.\n"
    yield "| connector | reads | calls |\n| --- | --- | ---: |"
    specs = [load(name).spec for name in names()]
    for spec in specs:
        yield (f"| [{spec.name}](connectors/{spec.name}.md) | {cell(spec.title)} | "
               f"{len(spec.operations)} |")  # fmt: skip


def section(name: str) -> str:
    """What the page of all connectors says of one in words."""
    whole = (ROOT / "docs/connectors.md").read_text("utf-8")
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", whole, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def meanings(words: str) -> dict[str, str]:
    """Setting -> what it means, of a connector's tables."""
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| (.+) \|$", words, re.MULTILINE)
    return {name: said for names, said in rows for name in re.findall(r"`([a-z_]+)`", names)}


def unread(words: str) -> list[str]:
    """What it says that is not read, a paragraph each."""
    found = re.findall(r"^(?:.*\s)?(Not read(?: yet)?: .*?)(?=\n\n|\Z| Shards are )", words,
                       re.MULTILINE | re.DOTALL)  # fmt: skip
    # A link leads from the page of all connectors elsewhere than from here.
    return [re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(one.split())) for one in found]


def connector(spec: Any) -> Iterator[str]:
    words = section(spec.name)
    yield f"# {spec.name}\n"
    yield f"{spec.title}. The vendor: <{spec.docs_url}>. In words, with what each of its things "
    yield f"becomes: [Connectors](../../connectors.md#{spec.name}).\n"
    yield "## Settings\n"
    yield "| setting | default | meaning |\n| --- | --- | --- |"
    told = meanings(words)
    for field in msgspec.structs.fields(spec.config):
        default = "" if field.default is msgspec.NODEFAULT else field.default
        means = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", told.get(field.encode_name, ""))
        yield f"| `{field.encode_name}` | `{cell(default) or ' '}` | {means} |"
    if spec.operations:
        yield "\n## Calls\n"
        yield "| call | permission | why |\n| --- | --- | --- |"
        for one in spec.operations:
            yield f"| `{cell(one.id)}` | `{cell(one.permission)}` | {cell(one.reason)} |"
    yield "\n## Pace\n"
    if not spec.rates:
        yield "None of its own is declared: calls go as answers come, and a limit that the source "
        yield "tells (429, `Retry-After`) is waited for."
    else:
        yield "| calls | a second |\n| --- | ---: |"
        for bucket, rate in sorted(spec.rates.items()):
            yield f"| {cell(bucket)} | {rate:g} |"
    if spec.exports or spec.no_export:
        yield "\n## Exports of the console\n"
        yield from (f"- {cell(one)}" for one in spec.exports)
        if spec.no_export:
            yield f"None: {cell(spec.no_export)}."
    yield "\n## What is not read\n"
    yield from (f"- {one}" for one in unread(words))
    yield "- What a scan could not read stands in its coverage, with the reason.\n"
    yield "\n## What comes of it\n"
    yield ", ".join(f"`{kind}`" for kind in sorted(spec.yields)) or "nothing of its own"


def policies() -> Iterator[str]:
    yield "# Policies\n"
    yield "Every finding is one of these; a file of yours may change severity and conditions."
    yield "\n| id | what | severity |\n| --- | --- | --- |"
    found = sorted(rules().policies, key=lambda policy: policy.id)
    for policy in found:
        yield f"| [{policy.id}](#{policy.id.lower()}) | {cell(policy.name)} | {policy.severity} |"
    for policy in found:
        yield f"\n## {policy.id}\n"
        yield f"**{cell(policy.title)}** ({policy.severity})\n"
        yield f"{cell(policy.rationale)}\n"
        yield f"What to do: {cell(policy.remedy)}\n"
        if policy.controls:
            yield "Controls: " + ", ".join(f"`{one}`" for one in policy.controls)


def of_root(name: str, docs: str) -> list[str]:
    """A page of the repository's root; ``docs``: where its links to ``docs/`` lead from the site's
    page."""
    return [re.sub(r"\]\(docs/", f"]({docs}", (ROOT / name).read_text("utf-8"))]


write("reference/commands.md", commands())
write("reference/connectors.md", connectors())
for each in names():
    write(f"reference/connectors/{each}.md", connector(load(each).spec))
write("reference/policies.md", policies())
write("index.md", of_root("README.md", ""))
write("reference/contributing.md", of_root("CONTRIBUTING.md", "../"))
