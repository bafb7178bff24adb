"""CloudFormation, SAM, Serverless Framework and policy documents: AI resources and grants.

Owns YAML and JSON that AWS or a tool of its reads: templates
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/), ``cdk.out``,
``serverless.yml``, IAM policies, state machines. Names of environment variables are found in any
text by the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.infra import accelerators, grants
from scanner.detect.infra.cut import SCRIPT, cut
from scanner.detect.infra.declared import declared
from scanner.detect.infra.resource import models_in, resource
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix, walk
from scanner.kit.expressions import expression
from scanner.rulebook.types import ResourceForm

_GIVES_ROLE = expression(r"(?:^|\n)(?:[^\n#]{0,120}[\s:\[,(\"'])?(?:-[ \t]{1,4})?[\"']?$|:policy/$")
_TYPE = expression(r"\bAWS::[A-Za-z0-9]{2,40}::[A-Z]")
_AZURE = ("Azure", "Cognitive")
"""Azure's roles are bound by its own templates."""
_MOST_DOCUMENTS = 200
_MOST_VALUES = 3000


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    is_template = _TYPE.search(source.text) is not None
    is_parsed = is_template or grants.has_action(source.text)
    for document in _documents(source) if is_parsed else ():
        nodes = list(walk(document))
        if is_template:
            yield from _resources(knowledge, source, nodes)
        yield from grants.documents(knowledge, source, (node for _, node in nodes))
    text = source.text
    for found in grants.roles(knowledge, text, _GIVES_ROLE):
        if not found.label.startswith(_AZURE):
            yield found
    if b":states:::" in source.lowered:
        yield from grants.workflow_calls(knowledge, text)
    if is_template and accelerators.may_ask(text):
        if source.suffix in (".yaml", ".yml"):
            yield from accelerators.asked_in_yaml(text)
        else:
            yield from accelerators.asked(cut(text, SCRIPT))


def _documents(source: SourceFile) -> tuple[object, ...]:
    if source.data[:64].lstrip()[:1] in (b"{", b"["):
        return (source.json,)
    return source.yaml[:_MOST_DOCUMENTS]


def _resources(
    knowledge: Knowledge, source: SourceFile, nodes: list[tuple[tuple[str, ...], object]]
) -> Iterator[Found]:
    """Every mapping whose ``Type`` is one of AI's; its key is the logical id."""
    for path, node in nodes:
        kind = node.get("Type") if isinstance(node, dict) else None
        if not isinstance(kind, str) or not kind.startswith("AWS::") or not path:
            continue
        found = declared(knowledge, ResourceForm.CLOUDFORMATION, kind)
        if found is None or not isinstance(node, dict):
            continue
        properties = node.get("Properties")
        values = [
            (inner[-1], value)
            for inner, value in walk(properties, _MOST_VALUES)
            if inner and isinstance(value, str)
        ]
        start = source.find(kind, _declared_at(source, path[-1]))
        yield resource(found, kind, start, f"{kind}:{path[-1]}", values, models_in(values))


def _declared_at(source: SourceFile, logical_id: str) -> int:
    """Where the logical id stands as a key."""
    text = re.escape(logical_id[:300].encode("utf-8", "surrogatepass").decode("latin-1"))
    found = re.search(rf"^[ \t{{,]{{0,80}}[\"']?{text}[\"']?[ \t]{{0,8}}:", source.text, re.M)
    return found.start() if found else 0


_PATHS = by_suffix(".yaml", ".yml", ".json", ".template")
_LITERALS = (b"aws::", b":states:::", *grants.LITERALS)

READERS = (
    Reader(
        "cloudformation",
        lambda path: _PATHS(path) and not path.endswith((".tf.json", "package-lock.json")),
        _read,
        _LITERALS,
    ),
)
