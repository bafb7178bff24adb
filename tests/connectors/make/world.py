"""A small organization of Make, by https://developers.make.com/api-documentation."""

from __future__ import annotations

from typing import Any

from connectors import make
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case, Published

DOCS = "https://developers.make.com/api-documentation/api-reference/"
ADA = {"id": 11, "name": "Ada Day", "email": "Ada@acme.com"}
USERS = [ADA, {"id": 12, "name": "Ben Bay", "email": "ben@acme.com"}]
TEAMS = [{"id": 21, "name": "Sales", "organizationId": 1}]
FLOWS = [
    {"id": 31, "name": "Answer mail", "teamId": 21, "isActive": True, "hookId": None,
     "usedPackages": ["google-email", "openai-gpt-3"], "lastEdit": "2026-11-20T08:00:00.000Z",
     "scheduling": {"type": "indefinitely", "interval": 900}, "createdByUser": ADA},
    {"id": 32, "name": "Backup", "teamId": 21, "isActive": False, "hookId": 5,
     "usedPackages": ["http"], "scheduling": {"type": "immediately"}},
]  # fmt: skip
BLUEPRINTS = {
    "31": {"name": "Answer mail", "metadata": {}, "flow": [
        {"id": 1, "module": "google-email:TriggerNewEmail", "parameters": {"__IMTCONN__": 41}},
        {"id": 2, "module": "builtin:BasicRouter", "routes": [{"flow": [
            {"id": 3, "module": "openai-gpt-3:CreateCompletion", "parameters": {"__IMTCONN__": 42},
             "mapper": {"model": "gpt-4o-mini"}},
        ]}]},
    ]},
    "32": {"name": "Backup", "metadata": {}, "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "parameters": {}}]},
}  # fmt: skip
CONNECTIONS = [
    {"id": 41, "name": "Mail of sales", "accountName": "google-email", "teamId": 21},
    {"id": 42, "name": "OpenAI of sales", "accountName": "openai-gpt-3", "teamId": 21},
]


def plant() -> Vendor:
    vendor = Vendor(authorization=f"Token {TOKEN}")

    def listed(key: str, records: list[Any], of: str) -> Any:
        def answer(asked: Asked) -> Any:
            if of not in asked.query:
                return Reply({"message": f"{of} is required"}, 400)
            first, size = int(asked.query["pg[offset]"]), int(asked.query["pg[limit]"])
            return {key: records[first : first + size], "pg": {"limit": size, "offset": first}}

        return answer

    def blueprint(asked: Asked) -> Any:
        return {"code": "OK", "response": {"blueprint": BLUEPRINTS[asked.holes["id"]]}}

    paged = "organizationId teamId pg[limit] pg[offset] pg[sortBy] pg[sortDir] cols[]"
    vendor.route(make.USERS.id, listed("users", USERS, "organizationId"), paged)
    vendor.route(make.TEAMS.id, listed("teams", TEAMS, "organizationId"), paged)
    vendor.route(make.BLUEPRINT.id, blueprint, "blueprintId draft")
    vendor.route(
        make.FLOWS.id, listed("scenarios", FLOWS, "organizationId"),
        f"{paged} id[] folderId isActive islinked concept type",
    )  # fmt: skip
    vendor.route(make.CONNECTIONS.id, listed("connections", CONNECTIONS, "teamId"),
                 f"{paged} type[]")  # fmt: skip
    return vendor


CASE = Case(
    name="make",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "organization_id": "1"},
    records=[*[{**one, "blueprint": BLUEPRINTS[str(one["id"])]} for one in FLOWS], *CONNECTIONS,
             *USERS],
    environ={"MAKE_TOKEN": TOKEN},
    is_counted=True,
    published=(
        Published(
            f"{DOCS}scenarios", FLOWS,
            "id name teamId isActive hookId usedPackages lastEdit scheduling.type "
            "scheduling.interval createdByUser.id createdByUser.name createdByUser.email",
        ),
        Published(f"{DOCS}connections", CONNECTIONS, "id name accountName teamId"),
        Published(f"{DOCS}users", USERS, "id name email"),
    ),
)  # fmt: skip
