"""What AWS's words name: pure functions from an ARN, an id or a name to the id of a node.

Formats: the resource types of the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/). Nothing is asked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scanner.kit.expressions import expression

_PARTS = tuple(
    (expression(pattern), whole)
    for pattern, whole in (
        (r"(arn:[^:]+:lambda:[^:]*:\d*:function:[^:]+):.+", r"\1"),
        (r"(arn:[^:]+:bedrock:[^:]*:\d*:)agent-alias/([^/]+)/.+", r"\1agent/\2"),
        (r"(arn:[^:]+:bedrock:[^:]*:\d*:flow/[^/]+)/.+", r"\1"),
        (r"(arn:[^:]+:bedrock:[^:]*:\d*:(?:prompt|guardrail|automated-reasoning-policy)/[^:/]+):.+",
         r"\1"),
        (r"(arn:[^:]+:bedrock-agentcore:[^:]*:\d*:(?:runtime|harness)/[^/]+)/.+", r"\1"),
        (r"(arn:[^:]+:lex:[^:]*:\d*:)bot-alias/([^/]+)/.+", r"\1bot/\2"),
        (r"(arn:[^:]+:ecs:[^:]*:\d*:task-definition/[^:]+):\d+", r"\1"),
        (r"(arn:[^:]+:batch:[^:]*:\d*:job-definition/[^:]+):\d+", r"\1"),
        (r"(arn:[^:]+:lambda:[^:]*:\d*:layer:[^:]+):\d+", r"\1"),
        (r"(arn:[^:]+:personalize:[^:]*:\d*:solution/[^/]+)/.+", r"\1"),
        (r"(arn:[^:]+:states:[^:]*:\d*:stateMachine:[^:]+):.+", r"\1"),
    )
)  # fmt: skip
"""An alias, version or qualifier -> the whole that it belongs to, which is what lists show."""
_LOWERED = expression(r"arn:[^:]+:sagemaker:")
"""SageMaker writes names into its ARNs in lower case, however they were given
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html)."""
_BUCKET = expression(
    r"(?:s3://|arn:[\w-]+:s3:::|https://(?=[a-z0-9.-]+\.s3[.-][a-z0-9.-]*amazonaws\.com)"
    r"|https://s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?/)"
    r"([a-z0-9][a-z0-9.-]{1,61}?[a-z0-9])(?:\.s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?)?(?:[/?*]|\Z)",
    re.I,
)
_BUCKET_NAME = expression(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_FOUNDATION = expression(r"arn:[^:]+:bedrock:([^:]*):\d*:foundation-model/(.+)")
_MODEL = expression(r"[a-z0-9][a-z0-9-]*\.[\w.:/-]{1,200}", re.I)
_SESSION = expression(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]{1,128})/([^/]{1,128})")
_SECRET = expression(r"arn:[^:]+:secretsmanager:[^:]*:\d*:secret:[^:]+")
_MAIL = expression(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_GEOGRAPHIES = frozenset({
    "us", "eu", "apac", "global", "us-gov", "au", "jp", "ca", "sa", "in", "uk", "me", "af", "ap",
})  # fmt: skip
"""How the ids of AWS's own inference profiles begin (https://docs.aws.amazon.com/bedrock/latest/
userguide/inference-profiles-support.html)."""


def whole(arn: str) -> str:
    """The ARN without alias, version or qualifier; what is none as it is."""
    for part, stem in _PARTS:
        found = part.fullmatch(arn)
        if found:
            return found.expand(stem)
    return arn


def unversioned(arn: str) -> str:
    """Without the number of a version behind the last colon (layers, task definitions)."""
    stem, _, number = arn.rpartition(":")
    return stem if number.isdigit() and stem.count(":") >= 5 else arn


def spelled(arn: str) -> str:
    """An ARN that was made of names, as the service writes it."""
    return arn.lower() if _LOWERED.match(arn) else arn


def bucket(text: str) -> str:
    """The name in an ``s3://`` address, a URL of S3, an ARN, or the name as it is; else empty."""
    found = _BUCKET.match(text)
    if found:
        return str(found[1]).lower()
    return text if _BUCKET_NAME.fullmatch(text) else ""


def key(text: str, scope: Mapping[str, str]) -> str:
    """A KMS key by ARN, id or alias (https://docs.aws.amazon.com/kms/latest/developerguide/
    concepts.html#key-id)."""
    if not text or text.startswith("arn:"):
        return text
    resource = text if text.startswith("alias/") else f"key/{text}"
    return f"arn:{scope['partition']}:kms:{scope['region']}:{scope['account']}:{resource}"


def log_group(text: str, scope: Mapping[str, str]) -> str:
    if text.startswith("arn:"):
        return text.removesuffix(":*")
    where = f"arn:{scope['partition']}:logs:{scope['region']}:{scope['account']}"
    return f"{where}:log-group:{text}"


def secret(text: str, scope: Mapping[str, str]) -> str:
    """A slot as containers name it: a secret's ARN, with a key and a version behind it or not; a
    parameter by ARN or by name (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
    specifying-sensitive-data.html)."""
    found = _SECRET.match(text)
    if found:
        return found[0]
    if text.startswith("arn:"):
        return text
    where = f"arn:{scope['partition']}:ssm:{scope['region']}:{scope['account']}"
    return f"{where}:parameter/{text.removeprefix('/')}"


def role(text: str, scope: Mapping[str, str]) -> str:
    """A role by ARN, or by its name in the same account."""
    if not text or text.startswith("arn:"):
        return text
    return f"arn:{scope['partition']}:iam::{scope['account']}:role/{text}"


def model(text: str, scope: Mapping[str, str]) -> str:
    """A model as the account uses it. Foundation models have no ARN in an account: they are told
    by account and region, so that one account's use is not another's. Empty: no model's name."""
    account, region = scope["account"], scope["region"]
    found = _FOUNDATION.fullmatch(text)
    if found:
        return f"aws:{account}/{found[1] or region}/bedrock/{found[2]}"
    if text.startswith("arn:"):
        return whole(text)
    if not _MODEL.fullmatch(text):
        return ""
    if text.partition(".")[0] in _GEOGRAPHIES and text.count(".") >= 2:
        return f"arn:{scope['partition']}:bedrock:{region}:{account}:inference-profile/{text}"
    return f"aws:{account}/{region}/bedrock/{text}"


def principal(arn: str) -> tuple[str, str]:
    """Id of who acts, and an address where a session bears one. Other sessions are processes',
    which come and go: their role stays. Empty: no ARN."""
    if not arn.startswith("arn:"):
        return "", ""
    session = _SESSION.fullmatch(arn)
    if not session:
        return arn, ""
    partition, account, role, called = session.groups()
    if _MAIL.fullmatch(called):
        return arn, called
    return f"arn:{partition}:iam::{account}:role/{role}", ""
