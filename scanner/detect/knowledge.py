"""The catalogue as look-ups, for readers that have already cut a file into its parts."""

from __future__ import annotations

import re
from functools import lru_cache

from scanner.detect.names import LANGUAGES, normal_package
from scanner.detect.statements import lookup
from scanner.kit.expressions import expression
from scanner.rulebook.load import Rulebook
from scanner.rulebook.types import Category, Provider, Resource, ResourceForm


class Knowledge:
    """Compiled once from the rulebook; every answer is a catalogue id, or empty."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._by_id = rulebook.by_id
        self._imports: dict[str, dict[str, str]] = {}
        self._packages: dict[tuple[str, str], str] = {}
        self._hosts: dict[str, str] = {}
        self._domains: set[str] = set()
        self._host_patterns: list[tuple[str, re.Pattern[str], str, str]] = []
        """With what names that it fits end with, and how the path must begin."""
        self._paths: dict[str, list[tuple[str, str]]] = {}
        self._images: dict[str, str] = {}
        self._image_patterns: list[tuple[re.Pattern[str], str]] = []
        self._env_vars: dict[str, tuple[str, bool]] = {}
        self._resources: dict[tuple[str, str], tuple[str, Resource]] = {}
        self._models: list[tuple[re.Pattern[str], str]] = []
        self._ports: dict[int, list[str]] = {}
        self._extensions: dict[tuple[str, str], str] = {}
        for provider in rulebook.providers:
            self._add_names(provider)
            self._add_hosts(provider)
            self._add_images(provider)
        self.model = lru_cache(maxsize=65536)(self._model)
        self.imported = lru_cache(maxsize=262144)(self._imported)

    def _add_names(self, provider: Provider) -> None:
        ident = provider.id
        for package in provider.packages:
            key = (str(package.ecosystem), normal_package(package.ecosystem, package.name))
            self._packages.setdefault(key, ident)
            language = LANGUAGES.get(str(package.ecosystem))
            for path in package.imports if language else ():
                self._imports.setdefault(language or "", {}).setdefault(path, ident)
        for var in provider.env_vars:
            if var.name not in self._env_vars or self._env_vars[var.name][1]:
                self._env_vars[var.name] = (ident, var.weak)
        for resource in provider.resources:
            form = str(resource.form)
            self._resources.setdefault((form, resource.type.lower()), (ident, resource))
        for model in provider.models:
            self._models.append((expression(model.pattern), ident))
        for port in provider.ports:
            self._ports.setdefault(port.port, []).append(ident)
        for extension in provider.extensions:
            key = (str(extension.platform), extension.id.lower())
            self._extensions.setdefault(key, ident)

    def _add_hosts(self, provider: Provider) -> None:
        ident = provider.id
        self._domains.update(domain.lower() for domain in provider.web_domains)
        for host in provider.hosts:
            if host.path and "*" not in host.host:
                self._paths.setdefault(host.host, []).append((host.path, ident))
            elif "*" in host.host:
                rest = host.host.removeprefix("*.").split("*")
                pattern = "[A-Za-z0-9-]{1,63}".join(map(re.escape, rest))
                if host.host.startswith("*."):
                    pattern = rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,4}}{pattern}"
                tail = rest[-1].lower()
                found = (tail, expression(pattern, re.I), host.path, ident)
                self._host_patterns.append(found)
            else:
                self._hosts.setdefault(host.host.lower(), ident)

    def _add_images(self, provider: Provider) -> None:
        ident = provider.id
        for image in provider.images:
            if "*" in image.image:
                wild = "[a-z0-9._-]{0,60}".join(map(re.escape, image.image.lower().split("*")))
                self._image_patterns.append((expression(wild), ident))
            else:
                self._images.setdefault(image.image.lower(), ident)

    def package(self, ecosystem: str, name: str) -> str:
        """``name`` as the manifest writes it."""
        return self._packages.get((ecosystem, normal_package(ecosystem, name)), "")

    def _imported(self, language: str, path: str) -> tuple[str, str]:
        """(the catalogue's import path that covers ``path``, provider), or two empty texts."""
        return lookup(path, self._imports.get(language, {}), language) or ("", "")

    def host(self, name: str, path: str = "") -> str:
        """By API host (with the path, where the host serves other things, too)."""
        lowered = name.lower().rstrip(".")
        for prefix, ident in self._paths.get(lowered, ()):
            if path.startswith(prefix):
                return ident
        found = self._hosts.get(lowered, "")
        if found:
            return found
        for tail, pattern, prefix, ident in self._host_patterns:
            if not path.startswith(prefix):
                continue
            if lowered.endswith(tail) and pattern.fullmatch(lowered):
                return ident
        return ""

    def is_web_domain(self, host: str) -> bool:
        """Whether a provider's pages stand there: documentation, consoles, chat."""
        name = host.lower()
        while "." in name:
            if name in self._domains:
                return True
            name = name.partition(".")[2]
        return False

    def image(self, reference: str) -> str:
        """A container image as it is written anywhere: registry, tag and digest are taken off."""
        bare = reference.strip().lower().partition("@")[0]
        head, _, last = bare.rpartition("/")
        bare = (head + "/" if head else "") + last.partition(":")[0]
        while bare:
            found = self._images.get(bare)
            if found:
                return found
            for pattern, ident in self._image_patterns:
                if pattern.fullmatch(bare):
                    return ident
            first, slash, rest = bare.partition("/")
            if not slash or not ("." in first or ":" in first or first == "localhost"):
                return ""
            bare = rest
        return ""

    def env_var(self, name: str) -> tuple[str, bool]:
        """(provider, weak)."""
        return self._env_vars.get(name, ("", False))

    def resource(self, form: ResourceForm | str, name: str) -> tuple[str, Resource] | None:
        """By type, any letter case; for Kubernetes ``group/Kind``, then ``group/*``."""
        key = (str(form), name.lower())
        found = self._resources.get(key)
        if found is None and form == ResourceForm.KUBERNETES:
            found = self._resources.get((str(form), name.lower().partition("/")[0] + "/*"))
        return found

    def resource_types(self, form: ResourceForm | str) -> dict[str, str]:
        """Every type of a form (as the rule writes it) -> provider."""
        return {
            resource.type: ident
            for (kind, _), (ident, resource) in self._resources.items()
            if kind == str(form)
        }

    def port(self, number: int) -> tuple[str, ...]:
        """Whose servers listen there by default."""
        return tuple(self._ports.get(number, ()))

    def extension(self, platform: str, ident: str) -> str:
        return self._extensions.get((platform, ident.lower()), "")

    def _model(self, name: str) -> str:
        for pattern, ident in self._models:
            if pattern.fullmatch(name):
                return ident
        return ""

    def title(self, ident: str) -> str:
        """The name that people read."""
        provider = self._by_id.get(ident)
        return provider.name if provider else ident

    def category(self, ident: str) -> Category | None:
        provider = self._by_id.get(ident)
        return provider.category if provider else None

    def knows(self, ident: str) -> bool:
        return ident in self._by_id
