"""What a service tells only by itself: agents, fine-tuning, indexes, served models.

Each service has hosts, an audience of tokens and a version of its own, and a field of the
configuration that turns it on. A table says ``plane:foundry/agents``: the list ``agents`` below the
endpoint that a record names. An endpoint comes from an answer, so that a token is sent to none but
hosts of the cloud's own domains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from connectors.azure.config import Cloud
from scanner.kit.expressions import expression
from scanner.kit.tables import first_text, values
from scanner.kit.values import text
from scanner.model.errors import Unavailable

if TYPE_CHECKING:
    from connectors.azure.access import Access

P, G, C = Cloud.PUBLIC, Cloud.USGOV, Cloud.CHINA


class Plane(NamedTuple):
    base: str
    """Path of an endpoint, with holes."""
    domains: Mapping[Cloud, tuple[str, ...]]
    audience: Mapping[Cloud, str]
    version: str = ""
    limit: str = ""
    """Parameter that asks for large pages."""
    may_lack: bool = False
    """Leaves an empty list out."""


PLANES: Mapping[str, Plane] = {
    # https://learn.microsoft.com/rest/api/aifoundry
    "foundry": Plane(
        "/api/projects/{project}", {P: (".services.ai.azure.com",)}, {P: "https://ai.azure.com"},
        "v1", "limit=100"),
    # https://learn.microsoft.com/azure/ai-services/openai/authoring-reference
    "openai": Plane(
        "/openai",
        {P: (".openai.azure.com", ".cognitiveservices.azure.com"),
         G: (".openai.azure.us", ".cognitiveservices.azure.us")},
        {P: "https://cognitiveservices.azure.com", G: "https://cognitiveservices.azure.us"},
        "2024-10-21", "limit=100"),
    # https://learn.microsoft.com/rest/api/searchservice
    "search": Plane(
        "", {P: (".search.windows.net",), G: (".search.azure.us",), C: (".search.azure.cn",)},
        {P: "https://search.azure.com", G: "https://search.azure.us", C: "https://search.azure.cn"},
        "2026-04-01"),
    # https://docs.databricks.com/api/azure/workspace/servingendpoints/list
    "databricks": Plane(
        "/api/2.0",
        {P: (".azuredatabricks.net",), G: (".databricks.azure.us",), C: (".databricks.azure.cn",)},
        dict.fromkeys((P, G, C), "2ff814a6-3304-4ab8-86cb-cd0e6f879c1d"), may_lack=True),
}  # fmt: skip
PERMISSIONS = {
    "plane:foundry/agents": "Microsoft.CognitiveServices/accounts/AIServices/agents/read",
    "plane:foundry/assistants": "Microsoft.CognitiveServices/accounts/AIServices/agents/read",
    "plane:openai/fine_tuning/jobs": "Microsoft.CognitiveServices/accounts/OpenAI/fine-tunes/read",
    "plane:search/indexes": "Microsoft.Search/searchServices/indexes/read",
    "plane:search/datasources": "Microsoft.Search/searchServices/dataSources/read",
    "plane:search/indexers": "Microsoft.Search/searchServices/indexers/read",
    "plane:search/skillsets": "Microsoft.Search/searchServices/skillsets/read",
    # Databricks asks its own users; whoever may see the workspace is told its address alone.
    "plane:databricks/serving-endpoints": "Microsoft.Databricks/workspaces/read",
}
"""https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning and
.../web-and-mobile"""
GIVEN_ELSEWHERE = {
    "plane:databricks/serving-endpoints": "Databricks: the identity is to be a user of each "
    "workspace, or of the account (https://learn.microsoft.com/azure/databricks/admin/"
    "users-groups/service-principals); no role of Azure makes it one",
    **dict.fromkeys(
        ("plane:search/indexes", "plane:search/datasources", "plane:search/indexers",
         "plane:search/skillsets"),
        "AI Search: role-based access is to be on in each service (https://learn.microsoft.com/"
        "azure/search/search-security-enable-roles); with keys alone no role counts",
    ),
}  # fmt: skip
"""What a role of Azure cannot give, and who can."""
_STEP = expression(r"[\w.~-]{1,260}")
_NAME = expression(r"[a-z0-9-]{2,60}")
_SEARCH = "microsoft.search/searchservices"
_MOST_PAGES = 10_000


def split(op: str) -> tuple[str, str]:
    """``plane:foundry/agents`` -> the plane and the list."""
    name, _, path = op.removeprefix("plane:").partition("/")
    return name, path


def template(op: str) -> str:
    name, path = split(op)
    return f"{PLANES[name].base}/{path}"


def endpoints(record: Mapping[str, Any], cloud: Cloud) -> dict[str, str]:
    """Plane -> the address that a record of the resource manager names for it."""
    told = [
        text(one)
        for path in ("properties.endpoint", "properties.endpoints.*", "properties.workspaceUrl")
        for one in values(record, path)
    ]
    found: dict[str, str] = {}
    for name, plane in PLANES.items():
        fitting = (_address(one, plane, cloud) for one in told)
        address = next(filter(None, fitting), "")
        if address:
            found[name] = address
    named = first_text(record, "name").casefold()
    is_search = first_text(record, "type").casefold() == _SEARCH
    if is_search and "search" not in found and _NAME.fullmatch(named):
        found["search"] = f"https://{named}{PLANES['search'].domains[cloud][0]}"
    return found


def _address(told: str, plane: Plane, cloud: Cloud) -> str:
    """Empty: it is none of the plane's; no token is sent there."""
    try:
        split = urlsplit(told if "://" in told else f"https://{told}")
        port = split.port
    except ValueError:
        return ""
    host = split.hostname or ""
    if split.scheme != "https" or split.username or split.query or port not in (None, 443):
        return ""
    labels = [host.removesuffix(one) for one in plane.domains.get(cloud, ()) if host.endswith(one)]
    if not labels or not all(map(_STEP.fullmatch, labels)):
        return ""
    steps = [one for one in split.path.split("/") if one]
    wanted = [one for one in plane.base.split("/") if one]
    if "{" not in plane.base:
        return f"https://{host}"
    if len(steps) != len(wanted) or not all(map(_STEP.fullmatch, steps)):
        return ""
    if any(w not in ("{project}", s) for s, w in zip(steps, wanted, strict=True)):
        return ""
    return f"https://{host}/{'/'.join(steps)}"


