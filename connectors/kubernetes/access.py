"""A read-only session with the API server of a cluster. Its certificate is always verified."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from connectors.kubernetes.clusters import Cluster, Ctx
from connectors.kubernetes.operations import OPERATIONS
from connectors.kubernetes.plugins import Renewed
from scanner.kit import tls
from scanner.kit.http import ReadOnlySession
from scanner.model.errors import Denied, Unavailable

_HEADERS = {"User-Agent": "shadow-ai-scanner", "Accept": "application/json"}


def session(ctx: Ctx, cluster: Cluster) -> ReadOnlySession:
    """Raises ``Denied`` and ``Unavailable`` as :func:`connectors.kubernetes.plugins.run`, and for
    certificates that are none."""
    certificate, key = cluster.certificate, cluster.key
    given = Renewed(cluster.plugin, ctx.environ, ctx.now) if cluster.plugin else None
    if given is not None and not certificate:
        certificate, key = given.take().certificate, given.take().key
    is_plain = urlsplit(cluster.url).scheme == "http"  # to this machine alone: kubectl proxy
    context = None if is_plain else tls.context(cluster.ca, certificate, key, cluster.name)
    return ReadOnlySession(
        cluster.url, OPERATIONS, ctx.limits, headers=dict(_HEADERS), retries=ctx.retries,
        authorize=_authorize(cluster, given), tls=context, server_name=cluster.server_name,
    )  # fmt: skip


def _authorize(cluster: Cluster, given: Renewed | None) -> Callable[[], Mapping[str, str]]:
    """Asked before every call: a token of a file or a program is another one after a while."""

    def headers() -> Mapping[str, str]:
        token = cluster.token
        if cluster.token_file and not token:
            try:
                token = Path(cluster.token_file).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Denied(f"{cluster.token_file}: the token may not be read") from error
        elif given is not None and not token:
            token = given.take().token
        if any(not 32 < ord(char) < 127 for char in token):
            raise Unavailable(f"{cluster.name}: the token holds what no token does")
        return {"Authorization": f"Bearer {token}"} if token else {}

    return headers
