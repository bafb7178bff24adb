"""What an answer says of an error, in the words of its vendor, and what broke a call.

Nothing of what was sent to prove who asks is repeated.
"""

from __future__ import annotations

from typing import Any

import requests

from scanner.kit.expressions import expression
from scanner.kit.outgoing import unsent

_WORD = expression(r"[A-Za-z][A-Za-z0-9_]{1,62}")
_CONSUMER = expression(r"projects/[a-z0-9:.-]{1,80}")


def error_text(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return ""
    if isinstance(body, list) and body:
        body = body[0]  # Salesforce's
    if isinstance(body, dict):
        for field in ("errorSummary", "message", "error_description", "error"):
            if isinstance(body.get(field), str):
                return unsent(str(body[field]), answer.request)[:200]
        nested = body.get("error")
        if isinstance(nested, dict):
            # Microsoft's and Google's: https://learn.microsoft.com/graph/errors and
            # https://google.aip.dev/193
            code = nested.get("code") or nested.get("status") or ""
            said = f"{code}{_reason(nested)}: {nested.get('message', '')}"
            return unsent(said, answer.request)[:600]
    return ""


def _reason(error: dict[str, Any]) -> str:
    """Google's word for what is wrong, which no message can imitate, and whose it is: ``ErrorInfo``
    (https://google.aip.dev/193), or ``errors`` of its older APIs."""
    for name in ("details", "errors"):
        told = error.get(name)
        for one in told if isinstance(told, list) else ():
            is_info = isinstance(one, dict) and (
                name == "errors" or str(one.get("@type", "")).endswith("/google.rpc.ErrorInfo")
            )
            found = _WORD.fullmatch(str(one.get("reason"))) if is_info else None
            if found:
                told_of = one.get("metadata")
                whose = told_of.get("consumer") if isinstance(told_of, dict) else None
                consumer = _CONSUMER.fullmatch(str(whose))
                return f" {found[0]}" + (f" of {consumer[0]}" if consumer else "")
    return ""


def short(error: Exception) -> str:
    """The innermost reason; requests wraps three deep and repeats the URL with its query."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return str(cause)[:160].split("?")[0]
