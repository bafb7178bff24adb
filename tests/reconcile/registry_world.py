"""Registries on loopback, answering as their vendors document it: pages, shapes, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.forge_rig import loopback
from tests.forge_rig.loopback import send

Answer = tuple[int, Any, dict[str, str]]
Routes = Callable[["Asked"], Answer]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    base: str


@dataclass
class World:
    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(routes: Routes) -> Iterator[World]:
    """A server for ``routes`` alone; bounded, and gone at the end."""
    world = World("")

    def handle(client: BaseHTTPRequestHandler) -> None:
        split = urlsplit(client.path)
        length = int(client.headers.get("Content-Length") or 0)
        body = json.loads(client.rfile.read(length)) if length else None
        asked = Asked(client.command, split.path, dict(parse_qsl(split.query)), body,
                      {k.lower(): v for k, v in client.headers.items()}, world.url)  # fmt: skip
        world.asked.append(asked)
        code, answer, headers = routes(asked)
        send(client, code, headers, json.dumps(answer).encode())

    with loopback.serving(handle, methods=("GET", "POST")) as world.url:
        yield world


def ok(answer: Any, **headers: str) -> Answer:
    return 200, answer, headers


def _slice(rows: list[Any], start: int, size: int = 2) -> list[Any]:
    return rows[start : start + size]


def _token(rows: list[Any], asked: Asked, parameter: str) -> tuple[list[Any], str]:
    start = int(asked.query.get(parameter, "t0")[1:])
    following = f"t{start + 2}" if start + 2 < len(rows) else ""
    return _slice(rows, start), following


def mlflow(asked: Asked) -> Answer:
    rows = [
        {"name": f"model-{n}", "last_updated_timestamp": 2_000_000_000_000 - n,
         "description": "Scores", "latest_versions": [{"version": "3", "current_stage": stage}],
         "tags": [{"key": "owner", "value": "ann@example.com"},
                  {"key": "endpoint", "value": f"https://ml.example/{n}"}],
         "aliases": [{"alias": "champion", "version": "3"}]}
        for n, stage in enumerate(("Production", "None", "Archived"))
    ]  # fmt: skip
    page, following = _token(rows, asked, "page_token")
    body: dict[str, Any] = {"registered_models": page} if page else {}
    return ok({**body, **({"next_page_token": following} if following else {})})


def backstage(asked: Asked) -> Answer:
    rows = [
        {"kind": "Component", "metadata": {"name": f"bot-{n}", "namespace": "default",
         "description": "Answers", "annotations": {
             "github.com/project-slug": f"github.com/acme/bot-{n}",
             "ai-registry/providers": "openai, anthropic", "ai-registry/assessment": "done",
             "ai-registry/assessed-at": "2026-02-01"}},
         "spec": {"type": "ai-agent", "lifecycle": stage, "owner": "group:default/care"}}
        for n, stage in enumerate(("production", "experimental", "deprecated"))
    ]  # fmt: skip
    page, following = _token(rows, asked, "cursor")
    return ok({"items": page, "totalItems": 3,
               "pageInfo": {"nextCursor": following} if following else {}})  # fmt: skip


def huggingface(asked: Asked) -> Answer:
    if asked.path != "/api/models":
        return ok([])
    rows = [{"id": f"acme/m{n}", "author": "acme", "pipeline_tag": "text-classification",
             "lastModified": f"2026-0{3 - n}-01T00:00:00.000Z", "private": True}
            for n in range(3)]  # fmt: skip
    start = int(asked.query.get("cursor", "0"))
    link = f'<{asked.base}/api/models?author=acme&cursor={start + 2}>; rel="next"'
    return ok(_slice(rows, start), **({"Link": link} if start + 2 < len(rows) else {}))


def unity_catalog(asked: Asked) -> Answer:
    if "page_token" not in asked.query:
        return ok({"registered_models": [], "next_page_token": "t0"})  # empty, and goes on
    rows = [{"full_name": f"main.ml.m{n}", "metastore_id": "ms1", "catalog_name": "main",
             "owner": "ann@example.com", "comment": "Scores", "updated_at": n,
             "aliases": [{"alias_name": f"champion-{n}"}]} for n in range(3)]  # fmt: skip
    page, following = _token(rows, asked, "page_token")
    return ok({"registered_models": page, **({"next_page_token": following} if following else {})})


def servicenow(asked: Asked) -> Answer:
    if not asked.path.endswith("/alm_ai_system_digital_asset"):
        return 404, {"error": {"message": "Invalid table"}}, {}
    rows = [{"sys_id": {"value": f"s{n}", "display_value": f"s{n}"},
             "display_name": {"value": f"Bot {n}", "display_value": f"Bot {n}"},
             "install_status": {"value": "1", "display_value": status},
             "owned_by": {"value": "u1", "display_value": "Ann Lee"},
             "native_key": {"value": f"arn:aws:lambda:eu-west-1:1:function:b{n}",
                            "display_value": ""},
             "sys_class_name": {"value": "alm_ai_system_digital_asset", "display_value": "x"}}
            for n, status in enumerate(("Deployed", "In Development", "Retired"))]  # fmt: skip
    asked_for = asked.query["sysparm_query"]
    after = asked_for.partition("sys_id>")[2].partition("^")[0]
    later = [row for row in rows if row["sys_id"]["value"] > after]
    if "sys_updated_on>=" in asked_for:
        later = later[-1:]
    assert asked_for.endswith("ORDERBYsys_id")
    return ok({"result": _slice(later, 0)})


def datahub(asked: Asked) -> Answer:
    rows = [{"urn": f"urn:li:mlModel:(urn:li:dataPlatform:sagemaker,m{n},PROD)",
             "mlModelKey": {"value": {"name": f"m{n}", "origin": "PROD", "platform": "sagemaker"}},
             "mlModelProperties": {"value": {"description": "Scores",
                                             "customProperties": {"arn": f"arn:aws:x:::m{n}"}}},
             "ownership": {"value": {"owners": [
                 {"owner": "urn:li:corpuser:ann", "type": "TECHNICAL_OWNER"}]}}}
            for n in range(3)]  # fmt: skip
    page, following = _token(rows, asked, "scrollId")
    return ok({"entities": page, **({"scrollId": following} if following else {})})


def openmetadata(asked: Asked) -> Answer:
    assert "owners" in asked.query["fields"]
    rows = [{"id": f"u{n}", "name": f"m{n}", "fullyQualifiedName": f"ml.m{n}", "updatedAt": n,
             "description": "Scores", "server": f"https://ml.example/{n}",
             "owners": [{"name": "ann"}], "domains": [{"name": "payments"}]}
            for n in range(3)]  # fmt: skip
    page, following = _token(rows, asked, "after")
    return ok({"data": page, "paging": {"total": 3, **({"after": following} if following else {})}})


def jira_assets(asked: Asked) -> Answer:
    def attribute(name: str, value: str) -> dict[str, Any]:
        return {"objectTypeAttribute": {"name": name},
                "objectAttributeValues": [{"value": value, "displayValue": value}]}  # fmt: skip

    rows = [{"id": str(n), "objectKey": f"AI-{n}", "label": f"Bot {n}", "attributes": [
                attribute("Owner", "ann@example.com"), attribute("Status", "Active"),
                attribute("Repository", f"github.com/acme/b{n}")]} for n in range(3)]  # fmt: skip
    start = int(asked.query.get("startAt", "0"))
    assert asked.method == "POST"
    if "Updated >" in asked.body["qlQuery"]:
        rows = rows[2:] if start == 0 else []
    return ok({"startAt": start, "values": _slice(rows, start)})


def confluence(asked: Asked) -> Answer:
    html = (
        "<h1>AI</h1><table><tbody><tr><th>Name</th><th>Owner</th><th>Status</th><th>Repo</th></tr>"
        '<tr><td><p>Bot &amp; Co</p></td><td><a href="mailto:ann@example.com">Ann</a></td>'
        "<td>Live</td><td>github.com/acme/b0</td></tr>"
        "<tr><td>Drafter</td><td></td><td>PoC</td><td><ul><li>github.com/acme/b1</li></ul></td></tr>"
        "<tr><td>Old</td><td>Ann Lee</td><td>Off</td><td></td></tr></tbody></table>"
    )
    return ok({"id": "42", "title": "AI", "body": {"storage": {"value": html}}})


def collibra(asked: Asked) -> Answer:
    if asked.path == "/rest/2.0/attributes":
        return ok({"results": [
            {"type": {"name": "Owner"}, "value": "ann@example.com"},
            {"type": {"name": "Repository"}, "value": f"github.com/acme/{asked.query['assetId']}"},
        ]})  # fmt: skip
    rows = [{"id": f"a{n}", "name": f"Use case {n}", "status": {"name": "Accepted"},
             "lastModifiedOn": 2_000_000_000_000 - n, "domain": {"name": "Payments"}}
            for n in range(3)]  # fmt: skip
    return ok({"total": 3, "results": _slice(rows, int(asked.query.get("offset", "0")))})


def onetrust(asked: Asked) -> Answer:
    rows = [{"inventoryId": f"i{n}", "name": f"Bot {n}", "status": {"value": "Active"},
             "organization": {"name": "Payments"}, "externalId": f"x:{n}",
             "latestAssessmentStatus": "Completed",
             "latestAssessmentCompletedDate": "2026-02-01T00:00:00Z"}
            for n in range(3)]  # fmt: skip
    if "modifiedDateTime" in asked.query:
        rows = rows[:1]
    return ok({"content": _slice(rows, 2 * int(asked.query["page"]))})


def credo_ai(asked: Asked) -> Answer:
    rows = [{"id": f"c{n}", "attributes": {"name": f"Use case {n}", "lifecycle_stage": "deployed",
             "owner": {"email": "ann@example.com"}, "risk_category_level": "high",
             "updated_at": f"2026-0{3 - n}-01T00:00:00Z", "governance_status": "in_progress",
             "repository": f"github.com/acme/c{n}"}} for n in range(3)]  # fmt: skip
    start = int(asked.query.get("page[number]", "0"))
    links = {"next": f"{asked.base}{asked.path}?page[number]={start + 2}"}
    return ok({"data": _slice(rows, start), "links": links if start + 2 < len(rows) else {}})


def rest(asked: Asked) -> Answer:
    rows = [{"id": f"r{n}", "name": f"Bot {n}", "stage": "production",
             "approved": {"providers": ["openai"]},
             "bindings": [{"type": "repo", "value": f"github.com/acme/r{n}"}]}
            for n in range(3)]  # fmt: skip
    start = int(asked.query.get("start", "0"))
    link = f'<{asked.base}/entries?start={start + 2}>; rel="next"'
    found = {"entries": _slice(rows, start)}
    return ok(found, **({"Link": link} if start + 2 < len(rows) else {}))


WORLDS: dict[str, tuple[Routes, dict[str, str]]] = {
    "mlflow": (mlflow, {}),
    "backstage": (backstage, {}),
    "huggingface": (huggingface, {"organization": "acme"}),
    "unity-catalog": (unity_catalog, {}),
    "servicenow": (servicenow, {}),
    "datahub": (datahub, {}),
    "openmetadata": (openmetadata, {}),
    "jira-assets": (jira_assets, {"workspace": "w-1"}),
    "confluence": (confluence, {"page": "42"}),
    "collibra": (collibra, {"type": "t-1"}),
    "onetrust": (onetrust, {}),
    "credo-ai": (credo_ai, {"tenant": "acme"}),
    "rest": (rest, {}),
}
"""Kind -> what it answers, and the settings that it needs. Each holds three entries."""
