"""Answers that a real AWS has given, from a folder, in place of a made-up world.

Files are called ``<service>.<Operation>_<number>.json`` and hold either what placebo writes
(``status_code`` and the parsed ``data``, https://github.com/garnaat/placebo) or the bare body of
an answer, which is then sent byte for byte. The first call of an operation gets the file with the
lowest number, the next the one behind it, and the last is given from then on. What was not
recorded is empty. Where an answer differs from botocore's models, ``Rig.wrong`` says so.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner.demo.required import signed_as
from tests.aws_rig.faults import Fault, verbatim
from tests.aws_rig.models import UnknownOperation, operation

if TYPE_CHECKING:
    from tests.aws_rig.rig import Rig

_FILE = re.compile(r"(?P<service>[a-z0-9.-]+)\.(?P<op>[A-Z]\w+)_(?P<number>\d+)\.json")


def replay(rig: Rig, folder: Path) -> int:
    """How many answers there are. Raises ``ValueError`` for a file that cannot be an answer."""
    found: defaultdict[str, list[tuple[int, Path]]] = defaultdict(list)
    for file in sorted(folder.glob("*.json")):
        called = _FILE.fullmatch(file.name)
        if called is None:
            raise ValueError(f"{file.name}: not <service>.<Operation>_<number>.json")
        op = _operation(called["service"], called["op"])
        found[op].append((int(called["number"]), file))
    given: Counter[str] = Counter()
    for op, files in found.items():
        answers = [_answer(file) for _, file in sorted(files)]
        rig.world.handle(op, _handler(op, answers, given))
    return sum(map(len, found.values()))


def _operation(service: str, name: str) -> str:
    """``service``: as boto3 calls it, or the first part of its host, as placebo does. Raises
    ``ValueError`` for what botocore does not know."""
    signed = service.removeprefix("api.")
    for one in (service, signed, *signed_as().get(signed, ())):
        try:
            return operation(f"{one}:{name}").id
        except UnknownOperation:
            continue
    raise ValueError(f"botocore knows no {service}.{name}")


def _handler(op: str, answers: list[Any], given: Counter[str]) -> Any:
    def handler(asked: Any) -> Any:
        given[op] += 1
        return answers[min(given[op], len(answers)) - 1]

    return handler


def _answer(file: Path) -> Any:
    raw = file.read_bytes()
    try:
        told = json.loads(raw, object_hook=_with_times)
    except ValueError as error:
        raise ValueError(f"{file.name}: no JSON ({error})") from error
    if not isinstance(told, dict) or not {"status_code", "data"} <= told.keys():
        return verbatim(raw)
    data = {key: value for key, value in told["data"].items() if key != "ResponseMetadata"}
    if told["status_code"] < 300:
        return data
    refusal = data.get("Error", {})
    return Fault(
        code=str(refusal.get("Code", "")),
        message=str(refusal.get("Message", "")),
        status=told["status_code"],
    )


def _with_times(value: dict[str, Any]) -> Any:
    if value.get("__class__") != "datetime":
        return value
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return datetime(*(int(value.get(part, 0)) for part in parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
