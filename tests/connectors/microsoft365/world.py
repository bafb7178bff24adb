"""A small tenant of Microsoft 365: blobs of the audit log, discovered apps, Teams' catalogue.

Shapes follow https://learn.microsoft.com/office/office-365-management-api/ and, of discovered apps,
https://learn.microsoft.com/graph/api/resources/security-discoveredcloudappdetail.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from connectors.microsoft365 import agents, discovery, feed
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

TENANT = "11111111-2222-4333-8444-555555555555"
ORG = "acme.onmicrosoft.com"
CHATGPT = "e0476654-c1d5-430b-ab80-70cbd947616a"
STREAM = "0a1b2c"


def record(ident: str, at: str, operation: str, user: str = "ada@acme.com", **more: Any) -> Any:
    return {
        "Id": ident, "CreationTime": at, "Operation": operation, "OrganizationId": TENANT,
        "RecordType": 1, "ResultStatus": "Success", "UserId": user, "UserKey": user, "UserType": 0,
        "Workload": "x", **more,
    }  # fmt: skip


def changed(**values: str) -> list[dict[str, str]]:
    return [
        {"Name": name.replace("__", "."), "NewValue": json.dumps([value]), "OldValue": "[]"}
        for name, value in values.items()
    ]


def consent(ident: str, at: str, **more: Any) -> Any:
    said = (
        "[] => [[Id: x, ClientId: 00000000-0000-0000-0000-000000000000, PrincipalId: y, "
        "ResourceId: z, ConsentType: Principal, Scope: Mail.Read offline_access, CreatedDateTime: "
    )
    return record(
        ident, at, "Consent to application.", ObjectId=f"{CHATGPT};https://chatgpt.com",
        ModifiedProperties=changed(
            ConsentContext__IsAdminConsent="False", ConsentAction__Permissions=said,
            TargetId__ServicePrincipalNames=f"{CHATGPT};https://chatgpt.com",
        ),
        Target=[{"ID": "ServicePrincipal_x", "Type": 2}, {"ID": "ChatGPT", "Type": 1}], **more,
    )  # fmt: skip


def copilot(ident: str, at: str, host: str = "Word", identity: str = "", **told: Any) -> Any:
    operation = told.pop("operation", "CopilotInteraction")
    more = told.pop("record", {})
    return record(
        ident, at, operation, Workload="Copilot", AppIdentity=identity, **more,
        CopilotEventData={"AppHost": host, "Contexts": [], "ThreadId": "t", "Messages":
                          [{"Id": "1", "isPrompt": True}], "AccessedResources": [], **told},
    )  # fmt: skip


RESOURCES = [
    {"Action": "Read", "ID": "secret-id", "Name": "pay.docx", "Type": "docx",
     "SiteUrl": "https://acme.sharepoint.com/sites/hr/pay.docx", "SensitivityLabelId": "l-1"},
    {"Action": "Read", "Type": "EmailMessage", "ID": "AAMk"},
    {"Action": "Read", "Type": "TeamsChat", "ID": "19:"},
]  # fmt: skip
MODELS = [{"ModelName": "claude-sonnet", "ModelProviderName": "Anthropic"}]
DIRECTORY = [
    consent("d1", "2026-11-25T08:00:00"),
    consent("d2", "2026-11-25T09:00:00", ResultStatus="Failure"),
    record("d3", "2026-11-26T08:00:00", "Add app role assignment to service principal.",
           ModifiedProperties=changed(
               AppRole__Value="Files.ReadWrite.All", ServicePrincipal__ObjectID="sp-1",
               ServicePrincipal__AppId=CHATGPT, ServicePrincipal__DisplayName="ChatGPT")),
    record("d4", "2026-11-26T09:00:00", "UserLoggedIn", ApplicationId=CHATGPT),
    record("d5", "2026-11-26T09:00:01", "UserLoginFailed", ApplicationId=CHATGPT),
    record("d6", "2026-11-27T09:00:01", "Update user.", ObjectId="ben@acme.com"),
]  # fmt: skip
GENERAL = [
    copilot("g1", "2026-11-24T08:00:00", AccessedResources=RESOURCES,
            ModelTransparencyDetails=MODELS, AISystemPlugin=[{"Id": "BingWebSearch"}]),
    copilot("g2", "2026-11-25T08:00:00", AccessedResources=RESOURCES,
            ModelTransparencyDetails=MODELS, AISystemPlugin=[{"Id": "BingWebSearch"}]),
    copilot("g3", "2026-11-25T08:01:00", "Copilot Studio", "Copilot.Studio.env-HRBot",
            record={"AgentId": "HRBot", "AgentName": "HR answers"}),
    copilot("g4", "2026-11-25T08:02:00", "ChatGPT", "ConnectedAIApp.ChatGPT",
            operation="AIAppInteraction"),
    record("g5", "2026-11-26T08:00:00", "BotCreate", "ben@acme.com", BotId="HRBot",
           BotName="HR answers", EnvironmentName="Default"),
    record("g6", "2026-11-26T08:00:00", "CreateFlow", "ben@acme.com",
           FlowConnectorNames="Office 365 Outlook, OpenAI (Independent Publisher)",
           FlowDetailsUrl="https://make.powerautomate.com/e/flows/f-1/details"),
    record("g7", "2026-11-26T08:00:00", "CreateFlow", FlowConnectorNames="SharePoint",
           FlowDetailsUrl="https://make.powerautomate.com/e/flows/f-2/details"),
    record("g8", "2026-11-27T08:00:00", "AppInstalled", AddOnName="Read AI", AddOnGuid="ra-1",
           AddOnType=4),
    record("g9", "2026-11-27T08:00:00", "TeamsSessionStarted"),
]  # fmt: skip
SHAREPOINT = [
    record("s1", "2026-11-27T08:00:00", "FileAccessed", ApplicationId=CHATGPT,
           ApplicationDisplayName="ChatGPT", ObjectId="https://acme.sharepoint.com/a.docx"),
    record("s2", "2026-11-27T08:00:00", "FileAccessed",
           ObjectId="https://acme.sharepoint.com/a.docx"),
    record("s3", "2026-11-27T08:00:00", "SharingSet"),
]  # fmt: skip
EXCHANGE = [
    record("e1", "2026-11-27T08:00:00", "MailItemsAccessed", ClientAppId=CHATGPT,
           AppAccessContext={"ClientAppId": CHATGPT}),
    record("e2", "2026-11-27T08:00:00", "Send"),
    record("e3", "2026-11-27T08:00:00", "New-InboxRule"),
]  # fmt: skip
CONTENT = {
    "Audit.AzureActiveDirectory": DIRECTORY, "Audit.General": GENERAL,
    "Audit.SharePoint": SHAREPOINT, "Audit.Exchange": EXCHANGE,
}  # fmt: skip
APPS = [
    {"@odata.type": "#microsoft.graph.security.discoveredCloudAppDetail", "id": "1",
     "displayName": "Claude", "category": "generativeAi", "domains": ["claude.ai"],
     "tags": ["Unsanctioned"], "riskScore": 6, "userCount": 2, "transactionCount": 40,
     "uploadNetworkTrafficInBytes": 1000, "downloadNetworkTrafficInBytes": 5000,
     "ipAddressCount": 2, "lastSeenDateTime": "2026-11-27T10:00:00Z"},
    {"id": "2", "displayName": "Quietly Thinking", "category": "aiModelProvider",
     "domains": ["quiet.example"], "tags": [], "riskScore": 2, "userCount": 1,
     "transactionCount": 3, "lastSeenDateTime": "2026-11-20T10:00:00Z"},
    {"id": "3", "displayName": "Payroll", "category": "humanResourceManagement",
     "domains": ["payroll.example"], "tags": ["Sanctioned"], "riskScore": 9, "userCount": 9,
     "transactionCount": 900, "lastSeenDateTime": "2026-11-27T10:00:00Z"},
]  # fmt: skip
PEOPLE = {"1": ["ada@acme.com", "ben@acme.com"], "2": ["cleo@acme.com"]}
TEAMS = [
    {"id": "t1", "displayName": "Acme assistant GPT", "distributionMethod": "organization",
     "appDefinitions": [{"id": "x", "authorization": {"clientAppId": "AAAA-1"}}]},
    {"id": "t2", "displayName": "Lunch menu", "distributionMethod": "sideloaded",
     "appDefinitions": []},
    {"id": "t3", "displayName": "Otter.ai", "distributionMethod": "organization",
     "appDefinitions": [None]},
]  # fmt: skip
AGENTS = [
    {"Timestamp": "2026-11-27T08:00:00Z", "AgentId": "a-1", "AgentName": "Claims helper",
     "Platform": "Copilot Studio", "EntraAgentId": "e-1", "SourceAgentId": "src-1",
     "LifecycleStatus": "Active", "PublishedStatus": "Published", "Model": "gpt-5",
     "Availability": "All users", "Owners": [{"userPrincipalName": "Ada@acme.com"}],
     "DeclaredTools": [{"name": "SendEmailV2"}, "{\"displayName\": \"Search\"}"],
     "McpServers": [{"name": "Snowflake", "url": "https://mcp.acme.example/sse"}],
     "CreatedDateTime": "2026-10-01T08:00:00Z", "InstanceCount": 1},
    {"Timestamp": "2026-11-27T08:00:00Z", "AgentId": "a-2", "AgentName": "Old one",
     "Platform": "Microsoft Foundry", "LifecycleStatus": "Deleted", "Owners": None,
     "DeclaredTools": None, "McpServers": []},
]  # fmt: skip
FORMER = {
    "Timestamp": "2026-06-01T08:00:00Z", "AIAgentId": "f-1", "AIAgentName": "Travel",
    "Platform": "Copilot Studio", "AgentStatus": "Published", "UserAuthenticationType": "None",
    "CreatorAccountUpn": "ben@acme.com", "OwnerAccountUpns": "ben@acme.com; cleo@acme.com",
    "AgentCreationTime": "2026-02-01T08:00:00Z", "AIModel": "gpt-4.1", "IsBlocked": True,
    "Instructions": "be kind", "AgentToolsDetails": [],
}  # fmt: skip
INTERACTIONS = [
    {"id": f"17{n}", "sessionId": "s", "requestId": "r", "appClass":
     "IPM.SkypeTeams.Message.Copilot.Excel", "interactionType": kind, "conversationType": "appchat",
     "createdDateTime": f"2026-11-2{n}T08:00:00Z", "locale": "en-us", "contexts": [],
     "attachments": [], "links": [], "mentions": [], "body": {"contentType": "text", "content":
     "a prompt"}, "from": {"user": {"id": "0ada", "displayName": "Ada"}}}
    for n, kind in ((4, "userPrompt"), (5, "aiResponse"), (6, "userPrompt"))
]  # fmt: skip


def _blob_at(one: Any, arrived: timedelta) -> datetime:
    return datetime.fromisoformat(one["CreationTime"] + "+00:00") + arrived


class Tenant:
    """Each record in a blob of its own, made an hour after it happened."""

    def __init__(self) -> None:
        self.vendor = vendor = Vendor()
        self.arrived: dict[str, timedelta] = {}
        self.subscribed = set(CONTENT)
        self.content = {name: list(found) for name, found in CONTENT.items()}
        vendor.route(feed.SUBSCRIBED.id, self._list, "PublisherIdentifier")
        vendor.route(
            feed.CONTENT.id, self._content,
            "PublisherIdentifier contentType startTime endTime nextPage",
        )  # fmt: skip
        vendor.route(feed.BLOB.id, self._blob, "PublisherIdentifier")
        vendor.route(discovery.STREAMS.id, lambda asked: {"value": [{"id": STREAM}]})
        paged = "$top $skip $filter $select $skiptoken"
        vendor.route(discovery.DETAILS.id, lambda asked: self._odata(asked, APPS), paged)
        vendor.route(discovery.USERS.id, self._users, paged)
        vendor.route(agents.HUNT.id, self._hunted)
        vendor.route(
            discovery.TEAMS_APPS.id, lambda asked: self._odata(asked, TEAMS), f"{paged} $expand"
        )

    def _list(self, asked: Asked) -> Any:
        assert asked.holes["tenant"] == TENANT
        return [{"contentType": one, "status": "enabled"} for one in sorted(self.subscribed)]

    def _content(self, asked: Asked) -> Any:
        query = asked.query
        begin, end = (datetime.fromisoformat(query[n] + "+00:00") for n in ("startTime", "endTime"))
        if end - begin > timedelta(hours=24):
            return Reply({"error": {"code": "AF20055", "message": "at most 24 hours"}}, 400)
        found = []
        for one in self.content[query["contentType"]]:
            made = _blob_at(one, self.arrived.get(one["Id"], timedelta(hours=1)))
            if begin <= made < end:
                found.append({
                    "contentType": query["contentType"], "contentId": one["Id"],
                    "contentUri": f"{self.vendor.url}/api/v1.0/{TENANT}/activity/feed/audit/"
                    f"{query['contentType']}${one['Id']}",
                    "contentCreated": made.isoformat().replace("+00:00", ".000Z"),
                })  # fmt: skip
        page, after = self.vendor.next_page(found, query.get("nextPage", ""))
        rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "nextPage")
        uri = f"{self.vendor.url}{asked.path}?{rest}&nextPage={after}"
        return Reply(page, headers={"NextPageUri": uri} if after else {})

    def _blob(self, asked: Asked) -> Any:
        content, _, ident = asked.holes["id"].partition("$")
        return [one for one in self.content[content] if one["Id"] == ident]

    def _hunted(self, asked: Asked) -> Any:
        assert asked.body["Query"].startswith("AgentsInfo ")
        return {"schema": [{"name": "AgentId", "type": "String"}], "results": AGENTS}

    def _users(self, asked: Asked) -> Any:
        people = [{"userIdentifier": one} for one in PEOPLE[asked.holes["app"]]]
        return self._odata(asked, people)

    def _odata(self, asked: Asked, records: list[Any]) -> Any:
        page, after = self.vendor.next_page(records, asked.query.get("$skiptoken", ""))
        link = f"{self.vendor.url}{asked.path}?$skiptoken={after}"
        return {"value": page, **({"@odata.nextLink": link} if after else {})}


CASE = Case(
    name="microsoft365",
    plant=lambda: Tenant().vendor,
    settings=lambda url: {
        "organization": ORG, "tenant_id": TENANT, "url": url, "graph_url": url,
        "parts": (
            "directory", "general", "sharepoint", "exchange", "discovery", "teams", "agents"
        ),
        "parallel_calls": 1,
    },
    records=[*DIRECTORY, *GENERAL, *SHAREPOINT, *EXCHANGE, *APPS, *AGENTS, FORMER, *INTERACTIONS],
    environ={"MICROSOFT365_TOKEN": TOKEN, "ENTRA_GRAPH_TOKEN": TOKEN},
    kept_days=7,
    published=(
        Published(
            "https://learn.microsoft.com/defender-xdr/advanced-hunting-agentsinfo-table", AGENTS,
            "Timestamp AgentId AgentName Platform EntraAgentId SourceAgentId LifecycleStatus "
            "PublishedStatus Model Availability Owners Owners.* DeclaredTools DeclaredTools.* "
            "McpServers McpServers.* CreatedDateTime InstanceCount",
        ),
        Published(
            "https://learn.microsoft.com/graph/api/resources/aiinteraction", INTERACTIONS,
            "id sessionId requestId appClass interactionType conversationType createdDateTime "
            "locale contexts attachments links mentions body.contentType body.content "
            "from.user.id from.user.displayName",
        ),
    ),
)  # fmt: skip
