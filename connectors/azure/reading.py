"""How a table's types are read in Azure: lists by Resource Graph, what stands below one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.azure import access as asking
from connectors.azure import errors, interfaces, planes, relations
from connectors.azure.access import Access
from connectors.azure.config import Cloud
from connectors.azure.graph import Inventory
from connectors.azure.rights import Rights
from scanner.kit.tabled.edges import repository_edges
from scanner.kit.tabled.reading import Reading, Target
from scanner.kit.tables import Call, first_text, values
from scanner.model.base import NodeId
from scanner.model.errors import SourceError, Unavailable
from scanner.model.evidence import Evidence
from scanner.model.facts import Edge

OF, ABOVE = "of", "above"
"""Arguments of a call: the id (or the address) of what it asks, and the id of what that is of."""


@dataclass(kw_only=True)
class AzureReading(Reading):
    """Of a family of resources in one subscription."""

    source: ClassVar[str] = "azure"
    targets: ClassVar[Mapping[str, Target]] = relations.TARGETS

    access: Access
    inventory: Inventory
    rights: Rights
    _asked: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pool(self) -> ThreadPoolExecutor:
        return self.access.pool

    def call(self, call: Call, args: Mapping[str, Any]) -> dict[str, Any]:
        if call.op in _REFERENCES:
            return {
                "names": _lines(r.get("name") for r in self._references(call.op, str(args[OF])))
            }
        query = {name: str(value) for name, value in args.items() if name != OF}
        found = asking.called(self.access, call.op, str(args[OF]), self.account, query)
        said = f"{call.op} of {str(args[OF])[:200]}"
        if call.op.endswith(_SETTINGS):
            if not isinstance(found.get("properties"), Mapping):
                raise Unavailable(f"{said}: the answer has no `properties`")
            return {"names": _variables(found)} if call.op == _STICKY else dict(found)
        if first_text(found, "id").casefold() != str(args[OF]).casefold():
            raise Unavailable(f"{said}: the answer is not of it")
        return normal(found, self.access.cloud)

    def pages(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        verb, _, kind = call.op.partition(":")
        if verb == "plane":
            for record in planes.listed(self.access, call.op, str(args[OF]), call.items):
                yield _with_siblings(normal(record, self.access.cloud), kind, str(args[ABOVE]))
            return
        if verb == "graph":
            yield from self._shown(kind)
            # Said after what it has shown: less than all is better than nothing, and no proof.
            self.rights.check(self.account, call.op)
            return
        if call.op in _REFERENCES:
            yield from self._references(call.op, str(args[OF]))
            return
        query = {name: str(value) for name, value in args.items() if name != OF}
        items = call.items or "value[]"
        of = str(args[OF])
        for record in asking.listed(self.access, call.op, of, self.account, query, items):
            yield _with_siblings(normal(record, self.access.cloud), kind, of)

    def _shown(self, kind: str) -> Iterator[dict[str, Any]]:
        """Machines with their addresses; what went wrong with these is raised when all are told."""
        trouble: SourceError | None = None
        beside: Mapping[str, Mapping[str, list[str]]] | None = None
        for record in self.inventory.records(kind, self.account):
            made = normal(record, self.access.cloud)
            if kind.casefold() == interfaces.MACHINES:
                if beside is None:
                    try:
                        beside = interfaces.of_machines(self.inventory, self.account)
                    except SourceError as error:
                        trouble, beside = error, {}
                made["named"] = beside.get(str(record["id"]).casefold(), {})
            yield made
        if trouble is not None:
            raise trouble

    def afresh(self, call: Call, args: Mapping[str, Any]) -> Iterator[Any]:
        verb, _, kind = call.op.partition(":")
        if verb != "graph":
            yield from self.pages(call, args)
            return
        for record in self.inventory.afresh(kind, self.account):
            yield normal(record, self.access.cloud)

    def _references(self, op: str, of: str) -> list[dict[str, Any]]:
        """Settings of a site that stand in a vault. Asked for once: their names are shown to the
        detector, and the secrets are edges."""
        with self._lock:
            known = self._asked.pop((op, of), None)
        if known is None:
            known = [_referred(one) for one in asking.listed(
                self.access, op, of, self.account, {}, "value[]")]  # fmt: skip
            with self._lock:
                self._asked[op, of] = known
        return known

    @property
    def holder(self) -> NodeId:
        return NodeId(f"/subscriptions/{self.account}")

    def region_of(self, record: Mapping[str, Any]) -> str:
        """Its own, or of what it stands below."""
        above: Any = record
        while isinstance(above, Mapping):
            found = first_text(above, "location")
            if found:
                return found.casefold().replace(" ", "")
            above = above.get("parent")
        return ""

    def tag_edges(self, tags: Mapping[str, str], ident: str, evidence: Evidence) -> Iterator[Edge]:
        return repository_edges(tags, ident, evidence)

    def is_gone(self, error: SourceError) -> bool:
        return errors.is_gone(error)

    def spelled(self, text: str) -> str:
        """Ids are the same in any letter case, so nodes have them in small letters."""
        return text.casefold() if text.startswith("/") else text

    def called(self, name: str) -> str:
        """``account/project`` of a record below another is called ``project``."""
        return name.rpartition("/")[2] or name


SIBLINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Microsoft.CognitiveServices/accounts/deployments": {
        "raiPolicies": ("properties.raiPolicyName",),
    },
    "Microsoft.CognitiveServices/accounts/adapterDeployments": {
        "deployments": ("properties.targetDeploymentName",),
    },
    "foundry/assistants": {"assistants": ("tools[].connected_agent.id",)},
    "search/indexers": {
        "datasources": ("dataSourceName",),
        "indexes": ("targetIndexName",),
        "skillsets": ("skillsetName",),
    },
    "Microsoft.CognitiveServices/accounts/arcDeployments": {
        "raiPolicies": ("properties.raiPolicyName",),
    },
    "Microsoft.CognitiveServices/accounts/capabilityHosts": {
        "connections": ("properties.vectorStoreConnections[]", "properties.storageConnections[]",
                        "properties.threadStorageConnections[]"),
    },
    "Microsoft.CognitiveServices/accounts/projects/capabilityHosts": {
        "connections": ("properties.vectorStoreConnections[]", "properties.storageConnections[]",
                        "properties.threadStorageConnections[]"),
    },
}  # fmt: skip
"""Type -> collection beside it, and where a record names members of that."""


def _with_siblings(record: dict[str, Any], kind: str, of: str) -> dict[str, Any]:
    """``named.<collection>``: the ids of what a record calls by name alone."""
    named = {
        collection: [f"{of}/{collection}/{name}" for path in paths for name in values(record, path)]
        for collection, paths in SIBLINGS.get(kind, {}).items()
    }
    if kind == _DATASTORES:
        named["storage"] = [_storage(record)]
    return {**record, "named": named} if named else record


_SETTINGS = ("/config/slotConfigNames", "/config/appsettings/list")
_STICKY = "get:Microsoft.Web/sites/config/slotConfigNames"


def _variables(found: Mapping[str, Any]) -> str:
    """Names of settings that stay with their slot."""
    paths = ("properties.appSettingNames[]", "properties.connectionStringNames[]")
    return _lines(name for path in paths for name in values(found, path))


def _lines(names: Iterable[Any]) -> str:
    """As variables without values."""
    told = {name for name in names if isinstance(name, str) and name and name.isprintable()}
    return "".join(f"{name}=\n" for name in sorted(told))


_REFERENCES = frozenset(
    {
        "list:Microsoft.Web/sites/config/configreferences/appsettings",
        "list:Microsoft.Web/sites/slots/config/configreferences/appsettings",
    }
)
"""https://learn.microsoft.com/rest/api/appservice/web-apps/get-app-settings-key-vault-references"""


