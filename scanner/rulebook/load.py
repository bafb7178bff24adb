"""rules/ -> typed, validated rulebook. Reads data only; compiles nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from scanner.model.base import Model
from scanner.model.errors import RuleError
from scanner.rulebook import cache, flows, norms, risk, same_as
from scanner.rulebook.cache import Parsed
from scanner.rulebook.documents import read_yaml
from scanner.rulebook.flows import FlowRules
from scanner.rulebook.norms import NormRules
from scanner.rulebook.policy import Framework, Policy
from scanner.rulebook.risk import RiskRules
from scanner.rulebook.same_as import SameAs
from scanner.rulebook.types import Provider

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Rulebook:
    """Every rule of one run, and a digest of the files it came from."""

    providers: tuple[Provider, ...]
    policies: tuple[Policy, ...]
    frameworks: tuple[Framework, ...]
    digest: str
    products: frozenset[str] = frozenset()
    """Ids of what one runs oneself (``products/``); the others are services (``providers/``)."""
    same_as: tuple[SameAs, ...] = ()
    flows: FlowRules = field(default_factory=FlowRules)
    risk: RiskRules = field(default_factory=RiskRules)
    norms: NormRules = field(default_factory=NormRules)

    @cached_property
    def by_id(self) -> dict[str, Provider]:
        return {provider.id: provider for provider in self.providers}

    @cached_property
    def by_alias(self) -> dict[str, str]:
        """Every name (lower case) under which a provider is known -> its id."""
        names: dict[str, str] = {}
        for provider in self.providers:
            for alias in (*provider.aliases, provider.name, provider.id):
                names.setdefault(alias.casefold(), provider.id)
        return names


def bundled() -> Path:
    """``rules/`` of the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parents[1]
    packaged = here / "_rules"
    return packaged if packaged.is_dir() else here.parent / "rules"


def load(root: Path | None = None, extra: Sequence[Path] = ()) -> Rulebook:
    """Read the bundled rules (or ``root``) and the user's own folders on top.

    Raises ``RuleError`` naming file, line and what was expected.
    """
    roots = [root or bundled(), *extra]
    for folder in roots:
        if not folder.is_dir():
            raise RuleError(f"{folder}: no such rules folder")
    is_bundled = not extra and root is None
    stamp = _stamp(roots[0]) if is_bundled else ""
    if is_bundled:
        same = cache.read_bytes("stamp", stamp)  # the digest, without reading a thousand files
        kept = cache.read(same.decode()) if same else None
        if same and kept is not None:
            return _of(kept, same.decode())
    hasher = hashlib.blake2b(digest_size=16)
    files = {folder: _files(roots, folder, hasher) for folder in _FOLDERS}
    if is_bundled:
        cache.write_bytes("stamp", stamp, hasher.hexdigest().encode(), _KEPT_STAMPS)
        kept = cache.read(hasher.hexdigest())
        if kept is not None:
            return _of(kept, hasher.hexdigest())
    providers = _read([*files["providers"], *files["products"]], Provider)
    policies = _read(files["policies"], Policy)
    frameworks = _read(files["controls"], Framework)
    _refuse_twins(providers, policies)
    for path, provider in providers:
        if path.parents[1] != roots[0] or root is not None:
            _try_patterns(path, provider)  # the bundled ones are tried by the project's own tests
    weights = risk.read(files["policies/risk"])
    _check_combinations(policies, weights)
    parsed = Parsed(
        providers=tuple(sorted((p for _, p in providers), key=lambda p: p.id)),
        policies=tuple(sorted((p for _, p in policies), key=lambda p: p.id)),
        frameworks=tuple(f for _, f in frameworks),
        products=frozenset(p.id for path, p in providers if path.parent.name == "products"),
        same_as=same_as.read(files["same-as"]),
        flows=flows.read(files["flows"]),
        risk=weights,
        norms=norms.read(files["norms"]),
    )
    if is_bundled:
        cache.write(hasher.hexdigest(), parsed)
    return Rulebook(digest=hasher.hexdigest(), **msgspec.structs.asdict(parsed))


