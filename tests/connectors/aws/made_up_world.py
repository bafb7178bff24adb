"""A made-up AWS in which every type of the tables has records: whatever a table's conditions ask
for is put into what botocore's shapes make up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import structs

from scanner.kit.tables import Call, Condition, ResourceType
from tests.aws_rig import Rig
from tests.aws_rig.models import operation
from tests.aws_rig.shapes import made_up
from tests.aws_rig.world import Asked, Listed

ACCOUNT, REGION = "111111111111", "us-east-1"
ACCELERATED = "g5.xlarge"


def of_every_type(types: Iterable[ResourceType], *, records: int = 3) -> Rig:
    """``records`` of each type in one account and region, two a page."""
    rig = Rig(page_size=2, synthesize=records)
    rig.world.handle("ec2:DescribeRegions", _regions)
    lists: dict[str, list[ResourceType]] = {}
    types = tuple(types)
    for kind in types:
        above = next((one for one in types if one.kind == kind.under), None)
        wanted = [condition for condition in kind.where if condition.paths[0].startswith("parent.")]
        if above and above.detail and wanted:
            own = [structs.replace(one, paths=(one.paths[0].partition(".")[2],)) for one in wanted]
            rig.world.handle(above.detail.op, _detail(above.detail, own, above))
        if kind.listed:
            lists.setdefault(kind.list.op, []).append(kind)
        for call, conditions in ((kind.detail, kind.where), (_batch(kind), kind.where)):
            if call and conditions:
                rig.world.handle(call.op, _detail(call, conditions, kind))
    for op, kinds in lists.items():
        rig.world.handle(op, _list(op, kinds, records))
    return rig


def _regions(_: Asked) -> Listed:
    return Listed({"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]})


def _list(op: str, kinds: list[ResourceType], records: int) -> Any:
    """Records that each of ``kinds`` takes for its own, in the list that they share."""
    call = kinds[0].list
    field = call.items.split("[]")[0]

    def answer(asked: Asked) -> Listed:
        made = []
        for number in range(1, records + 1):
            for kind in kinds:
                record = _element(asked.operation.output, call.items, number)
                for condition in kind.listed:
                    record = satisfied(condition, record)
                made.append(_wrapped(call.items, record))
        return Listed({field: made})

    return answer


def _wrapped(items: str, record: Any) -> Any:
    """``Reservations[].Instances[]``: each record in a holder of its own."""
    for step in reversed(items.split(".")[1:]):
        record = {step.removesuffix("[]"): [record] if step.endswith("[]") else record}
    return record


def _element(shape: Any, items: str, number: int) -> Any:
    for step in items.split("."):
        shape = shape.members[step.removesuffix("[]")]
        if step.endswith("[]"):
            shape = shape.member
    return made_up(
        shape, items.rsplit(".", maxsplit=1)[-1].removesuffix("[]"), number, place=(ACCOUNT, REGION)
    )


def _batch(kind: ResourceType) -> Call | None:
    return Call(op=kind.batch.op, items=kind.batch.items) if kind.batch else None


def _detail(call: Call, conditions: Iterable[Condition], kind: ResourceType) -> Any:
    def answer(asked: Asked) -> Mapping[str, Any]:
        known = operation(call.op)
        made: dict[str, Any] = made_up(known.output, place=(ACCOUNT, REGION))
        for token in known.paging.token_out:
            made.pop(token, None)
        if kind.batch:
            keys = asked.params[kind.batch.arg]
            field = call.items.removesuffix("[]")
            made[field] = []
            for key in keys:
                record = _element(known.output, call.items, 1)
                record[kind.batch.match] = key
                for condition in conditions:
                    record = satisfied(condition, record)
                made[field].append(record)
            return made
        record = made[call.items] if call.items else made
        for condition in conditions:
            satisfied(condition, record)
        return made

    return answer


def satisfied(condition: Condition, record: Any) -> Any:
    """The record with a value at the condition's first path for which it holds."""
    path = condition.paths[0]
    if path == "value":
        return _value(condition)
    if path.startswith("parent."):
        return record
    _put(record, path.split("."), _value(condition))
    return record


def _value(condition: Condition) -> Any:
    if condition.is_not:
        return None if condition.any_of else "m5.large"
    if condition.contains:
        return condition.contains[0]
    if condition.is_accelerated:
        return ACCELERATED
    return condition.any_of[0]


def _put(record: dict[str, Any], steps: list[str], value: Any) -> None:
    step, *rest = steps
    key = step.removesuffix("[]")
    if not rest:
        if value is None:
            record.pop(key, None)
        else:
            record[key] = [value] if step.endswith("[]") else value
        return
    inner = record.get(key)
    if step.endswith("[]"):
        record[key] = inner if isinstance(inner, list) and inner else [{}]
        for element in record[key]:
            _put(element, rest, value)
    else:
        record[key] = inner if isinstance(inner, dict) else {}
        _put(record[key], rest, value)
