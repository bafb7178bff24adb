"""A small organization of Weights & Biases, by its pages and its published client."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from connectors.wandb import graphql, log, records
from tests.saas_rig import Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

KEY = "made-up-key"
SCIM = "https://docs.wandb.ai/platform/hosting/iam/scim"
AUDIT = "https://docs.wandb.ai/platform/hosting/monitoring-usage/audit-logging"
CLIENT = "https://github.com/wandb/wandb/tree/main/tools/graphql_codegen"


def basic(name: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{KEY}".encode()).decode()


def _meta(kind: str, ident: str) -> Any:
    return {"resourceType": kind, "created": "2026-01-01T00:00:00Z",
            "lastModified": "2026-01-01T00:00:00Z", "location": f"{kind}s/{ident}"}  # fmt: skip


USERS = [
    {"active": name != "ben", "daysActive": 42, "displayName": name.title(),
     "emails": {"Value": f"{name}@acme.com", "Display": "", "Type": "", "Primary": True},
     "id": f"VXNlcjo{n}", "lastActiveAt": "2026-11-20T14:32:10Z", "meta": _meta("User", name),
     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
     "organizationRole": "member", "modelsSeat": "full", "weaveRole": "none"}
    for n, name in enumerate(("ada", "ben"))
]  # fmt: skip
TEAMS = [
    {"displayName": name, "id": f"t{n}", "meta": _meta("Group", name),
     "members": [{"Value": "VXNlcjo0", "Ref": "", "Type": "", "Display": "ada"}],
     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]}
    for n, name in enumerate(("vision", "nlp"))
]  # fmt: skip
MEMBERS = {
    "vision": [
        {"id": "m1", "username": "ada", "name": "Ada", "email": "ada@acme.com",
         "accountType": "USER", "admin": True, "pending": False},
        {"id": "m2", "username": "ci-training", "name": "CI training", "email": None,
         "accountType": "SERVICE", "admin": False, "pending": False},
        {"id": "m3", "username": None, "name": None, "email": "dan@acme.com",
         "accountType": None, "admin": False, "pending": True},
    ],
    "nlp": [],
}  # fmt: skip
MAKER = {"username": "ada", "name": "Ada", "email": "ada@acme.com"}
PROJECTS = {
    "vision": [
        {"id": f"p{n}", "name": name, "entityName": "vision", "createdAt": "2026-02-01T08:00:00",
         "user": MAKER if n == 0 else None}
        for n, name in enumerate(("detector", "segments", "wandb-registry-model"))
    ],
    "nlp": [{"id": "p9", "name": "triage", "entityName": "nlp", "createdAt": None, "user": None}],
}  # fmt: skip
MODELS = [
    {"id": f"c{n}", "name": name, "createdAt": "2026-03-01T08:00:00",
     "updatedAt": "2026-11-02T08:00:00", "project": {"name": "wandb-registry-model"},
     "type": {"name": kind}}
    for n, (name, kind) in enumerate((("defects", "model"), ("photos", "dataset"),
                                      ("triage-llm", "fine-tuned-model")))
]  # fmt: skip


def entry(kind: str, at: str, **more: Any) -> Any:
    return {"action": kind, "actor_email": "Ada@acme.com", "actor_ip": "192.0.2.1",
            "actor_user_id": "VXNlcjow", "response_code": 200, "timestamp": f"2026-11-{at}",
            **more}  # fmt: skip


EVENTS = [
    entry("project:read", "20T08:00:00Z", entity_name="vision", project_name="detector",
          project_asset="p0"),
    entry("project:read", "21T08:00:00Z", entity_name="vision", project_name="detector"),
    entry("artifact:read", "21T09:00:00Z", artifact_qualified_name="vision/detector/weights:v3"),
    entry("run:delete", "21T10:00:00Z", entity_name="nlp", project_name="triage",
          response_code=403),
    entry("user:login", "22T08:00:00Z"),
    entry("user:create_api_key", "22T08:10:00Z", user_asset="VXNlcjow"),
    entry("team:create_service_account", "23T08:10:00Z", entity_name="vision"),
    entry("project:delete", "24T08:10:00Z", entity_name="nlp", project_name="triage"),
]  # fmt: skip


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value.replace("Z", "+00:00") if "T" in value else f"{value}T00Z")


def _entries(vendor: Vendor, begin: datetime, end: datetime, asked: Asked) -> Any:
    found = [one for one in EVENTS if begin <= _moment(one["timestamp"]) < end]
    page, after = vendor.next_page(found, asked.query.get("cursor", ""))
    return {"audit_logs": page, "count": len(page), "next_cursor": after or None,
            "range_start_time": begin.isoformat(), "range_end_time": end.isoformat()}  # fmt: skip


def _connection(vendor: Vendor, found: list[Any], cursor: str | None) -> Any:
    page, after = vendor.next_page(found, cursor or "")
    return {"edges": [{"node": one} for one in page],
            "pageInfo": {"endCursor": after or None, "hasNextPage": bool(after)}}  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor(authorization=basic(""))

    def questions(asked: Asked) -> Any:
        if asked.authorization != basic("api"):
            return Reply({"errors": [{"message": "user is not logged in"}]}, 401)
        told = asked.body["variables"]
        if "query Members" in asked.body["query"]:
            return {"data": {"entity": {"members": MEMBERS[told["name"]]}}}
        if "query Projects" in asked.body["query"]:
            found = _connection(vendor, PROJECTS[told["entity"]], told["cursor"])
            return {"data": {"models": found}}
        if told["organization"] != "acme":
            return {"data": {"organization": None}}
        found = _connection(vendor, MODELS, told["cursor"])
        return {"data": {"organization": {"orgEntity": {"artifactCollections": found}}}}

    def entries(asked: Asked) -> Any:
        begin = _moment(asked.query["startDate"])
        days = int(asked.query["numDays"])
        if not 0 <= days <= 7:
            return Reply({"error": "numDays"}, 400)
        return _entries(vendor, begin, begin + timedelta(days=days + 1), asked)

    def own_entries(asked: Asked) -> Any:
        begin, end = (_moment(asked.query[name] + "Z") for name in ("startDate", "endDate"))
        return _entries(vendor, begin, end, asked)

    def scim(found: list[Any]) -> Any:
        return {"Resources": found, "itemsPerPage": 9999, "startIndex": 1,
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": len(found)}  # fmt: skip

    vendor.route(records.USERS.id, lambda asked: scim(USERS), "filter")
    vendor.route(records.TEAMS.id, lambda asked: scim(TEAMS), "filter")
    vendor.route(graphql.GRAPHQL.id, questions, is_open=True)
    vendor.route(log.EVENTS.id, entries, "startDate numDays limit cursor")
    vendor.route(log.OWN_EVENTS.id, own_entries, "anonymize startDate numDays endDate limit cursor")
    return vendor


CASE = Case(
    name="wandb",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url,
        "parts": ("people", "teams", "projects", "models", "events"),
    },
    records=[*USERS, *TEAMS, *EVENTS],
    environ={"WANDB_API_KEY": KEY},
    kept_days=log.KEPT.days,
    elsewhere=frozenset({log.OWN_EVENTS.id}),
    published=(
        Published(
            SCIM, USERS,
            "active daysActive displayName emails.Value emails.Display emails.Type emails.Primary "
            "id lastActiveAt meta.* schemas userName organizationRole modelsSeat weaveRole",
        ),
        Published(
            SCIM, TEAMS,
            "displayName id meta.* members.Value members.Ref members.Type members.Display schemas",
        ),
        Published(
            AUDIT, EVENTS,
            "action actor_email actor_ip actor_user_id artifact_asset artifact_digest "
            "artifact_qualified_name artifact_sequence_asset cli_version entity_asset entity_name "
            "project_asset project_name report_asset report_name response_code timestamp "
            "user_asset user_email",
        ),
        Published(
            CLIENT, [one for found in MEMBERS.values() for one in found],
            "id admin pending email username name photoUrl accountType apiKey",
        ),
        Published(
            CLIENT, [one for found in PROJECTS.values() for one in found],
            "id name entityName createdAt isBenchmark user user.id user.name user.username "
            "user.email",
        ),
        Published(
            CLIENT, MODELS, "id name description createdAt updatedAt project.name type.name"
        ),
    ),
)  # fmt: skip
