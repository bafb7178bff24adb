"""SQL: every warehouse's way to call a model, and what only looks like it."""

from __future__ import annotations

import json

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined, tags


@pytest.mark.parametrize(
    ("text", "label", "provider", "models"),
    [
        ("SELECT SNOWFLAKE.CORTEX.COMPLETE('mistral-large2', body) FROM t;",
         "SNOWFLAKE.CORTEX.COMPLETE", "snowflake_cortex", ("mistral-large2",)),
        ("select snowflake.cortex.sentiment(body) from {{ ref('reviews') }}",
         "snowflake.cortex.sentiment", "snowflake_cortex", ()),
        ("SELECT AI_COMPLETE(model => 'claude-4-sonnet', prompt => p) FROM t",
         "AI_COMPLETE", "snowflake_cortex", ("claude-4-sonnet",)),
        ("SELECT AI_CLASSIFY(body, ['a', 'b']) FROM t", "AI_CLASSIFY", "snowflake_cortex", ()),
        ("SELECT ai_classify(body, array('a')) FROM t", "ai_classify", "databricks", ()),
        ("SELECT ai_query('databricks-meta-llama-3-3-70b-instruct', p) FROM t", "ai_query",
         "databricks", ("databricks-meta-llama-3-3-70b-instruct",)),
        ("SELECT ai_gen('x') FROM t", "ai_gen", "databricks", ()),
        ("SELECT * FROM ML.GENERATE_TEXT(MODEL `p.d.m`, (SELECT 1))", "ML.GENERATE_TEXT",
         "google_vertex", ()),
        ("SELECT * FROM ML.PREDICT (MODEL `p.d.m`, TABLE t)", "ML.PREDICT", "google_vertex", ()),
        ("SELECT AI.GENERATE(('x', c), connection_id => 'us.c', endpoint => 'gemini-2.5-flash')",
         "AI.GENERATE", "google_vertex", ("gemini-2.5-flash",)),
        ("SELECT ai.openai_chat_complete('gpt-4o-mini', jsonb_build_array())",
         "ai.openai_chat_complete", "openai", ("gpt-4o-mini",)),
        ("select azure_openai.create_embeddings('text-embedding-3-small', t)",
         "azure_openai.create_embeddings", "azure_openai", ("text-embedding-3-small",)),
        ("select aws_bedrock.invoke_model(model_id := 'amazon.titan-text-express-v1')",
         "aws_bedrock.invoke_model", "aws_bedrock", ("amazon.titan-text-express-v1",)),
        ("SELECT AI_GENERATE_EMBEDDINGS(t USE MODEL m) FROM x", "AI_GENERATE_EMBEDDINGS",
         "azure_openai", ()),
    ],
)  # fmt: skip
def test_functions(text: str, label: str, provider: str, models: tuple[str, ...]) -> None:
    (hit,) = examined(f"-- report\n{text}\n", "models/report.sql", HitKind.QUERY)

    assert (hit.label, hit.provider, hit.line, hit.models) == (label, provider, 2, models)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT VECTOR_EMBEDDING(minilm USING t AS data) FROM x",
        "EXEC DBMS_VECTOR.LOAD_ONNX_MODEL('D', 'm.onnx', 'm')",
        "SELECT sys.ML_GENERATE('x', JSON_OBJECT('model_id', 'mistral-7b'))",
        "SELECT pgml.transform(task => 'x')",
    ],
)
def test_a_function_of_nobody_in_the_catalogue_is_a_thing_of_its_own(text: str) -> None:
    (hit,) = examined(text, "a.sql", HitKind.QUERY)

    assert hit.provider or hit.part.startswith("query/")


def test_what_the_file_says_decides_between_two_warehouses() -> None:
    (one,) = examined("USE WAREHOUSE w;\nselect ai_extract(a, b);", "a.sql", HitKind.QUERY)
    (two,) = examined("CREATE TABLE t USING DELTA;\nSELECT AI_EXTRACT(a, b);", "a.sql",
                      HitKind.QUERY)  # fmt: skip

    assert (one.provider, two.provider) == ("snowflake_cortex", "databricks")


