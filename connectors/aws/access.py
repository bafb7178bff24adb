"""Sessions, roles, accounts, regions, clients. Every client is guarded; none can write.

One botocore session per account is kept for the run: building one costs more than a call, and an
assumed role's credentials refresh themselves. Boto3 is imported on first use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.aws.errors import translated
from scanner.kit.aws_guard import guard
from scanner.kit.contract import Context, Operation
from scanner.kit.tables import Call, tags_of, values
from scanner.model.errors import Denied, Unavailable

if TYPE_CHECKING:
    from connectors.aws import AwsConfig

_FIRST_REGION = "us-east-1"
"""Where global services are asked when neither profile nor configuration names a region."""


@dataclass(frozen=True)
class Member:
    """An account that is to be read."""

    id: str
    name: str = ""
    email: str = ""
    arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    suspended: str = ""
    """The state in which nothing can be read in it."""


class Access:
    """All calls of one run go through ``call`` and ``pages``, which translate errors."""

    def __init__(self, ctx: Context[AwsConfig], operations: tuple[Operation, ...]) -> None:
        self._config = ctx.config
        self._limits = ctx.limits
        self._attempts = ctx.retries
        self._operations = {operation.id: operation for operation in operations}
        self._lock = threading.RLock()
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._caller: tuple[str, str] | None = None

    @property
    def region(self) -> str:
        """Where accounts and regions are listed."""
        if self._config.regions:
            return self._config.regions[0]
        return self._base().region_name or _FIRST_REGION

    def caller(self) -> tuple[str, str]:
        """Account and ARN of the credentials that were found. Raises ``Denied`` without any."""
        if self._caller is None:
            with self._lock:
                answer = self._invoke(self._base(), "", self.region, "sts:GetCallerIdentity", {})
                self._caller = str(answer["Account"]), str(answer["Arn"])
        return self._caller

    def partition(self) -> str:
        return self.caller()[1].split(":")[1]

    def organization_members(self) -> Iterator[Member]:
        """Every account of the organization, with its own tags."""
        call = Call(op="organizations:ListAccounts", items="Accounts[]")
        own = self.caller()[0]
        for record in self.pages(own, self.region, call, {}):
            state = str(record.get("State") or record.get("Status") or "ACTIVE")
            yield Member(
                id=str(record["Id"]),
                name=str(record.get("Name", "")),
                email=str(record.get("Email", "")),
                arn=str(record.get("Arn", "")),
                suspended="" if state == "ACTIVE" else state,
            )

    def account_tags(self, account: str) -> dict[str, str]:
        call = Call(op="organizations:ListTagsForResource", items="Tags[]")
        found = self.pages(self.caller()[0], self.region, call, {"ResourceId": account})
        return tags_of(list(found))

    def enabled_regions(self, account: str) -> tuple[str, ...]:
        """The configured regions, or all that are enabled in ``account``. Proves that the account
        can be entered."""
        if self._config.regions:
            self.call(account, self.region, "sts:GetCallerIdentity", {})
            return tuple(sorted(set(self._config.regions)))
        answer = self.call(account, self.region, "ec2:DescribeRegions", {"AllRegions": False})
        return tuple(sorted(str(name) for name in values(answer, "Regions[].RegionName")))

    def call(self, account: str, region: str, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """One operation's answer. Raises the source errors."""
        return self._invoke(self._session(account), account, region, op, args)

    def pages(
        self, account: str, region: str, call: Call, args: Mapping[str, Any]
    ) -> Iterator[Any]:
        """The records at ``call.items`` of every page."""
        service, _, name = call.op.partition(":")
        asked = {**call.params, **args}
        client = self._client(self._session(account), service, region, account)
        method = _snake(name)
        where = f"{account}/{region}"
        operation = self._operations[call.op]
        self._limits.take(operation.bucket)
        if not client.can_paginate(method):
            yield from self._token_pages(client, method, call, asked, where)
            return
        with translated(call.op, where, operation.permission):
            for page in client.get_paginator(method).paginate(**asked):
                yield from values(page, call.items)
                self._limits.take(operation.bucket)

    def _token_pages(
        self, client: Any, method: str, call: Call, asked: dict[str, Any], where: str
    ) -> Iterator[Any]:
        """Paging by hand, for lists whose model has a token and no paginator."""
        seen: set[str] = set()
        while True:
            with translated(call.op, where, self._operations[call.op].permission):
                page = getattr(client, method)(**asked)
            yield from values(page, call.items)
            token = next(values(page, call.page.token_out), None) if call.page else None
            if not token or call.page is None:
                return
            if token in seen:
                raise Unavailable(f"{call.op} in {where}: the source repeats a page token")
            seen.add(token)
            asked[call.page.token_in] = token

    def _invoke(
        self, session: Any, account: str, region: str, op: str, args: Mapping[str, Any]
    ) -> dict[str, Any]:
        service, _, name = op.partition(":")
        operation = self._operations[op]
        self._limits.take(operation.bucket)
        with translated(op, f"{account or 'the caller'}/{region}", operation.permission):
            client = self._client(session, service, region, account)
            answer: dict[str, Any] = getattr(client, _snake(name))(**args)
            return answer

    def _client(self, session: Any, service: str, region: str, account: str) -> Any:
        """Made under a lock (session.client is not safe for threads), used by all."""
        with self._lock:
            key = (account, region, service)
            if key not in self._clients:
                self._clients[key] = self._maker(session)(service, region_name=region)
            return self._clients[key]

    def _maker(self, session: Any) -> Callable[..., Any]:
        from botocore.config import Config

        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": max(1, self._attempts)},
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra="shadow-ai-scanner",
        )

        def make(service: str, **options: Any) -> Any:
            options.setdefault("region_name", self.region)
            return session.client(
                service, endpoint_url=self._config.endpoint_url or None, config=config, **options
            )

        return make

    def _base(self) -> Any:
        with self._lock:
            if "" not in self._sessions:
                import boto3

                with translated("credentials", "this machine"):
                    session = boto3.Session(profile_name=self._config.profile or None)
                self._sessions[""] = guard(session, tuple(self._operations.values()))
            return self._sessions[""]

    def _session(self, account: str) -> Any:
        """The caller's own session, or one that assumes the configured role in ``account``."""
        if account in ("", self.caller()[0]):
            return self._base()
        if not self._config.role_name:
            raise Denied(
                f"account {account} is not the caller's own and no role is configured; set "
                "`role_name` in [sources.aws]"
            )
        with self._lock:
            if account not in self._sessions:
                self._sessions[account] = self._assumed(account)
            return self._sessions[account]

    def _assumed(self, account: str) -> Any:
        import boto3
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
        from botocore.session import Session

        base = self._base()
        extra = {"RoleSessionName": "shadow-ai-scanner"}
        if self._config.external_id:
            extra["ExternalId"] = self._config.external_id
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._source_client(base),
            source_credentials=base.get_credentials(),
            role_arn=f"arn:{self.partition()}:iam::{account}:role/{self._config.role_name}",
            extra_args=extra,
        )
        inner: Any = Session()
        inner._credentials = DeferredRefreshableCredentials(  # there is no public way in
            method="assume-role", refresh_using=fetcher.fetch_credentials
        )
        session = boto3.Session(botocore_session=inner, region_name=self.region)
        return guard(session, tuple(self._operations.values()))

    def _source_client(self, base: Any) -> Callable[..., Any]:
        make = self._maker(base)

        def create(service: str, **options: Any) -> Any:
            options.pop("config", None)
            return make(service, **options)

        return create


def _snake(operation: str) -> str:
    from botocore import xform_name

    return str(xform_name(operation))
