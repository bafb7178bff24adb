"""A list that Microsoft adds to an AI provider is in a table, or somebody has said why not."""

from __future__ import annotations

from pathlib import Path

import yaml

from connectors.azure import TYPES
from tests.azure_rig import described

_PROVIDERS = (
    "cognitiveservices", "cognitiveservices-preview", "machinelearning", "search", "botservice",
)  # fmt: skip
_REVIEWED = Path(__file__).parent / "reviewed_operations.yaml"


def _listed() -> set[str]:
    """The types whose records Microsoft's clients can list."""
    return {
        one.kind
        for one in described.operations()
        if one.file in _PROVIDERS and one.method == "GET" and not one.path.endswith("}")
    }


def _read() -> set[str]:
    return {op.partition(":")[2] for kind in TYPES for op, _ in kind.operations}


def _reviewed() -> list[str]:
    told = yaml.safe_load(_REVIEWED.read_text(encoding="utf-8"))
    return [one for names in told.values() for one in names]


def test_every_list_is_read_or_left_out_for_a_reason() -> None:
    reviewed = _reviewed()
    assert len(reviewed) == len(set(reviewed)), "each once"
    assert len(_listed()) > 90
    shown = {op.removeprefix("graph:") for op in _read() if op.startswith("graph:")}
    unknown = _listed() - _read() - set(reviewed) - shown
    assert not unknown, "in no table and in no list of what is left out: " + ", ".join(unknown)


def test_what_is_left_out_exists_and_is_left_out() -> None:
    gone = set(_reviewed()) - _listed()
    assert not gone, f"Microsoft describes no such list any more: {sorted(gone)}"
