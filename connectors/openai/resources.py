"""What stands in a project: assistants, vector stores and fine-tuning jobs, by a key of its own.

https://platform.openai.com/docs/api-reference/assistants, .../vector-stores and .../fine-tuning: an
admin key is let see none of them. Instructions, descriptions, metadata and files are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.openai.admin import org_id, project_id, seconds
from connectors.openai.log import MODEL, model_id
from scanner.kit.contract import Operation
from scanner.kit.http import ReadOnlySession
from scanner.kit.paged import by_last_id
from scanner.kit.text import cut
from scanner.kit.told import edge, evidence, gap
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.errors import SourceError
from scanner.model.facts import Asset, AssetClass, DataStore, Relation
from scanner.model.items import Item

ASSISTANTS = "/v1/assistants"
VECTOR_STORES = "/v1/vector_stores"
FINE_TUNING = "/v1/fine_tuning/jobs"
KINDS = frozenset({
    "openai.assistant", "openai.vector_store", "openai.fine_tuning_job", "openai.file", MODEL,
})  # fmt: skip
_MOST_TEXT = 120
_PROVIDER = NodeId("provider:openai")
_RULES = (
    (ASSISTANTS, "Assistants: read", "assistants, their models and tools"),
    (VECTOR_STORES, "Vector stores: read", "vector stores, which assistants search"),
    (FINE_TUNING, "Fine-tuning: read", "fine-tuned models, and what they were made of"),
)
OPERATIONS = tuple(
    Operation(
        id=f"GET {path}", permission=permission, bucket="project", reason=why,
        opt_in=("project_keys",), elsewhere="a restricted key of the project, for this alone",
    )
    for path, permission, why in _RULES
)  # fmt: skip


def resources(
    session: ReadOnlySession, org: str, project: str, asked: tuple[str, ...]
) -> Iterator[Item]:
    """``asked``: of ``assistants``, ``vector_stores``, ``fine_tuning``. Raises the source error
    where none may be read; one that may not is a gap."""
    errors: list[SourceError] = []
    for name in asked:
        path, read = _LISTS[name]
        try:
            for record in by_last_id(session, path, {"limit": "100"}, after="after"):
                yield from read(record, org, project)
        except SourceError as error:
            errors.append(error)
            yield gap(f"{name} of project {project}", error)
    if errors and len(errors) == len(asked):
        raise errors[0]


def _within(thing: Asset, project: str, path: str) -> Iterator[Item]:
    yield thing
    yield edge(project_id(project), thing.id, Relation.CONTAINS, path)


def _assistant(record: Mapping[str, Any], org: str, project: str) -> Iterator[Item]:
    node = NodeId(f"openai:assistant/{text(record['id'])}")
    tools = sorted({text(mapping(one).get("type")) for one in items(record.get("tools"))} - {""})
    model = text(record.get("model"))
    yield from _within(
        Asset(
            id=node, kind="openai.assistant", provider="openai", asset_class=AssetClass.AGENT,
            name=cut(text(record.get("name")), _MOST_TEXT) or text(record["id"]),
            account=org_id(org),
            models=(model,) if model else (), created_at=seconds(record.get("created_at")),
            tags={"tools": cut(", ".join(tools), 300)} if tools else {},
            evidence=(evidence("openai", ASSISTANTS, node),),
        ), project, ASSISTANTS,
    )  # fmt: skip
    yield edge(node, _PROVIDER, Relation.CALLS, ASSISTANTS)
    search = mapping(mapping(record.get("tool_resources")).get("file_search"))
    for store in filter(None, map(text, items(search.get("vector_store_ids")))):
        yield edge(node, _store_id(store), Relation.READS_FROM, ASSISTANTS)


def _store_id(ident: str) -> NodeId:
    return NodeId(f"openai:vector-store/{ident}")


def _vector_store(record: Mapping[str, Any], org: str, project: str) -> Iterator[Item]:
    node = _store_id(text(record["id"]))
    tags = {
        "bytes": text(record.get("usage_bytes")),
        "files": text(mapping(record.get("file_counts")).get("total")),
        "last_active_at": seconds(record.get("last_active_at")),
        "expires_at": seconds(record.get("expires_at")),
    }
    yield from _within(
        Asset(
            id=node, kind="openai.vector_store", provider="openai", account=org_id(org),
            asset_class=AssetClass.VECTOR_STORE, status=cut(text(record.get("status")), _MOST_TEXT),
            name=cut(text(record.get("name")), _MOST_TEXT) or text(record["id"]),
            created_at=seconds(record.get("created_at")),
            tags={name: value for name, value in tags.items() if value},
            evidence=(evidence("openai", VECTOR_STORES, node),),
        ), project, VECTOR_STORES,
    )  # fmt: skip


def _job(record: Mapping[str, Any], org: str, project: str) -> Iterator[Item]:
    ident, base = text(record["id"]), text(record.get("model"))
    node = NodeId(f"openai:fine-tuning-job/{ident}")
    made, status = text(record.get("fine_tuned_model")), text(record.get("status"))
    method = text(mapping(record.get("method")).get("type"))
    yield from _within(
        Asset(
            id=node, kind="openai.fine_tuning_job", name=f"fine-tuning of {base or 'a model'}",
            asset_class=AssetClass.WORKLOAD, provider="openai", account=org_id(org),
            models=(base,) if base else (), created_at=seconds(record.get("created_at")),
            status=cut(status, _MOST_TEXT), tags={"method": method} if method else {},
            evidence=(evidence("openai", FINE_TUNING, node),),
        ), project, FINE_TUNING,
    )  # fmt: skip
    yield edge(node, _PROVIDER, Relation.CALLS, FINE_TUNING)
    files = [text(record.get(name)) for name in ("training_file", "validation_file")]
    for file in filter(None, files):
        yield _file(file, org)
        yield edge(node, _file_id(file), Relation.READS_FROM, FINE_TUNING)
    if not made:
        return
    model = model_id(cut(made, 300))
    yield from _within(
        Asset(
            id=model, kind=MODEL, name=cut(made, 300), asset_class=AssetClass.MODEL,
            provider="openai",
            account=org_id(org), models=(base,) if base else (),
            created_at=seconds(record.get("finished_at")),
            evidence=(evidence("openai", FINE_TUNING, model),),
        ), project, FINE_TUNING,
    )  # fmt: skip
    for file in filter(None, files[:1]):
        yield edge(model, _file_id(file), Relation.DERIVED_FROM, FINE_TUNING)


def _file_id(ident: str) -> NodeId:
    return NodeId(f"openai:file/{ident}")


def _file(ident: str, org: str) -> DataStore:
    node = _file_id(ident)
    return DataStore(
        id=node, kind="openai.file", name=f"training data {ident}", store_class="training data",
        account=org_id(org), evidence=(evidence("openai", FINE_TUNING, node),),
    )  # fmt: skip


_LISTS = {
    "assistants": (ASSISTANTS, _assistant),
    "vector_stores": (VECTOR_STORES, _vector_store),
    "fine_tuning": (FINE_TUNING, _job),
}
