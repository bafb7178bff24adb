"""What is wrong with a table, told by botocore's own models: no account is needed for it.

Owns the questions (is every path a field, every argument a parameter, every page asked for);
knows nothing of single services but for the few facts that the models lack, each with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.validate import ParamValidator

from connectors.aws import AwsConfig
from connectors.aws.policies import JUDGES
from connectors.aws.relations import TARGETS
from scanner.kit.tabled.edges import WORDS
from scanner.kit.tables import (
    Call,
    Child,
    Condition,
    EdgeRule,
    Exposure,
    ResourceType,
    choice_of,
    with_fields,
)
from scanner.rulebook.load import bundled

KNOWN = {"provider", *WORDS, *TARGETS}
_SESSION = botocore.session.get_session()
_PLACE = frozenset({"partition", "region", "account"})
_TOKENS = ("nexttoken", "nextmarker", "marker", "paginationtoken", "nextpagetoken")
_SCALARS = frozenset({
    "string", "character", "timestamp", "boolean", "integer", "long", "float", "double",
})  # fmt: skip
_BEYOND_THE_MODEL = {
    ("inferenceTypesSupported[]", "INFERENCE_PROFILE"),
    # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
}
"""Words that AWS answers and its model does not have."""
_HOLE = re.compile(r"\{([^{}]*)\}")
_WHEN = "2026-01-01T00:00:00+00:00"

Shapes = Sequence[Any]


class Wrong(Exception):
    """What is wrong, in words."""


def operation(op: str) -> Any:
    service, _, name = op.partition(":")
    try:
        return _SESSION.get_service_model(service).operation_model(name)
    except (UnknownServiceError, OperationNotFoundError) as error:
        raise Wrong(f"{op}: botocore has no such operation") from error


def shape_at(shape: Any, path: str) -> Any:
    """The shape at a dotted path; below a document of the vendor's anything may be (None)."""
    for step in filter(None, path.split(".")):
        if shape is None or getattr(shape, "is_document_type", False):
            return None
        key, is_list = step.removesuffix("[]"), step.endswith("[]")
        if step.endswith("]") and not is_list:
            shape = _chosen_shape(shape, step)
            continue
        if shape.type_name == "map":
            shape = shape.value  # any key, or every one
        elif shape.type_name != "structure":
            raise Wrong(f"{path}: {shape.name} has no fields")
        elif key not in shape.members:
            if not shape.members:
                return None  # botocore knows that there is something, and not what
            raise Wrong(f"{path}: {shape.name} has {', '.join(sorted(shape.members))}")
        else:
            shape = shape.members[key]
        if is_list:
            if getattr(shape, "is_document_type", False):
                return None
            if shape.type_name != "list":
                raise Wrong(f"{path}: {key} is no list")
            shape = shape.member
    return shape


def _chosen_shape(shape: Any, step: str) -> Any:
    """Of ``key[name=value]`` the element, which has such a field with such a value."""
    key, name, wanted = choice_of(step)
    if shape.type_name != "structure" or key not in shape.members:
        raise Wrong(f"{step}: {shape.name} has {', '.join(sorted(getattr(shape, 'members', ())))}")
    found = shape.members[key]
    found = found.member if found.type_name == "list" else found
    if name not in getattr(found, "members", ()):
        raise Wrong(f"{step}: {found.name} has {', '.join(sorted(getattr(found, 'members', ())))}")
    known = found.members[name].enum if found.members[name].type_name == "string" else None
    if known and wanted not in known:
        raise Wrong(f"{step}: {wanted} is none of {sorted(known)}")
    return found


