"""One answer of a registry's server: the records that it holds, and where the list goes on.

Owns what an answer must hold to be one: a list that is not there is no empty list, but an answer of
something else (maintenance, another version of the API), and raises ``Unavailable``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scanner.kit.http import linked
from scanner.model.errors import Unavailable
from scanner.reconcile.jsonpaths import findall
from scanner.reconcile.listed import is_listed
from scanner.rulebook.mapping import Call


def objects(body: Any, call: Call) -> list[dict[str, Any]]:
    if call.records != "$" and not is_listed(body, call.records):
        if call.bare is not None and isinstance(body, dict) and set(body) <= set(call.bare):
            return []
        raise Unavailable(f"{call.method} {call.path}: {told(body)}, and no list `{call.records}`")
    found = findall(call.records, body) if call.records != "$" else [body]
    spread = [one for item in found for one in (item if isinstance(item, list) else [item])]
    records = [one for one in spread if isinstance(one, dict)]
    if len(records) < len(spread):
        raise Unavailable(f"{call.method} {call.path}: `{call.records}` holds what is no record")
    return records


def told(body: Any) -> str:
    if isinstance(body, dict):
        return f"the answer holds {', '.join(sorted(map(str, body))[:8]) or 'nothing'}"
    return "the answer is a list" if isinstance(body, list) else "the answer is a plain value"


def first(record: Mapping[str, Any], path: str) -> str:
    if not path:
        return ""
    found = findall(path, record) if path.startswith("$") else [record.get(path)]
    return "" if not found or found[0] is None else str(found[0])


Following = Callable[[Call, Any, list[dict[str, Any]], Any, int], str]


def _by_token(call: Call, body: Any, page: list[dict[str, Any]], answer: Any, count: int) -> str:
    return first(body, call.paging.next) if isinstance(body, dict) else ""


def _by_link(call: Call, body: Any, page: list[dict[str, Any]], answer: Any, count: int) -> str:
    if call.paging.next and isinstance(body, dict):
        return first(body, call.paging.next)
    return linked(answer)


def _by_count(call: Call, body: Any, page: list[dict[str, Any]], answer: Any, count: int) -> str:
    """``count``: pages or records so far. Servers cap a page's size as they like, so that only an
    empty one is the end."""
    if not page:
        return ""
    return str(call.paging.first + count)


def _by_last(call: Call, body: Any, page: list[dict[str, Any]], answer: Any, count: int) -> str:
    if not page:
        return ""
    last = first(page[-1], call.paging.next)
    if not last:
        raise Unavailable(f"{call.method} {call.path}: a record without `{call.paging.next}`")
    return last


FOLLOWING: dict[str, Following] = {
    "none": lambda call, body, page, answer, count: "",
    "token": _by_token,
    "link": _by_link,
    "offset": _by_count,
    "page": _by_count,
    "after_last": _by_last,
}
