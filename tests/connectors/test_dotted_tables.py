"""Tables whose columns are fields by dots tell what the same records tell as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.asana import CONNECTOR as ASANA
from connectors.jumpcloud import CONNECTOR as JUMPCLOUD
from connectors.slack import CONNECTOR as SLACK

AT = "2026-11-10T10:00:00Z"


@pytest.mark.parametrize(
    ("connector", "row"),
    [
        (JUMPCLOUD, {"id": "1", "timestamp": AT, "event_type": "sso_auth", "success": "true",
                     "initiated_by.email": "ann@acme.com", "application.name": "Claude"}),
        (ASANA, {"gid": "1", "created_at": AT, "event_type": "app_authorized",
                 "event_category": "apps", "actor.email": "ann@acme.com",
                 "resource.name": "Claude"}),
        (SLACK, {"id": "1", "date_create": "1793000000", "action": "app_installed",
                 "actor.type": "user", "actor.user.id": "U1", "entity.type": "app",
                 "entity.app.id": "A1", "entity.app.name": "Claude",
                 "entity.app.scopes": "files:read,channels:history"}),
    ],
)  # fmt: skip
def test_columns_by_dots_are_fields(connector: Any, row: dict[str, Any]) -> None:
    whole = connector.spelling.of(row)
    (kind, *_) = (one for one in connector.kinds if one.fits(whole))
    (told,) = kind.told(whole, "acme")[2]
    assert (told.label, told.actor is not None) == ("Claude", True)
    if connector is SLACK:
        assert told.scopes == ("channels:history", "files:read")
        assert len(told.reads) == 2


def test_a_sign_in_of_a_table_that_failed_is_no_use() -> None:
    row = {"id": "1", "timestamp": AT, "event_type": "sso_auth", "success": "false",
           "initiated_by.email": "ann@acme.com", "application.name": "Claude"}  # fmt: skip
    (kind, *_) = (one for one in JUMPCLOUD.kinds if one.fits(row))
    (told,) = kind.told(JUMPCLOUD.spelling.of(row), "acme")[2]
    assert (told.rule, told.relation) == ("sso_auth (failed)", "")
