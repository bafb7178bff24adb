"""What permissions to use AI are called, and where code and templates grant them.

Owns the names of actions and roles of the clouds and which of them let somebody call or make
models; refuses what only reads metadata, and what a statement denies or excepts.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Azure: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/ai-machine-learning
Google: https://cloud.google.com/iam/docs/roles-permissions
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.detect.infra.cut import Cut
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, SourceFile
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_SERVICES: dict[str, tuple[str, ...]] = {
    "bedrock": ("aws_bedrock",),
    "bedrock-agentcore": ("aws_bedrock",),
    "bedrock-mantle": ("aws_bedrock",),
    "sagemaker": ("aws_sagemaker",),
    "qbusiness": ("amazon_q_business", "amazon_q", "aws_ai_services"),
    "codewhisperer": ("amazon_q", "aws_ai_services"),
    **dict.fromkeys(
        ("comprehend", "rekognition", "textract", "transcribe", "polly", "lex", "kendra",
         "translate", "personalize", "forecast"),
        ("aws_ai_services",),
    ),
}  # fmt: skip
"""IAM service prefix -> who supplies it, the first that the catalogue knows."""
_VERBS = (
    "Analyze", "Apply", "Associate", "Batch", "BatchInvoke", "BatchPut", "CallWithBearerToken",
    "Chat", "Classify", "Converse", "CountTokens", "Create", "Detect", "Generate", "Import",
    "Index", "Infer", "Ingest", "Invoke", "Optimize", "Post", "Put", "Query", "Recognize",
    "Render", "Rerank", "Retrieve", "Run", "Search", "Start", "Synthesize", "Translate",
    "Update", "Use",
)  # fmt: skip
"""First words of actions that call or make something; not Get, List, Describe, Delete, Tag."""
_HARMLESS = expression(r"(?:BatchGet|BatchDescribe|BatchDelete|PutResourcePolicy|CreateTag)")

ACTION = expression(
    r"(?P<service>" + "|".join(sorted(_SERVICES, key=len, reverse=True)) + r"):"
    r"(?P<verb>\*|[A-Za-z]{1,60}[A-Za-z*?]{0,20})"
)
_QUOTED_ACTION = expression(rf"[\"'`]{ACTION.pattern}[\"'`]")
_MODEL = expression(r"(?:foundation-model|inference-profile)/([A-Za-z0-9][\w.:-]{2,100})(?![\w*$])")
_DENIES = expression(
    r"\beffect[\"']?\)?\s{0,4}[:=(]{1,2}\s{0,4}[\"']?(?:[\w.]{1,60}\.)?deny\b", re.I
)
_LIST_KEY = expression(
    r"(?<![A-Za-z_])(?P<key>[A-Za-z_]{0,60}actions?)[\"']?\s{0,6}(?:[:=(]|=>|:=)?\s{0,6}"
    r"(?:[\w.<>&]{1,60}|\[\]\*?string|new\s{0,3}(?:string)?\s{0,3}\[\]){0,3}\s{0,6}\(?$",
    re.I,
)

_POLICY = r"(?:arn:aws[\w-]{0,12}:iam::aws:policy/)?(?:service-role/)?"
_USER = r"(?![A-Za-z.]{0,60}[vV]iewer)[A-Za-z.]{3,60}"
_ROLE_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (rf"roles/aiplatform\.{_USER}", ("google_vertex",)),
    (r"roles/ml\.(?:admin|developer|jobOwner|modelOwner|modelUser)", ("google_vertex",)),
    (rf"roles/(?:notebooks|discoveryengine)\.{_USER}", ("google_vertex",)),
    (r"roles/dialogflow\.(?:admin|client|conversationManager)", ("dialogflow", "google_vertex")),
    (rf"roles/cloudaicompanion\.{_USER}", ("gemini_cli", "google_gemini")),
    (
        r"aiplatform\.(?:endpoints\.(?:predict|explain|deploy|create)"
        r"|(?:models|customJobs|trainingPipelines|tuningJobs|batchPredictionJobs)"
        r"\.(?:create|upload)|reasoningEngines\.(?:query|create))",
        ("google_vertex",),
    ),
    (
        rf"{_POLICY}(?:AmazonBedrock|BedrockAgentCore)[A-Za-z]{{0,40}}"
        r"(?:Full|Limited|Studio)[A-Za-z]{0,20}",
        ("aws_bedrock",),
    ),
    (
        rf"{_POLICY}AmazonSageMaker(?!ReadOnly)[A-Za-z]{{0,60}}(?:Access|Policy|Role)",
        ("aws_sagemaker",),
    ),
    (r"SageMakerCreateEndpoint(?:Config)?Policy", ("aws_sagemaker",)),
    (r"Cognitive Services OpenAI (?:User|Contributor)", ("azure_openai",)),
    (
        r"Cognitive Services (?:User|Contributor|Custom Vision Contributor"
        r"|Speech User|Speech Contributor)",
        ("azure_ai", "azure_openai"),
    ),
    (
        r"Azure AI (?:Developer|User|Project Manager|Administrator|Account Owner"
        r"|Inference Deployment Operator|Owner)",
        ("azure_ai", "azure_openai"),
    ),
    (
        r"AzureML (?:Data Scientist|Compute Operator|Registry User)",
        ("azure_ml", "azure_ai"),
    ),
)
"""Roles and managed policies by name."""
_ROLE_IDS: dict[str, str] = {
    "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": "Cognitive Services OpenAI User",
    "a001fd3d-188f-4b5d-821b-7da978bf7442": "Cognitive Services OpenAI Contributor",
    "a97b65f3-24c7-4388-baec-2e87135dc908": "Cognitive Services User",
    "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68": "Cognitive Services Contributor",
    "64702f94-c441-49e6-a78b-ef80e0188fee": "Azure AI Developer",
    "53ca6127-db72-4b80-b1b0-d745d6d5456d": "Azure AI User",
    "3afb7f49-54cb-416e-8c09-6dc049efa503": "Azure AI Inference Deployment Operator",
    "b78c5d69-af96-48a3-bf8d-a8b4d589de94": "Azure AI Administrator",
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": "AzureML Data Scientist",
}
"""Ids of Azure's built-in roles are the same in every tenant."""
_ROLES = tuple((expression(pattern), providers) for pattern, providers in _ROLE_NAMES)
ROLE = expression("|".join([f"(?:{pattern})" for pattern, _ in _ROLE_NAMES] + list(_ROLE_IDS)))

