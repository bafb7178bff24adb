"""``shadow-ai`` as a process of its own, without the half second in which Python imports it.

A process that has imported everything forks a child for each call. The child has its own memory,
environment, folder and streams, ends by itself as any program does, and shares nothing but what
importing would have made. What is about starting itself (``python -m scanner``, entry points) is
tested with real starts elsewhere.

    python -m tests.command    reads lines of JSON {argv, env, cwd, files}, answers each with a code
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[1]
_SECONDS = 120
_NOT = ("scanner.demo", "scanner.store.migrations.")
"""Loaded by none of the commands that are tested so, or by alembic alone."""


class _Server:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.command"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        atexit.register(self._end)

    def code(self, asked: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def _end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


_running: list[_Server] = []


def shadow_ai(
    *argv: str, cwd: Path | None = None, environ: Mapping[str, str] | None = None, feed: str = ""
) -> subprocess.CompletedProcess[str]:
    """``environ``: besides the test's own. One that is still running after two minutes is ended by
    SIGALRM."""
    if not _running:
        _running.append(_Server())
    with tempfile.TemporaryDirectory() as name:
        files = [str(Path(name, one)) for one in ("in", "out", "err")]
        Path(files[0]).write_bytes(feed.encode())
        code = _running[0].code(
            {
                "argv": argv, "env": {**os.environ, **(environ or {})},
                "cwd": str(cwd or Path.cwd()), "files": files,
            }
        )  # fmt: skip
        out, err = (Path(file).read_text(encoding="utf-8") for file in files[1:])
    return subprocess.CompletedProcess(["shadow-ai", *argv], code, out, err)


def main() -> int:
    _import_everything()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _end(_child(json.loads(line)))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


def _import_everything() -> None:
    import scanner
    from scanner.app import sourcing
    from scanner.app.config import Config, LoadedConfig
    from scanner.detect.compilation import compilation

    for found in pkgutil.walk_packages(scanner.__path__, "scanner."):
        if not found.name.startswith(_NOT) and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    importlib.import_module("connectors.code")
    rulebook = sourcing.rulebook_of(LoadedConfig(config=Config()))
    made = compilation(rulebook)
    assert made.usage
    assert made.keys.prefilter.name
    assert threading.active_count() == 1, "a thread would not be there in a child"


def _end(code: int) -> NoReturn:
    """As Python ends a program: what runs on is waited for, what was to be done at the end is done,
    what was written is out. But for taking everything apart, which would copy all that is shared
    with the parent: more work than most commands."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120
        except ValueError:  # it was closed
            continue
    os._exit(code)


def _child(asked: dict[str, Any]) -> int:
    import signal

    from scanner.cli import main as command

    signal.alarm(_SECONDS)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    if os.environ.get("PYTHONWARNINGS") == "ignore":
        warnings.simplefilter("ignore")
    for number, file in enumerate(asked["files"]):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, "r", closefd=False), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", line_buffering=True
    )
    sys.argv = ["shadow-ai", *asked["argv"]]
    sys.modules["__main__"].__package__ = ""  # or click calls it `python -m tests.command`
    try:
        command()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
