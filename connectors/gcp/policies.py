"""IAM policies: who may call AI, what the identities of programs may read and write, who owns.

A role is judged by the permissions that it holds, never by its name, less what deny policies take
where these are read. Conditions are not evaluated, which each edge says. People's rights to data
are left out: what a program of theirs reaches is told of the program.
https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from connectors.gcp import basic, operations
from connectors.gcp.access import Access
from connectors.gcp.answers import check
from connectors.gcp.hierarchy import project_id, unit_id
from connectors.gcp.principals import PRINCIPAL, is_owner, member
from connectors.gcp.relations import BUCKET, DATASET
from scanner.kit.tabled.reading import is_usable, shown
from scanner.kit.tables import first_text, values
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import DataStore, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

DATA = "gcp.data"
KINDS = frozenset({DATA, PRINCIPAL})
OF = {
    "projects": "cloudresourcemanager.projects.getIamPolicy",
    "folders": "cloudresourcemanager.folders.getIamPolicy",
    "organizations": "cloudresourcemanager.organizations.getIamPolicy",
}
ROLES = {
    "roles": "iam.roles.get",
    "projects": "iam.projects.roles.get",
    "organizations": "iam.organizations.roles.get",
}
INSIDE = "cloudasset.searchAllIamPolicies"
REASONS = {
    **dict.fromkeys(OF.values(), "who may use AI, and what programs may read and write"),
    **dict.fromkeys(ROLES.values(), "what the roles of these policies allow"),
    INSIDE: "policies of buckets, datasets, secrets and endpoints",
}
_LISTED = "includedPermissions"


class Beside(NamedTuple):
    """What is read beside policies where the configuration says so. ``taken(unit, who,
    permission)``: whether deny policies take it; None: they may."""

    taken: Callable[[str, str, str], bool | None] = lambda unit, who, permission: False
    members: Callable[[Identity], Iterator[Item]] = lambda group: iter(())
    holders: Callable[[str], Iterator[tuple[str, bool]]] = lambda text: iter(())
    """:func:`connectors.gcp.basic.holders`"""
    unevaluated: str = "deny policies and members of groups are not evaluated"


class Reach(NamedTuple):
    permission: str
    relation: Relation
    services: tuple[str, ...]
    """First words of hosts of the things that it is a permission on."""
    label: str
    is_of_people: bool = False
    """It is told of people as well, though it is no call of AI."""


REACHES = (
    Reach("storage.objects.get", Relation.READS_FROM, ("storage",), "storage"),
    Reach("storage.objects.create", Relation.WRITES_TO, ("storage",), "storage"),
    Reach("bigquery.tables.getData", Relation.READS_FROM, ("bigquery",), "tables"),
    Reach("bigquery.tables.updateData", Relation.WRITES_TO, ("bigquery",), "tables"),
    Reach("secretmanager.versions.access", Relation.READS_FROM, ("secretmanager",), "secrets"),
    # Who has the text of a key calls all that the key may.
    Reach("apikeys.keys.getKeyString", Relation.READS_FROM, ("apikeys",), "keys", True),
    Reach("aiplatform.endpoints.predict", Relation.CALLS, ("aiplatform",), "AI"),
    Reach("dialogflow.sessions.detectIntent", Relation.CALLS, ("dialogflow",), "agents"),
    Reach("discoveryengine.servingConfigs.search", Relation.CALLS, ("discoveryengine",), "search"),
)
"""https://cloud.google.com/iam/docs/permissions-reference"""
_OF_PROJECTS = "//cloudresourcemanager.googleapis.com/projects/"
_UNITS = ("projects", "folders", "organizations")
_OWNER = "roles/owner"


class Roles:
    """Of one run: each role is asked for once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, frozenset[str] | SourceError] = {}

    def permissions(self, role: str) -> frozenset[str]:
        """Raises the source errors."""
        with self._lock:
            lock = self._locks.setdefault(role, threading.Lock())
        with lock:
            if role not in self._known:
                try:
                    kind = role.partition("/")[0]
                    op = ROLES.get(kind, ROLES["roles"])
                    told = self._access.get(op, role, "", role, {})
                    if first_text(told, "name") != role:
                        raise Unavailable(f"{op}: the answer is not of {shown(role)}")
                    check(told, "includedPermissions[]" if _LISTED in told else "", op)
                    listed = () if _is_off(told) else values(told, "includedPermissions[]")
                    self._known[role] = frozenset(map(str, listed))
                except SourceError as error:
                    self._known[role] = error
            known = self._known[role]
        if isinstance(known, SourceError):
            raise known
        return known


def _is_off(role: Any) -> bool:
    """A role that is deleted or disabled stays in bindings and grants nothing.
    https://cloud.google.com/iam/docs/creating-custom-roles#disabling-custom-role"""
    return first_text(role, "stage") == "DISABLED" or role.get("deleted") is True