@pytest.mark.parametrize(
    ("text", "part", "provider", "models"),
    [
        ("CREATE OR REPLACE MODEL `proj.ds.gen`\nREMOTE WITH CONNECTION `us.c`\n"
         "OPTIONS (ENDPOINT = 'gemini-2.0-flash');", "resource/model:proj.ds.gen",
         "google_vertex", ("gemini-2.0-flash",)),
        ("CREATE MODEL ds.churn OPTIONS(model_type='LOGISTIC_REG') AS SELECT 1",
         "resource/model:ds.churn", "google_vertex", ()),
        ("CREATE MODEL churn FROM (SELECT 1) TARGET y FUNCTION f IAM_ROLE default;",
         "resource/model:churn", "aws_sagemaker", ()),
        ("CREATE EXTERNAL MODEL llm FUNCTION f IAM_ROLE default MODEL_TYPE BEDROCK "
         "SETTINGS (MODEL_ID 'anthropic.claude-v2:1');", "resource/model:llm", "aws_bedrock",
         ("anthropic.claude-v2:1",)),
        ("CREATE EXTERNAL MODEL emb WITH (LOCATION = 'https://x', API_FORMAT = 'Azure OpenAI', "
         "MODEL_TYPE = EMBEDDINGS, MODEL = 'text-embedding-3-small');", "resource/model:emb",
         "azure_openai", ("text-embedding-3-small",)),
        ("CREATE CORTEX SEARCH SERVICE docs ON body WAREHOUSE = w;", "resource/cortex_search:docs",
         "snowflake_cortex", ()),
    ],
)  # fmt: skip
def test_models_that_are_made(text: str, part: str, provider: str, models: tuple[str, ...]) -> None:
    (hit,) = examined(f"\n{text}\n", "ddl.sql", HitKind.RESOURCE)

    assert (hit.part, hit.provider, hit.line, hit.models) == (part, provider, 2, models)


def test_vectors_of_postgres() -> None:
    text = """\
create extension if not exists "vector" with schema extensions;
create table public.docs (
  id bigint primary key,
  embedding extensions.vector(1536)
);
create function match(query_embedding vector(1536)) returns void as $$ $$;
alter table notes add column embedding vector(384);
"""
    extension, table, altered = examined(text, "migrations/1.sql", HitKind.RESOURCE)

    assert (extension.part, extension.line) == ("vector_store/pgvector", 1)
    assert (table.part, table.line, tags(table)) == (
        "vector_store/public.docs", 4, {"dimensions": "1536"},
    )  # fmt: skip
    assert (altered.part, altered.line) == ("vector_store/notes", 7)
    assert {hit.asset_class for hit in (extension, table, altered)} == {"vector_store"}


@pytest.mark.parametrize(
    ("path", "text", "provider", "line"),
    [
        ("job.py", 'x = 1\ndf = spark.sql("SELECT ai_query(\'m-1\', t) FROM x")\n', "databricks",
         2),
        ("job.py", "q = '''\nSELECT SNOWFLAKE.CORTEX.COMPLETE('llama3.1-8b', t)\n'''\n",
         "snowflake_cortex", 2),
        ("job.ts", "\nconst q = `SELECT * FROM ML.GENERATE_TEXT(MODEL m)`;\n", "google_vertex", 2),
        ("n.ipynb", json.dumps({"cells": [{"source": ["%sql\n", "SELECT ai_gen('x')\n"]}]}),
         "databricks", 1),
    ],
)  # fmt: skip
def test_statements_in_programs(path: str, text: str, provider: str, line: int) -> None:
    (hit,) = examined(text, path, HitKind.QUERY)

    assert (hit.provider, hit.line) == (provider, line)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ts", "const { text } = await ai.generate({ model, prompt });\n"),
        ("a.py", "def ai_query(prompt):\n    return ai_query('x')\n"),
        ("a.py", "result = ml.predict(x)\nai_classify(rows)\n"),
        ("a.py", "np.vector(1536)\n"),
        ("a.sql", "SELECT ai_score, ml_predict FROM t WHERE model = 'gpt-x';\n"),
        ("a.sql", "CREATE TABLE models (id int);\nCREATE EXTENSION pgcrypto;\n"),
        ("a.sql", "EXEC sp_invoke_external_rest_endpoint @url = 'https://example.com/x';\n"),
        ("a.sql", "CREATE FUNCTION f(v vector(3)) RETURNS int;\n"),
    ],
)
def test_what_only_looks_like_it(path: str, text: str) -> None:
    hits = examined(text, path)

    assert [h for h in hits if h.kind in (HitKind.QUERY, HitKind.RESOURCE)] == []


def test_azure_sql_calls_a_provider() -> None:
    text = (
        "DECLARE @url nvarchar(4000) = N'https://acme.openai.azure.com/openai/deployments/x';\n"
        "EXEC @ret = sp_invoke_external_rest_endpoint @url = @url;\n"
    )
    (hit,) = examined(text, "a.sql", HitKind.QUERY)

    assert (hit.provider, hit.line) == ("azure_openai", 2)


@pytest.mark.parametrize("path", ["a.sql", "a.py"])
@pytest.mark.parametrize(
    "text",
    [
        "AI_COMPLETE(" * 20_000,
        "CREATE MODEL x " * 20_000,
        "CREATE " * 50_000 + "EXTENSION vector",
        " vector(3)" * 20_000,
        "create table " + "a" * 100_000 + " vector(3)" * 2000,
        "sp_invoke_external_rest_endpoint " * 5000 + "https://" * 5000,
        "SELECT " * 20_000 + "ai_query('" * 5000,
        "SELECT ai_query(" + " " * 200_000,
    ],
)
def test_hostile_statements(path: str, text: str) -> None:
    examined(text, path)