_ROLE_WORDS = (
    "roles/", "aiplatform.", "AmazonBedrock", "AmazonSageMaker", "BedrockAgentCore",
    "SageMakerCreateEndpoint", "Cognitive Services", "Azure AI", "AzureML", *_ROLE_IDS,
)  # fmt: skip
"""One of these stands in every role's name."""

LITERALS: tuple[bytes, ...] = (
    b"bedrock", b"sagemaker", b"qbusiness:", b"codewhisperer:", b"comprehend:", b"rekognition:",
    b"textract:", b"kendra:", b"transcribe:start", b"transcribe:*", b"polly:s", b"polly:*",
    b"lex:recognize", b"lex:post", b"lex:*", b"translate:translate", b"translate:*",
    b"personalize:create", b"forecast:create", b"roles/aiplatform", b"roles/ml.",
    b"roles/notebooks.", b"roles/discoveryengine.", b"roles/dialogflow.",
    b"roles/cloudaicompanion.", b"aiplatform.",
)  # fmt: skip
"""One of these stands (in any letter case) in what grants the use of AI on AWS or Google Cloud."""
AZURE_LITERALS: tuple[bytes, ...] = (
    b"cognitive services ", b"azure ai ", b"azureml ", *(ident.encode() for ident in _ROLE_IDS),
)  # fmt: skip


def action_provider(knowledge: Knowledge, action: str) -> str:
    """Who is called or whose models are made by an IAM action; empty for all others."""
    match = ACTION.fullmatch(action)
    if match is None or not _is_use(match["verb"]):
        return ""
    return known(knowledge, *_SERVICES[match["service"]])


def has_action(text: str) -> bool:
    """Cheap: whether an action that calls or makes models is named at all."""
    return any(_is_use(match["verb"]) for match in ACTION.finditer(text))


def _is_use(verb: str) -> bool:
    stem = re.split(r"[*?]", verb, maxsplit=1)[0]
    if stem == verb:
        return verb.startswith(_VERBS) and not _HARMLESS.match(verb)
    return stem.startswith(_VERBS) or any(known_verb.startswith(stem) for known_verb in _VERBS)


def known(knowledge: Knowledge, *providers: str) -> str:
    """The first that the catalogue knows, or empty."""
    return next((ident for ident in providers if knowledge.knows(ident)), "")


def role(knowledge: Knowledge, text: str) -> tuple[str, str]:
    """(provider, role as people call it) of a role's name or id; empty where it is not AI's."""
    name = _ROLE_IDS.get(text.lower(), text)
    for pattern, providers in _ROLES:
        if pattern.fullmatch(name):
            return known(knowledge, *providers), name.rpartition("policy/")[2]
    return "", ""


def statements(knowledge: Knowledge, where: Cut) -> Iterator[Found]:
    """Grants in a program or in HCL: actions in quotes under a key ``actions`` (``Action``,
    ``addActions(``), one hit for each statement and provider."""
    taken: dict[tuple[int, str], tuple[int, list[str]]] = {}
    for match in _QUOTED_ACTION.finditer(where.text):
        provider = action_provider(knowledge, match[0][1:-1])
        scope = _scope(where, match.start()) if provider else None
        if scope is not None:
            start, actions = taken.setdefault((scope, provider), (match.start() + 1, []))
            actions.append(match[0][1:-1])
    for (scope, provider), (start, actions) in taken.items():
        block = where.block(scope) if scope >= 0 else ""
        yield grant(provider, actions, start, _models(block))


