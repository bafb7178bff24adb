"""``azure-keyvault:VAULT/NAME[/VERSION]``, by azure-identity.

https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
"""

from __future__ import annotations

import re
from typing import cast

from scanner.kit.contract import Operation
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.limits import Limits
from scanner.kit.microsoft_tokens import Credential, Tokens
from scanner.kit.references import Asking
from scanner.kit.references.grammar import Reference
from scanner.kit.references.places import base_of, status
from scanner.kit.values import mapping, text
from scanner.model.errors import Denied, Unavailable

_NAME = re.compile(r"(?P<vault>[A-Za-z0-9-]{3,24})/(?P<name>[A-Za-z0-9-]+)(?:/(?P<version>\w+))?\Z")
_CREDENTIALS = ("default", "environment", "managed_identity", "workload_identity")
_PUBLIC = "https://vault.azure.net"
_CLOUDS = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net")
_VERSION = "7.4"
_GRANT = "give its identity the role `Key Vault Secrets User`, or the access policy Get of secrets"


def value(found: Reference, asking: Asking) -> str:
    name = _NAME.match(found.place)
    if name is None:
        raise Denied("write azure-keyvault:VAULT/NAME[/VERSION]; `url` names another cloud's vault")
    credential = found.options.get("credential", "default")
    if credential not in _CREDENTIALS:
        raise Denied(f"`credential` is one of {', '.join(_CREDENTIALS)}")
    base = base_of(found, "url", f"https://{name['vault']}.vault.azure.net")
    audience = next((f"https://{one}" for one in _CLOUDS if base.endswith(f".{one}")), _PUBLIC)
    tokens = Tokens(
        audience, "", "another reference", cast(Credential, credential),
        found.options.get("client_id", ""),
    )  # fmt: skip
    path = f"/secrets/{name['name']}" + (f"/{name['version']}" if name["version"] else "")
    session = ReadOnlySession(
        base, (Operation(id=f"GET {path}", permission="secrets/get"),), Limits(),
        authorize=tokens.headers, retries=3,
    )  # fmt: skip
    try:
        body = mapping(json_body(session.get(path, {"api-version": _VERSION})))
    except Missing:
        raise Denied("is not there; check vault, name and version") from None
    except Denied as error:
        raise Denied(f"{status(error)}; {_GRANT}") from None
    if not isinstance(body.get("value"), str):
        raise Unavailable("the answer holds no text")
    return text(body.get("value"))
