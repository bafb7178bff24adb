"""Settings of one tenant."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from connectors.entra.access import API
from scanner.kit.told import check_address

Part = Literal["people", "apps", "agents", "copilot", "sign_ins", "audits"]
SignIn = Literal["interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity"]


class EntraConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant, or files exported from one."""

    tenant: str
    """Its id, or its primary domain; its nodes are named by it, as written here."""
    credential: Literal["default", "environment", "managed_identity", "workload_identity"] = (
        "default"
    )
    """Which of azure-identity's; `default` is its chain without a browser."""
    client_id: str = ""
    """Of a managed or federated identity, where there are several."""
    token_env: str = "ENTRA_GRAPH_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with an access token, where something else makes them."""
    live: bool = True
    """Read the API; `false` reads `files` alone."""
    parts: tuple[Part, ...] = ("people", "apps", "agents", "copilot", "sign_ins", "audits")
    """What to read of the API."""
    sign_ins: tuple[SignIn, ...] = ("interactiveUser", "nonInteractiveUser", "servicePrincipal")
    """Kinds of sign-ins; all but the first are told by the beta API alone."""
    assignments: bool = True
    """Ask of each application that is not Microsoft's who is assigned: a call each."""
    files: tuple[str, ...] = ()
    """Exports to read as well: JSON, JSONL and CSV of Graph, the portal and SIEMs, gz too."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 0
    """How far back the first reading of a log goes; 0: as `scan.window_days` says."""
    kept_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 30
    """How long the tenant keeps its logs: 30 with Entra ID P1 or P2, 7 without."""
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 7)] = 24
    """How late events may come; what was counted of that time is not counted again."""
    parallel_calls: Annotated[int, msgspec.Meta(ge=1, le=32)] = 4
    url: str = API
    """Another address of Graph (national clouds, a gateway)."""

    def __post_init__(self) -> None:
        check_address(self.url, self.tenant)
        if "/" in self.tenant:
            raise ValueError("`tenant` must be an id or a domain")
        if not self.live and not self.files:
            raise ValueError("set `files`, or leave `live` on")
