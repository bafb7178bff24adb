"""Microsoft Graph's own metadata (CSDL) -> bare facts: entity sets, types with their fields, bound
functions. Left out: every sentence, and every type that the connector does not come near.

    python -m tests.connectors.entra.reduce V1_METADATA BETA_METADATA OUT

From https://github.com/microsoftgraph/msgraph-metadata: ``clean_v10_metadata/cleanMetadata.xml``,
and of the beta, of which sign-ins alone are taken, ``schemas/beta-USNat.csdl``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_SETS = ("users", "servicePrincipals", "oauth2PermissionGrants", "auditLogs", "copilot")
_TYPES = (
    "user", "servicePrincipal", "agentIdentity", "oAuth2PermissionGrant", "appRoleAssignment",
    "signIn", "directoryAudit", "auditLogRoot", "copilotRoot", "copilotAdmin",
    "copilotAdminCatalog", "copilotPackage", "copilotPackageDetail", "copilotReportRoot",
    "directoryObject",
)  # fmt: skip
_NESTED = (
    "verifiedPublisher", "appRole", "signInStatus", "targetResource", "modifiedProperty",
    "auditActivityInitiator", "userIdentity", "appIdentity", "identity", "keyValue",
)  # fmt: skip


def reduced(v1: Path, beta: Path) -> dict[str, Any]:
    return {
        "source": "https://github.com/microsoftgraph/msgraph-metadata",
        "v1.0": _reduced(v1, (*_TYPES, *_NESTED)),
        "beta": _reduced(beta, ("signIn", "signInStatus", "auditLogRoot")),
    }


def _reduced(path: Path, wanted: tuple[str, ...]) -> dict[str, Any]:
    types: dict[str, Any] = {}
    sets: dict[str, str] = {}
    functions: dict[str, list[str]] = {}
    for schema in ElementTree.parse(path).getroot().iter(f"{_EDM}Schema"):
        if schema.get("Namespace") != "microsoft.graph":
            continue
        for one in schema:
            name = one.get("Name", "")
            if one.tag in (f"{_EDM}EntityType", f"{_EDM}ComplexType") and name in wanted:
                types[name] = _type(one)
            elif one.tag == f"{_EDM}EntityContainer":
                sets |= {
                    n: _plain(x.get("EntityType") or x.get("Type") or "")
                    for x in one
                    if (n := x.get("Name", "")) in _SETS
                }
            elif one.tag == f"{_EDM}Function" and "Copilot" in name:
                functions[name] = [x.get("Name", "") for x in one if x.tag == f"{_EDM}Parameter"]
    return {"sets": sets, "types": types, "functions": functions}


def _type(one: ElementTree.Element) -> dict[str, Any]:
    def fields(tag: str) -> dict[str, str]:
        return {
            x.get("Name", ""): _plain(x.get("Type", "")) for x in one if x.tag == f"{_EDM}{tag}"
        }

    return {
        "base": _plain(one.get("BaseType", "")),
        "fields": fields("Property"),
        "ways": fields("NavigationProperty"),
    }


def _plain(name: str) -> str:
    """``Collection(graph.x)`` -> ``x[]``."""
    inner = name.removeprefix("Collection(").removesuffix(")")
    short = inner.removeprefix("microsoft.graph.").removeprefix("graph.").removeprefix("Edm.")
    return short + ("[]" if inner != name else "")


if __name__ == "__main__":
    found = reduced(Path(sys.argv[1]), Path(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
