"""Records as Elastic's integrations rename them, without the vendor's own text, tell what the
vendor's tell. Shapes by the integrations' ``sample_event.json`` and pipelines
(https://github.com/elastic/integrations)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import loader
from scanner.detect.engine import Detector
from scanner.kit.elastic import renamed
from scanner.model.items import Activity, Gap
from tests.connectors.odd_events import reading

_AT = "2026-11-20T08:00:00.000Z"
_CLIENT = "77377267392-xyz.apps.googleusercontent.com"


def _ecs(dataset: str, action: str, **fields: Any) -> dict[str, Any]:
    event = {"action": action, "id": "e1", "kind": "event", "outcome": "success",
             **fields.pop("event", {})}  # fmt: skip
    return {
        "@timestamp": _AT, "data_stream": {"dataset": dataset, "type": "logs"}, "event": event,
        "ecs": {"version": "8.11.0"}, "tags": ["forwarded"], **fields,
    }  # fmt: skip


_WHO = {"id": "u1", "email": "ada@acme.com", "name": "ada", "full_name": "Ada Day"}
SHAPES: dict[str, tuple[str, dict[str, Any], tuple[str, str, str, str]]] = {
    "okta": (
        "okta",
        _ecs(
            "okta.system", "user.authentication.sso",
            okta={
                "event_type": "user.authentication.sso", "uuid": "e1",
                "actor": {"alternate_id": "ada@acme.com", "display_name": "Ada", "id": "u1",
                          "type": "User"},
                "outcome": {"result": "SUCCESS"},
                "debug_context": {"debug_data": {"request_id": "r"}},
                "target": [{"alternate_id": "ChatGPT", "display_name": "OpenID Client",
                            "id": "0oa", "type": "AppInstance"}],
            },
        ),
        ("user.authentication.sso", "ChatGPT", "used_by", "ada@acme.com"),
    ),
    "google token": (
        "google_workspace",
        _ecs(
            "google_workspace.token", "authorize", event={"provider": "token"},
            google_workspace={"token": {
                "app_name": "ChatGPT", "client": {"id": _CLIENT, "type": "WEB"},
                "scope": {"value": ["https://www.googleapis.com/auth/drive"], "data": [
                    {"scope_name": "https://www.googleapis.com/auth/drive"}]}}},
            source={"user": _WHO},
        ),
        ("token.authorize", "ChatGPT", "grants", "ada@acme.com"),
    ),
    "google admin": (
        "google_workspace",
        _ecs(
            "google_workspace.admin", "ADD_TO_TRUSTED_OAUTH2_APPS", event={"provider": "admin"},
            google_workspace={"admin": {"oauth2": {"application": {
                "id": _CLIENT, "name": "ChatGPT", "type": "WEB"}}}},
            source={"user": _WHO},
        ),
        ("admin.ADD_TO_TRUSTED_OAUTH2_APPS", "ChatGPT", "grants", "ada@acme.com"),
    ),
    "o365": (
        "microsoft365",
        _ecs(
            "o365.audit", "Consent to application.",
            o365={"audit": {
                "CreationTime": "2026-11-20T08:00:00", "RecordType": "8", "UserId": "ada@acme.com",
                "ModifiedProperties": {"TargetId_ServicePrincipalNames": {
                    "NewValue": "e0476654-c1d5-430b-ab80-70cbd947616a", "OldValue": ""}},
                "Target": {"0": {"ID": "ServicePrincipal_x", "Type": 2},
                           "1": {"ID": "ChatGPT", "Type": 1}}}},
        ),
        ("Consent to application", "ChatGPT", "grants", "ada@acme.com"),
    ),
    "slack": (
        "slack",
        _ecs(
            "slack.audit", "app_installed", user=_WHO,
            slack={"audit": {
                "context": {"id": "T1", "type": "workspace", "name": "Acme"},
                "entity": {"entity_type": "app", "id": "A1", "name": "ChatGPT",
                           "scopes": ["channels:history"]}}},
        ),
        ("app_installed", "ChatGPT", "grants", "ada@acme.com"),
    ),
    "github": (
        "github",
        _ecs(
            "github.audit", "integration_installation.create", user={"name": "ada"},
            github={"category": "integration_installation", "org": "acme",
                    "integration": "ChatGPT"},
        ),
        ("integration_installation.create", "ChatGPT", "grants", ""),
    ),
    "jumpcloud": (
        "jumpcloud",
        _ecs(
            "jumpcloud.events", "sso_auth", source={"user": _WHO},
            jumpcloud={"event": {"application": {"id": "a", "display_label": "ChatGPT"},
                                 "success": True}},
        ),
        ("sso_auth", "ChatGPT", "used_by", "ada@acme.com"),
    ),
    "auth0": (
        "auth0",
        _ecs(
            "auth0.logs", "successful-exchange", user={"id": "auth0|1", "name": "ada@acme.com"},
            auth0={"logs": {"data": {
                "client_id": "c1", "client_name": "ChatGPT", "date": _AT,
                "type": "Successful exchange of Authorization Code for Access Token"}}},
        ),
        ("seacft", "ChatGPT", "used_by", "ada@acme.com"),
    ),
    "box": (
        "box",
        _ecs(
            "box_events.events", "ENTERPRISE_APP_AUTHORIZATION_UPDATE",
            box={"additional_details": {"service_id": "s1", "service_name": "ChatGPT"},
                 "created_at": "2026-11-20T00:00:00-08:00",
                 "created_by": {"id": "2", "name": "Ada", "type": "user"}},
            user={"email": "ada@acme.com", "full_name": "Ada"},
        ),
        ("ENTERPRISE_APP_AUTHORIZATION_UPDATE", "ChatGPT", "grants", "ada@acme.com"),
    ),
    "azure audits, flat": (
        "entra",
        {
            "@timestamp": _AT, "data_stream": {"dataset": "azure.auditlogs"},
            "event": {"action": "Add service principal", "outcome": "success"},
            "azure.auditlogs.category": "AuditLogs",
            "azure.auditlogs.operation_name": "Add service principal",
            "azure.auditlogs.properties.activity_datetime": _AT,
            "azure.auditlogs.properties.activity_display_name": "Add service principal",
            "azure.auditlogs.properties.id": "d1",
            "azure.auditlogs.properties.initiated_by.user.userPrincipalName": "ada@acme.com",
            "azure.auditlogs.properties.target_resources.0.display_name": "ChatGPT",
            "azure.auditlogs.properties.target_resources.0.id": "o1",
            "azure.auditlogs.properties.target_resources.0.type": "ServicePrincipal",
        },
        ("audit.Add service principal", "ChatGPT", "created_by", "ada@acme.com"),
    ),
}  # fmt: skip


def _flat(record: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


@pytest.mark.parametrize("form", ["as it is", "flat", "of a search", "twice"])
@pytest.mark.parametrize("shape", SHAPES)
def test_renamed_fields_tell_what_the_vendors_tell(
    shape: str, form: str, tmp_path: Path, detector: Detector
) -> None:
    source, record, told = SHAPES[shape]
    made = _flat(record) if form == "flat" else record
    lines = [{"_index": "logs", "_source": made} if form == "of a search" else made]
    lines *= 2 if form == "twice" else 1
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    connector = loader.load(source)
    ctx = reading(source, tmp_path, "log.jsonl", make_watch=lambda: detector.watch)
    (shard,) = [one for one in connector.shards(ctx) if one.scope.get("file") == "log.jsonl"]
    items = list(connector.collect(ctx, shard, None))
    assert not [one for one in items if isinstance(one, Gap)]
    (one,) = [one for one in items if isinstance(one, Activity)]
    mail = one.actor.email if one.actor else ""
    assert (one.rule, one.label, one.relation, mail) == told
    assert (one.count, one.last_at) == (1, "2026-11-20T08:00:00Z")


@pytest.mark.parametrize(
    "record",
    [
        {}, {"@timestamp": _AT}, {"@timestamp": _AT, "event": {"dataset": "nginx.access"}},
        {"@timestamp": _AT, "data_stream": {"dataset": "azure.activitylogs"}, "azure": "x"},
    ],
)  # fmt: skip
def test_records_of_other_integrations_are_left(record: dict[str, Any]) -> None:
    assert renamed(record) is None


@pytest.mark.parametrize(
    "dataset",
    ["okta.system", "google_workspace.token", "o365.audit", "slack.audit", "github.audit",
     "jumpcloud.events", "auth0.logs", "box_events.events"],
)  # fmt: skip
def test_fields_that_hold_anything_are_no_error(dataset: str) -> None:
    name = dataset.partition(".")[0]
    for odd in (
        None,
        [],
        "x",
        {"audit": "x", "event": 7, "token": [1], "debug_context": {"\u00b2": 1}},
    ):
        record = {"@timestamp": _AT, "data_stream": {"dataset": dataset}, name: odd, "event": odd}
        assert renamed(record) is not None
