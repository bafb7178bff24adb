"""Starts scans in a moment: a process that has imported the scanner and read the rules, and forks a
child for each. A child is a process like any other: it can be killed, and its workers are its own.

    python -m tests.app.zygote    reads lines of JSON {argv, env, out}, answers each with a pid
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    from scanner.app import pipeline
    from scanner.app.config import Config, LoadedConfig
    from scanner.cli import main as command_line

    pipeline.rulebook_of(LoadedConfig(config=Config()))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(asked, command_line)
        print(pid, flush=True)


def _child(asked: dict, command_line) -> None:  # type: ignore[no-untyped-def, type-arg]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(asked["env"])
    sys.argv = ["shadow-ai", *asked["argv"]]
    code = 70
    try:
        command_line()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 70
    finally:
        sys.stdout.flush()
        Path(asked["out"] + ".code").write_text(str(code))
        os._exit(code)


if __name__ == "__main__":
    main()
