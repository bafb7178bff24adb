"""What policies allow: cases from AWS's documentation, and thousands at random against a second,
naive evaluator."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from connectors.aws.iam.account import Directory, read
from connectors.aws.iam.conditions import SOURCE_ONLY
from connectors.aws.iam.evaluate import Term
from connectors.aws.iam.globs import matches, quoted
from connectors.aws.iam.table import Table, load
from tests.connectors.aws.iam_reference import decide

OWN, OTHER = "111122223333", "999988887777"
TABLE = load("aws")
BUCKET, OBJECT = "arn:aws:s3:::data", "arn:aws:s3:::data/reports/q3.csv"
SECRET = "arn:aws:s3:::data/secret/x"
ORDERS = f"arn:aws:dynamodb:eu-west-1:{OWN}:table/orders"
MODEL = "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
ENDPOINT = f"arn:aws:sagemaker:eu-west-1:{OWN}:endpoint/fraud"
NONE = "*"
Document = dict[str, Any]


def document(*statements: Document, version: str = "2012-10-17") -> Document:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Document:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def but(effect: str, **more: Any) -> Document:
    return {"Effect": effect, **more}


def when(operator: str, key: str, *values: str) -> Document:
    return {"Condition": {operator: {key: list(values)}}}


def answer(terms: list[Term], table: Table, action: str, resource: str) -> str:
    """What the terms say of one action on one resource."""
    best = "deny"
    text = quoted(resource)
    for term in terms:
        if not term.mask >> table.bits[action] & 1 or not _holds(term, text):
            continue
        strikes = any(
            any(matches(one, text) for one in unless.patterns) is not unless.are_not
            for unless in term.unless
        )
        if not term.why and not strikes:
            return "allow"
        best = "depends"
    return best


def _holds(term: Term, text: str) -> bool:
    return (
        not (term.row.thing.flat and "/" in text)
        and matches(term.row.arn, text)
        and matches(term.pattern, text)
        and all(any(matches(one, text) for one in clause) for clause in term.within)
        and not any(matches(one, text) for one in term.minus)
    )


def directory(
    identity: list[Document],
    boundary: Document | None = None,
    *,
    user: bool = False,
    tags: dict[str, str] | None = None,
    groups: dict[str, list[Document]] | None = None,
    trust: Document | None = None,
) -> Directory:
    """An account with one role or user, whose first policy is managed and the others inline."""
    family = "User" if user else "Role"
    path = f"{family.lower()}/someone"
    record: dict[str, Any] = {
        "Arn": f"arn:aws:iam::{OWN}:{path}",
        f"{family}Name": "someone",
        f"{family}Id": "AIDASOMEONE" if user else "AROASOMEONE",
        "Path": "/",
        "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        "AttachedManagedPolicies": [
            {"PolicyName": "managed", "PolicyArn": f"arn:aws:iam::{OWN}:policy/managed"}
        ],
        f"{family}PolicyList": [
            {"PolicyName": f"inline-{number}", "PolicyDocument": one}
            for number, one in enumerate(identity[1:])
        ],
        "GroupList": list(groups or {}),
    }
    if boundary is not None:
        record["PermissionsBoundary"] = {
            "PermissionsBoundaryArn": f"arn:aws:iam::{OWN}:policy/boundary"
        }
    if not user:
        record["AssumeRolePolicyDocument"] = trust or document()
    page = {
        f"{family}DetailList": [record],
        "GroupDetailList": [
            {
                "GroupName": name,
                "Arn": f"arn:aws:iam::{OWN}:group/{name}",
                "GroupPolicyList": [
                    {"PolicyName": str(number), "PolicyDocument": one}
                    for number, one in enumerate(several)
                ],
            }
            for name, several in (groups or {}).items()
        ],
        "Policies": [
            _managed("managed", identity[0]),
            *([_managed("boundary", boundary)] if boundary is not None else []),
        ],
    }
    return read([page], OWN, TABLE)


def _managed(name: str, current: Document) -> Document:
    """With an older version that allows everything and counts for nothing."""
    return {
        "Arn": f"arn:aws:iam::{OWN}:policy/{name}",
        "PolicyName": name,
        "DefaultVersionId": "v2",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": False, "Document": document(allow("*"))},
            {"VersionId": "v2", "IsDefaultVersion": True, "Document": current},
        ],
    }


def asked(found: Directory, action: str, resource: str) -> str:
    (one,) = found.principals
    return answer(found.reach(one), TABLE, action, resource)


_TAGGING = document(
    {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"AWS": OWN}}
)

CASES = [
    # --- what allows ---
    ("nothing is allowed by default", [document()], "s3:GetObject", OBJECT, "deny"),
    ("allow", [document(allow())], "s3:GetObject", OBJECT, "allow"),
    ("of another action", [document(allow())], "s3:PutObject", OBJECT, "deny"),
    ("of a list", [document(allow(["s3:PutObject", "s3:GetObject"]))], "s3:GetObject", OBJECT,
     "allow"),
    ("one statement without a list", [{"Version": "2012-10-17", "Statement": allow()}],
     "s3:GetObject", OBJECT, "allow"),
    ("inline besides managed", [document(), document(allow())], "s3:GetObject", OBJECT, "allow"),
    ("an action's case says nothing", [document(allow("S3:gEToBJECT"))], "s3:GetObject", OBJECT,
     "allow"),
    ("a star in an action", [document(allow("s3:Get*"))], "s3:GetObject", OBJECT, "allow"),
    ("a question mark in an action", [document(allow("s3:?etObject"))], "s3:GetObject", OBJECT,
     "allow"),
    ("a question mark is one character", [document(allow("s3:GetObjec?t"))], "s3:GetObject",
     OBJECT, "deny"),
    ("a whole service", [document(allow("s3:*"))], "s3:PutObject", OBJECT, "allow"),
    ("everything", [document(allow("*"))], "s3:PutObject", OBJECT, "allow"),
    ("a prefix of another service", [document(allow("s3*:*"))], "s3express:CreateSession",
     f"arn:aws:s3express:eu-west-1:{OWN}:bucket/b--euw1-az1--x-s3", "allow"),
    # --- resources ---
    ("exact", [document(allow(resource=OBJECT))], "s3:GetObject", OBJECT, "allow"),
    ("another", [document(allow(resource=OBJECT + "x"))], "s3:GetObject", OBJECT, "deny"),
    ("a resource's case says much", [document(allow(resource=OBJECT.upper()))], "s3:GetObject",
     OBJECT, "deny"),
    ("a bucket is not its objects", [document(allow(resource=BUCKET))], "s3:GetObject", OBJECT,
     "deny"),
    ("objects are not the bucket", [document(allow("s3:ListBucket", BUCKET + "/*"))],
     "s3:ListBucket", BUCKET, "deny"),
    ("a star over slashes", [document(allow(resource=BUCKET + "/*"))], "s3:GetObject", OBJECT,
     "allow"),
    ("a star amid a name", [document(allow(resource="arn:aws:s3:::d*a/rep*.csv"))],
     "s3:GetObject", OBJECT, "allow"),
    ("a question mark", [document(allow(resource="arn:aws:s3:::dat?/*"))], "s3:GetObject", OBJECT,
     "allow"),
    ("a star for the partition", [document(allow(resource="arn:*:s3:::data/*"))], "s3:GetObject",
     OBJECT, "allow"),
    ("another partition", [document(allow(resource="arn:aws-cn:s3:::data/*"))], "s3:GetObject",
     OBJECT, "deny"),
    ("a star for region and account", [document(allow("dynamodb:Query",
     "arn:aws:dynamodb:*:*:table/orders"))], "dynamodb:Query", ORDERS, "allow"),
    ("another region", [document(allow("dynamodb:Query",
     f"arn:aws:dynamodb:us-*:{OWN}:table/orders"))], "dynamodb:Query", ORDERS, "deny"),
    ("another account", [document(allow("dynamodb:Query",
     f"arn:aws:dynamodb:*:{OTHER}:table/*"))], "dynamodb:Query", ORDERS, "deny"),
    ("a star over colons", [document(allow("dynamodb:Query", "arn:aws:dynamodb:*"))],
     "dynamodb:Query", ORDERS, "allow"),
    ("an index of a table", [document(allow("dynamodb:Query", ORDERS + "/index/*"))],
     "dynamodb:Query", ORDERS + "/index/by-day", "allow"),
    ("a table is not its index", [document(allow("dynamodb:Query", ORDERS))], "dynamodb:Query",
     ORDERS + "/index/by-day", "deny"),
    ("an action without resources by a star", [document(allow("bedrock:CreateAgent"))],
     "bedrock:CreateAgent", NONE, "allow"),
    ("an action without resources by an ARN", [document(allow("bedrock:CreateAgent",
     f"arn:aws:bedrock:*:{OWN}:agent/*"))], "bedrock:CreateAgent", NONE, "deny"),
    ("a model", [document(allow("bedrock:InvokeModel",
     "arn:aws:bedrock:*::foundation-model/anthropic.*"))], "bedrock:InvokeModel", MODEL, "allow"),
    ("another model", [document(allow("bedrock:InvokeModel",
     "arn:aws:bedrock:*::foundation-model/amazon.*"))], "bedrock:InvokeModel", MODEL, "deny"),
    ("an endpoint", [document(allow("sagemaker:InvokeEndpoint", ENDPOINT))],
     "sagemaker:InvokeEndpoint", ENDPOINT, "allow"),
    # --- explicit denials ---
    ("a denial wins", [document(allow("*"), deny("s3:*"))], "s3:GetObject", OBJECT, "deny"),
    ("a denial wins, whichever comes first", [document(deny("s3:*"), allow("*"))], "s3:GetObject",
     OBJECT, "deny"),
    ("a denial in another policy", [document(allow("*")), document(deny("s3:Get*"))],
     "s3:GetObject", OBJECT, "deny"),
    ("a denial of another action", [document(allow("*"), deny("s3:Put*"))], "s3:GetObject", OBJECT,
     "allow"),
    ("a denial of a part, inside", [document(allow("*"), deny("s3:*", BUCKET + "/secret/*"))],
     "s3:GetObject", SECRET, "deny"),
    ("a denial of a part, outside", [document(allow("*"), deny("s3:*", BUCKET + "/secret/*"))],
     "s3:GetObject", OBJECT, "allow"),
    ("a denial of all buckets", [document(allow("*"), deny("*", "arn:aws:s3:::*"))],
     "s3:GetObject", OBJECT, "deny"),
    # --- NotAction, NotResource ---
    ("all but", [document(but("Allow", NotAction="iam:*", Resource="*"))], "s3:GetObject", OBJECT,
     "allow"),
    ("all but this", [document(but("Allow", NotAction=["s3:Get*", "iam:*"], Resource="*"))],
     "s3:GetObject", OBJECT, "deny"),
    ("deny all but", [document(allow("*"), but("Deny", NotAction="dynamodb:*", Resource="*"))],
     "s3:GetObject", OBJECT, "deny"),
    ("deny all but this", [document(allow("*"), but("Deny", NotAction="s3:*", Resource="*"))],
     "s3:GetObject", OBJECT, "allow"),
    ("everywhere but", [document(but("Allow", Action="s3:*", NotResource=SECRET))],
     "s3:GetObject", OBJECT, "allow"),
    ("everywhere but here", [document(but("Allow", Action="s3:*", NotResource=SECRET))],
     "s3:GetObject", SECRET, "deny"),
    ("deny everywhere but", [document(allow("*"), but("Deny", Action="s3:*",
     NotResource=BUCKET + "/reports/*"))], "s3:GetObject", SECRET, "deny"),
    ("deny everywhere but here", [document(allow("*"), but("Deny", Action="s3:*",
     NotResource=BUCKET + "/reports/*"))], "s3:GetObject", OBJECT, "allow"),
    # --- conditions ---
    ("known and true", [document(allow(**when("StringEquals", "aws:PrincipalAccount", OWN)))],
     "s3:GetObject", OBJECT, "allow"),
    ("known and false", [document(allow(**when("StringEquals", "aws:PrincipalAccount", OTHER)))],
     "s3:GetObject", OBJECT, "deny"),
    ("one of several values", [document(allow(**when("StringEquals", "aws:PrincipalAccount", OTHER,
     OWN)))], "s3:GetObject", OBJECT, "allow"),
    ("a key's case says nothing", [document(allow(**when("StringEquals", "AWS:principalACCOUNT",
     OWN)))], "s3:GetObject", OBJECT, "allow"),
    ("of the request", [document(allow(**when("IpAddress", "aws:SourceIp", "192.0.2.0/24")))],
     "s3:GetObject", OBJECT, "depends"),
    ("of the request and false beside it", [document(allow(Condition={
        "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
        "StringEquals": {"aws:PrincipalAccount": OTHER}}))], "s3:GetObject", OBJECT, "deny"),
    ("of the request, and allowed anyway", [document(allow(**when("IpAddress", "aws:SourceIp",
     "192.0.2.0/24")), allow())], "s3:GetObject", OBJECT, "allow"),
    ("a denial by the request", [document(allow(), deny(**when("NotIpAddress", "aws:SourceIp",
     "192.0.2.0/24")))], "s3:GetObject", OBJECT, "depends"),
    ("a denial that is known not to hold", [document(allow(), deny(**when("Bool",
     "aws:SecureTransport", "false")))], "s3:GetObject", OBJECT, "allow"),
    ("a denial that holds", [document(allow(), deny(**when("StringNotEquals",
     "aws:PrincipalAccount", OTHER)))], "s3:GetObject", OBJECT, "deny"),
    ("absent and wanted", [document(allow(**when("StringEquals", "aws:SourceAccount", OWN)))],
     "s3:GetObject", OBJECT, "deny"),
    ("absent and not wanted", [document(allow(**when("StringNotEquals", "aws:SourceAccount",
     OTHER)))], "s3:GetObject", OBJECT, "allow"),
    ("absent, if it exists", [document(allow(**when("StringEqualsIfExists", "aws:SourceAccount",
     OTHER)))], "s3:GetObject", OBJECT, "allow"),
    ("absent, and asked whether", [document(allow(**when("Null", "aws:SourceAccount", "true")))],
     "s3:GetObject", OBJECT, "allow"),
    ("any of none", [document(allow(**when("ForAnyValue:StringEquals", "aws:SourceOrgPaths",
     "o/x")))], "s3:GetObject", OBJECT, "deny"),
    ("all of none", [document(allow(**when("ForAllValues:StringEquals", "aws:SourceOrgPaths",
     "o/x")))], "s3:GetObject", OBJECT, "allow"),
    ("the resource's account is its own", [document(allow("dynamodb:Query", "*",
     **when("StringEquals", "aws:ResourceAccount", OWN)))], "dynamodb:Query", ORDERS, "allow"),
    ("the resource's account is another", [document(allow("dynamodb:Query",
     f"arn:aws:dynamodb:*:{OTHER}:table/*", **when("StringEquals", "aws:ResourceAccount", OWN)))],
     "dynamodb:Query", ORDERS.replace(OWN, OTHER), "deny"),
    ("a denial for other accounts", [document(allow("dynamodb:*"), deny(
        **when("StringNotEquals", "aws:ResourceAccount", OWN)))], "dynamodb:Query", ORDERS,
     "allow"),
    ("an ARN by its segments", [document(allow(**when("ArnLike", "aws:PrincipalArn",
     f"arn:aws:iam::{OWN}:role/some*")))], "s3:GetObject", OBJECT, "allow"),
    ("an ARN whose star would have to leave its segment", [document(allow(**when("ArnLike",
     "aws:PrincipalArn", "arn:aws:iam*:role/someone")))], "s3:GetObject", OBJECT, "deny"),
    ("an operator that nobody knows", [document(allow(**when("StringFeels",
     "aws:PrincipalAccount", OWN)))], "s3:GetObject", OBJECT, "depends"),
    # --- variables ---
    ("who asks depends", [document(allow(resource="arn:aws:s3:::data/${aws:userid}/*"))],
     "s3:GetObject", OBJECT, "depends"),
    ("a role has no user name", [document(allow(resource="arn:aws:s3:::${aws:username}/*"))],
     "s3:GetObject", OBJECT, "deny"),
    ("a value instead", [document(allow(resource="arn:aws:s3:::${aws:username, 'data'}/*"))],
     "s3:GetObject", OBJECT, "allow"),
    ("a star that is one", [document(allow(resource="arn:aws:s3:::data/${*}"))], "s3:GetObject",
     OBJECT, "deny"),
    ("that very star", [document(allow(resource="arn:aws:s3:::data/${*}"))], "s3:GetObject",
     "arn:aws:s3:::data/*", "allow"),
    ("old documents have none", [document(allow(resource="arn:aws:s3:::data/${*}"),
     version="2008-10-17")], "s3:GetObject", "arn:aws:s3:::data/${x}", "allow"),
    ("a denial whose place depends", [document(allow(), deny("s3:*",
     "arn:aws:s3:::${aws:userid}/*"))], "s3:GetObject", OBJECT, "depends"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("identity", "action", "resource", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_policies_allow(
    identity: list[Document], action: str, resource: str, expected: str
) -> None:
    assert asked(directory(identity), action, resource) == expected


ABOVE = document(allow("s3:*", BUCKET + "/*"), deny("s3:PutObject"))


@pytest.mark.parametrize(
    ("boundary", "action", "resource", "expected"),
    [
        (ABOVE, "s3:GetObject", OBJECT, "allow"),
        (ABOVE, "s3:GetObject", "arn:aws:s3:::other/x", "deny"),
        (ABOVE, "dynamodb:Query", ORDERS, "deny"),
        (ABOVE, "s3:PutObject", OBJECT, "deny"),
        (document(allow("*")), "s3:GetObject", OBJECT, "allow"),
        (document(), "s3:GetObject", OBJECT, "deny"),
        (document(but("Allow", NotAction="s3:*", Resource="*")), "s3:GetObject", OBJECT, "deny"),
        (document(but("Allow", Action="*", NotResource=SECRET)), "s3:GetObject", SECRET, "deny"),
        (document(but("Allow", Action="*", NotResource=SECRET)), "s3:GetObject", OBJECT, "allow"),
        (document(allow("*", **when("StringEquals", "aws:RequestedRegion", "eu-west-1"))),
         "s3:GetObject", OBJECT, "depends"),
        (document(allow("*", "arn:aws:s3:::${aws:userid}/*")), "s3:GetObject", OBJECT, "depends"),
    ],
)  # fmt: skip
def test_a_boundary_takes_away_and_never_gives(
    boundary: Document, action: str, resource: str, expected: str
) -> None:
    everything = [document(allow(["s3:*", "dynamodb:*"]))]
    assert asked(directory(everything, boundary), action, resource) == expected
    assert asked(directory([document()], boundary), action, resource) == "deny"


def test_a_user_has_what_its_groups_have() -> None:
    groups = {"readers": [document(allow())], "careful": [document(deny("s3:*", SECRET))]}
    found = directory([document()], user=True, groups=groups)
    assert asked(found, "s3:GetObject", OBJECT) == "allow"
    assert asked(found, "s3:GetObject", SECRET) == "deny"


def test_a_users_own_values_are_known() -> None:
    home = document(
        allow(resource="arn:aws:s3:::home/${aws:username}/*"),
        allow("dynamodb:Query", "arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}"),
        allow("dynamodb:Scan", "*", **when("StringEquals", "aws:PrincipalTag/Team", "risk")),
        allow("dynamodb:GetItem", "*", **when("StringEquals", "aws:PrincipalTag/absent", "x")),
    )
    found = directory([home], user=True, tags={"team": "risk"})
    assert asked(found, "s3:GetObject", "arn:aws:s3:::home/someone/x") == "allow"
    assert asked(found, "s3:GetObject", "arn:aws:s3:::home/else/x") == "deny"
    table = f"arn:aws:dynamodb:eu-west-1:{OWN}:table/risk"
    assert asked(found, "dynamodb:Query", table) == "allow"
    assert asked(found, "dynamodb:Query", table + "y") == "deny"
    assert asked(found, "dynamodb:Scan", table) == "allow"
    assert asked(found, "dynamodb:GetItem", table) == "deny"


def test_a_roles_tags_may_be_replaced_by_those_of_a_session() -> None:
    of_team = [document(allow(**when("StringEquals", "aws:PrincipalTag/team", "risk")))]
    assert asked(directory(of_team, tags={"team": "risk"}), "s3:GetObject", OBJECT) == "allow"
    tagged = directory(of_team, tags={"team": "risk"}, trust=_TAGGING)
    assert asked(tagged, "s3:GetObject", OBJECT) == "depends"


def test_what_is_known_of_a_user_is_not_taken_for_a_pattern() -> None:
    """Whoever may tag may write a star."""
    home = document(allow(resource="arn:aws:s3:::home/${aws:PrincipalTag/team}/*"))
    found = directory([home], user=True, tags={"team": "*"})
    assert asked(found, "s3:GetObject", "arn:aws:s3:::home/else/x") == "deny"
    assert asked(found, "s3:GetObject", "arn:aws:s3:::home/*/x") == "allow"


def test_of_a_boundary_that_was_not_told_nothing_is_claimed() -> None:
    found = directory([document(allow("*"))])
    found.principals[0].knows_boundary = False
    assert found.reach(found.principals[0]) == []
    assert found.everything(found.principals[0]) is None


# --- AWS's own ---------------------------------------------------------------------------------

_AWS_OWN = {
    name: record["Document"] for name, record in json.loads(aws_managed_policies_data).items()
}
"""As the AWS emulator carries them."""
_ASKED = [
    *((f"s3:{name}", one) for name in ("GetObject", "PutObject") for one in
      (OBJECT, "arn:aws:s3:::aws-glue-x/y", "arn:aws:s3:::sagemaker-eu-west-1/x")),
    ("s3:ListBucket", BUCKET),
    ("dynamodb:Query", ORDERS),
    ("bedrock:InvokeModel", MODEL),
    ("bedrock:CreateAgent", NONE),
    ("sagemaker:InvokeEndpoint", ENDPOINT),
    ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{OWN}:key/1"),
    ("secretsmanager:GetSecretValue",
     f"arn:aws:secretsmanager:eu-west-1:{OWN}:secret:AmazonSageMaker-x-abcdef"),
    ("ssm:GetParameter", f"arn:aws:ssm:eu-west-1:{OWN}:parameter/x"),
]  # fmt: skip


def test_every_policy_of_aws_is_understood() -> None:
    """No bound is met by a policy of AWS, and what is allowed by it is what the naive way says."""
    facts: dict[str, str | None] = {
        "aws:principalaccount": OWN,
        "aws:principalarn": f"arn:aws:iam::{OWN}:role/someone",
        "aws:principalisawsservice": "false",
        "aws:principaltype": "AssumedRole",
        "aws:securetransport": "true",
        "aws:username": None,
        **dict.fromkeys(SOURCE_ONLY),
    }
    assert len(_AWS_OWN) > 1_000
    answers: Counter[str] = Counter()
    for name, one in _AWS_OWN.items():
        listed = one["Statement"]
        plain = {**one, "Statement": listed if isinstance(listed, list) else [listed]}
        found = directory([plain], trust=_TAGGING)
        assert found.gaps == [], name
        terms = found.reach(found.principals[0])
        for action, resource in _ASKED:
            expected = decide([plain], None, facts, action, resource)
            assert answer(terms, TABLE, action, resource) == expected, (name, action, resource)
            answers[expected] += 1
    assert min(answers.values()) > 20, "each of the three answers is given"


# --- At random --------------------------------------------------------------------------------

_ACTIONS = st.lists(
    st.sampled_from(
        ["*", "s3:*", "s3:GetObject", "s3:Get*", "S3:putobject", "s3:?etObject", "s3:ListBucket",
         "dynamodb:*", "dynamodb:Query", "s3:GetObjectVersion", "iam:*", "*:Q*"]
    ),
    min_size=1,
    max_size=2,
)  # fmt: skip
_S3_TAILS = st.text("ab*?/", min_size=1, max_size=5).map("arn:aws:s3:::{}".format)
_RESOURCES = st.lists(
    st.one_of(
        _S3_TAILS,
        st.sampled_from(
            ["*", "arn:aws:s3:::*", "arn:*:s3:::*/a", "arn:aws:s3:::a/*", "arn:aws:s3:::*a/*",
             "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::${aws:userid}/a",
             "arn:aws:s3:::${aws:principaltag/t}*", "arn:aws:*",
             f"arn:aws:dynamodb:*:{OWN}:table/*", "arn:aws:dynamodb:*:*:table/a*",
             f"arn:aws:dynamodb:eu-west-1:{OTHER}:table/?", "arn:aws:dynamodb:*a"]
        ),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip
_CONDITIONS = st.sampled_from(
    [
        None, None, None,
        {"StringEquals": {"aws:PrincipalAccount": OWN}},
        {"StringNotEquals": {"aws:PrincipalAccount": OWN}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringNotEquals": {"aws:ResourceAccount": OWN}},
        {"StringEquals": {"aws:ResourceAccount": [OWN, "x"]}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": OTHER}},
        {"StringLike": {"aws:username": "b*"}, "StringEquals": {"aws:RequestedRegion": "x"}},
        {"Null": {"aws:SourceArn": "true"}},
    ]
)  # fmt: skip


@st.composite
def _statements(draw: st.DrawFn) -> Document:
    action = draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    made = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(_ACTIONS),
        resource: draw(_RESOURCES),
    }
    condition = draw(_CONDITIONS)
    return {**made, "Condition": condition} if condition else made


_DOCUMENTS = st.builds(
    lambda found, version: document(*found, version=version),
    st.lists(_statements(), min_size=1, max_size=4),
    st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
)
_BUCKETS = ["a", "b", "ab", "ba"]
_OBJECTS = [f"{bucket}/{key}" for bucket in _BUCKETS for key in ("a", "b", "ab", "a/b", "someone")]
_TABLES = [
    f"arn:aws:dynamodb:{region}:{account}:table/{name}"
    for region in ("eu-west-1", "us-east-1")
    for account in (OWN, OTHER)
    for name in ("a", "ab", "b")
]
_REQUESTS = [
    *((action, f"arn:aws:s3:::{one}") for one in (*_OBJECTS, "someone/a", "t1/a")
      for action in ("s3:GetObject", "s3:PutObject", "s3:GetObjectVersion")),
    *(("s3:ListBucket", f"arn:aws:s3:::{one}") for one in (*_BUCKETS, "t1")),
    *((action, one) for one in _TABLES for action in ("dynamodb:Query", "dynamodb:PutItem")),
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_DOCUMENTS, min_size=1, max_size=3),
    st.one_of(st.none(), _DOCUMENTS),
    st.booleans(),
)
def test_whatever_the_policies_the_naive_way_says_the_same(
    identity: list[Document], boundary: Document | None, user: bool
) -> None:
    facts: dict[str, str | None] = {
        "aws:principalaccount": OWN,
        "aws:username": "someone" if user else None,
        "aws:principaltag/t": "t1",
        "aws:securetransport": "true",
        "aws:sourceaccount": None,
        "aws:sourcearn": None,
    }
    if user:
        facts["aws:userid"] = "AIDASOMEONE"
    found = directory(identity, boundary, user=user, tags={"t": "t1"})
    assert found.gaps == []
    terms = found.reach(found.principals[0])
    asks_account = "aws:ResourceAccount" in repr((identity, boundary))
    for action, resource in _REQUESTS:
        if asks_account and OTHER in resource:
            continue  # what names no account is judged as the principal's own
        expected = decide(identity, boundary, facts, action, resource)
        assert answer(terms, TABLE, action, resource) == expected, (action, resource, terms)
