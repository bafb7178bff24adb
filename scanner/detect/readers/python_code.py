"""Python source, by its syntax tree: clients and what they are pointed at, models, agents.

Everything is bound to what the file imports: ``Agent(`` is CrewAI's only where crewai's is
imported. Read with the standard library's parser; nothing is run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanner.detect.agents import PYTHON_AGENTS, agent_found
from scanner.detect.endpoints import pointed_elsewhere, target_of
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind
from scanner.rulebook.types import Category

_MOST_BYTES = 1 << 20
_URL_ARGUMENTS = (
    "base_url", "api_base", "openai_api_base", "azure_endpoint", "endpoint", "endpoint_url",
    "api_host", "host", "server_url", "inference_server_url", "model_url", "url",
    "anthropic_api_url", "openai_api_url", "api_url", "uri",
)  # fmt: skip
_MODEL_ARGUMENTS = (
    "model", "model_name", "model_id", "modelId", "deployment_name", "azure_deployment", "engine",
    "repo_id", "embedding_model", "pretrained_model_name_or_path",
)  # fmt: skip
_CALLS_MODELS = frozenset(
    {Category.LLM_API, Category.INFERENCE_HOST, Category.CLOUD_AI, Category.MODEL_SERVER,
     Category.GATEWAY, Category.EMBEDDINGS_SEARCH, Category.SPEECH, Category.IMAGE_VIDEO,
     Category.FRAMEWORK, Category.MODEL_HUB}
)  # fmt: skip


@dataclass
class _Scope:
    """What names mean in one file: imports, and strings that are given to one name."""

    imports: dict[str, str] = field(default_factory=dict)
    strings: dict[str, ast.expr] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    """Names that are given more than one value: none of them is taken."""
    targets: dict[int, str] = field(default_factory=dict)
    """id of a call's node -> the variable that it is assigned to"""

    def dotted(self, node: ast.expr) -> str:
        """The full path of a name or attribute; empty for what is no plain name, or is a name of
        this file's own."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imports:
            return ""
        return ".".join([self.imports[node.id], *reversed(parts)])

    def text(self, node: ast.expr | None, depth: int = 3) -> str:
        """A string, a name for one, or the default of a look-up in the environment."""
        if depth == 0 or node is None:
            return ""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else ""
        if isinstance(node, ast.Name):
            return self.text(self.strings.get(node.id), depth - 1)
        if isinstance(node, ast.Attribute):
            return self.text(self.strings.get(node.attr), depth - 1)
        if isinstance(node, ast.Call) and len(node.args) > 1 and _is_lookup(node):
            return self.text(node.args[1], depth - 1)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return next((t for v in node.values if (t := self.text(v, depth - 1))), "")
        if isinstance(node, ast.JoinedStr):
            parts = [
                self.text(part.value if isinstance(part, ast.FormattedValue) else part, depth - 1)
                for part in node.values
            ]
            return "".join(parts) if all(parts) else ""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.text(node.left, depth - 1), self.text(node.right, depth - 1)
            return left + right if left and right else ""
        return ""


def _is_lookup(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("getenv", "get")


def read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    if len(source.data) > _MOST_BYTES or not any(
        knowledge.imported("python", name)[0] for name, _, _ in source.imports
    ):
        return
    tree = _parsed(source.data)
    if tree is None:
        return
    nodes = _telling(tree)
    scope = _scope(tree, nodes)
    if source.own_modules:
        scope.imports = {
            name: path
            for name, path in scope.imports.items()
            if path.partition(".")[0] not in source.own_modules
        }
    if not scope.imports:
        return
    offsets = _Offsets(source.data)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            yield from _set(node.targets[0], node.value, scope, knowledge, offsets)
        if isinstance(node, ast.Call):
            path = scope.dotted(node.func)
            if path:
                yield from _call(node, path, scope, knowledge, offsets)


def _parsed(data: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_WANTED = frozenset({ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Call,
                     ast.FunctionDef, ast.AsyncFunctionDef})  # fmt: skip
_LEAVES = frozenset(
    {ast.Name, ast.Constant, ast.Load, ast.Store, ast.Del, ast.Pass, ast.alias, ast.arg, ast.Global,
     ast.Nonlocal, ast.Break, ast.Continue, str, int, type(None)}
)  # fmt: skip


def _telling(tree: ast.Module) -> list[ast.AST]:
    """Imports, assignments and calls, in no particular order. As ``ast.walk``, in a third of its
    time: it does not look into what has no such thing below it."""
    found: list[ast.AST] = []
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        kind = node.__class__
        if kind in _LEAVES:
            continue
        if kind in _WANTED:
            found.append(node)
        for name in kind._fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                pending.extend(value)
            elif isinstance(value, ast.AST):
                pending.append(value)
    return found


def _scope(tree: ast.Module, nodes: list[ast.AST]) -> _Scope:
    scope = _Scope()
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                scope.imports[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                scope.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Assign) and isinstance(
            node.targets[0], (ast.Name, ast.Attribute)
        ):
            target = node.targets[0]
            name = target.id if isinstance(target, ast.Name) else target.attr
            scope.targets[id(node.value)] = name
    for name, value in _given(nodes):
        if name in scope.strings and not _same(scope.strings[name], value):
            scope.doubtful.add(name)
        scope.strings.setdefault(name, value)
    for name in scope.doubtful:
        scope.strings.pop(name, None)
    return scope


def _given(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Names and attributes with what they are given: by assignment or as a default."""
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Name, ast.Attribute)):
            target = node.targets[0]
            yield (target.id if isinstance(target, ast.Name) else target.attr), node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            own = node.args
            positional = [*own.posonlyargs, *own.args]
            pairs = [
                *zip(positional[len(positional) - len(own.defaults) :], own.defaults, strict=True),
                *zip(own.kwonlyargs, own.kw_defaults, strict=True),
            ]
            yield from ((argument.arg, value) for argument, value in pairs if value is not None)


