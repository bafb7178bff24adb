"""A list that Google adds to a service of AI, or to one that runs people's own code or holds keys,
is in a table, or somebody has said why not."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from connectors.gcp.reading import OVER
from connectors.gcp.types import TYPES
from tests.google_rig import _below, document

_SERVICES = (
    "agentregistry.v1", "aiplatform.v1", "ces.v1", "cloudaicompanion.v1",
    "contactcenterinsights.v1", "dialogflow.v2", "dialogflow.v3", "discoveryengine.v1",
    "documentai.v1", "ml.v1", "notebooks.v2", "speech.v1", "translate.v3", "vision.v1",
)  # fmt: skip
_WORKLOADS = (
    "alloydb.v1", "apikeys.v2", "batch.v1", "bigquery.v2", "bigqueryconnection.v1",
    "cloudfunctions.v2", "composer.v1", "container.v1", "dataflow.v1b3", "dataproc.v1", "run.v2",
    "secretmanager.v1", "sqladmin.v1", "tpu.v2",
)  # fmt: skip
"""All but Compute Engine, whose hundred lists are of networks and disks, and whose machines are
read."""
_REVIEWED = Path(__file__).parent / "reviewed_operations.yaml"
_GENERAL = re.compile(r"operations\.list|locations\.list$")
"""Operations that run, and places: every service has these."""


def _listed() -> set[str]:
    return {
        one["id"]
        for name in _SERVICES + _WORKLOADS
        for one in _below(document(name))
        if one["httpMethod"] == "GET"
        and one["id"].rpartition(".")[2].startswith(("list", "aggregated"))
        and not _GENERAL.search(one["id"])
    }


def _read() -> set[str]:
    over = {str(kind.list.params.get(OVER, "")) for kind in TYPES}
    return over | {op for kind in TYPES for op, _ in kind.operations}


def _reviewed() -> list[str]:
    told = yaml.safe_load(_REVIEWED.read_text(encoding="utf-8"))
    return [one for names in told.values() for one in names]


def test_every_list_is_read_or_left_out_for_a_reason() -> None:
    reviewed = _reviewed()
    assert len(reviewed) == len(set(reviewed)), "each once"
    assert len(_listed()) > 200
    unknown = _listed() - _read() - set(reviewed)
    assert not unknown, "in no table and in no list of what is left out: " + ", ".join(
        sorted(unknown)
    )


def test_what_is_left_out_exists_and_is_left_out() -> None:
    assert "run.projects.locations.workerPools.list" in _listed() & _read()
    gone = set(_reviewed()) - _listed()
    assert not gone, f"Google describes no such list any more: {sorted(gone)}"
    assert not set(_reviewed()) & _read()
