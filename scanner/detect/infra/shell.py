"""Commands that bring AI in: installs of packages, pulls and servers of models, agents without a
terminal. Owns the command lines of those tools; knows a package's provider from the rules alone.

pip, uv, npm, cargo, go, gem, dotnet, composer by their manuals; Ollama
(https://github.com/ollama/ollama), vLLM (https://docs.vllm.ai/en/latest/cli/), Hugging Face
(https://huggingface.co/docs/huggingface_hub/guides/cli), llama.cpp, SGLang, TGI by theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from scanner.detect.infra.accelerators import compute
from scanner.detect.infra.grants import known
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found
from scanner.kit.accelerators import CARD, INSTANCE
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_S = r"[ \t]{1,8}"
_LONGEST = 3000
_MOST_SERVERS = 1000
"""Of one file."""
_INSTALLS: tuple[tuple[str, str], ...] = (
    ("pypi", rf"pip[\d.]{{0,4}}{_S}install|pipx{_S}install|pipenv{_S}install"),
    ("pypi", rf"uv{_S}(?:add|(?:pip|tool){_S}install)"),
    ("pypi", rf"poetry{_S}add|pdm{_S}add|rye{_S}add|hatch{_S}add"),
    ("pypi_run", rf"uvx|pipx{_S}run|uv{_S}tool{_S}run"),
    ("conda", rf"conda{_S}(?:install|create)|mamba{_S}(?:install|create)"),
    ("conda", rf"micromamba{_S}(?:install|create)"),
    ("npm", rf"npm{_S}(?:install|i|add)|pnpm{_S}(?:install|i|add)|bun{_S}(?:install|i|add)"),
    ("npm", rf"yarn{_S}(?:global{_S})?add"),
    ("npm_run", rf"npx|bunx|pnpm{_S}dlx|npm{_S}exec|yarn{_S}dlx"),
    ("cargo", rf"cargo{_S}(?:install|add|binstall)"),
    ("go", rf"go{_S}(?:install|get|run)"),
    ("rubygems", rf"gem{_S}install"),
    ("nuget", rf"dotnet{_S}(?:add{_S}(?:[\w./-]{{1,80}}{_S})?package|tool{_S}install)"),
    ("composer", rf"composer{_S}require"),
)
_COMMAND_END = expression(r"&&|\|\||[;|`]|(?<!\\)\r?\n|\\n")
_WORD = expression(r"(?:\\\r?\n|[\s\"',\[\]])*(?P<w>[^\s\"',\\]{1,200}(?:\[[\w,-]{1,80}\])?)")
_WITH_VALUE = frozenset((
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-r", "--requirement", "-c",
    "--constraint", "-t", "--target", "--prefix", "-n", "--name", "--channel", "--group", "-G",
    "--python", "-p", "--registry", "--version", "-v", "--trusted-host",
))  # fmt: skip
_MODEL = r"(?P<model>[A-Za-z0-9][\w./:@-]{1,120})"
_POSITION = rf"{_S}(?:--?[a-z][\w-]{{0,30}}(?:=\S{{1,60}})?{_S}){{0,4}}[\"']?{_MODEL}"
_SERVERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (rf"ollama{_S}(?:pull|run)", "", ("ollama",)),
    (rf"huggingface-cli{_S}download|hf{_S}download", "", ("huggingface",)),
    (rf"vllm{_S}serve", "", ("vllm",)),
    (r"vllm\.entrypoints\.[\w.]{3,40}", r"--model", ("vllm",)),
    (r"sglang\.launch_server", r"--model-path|--model", ("sglang",)),
    (r"text-generation-launcher", r"--model-id", ("text_generation_inference", "huggingface")),
    (r"text-embeddings-router", r"--model-id", ("text_embeddings_inference", "huggingface")),
    (r"llama-(?:server|cli)|llama_cpp\.server", r"-hf|--hf-repo|--model|-m", ("llamacpp",)),
    (rf"docker{_S}model{_S}(?:run|pull)", "", ("docker_ai", "docker")),
    (rf"ramalama{_S}(?:run|pull|serve)", "", ("ramalama",)),
    (rf"lms{_S}(?:get|load)", "", ("lm_studio", "lmstudio")),
    (r"mlx_lm\.(?:server|generate|lora|chat)", r"--model", ("mlx", "apple_mlx", "huggingface")),
    (rf"lmdeploy{_S}serve{_S}\w{{1,20}}", "", ("lmdeploy",)),
    (r"trtllm-serve", "", ("nvidia",)),
    (rf"xinference{_S}launch", r"--model-name|-n", ("xinference",)),
    (rf"tabby{_S}serve", r"--model", ("tabby",)),
    (r"litellm", r"--model", ("litellm",)),
    (rf"aphrodite{_S}run", "", ("aphrodite",)),
    (r"aider", r"--model", ("aider",)),
    (rf"local-ai{_S}(?:run|models{_S}install)", "", ("localai",)),
)
"""(command, flag that names the model or empty where it is the first word, provider)."""
_SURE = ("vllm.", "sglang.", "text-", "llama")
"""Servers whose command is no word of anything else, with or without a model."""
_FLAGS = tuple(
    expression(
        rf"(?<![\w-])(?:{flag})(?:=|[\"']?,?(?:\s|\\\r?\n){{1,40}}(?:-\s{{1,8}})?)[\"']?{_MODEL}"
    )
    if flag
    else expression(_POSITION)
    for _, flag, _ in _SERVERS
)
_AGENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (rf"claude{_S}(?:-p|--print|--dangerously-skip-permissions)", ("claude_code", "anthropic")),
    (rf"codex{_S}exec", ("codex_cli", "openai")),
    (rf"gemini{_S}(?:-p|--prompt|-y|--yolo|--approval-mode)", ("gemini_cli", "google_gemini")),
    (rf"cursor-agent{_S}(?:-p|--print|--force)", ("cursor",)),
    (rf"copilot{_S}(?:-p|--prompt|--allow-all-tools)", ("github_copilot",)),
    (rf"gh{_S}(?:models{_S}run)", ("github_models",)),
    (rf"gh{_S}copilot{_S}(?:suggest|explain)", ("github_copilot",)),
    (rf"opencode{_S}run", ("opencode",)),
    (rf"aider{_S}(?:--message|-m|--yes)", ("aider",)),
)
"""Agents that run without anybody at the terminal."""
_CLIS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        rf"aws{_S}(?:--[a-z-]{{3,30}}{_S}[\w-]{{1,40}}{_S}){{0,3}}bedrock[a-z-]{{0,20}}{_S}[a-z-]{{4,60}}",
        ("aws_bedrock",),
    ),
    (
        rf"aws{_S}(?:--[a-z-]{{3,30}}{_S}[\w-]{{1,40}}{_S}){{0,3}}sagemaker[a-z-]{{0,20}}{_S}[a-z-]{{4,60}}",
        ("aws_sagemaker",),
    ),
    (rf"gcloud{_S}(?:beta{_S}|alpha{_S})?ai{_S}[a-z-]{{4,40}}", ("google_vertex",)),
    (rf"gcloud{_S}(?:beta{_S}|alpha{_S})?ai-platform{_S}[a-z-]{{4,40}}", ("google_vertex",)),
    (
        rf"az{_S}cognitiveservices{_S}account{_S}(?:deployment{_S})?create",
        ("azure_openai", "azure_ai"),
    ),
    (
        rf"az{_S}ml{_S}(?:online|batch|serverless)-(?:endpoint|deployment){_S}\w{{3,20}}",
        ("azure_ml", "azure_ai"),
    ),
    (rf"modal{_S}(?:deploy|run|serve)", ("modal",)),
    (rf"databricks{_S}serving-endpoints{_S}[a-z-]{{3,40}}", ("databricks",)),
)
"""The clouds' own command lines (https://docs.aws.amazon.com/cli/latest/reference/bedrock-runtime/,
https://cloud.google.com/sdk/gcloud/reference/ai, https://learn.microsoft.com/cli/azure/)."""
_CLI_MODEL = expression(r"--(?:model-id|model-name)(?:=|[ \t]{1,8})[\"']?" + _MODEL)
_ASKED = expression(
    r"--(?:instance-types?|machine-type|size|vm-size|gpu-type|accelerator)(?:=|[ \t]{1,8})"
    rf"[\"']?(?:type=)?(?P<x>{INSTANCE}|{CARD})(?![\w-])"
)


