"""Real git over HTTP on loopback: ``git http-backend`` (its manual page) behind a check of the
Authorization header, with counters and faults."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scanner.kit import programs
from tests.forge_rig.loopback import serving


@dataclass
class GitHost:
    """``<url>/<org>/<name>.git`` serves ``<root>/<org>/<name>.git``."""

    root: Path
    url: str = ""
    calls: list[str] = field(default_factory=list)
    """``GET /org/name.git/info/refs``, ``POST /org/name.git/git-upload-pack``."""
    packs: list[str] = field(default_factory=list)
    """``org/name``, once for each pack that was asked for."""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    """Pattern of the path -> status, headers and body to give instead."""
    slow: dict[str, float] = field(default_factory=dict)
    """Pattern of ``METHOD path`` -> seconds to wait in the middle of the answer."""
    authorizations: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def git_host(
    root: Path,
    allowed: Callable[[str, str], bool] = lambda authorization, repository: True,
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[GitHost]:
    """``allowed(Authorization header, "org/name")``; who is not gets 401 as forges give it."""
    host = GitHost(root)

    def handle(client: BaseHTTPRequestHandler) -> None:
        split = urlsplit(client.path)
        path = unquote(split.path)
        length = int(client.headers.get("Content-Length") or 0)
        if client.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = _chunks(client)
        else:
            data = client.rfile.read(length)
        given = client.headers.get("Authorization", "")
        repository = re.sub(r"(?:\.git)?/(info/refs|git-upload-pack).*", "", path).strip("/")
        with host.lock:
            host.calls.append(f"{client.command} {path}")
            host.authorizations.append(given)
            # Protocol 2 asks for the list of refs by the same path: a pack is asked for by "fetch".
            if client.command == "POST" and b"command=fetch" in data:
                host.packs.append(repository)
        instead = next((a for p, a in host.answers.items() if re.search(p, path)), None)
        if instead is not None:
            _send(client, *instead)
        elif not allowed(given, repository):
            _send(client, 401, {"WWW-Authenticate": 'Basic realm="Forge"'}, b"Bad credentials")
        elif not (root / f"{repository}.git").is_dir():
            _send(client, 404, {}, b"Repository not found.")
        else:
            _backend(host, client, path, split.query, data)

    with serving(handle, tls) as url:
        host.url = url
        yield host


def _backend(
    host: GitHost, client: BaseHTTPRequestHandler, path: str, query: str, data: bytes
) -> None:
    env = {
        "PATH": programs.environ_path(),  # a test may change the scanner's
        "GIT_PROJECT_ROOT": str(host.root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH_INFO": path if ".git/" in path else re.sub(r"/(info/refs|git-upl)", r".git/\1", path),
        "QUERY_STRING": query,
        "REQUEST_METHOD": client.command,
        "CONTENT_TYPE": client.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(data)),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": "reader",
        "HTTP_CONTENT_ENCODING": client.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": client.headers.get("Git-Protocol", ""),
    }
    command = [programs.found("git"), "http-backend"]
    done = subprocess.run(
        command, input=data, capture_output=True, env=env, check=False, timeout=120
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    said = f"{client.command} {path}"
    wait = next((seconds for p, seconds in host.slow.items() if re.search(p, said)), 0.0)
    _send(client, status, headers, body, wait)


def _send(
    client: BaseHTTPRequestHandler,
    status: int,
    headers: dict[str, str],
    body: bytes,
    wait: float = 0.0,
) -> None:
    client.send_response(status)
    for key, value in headers.items():
        client.send_header(key, value)
    client.send_header("Content-Length", str(len(body)))
    client.end_headers()
    if wait:
        half = len(body) // 2
        client.wfile.write(body[:half])
        client.wfile.flush()
        time.sleep(wait)
        body = body[half:]
    client.wfile.write(body)


def _chunks(client: BaseHTTPRequestHandler) -> bytes:
    """git sends what is longer than its buffer in chunks (RFC 9112, 7.1)."""
    data = b""
    while size := int(client.rfile.readline().split(b";")[0] or b"0", 16):
        data += client.rfile.read(size)
        client.rfile.readline()
    client.rfile.readline()
    return data
