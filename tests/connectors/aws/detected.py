"""A scan of a made-up AWS with the real detector behind it: what would be kept of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from connectors.aws import CONNECTOR
from scanner.app.interpreting import interpreter
from scanner.collect.runner import Options, Source, run
from scanner.detect.engine import Detector
from scanner.model.base import encode
from scanner.model.coverage import Coverage
from scanner.model.facts import Asset, Credential, Edge, Fact
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from scanner.store.writer import StateSink
from tests.aws_rig import Rig, serving
from tests.connectors.aws.reading import context

ACCOUNT, HOME = "111111111111", "us-east-1"


def own_arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{HOME}:{ACCOUNT}:{resource}"


@dataclass
class Found:
    rows: dict[str, Coverage]
    facts: list[Fact]

    def assets(self, kind: str = "") -> dict[str, Asset]:
        """By name, of one kind."""
        return {
            fact.name: fact
            for fact in self.facts
            if isinstance(fact, Asset) and fact.kind.startswith(kind)
        }

    def under(self, ident: str) -> dict[str, Asset]:
        """Parts of a node, by what follows its id."""
        return {
            fact.id.removeprefix(ident): fact
            for fact in self.facts
            if isinstance(fact, Asset) and fact.id.startswith(f"{ident}#")
        }

    def credentials(self) -> list[Credential]:
        return [fact for fact in self.facts if isinstance(fact, Credential)]

    def edges(self) -> set[tuple[str, str, str]]:
        return {
            (edge.source, str(edge.relation), edge.target)
            for edge in self.facts
            if isinstance(edge, Edge)
        }

    def text(self) -> str:
        return b"\n".join(encode(fact) for fact in self.facts).decode()


Scan = Callable[..., Found]
"""Families of services, and what is other in the configuration -> what came of it."""


def scanned(rig: Rig, rulebook: Rulebook, detector: Detector, **changes: Any) -> Found:
    """Through the runner and a state in memory, as ``shadow-ai scan`` does it."""
    state = State("sqlite://")
    with serving(rig) as url, ThreadPoolExecutor(4) as pool:
        rows = run(
            [Source("aws", CONNECTOR, context(url, **changes))],
            sink=StateSink(state, "scan", "2026-01-01T00:00:00Z"),
            interpret=interpreter(rulebook, detector),
            executor=pool,
            options=Options(attempts=1, pause_seconds=0),
        )
    return Found({row.shard: row for row in rows}, [fact for _, fact, _ in state.facts()])
