"""What the values of Azure's records name: ids of other resources, identities, models, stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.azure.config import Cloud
from scanner.kit.expressions import expression
from scanner.kit.tabled.edges import SITE
from scanner.kit.tabled.reading import Node, Target, shown
from scanner.model.base import NodeId
from scanner.model.facts import DataStore, Identity, PrincipalType

if TYPE_CHECKING:
    from connectors.azure.reading import AzureReading

PRINCIPAL, PERSON, APPLICATION = "azure.principal", "azure.person", "azure.application"
STORES = {
    "microsoft.storage/storageaccounts": ("azure.storage_account", "object_store"),
    "microsoft.documentdb/databaseaccounts": ("azure.cosmos_account", "vector_store"),
    "microsoft.keyvault/vaults": ("azure.key_vault", "secret_store"),
    "microsoft.search/searchservices": ("azure.search_service", "vector_store"),
    "microsoft.operationalinsights/workspaces": ("azure.log_workspace", "log"),
    "microsoft.insights/components": ("azure.application_insights", "log"),
    "microsoft.eventhub/namespaces": ("azure.event_hub", "stream"),
    "microsoft.sql/servers": ("azure.sql_server", "database"),
    "microsoft.dbforpostgresql/flexibleservers": ("azure.postgresql_server", "database"),
    "microsoft.containerregistry/registries": ("azure.container_registry", "registry"),
}
"""Type -> kind and class of the store that AI reads or fills, where no table lists it."""
LISTED = frozenset({"microsoft.search/searchservices", "microsoft.keyvault/vaults"})
"""Types that a table lists: the node comes from there."""
KINDS = frozenset(
    {PRINCIPAL, PERSON, APPLICATION, SITE, "azure.blob_container", "azure.data",
     *(kind for kind, _ in STORES.values())}
)  # fmt: skip
_PUBLISHERS = {
    "openai": "openai", "anthropic": "anthropic", "cohere": "cohere", "meta": "meta_llama",
    "mistral ai": "mistral", "mistral": "mistral", "deepseek": "deepseek", "xai": "xai",
    "ai21 labs": "ai21", "nvidia": "nvidia", "hugging face": "huggingface",
    "huggingface": "huggingface", "stability ai": "stability",
    "black forest labs": "black_forest_labs",
}  # fmt: skip
"""Formats of models as Azure calls them
(https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/models-sold-directly-by-azure)
-> providers of the catalogue. ``Microsoft`` is the host itself."""


def kind_of(ident: str) -> str:
    """The type of a resource by its id, in small letters; of what lies within one, that one's."""
    parts = ident.casefold().strip("/").split("/")
    if "providers" not in parts:
        return ""
    at = len(parts) - 1 - parts[::-1].index("providers")
    return "/".join(parts[at + 1 : at + 3]) if len(parts) > at + 2 else ""


def store_of(ident: str) -> DataStore | None:
    """The node of a store at an id, where no table tells it."""
    kind = kind_of(ident)
    if kind not in STORES or kind in LISTED:
        return None
    name, store_class = STORES[kind]
    return DataStore(
        id=NodeId(ident), kind=name, name=shown(ident.rpartition("/")[2]), store_class=store_class
    )


