"""What the made-up AWS holds: records and answers by account, region and operation.

Everything is checked against the operation's shapes when it is planted: a field that AWS does not
have, a wrong type or an unknown word of an enumeration is a :class:`PlantError`. Required fields
that were not given get the plainest value. Operations without paging, filters of lists and
anything that changes state are the test's own matter (``handle``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.aws_rig.models import Operation, global_services, operation, operations
from tests.aws_rig.shapes import TEMPLATE, Place, complaints, filled

EVERYWHERE = "*"
"""As account or region: in all of them. ``{account}`` and ``{region}`` in its texts are filled."""
ANY = object()
"""As the value of a parameter in ``where``: whatever is asked."""
_GLOBAL = "global"


class PlantError(ValueError):
    """What was planted is not what AWS could answer."""


@dataclass(frozen=True)
class Planted:
    """``field``: the list of the answer in which the record stands."""

    field: str
    record: Any
    """A structure, or the name by itself in lists that hold names."""
    where: Mapping[str, Any]
    is_template: bool


@dataclass(frozen=True)
class Listed:
    """What a handler returns for a list that is to be cut into pages: field -> records, and the
    answer's other fields."""

    records: Mapping[str, Sequence[Mapping[str, Any]]]
    around: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A call that a handler may answer."""

    operation: Operation
    account: str
    region: str
    key: str
    params: Mapping[str, Any]


Handler = Callable[[Asked], Any]
"""-> a ``Fault``, a :class:`Listed`, an answer, or None: go on as if there were no handler."""


class World:
    def __init__(self) -> None:
        self._lists: dict[tuple[str, str, str], list[Planted]] = {}
        self._answers: dict[tuple[str, str, str], list[Planted]] = {}
        self.handlers: dict[str, Handler] = {}
        self.version = 0
        """Changes with every planting; what was made of an older one is stale."""

    def plant(
        self,
        account: str,
        region: str,
        op: str,
        field: str,
        *records: Any,
        where: Mapping[str, Any] | None = None,
    ) -> None:
        """Records of a list: ``field`` is the list's path in the answer (``Endpoints``). ``where``:
        the parameters for which the list holds them; every required one must be named, with
        ``ANY`` where it does not matter. What is planted everywhere and in one place adds up."""
        known, where = operation(op), where or {}
        member = _list_at(known, field)
        self._check_where(known, where)
        missing = [name for name in known.required if name not in where]
        if missing:
            raise PlantError(f"{op} requires {missing}: say for which, in `where` (or ANY)")
        kept = self._lists.setdefault(_slot(known, account, region), [])
        for record in records:
            made = _checked(member, record, f"{op} {field}", (account, region))
            kept.append(Planted(field, made, where, EVERYWHERE in (account, region)))
        self.version += 1

    def answer(
        self,
        account: str,
        region: str,
        op: str,
        where: Mapping[str, Any],
        output: Mapping[str, Any],
    ) -> None:
        """The whole answer of an operation, when it is asked with the parameters ``where``. Of
        several that match, the one with most parameters is given, of equals the newest."""
        known = operation(op)
        self._check_where(known, where)
        made = _checked(known.output, output, op, (account, region)) if known.output else {}
        kept = self._answers.setdefault(_slot(known, account, region), [])
        kept.append(Planted("", made, where, EVERYWHERE in (account, region)))
        self.version += 1

    def handle(self, op: str, handler: Handler) -> None:
        """Let Python answer an operation; what it returns is checked when it does."""
        operation(op)
        self.handlers[op] = handler
        self.version += 1

    def resource(
        self,
        account: str,
        region: str,
        *,
        list: str,
        detail: str = "",
        record: Mapping[str, Any],
        where: Mapping[str, Any] | None = None,
        args: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        arn: str = "",
    ) -> None:
        """One thing, planted wherever it shows: in its list with the fields that the list has, in
        its detail with those that the detail has, and its tags under its ARN. A field that neither
        has is refused. ``args``: the detail's parameters, where the record has no field of the
        same name. ``where``: the list's parameters, also the detail's if it takes them. ``arn``:
        for the tags; else the record's own."""
        listing = operation(list)
        path = _only_list(listing)
        summary = _list_at(listing, path)
        shapes = [summary]
        body, at = None, ""
        if detail:
            body, at = _body_of(operation(detail))
            shapes.append(body)
        unknown = [key for key in record if not any(key in _members(s) for s in shapes)]
        if unknown:
            fields = sorted({key for s in shapes for key in _members(s)})
            raise PlantError(f"{list}, {detail}: no field {unknown}; there are {fields}")
        self.plant(account, region, list, path, _part(summary, record), where=where)
        if detail:
            given = {**record, **(where or {}), **(args or {})}
            named = _identity(operation(detail), given)
            part = _part(body, record)
            self.answer(account, region, detail, named, {at: part} if at else part)
        if tags is not None:
            self.tag(account, region, listing.service, arn or _own_arn(record), tags)

    def tag(
        self, account: str, region: str, service: str, arn: str, tags: Mapping[str, str]
    ) -> None:
        """Tags of an ARN, for the operation by which ``service`` tells them."""
        op, parameter, path = _tagging(service)
        shape = op.output.members[path]
        if shape.type_name == "map":
            self.answer(account, region, op.id, {parameter: arn}, {path: dict(tags)})
            return
        key, value = _pair(shape.member)
        pairs = [{key: name, value: text} for name, text in tags.items()]
        self.plant(account, region, op.id, path, *pairs, where={parameter: arn})

    def pull(
        self,
        op: str,
        *,
        account: str = EVERYWHERE,
        region: str = EVERYWHERE,
        which: Callable[[Any], bool] = lambda record: True,
    ) -> int:
        """Take planted records or answers of an operation away; how many. ``which`` is asked with
        each of them as it stands (fields of the list, or the whole answer)."""
        known, gone = operation(op), 0
        for kept in (self._lists, self._answers):
            for slot, planted in kept.items():
                ident, where, there = slot
                is_meant = account in (EVERYWHERE, where) and (
                    region in (EVERYWHERE, there) or there == _GLOBAL
                )
                if ident == known.id and is_meant:
                    stay = [one for one in planted if not which(one.record)]
                    gone += len(planted) - len(stay)
                    kept[slot] = stay
        self.version += 1
        return gone

    def listed(self, asked: Asked) -> list[Planted] | None:
        """The records for a call; None: nothing was ever planted for this list there."""
        found = [p for slot in _slots(asked) for p in self._lists.get(slot, ())]
        return [p for p in found if _fits(p, asked)] if found else None

    def answered(self, asked: Asked) -> Planted | None:
        best: Planted | None = None
        for slot in reversed(_slots(asked)):
            for one in self._answers.get(slot, ()):
                if _fits(one, asked) and (best is None or len(one.where) >= len(best.where)):
                    best = one
        return best

    @staticmethod
    def _check_where(known: Operation, where: Mapping[str, Any]) -> None:
        members = known.input.members if known.input else {}
        for name, value in where.items():
            if name not in members:
                raise PlantError(f"{known.id} has no parameter {name}; it has {sorted(members)}")
            wrong = [] if value is ANY else [*complaints(members[name], value, name)]
            if wrong:
                raise PlantError(f"{known.id}: {wrong[0]}")


