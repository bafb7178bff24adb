"""Records that a SIEM keeps of a source beside its audit log: what they tell of AI, and that the
others are quiet and no gap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import loader
from scanner.detect.engine import Detector
from scanner.model.items import Activity, Gap, Item
from tests.connectors.odd_events import reading

_AT = "2026-11-20T08:00:00Z"


def _read(source: str, records: list[Any], folder: Path, detector: Detector) -> list[Item]:
    text = "".join(json.dumps({"event": one, "p_log_type": "x"}) + "\n" for one in records)
    (folder / "log.jsonl").write_text(text)
    connector = loader.load(source)
    ctx = reading(source, folder, "log.jsonl", make_watch=lambda: detector.watch)
    (shard,) = connector.shards(ctx)
    items = list(connector.collect(ctx, shard, None))
    assert not [one for one in items if isinstance(one, Gap)]
    return items


def _use(items: list[Item]) -> list[tuple[str, str, str, int]]:
    return sorted(
        (one.rule, one.label, one.relation, one.count)
        for one in items if isinstance(one, Activity)
    )  # fmt: skip


def _query(text: str, status: str = "SUCCESS") -> dict[str, Any]:
    return {"QUERY_TEXT": text, "USER_NAME": "ADA", "EXECUTION_STATUS": status,
            "QUERY_TYPE": "SELECT", "START_TIME": "2026-11-20 08:00:00.000"}  # fmt: skip


def test_snowflakes_queries_tell_which_model_is_called(tmp_path: Path, detector: Detector) -> None:
    records = [
        _query("select snowflake.cortex.complete('mistral-large2', 'a private question') from t"),
        _query("SELECT SNOWFLAKE.CORTEX.COMPLETE(\n 'mistral-large2', body) FROM t"),
        _query("select AI_COMPLETE(model => 'claude-4-sonnet', prompt => p), ai_classify('x', c)"),
        _query("select ai_translate(body, 'de', 'en') from t", "FAIL"),
        _query("COPY INTO t FROM @stage FILE_FORMAT = (FORMAT_NAME='CSV')"),
        _query("select cortex_ai_completed from my_ai_complete_table"),
    ]
    items = _read("snowflake", records, tmp_path, detector)
    assert _use(items) == [
        ("cortex.ai_classify", "Snowflake Cortex of acme", "used_by", 1),
        ("cortex.ai_complete", "Cortex claude-4-sonnet", "used_by", 1),
        ("cortex.ai_translate (failed)", "Snowflake Cortex of acme", "", 1),
        ("cortex.complete", "Cortex mistral-large2", "used_by", 2),
    ]
    assert "private" not in repr(items)


def test_snowflakes_sign_ins_and_grants(tmp_path: Path, detector: Detector) -> None:
    grant = {"CREATED_ON": "2026-11-20 08:00:00.000", "GRANTED_BY": "ADMIN", "GRANTED_TO": "USER",
             "GRANTEE_NAME": "ADA"}  # fmt: skip
    records = [
        {"EVENT_TYPE": "LOGIN", "USER_NAME": "ADA", "REPORTED_CLIENT_TYPE": "OTHER"},
        {**grant, "ROLE": "CORTEX_USER"},
        {**grant, "ROLE": "ANALYST"},
        {**grant, "ROLE": "CORTEX_USER", "DELETED_ON": "2026-11-21 08:00:00.000"},
    ]
    items = _read("snowflake", records, tmp_path, detector)
    assert _use(items) == [
        ("account_usage.grants_to_users", "Snowflake Cortex of acme", "grants", 1)
    ]


def _diagnostic(category: str, name: str, **told: Any) -> dict[str, Any]:
    return {"category": category, "operationName": name, "time": "2026-11-20T08:00:00.5Z",
            "tenantId": "t", "properties": told}  # fmt: skip


def test_azure_monitors_records_that_leave_fields_out(tmp_path: Path, detector: Detector) -> None:
    script = _diagnostic(
        "AuditLogs", "Create DeviceManagementScript", TargetDisplayNames=["<null>"]
    )
    app = _diagnostic("AuditLogs", "Create MobileApp", TargetDisplayNames=["ChatGPT"])
    bare = _diagnostic("SignInLogs", "Sign-in activity", appDisplayName="ChatGPT",
                       userPrincipalName="ada@acme.example")  # fmt: skip
    elevated = _diagnostic("AuditLogs", "User has elevated their access",
                           activityDateTime="2026-11-20T08:00:00Z")  # fmt: skip
    items = _read("entra", [script, app, bare, elevated], tmp_path, detector)
    assert _use(items) == [
        ("Create_MobileApp", "ChatGPT", "used_by", 1), ("sign-in.user", "ChatGPT", "used_by", 1)
    ]  # fmt: skip


def test_defenders_alerts_and_zooms_sign_ins_are_quiet(tmp_path: Path, detector: Detector) -> None:
    alert = {"id": "a1", "category": "AnonymousLogin", "createdDateTime": "2026-11-20T08:00:00Z",
             "serviceSource": "microsoftDefenderForIdentity", "severity": "medium", "title": "x",
             "status": "new"}  # fmt: skip
    assert _use(_read("microsoft365", [alert], tmp_path, detector)) == []
    signed = {"client_type": "mac", "email": "ada@acme.com", "time": "2026-11-20 08:00:00",
              "type": "Sign in", "version": "5"}  # fmt: skip
    assert _use(_read("zoom", [signed], tmp_path, detector)) == []


@pytest.mark.parametrize(
    ("delivery", "told"),
    [
        (
            {"action": "created", "sender": {"login": "ada"},
             "installation": {"id": 1, "app_slug": "claude", "updated_at": _AT}},
            [("integration_installation.create", "claude", "grants", 1)],
        ),
        (
            {"action": "deleted", "sender": {"login": "ada"},
             "installation": {"id": 1, "app_slug": "claude", "updated_at": _AT}},
            [("integration_installation.destroy", "claude", "", 1)],
        ),
        (
            {"action": "completed", "workflow_job": {"id": 1, "name": "build", "completed_at": _AT},
             "repository": {"full_name": "acme/a"}, "installation": {"id": 1},
             "sender": {"login": "copilot-swe-agent[bot]"}},
            [("webhook.workflow_job.completed", "copilot-swe-agent", "used_by", 1)],
        ),
        (
            {"ref": "refs/heads/main", "commits": [], "repository": {"full_name": "acme/a"},
             "pusher": {"name": "ada"}},
            [],
        ),
    ],
)  # fmt: skip
def test_githubs_deliveries_are_told_as_its_log_would(
    delivery: dict[str, Any], told: list[Any], tmp_path: Path, detector: Detector
) -> None:
    assert _use(_read("github", [delivery], tmp_path, detector)) == told
