"""A small environment of PingOne, by https://developer.pingidentity.com/pingone-api/."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from connectors import pingone
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case, Published

CLIENT, SECRET, ENV = "made-up-client", "made-up-secret", "env-1"
SPEC = "https://github.com/patrickcping/pingone-go-sdk-v2/blob/main/management/api/openapi.yaml"
AUDIT = "https://developer.pingidentity.com/pingone-api/platform/audit-activities.html"
USERS = [
    {"id": "u-ada", "username": "ada@acme.com", "email": "Ada@acme.com", "enabled": True,
     "name": {"given": "Ada", "family": "Day"}, "population": {"id": "p"}},
    {"id": "u-ben", "username": "ben", "enabled": False, "population": {"id": "p"}},
    {"id": "u-cem", "username": "cem", "enabled": True, "population": {"id": "p"}},
]  # fmt: skip
APPS = [
    {"id": "a-gpt", "name": "ChatGPT", "protocol": "SAML", "type": "WEB_APP", "enabled": True,
     "createdAt": "2026-05-01T08:00:00.000Z", "acsUrls": ["https://auth.openai.com/sso/acs"],
     "spEntityId": "https://auth.openai.com"},
    {"id": "a-bot", "name": "Invoice Helper", "protocol": "OPENID_CONNECT", "type": "AI_AGENT",
     "enabled": True, "redirectUris": ["https://bot.acme.com/cb"]},
    {"id": "a-console", "name": "PingOne Admin Console", "protocol": "OPENID_CONNECT",
     "type": "PING_ONE_ADMIN_CONSOLE", "enabled": False},
]  # fmt: skip
RESOURCES = [
    {"id": "r-oidc", "name": "openid", "type": "OPENID_CONNECT"},
    {"id": "r-p1", "name": "PingOne API", "type": "PINGONE_API"},
    {"id": "r-own", "name": "Orders", "type": "CUSTOM", "audience": "orders"},
]
SCOPES = {
    "r-oidc": [{"id": "s-1", "name": "openid"}],
    "r-p1": [{"id": "s-2", "name": "p1:read:user"}],
    "r-own": [{"id": "s-3", "name": "orders:write"}],
}
GRANTS = {
    "a-bot": [
        {"id": "g-1", "resource": {"id": "r-p1"}, "scopes": [{"id": "s-2"}]},
        {"id": "g-2", "resource": {"id": "r-own"}, "scopes": [{"id": "s-3"}]},
        {"id": "g-3", "resource": {"id": "r-oidc"}, "scopes": [{"id": "s-1"}]},
    ],
    "a-console": [],
}


def event(ident: str, at: str, kind: str, app: int = 0, status: str = "SUCCESS") -> Any:
    one = APPS[app]
    return {
        "id": ident, "recordedAt": at, "createdAt": at, "correlationId": "c",
        "action": {"type": kind, "description": kind},
        "actors": {"user": {"id": "u-ada", "name": "Ada@acme.com", "type": "USER"}},
        "resources": [{"id": one["id"], "name": one["name"], "type": "APPLICATION"}],
        "result": {"status": status, "description": ""},
    }  # fmt: skip


EVENTS = [
    event("e1", "2026-11-16T10:00:00.000Z", "USER.ACCESS_ALLOWED"),
    event("e2", "2026-11-17T10:00:00.000Z", "USER.ACCESS_ALLOWED"),
    event("e3", "2026-11-17T11:00:00.000Z", "USER.ACCESS_DENIED", status="FAILED"),
    event("e4", "2026-11-18T11:00:00.000Z", "APPLICATION.CREATED", 1),
    event("e5", "2026-11-27T20:00:00.000Z", "USER.ACCESS_ALLOWED"),
    event("e6", "2026-11-27T21:00:00.000Z", "USER.UPDATED"),
]


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, pingone.TOKEN.id, CLIENT, SECRET, grant_type="client_credentials")

    def linked(key: str, found: Any) -> Any:
        def answer(asked: Asked) -> Any:
            told = found(asked)
            if isinstance(told, Reply):
                return told
            page, after = vendor.next_page(told, asked.query.get("cursor", ""))
            query = "&".join(f"{n}={v}" for n, v in asked.query.items() if n == "limit")
            link = f"{vendor.url}{asked.path}?{query}&cursor={after}"
            kept = asked.query.get("filter")
            if kept:
                link += f"&filter={kept.replace(' ', '%20').replace(chr(34), '%22')}"
            links = {"self": {"href": f"{vendor.url}{asked.path}"}}
            if after:
                links["next"] = {"href": link}
            return {"_links": links, "_embedded": {key: page}, "size": len(page)}

        return answer

    def activities(asked: Asked) -> Any:
        told = re.fullmatch(r'recordedat gt "(\S+)" AND recordedat lt "(\S+)"',
                            asked.query.get("filter", ""))  # fmt: skip
        if told is None:
            return Reply({"message": "the filter is invalid"}, 400)
        first, last = (datetime.fromisoformat(told[n]) for n in (1, 2))
        return [one for one in EVENTS if first < datetime.fromisoformat(one["recordedAt"]) < last]

    for operation, key, found, params in (
        (pingone.USERS, "users", lambda asked: USERS, "limit cursor filter"),
        (pingone.APPS, "applications", lambda asked: APPS, "limit cursor"),
        (pingone.GRANTS, "grants", lambda asked: GRANTS.get(asked.holes["id"], []), "limit cursor"),
        (pingone.RESOURCES, "resources", lambda asked: RESOURCES, "limit cursor"),
        (pingone.SCOPES, "scopes", lambda asked: SCOPES[asked.holes["id"]], "limit cursor"),
        (pingone.ACTIVITIES, "activities", activities, "limit cursor filter"),
    ):
        vendor.route(operation.id, linked(key, found), params)
    return vendor


CASE = Case(
    name="pingone",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "auth_url": url, "environment_id": ENV,
    },
    records=[*EVENTS, *APPS, *USERS],
    environ={"PINGONE_CLIENT_ID": CLIENT, "PINGONE_CLIENT_SECRET": SECRET},
    kept_days=14,
    published=(
        Published(
            SPEC, USERS, "id username email enabled name.given name.family population.id"
        ),
        Published(
            SPEC, APPS,
            "id name protocol type enabled createdAt acsUrls spEntityId redirectUris clientId",
        ),
        Published(SPEC, RESOURCES, "id name type audience"),
        Published(SPEC, [one for some in GRANTS.values() for one in some],
                  "id resource.id scopes.id"),
        Published(
            AUDIT, EVENTS,
            "id recordedAt createdAt correlationId action.type action.description actors.user.id "
            "actors.user.name actors.user.type resources.id resources.name resources.type "
            "result.status result.description",
        ),
    ),
)  # fmt: skip
