"""TLS: certificates are checked, there is no way to leave it, and who else is trusted is told."""

from __future__ import annotations

import ast
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scanner.app.config import load
from scanner.app.pipeline import Settings, scan
from scanner.app.trusting import replaced
from scanner.kit.contract import Operation
from scanner.kit.http import ReadOnlySession, json_body
from scanner.kit.limits import Limits
from scanner.kit.outgoing import session
from scanner.model.errors import Unavailable

HOUSE = Path(__file__).parents[2]
THINGS = (Operation(id="GET /v1/things", permission="read"),)
OFF = {"CERT_NONE", "_create_unverified_context", "disable_warnings", "InsecureRequestWarning"}


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with a certificate that nobody but its own file vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made up")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    ours = tmp_path / "ours.pem"
    ours.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both = tmp_path / "both.pem"
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ) + ours.read_bytes()
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", ours
    server.shutdown()
    server.server_close()


def test_certificates_are_checked(secure: tuple[str, Path]) -> None:
    url, ours = secure
    with pytest.raises(Unavailable, match="SSLError"):
        ReadOnlySession(url, THINGS, Limits(), retries=1).get("/v1/things")
    with pytest.raises(requests.exceptions.SSLError):
        session().get(url, timeout=5)
    trusting = ReadOnlySession(url, THINGS, Limits(), retries=1, ca_file=str(ours))
    assert json_body(trusting.get("/v1/things")) == []


def test_nothing_turns_verification_off() -> None:
    """Neither a call nor a setting, in the whole program."""
    found = []
    for path in (*HOUSE.glob("scanner/**/*.py"), *HOUSE.glob("connectors/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", getattr(node, "id", ""))
            is_off = isinstance(node, ast.keyword) and (
                node.arg in ("verify", "check_hostname", "verify_ssl", "tls_verify")
                and isinstance(node.value, ast.Constant)
                and not node.value.value
            )
            if is_off or name in OFF:
                found.append(f"{path.relative_to(HOUSE)}:{getattr(node, 'lineno', 0)}")
    assert found == []


def test_other_authorities_are_told_in_every_scan(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "authorities.pem").write_text("")
    file = tmp_path / "shadow-ai.toml"
    file.write_text('[sources.code]\npaths = ["code"]\n')
    quiet = scan(load(file), url="sqlite://", settings=Settings(environ={}))
    assert not any("TLS" in line for line in quiet.document.warnings)
    told = scan(
        load(file), url="sqlite://", settings=Settings(environ={"REQUESTS_CA_BUNDLE": "x.pem"})
    )
    assert any("REQUESTS_CA_BUNDLE replaces" in line for line in told.document.warnings)


def test_each_place_that_names_authorities_is_told(tmp_path: Path) -> None:
    file = tmp_path / "shadow-ai.toml"
    file.write_text(
        '[sources.gitlab]\nca_file = "a.pem"\n[sources.gitea]\nca_file = ""\n'
        '[registry.origins.cards]\nkind = "mlflow"\nca_file = "b.pem"\n'
    )
    lines = replaced(
        load(file),
        {
            "SSL_CERT_FILE": "c.pem",
            "AWS_CA_BUNDLE": "",
            "CURL_CA_BUNDLE": "/etc/ssl/certs/all.pem",
        },
    )
    assert [line.partition(" replaces")[0] for line in lines] == [
        "TLS: [sources.gitlab] ca_file", "TLS: [registry.origins.cards] ca_file",
        "TLS: the variable SSL_CERT_FILE",
    ]  # fmt: skip
