"""A real MLflow server: registered models over several pages, and only changes the second time.

``make mlflow`` installs it beside this project, as CI does; ``SHADOW_AI_TEST_MLFLOW`` names its
command where it is elsewhere.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from scanner.model.registry import Stage
from scanner.reconcile import servers
from scanner.reconcile.mapped import map_records
from scanner.reconcile.servers import Access
from scanner.rulebook.mapping import RegistryMap, registry_map

_BUILT = Path(__file__).parents[2] / "build/mlflow/bin/mlflow"
_COMMAND = os.environ.get("SHADOW_AI_TEST_MLFLOW") or (
    str(_BUILT) if _BUILT.is_file() else shutil.which("mlflow")
)
_STARTS_WITHIN = 120
_MODELS = 120
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _COMMAND, reason="no `mlflow`: run `make mlflow`"),
]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("mlflow")
    port = _free_port()
    process = subprocess.Popen(
        [str(_COMMAND), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
         "--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", str(folder)],
        cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    pytest.fail("the MLflow server did not start")


def _post(url: str, verb: str, **body: object) -> None:
    answer = requests.post(f"{url}/api/2.0/mlflow/{verb}", json=body, timeout=30)
    answer.raise_for_status()


def _read(url: str, kept: bytes, now: datetime) -> tuple[list[str], bytes]:
    how = _small_pages()
    records, kept = servers.read(how, Access(url=url), kept, now)
    entries = map_records(records, how, "mlflow").entries
    return [entry.id for entry in entries], kept


def _small_pages() -> RegistryMap:
    """As it is shipped, but with pages of 50, so that there are several."""
    import msgspec

    how = registry_map("mlflow")
    assert how.server is not None
    (call,) = how.server.calls
    call = msgspec.structs.replace(call, query={**call.query, "max_results": "50"})
    return msgspec.structs.replace(how, server=msgspec.structs.replace(how.server, calls=(call,)))


def test_a_real_server_is_read_whole_and_then_by_its_changes(server: str) -> None:
    _, kept = _read(server, b"", datetime.now(UTC))
    for number in range(_MODELS):
        _post(server, "registered-models/create", name=f"m-{number:03d}", tags=[
            {"key": "owner", "value": "ann@example.com"}, {"key": "stage", "value": "production"},
        ])  # fmt: skip
    now = datetime.now(UTC) + timedelta(hours=25)
    found, kept = _read(server, b"", now)
    assert len(set(found)) == _MODELS

    how = registry_map("mlflow")
    records, _ = servers.read(how, Access(url=server), b"", now)
    entry = map_records(records, how, "mlflow").entries[0]
    assert (entry.owner, entry.stage, entry.kind) == ("ann@example.com", Stage.PRODUCTION, "model")

    _post(server, "registered-models/create", name="late")
    found, _ = _read(server, kept, now + timedelta(minutes=1))
    assert len(found) == _MODELS  # it was made before the time that is asked for
    found, _ = _read(server, _at(kept, datetime.now(UTC)), now)
    assert "mlflow/late" in found
    assert len(found) == _MODELS + 1


def _at(kept: bytes, moment: datetime) -> bytes:
    """The kept records as if they had been read at ``moment``."""
    import msgspec

    body = msgspec.json.decode(kept, type=servers.Kept)
    return msgspec.json.encode(msgspec.structs.replace(body, asked_at=moment.isoformat()))


def test_a_server_that_is_not_there_is_an_error_and_not_empty() -> None:
    from scanner.model.errors import RegistryError

    access = Access(url=f"http://127.0.0.1:{_free_port()}", retries=1)
    with pytest.raises(RegistryError, match="MLflow model registry at"):
        servers.read(registry_map("mlflow"), access, b"", datetime.now(UTC))
