"""The five Bedrock operations that moto does not implement and the demo's company needs.

A layer before moto's server: data sources of a knowledge base, knowledge bases of an agent. Shapes
follow botocore's service model ``bedrock-agent``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from scanner.kit.expressions import expression

_SOURCES = expression(r"/knowledgebases/([^/]+)/datasources/?([^/]*)\Z")
_LINKS = expression(r"/agents/([^/]+)/agentversions/([^/]+)/knowledgebases/?\Z")


class BedrockLayer:
    """WSGI: answers what it knows, hands on the rest."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self._inner = inner
        self._sources: dict[str, dict[str, Any]] = {}
        self._links: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        sources, links = _SOURCES.match(path), _LINKS.match(path)
        if not sources and not links:
            return self._inner(environ, start)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length) or b"{}")
        if sources:
            answer = self._source(method, sources[1], sources[2], body)
        else:
            answer = self._link(method, links[1] if links else "", body)
        data = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        start("200 OK", headers)
        return [data]

    def _source(self, method: str, base: str, ident: str, body: dict[str, Any]) -> Any:
        mine = self._sources.setdefault(base, {})
        if method == "PUT":
            made = f"DS{len(mine):08d}"
            times = {"createdAt": "2026-05-04T09:00:00Z", "updatedAt": "2026-05-04T09:00:00Z"}
            mine[made] = {
                **body, **times, "knowledgeBaseId": base, "dataSourceId": made,
                "status": "AVAILABLE",
            }  # fmt: skip
            return {"dataSource": mine[made]}
        return {"dataSource": mine[ident]} if ident else {"dataSourceSummaries": [*mine.values()]}

    def _link(self, method: str, agent: str, body: dict[str, Any]) -> Any:
        mine = self._links.setdefault(agent, {})
        if method == "PUT":
            ident = body["knowledgeBaseId"]
            mine[ident] = {
                **body, "agentId": agent, "agentVersion": "DRAFT", "knowledgeBaseState": "ENABLED",
                "createdAt": "2026-05-04T09:00:00Z", "updatedAt": "2026-05-04T09:00:00Z",
            }  # fmt: skip
            return {"agentKnowledgeBase": mine[ident]}
        return {"agentKnowledgeBaseSummaries": [*mine.values()]}
