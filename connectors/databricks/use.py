"""Who uses which endpoint, space and index, asked of system tables and added up there.

https://docs.databricks.com/api/workspace/statementexecution and
https://docs.databricks.com/admin/system-tables/. The statements are these two, read alone, and hold
nothing that came from outside but the day from which on is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from time import sleep
from typing import Any

from connectors.databricks.names import NAMES, person
from connectors.databricks.records import SERVICES, used
from connectors.databricks.serving import through, used_endpoint
from scanner.kit.administered import Reading, odd_gap, read
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.http import json_body
from scanner.kit.overlooked import Happened
from scanner.kit.text import cut
from scanner.kit.told import gap
from scanner.kit.values import items, mapping, text, when
from scanner.model.errors import Denied, NotEnabled, SourceError, Unavailable
from scanner.model.items import Item

STATEMENT = read(
    "/api/2.0/sql/statements", "CAN USE on the warehouse", "use of endpoints, from system tables",
    method="POST", also=("SELECT on system.serving and system.access",), opt_in=("warehouse_id",),
)  # fmt: skip
STATE = read(
    "/api/2.0/sql/statements/{id}", "CAN USE on the warehouse", "whether a statement is done",
    opt_in=("warehouse_id",),
)  # fmt: skip
CHUNK = read(
    "/api/2.0/sql/statements/{id}/result/chunks/{n}", "CAN USE on the warehouse",
    "the rest of its rows", opt_in=("warehouse_id",),
)  # fmt: skip
OPERATIONS = (STATEMENT, STATE, CHUNK)
_SERVED = """
SELECT u.requester, s.endpoint_name, s.entity_name, count(*), min(u.request_time),
  max(u.request_time)
FROM system.serving.endpoint_usage u
JOIN system.serving.served_entities s USING (served_entity_id)
WHERE u.request_time >= :since AND u.status_code < 400
GROUP BY ALL
"""
_AUDITED = f"""
SELECT user_identity.email, service_name, action_name,
  coalesce(request_params['name'], request_params['endpoint_name'], request_params['index_name'],
    request_params['space_id'], ''),
  count(*), min(event_time), max(event_time)
FROM system.access.audit
WHERE event_date >= :since AND coalesce(response.status_code, 200) < 400
  AND lower(service_name) IN ({", ".join(f"'{one}'" for one in SERVICES)})
GROUP BY ALL
"""  # noqa: S608 - names of this file alone
_MOST_CHUNKS = 10_000
_REFUSED = 400
_MOST_WAITS = 120
_RUNNING = ("PENDING", "RUNNING")


def use(reading: Reading) -> Iterator[Item]:
    """All of the window each time. What one table does not give is a gap; when neither does, the
    error is raised."""
    errors: list[SourceError] = []
    for rule, statement, told in (
        ("system.serving.endpoint_usage", _SERVED, _served),
        ("system.access.audit", _AUDITED, _audited),
    ):
        odd = 0
        try:
            for row in _rows(reading, statement):
                found = told(row, reading.org)
                odd += found is None
                yield from found or ()
        except SourceError as error:
            errors.append(error)
            trouble = gap(rule, error)
            continue
        yield from odd_gap(odd, rule)
    if len(errors) == 2:
        raise errors[0]
    if errors:
        yield trouble


def _served(row: list[Any], org: str) -> list[Item] | None:
    if len(row) != 6 or not text(row[1]):
        return None
    name, model = text(row[1]), text(row[2])
    thing = used_endpoint(org, name, (model,) if model else ())
    who = person(org, text(row[0]))
    one = NAMES.used(
        thing, "endpoint_usage", actor=who, count=_count(row[3]), first_at=when(row[4]),
        last_at=when(row[5]), where=model,
    )  # fmt: skip
    return list(through(one))


def is_call(record: Mapping[str, Any]) -> bool:
    """Of ``system.serving.endpoint_usage`` as a table
    (https://docs.databricks.com/aws/en/ai-gateway/configure-ai-gateway-endpoints), with or without
    the columns of ``served_entities``."""
    return {"requester", "request_time", "status_code", "served_entity_id"} <= record.keys()


def call(record: Any, org: str) -> Happened | None:
    """One call of a served entity: by the endpoint's name, where it is told."""
    given = mapping(record)
    name = text(given.get("endpoint_name")) or text(given.get("served_entity_id"))
    at, model = when(given.get("request_time")), text(given.get("entity_name"))
    if not name or not at:
        return None
    thing = used_endpoint(org, name, (model,) if model else ())
    one = NAMES.used(
        thing, "endpoint_usage", actor=person(org, text(given.get("requester"))), first_at=at,
        last_at=at, where=model,
    )  # fmt: skip
    code = text(given.get("status_code"))
    is_done = not code.isdigit() or int(code[:6]) < _REFUSED
    ident = text(given.get("databricks_request_id")) or mark_of((at, whole(given)))
    return ident, at, tuple(through(one)) if is_done else (failed(one),)


def _audited(row: list[Any], org: str) -> list[Item] | None:
    if len(row) != 7:
        return None
    who = person(org, text(row[0]))
    one = used(
        org, text(row[1]), text(row[2]), text(row[3]), who, False, count=_count(row[4]),
        first_at=when(row[5]), last_at=when(row[6]),
    )  # fmt: skip
    return list(through(one)) if one else []


def _count(value: Any) -> int:
    return max(1, int(said)) if (said := text(value)).isdigit() and len(said) < 19 else 1


def _rows(reading: Reading, statement: str) -> Iterator[list[Any]]:
    ctx = reading.ctx
    days = ctx.config.since_days or ctx.window_days
    since = f"{ctx.now() - timedelta(days=days):%Y-%m-%d}"
    body = mapping(json_body(reading.access.post("/api/2.0/sql/statements", {
        "warehouse_id": ctx.config.warehouse_id, "statement": statement,
        "parameters": [{"name": "since", "value": since, "type": "DATE"}],
        "wait_timeout": "50s", "format": "JSON_ARRAY", "disposition": "INLINE",
    })))  # fmt: skip
    body = _done(reading, body)
    result = mapping(body.get("result"))
    for _ in range(_MOST_CHUNKS):
        rows = result.get("data_array")
        if not isinstance(rows, list) and (rows is not None or "manifest" not in body):
            raise Unavailable("system tables: the answer has no rows")
        yield from (items(row) for row in items(rows))
        link = text(result.get("next_chunk_internal_link"))
        if not link:
            return
        result = mapping(json_body(reading.access.get(link)))
        if "data_array" not in result:
            raise Unavailable("system tables: a chunk without rows")
    raise Unavailable(f"system tables: more than {_MOST_CHUNKS} chunks")


def _done(reading: Reading, body: Any) -> Any:
    """Waits for the statement. Raises what its failure means."""
    for _ in range(_MOST_WAITS):
        status = mapping(body.get("status"))
        state = text(status.get("state"))
        if state == "SUCCEEDED":
            return body
        if state not in _RUNNING:
            break
        sleep(reading.ctx.config.poll_seconds)
        body = mapping(json_body(reading.access.get(
            f"/api/2.0/sql/statements/{text(body.get('statement_id'))}"
        )))  # fmt: skip
    said = cut(text(mapping(status.get("error")).get("message")), 200)
    plain = said.casefold()
    if "permission" in plain or "privilege" in plain:
        raise Denied(f"system tables: {said}; grant SELECT on system.serving and system.access")
    if "not found" in plain or "cannot be found" in plain:
        raise NotEnabled(f"system tables: {said}; an administrator enables the schema")
    raise Unavailable(f"system tables: {state or 'no state'} {said}")
