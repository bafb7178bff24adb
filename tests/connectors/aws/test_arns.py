"""What AWS's words name: the same node, however it is written."""

from __future__ import annotations

import pytest

from connectors.aws import arns

SCOPE = {"account": "111111111111", "region": "eu-west-1", "partition": "aws"}
HERE = "eu-west-1:111111111111"


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (f"arn:aws:lambda:{HERE}:function:f:live", f"arn:aws:lambda:{HERE}:function:f"),
        (f"arn:aws:lambda:{HERE}:function:f", f"arn:aws:lambda:{HERE}:function:f"),
        (f"arn:aws:bedrock:{HERE}:agent-alias/A1/B2", f"arn:aws:bedrock:{HERE}:agent/A1"),
        (f"arn:aws:bedrock:{HERE}:flow/F1/alias/A1", f"arn:aws:bedrock:{HERE}:flow/F1"),
        (f"arn:aws:bedrock:{HERE}:prompt/P1:3", f"arn:aws:bedrock:{HERE}:prompt/P1"),
        (f"arn:aws:bedrock:{HERE}:guardrail/g1:DRAFT", f"arn:aws:bedrock:{HERE}:guardrail/g1"),
        (f"arn:aws:bedrock-agentcore:{HERE}:runtime/r1/runtime-endpoint/DEFAULT",
         f"arn:aws:bedrock-agentcore:{HERE}:runtime/r1"),
        (f"arn:aws-cn:lex:{HERE}:bot-alias/B1/A1", f"arn:aws-cn:lex:{HERE}:bot/B1"),
        ("a name", "a name"),
    ],
)  # fmt: skip
def test_a_part_stands_for_its_whole(part: str, whole: str) -> None:
    assert arns.whole(part) == whole


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s3://data/x/y.csv", "data"),
        ("s3://Data", "data"),
        ("arn:aws:s3:::data/*", "data"),
        ("arn:aws-us-gov:s3:::data", "data"),
        ("https://s3.eu-west-1.amazonaws.com/data/model.tar.gz", "data"),
        ("https://data.s3.eu-west-1.amazonaws.com/model.tar.gz", "data"),
        ("https://my.data.s3.amazonaws.com/model.tar.gz", "my.data"),
        ("https://s3.cn-north-1.amazonaws.com.cn/data/x", "data"),
        ("data", "data"),
        ("https://example.com/data", ""),
        ("arn:aws:lambda:eu-west-1:1:function:f", ""),
        ("", ""),
    ],
)
def test_a_bucket_by_any_of_its_addresses(text: str, name: str) -> None:
    assert arns.bucket(text) == name


@pytest.mark.parametrize(
    ("text", "ident"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/acme.m-1:0",
         "aws:111111111111/us-east-1/bedrock/acme.m-1:0"),
        ("acme.m-1:0", "aws:111111111111/eu-west-1/bedrock/acme.m-1:0"),
        ("eu.acme.m-1:0", f"arn:aws:bedrock:{HERE}:inference-profile/eu.acme.m-1:0"),
        (f"arn:aws:bedrock:{HERE}:provisioned-model/abc",
         f"arn:aws:bedrock:{HERE}:provisioned-model/abc"),
        (f"arn:aws:bedrock:{HERE}:prompt/P1:2", f"arn:aws:bedrock:{HERE}:prompt/P1"),
        ("any text", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_model_as_the_account_uses_it(text: str, ident: str) -> None:
    assert arns.model(text, SCOPE) == ident


@pytest.mark.parametrize(
    ("text", "ident"),
    [
        ("1234abcd-12ab", f"arn:aws:kms:{HERE}:key/1234abcd-12ab"),
        ("alias/mine", f"arn:aws:kms:{HERE}:alias/mine"),
        ("arn:aws:kms:us-east-1:222222222222:key/1", "arn:aws:kms:us-east-1:222222222222:key/1"),
        ("", ""),
    ],
)
def test_a_key_by_id_alias_or_arn(text: str, ident: str) -> None:
    assert arns.key(text, SCOPE) == ident


@pytest.mark.parametrize(
    ("arn", "ident", "mail"),
    [
        ("arn:aws:sts::111111111111:assumed-role/Build/i-0abc",
         "arn:aws:iam::111111111111:role/Build", ""),
        ("arn:aws:sts::111111111111:assumed-role/Build/ada@example.com",
         "arn:aws:sts::111111111111:assumed-role/Build/ada@example.com", "ada@example.com"),
        ("arn:aws:iam::111111111111:user/ada", "arn:aws:iam::111111111111:user/ada", ""),
        ("ada", "", ""),
    ],
)  # fmt: skip
def test_who_acts(arn: str, ident: str, mail: str) -> None:
    assert arns.principal(arn) == (ident, mail)


def test_what_was_made_of_names_is_written_as_the_service_does() -> None:
    made = f"arn:aws:sagemaker:{HERE}:space/d-1/Ada-Lab"
    assert arns.spelled(made) == f"arn:aws:sagemaker:{HERE}:space/d-1/ada-lab"
    agent = f"arn:aws:bedrock:{HERE}:agent/ABC"
    assert arns.spelled(agent) == agent
    assert arns.log_group("/x", SCOPE) == f"arn:aws:logs:{HERE}:log-group:/x"
    assert arns.log_group(f"arn:aws:logs:{HERE}:log-group:/x:*", SCOPE) == (
        f"arn:aws:logs:{HERE}:log-group:/x"
    )
    assert arns.unversioned(f"arn:aws:lambda:{HERE}:layer:l:12") == f"arn:aws:lambda:{HERE}:layer:l"
    assert arns.unversioned("arn:aws:s3:::data") == "arn:aws:s3:::data"
