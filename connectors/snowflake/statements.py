"""The statements that are run, and no others. Each reads alone; what goes into them is the number
of days that is looked back, and which of the views of one thing is asked.

https://docs.snowflake.com/sql-reference/account-usage: views lag by up to three hours and keep a
year.
"""

from __future__ import annotations

SEARCH = "SHOW CORTEX SEARCH SERVICES IN ACCOUNT"
AGENTS = "SHOW AGENTS IN ACCOUNT"
MODELS = "SHOW MODELS IN ACCOUNT"
FUNCTIONS = """
SELECT function_catalog, function_schema, function_name, function_owner, function_language,
  is_external, api_integration, external_access_integrations, secrets, function_definition,
  created
FROM snowflake.account_usage.functions
WHERE deleted IS NULL AND (is_external = 'YES' OR external_access_integrations IS NOT NULL)
"""
FUNCTION_VIEWS = (
    "cortex_ai_functions_usage_history",
    "cortex_aisql_usage_history",
    "cortex_functions_query_usage_history",
)
"""The newest first: an account may not have it yet, and the last one is filled no more
(https://docs.snowflake.com/sql-reference/account-usage/cortex_functions_query_usage_history). A
statement that runs for hours has a row an hour."""
FUNCTION_USE = """
SELECT q.user_name, f.function_name, f.model_name, count(DISTINCT f.query_id), min(q.start_time),
  max(q.start_time)
FROM snowflake.account_usage.{view} f
JOIN snowflake.account_usage.query_history q USING (query_id)
WHERE q.start_time >= dateadd('day', -{days}, current_timestamp())
  AND q.execution_status = 'SUCCESS'
GROUP BY ALL
"""
ANALYST_USE = """
SELECT username, sum(request_count), min(start_time), max(end_time)
FROM snowflake.account_usage.cortex_analyst_usage_history
WHERE start_time >= dateadd('day', -{days}, current_timestamp())
GROUP BY ALL
"""
SEARCH_USE = """
SELECT database_name, schema_name, service_name, count(*), min(usage_date), max(usage_date)
FROM snowflake.account_usage.cortex_search_daily_usage_history
WHERE usage_date >= dateadd('day', -{days}, current_timestamp())
GROUP BY ALL
"""
SESSIONS = """
SELECT user_name, authorizing_integration_name, count(*), min(event_timestamp),
  max(event_timestamp)
FROM snowflake.account_usage.login_history
WHERE event_timestamp >= dateadd('day', -{days}, current_timestamp())
  AND is_success = 'YES' AND first_authentication_factor ILIKE 'OAUTH%'
  AND authorizing_integration_name IS NOT NULL
GROUP BY ALL
"""
FLOWS = """
SELECT f.model_name, b.value:"objectName"::string, b.value:"objectDomain"::string,
  count(DISTINCT f.query_id),
  min(a.query_start_time), max(a.query_start_time)
FROM snowflake.account_usage.access_history a
JOIN snowflake.account_usage.{view} f USING (query_id),
  LATERAL flatten(a.base_objects_accessed) b
WHERE a.query_start_time >= dateadd('day', -{days}, current_timestamp())
GROUP BY ALL
"""
ROLES = """
SELECT name, grantee_name, min(created_on)
FROM snowflake.account_usage.grants_to_roles
WHERE deleted_on IS NULL AND granted_on = 'DATABASE_ROLE'
  AND name IN ('CORTEX_USER', 'CORTEX_EMBED_USER', 'CORTEX_AGENT_USER', 'COPILOT_USER')
GROUP BY ALL
"""
USERS = """
SELECT name, email, display_name, disabled, type
FROM snowflake.account_usage.users
WHERE deleted_on IS NULL
"""
