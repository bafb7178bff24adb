"""The options by which people choose findings, the same for every verb that shows some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from scanner.assess.selection import Filter

STATUS = ("new", "open", "held", "reopened", "resolved", "accepted", "suppressed", "all")
WORDS = ("info", "low", "medium", "high", "critical")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def filter_options(function: _Command) -> _Command:
    """The options of which :func:`filter_of` makes a filter."""
    for option in reversed((
        click.option("--status", multiple=True, type=click.Choice(STATUS),
                     help="Only these (default: all that somebody has to do something about)."),
        click.option("--policy", metavar="ID", help="Only this policy; * and ? as in file names."),
        click.option("--severity", metavar="WORD", type=click.Choice(WORDS),
                     help="At least this severe."),
        click.option("--risk", type=click.IntRange(0, 100), help="At least this risky."),
        click.option("--owner", metavar="WHO", help="Only this owner's; - means nobody's."),
        click.option("--business-unit", metavar="NAME",
                     help="Only of this business unit; - means none."),
        click.option("--provider", metavar="ID", help="Only of this provider."),
        click.option("--account", metavar="ID", help="Only in this account."),
        click.option("--environment", metavar="WORD", help="Only in this environment."),
        click.option("--asset", metavar="ID", help="Only this asset; * and ? as in file names."),
        click.option("--kind", metavar="KIND", help="Only assets of this kind."),
        click.option("--control", metavar="ID", help="Only under this control of a framework."),
        click.option("--since", metavar="DAY", help="First seen or changed on this day or later."),
        click.option("--text", metavar="WORDS", help="Only with these words in the title."),
        click.option("--view", metavar="NAME",
                     help="A filter that the configuration keeps under [views.NAME]; options above "
                     "take the place of its parts."),
    )):  # fmt: skip
        function = option(function)
    return function


def filter_of(config_path: Path | None, view: str | None, options: dict[str, Any]) -> Filter:
    """Raises ``ConfigError`` for a view that there is not, or a value that is none."""
    import msgspec

    from scanner.assess.selection import Filter
    from scanner.cli.options import find_config
    from scanner.model.errors import ConfigError

    kept = Filter()
    if view:
        loaded = find_config(config_path)
        views = loaded.config.views if loaded else {}
        if view not in views:
            there = ", ".join(sorted(views)) or "none"
            raise ConfigError(
                f"--view {view}: the configuration has no [views.{view}]; it has {there}"
            )
        kept = views[view]
    given = {name: value for name, value in options.items() if value not in (None, ())}
    try:
        return msgspec.convert({**msgspec.to_builtins(kept), **given}, Filter)
    except msgspec.ValidationError as error:
        raise ConfigError(f"filter of findings: {error}") from error
