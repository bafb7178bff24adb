"""A small tenant of Auth0, by https://auth0.com/docs/api/management/v2."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from connectors import auth0
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case, Published

CLIENT, SECRET = "made-up-client", "made-up-secret"
AUDIENCE = "https://acme.eu.auth0.com/api/v2/"
CLIENTS = [
    {"client_id": "c-portal", "tenant": "acme", "name": "Portal", "app_type": "spa",
     "is_first_party": True, "callbacks": ["https://portal.acme.com/cb"], "global": False},
    {"client_id": "c-claude", "tenant": "acme", "name": "Claude", "app_type": "native",
     "is_first_party": False, "callbacks": ["https://claude.ai/api/mcp/auth_callback"],
     "grant_types": ["authorization_code", "refresh_token"]},
    {"client_id": "c-desk", "tenant": "acme", "name": "Desk", "app_type": "native",
     "is_first_party": False, "callbacks": ["http://localhost:6274/cb"], "web_origins": []},
]  # fmt: skip
GRANTS = [
    {"id": "cgr_1", "client_id": "c-claude", "audience": AUDIENCE, "scope": ["read:users"]},
    {"id": "cgr_2", "client_id": "c-portal", "audience": "https://api.acme.com",
     "scope": ["read:orders", "write:orders"], "subject_type": "client"},
    {"id": "cgr_3", "client_id": "c-desk", "audience": "https://api.acme.com", "scope": []},
]  # fmt: skip
CONSENTS = [
    {"id": "g1", "clientID": "c-claude", "user_id": "auth0|ada", "audience": "https://api.acme.com",
     "scope": ["openid", "read:orders"]},
    {"id": "g2", "clientID": "c-desk", "user_id": "auth0|ben", "audience": "https://api.acme.com",
     "scope": ["openid"]},
    {"id": "g3", "clientID": "c-claude", "user_id": "auth0|ben", "audience": "https://api.acme.com",
     "scope": ["write:orders"]},
]  # fmt: skip


def event(ident: str, at: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "log_id": ident, "date": at, "type": kind, "description": "", "ip": "203.0.113.9",
        "user_id": "auth0|ada", "user_name": "Ada@acme.com", **more,
    }  # fmt: skip


def _made(path: str, body: Any) -> dict[str, Any]:
    auth = {"user": {"user_id": "auth0|ada", "name": "Ada Day", "email": "Ada@acme.com"}}
    return {
        "request": {"method": "post", "path": path, "auth": auth, "body": body},
        "response": {"statusCode": 201, "body": {"client_id": "c-gpt"}},
    }


CLAUDE = {"client_id": "c-claude", "client_name": "Claude"}
EVENTS = [
    event("900", "2026-11-02T10:00:00.000Z", "seacft", audience="https://api.acme.com",
          scope="openid read:orders", **CLAUDE),
    event("901", "2026-11-02T11:00:00.000Z", "sertft", **CLAUDE),
    event("902", "2026-11-03T11:00:00.000Z", "sertft", **CLAUDE),
    event("903", "2026-11-04T11:00:00.000Z", "fertft", **CLAUDE),
    event("904", "2026-11-05T09:00:00.000Z", "sapi", client_id="c-portal", client_name="Portal",
          details=_made("/api/v2/clients",
                        {"name": "Acme GPT", "callbacks": ["https://chat.acme.com/cb"]})) | {
        "description": "Create a client"},
    event("905", "2026-11-06T09:00:00.000Z", "sapi", client_id="", client_name="",
          details=_made("/oidc/register", {"client_name": "Cursor"})) | {
        "description": "Dynamic client registration"},
    event("906", "2026-11-07T09:00:00.000Z", "secte", agent_id="agt_1",
          external_agent_id="invoice-bot", **CLAUDE),
    event("907", "2026-11-27T20:00:00.000Z", "s", **CLAUDE),
    event("908", "2026-11-27T20:30:00.000Z", "gd_enrollment_complete"),
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, auth0.TOKEN.id, CLIENT, SECRET, grant_type="client_credentials",
                audience=AUDIENCE)  # fmt: skip

    def numbered(name: str, records: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            size = int(asked.query["per_page"])
            first = int(asked.query["page"]) * size
            return {
                "start": first, "limit": size, "total": len(records),
                name: records[first : first + size],
            }  # fmt: skip

        return answer

    def marked(asked: Asked) -> Any:
        page, after = vendor.next_page(GRANTS, asked.query.get("from", ""))
        return {"client_grants": page, **({"next": after} if after else {})}

    def searched(asked: Asked) -> Any:
        told = re.fullmatch(r"date:\[(\S+) TO (\S+)\} AND type:\((.+)\)", asked.query["q"])
        if told is None:
            return Reply({"message": "Query syntax"}, 400)
        first, last = (datetime.fromisoformat(told[n]) for n in (1, 2))
        kinds, size = told[3].split(" OR "), int(asked.query["per_page"])
        found = [
            one for one in EVENTS
            if first <= datetime.fromisoformat(one["date"]) < last and one["type"] in kinds
        ]  # fmt: skip
        begin = int(asked.query["page"]) * size
        return found[begin : begin + size]

    vendor.route(
        auth0.CLIENTS.id, numbered("clients", CLIENTS),
        "fields include_fields page per_page include_totals is_global is_first_party app_type "
        "external_client_id q",
    )  # fmt: skip
    vendor.route(
        auth0.GRANTS.id, marked,
        "from take audience client_id allow_any_organization subject_type default_for",
    )  # fmt: skip
    vendor.route(
        auth0.CONSENTS.id, numbered("grants", CONSENTS),
        "per_page page include_totals user_id client_id audience",
    )  # fmt: skip
    vendor.route(
        auth0.LOG.id, searched,
        "page per_page sort fields include_fields include_totals search q from take",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="auth0",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "audience": AUDIENCE},
    records=[*EVENTS, *CLIENTS, *GRANTS, *CONSENTS],
    environ={"AUTH0_CLIENT_ID": CLIENT, "AUTH0_CLIENT_SECRET": SECRET},
    kept_days=30,
    published=(
        Published(
            "https://github.com/auth0/auth0-python/tree/master/src/auth0/management/types",
            CLIENTS,
            "client_id tenant name description global app_type is_first_party callbacks "
            "allowed_origins web_origins grant_types initiate_login_uri external_client_id",
        ),
        Published(
            "https://github.com/auth0/auth0-python/tree/master/src/auth0/management/types",
            [*GRANTS, *CONSENTS],
            "id client_id clientID user_id audience scope organization_usage subject_type",
        ),
        Published(
            "https://github.com/auth0/docs-v2/blob/main/main/docs/oas/tenant-logs/logs-schema.json",
            EVENTS,
            "log_id date type description ip user_id user_name client_id client_name audience "
            "scope agent_id external_agent_id details.request.* details.response.*",
        ),
    ),
)
