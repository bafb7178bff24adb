"""Exported files: what Graph tells, also as portals, Azure Monitor and SIEMs write it.

The portal's CSV: sign-ins (Date (UTC), User ID, Username, Application, Application ID, Status) and
enterprise applications (id, displayName, appId, createdDateTime, homepage); the report of Copilot's
use (User Principal Name, ``<app>`` Copilot Last Activity Date). Consents of the unified audit log
(Operation, ModifiedProperties) are read as directory audits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.entra.copilot import package, used
from connectors.entra.events import audit, is_audit, is_sign_in, sign_in
from connectors.entra.names import account
from connectors.entra.records import App, app_of, grant_of, user_of
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.envelopes import unwrapped
from scanner.kit.overlooked import Happened, Novel, Overlooked
from scanner.kit.records import column, has_columns
from scanner.kit.spelling import Spelling
from scanner.kit.told_files import FileTold
from scanner.kit.values import items, mapping, text
from scanner.model.items import Item

_FILE = "file"
_SIGN_IN_COLUMNS = ("Date (UTC)", "Application", "Application ID", "Status")
_APP_COLUMNS = ("id", "displayName", "appId", "createdDateTime")
_USE_COLUMNS = ("User Principal Name", "Last Activity Date")
_COPILOT_COLUMNS = {
    "copilotChat": "Copilot Chat Last Activity Date",
    "microsoftTeamsCopilot": "Microsoft Teams Copilot Last Activity Date",
    "wordCopilot": "Word Copilot Last Activity Date",
    "excelCopilot": "Excel Copilot Last Activity Date",
    "powerPointCopilot": "PowerPoint Copilot Last Activity Date",
    "outlookCopilot": "Outlook Copilot Last Activity Date",
    "oneNoteCopilot": "OneNote Copilot Last Activity Date",
    "loopCopilot": "Loop Copilot Last Activity Date",
}
_NAMED = 1
"""Type of a target that is a name (``IdentityType`` of the audit log's schema)."""
_CHANGED = {"Name": "displayName", "OldValue": "oldValue", "NewValue": "newValue"}
SPELLING = Spelling(
    (
        "id", "createdDateTime", "appId", "appDisplayName", "userId", "userPrincipalName",
        "userDisplayName", "servicePrincipalId", "status", "signInEventTypes", "activityDateTime",
        "activityDisplayName", "result", "initiatedBy", "targetResources",
    ),
    also={
        "ResultType": "status.errorCode",
        "Date (UTC)": "activityDateTime",
        "Activity": "activityDisplayName",
        "ActorObjectId": "initiatedBy.user.id",
        "ActorUserPrincipalName": "initiatedBy.user.userPrincipalName",
        "ActorDisplayName": "initiatedBy.user.displayName",
        **{f"Target{at + 1}{name}": f"targetResources.{at}.{to}" for at in range(5)
           for name, to in (("Type", "type"), ("DisplayName", "displayName"), ("ObjectId", "id"))},
        **{f"Target{at + 1}ModifiedProperty{one + 1}{name}":
           f"targetResources.{at}.modifiedProperties.{one}.{to}"
           for at in range(5) for one in range(20) for name, to in _CHANGED.items()},
    },
)  # fmt: skip
"""Also of the tables of a log workspace, and of the portal's CSV of audits."""


def read_file(
    path: Path, name: str, tenant: str, now: datetime, counted: Counted,
    ctx: Context[Any] | None = None,
) -> Iterator[Item]:  # fmt: skip
    """What one file tells, each event once. ``now``: of the scan; ``counted``: what other readings
    have counted; ``ctx``: for events that tell nothing. Records that are none are one
    gap, with the place of the first; a damaged file gives what was before the damage, then
    ``Unavailable``."""
    file = FileTold(name, now, counted, ctx)
    reader = _Reader(tenant, counted, file.overlooked)
    for number, record in file.records(path):
        reader.place = f":{number}"
        found = reader.understood(record)
        yield from file.take(number, found, is_event=reader.is_event)
    for grant in reader.grants:
        told = grant_of(grant, reader.apps, {}, tenant, _FILE)
        if told is not None:
            file.listed.add(told)
    yield from file.end("are no sign-ins, audits, applications, grants or people")
    yield account(tenant, _FILE)


class _Reader:
    """Grants wait for the end: applications may be listed behind them."""

    def __init__(self, tenant: str, counted: Counted, overlooked: Overlooked) -> None:
        self._tenant = tenant
        self._counted = counted
        self.overlooked = overlooked
        self.place = ""
        """Of the record that is read."""
        self.is_event = False
        """The last record that was understood."""
        self.apps: dict[str, App] = {}
        self.grants: list[Mapping[str, Any]] = []

    def understood(self, record: Any) -> list[Item] | None:
        self.is_event = False
        inner = unwrapped(record, _is_known, spelling=SPELLING)
        read = next((read for fits, read in _KINDS if inner is not None and fits(inner)), None)
        return None if read is None or inner is None else read(self, inner)

    def diagnostic(self, one: Mapping[str, Any]) -> list[Item] | None:
        """Azure Monitor writes when and with what result beside the record, and leaves out of it
        what nobody has told; Intune's audits have their activity there alone."""
        is_sign_in = text(one.get("category")).casefold().endswith("signinlogs")
        name = text(one.get("operationName")) or text(one.get("operationname"))
        flat = {
            **({"appId": "", "userId": ""} if is_sign_in else {"activityDisplayName": name}),
            "createdDateTime": one.get("time"),
            "activityDateTime": one.get("time"),
            "status": {"errorCode": text(one.get("resultType"))},
            **mapping(one.get("properties")),
        }
        return self.understood(flat)

    def _once(self, event: Happened | Novel | None) -> list[Item] | None:
        if event is None:
            return None
        self.is_event = True
        return list(self.overlooked.told(event, self._counted, self.place))

    def _app_by(self, ident: str) -> App | None:
        return self.apps.get(ident)

    def audit(self, one: Mapping[str, Any]) -> list[Item] | None:
        return self._once(audit(one, self._tenant, self._app_by))

    def sign_in(self, one: Mapping[str, Any]) -> list[Item] | None:
        return self._once(sign_in(one, self._tenant, self._app_by))

    def grant(self, one: Mapping[str, Any]) -> list[Item] | None:
        self.grants.append(one)
        return []

    def app(self, one: Mapping[str, Any]) -> list[Item] | None:
        app = app_of(one)
        if app is None:
            return None
        self.apps[app.ident] = app
        return [
            app.activity(
                self._tenant, _FILE, "contains", first_at=app.created, status=app.status
            )
        ]  # fmt: skip

    def user(self, one: Mapping[str, Any]) -> list[Item] | None:
        who = user_of(one, self._tenant, _FILE)
        return None if who is None else [who]

    def use_row(self, one: Mapping[str, Any]) -> list[Item] | None:
        told = {f"{field}LastActivityDate": column(one, c) for field, c in _COPILOT_COLUMNS.items()}
        told["userPrincipalName"] = column(one, "User Principal Name")
        told["displayName"] = column(one, "Display Name")
        return list(used(told, self._tenant, _FILE))

    def unified(self, one: Mapping[str, Any]) -> list[Item] | None:
        return self.audit(_from_unified(one))

    def sign_in_row(self, one: Mapping[str, Any]) -> list[Item] | None:
        return self.sign_in(_from_row(one))

    def use(self, one: Mapping[str, Any]) -> list[Item] | None:
        return list(used(one, self._tenant, _FILE))

    def package(self, one: Mapping[str, Any]) -> list[Item] | None:
        return list(package(one, self._tenant, _FILE)) or None


# --- what a record is -----------------------------------------------------------------------------


def _is_known(record: Mapping[str, Any]) -> bool:
    return any(fits(record) for fits, _ in _KINDS)


def _is_diagnostic(record: Mapping[str, Any]) -> bool:
    beside = {"time", "operationName", "operationname"} & record.keys()
    return bool(mapping(record.get("properties"))) and "category" in record and bool(beside)


def _is_unified(record: Mapping[str, Any]) -> bool:
    return "Operation" in record and "ModifiedProperties" in record


def _is_sign_in_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _SIGN_IN_COLUMNS)


