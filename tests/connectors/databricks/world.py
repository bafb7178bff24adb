"""A small workspace of Databricks, by https://docs.databricks.com/api/workspace."""

from __future__ import annotations

from typing import Any

from connectors import databricks
from connectors.databricks import use
from tests.saas_rig import Asked, Reply, Vendor, token_route
from tests.saas_rig.cases import Case

CLIENT, SECRET = "made-up-client", "made-up-secret"
ENDPOINTS = [
    {"name": "support-gpt", "id": "1", "creator": "ada@acme.com", "task": "llm/v1/chat",
     "creation_timestamp": 1_790_000_000_000, "state": {"ready": "READY"},
     "tags": [{"key": "team", "value": "support"}],
     "config": {"served_entities": [
         {"name": "a", "external_model": {
             "name": "gpt-4o", "provider": "openai", "task": "llm/v1/chat",
             "openai_config": {"openai_api_key": "{{secrets/llm/openai}}"}}},
         {"name": "b", "external_model": {
             "name": "claude-sonnet", "provider": "anthropic",
             "anthropic_config": {"anthropic_api_key": "{{secrets/llm/claude}}"}}}]}},
    {"name": "churn", "id": "2", "creator": "0a1b-service-principal",
     "state": {"ready": "NOT_READY"},
     "config": {"served_entities": [{"name": "churn-1", "entity_name": "main.ml.churn",
                                     "entity_version": "3"}]}},
    {"name": "databricks-gte", "state": {"ready": "READY"},
     "config": {"served_entities": [{"name": "gte", "foundation_model": {"name": "gte-large"},
                                     "entity_name": "system.ai.gte_large"}]}},
]  # fmt: skip
MODELS = [
    {"name": name, "full_name": f"main.ml.{name}", "catalog_name": "main", "schema_name": "ml",
     "owner": "ben@acme.com", "created_at": 1_790_000_000_000}
    for name in ("churn", "fraud", "topics")
]  # fmt: skip
VECTORS = [
    {"name": "vs-1", "creator": "ada@acme.com", "endpoint_type": "STANDARD", "num_indexes": 1,
     "endpoint_status": {"state": "ONLINE"}},
    {"name": "vs-2", "endpoint_type": "STANDARD", "endpoint_status": {"state": "OFFLINE"}},
    {"name": "vs-3", "endpoint_type": "STANDARD", "endpoint_status": {"state": "ONLINE"}},
]  # fmt: skip
INDEX = {
    "name": "main.rag.docs_index", "endpoint_name": "vs-1", "index_type": "DELTA_SYNC",
    "primary_key": "id", "creator": "ada@acme.com",
    "delta_sync_index_spec": {"source_table": "main.rag.docs", "pipeline_type": "TRIGGERED",
                              "embedding_source_columns": [
                                  {"name": "text",
                                   "embedding_model_endpoint_name": "databricks-gte"}]},
}  # fmt: skip
SPACES = [{"space_id": f"sp{n}", "title": f"Ask sales {n}"} for n in (1, 2, 3)]
APPS = [
    {"name": "chat-app", "creator": "ada@acme.com", "create_time": "2026-10-01T00:00:00Z",
     "url": "https://chat-app.databricksapps.com",
     "resources": [{"name": "m", "serving_endpoint": {"name": "support-gpt",
                                                      "permission": "CAN_QUERY"}}]},
    {"name": "lunch", "creator": "ben@acme.com", "resources": []},
    {"name": "clock", "creator": "ben@acme.com"},
]  # fmt: skip
SERVED = [
    ["ada@acme.com", "support-gpt", "gpt-4o", "40", "2026-10-01T08:00:00.000Z",
     "2026-11-20T08:00:00.000Z"],
    ["0a1b-service-principal", "churn", "main.ml.churn", "7", "2026-11-01T08:00:00.000Z",
     "2026-11-02T08:00:00.000Z"],
]  # fmt: skip
AUDITED = [
    ["ben@acme.com", "aibiGenie", "genieStartConversationMessage", "sp1", "5",
     "2026-11-01T08:00:00.000Z", "2026-11-02T08:00:00.000Z"],
    ["ada@acme.com", "databricksAssistant", "assistantChat", "", "2", "2026-11-01T08:00:00.000Z",
     "2026-11-02T08:00:00.000Z"],
    ["ada@acme.com", "vectorSearch", "createVectorIndex", "main.rag.docs_index", "1",
     "2026-11-01T08:00:00.000Z", "2026-11-01T08:00:00.000Z"],
]  # fmt: skip


