"""A small company: three people, of whom one has left, their grants, and what their logs tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.google_workspace.config import WorkspaceConfig
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from tests.connectors.google_workspace.workspace import DOMAIN, TOKEN, Workspace

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
CHATGPT = "77377267392-made-up.apps.googleusercontent.com"
PAYROLL = "11111111111-payroll.apps.googleusercontent.com"
NOTES = "22222222222-notes.apps.googleusercontent.com"
AUTH = "https://www.googleapis.com/auth/"


def planted(workspace: Workspace) -> Workspace:
    ada = workspace.user(101, "ada@acme.com", name={"fullName": "Ada Day"}, orgUnitPath="/Sales")
    ben = workspace.user(102, "ben@acme.com", name={"fullName": "Ben Bay"}, isAdmin=True)
    workspace.user(103, "cleo@acme.com", name={"fullName": "Cleo Cay"}, suspended=True)
    drive, mail = f"{AUTH}drive.readonly", "https://mail.google.com/"
    workspace.token(ada, CHATGPT, "ChatGPT", "openid", drive)
    workspace.token(ben, CHATGPT, "ChatGPT", "openid", drive, f"{AUTH}calendar")
    workspace.token(ben, PAYROLL, "Payroll", f"{AUTH}admin.directory.user.readonly")
    workspace.token("103", NOTES, "Otter.ai", mail, anonymous=True)
    for number, (at, name) in enumerate(
        (
            ("2026-11-01T08:00:00.100Z", "authorize"),
            ("2026-11-03T09:00:00.000Z", "activity"),
            ("2026-11-27T10:00:00.250Z", "activity"),
            ("2026-11-28T11:30:00.000Z", "activity"),
        ),
        start=1,
    ):
        workspace.activity(
            "token", at, "ada@acme.com", name,
            {
                "client_id": CHATGPT, "app_name": "ChatGPT", "client_type": "WEB",
                "num_response_bytes": 4096,
                "scope_data": [
                    {"scope_name": drive, "product_bucket": ["DRIVE"]},
                    {"scope_name": "openid", "product_bucket": ["IDENTITY"]},
                ],
                "scope": [drive, "openid"],
            },
            qualifier=str(number),
        )  # fmt: skip
    workspace.activity(
        "token", "2026-11-20T10:00:00.000Z", "ben@acme.com", "activity",
        {"client_id": PAYROLL, "app_name": "Payroll"}, qualifier="9",
    )  # fmt: skip
    workspace.activity(
        "token", "2026-11-21T10:00:00.000Z", "cleo@acme.com", "revoke",
        {"client_id": NOTES, "app_name": "Otter.ai", "scope": [mail]}, qualifier="10",
    )  # fmt: skip
    for at, name in (
        ("2026-11-10T07:00:00Z", "login_success"),
        ("2026-11-11T07:00:00Z", "login_failure"),
    ):
        workspace.activity(
            "saml", at, "ada@acme.com", name, {"application_name": "ChatGPT Enterprise"}
        )
    for at, action in (
        ("2026-11-12T07:00:00Z", "summarize"),
        ("2026-11-26T07:00:00Z", "conversation"),
    ):
        workspace.activity(
            "gemini_in_workspace_apps", at, "ben@acme.com", "feature_utilization",
            {"app_name": "docs", "action": action, "event_category": "active_generate"},
        )  # fmt: skip
    workspace.activity(
        "workspace_studio", "2026-11-25T07:00:00Z", "ada@acme.com", "run", {},
        isAgenticAction=True,
        actor={"agentAttributionInfo": {
            "agentId": "ag-1", "agentName": "Inbox sorter", "agentType": "WORKSPACE_STUDIO",
            "agentOwner": {"email": "ben@acme.com"},
        }},
    )  # fmt: skip
    workspace.activity("gemini_notebook", "2026-11-25T08:00:00Z", "ada@acme.com", "open_notebook")
    workspace.activity(
        "admin", "2026-11-05T07:00:00Z", "ben@acme.com", "AUTHORIZE_API_CLIENT_ACCESS",
        {"API_CLIENT_NAME": CHATGPT, "API_SCOPES": f"{AUTH}drive,{AUTH}gmail.send"},
    )  # fmt: skip
    workspace.activity(
        "admin", "2026-11-06T07:00:00Z", "ben@acme.com", "TOGGLE_SERVICE_ENABLED",
        {"SERVICE_NAME": "NotebookLM", "NEW_VALUE": "true"},
    )  # fmt: skip
    return workspace


def context(workspace: Workspace, *, token: str = TOKEN, **changes: Any) -> Context[Any]:
    """``token``: what stands in the environment; empty: google-auth is asked."""
    settings = {"domain": DOMAIN, "url": workspace.url, **changes}
    return Context(
        config=WorkspaceConfig(**settings),
        examine=lambda *_: (),
        limits=Limits(),
        environ={"GOOGLE_WORKSPACE_TOKEN": token} if token else {},
        now=lambda: NOW,
        retries=2,
    )
