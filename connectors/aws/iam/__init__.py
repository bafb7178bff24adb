"""What an account's roles and users may reach, who may call AI, and Bedrock's API keys: one shard
an account, two calls and their pages.

The answer is that of the account's own identity policies and boundaries: ``evaluate`` says what is
not asked. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.aws.iam import account as accounts
from connectors.aws.iam import facts, keys
from connectors.aws.iam.table import load
from scanner.kit.tables import Call
from scanner.model.errors import Denied, NotEnabled, SourceError, Throttled, Unavailable
from scanner.model.items import Gap, Item

if TYPE_CHECKING:
    from connectors.aws.access import Access

OPERATIONS: Mapping[str, str] = {
    facts.READ_BY: "what roles and users may reach, and who may call AI",
    keys.LISTED_BY: "Bedrock API keys: whose, how old, until when (never a value)",
}
KINDS = facts.KINDS | {keys.KIND}
"""Kinds of nodes that may be yielded."""
_DETAILS = Call(op=facts.READ_BY)
"""Pages are taken whole: each has four lists."""
_FILTER = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")
_NO_SUCH_KEYS = "NotSupportedService"
"""The partition has no Bedrock keys."""


def collect(access: Access, account: str, partition: str, region: str) -> Iterator[Item]:
    """The items of the shard ``aws:<account>/iam``. ``region``: where the partition's IAM is asked.
    Of two refusals the shard is refused, of one it has a gap."""
    refused: list[SourceError] = []
    listed: list[Mapping[str, Any]] = []
    try:
        listed += access.pages(account, region, keys.CALL, keys.ARGS)
    except (Denied, NotEnabled, Throttled, Unavailable) as error:
        if _NO_SUCH_KEYS not in str(error):
            refused.append(error)
    pages = access.pages(account, region, _DETAILS, {"Filter": list(_FILTER)})
    directory = None
    try:
        directory = accounts.read(pages, account, load(partition))
    except Denied as error:
        if refused:
            raise
        refused.append(error)
    what = "Bedrock API keys" if directory else "reach of roles and users"
    for trouble in refused:
        yield Gap(
            what=f"{what} of account {account}",
            reason=str(trouble),
            denied=isinstance(trouble, Denied),
        )
    users = {}
    if directory:
        holders = frozenset(str(record.get("UserName", "")) for record in listed)
        yield from facts.items(directory, holders)
        yield from directory.gaps
        users = {one.name: one.arn for one in directory.principals if not one.is_role}
    yield from keys.items(listed, users, account, partition)