class Lint:
    """The complaints about one type, among all types of its table."""

    def __init__(self, kind: ResourceType, types: Sequence[ResourceType]) -> None:
        self.kind = kind
        self.types = types
        place = next(n for n, one in enumerate(types) if one is kind)
        self.before = [one for one in types[:place] if one.service == kind.service]

    def complaints(self) -> Iterator[str]:
        for check in (
            self._words, self._calls, self._pages, self._record, self._conditions, self._relations,
            self._texts, self._tags, self._batch,
        ):  # fmt: skip
            try:
                yield from check()
            except Wrong as wrong:
                yield str(wrong)

    def _words(self) -> Iterator[str]:
        kind = self.kind
        if [one.kind for one in self.types].count(kind.kind) != 1:
            yield f"{kind.kind} stands in the tables twice"
        if not re.fullmatch(r"aws\.[a-z0-9_]+", kind.kind):
            yield f"{kind.kind}: aws.<words in lower case>"
        if not kind.describes or kind.describes.endswith("."):
            yield "describes: what is read, without a full stop"
        if not re.match(r"https://docs\.aws\.amazon\.com/\S+$", kind.reference):
            yield f"reference: a page of docs.aws.amazon.com, not {kind.reference}"
        if kind.is_ai and not (kind.provider or kind.listed or kind.where or kind.ai_when):
            yield "provider: whose AI is it?"  # of what is chosen by its name or machine it varies
        if kind.provider and kind.provider not in providers():
            yield f"provider: rules/ has no {kind.provider}"
        for option in {kind.opt_in, *(document.opt_in for document in kind.documents)} - {""}:
            if option not in AwsConfig.__struct_fields__:
                yield f"opt_in: the configuration has no field {option}"
        if kind.under:
            above = [one for one in self.before if one.kind == kind.under]
            if not above:
                yield f"under: {kind.under} is no type of the same family before it"
            elif above[0].is_global != kind.is_global:
                yield f"under: {kind.under} is read elsewhere (is_global)"
        if "arn:aws:" in str(kind):
            yield "arn:aws: there are other partitions, write {partition}"

    def _calls(self) -> Iterator[str]:
        kind = self.kind
        above = self._parents()
        yield from self._asked(kind.list, [], {"parent_id"} if kind.under else set(), above)
        for call in (kind.detail, kind.tags, *(d.call for d in kind.documents)):
            if call:
                yield from self._asked(call, self._shapes(), {"id", "parent_id"}, above)
        for child in kind.children:
            yield from self._asked(child.list, self._shapes(), {"id"}, above)
            if child.detail:
                listed = [_items(child.list)]
                yield from self._asked(child.detail, listed, {"id"}, self._shapes(), above)

    def _asked(self, call: Call, shapes: Shapes, scope: set[str], *above: Shapes) -> Iterator[str]:
        """Arguments: known, of the right type, none that is required missing, none unknown."""
        shape = operation(call.op).input_shape
        members = shape.members if shape else {}
        given = {
            name.partition(".")[0].removesuffix("[]")
            for name in (*call.args, *call.each, *call.params)
        }
        for name in sorted(given - set(members)):
            yield f"{call.op} takes {', '.join(sorted(members))}, no {name}"
        if given - set(members):
            return
        for name, path in call.args.items():
            target = shape_at(shape, name)
            if target.type_name not in ("string", "timestamp"):
                yield f"{call.op} {name}: a {target.type_name}, and what is filled in is a text"
            yield from self._filled(path, shapes, scope | _PLACE | {"since"}, *above)
        yield from _chosen(call, members, shape)
        asked = with_fields(
            {name: _dummy(shape_at(shape, name)) for name in call.args}
            | {name: choices[0] for name, choices in call.each.items()}
        )
        if shape:
            report = ParamValidator().validate({**call.params, **asked}, shape)
            if report.has_errors():
                yield f"{call.op}: {report.generate_report()}"

    def _filled(
        self, text: str, shapes: Shapes, scope: Iterable[str], *above: Shapes
    ) -> Iterator[str]:
        """A path, or a text whose holes are paths or words of the scope."""
        for path in _HOLE.findall(text) if "{" in text else [text]:
            if path not in scope:
                yield from self._leaf(path, shapes, *above)

    def _leaf(self, path: str, shapes: Shapes, *above: Shapes) -> Iterator[str]:
        found = self._at(path, shapes, *above)
        if found is not None and found.type_name not in _SCALARS:
            yield f"{path}: a {found.type_name}, no value"

    def _at(self, path: str, shapes: Shapes, *above: Shapes) -> Any:
        """What stands at a path of the record: as one of its answers has it, or its parents'."""
        if path == "parent" or path.startswith("parent."):
            if not above:
                raise Wrong(f"{path}: there is nothing above")
            return self._at(path.partition(".")[2], *above)
        if path == "value" and any(s is not None and s.type_name in _SCALARS for s in shapes):
            return next(s for s in shapes if s is not None)
        wrong: Wrong | None = None
        for shape in shapes:
            if shape is not None and shape.type_name in _SCALARS:
                continue
            try:
                return shape_at(shape, path)
            except Wrong as error:
                wrong = wrong or error
        raise wrong or Wrong(f"{path}: no answer has it")

    def _shapes(self) -> list[Any]:
        """Of the record: what the list, the detail and the batch tell."""
        kind = self.kind
        found = [_items(kind.list)]
        if kind.detail:
            found.append(_items(kind.detail))
        if kind.batch:
            found.append(shape_at(operation(kind.batch.op).output_shape, kind.batch.items))
        return found

    def _parents(self) -> list[Any]:
        """Of the record that the type stands under. Its own parents come behind it."""
        above = [one for one in self.types if one.kind == self.kind.under]
        return [*Lint(above[0], self.types)._shapes()] if above else []

    def _pages(self) -> Iterator[str]:
        """No list that pages is read for one page only."""
        kind = self.kind
        for call in (kind.list, kind.tags, *(child.list for child in kind.children)):
            if call:
                yield from _paging(call)

    def _record(self) -> Iterator[str]:
        kind, shapes, above = self.kind, self._shapes(), self._parents()
        one = kind.list.items.endswith("[]") or _items(kind.list).type_name == "structure"
        if not one:
            yield f"{kind.list.op} {kind.list.items}: no list, and no record"
        for field, text, scope in (
            ("id", kind.id, {*_PLACE, "name", "parent_id"}),
            ("name", kind.name, {*_PLACE, "name"} if "{" in kind.name else set()),
        ):
            if not text:
                yield f"{field} is missing"
            yield from self._filled(text, shapes, scope, above)
        scalars = [kind.created_at, kind.status, kind.environment_error]
        scalars += [*kind.models, *kind.aliases, *kind.facts.values()]
        for path in filter(None, scalars):
            yield from self._leaf(path, shapes, above)
        for path in kind.environment:
            found = self._at(path, shapes, above)
            if found is not None and found.type_name not in ("map", "list"):
                yield f"{path}: a {found.type_name}, no variables"
        for setting in kind.settings:
            self._at(setting.rpartition("=")[2], shapes, above)

    def _conditions(self) -> Iterator[str]:
        kind, above = self.kind, self._parents()
        only_listed = [_items(kind.list)]
        for shapes, conditions in (
            (only_listed, (*kind.listed, *kind.kept_if_used, *kind.detailed)),
            (self._shapes(), (*kind.where, *kind.tagged, *kind.ai_when)),
        ):
            for condition in conditions:
                yield from self._condition(condition, shapes, above)
        for rule in (*kind.exposure, *kind.states):
            yield from self._exposure(rule, self._shapes(), above)

    def _condition(self, condition: Condition, shapes: Shapes, above: Shapes) -> Iterator[str]:
        if not condition.paths:
            yield "a condition without paths"
        for path in condition.paths:
            yield from self._one_of(path, condition.any_of, shapes, above)

    def _exposure(self, rule: Exposure, shapes: Shapes, above: Shapes) -> Iterator[str]:
        if rule.judge and rule.judge not in JUDGES:
            yield f"{rule.judge} is none of {sorted(JUDGES)}"
        if rule.path:
            yield from self._one_of(rule.path, rule.any_of, shapes, above)
        elif rule.any_of or rule.is_absent:
            yield f"{rule.says}: of what?"

    def _one_of(
        self, path: str, words: Sequence[str], shapes: Shapes, above: Shapes
    ) -> Iterator[str]:
        found = self._at(path, shapes, above)
        if found is None or not words:
            return
        if found.type_name not in _SCALARS:
            yield f"{path}: a {found.type_name} is none of {words}"
        known = {"true", "false"} if found.type_name == "boolean" else _enumerated(found)
        odd = [word for word in words if known and word.casefold() not in known]
        for word in odd:
            if (path, word) not in _BEYOND_THE_MODEL:
                yield f"{path}: {word} is none of {sorted(known)}"

    def _relations(self) -> Iterator[str]:
        kind, shapes, above = self.kind, self._shapes(), self._parents()
        for rule in kind.edges:
            yield from self._edge(rule, shapes, above)
        for rule in kind.kept_with:  # before anything more is asked of the record
            yield from self._edge(rule, [_items(kind.list)], above)
        for child in kind.children:
            yield from self._child(child, shapes, above)

    def _child(self, child: Child, shapes: Shapes, above: Shapes) -> Iterator[str]:
        if not (child.edges or child.exposure or child.aliases):
            yield f"{child.list.op}: what for?"
        own = [_items(child.list)]
        if child.detail:
            own.append(_items(child.detail))
        for rule in child.edges:
            yield from self._edge(rule, own, shapes, above)
        for told in child.exposure:
            yield from self._exposure(told, own, shapes)
        for path in child.aliases:
            yield from self._leaf(path, own, shapes, above)

    def _edge(self, rule: EdgeRule, shapes: Shapes, *above: Shapes) -> Iterator[str]:
        if rule.path:
            yield from self._leaf(rule.path, shapes, *above)
        elif rule.target != "provider" and "{value}" in rule.target:
            yield f"{rule.relation} {rule.target}: of which path?"
        if rule.target == "provider" and not self.kind.provider:
            yield f"{rule.relation} provider: of whom?"
        word, _, named = rule.target.partition(":")
        if word == "kind":
            if named not in {one.kind for one in self.before}:
                yield f"{rule.target} is no type of the same family before it"
        elif "{" in rule.target:
            holes = {*_HOLE.findall(rule.target)}
            if holes - {*_PLACE, "value"}:
                yield f"{rule.target}: {sorted(holes - {*_PLACE, 'value'})} is not filled"
        elif rule.target not in KNOWN:
            yield f"{rule.target} is none of {sorted(KNOWN)}"

    def _texts(self) -> Iterator[str]:
        for document in self.kind.documents:
            shapes: Shapes = self._shapes()
            if document.call:
                shapes = [operation(document.call.op).output_shape]
            self._at(document.path, shapes, self._parents())
            if not re.fullmatch(r"[\w.-]+", document.name):
                yield f"{document.name}: what a file would be called"

    def _tags(self) -> Iterator[str]:
        tags = self.kind.tags
        if not tags:
            return
        found = shape_at(operation(tags.op).output_shape, tags.items)
        if found.type_name == "list":
            found = found.member
        names = {name.casefold() for name in getattr(found, "members", ())}
        is_pair = any("key" in name for name in names) and any("value" in name for name in names)
        if found.type_name != "map" and not is_pair:
            yield f"{tags.op} {tags.items}: neither a map nor pairs"

    def _batch(self) -> Iterator[str]:
        kind, batch = self.kind, self.kind.batch
        if not batch:
            return
        if kind.detail:
            yield "either detail or batch"
        shape = operation(batch.op).input_shape
        if batch.arg not in shape.members or shape.members[batch.arg].type_name != "list":
            yield f"{batch.op} takes no list {batch.arg}"
            return
        most = shape.members[batch.arg].metadata.get("max", batch.size)
        if not 0 < batch.size <= most:
            yield f"{batch.op} takes {most} at once, not {batch.size}"
        call = Call(op=batch.op, args=batch.args, params=batch.params)
        keys = {**batch.params, batch.arg: ["x"]}
        yield from self._filled(batch.key, [_items(kind.list)], _PLACE, self._parents())
        yield from self._leaf(
            batch.match, [shape_at(operation(batch.op).output_shape, batch.items)]
        )
        for missing in {*shape.required_members} - {*keys, *call.args}:
            yield f"{batch.op}: {missing} is required"


