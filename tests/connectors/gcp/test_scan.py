"""The whole path: an organization is scanned, variables are examined, what was not read is held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.app.config import Config, LoadedConfig, StoreConfig
from scanner.app.pipeline import EXIT_INCOMPLETE, Result, scan
from scanner.emit.document import render
from tests.connectors.gcp.estate import (
    AUDITED,
    ENABLED_NAMES,
    call,
    endpoint,
    everywhere,
    project,
)
from tests.google_rig import Fault, Rig, serving

LEAD = "projects/acme-7/locations/us-central1"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


def _scan(rig: Rig, folder: Path, **settings: object) -> Result:
    told = {"endpoint_url": rig.url, "organizations": ["1"], "personal_agents": False}
    config = Config(
        store=StoreConfig(url=f"sqlite:///{folder / 'state.sqlite'}"),
        sources={"gcp": {**told, **settings}},
    )
    return scan(LoadedConfig(config=config))


def test_an_organization_is_inventoried_and_examined(
    rig: Rig, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    ident = project(rig, 7, enabled=(*ENABLED_NAMES, "generativelanguage"))
    endpoint(rig, ident, 7)
    everywhere(rig, ident, 7)
    rig.plant(
        "run.projects.locations.services.list", LEAD,
        {"name": f"{LEAD}/services/chat", "template": {"containers": [
            {"image": "vllm/vllm-openai:v0.9",
             "env": [{"name": "ANTHROPIC_API_KEY", "value": made_up_key()}]}]}},
        {"name": f"{LEAD}/services/shop", "template": {"containers": [{"image": "shop:1"}]}},
    )  # fmt: skip
    result = _scan(rig, tmp_path)
    assert result.exit_code != EXIT_INCOMPLETE, result.document.coverage
    found = {asset.kind for asset in result.document.assets}
    assert {"gcp.vertex_endpoint", "gcp.enabled_api", "gcp.dialogflow_agent"} <= found
    assert "gcp.run_service" not in found, "carriers are no AI"
    providers = {asset.provider for asset in result.document.assets}
    assert {"google_vertex", "google_gemini", "vllm"} <= providers
    assert any(row.type == "credential" for row in result.document.assets)
    assert made_up_key().encode() not in render(result.document)
    assert made_up_key().encode() not in (tmp_path / "state.sqlite").read_bytes()


def test_what_may_not_be_read_any_more_is_held(rig: Rig, tmp_path: Path) -> None:
    endpoint(rig, project(rig, 7), 7)
    before = _scan(rig, tmp_path)
    assert before.events
    rig.strike("aiplatform", Fault(403, "no", "PERMISSION_DENIED"))
    after = _scan(rig, tmp_path)
    assert after.exit_code == EXIT_INCOMPLETE
    assert not [event for event in after.events if event.change == "resolved"]
    denied = [row for row in after.document.coverage if row.status == "denied"]
    assert [row.shard for row in denied] == ["gcp:acme-7/vertex"]


def test_what_is_gone_is_resolved(rig: Rig, tmp_path: Path) -> None:
    endpoint(rig, project(rig, 7), 7)
    _scan(rig, tmp_path)
    rig.records.pop(("aiplatform.projects.locations.endpoints.list", LEAD))
    after = _scan(rig, tmp_path)
    assert [event.change for event in after.events] == ["resolved"]


def test_what_only_the_inventory_shows_stays_while_it_does(rig: Rig, tmp_path: Path) -> None:
    """The service's own list is refused: the inventory alone tells, and tells when it is gone."""
    project(rig, 7)
    name = f"//aiplatform.googleapis.com/{LEAD}/models/3"
    rig.plant("cloudasset.searchAllResources", "organizations/1", {"name": name})
    rig.strike("aiplatform.*/models", Fault(403, "no", "PERMISSION_DENIED"))
    kinds = {asset.kind for asset in _scan(rig, tmp_path).document.assets}
    assert "gcp.vertex_model" in kinds
    rig.records.pop(("cloudasset.searchAllResources", "organizations/1"))
    kinds = {asset.kind for asset in _scan(rig, tmp_path).document.assets}
    assert "gcp.vertex_model" not in kinds


