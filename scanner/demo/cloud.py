"""A fake AWS organization of three accounts: moto's server on loopback, seeded over its API."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from scanner.demo.addresses import AddressLayer
from scanner.demo.bedrock import BedrockLayer
from scanner.demo.blank import BlankLayer
from scanner.rulebook.examples import expand

REGION = "us-east-1"
ROLE = "ShadowAIReadOnly"
_STATEMENT = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


@contextmanager
def fake_aws(wrap: Callable[[Any], Any] = lambda app: app) -> Iterator[str]:
    """The URL of a running server. ``wrap``: a WSGI layer before it (a test's faults)."""
    import logging

    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    inner = BlankLayer(DomainDispatcherApplication(create_backend_app))
    app = wrap(AddressLayer(BedrockLayer(inner)))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        # moto has one state a process: what another server in it was given is no part of this one.
        requests.post(f"{url}/moto-api/reset", timeout=60).raise_for_status()
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def seed(url: str) -> dict[str, str]:
    """Three accounts with AI assets, tags, roles and buckets; name -> account id."""
    root = _session(url)
    organizations = root("organizations")
    organizations.create_organization(FeatureSet="ALL")
    accounts = {"management": root("sts").get_caller_identity()["Account"]}
    for name, owner, environment in (
        ("ml-production", "ml-platform@example.com", "production"),
        ("research-sandbox", "research@example.com", "sandbox"),
    ):
        made = organizations.create_account(
            Email=f"{name}@example.com",
            AccountName=name,
            Tags=[{"Key": "owner", "Value": owner}, {"Key": "environment", "Value": environment}],
        )
        accounts[name] = made["CreateAccountStatus"]["AccountId"]
    data = _seed_production(_session(url, accounts["ml-production"]), accounts["ml-production"])
    _seed_sandbox(_session(url, accounts["research-sandbox"]), accounts["research-sandbox"], data)
    _seed_management(root)
    return accounts


def _session(url: str, account: str = "") -> Any:
    """``session(service)``: a client of one account of the fake."""
    session = _described("testing", "testing")
    if account:
        sts = session.client("sts", endpoint_url=url)
        given = sts.assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="seed"
        )["Credentials"]
        session = _described(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return lambda service: session.client(service, endpoint_url=url)


def _described(key: str, secret: str, token: str | None = None) -> Any:
    """A session that shares the descriptions of services with the others of the fake: each would
    read those of EC2 and SageMaker anew."""
    import boto3
    import botocore.session

    from scanner.demo.required import LOADER

    core = botocore.session.Session()
    core.register_component("data_loader", LOADER)
    return boto3.Session(key, secret, token, region_name=REGION, botocore_session=core)


def _role(client: Any, name: str, service: str = "", reads: str = "") -> str:
    """``service``: who alone may assume it; ``reads``: a bucket of which it may get objects."""
    trust = {**_STATEMENT, "Principal": {"Service": service}} if service else _STATEMENT
    made = client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=_document(trust)
    )  # fmt: skip
    if reads:
        allowed = {"Effect": "Allow", "Action": ["s3:GetObject"],
                   "Resource": [f"arn:aws:s3:::{reads}/*"]}  # fmt: skip
        client("iam").put_role_policy(
            RoleName=name, PolicyName="reads", PolicyDocument=_document(allowed)
        )
    return str(made["Role"]["Arn"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _bucket(client: Any, name: str, classification: str, environment: str) -> str:
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    tags = [
        {"Key": "data-classification", "Value": classification},
        {"Key": "environment", "Value": environment},
    ]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    return f"s3://{name}"


def _endpoint(client: Any, account: str, name: str, role: str, data: str, tags: Any) -> None:
    sagemaker = client("sagemaker")
    image = f"{account}.dkr.ecr.{REGION}.amazonaws.com/{name}:1"
    sagemaker.create_model(
        ModelName=f"{name}-model",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": image, "ModelDataUrl": f"{data}/{name}/model.tar.gz"},
        Tags=tags,
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{name}-config",
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": f"{name}-model",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": 1.0,
            }
        ],
        Tags=tags,
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-config", Tags=tags)


def _seed_production(client: Any, account: str) -> str:
    """The bucket of customers' features."""
    role = _role(client, "sagemaker-runtime")
    data = _bucket(client, f"customer-features-{account}", "confidential", "production")
    owned = [
        {"Key": "owner", "Value": "fraud-team@example.com"},
        {"Key": "environment", "Value": "production"},
    ]
    _endpoint(client, account, "fraud-scoring", role, data, owned)
    _endpoint(client, account, "price-forecast", role, data, [owned[1]])
    agents = client("bedrock-agent")
    agent = agents.create_agent(
        agentName="support-assistant",
        agentResourceRoleArn=role,
        foundationModel="anthropic.claude-3-5-sonnet-20240620-v1:0",
        tags={"owner": "support@example.com", "environment": "production"},
    )["agent"]
    base = agents.create_knowledge_base(
        name="policy-handbook",
        roleArn=role,
        knowledgeBaseConfiguration={
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {
                "embeddingModelArn": f"arn:aws:bedrock:{REGION}::foundation-model/"
                "amazon.titan-embed-text-v1"
            },
        },
        storageConfiguration={
            "type": "OPENSEARCH_SERVERLESS",
            "opensearchServerlessConfiguration": {
                "collectionArn": f"arn:aws:aoss:{REGION}:{account}:collection/handbook",
                "vectorIndexName": "handbook",
                "fieldMapping": {"vectorField": "v", "textField": "t", "metadataField": "m"},
            },
        },
        tags={"owner": "legal@example.com"},
    )["knowledgeBase"]
    handbook = _bucket(client, f"policy-handbook-{account}", "internal", "production").removeprefix(
        "s3://"
    )
    agents.create_data_source(
        knowledgeBaseId=base["knowledgeBaseId"],
        name="handbook",
        dataSourceConfiguration={
            "type": "S3",
            "s3Configuration": {"bucketArn": f"arn:aws:s3:::{handbook}"},
        },
    )
    agents.associate_agent_knowledge_base(
        agentId=agent["agentId"],
        agentVersion="DRAFT",
        description="answers from the handbook",
        knowledgeBaseId=base["knowledgeBaseId"],
    )
    return data


def _seed_sandbox(client: Any, account: str, features: str) -> None:
    """Tried out with production's data: a model is judged by it, and a function that everybody can
    call may read it."""
    role = _role(client, "notebook-user")
    data = _bucket(client, f"exports-{account}", "internal", "sandbox")
    client("sagemaker").create_notebook_instance(
        NotebookInstanceName="scratch-gpt", InstanceType="ml.t3.medium", RoleArn=role
    )
    client("bedrock").create_model_customization_job(
        jobName="tone-tuning",
        customModelName="tone-of-voice",
        roleArn=role,
        baseModelIdentifier="amazon.titan-text-express-v1",
        trainingDataConfig={"s3Uri": f"{data}/tone/train.jsonl"},
        validationDataConfig={"validators": [{"s3Uri": f"{features}/tone/check.jsonl"}]},
        outputDataConfig={"s3Uri": f"{data}/tone/out"},
        hyperParameters={"learningRate": "0.00005"},
    )
    client("lambda").create_function(
        FunctionName="summarise-tickets",
        Runtime="python3.12",
        Role=_role(
            client, "summarise-tickets", "lambda.amazonaws.com", features.removeprefix("s3://")
        ),
        Handler="app.handler",
        Code={"ZipFile": _empty_zip()},
        Environment={
            "Variables": {
                "OPENAI_API_KEY": expand("sk-proj-{b64url:74}T3BlbkFJ{b64url:74}", account),
                "MODEL": "gpt-4o-mini",
            }
        },
        Tags={"team": "support-tools"},
    )
    client("lambda").create_function_url_config(FunctionName="summarise-tickets", AuthType="NONE")
    client("secretsmanager").create_secret(
        Name="prod/anthropic-api-key", SecretString="not read by anyone"
    )
    client("ssm").put_parameter(
        Name="/chat/MISTRAL_API_KEY", Value="not read by anyone", Type="SecureString"
    )


def _seed_management(client: Any) -> None:
    client("ssm").put_parameter(Name="/billing/contact", Value="finance", Type="String")


def _empty_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return {}\n")
    return buffer.getvalue()
