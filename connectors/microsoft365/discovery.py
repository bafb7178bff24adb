"""Apps that Defender for Cloud Apps has discovered in traffic, and Teams' catalogue of apps.

https://learn.microsoft.com/defender-cloud-apps/discovered-apps-api-graph (beta) and
https://learn.microsoft.com/graph/api/appcatalogs-list-teamsapps. Traffic is added up by Microsoft
for the period; its categories of AI are the vendor's own word, and no catalogue is needed for that.
The portal's CSV has the same columns with spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.microsoft365.names import NAMES
from scanner.kit.administered import Reading, odd_gap, read
from scanner.kit.paged import by_link
from scanner.kit.records import column, has_columns
from scanner.kit.told import gap
from scanner.kit.values import items, mapping, size, stamp, text
from scanner.model.errors import SourceError
from scanner.model.facts import AssetClass
from scanner.model.items import Item

_DISCOVERY = "/beta/security/dataDiscovery/cloudAppDiscovery/uploadedStreams"
STREAMS = read(
    _DISCOVERY, "CloudApp-Discovery.Read.All", "the sources of traffic that are analysed",
    bucket="discovery",
)  # fmt: skip
_DETAILS = f"{_DISCOVERY}/{{stream}}/aggregatedAppsDetails(period=duration'P{{days}}D')"
DETAILS = read(
    _DETAILS, "CloudApp-Discovery.Read.All", "apps, traffic, sanctioned or not", bucket="discovery"
)
USERS = read(
    f"{_DETAILS}/{{app}}/users", "CloudApp-Discovery.Read.All",
    "who uses an app that counts as AI", bucket="discovery",
)  # fmt: skip
TEAMS_APPS = read(
    "/v1.0/appCatalogs/teamsApps", "AppCatalog.Read.All",
    "apps that the organization has brought into Teams", bucket="teams",
)  # fmt: skip
OPERATIONS = (STREAMS, DETAILS, USERS, TEAMS_APPS)
_AI = {
    "generativeai": "generative AI", "aimodelprovider": "AI model provider",
    "mcpserver": "MCP server", "clientaiapp": "AI client",
}  # fmt: skip
"""Category, in lower case and without spaces -> in words."""
_ROW = ("Application", "Score", "Category")
_MOST_HOSTS = 20


def discovered(reading: Reading) -> Iterator[Item]:
    """Raises the source errors where streams cannot be listed; one that fails is a gap."""
    odd = 0
    graph, days = reading.access.graph, str(reading.ctx.config.discovery_days)
    for stream in _listed(graph, STREAMS.path):
        ident = text(mapping(stream).get("id"))
        if not ident:
            odd += 1
            continue
        path = _DETAILS.replace("{stream}", ident).replace("{days}", days)
        try:
            for record in _listed(graph, path):
                told = detail(mapping(record), reading.org)
                odd += told is None
                yield from told or ()
                if told and _category(record):
                    yield from _users(reading, path, mapping(record))
        except SourceError as error:
            yield gap(f"{DETAILS.id} of {ident}", error)
    yield from odd_gap(odd, DETAILS.id)


def _users(reading: Reading, path: str, record: Mapping[str, Any]) -> Iterator[Item]:
    try:
        for one in _listed(reading.access.graph, f"{path}/{text(record.get('id'))}/users"):
            who = NAMES.person(reading.org, "", text(mapping(one).get("userIdentifier")))
            if who is not None:
                yield from _app(record, reading.org, "used_by", actor=who)
    except SourceError as error:
        yield gap(f"{USERS.id} of {text(record.get('displayName'))}", error)


def _listed(graph: Any, path: str) -> Iterator[Any]:
    yield from by_link(graph, path, {}, items="value", link="@odata.nextLink")


def _category(record: Any) -> str:
    return _AI.get(text(mapping(record).get("category")).casefold().replace(" ", ""), "")


def is_detail(record: Mapping[str, Any]) -> bool:
    return "displayName" in record and "category" in record and "userCount" in record


def detail(record: Mapping[str, Any], org: str) -> list[Item] | None:
    if not text(record.get("displayName")) or not text(record.get("id")):
        return None
    return list(_app(record, org, "contains"))


def _app(record: Mapping[str, Any], org: str, relation: str, actor: Any = None) -> Iterator[Item]:
    """Transactions are what is counted for the app; of a person none are told."""
    category = _category(record)
    label = text(record.get("displayName"))
    domains = [text(one) for one in items(record.get("domains"))][:_MOST_HOSTS]
    tags = ", ".join(sorted(text(one) for one in items(record.get("tags")))).casefold()
    count = record.get("transactionCount")
    more: dict[str, Any] = {
        "hosts": tuple(host for one in domains if (host := _host(one))),
        "last_at": stamp(record.get("lastSeenDateTime")),
        "actor": actor,
        "where": "seen in traffic",
    }
    if actor is None:
        more["count"] = max(1, count) if isinstance(count, int) else 1
        more["bytes_up"] = size(record.get("uploadNetworkTrafficInBytes"))
        more["bytes_down"] = size(record.get("downloadNetworkTrafficInBytes"))
        more["status"] = _told(record, category, tags)
    found = NAMES.app(org, DETAILS.id, relation, f"discovered/{label}", label, **more)
    if not category:
        yield found
        return
    thing = NAMES.thing(
        org, "app", f"discovered/{label}", label, AssetClass.SAAS_APP,
        tags={"category": category, **({"tags": tags} if tags else {})},
    )  # fmt: skip
    yield msgspec.structs.replace(found, thing=thing)


def _told(record: Mapping[str, Any], category: str, tags: str) -> str:
    said = {
        "users": text(record.get("userCount")),
        "uploaded bytes": text(record.get("uploadNetworkTrafficInBytes")),
        "downloaded bytes": text(record.get("downloadNetworkTrafficInBytes")),
        "risk score": text(record.get("riskScore")),
    }
    told = [f"{value} {word}" for word, value in said.items() if value]
    return ", ".join(filter(None, (category, tags, *told)))


def _host(place: str) -> str:
    try:
        return urlsplit(place if "://" in place else f"//{place}").hostname or ""
    except ValueError:
        return ""  # a place that nobody can visit names no host


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _ROW)


def row(record: Mapping[str, Any], org: str) -> list[Item] | None:
    """A row of the portal's export of discovered apps."""
    numbers = {
        field: int(said) if said.isdigit() else None
        for field, name in (("transactionCount", "Transactions"), ("userCount", "Users"),
                            ("uploadNetworkTrafficInBytes", "Upload (Bytes)"),
                            ("downloadNetworkTrafficInBytes", "Download (Bytes)"),
                            ("riskScore", "Score"))
        if (said := column(record, name, name.replace(" (Bytes)", "")))
    }  # fmt: skip
    sanctioned = {"yes": ["Sanctioned"], "no": ["Unsanctioned"]}
    told = {
        **numbers,
        "id": column(record, "Application"),
        "displayName": column(record, "Application"),
        "category": column(record, "Category"),
        "domains": column(record, "Domains", "Domain").replace(";", " ").replace(",", " ").split(),
        "lastSeenDateTime": column(record, "Last seen (UTC)", "Last seen"),
        "tags": sanctioned.get(column(record, "Sanctioned").casefold(), []),
    }
    return detail(told, org)


def teams_apps(reading: Reading) -> Iterator[Item]:
    """Those that somebody uploaded for the organization; the store's own are everybody's."""
    odd = 0
    query = {"$filter": "distributionMethod ne 'store'", "$expand": "appDefinitions"}
    listed = by_link(
        reading.access.graph, TEAMS_APPS.path, query,
        items="value", link="@odata.nextLink",
    )  # fmt: skip
    for record in map(mapping, listed):
        label, ident = text(record.get("displayName")), text(record.get("id"))
        if not label or not ident:
            odd += 1
            continue
        defined = [mapping(one) for one in items(record.get("appDefinitions"))]
        client = next(
            (found for one in defined
             if (found := text(mapping(one.get("authorization")).get("clientAppId")))), "",
        )  # fmt: skip
        yield NAMES.app(
            reading.org, TEAMS_APPS.id, "contains", client or f"teams/{ident}", label,
            client_id=client.casefold(), status=text(record.get("distributionMethod")),
            where="in Teams",
        )  # fmt: skip
    yield from odd_gap(odd, TEAMS_APPS.id)