def complaints(types: Sequence[ResourceType]) -> dict[str, list[str]]:
    """Kind -> what is wrong with it, for those of which something is."""
    found = {kind.kind: [*Lint(kind, types).complaints()] for kind in types}
    return {kind: wrong for kind, wrong in found.items() if wrong}


def _items(call: Call) -> Any:
    found = shape_at(operation(call.op).output_shape, call.items)
    if found is not None and found.type_name == "list":
        raise Wrong(f"{call.op} {call.items}: write [] for its elements")
    return found


def _chosen(call: Call, members: Any, shape: Any) -> Iterator[str]:
    """Words of enumerations, which botocore itself does not look at."""
    told = {name: (value,) for name, value in call.params.items() if isinstance(value, str)}
    for name, words in {**told, **call.each}.items():
        known = (
            set(members[name].enum or words) if members[name].type_name == "string" else {*words}
        )
        if set(words) - known:
            yield f"{call.op} {name}: {sorted(set(words) - known)} is none of {sorted(known)}"
        if name in call.each and name in shape.required_members and known - set(words):
            yield f"{call.op} {name}: {sorted(known - set(words))} is not asked for"


def _paging(call: Call) -> Iterator[str]:
    service, _, name = call.op.partition(":")
    model = operation(call.op)
    told = paginator(service, name)
    outputs = model.output_shape.members
    tokens = [key for key in outputs if key.lower() in _TOKENS]
    if told is None:
        if tokens and not call.page:
            yield f"{call.op}: {tokens} and no paginator in botocore; set `page`"
        if call.page:
            if call.page.token_in not in model.input_shape.members:
                yield f"{call.op} page: no parameter {call.page.token_in}"
            shape_at(model.output_shape, call.page.token_out)
        return
    if call.page:
        yield f"{call.op}: botocore knows its pages; leave `page` out"
    keys = told["result_key"]
    lists = [keys] if isinstance(keys, str) else keys
    field = call.items.split("[]")[0]
    if call.items.endswith("[]") and not any(field == key.split("[]")[0] for key in lists):
        yield f"{call.op}: pages are of {lists}, not of {field}"


@cache
def paginator(service: str, name: str) -> Any:
    """botocore's description of a list's pages; None: it has none."""
    try:
        return _SESSION.get_paginator_model(service).get_paginator(name)
    except (UnknownServiceError, ValueError):
        return None


@cache
def providers() -> frozenset[str]:
    """Ids of the catalogue."""
    folder = bundled()
    return frozenset(
        file.stem for part in ("providers", "products") for file in (folder / part).glob("*.yaml")
    )


def _enumerated(shape: Any) -> set[str]:
    return {str(word).casefold() for word in getattr(shape, "enum", None) or ()}


def _dummy(shape: Any) -> Any:
    if shape.type_name == "timestamp":
        return _WHEN
    return "x" * max(1, int(shape.metadata.get("min", 1)))
