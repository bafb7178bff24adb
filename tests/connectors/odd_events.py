"""Events of every source with an audit log, of types that no source knows and without the fields
that known types are read by: what the tests of overlooked events are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.collect import loader
from scanner.kit.contract import Context
from scanner.kit.limits import Limits

AT = "2026-11-20T08:00:00Z"
Made = Callable[[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Odd:
    """``made``: an event of a type, about an application or nothing. ``known``: of a type that is
    known, without what it is about. ``settings``: of the source, without its files."""

    made: Made
    known: dict[str, Any] | None
    settings: dict[str, Any]
    files: str = "files"


def reading(source: str, folder: Path, file: str, **more: Any) -> Context[Any]:
    """Of a source that reads this file alone; ``more``: of the context."""
    odd = ODD.get(source)
    settings, files = (odd.settings, odd.files) if odd else (_ORG, "files")
    config = loader.load(source).spec.config(**settings, **{files: (file,)})
    return Context(
        config=config, examine=lambda *_: (), limits=Limits(), folder=folder, **more
    )  # fmt: skip


def _asana(kind: str, app: str) -> dict[str, Any]:
    return {
        "gid": kind, "created_at": AT, "event_type": kind, "event_category": "other",
        "actor": {"actor_type": "user", "gid": "11", "name": "Claude Day"},
        "resource": {"resource_type": "app", "gid": "7", "name": app} if app else {},
        "context": {"context_type": "web"},
    }  # fmt: skip


def _atlassian(kind: str, app: str) -> dict[str, Any]:
    about = [{"id": "c", "type": "app", "attributes": {"name": app}}] if app else []
    return {
        "id": kind, "type": "events",
        "attributes": {"time": AT, "action": kind, "actor": {"id": "a", "name": "Claude Day"},
                       "context": about, "container": []},
    }  # fmt: skip


def _auth0(kind: str, app: str) -> dict[str, Any]:
    named = {"client_name": app, "client_id": "c1"} if app else {}
    return {"log_id": kind, "date": AT, "type": kind, "user_name": "claude@acme.com", **named}


def _box(kind: str, app: str) -> dict[str, Any]:
    return {
        "type": "event", "event_id": kind, "event_type": kind, "created_at": AT,
        "created_by": {"type": "user", "id": "11", "name": "Claude Day"},
        "additional_details": {"service_name": app} if app else {},
    }  # fmt: skip


def _cursor(kind: str, app: str) -> dict[str, Any]:
    told = {"app_name": app} if app else {}
    return {"event_id": kind, "timestamp": AT, "user_email": "c@acme.com", "event_type": kind,
            "event_data": told}  # fmt: skip


def _databricks(kind: str, app: str) -> dict[str, Any]:
    service, _, action = kind.partition(".")
    return {
        "requestId": kind, "timestamp": AT, "serviceName": service, "actionName": action,
        "requestParams": {"app_name": app} if app else {},
        "userIdentity": {"email": "claude@acme.com"},
    }  # fmt: skip


def _docusign(kind: str, app: str) -> dict[str, Any]:
    about, _, done = kind.partition("/")
    return {"timestamp": AT, "eventId": kind, "accountId": "a", "userId": "u1", "object": about,
            "action": done, "data": {"app_name": app} if app else {}}  # fmt: skip


def _dropbox(kind: str, app: str) -> dict[str, Any]:
    return {
        "timestamp": AT, "event_type": {".tag": kind}, "event_category": {".tag": "other"},
        "actor": {".tag": "user", "user": {"display_name": "Claude Day"}},
        "details": {"app_info": {"display_name": app}} if app else {},
    }  # fmt: skip


def _entra(kind: str, app: str) -> dict[str, Any]:
    about = [{"type": "ServicePrincipal", "displayName": app}] if app else []
    return {
        "id": kind, "activityDateTime": AT, "activityDisplayName": kind, "result": "success",
        "initiatedBy": {"user": {"id": "u", "displayName": "Claude Day"}},
        "targetResources": about,
    }  # fmt: skip


def _github(kind: str, app: str) -> dict[str, Any]:
    named = {"application": app} if app else {}
    return {"@timestamp": 1795000000000, "_document_id": kind, "action": kind, "actor": "claude",
            "org": "acme", **named}  # fmt: skip


def _google(kind: str, app: str) -> dict[str, Any]:
    report, _, name = kind.partition(".")
    told = [{"name": "app_name", "value": app}] if app else []
    return {
        "id": {"time": AT, "uniqueQualifier": kind, "applicationName": report},
        "actor": {"email": "claude@acme.com"}, "events": [{"name": name, "parameters": told}],
    }  # fmt: skip


def _hubspot(kind: str, app: str) -> dict[str, Any]:
    category, sub, action = kind.split("/")
    return {"id": kind, "occurredAt": AT, "category": category, "subCategory": sub,
            "action": action, "actingUser": {"userId": 11}, "meta": {"app_name": app}}  # fmt: skip


def _jumpcloud(kind: str, app: str) -> dict[str, Any]:
    return {
        "id": kind, "timestamp": AT, "event_type": kind,
        "initiated_by": {"type": "user", "username": "claude"},
        "application": {"name": app} if app else {},
    }  # fmt: skip


def _microsoft365(kind: str, app: str) -> dict[str, Any]:
    return {"Id": kind, "CreationTime": AT, "Operation": kind, "UserId": "claude@acme.com",
            "ApplicationDisplayName": app}  # fmt: skip


def _notion(kind: str, app: str) -> dict[str, Any]:
    return {
        "id": kind, "timestamp": AT, "type": kind, "workspace_id": "w",
        "actor": {"id": "a", "type": "person", "name": "Claude Day"},
        "details": {"app": {"name": app}} if app else {},
    }  # fmt: skip


def _okta(kind: str, app: str) -> dict[str, Any]:
    about = [{"id": "0oa", "type": "AppInstance", "displayName": app}] if app else []
    return {
        "uuid": kind, "published": AT, "eventType": kind, "outcome": {"result": "SUCCESS"},
        "actor": {"id": "u", "type": "User", "displayName": "Claude Day"}, "target": about,
    }  # fmt: skip


def _onelogin(kind: str, app: str) -> dict[str, Any]:
    return {"id": kind, "created_at": AT, "event_type_id": kind, "user_id": 11,
            "user_name": "Claude Day", "app_name": app}  # fmt: skip


def _pingone(kind: str, app: str) -> dict[str, Any]:
    about = [{"id": "a", "name": app, "type": "APPLICATION"}] if app else []
    return {
        "id": kind, "recordedAt": AT, "action": {"type": kind}, "resources": about,
        "actors": {"user": {"id": "u", "name": "claude@acme.com", "type": "USER"}},
    }  # fmt: skip


def _salesforce(kind: str, app: str) -> dict[str, Any]:
    return {"EVENT_TYPE": kind, "TIMESTAMP": "20261120080000.123", "REQUEST_ID": kind,
            "USER_NAME": "claude@acme.crm", "APP_NAME": app}  # fmt: skip


def _servicenow(kind: str, app: str) -> dict[str, Any]:
    return {"sys_id": kind, "tablename": kind, "documentkey": "d", "sys_created_on": AT,
            "user": "claude", "application": app}  # fmt: skip


def _slack(kind: str, app: str) -> dict[str, Any]:
    return {
        "id": kind, "date_create": 1795000000, "action": kind, "context": {},
        "actor": {"type": "user", "user": {"id": "W1", "name": "Claude Day"}},
        "entity": {"type": "app", "app": {"name": app}} if app else {},
    }  # fmt: skip


def _snowflake(kind: str, app: str) -> dict[str, Any]:
    return {"EVENT_TIMESTAMP": AT, "EVENT_TYPE": kind, "USER_NAME": "Claude Day",
            "REPORTED_CLIENT_TYPE": "OTHER", "FIRST_AUTHENTICATION_FACTOR": "OAUTH_ACCESS_TOKEN",
            "AUTHORIZING_INTEGRATION_NAME": app}  # fmt: skip


def _zendesk(kind: str, app: str) -> dict[str, Any]:
    source, _, action = kind.partition("/")
    return {"id": kind, "created_at": AT, "source_type": source, "action": action,
            "actor_name": "Claude Day", "connector_name": app}  # fmt: skip


def _zoom(kind: str, app: str) -> dict[str, Any]:
    category, _, action = kind.partition("/")
    return {"time": AT, "operator": "claude@acme.com", "category_type": category, "action": action,
            "operation_detail": f"done {kind}", "app_name": app}  # fmt: skip


_ORG = {"organization": "acme", "live": False}
ODD: dict[str, Odd] = {
    "asana": Odd(_asana, {**_asana("app_authorized", ""), "event_category": "apps"}, _ORG),
    "atlassian": Odd(_atlassian, _atlassian("app_installed", ""), _ORG),
    "auth0": Odd(_auth0, _auth0("seacft", ""), _ORG),
    "box": Odd(_box, _box("APPLICATION_CREATED", ""), _ORG),
    "cursor": Odd(_cursor, _cursor("mcp_server_config", ""), _ORG),
    "databricks": Odd(_databricks, _databricks("modelServing.createServingEndpoint", ""), _ORG),
    "docusign": Odd(_docusign, None, _ORG),
    "dropbox": Odd(_dropbox, _dropbox("app_link_user", ""), _ORG),
    "entra": Odd(
        _entra, _entra("Consent to application", ""), {"tenant": "acme.example", "live": False}
    ),
    "github": Odd(_github, _github("integration_installation.create", ""), {}, "audit_files"),
    "google_workspace": Odd(
        _google, _google("token.authorize", ""), {"domain": "acme.com", "live": False}
    ),
    "hubspot": Odd(_hubspot, None, _ORG),
    "jumpcloud": Odd(_jumpcloud, _jumpcloud("sso_auth", ""), _ORG),
    "microsoft365": Odd(_microsoft365, _microsoft365("AppInstalled", ""), _ORG),
    "notion": Odd(_notion, _notion("integration.installed", ""), _ORG),
    "okta": Odd(_okta, _okta("app.oauth2.consent.grant", ""), {}),
    "onelogin": Odd(_onelogin, _onelogin("8", ""), _ORG),
    "pingone": Odd(_pingone, _pingone("USER.ACCESS_ALLOWED", ""), _ORG),
    "salesforce": Odd(_salesforce, _salesforce("ApiTotalUsage", ""), _ORG),
    "servicenow": Odd(_servicenow, None, _ORG),
    "slack": Odd(_slack, _slack("app_installed", ""), _ORG),
    "snowflake": Odd(_snowflake, _snowflake("LOGIN", ""), _ORG),
    "zendesk": Odd(_zendesk, _zendesk("apps/create", ""), _ORG),
    "zoom": Odd(_zoom, None, _ORG),
}
"""By source. DocuSign, HubSpot, ServiceNow and Zoom know no type that must name anything more."""
_FORMS = {
    "databricks": "{}.{}", "google_workspace": "{}.{}", "hubspot": "{0}/{1}/{1}",
    "docusign": "{}/{}", "zendesk": "{}/{}", "zoom": "{}/{}",
}  # fmt: skip


def kind_of(source: str, first: str, second: str) -> str:
    """A type of two words, as the source writes types."""
    return _FORMS.get(source, "{}_{}").format(first, second)
