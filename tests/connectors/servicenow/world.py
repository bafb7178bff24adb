"""A small instance of ServiceNow, by the documentation of its Table API."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from connectors import servicenow
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case, Published

CLIENT, SECRET = "made-up-client", "made-up-secret"
LOG = (
    "https://www.servicenow.com/docs/r/zurich/intelligent-experiences/generative-ai-controller/"
    "generative-ai-controller-tables.html"
)


def row(**fields: Any) -> dict[str, Any]:
    """As the API tells it: each field as its value and as it is shown."""
    return {
        name.replace("__", "."): {"value": one, "display_value": one}
        if isinstance(one, str)
        else {"value": one[0], "display_value": one[1]}
        for name, one in fields.items()
    }


USERS = [
    row(sys_id="u1", user_name="ada", name="Ada Day", email="Ada@acme.com", active="true"),
    row(sys_id="u2", user_name="ben", name="Ben Bay", email="ben@acme.com", active="false"),
    row(sys_id="u3", user_name="cem", name="Cem Cay", email="", active="true"),
]
APPS = [
    row(sys_id="a1", name="Claude", client_id="c-claude", type="client", active="true",
        redirect_url="https://claude.ai/api/mcp/auth_callback,http://localhost/cb", auth_url="",
        token_url="", sys_created_by="ada", sys_created_on="2026-09-01 08:00:00"),
    row(sys_id="a2", name="Azure OpenAI", client_id="c-azure", type="oauth_provider", active="true",
        redirect_url="https://acme.service-now.com/oauth_redirect.do", auth_url="",
        token_url="https://login.microsoftonline.com/x/oauth2/v2.0/token", sys_created_by="system",
        sys_created_on="2026-09-02 08:00:00"),
    row(sys_id="a3", name="Old", client_id="c-old", type="client", active="false", redirect_url="",
        auth_url="", token_url="", sys_created_by="ben", sys_created_on="2024-09-02 08:00:00"),
]  # fmt: skip
TOKENS = [
    row(sys_id="t1", peer=("a1", "Claude"), type="access_token", user=("u1", "Ada Day"),
        user__user_name="ada", expires="2026-12-01 08:00:00",
        sys_created_on="2026-11-01 08:00:00"),
    row(sys_id="t2", peer=("a1", "Claude"), type="refresh_token", user=("u1", "Ada Day"),
        user__user_name="ada", expires="2026-12-01 08:00:00",
        sys_created_on="2026-11-01 08:00:00"),
    row(sys_id="t3", peer=("a3", "Old"), type="access_token", user="", user__user_name="",
        expires="", sys_created_on="2026-11-01 08:00:00"),
]  # fmt: skip
AGENTS = [
    row(sys_id=f"g{n}", name=name, active=active, sys_created_by="ada",
        sys_created_on="2026-10-01 08:00:00")
    for n, (name, active) in enumerate(
        (("Incident helper", "true"), ("Change planner", "false"), ("HR helper", "true"))
    )
]  # fmt: skip
SKILLS = [
    row(sys_id=f"s{n}", name=name, sys_created_by="system", sys_created_on="2026-10-01 08:00:00")
    for n, name in enumerate(("Incident summarization", "Chat summarization", "Code generation"))
]


def used(ident: str, at: str, who: str = "ada", error: str = "") -> dict[str, Any]:
    return row(sys_id=ident, definition=("d1", "Summarize"), error_code=error, sys_created_by=who,
               sys_created_on=at)  # fmt: skip


def changed(ident: str, at: str, table: str, key: str, field: str, new: str) -> dict[str, Any]:
    return row(sys_id=ident, tablename=table, documentkey=key, fieldname=field, newvalue=new,
               user="ada", sys_created_on=at)  # fmt: skip


USE = [
    used("l1", "2026-11-02 10:00:00"),
    used("l2", "2026-11-03 10:00:00"),
    used("l3", "2026-11-04 10:00:00", "ben", error="500"),
    used("l4", "2026-11-05 10:00:00", "system"),
    used("l5", "2026-11-27 20:00:00"),
]
CHANGES = [
    changed("c1", "2026-11-02 10:00:00", "sn_aia_agent", "g1", "active", "false"),
    changed("c2", "2026-11-03 10:00:00", "oauth_entity", "a1", "redirect_url", "https://x"),
    changed("c3", "2026-11-27 20:00:00", "sn_nowassist_skill_config", "s0", "name", "x"),
]
_BY_TIME = re.compile(
    r"sys_created_on>=(.{19})\^sys_created_on<(.{19})(\^\S+)?\^ORDERBYsys_created_on"
)


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, servicenow.TOKEN.id, CLIENT, SECRET, grant_type="client_credentials")

    def table(rows: list[Any]) -> Any:
        def answer(asked: Asked) -> Any:
            query, start = asked.query["sysparm_query"], asked.query.get("sysparm_offset", "")
            names = asked.query["sysparm_fields"].split(",")
            found = rows
            if told := _BY_TIME.fullmatch(query):
                first, last = (datetime.fromisoformat(told[n]).replace(tzinfo=UTC) for n in (1, 2))
                found = [one for one in rows if first <= _at(one) < last]
            elif query != "ORDERBYsys_id":
                return Reply({"error": {"message": f"what is {query}"}}, 400)
            page, after = vendor.next_page(found, start)
            page = [{name: one[name] for name in names if name in one} for one in page]
            headers = {"X-Total-Count": str(len(found))}
            if after:
                kept = {**asked.query, "sysparm_offset": after}
                told_by = "&".join(f"{n}={quote(v, safe='')}" for n, v in kept.items())
                headers["Link"] = f'<{vendor.url}{asked.path}?{told_by}>;rel="next"'
            return Reply({"result": page}, headers=headers)

        return answer

    for operation, rows in (
        (servicenow.USERS, USERS), (servicenow.APPS, APPS), (servicenow.TOKENS, TOKENS),
        (servicenow.AGENTS, AGENTS), (servicenow.SKILLS, SKILLS), (servicenow.USE, USE),
        (servicenow.CHANGES, CHANGES),
    ):  # fmt: skip
        vendor.route(
            operation.id, table(rows),
            "sysparm_query sysparm_fields sysparm_limit sysparm_offset sysparm_display_value "
            "sysparm_exclude_reference_link sysparm_suppress_pagination_header sysparm_view "
            "sysparm_query_category sysparm_query_no_domain sysparm_no_count",
        )  # fmt: skip
    return vendor


def _at(one: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(one["sys_created_on"]["value"]).replace(tzinfo=UTC)


CASE = Case(
    name="servicenow",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url,
        "parts": ("people", "applications", "tokens", "agents", "skills", "use", "changes"),
    },
    records=[*USE, *CHANGES, *TOKENS, *APPS, *USERS, *AGENTS, *SKILLS],
    environ={"SERVICENOW_CLIENT_ID": CLIENT, "SERVICENOW_CLIENT_SECRET": SECRET},
    kept_days=90,
    published=(
        Published(
            LOG, [dict.fromkeys(one, "") for one in USE],
            "sys_id definition error_code sys_created_by sys_created_on",
        ),
    ),
)  # fmt: skip
