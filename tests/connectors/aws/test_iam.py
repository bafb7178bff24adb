"""Roles, users and keys of a made-up account, read over real HTTP in several pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from connectors.aws.access import Access
from connectors.aws.iam import KINDS, OPERATIONS, collect
from scanner.kit.contract import Operation
from scanner.kit.testing import check_import
from scanner.model.base import encode
from scanner.model.errors import Denied, Throttled
from scanner.model.evidence import Confidence
from scanner.model.facts import Credential, DataStore, Edge, Identity, PrincipalType
from scanner.model.items import Gap, Item
from tests.aws_rig import EVERYWHERE, Member, Organization, Rig, denied, serving, throttled
from tests.connectors.aws.reading import HOME, context

OWN, OTHER = "111111111111", "999988887777"
DETAILS = "iam:GetAccountAuthorizationDetails"
KEYS = "iam:ListServiceSpecificCredentials"
THEN = datetime(2026, 1, 1, tzinfo=UTC)
Document = dict[str, Any]
Read = Callable[[], list[Item]]


def document(*statements: Mapping[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(*services: str, **more: Any) -> Document:
    principal = {"Service": [f"{name}.amazonaws.com" for name in services], **more}
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


def _ident(kind: str, name: str) -> str:
    return kind + re.sub(r"\W", "", name.upper()).ljust(17, "0")


def _text(value: Document | str) -> str:
    return quote(value if isinstance(value, str) else json.dumps(value), safe="*")


class Account:
    """Plants; every document as IAM sends it."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def role(
        self, name: str, trusted: Document | str, *inline: Document | str, path: str = "/",
        **more: Any,
    ) -> str:  # fmt: skip
        arn = f"arn:aws:iam::{OWN}:role{path}{name}"
        record = {
            "Path": path, "RoleName": name, "RoleId": _ident("AROA", name), "Arn": arn,
            "CreateDate": THEN, "AssumeRolePolicyDocument": _text(trusted),
            "RolePolicyList": _inline(inline), **more,
        }  # fmt: skip
        self._plant("RoleDetailList", record)
        return arn

    def user(self, name: str, *inline: Document | str, **more: Any) -> str:
        arn = f"arn:aws:iam::{OWN}:user/{name}"
        record = {
            "Path": "/", "UserName": name, "UserId": _ident("AIDA", name), "Arn": arn,
            "CreateDate": THEN, "UserPolicyList": _inline(inline), **more,
        }  # fmt: skip
        self._plant("UserDetailList", record)
        return arn

    def group(self, name: str, *inline: Document | str) -> None:
        record = {
            "Path": "/", "GroupName": name, "GroupId": _ident("AGPA", name),
            "Arn": f"arn:aws:iam::{OWN}:group/{name}", "CreateDate": THEN,
            "GroupPolicyList": _inline(inline),
        }  # fmt: skip
        self._plant("GroupDetailList", record)

    def policy(self, arn: str, text: Document | str) -> list[dict[str, str]]:
        version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": _text(text)}
        name = arn.rpartition("/")[2]
        record = {
            "PolicyName": name, "Arn": arn, "DefaultVersionId": "v1",
            "PolicyVersionList": [version],
        }  # fmt: skip
        self._plant("Policies", record)
        return [{"PolicyName": name, "PolicyArn": arn}]

    def key(self, user: str, number: str, **more: Any) -> None:
        record = {
            "UserName": user, "Status": "Active", "CreateDate": THEN,
            "ServiceName": "bedrock.amazonaws.com", "ServiceSpecificCredentialId": number,
            "ServiceCredentialAlias": f"{user}-at-{OWN}", **more,
        }  # fmt: skip
        self._rig.world.plant(OWN, EVERYWHERE, KEYS, "ServiceSpecificCredentials", record)

    def _plant(self, field: str, record: Mapping[str, Any]) -> None:
        self._rig.world.plant(OWN, EVERYWHERE, DETAILS, field, record)


def _inline(documents: tuple[Document | str, ...]) -> list[dict[str, str]]:
    return [
        {"PolicyName": f"inline-{number}", "PolicyDocument": _text(one)}
        for number, one in enumerate(documents)
    ]


