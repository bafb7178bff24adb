"""Role assignments: who may call AI, and which data the identities of programs may read and write.

Asked of Resource Graph once for all subscriptions. A role is judged by its own actions, less what
deny assignments take; conditions of an assignment and members of groups are not evaluated, which
each edge says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from connectors.azure import graph, operations
from connectors.azure.denials import Denial
from connectors.azure.graph import Inventory
from connectors.azure.relations import PRINCIPAL, kind_of, principal_node, store_of
from connectors.azure.rights import Grant, grant
from scanner.kit.tabled.reading import shown
from scanner.kit.tables import first_text, values
from scanner.model.base import NodeId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import DataStore, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

ASSIGNMENTS = "graph:Microsoft.Authorization/roleAssignments"
DEFINITIONS = "graph:Microsoft.Authorization/roleDefinitions"
OPERATIONS = {
    ASSIGNMENTS: "what identities may reach, and who may call AI",
    DEFINITIONS: "what the roles of these assignments allow",
}
DATA = "azure.data"
_NOT_EVALUATED = "members of groups are not evaluated"
_TYPES = {
    "ServicePrincipal": PrincipalType.SERVICE,
    "User": PrincipalType.HUMAN,
    "Group": PrincipalType.GROUP,
}


class Reach(NamedTuple):
    action: str
    is_data: bool
    relation: Relation
    kind: str
    """Type of the resources that it is an action of."""
    label: str


REACHES = (
    Reach("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", True,
          Relation.READS_FROM, "microsoft.storage/storageaccounts", "storage"),
    Reach("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write", True,
          Relation.WRITES_TO, "microsoft.storage/storageaccounts", "storage"),
    Reach("Microsoft.Storage/storageAccounts/listKeys/action", False,
          Relation.READS_FROM, "microsoft.storage/storageaccounts", "storage"),
    Reach("Microsoft.KeyVault/vaults/secrets/getSecret/action", True,
          Relation.READS_FROM, "microsoft.keyvault/vaults", "secrets"),
    Reach("Microsoft.Search/searchServices/indexes/documents/read", True,
          Relation.READS_FROM, "microsoft.search/searchservices", "search indexes"),
    Reach("Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action", True,
          Relation.CALLS, "microsoft.cognitiveservices/accounts", "AI"),
    Reach("Microsoft.CognitiveServices/accounts/listKeys/action", False,
          Relation.CALLS, "microsoft.cognitiveservices/accounts", "AI"),
    Reach("Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action", False,
          Relation.CALLS, "microsoft.machinelearningservices/workspaces", "machine learning"),
)  # fmt: skip
"""https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning and
.../storage, .../security"""


def items(
    inventory: Inventory, subscription: str, denials: tuple[Denial, ...] = ()
) -> Iterator[Item]:
    """Of the assignments in one subscription; ``""``: of those above all subscriptions."""
    definitions = _definitions(inventory)
    found = inventory.rows(graph.ASSIGNMENTS)
    unknown: set[str] = set()
    for row in found.get(("microsoft.authorization/roleassignments", subscription), ()):
        role = first_text(row, "properties.roleDefinitionId").casefold().rpartition("/")[2]
        principal = first_text(row, "properties.principalId")
        scope = first_text(row, "properties.scope").casefold().rstrip("/") or "/"
        if not principal or not role:
            yield Gap(what=f"a role assignment in {subscription}", reason="it is malformed")
        elif role not in definitions:
            unknown.add(role)
        else:
            yield from _of(row, definitions[role], principal, scope, denials)
    for role in sorted(unknown):
        yield Gap(what=f"role {role}", reason="Resource Graph does not show its definition")


class _Role(NamedTuple):
    name: str
    actions: tuple[Grant, ...]
    data: tuple[Grant, ...]

    def allows(self, reach: Reach) -> bool:
        grants = self.data if reach.is_data else self.actions
        return any(one.covers(reach.action) for one in grants)


def _definitions(inventory: Inventory) -> dict[str, _Role]:
    found: dict[str, _Role] = {}
    for (kind, _), rows in inventory.rows(graph.DEFINITIONS).items():
        if kind != "microsoft.authorization/roledefinitions":
            continue
        for row in rows:
            told = list(values(row, "properties.permissions[]"))
            found[str(row["id"]).casefold().rpartition("/")[2]] = _Role(
                shown(first_text(row, "properties.roleName")),
                tuple(grant(values(p, "actions[]"), values(p, "notActions[]")) for p in told),
                tuple(
                    grant(values(p, "dataActions[]"), values(p, "notDataActions[]")) for p in told
                ),
            )
    return found


def _of(
    row: Mapping[str, Any], role: _Role, principal: str, scope: str, denials: tuple[Denial, ...]
) -> Iterator[Item]:
    family = _TYPES.get(first_text(row, "properties.principalType"), PrincipalType.UNKNOWN)
    ident = principal_node(principal)
    evidence = Evidence(
        rule=operations.operation_id(ASSIGNMENTS), source="azure", resource=str(row["id"]),
        preview=_NOT_EVALUATED,
    )  # fmt: skip
    is_conditional = bool(first_text(row, "properties.condition"))
    is_many = family in (PrincipalType.GROUP, PrincipalType.UNKNOWN)
    edges: dict[str, Edge] = {}
    stores: dict[str, DataStore] = {}
    for reach in REACHES:
        is_program = family is PrincipalType.SERVICE
        if not (role.allows(reach) and (is_program or reach.relation is Relation.CALLS)):
            continue
        target, store = _target(scope, reach)
        if not target:
            continue
        told = [
            (one, one.takes(principal, scope, reach.action, is_data=reach.is_data, is_many=is_many))
            for one in denials
        ]
        if any(is_taken for _, is_taken in told):
            continue
        doubts = [f"but `{one.name}` may deny it" for one, taken in told if taken is None]
        doubts += ["with a condition"] if is_conditional else []
        edge = Edge(
            source=ident, target=target, relation=reach.relation, evidence=(evidence,),
            confidence=Confidence.MEDIUM if doubts else Confidence.CERTAIN,
            detail=", ".join([role.name, *doubts[:3]]),
        )  # fmt: skip
        edges[edge.key] = edge
        if store is not None:
            stores[store.id] = store
    if edges:
        yield Identity(
            id=ident, kind=PRINCIPAL, name=principal, principal_type=family, evidence=(evidence,)
        )
        yield from stores.values()
        yield from edges.values()


def _target(scope: str, reach: Reach) -> tuple[NodeId, DataStore | None]:
    """The thing itself, or all that lies under a subscription, a group or all groups."""
    kind = kind_of(scope)
    if kind == reach.kind:
        # What is granted in a container is told of its account.
        parts = scope.split("/")
        at = parts.index(reach.kind.rpartition("/")[2])
        whole = "/".join(parts[: at + 2])
        return NodeId(whole), store_of(whole)
    if kind and kind != "microsoft.management/managementgroups":
        return NodeId(""), None
    ident = NodeId(f"{scope}#{reach.label.replace(' ', '-')}")
    where = scope.rpartition("/")[2] or "the tenant"
    return ident, DataStore(
        id=ident, kind=DATA, name=shown(f"all {reach.label} in {where}"), store_class="many"
    )
