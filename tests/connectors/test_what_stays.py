"""What goes in one place ends nothing in another, and is told once by two logs."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.atlassian.events import event as atlassian
from connectors.docusign.events import event as docusign
from connectors.hubspot.events import critical, event
from connectors.notion import event as notion
from scanner.model.evidence import Ends
from scanner.model.items import Activity


def _ends(happened: Any) -> dict[str, Ends]:
    return {one.app_id: one.ends for one in happened[2] if isinstance(one, Activity) and one.ends}


@pytest.mark.parametrize(
    ("kind", "is_end"),
    [
        ("workspace.permissions.member_removed", True),
        ("account.user_deactivated", True),
        ("teamspace.permissions.member_removed", False),
        ("page.permissions.member_removed", False),
        ("group.member_removed", False),
    ],
)
def test_who_leaves_a_teamspace_or_a_page_goes_on_in_notion(kind: str, is_end: bool) -> None:
    record = {
        "id": "1", "type": kind, "actor": {"object": "user", "id": "adm", "type": "person"},
        "timestamp": "2026-11-03T09:00:00Z", "workspace_id": "w",
        "details": {"target": {"user_id": "ann"}},
    }  # fmt: skip
    assert ("notion:acme/user/ann" in _ends(notion(record, "acme"))) is is_end


@pytest.mark.parametrize(
    ("about", "done", "gone"),
    [
        ("Recipient", "ConsentRevoked", set()),
        ("Recipient", "AuthorizationRemoved", set()),
        ("Envelope", "Deleted", set()),
        ("Consent", "Revoked", {"docusign:acme/app/k1"}),
        ("Account", "UserRemoved", {"docusign:acme/user/ann"}),
        ("Account", "UserClosed", {"docusign:acme/user/ann"}),
        ("Group", "UserRemoved", set()),
    ],
)
def test_what_docusigns_events_end(about: str, done: str, gone: set[str]) -> None:
    record = {
        "timestamp": "2026-11-03T09:00:00Z", "eventId": "1", "accountId": "a", "userId": "adm",
        "integratorKey": "k1", "object": about, "action": done, "result": "Success",
        "data": {"AffectedUserId": "ann"},
    }  # fmt: skip
    assert _ends(docusign(record, "acme")).keys() == gone


@pytest.mark.parametrize(
    ("action", "ends"),
    [("user_disabled_org_access", Ends.PAUSED), ("user_enabled_org_access", Ends.RESUMED)],
)
def test_access_to_an_organization_of_atlassian_is_taken_and_given_back(
    action: str, ends: Ends
) -> None:
    about = {"type": "users", "id": "ann", "attributes": {"name": "Ann"}}
    told = {"time": "2026-11-03T09:00:00Z", "action": action, "actor": {"id": "adm"},
            "context": [about], "container": []}  # fmt: skip
    found = _ends(atlassian({"id": "1", "type": "events", "attributes": told}, "acme"))
    assert found == {"atlassian:acme/user/ann": ends}


def test_what_both_logs_of_hubspot_tell_is_one_event() -> None:
    at = "2026-11-03T09:00:00.123Z"
    one = critical(
        {"id": "5", "type": "UNINSTALL_INTEGRATION", "createdAt": at, "userId": 11,
         "actingUser": "ada@acme.com", "objectId": "77"},
        "acme",
    )  # fmt: skip
    other = {"id": "x", "category": "CRITICAL_ACTION", "subCategory": "UNINSTALL_INTEGRATION",
             "action": "PERFORM", "occurredAt": at, "targetObjectId": "77",
             "actingUser": {"userId": 11, "userEmail": "ada@acme.com"}}  # fmt: skip
    same, another = event(other, "acme"), event({**other, "targetObjectId": "78"}, "acme")
    assert one
    assert same
    assert another
    assert one[0] == same[0] != another[0]
    assert _ends(one) == _ends(same) == {"hubspot:acme/app/77": Ends.ALL}
