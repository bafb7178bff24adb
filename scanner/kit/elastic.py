"""Records of vendors as Elastic's integrations rename them, spelt again as the vendor does.

https://github.com/elastic/integrations, ``packages/*/data_stream/*/elasticsearch/ingest_pipeline``:
unless ``preserve_original_event`` is set, the vendor's own text is gone and what is left stands
under ECS names and the integration's. Owns which of them a source's reader needs, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scanner.kit.values import mapping, text

Record = Mapping[str, Any]
_MOST_DEPTH, _MOST_DIGITS = 8, 4
_AT = "@timestamp"


def renamed(record: Record) -> Record | None:
    """The vendor's record; None where it is of none of these integrations."""
    if _AT not in record:
        return None
    whole = _tree(record)
    dataset = _at(whole, "data_stream.dataset") or _at(whole, "event.dataset")
    read = _DATASETS.get(dataset) or _DATASETS.get(dataset.partition(".")[0])
    if read is None:  # exported without the names of data streams: by what it holds
        read = next((one for name, one in _DATASETS.items() if mapping(whole.get(name))), None)
    return read(whole) if read is not None else None


def _tree(record: Record) -> dict[str, Any]:
    """Kibana's tables and flattened documents write paths with points."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        *above, last = name.split(".") if isinstance(name, str) else (name,)
        place = found
        for step in above:
            inner = place.get(step)
            place[step] = dict(inner) if isinstance(inner, Mapping) else {}
            place = place[step]
        place[last] = value
    return found


def _get(record: Any, path: str) -> Any:
    for step in path.split("."):
        record = mapping(record).get(step)
    return record


def _at(record: Any, *paths: str) -> str:
    """The text at the first path that has one."""
    return next(filter(None, (text(_get(record, path)) for path in paths)), "")


def _camel(value: Any, depth: int = _MOST_DEPTH) -> Any:
    """``alternate_id`` as ``alternateId``; a list that became numbered fields is one again."""
    if isinstance(value, list):
        return [_camel(one, depth - 1) for one in value] if depth else value
    if not isinstance(value, Mapping) or not depth:
        return value
    if value and all(
        isinstance(name, str) and name.isdecimal() and len(name) <= _MOST_DIGITS for name in value
    ):
        return [_camel(value[name], depth - 1) for name in sorted(value, key=int)]
    told = {}
    for name, inner in value.items():
        first, *more = str(name).split("_")
        told[first + "".join(one[:1].upper() + one[1:] for one in more)] = _camel(inner, depth - 1)
    return told


def _okta(whole: Record) -> Record:
    given = mapping(whole.get("okta"))
    told: dict[str, Any] = dict(_camel(given))
    debug = mapping(_get(given, "debug_context.debug_data"))
    told["debugContext"] = {
        "debugData": {**mapping(_camel(debug)), **mapping(debug.get("flattened"))}
    }
    return {
        **told, "published": whole[_AT], "eventType": _at(whole, "okta.event_type", "event.action"),
        "uuid": _at(whole, "okta.uuid", "event.id"),
    }  # fmt: skip


_OAUTH = {
    "OAUTH2_APPLICATION_ID": "OAUTH2_APP_ID", "OAUTH2_APPLICATION_NAME": "OAUTH2_APP_NAME",
    "scope_value": "scope",
}  # fmt: skip


def _google(whole: Record) -> Record:
    """Parameters of an event stand in fields within each other (``token.client.id``), those of the
    administrators' in small letters."""
    given = mapping(whole.get("google_workspace"))
    report = _at(given, "id.application_name") or _at(whole, "event.provider")
    told = {
        _OAUTH.get(name, name): value
        for path, value in _leaves(mapping(given.get(report)))
        for name in ["_".join(path).upper() if report == "admin" else "_".join(path)]
    }
    return {
        "id": {"time": whole[_AT], "applicationName": report,
               "uniqueQualifier": _at(given, "id.unique_qualifier") or _at(whole, "event.id")},
        "actor": {"email": _at(whole, "source.user.email", "user.email"),
                  "profileId": _at(whole, "source.user.id", "user.id")},
        "events": [{"name": _at(whole, "event.action"), "parameters": told}],
    }  # fmt: skip


