"""What pipelines of logs put around a record is taken off, whatever it is."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scanner.kit.envelopes import unwrapped
from scanner.kit.records import read_records

EVENT = {"action": "app_installed", "entity": {"name": "\u00e9 {x}"}}
TEXT = json.dumps(EVENT)
PACKED = base64.b64encode(TEXT.encode()).decode()
OTLP = {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [
    {"scope": {}, "logRecords": [{"body": {"stringValue": TEXT}}, {"body": {"stringValue": TEXT}}]}
]}]}  # fmt: skip
KVLIST = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"kvlistValue": {"values": [
    {"key": "action", "value": {"stringValue": "app_installed"}},
    {"key": "entity", "value": {"kvlistValue": {"values": [
        {"key": "name", "value": {"stringValue": "\u00e9 {x}"}}]}}},
]}}}]}]}]}  # fmt: skip
OF_ATTRIBUTES = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{
    "body": {"stringValue": "an event"}, "attributes": [
        {"key": "action", "value": {"stringValue": "app_installed"}},
        {"key": "entity", "value": {"stringValue": json.dumps(EVENT["entity"])}},
]}]}]}]}  # fmt: skip
SUBSCRIBED = base64.b64encode(gzip.compress(json.dumps(
    {"messageType": "DATA_MESSAGE", "logGroup": "slack", "logEvents": [{"message": TEXT}] * 2}
).encode())).decode()  # fmt: skip
LOKI = {"status": "success", "data": {"resultType": "streams", "result": [
    {"stream": {"app": "a"}, "values": [["1", TEXT], ["2", TEXT]]}
]}}  # fmt: skip
SHAPES: dict[str, tuple[str, int]] = {
    "Kafka": (json.dumps({"topic": "t", "partition": 0, "key": None, "value": EVENT}), 1),
    "Kafka, text": (json.dumps({"topic": "t", "partition": 0, "value": TEXT}), 1),
    "Pub/Sub": (json.dumps({"message": {"data": PACKED, "messageId": "1"}}), 1),
    "Chronicle": (json.dumps({"raw_log": PACKED}), 1),
    "GELF": (json.dumps({"version": "1.1", "host": "h", "short_message": TEXT}), 1),
    "GELF, full": (json.dumps({"short_message": "x {", "full_message": TEXT}), 1),
    "Datadog": (json.dumps({"id": "1", "attributes": {"host": "h", "attributes": EVENT}}), 1),
    "Datadog, table": ('Date,Message\n1,"' + TEXT.replace('"', '""') + '"\n', 1),
    "Kibana": (json.dumps({"event.action": "x", "event.original": TEXT}), 1),
    "Filebeat": (json.dumps({"@timestamp": "x", "event": {"kind": "event"}, "json": EVENT}), 1),
    "Filebeat, text": (json.dumps({"@timestamp": "x", "event": {"a": "b"}, "message": TEXT}), 1),
    "Cloud Logging": (json.dumps({"insertId": "x", "jsonPayload": EVENT}), 1),
    "OCSF": (json.dumps({"class_uid": 6003, "raw_data": TEXT, "unmapped": {}}), 1),
    "OpenTelemetry, as it says values": (json.dumps(KVLIST), 1),
    "OpenTelemetry, attributes": (json.dumps(OF_ATTRIBUTES), 1),
    "Kinesis": (json.dumps({"Records": [{"kinesis": {"data": PACKED}, "eventID": "1"}] * 2}), 2),
    "Kinesis, read": (
        json.dumps(
            {"Records": [{"Data": SUBSCRIBED, "PartitionKey": "1"}], "MillisBehindLatest": 0}
        ),
        2,
    ),
    "Kinesis, of CloudWatch": (json.dumps({"Records": [{"kinesis": {"data": SUBSCRIBED}}]}), 2),
    "CloudWatch, to a function": (json.dumps({"awslogs": {"data": SUBSCRIBED}}), 2),
    "OpenTelemetry": (json.dumps(OTLP), 2),
    "Loki": (json.dumps(LOKI, indent=1), 2),
    "CloudWatch": (json.dumps({"owner": "1", "logEvents": [{"id": "1", "message": TEXT}] * 3}), 3),
    "Elasticsearch": (json.dumps({"took": 1, "hits": {"hits": [{"_source": EVENT}] * 2}}), 2),
    "syslog": (f"<134>1 2026-03-16T15:32:23Z h slack - - - {TEXT}\n" * 2, 2),
    "syslog, inside": (json.dumps({"message": f"Mar 16 15:32:23 h slack: {TEXT}"}), 1),
    "a container's": (f"2026-03-16T15:32:23.000000000Z stdout F {TEXT}\n" * 2, 2),
    "LogScale": (json.dumps({"@rawstring": TEXT, "#repo": "saas"}), 1),
    "Sumo Logic": (json.dumps({"map": {"_raw": TEXT, "_source": "saas"}}), 1),
    "QRadar": (json.dumps({"utf8_payload": TEXT, "qid": 1}), 1),
    "in a row": (json.dumps({"event": EVENT}) * 2 + " " + json.dumps({"event": EVENT}), 3),
}


def _known(record: Mapping[str, Any]) -> bool:
    return "action" in record and "entity" in record


@pytest.mark.parametrize("shape", SHAPES)
def test_the_record_inside_is_found(shape: str, tmp_path: Path) -> None:
    text, count = SHAPES[shape]
    (tmp_path / "a").write_text(text)
    told = [unwrapped(one, _known) for _, one in read_records(tmp_path / "a", "a", "`files`")]
    assert told == [EVENT] * count


@pytest.mark.parametrize(
    "record",
    [
        {"message": PACKED[:-1]}, {"message": "eyJh"}, {"message": "x {} {"}, {"value": [EVENT]},
        {"awslogs": {"data": SUBSCRIBED[:40]}}, {"body": {"kvlistValue": {"values": "x"}}},
        {"message": TEXT[:-1]}, {"unknown": EVENT}, None, "x",
    ],
)  # fmt: skip
def test_what_holds_no_record_is_none(record: Any) -> None:
    assert unwrapped(record, _known) is None


def test_wraps_are_taken_off_so_deep_and_no_deeper() -> None:
    record: Any = EVENT
    for _ in range(5):
        record = {"message": record}
    assert unwrapped(record, _known) == EVENT
    assert unwrapped({"message": record}, _known) is None
