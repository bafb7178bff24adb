"""Keys and what tells of an intent: slots whose values are read only where it is wanted, ways from
a network to AI, licences. The detector is the real one; no value is ever in what is kept."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from connectors.aws import CONNECTOR, TYPES
from scanner.kit.permissions import aws_policy
from scanner.model.coverage import Outcome
from scanner.model.errors import UndeclaredOperation
from scanner.rulebook.load import Rulebook
from tests.aws_rig import Fault, Organization, Rig, denied, not_offered, serving
from tests.command import shadow_ai
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan
from tests.connectors.aws.reading import context

SECRET = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:prod/chat-AbCdEf"
PLAIN = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:prod/mails-GhIjKl"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
PARAMETER = f"arn:aws:ssm:{HOME}:{ACCOUNT}:parameter/chat/key"


@pytest.fixture
def key(made_up_key: Callable[[str], str]) -> str:
    return made_up_key("a slot")


@pytest.fixture
def rig(key: str) -> Rig:
    made = Rig(page_size=2)
    Organization.of(1).into(made)
    plant, answer = made.world.plant, made.world.answer
    for name, arn, value in (
        ("prod/chat", SECRET, f'{{"user": "chat", "token": "{key}"}}'),
        ("prod/mails", PLAIN, "not a key of anybody's AI"),
    ):
        plant(ACCOUNT, HOME, "secretsmanager:ListSecrets", "SecretList", {"ARN": arn, "Name": name})
        answer(ACCOUNT, HOME, "secretsmanager:GetSecretValue", {"SecretId": arn},
               {"ARN": arn, "Name": name, "SecretString": value})  # fmt: skip
    plant(ACCOUNT, HOME, "ssm:DescribeParameters", "Parameters",
          {"Name": "/chat/key", "Type": "SecureString"})  # fmt: skip
    answer(ACCOUNT, HOME, "ssm:GetParameter", {"Name": "/chat/key", "WithDecryption": True},
           {"Parameter": {"Name": "/chat/key", "Type": "SecureString", "Value": key}})  # fmt: skip
    return made


def test_values_are_not_asked_for_unless_they_are_wanted(rig: Rig, scan: Scan) -> None:
    done = scan("secretsmanager", "ssm")
    assert {asset.id for asset in done.assets("aws.").values()} >= {SECRET, PLAIN, PARAMETER}
    assert done.credentials() == []
    assert rig.called("secretsmanager:GetSecretValue") == 0
    assert rig.called("ssm:GetParameter") == 0


def test_values_that_are_wanted_go_to_the_detector_alone(rig: Rig, scan: Scan, key: str) -> None:
    done = scan("secretsmanager", "ssm", read_values=True)
    assert {credential.issuer for credential in done.credentials()} == {"anthropic"}
    (ident,) = {credential.id for credential in done.credentials()}  # one key in two slots
    assert {(ident, "stored_in", SECRET), (ident, "stored_in", PARAMETER)} <= done.edges()
    assert done.under(SECRET).keys() == {"#ai/anthropic"}
    assert done.under(PLAIN) == {}
    kept = done.text()
    assert key not in kept
    assert "not a key of anybody" not in kept
    statuses = {name: row.status for name, row in done.rows.items()}
    assert statuses.pop("aws:configuration") is Outcome.LEFT_OUT
    assert set(statuses.values()) == {Outcome.COMPLETE}
    assert rig.rejected == rig.wrong == []


def test_a_value_that_is_refused_is_a_gap(rig: Rig, scan: Scan) -> None:
    rig.strike("secretsmanager:GetSecretValue", denied())
    done = scan("secretsmanager", read_values=True)
    row = done.rows[f"aws:{ACCOUNT}/{HOME}/secretsmanager"]
    assert row.status is Outcome.PARTIAL
    assert "grant secretsmanager:GetSecretValue" in " ".join(row.gaps)
    assert {asset.id for asset in done.assets("aws.").values()} >= {SECRET, PLAIN}


@pytest.mark.parametrize(
    ("service", "method", "args"),
    [
        ("secretsmanager", "get_secret_value", {"SecretId": SECRET}),
        ("ssm", "get_parameter", {"Name": "/chat/key"}),
        ("ec2", "describe_instance_attribute", {"InstanceId": "i-1", "Attribute": "userData"}),
        ("cloudformation", "get_template", {"StackName": "s"}),
    ],
)
def test_what_takes_a_setting_is_refused_without_it(
    rig: Rig, service: str, method: str, args: dict[str, Any]
) -> None:
    with serving(rig) as url:
        ctx = context(url)
        list(CONNECTOR.shards(ctx))
        kept: Any = ctx.kept("aws", object)
        client = kept.client(service, HOME)
        before = sum(rig.calls.values())
        with pytest.raises(UndeclaredOperation, match=service):
            getattr(client, method)(**args)
        assert sum(rig.calls.values()) == before  # nothing left the process


def test_never_declared_is_what_changes_or_calls_anything() -> None:
    words = ("Put", "Create", "Delete", "Update", "Invoke", "Run", "Send", "Converse")
    names = [operation.id for operation in CONNECTOR.spec.operations]
    assert [name for name in names if name.partition(":")[2].startswith(words)] == []
    # It hands out where the code lies, too.
    (function,) = [one for one in CONNECTOR.spec.operations if one.id == "lambda:GetFunction"]
    assert function.opt_in == ("function_images",)


def _actions(*settings: str) -> set[str]:
    statements: Any = aws_policy(CONNECTOR.spec, settings)["Statement"]
    return {action for statement in statements for action in statement["Action"]}


def test_permissions_grow_with_the_settings() -> None:
    values = {"secretsmanager:GetSecretValue", "ssm:GetParameter"}
    assert values.isdisjoint(_actions())
    assert values <= _actions("read_values")
    assert _actions("read_user_data") - _actions() == {"ec2:DescribeInstanceAttribute"}
    assert _actions("stack_templates") - _actions() == {"cloudformation:GetTemplate"}


def _command(*settings: str) -> subprocess.CompletedProcess[str]:
    more = [word for setting in settings for word in ("--with", setting)]
    return shadow_ai("permissions", "aws", *more)


def test_the_command_prints_what_a_setting_takes() -> None:
    done = _command("read_values", "bucket_weights")
    assert done.returncode == 0, done.stderr
    assert '"secretsmanager:GetSecretValue"' in done.stdout
    assert '"s3:ListBucket"' in done.stdout
    wrong = _command("read_everything")
    assert wrong.returncode == 2
    assert "read_values" in wrong.stderr  # what there is instead


def test_ways_from_a_network_to_ai(rig: Rig, scan: Scan) -> None:
    for number, name in enumerate(("bedrock-runtime", "sagemaker.api", "comprehend", "s3", "sqs")):
        rig.world.plant(ACCOUNT, HOME, "ec2:DescribeVpcEndpoints", "VpcEndpoints", {
            "VpcEndpointId": f"vpce-{number}", "VpcId": "vpc-1", "State": "Available",
            "ServiceName": f"com.amazonaws.{HOME}.{name}", "VpcEndpointType": "Interface",
            "PolicyDocument": '{"Statement": [{"Effect": "Allow", "Action": "*"}]}',
        })  # fmt: skip
    done = scan("network")
    found = {asset.kind: asset for asset in done.assets("aws.").values()}
    providers = {kind: asset.provider for kind, asset in found.items() if "endpoint" in kind}
    assert providers == {
        "aws.bedrock_vpc_endpoint": "aws_bedrock",
        "aws.sagemaker_vpc_endpoint": "aws_sagemaker",
        "aws.ai_vpc_endpoint": "aws_ai_services",
    }
    bedrock = found["aws.bedrock_vpc_endpoint"]
    assert (bedrock.id, "calls", "provider:aws_bedrock") in done.edges()
    assert bedrock.tags["network"] == "vpc-1"


def test_licences_of_models(rig: Rig, scan: Scan) -> None:
    for number, name in enumerate(("Claude Sonnet (Amazon Bedrock Edition)", "A Firewall")):
        rig.world.plant(ACCOUNT, HOME, "license-manager:ListReceivedLicenses", "Licenses", {
            "LicenseArn": f"arn:aws:license-manager::{ACCOUNT}:license:l-{number}",
            "ProductName": name, "Issuer": {"Name": "AWS/Marketplace"}, "Status": "AVAILABLE",
        })  # fmt: skip
    done = scan("licenses")
    assert done.assets("aws.marketplace_license").keys() == {
        "Claude Sonnet (Amazon Bedrock Edition)"
    }


def _agreement(rig: Rig, ident: str, product: str, kind: str) -> None:
    rig.world.plant(ACCOUNT, HOME, "marketplace-agreement:SearchAgreements",
                    "agreementViewSummaries", {
        "agreementId": ident, "status": "ACTIVE", "proposer": {"accountId": "999999999999"},
        "acceptor": {"accountId": ACCOUNT}, "agreementType": "PurchaseAgreement",
        "proposalSummary": {"offerId": "offer-1", "resources": [{"id": product, "type": kind}]},
        "entitlements": [{"licenseArn": f"arn:aws:license-manager::{ACCOUNT}:license:l-{ident}"}],
    })  # fmt: skip


def _product(rig: Rig, product: str, name: str, category: str) -> None:
    rig.world.answer(ACCOUNT, HOME, "marketplace-discovery:GetProduct", {"productId": product}, {
        "productId": product, "productName": name, "shortDescription": "as the name says",
        "manufacturer": {"sellerProfileId": "s", "displayName": "Seller"}, "catalog": "AWS",
        "categories": [{"categoryId": "c", "displayName": category}]})  # fmt: skip


def test_what_was_bought_in_the_marketplace(rig: Rig, scan: Scan) -> None:
    for ident, product, kind, name, category in (
        ("agmt-1", "prod-1", "SaaSProduct", "Vector search by Pinecone", "Databases"),
        ("agmt-2", "prod-2", "SaaSProduct", "A Firewall", "Security"),
        ("agmt-3", "prod-3", "MachineLearningProduct", "Faces", "Vision"),
        ("agmt-4", "prod-4", "ContainerProduct", "Helper", "Generative AI"),
    ):
        _agreement(rig, ident, product, kind)
        _product(rig, product, name, category)
    done = scan("licenses")
    found = done.assets("aws.marketplace_agreement")
    assert found.keys() == {
        "Vector search by Pinecone (agmt-1)", "Faces (agmt-3)", "Helper (agmt-4)",
    }  # fmt: skip
    asset = found["Faces (agmt-3)"]
    assert asset.tags["seller"] == "Seller"
    licence = f"arn:aws:license-manager::{ACCOUNT}:license:l-agmt-3"
    assert (asset.id, "contains", licence) in done.edges()
    assert rig.rejected == rig.wrong == []


def test_an_agreement_whose_product_may_not_be_read_is_kept(rig: Rig, scan: Scan) -> None:
    _agreement(rig, "agmt-1", "prod-1", "SaaSProduct")
    rig.strike("marketplace-discovery:GetProduct", denied("marketplace-discovery:GetProduct"))
    done = scan("licenses")
    assert len(done.assets("aws.marketplace_agreement")) == 1
    assert done.rows[f"aws:{ACCOUNT}/global/licenses"].status is Outcome.PARTIAL


def test_an_account_without_licences_is_no_gap(rig: Rig, scan: Scan) -> None:
    said = "Service role not found. Consult setup procedures to create the required role."
    rig.strike("license-manager:*", Fault(code="AccessDeniedException", status=400, message=said))
    row = scan("licenses").rows[f"aws:{ACCOUNT}/global/licenses"]
    assert (row.status, row.gaps) == (Outcome.COMPLETE, ())
    # Where no agreements are to be had either, nothing of it is in use.
    rig.strike("marketplace-agreement:*", not_offered())
    row = scan("licenses").rows[f"aws:{ACCOUNT}/global/licenses"]
    assert row.status is Outcome.NOT_ENABLED


@pytest.fixture
def public_collection(rig: Rig) -> str:
    """Its ARN; beside it one that no policy speaks of, and one that holds no vectors."""
    arn = f"arn:aws:aoss:{HOME}:{ACCOUNT}:collection/"
    kinds = {"vec1": "VECTORSEARCH", "logs": "TIMESERIES", "vec2": "VECTORSEARCH"}
    told = {
        ident: {"id": ident, "name": f"name-{ident}", "status": "ACTIVE", "arn": arn + ident}
        for ident in kinds
    }
    plant, answer = rig.world.plant, rig.world.answer
    plant(ACCOUNT, HOME, "opensearchserverless:ListCollections", "collectionSummaries",
          *told.values())  # fmt: skip
    rig.world.handle(
        "opensearchserverless:BatchGetCollection",
        lambda asked: {
            "collectionDetails": [{**told[i], "type": kinds[i]} for i in asked.params["ids"]]
        },
    )
    resource = ["collection/name-vec1"]
    network = {"name": "open", "type": "network", "policy": [{"AllowFromPublic": True}]}
    plant(ACCOUNT, HOME, "opensearchserverless:ListSecurityPolicies", "securityPolicySummaries",
          {"name": "open", "type": "network"},
          where={"type": "network", "resource": resource})  # fmt: skip
    answer(ACCOUNT, HOME, "opensearchserverless:GetSecurityPolicy",
           {"type": "network", "name": "open"}, {"securityPolicyDetail": network})  # fmt: skip
    data = {"name": "readers", "type": "data", "policy": [{"Principal": [READER]}]}
    plant(ACCOUNT, HOME, "opensearchserverless:ListAccessPolicies", "accessPolicySummaries",
          {"name": "readers", "type": "data"},
          where={"type": "data", "resource": resource})  # fmt: skip
    answer(ACCOUNT, HOME, "opensearchserverless:GetAccessPolicy",
           {"type": "data", "name": "readers"}, {"accessPolicyDetail": data})  # fmt: skip
    return arn + "vec1"


def test_from_where_vectors_can_be_reached(rig: Rig, scan: Scan, public_collection: str) -> None:
    done = scan("stores")
    found = done.assets("aws.opensearch_serverless_collection")
    assert found.keys() == {"name-vec1", "name-vec2"}
    assert found["name-vec1"].exposure == ("public",)
    assert found["name-vec2"].exposure == ()
    assert (public_collection, "used_by", READER) in done.edges()
    assert rig.rejected == rig.wrong == []


def test_a_key_in_a_slot_of_secrets_is_where_it_belongs(rulebook: Rulebook) -> None:
    (policy,) = [one for one in rulebook.policies if one.id == "SAI-091"]
    globs = policy.when.stored_in
    plain = {
        kind.kind
        for kind in TYPES
        if kind.environment or kind.settings or (kind.documents and not kind.is_name_examined)
    }
    slots = {kind.kind for kind in TYPES if any(one.is_value for one in kind.documents)}
    assert len(slots) == 2
    assert {kind for kind in plain if not any(fnmatchcase(kind, glob) for glob in globs)} == set()
    assert {kind for kind in slots if any(fnmatchcase(kind, glob) for glob in globs)} == set()