def _scope(where: Cut, at: int) -> int | None:
    """The bracket around the statement that names the action; None where it is no grant."""
    place = at
    for _ in range(4):
        key = _LIST_KEY.search(where.text[max(0, place - 120) : place])
        if key:
            if key["key"].lower().startswith("not"):
                return None
            opened = where.around(place - len(key[0]))
            return None if _is_denied(where, opened, place) else opened
        place = where.around(place)
        if place < 0:
            return None
    return None


def _is_denied(where: Cut, opened: int, at: int) -> bool:
    """In a builder's chain the statement is no block: it runs from its name to the semicolon."""
    built = where.text.rfind("PolicyStatement", max(opened, at - 1500, 0), at)
    if built >= 0:
        end = where.text.find(";", at, at + 1500)
        limit = end if end > 0 else at + 1500
        following = where.text.find("PolicyStatement", at, limit)
        stop = following if following > 0 else limit
        return _DENIES.search(where.text, built, stop) is not None
    return _DENIES.search(_own(where, opened)) is not None


def _own(where: Cut, opened: int) -> str:
    """A block without the blocks in it: a sibling's effect is not ours."""
    if opened < 0:
        return ""
    text = where.block(opened)
    pieces: list[str] = []
    done = 0
    for match in re.finditer(r"[{]", text):
        close = where.closes.get(opened + 1 + match.start())
        if close is not None and match.start() >= done:
            pieces.append(text[done : match.start()])
            done = close - opened
    return "".join(pieces) + text[done:]


def _models(text: str) -> tuple[str, ...]:
    return tuple(sorted(set(_MODEL.findall(text))))


def documents(knowledge: Knowledge, source: SourceFile, tree: Iterable[object]) -> Iterator[Found]:
    """Grants in parsed policies: mappings with ``Effect: Allow`` and ``Action``, in any letter
    case. ``tree``: the nodes of a document, in its order."""
    at = 0
    for node in tree:
        if not isinstance(node, dict):
            continue
        keys = {str(key).lower(): value for key, value in node.items()}
        if str(keys.get("effect", "")).lower() != "allow" or "action" not in keys:
            continue
        actions = _texts(keys["action"])
        by_provider: dict[str, list[str]] = {}
        for action in actions:
            provider = action_provider(knowledge, action)
            if provider:
                by_provider.setdefault(provider, []).append(action)
        models = _models(" ".join(_texts(keys.get("resource"))))
        for provider, granted in by_provider.items():
            at = _where(source, granted[0], at)
            yield grant(provider, granted, at, models)
            at += 1


def _where(source: SourceFile, action: str, after: int) -> int:
    """An action as a whole word: ``bedrock:InvokeModel`` is not the start of a longer one."""
    found = re.compile(re.escape(action) + r"(?![\w*])").search(source.text, after)
    return found.start() if found else source.find(action, after)


def _texts(value: object) -> list[str]:
    """Every text in a value, at most some hundreds: ``Fn::Sub`` and lists are looked into."""
    found: list[str] = []
    pending = [value]
    while pending and len(found) < 500:
        here = pending.pop(0)
        if isinstance(here, str):
            found.append(here)
        elif isinstance(here, list):
            pending += here[:500]
        elif isinstance(here, dict):
            pending += list(here.values())[:50]
    return found


def roles(knowledge: Knowledge, text: str, before: re.Pattern[str]) -> Iterator[Found]:
    """Grants by role: a name or id of a role with ``before`` at the end of what precedes it."""
    seen: set[str] = set()
    for match in ROLE.finditer(text) if any(word in text for word in _ROLE_WORDS) else ():
        provider, name = role(knowledge, match[0])
        lead = text[max(0, match.start() - 450) : match.start()]
        if provider and name not in seen and before.search(lead):
            seen.add(name)
            yield grant(provider, [name], match.start(), ())


STATES = expression(
    r"arn:aws[\w-]{0,12}:states:::(?:aws-sdk:)?(?P<service>[a-z]{3,40}):(?P<verb>[A-Za-z]{3,60})"
)


def workflow_calls(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """Steps of a state machine that call a model
    (https://docs.aws.amazon.com/step-functions/latest/dg/connect-bedrock.html)."""
    for match in STATES.finditer(text):
        service = re.sub(r"(?:agent)?(?:runtime)?$", "", match["service"])
        verb = match["verb"][:1].upper() + match["verb"][1:]
        provider = action_provider(knowledge, f"{service}:{verb}")
        if provider:
            yield Found(HitKind.IDENTIFIER, match[0], match.start(), provider=provider)


def grant(
    provider: str,
    actions: list[str],
    start: int,
    models: tuple[str, ...],
    confidence: Confidence = Confidence.HIGH,
) -> Found:
    return Found(
        HitKind.GRANT,
        actions[0],
        start,
        provider=provider,
        confidence=confidence,
        part=f"grant/{provider}",
        name=f"Permission to use {provider}",
        tags=(("actions", ", ".join(sorted(set(actions)))),),
        models=models,
        preview=", ".join(dict.fromkeys(actions))[:200],
    )
