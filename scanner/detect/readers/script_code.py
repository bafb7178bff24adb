"""JavaScript and TypeScript: clients and what they are pointed at, models, agents.

Everything is bound to what the file imports. Read by import statements and balanced object
literals; there is no parser of these languages in Python that is fast and kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.agents import SCRIPT_AGENTS, AgentSpec, agent_found
from scanner.detect.endpoints import pointed_elsewhere, target_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_MOST_BYTES = 1 << 20
_MOST_LITERAL = 6000
_MOST_CALLS = 300
_IMPORT = expression(
    r"\bimport\s{1,8}(?:type\s{1,8})?(?P<default>[A-Za-z_$][\w$]{0,60})?\s{0,8},?\s{0,8}"
    r"(?:\*\s{1,8}as\s{1,8}(?P<star>[A-Za-z_$][\w$]{0,60}))?"
    r"(?:\{(?P<names>[^}]{0,2000})\})?\s{0,8}from\s{0,8}[\"'](?P<module>[^\"'\n]{1,200})[\"']"
    r"|\b(?:const|let|var)\s{1,8}"
    r"(?:(?P<rdefault>[A-Za-z_$][\w$]{0,60})|\{(?P<rnames>[^}]{0,2000})\})"
    r"\s{0,8}=\s{0,8}(?:await\s{1,8})?(?:require|import)\s{0,4}\(\s{0,4}"
    r"[\"'](?P<rmodule>[^\"'\n]{1,200})[\"']"
)
_ALIAS = expression(r"(?:type\s+)?([A-Za-z_$][\w$]*)(?:\s*(?:as|:)\s*([A-Za-z_$][\w$]*))?")
_CALL = r"(?<![\w$.])(?:new\s{1,8})?%s(?:\.\w{1,40})?\s{0,4}(?:<[^>\n]{0,80}>)?\(\s{0,40}"
_VARIABLE = expression(
    r"(?:const|let|var|export)\s{1,8}([A-Za-z_$][\w$]{0,60})(?::[^=\n]{1,80})?"
    r"\s{0,8}=\s{0,8}(?:await\s{1,8})?$"
)
_CONSTANT = expression(
    r"(?m)^\s{0,8}(?:export\s{1,4})?(?:const|let|var)\s{1,8}([A-Za-z_$][\w$]{1,60})\s{0,4}"
    r"(?::\s{0,4}string\s{0,4})?=\s{0,4}[\"'`]([^\"'`\n$]{1,200})[\"'`]"
)
_STRING = (
    r"\s{0,8}:\s{0,8}(?:process\.env\.\w{1,60}\s{0,4}(?:\?\?|\|\|)\s{0,4})?"
    r"(?:[\"'`](?P<text>[^\"'`\n]{0,2000})|(?P<constant>[A-Za-z_$][\w$]{1,60})\b(?!\s{0,4}[.(]))"
)
_URL_FIELDS = (
    "baseURL", "baseUrl", "basePath", "endpoint", "apiUrl", "host", "url", "azureOpenAIEndpoint",
)  # fmt: skip
_MODEL_FIELDS = ("model", "modelName", "modelId", "deployment", "azureOpenAIApiDeploymentName")


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    if len(source.data) > _MOST_BYTES:
        return
    text = source.text
    bound = _bound(text)
    if not bound:
        return
    constants = dict(_CONSTANT.findall(text))
    calls = 0
    for local, (module, name) in bound.items():
        agent = _agent_spec(module, name)
        covered, provider = knowledge.imported("javascript", module)
        if not covered and agent is None:
            continue
        for match in re.finditer(_CALL % re.escape(local), text):
            calls += 1
            if calls > _MOST_CALLS:
                return
            literal = _literal(text, match.end())
            if literal:
                yield from _call(
                    literal, match.start(), match.end(), text, agent, provider, local,
                    knowledge, constants,
                )  # fmt: skip


def _bound(text: str) -> dict[str, tuple[str, str]]:
    """Local name -> (module, name there; ``*`` for the whole, ``default``)."""
    found: dict[str, tuple[str, str]] = {}
    for match in _IMPORT.finditer(text):
        module = match["module"] or match["rmodule"]
        if module.startswith((".", "@/", "~/", "/")):
            continue
        for whole in (match["default"], match["star"], match["rdefault"]):
            if whole:
                found[whole] = (module, "*")
        for name, alias in _ALIAS.findall(match["names"] or match["rnames"] or ""):
            found[alias or name] = (module, name)
    return found


def _agent_spec(module: str, name: str) -> AgentSpec | None:
    while module:
        specs = SCRIPT_AGENTS.get(module)
        if specs is not None:
            return specs.get(name)
        module = module.rpartition("/")[0]
    return None


def _literal(text: str, at: int) -> str:
    """The object literal that starts at ``at``, to its closing brace; empty for anything else."""
    if text[at : at + 1] != "{":
        return ""
    depth = 0
    for match in _BRACES.finditer(text, at, at + _MOST_LITERAL):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[at : match.end()]
    return ""


_BRACES = expression(r"[{}]|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|//[^\n]*")


def _call(
    literal: str,
    start: int,
    at: int,
    text: str,
    agent: AgentSpec | None,
    provider: str,
    local: str,
    knowledge: Knowledge,
    constants: dict[str, str],
) -> Iterator[Found]:
    model = next((t for f in _MODEL_FIELDS if (t := _field(literal, f, constants)[0])), "")
    if agent is not None:
        texts = {name: _field(literal, name, constants)[0] for name in (*agent.name, *agent.prompt)}
        variable = _VARIABLE.search(text[max(0, start - 160) : start])
        tools = re.search(r"\btools\s{0,4}:\s{0,4}[\[{]([\w\s,$.]{1,400})[\]}]", literal)
        yield agent_found(
            agent, provider, texts, variable=variable[1] if variable else "",
            tools=tuple(re.findall(r"[A-Za-z_$][\w$]*", tools[1]))[:20] if tools else (),
            start=start, model=model,
        )  # fmt: skip
    if not provider:
        return
    for field in _URL_FIELDS:
        url, offset = _field(literal, field, constants)
        target = target_of(url, knowledge) if url else None
        if target is not None and target.provider != provider:
            given = f"{local}({field}={target.host})"
            yield pointed_elsewhere(target, provider, at + offset, given)
            break
    if model and len(model) <= 120 and not re.search(r"[\s{}<>$]", model):
        yield Found(
            kind=HitKind.MODEL, label=model, start=start,
            provider=knowledge.model(model) or provider, confidence=Confidence.MEDIUM,
            preview=f"model={model}",
        )  # fmt: skip


def _field(literal: str, name: str, constants: dict[str, str]) -> tuple[str, int]:
    """The text of a field and where it stands in the literal."""
    match = re.search(rf"(?<![\w$]){name}{_STRING}", literal)
    if match is None:
        alone = re.search(rf"[{{,]\s{{0,40}}{name}\s{{0,8}}(?=[,}}])", literal)
        return (constants.get(name, ""), alone.start()) if alone else ("", 0)
    return match["text"] or constants.get(match["constant"] or "", ""), match.start()


READERS = (
    Reader(
        name="script-code",
        matches=by_suffix(
            ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"
        ),
        read=read,
        literals=(b"baseurl", b"basepath", b"endpoint", b"agent", b"stategraph", b"apiurl",
                  b"model:", b"modelname", b"modelid", b"host:"),
    ),
)  # fmt: skip
