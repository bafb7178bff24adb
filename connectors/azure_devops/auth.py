"""Proof of identity for Azure DevOps: a personal access token, or a token of Microsoft Entra ID."""

from __future__ import annotations

from collections.abc import Callable

from scanner.kit.forge.collecting import basic
from scanner.model.errors import Denied, Unavailable

_SCOPE = "499b84ac-1321-427f-aa17-5742ca67607b/.default"
"""Azure DevOps as a resource
(https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/service-principal-managed-identity).
"""


def personal(token: str) -> str:
    """The user may be empty; the token is the password."""
    return basic("", token)


def entra() -> Callable[[], str]:
    """Asked at each call: azure-identity keeps a token and renews it before it ends. Whatever it
    finds is used: environment, workload or managed identity, the Azure CLI."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    credential = DefaultAzureCredential()

    def header() -> str:
        try:
            return f"Bearer {credential.get_token(_SCOPE).token}"
        except ClientAuthenticationError as error:  # also where no credential is to be had
            raise Denied(
                "no Entra ID token for Azure DevOps: sign in (`az login`), or set the environment "
                'variables of a service principal; or use a personal access token (`auth = "pat"`)'
            ) from error
        except AzureError as error:
            raise Unavailable(f"Entra ID gives no token: {type(error).__name__}") from error

    return header