class Policies:
    """Of one run: each unit's own is asked for once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._known: dict[str, dict[str, Any] | SourceError] = {}

    def of(self, unit: str) -> dict[str, Any]:
        """Of ``projects/p``, ``folders/1`` or ``organizations/1``. Raises the source errors."""
        with self._lock:
            lock = self._locks.setdefault(unit, threading.Lock())
        with lock:
            if unit not in self._known:
                asked = {"options": {"requestedPolicyVersion": 3}}
                op = OF[unit.partition("/")[0]]
                try:
                    told = self._access.post(op, f"{unit}:getIamPolicy", unit, asked)
                    self._known[unit] = check(told, "bindings[]", f"{op} of {unit}")
                except SourceError as error:
                    self._known[unit] = error
            known = self._known[unit]
        if isinstance(known, SourceError):
            raise known
        return known


def of_unit(
    policies: Policies, roles: Roles, unit: str, beside: Beside | None = None
) -> Iterator[Item]:
    """The policy of a project, folder or organization itself. Raises the source errors."""
    rule = operations.operation_id(OF[unit.partition("/")[0]])
    resource = f"//cloudresourcemanager.googleapis.com/{unit}"
    beside = beside or Beside()
    yield from _of_policy(policies.of(unit), resource, roles, rule, set(), beside, unit)


def inside(
    access: Access, roles: Roles, scope: str, numbers: Mapping[str, str],
    beside: Beside | None = None,
) -> Iterator[Item]:  # fmt: skip
    """The policies of whatever stands below ``scope``. They are asked for whole: a search by
    permission would drop what the caller may not look into. Raises the source errors."""
    rule = operations.operation_id(INSIDE)
    asked = {"pageSize": "500"}
    unknown: set[str] = set()
    for page in access.pages(
        INSIDE, f"{scope}:searchAllIamPolicies", "", scope, asked, "results[]"
    ):
        for one in values(page, "results[]"):
            resource = first_text(one, "resource")
            if not is_usable(resource) or resource.startswith(_OF_PROJECTS):
                continue  # each project is asked for its own
            told = _spelled(resource, numbers)
            policy: Any = next(values(one, "policy"), {})
            number = first_text(one, "project").removeprefix("projects/")
            unit = f"projects/{numbers.get(number, number)}" if number else _unit_of(told)
            yield from _of_policy(policy, told, roles, rule, unknown, beside or Beside(), unit)


def _unit_of(resource: str) -> str:
    """``folders/1`` of a folder's own policy; empty: in no unit that is told."""
    host, _, path = resource.removeprefix("//").partition("/")
    return path if host == "cloudresourcemanager.googleapis.com" else ""


def _spelled(resource: str, numbers: Mapping[str, str]) -> str:
    lead, found, rest = resource.partition("/projects/")
    number, slash, below = rest.partition("/")
    return f"{lead}{found}{numbers.get(number, number)}{slash}{below}"


def _of_policy(
    policy: Any, resource: str, roles: Roles, rule: str, unknown: set[str], beside: Beside,
    unit: str,
) -> Iterator[Item]:  # fmt: skip
    if not isinstance(policy, Mapping) or not isinstance(policy.get("bindings", []), list):
        yield Gap(what=f"policy of {shown(resource)}", reason="it is malformed")
        return
    for binding in policy.get("bindings", ()):
        if not _is_binding(binding):
            yield Gap(what=f"a binding of {shown(resource)}", reason="it is malformed")
            continue
        role, named = binding["role"], binding.get("members", [])
        if not any(member(one) or basic.is_one(one) for one in named):
            continue
        try:
            held = roles.permissions(role)
        except SourceError as error:
            yield from _unread(f"role {shown(role)}", error, unknown)
            continue
        if role != _OWNER and not any(reach.permission in held for reach in REACHES):
            continue
        evidence = Evidence(rule=rule, source="gcp", resource=resource, preview=beside.unevaluated)
        is_conditional = bool(binding.get("condition"))
        for told in named:
            try:
                found = list(_members(told, beside))
            except SourceError as error:
                yield from _unread(f"who is {shown(told)}", error, unknown)
                continue
            for identity, by, is_doubted in found:
                granted = Granted(role, held, resource, unit, is_conditional or is_doubted, by)
                given = list(_granted(identity, granted, evidence, beside))
                yield from given
                if given and identity.id.startswith("gcp:group/"):
                    yield from beside.members(identity)


