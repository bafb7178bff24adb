"""What pipelines of logs put around a record is taken off, whatever it is."""

from __future__ import annotations

import base64
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
    "OpenTelemetry": (json.dumps(OTLP), 2),
    "Loki": (json.dumps(LOKI, indent=1), 2),
    "CloudWatch": (json.dumps({"owner": "1", "logEvents": [{"id": "1", "message": TEXT}] * 3}), 3),
    "Elasticsearch": (json.dumps({"took": 1, "hits": {"hits": [{"_source": EVENT}] * 2}}), 2),
    "syslog": (f"<134>1 2026-03-16T15:32:23Z h slack - - - {TEXT}\n" * 2, 2),
    "syslog, inside": (json.dumps({"message": f"Mar 16 15:32:23 h slack: {TEXT}"}), 1),
    "a container's": (f"2026-03-16T15:32:23.000000000Z stdout F {TEXT}\n" * 2, 2),
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
