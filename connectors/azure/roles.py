"""Role assignments: who may call AI, and which data the identities of programs may read and write.

Asked of Resource Graph once for all subscriptions. A role is judged by its own actions, less what
deny assignments take; the keys of a thing count where it allows them. Conditions of an assignment
and members of groups are not evaluated, which each edge says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from connectors.azure import graph, operations
from connectors.azure.config import Cloud
from connectors.azure.denials import Denial
from connectors.azure.graph import Inventory
from connectors.azure.relations import (
    PRINCIPAL,
    container_of,
    kind_of,
    principal_node,
    store_of,
)
from connectors.azure.rights import Grant, Rights, grant
from connectors.azure.ways import KEYLESS, KEYS, ROLES, Ways, doubt
from scanner.kit.tabled.edges import edge_of
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
    KEYLESS: "whether keys of storage accounts are of use to whoever may list them",
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
    way: str = ""
    """What must be open for it to be of use (:mod:`connectors.azure.ways`)."""


_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_STORAGE, _VAULTS = "microsoft.storage/storageaccounts", "microsoft.keyvault/vaults"
_SEARCH = "microsoft.search/searchservices"
_AI, _LEARNING = (
    "microsoft.cognitiveservices/accounts",
    "microsoft.machinelearningservices/workspaces",
)
_CALLS = (
    "OpenAI/deployments/*", "OpenAI/engines/*", "OpenAI/images/*", "OpenAI/video/*",
    "OpenAI/assistants/*", "OpenAI/responses/*", "MaaS/*", "AIServices/responses/*",
    "AIServices/endpoints/interact/action",
    "SpeechServices/unified-speech/frontend/action", "Language/analyze-text/action",
    "TextAnalytics/analyze/action", "LUIS/apps/prediction/action",
    "ComputerVision/analyze/action", "CustomVision/classify/iterations/image/action",
    "Face/detect/action", "FormRecognizer/documentmodels:analyze/action",
    "MultiModalIntelligence/analyzers:analyze/action", "ContentSafety/text:analyze/action",
    "TextTranslation/translate/action",
)  # fmt: skip
"""Of each service that an account may be, what it is called by; ``*``: by anything below that is
more than reading (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/
ai-machine-learning has roles with one of these alone)."""
_STORAGE_KEYS = ("listKeys/action", "regenerateKey/action", "listAccountSas/action")
_LEARNING_KEYS = (
    "onlineEndpoints/listKeys/action", "onlineEndpoints/regenerateKeys/action",
    "batchEndpoints/listKeys/action", "serverlessEndpoints/listKeys/action",
    "serverlessEndpoints/regenerateKeys/action",
)  # fmt: skip
_ADMIN_KEYS = ("listAdminKeys/action", "regenerateAdminKey/action")
_QUERY_KEYS = ("listQueryKeys/action", "createQueryKey/action")
REACHES = (
    Reach(f"{_BLOBS}/read", True, Relation.READS_FROM, _STORAGE, "storage"),
    Reach(f"{_BLOBS}/write", True, Relation.WRITES_TO, _STORAGE, "storage"),
    *(
        Reach(f"Microsoft.Storage/storageAccounts/{one}", False, relation, _STORAGE, "storage",
              way=KEYS)
        for relation in (Relation.READS_FROM, Relation.WRITES_TO) for one in _STORAGE_KEYS
    ),
    Reach("Microsoft.KeyVault/vaults/secrets/getSecret/action", True, Relation.READS_FROM, _VAULTS,
          "secrets", way=ROLES),
    Reach("Microsoft.Search/searchServices/indexes/documents/read", True, Relation.READS_FROM,
          _SEARCH, "search indexes"),
    *(
        Reach(f"Microsoft.Search/searchServices/{one}", False, Relation.READS_FROM, _SEARCH,
              "search indexes", way=KEYS)
        for one in (*_ADMIN_KEYS, *_QUERY_KEYS)
    ),
    *(
        Reach(f"Microsoft.Search/searchServices/{one}", False, Relation.WRITES_TO, _SEARCH,
              "search indexes", way=KEYS)
        for one in _ADMIN_KEYS
    ),
    *(
        Reach(f"Microsoft.CognitiveServices/accounts/{one}", True, Relation.CALLS, _AI, "AI")
        for one in _CALLS
    ),
    *(
        Reach(f"Microsoft.CognitiveServices/accounts/{one}/action", False, Relation.CALLS, _AI,
              "AI", way=KEYS)
        for one in ("listKeys", "regenerateKey")
    ),
    Reach("Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action", False,
          Relation.CALLS, _LEARNING, "machine learning"),
    *(
        Reach(f"Microsoft.MachineLearningServices/workspaces/{one}", False, Relation.CALLS,
              _LEARNING, "machine learning", way=KEYS)
        for one in _LEARNING_KEYS
    ),
)  # fmt: skip
"""https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning and
.../storage, .../security"""


def items(
    inventory: Inventory, rights: Rights, subscription: str, cloud: Cloud,
    denials: tuple[Denial, ...] = (),
) -> Iterator[Item]:  # fmt: skip
    """Of the assignments in one subscription; ``""``: of those above all subscriptions."""
    definitions = _definitions(inventory)
    around = _Around(Ways(inventory, rights), denials, cloud)
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
            yield from _of(row, definitions[role], principal, scope, around)
    for role in sorted(unknown):
        yield Gap(what=f"role {role}", reason="Resource Graph does not show its definition")


class _Role(NamedTuple):
    name: str
    actions: tuple[Grant, ...]
    data: tuple[Grant, ...]

    def allows(self, reach: Reach) -> bool:
        grants = self.data if reach.is_data else self.actions
        if reach.action.endswith("*"):
            return any(one.touches(reach.action) for one in grants)
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


class _Around(NamedTuple):
    """What beside an assignment decides what it reaches."""

    ways: Ways
    denials: tuple[Denial, ...]
    cloud: Cloud


def _of(
    row: Mapping[str, Any], role: _Role, principal: str, scope: str, around: _Around
) -> Iterator[Item]:
    family = _TYPES.get(first_text(row, "properties.principalType"), PrincipalType.UNKNOWN)
    ident = principal_node(principal)
    evidence = Evidence(
        rule=operations.operation_id(ASSIGNMENTS), source="azure", resource=str(row["id"]),
        preview=_NOT_EVALUATED,
    )  # fmt: skip
    is_conditional = bool(first_text(row, "properties.condition"))
    is_many = family in (PrincipalType.GROUP, PrincipalType.UNKNOWN)
    made: dict[str, Item] = {}
    for reach in REACHES:
        is_program = family is PrincipalType.SERVICE
        if not (role.allows(reach) and (is_program or reach.relation is Relation.CALLS)):
            continue
        found = target(scope, reach, around.cloud)
        doubts = _doubts(principal, scope, reach, around, is_many=is_many) if found.id else None
        if doubts is None:
            continue
        doubts += [found.doubt] if found.doubt else []
        doubts += ["with a condition"] if is_conditional else []
        edge = Edge(
            source=ident, target=found.id, relation=reach.relation, evidence=(evidence,),
            confidence=Confidence.MEDIUM if doubts else Confidence.CERTAIN,
            detail=", ".join([role.name, *doubts[:3]]),
        )  # fmt: skip
        known = made.get(edge.key)
        if isinstance(known, Edge) and known.confidence is Confidence.CERTAIN:
            continue  # by another of its actions
        made[edge.key] = edge
        made.update({one.id: one for one in found.nodes})
        for store, part in pairwise(found.nodes):
            holds = edge_of(store.id, part.id, Relation.CONTAINS, evidence)
            made[holds.key] = holds
    if made:
        yield Identity(
            id=ident, kind=PRINCIPAL, name=principal, principal_type=family, evidence=(evidence,)
        )
        yield from made.values()


def _doubts(
    principal: str, scope: str, reach: Reach, around: _Around, *, is_many: bool
) -> list[str] | None:
    """Why it may reach less; None: it reaches nothing."""
    found: list[str] = []
    for one in around.denials:
        taken = one.takes(principal, scope, reach.action, is_data=reach.is_data, is_many=is_many)
        if taken:
            return None
        found += [f"but `{one.name}` may deny it"] if taken is None else []
    if reach.way:
        is_open = around.ways.open(scope, reach.kind, reach.way)
        if is_open is False:
            return None
        found += [doubt(reach.kind, reach.way)] if is_open is None else []
    return found


class Target(NamedTuple):
    id: NodeId
    """Empty: the scope has nothing of the kind."""
    nodes: tuple[DataStore, ...] = ()
    """Each holds the next."""
    doubt: str = ""


_PARTS = frozenset({"projects", "deployments", "secrets", "indexes", "onlineendpoints"})
"""Of things below which lists show more, what is a node by its own id."""


def target(scope: str, reach: Reach, cloud: Cloud) -> Target:
    """The thing itself, the part of it that the scope is, or all that lies under a subscription, a
    group or all groups."""
    kind = kind_of(scope)
    if kind == reach.kind:
        return _within(scope, reach, cloud)
    if kind and kind != "microsoft.management/managementgroups":
        return Target(NodeId(""))
    ident = NodeId(f"{scope}#{reach.label.replace(' ', '-')}")
    where = scope.rpartition("/")[2] or "the tenant"
    store = DataStore(
        id=ident, kind=DATA, name=shown(f"all {reach.label} in {where}"), store_class="many"
    )
    return Target(ident, (store,))


def _within(scope: str, reach: Reach, cloud: Cloud) -> Target:
    steps = scope.split("/")
    at = steps.index(reach.kind.rpartition("/")[2]) + 2
    whole, below = "/".join(steps[:at]), steps[at:]
    stores = tuple(filter(None, (store_of(whole),)))
    if not below:
        return Target(NodeId(whole), stores)
    if reach.way == KEYS and f"/{below[0]}/" not in reach.action.casefold():
        return Target(NodeId(""))  # keys are of the whole, or of a part that has its own
    if below[0] in _PARTS and len(below) > 1:
        return Target(NodeId(f"{whole}/{below[0]}/{below[1]}"))
    if below[:3:2] == ["blobservices", "containers"] and len(below) > 3:
        container = container_of(whole.rpartition("/")[2], below[3], cloud)
        return Target(container.id, (*stores, container))
    return Target(NodeId(whole), stores, f"only in {shown('/'.join(below))[:100]}")
