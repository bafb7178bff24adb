"""Resource types as data: what to list, how a record becomes a fact.

A table is YAML of about nine lines a type. Paths are dotted names, with ``[]`` for every element of
a list, ``[name=value]`` for those (or the one structure) of which that holds, ``*`` for every value
of a map, and ``{path}`` puts a value into a text; there is no language beyond that. What needs more
is Python in the connector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import yaml

from scanner.kit.accelerators import is_accelerated
from scanner.kit.expressions import expression
from scanner.model.base import Model
from scanner.model.facts import AssetClass, Relation

_HOLE = expression(r"\{([^{}]*)\}")


class Page(Model, frozen=True, kw_only=True):
    """Explicit paging where the vendor's model returns a token but describes no paginator."""

    token_in: str
    token_out: str


class Call(Model, frozen=True, kw_only=True):
    """One operation. ``items``: path of the list (of a list call) or the object (of a detail call)
    in the answer. ``args``: argument name (with dots: a field of a structure; with ``[]``: a list
    of one) to a path in the record or a text with ``{path}``; ``{since}`` is when the time that is
    looked at begins, ISO 8601. ``params``: constants. ``each``: arguments that take one of several
    values, with each of which the list is asked for."""

    op: str
    items: str = ""
    args: dict[str, str] = {}
    params: dict[str, Any] = {}
    each: dict[str, tuple[str, ...]] = {}
    page: Page | None = None
    most: int = 0
    """Records at most, the first that are listed: where one of them tells as much as all. 0: all.
    That there are more is told as a gap."""


class Batch(Model, frozen=True, kw_only=True):
    """Details of many records in one call."""

    op: str
    items: str
    """Path of the list of details."""
    arg: str
    """Argument that takes the list of keys."""
    key: str
    """Path of a record's key."""
    match: str
    """Path of the same key in a detail."""
    size: int
    """Keys that one call takes at most."""
    args: dict[str, str] = {}
    """Further arguments, the same for all records of one parent."""
    params: dict[str, Any] = {}


class Condition(Model, frozen=True, kw_only=True):
    """Whether a record is of interest: one of the values at one of ``paths`` must be among
    ``any_of`` (as text, any letter case), hold one of the words ``contains``, name an accelerated
    machine type; with none of these, be there at all. ``is_not``: the contrary. A value that cannot
    be read (its details were denied) is of interest: absence is not guessed."""

    paths: tuple[str, ...]
    any_of: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    is_accelerated: bool = False
    is_not: bool = False


class Exposure(Model, frozen=True, kw_only=True):
    """``says`` holds of a record when a value at ``path`` is among ``any_of`` (as text, any letter
    case; empty: when there is one), or, with ``is_absent``, when there is none."""

    path: str
    says: str
    any_of: tuple[str, ...] = ()
    is_absent: bool = False
    judge: str = ""
    """In place of ``any_of``: a word of the connector's own (``connectors.aws.policies``) that
    judges the value."""


class Supplier(Model, frozen=True, kw_only=True):
    """Who supplies the AI, where one type is sold for many: ``of`` maps the value at ``path`` (any
    letter case) to a provider of the catalogue; any other value leaves the type's own."""

    path: str
    of: dict[str, str]


class Document(Model, frozen=True, kw_only=True):
    """A text of a record that is a file of its own to the detector: a build specification, a
    template, a start-up script. It ends there: nothing stores it."""

    name: str
    """As a file would be called, so that the readers of such files know it."""
    path: str
    """Of the text (or of parsed JSON) in the record; with ``call``, in its answer."""
    call: Call | None = None
    """What is asked for it, of each record of which all of ``asked_of`` hold."""
    asked_of: tuple[Condition, ...] = ()
    setting: str = ""
    """The text is shown as a setting under this key."""
    is_base64: bool = False
    is_value: bool = False
    """The value of a slot: it is read as ``<name of the record>=<value>``."""
    opt_in: str = ""
    """Field of the configuration that must be set, or it is neither asked for nor read."""


