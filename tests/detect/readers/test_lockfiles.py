"""Lock files of all tools: names, each once, weak, quickly."""

from __future__ import annotations

import time

import pytest

from scanner.detect.engine import Detector
from scanner.detect.manifests.locks import is_lock, locked
from scanner.model.evidence import Confidence, Setting
from scanner.model.items import HitKind


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("poetry.lock", '[[package]]\nname = "openai"\nversion = "1"\n', ["openai"]),
        ("uv.lock", '[[package]]\nname = "mine"\nversion = "0"\nsource = { editable = "." }\n'
         'dependencies = [\n    { name = "openai" },\n]\n[[package]]\nname = "anthropic"\n'
         'version = "1"\nsource = { registry = "https://example.org/simple" }\n', ["anthropic"]),
        ("Cargo.lock", '[[package]]\nname = "mine"\nversion = "1"\n\n[[package]]\n'
         'name = "async-openai"\nversion = "0.2"\nsource = "registry+x"\n', ["async-openai"]),
        ("Pipfile.lock", '{\n    "_meta": {\n        "hash": {\n        }\n    },\n'
         '    "default": {\n        "openai": {\n', ["hash", "openai"]),
        ("package-lock.json", '"packages": {\n    "": {},\n    "node_modules/openai": {\n'
         '    "node_modules/a/node_modules/@anthropic-ai/sdk": {', ["openai", "@anthropic-ai/sdk"]),
        ("npm-shrinkwrap.json", '{\n  "dependencies": {\n    "openai": {\n      "version": "4"',
         ["openai"]),
        ("pnpm-lock.yaml", "importers:\n  .:\n    dependencies:\n      ai:\n        specifier: 4\n"
         "packages:\n\n  '@ai-sdk/openai@1.0.0(zod@3.1)':\n    resolution: {}\n  openai@4.1.0:\n"
         "  /cohere-ai/7.0.0:\n  /@x/y@1.2.3:\n",
         ["@ai-sdk/openai", "openai", "cohere-ai", "@x/y"]),
        ("yarn.lock", '# yarn lockfile v1\n\nopenai@^4.0.0, openai@^4.1:\n  version "4.2"\n'
         '  dependencies:\n    x "^1"\n"@anthropic-ai/sdk@npm:^0.3":\n  version: 0.3',
         ["openai", "@anthropic-ai/sdk"]),
        ("bun.lock", '  "packages": {\n    "openai": ["openai@4.2.0", "", {}],\n'
         '    "x/@ai-sdk/openai": ["@ai-sdk/openai@1.0"],', ["openai", "@ai-sdk/openai"]),
        ("go.sum", "github.com/openai/openai-go v1.0.0 h1:x=\n"
         "github.com/a/b v1.0.0/go.mod h1:x=\n", ["github.com/openai/openai-go"]),
        ("gradle.lockfile", "# x\ncom.openai:openai-java:1.0=runtimeClasspath\nempty=\n",
         ["com.openai:openai-java"]),
        ("packages.lock.json", '"net8.0": {\n      "OpenAI": {\n        "type": "Transitive",',
         ["OpenAI"]),
        ("Gemfile.lock", "GEM\n  specs:\n    ruby-openai (6.0)\n      faraday (>= 1)\n",
         ["ruby-openai"]),
        ("composer.lock", '{"packages": [{\n "name": "openai-php/client",\n "authors": '
         '[{"name": "A B"}]', ["openai-php/client"]),
        ("Package.resolved", '"location" : "https://github.com/MacPaw/OpenAI.git",',
         ["github.com/macpaw/openai"]),
        ("pubspec.lock", 'packages:\n  dart_openai:\n    dependency: "direct main"\n',
         ["dart_openai"]),
        ("mix.lock", '%{\n  "openai": {:hex, :openai, "0.5"', ["openai"]),
        ("renv.lock", '"ellmer": {\n "Package": "ellmer",', ["ellmer"]),
        ("conda-lock.yml", "package:\n- name: openai\n  manager: pip\n", ["openai"]),
        ("pixi.lock", "packages:\n- conda: https://c.anaconda.org/conda-forge/noarch/"
         "openai-1.2.3-pyh_0.conda\n- pypi: https://x\n  name: anthropic\n",
         ["openai", "anthropic"]),
        ("Podfile.lock", "PODS:\n  - OpenAISwift (1.2)\n", ["OpenAISwift"]),
        ("deno.lock", '{\n  "npm": {\n    "openai@4.2.0": {', ["openai"]),
        ("Manifest.toml", "[[deps.OpenAI]]\nversion=1", ["OpenAI"]),
    ],
)  # fmt: skip
def test_names_that_lock_files_hold(path: str, text: str, expected: list[str]) -> None:
    assert is_lock(f"a/{path}")
    assert [d.name for d in locked(text.encode(), f"a/{path}")] == expected


def test_what_only_a_lock_file_holds_is_weak(detector: Detector) -> None:
    data = b'[[package]]\nname = "left-pad"\n\n[[package]]\nname = "OpenAI"\nversion = "1"\n'

    (hit,) = [
        hit
        for hit in detector.examine(data, "uv.lock", ("credentials", "usage"))
        if hit.kind is HitKind.PACKAGE
    ]

    assert (hit.label, hit.line, hit.confidence, hit.context) == (
        "openai", 5, Confidence.LOW, Setting.GENERATED)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("package-lock.json", b'    "node_modules/a": {\n      "version": "1.2.3"\n    },\n'),
        ("pnpm-lock.yaml", b"  '@a/b@1.0.0':\n    resolution: {integrity: sha512-xxxxxxxxxxxxx}\n"),
        ("uv.lock", b'[[package]]\nname = "a"\n  { url = "https://x/y", hash = "sha256:1" },\n'),
        ("yarn.lock", b'a@^1:\n  version "1"\n  resolved "https://registry/x"\n'),
        ("go.sum", b"github.com/a/b v1.0.0 h1:xxxxxxxxxxxxxxxxxxxxx=\n"),
        ("package-lock.json", b'"'), ("yarn.lock", b"a@"), ("pnpm-lock.yaml", b"  a@1"),
        ("bun.lock", b'    "a'), ("pixi.lock", b"- conda: a/a"), ("go.sum", b"a.b/"),
        ("uv.lock", b" "), ("packages.lock.json", b'"a": {\n'), ("composer.lock", b'"name": "'),
    ],
)  # fmt: skip
def test_five_megabytes_cost_next_to_nothing(path: str, line: bytes) -> None:
    data = line * (5_000_000 // len(line))
    start = time.process_time()

    list(locked(data, path))

    assert time.process_time() - start < 1.0