def _resource(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """An id of a resource, of whatever type; what is none leads nowhere."""
    if not value.casefold().startswith("/subscriptions/"):
        return "", None
    ident = value.casefold().rstrip("/")
    return ident, store_of(ident)


def _principal(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    ident = principal_node(value)
    return ident, Identity(
        id=ident, kind=PRINCIPAL, name=shown(value), principal_type=PrincipalType.SERVICE
    )


def principal_node(value: str) -> NodeId:
    return NodeId(f"azure:principal/{value.casefold()}")


def creator(value: str) -> Identity:
    """Of ``systemData.createdBy`` or a log's ``caller``: a person, or an application's id."""
    if "@" in value:
        return Identity(
            id=NodeId(f"azure:person/{value.casefold()}"),
            kind=PERSON,
            name=shown(value),
            email=value.casefold(),
            principal_type=PrincipalType.HUMAN,
        )
    return Identity(
        id=NodeId(f"azure:application/{value.casefold()}"),
        kind=APPLICATION,
        name=shown(value),
        principal_type=PrincipalType.UNKNOWN,
    )


def _creator(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    made = creator(value)
    return made.id, made


def _publisher(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    known = _PUBLISHERS.get(value.casefold())
    return (f"provider:{known}", None) if known else ("", None)


def _address(value: str) -> tuple[str, str]:
    """Host and path of an address, with or without its scheme; nothing of what is none."""
    try:
        split = urlsplit(value if "://" in value else f"https://{value}")
        return (split.hostname or "").casefold(), split.path
    except ValueError:
        return "", ""


def _blob(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """``https://<account>.blob.core.windows.net/<container>/...``"""
    host, path = _address(value)
    container = path.strip("/").partition("/")[0]
    if ".blob." not in host and ".dfs." not in host:
        return "", None
    ident = f"https://{host}/{container}".rstrip("/")
    return ident, DataStore(
        id=NodeId(ident), kind="azure.blob_container", name=shown(container or host),
        store_class="object_store",
    )  # fmt: skip


def _target(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """Of a connection: an id, or an address whose host is the thing."""
    if value.casefold().startswith("/subscriptions/"):
        return _resource(value, reading)
    host, _ = _address(value)
    if "." not in host:
        return "", None
    if ".blob." in host or ".dfs." in host:
        return _blob(value, reading)
    ident = f"https://{host}"
    return ident, DataStore(id=NodeId(ident), kind=SITE, name=shown(host), store_class="web")


def _storage(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """A storage account by its id, or by its name, which no other in the cloud has."""
    if value.startswith("/"):
        return _resource(value, reading)
    if not value:
        return "", None
    ident = f"azure:storage/{value.casefold()}"
    return ident, DataStore(
        id=NodeId(ident), kind="azure.storage_account", name=shown(value),
        store_class="object_store",
    )  # fmt: skip


def _asset(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """``azureml://registries/<registry>/models/<name>/versions/<n>``, or an id of a version:
    the thing without its version."""
    plain = value.removeprefix("azureml:") if value.startswith("azureml:/sub") else value
    whole = plain.partition("/versions/")[0]
    if whole.casefold().startswith("/subscriptions/"):
        return whole.casefold(), None
    return (whole.casefold(), None) if whole.startswith("azureml:") else ("", None)


_DOMAINS = {
    Cloud.PUBLIC: "core.windows.net",
    Cloud.USGOV: "core.usgovcloudapi.net",
    Cloud.CHINA: "core.chinacloudapi.cn",
}


def container_of(account: str, container: str, cloud: Cloud) -> DataStore:
    """As addresses lead to it."""
    return DataStore(
        id=NodeId(f"https://{account}.blob.{_DOMAINS[cloud]}/{container}".casefold()),
        kind="azure.blob_container", name=shown(container), store_class="object_store",
    )  # fmt: skip


def _object(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """Somebody or something of the directory, of which its id alone is told."""
    return (principal_node(value), None) if value else ("", None)


_VAULTS = {
    Cloud.PUBLIC: "vault.azure.net",
    Cloud.USGOV: "vault.usgovcloudapi.net",
    Cloud.CHINA: "vault.azure.cn",
}
"""https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"""


def _vault_secret(value: str, reading: AzureReading) -> tuple[str, Node | None]:
    """``vault/secret``, or its address with any version: the secret as its vault lists it, wherever
    that is; of a vault that is not shown, its address."""
    vault, secret, domain = "", "", _VAULTS[reading.access.cloud]
    if "://" in value:
        try:
            split = urlsplit(value)
        except ValueError:
            return "", None
        name, _, told = (split.hostname or "").partition(".")
        steps = split.path.strip("/").split("/")
        if told in _VAULTS.values() and steps[0] == "secrets" and len(steps) > 1:
            vault, secret, domain = name, steps[1], told
    else:
        vault, _, secret = value.partition("/")
    if not (_WORD.fullmatch(vault) and _WORD.fullmatch(secret)):
        return "", None
    known = reading.inventory.named("Microsoft.KeyVault/vaults", vault)
    if known:
        return reading.spelled(f"{known}/secrets/{secret}"), None
    return f"https://{vault}.{domain}/secrets/{secret}".casefold(), None


_WORD = expression(r"[0-9A-Za-z-]{1,127}")
TARGETS: Mapping[str, Target] = {
    "resource": _resource,
    "principal": _principal,
    "object": _object,
    "creator": _creator,
    "publisher": _publisher,
    "blob": _blob,
    "target": _target,
    "asset": _asset,
    "storage": _storage,
    "vault_secret": _vault_secret,
}
"""Words that Azure's tables may use as a target, besides those of every table."""
