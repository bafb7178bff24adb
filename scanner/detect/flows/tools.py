"""Each tool's export -> its AI steps. Formats by the tools' own exports and documentation; anything
else gives None."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scanner.detect.source import SourceFile, walk
from scanner.kit.expressions import expression

_MODEL_KEYS = (
    "model",
    "modelName",
    "model_name",
    "modelId",
    "model_id",
    "modelname",
    "deploymentName",
)
_MODEL = expression(r"[A-Za-z0-9][\w./:@-]{1,99}")
_WEIGHTS = expression(r"[^\n]{1,200}\.(?:safetensors|ckpt|gguf|pth|pt|onnx)")
_MOST_STEPS = 1000
_MOST_NAME, _MOST_NAMES = 80, 20


@dataclass(frozen=True, slots=True)
class Step:
    """``type``: the tool's word for what the step does. ``says``: what names whose AI it is, where
    that is not the type."""

    type: str
    says: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """``tool``: catalogue id of the tool. ``steps``: those with AI alone."""

    tool: str
    name: str
    steps: tuple[Step, ...]
    triggers: tuple[str, ...] = ()
    """What starts it, in the tool's words."""
    credentials: tuple[str, ...] = ()
    """Names of those that its steps use; never what they hold."""


Parse = Callable[[SourceFile], Flow | None]


def _flow(
    tool: str, name: str, steps: list[Step], triggers: Iterable[str] = (),
    credentials: Iterable[str] = (),
) -> Flow | None:  # fmt: skip
    """None where nothing says that it is one."""
    if not steps:
        return None
    begun, used = (
        tuple(sorted({one[:_MOST_NAME] for one in told if one}))[:_MOST_NAMES]
        for told in (triggers, credentials)
    )
    return Flow(tool, name, tuple(steps[:_MOST_STEPS]), begun, used)


def n8n(source: SourceFile) -> Flow | None:
    """https://docs.n8n.io/workflows/export-import/ - one workflow, or a list of them."""
    documents = source.json if isinstance(source.json, list) else [source.json]
    steps: list[Step] = []
    name = ""
    triggers, used = list[str](), list[str]()
    for document in documents[:200]:
        for node in _maps(_get(document, "nodes")):
            kind = _text(node.get("type"))
            family, _, last = kind.rpartition(".")
            if last.casefold().endswith(("trigger", "webhook")):
                triggers.append(last)
            used += _named(node.get("credentials"))
            if family.endswith("n8n-nodes-langchain") or (
                family.endswith("n8n-nodes-base") and last.lower() in _N8N_BASE
            ):
                name = name or _text(_get(document, "name"))
                steps.append(Step(kind, last, _models(node.get("parameters"))))
    return _flow("n8n", name, steps, triggers, used)


_N8N_BASE = frozenset(
    {"openai", "mistralai", "perplexity", "deepl", "jinaai", "awscomprehend", "awstextract",
     "awsrekognition", "googleperspective", "humanticai", "mindee", "phantombuster", "stripeai"}
)  # fmt: skip


def n8n_credentials(source: SourceFile) -> Iterator[str]:
    """Types of exported credentials: https://docs.n8n.io/hosting/cli-commands/#credentials"""
    if not _CREDENTIAL_TYPE.search(source.data):
        return
    documents = source.json if isinstance(source.json, list) else [source.json]
    for document in documents[:500]:
        kind = _text(_get(document, "type"))
        if kind and "data" in document and "name" in document and re.fullmatch(r"\w{3,60}", kind):
            yield kind


_CREDENTIAL_TYPE = expression(rb"\"type\"\s{0,4}:\s{0,4}\"\w{2,60}(?:Api|Account|aws)\"")


def flowise(source: SourceFile) -> Flow | None:
    """https://docs.flowiseai.com - ``nodes[].data`` with a name, a category and inputs."""
    document = source.json
    steps: list[Step] = []
    for node in _maps(_get(document, "nodes")):
        data = node.get("data")
        category = _text(_get(data, "category"))
        name = _text(_get(data, "name"))
        if isinstance(data, dict) and name and category and "inputs" in data:
            steps.append(Step(name, "", _models(data.get("inputs"))))
    return (
        Flow("flowise", _text(_get(document, "name")), tuple(steps[:_MOST_STEPS]))
        if steps
        else None
    )


