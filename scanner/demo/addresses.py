"""The list of a function's addresses, which moto does not implement: made of the one that it has.

https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from scanner.kit.expressions import expression

_LIST = expression(r"(/2021-10-31/functions/[^/]+/url)s/?\Z")


class AddressLayer:
    """WSGI: answers the list, hands on the rest."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        match = _LIST.match(environ["PATH_INFO"])
        if not match or environ["REQUEST_METHOD"] != "GET":
            return self._inner(environ, start)
        told: list[str] = []

        def keep(status: str, *_: Any, **__: Any) -> None:
            told[:] = [status]

        asked = {**environ, "PATH_INFO": match[1], "RAW_URI": match[1], "REQUEST_URI": match[1]}
        one = b"".join(self._inner(asked, keep))
        answer = json.loads(one) if told and told[0].startswith("2") else {}
        found = [answer] if answer.get("FunctionUrl") else []
        data = json.dumps({"FunctionUrlConfigs": found}).encode()
        head = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        start("200 OK", head)
        return [data]
