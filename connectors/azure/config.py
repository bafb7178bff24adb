"""What the user says of Azure: which subscriptions, in which cloud, as whom, how much at once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from scanner.model.errors import ConfigError


class Cloud(StrEnum):
    PUBLIC = "public"
    USGOV = "usgov"
    CHINA = "china"


class CredentialKind(StrEnum):
    DEFAULT = "default"
    MANAGED_IDENTITY = "managed_identity"
    WORKLOAD_IDENTITY = "workload_identity"
    ENVIRONMENT = "environment"


class Endpoints(msgspec.Struct, frozen=True):
    """Of one cloud (https://learn.microsoft.com/azure/azure-government/compare-azure-government-
    global-azure, https://learn.microsoft.com/azure/china/resources-developer-guide)."""

    authority: str
    manager: str

    @property
    def scope(self) -> str:
        """Of tokens for the resource manager."""
        return f"{self.manager}/.default"


CLOUDS = {
    Cloud.PUBLIC: Endpoints("https://login.microsoftonline.com", "https://management.azure.com"),
    Cloud.USGOV: Endpoints(
        "https://login.microsoftonline.us", "https://management.usgovcloudapi.net"
    ),
    Cloud.CHINA: Endpoints(
        "https://login.partner.microsoftonline.cn", "https://management.chinacloudapi.cn"
    ),
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class AzureConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which subscriptions, and as whom."""

    tenant: str = ""
    """Directory to sign in to; empty: the credential's own."""
    subscriptions: tuple[str, ...] = ()
    """Subscription ids to read; empty: all that the credential sees."""
    management_groups: tuple[str, ...] = ()
    """Read the subscriptions below these groups instead."""
    cloud: Cloud = Cloud.PUBLIC
    """``public``, ``usgov`` or ``china``."""
    credential: CredentialKind = CredentialKind.DEFAULT
    """``default`` (azure-identity's chain without a browser), ``managed_identity``,
    ``workload_identity`` (federation) or ``environment``."""
    client_id: str = ""
    """Of a user-assigned managed identity, or of the application of a federation."""
    families: tuple[str, ...] = ()
    """Families of resources to read (``ai``, ``machine-learning``); empty: all."""
    identities: bool = True
    """Read role assignments: what the identities behind AI may reach, and who may call AI."""
    creators: bool = True
    """Ask the activity log who has created AI resources (the last 90 days at most)."""
    environment_tag_keys: tuple[str, ...] = ("environment", "env", "stage")
    """Tags that tell production from the rest, the first that is set wins."""
    secret_names: bool = True
    """Look at the names of secrets in key vaults (never at values)."""
    read_values: bool = False
    """Read the application settings of web sites and functions with their values: for the detector
    alone, which keeps a keyed fingerprint."""
    foundry_agents: bool = False
    """Ask each Foundry project for its agents: its own API, with tokens for it."""
    fine_tuning: bool = False
    """Ask each Azure OpenAI account for its fine-tuning jobs."""
    search_indexes: bool = False
    """Ask each search service for its indexes, indexers, data sources and skill sets."""
    databricks_serving: bool = False
    """Ask each Databricks workspace which models it serves; the scanner is to be one of its
    users."""
    endpoint_url: str = ""
    """Send every call here instead of to the cloud's resource manager: on this machine alone, and
    then without a real token."""
    endpoint_consent: bool = False
    """``endpoint_url`` may be another machine (a proxy of one's own), and gets real tokens."""
    parallel_calls: Annotated[int, msgspec.Meta(ge=1, le=256)] = 64
    """Calls on their way at once, over all subscriptions."""

    @property
    def endpoints(self) -> Endpoints:
        return CLOUDS[self.cloud]

    @property
    def manager(self) -> str:
        """Where every call goes. Raises ``ConfigError`` for a machine that was not agreed to."""
        if not self.endpoint_url:
            return self.endpoints.manager
        if not self.is_stand_in and not self.endpoint_consent:
            raise ConfigError(
                "[sources.azure] endpoint_url: tokens would be sent to "
                f"{urlsplit(self.endpoint_url).hostname}; set `endpoint_consent` if that is meant"
            )
        return self.endpoint_url

    def plane(self, host: str) -> str:
        """Where calls for a service's own ``host`` go."""
        return f"{self.manager.rstrip('/')}/{host}" if self.endpoint_url else f"https://{host}"

    @property
    def is_stand_in(self) -> bool:
        """Whether calls go to something on this machine that is to see no real token."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return bool(self.endpoint_url) and host in _LOOPBACK and not self.endpoint_consent