def langflow(source: SourceFile) -> Flow | None:
    """https://docs.langflow.org/concepts-flows-import - ``data.nodes[].data.node.template``."""
    document = source.json
    steps: list[Step] = []
    for node in _maps(_get(_get(document, "data"), "nodes")):
        data = node.get("data")
        template = _get(_get(data, "node"), "template")
        if isinstance(template, dict):
            values = {k: _get(v, "value") for k, v in template.items() if isinstance(v, dict)}
            said = _text(values.get("provider")) or _text(values.get("agent_llm"))
            steps.append(Step(_text(_get(data, "type")), said, _models(values)))
    return (
        Flow("langflow", _text(_get(document, "name")), tuple(steps[:_MOST_STEPS]))
        if steps
        else None
    )


def dify(source: SourceFile) -> Flow | None:
    """https://docs.dify.ai - the application DSL: models stand with their provider wherever one is
    chosen; plugins are named as dependencies."""
    if not _DIFY.search(source.data):
        return None
    document = next((d for d in source.yaml if isinstance(d, dict)), None)
    app = _get(document, "app")
    if not isinstance(document, dict) or not isinstance(app, dict) or "mode" not in app:
        return None
    if "workflow" not in document and "model_config" not in document:
        return None
    steps: list[Step] = []
    for path, value in walk(document):
        if not isinstance(value, dict):
            continue
        provider, name = _text(value.get("provider")), _text(value.get("name"))
        if path and path[-1] in ("model", "embedding_model", "reranking_model") and provider:
            steps.append(Step("llm", provider, (name,) if _MODEL.fullmatch(name) else ()))
        plugin = _text(value.get("marketplace_plugin_unique_identifier"))
        if plugin:
            steps.append(Step("plugin", plugin.partition(":")[0].rpartition("/")[2]))
    kind = _text(app.get("mode"))
    return Flow(
        "dify", _text(app.get("name")), tuple(steps[:_MOST_STEPS]) or (Step(kind or "app"),)
    )


_DIFY = expression(rb"(?m)^app:[ \t\r]{0,4}$")


def node_red(source: SourceFile) -> Flow | None:
    """https://nodered.org/docs/user-guide/editor/workspace/import-export - a list of nodes with
    ``wires``."""
    nodes = _maps(source.json if isinstance(source.json, list) else _get(source.json, "flows"))
    if not any("wires" in node for node in nodes):
        return None
    steps = [Step(_text(n.get("type")), "", _models(n)) for n in nodes if "wires" in n]
    label = next((_text(n.get("label")) for n in nodes if n.get("type") == "tab"), "")
    return Flow("", label, tuple(steps[:_MOST_STEPS]))


def make(source: SourceFile) -> Flow | None:
    """https://help.make.com/blueprints - modules, nested in routes, named ``app:action``. Of a
    scenario as a list of them tells it, the apps of its modules alone:
    https://developers.make.com/api-documentation/api-reference/scenarios."""
    document = source.json
    apps = _get(document, "usedPackages")
    if not isinstance(_get(document, "flow"), list):
        is_listed = isinstance(apps, list) and _get(document, "teamId") is not None
        apps = [_text(one) for one in apps] if is_listed else []
        told = tuple(Step(one, one) for one in apps[:_MOST_STEPS] if one)
        return Flow("", _text(_get(document, "name")), told) if told else None
    steps = [
        Step(_text(value["module"]), _text(value["module"]).partition(":")[0],
             _models(value.get("mapper")))
        for _, value in walk(document)
        if isinstance(value, dict) and ":" in _text(value.get("module"))
    ]  # fmt: skip
    first = [_text(one.get("module")) for one in _maps(_get(document, "flow"))[:1]]
    return _flow("", _text(_get(document, "name")), steps, first)


def zapier(source: SourceFile) -> Flow | None:
    """An exported Zap: ``zaps[].nodes.<n>.selected_api``."""
    steps: list[Step] = []
    title = ""
    triggers = list[str]()
    for path, value in walk(source.json):
        if isinstance(value, dict) and _text(value.get("selected_api")):
            api = _text(value["selected_api"]).partition("@")[0]
            steps.append(Step(api, "", _models(value.get("params"))))
            if _text(value.get("type_of")) == "read" and not value.get("parent_id"):
                triggers.append("/".join(filter(None, (api, _text(value.get("action"))))))
        elif len(path) == 3 and path[0] == "zaps" and path[2] == "title":
            title = title or _text(value)
    return _flow("zapier", title, steps, triggers)


