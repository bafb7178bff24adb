"""Lists cut into pages. A token is opaque, and good for the same question alone, as AWS has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from tests.aws_rig.models import TOKENS, Operation

_KEY = secrets.token_bytes(16)
"""Tokens of another run are refused."""


class BadToken(ValueError):
    """A page token that was not given for this question."""


def token_of(known: Operation, params: Mapping[str, Any]) -> str:
    """The token that a request carries; empty on the first page."""
    for name in known.paging.token_in:
        if params.get(name) not in (None, ""):
            return str(params[name])
    return ""


def start_of(known: Operation, question: str, params: Mapping[str, Any]) -> int:
    """The position at which the asked page begins. Raises :class:`BadToken`."""
    token = token_of(known, params)
    if not token:
        return 0
    if token.isdigit():
        return int(token) if known.paging.token_in and _is_number(known) else _refuse(known)
    try:
        position, mark = base64.urlsafe_b64decode(token.encode()).decode().split(" ")
    except ValueError:
        return _refuse(known)
    if not hmac.compare_digest(mark, _mark(position, question)):
        return _refuse(known)
    return int(position)


def _refuse(known: Operation) -> int:
    raise BadToken(f"{known.id}: the token was not issued for these parameters")


def question_of(known: Operation, account: str, region: str, params: Mapping[str, Any]) -> str:
    """What a token is bound to: all but the token itself and the size of a page."""
    skipped = {*known.paging.token_in, known.paging.limit}
    asked = sorted((name, repr(value)) for name, value in params.items() if name not in skipped)
    return f"{known.id} {account} {region} {asked}"


def size_of(known: Operation, params: Mapping[str, Any], default: int) -> int:
    asked = params.get(known.paging.limit) if known.paging.limit else None
    return max(1, min(int(asked), default)) if asked else default


def page(
    known: Operation,
    records: Sequence[tuple[str, Any]],
    start: int,
    size: int,
    question: str,
) -> dict[str, Any]:
    """The lists of one page and the fields that lead to the next. Operations without tokens give
    all."""
    if known.paging.token_out:
        part, end = records[start : start + size], start + size
    else:
        part, end = records, len(records)
    made: dict[str, Any] = {}
    for path in known.paging.lists:
        _at(made, path)
    for path, record in part:
        _at(made, path).append(record)
    if end < len(records):
        lead(known, made, end, question)
    else:
        # Some models require the token: AWS then sends an empty one.
        made |= {
            name: "" for name in known.paging.token_out if name in known.output.required_members
        }
    return made


def lead(known: Operation, made: dict[str, Any], position: int, question: str) -> None:
    """Say that more follows at ``position``."""
    token = f"{position} {_mark(str(position), question)}".encode()
    text: Any = base64.urlsafe_b64encode(token).decode()
    for path in known.paging.token_out:
        if "[" in path:
            continue  # the last record's own name, which is there anyway
        *above, last = path.split(".")
        inner = made
        for step in above:
            inner = inner.setdefault(step, {})
        inner[last] = position if _is_number(known) else text
    if known.paging.more and "." not in known.paging.more:
        made[known.paging.more] = True


def without_tokens(known: Operation, made: dict[str, Any]) -> None:
    """Take away what a made-up answer says of further pages."""
    for path in known.paging.token_out:
        *above, last = path.split(".")
        inner = made
        for step in above:
            inner = inner.get(step) or {}
        inner.pop(last, None)
    for name in [name for name in made if name in TOKENS]:
        del made[name]


def _is_number(known: Operation) -> bool:
    members = known.input.members if known.input else {}
    return any(
        name in members and members[name].type_name in ("integer", "long")
        for name in known.paging.token_in
    )


def _at(made: dict[str, Any], path: str) -> list[Any]:
    *above, last = path.split(".")
    inner = made
    for step in above:
        inner = inner.setdefault(step, {})
    found: list[Any] = inner.setdefault(last, [])
    return found


def _mark(position: str, question: str) -> str:
    return hashlib.blake2b(f"{position} {question}".encode(), key=_KEY, digest_size=8).hexdigest()
