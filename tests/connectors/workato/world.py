"""A small workspace of Workato, by https://docs.workato.com/workato-api.html."""

from __future__ import annotations

import json
from typing import Any

from connectors import workato
from tests.saas_rig import TOKEN, Asked, Vendor
from tests.saas_rig.cases import Case, Published


def step(provider: str, keyword: str = "action", **more: Any) -> dict[str, Any]:
    return {"number": 0, "provider": provider, "name": "do", "keyword": keyword, "input": {},
            **more}  # fmt: skip


def recipe(ident: int, name: str, trigger: str, *steps: Any, running: bool = True) -> Any:
    used = [trigger, *(one["provider"] for one in steps)]
    return {
        "id": ident, "user_id": 1, "name": name, "created_at": "2026-05-01T08:00:00.000Z",
        "updated_at": "2026-11-20T08:00:00.000Z", "trigger_application": trigger,
        "action_applications": used[1:], "applications": used, "running": running,
        "job_succeeded_count": 42, "last_run_at": "2026-11-27T08:00:00.000Z",
        "code": json.dumps(step(trigger, "trigger", block=list(steps))),
        "config": [{"keyword": "application", "provider": one, "name": one, "account_id": n}
                   for n, one in enumerate(used, 41)],
        "author_name": "Ada Day",
    }  # fmt: skip


RECIPES = [
    recipe(31, "Answer mail", "gmail", step("open_ai", input={"model": "gpt-4o-mini"})),
    recipe(32, "Sync", "salesforce", step("netsuite"), running=False),
]
CONNECTIONS = [
    {"id": 41, "name": "Mail of sales", "provider": "gmail", "authorization_status": "success"},
    {"id": 42, "name": "OpenAI of sales", "provider": "open_ai",
     "authorization_status": "success"},
]  # fmt: skip


def plant() -> Vendor:
    vendor = Vendor()

    def recipes(asked: Asked) -> Any:
        size, page = int(asked.query["per_page"]), int(asked.query["page"])
        return {"items": RECIPES[(page - 1) * size : page * size]}

    vendor.route(
        workato.FLOWS.id, recipes,
        "page per_page adapter_names_all adapter_names_any folder_id order running since_id "
        "stopped_after stop_cause updated_after with_subfolders include_tags exclude_code",
    )  # fmt: skip
    vendor.route(
        workato.CONNECTIONS.id, lambda asked: CONNECTIONS,
        "folder_id parent_id external_id include_runtime_connections includes",
    )  # fmt: skip
    return vendor


CASE = Case(
    name="workato",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url},
    records=[*RECIPES, *CONNECTIONS],
    environ={"WORKATO_TOKEN": TOKEN},
    is_counted=True,
    published=(
        Published(
            "https://docs.workato.com/workato-api/recipes.html", RECIPES,
            "id user_id name created_at updated_at trigger_application action_applications "
            "applications running job_succeeded_count last_run_at code config.keyword "
            "config.provider config.name config.account_id author_name",
        ),
        Published("https://docs.workato.com/workato-api/connections.html", CONNECTIONS,
                  "id name provider authorization_status"),
    ),
)  # fmt: skip