def _referred(record: Mapping[str, Any]) -> dict[str, Any]:
    """With ``named.secret``: the vault and the secret that a setting stands in."""
    told = [first_text(record, f"properties.{name}") for name in ("vaultName", "secretName")]
    return {**record, "named": {"secret": "/".join(told) if all(told) else ""}}


_DATASTORES = "Microsoft.MachineLearningServices/workspaces/datastores"


def _storage(record: Mapping[str, Any]) -> str:
    """The id of the account that a datastore lies in, or its name where it tells no more."""
    account, group, subscription = (
        first_text(record, f"properties.{name}")
        for name in ("accountName", "resourceGroup", "subscriptionId")
    )
    if not (account and group and subscription):
        return account
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/"
        f"storageAccounts/{account}"
    )


def normal(record: Mapping[str, Any], cloud: Cloud) -> dict[str, Any]:
    """With the identities it runs as as one list of principals (Azure tells them as the keys and
    values of a map), and the ``planes`` that its own services can be asked at."""
    made = dict(record)
    if found := planes.endpoints(record, cloud):
        made["planes"] = found
    if told := list(_readers(record)):
        made["named"] = {"readers": told}
    identity = made.get("identity")
    if isinstance(identity, Mapping):
        own = identity.get("principalId")
        assigned = values(identity, "userAssignedIdentities.*.principalId")
        principals = [str(one) for one in (own, *assigned) if isinstance(one, str) and one]
        made["identity"] = {**identity, "principals": principals}
    return made


def _readers(record: Mapping[str, Any]) -> Iterator[str]:
    """Whom the access policies of a vault let read secrets, where these hold and not roles
    (https://learn.microsoft.com/azure/key-vault/general/assign-access-policy)."""
    if first_text(record, "properties.enableRbacAuthorization").casefold() == "true":
        return
    for policy in values(record, "properties.accessPolicies[]"):
        may = {str(one).casefold() for one in values(policy, "permissions.secrets[]")}
        if may & {"get", "all"}:
            yield first_text(policy, "objectId")
