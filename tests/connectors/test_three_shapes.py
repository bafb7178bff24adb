"""Every source of identity, business software, AI vendors and flows reads three shapes: its API,
its records in a SIEM's wraps, and what its console exports; or says why there is none of the last.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.collect import loader
from scanner.kit.contract import ConnectorSpec
from scanner.model.facts import Asset, Credential, Identity
from scanner.model.items import Activity, Item
from tests.connectors import test_console_exports as tables
from tests.connectors import test_exported_flows as flows
from tests.connectors.consoles import edges, gaps, read, told
from tests.connectors.test_conformance import WORLDS
from tests.saas_rig.cases import NAMES as ADMINISTERED
from tests.saas_rig.cases import all_cases

OTHERS = ("entra", "github", "gitlab", "google_workspace", "okta", "powerplatform", "zapier")
"""Sources of these kinds that are made otherwise than those of the rig."""
SOURCES = (*ADMINISTERED, *OTHERS)

_AT = "2026-11-20T08:00:00Z"
RECORDS: dict[str, dict[str, Any]] = {
    "entra": {
        "id": "s1", "createdDateTime": _AT, "appId": "e0476654-c1d5-430b-ab80-70cbd947616a",
        "appDisplayName": "ChatGPT", "userPrincipalName": "ann@acme.com", "userId": "u1",
        "resourceDisplayName": "Microsoft Graph", "status": {"errorCode": 0},
    },
    "github": {
        "@timestamp": 1795161600000, "_document_id": "g1", "org": "acme", "actor": "ann",
        "action": "integration_installation.create", "integration": "CodeRabbit",
    },
    "gitlab": {
        "id": 1, "author_id": 2, "entity_id": 3, "entity_type": "Group", "created_at": _AT,
        "event_name": "user_authorized_oauth_application", "target_id": 4,
        "details": {"author_name": "Ann", "author_email": "ann@acme.com", "entity_path": "acme",
                    "target_type": "Doorkeeper::Application", "target_details": "Claude",
                    "event_name": "user_authorized_oauth_application"},
    },
    "google_workspace": {
        "kind": "admin#reports#activity", "id": {"time": _AT, "uniqueQualifier": "1",
                                                 "applicationName": "token"},
        "actor": {"email": "ann@acme.com"},
        "events": [{"name": "authorize", "parameters": [{"name": "app_name", "value": "ChatGPT"},
                                                        {"name": "client_id", "value": "77"}]}],
    },
    "okta": {
        "uuid": "u1", "published": _AT, "eventType": "user.authentication.sso",
        "outcome": {"result": "SUCCESS"}, "actor": {"id": "00u1", "type": "User",
                                                    "alternateId": "ann@acme.com"},
        "target": [{"id": "0oa1", "type": "AppInstance", "displayName": "ChatGPT",
                    "alternateId": "ChatGPT"}],
    },
    "powerplatform": flows.PACKAGED,
    "zapier": flows.ZAPS["zaps"][0],  # type: ignore[index]
}  # fmt: skip
"""Of sources that the rig has no records of."""

CONSOLES: dict[str, tuple[str, str]] = {
    "anthropic": ("costs.csv", tables.ANTHROPIC_COSTS),
    "asana": ("audit.csv", tables.ASANA),
    "atlassian": ("audit.csv", "Date,Actor,Actor email,Action,Message,Location,IP address\n"
                  f"{_AT},Ann,ann@acme.com,Installed app,Installed app Claude,,\n"),
    "auth0": ("logs.csv", "date,type,description,client_name,client_id,user_name,user_id,ip,"
              f"log_id\n{_AT},s,,ChatGPT,c3,ann@acme.com,auth0|1,1.1.1.1,l1\n"),
    "box": ("user_activity.csv", tables.BOX),
    "cursor": ("usage.csv", tables.CURSOR_DAYS),
    "databricks": ("endpoint_usage.csv", "requester,status_code,request_time,served_entity_id\n"
                   f"ann@acme.com,200,{_AT},se1\n"),
    "dify": ("app.yml", flows.DIFY),
    "dropbox": ("activity.csv", tables.DROPBOX),
    "entra": ("signins.csv", "Date (UTC),Request ID,User ID,User,Username,Application,"
              "Application ID ,Resource,Resource ID ,Status,Sign-in error code\n"
              f"{_AT},r1,u1,Ann,ann@acme.com,ChatGPT,e0476654-c1d5-430b-ab80-70cbd947616a,"
              "Microsoft Graph,00000003-0000-0000-c000-000000000000,Success,\n"),
    "flowise": ("HR Chatflow.json", json.dumps(flows.FLOWISE)),
    "github": ("usage.csv", tables.COPILOT_USAGE),
    "gitlab": ("audit.csv", "ID,Author ID,Author Name,Entity ID,Entity Type,Entity Path,Target ID,"
               "Target Type,Target Details,Action,IP Address,Created At (UTC)\n"
               "1,2,Ann,3,Group,acme,4,Doorkeeper::Application,Claude,Authorized an OAuth "
               "application,1.1.1.1,2026-11-20 08:00:00\n"),
    "google_workspace": ("oauth.csv", tables.GOOGLE_OAUTH),
    "hubspot": ("audit.csv", "Category,Subcategory,Action,Modified by,Date modified,Object,Source\n"
                f"App,Integration,Installed,ann@acme.com,{_AT},Claude,web\n"),
    "jumpcloud": ("insights.csv", "timestamp,event_type,service,initiated_by.email,"
                  "initiated_by.id,initiated_by.type,application.name,application.display_label,"
                  "application.id,success,id\n"
                  f"{_AT},sso_auth,sso,ann@acme.com,u1,user,openai,ChatGPT,a1,true,j1\n"),
    "langflow": ("Sorter.json", json.dumps(flows.LANGFLOW)),
    "make": ("blueprint.json", json.dumps(flows.MAKE)),
    "microsoft365": ("audit.csv", "RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n"
                     f'p1,{_AT},261,CopilotInteraction,ann@acme.com,"' + json.dumps({
                         "CreationTime": "2026-11-20T08:00:00", "Id": "p1", "RecordType": 261,
                         "Operation": "CopilotInteraction", "Workload": "Copilot",
                         "UserId": "ann@acme.com", "OrganizationId": "o",
                         "CopilotEventData": {"AppHost": "Word"}}).replace('"', '""') + '"\n'),
    "n8n": ("workflow.json", json.dumps(flows.N8N)),
    "notion": ("audit.csv", "Timestamp,Event,Actor,Actor Email,Target\n"
               f"{_AT},workspace.integration.installed,Ann,ann@acme.com,Claude\n"),
    "okta": ("assignments.csv", tables.OKTA_ASSIGNED),
    "onelogin": ("events.csv", tables.ONELOGIN),
    "openai": ("users.csv", tables.CHATGPT_USERS),
    "openrouter": ("activity.csv", tables.OPENROUTER),
    "pingone": ("audit.csv", tables.PINGONE),
    "powerplatform": ("definition.json", json.dumps(flows.PACKAGED, indent=1)),
    "salesforce": ("setup.csv", "Date,User,Source Namespace Prefix,Action,Section,Delegate User\n"
                   '"11/20/2026, 8:00:00 AM PST",ann@acme.com,,Installed connected app Gong for '
                   "Salesforce,Connected Apps,\n"),
    "servicenow": ("oauth_entity.csv", tables.SERVICENOW),
    "slack": ("apps.csv", "App ID,App Name,Status,Scopes,Installed By,Date Installed\n"
              'A1,Claude,Approved,"files:read",ann@acme.com,2026-11-20\n'),
    "snowflake": ("queries.csv", "QUERY_ID,QUERY_TEXT,USER_NAME,EXECUTION_STATUS,START_TIME\n"
                  "q1,\"SELECT SNOWFLAKE.CORTEX.COMPLETE('llama3.1-70b', b)\",ANN,SUCCESS,"
                  "2026-11-20 08:00:00.000 -0800\n"),
    "workato": ("one.recipe.json", json.dumps({
        "name": "Sort", "version": 1, "config": [], "code": {
            "keyword": "trigger", "provider": "clock", "block": [
                {"keyword": "action", "provider": "open_ai", "input": {"model": "gpt-4o"}}]}})),
    "zapier": ("zaps.json", json.dumps(flows.ZAPS)),
    "zendesk": ("audit.csv", "Time,Actor,IP address,Item,Activity type,Activity\n"
                '"Nov 20, 2026 10:00",Ann,1.1.1.1,App: Otter.ai,Created,Installed\n'),
    "zoom": ("operations.csv", "Time,Operator,Category Type,Action,Operation Detail\n"
             '"Nov 20, 2026 08:00 AM",ann@acme.com,Account,Update,Security - AI Companion - '
             "Meeting summary with AI Companion: from Off to On\n"),
}  # fmt: skip
"""One file of each source's console, whose columns the source's own tests and pages speak for."""


def _spec(name: str) -> ConnectorSpec:
    spec: ConnectorSpec = loader.load(name).spec
    return spec


def _says(items: list[Item]) -> bool:
    """More than that there is an organization."""
    return any(isinstance(one, (Activity, Asset, Credential, Identity)) for one in items)


@pytest.mark.parametrize("name", SOURCES)
def test_an_api_is_read_or_there_is_none(name: str) -> None:
    """That it is, the conformance suite proves over its world."""
    assert name in WORLDS
    assert _spec(name).operations or name in ("powerplatform", "zapier")


@pytest.mark.parametrize("name", SOURCES)
def test_records_in_a_siems_wraps_are_the_records(name: str, tmp_path: Path) -> None:
    cases = all_cases()
    records = cases[name].records if name in cases else [RECORDS[name]]
    bare = [one for one in records if isinstance(one, dict)]
    assert bare

    def told_of(lines: list[Any]) -> tuple[Any, ...]:
        text = "\n".join(json.dumps(one) for one in lines)
        items = read(name, tmp_path, text, "records.jsonl")
        assert gaps(items) == [], lines
        assert _says(items)
        return sorted(map(str, told(items))), sorted(edges(items))

    plain = told_of(bare)
    assert told_of([{"time": 1795161600, "host": "x", "event": one} for one in bare]) == plain
    assert told_of([{"_time": _AT, "_raw": json.dumps(one)} for one in bare]) == plain


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_console_exports_is_read_or_there_is_a_reason(name: str, tmp_path: Path) -> None:
    spec = _spec(name)
    if name not in CONSOLES:
        assert spec.no_export, f"{name}: give a file of its console here, or declare `no_export`"
        assert not spec.exports
        return
    assert spec.exports, f"{name}: declare in `exports` what of its console is read"
    assert not spec.no_export
    file, text = CONSOLES[name]
    items = read(name, tmp_path, text, file)
    assert gaps(items) == []
    assert _says(items)


def test_no_other_connector_promises_an_export() -> None:
    others = set(loader.names()) - set(SOURCES)
    assert {name for name in others if _spec(name).exports or _spec(name).no_export} == set()
