"""What the names of an infrastructure program stand for: services of CDK, packages of Pulumi.

Owns the import statements of the languages in which both are written; knows no provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanner.detect.infra.declared import squash
from scanner.kit.expressions import expression

_SERVICE = r"aws[-_.]?(?P<service>[a-z0-9]+(?:[-_][a-z0-9]+){0,3}?)(?:[-_]alpha)?"
_CDK_MODULE = expression(
    rf"(?:aws-cdk-lib/|@aws-cdk/|aws_cdk\.|github\.com/aws/aws-cdk-go/awscdk(?:/v\d)?/){_SERVICE}"
)
_JVM_SERVICE = expression(r"software\.amazon\.awscdk\.services\.(\w+)(?:\.alpha)?\.(\w+|\*)")
_NET_SERVICE = expression(r"Amazon\.CDK\.AWS\.(\w+)")
_PULUMI_JVM = expression(r"com\.pulumi\.([a-z]\w*)\.(\w+)\.([A-Z]\w*)")
_PULUMI_GO = expression(r"github\.com/pulumi/pulumi-([\w-]+?)/sdk(?:/v\d+)?(?:/go/[\w-]+)?/(\w+)$")
_PULUMI = expression(r"(?:@pulumi/|pulumi[-_])([a-z]+(?:[-_]native)?)(?:[./](\w+))?")

_FROM = r"from\s{1,4}[\"'](?P<module>[^\"'\n]{1,120})"
_REQUIRE = r"=\s{0,4}require\([\"'](?P<module>[^\"'\n]{1,120})"
_ITEMS = r"\{(?P<items>[^{}]{1,3000})(?P<rest>\})"
_Grammar = tuple[tuple[re.Pattern[str], ...], tuple[re.Pattern[str], ...]]
"""Imports of a whole module, imports of some of its names."""
_SCRIPTS: _Grammar = (
    (
        expression(
            rf"\bimport\s{{1,4}}(?:\*\s{{1,4}}as\s{{1,4}})?(?P<local>\w{{1,80}})\s{{1,4}}{_FROM}"
        ),
        expression(rf"\b(?:const|let|var)\s{{1,4}}(?P<local>\w{{1,80}})\s{{0,4}}{_REQUIRE}"),
    ),
    (
        expression(rf"\bimport\s{{1,4}}(?:type\s{{1,4}})?{_ITEMS}\s{{1,4}}{_FROM}"),
        expression(rf"\b(?:const|let|var)\s{{1,4}}{_ITEMS}\s{{0,4}}{_REQUIRE}"),
    ),
)
_JVM: _Grammar = (
    (expression(r"^[ \t]*import[ \t]+(?P<module>[\w.]{1,200}\*?)(?P<local>\Z)?", re.M),),
    (),
)
_GRAMMARS: dict[str, _Grammar] = {
    ".py": (
        (
            expression(
                r"^[ \t]*import[ \t]+(?P<module>[\w.]{1,120})"
                r"(?:[ \t]+as[ \t]+(?P<local>\w{1,80}))?",
                re.M,
            ),
        ),
        (
            expression(
                r"^[ \t]*from[ \t]+(?P<module>[\w.]{1,120})[ \t]+import[ \t]+"
                r"(?:\((?P<items>[^()]{1,3000})\)|(?P<rest>[^\n(]{1,500}))",
                re.M,
            ),
        ),
    ),
    ".go": (
        (
            expression(
                r"^[ \t]*(?:import[ \t]+)?(?:(?P<local>\w{1,60})[ \t]+)?"
                r"\"(?P<module>[\w.-]+/[\w./-]{1,160})\"",
                re.M,
            ),
        ),
        (),
    ),
    ".java": _JVM,
    ".kt": _JVM,
    ".cs": (
        (
            expression(
                r"^[ \t]*using[ \t]+(?:(?P<local>\w{1,60})[ \t]*=[ \t]*)?(?P<module>[\w.]{1,160});",
                re.M,
            ),
        ),
        (),
    ),
}
_ITEM = expression(r"(\w{1,80})(?:\s{1,8}as\s{1,8}(\w{1,80})|\s{0,4}:\s{0,4}(\w{1,80}))?")


@dataclass
class Bound:
    """What the names of a file stand for. ``names``: local name -> path behind it, such as
    ``("cdk", "bedrock")``, ``("pulumi", "aws", "sagemaker", "Endpoint")``."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wild: list[tuple[str, ...]] = field(default_factory=list)
    modules: list[tuple[str, str, int]] = field(default_factory=list)
    """CDK service, module as written, offset."""


def bindings(text: str, suffix: str) -> Bound:
    bound = Bound()
    for module, item, local, at in _imports(text, suffix):
        _bind(bound, module, item, local, at)
    return bound


def _imports(text: str, suffix: str) -> Iterator[tuple[str, str, str, int]]:
    """(module, item or empty, local name, offset of the module)."""
    whole, some = _GRAMMARS.get(suffix, _SCRIPTS)
    for pattern in whole:
        for m in pattern.finditer(text):
            module = m["module"]
            yield module, "", m["local"] or _last(module, suffix), m.start("module")
    for pattern in some:
        for m in pattern.finditer(text):
            for item in _ITEM.finditer(m["items"] or m["rest"] or ""):
                yield m["module"], item[1], item[2] or item[3] or item[1], m.start("module")


def _last(module: str, suffix: str) -> str:
    """What an import without a name is called: all of it in Python, nothing in C#."""
    if suffix == ".cs":
        return ""
    return module if suffix == ".py" else re.split(r"[/.]", module)[-1]


def _bind(bound: Bound, module: str, item: str, local: str, at: int) -> None:
    jvm, net = _JVM_SERVICE.fullmatch(module), _NET_SERVICE.match(module)
    service = _CDK_MODULE.fullmatch(module)
    if service:
        name = squash(service["service"])
        bound.modules.append((name, module, at))
        bound.names[local] = ("cdk", name, item) if item else ("cdk", name)
    elif module in ("aws-cdk-lib", "aws_cdk") and item.startswith("aws_"):
        name = squash(item[4:].removesuffix("_alpha"))
        bound.modules.append((name, item, at))
        bound.names[local] = ("cdk", name)
    elif "generative" in module and "cdk" in module and item:
        bound.names[local] = ("cdk", squash(item))
    elif jvm:
        bound.modules.append((squash(jvm[1]), module, at))
        if jvm[2] == "*":
            bound.wild.append(("cdk", squash(jvm[1])))
        else:
            bound.names[local] = ("cdk", squash(jvm[1]), jvm[2])
    elif net:
        bound.modules.append((squash(net[1]), module, at))
        bound.wild.append(("cdk", squash(net[1])))
    else:
        _bind_pulumi(bound, module, item, local)


def _bind_pulumi(bound: Bound, module: str, item: str, local: str) -> None:
    jvm, go = _PULUMI_JVM.fullmatch(module), _PULUMI_GO.search(module)
    if jvm:
        bound.names[local] = ("pulumi", jvm[1], jvm[2], jvm[3])
    elif go:
        bound.names[local] = ("pulumi", go[1], go[2])
    elif module.startswith("Pulumi."):
        path = ("pulumi", *(squash(word) for word in module.split(".")[1:]))
        if local:
            bound.names[local] = path
        elif len(path) == 2:
            bound.names[module.split(".")[1]] = path
        else:
            bound.wild.append(path)
    else:
        found = _PULUMI.match(module)
        if found:
            rest = tuple(word for word in (found[2], item) if word)
            bound.names[local] = ("pulumi", found[1].replace("_", "-"), *rest)
