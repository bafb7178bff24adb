"""``keyring:SERVICE/USER``: the system's keyring, by the package ``keyring`` (an extra)."""

from __future__ import annotations

from typing import Any

from scanner.kit.references import Asking
from scanner.kit.references.grammar import Reference
from scanner.model.errors import Denied, Unavailable


def value(found: Reference, asking: Asking) -> str:
    service, slash, user = found.place.rpartition("/")
    if not (service and slash and user):
        raise Denied("write keyring:SERVICE/USER")
    try:
        import keyring
        from keyring import errors
    except ImportError:
        raise Denied("needs `pip install 'shadow-ai-scanner[keyring]'`") from None
    try:
        given: Any = keyring.get_password(service, user)
    except errors.NoKeyringError:
        raise Denied("this machine has no keyring; use another kind of reference here") from None
    except errors.KeyringError as error:
        raise Unavailable(
            f"the keyring does not open ({type(error).__name__}); unlock it"
        ) from None
    if given is None:
        raise Denied(f"is not there; `keyring set {service} {user}` puts it there")
    return str(given)
