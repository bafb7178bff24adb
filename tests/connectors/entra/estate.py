"""A small tenant: people, applications, grants of both kinds, an agent, Copilot, and its logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from connectors.entra.config import EntraConfig
from connectors.entra.names import MICROSOFT
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from tests.connectors.entra.graph import TENANT, TOKEN, Graph

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
CHATGPT = "e0476654-c1d5-430b-ab80-70cbd947616a"
PAYROLL = "aaaaaaaa-0000-4000-8000-000000000001"
GRAPH = "00000003-0000-0000-c000-000000000000"
ADA, BEN, CLEO = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
SP_CHATGPT, SP_PAYROLL, SP_GRAPH, SP_AGENT = (
    f"11111111-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4)
)
MAIL_ROLE = "810c84a8-4a9e-49e6-bf7d-12d183f40d01"


def planted(graph: Graph) -> Graph:
    graph.plant(
        "users", "user",
        {"id": ADA, "displayName": "Ada Day", "userPrincipalName": "ada@acme.com",
         "mail": "ada@acme.com", "accountEnabled": True, "userType": "Member"},
        {"id": BEN, "displayName": "Ben Bay", "userPrincipalName": "ben@acme.com",
         "accountEnabled": True, "department": "IT"},
        {"id": CLEO, "displayName": "Cleo Cay", "userPrincipalName": "cleo@acme.com",
         "accountEnabled": False},
    )  # fmt: skip
    graph.plant(
        "servicePrincipals", "servicePrincipal",
        {"id": SP_CHATGPT, "appId": CHATGPT, "displayName": "ChatGPT", "accountEnabled": True,
         "appOwnerOrganizationId": "a48cca56-0000-4000-8000-000000000001",
         "replyUrls": ["https://chatgpt.com/aip/callback"], "homepage": "https://chatgpt.com",
         "verifiedPublisher": {"displayName": "OpenAI"}, "appRoles": []},
        {"id": SP_PAYROLL, "appId": PAYROLL, "displayName": "Payroll", "appRoles": [],
         "replyUrls": ["https://payroll.example", "http://["]},
        {"id": SP_GRAPH, "appId": GRAPH, "displayName": "Microsoft Graph",
         "appOwnerOrganizationId": MICROSOFT[0], "replyUrls": ["https://openai.com/trap"],
         "appRoles": [{"id": MAIL_ROLE, "value": "Mail.Read"}]},
    )  # fmt: skip
    graph.plant(
        "oauth2PermissionGrants", "oAuth2PermissionGrant",
        {"id": "g1", "clientId": SP_CHATGPT, "consentType": "Principal", "principalId": ADA,
         "resourceId": SP_GRAPH, "scope": "User.Read Files.ReadWrite.All offline_access"},
        {"id": "g2", "clientId": SP_CHATGPT, "consentType": "AllPrincipals", "principalId": None,
         "resourceId": SP_GRAPH, "scope": " Calendars.Read"},
        {"id": "g3", "clientId": SP_PAYROLL, "consentType": "AllPrincipals",
         "resourceId": SP_GRAPH, "scope": "User.Read.All"},
        {"id": "g4", "clientId": SP_AGENT, "consentType": "AllPrincipals",
         "resourceId": SP_GRAPH, "scope": "Chat.Read"},
    )  # fmt: skip
    graph.plant(
        f"servicePrincipals/{SP_GRAPH}/appRoleAssignedTo", "appRoleAssignment",
        {"id": "r1", "principalId": SP_CHATGPT, "principalType": "ServicePrincipal",
         "appRoleId": MAIL_ROLE, "resourceId": SP_GRAPH},
    )  # fmt: skip
    graph.plant(
        f"servicePrincipals/{SP_CHATGPT}/appRoleAssignedTo", "appRoleAssignment",
        *({"id": f"s{n}", "principalId": one, "principalType": "User",
           "appRoleId": "00000000-0000-0000-0000-000000000000"}
          for n, one in enumerate((ADA, BEN, CLEO))),
    )  # fmt: skip
    agent = {
        "id": SP_AGENT, "appId": SP_AGENT, "displayName": "Expense helper", "accountEnabled": True,
        "agentIdentityBlueprintId": "bp-1", "createdDateTime": "2026-10-01T00:00:00Z",
    }  # fmt: skip
    graph.plant("servicePrincipals/microsoft.graph.agentIdentity", "agentIdentity", agent)
    graph.plant(
        "servicePrincipals", "agentIdentity",
        {**agent, "@odata.type": "#microsoft.graph.agentIdentity"},
    )  # fmt: skip
    graph.plant(
        f"servicePrincipals/{SP_AGENT}/microsoft.graph.agentIdentity/sponsors", "user",
        {"@odata.type": "#microsoft.graph.user", "id": BEN, "displayName": "Ben Bay",
         "userPrincipalName": "ben@acme.com"},
    )  # fmt: skip
    graph.plant(
        "copilot/admin/catalog/packages", "copilotPackageDetail",
        {"id": "P_1", "displayName": "HR answers", "elementTypes": ["DeclarativeAgent"],
         "type": "custom", "isBlocked": False, "ownerId": BEN, "publisher": "Acme"},
        {"id": "P_2", "displayName": "Otter.ai", "elementTypes": ["staticTab"]},
    )  # fmt: skip
    path = "copilot/reports/getMicrosoft365CopilotUsageUserDetail(period='D90')"
    graph.records[path] = [
        {"reportRefreshDate": "2026-11-26", "userPrincipalName": "ada@acme.com",
         "displayName": "Ada Day", "lastActivityDate": "2026-11-25",
         "wordCopilotLastActivityDate": "2026-11-25", "microsoftTeamsCopilotLastActivityDate": ""},
    ]  # fmt: skip
    _logs(graph)
    return graph


def sign_in(at: str, app: str, label: str, code: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{app}-{at}", "createdDateTime": at, "appId": app, "appDisplayName": label,
        "userId": ADA, "userPrincipalName": "ada@acme.com", "userDisplayName": "Ada Day",
        "isInteractive": True, "status": {"errorCode": code},
        "signInEventTypes": ["interactiveUser"], **more,
    }  # fmt: skip


def change(name: str, value: str, old: str = "[]") -> dict[str, str]:
    """As Graph tells it: JSON within a text."""
    return {"displayName": name, "newValue": json.dumps(value), "oldValue": json.dumps(old)}


def audited(
    ident: str, at: str, name: str, targets: list[dict[str, Any]], result: str = "success"
) -> dict[str, Any]:
    user = {"id": ADA, "userPrincipalName": "ada@acme.com", "displayName": "Ada Day"}
    return {
        "id": ident, "activityDateTime": at, "activityDisplayName": name, "result": result,
        "initiatedBy": {"user": user}, "targetResources": targets,
    }  # fmt: skip


def consent(
    ident: str, at: str, kind: str = "Principal", result: str = "success"
) -> dict[str, Any]:
    said = (
        f"[] => [[Id: x, ClientId: {SP_CHATGPT}, PrincipalId: {ADA}, ResourceId: {SP_GRAPH}, "
        f"ConsentType: {kind}, Scope: Mail.Read offline_access, CreatedDateTime: , ]]; "
    )
    changes = [
        change("ConsentContext.IsAdminConsent", "False"),
        change("ConsentAction.Permissions", said),
        change("TargetId.ServicePrincipalNames", CHATGPT),
    ]
    target = {
        "id": SP_CHATGPT, "displayName": "ChatGPT", "type": "ServicePrincipal",
        "modifiedProperties": changes,
    }  # fmt: skip
    return audited(ident, at, "Consent to application", [target], result)


def _logs(graph: Graph) -> None:
    by_itself = {
        "userId": "", "userPrincipalName": "", "userDisplayName": "", "isInteractive": False,
        "servicePrincipalId": SP_CHATGPT, "signInEventTypes": ["servicePrincipal"],
    }  # fmt: skip
    quiet = {"isInteractive": False, "signInEventTypes": ["nonInteractiveUser"]}
    graph.plant(
        "auditLogs/signIns", "signIn",
        sign_in("2026-11-02T08:00:00.1234567Z", CHATGPT, "ChatGPT"),
        sign_in("2026-11-27T20:00:00Z", CHATGPT, "ChatGPT"),
        sign_in("2026-11-28T11:00:00Z", CHATGPT, "ChatGPT"),
        sign_in("2026-11-10T08:00:00Z", CHATGPT, "ChatGPT", 65004),
        sign_in("2026-11-11T08:00:00Z", PAYROLL, "Payroll"),
        sign_in("2026-11-12T08:00:00Z", CHATGPT, "ChatGPT", **quiet),
        sign_in("2026-11-13T08:00:00Z", CHATGPT, "ChatGPT", **by_itself),
        sign_in("2026-11-26T08:00:00Z", CHATGPT, "ChatGPT", **quiet),
        sign_in("2026-11-26T09:00:00Z", CHATGPT, "ChatGPT", **by_itself),
        version="beta",
    )  # fmt: skip
    granted = [
        change("DelegatedPermissionGrant.Scope", " Files.Read.All"),
        change("DelegatedPermissionGrant.ConsentType", "AllPrincipals"),
        change("ServicePrincipal.ObjectID", SP_CHATGPT),
    ]
    role = [
        change("AppRole.Value", "Mail.ReadWrite"),
        change("ServicePrincipal.ObjectID", SP_CHATGPT),
        change("ServicePrincipal.AppId", CHATGPT),
        change("ServicePrincipal.DisplayName", "ChatGPT"),
    ]
    resource = {"id": SP_GRAPH, "displayName": "Microsoft Graph", "type": "ServicePrincipal"}
    graph.plant(
        "auditLogs/directoryAudits", "directoryAudit",
        consent("a1", "2026-11-05T08:00:00Z"),
        consent("a2", "2026-11-05T07:00:00Z", result="failure"),
        audited("a3", "2026-11-06T08:00:00Z", "Add delegated permission grant",
                [{**resource, "modifiedProperties": granted}]),
        audited("a4", "2026-11-07T08:00:00Z", "Add app role assignment to service principal",
                [{**resource, "modifiedProperties": role}]),
        audited("a5", "2026-11-07T09:00:00Z", "Update user", [{"id": ADA, "type": "User"}]),
    )  # fmt: skip


def context(graph: Graph, *, token: str = TOKEN, **changes: Any) -> Context[Any]:
    """``token``: what stands in the environment; empty: azure-identity is asked."""
    settings = {"tenant": TENANT, "url": graph.url, **changes}
    return Context(
        config=EntraConfig(**settings),
        examine=lambda *_: (),
        limits=Limits(),
        environ={"ENTRA_GRAPH_TOKEN": token} if token else {},
        now=lambda: NOW,
        retries=2,
    )
