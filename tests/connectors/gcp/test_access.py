"""As whom is asked: federation, impersonation, tokens that end early, whose quota is used.

Google's own library gets its tokens from a loopback server, by the addresses that its files name.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.gcp.config import GcpConfig
from scanner.model.errors import ConfigError, Denied, SourceError
from tests.connectors.gcp.estate import endpoint, project, read
from tests.google_rig import Fault, Rig, serving

RUNNER = "runner@acme-1.iam.gserviceaccount.com"


@pytest.fixture
def rig() -> Iterator[Rig]:
    with serving(Rig()) as made:
        yield made
        assert not made.rejected


class Tokens:
    """The token service of federations, and the one that signs for service accounts."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        """Path, what was sent, by which token."""
        self.refuses = False

    def answer(self, path: str, body: bytes, token: str) -> tuple[int, dict[str, Any]]:
        sent = json.loads(body) if body[:1] == b"{" else parse_qs(body.decode())
        self.asked.append((path, sent, token))
        number = len(self.asked)
        if self.refuses:
            return 403, {"error": {"code": 403, "message": "iam.serviceAccounts.getAccessToken"}}
        if path.endswith(":generateAccessToken"):
            ends = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
            return 200, {"accessToken": f"as-runner-{number}", "expireTime": ends}
        return 200, {
            "access_token": f"federated-{number}", "expires_in": 3600, "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }  # fmt: skip


@contextmanager
def _serving(tokens: Tokens) -> Iterator[Tokens]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, told = tokens.answer(self.path, body, token)
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    tokens.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tokens]:
    """A federation is what the environment offers."""
    (tmp_path / "proof").write_text("a-made-up-proof-of-identity")
    with _serving(Tokens()) as made:
        told = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/"
            "workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{made.url}/v1/token",
            "credential_source": {"file": str(tmp_path / "proof")},
        }
        (tmp_path / "federation.json").write_text(json.dumps(told))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "federation.json"))
        monkeypatch.setattr("google.auth.iam._IAM_ENDPOINT", _signer(made))
        yield made


def _signer(made: Tokens) -> str:
    return f"{made.url}/v1/projects/-/serviceAccounts/{{}}:generateAccessToken"


def _used(rig: Rig) -> set[str]:
    return {told.removeprefix("Bearer ") for told in _header(rig, "authorization")}


def _header(rig: Rig, name: str) -> set[str]:
    """As every GET bore it."""
    whole = [{key.lower(): value for key, value in one.items()} for one in rig.headers]
    return {one.get(name, "") for one in whole}


def _read(rig: Rig, **more: Any) -> Any:
    return read(
        rig, families=("vertex",), identities=False, creators=False, asset_inventory=False,
        endpoint_consent=True, **more,
    )  # fmt: skip


def test_a_federation_proves_who_it_is_and_every_call_bears_its_token(
    rig: Rig, tokens: Tokens
) -> None:
    endpoint(rig, project(rig, 7), 7)
    found = _read(rig)
    assert any(one.name == "scoring" for one in found.assets.values())
    ((path, sent, _),) = tokens.asked
    assert path == "/v1/token"
    assert sent["subject_token"] == ["a-made-up-proof-of-identity"]
    assert sent["scope"] == ["https://www.googleapis.com/auth/cloud-platform"]
    assert _used(rig) == {"federated-1"}


def test_a_service_account_is_impersonated_by_whoever_is_found(rig: Rig, tokens: Tokens) -> None:
    endpoint(rig, project(rig, 7), 7)
    found = _read(rig, impersonate=RUNNER, quota_project="billing")
    assert any(one.name == "scoring" for one in found.assets.values())
    (_, signed) = tokens.asked
    assert RUNNER in signed[0]
    assert signed[2] == "federated-1"
    assert _used(rig) == {"as-runner-2"}
    assert _header(rig, "x-goog-user-project") == {"billing"}


def test_a_service_account_that_may_not_be_impersonated_is_denied(rig: Rig, tokens: Tokens) -> None:
    project(rig, 7)
    tokens.refuses = True
    with pytest.raises(SourceError) as told:
        _read(rig, impersonate=RUNNER)
    assert isinstance(told.value, Denied)


def test_a_token_that_is_not_taken_is_renewed_once(rig: Rig, tokens: Tokens) -> None:
    endpoint(rig, project(rig, 7), 7)
    rig.strike("us-central1/endpoints$", Fault(401, "expired", "UNAUTHENTICATED", times=1))
    found = _read(rig, retries=1)
    assert not found.errors
    assert not found.gaps
    assert any(one.name == "scoring" for one in found.assets.values())
    assert _used(rig) == {"federated-1", "federated-2"}


def test_a_token_that_is_never_taken_is_denied_and_no_permission_is_asked_for(
    rig: Rig, tokens: Tokens
) -> None:
    project(rig, 7)
    rig.strike("aiplatform.*", Fault(401, "who are you", "UNAUTHENTICATED"))
    found = _read(rig)
    error = found.errors["gcp:acme-7/vertex"]
    assert isinstance(error, Denied)
    assert "sign in again" in str(error)
    assert "grant" not in str(error)


def test_a_sovereign_cloud_is_asked_at_its_own_domain() -> None:
    config = GcpConfig(universe="apis-s3ns.fr")
    assert config.base("europe-west4-aiplatform.googleapis.com") == (
        "https://europe-west4-aiplatform.apis-s3ns.fr"
    )
    assert GcpConfig().base("run.googleapis.com") == "https://run.googleapis.com"
    with pytest.raises(ConfigError, match="is no domain"):
        GcpConfig(universe="evil.example/x").base("run.googleapis.com")


def test_no_token_is_sent_from_one_cloud_to_another(rig: Rig, tokens: Tokens) -> None:
    with pytest.raises(Denied, match="they are of googleapis"):
        _read(rig, universe="apis-s3ns.fr")
    assert not tokens.asked


def test_credentials_of_a_sovereign_cloud_are_taken_there(
    rig: Rig, tokens: Tokens, tmp_path: Path
) -> None:
    told = json.loads((tmp_path / "federation.json").read_text())
    (tmp_path / "federation.json").write_text(
        json.dumps({**told, "universe_domain": "apis-s3ns.fr"})
    )
    endpoint(rig, project(rig, 7), 7)
    found = _read(rig, universe="apis-s3ns.fr")
    assert any(one.name == "scoring" for one in found.assets.values())
    assert _used(rig) == {"federated-1"}
