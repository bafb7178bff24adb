"""The tables against botocore's own models: a field that AWS does not have is found here."""

from __future__ import annotations

from typing import Any

import botocore.session
import msgspec
import pytest

from connectors.aws import TYPES, AwsConnector
from scanner.kit.tables import ResourceType, fill, load_types, tags_of, values
from tests.connectors.aws.table_lint import Lint, complaints

_READING = ("List", "Get", "Describe", "BatchGet", "Lookup", "Search")
_NAMED_OTHERWISE = {
    "sts:AssumeRole": "to enter an account",
    "logs:FilterLogEvents": "reads a log, of invocations",
    "cloudtrail:StartQuery": "searches an event data store, and changes nothing",
}
"""What reads and is not called so, and why it is asked."""
_OF_VALUES = (
    "GetSecretValue", "BatchGetSecretValue", "GetParameter", "GetFunction", "GetObject", "Invoke",
    "GetResourceApiKey", "GetResourceOauth2Token", "GetWorkloadAccessToken", "GetSessionToken",
    "GetFederationToken", "GetPasswordData", "GetAuthorizationToken", "GetCredentials",
)  # fmt: skip
"""How operations begin that give a secret's value, a token, or what people have stored."""
_PREFIXES = {
    # Where IAM's prefix is not the name that requests are signed with: the page of the service in
    # https://docs.aws.amazon.com/service-authorization/latest/reference/
    "amp": "aps",
    "apigatewayv2": "apigateway",
    "ce": "ce",
    "cloudwatch": "cloudwatch",
    "connect-contact-lens": "connect",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "frauddetector": "frauddetector",
    "marketplace-agreement": "aws-marketplace",
    "marketplace-discovery": "aws-marketplace",
    "neptune": "rds",
    "resourcegroupstaggingapi": "tag",
    "servicecatalog-appregistry": "servicecatalog",
    "sso-admin": "sso",
}


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.kind)
def test_a_table_is_what_the_vendors_models_say(kind: ResourceType) -> None:
    wrong = [*Lint(kind, TYPES).complaints()]
    assert not wrong, "\n".join(wrong)


_SOUND = """
types:
  - kind: aws.made_up_profile
    class: model_endpoint
    service: made-up
    provider: aws_bedrock
    list: {op: "bedrock:ListInferenceProfiles", items: "inferenceProfileSummaries[]",
           each: {typeEquals: [APPLICATION]}}
    detail:
      op: "bedrock:GetInferenceProfile"
      args: {inferenceProfileIdentifier: inferenceProfileId}
    tags: {op: "bedrock:ListTagsForResource", items: tags, args: {resourceARN: "{id}"}}
    listed: [{paths: [type], any_of: [APPLICATION]}]
    id: inferenceProfileArn
    name: inferenceProfileName
    status: status
    models: ["models[].modelArn"]
    edges: [{relation: serves, path: "models[].modelArn", target: model}]
    describes: profiles
    reference: https://docs.aws.amazon.com/x
  - kind: aws.made_up_hub
    class: other
    service: made-up
    provider: aws_sagemaker
    list: {op: "sagemaker:ListHubs", items: "HubSummaries[]",
           page: {token_in: NextToken, token_out: NextToken}}
    id: HubArn
    name: HubName
    describes: hubs
    reference: https://docs.aws.amazon.com/x
  - kind: aws.made_up_content
    class: model
    service: made-up
    under: aws.made_up_hub
    provider: aws_sagemaker
    list: {op: "sagemaker:ListHubContents", items: "HubContentSummaries[]",
           args: {HubName: parent.HubName}, page: {token_in: NextToken, token_out: NextToken},
           each: {HubContentType: [Model, ModelReference, Notebook, DataSet, JsonDoc]}}
    id: HubContentArn
    name: HubContentName
    describes: contents
    reference: https://docs.aws.amazon.com/x
"""


def test_a_sound_table_has_no_complaints() -> None:
    assert complaints(load_types(_SOUND)) == {}


