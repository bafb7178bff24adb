"""What events say of their outcome, and which id stands beside a name."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.kit.outcomes import beside, was_refused


@pytest.mark.parametrize(
    "record",
    [
        {"outcome": {"result": "FAILURE"}}, {"outcome": {"result": "DENY"}}, {"Result": "Denied"},
        {"result": {"status": "FAILED"}}, {"ResultStatus": "Failed"}, {"ResultStatus": "False"},
        {"status": {"eventStatus": "FAILED"}}, {"success": False}, {"IS_SUCCESS": "NO"},
        {"response": {"statusCode": 403}}, {"status": "403"}, {"outcome": "unauthorized"},
        {"outcome": '{"result": "REJECTED"}'}, {"result": "ERROR_INVALID_GRANT"},
    ],
)  # fmt: skip
def test_what_failed_or_was_denied_is_refused(record: dict[str, Any]) -> None:
    assert was_refused(record)


@pytest.mark.parametrize(
    "record",
    [
        {}, {"outcome": {"result": "SUCCESS"}}, {"outcome": {"result": "ALLOW"}}, {"result": "0"},
        {"success": True}, {"success": "true"}, {"is_success": "YES"}, {"status": 200},
        {"status": "40312"}, {"response": {"statusCode": 200}}, {"message": "denied"},
        {"app": {"name": "Failure Radar", "status": "failed"}}, {"result": ["failed"]}, {7: False},
        {"outcome": {"result": {"status": {"result": {"status": "failed"}}}}},
    ],
)  # fmt: skip
def test_what_was_done_or_says_nothing_of_it_is_not(record: dict[Any, Any]) -> None:
    assert not was_refused(record)


def test_the_id_beside_a_name() -> None:
    ident = beside(("parties.app", "id", "title|name"), ("", "app_id", "app_name"))
    parties = [{"app": {"id": "1", "name": "Otter"}}, {"app": {"id": 2, "title": " Claude "}}, "x"]
    assert ident({"parties": parties}, "Claude") == "2"
    assert (
        ident({"app_id": "7", "app_name": "Claude", "parties": {"app": "Claude"}}, "Claude") == "7"
    )
    assert ident({"app_id": "7", "app_name": "Otter"}, "Claude") == ""
    assert ident({"app_name": "Claude", "app_id": {"id": "7"}}, "Claude") == ""
