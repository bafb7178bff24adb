"""Options that several verbs share, and how a configuration is found."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from scanner.app.config import CONFIG_VARIABLE, Config, LoadedConfig, load
from scanner.model.errors import ConfigError

DEFAULT_FILE = "shadow-ai.toml"
F = TypeVar("F", bound=Callable[..., Any])


def config_option(function: F) -> F:
    return click.option(
        "--config", "-c", "config_path", type=click.Path(path_type=Path), metavar="FILE",
        help=f"Configuration file (default: {DEFAULT_FILE} here, or ${CONFIG_VARIABLE}).",
    )(function)  # fmt: skip


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")(
        function
    )


def find_config(path: Path | None) -> LoadedConfig | None:
    """The configuration that is named, or the one that lies here; None without either."""
    if path is None:
        named = os.environ.get(CONFIG_VARIABLE, "")
        if named:
            path = Path(named)
        elif Path(DEFAULT_FILE).is_file():
            path = Path(DEFAULT_FILE)
    return load(path) if path else None


def need_config(path: Path | None) -> LoadedConfig:
    found = find_config(path)
    if found is None:
        raise ConfigError(
            f"no configuration: give --config FILE, or make a {DEFAULT_FILE} here with a table "
            f'such as [sources.code] and paths = ["."]'
        )
    return found


PSEUDONYM_VARIABLE = "SHADOW_AI_PSEUDONYM_KEY"
_LOGS = "logs"


def with_pseudonyms(
    loaded: LoadedConfig, environ: Mapping[str, str], *, is_passing: bool
) -> tuple[LoadedConfig, Mapping[str, str], list[str]]:
    """The configuration in which no source of logs names people, the environment with a key where
    it has none and the scan ``is_passing`` (nothing of it is kept), and what is to be said. Raises
    ``ConfigError``."""
    sources, lacking = dict(loaded.config.sources), False
    named = [name for name, table in sources.items() if table.get("connector", name) == _LOGS]
    if not named:
        raise ConfigError(
            "--pseudonymize: there is no source of traffic logs; give --logs FILE, or a table "
            "[sources.logs]"
        )
    for name in named:
        if not (sources[name].get("pseudonymize_env") or sources[name].get("pseudonymize")):
            sources[name] = {**sources[name], "pseudonymize_env": PSEUDONYM_VARIABLE}
            lacking = lacking or not environ.get(PSEUDONYM_VARIABLE)
    notes = []
    if lacking and not is_passing:
        raise ConfigError(
            f"--pseudonymize: no key. Put a secret into {PSEUDONYM_VARIABLE} (such as `openssl "
            "rand -hex 32` makes) or name another place with `pseudonymize_env`, and keep it: what "
            "is stored is compared with the next scan under the same key alone"
        )
    if lacking:
        environ = {**environ, PSEUDONYM_VARIABLE: secrets.token_hex(32)}
        notes.append(
            "pseudonyms are made with a key of this scan alone, and differ in the next; set "
            f"{PSEUDONYM_VARIABLE} to keep them"
        )
    others = sorted(sources.keys() - set(named))
    if others:
        notes.append(f"--pseudonymize is of traffic logs: {', '.join(others)} still names people")
    config = msgspec.structs.replace(loaded.config, sources=sources)
    return LoadedConfig(config=config, path=loaded.path, text=loaded.text), environ, notes


def ad_hoc(paths: tuple[str, ...], logs: tuple[str, ...] = ()) -> LoadedConfig:
    """The configuration of ``scan PATH --logs FILE``: code and logs alone, nothing kept."""
    sources: dict[str, dict[str, object]] = {}
    if paths or not logs:
        sources["code"] = {"paths": list(paths) or ["."]}
    if logs:
        sources["logs"] = {"files": list(logs)}
    return LoadedConfig(config=Config(sources=sources), path=None)


def write_bytes(data: bytes | Iterable[bytes]) -> None:
    """To standard output as they are, in one piece or many."""
    sys.stdout.flush()
    for piece in (data,) if isinstance(data, bytes) else data:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def as_yaml(entries: Sequence[Mapping[str, Any]]) -> str:
    """Drafted entries as a registry file. Names come from outside: what steers a terminal, or a
    runner that reads commands from its log, is escaped within the quotes."""
    import yaml

    text = yaml.safe_dump({"entries": list(entries)}, sort_keys=False, width=100)
    return str(text)


def end(notes: Sequence[str]) -> None:
    """As a scan ends: with 3 where not everything was read, so that nothing is taken for clear."""
    for note in notes:
        click.echo(note, err=True)
    if notes:
        sys.exit(3)