@pytest.fixture
def rig() -> Rig:
    made = Rig(page_size=2)
    Organization((Member(OWN),)).into(made)
    return made


@pytest.fixture
def account(rig: Rig) -> Account:
    return Account(rig)


@pytest.fixture
def read(rig: Rig) -> Iterator[Read]:
    """All items of the account's shard."""
    operations = tuple(
        Operation(id=op, permission=op, bucket="iam", reason=why)
        for op, why in {**OPERATIONS, "sts:GetCallerIdentity": "who"}.items()
    )
    with serving(rig) as url:
        access = Access(context(url), operations)
        yield lambda: list(collect(access, OWN, "aws", HOME))
    assert rig.wrong == []
    assert rig.rejected == []


def identities(items: list[Item]) -> dict[str, Identity]:
    return {item.name: item for item in items if isinstance(item, Identity)}


def stores(items: list[Item]) -> dict[str, str]:
    return {item.id: item.name for item in items if isinstance(item, DataStore)}


def edges(items: list[Item], source: str) -> dict[tuple[str, str], Edge]:
    return {
        (str(item.relation), item.target): item
        for item in items
        if isinstance(item, Edge) and item.source == source
    }


def gaps(items: list[Item]) -> dict[str, Gap]:
    return {item.what: item for item in items if isinstance(item, Gap)}


def test_what_a_function_reaches(account: Account, read: Read) -> None:
    arn = account.role(
        "summarise",
        trust("lambda"),
        document(
            allow(["s3:GetObject", "s3:ListBucket"],
                  ["arn:aws:s3:::tickets", "arn:aws:s3:::tickets/open/*"]),
            allow("s3:PutObject", "arn:aws:s3:::summaries-*/*"),
            allow("dynamodb:*", f"arn:aws:dynamodb:{HOME}:*:table/orders"),
            allow("secretsmanager:GetSecretValue"),
            allow("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/anthropic.*"),
            allow("kms:Decrypt", f"arn:aws:kms:{HOME}:{OWN}:key/1234"),
        ),
        path="/service-role/",
        Tags=[{"Key": "team", "Value": "support"}],
        RoleLastUsed={"LastUsedDate": THEN, "Region": HOME},
    )  # fmt: skip
    items = read()
    found = edges(items, arn)
    reads = found["reads_from", "arn:aws:s3:::tickets"]
    assert reads.confidence is Confidence.HIGH
    assert "GetObject, ListBucket on open/*" in reads.detail
    assert "not evaluated: resource policies, SCPs, RCPs" in reads.detail
    assert ("writes_to", "arn:aws:s3:::tickets") not in found
    assert ("writes_to", f"aws:{OWN}/any-s3-bucket/summaries-*") in found
    table = f"arn:aws:dynamodb:{HOME}:{OWN}:table/orders"
    assert {("reads_from", table), ("writes_to", table)} <= found.keys()
    assert ("reads_from", f"aws:{OWN}/any-secret") in found
    assert "on anthropic.*" in found["calls", "provider:aws_bedrock"].detail
    named = stores(items)
    assert named[f"aws:{OWN}/any-s3-bucket/summaries-*"] == (
        "every S3 bucket named summaries-* that allows it"
    )
    assert named[f"aws:{OWN}/any-secret"] == "every secret that allows it"
    assert named[table] == "orders"
    one = identities(items)["summarise"]
    assert one.principal_type is PrincipalType.SERVICE
    assert one.tags["team"] == "support"
    assert one.tags["iam:path"] == "/service-role/"
    assert one.tags["iam:assumed_by"] == "lambda"
    assert one.tags["iam:last_used_at"] == "2026-01-01T00:00:00+00:00"
    assert one.tags["iam:last_used_in"] == HOME
    assert one.tags["iam:may_decrypt"] == f"arn:aws:kms:{HOME}:{OWN}:key/1234"
    assert ("contains", arn) in edges(items, f"aws:account/{OWN}")


