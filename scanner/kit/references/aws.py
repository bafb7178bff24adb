"""``aws-secretsmanager:NAME`` and ``aws-ssm:/NAME``, by boto3 and the credentials that it finds.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
"""

from __future__ import annotations

from typing import Any

from scanner.kit.references import Asking
from scanner.kit.references.grammar import Reference
from scanner.kit.references.places import base_of
from scanner.model.errors import Denied, Unavailable

_PERMISSION = {
    "aws-secretsmanager": "secretsmanager:GetSecretValue (and kms:Decrypt of its key)",
    "aws-ssm": "ssm:GetParameter (and kms:Decrypt of its key)",
}
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnrecognizedClientException",
                      "InvalidSignatureException", "ExpiredTokenException",
                      "DecryptionFailure", "KMSAccessDeniedException"})  # fmt: skip
_ABSENT = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})


def value(found: Reference, asking: Asking) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    options = found.options
    service = "ssm" if found.scheme == "aws-ssm" else "secretsmanager"
    region = options.get("region", "") or _region_in(found.place)
    url = base_of(found, "url", "") if options.get("url") else None
    try:
        session: Any = boto3.session.Session(profile_name=options.get("profile"))
        client = session.client(
            service, region_name=region or None, endpoint_url=url,
            config=Config(connect_timeout=10, read_timeout=20, retries={"total_max_attempts": 4}),
        )  # fmt: skip
        if service == "ssm":
            answer = client.get_parameter(Name=found.place, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        which = {"VersionStage": options.get("stage"), "VersionId": options.get("version")}
        answer = client.get_secret_value(
            SecretId=found.place, **{name: one for name, one in which.items() if one}
        )
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _ABSENT:
            raise Denied(f"is not there ({code}); check name, region and version") from None
        if code in _REFUSED:
            raise Denied(f"refused ({code}); grant {_PERMISSION[found.scheme]}") from None
        raise Unavailable(f"{service} answers {code}") from None
    except BotoCoreError as error:
        kind = type(error).__name__
        if kind in ("NoCredentialsError", "NoRegionError", "ProfileNotFound"):
            hint = "sign in to AWS, or name `region` and `profile` behind a `?`"
            raise Denied(f"{kind}; {hint}") from None
        if kind in ("InvalidRegionError", "ParamValidationError", "InvalidConfigError"):
            raise Denied(f"{kind}; check how place, region and profile are written") from None
        raise Unavailable(f"{service} does not answer ({kind})") from None
    if "SecretString" not in answer:
        raise Denied("is binary; keep the secret as text")
    return str(answer["SecretString"])


def _region_in(place: str) -> str:
    parts = place.split(":")
    return parts[3] if place.startswith("arn:") and len(parts) > 5 else ""
