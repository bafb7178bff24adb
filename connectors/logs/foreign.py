"""Logs that are none of traffic: JSON of which most lines name no host, model or application in any
field that is known. Reading them for traffic finds little, which is no proof that there is nothing.

Owns what audit logs of products look like by the names of their fields; what such a log means, the
product's own connector knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.logs.documents import is_by_value, values_in
from connectors.logs.lines import Layout, hosts_in
from connectors.logs.records import Record
from scanner.kit.envelopes import unwrapped
from scanner.kit.values import loose_json
from scanner.model.items import Gap

_MOST_LINES = 50
_SHAPES: tuple[tuple[str, str, frozenset[str]], ...] = tuple(
    (connector, title, frozenset(names.split()))
    for connector, title, names in (
        ("okta", "Okta's System Log", "eventType outcome published"),
        ("okta", "Okta's System Log", "eventType actor"),
        ("slack", "Slack's audit log", "action actor entity"),
        ("slack", "Slack's integration log", "change_type date user_id"),
        ("github", "GitHub's audit log", "action actor @timestamp"),
        ("github", "GitHub's audit log", "action actor _document_id"),
        ("github", "GitHub's audit log", "action actor org"),
        ("gitlab", "GitLab's audit events", "author_id entity_id entity_type details"),
        ("microsoft365", "Microsoft 365's audit log", "Operation CreationTime"),
        ("entra", "Entra's directory audits", "activityDisplayName activityDateTime"),
        ("entra", "Entra's sign-ins", "appId userPrincipalName createdDateTime"),
        ("google_workspace", "Google Workspace's reports", "id actor events"),
        ("google_workspace", "Google Workspace's reports", "id actor name type"),
        ("atlassian", "Atlassian's audit log", "id attributes type"),
        ("auth0", "Auth0's log", "log_id type date"),
        ("auth0", "Auth0's log", "log_id data"),
        ("onelogin", "OneLogin's events", "event_type_id user_id"),
        ("jumpcloud", "JumpCloud's events", "event_type timestamp initiated_by"),
        ("pingone", "PingOne's audit activities", "action actors recordedAt"),
        ("asana", "Asana's audit log", "event_type event_category created_at"),
        ("dropbox", "Dropbox's team events", "event_type event_category timestamp"),
        ("box", "Box's events", "event_type created_by"),
        ("notion", "Notion's audit log", "type actor timestamp workspace_id"),
        ("zoom", "Zoom's operation log", "operation_detail operator"),
        ("salesforce", "Salesforce's event log", "EVENT_TYPE TIMESTAMP"),
        ("servicenow", "ServiceNow's audit table", "tablename documentkey"),
        ("docusign", "DocuSign's monitoring events", "object action eventId"),
        ("zendesk", "Zendesk's audit log", "source_type action created_at"),
        ("hubspot", "HubSpot's audit log", "category action occurredAt"),
        ("databricks", "Databricks' audit log", "serviceName actionName"),
        ("databricks", "Databricks' audit log", "service_name action_name"),
        ("openai", "OpenAI's audit log", "type effective_at"),
        ("anthropic", "Anthropic's activity feed", "type created_at actor organization_id"),
        ("huggingface", "Hugging Face's audit log", "type createdAt author"),
        ("cursor", "Cursor's audit log", "event_type timestamp event_data"),
        ("aws", "CloudTrail", "eventSource eventName awsRegion"),
        ("aws", "Bedrock's invocation log", "modelId operation input"),
    )
)
"""Connector, what it is called, and fields of a record, the most exact of a connector first."""
_SETTINGS = {"github": "audit_files", "aws": "log_files"}
_LIVE = "gitlab"
"""Read over its API alone."""


def foreign(path: str, head: bytes, forced: str = "") -> Gap | None:
    """None for what may be traffic, and where no line of ``head`` is a whole JSON object. What its
    other lines name is read all the same."""
    layout, seen, known, silent = Layout(forced=forced), 0, 0, 0
    shapes: Counter[tuple[str, str]] = Counter()
    lines = values_in(head) if is_by_value(head) else head.split(b"\n")
    for raw in lines[:_MOST_LINES]:
        line = raw.strip()
        if not (line.startswith(b"{") and line.endswith(b"}")):
            continue
        seen += 1
        says, is_known = any(map(_says_something, layout.records(line))), not layout.unknown
        layout.unknown = 0
        if says and is_known:
            known += 1
            continue
        found = _shape(line)
        shapes.update([found] if found else [])
        # A host somewhere in a line of no known format is told as such; in an audit log it is
        # most often what somebody's address ends with.
        silent += found is not None or not (says or any(hosts_in(line.decode("utf-8", "replace"))))
    if not seen or (known and silent * 2 <= seen):
        return None
    few = f"only {known}" if known else "none"
    likely = next((one for one, count in shapes.most_common(1) if count * 4 > seen), None)
    return Gap(
        what=path,
        reason=f"not understood: {few} of the first {seen} JSON lines names a host, a model or an "
        f"application in a field that is known; {_whose(likely)}",
    )


def _whose(likely: tuple[str, str] | None) -> str:
    if likely is None:
        return "audit logs of a product are read by its own connector (`files`), if it has one"
    connector, title = likely
    how = "over its API" if connector == _LIVE else f"(`{_SETTINGS.get(connector, 'files')}`)"
    return f"they look like {title}, which the connector `{connector}` reads {how}"


def _shape(line: bytes) -> tuple[str, str] | None:
    record = unwrapped(loose_json(line), lambda inner: _of(inner) is not None)
    return None if record is None else _of(record)


def _of(record: Mapping[str, Any]) -> tuple[str, str] | None:
    there = record.keys()
    return next(((one, title) for one, title, names in _SHAPES if names <= there), None)


def _says_something(one: Record) -> bool:
    """A server's own log names no host: what it was asked for is known."""
    is_own = one.path and one.format not in ("json", "text")
    return bool(
        one.host or one.dst or one.provider or one.model or one.app or one.answers or is_own
    )
