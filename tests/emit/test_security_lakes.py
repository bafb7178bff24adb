"""Events and findings for SIEMs: OCSF by its own schema, strictly; ASFF by AWS's own service model,
by the limits that its page tells, and by a Security Hub that takes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import msgspec
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session
from botocore.validate import validate_parameters
from hypothesis import HealthCheck, given, settings
from moto import mock_aws
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from scanner.emit.document import Document
from scanner.emit.formats import check
from scanner.model.errors import ConfigError
from tests import late
from tests.emit.estates import AGENT, DECIDED, ESTATE, ESTATES, documents
from tests.emit.test_formats import OPTIONS, bytes_of


@cache
def _schema() -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))


@cache
def _ocsf(class_uid: int, profiles: tuple[str, ...]) -> late.jsonschema.Draft202012Validator:
    schema = _schema()
    name = schema.lookup_class_name_from_uid(class_uid=class_uid)
    return late.jsonschema.Draft202012Validator(
        schema.get_class_schema(class_name=name, profiles=list(profiles))
    )


def _events(document: Document) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bytes_of("ocsf", document).splitlines()]


def _is_taken(event: dict[str, Any]) -> None:
    profiles = tuple(event["metadata"].get("profiles", ()))
    _ocsf(event["class_uid"], profiles).validate(event)
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["category_uid"] == event["class_uid"] // 1000
    assert event["metadata"]["version"] == "1.8.0"


@pytest.mark.parametrize("estate", ESTATES)
def test_every_event_follows_its_class(estate: str) -> None:
    document = ESTATES[estate]
    events = _events(document)
    for event in events:
        _is_taken(event)
    uids = [event["metadata"]["uid"] for event in events]
    assert len(set(uids)) == len(uids) == len(document.findings) + len(document.assets)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_events_of_any_document_follow_their_classes(document: Document) -> None:
    for event in _events(document):
        _is_taken(event)


def test_what_an_event_says() -> None:
    by_class: dict[int, list[dict[str, Any]]] = {}
    for event in _events(ESTATE):
        by_class.setdefault(event["class_uid"], []).append(event)

    assert {uid: len(events) for uid, events in by_class.items()} == {2004: 1, 2003: 8, 5023: 5}
    (key,) = by_class[2004]
    assert (key["severity"], key["confidence_score"], key["risk_score"]) == ("Critical", 100, 90)
    assert key["evidences"][0]["file"] == {
        "name": "a b#1.py", "path": "app/a b#1.py", "type_id": 1,
    }  # fmt: skip
    closed = [event for event in by_class[2003] if event["activity_name"] == "Close"]
    assert [(e["status"], e["compliance"]["status"]) for e in closed] == [("Resolved", "Pass")]
    suppressed = [event for event in by_class[2003] if event["status"] == "Suppressed"]
    assert [event["status_detail"] for event in suppressed] == [DECIDED, DECIDED]
    agent = next(e for e in by_class[5023] if e["resources"][0]["uid"] == AGENT)
    assert agent["cloud"] == {
        "provider": "AWS", "region": "us-east-1",
        "account": {"uid": "123456789012", "name": "ml-production"},
    }  # fmt: skip
    assert agent["resources"][0]["owner"]["email_addr"] == "support@example.com"


@pytest.mark.parametrize("spoil", ["type_uid", "metadata", "finding_info", "unknown"])
def test_an_event_that_is_wrong_is_refused(spoil: str) -> None:
    event = _events(ESTATE)[0]
    event[spoil] = {"x": 1}
    with pytest.raises(late.jsonschema.ValidationError):
        _is_taken(event)


_BATCH = get_session().get_service_model("securityhub").operation_model("BatchImportFindings")
# https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
_MOST = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}


def _batches(document: Document) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bytes_of("asff", document).splitlines()]


def _texts(shape: Shape, value: Any) -> Iterator[str]:
    """Every text that AWS's model asks to hold more than blanks, and every enumerated one."""
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            yield from _texts(shape.members[name], inner)
    elif isinstance(shape, ListShape):
        for inner in value:
            yield from _texts(shape.member, inner)
    elif isinstance(shape, MapShape):
        for name, inner in value.items():
            yield name
            yield from _texts(shape.value, inner)
    elif shape.type_name == "string":
        assert value in (shape.metadata.get("enum") or [value])
        yield value


def _taken(batch: dict[str, Any]) -> None:
    validate_parameters(batch, _BATCH.input_shape)
    assert all(text.strip() for text in _texts(_BATCH.input_shape, batch))
    assert 1 <= len(batch["Findings"]) <= 100
    for row in batch["Findings"]:
        assert len(json.dumps(row)) <= 240_000
        for name, most in _MOST.items():
            assert len(row[name]) <= most
        assert row["ProductArn"] == (
            "arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default"
        )
        assert row["Severity"]["Label"] in (
            "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL",
        )  # fmt: skip
        assert len(row["ProductFields"]) <= 50
        assert all(len(value) <= 2048 for value in row["ProductFields"].values())
        assert len(row["Remediation"]["Recommendation"]["Text"]) <= 512 or not row["Remediation"]
        (resource,) = row["Resources"]
        assert all(len(value) <= 1024 for value in resource["Details"]["Other"].values())


@pytest.mark.parametrize("estate", ESTATES)
def test_security_hub_takes_every_batch(estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    document = ESTATES[estate]
    batches = _batches(document)
    with mock_aws():
        hub = boto3.client("securityhub", region_name="eu-west-1")
        for batch in batches:
            _taken(batch)
            said = hub.batch_import_findings(**batch)
            assert (said["FailedCount"], said["SuccessCount"]) == (0, len(batch["Findings"]))
    assert sum(len(batch["Findings"]) for batch in batches) == len(document.findings)


def test_a_hundred_findings_go_at_once_and_a_resolved_one_is_archived() -> None:
    many = msgspec.structs.replace(ESTATE, findings=ESTATE.findings[:1] * 201)
    assert [len(batch["Findings"]) for batch in _batches(many)] == [100, 100, 1]

    (batch,) = _batches(ESTATE)
    states = [(row["RecordState"], row["Compliance"]["Status"]) for row in batch["Findings"]]
    assert states.count(("ARCHIVED", "PASSED")) == 1
    assert states.count(("ARCHIVED", "FAILED")) == 2, "accepted and suppressed"
    agent = next(r["Resources"][0] for r in batch["Findings"] if r["Resources"][0]["Id"] == AGENT)
    assert (agent["Partition"], agent["Region"]) == ("aws", "us-east-1")


def test_the_importing_account_is_asked_for_before_anything_is_done() -> None:
    for wrong in ({}, {**OPTIONS, "account": "me"}, {**OPTIONS, "region": "Ireland"}):
        with pytest.raises(ConfigError, match="asff"):
            check(["asff"], wrong)
    check(["asff"], OPTIONS)
