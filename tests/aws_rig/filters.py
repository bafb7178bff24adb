"""Parameters by which AWS's lists are narrowed and ordered, where many services have them alike.

``NameContains``, ``StatusEquals``, ``CreationTimeAfter`` and their like, ``SortBy`` with
``SortOrder``. Any other filter (EC2's ``Filters`` above all) narrows nothing here: a test that
needs it plants ``where`` or handles the operation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp

from tests.aws_rig.world import Planted

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_TIMES = re.compile(r"(creation|lastmodified|submit)time(after|before)|created(after|before)")
_STAMPS = {
    "creation": ("creationtime", "createdat", "creationdate", "createdtime"),
    "lastmodified": ("lastmodifiedtime", "updatedat", "lastupdatedtime"),
    "submit": ("submittime", "submittedat"),
}


def narrowed(records: Sequence[Planted], params: Mapping[str, Any]) -> list[Planted]:
    """What of ``records`` the parameters ask for, in the order that they ask for."""
    asked = {name.lower(): value for name, value in params.items() if value is not None}
    tests = [test for name, value in asked.items() if (test := _test(name, value))]
    kept = [one for one in records if all(test(_lowered(one.record)) for test in tests)]
    by = str(asked.get("sortby", "")).lower().replace("_", "")
    if by or "sortorder" in asked:
        is_down = str(asked.get("sortorder", "")).lower().startswith("desc")
        kept.sort(key=lambda one: _key(_lowered(one.record), by or "creationtime"), reverse=is_down)
    return kept


def _lowered(record: Any) -> dict[str, Any]:
    if not isinstance(record, Mapping):
        return {}  # a name or id by itself
    return {name.lower(): value for name, value in record.items()}


def _test(name: str, value: Any) -> Callable[[Mapping[str, Any]], bool] | None:
    found = _TIMES.fullmatch(name)
    if found:
        fields, is_after = _STAMPS[found[1] or "creation"], "after" in name
        limit = _moment(value)

        def is_within(record: Mapping[str, Any]) -> bool:
            if not any(record.get(name) for name in fields):
                return True  # a list that does not show what it narrows by
            stamp = _stamp(record, fields)
            return stamp > limit if is_after else stamp < limit

        return is_within
    if name == "namecontains":
        return lambda record: str(value).lower() in _ending(record, "name").lower()
    if name == "statusequals":
        return lambda record: _ending(record, "status") == value
    return None


def _ending(record: Mapping[str, Any], word: str) -> str:
    """The field that is called so, or the first whose name ends so (``EndpointName``)."""
    names = [name for name in record if name.endswith(word)]
    return str(record[word] if word in record else record[names[0]] if names else "")


def _stamp(record: Mapping[str, Any], fields: Sequence[str]) -> datetime:
    return next((_moment(record[name]) for name in fields if record.get(name)), _EARLIEST)


def _moment(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else parse_timestamp(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _key(record: Mapping[str, Any], by: str) -> tuple[datetime, str]:
    """A time where the field that is sorted by is one, else a text."""
    stamps = next((names for names in _STAMPS.values() if by in names), None)
    if stamps:
        return _stamp(record, stamps), ""
    value = record.get(by)
    return (_EARLIEST, str(value) if value is not None else _ending(record, by))
