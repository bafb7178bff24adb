"""Microsoft's own descriptions, as ``reduce`` has left them: what calls there are, which fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "described"
_REST = ("resourceUri", "scope")
"""Holes that hold a whole id."""
SHOWN = {
    "microsoft.cognitiveservices/accounts": ("cognitiveservices", "Account"),
    "microsoft.machinelearningservices/workspaces": ("machinelearning", "Workspace"),
    "microsoft.machinelearningservices/registries": ("machinelearning", "Registry"),
    "microsoft.search/searchservices": ("search", "SearchService"),
    "microsoft.botservice/botservices": ("botservice", "Bot"),
    "microsoft.databricks/workspaces": ("databricks", "Workspace"),
    "microsoft.synapse/workspaces": ("synapse", "Workspace"),
    "microsoft.fabric/capacities": ("fabric", "FabricCapacity"),
    "microsoft.healthbot/healthbots": ("healthbot", "HealthBot"),
    "microsoft.healthdataaiservices/deidservices": ("healthdataaiservices", "DeidService"),
    "microsoft.powerplatform/accounts": ("powerplatform", "Account"),
    "microsoft.powerplatform/enterprisepolicies": ("powerplatform", "EnterprisePolicy"),
    "microsoft.documentdb/databaseaccounts": ("cosmosdb", "DatabaseAccountGetResults"),
    "microsoft.documentdb/mongoclusters": ("mongocluster", "MongoCluster"),
    "microsoft.dbforpostgresql/flexibleservers": ("postgresql", "Server"),
    "microsoft.cache/redisenterprise": ("redisenterprise", "Cluster"),
    "microsoft.app/containerapps": ("appcontainers", "ContainerApp"),
    "microsoft.app/jobs": ("appcontainers", "Job"),
    "microsoft.containerinstance/containergroups": ("containerinstance", "ContainerGroup"),
    "microsoft.containerservice/managedclusters": ("containerservice", "ManagedCluster"),
    "microsoft.web/sites": ("web", "Site"),
    "microsoft.web/sites/slots": ("web", "Site"),
    "microsoft.compute/virtualmachines": ("compute", "VirtualMachine"),
    "microsoft.compute/virtualmachinescalesets": ("compute", "VirtualMachineScaleSet"),
    "microsoft.logic/workflows": ("logic", "Workflow"),
    "microsoft.network/networkinterfaces": ("network", "NetworkInterface"),
    "microsoft.network/privateendpoints": ("network", "PrivateEndpoint"),
    "microsoft.keyvault/vaults": ("keyvault", "Vault"),
    "microsoft.authorization/roleassignments": ("authorization", "RoleAssignment"),
    "microsoft.authorization/roledefinitions": ("authorization", "RoleDefinition"),
}
"""Type that Resource Graph shows -> the model of its records."""
UNDESCRIBED = {
    "microsoft.web/connections": "https://learn.microsoft.com/azure/templates/microsoft.web/connections",
    "microsoft.web/customapis": "https://learn.microsoft.com/azure/templates/microsoft.web/customapis",
}
"""Types that none of Microsoft's Python clients describes, and where they are written down."""


@dataclass(frozen=True)
class Described:
    """One call."""

    file: str
    method: str
    path: str
    version: str
    query: frozenset[str]
    returns: str
    pattern: re.Pattern[str] = field(compare=False)

    @property
    def kind(self) -> str:
        """The type that it reads, as permissions are named."""
        last = self.path.rpartition("/providers/")[2] if "/providers/" in self.path else ""
        return "/".join(step for step in last.split("/") if step and not step.startswith("{"))


@cache
def files() -> dict[str, Any]:
    return {file.stem: json.loads(file.read_bytes()) for file in sorted(_FOLDER.glob("*.json"))}


@cache
def operations() -> tuple[Described, ...]:
    return tuple(
        Described(
            name,
            one["method"],
            one["path"],
            one["version"],
            frozenset(one["query"]),
            one["returns"],
            _pattern(one["path"]),
        )
        for name, file in files().items()
        for one in file["operations"]
    )