def _same(one: ast.expr, two: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(two)


class _Offsets:
    """Line and UTF-8 column of the parser -> byte offset."""

    def __init__(self, data: bytes) -> None:
        self._starts = [0]
        at = data.find(b"\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = data.find(b"\n", at + 1)

    def of(self, node: ast.expr) -> int:
        line = min(node.lineno, len(self._starts)) - 1
        return self._starts[line] + node.col_offset


def _call(
    node: ast.Call, path: str, scope: _Scope, knowledge: Knowledge, offsets: _Offsets
) -> Iterator[Found]:
    covered, provider = knowledge.imported("python", path)
    if not covered:
        return
    arguments = {word.arg: word.value for word in node.keywords if word.arg}
    spec = PYTHON_AGENTS.get(path) or PYTHON_AGENTS.get(_short(path))
    if spec is not None:
        texts = {name: scope.text(value) for name, value in arguments.items()}
        tools = arguments.get("tools")
        yield agent_found(
            spec,
            provider,
            texts,
            variable=scope.targets.get(id(node), ""),
            tools=_names(tools) if tools is not None else (),
            start=offsets.of(node.func),
            model=next((texts[a] for a in _MODEL_ARGUMENTS if texts.get(a)), ""),
        )
    if knowledge.category(provider) not in _CALLS_MODELS:
        return
    yield from _pointed(node, arguments, path, provider, scope, knowledge, offsets)
    yield from _models(arguments, provider, scope, knowledge, offsets)


def _set(
    target: ast.Attribute,
    value: ast.expr,
    scope: _Scope,
    knowledge: Knowledge,
    offsets: _Offsets,
) -> Iterator[Found]:
    """``openai.api_base = "https://..."``: the whole module is pointed elsewhere."""
    path = scope.dotted(target)
    covered, provider = knowledge.imported("python", path) if path else ("", "")
    if covered and target.attr in _URL_ARGUMENTS:
        given = {target.attr: value}
        node = ast.Call(func=target, args=[], keywords=[])
        yield from _pointed(node, given, path, provider, scope, knowledge, offsets)


def _short(path: str) -> str:
    """``crewai.agent.Agent`` -> ``crewai:Agent``: the package and the last name."""
    return f"{path.partition('.')[0]}:{path.rpartition('.')[2]}"


def _names(node: ast.expr) -> tuple[str, ...]:
    found: list[str] = []
    for item in node.elts if isinstance(node, (ast.List, ast.Tuple)) else ():
        inner = item.func if isinstance(item, ast.Call) else item
        if isinstance(inner, ast.Name):
            found.append(inner.id)
        elif isinstance(inner, ast.Attribute):
            found.append(inner.attr)
    return tuple(found[:20])


def _pointed(
    node: ast.Call,
    arguments: dict[str, ast.expr],
    path: str,
    provider: str,
    scope: _Scope,
    knowledge: Knowledge,
    offsets: _Offsets,
) -> Iterator[Found]:
    """A client that is constructed with a base URL is told as what it is pointed at."""
    for name in _URL_ARGUMENTS:
        value = arguments.get(name)
        url = scope.text(value)
        target = target_of(url, knowledge) if url else None
        if value is None or target is None or target.provider == provider:
            continue
        given = f"{path.rpartition('.')[2]}({name}={target.host})"
        yield pointed_elsewhere(target, provider, offsets.of(value), given)
        return
    if _is_client(path, provider) and not any(name in arguments for name in _URL_ARGUMENTS):
        yield Found(
            kind=HitKind.CLIENT,
            label=path,
            start=offsets.of(node.func),
            end=offsets.of(node.func) + 1,
            provider=provider,
        )


def _is_client(path: str, provider: str) -> bool:
    """A class of the vendor's SDK that is named for the vendor: ``openai.AsyncOpenAI``."""
    package, _, name = path.rpartition(".")
    stem = provider.partition("_")[0]
    return bool(package) and name[:1].isupper() and stem in name.casefold()


def _models(
    arguments: dict[str, ast.expr],
    provider: str,
    scope: _Scope,
    knowledge: Knowledge,
    offsets: _Offsets,
) -> Iterator[Found]:
    for name in _MODEL_ARGUMENTS:
        value = arguments.get(name)
        model = scope.text(value)
        if value is None or not model or len(model) > 120 or any(c in model for c in " \n{}<>$"):
            continue
        known = knowledge.model(model)
        yield Found(
            kind=HitKind.MODEL,
            label=model,
            start=offsets.of(value),
            provider=known or provider,
            confidence=Confidence.MEDIUM,
            preview=f"{name}={model}",
        )


READERS = (
    Reader(
        name="python-code",
        matches=by_suffix(".py", ".pyi"),
        read=read,
        literals=(b"base_url", b"api_base", b"endpoint", b"agent", b"model=", b"model_name=",
                  b"model_id=", b"host=", b"crew(", b"stategraph"),
    ),
)  # fmt: skip
