"""W&B's audit log: who works on which project, and what is done with keys and service accounts.

https://docs.wandb.ai/platform/hosting/monitoring-usage/audit-logging. Entries have no id: two that
say the same of the same second are one. How long they are kept W&B does not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.wandb.records import NAMES, project_thing, service
from scanner.kit.administered import Reading, read
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.overlooked import Happened
from scanner.kit.paged import by_cursor
from scanner.kit.values import mapping, text, when
from scanner.model.evidence import Ends

_ENTERPRISE = "organization administrator, on an Enterprise plan"
EVENTS = read("/audit_logs", _ENTERPRISE, "who works on what, and makes keys")
OWN_EVENTS = read(
    "/admin/audit_logs", "instance administrator", "the same of an instance of one's own",
    opt_in=("own_instance",),
)  # fmt: skip
KEPT = timedelta(days=3650)
SPAN = timedelta(days=7)
"""As many days as one call may name."""
_SIZE = "10000"
_KEYS = frozenset({
    "user:create_api_key", "user:delete_api_key", "team:create_service_account", "team:uninvite",
})  # fmt: skip
_WORK = ("artifact:", "project:", "report:", "run:", "sweep:")
_REFUSED = 400


def is_event(record: Mapping[str, Any]) -> bool:
    return {"action", "timestamp"} <= record.keys() and bool(
        {"actor_user_id", "actor_email", "actor_ip", "response_code"} & record.keys()
    )


def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    kind, at = text(given.get("action")), when(given.get("timestamp"))
    if not is_event(given) or not kind:
        return None
    ident = mark_of((at, whole(given)))
    mail = text(given.get("actor_email"))
    who = NAMES.person(org, mail or text(given.get("actor_user_id")), mail)
    more: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    entity, name = _project(given)
    if kind in _KEYS:
        told = NAMES.used(service(org), kind, "", **more)
    elif kind.startswith(_WORK) and name:
        is_gone = kind == "project:delete"
        relation, ends = ("", Ends.GONE) if is_gone else ("used_by", Ends.NOTHING)
        told = NAMES.used(project_thing(org, entity, name), kind, relation, ends=ends, **more)
    else:
        return ident, at, ()
    code = given.get("response_code")
    is_refused = isinstance(code, int) and code >= _REFUSED
    return ident, at, (failed(told) if is_refused else told,)


def _project(given: Mapping[str, Any]) -> tuple[str, str]:
    """Team and name; an artifact's full name begins with both."""
    name = text(given.get("project_name"))
    if name:
        return text(given.get("entity_name")), name
    entity, _, rest = text(given.get("artifact_qualified_name")).partition("/")
    name = rest.partition("/")[0] if "/" in rest else ""
    return (entity, name) if name else ("", "")


def events(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    if reading.ctx.config.own_instance:
        path = OWN_EVENTS.path
        query = {"startDate": _second(begin), "endDate": _second(end)}
    else:
        path = EVENTS.path
        first, last = begin.astimezone(UTC), end.astimezone(UTC) - timedelta(seconds=1)
        days = max(0, (last.date() - first.date()).days)
        query = {"startDate": first.date().isoformat(), "numDays": str(days)}
    found = by_cursor(
        reading.access.rest, path, {**query, "limit": _SIZE}, items="audit_logs",
        cursor="next_cursor", param="cursor",
    )  # fmt: skip
    for record in found:
        yield event(record, reading.org)


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
