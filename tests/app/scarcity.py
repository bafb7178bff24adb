"""A scan of which the system gives no more memory: by refusing it, or as Linux does where it has
promised too much, by ending the largest of its processes without a word.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_KIB = 1024
_SECONDS = 240


def refused(command: list[str], env: Mapping[str, str], mib: int) -> tuple[int, str]:
    """No process gets more address space. -> exit code, what it told."""
    script = f"ulimit -v {mib * _KIB}; exec {shlex.join(command)}"
    done = subprocess.run(["sh", "-c", script], env=env, check=False, capture_output=True,
                          text=True, timeout=_SECONDS)  # fmt: skip
    return done.returncode, done.stderr


def ended(
    command: list[str], env: Mapping[str, str], mib: int, told: Path, scarce: Callable[[], bool]
) -> tuple[int, str]:
    """The largest is ended whenever all together take more than that, once and again, from when
    it is ``scarce``."""
    with told.open("w") as out, subprocess.Popen(
        command, env=env, stdout=out, stderr=out, start_new_session=True
    ) as running:  # fmt: skip
        until = time.monotonic() + _SECONDS
        while running.poll() is None:
            assert time.monotonic() < until, "it neither ends nor goes on"
            sizes = {pid: size for pid in _session(running.pid) if (size := _resident_kib(pid))}
            if sum(sizes.values()) > mib * _KIB and scarce():
                with suppress(ProcessLookupError):
                    os.kill(max(sizes, key=lambda pid: sizes[pid]), signal.SIGKILL)
            time.sleep(0.01)
    return running.returncode, told.read_text()


def _session(leader: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(folder.name)) == leader:
                yield int(folder.name)


def _resident_kib(pid: int) -> int:
    """0: it is there no more."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
