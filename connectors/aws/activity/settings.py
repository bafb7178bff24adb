"""What the user says of logs: which are read, and how far back. The connector's configuration has
these fields beside its own."""

from __future__ import annotations

from typing import Annotated

import msgspec

from scanner.kit.expressions import expression

_BUCKET = expression(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ORGANIZATION = expression(r"o-[a-z0-9]{10,32}")
_STORE = expression(
    r"arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:eventdatastore/[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4,12}){4}"
)
_EVENT = expression(r"[A-Z][A-Za-z0-9]{2,100}")
_ACCOUNT = expression(r"\d{12}")


class ActivityConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who uses AI, from logs that exist anyway. Counts and names, never what was asked."""

    event_history: bool = True
    """Read CloudTrail's own 90 days of management events, in every account and region."""
    event_sources: tuple[str, ...] = ()
    """Services, or names of events, to ask it for (``bedrock.amazonaws.com``, ``RunInstances``);
    empty: all AI services that are known, and what makes carriers."""
    event_pages: Annotated[int, msgspec.Meta(ge=1)] = 2000
    """Pages of 50 events that one scan reads of a region; the next scan goes on."""
    activity_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 0
    """How far back a first reading of any log goes; 0: as `scan.window_days` says."""
    trail_bucket: str = ""
    """Bucket that a trail writes to, of one account or an organization: data events too."""
    trail_prefix: str = ""
    """What the trail puts before ``AWSLogs/``."""
    trail_organization: str = ""
    """``o-...`` of an organization's trail; empty: found in the bucket."""
    trail_account: str = ""
    """Account as which the bucket is read; empty: the caller's own."""
    trail_region: str = ""
    """Region of the bucket; empty: where accounts are listed."""
    event_data_store: str = ""
    """ARN of a CloudTrail Lake event data store: it is asked for sums, which AWS charges for by the
    bytes it searches."""
    invocation_logs: bool = False
    """Read Bedrock's log of model invocations where one is kept: tokens for each caller and model.
    The text in it is passed over."""
    log_files: tuple[str, ...] = ()
    """Exports: files or folders with CloudTrail events or invocation logs, gz too."""
    only_logs: bool = False
    """Read nothing but logs; with `log_files` alone no call leaves."""

    def __post_init__(self) -> None:
        if self.trail_bucket and not _BUCKET.fullmatch(self.trail_bucket):
            raise ValueError("`trail_bucket` is the name of a bucket, without s3:// and path")
        if self.trail_organization and not _ORGANIZATION.fullmatch(self.trail_organization):
            raise ValueError("`trail_organization` looks like o-exampleorgid")
        if self.trail_account and not _ACCOUNT.fullmatch(self.trail_account):
            raise ValueError("`trail_account` is an account's id, twelve digits")
        if self.event_data_store and not _STORE.fullmatch(self.event_data_store):
            raise ValueError(
                "`event_data_store` is an ARN: arn:aws:cloudtrail:REGION:ACCOUNT:eventdatastore/ID"
            )
        for name in self.event_sources:
            if not (name.endswith(".amazonaws.com") or _EVENT.fullmatch(name)):
                raise ValueError(
                    f"`event_sources`: {name!r} is neither like bedrock.amazonaws.com nor the name "
                    "of an event, like RunInstances"
                )

    @property
    def trail_root(self) -> str:
        """Under which the trail keeps accounts, or organizations."""
        prefix = self.trail_prefix.strip("/")
        return f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"
