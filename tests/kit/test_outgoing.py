"""Where calls may go: no credential in the clear, none to another origin, nothing to a cloud's
metadata service, whatever a name is said to be."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from scanner.emit.tickets.http import Api
from scanner.emit.tickets.sink import Refused
from scanner.emit.tickets.webhook import WebhookConfig
from scanner.kit.addresses import is_encrypted, is_loopback, origin, refusal
from scanner.kit.contract import Operation
from scanner.kit.http import ReadOnlySession
from scanner.kit.limits import Limits
from scanner.kit.outgoing import session, unsent
from scanner.model.errors import Denied, Unavailable, UndeclaredOperation, UnsafeCall

METADATA = (
    "169.254.169.254", "169.254.170.2", "[fe80::1]", "[fd00:ec2::254]", "[fd20:ce::254]",
    "168.63.129.16", "100.100.100.200", "192.0.0.192", "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "0.0.0.0", "metadata.google.internal.",
    "[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]", "[::a9fe:a9fe]", "2852039166",
    "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518",
)  # fmt: skip


class Place:
    """A server on loopback that answers with ``status`` and ``location``, and takes down who asked
    with which headers."""

    def __init__(self) -> None:
        self.status, self.location = 200, ""
        self.asked: list[dict[str, str]] = []
        place = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place.asked.append(dict(self.headers))
                self.send_response(place.status)
                if place.location:
                    self.send_header("Location", place.location)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def places() -> Iterator[tuple[Place, Place]]:
    pair = (Place(), Place())
    yield pair
    for place in pair:
        place.server.shutdown()
        place.server.server_close()


def _reading(base: str) -> ReadOnlySession:
    return ReadOnlySession(
        base, (Operation(id="GET /v1/things", permission="read"),), Limits(), retries=1,
        headers={"Authorization": "Bearer made-up"},
    )  # fmt: skip


@pytest.mark.parametrize("host", METADATA)
def test_metadata_services_are_never_asked(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(UnsafeCall, match="refused a call"):
            session().get(f"{scheme}://{host}/latest/meta-data", timeout=5)


@pytest.mark.parametrize("host", ["10.0.0.8", "192.168.1.2", "127.0.0.1", "8.8.8.8", "fc00::1"])
def test_private_networks_are_not_refused(host: str) -> None:
    assert refusal(host) == ""


def test_a_link_in_an_answer_or_a_redirect_leads_nowhere_else(places: tuple[Place, Place]) -> None:
    first, second = places
    for status in (301, 302, 303, 307, 308):
        for location in (f"{second.url}/v1/things", "http://169.254.169.254/latest/meta-data"):
            first.status, first.location = status, location
            with pytest.raises(Unavailable, match=f"HTTP {status}"):
                _reading(first.url).get("/v1/things")
            with pytest.raises(Refused, match=f"HTTP {status}"):
                Api(first.url, {"Authorization": "Bearer made-up"}).get("/v1/things")
            assert session().get(f"{first.url}/v1/things", timeout=5).status_code == status
    assert len(first.asked) == 30
    assert second.asked == []


def test_credentials_go_to_no_other_origin(places: tuple[Place, Place]) -> None:
    first, second = places
    with pytest.raises(UndeclaredOperation, match="is configured"):
        _reading(first.url).get(f"{second.url}/v1/things")
    with pytest.raises(Refused, match="leads away"):
        Api(first.url, {"Authorization": "Bearer made-up"}).get(f"{second.url}/v1/things")
    Api(first.url, {"Authorization": "Bearer made-up"}).get(f"{first.url}/v1/things")
    assert [seen["Authorization"] for seen in first.asked] == ["Bearer made-up"]
    assert second.asked == []


@pytest.mark.parametrize(
    "header", ["Authorization", "PRIVATE-TOKEN", "X-Api-Key", "Cookie", "X-Shadow-AI-Signature"]
)
def test_credentials_leave_by_https_alone(header: str) -> None:
    with pytest.raises(UnsafeCall, match=rf"{header.lower()}.*https"):
        session().get("http://tracker.invalid/", headers={header: "made-up"}, timeout=5)
    with pytest.raises(requests.ConnectionError):  # there is no such name
        session().get("http://tracker.invalid/", headers={"Accept": "*/*"}, timeout=5)


def test_netrc_is_not_read(
    places: tuple[Place, Place], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = places
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login made password up\n")
    monkeypatch.setenv("NETRC", netrc)
    assert requests.get(first.url, timeout=5).status_code == 200
    assert session().get(first.url, timeout=5).status_code == 200
    assert ["Authorization" in seen for seen in first.asked] == [True, False]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://example.com/",
        "https://user@example.com/", "http://127.0.0.1@example.com/", "ftp://example.com/", "",
    ],
)  # fmt: skip
def test_webhooks_go_by_https(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        WebhookConfig(url=url)


def test_this_machine_is_told_from_what_looks_like_it() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.8.8", "[::1]", "::1")))
    assert not any(map(is_loopback, ("localhost.evil", "127.0.0.1.evil", "10.0.0.1", "")))
    assert is_encrypted("http://[::1]:8080/x")
    assert origin("https://Example.com.") == origin("https://example.com:443/x")
    assert origin("http://example.com") != origin("https://example.com")


def _has_namespaces() -> bool:
    try:
        asked = subprocess.run(
            ["unshare", "-rn", "ip", "link", "set", "lo", "up"],
            capture_output=True,
            timeout=20,
            check=False,
        )
    except OSError:
        return False
    return asked.returncode == 0


@pytest.mark.skipif(not _has_namespaces(), reason="no network namespace of one's own")
def test_a_name_that_is_given_another_address_meanwhile() -> None:
    """DNS rebinding, in a network of its own in which 169.254.169.254 does answer."""
    program = textwrap.dedent(
        """
        import socket, threading
        from http.server import BaseHTTPRequestHandler, HTTPServer
        import requests
        from scanner.kit.outgoing import session, unsent
        from scanner.model.errors import UnsafeCall

        asked = []
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(204)
                self.end_headers()
            def log_message(self, *args):
                pass
        server = HTTPServer(("169.254.169.254", 8080), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        known = socket.getaddrinfo
        def changed(host, *rest, **more):
            return known("169.254.169.254" if host == "tracker.example" else host, *rest, **more)
        socket.getaddrinfo = changed
        assert requests.get("http://tracker.example:8080/plain", timeout=5).status_code == 204
        for scheme in ("http", "https"):
            try:
                session().get(f"{scheme}://tracker.example:8080/ours", timeout=5)
            except UnsafeCall as error:
                assert "tracker.example leads to 169.254.169.254" in str(error), error
            else:
                raise SystemExit("it was asked")
        assert asked == ["/plain"], asked
        print("refused")
        """
    )
    setup = 'ip link set lo up && ip addr add 169.254.169.254/32 dev lo && exec "$@"'
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", setup, "sh", sys.executable, "-c", program],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "refused\n", done.stderr


@pytest.mark.parametrize(
    "header", ["Bearer made-up-4711", "SSWS made-up-4711", "made-up-4711",
               "Basic " + base64.b64encode(b"ada:made-up-4711").decode()],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["text", "nested"])
def test_what_a_server_repeats_of_a_credential_is_not_told(header: str, shape: str) -> None:
    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers["X-Token"]
            plain = given.partition(" ")[2] or given
            if given.startswith("Basic"):
                plain = base64.b64decode(plain).decode()
            said: Any = f"Invalid: {given}, that is {plain}"
            body = {"error": {"code": "x", "message": said} if shape == "nested" else said}
            data = json.dumps(body).encode()
            self.send_response(401)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url, headers = f"http://127.0.0.1:{server.server_port}", {"X-Token": header}
    try:
        reading = ReadOnlySession(
            url, (Operation(id="GET /v1/things", permission="read"),), Limits(), retries=1,
            headers=headers,
        )  # fmt: skip
        with pytest.raises(Denied, match="Invalid: ") as denied:
            reading.get("/v1/things")
        with pytest.raises(Refused, match="HTTP 401") as refused:
            Api(url, headers).get("/v1/things")
    finally:
        server.shutdown()
        server.server_close()
    assert "4711" not in f"{denied.value} {refused.value}"


def test_what_a_server_repeats_of_a_forms_secret_is_not_told() -> None:
    sent = requests.Request(
        "POST", "https://x.example/token", data={"client_secret": "made-up/4711", "grant": "abc"}
    ).prepare()
    assert unsent("bad client made-up/4711 abc", sent) == "bad client *** abc"
