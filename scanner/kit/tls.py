"""Whom a TLS connection trusts and as whom it is made, from PEM that stands in no file.

Owns contexts for :class:`scanner.kit.http.ReadOnlySession`. Certificates are verified always.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from contextlib import suppress

from scanner.model.errors import Unavailable


def context(ca: str, certificate: str, key: str, whose: str) -> ssl.SSLContext:
    """``ca``: authorities to trust instead of the system's; ``certificate`` and ``key``: of the
    client. Raises ``Unavailable``, with ``whose`` these are, for what is none."""
    try:
        made = ssl.create_default_context(cadata=ca) if ca else ssl.create_default_context()
        if certificate:
            _present(made, certificate, key)
    except (ssl.SSLError, ValueError, OSError) as error:
        raise Unavailable(f"{whose}: its certificates or its key cannot be read") from error
    return made


def _present(made: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL's own loader takes files alone: one that nobody else may read, for that moment."""
    handle, path = tempfile.mkstemp(prefix="shadow-ai-", suffix=".pem")
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(f"{certificate.strip()}\n{key.strip()}\n")
        made.load_cert_chain(path, password=lambda: "")
    finally:
        with suppress(OSError):
            os.unlink(path)
