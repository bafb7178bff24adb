"""DocuSign: which applications act on agreements and for whom, and where agreements are sent to.

Monitor's events (https://developers.docusign.com/docs/monitor-api) name an application by its
integration key; the organization's Connect configurations
(https://developers.docusign.com/docs/admin-api/reference/organization/connect) name the addresses
that agreements are published to. No agreement, recipient or secret is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from connectors.docusign import events
from connectors.docusign.events import DATA, NAMES
from connectors.docusign.tokens import TOKEN, Tokens
from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Logged,
    Reading,
    Settings,
    each,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context, Operation
from scanner.kit.http import Missing, json_body
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor, whole_list
from scanner.kit.told import check_address
from scanner.kit.values import hosts, iso, mapping, text
from scanner.model.errors import Unavailable
from scanner.model.items import Item

Part = Literal["connect", "events"]
EVENTS = read(
    "/v1/organizations/{organization}/stream", "impersonation of an administrator",
    "which applications act, and for whom", also=("DocuSign Monitor",),
)  # fmt: skip
CONFIGS = read(
    "/Management/v2/organizations/{organization}/connect", "connect_org_config_read_api",
    "where agreements are published to",
)  # fmt: skip
CONFIG = read(f"{CONFIGS.path}/{{id}}", "connect_org_config_read_api", "its address and events")
_CALLS = (EVENTS, CONFIGS, CONFIG)
KEPT = timedelta(days=3650)
"""How long Monitor keeps events its pages do not say."""
_SIZE = "1000"


class DocuSignConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization, or events exported from one."""

    organization_id: str = ""
    """Its GUID."""
    token_env: str = "DOCUSIGN_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    private_key_env: str = "DOCUSIGN_PRIVATE_KEY"
    """Environment variable with the RSA key of an app that an administrator has consented to."""
    integration_key: str = ""
    """The app's."""
    user_id: str = ""
    """GUID of the administrator of this one organization whom the app acts for."""
    url: str = "https://api.docusign.com"
    """Of Monitor."""
    admin_url: str = "https://api.docusign.net"
    auth_url: str = "https://account.docusign.com"
    parts: tuple[Part, ...] = ("connect", "events")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.live:
            return
        for one in (self.admin_url, self.auth_url):
            check_address(one, self.organization)
        if not self.organization_id:
            raise ValueError("set `organization_id`, or `live = false`")


def _access(ctx: Context[DocuSignConfig]) -> Any:
    tokens = Tokens(ctx)
    return {
        EVENTS.id: session(ctx, (EVENTS,), {}, authorize=tokens.headers),
        CONFIGS.id: session(
            ctx, (CONFIGS, CONFIG), {}, ctx.config.admin_url, authorize=tokens.headers
        ),
    }


def _path(reading: Reading, operation: Operation) -> str:
    ident = quote(reading.ctx.config.organization_id, safe="")
    return operation.path.replace("{organization}", ident)


# --- Connect --------------------------------------------------------------------------------------


def is_connect(record: Mapping[str, Any]) -> bool:
    return "connectId" in record and bool({"urlToPublishTo", "configurationType"} & record.keys())


def connect(record: Any, org: str) -> list[Item] | None:
    """An address that agreements are sent to: whose it is, the catalogue says by its host."""
    given = mapping(record)
    ident, name = text(given.get("connectId")), text(given.get("name"))
    if not ident:
        return None
    places = hosts([given.get("urlToPublishTo")])
    off = text(given.get("allowEnvelopePublish")).casefold() == "false"
    store = () if off else (DATA.store("agreements", org),)
    return [
        NAMES.app(
            org, "connect configuration", "" if off else "grants", f"connect-{ident}",
            name or ident, hosts=places, reads=store, status="off" if off else "",
        )
    ]  # fmt: skip


def configurations(reading: Reading) -> Iterator[Item]:
    yield from each(_configurations(reading), connect, reading.org, CONFIGS.id)


def _configurations(reading: Reading) -> Iterator[Any]:
    """The list has no addresses; each configuration is asked for by itself."""
    access = reading.access[CONFIGS.id]
    listed = Operation(id=f"GET {_path(reading, CONFIGS)}", permission=CONFIGS.permission)
    for record in whole_list(access, listed, items="configurations"):
        given = mapping(record)
        ident = text(given.get("connectId"))
        if not ident:
            yield record
            continue
        try:
            found = mapping(json_body(access.get(f"{listed.path}/{quote(ident, safe='')}")))
        except Missing:
            continue  # deleted meanwhile
        if text(found.get("connectId")) != ident:
            raise Unavailable(f"{CONFIG.id}: the answer is no configuration")
        yield {**given, **found}


# --- Monitor --------------------------------------------------------------------------------------


def log(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """By when DocuSign took events in, from a moment on: there is no end to ask for."""
    found = by_cursor(
        reading.access[EVENTS.id], _path(reading, EVENTS), {"cursor": iso(begin), "limit": _SIZE},
        items="resultData", cursor="endCursor", param="cursor", ends_at_same=True,
        ends_when_empty=True,
    )  # fmt: skip
    for record in found:
        yield events.event(record, reading.org)


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="docusign",
        title="DocuSign applications by integration key, and Connect addresses",
        config=DocuSignConfig,
        operations=(TOKEN, *_CALLS),
        yields=NAMES.kinds | {DATA.kind},
        docs_url="https://developers.docusign.com/docs/monitor-api/reference/monitor/dataset",
        no_export="of Monitor the vendor documents no export but its API's own JSON",
        # None is told of Monitor and Admin.
        rates={"default": 2.0},
    ),
    names=NAMES,
    parts=(
        Listed("connect", CONFIGS, configurations),
        Logged("events", EVENTS, log, kept=KEPT, span=KEPT),
    ),
    kinds=(Kind(events.is_event, events.event), Kind(is_connect, connect)),
    access=_access,
    expected="Monitor events or Connect configurations",
)