def test_everything_that_is_yielded_is_declared(account: Account, read: Read) -> None:
    account.role("all", trust("bedrock"), document(allow(["s3:*", "rds-data:*", "es:*"])))
    account.role("root", trust("ec2"), document(allow("*")))
    account.user("someone", document(allow("bedrock:*")))
    account.key("someone", "ACCAMADEUPMADEUP0001")
    for item in read():
        if not isinstance(item, (Edge, Gap)):
            assert item.kind in KINDS  # type: ignore[union-attr]
            assert item.evidence[0].source == "aws"  # type: ignore[union-attr]


def test_an_endpoint_an_agent_and_a_knowledge_base_by_their_names(
    account: Account, read: Read
) -> None:
    endpoint = f"arn:aws:sagemaker:{HOME}:{OWN}:endpoint/fraud"
    base = f"arn:aws:bedrock:{HOME}:{OWN}:knowledge-base/KB0001"
    arn = account.role(
        "caller",
        trust("ecs-tasks"),
        document(
            allow("sagemaker:InvokeEndpoint*", endpoint),
            allow("bedrock:InvokeAgent", f"arn:aws:bedrock:{HOME}:{OWN}:agent-alias/AG1/AL1"),
            allow("bedrock:Retrieve", base),
        ),
    )
    items = read()
    assert {target for relation, target in edges(items, arn) if relation == "calls"} == {
        endpoint, base, f"arn:aws:bedrock:{HOME}:{OWN}:agent/AG1",
    }  # fmt: skip
    # Whoever lists them tells what they are.
    assert not {endpoint, base} & stores(items).keys()


def test_people_who_may_call_ai_are_told_without_all_that_they_may_read(
    account: Account, read: Read
) -> None:
    account.group("analysts", document(allow(["bedrock:InvokeModel", "s3:*", "sagemaker:Create*"])))
    arn = account.user("ada", GroupList=["analysts"])
    account.user("bob", document(allow("s3:*")))
    items = read()
    assert identities(items).keys() == {"ada"}
    called = {("calls", "provider:aws_bedrock"), ("calls", "provider:aws_sagemaker")}
    assert edges(items, arn).keys() == called  # CreatePresigned… opens a notebook
    ada = identities(items)["ada"]
    assert ada.principal_type is PrincipalType.UNKNOWN
    assert ada.tags["iam:may_create"].startswith("sagemaker: CreateEndpoint, CreateModel")


def test_roles_of_no_interest_are_not_told(account: Account, read: Read) -> None:
    account.role("auditor", trust("config"), document(allow("s3:GetObject")))
    account.role("people", trust(AWS=f"arn:aws:iam::{OWN}:root"), document(allow("s3:*")))
    assert identities(read()) == {}


