"""Records made of a table's own paths, one value a path, in a made-up AWS; and what must come out.

For every path that a table names a value is planted where AWS would answer it: in the list, in the
detail, in what stands below. Fields that exclude each other (AWS's unions) go into records of their
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from scanner.kit.tables import Call, Child, ResourceType
from tests.aws_rig import Rig, denied
from tests.aws_rig.models import operation
from tests.aws_rig.world import Asked, Listed
from tests.connectors.aws.grown import (
    ACCOUNT,
    HOLE,
    PLACE,
    REGION,
    Planted,
    field_of,
    first,
    fitting,
    has,
    is_scalar,
    item_of,
    leaf_at,
    paths_in,
    place,
    pruned,
    shapes_of,
    some,
    tags_told,
    text_of,
    wrapped,
)
from tests.connectors.aws.sown import (
    avoid,
    edge_told,
    plain,
    plant_edge,
    plant_exposure,
    plant_fact,
    plant_field,
    plant_word,
    satisfy,
)

__all__ = ["ACCOUNT", "REGION", "SAME_ROUTE", "Soil"]

SAME_ROUTE = {"bedrock-data-automation:ListTagsForResource": "bedrock:ListTagsForResource"}
"""Operations that only the host tells apart, which is one here: the rig sees the second."""
_TOKEN = re.compile(r"z(\d+)z")


class Soil:
    """The records of some types, and the rig that answers with them."""

    def __init__(self, types: Sequence[ResourceType], *, page_size: int = 1) -> None:
        self.types = types
        self.rig = Rig(page_size=page_size)
        # So that the tags of each are asked for by themselves, too.
        self.rig.strike("resourcegroupstaggingapi:GetResources", denied())
        self.records: dict[str, list[Planted]] = {}
        self.below: dict[tuple[str, int], list[Planted]] = {}
        """(kind, number of the child) -> records below."""
        self._serials = count(100)
        self._by_serial: dict[int, Planted] = {}
        self._lists: dict[str, list[tuple[Call, str, int]]] = {}
        self._details: dict[str, dict[str, Call]] = {}
        for kind in types:
            self._plant(kind)
        for op in {*self._lists, *self._details}:
            self.rig.world.handle(op, self._answer)

    def parent(self, record: Planted) -> Planted | None:
        return self._by_serial.get(record.owner)

    def ident(self, kind: ResourceType, record: Planted) -> str:
        """As the table says, filled in by hand."""
        if "{" not in kind.id:
            return text_of(self._value(record, kind.id))
        made = HOLE.sub(lambda m: self._filled(kind, record, m[1]), kind.id)
        return made.lower() if made.startswith("arn:aws:sagemaker:") else made

    def named(self, kind: ResourceType, record: Planted) -> str:
        if "{" in kind.name:
            return HOLE.sub(lambda m: self._filled(kind, record, m[1]), kind.name)
        return text_of(self._value(record, kind.name))

    def _filled(self, kind: ResourceType, record: Planted, hole: str) -> str:
        above = self.parent(record)
        if hole == "parent_id" and above:
            return self.ident(next(k for k in self.types if k.kind == kind.under), above)
        if hole == "name" and "{" not in kind.name:
            return self.named(kind, record).removeprefix("/")
        return PLACE.get(hole) or text_of(self._value(record, hole))

    def _value(self, record: Planted, path: str) -> Any:
        if path.startswith("parent."):
            above = self.parent(record)
            return self._value(above, path.partition(".")[2]) if above else None
        return first(record.fields, path)

    # --- planting ------------------------------------------------------------------------------

    def _plant(self, kind: ResourceType) -> None:
        shapes = shapes_of(kind)
        above = next((r.serial for r in self.records.get(kind.under, ())), 0)
        base = self._base_paths(kind)
        made: list[Planted] = []

        def new() -> Planted:
            record = Planted(next(self._serials), kind.kind, {}, above)
            self._by_serial[record.serial] = record
            made.append(record)
            for condition in (*kind.listed, *kind.where):
                satisfy(condition, shapes, record)
            for path in base:
                self._put_base(kind, shapes, record, path)
            if kind.created_at and kind.created_at not in record.taken:
                place(
                    shapes, record, kind.created_at, some(leaf_at(shapes, kind.created_at), "now")
                )
            for condition in kind.kept_if_used:
                avoid(condition, shapes, record)
            for rule in kind.edges:
                if not rule.path:
                    record.expected.edges.add(edge_told(rule, plain(kind, rule)))
            return record

        self.records[kind.kind] = made
        new()  # with nothing but its name: lists that are paged have more than one
        new()
        for rule in (rule for rule in kind.edges if rule.path):
            self._put(new, made, lambda r, rule=rule: plant_edge(rule, shapes, r, self._mark()))
        for name, path in kind.facts.items():
            self._put(
                new, made, lambda r, n=name, p=path: plant_fact(n, p, shapes, r, self._mark())
            )
        for path in kind.models:
            self._put(
                new,
                made,
                lambda r, p=path: plant_word(p, shapes, r, r.expected.models, self._mark()),
            )
        for path in kind.aliases:
            self._put(
                new,
                made,
                lambda r, p=path: plant_word(p, shapes, r, r.expected.aliases, self._mark()),
            )
        for told in kind.exposure:
            if not told.path:
                for one in made:
                    one.expected.exposure.add(told.says)
            elif not told.is_absent:
                self._put(new, made, lambda r, t=told: plant_exposure(t, shapes, r, self._mark()))
        for path, field_name in ((kind.status, "status"), (kind.created_at, "created_at")):
            if path:
                self._put(
                    new,
                    made,
                    lambda r, p=path, f=field_name: plant_field(p, f, shapes, r, self._mark()),
                )
        self._register(kind)

    def _mark(self) -> str:
        return str(next(self._serials))

    @staticmethod
    def _put(new: Any, made: list[Planted], plant: Any) -> Planted:
        """Into the newest record that has room for it, or into another."""
        for record in reversed(made[1:]):
            if plant(record):
                return record
        record = new()
        assert plant(record), (
            f"{record.kind}: no room for {plant.__defaults__} beside {record.taken}"
        )
        return record

    def _base_paths(self, kind: ResourceType) -> list[str]:
        """What must be there to name the record, and to ask for what else is told of it."""
        texts = [kind.id, kind.name]
        calls = [kind.detail, kind.tags, *(document.call for document in kind.documents)]
        calls += [child.list for child in kind.children]
        for call in filter(None, calls):
            texts += call.args.values()
        if kind.batch:
            texts += [kind.batch.key]
        paths = [path for text in texts for path in paths_in(text)]
        for other in self.types:
            if other.under == kind.kind:
                paths += [p.removeprefix("parent.") for p in self._asked_above(other)]
        for child in kind.children:
            for text in child.detail.args.values() if child.detail else ():
                above = [p for p in paths_in(text) if p.startswith("parent.")]
                paths += [p.partition(".")[2] for p in above if not p.startswith("parent.p")]
        words = {*PLACE, "name", "parent_id"}
        own = [path for path in dict.fromkeys(paths) if not path.startswith("parent.")]
        return [path for path in own if path not in words or self._is_field(kind, path)]

    def _asked_above(self, kind: ResourceType) -> Iterator[str]:
        """What a type asks of the record that it stands under, as ``parent.<path>``."""
        calls = [kind.list, kind.detail, kind.tags, *(child.list for child in kind.children)]
        texts = [kind.id, kind.name]
        for call in filter(None, calls):
            texts += call.args.values()
        paths = [path for text in texts for path in paths_in(text)]
        for child in kind.children:
            for text in child.detail.args.values() if child.detail else ():
                paths += [p.partition(".")[2] for p in paths_in(text) if p.startswith("parent.p")]
        yield from (path for path in paths if path.startswith("parent."))

    @staticmethod
    def _is_field(kind: ResourceType, path: str) -> bool:
        return any(has(shape, path) for shape in shapes_of(kind))

    def _put_base(
        self, kind: ResourceType, shapes: Sequence[Any], record: Planted, path: str
    ) -> None:
        if path in record.taken or (path == "id" and not self._is_field(kind, path)):
            return
        leaf = leaf_at(shapes, path)
        choices = [choice for wanted in kind.list.each.values() for choice in wanted]
        token = f"z{record.serial}z"
        arn = f"arn:aws:made-up:{REGION}:{ACCOUNT}:thing/{token}"
        least = self._least(kind, path)
        for text in (arn, token) if path.lower().endswith("arn") else (token, arn):
            value = fitting(leaf, text.ljust(least, "x"), choices)
            if value is not None and place(shapes, record, path, value):
                return
        raise AssertionError(f"{kind.kind}: {path} takes no name")

    def _least(self, kind: ResourceType, path: str) -> int:
        """How long it must be where it is asked with."""
        calls = [kind.detail, kind.tags, *(child.list for child in kind.children)]
        calls += [child.detail for child in kind.children]
        for other in self.types:
            if other.under == kind.kind:
                calls += [other.list, other.detail]
        found = [0]
        for call in filter(None, calls):
            for name, text in call.args.items():
                if text.removeprefix("parent.") == path and "." not in name:
                    shape = operation(call.op).input.members[name.removesuffix("[]")]
                    found.append(int(shape.metadata.get("min", 0)))
        return max(found)

    def _register(self, kind: ResourceType) -> None:
        self._lists.setdefault(kind.list.op, []).append((kind.list, kind.kind, -1))
        if kind.detail:
            self._details.setdefault(kind.detail.op, {})[kind.kind] = kind.detail
        if kind.batch:
            call = Call(op=kind.batch.op, items=kind.batch.items)
            self._details.setdefault(call.op, {})[kind.kind] = call
        if kind.tags:
            op = SAME_ROUTE.get(kind.tags.op, kind.tags.op)
            self._details.setdefault(op, {})["tags"] = kind.tags
        for number, child in enumerate(kind.children):
            self._plant_child(kind, number, child)

    def _plant_child(self, kind: ResourceType, number: int, child: Child) -> None:
        """Below the second record: the first has nothing below it."""
        owner = self.records[kind.kind][1]
        made: list[Planted] = []
        name = f"{kind.kind}/{number}"
        shapes = [item_of(child.list)] + ([item_of(child.detail)] if child.detail else [])

        def new() -> Planted:
            record = Planted(next(self._serials), name, {}, owner.serial)
            self._by_serial[record.serial] = record
            made.append(record)
            for text in child.detail.args.values() if child.detail else ():
                for path in paths_in(text):
                    if not path.startswith("parent.") and path not in PLACE:
                        token = f"z{record.serial}z".ljust(self._least(kind, path), "x")
                        place(shapes, record, path, token)
            return record

        new()
        for rule in child.edges:
            if rule.path.startswith("parent."):
                continue
            self._put(
                new,
                [made[0], *made],
                lambda r, rule=rule: plant_edge(rule, shapes, r, self._mark()),
            )
        for one in made:
            owner.expected.edges |= one.expected.edges
        self.below[kind.kind, number] = made
        self._lists.setdefault(child.list.op, []).append((child.list, kind.kind, number))
        if child.detail:
            self._details.setdefault(child.detail.op, {})[name] = child.detail

    # --- answering -----------------------------------------------------------------------------

    def _answer(self, asked: Asked) -> Any:
        tokens = [int(found) for found in _TOKEN.findall(str(asked.params))]
        ident = asked.operation.id
        if ident in self._lists:
            return self._list(asked, tokens)
        calls = self._details[ident]
        if "tags" in calls:
            return tags_told(asked, calls["tags"], f"z{max(tokens)}z" if tokens else "")
        record = self._by_serial[max(tokens)]
        call = calls[record.kind]
        if call.items.endswith("[]"):
            several = [self._by_serial[token] for token in tokens]
            return wrapped(call.items, [pruned(item_of(call), one.fields) for one in several])
        return wrapped(call.items, pruned(item_of(call), record.fields))

    def _list(self, asked: Asked, tokens: list[int]) -> Any:
        found: list[Any] = []
        field_name = ""
        for call, kind, child in self._lists[asked.operation.id]:
            records = self.records[kind] if child < 0 else self.below[kind, child]
            under = child >= 0 or next(k for k in self.types if k.kind == kind).under
            owner = max(tokens, default=0)
            shape = item_of(call)
            for one in records:
                if under and one.owner != owner:
                    continue
                if any(
                    first(one.fields, key) not in (None, asked.params.get(key)) for key in call.each
                ):
                    continue
                made = one.fields.get("value") if is_scalar(shape) else pruned(shape, one.fields)
                if not call.items.endswith("[]"):
                    return wrapped(call.items, made)
                field_name, *rest = call.items.split("[]")
                found.append(wrapped(".".join(rest).strip("."), made) if any(rest) else made)
        return Listed({field_name: found}) if field_name else Listed({field_of(asked): []})