_last: list[tuple[Parsed, Rulebook]] = []


def _of(parsed: Parsed, digest: str) -> Rulebook:
    """The same rulebook for the same object, so that what was made from it serves again."""
    for known, rulebook in _last:
        if known is parsed and rulebook.digest == digest:
            return rulebook
    rulebook = Rulebook(digest=digest, **msgspec.structs.asdict(parsed))
    _last[:] = [(parsed, rulebook)]
    return rulebook


_FOLDERS = ("providers", "products", "policies", "controls", "same-as", "flows", "policies/risk",
            "norms")  # fmt: skip
_KEPT_STAMPS = 3


def _stamp(root: Path) -> str:
    """Of every rule file's place, size and times. The time of the last change of a file's state
    cannot be set, so no edit leaves it as it was."""
    hasher = hashlib.blake2b(str(root).encode(), digest_size=16)
    for folder in _FOLDERS:
        with contextlib.suppress(OSError), os.scandir(root / folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith(".yaml"):
                    state = entry.stat()
                    hasher.update(
                        f"{folder}/{entry.name} {state.st_ino} {state.st_size} "
                        f"{state.st_mtime_ns} {state.st_ctime_ns}\n".encode()
                    )
    return hasher.hexdigest()


def _files(roots: list[Path], folder: str, hasher: hashlib.blake2b) -> list[Path]:
    """The folder's files in order; their names and bytes go into the digest."""
    found: list[Path] = []
    for root in roots:
        for path in sorted((root / folder).glob("*.yaml")):
            try:
                data = path.read_bytes()
            except OSError as error:
                raise RuleError(f"{path}: cannot be read: {error.strerror}") from error
            hasher.update(f"{folder}/{path.name}\0{len(data)}\0".encode() + data)
            found.append(path)
    return found


def _read(files: list[Path], into: type[M]) -> list[tuple[Path, M]]:
    return [(path, read_yaml(path, into, RuleError)) for path in files]


def _try_patterns(path: Path, provider: Provider) -> None:
    texts = [(key.id, key.pattern) for key in provider.keys]
    texts += [("models", model.pattern) for model in provider.models]
    for name, text in texts:
        try:
            re.compile(text)
        except (re.error, OverflowError) as error:
            raise RuleError(f"{path}: {name}: pattern does not compile: {error}") from error


def _check_combinations(policies: list[tuple[Path, Policy]], weights: RiskRules) -> None:
    """A condition that no factor can meet would never fire, and nobody would notice."""
    known = {factor.id: factor.values for factor in weights.factors}
    for path, policy in policies:
        for condition in policy.when.combines:
            factor, _, wanted = condition.partition("=")
            unknown = [value for value in wanted.split("|") if value not in known.get(factor, {})]
            if factor not in known or (wanted and unknown):
                choices = ", ".join(known.get(factor, known))
                raise RuleError(
                    f"{path}: when.combines `{condition}`: expected "
                    f"{'one of its values' if factor in known else 'a factor'}: {choices}"
                )


def _refuse_twins(
    providers: list[tuple[Path, Provider]], policies: list[tuple[Path, Policy]]
) -> None:
    owner: dict[str, Path] = {}
    for path, provider in providers:
        if provider.id != path.stem:
            raise RuleError(f"{path}: id `{provider.id}` must be the file's name")
        for key in (f"provider {provider.id}", *(f"key rule {k.id}" for k in provider.keys)):
            if key in owner:
                raise RuleError(f"{path}: {key} stands already in {owner[key]}")
            owner[key] = path
    for path, policy in policies:
        if f"policy {policy.id}" in owner:
            raise RuleError(f"{path}: {policy.id} stands already in {owner[f'policy {policy.id}']}")
        owner[f"policy {policy.id}"] = path
