"""A small org of Salesforce, by https://developer.salesforce.com/docs."""

from __future__ import annotations

import re
from typing import Any

from connectors import salesforce
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case

CLIENT, SECRET = "made-up-client", "made-up-secret"
ADA, BEN = "0055f00000AdaAAA", "0055f00000BenBBB"
USERS = [
    {"Id": f"{ADA}XX", "Name": "Ada Day", "Email": "Ada@acme.com", "Username": "ada@acme.crm",
     "IsActive": True, "Department": "Sales", "UserType": "Standard"},
    {"Id": f"{BEN}XX", "Name": "Ben Bay", "Email": "ben@acme.com", "Username": "ben@acme.crm",
     "IsActive": False, "UserType": "Standard"},
    {"Id": "0055f00000BotCCCXX", "Name": "Automated Process", "Username": "autoproc@x",
     "IsActive": True, "UserType": "AutomatedProcess"},
]  # fmt: skip
APPS = [
    {"Id": "a1", "Name": "Gong", "CreatedDate": "2026-01-01T00:00:00.000+0000",
     "OptionsAllowAdminApprovedUsersOnly": True},
    {"Id": "a2", "Name": "Data Loader", "CreatedDate": "2020-01-01T00:00:00.000+0000",
     "OptionsAllowAdminApprovedUsersOnly": False},
    {"Id": "a3", "Name": "Claude", "CreatedDate": "2026-08-01T00:00:00.000+0000",
     "OptionsAllowAdminApprovedUsersOnly": False},
]  # fmt: skip
TOKENS = [
    {"Id": "t1", "AppName": "Claude", "UserId": f"{ADA}XX", "UseCount": 12,
     "LastUsedDate": "2026-11-20T08:00:00.000+0000", "CreatedDate": "2026-09-01T08:00:00.000+0000"},
    {"Id": "t2", "AppName": "Data Loader", "UserId": f"{BEN}XX", "UseCount": 0,
     "LastUsedDate": None, "CreatedDate": "2026-09-01T08:00:00.000+0000"},
    {"Id": "t3", "AppName": "Gong", "UserId": f"{BEN}XX", "UseCount": 3,
     "LastUsedDate": "2026-11-20T08:00:00.000+0000", "CreatedDate": "2026-09-01T08:00:00.000+0000"},
]  # fmt: skip
BOTS = [
    {"Id": "b1", "DeveloperName": "Service_Agent", "MasterLabel": "Service Agent",
     "Type": "ExternalCopilot", "CreatedById": f"{ADA}XX",
     "CreatedDate": "2026-07-01T08:00:00.000+0000"},
]  # fmt: skip
PLANNERS = [
    {"Id": "p1", "DeveloperName": "Service_Agent", "MasterLabel": "Service Agent",
     "PlannerType": "AiCopilot__ReAct"},
    {"Id": "p2", "DeveloperName": "SDR", "MasterLabel": "SDR", "PlannerType": "AiCopilot__ReAct"},
    {"Id": "p3", "DeveloperName": "Coach", "MasterLabel": "Coach", "PlannerType": "x"},
]  # fmt: skip


def changed(ident: str, at: str, action: str, said: str) -> Any:
    return {
        "Id": ident, "Action": action, "Display": said, "Section": "", "CreatedDate": at,
        "CreatedById": f"{ADA}XX", "CreatedBy": {"Name": "Ada Day", "Email": "ada@acme.com"},
    }  # fmt: skip


SETUP = [
    changed("s1", "2026-11-01T08:00:00.000+0000", "einsteinGPTEnabled",
            "Turned on Einstein Generative AI"),
    changed("s2", "2026-11-02T08:00:00.000+0000", "insertConnectedApplication",
            'Added connected app "Otter.ai"'),
    changed("s3", "2026-11-03T08:00:00.000+0000", "deleteConnectedApplication",
            'Deleted connected app "Read AI"'),
    changed("s4", "2026-11-27T20:00:00.000+0000", "changedEmail", "Changed email of robot vacuum"),
]  # fmt: skip
HEADER = ("EVENT_TYPE,TIMESTAMP,REQUEST_ID,USER_ID,CONNECTED_APP_ID,CONNECTED_APP_NAME,USER_NAME,"
          "HTTP_METHOD,ENTITY_NAME")  # fmt: skip