def listed(access: Access, op: str, endpoint: str, items: str) -> Iterator[Any]:
    """The records of every page. Raises the source errors."""
    name, path = split(op)
    plane = PLANES[name]
    if not endpoint:
        raise Unavailable(f"{op}: Azure names no endpoint of {name} that takes tokens")
    host = urlsplit(endpoint).hostname or ""
    base = urlsplit(endpoint).path if "{" in plane.base else plane.base
    ident, local = f"GET //{name}{template(op)}", f"{base}/{path}"
    asked = {"api-version": plane.version} if plane.version else {}
    key, _, size = plane.limit.partition("=")
    asked |= {key: size} if key else {}
    session = access.plane(name, host)
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = access.told(ident, host, session, local, asked)
        for record in _records(page, items, f"{ident} in {host}", may_lack=plane.may_lack):
            yield _bare(record)
        following = _following(page, items, f"{ident} in {host}")
        if not following:
            return
        mark = repr(sorted(following.items()))
        if mark in seen:
            raise Unavailable(f"{ident} in {host}: the source repeats a page")
        seen.add(mark)
        asked |= following
    raise Unavailable(f"{ident} in {host}: more than {_MOST_PAGES} pages")


def _records(page: Mapping[str, Any], items: str, said: str, *, may_lack: bool) -> list[Any]:
    name = items.partition("[")[0]
    found = page.get(name)
    if may_lack and name not in page and not page:
        return []
    if not isinstance(found, list):
        raise Unavailable(f"{said}: the answer has no list `{name}`")
    for one in found:
        if not isinstance(one, Mapping):
            raise Unavailable(f"{said}: a record that is none")
    return found


_SOURCE = expression(r"(?:^|;)\s*ResourceId=(/subscriptions/[^;]{1,900})")


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of credentials, only the resource that they name."""
    if "credentials" not in record:
        return dict(record)
    found = _SOURCE.search(first_text(record, "credentials.connectionString"))
    return {**record, "credentials": {"resource": found[1].rstrip("/")} if found else {}}


def _following(page: Mapping[str, Any], items: str, said: str) -> dict[str, str]:
    """What the next page is asked with; empty: there is none."""
    link = page.get("nextLink") or page.get("@odata.nextLink") or page.get("next_page_token")
    if link:
        raise Unavailable(f"{said}: there are more pages, of a kind that is not known")
    if page.get("has_more") is not True:
        return {}
    last = first_text(page, "last_id")
    if not last:
        records = page.get(items.partition("[")[0])
        last = first_text(records[-1], "id") if isinstance(records, list) and records else ""
    if not last:
        raise Unavailable(f"{said}: there are more pages, and the answer does not say how to ask")
    return {"after": last}
