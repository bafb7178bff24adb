"""Which file is read by which parser: by its name, for names that mean the same everywhere."""

from __future__ import annotations

import re
from functools import lru_cache

from scanner.detect.manifests import dotnet, javascript, jvm, others, python
from scanner.detect.manifests.dependency import Parser
from scanner.kit.expressions import expression

_BY_NAME: dict[str, Parser] = {
    "pyproject.toml": python.pyproject,
    "setup.py": python.setup_py,
    "setup.cfg": python.setup_cfg,
    "pipfile": python.pipfile,
    "pixi.toml": python.pixi,
    "meta.yaml": others.conda_recipe,
    "recipe.yaml": others.conda_recipe,
    "package.json": javascript.package_json,
    "package.json5": javascript.package_json,
    "pnpm-workspace.yaml": javascript.pnpm_workspace,
    "deno.json": javascript.deno,
    "deno.jsonc": javascript.deno,
    "import_map.json": javascript.deno,
    "importmap.json": javascript.deno,
    "go.mod": others.go_mod,
    "pom.xml": jvm.pom,
    "build.sbt": jvm.sbt,
    "dependencies.scala": jvm.sbt,
    "packages.config": dotnet.project,
    "directory.packages.props": dotnet.project,
    "directory.build.props": dotnet.project,
    "directory.build.targets": dotnet.project,
    "paket.dependencies": dotnet.paket,
    "cargo.toml": others.cargo,
    "gemfile": others.gemfile,
    "gems.rb": others.gemfile,
    "composer.json": others.composer,
    "package.swift": others.swift,
    "project.pbxproj": others.swift,
    "podfile": others.podfile,
    "description": others.r_description,
    "pubspec.yaml": others.pubspec,
    "mix.exs": others.mix,
    "project.toml": others.julia,
}
_BY_SUFFIX: dict[str, Parser] = {
    "gradle": jvm.gradle,
    "csproj": dotnet.project,
    "fsproj": dotnet.project,
    "vbproj": dotnet.project,
    "nuspec": dotnet.project,
    "gemspec": others.gemfile,
    "podspec": others.podfile,
}
_BY_PATTERN: tuple[tuple[re.Pattern[str], Parser], ...] = (
    (expression(r"(?:[^/]*/)*(?:[^/]*[-_.])?requirements?(?:[-_.][^/]*)?\.(?:txt|in|pip)"
                r"|(?:[^/]*/)*requirements/[^/]*\.(?:txt|in|pip)"), python.requirements),
    (expression(r"(?:[^/]*/)*(?:(?:[^/]*[-_.])?environment|(?:conda|env)(?=[-_.]))[^/]*\.ya?ml"),
     others.conda_environment),
    (expression(r"(?:[^/]*/)*[^/]*\.gradle\.kts"), jvm.gradle),
    (expression(r"(?:[^/]*/)*[^/]*\.versions\.toml"), jvm.version_catalogue),
)  # fmt: skip
_WORDS = ("requirement", "env", "conda", ".gradle.kts", ".versions.toml")
"""One of these stands in every path that a pattern matches."""


@lru_cache(maxsize=4096)
def parser_for(path: str) -> Parser | None:
    """The parser of a manifest, or None where the path is none."""
    lowered = path.lower()
    name = lowered.rpartition("/")[2]
    found = _BY_NAME.get(name) or _BY_SUFFIX.get(name.rpartition(".")[2] if "." in name else "")
    if found or not any(word in lowered for word in _WORDS):
        return found
    return next((parser for pattern, parser in _BY_PATTERN if pattern.fullmatch(lowered)), None)
