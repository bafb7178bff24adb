"""Continuous integration: AI actions, images of services, secrets by name, commands of steps.

Owns GitHub Actions, GitLab CI, Jenkins, CircleCI, Azure Pipelines, Bitbucket, Woodpecker and Drone.
A secret is known here by its slot's name alone; its value is nowhere in these files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.infra import shell
from scanner.detect.infra.grants import known
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_ACTIONS: dict[str, tuple[str, ...]] = {
    "anthropics/claude-code-action": ("claude_code", "anthropic"),
    "anthropics/claude-code-base-action": ("claude_code", "anthropic"),
    "anthropics/claude-code-security-review": ("claude_code", "anthropic"),
    "openai/codex-action": ("codex_cli", "openai"),
    "google-github-actions/run-gemini-cli": ("gemini_cli", "google_gemini"),
    "google-gemini/gemini-cli-action": ("gemini_cli", "google_gemini"),
    "actions/ai-inference": ("github_models",),
    "github/ai-moderator": ("github_models",),
    "github/ai-assessment-comment-labeler": ("github_models",),
    "github/copilot-cli-action": ("github_copilot",),
    "coderabbitai/ai-pr-reviewer": ("coderabbit", "openai"),
    "qodo-ai/pr-agent": ("qodo", "openai"),
    "codium-ai/pr-agent": ("qodo", "openai"),
    "the-pr-agent/pr-agent": ("qodo", "openai"),
    "aws-actions/aws-q-developer": ("amazon_q",),
    "cursor/cursor-action": ("cursor",),
    "sst/opencode": ("opencode",),
    "anomalyco/opencode": ("opencode",),
    "augmentcode/augment-agent": ("augment", "augment_code"),
    "augmentcode/review-pr": ("augment", "augment_code"),
    "continuedev/continue": ("continue_dev",),
    "anc95/chatgpt-codereview": ("openai",),
    "freeedcom/ai-codereviewer": ("openai",),
    "cirolini/genai-code-review": ("openai",),
    "aavetis/ai-pr-reviewer": ("openai",),
    "sourcery-ai/action": ("sourcery",),
    "warpdotdev/warp-agent-action": ("warp",),
    "factory-ai/droid-action": ("factory", "factory_ai"),
    "promptfoo/promptfoo-action": ("promptfoo",),
    "huggingface/hub-sync": ("huggingface",),
    "nomic-ai/huggingface-sync-action": ("huggingface",),
    "pipeboard-co/pipeboard-ai": ("openai",),
    "azure/ai-agent-evals": ("azure_ai", "azure_openai"),
    "microsoft/genai-evals": ("azure_ai", "azure_openai"),
    "ai-action/setup-ollama": ("ollama",),
    "ai-action/ollama-action": ("ollama",),
    "snyk/agent-scan-action": ("snyk",),
    "wandb/wandb-action": ("wandb",),
    "google-github-actions/deploy-vertex-ai": ("google_vertex",),
    "cbrgm/gemini-review-action": ("google_gemini",),
    "truongnh1992/gemini-ai-code-reviewer": ("google_gemini",),
    "hustcer/deepseek-review": ("deepseek",),
}
"""GitHub actions that call or set up AI, by repository (https://github.com/marketplace)."""
_USES = expression(
    r"^[ \t]{0,40}(?:-[ \t]{1,4})?uses:[ \t]{1,8}[\"']?(?P<action>[\w.-]{1,80}/[\w.-]{1,100})"
    r"(?P<path>/[\w./-]{1,120})?(?:@(?P<at>[\w./-]{1,80}))?", re.M,
)  # fmt: skip
_DOCKER_USES = expression(
    r"^[ \t]{0,40}(?:-[ \t]{1,4})?uses:[ \t]{1,8}[\"']?docker://(?P<image>[^\s\"'#]{2,200})", re.M
)
_MODEL = expression(
    r"^[ \t]{2,40}(?:[\w-]{0,30}[_-])?model:[ \t]{1,8}[\"']?([A-Za-z0-9][\w./:@-]{1,100})", re.M
)
_STEP_END = expression(r"^[ \t]{0,40}-[ \t]{1,4}(?:name|uses|run|id|if):", re.M)
_SECRET = expression(
    r"\bsecrets(?:\.|\[[\"'])(?P<a>[A-Za-z_]\w{3,80})"
    r"|credentials(?:Id[\"']?\s{0,4}[:=])?\s{0,4}\(?\s{0,4}[\"'](?P<b>[A-Za-z][\w.-]{3,80})[\"']"
    r"|\$\((?P<c>[A-Za-z_][\w.-]{3,80})\)"
    r"|^[ \t]{0,40}(?P<d>[A-Z][A-Z0-9_]{5,80}):[ \t]*"
    r"(?:\r?\n[ \t]{1,40}(?:vault|secret|from_secret):|[\"']?\$)"
    r"|from_secret:[ \t]{1,8}[\"']?(?P<e>[A-Za-z][\w.-]{3,80})",
    re.M,
)
_IMAGES = expression(
    r"^[ \t]{0,40}-[ \t]{1,4}(?:name:[ \t]{1,8})?[\"']?"
    r"(?P<a>[\w./-]{3,200}(?::[\w.-]{1,80})?)[\"']?[ \t]*\r?$"
    r"|\bname:[ \t]{1,8}[\"']?(?P<b>[\w./-]{3,200}(?::[\w.-]{1,80})?)"
    r"|\bimage\s{0,4}\(?\s{0,4}[\"'](?P<c>[\w./-]{3,200}(?::[\w.-]{1,80})?)[\"']",
    re.M,
)
_PATHS = expression(
    r"(?:^|/)\.github/(?:workflows/[^/]+|actions/.*/action|.*/action)\.ya?ml$|(?:^|/)action\.ya?ml$"
    r"|(?:^|/)(?:.*\.)?gitlab-ci[\w.-]*\.ya?ml$|(?:^|/)\.gitlab/.*\.ya?ml$"
    r"|(?:^|/)(?:.*[._-])?Jenkinsfile(?:[._-][^/]*)?$|\.jenkinsfile$"
    r"|(?:^|/)\.circleci/[^/]+\.ya?ml$|(?:^|/)(?:.*[._-])?azure-pipelines?[\w.-]*\.ya?ml$"
    r"|(?:^|/)\.azure-?(?:devops|pipelines)/.*\.ya?ml$"
    r"|(?:^|/)bitbucket-pipelines\.ya?ml$|(?:^|/)\.(?:woodpecker|drone)(?:/[^/]+)?\.ya?ml$"
    r"|(?:^|/)\.travis\.ya?ml$|(?:^|/)\.buildkite/[^/]+\.ya?ml$|(?:^|/)cloudbuild[\w.-]*\.ya?ml$"
    r"|(?:^|/)(?:buildspec[\w.-]*|amplify)\.ya?ml$"
    r"|(?:^|/)\.(?:gitea|forgejo)/workflows/[^/]+\.ya?ml$",
    re.I,
)
_FILE_TAIL = (".yml", ".yaml")


def _is_pipeline(path: str) -> bool:
    lowered = path[-80:].lower()
    if not lowered.endswith(_FILE_TAIL) and "jenkinsfile" not in lowered:
        return False
    return _PATHS.search(path) is not None


def _read(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    text = source.text
    yield from _actions(knowledge, text)
    yield from _images(knowledge, text)
    yield from _secrets(knowledge, text)
    yield from shell.commands(knowledge, text)


def _actions(knowledge: Knowledge, text: str) -> Iterator[Found]:
    for match in _USES.finditer(text):
        name = match["action"]
        provider = known(knowledge, *_ACTIONS.get(name.lower(), ()))
        if provider:
            step = text[match.end() : match.end() + 3000]
            end = _STEP_END.search(step)
            models = tuple(_MODEL.findall(step[: end.start()] if end else step))
            tags = (("version", match["at"]),) if match["at"] else ()
            start = match.start("action")
            yield Found(HitKind.CLIENT, name, start, provider=provider, models=models, tags=tags,
                        rule=f"{provider}-action".replace("_", "-"))  # fmt: skip


def _images(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """Images that no ``image:`` goes before: services in a list, Jenkins agents, docker actions."""
    for pattern in (_DOCKER_USES, _IMAGES):
        for match in pattern.finditer(text):
            group = match.lastgroup or "image"
            provider = knowledge.image(match[group]) if "/" in match[group] else ""
            if provider:
                yield Found(HitKind.IMAGE, match[group], match.start(group), provider=provider)


def _secrets(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """Slots whose name holds a variable of the catalogue: ``PROD_OPENAI_API_KEY``,
    ``openai-api-key``. The exact names are found in any text by the engine."""
    seen: set[str] = set()
    for match in _SECRET.finditer(text):
        group = match.lastgroup or "a"
        name = match[group]
        variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
        provider = _named(knowledge, variable) if name not in seen else ""
        seen.add(name)
        if provider and not knowledge.env_var(name)[0]:
            start = match.start(group)
            yield Found(HitKind.NAME, name, start, provider=provider,
                        confidence=Confidence.MEDIUM)  # fmt: skip


def _named(knowledge: Knowledge, variable: str) -> str:
    """The longest run of words in a name that is a variable of somebody's, and not a weak one."""
    words = variable.split("_")[:12]
    for length in range(len(words), 1, -1):
        for begin in range(len(words) - length + 1):
            provider, is_weak = knowledge.env_var("_".join(words[begin : begin + length]))
            if provider and not is_weak:
                return provider
    return ""


READERS = (Reader("ci", _is_pipeline, _read),)