@pytest.mark.parametrize(
    ("sound", "broken", "said"),
    [
        ("bedrock:ListInferenceProfiles", "bedrock:ListInferenceProfile", "no such operation"),
        ("inferenceProfileSummaries[]", "summaries[]", "summaries"),
        ("inferenceProfileSummaries[]", "inferenceProfileSummaries", "write [] for its elements"),
        ("id: inferenceProfileArn", "id: inferenceProfileARN", "inferenceProfileARN"),
        ("name: inferenceProfileName", "name: models", "a list, no value"),
        ("status: status", "status: state", "state: InferenceProfile"),
        ('["models[].modelArn"]', '["models.modelArn"]', "has no fields"),
        ("{inferenceProfileIdentifier: inf", "{profileIdentifier: inf", "no profileIdentifier"),
        ("args: {inferenceProfileIdentifier: inferenceProfileId}", "args: {}", "Missing required"),
        ("{inferenceProfileIdentifier: inferenceProfileId}",
         "{inferenceProfileIdentifier: profileId}", "profileId"),
        ("each: {typeEquals: [APPLICATION]}", "each: {typeEquals: [MINE]}", "MINE"),
        ("each: {typeEquals: [APPLICATION]}", "params: {typeEquals: MINE}", "MINE"),
        ("each: {typeEquals: [APPLICATION]}", "params: {maxResults: many}", "Invalid type"),
        ("each: {typeEquals: [APPLICATION]}", "args: {maxResults: account}", "is a text"),
        ("any_of: [APPLICATION]", "any_of: [APPLICATIONS]", "APPLICATIONS is none of"),
        ("listed: [{paths: [type]", "listed: [{paths: [kind]", "kind: InferenceProfileSummary"),
        ("{resourceARN: \"{id}\"}", "{resourceARN: \"{ident}\"}", "ident"),
        ("items: tags", "items: labels", "labels"),
        ("target: model", "target: modle", "modle is none of"),
        ("target: model", "target: \"kind:aws.made_up_hub\"", "no type of the same family before"),
        ("target: model", "target: \"{id}\"", "is not filled"),
        ("target: model", "target: \"arn:aws:x:{value}\"", "other partitions"),
        ("provider: aws_bedrock", "provider: aws_badrock", "rules/ has no aws_badrock"),
        ("    provider: aws_sagemaker\n", "", "whose AI is it"),
        ("aws.made_up_profile", "aws.made_up_hub", "stands in the tables twice"),
        ("under: aws.made_up_hub", "under: aws.made_up_hubs", "no type of the same family before"),
        ("parent.HubName", "HubName", "HubName"),
        ("parent.HubName", "parent.Name", "Name"),
        (", JsonDoc]", "]", "JsonDoc"),
        (",\n           page: {token_in: NextToken, token_out: NextToken}}\n    id: HubArn",
         "}\n    id: HubArn", "no paginator"),
        ("token_out: NextToken}}\n    id: HubArn", "token_out: Token}}\n    id: HubArn", "Token"),
        ("           each: {typeEq", "           page: {token_in: a, token_out: b}, each: {typeEq",
         "leave `page` out"),
        ("profiles\n    reference: https", "profiles\n    reference: http", "a page of docs"),
        ("describes: profiles", "describes: \"\"", "describes"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_told(sound: str, broken: str, said: str) -> None:
    text = _SOUND.replace(sound, broken, 1)
    assert text != _SOUND
    told = complaints(load_types(text))
    assert any(said in line for lines in told.values() for line in lines), told


def test_only_reading_operations_are_declared() -> None:
    declared = {operation.id for operation in AwsConnector.spec.operations}
    others = {op for op in declared if not op.partition(":")[2].startswith(_READING)}
    assert others == set(_NAMED_OTHERWISE)


def test_no_value_is_asked_for_unless_the_user_says_so() -> None:
    of_values = [
        operation
        for operation in AwsConnector.spec.operations
        if operation.id.partition(":")[2].startswith(_OF_VALUES)
    ]
    assert [operation.id for operation in of_values if not operation.opt_in] == []


def test_every_permission_has_the_prefix_of_its_service() -> None:
    """Most are the name that requests are signed with; a new one that is not stands in neither."""
    session = botocore.session.get_session()
    wrong = []
    for operation in AwsConnector.spec.operations:
        service = operation.id.partition(":")[0]
        model: Any = session.get_service_model(service)
        expected = _PREFIXES.get(service, model.signing_name)
        if operation.permission.partition(":")[0] != expected:
            wrong.append(f"{operation.id}: {operation.permission}, and not {expected}:...")
    assert wrong == []


def test_paths_holes_and_tags() -> None:
    record = {"A": {"B": [{"C": 1}, {"C": 2}, {}]}, "Empty": None}
    assert list(values(record, "A.B[].C")) == [1, 2]
    assert list(values(record, "A.X.Y")) == []
    assert list(values(record, "Empty.X")) == []
    assert fill("x/{region}/{A.B[].C}", record, {"region": "eu"}) == "x/eu/1"
    assert fill("region", record, {"region": "eu"}) == "eu"
    assert fill("id", {"id": "own"}, {"id": "arn:node"}) == "own"
    assert fill("{id}", {"id": "own"}, {"id": "arn:node"}) == "arn:node"
    assert tags_of([{"Key": "a", "Value": "1"}, {"key": "b", "value": "2"}]) == {"a": "1", "b": "2"}
    assert tags_of({"a": 1}) == {"a": "1"}
    assert tags_of(None) == {}


def test_an_unknown_field_of_a_table_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="nmae"):
        load_types(
            "types: [{kind: a.b, class: other, service: s, list: {op: s:L}, id: I, nmae: N,"
            " name: N, describes: d, reference: r}]"
        )
