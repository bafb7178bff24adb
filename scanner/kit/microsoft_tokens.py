"""Tokens of Microsoft Entra ID for one API, by azure-identity or from the environment.

azure-identity is imported when the first token is needed; it keeps and renews tokens itself.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Literal

from scanner.model.errors import Denied, Unavailable

Credential = Literal["default", "environment", "managed_identity", "workload_identity"]


class Tokens:
    """``audience``: address of the API that tokens are for. ``token_env``: the variable that
    ``token`` has come from, for the error that names it."""

    def __init__(
        self, audience: str, token: str, token_env: str, credential: Credential, client_id: str
    ) -> None:
        self._scope = f"{audience.rstrip('/')}/.default"
        self._token, self._token_env = token, token_env
        self._kind, self._client_id = credential, client_id
        self._lock = threading.Lock()
        self._credential: Any = None

    def headers(self) -> Mapping[str, str]:
        """Asked at each call. Raises ``Denied`` and ``Unavailable``."""
        if self._token:
            return {"Authorization": f"Bearer {self._token}"}
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        with self._lock:
            try:
                if self._credential is None:
                    self._credential = _credential(self._kind, self._client_id)
                token = self._credential.get_token(self._scope)
            except (ClientAuthenticationError, ValueError) as error:
                said = " ".join(str(error).split())[:200]
                raise Denied(
                    f"no Microsoft Entra token: {said}; set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                    f"AZURE_CLIENT_SECRET, sign in with `az login`, or set {self._token_env}"
                ) from error
            except AzureError as error:
                raise Unavailable(f"Entra ID gives no token: {type(error).__name__}") from error
        return {"Authorization": f"Bearer {token.token}"}


def _credential(kind: Credential, client_id: str) -> Any:
    """One of azure-identity's, without a browser or a cache of a person's own tools."""
    from azure import identity

    client: dict[str, Any] = {"client_id": client_id} if client_id else {}
    if kind == "managed_identity":
        return identity.ManagedIdentityCredential(**client)
    if kind == "workload_identity":
        return identity.WorkloadIdentityCredential(**client)
    if kind == "environment":
        return identity.EnvironmentCredential()
    return identity.DefaultAzureCredential(exclude_interactive_browser_credential=True)
