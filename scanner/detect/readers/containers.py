"""Images and what runs in them: Dockerfiles, compose files, scripts.

Owns packages that a build installs, models that a command pulls or serves, accelerators that a
service reserves (https://docs.docker.com/reference/compose-file/). Images after ``FROM`` and
``image:`` and names of environment variables are found in any text by the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detect.infra import shell
from scanner.detect.infra.accelerators import compute
from scanner.detect.infra.grants import known
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_name, by_suffix
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.items import HitKind

_COPY = expression(r"^[ \t]{0,20}COPY[ \t]{1,8}[^\n]{0,100}--from=([\w./:@-]{3,200})", re.M | re.I)
_IMAGE = expression(
    r"^[ \t]{0,40}(?:-[ \t]{1,4})?image:[ \t]{1,8}[\"']?(?P<image>[^\s\"'#]{2,250})", re.M
)
_FROM = expression(
    r"^[ \t]{0,20}FROM[ \t]{1,8}(?:--\S{1,60}[ \t]{1,8})?(?P<image>[\w./:@-]{2,250})", re.M | re.I
)
_GPU = expression(
    r"^[ \t]{0,40}(?:-[ \t]{1,4})?(?P<x>runtime:[ \t]{1,8}[\"']?nvidia\b"
    r"|gpus:[ \t]{1,8}[\"']?(?:all\b|[1-9])"
    r"|capabilities:[ \t]{0,8}(?:\[[^\]\n]{0,60}\bgpu\b|\r?\n[ \t]{0,40}-[ \t]{1,4}[\"']?gpu\b))",
    re.M,
)
_MODEL_ENV = expression(
    r"\b(?P<key>(?:HF_|HUGGING_FACE_|VLLM_|LLM_)?MODEL(?:_ID|_NAME|_PATH)?)[\"']?[ \t]{0,4}"
    r"(?:[:=]|\r?\n[ \t]{0,40}value:)"
    r"[ \t]{0,8}[\"']?(?P<model>[A-Za-z0-9][\w.-]{1,60}/[\w.-]{2,100})(?=[\s\"',\\]|$)"
)
_RUNNER = expression(
    r"^[ \t]{1,40}model:[ \t]{1,8}[\"']?(?P<model>(?:ai|hf\.co/[\w.-]{1,60})/[\w.:-]{2,100})", re.M
)
_PORT = expression(
    r"^[ \t]{0,40}-[ \t]{1,8}[\"']?(?:(?:[\d.]{7,15}:)?\d{2,5}:)(?P<port>\d{2,5})"
    r"(?:/tcp)?[\"']?[ \t]*\r?$",
    re.M,
)
_COMMON_PORTS = frozenset((80, 443, 3000, 3001, 4000, 5000, 5432, 6379, 7000, 8000, 8001, 8080,
                           8081, 8443, 8501, 8787, 8888, 9000, 9001, 9090))  # fmt: skip
"""Where anything may listen."""
_ARGUMENT = expression(
    r"--(?:model|model-id|model-path|model_id|hf-repo)(?:=|[\"']?,?\s{1,40}(?:-\s{1,8})?)[\"']?"
    r"(?P<model>[A-Za-z0-9][\w./:@-]{2,120})"
)


def served_models(knowledge: Knowledge, text: str, images: re.Pattern[str]) -> Iterator[Found]:
    """Models that arguments and variables hand to a known image, by the image that stands before
    them in the same file; without one, only names that the catalogue knows as models."""
    owners = [
        (match.start(), owner)
        for match in images.finditer(text)
        if (owner := knowledge.image(match["image"]))
    ]
    for pattern in (_ARGUMENT, _MODEL_ENV):
        for match in pattern.finditer(text):
            model = match["model"]
            before = [owner for at, owner in owners if at < match.start()]
            after = [owner for _, owner in owners]
            provider = (before[-1:] or after[:1] or [knowledge.model(model)])[0]
            if not provider and "HF_" in match[0][:16]:
                provider = known(knowledge, "huggingface")
            if provider:
                yield Found(HitKind.MODEL, model, match.start("model"), provider=provider)


def _read_dockerfile(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    text = source.text
    for match in _COPY.finditer(text):
        provider = knowledge.image(match[1])
        if provider:
            yield Found(HitKind.IMAGE, match[1], match.start(1), provider=provider)
    yield from shell.commands(knowledge, text)
    yield from served_models(knowledge, text, _FROM)


def _read_compose(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    text = source.text
    for match in _GPU.finditer(text):
        yield compute("gpu", match.start("x"), "accelerator")
    for match in _RUNNER.finditer(text):
        provider = known(knowledge, "docker_ai", "docker", "huggingface")
        if provider:
            model = match["model"]
            yield Found(HitKind.MODEL, model, match.start("model"), provider=provider)
    yield from served_ports(knowledge, text, _PORT)
    yield from shell.commands(knowledge, text)
    yield from served_models(knowledge, text, _IMAGE)


def served_ports(knowledge: Knowledge, text: str, pattern: re.Pattern[str]) -> Iterator[Found]:
    """Ports at ``port`` of the pattern that are one model server's own by default."""
    for match in pattern.finditer(text):
        number = int(match["port"])
        owners = knowledge.port(number) if number not in _COMMON_PORTS else ()
        if len(owners) == 1:
            yield Found(HitKind.ENDPOINT, f"port {number}", match.start("port"),
                        match.end("port"), owners[0], Confidence.LOW)  # fmt: skip


def _read_script(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    yield from shell.commands(knowledge, source.text)


_SCRIPT_SUFFIX = by_suffix(
    ".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd", ".mk", "/devcontainer.json"
)
_SCRIPT_NAME = by_name(
    r"Makefile|GNUmakefile|justfile|Procfile|Taskfile\.ya?ml|devcontainer\.json|cloud-init.{0,40}"
    r"|user-?data.{0,20}|entrypoint"
)

READERS = (
    Reader(
        "dockerfile",
        by_name(r"(?:.{0,100}[._-])?(?:Dockerfile|Containerfile)(?:[._-].{0,100})?"),
        _read_dockerfile,
    ),
    Reader(
        "compose",
        by_name(r"(?:.{0,100}[._-])?compose(?:[._-].{0,100})?\.ya?ml"),
        _read_compose,
        (b"services:", b"models:"),
    ),
    Reader(
        "script",
        lambda path: _SCRIPT_SUFFIX(path) or _SCRIPT_NAME(path),
        _read_script,
        shell.LITERALS,
    ),
)
