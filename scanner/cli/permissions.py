"""``shadow-ai permissions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scanner.cli.options import json_option, write_bytes

if TYPE_CHECKING:
    from scanner.kit.contract import ConnectorSpec


@click.command("permissions")
@click.argument("connector")
@click.option(
    "--with",
    "opted",
    multiple=True,
    metavar="SETTING",
    help="Also what this setting of the connector takes, when it is on. May be repeated.",
)
@click.option(
    "--stackset",
    is_flag=True,
    help="AWS: a CloudFormation template of the role, to roll out to all accounts.",
)
@click.option(
    "--split",
    is_flag=True,
    help="AWS: as many policies as it takes for each to be one that can be attached.",
)
@click.option(
    "--role",
    "role_form",
    type=click.Choice(["json", "yaml", "terraform"]),
    help="Azure and Google Cloud: how the custom role is written.",
)
@json_option
def command(
    connector: str,
    opted: tuple[str, ...],
    stackset: bool,
    split: bool,
    role_form: str | None,
    as_json: bool,
) -> None:
    """The least privilege that CONNECTOR needs, ready to paste.

    It is printed from the same declaration that refuses every other call inside the process.
    """
    from scanner.collect.loader import load
    from scanner.kit.permissions import notes, options, permissions, render
    from scanner.model.base import encode

    spec = load(connector).spec
    unknown = sorted(set(opted) - set(options(spec)))
    if unknown:
        known = ", ".join(options(spec)) or "none"
        raise click.BadParameter(
            f"{', '.join(unknown)}; {connector} has {known}", param_hint="--with"
        )
    if stackset:
        from scanner.kit.contract import PermissionFormat
        from scanner.kit.stackset import template

        if spec.permission_format is not PermissionFormat.AWS_POLICY:
            raise click.BadParameter(f"{connector} needs no role in AWS", param_hint="--stackset")
        click.echo(template(spec, opted))
    elif split:
        click.echo(_split(spec, opted))
    elif role_form:
        click.echo(_role(spec, opted, role_form))
    elif as_json:
        body = {
            "connector": spec.name,
            "permissions": permissions(spec, opted),
            "elsewhere": notes(spec, opted),
        }
        write_bytes(encode(body) + b"\n")
        return
    else:
        text = render(spec, opted)
        click.echo(text)
        _tell_of_length(spec, text)
    for note in notes(spec, opted):
        click.echo(f"besides: {note}", err=True)


def _split(spec: ConnectorSpec, opted: tuple[str, ...]) -> str:
    import json

    from scanner.kit.contract import PermissionFormat
    from scanner.kit.permissions import aws_policy
    from scanner.kit.stackset import policies

    if spec.permission_format is not PermissionFormat.AWS_POLICY:
        raise click.BadParameter(f"{spec.name} needs no policy in AWS", param_hint="--split")
    whole = aws_policy(spec, opted)
    made = [{**whole, "Statement": part} for part in policies(whole["Statement"], without=())]
    return json.dumps(made, indent=2)


def _role(spec: ConnectorSpec, opted: tuple[str, ...], form: str) -> str:
    from scanner.kit import azure_role, gcp_role
    from scanner.kit.contract import PermissionFormat
    from scanner.kit.permissions import permissions

    forms = {
        PermissionFormat.AZURE_ROLE: azure_role.FORMS,
        PermissionFormat.GCP_ROLE: gcp_role.FORMS,
    }.get(spec.permission_format)
    if forms is None:
        raise click.BadParameter(f"{spec.name} needs no custom role", param_hint="--role")
    return forms[form](permissions(spec, opted))


_MOST_OF_A_POLICY = 6144
"""Characters without white space that a managed policy holds
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""


def _tell_of_length(spec: ConnectorSpec, text: str) -> None:
    length = len("".join(text.split()))
    if spec.permission_format == "aws-policy" and length > _MOST_OF_A_POLICY:
        click.echo(
            f"{length:,} characters: more than a managed policy holds ({_MOST_OF_A_POLICY:,}); "
            f"`--split` prints several that can be attached, `--stackset` the role of each account",
            err=True,
        )
