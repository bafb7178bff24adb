"""Questions in GraphQL: fixed texts that read, answered in connections of edges, page by page.

A refusal comes as an error in an answer with status 200; it is told as what it is, never as an
empty list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.kit.administered import read
from scanner.kit.expressions import expression
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.paged import at
from scanner.kit.text import cut
from scanner.kit.values import items, mapping, text
from scanner.model.errors import Denied, Unavailable

GRAPHQL = read(
    "/graphql", "membership of the organization", "projects, service accounts, registered models",
    method="POST",
)  # fmt: skip
MEMBERS = """
query Members($name: String!) {
  entity(name: $name) {
    members { id username name email accountType admin pending }
  }
}
"""
PROJECTS = """
query Projects($entity: String, $cursor: String) {
  models(entityName: $entity, after: $cursor, first: 100) {
    pageInfo { endCursor hasNextPage }
    edges { node { id name entityName createdAt user { username name email } } }
  }
}
"""
MODELS = """
query Models($organization: String!, $cursor: String) {
  organization(name: $organization) {
    orgEntity {
      artifactCollections(collectionTypes: [PORTFOLIO], after: $cursor, first: 100) {
        pageInfo { endCursor hasNextPage }
        edges { node { id name createdAt updatedAt project { name }
                       type: defaultArtifactType { name } } }
      }
    }
  }
}
"""
_MOST_PAGES = 10_000
_REFUSED = expression(r"(?i)permission|forbidden|unauthori[sz]ed|not allowed|access denied")


def ask(session: ReadOnlySession, query: str, **variables: str | None) -> Mapping[str, Any]:
    """Raises the source errors."""
    body = mapping(json_body(session.post("/graphql", {"query": query, "variables": variables})))
    said = cut(
        "; ".join(text(mapping(one).get("message")) for one in items(body.get("errors"))), 300
    )
    if said:
        kind = Denied if _REFUSED.search(said) else Unavailable
        raise kind(f"{GRAPHQL.id}: {said}")
    data = body.get("data")
    if not isinstance(data, Mapping):
        raise Unavailable(f"{GRAPHQL.id}: the answer has no data")
    return data


def nodes(
    session: ReadOnlySession, query: str, place: str, **variables: str
) -> Iterator[Mapping[str, Any]]:
    """Every node of the connection at a dotted place. Raises the source errors."""
    cursor, seen = "", set[str]()
    for _ in range(_MOST_PAGES):
        found = mapping(at(ask(session, query, cursor=cursor or None, **variables), place))
        edges = found.get("edges")
        if not isinstance(edges, list):
            raise Unavailable(f"{GRAPHQL.id}: the answer has no list `{place}`")
        for edge in edges:
            yield mapping(mapping(edge).get("node"))
        info = mapping(found.get("pageInfo"))
        if info.get("hasNextPage") is not True:
            return
        cursor = text(info.get("endCursor"))
        if not cursor or cursor in seen:
            raise Unavailable(f"{GRAPHQL.id}: the source repeats a page")
        seen.add(cursor)
    raise Unavailable(f"{GRAPHQL.id}: more than {_MOST_PAGES} pages")
