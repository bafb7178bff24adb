"""Who has called what, from data access logs: folded, resumable, never silently less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.gcp import CONNECTOR
from connectors.gcp.activity.services import SERVICES
from connectors.gcp.activity.ways import client_of, source_of
from connectors.gcp.enabled import APIS
from scanner.kit.permissions import permissions
from scanner.model.errors import Denied, NotEnabled, SourceError, Unavailable
from scanner.model.items import Activity, Checkpoint, Gap, Item
from tests.connectors.gcp.estate import AUDITED, ORG, call, context, endpoint, project
from tests.google_rig import Fault, Rig, serving

VERTEX = "//aiplatform.googleapis.com/projects/acme-7/locations/us-central1"
RUNNER = "runner@acme-7.iam.gserviceaccount.com"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig(page_size=50)) as made:
        yield made
        assert not made.rejected


def _audited(rig: Rig, unit: str = "projects/acme-7", **config: Any) -> None:
    kind = unit.partition("/")[0]
    rig.answer(f"cloudresourcemanager.{kind}.getIamPolicy", unit, config or AUDITED)


def _log(rig: Rig, *entries: dict[str, Any]) -> None:
    rig.plant("logging.entries.list", "projects/acme-7", *entries)


def _read(
    rig: Rig, since: Checkpoint | None = None, **config: Any
) -> tuple[list[Item], SourceError | None]:
    ctx = context(rig, activity=True, families=("keys",), **config)
    (shard,) = (one for one in CONNECTOR.shards(ctx) if one.scope["part"] == "activity")
    found: list[Item] = []
    try:
        for item in CONNECTOR.collect(ctx, shard, since):
            found.append(item)  # noqa: PERF402
    except SourceError as error:
        return found, error
    return found, None


def _activities(items: list[Item]) -> list[Activity]:
    return [one for one in items if isinstance(one, Activity)]


def _told(items: list[Item]) -> dict[tuple[str, str, str], int]:
    return {
        (one.actor.id if one.actor else "", one.rule, one.app_id): one.count
        for one in _activities(items)
    }


def test_calls_are_added_up_by_who_and_what(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    _log(rig, *(call("acme-7", minute=minute) for minute in range(1, 8)))
    _log(rig, *(call("acme-7", RUNNER, method="PredictionService.Predict",
                     name="locations/us-central1/endpoints/9", minute=minute)
                for minute in range(3)))  # fmt: skip
    items, error = _read(rig)
    assert error is None
    model = f"{VERTEX}/publishers/google/models/gemini-3-pro"
    assert _told(items) == {
        ("gcp:user/ada@acme.example", "aiplatform:GenerateContent", model): 7,
        (f"gcp:service-account/{RUNNER}", "aiplatform:Predict", f"{VERTEX}/endpoints/9"): 3,
    }
    first, second = _activities(items)
    assert (first.first_at, first.last_at) == ("2026-11-20T10:01:00Z", "2026-11-20T10:07:00Z")
    assert first.where == "google-genai from a public address"
    assert first.relation == "used_by"
    assert first.thing is not None
    assert second.thing is not None
    assert (first.thing.kind, first.thing.models, first.thing.region) == (
        "gcp.publisher_model", ("gemini-3-pro",), "us-central1",
    )  # fmt: skip
    assert second.thing.kind == "gcp.vertex_endpoint", "nobody has listed it"


def test_a_listed_endpoint_and_a_called_one_are_the_same(rig: Rig) -> None:
    endpoint(rig, project(rig, 7), 7)
    _audited(rig)
    _log(rig, call("acme-7", method="PredictionService.RawPredict",
                   name="projects/7/locations/us-central1/endpoints/7"))  # fmt: skip
    (one,) = _activities(_read(rig)[0])
    assert one.app_id == f"{VERTEX}/endpoints/7"


@pytest.mark.parametrize(
    ("service", "method", "name", "ident", "kind"),
    [
        ("generativelanguage", "GenerativeService.StreamGenerateContent", "models/gemini-3-pro",
         "//generativelanguage.googleapis.com/projects/acme-7/models/gemini-3-pro",
         "gcp.publisher_model"),
        ("dialogflow", "Sessions.DetectIntent", "locations/eu/agents/a/sessions/s",
         "//dialogflow.googleapis.com/projects/acme-7/locations/eu/agents/a",
         "gcp.dialogflow_agent"),
        ("discoveryengine", "AssistantService.StreamAssist",
         "locations/global/collections/default_collection/engines/e/assistants/default",
         "//discoveryengine.googleapis.com/projects/acme-7/locations/global/collections/"
         "default_collection/engines/e/assistants/default", "gcp.search_assistant"),
        ("aiplatform", "ReasoningEngineExecutionService.StreamQueryReasoningEngine",
         "locations/us-central1/reasoningEngines/5", f"{VERTEX}/reasoningEngines/5",
         "gcp.vertex_reasoning_engine"),
        ("aiplatform", "PredictionService.RawPredict",
         "locations/us-central1/publishers/anthropic/models/claude-opus-5@20261001",
         f"{VERTEX}/publishers/anthropic/models/claude-opus-5", "gcp.publisher_model"),
        ("vision", "ImageAnnotator.BatchAnnotateImages", "",
         "//serviceusage.googleapis.com/projects/acme-7/services/vision.googleapis.com",
         "gcp.enabled_api"),
        ("aiplatform", "PredictionService.Predict", "projects/7/locations/../x",
         "//serviceusage.googleapis.com/projects/acme-7/services/aiplatform.googleapis.com",
         "gcp.enabled_api"),
    ],
)  # fmt: skip
def test_what_is_called_has_the_id_that_a_list_would_give(
    rig: Rig, service: str, method: str, name: str, ident: str, kind: str
) -> None:
    project(rig, 7, enabled=(service,))
    _audited(rig)
    _log(rig, call("acme-7", service=service, method=method, name=name))
    (one,) = _activities(_read(rig)[0])
    assert one.app_id == ident
    assert one.thing is not None
    assert one.thing.kind == kind
    assert kind in CONNECTOR.spec.yields


def test_what_was_refused_makes_nobody_a_user(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    _log(rig, call("acme-7", status={"code": 7}), call("acme-7", minute=1, status={"code": 8}),
         call("acme-7", minute=2, status={"code": 3}))  # fmt: skip
    told = {one.status: (one.relation, one.count) for one in _activities(_read(rig)[0])}
    assert told == {
        "": ("used_by", 1),
        "refused: PERMISSION_DENIED": ("", 1),
        "failed: INVALID_ARGUMENT": ("", 1),
    }


def test_lists_and_other_logs_are_no_use(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    other = call("acme-7")
    other["logName"] = other["logName"].replace("data_access", "activity")
    _log(rig, other, call("acme-7", method="EndpointService.ListEndpoints"))
    assert not _activities(_read(rig)[0])


def test_how_somebody_has_proved_who_they_are(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    subject = "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/ada"
    _log(
        rig,
        call("acme-7", authenticationInfo={"principalEmail": RUNNER, "serviceAccountKeyName": "k"}),
        call("acme-7", minute=1, authenticationInfo={"principalEmail": RUNNER,
             "serviceAccountDelegationInfo": [{"firstPartyPrincipal": {}}]}),
        call("acme-7", minute=2, authenticationInfo={"principalSubject": subject}),
        call("acme-7", minute=3, authenticationInfo={}),
    )  # fmt: skip
    found = {(one.actor.id if one.actor else "", one.where) for one in _activities(_read(rig)[0])}
    told = "from a public address"
    assert found == {
        (f"gcp:service-account/{RUNNER}", f"google-genai with a service account's key {told}"),
        (f"gcp:service-account/{RUNNER}", f"google-genai by impersonation {told}"),
        (f"gcp:{subject}", f"google-genai {told}"),
        ("", f"google-genai {told}"),
    }


def test_where_nobody_keeps_such_a_log_it_is_not_enabled_and_not_asked(rig: Rig) -> None:
    project(rig, 7)
    _log(rig, call("acme-7"))
    _, error = _read(rig)
    assert isinstance(error, NotEnabled)
    assert "turn on DATA_READ" in str(error)
    assert not rig.calls["logging.entries.list"]


@pytest.mark.parametrize("unit", [ORG, "folders/2"])
def test_a_log_that_is_turned_on_above_counts(rig: Rig, unit: str) -> None:
    rig.plant("cloudresourcemanager.folders.list", ORG,
              {"name": "folders/2", "displayName": "F", "parent": ORG})  # fmt: skip
    project(rig, 7, "folders/2")
    _audited(rig, unit, auditConfigs=[
        {"service": "aiplatform.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]},
    ])  # fmt: skip
    _log(rig, call("acme-7"))
    assert len(_activities(_read(rig)[0])) == 1


def test_what_cannot_be_told_of_above_is_read(rig: Rig) -> None:
    project(rig, 7)
    rig.strike("organizations/1:getIamPolicy", Fault(403, "no", "PERMISSION_DENIED"))
    _log(rig, call("acme-7"))
    assert len(_activities(_read(rig)[0])) == 1


def test_a_log_that_google_would_silently_thin_out_is_denied(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    _log(rig, call("acme-7"))
    rig.refused.add("logging.privateLogEntries.list")
    items, error = _read(rig)
    assert not items
    assert isinstance(error, Denied)
    assert "grant logging.privateLogEntries.list" in str(error)
    assert "logging.privateLogEntries.list" in permissions(CONNECTOR.spec)


def test_the_next_reading_goes_on_where_this_one_ended(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    late = "2026-11-27T23:55:00Z"  # within the newest minutes: entries of them may still come
    _log(rig, call("acme-7"), call("acme-7", at=late))
    items, _ = _read(rig)
    assert sum(one.count for one in _activities(items)) == 1
    (mark,) = (one for one in items if isinstance(one, Checkpoint))
    assert not _activities(_read(rig, mark)[0])


def test_a_cursor_of_a_clock_that_was_ahead_is_told_and_left(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    items, _ = _read(rig, Checkpoint(cursor='{"at": "2027-01-01T00:00:00Z", "seen": []}'))
    (gap,) = (one for one in items if isinstance(one, Gap))
    assert "was ahead (2027-01-01T00:00:00Z)" in gap.reason
    (mark,) = (one for one in items if isinstance(one, Checkpoint))
    assert not [one for one in _read(rig, mark)[0] if isinstance(one, Gap)]


def test_a_long_log_is_read_over_several_scans_each_entry_once(rig: Rig) -> None:
    rig.page_size = 3
    project(rig, 7)
    _audited(rig)
    same = "2026-11-20T11:00:00Z"
    _log(rig, *(call("acme-7", minute=minute) for minute in range(4)))
    _log(rig, *(call("acme-7", minute=minute, at=same) for minute in range(5)))
    counted, mark, readings = 0, None, 0
    while True:
        items, error = _read(rig, mark, activity_pages=2)
        assert error is None
        counted += sum(one.count for one in _activities(items))
        *_, mark = (one for one in items if isinstance(one, Checkpoint))
        readings += 1
        gaps = [one for one in items if isinstance(one, Gap)]
        assert all("the next goes on" in gap.reason for gap in gaps)
        if not gaps:
            break
    assert (counted, readings) == (9, 2)


@pytest.mark.parametrize(
    "fault",
    [Fault(503, "down", "UNAVAILABLE"), Fault(200, body='{"entries": {}}'),
     Fault(200, body='{"entries": [], "nextPageToken": "3"}'), Fault(200, body="<html>")],
)  # fmt: skip
def test_a_log_that_breaks_off_keeps_what_was_read_and_goes_on_there(
    rig: Rig, fault: Fault
) -> None:
    rig.page_size = 3
    project(rig, 7)
    _audited(rig)
    _log(rig, *(call("acme-7", minute=minute) for minute in range(10)))
    fault.after = 2
    rig.strike("entries:list", fault)
    items, error = _read(rig)
    assert isinstance(error, Unavailable)
    assert sum(one.count for one in _activities(items)) == 6
    (mark,) = (one for one in items if isinstance(one, Checkpoint))
    rig.strikes.clear()
    rest, error = _read(rig, mark)
    assert error is None
    assert sum(one.count for one in _activities(rest)) == 4


def test_strange_entries_end_nothing_and_are_told(rig: Rig) -> None:
    project(rig, 7)
    _audited(rig)
    body = (
        '{"entries": [7, null, {}, {"timestamp": "x", "protoPayload": []}, {"timestamp": {}, '
        '"protoPayload": {"serviceName": ["x"]}}]}'
    )
    rig.strike("entries:list", Fault(200, body=body))
    items, error = _read(rig)
    assert error is None
    (gap,) = (one for one in items if isinstance(one, Gap))
    assert "5 entries are none" in gap.reason


def test_every_api_of_ai_that_is_told_when_enabled_is_known_to_logs_too() -> None:
    assert APIS.keys() <= SERVICES.keys()


def test_ways_are_fixed_words() -> None:
    assert client_of("something new/1") == "other"
    assert client_of(" ") == ""
    assert source_of("10.0.0.1") == "from a private address"
    assert source_of("gce-internal-ip") == "from inside Google Cloud"
    assert source_of("<script>") == ""
