"""``shadow-ai serve``."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.options import config_option
from scanner.cli.states import state_option, stored_place


@click.command("serve")
@config_option
@state_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True,
              help="0: any that is free.")  # fmt: skip
@click.option("--allow-network", is_flag=True, help="Serve on a host that is not loopback, too.")
def command(
    config_path: Path | None, state_path: Path | None, host: str, port: int, allow_network: bool
) -> None:
    """The page of the stored state, live, with the history of scans; on this machine alone.

    Every request reads the store anew. It asks for no password: whoever reaches it reads it.
    """
    from scanner.app.serving import server

    loaded, url = stored_place(config_path, state_path)
    found = server(loaded, url, host, port, is_open=allow_network)
    click.echo(f"http://{host}:{found.server_address[1]}/ (end with Ctrl-C)", err=True)
    try:
        found.serve_forever()
    except KeyboardInterrupt:
        click.echo("ended", err=True)
    finally:
        found.server_close()
