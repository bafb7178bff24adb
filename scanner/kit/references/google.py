"""``gcp-secretmanager:projects/P/secrets/S[/versions/V]``, with application default credentials.

https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access; a
regional secret (``projects/P/locations/L/secrets/S``) is asked where it lies:
https://cloud.google.com/secret-manager/regional-secrets/data-residency
"""

from __future__ import annotations

import base64
import binascii
import re

from scanner.kit.contract import Operation
from scanner.kit.http import Missing, ReadOnlySession, json_body
from scanner.kit.limits import Limits
from scanner.kit.references import Asking
from scanner.kit.references.grammar import Reference
from scanner.kit.references.places import base_of, status
from scanner.kit.values import mapping, text
from scanner.model.errors import Denied, Unavailable

_NAME = re.compile(
    r"(?P<secret>projects/[\w.:-]+(?:/locations/(?P<region>[a-z0-9-]+))?/secrets/[\w-]+)"
    r"(?:/versions/(?P<version>[\w-]+))?\Z"
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_GRANT = "grant roles/secretmanager.secretAccessor on this secret"


def value(found: Reference, asking: Asking) -> str:
    name = _NAME.match(found.place)
    if name is None:
        raise Denied("write gcp-secretmanager:projects/P/secrets/S[/versions/V]")
    region = name["region"]
    public = f"https://secretmanager.{region}.rep.googleapis.com" if region else ""
    base = base_of(found, "url", public or "https://secretmanager.googleapis.com")
    path = f"/v1/{name['secret']}/versions/{name['version'] or 'latest'}:access"
    session = ReadOnlySession(
        base, (Operation(id=f"GET {path}", permission="secretmanager.versions.access"),), Limits(),
        headers={"Authorization": f"Bearer {_token()}"}, retries=3,
    )  # fmt: skip
    try:
        body = mapping(json_body(session.get(path)))
    except Missing:
        raise Denied("is not there; check project, name and version") from None
    except Denied as error:
        raise Denied(f"{status(error)}; {_GRANT}") from None
    data = text(mapping(body.get("payload")).get("data"))
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Unavailable("the answer holds no text") from None


def _token() -> str:
    import google.auth
    from google.auth import exceptions
    from google.auth.transport.requests import Request

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
    except exceptions.TransportError as error:
        raise Unavailable(f"Google gives no token ({type(error).__name__})") from None
    except exceptions.GoogleAuthError as error:
        raise Denied(
            f"no Google credentials ({type(error).__name__}); run `gcloud auth "
            "application-default login` or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from None
    return str(credentials.token)
