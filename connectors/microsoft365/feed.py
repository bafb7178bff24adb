"""Content blobs of the Management Activity API, in windows of a day.

https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference:
a list of blobs goes on in the header ``NextPageUri``; a window is 24 hours at most and begins seven
days ago at the earliest. When a blob was made is what windows go by: its records may be older.
Subscriptions are started by an administrator, as that is a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from connectors.microsoft365.agents import HUNT
from connectors.microsoft365.discovery import OPERATIONS as GRAPH_OPERATIONS
from connectors.microsoft365.events import happened
from scanner.kit.administered import Reading, read, session
from scanner.kit.contract import Context
from scanner.kit.http import json_body, pages
from scanner.kit.microsoft_tokens import Tokens
from scanner.kit.overlooked import Happened, Novel, timed
from scanner.kit.values import iso, items, mapping, stamp, text
from scanner.model.errors import NotEnabled, Unavailable

_FEED = "/api/v1.0/{tenant}/activity/feed"
CONTENTS = {
    "directory": "Audit.AzureActiveDirectory",
    "general": "Audit.General",
    "sharepoint": "Audit.SharePoint",
    "exchange": "Audit.Exchange",
}
"""Part -> type of content."""
SUBSCRIBED = read(
    f"{_FEED}/subscriptions/list", "ActivityFeed.Read", "which content is subscribed to",
    bucket="activity",
)  # fmt: skip
CONTENT = read(
    f"{_FEED}/subscriptions/content", "ActivityFeed.Read", "which blobs of records there are",
    bucket="activity",
)  # fmt: skip
BLOB = read(
    f"{_FEED}/audit/{{id}}", "ActivityFeed.Read",
    "records: consents, Copilot and agents, flows, Teams apps", bucket="activity",
)  # fmt: skip
OPERATIONS = (SUBSCRIBED, CONTENT, BLOB)
_DAY = timedelta(days=1)
_AHEAD = 4


class Access:
    """Sessions of both APIs, each with tokens of its own."""

    def __init__(self, ctx: Context[Any]) -> None:
        config = ctx.config
        self.tenant = config.tenant_id or config.organization

        def made(url: str, variable: str, operations: Any, **headers: str) -> Any:
            token = ctx.environ.get(variable, "")
            tokens = Tokens(url, token, variable, config.credential, config.client_id)
            return session(
                ctx, operations, headers, url, authorize=tokens.headers,
                connections=config.parallel_calls,
            )  # fmt: skip

        self.feed = made(config.url, config.token_env, OPERATIONS)
        # Without it Graph tells newer categories (models, agents, MCP) as one unknown value.
        prefer = {"Prefer": "include-unknown-enum-members"}
        self.graph = made(
            config.graph_url, config.graph_token_env, (*GRAPH_OPERATIONS, HUNT), **prefer
        )

    def path(self, operation: Any) -> str:
        found: str = operation.path.replace("{tenant}", self.tenant)
        return found


def reader(
    content: str,
) -> Callable[[Reading, datetime, datetime], Iterable[Happened | Novel | None]]:
    def events(
        reading: Reading, begin: datetime, end: datetime
    ) -> Iterator[Happened | Novel | None]:
        access: Access = reading.access
        name = f"{reading.org}/{content}"
        reading.ctx.kept(f"microsoft365:{name}", lambda: _check(access, content))
        while begin < end:
            until = min(end, begin + _DAY)
            yield from _blobs(reading, content, begin, until)
            begin = until

    return events


def _check(access: Access, content: str) -> bool:
    """Raises ``NotEnabled`` for what nobody has subscribed to: its list would be an error."""
    listed = json_body(access.feed.get(access.path(SUBSCRIBED), _whose(access)))
    if not isinstance(listed, list):
        raise Unavailable(f"{SUBSCRIBED.id}: the answer is no list")
    for one in map(mapping, listed):
        if text(one.get("contentType")) == content and text(one.get("status")) == "enabled":
            return True
    raise NotEnabled(
        f"{content} is not subscribed to; an administrator starts it once: POST "
        f"{access.path(SUBSCRIBED).replace('/list', '/start')}?contentType={content}, and records "
        "come within twelve hours"
    )


def _whose(access: Access) -> dict[str, str]:
    """A tenant's own quota, not the one that all callers without a name share."""
    return {"PublisherIdentifier": access.tenant}


def _blobs(
    reading: Reading, content: str, begin: datetime, end: datetime
) -> Iterator[Happened | Novel | None]:
    access: Access = reading.access
    query = {
        **_whose(access), "contentType": content,
        "startTime": iso(begin).rstrip("Z"), "endTime": iso(end).rstrip("Z"),
    }  # fmt: skip
    parallel = reading.ctx.config.parallel_calls

    def following(answer: Any) -> str:
        return answer.headers.get("NextPageUri") or ""

    def records(uri: str) -> list[Any]:
        found = json_body(access.feed.get(uri))
        if not isinstance(found, list):
            raise Unavailable(f"{BLOB.id}: the answer is no list of records")
        return found

    with ThreadPoolExecutor(parallel, thread_name_prefix="m365") as pool:
        for page in pages(access.feed, access.path(CONTENT), query, following=following):
            listed = json_body(page)
            if not isinstance(listed, list):
                raise Unavailable(f"{CONTENT.id}: the answer is no list of blobs")
            blobs = [mapping(one) for one in items(listed)]
            for first in range(0, len(blobs), parallel * _AHEAD):
                some = blobs[first : first + parallel * _AHEAD]
                uris = [text(one.get("contentUri")) for one in some]
                made = [stamp(one.get("contentCreated")) for one in some]
                if not all(uris):
                    raise Unavailable(f"{CONTENT.id}: a blob without its address")
                for at, found in zip(made, pool.map(records, uris), strict=True):
                    yield from (_arrived(one, reading.org, at) for one in found)


def _arrived(record: Any, org: str, at: str) -> Happened | Novel | None:
    event = happened(mapping(record), org)
    if isinstance(event, Novel):
        ident, begun, told = event.event
        return Novel(event.kind, (ident, at or begun, told), event.why)
    return None if event is None else timed(event, at or event[1])
