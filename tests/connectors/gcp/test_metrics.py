"""How often AI is called and with which key, from what Google counts itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanner.model.errors import Denied, NotEnabled
from scanner.model.facts import Edge
from tests.connectors.gcp.estate import Read, project, read
from tests.google_rig import Fault, Rig, off, serving

GEMINI, VERTEX = "generativelanguage.googleapis.com", "aiplatform.googleapis.com"
UID = "b7ff1f9f-8275-410a-94dd-3855ee9b5dd2"
SHARD = "gcp:*/metrics/acme-7"
KEY = "//apikeys.googleapis.com/projects/acme-7/locations/global/keys/{}"
API = f"//serviceusage.googleapis.com/projects/acme-7/services/{GEMINI}"
SERIES = "monitoring.projects.timeSeries.list"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig(page_size=2)) as made:
        yield made
        assert not made.rejected


def _read(rig: Rig, **more: Any) -> Read:
    return read(rig, families=("keys",), identities=False, creators=False, asset_inventory=False,
                metrics=True, **more)  # fmt: skip


def _points(*counts: int) -> list[dict[str, Any]]:
    return [
        {"interval": {"startTime": f"2026-11-{day:02}T00:00:00Z",
                      "endTime": f"2026-11-{day + 1:02}T00:00:00Z"},
         "value": {"int64Value": str(count)}}
        for day, count in enumerate(counts, 20)
    ]  # fmt: skip


def called(
    *counts: int, by: str = f"apikey:{UID}", code: str = "200", service: str = GEMINI,
    method: str = "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent",
) -> dict[str, Any]:  # fmt: skip
    return {
        "metric": {"type": "serviceruntime.googleapis.com/api/request_count",
                   "labels": {"response_code": code, "protocol": "http"}},
        "resource": {"type": "consumed_api", "labels": {
            "project_id": "acme-7", "service": service, "method": method, "location": "global",
            "credential_id": by}},
        "metricKind": "DELTA", "valueType": "INT64", "points": _points(*counts),
    }  # fmt: skip


def invoked(*counts: int, model: str = "gemini-3-pro", publisher: str = "google") -> dict[str, Any]:
    name = "publisher/online_serving/model_invocation_count"
    return {
        "metric": {"type": f"{VERTEX}/{name}", "labels": {"response_code": "200"}},
        "resource": {"type": f"{VERTEX}/PublisherModel", "labels": {
            "resource_container": "7", "location": "us-central1", "publisher": publisher,
            "model_user_id": model}},
        "points": _points(*counts),
    }  # fmt: skip


def _edge(found: Read, source: str) -> Edge:
    (edge,) = (one for one in found.items if isinstance(one, Edge) and one.source == source
               and one.relation == "calls")  # fmt: skip
    return edge


def test_a_key_calls_the_gemini_api_so_often(rig: Rig) -> None:
    project(rig, 7, enabled=("generativelanguage", "apikeys"))
    rig.plant(
        SERIES, "projects/acme-7",
        called(3, 0, 4), called(2, code="429"), called(1, code="503"), called(90, code="403"),
        called(50, code="400"), called(5, by="serviceaccount:112233"), called(7, by=""),
        called(99, service="storage.googleapis.com"),
    )  # fmt: skip
    rig.plant("apikeys.projects.locations.keys.list", "projects/acme-7/locations/global",
              {"name": "projects/7/locations/global/keys/chatbot", "uid": UID})  # fmt: skip
    found = _read(rig)
    assert not found.errors
    told = [one for one in found.items if isinstance(one, Edge) and one.target == API
            and one.source == KEY.format("chatbot")]  # fmt: skip
    (edge,) = told
    assert edge.detail == "10 calls"
    (evidence,) = edge.evidence
    assert (evidence.count, evidence.first_at, evidence.last_at) == (
        10, "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z",
    )  # fmt: skip
    counted = [one for one in found.items if getattr(one, "id", "") == API]
    assert {one.evidence[0].count for one in counted} == {1, 22}  # type: ignore[union-attr]
    assert KEY.format("chatbot") in found.assets, "the node that the list of keys shows"
    assert "storage" not in str(found.edges)


def test_a_key_that_is_deleted_is_told_by_its_number(rig: Rig) -> None:
    project(rig, 7, enabled=("generativelanguage", "apikeys"))
    rig.plant(SERIES, "projects/acme-7", called(3))
    assert _edge(_read(rig), KEY.format(UID)).target == API


def test_keys_that_may_not_be_listed_are_a_gap_and_counts_stay(rig: Rig) -> None:
    project(rig, 7, enabled=("generativelanguage", "apikeys"))
    rig.plant(SERIES, "projects/acme-7", called(3))
    rig.strike("apikeys", Fault(403, "no", "PERMISSION_DENIED"))
    found = _read(rig)
    (gap,) = found.gaps[SHARD]
    assert gap.denied
    assert _edge(found, KEY.format(UID)).evidence[0].count == 3


def test_models_of_publishers_that_are_in_use(rig: Rig) -> None:
    project(rig, 7, enabled=("aiplatform",))
    others = invoked(1, model="claude-opus-4", publisher="anthropic"), invoked(0, model="never")
    rig.plant(SERIES, "projects/acme-7", invoked(8, 8), *others, invoked(2, model="../x"))
    found = _read(rig)
    models = {one.name: one for one in found.assets.values() if one.kind == "gcp.publisher_model"}
    assert models.keys() == {"gemini-3-pro", "claude-opus-4"}
    lead = "//aiplatform.googleapis.com/projects/acme-7/locations/us-central1/publishers"
    assert models["gemini-3-pro"].id == f"{lead}/google/models/gemini-3-pro"
    assert models["gemini-3-pro"].evidence[0].count == 16


def test_counts_that_may_not_be_read_are_denied(rig: Rig) -> None:
    project(rig, 7, enabled=("generativelanguage",))
    rig.strike("monitoring", Fault(403, "no", "PERMISSION_DENIED"))
    error = _read(rig).errors[SHARD]
    assert isinstance(error, Denied)
    assert "grant monitoring.timeSeries.list" in str(error)


@pytest.mark.parametrize(
    ("enabled", "fault"),
    [(("storage",), Fault(403, "no", "PERMISSION_DENIED")), (("aiplatform",), off(7))],
)
def test_without_ai_or_monitoring_there_is_nothing_to_count(
    rig: Rig, enabled: tuple[str, ...], fault: Fault
) -> None:
    project(rig, 7, enabled=enabled)
    rig.strike("monitoring", fault)
    assert isinstance(_read(rig).errors[SHARD], NotEnabled)


def test_counts_that_google_could_not_sum_up_are_a_gap(rig: Rig) -> None:
    project(rig, 7, enabled=("generativelanguage",))
    body = '{"timeSeries": [], "executionErrors": [{"code": 4, "message": "deadline"}]}'
    rig.strike("monitoring", Fault(200, body=body))
    (gap,) = _read(rig).gaps[SHARD]
    assert "could not sum up 1" in gap.reason


def test_without_the_setting_nobody_counts(rig: Rig) -> None:
    project(rig, 7, enabled=("generativelanguage",))
    read(rig, families=("keys",))
    assert "monitoring" not in str(rig.paths)
