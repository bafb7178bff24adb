"""A scheduler and workers of dask.distributed over TCP on loopback, as processes of their own, with
certificates if need be, and a proxy that takes down what crosses, or stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_TTL = "2s"
"""After which a worker that is not heard of is taken for gone; five seconds are the least."""


class Cluster:
    def __init__(self, folder: Path, env: Mapping[str, str], tls: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = {**env, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": _TTL}
        self._tls = [word for name, path in tls.items() for word in (f"--{name}", path)]
        self._protocol = "tls" if tls else "tcp"
        self.port = _free_port()
        self.address = f"{self._protocol}://127.0.0.1:{self.port}"
        self._running: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard",
            "--protocol", self._protocol,
        )  # fmt: skip
        self._told("Scheduler at")

    def worker(self, threads: int = 1, address: str = "") -> subprocess.Popen[bytes]:
        started = self._start(
            "dask_worker", address or self.address, "--no-nanny", "--no-dashboard",
            "--nthreads", str(threads), "--local-directory", str(self._folder), "--host",
            "127.0.0.1", "--protocol", self._protocol,
        )  # fmt: skip
        self._told("Registered to")
        return started

    def _start(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{module}-{len(self._running)}.log"
        with log.open("wb") as out:
            started = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *words, *self._tls],
                env=self._env, stdout=out, stderr=out, cwd=self._folder,
            )  # fmt: skip
        self._running.append(started)
        self._logs.append(log)
        return started

    def _told(self, words: str) -> None:
        wait(lambda: words in self._logs[-1].read_text() or self._running[-1].poll() is not None)
        assert self._running[-1].poll() is None, self._logs[-1].read_text()

    def end(self) -> None:
        for process in reversed(self._running):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@contextmanager
def cluster(
    folder: Path, env: Mapping[str, str], tls: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    folder.mkdir(exist_ok=True)
    made = Cluster(folder, env, tls or {})
    try:
        yield made
    finally:
        made.end()


class Proxy:
    """Between whoever connects and ``port``; ``heard`` is all that crossed. Stopped, it holds every
    connection open and passes nothing on: a net that is cut, not a process that is gone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.heard = bytearray()
        self._flows = threading.Event()
        self._flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._flows.clear()

    def go_on(self) -> None:
        self._flows.set()

    def close(self) -> None:
        self._flows.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                self._flows.wait()
                self.heard += data
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def stopped_pids(journal: Path) -> list[int]:
    return [int(mark.name.partition("-")[2]) for mark in journal.glob("pid-*")]


def certificates(folder: Path) -> dict[str, str]:
    """Of an authority of the cluster's own, which vouches for scheduler, workers and scan."""
    now = datetime.now(UTC)
    authority, key = _key(), _key()
    written = {}
    for name, subject, public, is_ca in (
        ("tls-ca-file", "authority", authority, True),
        ("tls-cert", "cluster", key, False),
    ):
        names = {n: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)])
                 for n in ("authority", "cluster")}  # fmt: skip
        made = (
            x509.CertificateBuilder()
            .subject_name(names[subject])
            .issuer_name(names["authority"])
            .public_key(public.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
            )
            .sign(authority, hashes.SHA256())
        )
        path = folder / f"{name}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        written[name] = str(path)
    path = folder / "tls-key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {**written, "tls-key": str(path)}


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
