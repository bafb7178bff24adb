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

from connectors.gcp import operations
from connectors.gcp.access import Access
from connectors.gcp.answers import check
from connectors.gcp.hierarchy import project_id, unit_id
from connectors.gcp.relations import BUCKET, DATASET
from scanner.kit.tabled.reading import is_usable, shown
from scanner.kit.tables import first_text, values
from scanner.model.base import NodeId
from scanner.model.errors import Denied, SourceError, Unavailable
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import DataStore, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

DATA, PRINCIPAL = "gcp.data", "gcp.principal"
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
    unevaluated: str = "deny policies and members of groups are not evaluated"


class Reach(NamedTuple):
    permission: str
    relation: Relation
    services: tuple[str, ...]
    """First words of hosts of the things that it is a permission on."""
    label: str


REACHES = (
    Reach("storage.objects.get", Relation.READS_FROM, ("storage",), "storage"),
    Reach("storage.objects.create", Relation.WRITES_TO, ("storage",), "storage"),
    Reach("bigquery.tables.getData", Relation.READS_FROM, ("bigquery",), "tables"),
    Reach("bigquery.tables.updateData", Relation.WRITES_TO, ("bigquery",), "tables"),
    Reach("secretmanager.versions.access", Relation.READS_FROM, ("secretmanager",), "secrets"),
    Reach("aiplatform.endpoints.predict", Relation.CALLS, ("aiplatform",), "AI"),
    Reach("dialogflow.sessions.detectIntent", Relation.CALLS, ("dialogflow",), "agents"),
    Reach("discoveryengine.servingConfigs.search", Relation.CALLS, ("discoveryengine",), "search"),
)
"""https://cloud.google.com/iam/docs/permissions-reference"""
_OF_PROJECTS = "//cloudresourcemanager.googleapis.com/projects/"
_UNITS = ("projects", "folders", "organizations")


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
                    self._known[role] = frozenset(
                        str(one) for one in values(told, "includedPermissions[]")
                    )
                except SourceError as error:
                    self._known[role] = error
            known = self._known[role]
        if isinstance(known, SourceError):
            raise known
        return known


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
    for binding in values(policy, "bindings[]"):
        role = first_text(binding, "role")
        members = [member(str(one)) for one in values(binding, "members[]")]
        known = [one for one in members if one is not None]
        if not role or not known:
            continue
        try:
            held = roles.permissions(role)
        except SourceError as error:
            if role not in unknown:
                unknown.add(role)
                is_denied = isinstance(error, Denied)
                yield Gap(what=f"role {shown(role)}", reason=str(error), denied=is_denied)
            continue
        evidence = Evidence(rule=rule, source="gcp", resource=resource, preview=beside.unevaluated)
        is_conditional = bool(first_text(binding, "condition.expression"))
        for identity in known:
            granted = Granted(role, held, resource, unit, is_conditional)
            found = list(_granted(identity, granted, evidence, beside))
            yield from found
            if found and identity.id.startswith("gcp:group/"):
                yield from beside.members(identity)


class Granted(NamedTuple):
    """What one binding gives: ``resource`` is in ``unit`` (or is it; empty: it is not told)."""

    role: str
    held: frozenset[str]
    resource: str
    unit: str
    is_conditional: bool


def _granted(
    identity: Identity, granted: Granted, evidence: Evidence, beside: Beside
) -> Iterator[Item]:
    role, held, resource, unit_name, is_conditional = granted
    made: dict[str, Item] = {}
    is_program = identity.principal_type is PrincipalType.SERVICE
    for reach in REACHES:
        if reach.permission not in held or not (is_program or reach.relation is Relation.CALLS):
            continue
        target, store = _target(resource, reach)
        if not target:
            continue
        taken = beside.taken(unit_name, identity.id, reach.permission) if unit_name else False
        if taken:
            continue
        doubts = ["with a condition"] if is_conditional else []
        doubts += ["which a deny policy may take away"] if taken is None else []
        if store is not None:
            made[target] = store
        edge = Edge(
            source=identity.id, target=target, relation=reach.relation, evidence=(evidence,),
            confidence=Confidence.MEDIUM if doubts else Confidence.CERTAIN,
            detail=", ".join([role, *doubts]),
        )  # fmt: skip
        made[edge.key] = edge
    unit = _unit(resource)
    if role == "roles/owner" and unit and identity.principal_type is PrincipalType.HUMAN:
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


_FAMILIES = {
    "user": PrincipalType.HUMAN,
    "serviceAccount": PrincipalType.SERVICE,
    "group": PrincipalType.GROUP,
    "domain": PrincipalType.GROUP,
}
_EVERYBODY = {"allUsers": "everybody", "allAuthenticatedUsers": "everybody with a Google account"}


def member(text: str) -> Identity | None:
    """https://cloud.google.com/iam/docs/principal-identifiers; None: nobody that can be told (one
    that is deleted, or who owns the project, which its own policy tells)."""
    kind, _, name = text.partition(":")
    if text in _EVERYBODY:
        return Identity(
            id=NodeId(f"gcp:{text}"), kind=PRINCIPAL, name=_EVERYBODY[text],
            principal_type=PrincipalType.GROUP,
        )  # fmt: skip
    if kind in ("principal", "principalSet") and is_usable(name):
        family = PrincipalType.SERVICE if kind == "principal" else PrincipalType.GROUP
        return Identity(
            id=NodeId(f"gcp:{text}"), kind=PRINCIPAL, name=shown(name.lstrip("/")),
            principal_type=family,
        )  # fmt: skip
    if kind not in _FAMILIES or not is_usable(name):
        return None
    mail = name.casefold()
    place = {"serviceAccount": "service-account"}.get(kind, kind)
    return Identity(
        id=NodeId(f"gcp:{place}/{mail}"),
        kind={"serviceAccount": "gcp.service_account", "user": "gcp.user"}.get(kind, PRINCIPAL),
        name=shown(mail),
        email=mail if "@" in mail else "",
        principal_type=_FAMILIES[kind],
    )
