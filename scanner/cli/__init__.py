"""The command line: one file a verb, imported when it is called, so that start-up stays cheap."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import traceback
from contextlib import suppress

import click

from scanner import __version__
from scanner.cli.stderr import make_lenient
from scanner.model.errors import ConfigError, RegistryError, RuleError, ShadowAIError

_VERBS = {
    "scan": "Look for AI in the configured sources, or in PATHs.",
    "run": "The scheduled job, once: scan, files, tickets, messages.",
    "daemon": "Run the job at the times of a schedule.",
    "prune": "Drop what old scans say of each shard.",
    "guard": "Judge a change before it lands: keys and AI that it adds.",
    "baseline": "Accept the present findings, so that scans show what is new.",
    "findings": "List, show, follow, export and decide about findings.",
    "tickets": "Bring findings to trackers: one ticket each, however often it is run.",
    "notify": "Tell people what changed since the last message, and nothing else.",
    "diff": "Tell what changed between two scans.",
    "graph": "Ask and export the graph of assets, data flows and owners.",
    "report": "Write the page of the stored state, or its charts.",
    "serve": "Show the same page live, on this machine alone.",
    "registry": "Draft, check and compare the AI registry.",
    "assess": "Map the riskiest use cases to a framework, and write evidence packs.",
    "metrics": "Measure the programme by the history of scans.",
    "explain": "Say why an asset stands as it does towards the registry.",
    "connectors": "List and describe the connectors.",
    "permissions": "Print the least privilege that a connector needs.",
    "doctor": "Try credentials and permissions without scanning.",
    "schema": "Print the JSON Schema of the document and of the files.",
    "rules": "Test, count and question the rules.",
    "demo": "Scan a made-up company on this machine, through the real connectors.",
}


class _Lazy(click.Group):
    """Sub-commands by name; a verb's module is imported only when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module = importlib.import_module(f"scanner.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="shadow-ai")
def cli() -> None:
    """Find the AI nobody registered.

    Read-only connectors look at cloud accounts, SaaS audit logs and code; what they see becomes a
    graph of AI assets, data flows and owners, which is reconciled with the AI registry.

    Exit codes: 0 complete; 1 findings at or above --fail-on; 2 usage or configuration;
    3 incomplete coverage; 4 internal error.
    """


def main() -> None:
    """Entry point: errors meant for people are one message, never a traceback."""
    try:
        _main()
    except SystemExit as end:
        _leave(end.code)
        raise


def _leave(code: object) -> None:
    """At once, where a reading or a message hangs: the interpreter would wait for its threads."""
    threads = sys.modules.get("scanner.collect.threads")
    if threads is None or not threads.left_behind():
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _main() -> None:
    make_lenient()
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.exceptions.Abort:
        click.echo("interrupted; what was stored stays, and the next scan goes on there", err=True)
        code = 3
    except click.ClickException as error:
        error.show()
        code = 2
    except (ConfigError, RuleError, RegistryError) as error:
        click.echo(f"error: {error}", err=True)
        code = 2
    except ShadowAIError as error:
        click.echo(f"error: {error}", err=True)
        code = 4
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            _internal(error)
            sys.exit(4)
        click.echo(f"error: cannot write: {error.strerror}; make room and run again", err=True)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is left of it would fail again
        code = 3
    except Exception as error:
        _internal(error)
        code = 4
    sys.exit(code if isinstance(code, int) else 0)


def _internal(error: Exception) -> None:
    if "SHADOW_AI_DEBUG" in os.environ:
        traceback.print_exception(error)  # raised, it would end with 1, as findings do
        return
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    # Not the message: it may quote what was being read.
    click.echo(
        f"internal error: {type(error).__name__} at {place}; what was stored stays. Please "
        "report it, with the traceback that SHADOW_AI_DEBUG=1 shows",
        err=True,
    )