def _is_grant(record: Mapping[str, Any]) -> bool:
    return "clientId" in record and "consentType" in record


def _is_use(record: Mapping[str, Any]) -> bool:
    return "userPrincipalName" in record and "reportRefreshDate" in record


def _is_use_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _USE_COLUMNS)


def _is_package(record: Mapping[str, Any]) -> bool:
    return "elementTypes" in record and "displayName" in record


def _is_app(record: Mapping[str, Any]) -> bool:
    return "appId" in record and "displayName" in record and "id" in record


def _is_user(record: Mapping[str, Any]) -> bool:
    return "userPrincipalName" in record and "id" in record


def _from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The portal's row of a sign-in, as Graph would tell it."""
    succeeded = column(row, "Status").casefold() == "success"
    return {
        "id": column(row, "Request ID"),
        "createdDateTime": column(row, "Date (UTC)"),
        "appId": column(row, "Application ID"),
        "appDisplayName": column(row, "Application"),
        "userId": column(row, "User ID"),
        "userPrincipalName": column(row, "Username"),
        "userDisplayName": column(row, "User"),
        "status": {"errorCode": 0 if succeeded else 1},
    }


def _from_unified(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of the unified audit log, as Graph would tell it
    (https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema)."""
    changed = [
        {"displayName": one.get("Name"), "newValue": one.get("NewValue"),
         "oldValue": one.get("OldValue")}
        for one in map(mapping, items(given.get("ModifiedProperties")))
    ]  # fmt: skip
    targets = [mapping(one) for one in items(given.get("Target"))]
    names = [text(one.get("ID")) for one in targets if one.get("Type") == _NAMED]
    label = next(filter(None, names), "")
    about: dict[str, Any] = {"type": "ServicePrincipal", "displayName": label}
    if not label and "@" in text(given.get("ObjectId")):
        about = {"type": "User", "userPrincipalName": given.get("ObjectId")}
    return {
        "id": given.get("Id"),
        "activityDateTime": given.get("CreationTime"),
        "activityDisplayName": given.get("Operation"),
        "result": text(given.get("ResultStatus")),
        "initiatedBy": {"user": {"userPrincipalName": given.get("UserId")}},
        "targetResources": [{**about, "modifiedProperties": changed}],
    }


_KINDS: tuple[
    tuple[
        Callable[[Mapping[str, Any]], bool],
        Callable[[_Reader, Mapping[str, Any]], list[Item] | None],
    ],
    ...,
] = (
    (_is_diagnostic, _Reader.diagnostic),
    (is_audit, _Reader.audit),
    (_is_unified, _Reader.unified),
    (is_sign_in, _Reader.sign_in),
    (_is_sign_in_row, _Reader.sign_in_row),
    (_is_grant, _Reader.grant),
    (_is_use, _Reader.use),
    (_is_use_row, _Reader.use_row),
    (_is_package, _Reader.package),
    (_is_app, _Reader.app),
    (_is_user, _Reader.user),
)
"""What tells a kind of record from others, the most exact first, and how it is read."""
