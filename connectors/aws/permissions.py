"""Operations -> IAM actions, where the two are not called alike.

AWS Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

PREFIXES = {
    "agent-registry-control": "agent-registry",
    "bedrock-agent": "bedrock",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "bedrock-data-automation": "bedrock",
    "bedrock-runtime": "bedrock",
    "cleanroomsml": "cleanrooms-ml",
    "connecthealth": "health-agent",
    "devops-agent": "aidevops",
    "elementalinference": "elemental-inference",
    "emr": "elasticmapreduce",
    "lex-models": "lex",
    "lexv2-models": "lex",
    "marketplace-agreement": "aws-marketplace",
    "marketplace-discovery": "aws-marketplace",
    "mwaa": "airflow",
    "opensearch": "es",
    "opensearchmemory": "osm",
    "opensearchserverless": "aoss",
    "qconnect": "wisdom",
    "sso-admin": "sso",
    "resourcegroupstaggingapi": "tag",
    "servicecatalog-appregistry": "servicecatalog",
    "stepfunctions": "states",
    "supplychain": "scn",
    "voice-id": "voiceid",
}
"""botocore's service -> IAM's prefix."""
ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectsV2": "s3:ListBucket",
    "secretsmanager:BatchGetSecretValue": "secretsmanager:GetSecretValue",
}
"""Operations whose action has a name of its own."""


def action_of(op: str) -> str:
    service, _, name = op.partition(":")
    return ACTIONS.get(op) or f"{PREFIXES.get(service, service)}:{name}"
