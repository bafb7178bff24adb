"""CDK and Pulumi programs: AI constructs bound to what the file imports, accelerators, grants.

Owns programs that declare infrastructure (https://docs.aws.amazon.com/cdk/api/v2/,
https://www.pulumi.com/registry/). Refuses a name that the file did not import from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from scanner.detect.infra import accelerators, grants
from scanner.detect.infra.bindings import Bound, bindings
from scanner.detect.infra.cut import C_LIKE, PYTHON, SCRIPT, Cut, cut
from scanner.detect.infra.declared import Declared, by_squashed, service_provider, squash
from scanner.detect.infra.resource import models_in, resource
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind
from scanner.rulebook.types import ResourceForm

_LEXERS = {".py": PYTHON, ".ts": SCRIPT, ".js": SCRIPT, ".mjs": SCRIPT, ".mts": SCRIPT}
_WILD_CALL = expression(r"\bnew[ \t]+(\w{1,80})[ \t]*\(|\b(\w{1,80})\.Builder\.create\(")
_NAME = expression(
    r"\s{0,40}(?:[\w.&]{1,80}(?:\(\))?\s{0,8},\s{0,40})?(?:jsii\.String\(|String\()?[$@]?"
    r"[\"'`](?P<name>[^\"'`${}\n]{1,120})[\"'`]"
)
_VALUE = expression(
    r"\b([A-Za-z_]\w{0,60})[\"']?\s{0,8}[:=(]\s{0,20}(?:\w{1,20}\.String\()?[\"'`]([^\"'`\n]{1,200})[\"'`]"
)
_RAW_TYPE = expression(
    r"\b[tT]ype\s{0,4}[:=(]\s{0,8}(?:jsii\.String\()?[\"'](AWS::\w{1,40}::\w{1,80})[\"']"
)
_GIVES_ROLE = expression(
    r"(?:role|[Rr]ole_?[Nn]ame|ManagedPolicyName|managed_policy_name|[Pp]olicyArns?|policy_arns?|roleDefinitionId"
    r"|role_definition_id|permissions)\W{0,12}(?:\w{1,30}\()?[^=\]]{0,80}[\"'`/]$"
)
_PROVIDERS = {"gcp": "google", "azure": "azurerm"}
"""Pulumi packages whose Terraform provider is called otherwise."""
_MOST_MADE = 1000
"""Resources of one file; no one writes more by hand."""
_FACTORIES = ("from", "From", "of", "import")


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    where = cut(source.text, _LEXERS.get(source.suffix, C_LIKE))
    if any(mark in source.lowered for mark in _PROGRAMS):
        bound = bindings(where.text, source.suffix)
        for service, module, at in bound.modules:
            provider = _cdk_service(knowledge, service)
            if provider:
                yield Found(HitKind.IMPORT, module, at, provider=provider)
        yield from islice(_constructs(knowledge, where, bound), _MOST_MADE)
        yield from accelerators.asked(where)
        yield from accelerators.asked_by_class(where)
        yield from grants.roles(knowledge, where.text, _GIVES_ROLE)
    yield from grants.statements(knowledge, where)


def _constructs(knowledge: Knowledge, where: Cut, bound: Bound) -> Iterator[Found]:
    text = where.text
    if bound.names:
        names = "|".join(re.escape(name) for name in sorted(bound.names, key=len, reverse=True))
        calls = re.compile(rf"(?<![\w.\"'@/])({names})((?:\.\w{{1,80}}){{0,4}})[ \t]*\(")
        for match in calls.finditer(text):
            path = (*bound.names[match[1]], *match[2].split(".")[1:])
            yield from _made(knowledge, where, path, match)
    if bound.wild:
        for match in _WILD_CALL.finditer(text):
            for space in bound.wild:
                yield from _made(knowledge, where, (*space, match[1] or match[2]), match, True)
    for match in _RAW_TYPE.finditer(text):
        found = by_squashed(knowledge, ResourceForm.CLOUDFORMATION, squash(match[1]))
        if found:
            yield resource(found, match[1], match.start(1), match[1], [])


def _made(
    knowledge: Knowledge,
    where: Cut,
    path: tuple[str, ...],
    match: re.Match[str],
    is_listed: bool = False,
) -> Iterator[Found]:
    """One call of a constructor, if what it makes is AI."""
    if path[-2:] == ("Builder", "create"):
        path = path[:-2]
    if path[-1].startswith(_FACTORIES) or not path[-1][:1].isupper():
        return
    name = _NAME.match(where.text, match.end())
    if path[0] == "cdk":
        found, label = _cdk_type(knowledge, path)
    else:
        found, label = _pulumi_type(knowledge, path)
    if found is None or ((is_listed or not name) and not found.type):
        return
    values = [(m[1], m[2]) for m in _VALUE.finditer(_arguments(where, match.end()))]
    address = f"{label}:{name['name']}" if name else label
    start = match.start()
    yield resource(found, label, start, address, values, models_in(values))


def _arguments(where: Cut, at: int) -> str:
    """What stands between the brackets; for a builder all of its chain."""
    opened = where.around(at)
    if where.text[max(0, at - 8) : at] == ".create(":
        return where.text[at : where.text.find(";", at, at + 4000)]
    return where.block(opened, 4000) if opened >= 0 else ""


def _cdk_type(knowledge: Knowledge, path: tuple[str, ...]) -> tuple[Declared | None, str]:
    """``("cdk", "sagemaker", "CfnEndpoint")`` is ``AWS::SageMaker::Endpoint``."""
    if len(path) != 3:
        return None, ""
    kind = re.sub(r"^(?:New)?(?:Cfn)?", "", path[2])
    found = by_squashed(knowledge, ResourceForm.CLOUDFORMATION, f"aws{path[1]}{squash(kind)}")
    if found and found.type:
        return found, found.type
    provider = _cdk_service(knowledge, path[1])
    if not provider:
        return None, ""
    return Declared(provider, confidence=Confidence.MEDIUM), f"{path[1]}.{path[2]}"


def _cdk_service(knowledge: Knowledge, service: str) -> str:
    return service_provider(knowledge, ResourceForm.CLOUDFORMATION, f"aws::{service}")


def _pulumi_type(knowledge: Knowledge, path: tuple[str, ...]) -> tuple[Declared | None, str]:
    """``("pulumi", "aws", "sagemaker", "Endpoint")`` is ``aws_sagemaker_endpoint``: Pulumi's
    providers are made from Terraform's, its native ones from the clouds' own types."""
    package, kind = path[1], re.sub(r"^New(?=[A-Z])", "", path[-1])
    spaces = [word for word in path[2:-1] if not re.fullmatch(r"v\d\w*|inputs|outputs", word)]
    label = ".".join((package, *spaces, kind))
    return pulumi_type(knowledge, package, "".join(spaces), kind), label


def pulumi_type(knowledge: Knowledge, package: str, module: str, kind: str) -> Declared | None:
    module = squash(module)
    native = package.replace("_", "-").removesuffix("-native")
    if native != package.replace("_", "-") or package == "azurenative":
        form, stem = (
            (ResourceForm.CLOUDFORMATION, "aws")
            if native == "aws"
            else (ResourceForm.ARM, "microsoft")
        )
        prefix = f"aws::{module}" if native == "aws" else f"microsoft.{module}"
    else:
        form, stem = ResourceForm.TERRAFORM, _PROVIDERS.get(package, squash(package))
        prefix = f"{stem}_{module}"
    found = by_squashed(knowledge, form, f"{stem}{module}{squash(kind)}")
    if found is None:
        provider = service_provider(knowledge, form, prefix)
        found = Declared(provider, confidence=Confidence.MEDIUM) if provider else None
    return found


_YAML_TYPE = expression(
    r"^(?P<indent>[ \t]{2,40})type:[ \t]{1,8}[\"']?(?P<type>(?P<package>[a-z][\w-]{1,30}):"
    r"(?P<module>[\w/.-]{1,60}?)(?:/\w{1,60})?:(?P<kind>[A-Z]\w{1,80}))[\"']?[ \t]*$",
    re.M,
)


def _read_yaml(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    """Pulumi's YAML programs (https://www.pulumi.com/docs/iac/languages-sdks/yaml/)."""
    for match in _YAML_TYPE.finditer(source.text):
        package, module, kind = match["package"], match["module"], match["kind"]
        found = pulumi_type(knowledge, package, module, kind)
        head = re.findall(
            r"^[ \t]*([\w.-]+):[ \t]*$",
            source.text[max(0, match.start() - 400) : match.start()],
            re.M,
        )
        if found:
            end = source.text.find("\n\n", match.end())
            body = source.text[match.end() : end if end > 0 else match.end() + 4000][:4000]
            values = re.findall(r"^[ \t]*(\w{1,60}):[ \t]+[\"']?([^\"'\n#]{1,200})", body, re.M)
            address = f"{package}.{module}.{kind}:{head[-1] if head else ''}"
            label, at = match["type"], match.start("type")
            yield resource(found, label, at, address, values, models_in(values))


_PROGRAMS = (b"aws-cdk", b"aws_cdk", b"awscdk", b"amazon.cdk", b"pulumi")
_PATHS = by_suffix(".ts", ".js", ".mjs", ".mts", ".py", ".java", ".kt", ".cs", ".go")
READERS = (
    Reader(
        "cdk-pulumi",
        lambda path: _PATHS(path) and not path.endswith((".d.ts", ".min.js")),
        _read,
        (*_PROGRAMS, b"bedrock:", b"sagemaker:", b"bedrock-agentcore:"),
    ),
    Reader("pulumi-yaml", by_suffix(".yaml", ".yml"), _read_yaml, (b"runtime: yaml",)),
)