def _pattern(path: str) -> re.Pattern[str]:
    made = ""
    for part in re.split(r"(\{[^}]*\})", path.rstrip("/")):
        if part.startswith("{"):
            made += ".+" if part[1:-1] in _REST else "[^/]+"
        else:
            made += re.escape(part)
    return re.compile(made, re.IGNORECASE)


def found(method: str, path: str) -> list[Described]:
    """The calls that a path may be, with more words of their own first."""
    fitting = [one for one in operations() if one.method == method and one.pattern.fullmatch(path)]
    return sorted(fitting, key=lambda one: one.path.count("{"))


def is_field(file: str, model: Any, path: str) -> bool:
    """Whether a dotted path of the tables exists in a model (``[]``: of every element; ``*``: of
    every value of a map)."""
    return any(True for _ in _shapes(file, model, path.split(".") if path else []))


def _shapes(file: str, shape: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield shape
        return
    if shape == "any":
        yield "any"
        return
    step, rest = steps[0], steps[1:]
    if isinstance(shape, dict) and "|" in shape:
        for one in shape["|"]:
            yield from _shapes(file, one, steps)
        return
    if isinstance(shape, dict) and set(shape) == {"*"}:
        yield from _shapes(file, shape["*"], rest)
        return
    if not isinstance(shape, str):
        return
    fields = files()[file]["models"].get(shape, {})
    name = step.removesuffix("[]")
    for known, inner in fields.items():
        plain = known.split(".")
        if plain[0].replace("\0", ".") != name:
            continue
        if len(plain) > 1:
            # The older clients write ``properties.name`` for a field of a field.
            if rest and rest[0].removesuffix("[]") == plain[1]:
                yield from _element(file, inner, rest[0], rest[1:])
            elif not rest:
                yield "any"
            continue
        yield from _element(file, inner, step, rest)


def _element(file: str, inner: Any, step: str, rest: list[str]) -> Iterator[Any]:
    if isinstance(inner, dict) and "|" in inner:
        for one in inner["|"]:
            yield from _element(file, one, step, rest)
    elif step.endswith("[]"):
        if isinstance(inner, list):
            yield from _shapes(file, inner[0], rest)
        elif inner == "any":
            yield inner
    elif not (isinstance(inner, list) and rest):
        yield from _shapes(file, inner, rest)


def complaints(  # noqa: PLR0912
    file: str, shape: Any, value: Any, where: str = ""
) -> Iterator[str]:
    """What of a record a model does not know: planted records are held to it."""
    if value is None or shape == "any":
        return
    if isinstance(shape, dict) and "|" in shape:
        tried = [list(complaints(file, one, value, where)) for one in shape["|"]]
        yield from min(tried, key=len)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{where}: no list"
            return
        for one in value:
            yield from complaints(file, shape[0], one, f"{where}[]")
    elif isinstance(shape, dict):
        for key, one in value.items() if isinstance(value, dict) else ():
            yield from complaints(file, shape["*"], one, f"{where}.{key}")
    elif shape in ("str", "int", "float", "bool"):
        kinds = {"str": str, "int": int, "float": (int, float), "bool": bool}[shape]
        if not isinstance(value, kinds):
            yield f"{where}: {value!r} is no {shape}"
    elif isinstance(value, dict):
        for key, one in value.items():
            found = list(_inner(file, shape, key, one))
            if not found:
                yield f"{where}.{key}: {shape} has no such field"
            for inner, below in found:
                yield from complaints(file, inner, below, f"{where}.{key}")
    else:
        yield f"{where}: {value!r} is no {shape}"


def _inner(file: str, model: str, key: str, value: Any) -> Iterator[tuple[Any, Any]]:
    fields = files()[file]["models"].get(model, {})
    if key in fields:
        yield fields[key], value
        return
    nested = {
        name.partition(".")[2]: one for name, one in fields.items() if name.startswith(f"{key}.")
    }
    if nested and isinstance(value, dict):
        for name, one in value.items():
            yield (nested[name], one) if name in nested else ("int", f"{name} is no field")