def test_administrators_are_told_once(account: Account, read: Read) -> None:
    attached = account.policy("arn:aws:iam::aws:policy/AdministratorAccess", document(allow("*")))
    arn = account.role("deploy", trust("codebuild"), AttachedManagedPolicies=attached)
    person = account.role("break-glass", trust(AWS=OWN), AttachedManagedPolicies=attached)
    careful = account.role(
        "careful",
        trust("codebuild"),
        document({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
        AttachedManagedPolicies=attached,
    )
    items = read()
    everything = f"aws:{OWN}/everything"
    assert edges(items, arn).keys() == {("reads_from", everything), ("writes_to", everything)}
    assert edges(items, person) == {}
    for name in ("deploy", "break-glass"):
        tag = identities(items)[name].tags["iam:access"]
        assert tag == "administrator: reaches everything (AdministratorAccess)"
    assert "iam:access" not in identities(items)["careful"].tags
    reached = edges(items, careful)
    assert ("reads_from", f"aws:{OWN}/any-dynamodb-table") in reached
    assert ("reads_from", f"aws:{OWN}/any-s3-bucket") not in reached


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalAccount": OWN}},
        {"StringNotEquals": {"aws:PrincipalTag/ai": "yes"}},
        {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"}},
    ],
    ids=lambda one: next(iter(one)),
)
def test_an_administrator_who_is_sure_to_be_denied_is_none(
    account: Account, read: Read, condition: dict[str, Any]
) -> None:
    """By conditions that are true of every request that the role can make."""
    actions = ["s3:*", "sagemaker:*"]
    deny = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    guarded = document({**deny, "Condition": condition})
    arn = account.role("guarded", trust("lambda"), document(allow("*")), guarded)
    items = read()
    assert "iam:access" not in identities(items)["guarded"].tags
    reached = edges(items, arn)
    assert ("reads_from", f"aws:{OWN}/any-dynamodb-table") in reached
    assert ("reads_from", f"aws:{OWN}/any-s3-bucket") not in reached
    assert ("calls", "provider:aws_bedrock") in reached
    assert ("calls", "provider:aws_sagemaker") not in reached


def test_what_may_limit_an_administrator_is_told_and_lowers_the_confidence(
    account: Account, read: Read
) -> None:
    region = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = document({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": region})
    elsewhere = {"StringEquals": {"aws:PrincipalAccount": "9" * 12}}
    never = document({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": elsewhere})
    missing = [{"PolicyName": "guard", "PolicyArn": f"arn:aws:iam::{OWN}:policy/guard"}]
    arns = {
        "regional": account.role("regional", trust("lambda"), document(allow("*")), deny),
        "unread": account.role("unread", trust("lambda"), document(allow("*")),
                               AttachedManagedPolicies=missing),
        "free": account.role("free", trust("lambda"), document(allow("*")), never),
    }  # fmt: skip
    items = read()
    access = {name: identities(items)[name].tags["iam:access"] for name in arns}
    assert "depend on the request (by aws:requestedregion)" in access["regional"]
    assert "could not be read" in access["unread"]
    assert "guard" in access["unread"]
    assert "but for" not in access["free"]
    sure = {
        name: {edge.confidence for edge in edges(items, arn).values()} for name, arn in arns.items()
    }
    medium, high = {Confidence.MEDIUM}, {Confidence.HIGH}
    assert sure == {"regional": medium, "unread": medium, "free": high}


def test_service_linked_roles_are_told_once(account: Account, read: Read) -> None:
    arn = account.role(
        "AWSServiceRoleForAmazonSageMakerNotebooks",
        trust("sagemaker"),
        document(allow("*")),
        path="/aws-service-role/sagemaker.amazonaws.com/",
    )
    account.role(
        "AWSServiceRoleForSupport",
        trust("support"),
        document(allow("*")),
        path="/aws-service-role/support.amazonaws.com/",
    )
    items = read()
    assert identities(items).keys() == {"AWSServiceRoleForAmazonSageMakerNotebooks"}
    assert edges(items, arn) == {}


def test_who_else_may_assume_a_role(account: Account, read: Read) -> None:
    provider = f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"
    subject = {"token.actions.githubusercontent.com:sub": "repo:acme/chat:ref:refs/heads/main"}
    trusted = document(
        {"Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"AWS": [f"arn:aws:iam::{OTHER}:role/partner", OTHER, OWN]},
         "Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
        {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
         "Principal": {"Federated": provider}, "Condition": {"StringLike": subject}},
    )  # fmt: skip
    account.role("ci", trusted, document(allow("bedrock:InvokeModel")))
    anyone = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"})
    account.role("open", anyone, document(allow("bedrock:InvokeModel")))
    items = read()
    tags = identities(items)["ci"].tags
    assert tags["iam:trusted_accounts"] == OTHER
    assert tags["iam:trusted_principals"] == f"arn:aws:iam::{OTHER}:role/partner"
    assert tags["iam:trusted_identity_providers"] == provider
    assert tags["iam:trusted_subjects"] == "repo:acme/chat:ref:refs/heads/main"
    assert tags["iam:trust_conditions"] == (
        "sts:externalid, token.actions.githubusercontent.com:sub"
    )
    assert edges(items, "git:github.com/acme/chat").keys() == {
        ("runs_as", identities(items)["ci"].id)
    }
    # A program with a token: what it reaches is part of the flow.
    assert identities(items)["ci"].principal_type is PrincipalType.SERVICE
    assert identities(items)["open"].tags["iam:trusts"] == "any AWS principal"


def test_nobody_is_trusted_where_everybody_is_denied(account: Account, read: Read) -> None:
    closed = trust("lambda")
    closed["Statement"].append({"Effect": "Deny", "Action": "sts:*", "Principal": "*"})
    account.role("closed", closed, document(allow("s3:*")))
    assert identities(read()) == {}


def test_conditions_are_told_and_lower_the_confidence(account: Account, read: Read) -> None:
    lock = {"StringEquals": {"aws:RequestedRegion": HOME}}
    arn = account.role(
        "locked",
        trust("lambda"),
        document(
            allow("dynamodb:*", Condition=lock),
            allow("bedrock:InvokeModel"),
            {"Effect": "Deny", "Action": "dynamodb:*",
             "Resource": "arn:aws:dynamodb:*:*:table/payroll"},
        ),
    )  # fmt: skip
    found = edges(read(), arn)
    table = found["reads_from", f"aws:{OWN}/any-dynamodb-table"]
    assert table.confidence is Confidence.MEDIUM
    assert "conditional: by aws:requestedregion" in table.detail
    assert "except arn:aws:dynamodb:*:*:table/payroll" in table.detail
    assert found["calls", "provider:aws_bedrock"].confidence is Confidence.HIGH


def test_a_boundary_limits(account: Account, read: Read) -> None:
    arn = f"arn:aws:iam::{OWN}:policy/limit"
    account.policy(arn, document(allow("s3:*", "arn:aws:s3:::one/*")))
    limit = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    role = account.role("bounded", trust("lambda"), document(allow("*")), PermissionsBoundary=limit)
    found = edges(read(), role)
    assert found.keys() == {
        ("reads_from", "arn:aws:s3:::one"), ("writes_to", "arn:aws:s3:::one"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{not json", "is no JSON"),
        ("[1]", "is no JSON object"),
        ("{}", "has no list of statements"),
        ('{"Statement": [{"Effect": "Allow"}]}', "statement 1: it needs either Action"),
        ('{"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}',
         "statement 1: its effect"),
        ('{"Statement": [{"Effect": "Allow", "Action": {"a": 1}, "Resource": "*"}]}',
         "statement 1: its Action holds what is no text"),
        ('{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": 1}]}',
         "statement 1: its Condition is no object"),
        (json.dumps({"Statement": [{}] * 1_001}), "has more than 1000 statements"),
        (json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*",
                                    "Resource": ["arn:aws:s3:::" + "*a" * 900] * 37}]}),
         "statement 1: up to its Resource there are more than 65536 characters"),
    ],
)  # fmt: skip
def test_a_policy_that_is_none_is_a_gap_and_the_rest_goes_on(
    account: Account, read: Read, text: str, reason: str
) -> None:
    arn = account.role(
        "broken", trust("lambda"), text, document(allow("s3:GetObject", "arn:aws:s3:::one/*"))
    )
    items = read()
    (gap,) = gaps(items).values()
    assert gap.what == f"policy inline-0 of {arn}"
    assert gap.reason.startswith(reason)
    assert not gap.denied
    assert ("reads_from", "arn:aws:s3:::one") in edges(items, arn)


def test_the_other_statements_of_a_broken_policy_count(account: Account, read: Read) -> None:
    arn = account.role(
        "half", trust("lambda"),
        document({"Effect": "Allow"}, allow("s3:GetObject", "arn:aws:s3:::one/*")),
    )  # fmt: skip
    items = read()
    assert [gap.reason for gap in gaps(items).values()] == [
        "statement 1: it needs either Action or NotAction"
    ]
    assert ("reads_from", "arn:aws:s3:::one") in edges(items, arn)


def test_a_broken_trust_policy_is_a_gap(account: Account, read: Read) -> None:
    arn = account.role("lost", "{", document(allow("bedrock:InvokeModel")))
    items = read()
    assert gaps(items).keys() == {f"trust policy of {arn}"}
    assert ("calls", "provider:aws_bedrock") in edges(items, arn)


def test_what_is_attached_and_was_not_told_is_a_gap(account: Account, read: Read) -> None:
    arn = f"arn:aws:iam::{OWN}:policy/lost"
    role = account.role(
        "half", trust("lambda"), document(allow("s3:GetObject", "arn:aws:s3:::one/*")),
        AttachedManagedPolicies=[{"PolicyName": "lost", "PolicyArn": arn}],
    )  # fmt: skip
    account.role(
        "unbounded", trust("lambda"), document(allow("*")),
        PermissionsBoundary={"PermissionsBoundaryArn": arn},
    )  # fmt: skip
    items = read()
    assert gaps(items).keys() == {f"policy {arn}"}
    assert identities(items)["half"].tags["iam:policies_not_read"] == arn
    assert ("reads_from", "arn:aws:s3:::one") in edges(items, role)
    unbounded = identities(items)["unbounded"]
    assert unbounded.tags["iam:access"].startswith("unknown: its permissions boundary")
    assert edges(items, unbounded.id) == {}


def test_policies_that_are_made_to_be_compared_for_ever(account: Account, read: Read) -> None:
    wild = [f"arn:aws:*{number:04}*" for number in range(600)]
    attached = []
    for number in range(3):
        arn = f"arn:aws:iam::{OWN}:policy/p{number}"
        effect = "Deny" if number else "Allow"
        attached += account.policy(
            arn, document({"Effect": effect, "Action": "*", "Resource": wild})
        )
    arn = account.role("maze", trust("lambda"), AttachedManagedPolicies=attached)
    items = read()
    assert gaps(items).keys() == {f"reach of {arn}"}
    assert edges(items, arn) == {}


def test_texts_of_policies_can_be_stored(account: Account, read: Read) -> None:
    """JSON can hold half characters, and what no database takes."""
    arn = account.role(
        "odd", trust("lambda"),
        document(allow("s3:GetObject", "arn:aws:s3:::one/\ud800\x00\ue000/*")),
    )  # fmt: skip
    items = read()
    detail = edges(items, arn)["reads_from", "arn:aws:s3:::one"].detail
    assert "\\ud800\\x00\\ue000" in detail
    for item in items:
        encode(item).decode()


def test_keys_of_bedrock(account: Account, read: Read, rig: Rig) -> None:
    account.user("carol", document(allow("s3:*")))
    account.user("BedrockAPIKey-ab12", document(allow("bedrock:*")))
    account.key("carol", "ACCAMADEUPMADEUP0001")
    account.key("BedrockAPIKey-ab12", "ACCAMADEUPMADEUP0002", ExpirationDate=THEN)
    account.key("BedrockAPIKey-ab12", "ACCAMADEUPMADEUP0003", Status="Inactive")
    items = read()
    keys = {item.id: item for item in items if isinstance(item, Credential)}
    prefix = f"aws:{OWN}/service-specific-credential/ACCAMADEUPMADEUP000"
    assert keys.keys() == {f"{prefix}{number}" for number in (1, 2, 3)}
    first = keys[f"{prefix}1"]  # type: ignore[index]
    assert first.name == "Bedrock API key of carol"
    assert first.issuer == "aws_bedrock"
    assert first.created_at == "2026-01-01T00:00:00+00:00"
    assert first.tags == {"status": "active", "expires_at": "never", "user": "carol"}
    second = keys[f"{prefix}2"].tags  # type: ignore[index]
    assert second["expires_at"] == "2026-01-01T00:00:00+00:00"
    assert keys[f"{prefix}3"].tags["status"] == "inactive"  # type: ignore[index]
    carol = f"arn:aws:iam::{OWN}:user/carol"
    assert ("authenticates_with", f"{prefix}1") in edges(items, carol)
    assert edges(items, f"{prefix}1").keys() == {("owned_by", carol)}
    # A user that was made for a key owns nothing, but both are told.
    assert edges(items, f"{prefix}2") == {}
    assert identities(items).keys() == {"carol", "BedrockAPIKey-ab12"}
    assert identities(items)["BedrockAPIKey-ab12"].principal_type is PrincipalType.SERVICE
    assert f"-at-{OWN}" not in b"".join(map(encode, items)).decode()
    assert rig.called(KEYS) == 2  # pages of two


def test_pages_do_not_belong_together(account: Account, read: Read, rig: Rig) -> None:
    """Roles come before the policies that they have."""
    arns = []
    for number in range(7):
        attached = account.policy(
            f"arn:aws:iam::{OWN}:policy/p{number}",
            document(allow("s3:GetObject", f"arn:aws:s3:::bucket-{number}/*")),
        )
        arns.append(account.role(f"r{number}", trust("lambda"), AttachedManagedPolicies=attached))
    items = read()
    assert rig.called(DETAILS) > 3
    for number, arn in enumerate(arns):
        assert edges(items, arn).keys() == {("reads_from", f"arn:aws:s3:::bucket-{number}")}


def test_what_is_denied_is_a_gap_and_the_rest_is_told(
    account: Account, read: Read, rig: Rig
) -> None:
    account.role("r", trust("lambda"), document(allow("bedrock:InvokeModel")))
    account.key("carol", "ACCAMADEUPMADEUP0001")
    rig.strike(KEYS, denied())
    items = read()
    assert gaps(items).keys() == {f"Bedrock API keys of account {OWN}"}
    assert all(gap.denied for gap in gaps(items).values())
    assert identities(items).keys() == {"r"}
    rig.forget()
    rig.strike(DETAILS, denied())
    items = read()
    assert gaps(items).keys() == {f"reach of roles and users of account {OWN}"}
    assert [item.name for item in items if isinstance(item, Credential)] == [
        "Bedrock API key of carol"
    ]
    rig.strike(KEYS, denied())
    with pytest.raises(Denied, match="GetAccountAuthorizationDetails"):
        read()


def test_half_an_account_is_never_judged(account: Account, read: Read, rig: Rig) -> None:
    for number in range(5):
        account.role(f"r{number}", trust("lambda"), document(allow("bedrock:InvokeModel")))
    rig.strike(DETAILS, denied(), after=1)
    assert identities(read()) == {}
    rig.forget()
    rig.strike(DETAILS, throttled(), after=1)
    with pytest.raises(Throttled):
        read()


def test_the_same_account_is_told_the_same(account: Account, read: Read) -> None:
    for name in ("b", "a", "c"):
        account.role(name, trust("lambda"), document(allow(["s3:*", "dynamodb:*"])))
    items = read()
    assert list(map(encode, items)) == list(map(encode, read()))
    # One node for what all of them reach.
    named = [item.id for item in items if isinstance(item, DataStore)]
    assert len(named) == len(set(named))


def test_only_reading_operations_are_declared() -> None:
    for operation, why in OPERATIONS.items():
        assert operation.partition(":")[2].startswith(("Get", "List", "Describe"))
        assert why


def test_importing_loads_no_sdk() -> None:
    check_import("connectors.aws.iam")


def test_an_instance_profile_leads_to_the_role_that_it_hands_out(
    account: Account, read: Read
) -> None:
    profile = f"arn:aws:iam::{OWN}:instance-profile/trainer-profile"
    record = {
        "Path": "/", "InstanceProfileName": "trainer-profile", "Arn": profile, "CreateDate": THEN,
        "InstanceProfileId": _ident("AIPA", "trainer"), "Roles": [],
    }  # fmt: skip
    arn = account.role("trainer", trust("ec2"), document(allow("s3:GetObject")),
                       InstanceProfileList=[record])  # fmt: skip
    assert edges(read(), profile).keys() == {("runs_as", arn)}


def test_who_may_call_services_of_ai_that_are_ready_to_use_is_told(
    account: Account, read: Read
) -> None:
    arn = account.user("ada", document(allow(["rekognition:*", "textract:*", "q:SendMessage"])))
    bot = f"arn:aws:lex:eu-west-1:{OWN}:bot-alias/BOT/ALIAS"
    other = account.user("bob", document(allow("lex:RecognizeText", bot)))
    items = read()
    assert edges(items, arn).keys() == {
        ("calls", "provider:aws_ai_services"), ("calls", "provider:amazon_q"),
    }  # fmt: skip
    assert edges(items, other).keys() == {("calls", f"arn:aws:lex:eu-west-1:{OWN}:bot/BOT")}


def test_a_bucket_of_a_partner_is_reached_if_it_is_the_partners(
    account: Account, read: Read
) -> None:
    condition = {"StringEquals": {"aws:ResourceAccount": "999988887777"}}
    arn = account.role(
        "reader", trust("lambda"),
        document(allow("s3:GetObject", "arn:aws:s3:::partner-data/*", Condition=condition)),
    )  # fmt: skip
    (found,) = edges(read(), arn).items()
    assert found[0] == ("reads_from", "arn:aws:s3:::partner-data")
    assert "aws:resourceaccount" in repr(found[1]).lower()