def test_a_folder_that_may_not_be_listed_any_more_loses_none_of_its_projects(
    rig: Rig, tmp_path: Path
) -> None:
    rig.plant("cloudresourcemanager.folders.list", "organizations/1",
              {"name": "folders/2", "displayName": "F", "parent": "organizations/1"})  # fmt: skip
    project(rig, 5)
    endpoint(rig, project(rig, 7, "folders/2"), 7)
    assert _scan(rig, tmp_path).events
    rig.records.pop(("cloudresourcemanager.projects.list", "folders/2"))
    rig.closed_parents.add("folders/2")
    after = _scan(rig, tmp_path)
    assert after.exit_code == EXIT_INCOMPLETE
    assert not [event for event in after.events if event.change == "resolved"]
    rig.closed_parents.clear()
    resolved = _scan(rig, tmp_path)
    assert [event for event in resolved.events if event.change == "resolved"], "now it is gone"


def _count(result: Result, name: str) -> int:
    (asset,) = (one for one in result.document.assets if one.name == name)
    return sum(one.count for one in asset.evidence if one.rule.startswith("aiplatform:Generate"))


def test_who_calls_what_adds_up_over_scans_each_call_once(rig: Rig, tmp_path: Path) -> None:
    ident = project(rig, 7, enabled=("aiplatform",))
    rig.answer("cloudresourcemanager.projects.getIamPolicy", f"projects/{ident}", AUDITED)
    log = "logging.entries.list", f"projects/{ident}"
    rig.plant(*log, *(call(ident, minute=minute) for minute in range(3)))
    first = _scan(rig, tmp_path)
    assert first.exit_code != EXIT_INCOMPLETE, first.document.coverage
    assert _count(first, "gemini-3-pro") == 3
    (asset,) = (one for one in first.document.assets if one.name == "gemini-3-pro")
    assert (asset.kind, asset.provider) == ("gcp.publisher_model", "google_vertex")
    assert _count(_scan(rig, tmp_path), "gemini-3-pro") == 3, "nothing twice"


def test_a_log_that_may_not_be_read_any_more_takes_nothing_back(rig: Rig, tmp_path: Path) -> None:
    ident = project(rig, 7)
    rig.answer("cloudresourcemanager.projects.getIamPolicy", f"projects/{ident}", AUDITED)
    rig.plant("logging.entries.list", f"projects/{ident}", call(ident))
    assert _scan(rig, tmp_path).events
    rig.refused.add("logging.privateLogEntries.list")
    after = _scan(rig, tmp_path)
    assert after.exit_code == EXIT_INCOMPLETE
    assert not [event for event in after.events if event.change == "resolved"]
    denied = [row.shard for row in after.document.coverage if row.status == "denied"]
    assert denied == [f"gcp:*/activity/{ident}"]


def test_what_a_machine_runs_is_told_by_its_metadata(
    rig: Rig, tmp_path: Path, made_up_key: Callable[..., str]
) -> None:
    """No accelerator, no image for learning: the container that it was started with."""
    project(rig, 7, enabled=("compute",))
    zone = "https://www.googleapis.com/compute/v1/projects/acme-7/zones/us-central1-a"
    declared = "spec:\n  containers:\n    - name: llm\n      image: ollama/ollama:0.5\n"
    script = f"#!/bin/sh\nexport ANTHROPIC_API_KEY={made_up_key()}\n"
    told = {
        "chat": [{"key": "gce-container-declaration", "value": declared},
                 {"key": "startup-script", "value": script}],
        "shop": [{"key": "startup-script", "value": "#!/bin/sh\necho hello\n"}],
    }  # fmt: skip
    machines = [
        {"name": name, "selfLink": f"{zone}/instances/{name}", "zone": zone,
         "metadata": {"items": items}}
        for name, items in told.items()
    ]  # fmt: skip
    rig.answer("compute.instances.aggregatedList", "projects/acme-7/aggregated",
               {"items": {"zones/us-central1-a": {"instances": machines}}})  # fmt: skip
    result = _scan(rig, tmp_path)
    assert result.exit_code != EXIT_INCOMPLETE, result.document.coverage
    providers = {asset.provider for asset in result.document.assets}
    assert "ollama" in providers
    assert any(row.type == "credential" for row in result.document.assets)
    assert made_up_key().encode() not in (tmp_path / "state.sqlite").read_bytes()
