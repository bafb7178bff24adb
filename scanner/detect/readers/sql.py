"""SQL that calls models: functions of the warehouses, models and vector columns of databases.

Owns ``.sql`` (dbt's, too), notebooks, and statements in the strings of programs, there only where
they cannot be anything else. Follows the vendors' function references:
https://docs.snowflake.com/en/user-guide/snowflake-cortex/aisql,
https://cloud.google.com/bigquery/docs/generative-ai-overview,
https://docs.databricks.com/aws/en/large-language-models/ai-functions,
https://github.com/timescale/pgai, https://postgresml.org/docs, https://docs.oracle.com/en/database/oracle/oracle-database/23/vecse/,
https://learn.microsoft.com/sql/t-sql/functions/ai-generate-embeddings-transact-sql,
https://dev.mysql.com/doc/heatwave/en/mys-hwgenai.html, https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_MODEL.html.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from scanner.detect.infra.grants import known
from scanner.detect.knowledge import Knowledge
from scanner.detect.source import Found, Reader, SourceFile, by_suffix
from scanner.kit.expressions import expression
from scanner.model.evidence import Confidence
from scanner.model.facts import AssetClass
from scanner.model.items import HitKind

_SNOWFLAKE = ("snowflake_cortex", "snowflake")
_BIGQUERY = ("google_bigquery_ml", "bigquery_ml", "google_vertex")
_DATABRICKS = ("databricks",)
_AZURE = ("azure_openai", "azure_ai")


@dataclass(frozen=True)
class _Call:
    """``pattern``: up to the bracket. ``providers``: the first that the catalogue knows; of none
    the hit is a thing of its own. ``is_sure``: it means use in any text; else only in SQL."""

    pattern: str
    providers: tuple[str, ...]
    is_sure: bool = False
    names_model: bool = False
    """Its first argument is a model."""


_BOTH = r"AI_(?:CLASSIFY|EXTRACT|SIMILARITY|TRANSLATE|PARSE_DOCUMENT)"
_CALLS: tuple[_Call, ...] = (
    _Call(r"SNOWFLAKE\.CORTEX\.(?:TRY_)?(?:COMPLETE|EMBED_TEXT_\d{3,4}|FINETUNE)", _SNOWFLAKE, True,
          True),
    _Call(r"SNOWFLAKE\.(?:CORTEX|ML)\.[A-Z_]{3,40}", _SNOWFLAKE, True),
    _Call(r"AI_(?:COMPLETE|EMBED)", _SNOWFLAKE, False, True),
    _Call(r"AI_(?:FILTER|AGG|SUMMARIZE_AGG|SENTIMENT|TRANSCRIBE|REDACT|COUNT_TOKENS)", _SNOWFLAKE),
    _Call(r"AI_QUERY", _DATABRICKS, False, True),
    _Call(r"AI_(?:GEN|FIX_GRAMMAR|MASK|SUMMARIZE|ANALYZE_SENTIMENT|FORECAST)", _DATABRICKS),
    _Call(_BOTH, ()),
    _Call(r"ML\.(?:GENERATE_(?:TEXT|EMBEDDING|TEXT_EMBEDDING|TABLE)|UNDERSTAND_TEXT|TRANSLATE"
          r"|PROCESS_DOCUMENT|TRANSCRIBE|ANNOTATE_IMAGE|PREDICT|FORECAST|EXPLAIN_PREDICT"
          r"|DETECT_ANOMALIES|RECOMMEND|EVALUATE)", _BIGQUERY),
    _Call(r"AI\.(?:GENERATE(?:_TEXT|_TABLE|_BOOL|_INT|_DOUBLE|_EMBEDDING)?|CLASSIFY|SCORE|FORECAST"
          r"|EMBED|SIMILARITY|SEARCH|DETECT_ANOMALIES|COUNT_TOKENS)", _BIGQUERY),
    _Call(r"ai\.openai_[a-z_]{3,40}|ai\.embedding_openai", ("openai",), False, True),
    _Call(r"ai\.ollama_[a-z_]{3,40}|ai\.embedding_ollama", ("ollama",), False, True),
    _Call(r"ai\.anthropic_[a-z_]{3,40}", ("anthropic",), False, True),
    _Call(r"ai\.cohere_[a-z_]{3,40}", ("cohere",), False, True),
    _Call(r"ai\.voyageai_[a-z_]{3,40}|ai\.embedding_voyageai", ("voyage",), False, True),
    _Call(r"ai\.embedding_litellm|ai\.litellm_[a-z_]{3,40}", ("litellm",), False, True),
    _Call(r"ai\.(?:create_vectorizer|load_dataset)", ("pgai", "timescale")),
    _Call(r"pgml\.(?:transform|embed|train|predict|tune|deploy|chunk|rank)", ("postgresml",), True),
    _Call(r"vectorize\.(?:table|search|rag|init_rag|encode|generate)", ("pg_vectorize", "tembo")),
    _Call(r"azure_openai\.create_[a-z_]{3,40}", _AZURE, True, True),
    _Call(r"azure_ai\.(?:generate|extract|rank|is_true)|azure_cognitive\.[a-z_]{3,40}",
          ("azure_ai", "azure_openai"), True),
    _Call(r"google_ml\.(?:predict_row|embedding|create_model|text_embedding)",
          ("google_vertex",), True),
    _Call(r"aws_bedrock\.invoke_model(?:_get_embeddings)?", ("aws_bedrock",), True),
    _Call(r"aws_sagemaker\.invoke_endpoint", ("aws_sagemaker",), True),
    _Call(r"DBMS_VECTOR(?:_CHAIN)?\.[A-Z_]{3,40}|DBMS_CLOUD_AI\.[A-Z_]{3,40}",
          ("oracle_genai", "oracle_ai_vector", "oracle"), True),
    _Call(r"VECTOR_EMBEDDING", ("oracle_genai", "oracle_ai_vector", "oracle"), False, True),
    _Call(r"AI_GENERATE_(?:EMBEDDINGS|CHUNKS)", _AZURE),
    _Call(r"sys\.ML_(?:GENERATE|GENERATE_TABLE|RAG|RAG_TABLE|EMBED_ROW|EMBED_TABLE|TRAIN"
          r"|PREDICT_ROW|PREDICT_TABLE|MODEL_LOAD)|sys\.(?:VECTOR_STORE_LOAD|HEATWAVE_CHAT|NL_SQL)",
          ("mysql_heatwave", "heatwave", "oracle_genai"), True),
)  # fmt: skip
_CALL = expression(r"(?<![\w.$])[A-Za-z][\w.]{3,70}(?=[ \t]{0,8}\()")
"""Whatever is called; what it is, the table says."""
_STATEMENT = expression(r"\b(?:SELECT|INSERT|UPDATE|MERGE|CREATE|WITH|FROM|CALL|EXEC)\b", re.I)
_FIRST = expression(
    r"\s{0,40}(?:\w{1,30}\s{0,4}(?:=>|:=|=)\s{0,4})?\\?['\"](?P<m>[\w./:@-]{2,120})\\?['\"]"
)
_FIRST_NAME = expression(r"\s{0,40}(?P<m>[A-Za-z_]\w{1,80})\s{1,20}USING\b", re.I)
_MODEL_NAMED = expression(
    r"\b(?:model(?:_name|_id)?|endpoint)\\?[\"']?\s{0,4}(?:=>|:=|=|:)\s{0,4}\\?['\"](?P<m>[A-Za-z0-9][\w./:@-]{1,120})\\?['\"]",
    re.I,
)
_MOST_MADE = 300
"""Models that one file makes."""
_NAME = r"(?P<name>[`\"\[]?[\w.\-`\"\[\]{}]{1,200})"
_CREATE_MODEL = expression(
    rf"\bCREATE\s{{1,20}}(?:OR\s{{1,8}}REPLACE\s{{1,8}})?(?P<external>EXTERNAL\s{{1,8}})?MODEL\s{{1,20}}"
    rf"(?:IF\s{{1,8}}NOT\s{{1,8}}EXISTS\s{{1,8}})?{_NAME}",
    re.I,
)
_MODEL_FORMS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (expression(r"\bMODEL_TYPE\s{1,8}BEDROCK\b", re.I), ("aws_bedrock",)),
    (expression(r"\bIAM_ROLE\b|\bFUNCTION\s{1,8}\w{1,80}[^;]{0,400}\bSAGEMAKER\b", re.I),
     ("aws_sagemaker",)),
    (expression(r"\bAPI_FORMAT\s{0,8}=\s{0,8}'(?:Azure )?OpenAI'", re.I), _AZURE),
    (expression(r"\bAPI_FORMAT\s{0,8}=\s{0,8}'Ollama'", re.I), ("ollama",)),
    (expression(r"\bPREDICT\b[^;]{0,400}\bUSING\b", re.I), ("mindsdb",)),
    (expression(r"\b(?:remote_service_type|model_type|endpoint)\s{0,8}=|\bREMOTE\s{1,8}WITH\b",
                re.I), _BIGQUERY),
)  # fmt: skip
"""What a ``CREATE MODEL`` says -> in which database it runs."""
_CREATE_OTHER = expression(
    rf"\bCREATE\s{{1,20}}(?:OR\s{{1,8}}REPLACE\s{{1,8}})?(?P<what>CORTEX\s{{1,8}}SEARCH\s{{1,8}}SERVICE"
    rf"|SNOWFLAKE\.ML\.[A-Z_]{{3,40}})\s{{1,20}}(?:IF\s{{1,8}}NOT\s{{1,8}}EXISTS\s{{1,8}})?{_NAME}",
    re.I,
)
_EXTENSION = expression(
    r"\bCREATE\s{1,20}EXTENSION\s{1,20}(?:IF\s{1,8}NOT\s{1,8}EXISTS\s{1,8})?\\?[\"']?"
    r"(?P<name>vectorscale|vectors|vector|vchord|lantern|pg_vectorize|vectorize|pgml|ai|azure_ai"
    r"|google_ml_integration|aws_ml|rag|embedding)\\?[\"']?(?=[\s;\"'\\)]|$)",
    re.I,
)
_EXTENSIONS: dict[str, tuple[tuple[str, ...], AssetClass]] = {
    "vector": (("pgvector",), AssetClass.VECTOR_STORE),
    "vectorscale": (("pgvectorscale", "pgvector"), AssetClass.VECTOR_STORE),
    "vectors": (("pgvecto_rs",), AssetClass.VECTOR_STORE),
    "vchord": (("vectorchord",), AssetClass.VECTOR_STORE),
    "lantern": (("lantern",), AssetClass.VECTOR_STORE),
    "embedding": (("pg_embedding", "neon"), AssetClass.VECTOR_STORE),
    "pg_vectorize": (("pg_vectorize", "tembo"), AssetClass.OTHER),
    "vectorize": (("pg_vectorize", "tembo"), AssetClass.OTHER),
    "pgml": (("postgresml",), AssetClass.OTHER),
    "ai": (("pgai", "timescale"), AssetClass.OTHER),
    "rag": (("neon",), AssetClass.OTHER),
    "azure_ai": (("azure_ai", "azure_openai"), AssetClass.OTHER),
    "google_ml_integration": (("google_vertex",), AssetClass.OTHER),
    "aws_ml": (("aws_bedrock", "aws_sagemaker"), AssetClass.OTHER),
}
_COLUMN = expression(
    r"(?<=[\s.\"])(?:half)?vector[ \t]{0,4}\([ \t]{0,4}(?:(?P<type>FLOAT|INT)\s{0,4},\s{0,4})?"
    r"(?P<size>\d{1,5})[ \t]{0,4}(?:,[ \t]{0,4}(?:FLOAT\d\d|INT8|BINARY|\*)[^)\n]{0,20})?\)",
    re.I,
)
_TABLE = expression(
    r"\b(?:CREATE\s{1,20}(?:OR\s{1,8}REPLACE\s{1,8})?(?:UNLOGGED\s{1,8}|TEMP(?:ORARY)?\s{1,8})?(?P<what>\w{3,20})|(?P<alter>ALTER)"
    r"\s{1,20}TABLE)\s{1,20}(?:IF\s{1,8}(?:NOT\s{1,8})?EXISTS\s{1,8})?(?:ONLY\s{1,8})?"
    r"(?P<name>[\w.\"`\[\]{}]{1,150})",
    re.I,
)
_REST = expression(r"\bsp_invoke_external_rest_endpoint\b", re.I)
_URL = expression(r"https://([A-Za-z0-9.-]{3,200})(/[^\s'\"]{0,200})?")
_AZURE_SQL = expression(r"\bIDENTITY\s{0,4}\(|\bNVARCHAR\b|^\s{0,8}GO\s{0,4}$|\bdbo\.", re.I | re.M)
_ORACLE = expression(r"\bVARCHAR2\b|\bNUMBER\s{0,2}\(|\bDBMS_", re.I)
_DATABRICKS_SIGNS = (b"ai_query", b"databricks", b"using delta", b"delta.", b"read_files(",
                     b"spark.sql", b"pyspark")  # fmt: skip
_SNOWFLAKE_SIGNS = (b"snowflake", b"cortex", b"::variant", b"to_file(", b"ai_complete", b"ai_agg",
                    b"ai_filter", b"ai_embed", b"warehouse", b"lateral flatten")  # fmt: skip


def _read_sql(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    yield from _statements(source, knowledge, is_sql=True)


def _read_code(source: SourceFile, knowledge: Knowledge) -> Iterator[Found]:
    yield from _statements(source, knowledge, is_sql=False)


def _statements(source: SourceFile, knowledge: Knowledge, *, is_sql: bool) -> Iterator[Found]:
    text = source.text
    for match in _CALL.finditer(text):
        call = _call_of(match[0].upper())
        if call is None:
            continue
        if is_sql or _is_unmistakable(call, match, text):
            yield from _query(source, knowledge, call, match)
    yield from _models(knowledge, text)
    yield from _extensions(knowledge, text)
    yield from _columns(knowledge, text)
    yield from _rest_calls(knowledge, text)


@lru_cache(maxsize=8192)
def _call_of(name: str) -> _Call | None:
    return next((call for call in _CALLS if re.fullmatch(call.pattern, name, re.I)), None)


def _is_unmistakable(call: _Call, match: re.Match[str], text: str) -> bool:
    """In a program: a statement is begun before it on its own or the last lines. Names with a dot
    are methods there (``ai.generate(`` of a JavaScript library) unless in capitals."""
    name = match[0]
    lead = text[max(0, match.start() - 400) : match.start()]
    if lead.endswith(("def ", "function ", "func ")):
        return False
    if call.is_sure:
        return name.upper() == name or _STATEMENT.search(lead) is not None
    if "." in name and name.upper() != name and not name.lower().startswith("ai."):
        return False
    return _IN_STATEMENT.search(lead) is not None


_IN_STATEMENT = expression(r"\bSELECT\b[^;]{0,390}$|\bselect\s[^;=]{0,390}$")


def _query(
    source: SourceFile, knowledge: Knowledge, call: _Call, match: re.Match[str]
) -> Iterator[Found]:
    name = match[0]
    providers, confidence = call.providers, Confidence.HIGH
    if not providers:
        providers, confidence = _warehouse(source, name)
    provider = known(knowledge, *providers)
    opened = source.text.find("(", match.end()) + 1
    arguments = source.text[opened : opened + 600]
    first = (_FIRST.match(arguments) or _FIRST_NAME.match(arguments)) if call.names_model else None
    named = first or _MODEL_NAMED.search(arguments.partition(";")[0])
    label = name.upper() if name.islower() and "." not in name else name
    yield Found(
        HitKind.QUERY,
        name,
        match.start(),
        provider=provider,
        confidence=confidence,
        preview=label,
        part="" if provider else f"query/{label.lower()}",
        asset_class=None if provider else AssetClass.OTHER,
        models=(named["m"],) if named else (),
    )


def _warehouse(source: SourceFile, name: str) -> tuple[tuple[str, ...], Confidence]:
    """Two warehouses have functions of the same name: what else the file says decides, then the
    letter case that each one's documentation uses."""
    is_databricks = any(sign in source.lowered for sign in _DATABRICKS_SIGNS)
    is_snowflake = any(sign in source.lowered for sign in _SNOWFLAKE_SIGNS)
    if is_databricks != is_snowflake:
        return (_DATABRICKS if is_databricks else _SNOWFLAKE), Confidence.HIGH
    return (_DATABRICKS if name.islower() else _SNOWFLAKE), Confidence.MEDIUM


def _models(knowledge: Knowledge, text: str) -> Iterator[Found]:
    for match in islice(_CREATE_MODEL.finditer(text), _MOST_MADE):
        body = text[match.end() : match.end() + 4000].partition(";")[0]
        providers = next((ids for form, ids in _MODEL_FORMS if form.search(body)), None)
        if providers is None:
            continue
        models = tuple(dict.fromkeys(m["m"] for m in _MODEL_SAID.finditer(body)))
        yield _made("model", match, known(knowledge, *providers), AssetClass.MODEL, models)
    for match in _CREATE_OTHER.finditer(text):
        is_search = match["what"].upper().startswith("CORTEX")
        asset_class = AssetClass.KNOWLEDGE_BASE if is_search else AssetClass.MODEL
        kind = "cortex_search" if is_search else "model"
        yield _made(kind, match, known(knowledge, *_SNOWFLAKE), asset_class, ())


_MODEL_SAID = expression(
    r"\b(?:endpoint|model_id|model_name|model)\b\s{0,8}=?\s{0,8}\\?['\"](?P<m>[A-Za-z0-9][\w./:@-]{1,120})\\?['\"]",
    re.I,
)


def _made(
    kind: str,
    match: re.Match[str],
    provider: str,
    asset_class: AssetClass,
    models: tuple[str, ...],
) -> Found:
    name = re.sub(r"[`\"\[\]]", "", match["name"]).strip(".{}") or "model"
    label = " ".join(match[0][: match.start("name") - match.start()].split())
    return Found(
        HitKind.RESOURCE,
        label,
        match.start(),
        match.end(),
        provider=provider,
        part=f"resource/{kind}:{name}",
        asset_class=asset_class,
        name=name,
        models=models,
    )


def _extensions(knowledge: Knowledge, text: str) -> Iterator[Found]:
    for match in _EXTENSION.finditer(text):
        name = match["name"].lower()
        providers, asset_class = _EXTENSIONS[name]
        provider = known(knowledge, *providers)
        called = "pgvector" if name == "vector" else name
        part = f"vector_store/{called}" if asset_class is AssetClass.VECTOR_STORE else ""
        yield Found(
            HitKind.RESOURCE,
            f"CREATE EXTENSION {name}",
            match.start(),
            match.end(),
            provider=provider,
            part=part or ("" if provider else f"resource/extension:{called}"),
            asset_class=asset_class,
            name=called,
        )


def _columns(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """Columns of vectors, by table; a parameter of a function is none."""
    seen: set[str] = set()
    columns = list(_COLUMN.finditer(text))
    tables = list(_TABLE.finditer(text)) if columns else []
    starts = [table.start() for table in tables]
    for match in columns:
        index = bisect_left(starts, match.start()) - 1
        table = tables[index] if index >= 0 else None
        if table is None or not (table["alter"] or table["what"].upper() == "TABLE"):
            continue
        if ";" in text[table.end() : min(match.start(), table.end() + 5000)]:
            continue
        name = re.sub(r"[`\"\[\]]", "", table["name"])
        if name not in seen:
            seen.add(name)
            yield Found(
                HitKind.RESOURCE,
                match[0].strip(),
                match.start(),
                provider=known(knowledge, *_column_owner(match, text)),
                part=f"vector_store/{name}",
                asset_class=AssetClass.VECTOR_STORE,
                name=name,
                tags=(("dimensions", match["size"]),),
            )


def _column_owner(match: re.Match[str], text: str) -> tuple[str, ...]:
    if match["type"]:
        return _SNOWFLAKE
    if _AZURE_SQL.search(text) or _ORACLE.search(text):
        return ()
    return ("pgvector",)


def _rest_calls(knowledge: Knowledge, text: str) -> Iterator[Found]:
    """Azure SQL calls out; only where the address is a provider's."""
    for match in _REST.finditer(text):
        around = text[max(0, match.start() - 1500) : match.end() + 1500]
        for url in _URL.finditer(around):
            provider = knowledge.host(url[1], url[2] or "")
            if provider:
                yield Found(HitKind.QUERY, match[0], match.start(), provider=provider)
                break


_CODE = by_suffix(".py", ".ipynb", ".ts", ".js", ".java", ".scala", ".kt", ".cs", ".go", ".rb",
                  ".php", ".r", ".yml", ".yaml")  # fmt: skip
_CODE_LITERALS = (
    b"snowflake.cortex", b"snowflake.ml.", b"ai_query", b"ai_complete", b"ai_classify", b"ai_gen",
    b"ai_extract", b"ai_embed", b"ai_filter", b"ai_agg", b"ai_summarize", b"ai_translate",
    b"ai_similarity", b"ai_parse_document", b"ai_forecast", b"ai_analyze_sentiment",
    b"ml.generate_", b"ml.predict", b"ai.generate", b"create model", b"create or replace model",
    b"external model", b"create extension", b"pgml.", b"dbms_vector", b"dbms_cloud_ai",
    b"vector_embedding", b"ai_generate_", b"sys.ml_", b"sp_invoke_external_rest",
    b"azure_openai.create", b"google_ml.", b"aws_bedrock.invoke", b"aws_sagemaker.invoke",
    b"vector(", b"ai.openai_", b"ai.create_vectorizer", b"cortex search", b"vectorize.",
)  # fmt: skip
READERS = (
    Reader("sql", by_suffix(".sql", ".ddl", ".pgsql", ".psql", ".plsql", ".pks", ".pkb", ".hql"),
           _read_sql),
    Reader("sql-in-code", lambda path: _CODE(path) and not path.endswith((".min.js", ".d.ts")),
           _read_code, _CODE_LITERALS),
)  # fmt: skip