@dataclass(frozen=True)
class _Heads:
    """Beginnings of commands. Of a long table only those are tried whose first word stands in the
    text: an alternation of all of them costs more than everything else together."""

    heads: tuple[str, ...]

    @cached_property
    def words(self) -> tuple[tuple[str, ...], ...]:
        return tuple(
            tuple(part for part in re.findall(r"(?:^|\|)([a-z_-]{2,})", _top(head)))
            for head in self.heads
        )

    def finditer(self, text: str) -> Iterator[tuple[int, re.Match[str]]]:
        """(which, match)"""
        active = tuple(
            number
            for number, words in enumerate(self.words)
            if not words or any(word in text for word in words)
        )
        if active:
            for match in _alternation(self.heads, active).finditer(text):
                yield int((match.lastgroup or "h0")[1:]), match


def _top(head: str) -> str:
    """A pattern without its groups: what is left of each branch begins with its first word."""
    while "(" in head:
        shorter = re.sub(r"\((?:[^()\\]|\\.)*\)[?*+]?(?:\{\d+,\d*\})?", " ", head)
        if shorter == head:
            return ""
        head = shorter
    return head


@lru_cache(maxsize=512)
def _alternation(heads: tuple[str, ...], active: tuple[int, ...]) -> re.Pattern[str]:
    branches = "|".join(f"(?P<h{number}>{heads[number]})" for number in active)
    return expression(rf"(?<![\w./-])(?:{branches})(?![\w-])")