def call(n: int, app: str, entity: str, method: str = "GET") -> str:
    client = f"0H4{app}" if app else ""
    return (f'"ApiTotalUsage","20261125081500.123","r{n}","{ADA}","{client}","{app}",'
            f'"ada@acme.crm","{method}","{entity}"')  # fmt: skip


FILES = {
    "f1": [call(1, "Claude", "Contact"), call(2, "Claude", "Opportunity"),
           call(3, "Claude", "Case", "POST"), call(4, "", "Contact")],
    "f2": [call(5, "Claude", "Contact"), call(6, "Data Loader", "Account")],
    "f3": [call(7, "Claude", "Secret__c")],
}  # fmt: skip
LISTED = [
    {"Id": one, "EventType": "ApiTotalUsage", "CreatedDate": at}
    for one, at in zip(FILES, ("2026-11-26T02:00:00.000+0000", "2026-11-27T02:00:00.000+0000",
                               "2026-11-28T02:00:00.000+0000"), strict=True)
]  # fmt: skip
EVENTS = [
    dict(zip(HEADER.split(","), row.replace('"', "").split(","), strict=True))
    for rows in FILES.values() for row in rows
]  # fmt: skip
TABLES: dict[str, list[Any]] = {
    "User": USERS, "ConnectedApplication": APPS, "OauthToken": TOKENS, "BotDefinition": BOTS,
    "GenAiPlannerDefinition": PLANNERS, "SetupAuditTrail": SETUP, "EventLogFile": LISTED,
}  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(refusal=Reply([{"message": "no access", "errorCode": "INSUFFICIENT"}], 403))
    token_route(vendor, salesforce.TOKEN.id, CLIENT, SECRET, grant_type="client_credentials")
    queries: dict[str, str] = {}

    def answered(soql: str, start: str) -> Any:
        name = re.search(r"FROM (\w+)", soql)
        assert name is not None
        if name[1] not in TABLES:
            said = f"sObject type '{name[1]}' is not supported."
            return Reply([{"message": said, "errorCode": "INVALID_TYPE"}], 400)
        dates = re.findall(r"CreatedDate (?:>=|<) (\S+)", soql)
        found = [
            one
            for one in TABLES[name[1]]
            if not dates or dates[0] <= one["CreatedDate"].replace(".000+0000", "Z") < dates[1]
        ]
        page, after = vendor.next_page(found, start)
        key = f"01g{len(queries)}"
        told: dict[str, Any] = {"totalSize": len(found), "done": not after, "records": page}
        if after:
            key = next((k for k, v in queries.items() if v == f"{after} {soql}"), key)
            queries[key] = f"{after} {soql}"
            told["nextRecordsUrl"] = f"/services/data/v62.0/query/{key}"
        return told

    def more(asked: Asked) -> Any:
        start, _, soql = queries[asked.holes["cursor"]].partition(" ")
        return answered(soql, start)

    def file(asked: Asked) -> Any:
        return Reply(
            "\n".join([HEADER, *FILES[asked.holes["id"]]]), headers={"Content-Type": "text/csv"}
        )

    vendor.route(salesforce.QUERY.id, lambda asked: answered(asked.query["q"], "0"), "q")
    vendor.route(salesforce.TOOLING.id, lambda asked: answered(asked.query["q"], "0"), "q")
    vendor.route(salesforce.MORE.id, more)
    vendor.route(salesforce.LOG_FILE.id, file)
    return vendor


CASE = Case(
    name="salesforce",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*EVENTS, *SETUP, *TOKENS, *BOTS, *USERS],
    environ={"SALESFORCE_CLIENT_ID": CLIENT, "SALESFORCE_CLIENT_SECRET": SECRET},
    kept_days=180,
)  # fmt: skip
