"""A real PostgreSQL of one's own, on a socket of its own, for as long as the tests run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

_OLD = 14
"""The oldest that PostgreSQL's own people still keep (https://www.postgresql.org/support/)."""


def programs() -> Path | None:
    """Where the server's programs are; None: there is none."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@dataclass
class Server:
    bin: Path
    home: Path
    made: int = 0

    def _run(self, *command: str) -> None:
        """As somebody who is not root: the server refuses root."""
        who = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*who, *command], check=True, capture_output=True, cwd=self.home)

    def initialize(self) -> None:
        self._run(str(self.bin / "initdb"), "-D", str(self.home / "data"), "-A", "trust",
                  "-U", "scanner", "--no-sync", "-E", "UTF8")  # fmt: skip

    def start(self, *, port: int = 0, certificate: tuple[Path, Path] | None = None) -> None:
        """On its socket alone, or on 127.0.0.1 as well; with TLS, or without it."""
        listen = f"-c listen_addresses='127.0.0.1' -p {port}" if port else "-c listen_addresses=''"
        options = f"-k {self.home} {listen} -c fsync=off -c max_connections=50"
        if certificate:
            cert, key = certificate
            options += f" -c ssl=on -c ssl_cert_file={cert} -c ssl_key_file={key}"
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.home / "data"), "-w", "-o", options,
                  "-l", str(self.home / "log"), "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        self._run(str(self.bin / "pg_ctl"), "-D", str(self.home / "data"), "-m", mode, "-w", "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://scanner@/{database}?host={self.home}"

    def database(self) -> str:
        """The URL of an empty one."""
        self.made += 1
        name = f"state_{self.made}"
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    def copy(self, url: str) -> str:
        """The URL of another database that holds the same; nobody may be connected to the first."""
        self.made += 1
        name, template = f"state_{self.made}", make_url(url).database
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url(name)


@contextmanager
def server() -> Iterator[Server]:
    found = programs()
    assert found is not None, "no PostgreSQL here"
    # The path of a socket has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as home:
        if os.geteuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        made = Server(found, Path(home))
        made.initialize()
        made.start()
        try:
            yield made
        finally:
            made.stop()
