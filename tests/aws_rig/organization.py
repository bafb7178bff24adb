"""An organization: accounts in units, with tags, and the roles by which they are entered.

``Organization(...).into(rig)`` makes the rig answer Organizations, STS, ``ec2:DescribeRegions`` and
``account:ListRegions`` as that organization would. A role is assumed only by its name, with its
external id, in an account that exists; the key that is handed out belongs to that account.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.aws_rig.faults import Fault
from tests.aws_rig.world import Asked, Listed

if TYPE_CHECKING:
    from tests.aws_rig.rig import Rig

_SINCE = datetime(2024, 3, 1, tzinfo=UTC)
_REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1",
            "ap-northeast-1", "eu-west-2", "eu-north-1", "ca-central-1", "ap-south-1",
            "us-east-2", "sa-east-1", "eu-west-3", "ap-southeast-2", "ap-northeast-2",
            "us-west-1", "ap-northeast-3")  # fmt: skip
_ROOT = "r-root"


def regions(number: int) -> tuple[str, ...]:
    return _REGIONS[:number]


@dataclass(frozen=True)
class Member:
    """An account. ``unit``: id of the unit that it stands in. ``role_name`` and ``external_id``:
    where they differ from the organization's; no role of that name can be entered at all with
    ``role_name=None``."""

    id: str
    name: str = ""
    email: str = ""
    unit: str = _ROOT
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    role_name: str | None = ""
    external_id: str | None = None
    closed: tuple[str, ...] = ()
    """Regions of the organization that this account has not opted into."""


@dataclass(frozen=True)
class Unit:
    id: str
    name: str
    parent: str = _ROOT
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Organization:
    """The first member is the management account. ``disabled``: regions that nobody has opted
    into; calls to them are refused."""

    members: tuple[Member, ...]
    units: tuple[Unit, ...] = ()
    regions: tuple[str, ...] = ("us-east-1", "eu-west-1")
    disabled: tuple[str, ...] = ()
    role_name: str = "ShadowAIReadOnly"
    external_id: str = ""
    session_seconds: int = 3600
    delegated: tuple[str, ...] = ()
    """Accounts that may read Organizations as the management account does."""
    id: str = "o-madeup0001"

    @classmethod
    def of(cls, accounts: int, units: int = 0, **settings: Any) -> Organization:
        """``accounts`` of them, spread over ``units`` that stand below each other by threes, with
        an owner and an environment as tags."""
        made = tuple(
            Unit(_unit_id(n), f"unit-{n}", _unit_id(n // 3) if n >= 3 else _ROOT)
            for n in range(units)
        )
        members = tuple(
            Member(
                id=f"{111111111111 + n}",
                name=f"account-{n}",
                email=f"account-{n}@example.com",
                unit=made[n % units].id if units and n else _ROOT,
                tags={"owner": f"team-{n % 7}@example.com",
                      "environment": ("production", "staging", "sandbox")[n % 3]},
            )
            for n in range(accounts)
        )  # fmt: skip
        return cls(members=members, units=made, **settings)

    @property
    def management(self) -> str:
        return self.members[0].id

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(member.id for member in self.members)

    def into(self, rig: Rig) -> Organization:
        rig.account = self.management
        rig.closed |= {("*", region) for region in self.disabled}
        rig.closed |= {(m.id, region) for m in self.members for region in m.closed}
        serving = _Serving(self, rig)
        for op, handler in serving.handlers().items():
            rig.world.handle(op, handler)
        return self


def _unit_id(number: int) -> str:
    return f"ou-root-{number:08d}"


class _Serving:
    def __init__(self, org: Organization, rig: Rig) -> None:
        self._org = org
        self._rig = rig
        self._members = {member.id: member for member in org.members}
        self._units = {unit.id: unit for unit in org.units}
        self._numbers = itertools.count(1)

    def handlers(self) -> Mapping[str, Any]:
        inside = {
            "organizations:DescribeOrganization": self._organization,
            "organizations:DescribeAccount": self._one_account,
            "organizations:DescribeOrganizationalUnit": self._one_unit,
            "organizations:ListAccounts": lambda a: self._accounts(self._org.members),
            "organizations:ListAccountsForParent": self._accounts_of_parent,
            "organizations:ListChildren": self._children,
            "organizations:ListDelegatedAdministrators": self._delegated,
            "organizations:ListOrganizationalUnitsForParent": self._units_of_parent,
            "organizations:ListParents": self._parents,
            "organizations:ListRoots": lambda a: Listed({"Roots": [self._root()]}),
            "organizations:ListTagsForResource": self._tags,
        }
        return {
            **{op: self._from_management(handler) for op, handler in inside.items()},
            "sts:GetCallerIdentity": self._caller,
            "sts:AssumeRole": self._assume,
            "ec2:DescribeRegions": self._ec2_regions,
            "account:ListRegions": self._account_regions,
        }

    def _from_management(self, handler: Any) -> Any:
        def answer(asked: Asked) -> Any:
            if asked.account not in (self._org.management, *self._org.delegated):
                return Fault(meaning="denied", message="You don't have permissions to access this "
                             "resource.")  # fmt: skip
            return handler(asked)

        return answer

    def _arn(self, kind: str, ident: str) -> str:
        org = self._org
        return f"arn:aws:organizations::{org.management}:{kind}/{org.id}/{ident}"

    def _root(self) -> dict[str, Any]:
        return {"Id": _ROOT, "Arn": self._arn("root", _ROOT), "Name": "Root", "PolicyTypes": []}

    def _organization(self, asked: Asked) -> Any:
        org, first = self._org, self._org.members[0]
        return {
            "Organization": {
                "Id": org.id,
                "Arn": f"arn:aws:organizations::{org.management}:organization/{org.id}",
                "FeatureSet": "ALL",
                "MasterAccountArn": self._arn("account", org.management),
                "MasterAccountId": org.management,
                "MasterAccountEmail": first.email or "root@example.com",
            }
        }

    def _account(self, member: Member) -> dict[str, Any]:
        return {
            "Id": member.id,
            "Arn": self._arn("account", member.id),
            "Email": member.email or f"{member.id}@example.com",
            "Name": member.name or member.id,
            "Status": member.status,
            "State": member.status,
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": _SINCE,
        }

    def _delegated(self, asked: Asked) -> Any:
        told = [self._account(self._members[ident]) for ident in self._org.delegated]
        for one in told:
            one["DelegationEnabledDate"] = _SINCE
        return Listed({"DelegatedAdministrators": told})

    def _accounts(self, members: Iterable[Member]) -> Listed:
        return Listed({"Accounts": [self._account(member) for member in members]})

    def _accounts_of_parent(self, asked: Asked) -> Any:
        parent = asked.params["ParentId"]
        if not self._is_parent(parent):
            return _missing("ParentNotFoundException", parent)
        return self._accounts(m for m in self._org.members if m.unit == parent)

    def _units_of_parent(self, asked: Asked) -> Any:
        parent = asked.params["ParentId"]
        if not self._is_parent(parent):
            return _missing("ParentNotFoundException", parent)
        found = [self._unit(unit) for unit in self._org.units if unit.parent == parent]
        return Listed({"OrganizationalUnits": found})

    def _unit(self, unit: Unit) -> dict[str, Any]:
        return {"Id": unit.id, "Arn": self._arn("ou", unit.id), "Name": unit.name}

    def _is_parent(self, ident: str) -> bool:
        return ident == _ROOT or ident in self._units

    def _children(self, asked: Asked) -> Any:
        parent, kind = asked.params["ParentId"], asked.params["ChildType"]
        if not self._is_parent(parent):
            return _missing("ParentNotFoundException", parent)
        ids = (
            [m.id for m in self._org.members if m.unit == parent]
            if kind == "ACCOUNT"
            else [u.id for u in self._org.units if u.parent == parent]
        )
        return Listed({"Children": [{"Id": ident, "Type": kind} for ident in ids]})

    def _parents(self, asked: Asked) -> Any:
        child = asked.params["ChildId"]
        if child in self._members:
            parent = self._members[child].unit
        elif child in self._units:
            parent = self._units[child].parent
        else:
            return _missing("ChildNotFoundException", child)
        kind = "ROOT" if parent == _ROOT else "ORGANIZATIONAL_UNIT"
        return Listed({"Parents": [{"Id": parent, "Type": kind}]})

    def _tags(self, asked: Asked) -> Any:
        ident = asked.params["ResourceId"]
        owner = self._members.get(ident) or self._units.get(ident)
        if owner is None and ident != _ROOT:
            return _missing("TargetNotFoundException", ident)
        tags = owner.tags if owner else {}
        return Listed({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def _one_account(self, asked: Asked) -> Any:
        member = self._members.get(asked.params["AccountId"])
        if member is None:
            return _missing("AccountNotFoundException", asked.params["AccountId"])
        return {"Account": self._account(member)}

    def _one_unit(self, asked: Asked) -> Any:
        unit = self._units.get(asked.params["OrganizationalUnitId"])
        if unit is None:
            ident = asked.params["OrganizationalUnitId"]
            return _missing("OrganizationalUnitNotFoundException", ident)
        return {"OrganizationalUnit": self._unit(unit)}

    def _caller(self, asked: Asked) -> Any:
        is_session = asked.key in self._rig.keys
        member = self._members.get(asked.account)
        role = (member.role_name if member else "") or self._org.role_name
        who = f"assumed-role/{role}/session" if is_session else "user/made-up"
        service = "sts" if is_session else "iam"
        arn = f"arn:aws:{service}::{asked.account}:{who}"
        return {"UserId": "AIDAMADEUP", "Account": asked.account, "Arn": arn}

    def _assume(self, asked: Asked) -> Any:
        arn = str(asked.params["RoleArn"])
        _, _, role = arn.partition(":role/")
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        member = self._members.get(account)
        wanted = self._org.external_id
        if member is not None and member.external_id is not None:
            wanted = member.external_id
        is_open = member is not None and member.status == "ACTIVE"
        is_known = member is not None and is_open and member.role_name is not None
        name = (member.role_name or self._org.role_name) if member else ""
        given = str(asked.params.get("ExternalId", ""))
        if not is_known or role != name or (wanted and given != wanted):
            who = f"arn:aws:iam::{asked.account}:user/made-up"
            text = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            return Fault(code="AccessDenied", status=403, message=text)
        key = f"RIG{account}N{next(self._numbers):06d}"
        self._rig.keys[key] = account
        session = asked.params["RoleSessionName"]
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "made-up",
                "SessionToken": f"made-up-{key}",
                "Expiration": datetime.now(UTC) + timedelta(seconds=self._org.session_seconds),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROAMADEUP{account}:{session}",
                "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            },
        }

    def _regions(self, account: str) -> tuple[list[str], list[str]]:
        """Those that the account can use, and those that it has not opted into."""
        member = self._members.get(account)
        closed = member.closed if member else ()
        enabled = [name for name in self._org.regions if name not in closed]
        return enabled, [*self._org.disabled, *closed]

    def _ec2_regions(self, asked: Asked) -> Any:
        enabled, closed = self._regions(asked.account)
        found = [(name, "opt-in-not-required") for name in enabled]
        if asked.params.get("AllRegions"):
            found += [(name, "not-opted-in") for name in closed]
        only = asked.params.get("RegionNames")
        return {
            "Regions": [
                {"RegionName": name, "OptInStatus": status,
                 "Endpoint": f"ec2.{name}.amazonaws.com"}
                for name, status in found
                if not only or name in only
            ]
        }  # fmt: skip

    def _account_regions(self, asked: Asked) -> Any:
        enabled, closed = self._regions(asked.account)
        found = [(name, "ENABLED_BY_DEFAULT") for name in enabled]
        found += [(name, "DISABLED") for name in closed]
        only = asked.params.get("RegionOptStatusContains")
        return Listed(
            {
                "Regions": [
                    {"RegionName": name, "RegionOptStatus": status}
                    for name, status in found
                    if not only or status in only
                ]
            }
        )


def _missing(code: str, ident: str) -> Fault:
    return Fault(code=code, status=400, message=f"You specified {ident}, which does not exist.")
