"""The one session, its clients, and as whom they ask. Every client is guarded; none can write.

A session an account would cost 140 ms of processor time and 20 MB each, and a client of its own for
every account as much again, so there is one session, and one client a service and region; whose
credentials sign a call is decided call by call. Boto3 is imported on first use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.aws import regions
from connectors.aws.budget import Budget, Key
from connectors.aws.errors import (
    THROTTLED,
    NotOffered,
    has_ended,
    refuse_broken,
    translated,
)
from scanner.kit.aws_guard import guard
from scanner.kit.contract import Context, Operation
from scanner.kit.tables import Call, values
from scanner.model.errors import Denied, NotEnabled, Throttled, Unavailable

if TYPE_CHECKING:
    from connectors.aws.config import AwsConfig

_DEFAULT_REGION = "us-east-1"
"""Where neither the configuration nor the machine names one."""
_MOST_RECORDS = 1000
"""Of a page. What allows more does not mean it: Lambda takes 10,000 and gives 50."""


@dataclass(frozen=True)
class Member:
    """An account that is to be read."""

    id: str
    name: str = ""
    email: str = ""
    arn: str = ""
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
        self._made: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._profiles: dict[str, Any] = {}
        """Credentials of the user's own profiles, by account: they cannot be had once more."""
        self._assumed_in: dict[str, Any] = {}
        """Credentials of the role, by account."""
        self._absent: dict[tuple[str, str], str] = {}
        self._acting = threading.local()
        self._caller: tuple[str, str] | None = None
        self._sts_region = ""
        """Where the caller is known: roles are assumed there."""
        self._pool: ThreadPoolExecutor | None = None
        self.budget = Budget(ctx.config.most_calls)

    @property
    def pool(self) -> ThreadPoolExecutor:
        """For calls that wait for each other's answers; who runs in it may not wait for it."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(
                    self._config.parallel_calls, thread_name_prefix="aws"
                )
            return self._pool

    @property
    def region(self) -> str:
        """Where accounts and regions are listed."""
        if self._config.regions:
            return self._config.regions[0]
        return self._session().region_name or _DEFAULT_REGION

    @property
    def home(self) -> str:
        """Where services are asked that have one place in the partition (IAM, Cost Explorer)."""
        return regions.first_region(self.partition(), self.region)

    def caller(self) -> tuple[str, str]:
        """Account and ARN of the credentials that were found. Raises ``Denied`` without any."""
        with self._lock:
            if self._caller is None:
                answer = self._identity()
                self._caller = str(answer["Account"]), str(answer["Arn"])
            return self._caller

    def _identity(self) -> dict[str, Any]:
        """Asked in the partition's first region, too: where the scanner stands may be a region that
        the account has not opted into."""
        self._sts_region = self.region
        try:
            return self.call("", self.region, "sts:GetCallerIdentity", {})
        except Denied:
            partition = regions.partition_of(self.region)
            if partition is None or partition.first_region == self.region:
                raise
            self._sts_region = partition.first_region
            return self.call("", partition.first_region, "sts:GetCallerIdentity", {})

    def partition(self) -> str:
        return self.caller()[1].split(":")[1]

    def profile_account(self, profile: str) -> str:
        """The account that a profile of the AWS configuration leads to (a key, a role, single
        sign-on); its calls are signed with that profile from then on."""
        import boto3

        with translated("credentials", f"profile {profile}"):
            found = boto3.Session(profile_name=profile).get_credentials()
        if found is None:
            raise Denied(f"profile {profile} of the AWS configuration holds no credentials")
        asked_as = f"profile:{profile}"
        self._profiles[asked_as] = found
        answer = self.call(asked_as, self.region, "sts:GetCallerIdentity", {})
        account = str(answer["Account"])
        self._profiles[account] = found
        return account

    def enabled_regions(self, account: str) -> regions.Enabled:
        """The configured regions, or all that are enabled in ``account``. Proves that the account
        can be entered."""
        places = (self.region, *self._config.regions, self.home)
        return regions.enabled(
            account, self._config.regions, places,
            lambda place, op, args: self.call(account, place, op, args),
        )  # fmt: skip

    def call(self, account: str, region: str, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """One operation's answer. Raises the source errors."""
        service, _, name = op.partition(":")
        where = f"{account or 'the caller'}/{region}"
        self._check_offered(service, region)

        def ask() -> dict[str, Any]:
            client = self.client(service, region)
            with self._as(account, region, op):
                answer: dict[str, Any] = self._renewing(getattr(client, _snake(name)))(**args)
            return answer

        found: dict[str, Any] = self._told(op, where, account, service, region, ask)
        return found

    def pages(
        self, account: str, region: str, call: Call, args: Mapping[str, Any]
    ) -> Iterator[Any]:
        """The records at ``call.items`` of every page."""
        service, _, name = call.op.partition(":")
        where = f"{account or 'the caller'}/{region}"
        asked = {**call.params, **args}
        self._check_offered(service, region)
        client = self._told(
            call.op, where, account, service, region, lambda: self.client(service, region)
        )
        method = _snake(name)
        if call.page is None and client.can_paginate(method):
            paginator = client.get_paginator(method)
            paginator._method = self._renewing(paginator._method)
            size = _largest_page(client, name, paginator)
            pages = _without_rings(paginator.paginate(**asked, PaginationConfig=size),
                                   f"{call.op} in {where}")  # fmt: skip
        else:
            pages = self._token_pages(client, method, call, asked, where)

        def ask() -> Any:
            with self._as(account, region, call.op):
                return next(pages, None)

        while True:
            page = self._told(call.op, where, account, service, region, ask)
            if page is None:
                return
            yield from values(page, call.items)

    def _token_pages(
        self, client: Any, method: str, call: Call, asked: dict[str, Any], where: str
    ) -> Iterator[Any]:
        """Paging by hand, for lists whose model has a token and no paginator."""
        seen: set[str] = set()
        while True:
            page = self._renewing(getattr(client, method))(**asked)
            yield page
            token = next(values(page, call.page.token_out), None) if call.page else None
            if not token or call.page is None:
                return
            if token in seen:
                raise Unavailable(f"{call.op} in {where}: the source repeats a page token")
            seen.add(token)
            asked[call.page.token_in] = token

    def _told(
        self,
        op: str,
        where: str,
        account: str,
        service: str,
        region: str,
        ask: Callable[[], Any],
    ) -> Any:
        """What ``ask`` gives; what goes wrong in words of ours."""
        operation = self._operations[op]
        key = (account, region, op)
        try:
            with translated(op, where, operation.permission):
                found = ask()
        except Throttled:
            self.budget.cut(key)
            raise
        except NotOffered as error:
            self._absent[service, region] = str(error)
            raise
        self.budget.grow(key)
        return found

    def _check_offered(self, service: str, region: str) -> None:
        """What one account has learnt of a region holds for all."""
        reason = self._absent.get((service, region))
        if reason:
            raise NotEnabled(reason)

    @contextmanager
    def _as(self, account: str, region: str, op: str) -> Iterator[None]:
        outer = getattr(self._acting, "now", None)
        self._acting.now = (self._credentials_of(account), (account, region, op))
        try:
            yield
        finally:
            self._acting.now = outer  # a role may be assumed while a call is being signed

    def client(self, service: str, region: str) -> Any:
        """Made under a lock (making one is not safe for threads), used by all."""
        key = (service, region)
        client = self._clients.get(key)
        if client is None:
            with self._lock:
                client = self._clients.get(key)
                if client is None:
                    client = self._clients[key] = self._session().client(
                        service,
                        region_name=region,
                        endpoint_url=self._config.endpoint_url or None,
                        config=self._client_config(),
                    )
        return client

    def _client_config(self) -> Any:
        from botocore.config import Config

        return Config(
            # Not "adaptive": its one rate for a client would let a busy account slow all others.
            retries={"mode": "standard", "total_max_attempts": max(1, self._attempts)},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=self._config.parallel_calls,
            user_agent_extra="shadow-ai-scanner",
            # An answer of ours, not an address made of an account's id.
            account_id_endpoint_mode="disabled",
            inject_host_prefix=not self._config.endpoint_url,
        )

    def _session(self) -> Any:
        with self._lock:
            if self._made is None:
                import boto3

                with translated("credentials", "this machine"):
                    session = boto3.Session(profile_name=self._config.profile or None)
                guard(session, tuple(self._operations.values()))
                session.events.register("before-call", self._prepare)
                session.events.register("before-send", self._pace_again)
                session.events.register("before-parse", refuse_broken)
                session.events.register("needs-retry", self._watch_throttling)
                self._made = session
            return self._made

    def _prepare(self, context: dict[str, Any], **_: Any) -> None:
        """Waits for the call's turn; botocore signs with ``request_credentials`` where a request
        has its own (botocore/signers.py, ``RequestSigner.sign``)."""
        now = getattr(self._acting, "now", None)
        if now is None:
            return
        self._limits.take(self._operations[now[1][2]].bucket)
        self.budget.take(now[1])
        if now[0] is not None:
            context.setdefault("signing", {})["request_credentials"] = now[0]

    def _pace_again(self, request: Any, **_: Any) -> None:
        """What botocore sends a second time waits for its turn as the first did, and is counted."""
        now = getattr(self._acting, "now", None)
        said = request.headers.get("amz-sdk-request", b"attempt=1")
        told = said.decode() if isinstance(said, bytes) else str(said)
        if now is not None and not told.startswith("attempt=1"):
            self.budget.take(now[1])

    def _watch_throttling(self, response: Any, **_: Any) -> None:
        """botocore waits and asks again by itself; the next calls are to come later, too."""
        now = getattr(self._acting, "now", None)
        if now is None or response is None:
            return
        parsed = response[1] if isinstance(response, tuple) else {}
        if str((parsed or {}).get("Error", {}).get("Code", "")) in THROTTLED:
            key: Key = now[1]
            self.budget.cut(key)

    def _credentials_of(self, account: str) -> Any:
        """None: the session's own."""
        if not account:
            return None
        known = self._profiles.get(account) or self._assumed_in.get(account)
        if known is not None:
            return known
        if account == self.caller()[0]:
            return None
        if not self._config.role_name:
            raise Denied(
                f"account {account} is not the caller's own and no role is configured; set "
                "`role_name` in [sources.aws]"
            )
        with self._lock:
            if account not in self._assumed_in:
                self._assumed_in[account] = self._assumed(account)
            return self._assumed_in[account]

    def _renewing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """``method``, and once more where the session of the role has ended early (it was revoked):
        a list goes on at its page. What the user gave cannot be had once more."""
        from botocore.exceptions import ClientError

        def ask(**args: Any) -> Any:
            try:
                return method(**args)
            except ClientError as error:
                used, (account, region, op) = self._acting.now
                if not (has_ended(error) and self._forget(account, used)):
                    raise
                with self._as(account, region, op):
                    return method(**args)

        return ask

    def _forget(self, account: str, used: Any) -> bool:
        """Whether the role can be assumed anew in place of ``used``, or another call did it."""
        with self._lock:
            if used is None or account in self._profiles:
                return False
            if self._assumed_in.get(account) is used:
                del self._assumed_in[account]
            return True

    def _assumed(self, account: str) -> Any:
        """Renewed before they end, and not asked for before they are needed."""
        from botocore.credentials import DeferredRefreshableCredentials

        asked: dict[str, Any] = {
            "RoleArn": f"arn:{self.partition()}:iam::{account}:role/{self._config.role_name}",
            "RoleSessionName": "shadow-ai-scanner",
        }
        if self._config.external_id:
            asked["ExternalId"] = self._config.external_id

        def assume() -> dict[str, str]:
            given = self.call("", self._sts_region, "sts:AssumeRole", asked)["Credentials"]
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        return DeferredRefreshableCredentials(method="assume-role", refresh_using=assume)


def _without_rings(pages: Any, said: str) -> Iterator[Any]:
    """botocore refuses a token that is its own next one; a longer ring it would follow for ever."""
    seen: set[str] = set()
    for page in pages:
        yield page
        # botocore tells the token of a page to nobody else.
        token = repr(sorted(pages._get_next_token(page).items()))
        if token in seen:
            raise Unavailable(f"{said}: the source repeats a page token")
        seen.add(token)


def _largest_page(client: Any, name: str, paginator: Any) -> dict[str, int]:
    """The largest page that the vendor's model allows: its own default is often ten records."""
    limit = getattr(paginator, "_limit_key", None)
    shape = client.meta.service_model.operation_model(name).input_shape
    if not limit or shape is None or limit not in shape.members:
        return {}
    most = shape.members[limit].metadata.get("max", 0)
    return {"PageSize": most} if 0 < most <= _MOST_RECORDS else {}


def _snake(operation: str) -> str:
    from botocore import xform_name

    return str(xform_name(operation))