def _slot(known: Operation, account: str, region: str) -> tuple[str, str, str]:
    return known.id, account, _GLOBAL if known.service in global_services() else region


def _slots(asked: Asked) -> tuple[tuple[str, str, str], ...]:
    ident = asked.operation.id
    region = _GLOBAL if asked.operation.service in global_services() else asked.region
    return (
        (ident, asked.account, region),
        (ident, asked.account, EVERYWHERE),
        (ident, EVERYWHERE, region),
        (ident, EVERYWHERE, EVERYWHERE),
    )


def _fits(one: Planted, asked: Asked) -> bool:
    return all(
        value is ANY or asked.params.get(name) == _local(value, one, asked)
        for name, value in one.where.items()
    )


def _local(value: Any, one: Planted, asked: Asked) -> Any:
    if one.is_template and isinstance(value, str):
        return value.replace("{account}", asked.account).replace("{region}", asked.region)
    return value


def _checked(shape: Any, given: Any, what: str, place: Place) -> Any:
    wrong = [c for c in complaints(shape, given) if not c.endswith(": required")]
    if wrong:
        raise PlantError(f"{what}: {'; '.join(wrong[:5])}")
    return filled(shape, given, TEMPLATE if EVERYWHERE in place else place)


def _list_at(known: Operation, path: str) -> Any:
    """The shape of the elements of the list at ``path``."""
    shape: Any = known.output
    for step in path.split("."):
        if step not in _members(shape):
            raise PlantError(f"{known.id}: no field {path}; there are {sorted(_members(shape))}")
        shape = shape.members[step]
    if shape.type_name != "list":
        raise PlantError(f"{known.id}: {path} is a {shape.type_name}, no list; use answer()")
    return shape.member


def _members(shape: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(shape, "members", {}) or {}
    return found


def _only_list(known: Operation) -> str:
    if len(known.paging.lists) != 1:
        raise PlantError(f"{known.id} has the lists {known.paging.lists}: use plant()")
    return known.paging.lists[0]


def _part(shape: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ``record`` that ``shape`` has; where both have a structure, likewise below."""
    made = {}
    for key, value in record.items():
        member = _members(shape).get(key)
        if member is not None:
            is_nested = member.type_name == "structure" and isinstance(value, Mapping)
            made[key] = _part(member, value) if is_nested else value
    return made


def _body_of(known: Operation) -> tuple[Any, str]:
    """Where the details stand: the answer itself, or its one structure (``agent`` of GetAgent)."""
    members = _members(known.output)
    inner = [name for name, shape in members.items() if shape.type_name == "structure"]
    if len(members) == 1 and inner:
        return members[inner[0]], inner[0]
    return known.output, ""


def _identity(known: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    members = _members(known.input)
    by_name = {key.lower(): value for key, value in given.items()}
    named = {name: by_name[name.lower()] for name in known.required if name.lower() in by_name}
    named |= {name: value for name, value in given.items() if name in members and name in named}
    missing = [name for name in known.required if name not in named]
    if missing:
        raise PlantError(f"{known.id} asks for {missing}: give them in `args`")
    return named


def _own_arn(record: Mapping[str, Any]) -> str:
    arns = [
        str(v) for k, v in record.items() if k.lower().endswith("arn") and "role" not in k.lower()
    ]
    if not arns:
        raise PlantError(f"no ARN among {sorted(record)}: give `arn` for the tags")
    return arns[0]


def _tagging(service: str) -> tuple[Operation, str, str]:
    for op in operations(service):
        if op.name in ("ListTagsForResource", "ListTags", "ListResourceTags", "ListTagsOfResource"):
            paths = [k for k, s in _members(op.output).items() if s.type_name in ("list", "map")]
            if len(op.required) == 1 and len(paths) == 1:
                return op, op.required[0], paths[0]
    raise PlantError(f"{service} has no plain operation that lists tags: use plant() or answer()")


def _pair(shape: Any) -> tuple[str, str]:
    names = {name.lower(): name for name in shape.members}
    key = names.get("key") or names["tagkey"]
    return key, names.get("value") or names["tagvalue"]
