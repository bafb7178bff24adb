"""botocore's descriptions of services, read fast: every session reads them (10 MB for EC2) anew, a
third of the time of what is tested with it. A scan has one session, tests have hundreds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.loaders import JSONFileLoader


@contextmanager
def read_fast() -> Iterator[None]:
    """In this process. The large ones are shared, but for those that botocore changes: it merges
    what stands beside them (``*.sdk-extras``) into them, and completes endpoints where they are."""
    opened: dict[str, bytes] = {}
    shared: dict[str, Any] = {}
    load_file = JSONFileLoader.load_file

    def fast(self: JSONFileLoader, path: str) -> Any:
        if path in shared:
            return shared[path]
        if path not in opened:
            found = load_file(self, path)
            opened[path] = b"" if found is None else msgspec.json.encode(found)
        told = msgspec.json.decode(opened[path]) if opened[path] else None
        if told is None or _is_never_changed(path):
            shared[path] = told
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", fast)
        yield


def _is_never_changed(path: str) -> bool:
    is_large = path.endswith(("/service-2", "/endpoint-rule-set-1"))
    return is_large and not Path(f"{path}.sdk-extras.json").exists()
