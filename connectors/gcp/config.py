"""What the user says of Google Cloud: which projects, as whom, how much at once."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from scanner.kit.expressions import expression
from scanner.model.errors import ConfigError

PUBLIC = "googleapis.com"
"""https://cloud.google.com/sdk/gcloud/reference/topic/universe (the public cloud's)"""
_DOMAIN = expression(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class GcpConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without organizations, folders or projects: every project that the credential sees."""

    organizations: tuple[str, ...] = ()
    """Numbers of organizations, read with all folders below them."""
    folders: tuple[str, ...] = ()
    """Numbers of folders, read with all folders below them."""
    projects: tuple[str, ...] = ()
    """Ids of single projects."""
    impersonate: str = ""
    """Service account to read as; the caller needs to be its token creator."""
    quota_project: str = ""
    """Project whose quota is used (``x-goog-user-project``); empty: the credential's own."""
    universe: str = PUBLIC
    """Domain of the cloud's APIs: another one in a sovereign cloud of Google's partners.
    Credentials are to be of the same."""
    locations: tuple[str, ...] = ()
    """Locations to read; empty: all that each service has."""
    families: tuple[str, ...] = ()
    """Families of resources to read (``vertex``, ``keys``); empty: all."""
    environment_label_keys: tuple[str, ...] = ("environment", "env", "stage")
    """Labels that tell production from the rest, the first that is set wins."""
    secret_names: bool = True
    """Look at the names of secrets (never at values)."""
    personal_agents: bool = True
    """Tell that agents of Vertex AI which belong to people are not all seen: Google lists a
    caller's own alone, so that coverage cannot be complete. Off: they are neither asked for nor
    told."""
    identities: bool = True
    """Read IAM policies, the roles in them and essential contacts."""
    perimeters: bool = True
    """Read the service perimeters of the configured organizations."""
    deny_policies: bool = False
    """Read deny policies, and take what they deny off what roles give."""
    group_members: bool = False
    """Ask Cloud Identity who is in the groups that policies name."""
    creators: bool = True
    """Ask audit logs who has created AI resources."""
    activity: bool = True
    """Read who has called which model, endpoint or agent, where data access logs are kept."""
    activity_pages: Annotated[int, msgspec.Meta(ge=1)] = 200
    """Pages of a thousand entries that one scan reads of a project; the next scan goes on."""
    metrics: bool = True
    """Read from Cloud Monitoring how often APIs of AI and models are called, and with which key."""
    asset_inventory: bool = True
    """Also ask Cloud Asset Inventory what there is."""
    endpoint_url: str = ""
    """Send every call here instead of to Google: on this machine alone, and then without a real
    token."""
    endpoint_consent: bool = False
    """``endpoint_url`` may be another machine (a proxy of one's own), and gets real tokens."""
    parallel_calls: Annotated[int, msgspec.Meta(ge=1, le=256)] = 64
    """Calls on their way at once, over all projects."""

    def base(self, host: str) -> str:
        """Where the calls for ``host`` go. Raises ``ConfigError`` for a machine that was not
        agreed to."""
        if not _DOMAIN.fullmatch(self.universe):
            raise ConfigError(f"[sources.gcp] universe: {self.universe!r} is no domain")
        if not self.endpoint_url:
            return f"https://{host.removesuffix(PUBLIC)}{self.universe}"
        if not self.is_stand_in and not self.endpoint_consent:
            raise ConfigError(
                "[sources.gcp] endpoint_url: tokens would be sent to "
                f"{urlsplit(self.endpoint_url).hostname}; set `endpoint_consent` if that is meant"
            )
        return f"{self.endpoint_url.rstrip('/')}/{host}"

    @property
    def is_stand_in(self) -> bool:
        """Whether calls go to something on this machine that is to see no real token."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return bool(self.endpoint_url) and host in _LOOPBACK and not self.endpoint_consent