_INSTALL_HEADS = _Heads(tuple(head for _, head in _INSTALLS))
_SERVER_HEADS = _Heads(tuple(head for head, _, _ in _SERVERS))
_AGENT_HEADS = _Heads(tuple(head for head, _ in _AGENTS))
_CLI_HEADS = _Heads(tuple(head for head, _ in _CLIS))
_GPUS = expression(r"(?<![\w-])--gpus(?:=|[ \t]{1,8})[\"']?(?:all|\d{1,3}|device=)")
_SAID = expression(r"\b(?:echo|printf|print|Write-Host|log_?\w{0,10}|die|fail)\b[^;&|\n]{0,300}$")
_RUN_ONE = ("pypi_run", "npm_run")

LITERALS = (
    b"pip install", b"pip3 install", b"pip3.", b"pipx ", b"pipenv install", b"uv add", b"uv pip",
    b"uv tool", b"uvx ", b"poetry add", b"pdm add", b"rye add", b"hatch add", b"conda install",
    b"conda create", b"mamba install", b"mamba create", b"npm i", b"npm add", b"npm exec", b"npx ",
    b"bun add", b"bun i", b"bunx ", b"yarn add", b"yarn global", b"yarn dlx", b"pnpm ",
    b"cargo add", b"cargo install", b"cargo binstall", b"go install", b"go get", b"go run",
    b"gem install", b"dotnet add", b"dotnet tool", b"composer require",
    b"ollama ", b"huggingface-cli", b"hf download", b"vllm", b"sglang", b"text-generation-launcher",
    b"text-embeddings-router", b"llama-server", b"llama-cli", b"llama_cpp.server", b"docker model",
    b"ramalama", b"lms get", b"lms load", b"mlx_lm", b"lmdeploy", b"trtllm-serve", b"xinference",
    b"tabby serve", b"litellm", b"aphrodite run", b"aider ", b"local-ai", b"claude -",
    b"codex exec",
    b"gemini -", b"cursor-agent", b"copilot -", b"gh copilot", b"gh models", b"opencode run",
    b"--gpus", b"bedrock", b"sagemaker", b"gcloud ai", b"gcloud beta ai", b"gcloud alpha ai",
    b"az cognitiveservices", b"az ml ", b"modal deploy", b"modal run", b"modal serve",
    b"serving-endpoints", b"--instance-type", b"--machine-type", b"--gpu-type", b"--accelerator",
    b"--size", b"--vm-size",
)  # fmt: skip