class EdgeRule(Model, frozen=True, kw_only=True):
    """``path`` gives values, ``target`` makes a node id of each. ``{value}``, ``{partition}``,
    ``{region}`` and ``{account}`` may stand in it; ``kind:<kind>`` looks the value up among the
    names of that kind in the same shard; single words are built in (``WORDS`` in
    ``scanner.kit.tabled.edges``) or a connector's own (``connectors.aws.relations``). Without
    ``path`` there is one edge of every record. ``is_inverse``: from what is found to the record."""

    relation: Relation
    path: str = ""
    target: str = "{value}"
    is_inverse: bool = False
    split: str = ""
    """What stands between several values that the vendor writes as one text."""


class Child(Model, frozen=True, kw_only=True):
    """Records below a record that become no node of their own, only edges of their parent, whose
    fields are ``parent.<path>``."""

    list: Call
    detail: Call | None = None
    edges: tuple[EdgeRule, ...] = ()
    exposure: tuple[Exposure, ...] = ()
    """What they say of their parent."""
    aliases: tuple[str, ...] = ()
    """Further keys of their parent."""


_FILTERS = ("status", "filter", "owner", "state", "after", "query", "{since}")
"""Arguments by which a list shows only some."""


class ResourceType(Model, frozen=True, kw_only=True):
    kind: str
    asset_class: AssetClass = msgspec.field(name="class")
    service: str
    """The part of a shard's id that its records are read under."""
    is_global: bool = False
    """Read once an account, not in every region."""
    opt_in: str = ""
    """Field of the configuration that must be set, or it is not listed."""
    under: str = ""
    """A kind of the same shard: listed once for each record of it, whose fields are
    ``parent.<path>`` and whose id is ``{parent_id}``."""
    asked_of: tuple[Condition, ...] = ()
    """All must hold of the record above (``parent.<path>``), or it has no such list."""
    listed: tuple[Condition, ...] = ()
    """All must hold of what the list shows, or nothing more is asked of the record."""
    kept_with: tuple[EdgeRule, ...] = ()
    """Of which not all of ``listed`` holds is wanted all the same where one of these leads to what
    the shard has listed before: a group of no machines yet, by the template that it starts them
    of."""
    where: tuple[Condition, ...] = ()
    """All must hold of the whole, or the record is nobody's business."""
    kept_if_used: tuple[Condition, ...] = ()
    """Records of which all of these hold (the vendor's own, the same in every account) are only of
    interest when something before them in the table calls them."""
    list: Call
    detail: Call | None = None
    detailed: tuple[Condition, ...] = ()
    """All must hold of what the list shows, or the record has no details."""
    is_list_first: bool = False
    """The details are another thing's (the version behind an alias): of fields that both have the
    list's is the record's own."""
    batch: Batch | None = None
    """In place of ``detail``, where one call tells of many."""
    tags: Call | None = None
    tagged: tuple[Condition, ...] = ()
    """All must hold, or the vendor keeps no tags of the record."""
    children: tuple[Child, ...] = ()
    id: str
    """A path, or a text with ``{path}`` where the vendor's record carries no id of its own."""
    name: str
    """A path, or a text with ``{path}``. Of an ARN the part that people know."""
    created_at: str = ""
    status: str = ""
    states: tuple[Exposure, ...] = ()
    """Where the vendor tells no status: the first that holds."""
    models: tuple[str, ...] = ()
    provider: str = ""
    supplier: Supplier | None = None
    is_ai: bool = True
    ai_when: tuple[Condition, ...] = ()
    """All must hold, or the record is a carrier like those of a type that ``is_ai`` is not."""
    edges: tuple[EdgeRule, ...] = ()
    exposure: tuple[Exposure, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other exact keys: URLs, secondary ids."""
    facts: dict[str, str] = {}
    """Name to path: what people want to see beside the vendor's own tags."""
    environment: tuple[str, ...] = ()
    """Maps of variable name to value, or lists of such pairs, for the detector that reads code."""
    settings: tuple[str, ...] = ()
    """Whatever else the detector is to read, under the last word of its path or the word before
    ``=``: images, commands, names of secrets."""
    documents: tuple[Document, ...] = ()
    absent: tuple[str, ...] = ()
    """Words of an error of the list by which AWS says that the account does not use the service."""
    environment_error: str = ""
    """Where the vendor says that it could not show the variables."""
    is_name_examined: bool = False
    """Only its name is read; a name that speaks of a provider's key is evidence of its own."""
    describes: str
    reference: str

    @property
    def is_whole(self) -> bool:
        """Whether every one that there is becomes a node: then one that does not is not there. (Of
        what ``asked_of`` does not hold the vendor keeps none.)"""
        narrowed = (self.opt_in, self.listed, self.where, self.kept_if_used, self.list.most)
        asked = (*self.list.params, *self.list.args, *self.list.each, *self.list.args.values())
        is_filtered = any(word in text.casefold() for text in asked for word in _FILTERS)
        return not (any(narrowed) or self.is_name_examined or is_filtered)

    @property
    def calls(self) -> tuple[Call, ...]:
        many = Call(op=self.batch.op) if self.batch else None
        own = (self.list, self.detail, many, self.tags)
        below = (call for child in self.children for call in (child.list, child.detail))
        texts = (document.call for document in self.documents if not document.opt_in)
        return tuple(call for call in (*own, *below, *texts) if call)

    @property
    def operations(self) -> Iterator[tuple[str, str]]:
        """(operation, field of the configuration that it takes or nothing) of every call."""
        yield from ((call.op, self.opt_in) for call in self.calls)
        for document in self.documents:
            if document.opt_in and document.call:
                yield document.call.op, document.opt_in


def holds(condition: Condition, record: Any) -> bool:
    found = [value for path in condition.paths for value in values(record, path)]
    return _is_met(condition, found) is not condition.is_not


def _is_met(condition: Condition, found: list[Any]) -> bool:
    words = [str(value).casefold() for value in found]
    if not (condition.any_of or condition.contains or condition.is_accelerated):
        return any(value not in ("", [], {}) for value in found)
    wanted = {text.casefold() for text in condition.any_of}
    return (
        any(word in wanted for word in words)
        or any(part.casefold() in word for part in condition.contains for word in words)
        or (condition.is_accelerated and any(is_accelerated(str(value)) for value in found))
    )


def exposed(
    rules: Iterable[Exposure],
    record: Any,
    *,
    is_whole: bool = True,
    judges: Mapping[str, Callable[[str], bool]] = MappingProxyType({}),
) -> Iterator[str]:
    """What holds of a record. What is missing in one that is not ``is_whole`` may be there."""
    for rule in rules:
        found = [value for value in values(record, rule.path) if value not in ("", [], {})]
        if rule.is_absent:
            is_so = is_whole and not found
        elif rule.judge:
            is_so = any(judges[rule.judge](str(value)) for value in found)
        elif rule.any_of:
            wanted = {text.casefold() for text in rule.any_of}
            is_so = any(str(value).casefold() in wanted for value in found)
        else:
            is_so = bool(found)
        if is_so:
            yield rule.says


def provider_of(kind: ResourceType, record: Any) -> str:
    if kind.supplier is None:
        return kind.provider
    known = {value.casefold(): provider for value, provider in kind.supplier.of.items()}
    found = (known.get(str(value).casefold()) for value in values(record, kind.supplier.path))
    return next(filter(None, found), kind.provider)


def load_types(text: str | bytes) -> tuple[ResourceType, ...]:
    """The types of a table, strictly: an unknown field is a ``msgspec.ValidationError``."""
    return msgspec.convert(_plain(text)["types"], tuple[ResourceType, ...])


def load_edges(text: str | bytes) -> dict[str, tuple[EdgeRule, ...]]:
    """Edges beside a table, in a shorter form: kind -> relation and word of the target -> paths."""
    told = msgspec.convert(_plain(text), dict[str, dict[str, list[str]]])
    return {
        kind: tuple(
            EdgeRule(relation=Relation(words.partition(" ")[0]), path=path,
                     target=words.partition(" ")[2])
            for words, paths in sorted(rules.items())
            for path in paths
        )
        for kind, rules in told.items()
    }  # fmt: skip


def _plain(text: str | bytes) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def values(record: Any, path: str) -> Iterator[Any]:
    """Every value at ``path``; a missing step gives nothing, so optional fields need no branch. The
    step ``*`` is every value of a map."""
    if not path:
        yield record
        return
    step, _, rest = path.partition(".")
    is_list = step.endswith("[]")
    key = step[:-2] if is_list else step
    if not isinstance(record, Mapping):
        return
    if step.endswith("]") and not is_list:
        for element in _chosen(record, step):
            yield from values(element, rest)
        return
    if key == "*":
        for element in record.values():
            yield from values(element, rest)
        return
    if record.get(key) is None:
        return
    found = record[key]
    if is_list:
        for element in found if isinstance(found, list) else ():
            yield from values(element, rest)
    else:
        yield from values(found, rest)


def choice_of(step: str) -> tuple[str, str, str]:
    """Of ``key[name=value]`` the three words."""
    key, _, chosen = step.removesuffix("]").partition("[")
    name, _, wanted = chosen.partition("=")
    return key, name, wanted


def _chosen(record: Mapping[str, Any], step: str) -> Iterator[Any]:
    key, name, wanted = choice_of(step)
    found = record.get(key)
    for element in found if isinstance(found, list) else (found,):
        if isinstance(element, Mapping) and str(element.get(name)) == wanted:
            yield element


def first_text(record: Any, path: str) -> str:
    """The first value at ``path`` as text (dates in ISO 8601), or the empty string; a map or a list
    is no text."""
    for value in values(record, path) if path else ():
        if isinstance(value, (Mapping, list)):
            return ""
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    return ""


def fill(template: str, record: Any, scope: Mapping[str, str]) -> str:
    """A path's value, or a text whose ``{holes}`` are names of ``scope`` or paths of ``record``. A
    path by itself is the record's own field first: its ``id`` is not that of its node."""
    if "{" not in template:
        return first_text(record, template) or scope.get(template, "")
    return _HOLE.sub(lambda m: scope.get(m[1], "") or first_text(record, m[1]), template)


def with_fields(args: Mapping[str, Any]) -> dict[str, Any]:
    """Names with dots as structures, with ``[]`` as lists of one: ``{"A.B": 1, "C[]": 2}`` is
    ``{"A": {"B": 1}, "C": [2]}``."""
    made: dict[str, Any] = {}
    for name, value in args.items():
        *above, last = name.split(".")
        inner = made
        for step in above:
            inner = inner.setdefault(step, {})
        if last.endswith("[]"):
            inner[last[:-2]] = [value]
        else:
            inner[last] = value
    return made


_NAMES = ("Key", "key", "Name", "name", "ParameterKey", "OptionName", "TagKey", "tagKey")
_VALUES = ("Value", "value", "ParameterValue", "TagValue", "tagValue")


def pairs_of(records: Any) -> Iterator[tuple[str, str]]:
    """Names and values, as AWS writes them: a map, or a list of pairs in one of its spellings."""
    if isinstance(records, Mapping):
        yield from ((str(key), str(value)) for key, value in records.items())
        return
    for record in records if isinstance(records, list) else ():
        if isinstance(record, Mapping):
            name = next((record[key] for key in _NAMES if record.get(key)), "")
            yield str(name), str(next((record[key] for key in _VALUES if record.get(key)), ""))


def tags_of(records: Any) -> dict[str, str]:
    return dict(pairs_of(records))
