"""``vault:MOUNT/PATH#FIELD``: HashiCorp Vault and OpenBao, KV version 2 (``?kv=1`` for version 1).

Signs in by a token, a Kubernetes service account or an AppRole, each by reference in its turn:
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version,
https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#login,
https://developer.hashicorp.com/vault/api-docs/auth/approle#login-with-approle. Address, namespace
and authorities are Vault's own variables, unless options say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from scanner.kit.contract import Operation
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.limits import Limits
from scanner.kit.references import Asking
from scanner.kit.references.grammar import Reference
from scanner.kit.references.places import base_of, status
from scanner.kit.values import mapping, text
from scanner.model.errors import Denied, Unavailable

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_REFUSED = frozenset({400, 401, 403})


def value(found: Reference, asking: Asking) -> str:
    mount, path = map(quote, _split(found))
    is_old = found.options.get("kv", "2") == "1"
    where = f"/v1/{mount}/{path}" if is_old else f"/v1/{mount}/data/{path}"
    version = found.options.get("version", "")
    token = _token(found, asking)
    session = _session(found, asking, f"GET {where}", {"X-Vault-Token": token})
    try:
        body = mapping(
            json_body(session.get(where, {"version": version} if version and not is_old else None))
        )
    except Missing:
        raise Denied("is not there; check mount, path and `kv`, the mount's version") from None
    except Denied as error:
        raise Denied(
            f"{status(error)}; give its policy `read` on {where.removeprefix('/v1/')}"
        ) from None
    held = mapping(body.get("data"))
    if not is_old:
        held = mapping(held.get("data"))
    if not held:
        raise Denied("holds nothing: the version was deleted, or `kv` is the other one")
    if not found.field:
        if len(held) != 1:
            raise Denied(f"has several fields; add one of #{', #'.join(sorted(held))[:200]}")
        return text(next(iter(held.values())))
    return json.dumps(held)  # the field is taken out of it by who asked


def _split(found: Reference) -> tuple[str, str]:
    place = found.place.strip("/")
    mount = found.options.get("mount", "").strip("/") or place.partition("/")[0]
    path = place.removeprefix(f"{mount}/")
    if path == place or not path or any(step in ("", ".", "..") for step in place.split("/")):
        raise Denied("write vault:MOUNT/PATH#FIELD")
    if found.options.get("kv", "2") not in ("1", "2"):
        raise Denied("`kv` is 1 or 2")
    return mount, path


def _session(
    found: Reference, asking: Asking, operation: str, headers: Mapping[str, str]
) -> ReadOnlySession:
    options, environ = found.options, asking.environ
    address = environ.get("VAULT_ADDR", "") or environ.get("BAO_ADDR", "")
    if not (address or options.get("address")):
        raise Denied("no address: set VAULT_ADDR, or add ?address=https://…")
    namespace = options.get("namespace", "") or environ.get("VAULT_NAMESPACE", "")
    authorities = options.get("ca_file", "")
    ca_file = str(asking.folder / authorities) if authorities else environ.get("VAULT_CACERT", "")
    if ca_file and not Path(ca_file).exists():
        raise Denied(f"the authorities in {ca_file} are not there; check ca_file or VAULT_CACERT")
    return ReadOnlySession(
        base_of(found, "address", address), (Operation(id=operation, permission="read"),), Limits(),
        headers={**headers, "X-Vault-Request": "true",
                 **({"X-Vault-Namespace": namespace} if namespace else {})},
        denials=_REFUSED, retries=3,
        ca_file=ca_file,
    )  # fmt: skip


def _token(found: Reference, asking: Asking) -> str:
    how = found.options.get("auth", "token")
    if how not in _WAYS:
        raise Denied(f"`auth` is one of {', '.join(_WAYS)}")
    return _WAYS[how](found, asking)


def _given(found: Reference, asking: Asking) -> str:
    named = found.options.get("token", "")
    if named:
        return asking.local(named)
    for variable in ("VAULT_TOKEN", "BAO_TOKEN"):
        if asking.environ.get(variable):
            return asking.environ[variable]
    # Where `vault login` leaves it.
    if (Path.home() / ".vault-token").is_file():
        return asking.local("file:~/.vault-token")
    raise Denied("no token: set VAULT_TOKEN, or choose `auth`")


def _kubernetes(found: Reference, asking: Asking) -> str:
    role = found.options.get("role", "")
    if not role:
        raise Denied("auth=kubernetes needs `role`")
    jwt = asking.local(found.options.get("jwt", f"file:{_SERVICE_ACCOUNT}"))
    return _login(found, asking, "kubernetes", {"role": role, "jwt": jwt})


def _approle(found: Reference, asking: Asking) -> str:
    options = found.options
    form = {
        name: asking.local(options.get(name, f"VAULT_{name.upper()}"))
        for name in ("role_id", "secret_id")
    }
    return _login(found, asking, "approle", form)


def _login(found: Reference, asking: Asking, kind: str, form: Mapping[str, str]) -> str:
    path = f"/v1/auth/{found.options.get('auth_mount', kind).strip('/')}/login"
    try:
        answer = json_body(_session(found, asking, f"POST {path}", {}).post(path, dict(form)))
    except (Denied, Missing) as error:
        raise Denied(f"{status(error)}; Vault does not take this {kind} sign-in") from None
    token = text(mapping(mapping(answer).get("auth")).get("client_token"))
    if not token:
        raise Unavailable(f"POST {path}: no token in the answer")
    return token


_WAYS: Mapping[str, Callable[[Reference, Asking], str]] = {
    "token": _given,
    "kubernetes": _kubernetes,
    "approle": _approle,
}
