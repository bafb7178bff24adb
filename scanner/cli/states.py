"""The state that a verb reads, and the one finding that a person means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.app.config import Config, LoadedConfig, store_url
from scanner.cli.options import find_config, need_config
from scanner.model.errors import ConfigError

if TYPE_CHECKING:
    from scanner.model.finding import Finding
    from scanner.store.state import State

state_option = click.option(
    "--state", "state_path", type=click.Path(path_type=Path), metavar="FILE",
    help="SQLite state to read instead of the configured one.",
)  # fmt: skip


def file_url(state_path: Path) -> str:
    """The URL of the state that ``--state`` names. Raises ``ConfigError`` when it is not there."""
    if not state_path.is_file():
        raise ConfigError(f"{state_path}: no such state; a scan with --state makes it")
    return f"sqlite:///{state_path.resolve()}"


def stored_place(config_path: Path | None, state_path: Path | None) -> tuple[LoadedConfig, str]:
    """The configuration, and the URL of a state that is there. Raises ``ConfigError``."""
    if state_path is not None:
        url = file_url(state_path)
        return find_config(config_path) or LoadedConfig(config=Config(), path=None), url
    loaded = need_config(config_path)
    url = store_url(loaded)
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).is_file():
        raise ConfigError(f"{file}: no state yet; run `shadow-ai scan` first")
    return loaded, url


@contextmanager
def open_state(config_path: Path | None, state_path: Path | None) -> Iterator[State]:
    """Raises ``ConfigError`` when there is none yet. ``state_path`` needs no configuration."""
    from scanner.store.state import State

    url = file_url(state_path) if state_path is not None else stored_place(config_path, None)[1]
    state = State(url)
    try:
        yield state
    finally:
        state.close()


def is_one(state: State, fingerprint: str) -> Finding:
    """The finding that begins so, or was called so before. Raises ``ConfigError`` when it is none
    or several."""
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
