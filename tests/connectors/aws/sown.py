"""What a table's rules are to make of a record: a value is planted for each, and what must come out
is noted. It is told here by hand, for each word that a table may use as a target: the code under
test is not asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scanner.kit.tables import Condition, EdgeRule, ResourceType
from tests.connectors.aws.grown import (
    ACCOUNT,
    HERE,
    PLACE,
    REGION,
    Planted,
    fitting,
    leaf_at,
    place,
    some,
    text_of,
)

# Target -> a value as AWS writes it, the id of the node that it stands for. {n}: a number.
TARGETS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "bucket": (
        ("s3://data-{n}/x/y", "arn:aws:s3:::data-{n}"),
        ("arn:aws:s3:::data-{n}", "arn:aws:s3:::data-{n}"),
        ("data-{n}", "arn:aws:s3:::data-{n}"),
    ),
    "key": (
        (f"arn:aws:kms:{HERE}:key/{{n}}", f"arn:aws:kms:{HERE}:key/{{n}}"),
        ("1234abcd-{n}", f"arn:aws:kms:{HERE}:key/1234abcd-{{n}}"),
    ),
    "model": (
        ("arn:aws:bedrock:us-west-2::foundation-model/acme.m-{n}",
         f"aws:{ACCOUNT}/us-west-2/bedrock/acme.m-{{n}}"),
        ("acme.m-{n}", f"aws:{ACCOUNT}/{REGION}/bedrock/acme.m-{{n}}"),
    ),
    "store": (
        (f"arn:aws:aoss:{HERE}:collection/{{n}}", f"arn:aws:aoss:{HERE}:collection/{{n}}"),
    ),
    "site": (("https://host-{n}.example/path", "https://host-{n}.example"),),
    "log_group": (("/logs/{n}", f"arn:aws:logs:{HERE}:log-group:/logs/{{n}}"),),
    "principal": (
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/r{{n}}/job", f"arn:aws:iam::{ACCOUNT}:role/r{{n}}"),
    ),
    "whole": (
        (f"arn:aws:lambda:{HERE}:function:f{{n}}:live", f"arn:aws:lambda:{HERE}:function:f{{n}}"),
    ),
    "unversioned": (
        (f"arn:aws:lambda:{HERE}:layer:l{{n}}:7", f"arn:aws:lambda:{HERE}:layer:l{{n}}"),
    ),
    "repository": (("https://git.example/team/r{n}.git", "git:git.example/team/r{n}"),),
    "secret": (
        (f"arn:aws:secretsmanager:{HERE}:secret:s{{n}}:key::",
         f"arn:aws:secretsmanager:{HERE}:secret:s{{n}}"),
    ),
    "role": (("role-{n}", f"arn:aws:iam::{ACCOUNT}:role/role-{{n}}"),),
    "aws:subnet/{value}": (
        ("{n}", "aws:subnet/{n}"),
        ("subnet-00000000{n}", "aws:subnet/subnet-00000000{n}"),
    ),
    "aws:security-group/{value}": (
        ("{n}", "aws:security-group/{n}"),
        # Of eight characters or seventeen, whatever the mark's length.
        *((f"sg-{zeros}{{n}}", f"aws:security-group/sg-{zeros}{{n}}")
          for zeros in ("0" * pad for pad in range(2, 8))),
    ),
    "{value}": (
        ("arn:aws:made-up:::thing/{n}", "arn:aws:made-up:::thing/{n}"),
        (f"arn:aws:made-up:{HERE}:{'thing/' * 20}{{n}}",) * 2,
        ("{n}", "{n}"),
    ),
}  # fmt: skip


def plant_edge(rule: EdgeRule, shapes: Sequence[Any], record: Planted, mark: str) -> bool:
    leaf = leaf_at(shapes, rule.path)
    taken = record.taken.get(rule.path)
    for template, target in _examples(rule):
        if taken is None:
            value = template.replace("{n}", mark)
            if fitting(leaf, value) != value or not place(shapes, record, rule.path, value):
                continue
            record.expected.edges.add(edge_told(rule, target.replace("{n}", mark)))
            return True
        # What stands there already may be an example, or fill a text as well as one.
        found = str(taken) if template == "{n}" else _number(template, taken)
        if found is not None and (target == "{n}" or not found.startswith("arn:")):
            record.expected.edges.add(edge_told(rule, target.replace("{n}", found)))
            return True
    return False


def _examples(rule: EdgeRule) -> Sequence[tuple[str, str]]:
    known = TARGETS.get(rule.target)
    if known:
        return known
    if rule.target.startswith("kind:"):
        kind = rule.target.removeprefix("kind:")
        return (("{n}", f"aws:{ACCOUNT}/{REGION}/{kind}/{{n}}"),)
    made = rule.target
    for name, text in {**PLACE, "value": "{n}"}.items():
        made = made.replace(f"{{{name}}}", text)
    longer = f"arn:aws:made-up:{HERE}:{'thing/' * 10}{{n}}"
    return (("{n}", made), (longer, longer))


def plain(kind: ResourceType, rule: EdgeRule) -> str:
    if rule.target == "provider":
        return f"provider:{kind.provider}"
    made = rule.target
    for name, text in PLACE.items():
        made = made.replace(f"{{{name}}}", text)
    return made


def edge_told(rule: EdgeRule, target: str) -> tuple[str, str, str]:
    if rule.target.startswith("arn:{partition}:sagemaker:"):
        target = target.lower()  # as SageMaker writes names into its ARNs
    ends = (target, "*") if rule.is_inverse else ("*", target)
    return ends[0], str(rule.relation), ends[1]


def _number(template: str, value: Any) -> str | None:
    found = re.fullmatch(re.escape(template).replace(r"\{n\}", r"(\d+)"), str(value))
    return found[1] if found else None


def plant_fact(name: str, path: str, shapes: Sequence[Any], record: Planted, mark: str) -> bool:
    if path.startswith("parent."):
        return True
    if name in record.expected.tags:
        return False
    value = record.taken.get(path, some(leaf_at(shapes, path), f"fact {mark}", mark))
    if path not in record.taken and not place(shapes, record, path, value):
        return False
    record.expected.tags[name] = text_of(value, dates=False)[:300]
    return True


def plant_word(
    path: str, shapes: Sequence[Any], record: Planted, words: set[str], mark: str
) -> bool:
    value = record.taken.get(path, some(leaf_at(shapes, path), f"word-{mark}", mark))
    if path not in record.taken and not place(shapes, record, path, value):
        return False
    words.add(text_of(value))
    return True


def plant_field(path: str, name: str, shapes: Sequence[Any], record: Planted, mark: str) -> bool:
    value = record.taken.get(path, some(leaf_at(shapes, path), f"state-{mark}", mark))
    if path not in record.taken and not place(shapes, record, path, value):
        return False
    setattr(record.expected, name, text_of(value))
    return True


def plant_exposure(told: Any, shapes: Sequence[Any], record: Planted, mark: str) -> bool:
    wanted = told.any_of[0] if told.any_of else f"word-{mark}"
    leaf = leaf_at(shapes, told.path)
    value = fitting(leaf, wanted, told.any_of)
    if told.path in record.taken:
        value = record.taken[told.path]
        if told.any_of and str(value).casefold() not in {w.casefold() for w in told.any_of}:
            return False
    elif not place(shapes, record, told.path, value):
        return False
    record.expected.exposure.add(told.says)
    return True


def satisfy(condition: Condition, shapes: Sequence[Any], record: Planted) -> None:
    path = condition.paths[0]
    if path in record.taken or path == "value":
        return
    if condition.is_not:
        avoid(condition, shapes, record)
        return
    wanted = "g5.xlarge" if condition.is_accelerated else next(
        iter((*condition.any_of, *condition.contains)), "there"
    )  # fmt: skip
    place(shapes, record, path, fitting(leaf_at(shapes, path), wanted, condition.any_of))


def avoid(condition: Condition, shapes: Sequence[Any], record: Planted) -> None:
    """A word of the enumeration for which the condition does not hold."""
    path = condition.paths[0]
    leaf = leaf_at(shapes, path)
    known = [word for word in getattr(leaf, "enum", ()) or () if word not in condition.any_of]
    if known and path not in record.taken:
        place(shapes, record, path, known[0])
