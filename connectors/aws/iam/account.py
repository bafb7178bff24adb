"""An account's roles and users with their policies, from the pages of one call.

``iam:GetAccountAuthorizationDetails`` tells all users, groups, roles and the policies they have, in
pages that do not belong together: nothing is judged before the last has come. A document is
compiled once, however many have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.aws.iam.conditions import SOURCE_ONLY, TAGS, Facts, evaluate
from connectors.aws.iam.documents import Malformed, statements
from connectors.aws.iam.evaluate import Policy, Rule, Term, TooMuch, compiled, reach
from connectors.aws.iam.table import Table
from connectors.aws.iam.trust import Trust, trust_of
from scanner.kit.tables import first_text, tags_of, values
from scanner.model.items import Gap

_SERVICE_LINKED = "/aws-service-role/"
_RECORDS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


@dataclass
class Principal:
    arn: str
    name: str
    ident: str
    """The id that is never used again (``AROA...``)."""
    path: str
    is_role: bool
    created_at: str = ""
    last_used_at: str = ""
    last_used_in: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    profiles: list[str] = field(default_factory=list)
    """ARNs of the instance profiles that hand the role to instances."""
    trust: Trust = field(default_factory=Trust)
    policies: list[Policy] = field(default_factory=list)
    boundary: Policy | None = None
    unknown: list[str] = field(default_factory=list)
    """Its policies that could not be read: what they allow and deny is missing here."""
    knows_boundary: bool = True
    """Its permissions boundary, if it has one, was read: else nothing is said of its reach."""

    @property
    def is_service_linked(self) -> bool:
        return self.path.startswith(_SERVICE_LINKED)

    @property
    def denies(self) -> list[Rule]:
        """Of its policies and its boundary, as far as they speak of what the table knows."""
        limits = [*self.policies, *([self.boundary] if self.boundary else [])]
        return [rule for policy in limits for rule in policy.denies]


@dataclass(frozen=True)
class Everything:
    """What makes a principal an administrator, and what may limit it."""

    policy: str
    unless: tuple[str, ...] = ()
    """The condition keys of denials that depend on the request."""
    unknown: tuple[str, ...] = ()
    """Its policies that could not be read: they may deny."""


class Directory:
    """What the pages held. ``gaps``: what of it could not be understood."""

    def __init__(self, account: str, table: Table) -> None:
        self.account = account
        self.table = table
        self.principals: list[Principal] = []
        self.gaps: list[Gap] = []

    def everything(self, one: Principal) -> Everything | None:
        """None: it is no administrator, or one of its denials is sure to hold for it, whatever the
        request; :meth:`reach` tells what is left then."""
        policy = next((policy.name for policy in one.policies if policy.is_everything), "")
        if not policy or not one.knows_boundary:
            return None
        if one.boundary and not one.boundary.is_everything:
            return None
        facts = self._facts(one)
        found = [evaluate(rule.statement.tests, facts) for rule in one.denies]
        if any(outcome.truth for outcome in found):
            return None
        unless = dict.fromkeys(key for outcome in found for key in outcome.why)
        return Everything(policy, tuple(unless), tuple(one.unknown))

    def reach(self, one: Principal) -> list[Term]:
        """All that it may do; of one that cannot be judged nothing, with a gap."""
        if not one.knows_boundary:
            return []
        try:
            return reach(one.policies, one.boundary, self._facts(one), self.table)
        except TooMuch as error:
            self.gaps.append(Gap(what=f"reach of {one.arn}", reason=str(error)))
            return []

    def _facts(self, one: Principal) -> Facts:
        """What IAM puts into every request of this principal."""
        found: dict[str, tuple[str, ...]] = {
            "aws:principalarn": (one.arn,),
            "aws:principalaccount": (self.account,),
            "aws:principalisawsservice": ("false",),
            "aws:principaltype": ("AssumedRole" if one.is_role else "User",),
            # Whoever wants to reach something can use TLS.
            "aws:securetransport": ("true",),
            **dict.fromkeys(SOURCE_ONLY, ()),
        }
        if one.is_role:
            found["aws:username"] = ()
        else:
            found["aws:username"] = (one.name,)
            found["aws:userid"] = (one.ident,)
        if not one.trust.may_tag:  # else whoever assumes it may bring other tags
            found[TAGS] = ()
            found |= {TAGS + key.lower(): (value,) for key, value in one.tags.items()}
        return found


def read(pages: Iterable[Mapping[str, Any]], account: str, table: Table) -> Directory:
    """The directory of an account. Raises what ``pages`` raises."""
    records: dict[str, list[Mapping[str, Any]]] = {name: [] for name in _RECORDS}
    for page in pages:
        for name in _RECORDS:
            records[name] += page.get(name) or ()
    directory = Directory(account, table)
    filling = _Filling(directory)
    for record in records["Policies"]:
        filling.add_managed(record)
    groups = {str(g.get("GroupName", "")): filling.attached(g, "Group") for g in
              records["GroupDetailList"]}  # fmt: skip
    for record in records["RoleDetailList"]:
        directory.principals.append(filling.role(record))
    for record in records["UserDetailList"]:
        directory.principals.append(filling.user(record, groups))
    return directory


Held = tuple[list[Policy], list[str]]
"""Policies, and the names of those that could not be read."""


class _Filling:
    """Records -> principals, whose policies are compiled on the way."""

    def __init__(self, directory: Directory) -> None:
        self._to = directory
        self._told: dict[str, Mapping[str, Any]] = {}
        self._managed: dict[str, Policy] = {}
        self._missing: set[str] = set()

    def add_managed(self, record: Mapping[str, Any]) -> None:
        """Compiled when somebody has it."""
        self._told[str(record.get("Arn", ""))] = record

    def attached(self, record: Mapping[str, Any], family: str) -> Held:
        """Inline and managed policies of a role, user or group."""
        found: list[Policy] = []
        unknown: list[str] = []
        owner = str(record.get("Arn", ""))
        for inline in record.get(f"{family}PolicyList") or ():
            name = str(inline.get("PolicyName", ""))
            made = self._compiled(name, inline.get("PolicyDocument"), f"{name} of {owner}")
            if made:
                found.append(made)
            else:
                unknown.append(name)
        for attached in record.get("AttachedManagedPolicies") or ():
            arn = str(attached.get("PolicyArn", ""))
            managed = self._known(arn)
            if managed:
                found.append(managed)
            else:
                unknown.append(arn)
        return found, unknown

    def role(self, record: Mapping[str, Any]) -> Principal:
        one = self._principal(record, "Role")
        one.last_used_at = first_text(record, "RoleLastUsed.LastUsedDate")
        one.last_used_in = first_text(record, "RoleLastUsed.Region")
        one.profiles = [str(arn) for arn in values(record, "InstanceProfileList[].Arn")]
        what = f"trust policy of {one.arn}"
        try:
            found, problems = statements(record.get("AssumeRolePolicyDocument"), is_trust=True)
        except Malformed as error:
            found, problems = [], [str(error)]
        for problem in problems:
            self._gap(what, problem)
        one.trust = trust_of(found, self._to.account)
        return one

    def user(self, record: Mapping[str, Any], groups: Mapping[str, Held]) -> Principal:
        one = self._principal(record, "User")
        for name in record.get("GroupList") or ():
            if name not in groups:
                self._gap(f"group {name} of {one.arn}", "it was not told")
            found, unknown = groups.get(name, ([], [f"group {name}"]))
            one.policies += found
            one.unknown += unknown
        return one

    def _principal(self, record: Mapping[str, Any], family: str) -> Principal:
        found, unknown = self.attached(record, family)
        boundary = first_text(record, "PermissionsBoundary.PermissionsBoundaryArn")
        return Principal(
            arn=str(record.get("Arn", "")),
            name=str(record.get(f"{family}Name", "")),
            ident=str(record.get(f"{family}Id", "")),
            path=str(record.get("Path", "/")),
            is_role=family == "Role",
            created_at=first_text(record, "CreateDate"),
            tags=tags_of(record.get("Tags")),
            policies=found,
            boundary=self._known(boundary) if boundary else None,
            unknown=unknown,
            knows_boundary=not boundary or self._known(boundary) is not None,
        )

    def _known(self, arn: str) -> Policy | None:
        if arn not in self._managed and arn not in self._missing:
            made = self._current(arn)
            if made is None:
                self._missing.add(arn)
            else:
                self._managed[arn] = made
        return self._managed.get(arn)

    def _current(self, arn: str) -> Policy | None:
        record = self._told.pop(arn, None)
        if record is None:
            self._gap(f"policy {arn}", "somebody has it, and it was not told")
            return None
        default = record.get("DefaultVersionId")
        for version in record.get("PolicyVersionList") or ():
            if version.get("VersionId") == default or version.get("IsDefaultVersion"):
                return self._compiled(arn, version.get("Document"), arn)
        self._gap(f"policy {arn}", "its default version was not told")
        return None

    def _compiled(self, name: str, document: Any, what: str) -> Policy | None:
        """None: it is no policy at all."""
        try:
            found, problems = statements(document)
        except Malformed as error:
            self._gap(f"policy {what}", str(error))
            return None
        for problem in problems:
            self._gap(f"policy {what}", problem)
        return compiled(name, found, self._to.table)

    def _gap(self, what: str, reason: str) -> None:
        self._to.gaps.append(Gap(what=what, reason=reason))