def workato(source: SourceFile) -> Flow | None:
    """https://docs.workato.com/recipes.html - steps of a recipe, nested in blocks, each of an app:
    ``code.block[].provider``. Of one that is listed without steps, its apps alone
    (https://docs.workato.com/workato-api/recipes.html)."""
    code = _get(source.json, "code")
    if _text(_get(source.json, "keyword")) == "recipe":
        apps = _get(source.json, "applications")
        named = [_text(one) for one in apps] if isinstance(apps, list) else []
        told = tuple(Step(one, one) for one in named[:_MOST_STEPS] if one)
        return Flow("", _text(_get(source.json, "name")), told) if told else None
    if _text(_get(code, "keyword")) != "trigger":
        return None
    steps = [
        Step(_text(value["provider"]), "", _models(value.get("input")))
        for _, value in walk(code)
        if isinstance(value, dict) and _text(value.get("keyword")) in ("trigger", "action")
        and _text(value.get("provider"))
    ]  # fmt: skip
    trigger = "/".join(filter(None, (_text(_get(code, "provider")), _text(_get(code, "name")))))
    used = [
        _text(_get(one.get("account_id"), "name")) for one in _maps(_get(source.json, "config"))
    ]
    return _flow("", _text(_get(source.json, "name")), steps, [trigger], used)


_CONNECTOR = expression(
    r"(?:shared_|managedApis/|serviceProviders/|operationGroups/)([a-z][\w-]{2,60})", re.I
)


def power_platform(source: SourceFile) -> Flow | None:
    """Power Automate and Logic Apps: actions with a connector, AI Builder by its operation
    (https://learn.microsoft.com/azure/logic-apps/logic-apps-workflow-definition-language)."""
    steps: list[Step] = []
    is_definition = False
    name = ""
    triggers, used = list[str](), list[str]()
    for path, value in walk(source.json):
        if not isinstance(value, dict):
            continue
        if "actions" in value and isinstance(begun := value.get("triggers"), dict):
            is_definition = True
            triggers += [
                " ".join(filter(None, (_text(name), _text(_get(one, "type")))))
                for name, one in begun.items()
            ]
        if path and path[-1] == "connectionReferences":
            used += _named(value)
        name = name or (_text(value.get("displayName")) if len(path) <= 1 else "")
        operation = _text(value.get("operationId"))
        if operation.startswith("aibuilderpredict"):
            steps.append(Step(operation, "aibuilder"))
        for key in ("apiId", "serviceProviderId", "id", "connectionName"):
            found = _CONNECTOR.search(_text(value.get(key)))
            if found:
                steps.append(Step(found[0], found[1]))
    return _flow("", name, steps if is_definition else [], triggers, used)


def comfyui(source: SourceFile) -> Flow | None:
    """https://docs.comfy.org/specs/workflow_json and the API format (``class_type`` a node)."""
    document = source.json
    nodes = _maps(_get(document, "nodes"))
    if not (nodes and "last_node_id" in document):
        values = list(document.values()) if isinstance(document, dict) else []
        nodes = [node for node in _maps(values) if "class_type" in node and "inputs" in node]
    steps = []
    for node in nodes[:_MOST_STEPS]:
        kind = _text(node.get("class_type") or node.get("type"))
        held = node.get("inputs") if "class_type" in node else node.get("widgets_values")
        texts = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
        weights = tuple(t for t in texts if isinstance(t, str) and _WEIGHTS.fullmatch(t))
        steps.append(Step(kind, "", weights))
    return Flow("comfyui", "", tuple(steps)) if steps else None


def rivet(source: SourceFile) -> Flow | None:
    """https://rivet.ironcladapp.com - a YAML project of graphs; nodes are keyed
    ``[id]:<type> "title"``."""
    steps = [
        Step(found[1], "openai" if found[1] == "chat" else "")
        for found in _RIVET.finditer(source.text)
    ]
    return Flow("rivet", "", tuple(steps[:_MOST_STEPS])) if steps else None


_RIVET = expression(r"\[[\w-]{10,40}\]:(chat|\w{0,30}(?:Chat|chat|LLM|Embedding)\w{0,30}) ")


def _models(value: Any) -> tuple[str, ...]:
    """What is chosen under a key that names a model; a resource locator keeps it in ``value``."""
    found: list[str] = []
    for key in _MODEL_KEYS:
        held = _get(value, key)
        held = _get(held, "value") if isinstance(held, dict) else held
        if isinstance(held, str) and _MODEL.fullmatch(held):
            found.append(held)
    return tuple(dict.fromkeys(found))


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    return value[:200].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _named(slots: Any) -> list[str]:
    """Names of the credentials in an object of them."""
    return [
        _text(one.get("name")) or _text(one.get("displayName"))
        or _text(_get(one.get("connection"), "connectionReferenceLogicalName"))
        for one in _maps(list(slots.values()) if isinstance(slots, dict) else [])
    ]  # fmt: skip


def _maps(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
