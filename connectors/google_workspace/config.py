"""Settings of one Workspace."""

from __future__ import annotations

from typing import Annotated

import msgspec

from connectors.google_workspace.access import API
from connectors.google_workspace.events import REPORTS
from scanner.kit.told import check_address

_OTHERS = (
    "access_evaluation", "admin_data_action", "calendar", "chat", "data_studio", "drive",
    "gcp", "gmail", "groups", "keep", "login", "meet", "rules", "takeout", "tasks", "vault",
)  # fmt: skip
"""Reports of which agents and applications that act are read, and nothing else."""


class WorkspaceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Workspace, or files exported from one."""

    domain: str
    """Its primary domain (``acme.com``); its nodes are named by it."""
    customer: str = "my_customer"
    """Id of the customer (``C0123abcd``), where the caller may read several."""
    admin: str = ""
    """Address of the administrator whom the service account acts as (domain-wide delegation)."""
    service_account: str = ""
    """A service account to act through without a key: IAM signs for it."""
    token_env: str = "GOOGLE_WORKSPACE_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable that holds an access token, where something else makes them."""
    live: bool = True
    """Read the API; `false` reads `files` alone."""
    users: bool = True
    """List people, and whom each lets in: a call a person."""
    reports: tuple[str, ...] = REPORTS
    """Reports to read; further ones tell of agents and applications that act (``drive``)."""
    files: tuple[str, ...] = ()
    """Exports to read as well: JSON or JSONL of the Reports API, console and GAM CSV, gz too."""
    since_days: Annotated[int, msgspec.Meta(ge=0, le=180)] = 0
    """How far back the first reading of a report goes; 0: as `scan.window_days` says."""
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=24 * 30)] = 24
    """How late events may come; what was counted of that time is not counted again."""
    parallel_calls: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    url: str = API
    """Another address of the Admin SDK API (a gateway)."""

    def __post_init__(self) -> None:
        check_address(self.url, self.domain)
        if "/" in self.domain or "." not in self.domain:
            raise ValueError("`domain` must be the Workspace's primary domain, as acme.com")
        odd = [one for one in self.reports if one not in (*REPORTS, *_OTHERS)]
        if odd:
            raise ValueError(f"`reports`: no such report: {', '.join(odd)}")
        if not self.live and not self.files:
            raise ValueError("set `files`, or leave `live` on")