def audited(ident: str, service: str, action: str, code: int = 200, **params: str) -> Any:
    return {
        "version": "2.0", "requestId": ident, "timestamp": 1_795_000_000_000,
        "serviceName": service, "actionName": action, "requestParams": params,
        "userIdentity": {"email": "ada@acme.com"}, "response": {"statusCode": code},
        "workspaceId": "1",
    }  # fmt: skip


EVENTS = [
    audited("r1", "serverlessRealTimeInference", "createServingEndpoint", name="support-gpt"),
    audited("r2", "aibiGenie", "createConversation", space_id="sp1"),
    audited("r3", "aibiGenie", "createConversation", 403, space_id="sp2"),
    audited("r4", "accounts", "login"),
]


def plant() -> Vendor:
    vendor = Vendor()
    token_route(vendor, databricks.TOKEN.id, CLIENT, SECRET, grant_type="client_credentials")

    def listed(key: str, records: list[Any]) -> Any:
        """What is empty is left out."""

        def answer(asked: Asked) -> Any:
            page, after = vendor.next_page(records, asked.query.get("page_token", ""))
            found: dict[str, Any] = {key: page} if page else {}
            return {**found, **({"next_page_token": after} if after else {})}

        return answer

    def indexes(asked: Asked) -> Any:
        short = {key: INDEX[key] for key in ("name", "endpoint_name", "index_type", "creator")}
        found = [short] if asked.query["endpoint_name"] == "vs-1" else []
        return listed("vector_indexes", found)(asked)

    def index(asked: Asked) -> Any:
        found = asked.holes["index"] == INDEX["name"]
        return INDEX if found else Reply({"message": "none"}, 404)

    def statement(asked: Asked) -> Any:
        is_served = "endpoint_usage" in asked.body["statement"]
        assert asked.body["parameters"][0]["value"] < "2026-11-28"
        state = "PENDING" if is_served else "SUCCEEDED"
        return {"statement_id": "s1" if is_served else "s2", "status": {"state": state},
                **({} if is_served else _result("s2", AUDITED, 0))}  # fmt: skip

    def _result(ident: str, rows: list[Any], n: int) -> Any:
        page, after = vendor.next_page(rows, str(n * vendor.page_size))
        link = f"/api/2.0/sql/statements/{ident}/result/chunks/{n + 1}"
        chunk: dict[str, Any] = {"chunk_index": n, "data_array": page}
        if after and after != "0":
            chunk["next_chunk_internal_link"] = link
        return {"manifest": {"format": "JSON_ARRAY"}, "result": chunk}

    def state(asked: Asked) -> Any:
        return {"statement_id": "s1", "status": {"state": "SUCCEEDED"}, **_result("s1", SERVED, 0)}

    def chunk(asked: Asked) -> Any:
        return _result(asked.holes["id"], AUDITED, int(asked.holes["n"]))["result"]

    vendor.route(databricks.SERVING.id, listed("endpoints", ENDPOINTS), "page_token")
    vendor.route(
        databricks.MODELS.id, listed("registered_models", MODELS), "page_token max_results"
    )
    vendor.route(databricks.ENDPOINTS.id, listed("endpoints", VECTORS), "page_token")
    vendor.route(databricks.INDEXES.id, indexes, "page_token endpoint_name")
    vendor.route(databricks.INDEX.id, index)
    vendor.route(databricks.SPACES.id, listed("spaces", SPACES), "page_token page_size")
    vendor.route(databricks.APPS.id, listed("apps", APPS), "page_token page_size")
    vendor.route(use.STATEMENT.id, statement)
    vendor.route(use.STATE.id, state)
    vendor.route(use.CHUNK.id, chunk)
    return vendor


CASE = Case(
    name="databricks",
    plant=plant,
    settings=lambda url: {
        "organization": "acme", "url": url, "warehouse_id": "w1", "poll_seconds": 0,
        "parts": ("serving", "models", "vectors", "genie", "apps", "use"),
    },
    records=[*EVENTS, *ENDPOINTS, *MODELS, INDEX, *SPACES],
    environ={"DATABRICKS_CLIENT_ID": CLIENT, "DATABRICKS_CLIENT_SECRET": SECRET},
)  # fmt: skip