def commands(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """All of them in a text that is a script, or holds scripts."""
    yield from installs(knowledge, text)
    yield from models(knowledge, text)
    for number, match in _AGENT_HEADS.finditer(text):
        provider = known(knowledge, *_AGENTS[number][1])
        if provider and not _is_said(text, match.start()):
            yield Found(HitKind.CLIENT, match[0], match.start(), provider=provider)
    for number, match in islice(_CLI_HEADS.finditer(text), _MOST_SERVERS):
        provider = known(knowledge, *_CLIS[number][1])
        if provider and not _is_said(text, match.start()):
            named = tuple(m["model"] for m in _CLI_MODEL.finditer(_rest(text, match.end())))
            label = " ".join(match[0].split())
            yield Found(HitKind.CLIENT, label, match.start(), provider=provider, models=named)
    for name, start in {m["x"]: m.start("x") for m in _ASKED.finditer(text)}.items():
        yield compute(name, start)
    gpus = _GPUS.search(text)
    if gpus:
        yield compute("--gpus", gpus.start(), "accelerator")


def _is_said(text: str, at: int) -> bool:
    """Told to people rather than run: ``echo "run ollama pull first"``."""
    return _SAID.search(text[max(0, at - 300) : at].rpartition("\n")[2]) is not None


def _rest(text: str, at: int) -> str:
    """What follows in the same command; a backslash at the end of a line goes on."""
    piece = text[at : at + _LONGEST]
    end = _COMMAND_END.search(piece)
    return piece[: end.start()] if end else piece


def installs(knowledge: Knowledge, text: str) -> Iterator[Found]:
    done = 0
    for number, match in _INSTALL_HEADS.finditer(text):
        kind = _INSTALLS[number][0]
        if match.start() < done or _is_said(text, match.start()):
            continue
        rest = _rest(text, match.end())
        done = match.end() + len(rest)
        skip_next = False
        for word in _WORD.finditer(rest):
            written = word["w"]
            if written.startswith("-") or skip_next:
                skip_next = not skip_next and written in _WITH_VALUE
                continue
            name, provider = _package(knowledge, kind.removesuffix("_run"), written)
            if provider:
                yield Found(HitKind.PACKAGE, name, match.end() + word.start("w"), provider=provider)
            if kind in _RUN_ONE:
                break


def _package(knowledge: Knowledge, ecosystem: str, written: str) -> tuple[str, str]:
    """(name, provider) of ``openai==1.2``, ``@openai/codex@latest``, ``x/y/cmd/z@v1``."""
    if ecosystem in ("pypi", "conda"):
        found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", written)
        name = found[0] if found else ""
        rest = written[len(name) :]
        if not name or (rest and rest[0] not in "[<>=!~;@"):
            return "", ""
        provider = knowledge.package(ecosystem, name)
        return name, provider or (knowledge.package("pypi", name) if ecosystem == "conda" else "")
    head, mark, _ = written.rpartition("@")
    name = head if mark and head else written
    if ecosystem == "composer":
        name = written.partition(":")[0]
    provider = knowledge.package(ecosystem, name)
    while ecosystem == "go" and not provider and name.count("/") > 2:
        name = name.rpartition("/")[0]
        provider = knowledge.package(ecosystem, name)
    return name, provider


def models(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """Models that a command pulls, serves or asks."""
    for number, match in islice(_SERVER_HEADS.finditer(text), _MOST_SERVERS):
        provider = known(knowledge, *_SERVERS[number][2])
        if not provider or _is_said(text, match.start()):
            continue
        is_flag = bool(_SERVERS[number][1])
        rest = text[match.end() : match.end() + 1500] if is_flag else _rest(text, match.end())
        pattern = _FLAGS[number]
        found = pattern.search(rest) if is_flag else pattern.match(rest)
        model = found["model"].rstrip(".,:)") if found else ""
        if found and _is_model(model):
            start = match.end() + found.start("model")
            yield Found(HitKind.MODEL, model, start, provider=provider)
        elif not is_flag or match[0].startswith(_SURE):
            start = match.start()
            yield Found(HitKind.CLIENT, match[0], start, provider=provider,
                        confidence=Confidence.MEDIUM)  # fmt: skip


_WORDS = frozenset(
    ("model", "the", "a", "models", "your", "and", "if", "to", "then", "for", "done")
)


def _is_model(name: str) -> bool:
    """A literal name, not a variable, a placeholder or the next word of a sentence."""
    return len(name) > 1 and name.lower() not in _WORDS and not name.startswith(("your-", "http"))
