"""Fields that others have spelt anew stand where their source has them."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.kit.spelling import Spelling
from scanner.kit.values import items, mapping, several

_SPELLING = Spelling(
    ("eventType", "actor.email", "target.0.id", "target.1.id"), also={"TimeGenerated": "published"}
)


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({"eventtype": "a"}, {"eventType": "a"}),
        ({"event_type": "a"}, {"eventType": "a"}),
        ({"EventType_s": "a"}, {"eventType": "a"}),
        ({"EventType_CF": "a"}, {"eventType": "a"}),
        ({"eventType_s_CF": "a"}, {"eventType": "a"}),
        ({"actor_email_s": "a"}, {"actor": {"email": "a"}}),
        ({"actor.email": "a", "actor": {"id": "1"}}, {"actor": {"email": "a", "id": "1"}}),
        ({"target1.id": "b", "target0.id": "a"}, {"target": [{"id": "a"}, {"id": "b"}]}),
        ({"TimeGenerated": "t"}, {"published": "t"}),
    ],
)
def test_a_name_is_known_without_case_and_separators(
    given: dict[str, Any], there: dict[str, Any]
) -> None:
    found = _SPELLING.of(given)
    assert {name: found[name] for name in there} == there


def test_what_stands_there_stays() -> None:
    given = {"eventType": "own", "eventtype": "other", "actor": "text", "actor_email": "a"}
    before = dict(given)
    found = _SPELLING.of(given)
    assert (found["eventType"], found["actor"]) == ("own", "text")
    assert given == before
    plain = {"eventType": "own", "unknown": 1}
    assert _SPELLING.of(plain) is plain


def test_exports_of_a_log_workspace_tell_type_and_zone() -> None:
    spelling = Spelling(("published", "createdAt"), also={"TimeGenerated": "published"})
    told = spelling.of({"TimeGenerated [UTC]": "1", "created_at_t [UTC]": "2", "createdAt_CF": ""})
    assert (told["published"], told["createdAt"]) == ("1", "2")
    assert "published" not in spelling.of({"TimeGenerated [Local Time]": "1"})


def test_another_name_counts_where_the_field_is_not_given() -> None:
    spelling = Spelling(("published",), also={"TimeGenerated": "published"})
    assert spelling.of({"TimeGenerated": "late", "Published": "own"})["published"] == "own"


def test_objects_and_lists_are_read_where_they_are_texts() -> None:
    assert mapping('{"a": 1}') == {"a": 1}
    assert items('[{"a": 1}]') == [{"a": 1}]
    assert several('{"a": 1}') == several({"a": 1}) == [{"a": 1}]
    assert mapping("[1]") == mapping("{") == mapping("text") == {}
    assert items('{"a": 1}') == items("[") == items("text") == []
