"""Same-as rules as data: which two nodes are one thing, by what, and how sure that is.

A closed set of fields and forms; what needs more is Python in ``scanner.graph``.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from scanner.model.base import Model
from scanner.model.errors import RuleError
from scanner.rulebook.documents import read_yaml
from scanner.rulebook.types import NonEmpty


class NodeType(StrEnum):
    ACCOUNT = "account"
    ASSET = "asset"
    CREDENTIAL = "credential"
    DATA_STORE = "data_store"
    IDENTITY = "identity"


class Form(StrEnum):
    """What a text must look like, and how it is written to be compared; else it is no key."""

    PLAIN = "plain"
    """Without blanks around it, in lower case."""
    ADDRESS = "address"
    LOCAL_PART = "local_part"
    """What stands before an address's @, where that is four characters or more and no
    function's (``info``, ``support``)."""
    NOREPLY_LOGIN = "noreply_login"
    """``octocat`` of ``1+octocat@users.noreply.github.com``."""
    LOGIN = "login"
    """``octocat`` of ``forge:@octocat``."""
    URI = "uri"
    HOST = "host"
    """Of a URL, or a host as it is."""
    INSTANCE = "instance"
    """``i-0123`` of an ARN of an EC2 instance."""
    ROLE = "role"
    """``111122223333/app`` of an ARN of an IAM role, and of a session under it."""
    SESSION = "session"
    """``fn`` of ``arn:aws:sts::111122223333:assumed-role/app/fn``."""
    FUNCTION = "function"
    """``fn`` of ``AWS Lambda VPC ENI-fn-<uuid>``, as a network interface of Lambda is described."""
    MACHINE = "machine"
    """``laptop-7`` of ``LAPTOP-7.corp.example``; none for what every second machine is called."""
    ACCOUNT_NAME = "account_name"
    """``lena.berg`` of ``ACME\\lena.berg``: four characters or more, no address and no function."""
    POD_SET = "pod_set"
    """``shop answers-6d4cf56db6`` of ``shop answers-6d4cf56db6-x2x4z``: of what a pod is one,
    whichever of it is there now."""


class Part(Model, frozen=True, kw_only=True, rename={"form": "as"}):
    field: NonEmpty
    """``id``, ``name``, ``email``, ``provider``, ``region``, ``account``, ``asset_class``,
    ``kind``, ``aliases``, ``tag:<name>``, or ``tags:<name>``: each of a tag that lists several."""
    form: Form = Form.PLAIN


class Side(Model, frozen=True, kw_only=True):
    """Nodes of these kinds (globs), by these parts; one that lacks a part has no key."""

    node: NodeType | None = None
    """Where a side is of another type than the rule's ``node``: a log's device, and the machine."""
    kind: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1)] = ("*",)
    principal: tuple[str, ...] = ()
    """Of identities: only these types."""
    key: tuple[Part, ...] = ()
    many: bool = False
    """Several nodes of this side may be one and the same thing: places that name it. ``one_each``
    then looks at the other sides alone."""


class Compare(StrEnum):
    EQUAL = "equal"
    SHOWN_ENDS = "shown_ends"
    """A key that was found and a vendor's record of it, by the characters that both show."""


class Outcome(StrEnum):
    MERGE = "merge"
    CANDIDATE = "candidate"
    """Shown to people, walked by nobody until one confirms it."""


class Example(Model, frozen=True, kw_only=True):
    """``nodes``: facts, without their type where it is the rule's, and their name where it is the
    id. ``expect``: what the rule says of them."""

    nodes: tuple[dict[str, Any], ...]
    expect: str
    """``merge``, ``candidate`` or ``nothing``."""


class SameAs(Model, frozen=True, kw_only=True):
    """One rule. With one side, all nodes that share a key; with several, pairs across sides."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*$")]
    name: NonEmpty
    node: NodeType
    compare: Compare = Compare.EQUAL
    verdict: Outcome
    sides: tuple[Side, ...] = ()
    one_each: bool = True
    """Where several nodes of one side share a key, each is a candidate only."""
    unless_sure: bool = False
    """Of candidates: not of a node of the first side that a merge has told to be a node of
    another type: which workload a device is, not that two logs name one device."""
    reason: NonEmpty
    """May hold ``{key}``."""
    rationale: NonEmpty
    examples: Annotated[tuple[Example, ...], msgspec.Meta(min_length=2)]


def read(files: list[Path]) -> tuple[SameAs, ...]:
    """In order of id. Raises ``RuleError`` for a broken file or an id that stands twice."""
    found: dict[str, SameAs] = {}
    for path in files:
        rule = read_yaml(path, SameAs, RuleError)
        if rule.id in found:
            raise RuleError(f"{path}: same-as rule {rule.id} stands already elsewhere")
        if rule.compare is Compare.EQUAL and not rule.sides:
            raise RuleError(f"{path}: {rule.id} compares keys, so it needs `sides`")
        found[rule.id] = rule
    return tuple(found[ident] for ident in sorted(found))


@cache
def bundled() -> tuple[SameAs, ...]:
    """Those of the installed package."""
    from scanner.rulebook.load import bundled as root

    return read(sorted((root() / "same-as").glob("*.yaml")))
