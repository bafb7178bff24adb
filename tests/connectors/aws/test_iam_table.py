"""The table of things and actions: true to AWS's own names, and what its patterns are called."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import botocore.session
import pytest

from connectors.aws.activity.services import SERVICES
from connectors.aws.iam.documents import Statement
from connectors.aws.iam.evaluate import compiled, reach
from connectors.aws.iam.places import gathered
from connectors.aws.iam.table import load

OWN, OTHER = "111122223333", "999988887777"
TABLE = load("aws")
_WITHOUT_OPERATION = {
    "s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:ListBucket", "s3:ListBucketVersions",
    "s3express:CreateSession", "s3tables:GetTableData", "s3tables:PutTableData",
    "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate",
    "dynamodb:PartiQLDelete",
    "rds-db:connect", "aoss:APIAccessAll", "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut",
    "es:ESHttpPatch", "es:ESHttpDelete", "neptune-graph:ReadDataViaQuery",
    "neptune-graph:WriteDataViaQuery", "neptune-graph:DeleteDataViaQuery",
    "bedrock:CallWithBearerToken", "bedrock-mantle:CreateInference",
    "bedrock-agentcore:InvokeGateway", "q:SendMessage", "q:StartConversation",
    "aws-external-anthropic:CreateAgent", "aws-external-anthropic:CreateBatchInference",
    "aws-external-anthropic:CreateInference", "bedrock-agentcore:InvokeAgentRuntimeForUser",
    "bedrock-agentcore:InvokeAgentRuntimeWithWebSocketStream", "bedrock-mantle:CreateFineTuningJob",
    "bedrock:RenderPrompt", "codewhisperer:GenerateRecommendations", "q:GenerateCodeFromCommands",
    "q:GenerateCodeRecommendations", "transcribe:StartMedicalStreamTranscriptionWebSocket",
    "transcribe:StartStreamTranscriptionWebSocket", "transcribe:StartStreamTranscription",
    "transcribe:StartMedicalStreamTranscription",
}  # fmt: skip
"""Actions that are a permission and no call of their own (Service Authorization Reference)."""


@cache
def _operations() -> dict[str, set[str]]:
    """Prefix of IAM -> operations that botocore knows of."""
    session = botocore.session.get_session()
    found: dict[str, set[str]] = defaultdict(set)
    wanted = {name.partition(":")[0] for name in TABLE.actions}
    for service in session.get_available_services():
        model = session.get_service_model(service)
        prefix = str(model.signing_name)
        if prefix in wanted or service in wanted:
            found[prefix if prefix in wanted else service] |= set(model.operation_names)
    return found


@pytest.mark.parametrize("action", sorted(set(TABLE.actions) - _WITHOUT_OPERATION))
def test_an_action_is_an_operation_of_its_service(action: str) -> None:
    prefix, _, name = action.partition(":")
    assert name in _operations()[prefix]


def test_what_has_no_operation_is_in_the_table() -> None:
    assert set(TABLE.actions) >= _WITHOUT_OPERATION


_NO_ACTION = {
    "bedrock:Converse", "bedrock:ConverseStream", "bedrock:StartAsyncInvoke",
    "bedrock:InvokeModelWithBidirectionalStream", "bedrock:CountTokens",
    "bedrock:RetrieveAndGenerateStream", "bedrock-agentcore:CreateEvent",
    "bedrock-agentcore:GetResourceApiKey", "bedrock-agentcore:GetResourceOauth2Token",
    "bedrock-agentcore:RetrieveMemoryRecords",
}  # fmt: skip
"""Use that IAM knows under another action (InvokeModel, RetrieveAndGenerate), that calls no model
(CountTokens), or that an agent does for itself."""


def test_what_logs_count_as_use_somebody_is_told_who_may_do() -> None:
    """Of the services whose operations botocore knows: a new way to use AI is red here."""
    operations = _operations()
    missing = {
        f"{prefix}:{name}"
        for source, service in SERVICES.items()
        for prefix in [source.partition(".")[0]]
        for name in operations.get(prefix, ())
        if name.startswith(service.uses)
    }
    assert missing - set(TABLE.actions) == _NO_ACTION


def test_every_thing_says_where_it_stands() -> None:
    for row in TABLE.rows:
        thing = row.thing
        assert thing.reference.startswith("https://docs.aws.amazon.com/")
        assert thing.provider or thing.exact or set(thing.access) == {"decrypt"}, thing.id
        assert not ({"call", "create"} & set(thing.access)) or thing.provider, thing.id
        assert row.arn.startswith("arn:aws:") or thing.arns == ("none",)
    for service in (*TABLE.trusted,):
        assert "amazonaws" not in service


def _named(action: str, pattern: str) -> list[tuple[str, str, str, bool]]:
    """(id, name, part, is one) of what a pattern stands for."""
    one = Statement(True, (action.lower(),), False, (pattern,), False, ())
    facts = {"aws:principalaccount": (OWN,)}
    terms = reach([compiled("p", [one], TABLE)], None, facts, TABLE)
    found = gathered(terms, OWN, TABLE).values()
    return [(r.node.id, r.node.name, ", ".join(r.within), r.node.is_one) for r in found]


ANY = f"aws:{OWN}/any-"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{OWN}:secret:a/b"


@pytest.mark.parametrize(
    ("action", "pattern", "ident", "name", "part"),
    [
        ("s3:GetObject", "*", f"{ANY}s3-bucket", "every S3 bucket that allows it", ""),
        ("s3:GetObject", "arn:aws:s3:::*", f"{ANY}s3-bucket", "every S3 bucket that allows it",
         ""),
        ("s3:GetObject", "arn:aws:s3:::*/logs/*", f"{ANY}s3-bucket",
         "every S3 bucket that allows it", "logs/*"),
        ("s3:GetObject", "arn:aws:s3:::b/*", "arn:aws:s3:::b", "b", ""),
        ("s3:GetObject", "arn:aws:s3:::b/x/*", "arn:aws:s3:::b", "b", "x/*"),
        ("s3:GetObject", "arn:aws:s3:::b/at=10:00/*", "arn:aws:s3:::b", "b", "at=10:00/*"),
        ("s3:GetObject", "arn:*:s3:::b/*", "arn:aws:s3:::b", "b", ""),
        ("s3:GetObject", "arn:aws:s3:::b*", f"{ANY}s3-bucket/b*",
         "every S3 bucket named b* that allows it", ""),
        ("s3:ListBucket", "arn:aws:s3:::b", "arn:aws:s3:::b", "b", ""),
        ("s3:GetObject", f"arn:aws:s3:eu-west-1:{OWN}:accesspoint/ap/object/*",
         f"arn:aws:s3:eu-west-1:{OWN}:accesspoint/ap", "ap", "object/*"),
        ("dynamodb:Query", "arn:aws:dynamodb:*:*:table/orders", f"{ANY}dynamodb-table/orders",
         "every DynamoDB table named orders that allows it", ""),
        ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:*:table/orders/index/*",
         f"arn:aws:dynamodb:eu-west-1:{OWN}:table/orders", "orders", "index/*"),
        ("dynamodb:Query", f"arn:aws:dynamodb:eu-west-1:{OTHER}:table/orders",
         f"arn:aws:dynamodb:eu-west-1:{OTHER}:table/orders", "orders", ""),
        ("dynamodb:Query", f"arn:aws:dynamodb:eu-west-1:{OTHER}:table/*",
         f"{ANY}dynamodb-table/{OTHER}/eu-west-1",
         f"every DynamoDB table in eu-west-1 of account {OTHER} that allows it", ""),
        ("dynamodb:Query", "arn:aws:dynamodb:*", f"{ANY}dynamodb-table",
         "every DynamoDB table that allows it", ""),
        ("secretsmanager:GetSecretValue", SECRET + "-??????",
         f"{ANY}secret/eu-west-1/a/b-??????",
         "every secret named a/b-?????? in eu-west-1 that allows it", ""),
        ("secretsmanager:GetSecretValue", SECRET + "-Ab12Cd",
         SECRET + "-Ab12Cd", "a/b-Ab12Cd", ""),
        ("ssm:GetParameter", f"arn:aws:ssm:eu-west-1:{OWN}:parameter/a/b",
         f"arn:aws:ssm:eu-west-1:{OWN}:parameter/a/b", "a/b", ""),
        ("rds-db:connect", f"arn:aws:rds-db:eu-west-1:{OWN}:dbuser:db-AB/app",
         f"arn:aws:rds-db:eu-west-1:{OWN}:dbuser:db-AB", "db-AB", "app"),
        ("s3vectors:QueryVectors", f"arn:aws:s3vectors:eu-west-1:{OWN}:bucket/v/index/i",
         f"arn:aws:s3vectors:eu-west-1:{OWN}:bucket/v", "v", "index/i"),
        ("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:eu-west-1:{OWN}:endpoint/Fraud",
         f"arn:aws:sagemaker:eu-west-1:{OWN}:endpoint/fraud", "fraud", ""),
        ("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:eu-west-1:{OWN}:endpoint/*",
         "provider:aws_sagemaker", "", ""),
        ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/anthropic.*",
         "provider:aws_bedrock", "", "anthropic.*"),
        ("bedrock:InvokeModel",
         "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
         "provider:aws_bedrock", "", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("bedrock:InvokeAgent", f"arn:aws:bedrock:eu-west-1:{OWN}:agent-alias/A/B",
         f"arn:aws:bedrock:eu-west-1:{OWN}:agent/A", "A", ""),
        ("bedrock:InvokeFlow", f"arn:aws:bedrock:eu-west-1:{OWN}:flow/F/alias/B",
         f"arn:aws:bedrock:eu-west-1:{OWN}:flow/F", "F", "alias/B"),
    ],
)  # fmt: skip
def test_what_a_pattern_stands_for(
    action: str, pattern: str, ident: str, name: str, part: str
) -> None:
    found = set(_named(action, pattern))
    assert found == {(ident, name, part, ident.startswith("arn:"))}


def test_the_partition_is_the_accounts() -> None:
    table = load("aws-cn")
    one = Statement(True, ("s3:getobject",), False, ("arn:*:s3:::b/*",), False, ())
    facts = {"aws:principalaccount": (OWN,)}
    terms = reach([compiled("p", [one], table)], None, facts, table)
    assert {ident for ident, _ in gathered(terms, OWN, table)} == {"arn:aws-cn:s3:::b"}
    elsewhere = Statement(True, ("s3:getobject",), False, ("arn:aws:s3:::b/*",), False, ())
    assert reach([compiled("p", [elsewhere], table)], None, facts, table) == []
