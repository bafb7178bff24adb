"""A small account of Snowflake, by https://docs.snowflake.com/developer-guide/sql-api/reference."""

from __future__ import annotations

from typing import Any

from connectors import snowflake
from connectors.snowflake import statements
from tests.saas_rig import TOKEN, Asked, Reply, Vendor
from tests.saas_rig.cases import Case

CODE = "import openai\ndef f(x):\n    return openai.OpenAI().responses.create(model='gpt-4o')\n"
T0, T1 = "1790000000.000000000", "1795000000.000000000"
Table = tuple[tuple[str, ...], list[list[Any]]]
ANSWERS: dict[str, Table] = {
    statements.USERS: (
        ("NAME", "EMAIL", "DISPLAY_NAME", "DISABLED", "TYPE"),
        [["ADA", "Ada@acme.com", "Ada Day", "false", "PERSON"],
         ["BEN", "ben@acme.com", "Ben Bay", "true", None],
         ["ETL", None, "etl", "false", "SERVICE"]],
    ),
    statements.ROLES: (
        ("NAME", "GRANTEE_NAME", "MIN(CREATED_ON)"), [["CORTEX_USER", "PUBLIC", T0]],
    ),
    statements.FLOWS: (
        ("MODEL_NAME", "B.VALUE", "DOMAIN", "COUNT(*)", "MIN", "MAX"),
        [["claude-sonnet", "CRM.PUBLIC.CONTACTS", "Table", "12", T0, T1],
         ["llama3.1-70b", "HR.PUBLIC.PAY", "View", "2", T0, T1],
         ["claude-sonnet", "CRM.PUBLIC.NOTES", "Table", "1", T0, T1]],
    ),
    statements.SEARCH: (
        ("created_on", "name", "database_name", "schema_name", "embedding_model", "owner"),
        [[T0, "DOCS", "RAG", "PUBLIC", "snowflake-arctic-embed-m-v1.5", "ANALYST"]],
    ),
    statements.AGENTS: (
        ("created_on", "name", "database_name", "schema_name", "owner", "comment"),
        [[T0, "SALES_HELPER", "CRM", "AGENTS", "ANALYST", "answers sales"]],
    ),
    statements.MODELS: (
        ("created_on", "name", "model_type", "database_name", "schema_name", "owner"),
        [[T0, name, "USER_MODEL", "ML", "PUBLIC", "DATA"] for name in ("CHURN", "FRAUD", "TOPICS")],
    ),
    statements.FUNCTIONS: (
        ("FUNCTION_CATALOG", "FUNCTION_SCHEMA", "FUNCTION_NAME", "FUNCTION_OWNER",
         "FUNCTION_LANGUAGE", "IS_EXTERNAL", "API_INTEGRATION", "EXTERNAL_ACCESS_INTEGRATIONS",
         "SECRETS", "FUNCTION_DEFINITION", "CREATED"),
        [["CRM", "PUBLIC", "ASK", "DATA", "PYTHON", "NO", None, "[OPENAI_ACCESS]",
          '{"key":"CRM.PUBLIC.OPENAI_KEY"}', CODE, T0]],
    ),
    statements.FUNCTION_USE: (
        ("USER_NAME", "FUNCTION_NAME", "MODEL_NAME", "COUNT(*)", "MIN", "MAX"),
        [["ADA", "COMPLETE", "claude-sonnet", "40", T0, T1],
         ["ADA", "EMBED_TEXT_768", "snowflake-arctic-embed-m", "5", T0, T0],
         ["ETL", "COMPLETE", "claude-sonnet", "1000", T0, T1]],
    ),
    statements.ANALYST_USE: (("USERNAME", "SUM", "MIN", "MAX"), [["BEN", "7", T0, T1]]),
    statements.SEARCH_USE: (
        ("DATABASE_NAME", "SCHEMA_NAME", "SERVICE_NAME", "COUNT(*)", "MIN", "MAX"),
        [["RAG", "PUBLIC", "DOCS", "9", "2026-10-01", "2026-11-20"]],
    ),
    statements.SESSIONS: (
        ("USER_NAME", "AUTHORIZING_INTEGRATION_NAME", "COUNT(*)", "MIN", "MAX"),
        [["ADA", "CHATGPT_OAUTH_INT", "12", T0, T1], ["BEN", "TABLEAU", "300", T0, T1]],
    ),
}  # fmt: skip
VIEWS = set(statements.FUNCTION_VIEWS)
"""Those of functions' use that the account has."""
ASKED: list[str] = []
HANDLES = {f"h{n}": statement for n, statement in enumerate(ANSWERS)}
SLOW = next(one for one, statement in HANDLES.items() if statement == statements.ANALYST_USE)


def plant() -> Vendor:
    vendor = Vendor(
        refusal=Reply(
            {"code": "002003", "message": "Object does not exist or not authorized."}, 422
        )
    )

    def told(handle: str, number: int) -> Any:
        names, rows = ANSWERS[HANDLES[handle]]
        page, _ = vendor.next_page(rows, str(number * vendor.page_size))
        found: dict[str, Any] = {"data": page, "code": "090001", "statementHandle": handle}
        if not number:
            parts = max(1, -(-len(rows) // vendor.page_size))
            found["resultSetMetaData"] = {
                "numRows": len(rows), "rowType": [{"name": name} for name in names],
                "partitionInfo": [{"rowCount": 1}] * parts,
            }  # fmt: skip
        return found

    def run(asked: Asked) -> Any:
        ASKED.append(asked.body["statement"])
        plain = {
            statement.replace("{days}", "90").replace("{view}", view): h
            for h, statement in HANDLES.items()
            for view in VIEWS
        }
        handle = plain.get(asked.body["statement"])
        if handle is None:
            return Reply({"code": "001003", "message": "SQL compilation error"}, 422)
        if handle == SLOW:
            return Reply({"code": "333334", "statementHandle": handle, "message": "running"}, 202)
        return told(handle, 0)

    def result(asked: Asked) -> Any:
        return told(asked.holes["handle"], int(asked.query.get("partition", "0")))

    vendor.route(snowflake.RUN.id, run)
    vendor.route(snowflake.RESULT.id, result, "partition")
    return vendor


def _exported(statement: str, *columns: str) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in ANSWERS[statement][1]]


CASE = Case(
    name="snowflake",
    plant=plant,
    settings=lambda url: {"organization": "acme", "url": url, "poll_seconds": 0},
    records=[
        *_exported(statements.FUNCTION_USE, "USER_NAME", "FUNCTION_NAME", "MODEL_NAME", "COUNT",
                   "FIRST_AT", "LAST_AT"),
        *_exported(statements.ANALYST_USE, "USERNAME", "REQUEST_COUNT", "START_TIME", "END_TIME"),
        *_exported(statements.USERS, "NAME", "EMAIL", "DISPLAY_NAME", "DISABLED", "TYPE"),
    ],
    environ={"SNOWFLAKE_TOKEN": TOKEN},
    is_counted=True,
)  # fmt: skip