def _is_binding(told: Any) -> bool:
    """https://cloud.google.com/iam/docs/reference/rest/v1/Policy#binding"""
    if not isinstance(told, Mapping) or not isinstance(told.get("role"), str):
        return False
    members = told.get("members", [])
    return bool(told["role"]) and isinstance(members, list) and all(
        isinstance(one, str) for one in members
    )  # fmt: skip


def _unread(what: str, error: SourceError, unknown: set[str]) -> Iterator[Gap]:
    """Each once."""
    if what not in unknown:
        unknown.add(what)
        yield Gap(what=what, reason=str(error), denied=isinstance(error, Denied))


def _members(told: str, beside: Beside) -> Iterator[tuple[Identity, str, bool]]:
    """Who it is, by which basic role of a project if not by name, and whether that is under a
    condition. Raises the source errors."""
    if not basic.is_one(told):
        known = member(told)
        if known is not None:
            yield known, "", False
        return
    for one, is_conditional in beside.holders(told):
        known = member(one)
        if known is not None:
            yield known, told, is_conditional


class Granted(NamedTuple):
    """What one binding gives: ``resource`` is in ``unit`` (or is it; empty: it is not told)."""

    role: str
    held: frozenset[str]
    resource: str
    unit: str
    is_conditional: bool
    by: str = ""
    """The convenience member that the identity is one of."""


def _granted(
    identity: Identity, granted: Granted, evidence: Evidence, beside: Beside
) -> Iterator[Item]:
    role, held, resource, unit_name, is_conditional, by = granted
    made: dict[str, Item] = {}
    is_program = identity.principal_type is PrincipalType.SERVICE
    for reach in REACHES:
        is_told = is_program or reach.is_of_people or reach.relation is Relation.CALLS
        if reach.permission not in held or not is_told:
            continue
        target, store = _target(resource, reach)
        if not target:
            continue
        taken = beside.taken(unit_name, identity.id, reach.permission)
        if taken:
            continue
        doubts = ["with a condition"] if is_conditional else []
        doubts += ["which a deny policy may take away"] if taken is None else []
        if store is not None:
            made[target] = store
        edge = Edge(
            source=identity.id, target=target, relation=reach.relation, evidence=(evidence,),
            confidence=Confidence.MEDIUM if doubts else Confidence.CERTAIN,
            detail=", ".join([role, *([f"as {by}"] if by else []), *doubts]),
        )  # fmt: skip
        made[edge.key] = edge
    unit = _unit(resource)
    if role == _OWNER and unit and is_owner(identity):
        edge = Edge(
            source=unit, target=identity.id, relation=Relation.OWNED_BY, evidence=(evidence,),
            detail=role,
        )  # fmt: skip
        made[edge.key] = edge
    if made:
        yield identity
        yield from made.values()


def _unit(resource: str) -> NodeId:
    """The node of a project, folder or organization."""
    host, _, path = resource.removeprefix("//").partition("/")
    kind, _, ident = path.partition("/")
    if host != "cloudresourcemanager.googleapis.com" or kind not in _UNITS or not ident:
        return NodeId("")
    return project_id(ident) if kind == "projects" else unit_id(path)


def _target(resource: str, reach: Reach) -> tuple[NodeId, DataStore | None]:
    """The thing itself, or all of a kind that lies in a project, folder or organization."""
    unit = _unit(resource)
    if unit:
        ident = NodeId(f"{unit}#{reach.label.casefold()}")
        name = shown(f"all {reach.label} in {unit.rpartition('/')[2]}")
        return ident, DataStore(id=ident, kind=DATA, name=name, store_class="many")
    host = resource.removeprefix("//").partition("/")[0]
    if host.partition(".")[0] not in reach.services:
        return NodeId(""), None
    if reach.label == "tables":
        whole = resource.partition("/tables/")[0]
        name = shown(whole.rpartition("/")[2])
        return NodeId(whole), DataStore(
            id=NodeId(whole), kind=DATASET, name=name, store_class="warehouse"
        )
    if reach.label == "storage":
        name = shown(resource.rpartition("/")[2])
        return NodeId(resource), DataStore(
            id=NodeId(resource), kind=BUCKET, name=name, store_class="object_store"
        )
    return NodeId(resource), None
