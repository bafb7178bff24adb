"""What the command says of the graph and of pairs, after a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from scanner.cli import cli


def asked(config: Path, *question: str) -> Any:
    done = CliRunner().invoke(cli, [*question, "--config", str(config), "--json"])
    return json.loads(done.stdout)


def ways(config: Path, node: str) -> int:
    """To OpenAI."""
    told = asked(config, "graph", "paths", "--from", node, "--to", "provider:openai")
    return len(told.get("paths", ()))


def pairs(config: Path, state: str) -> set[frozenset[str]]:
    rows = asked(config, "graph", "same-as", "list")
    return {frozenset((row["one"], row["other"])) for row in rows if row["state"] == state}