def _leaves(value: Record, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and len(above) < _MOST_DEPTH:
            yield from _leaves(inner, (*above, str(name)))
        else:
            yield (*above, str(name)), inner


_OF_CONSENTS = ("TargetId", "ServicePrincipal", "ConsentAction", "ConsentContext", "AppRole",
                "DelegatedPermissionGrant", "User")  # fmt: skip


def _o365(whole: Record) -> Record:
    given = mapping(_get(whole, "o365.audit"))
    changed = given.get("ModifiedProperties")
    if isinstance(changed, Mapping):
        changed = [{"Name": _property(name), **mapping(one)} for name, one in changed.items()]
    failed = _at(whole, "event.outcome") == "failure"
    return {
        "ResultStatus": "Failed" if failed else "Success", "CreationTime": whole[_AT], **given,
        "Operation": _at(whole, "event.action"), "Id": _at(whole, "event.id"),
        "UserId": _at(given, "UserId") or _at(whole, "user.id", "user.email"),
        "ModifiedProperties": changed, "Target": _camel(given.get("Target")),
    }  # fmt: skip


def _property(name: str) -> str:
    head, _, rest = name.partition("_")
    return f"{head}.{rest}" if head in _OF_CONSENTS and rest else name


def _slack(whole: Record) -> Record:
    entity, place = (mapping(_get(whole, f"slack.audit.{one}")) for one in ("entity", "context"))
    kind = _at(entity, "entity_type")
    user = {"id": _at(whole, "user.id"), "email": _at(whole, "user.email"),
            "name": _at(whole, "user.full_name")}  # fmt: skip
    return {
        "id": _at(whole, "event.id"), "date_create": whole[_AT],
        "action": _at(whole, "event.action"), "actor": {"type": "user", "user": user},
        "entity": {"type": kind, kind: entity}, "context": {"location": place},
        "details": mapping(_get(whole, "slack.audit.details")),
    }  # fmt: skip


def _github(whole: Record) -> Record:
    return {
        **mapping(whole.get("github")), "@timestamp": whole[_AT],
        "action": _at(whole, "event.action"), "actor": _at(whole, "user.name"),
        "_document_id": _at(whole, "event.id"), "user": _at(whole, "user.target.name"),
    }  # fmt: skip


def _jumpcloud(whole: Record) -> Record:
    given = mapping(_get(whole, "jumpcloud.event"))
    who = {name: _at(whole, f"source.user.{name}", f"user.{name}") for name in ("id", "email")}
    who["username"] = _at(whole, "source.user.name", "user.name")
    return {
        "initiated_by": who, "success": _at(whole, "event.outcome") != "failure", **given,
        "id": _at(whole, "event.id"), "timestamp": whole[_AT],
        "event_type": _at(whole, "event.action") or _at(given, "event_type"),
    }  # fmt: skip


_AUTH0 = {
    "Successful login": "s",
    "Successful silent authentication": "ssa",
    "Successful exchange of Authorization Code for Access Token": "seacft",
    "Successful exchange of Access Token for a Client Credentials Grant": "seccft",
    "Successful exchange of Device Code for Access Token": "sede",
    "Successful exchange of Password for Access Token": "sepft",
    "Successful exchange of Refresh Token for Access Token": "sertft",
    "Failed exchange of Authorization Code for Access Token": "feacft",
    "Failed exchange of Access Token for a Client Credentials Grant": "feccft",
    "Failed exchange of Device Code for Access Token": "fede",
    "Failed exchange of Refresh Token for Access Token": "fertft",
    "Successful Management API operation": "sapi",
    "User successfully deleted": "sdu",
}
"""What is written in place of a type -> the type."""


def _auth0(whole: Record) -> Record:
    given = mapping(_get(whole, "auth0.logs.data"))
    kind = _at(given, "type")
    return {
        "user_id": _at(whole, "user.id"), "user_name": _at(whole, "user.name"),
        "date": whole[_AT], "log_id": _at(whole, "event.id"), **given,
        "type": _AUTH0.get(kind, kind),
    }  # fmt: skip


def _box(whole: Record) -> Record:
    given = mapping(whole.get("box"))
    maker = {"login": _at(whole, "user.email"), "name": _at(whole, "user.full_name")}
    return {
        "created_at": whole[_AT], **given, "type": "event",
        "event_type": _at(whole, "event.action"), "event_id": _at(whole, "event.id"),
        "created_by": {**maker, **mapping(given.get("created_by"))},
    }  # fmt: skip


def _azure(whole: Record) -> Record | None:
    """As Azure Monitor writes it."""
    for name, category in (("auditlogs", "AuditLogs"), ("signinlogs", "SignInLogs")):
        given = mapping(_get(whole, f"azure.{name}"))
        if given:
            outcome = _at(whole, "event.outcome")
            return {
                "time": whole[_AT], "category": category,
                "operationName": _at(given, "operation_name"),
                "resultType": _at(given, "result_type") or ("1" if outcome == "failure" else "0"),
                "properties": _camel(mapping(given.get("properties"))),
            }  # fmt: skip
    return None


_DATASETS: Mapping[str, Callable[[Record], Record | None]] = {
    "okta": _okta, "google_workspace": _google, "o365": _o365, "slack": _slack, "github": _github,
    "jumpcloud": _jumpcloud, "azure": _azure, "auth0": _auth0, "box_events": _box, "box": _box,
}  # fmt: skip
"""Name of the integration, before the point of a data stream's."""
