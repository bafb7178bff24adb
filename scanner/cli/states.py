"""The state that a verb reads, and the one finding that a person means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.options import need_config

if TYPE_CHECKING:
    from scanner.model.finding import Finding
    from scanner.store.state import State

state_option = click.option(
    "--state", "state_path", type=click.Path(path_type=Path), metavar="FILE",
    help="SQLite state to read instead of the configured one.",
)  # fmt: skip


@contextmanager
def open_state(config_path: Path | None, state_path: Path | None) -> Iterator[State]:
    """Raises ``ConfigError`` when there is none yet."""
    from scanner.app.config import store_url
    from scanner.model.errors import ConfigError
    from scanner.store.state import State

    if state_path is not None:
        if not state_path.is_file():
            raise ConfigError(f"{state_path}: no such state; a scan with --state makes it")
        url = f"sqlite:///{state_path.resolve()}"
    else:
        url = store_url(need_config(config_path))
        file = url.removeprefix("sqlite:///")
        if file != url and not Path(file).is_file():
            raise ConfigError(f"{file}: no state yet; run `shadow-ai scan` first")
    state = State(url)
    try:
        yield state
    finally:
        state.close()


def is_one(state: State, fingerprint: str) -> Finding:
    """The finding that begins so, or was called so before. Raises ``ConfigError`` when it is none
    or several."""
    from scanner.model.errors import ConfigError

    found = [
        finding
        for mark, finding in state.findings().items()
        if any(
            one.startswith(fingerprint) or one.removeprefix("v1:").startswith(fingerprint)
            for one in (mark, *finding.formerly)
        )
    ]
    if len(found) != 1:
        many = "several findings begin" if found else "no finding begins"
        raise ConfigError(f"{many} with `{fingerprint}`; see `shadow-ai findings list`")
    return found[0]
