"""``[tickets.NAME]`` of the configuration -> trackers. Credentials are named there, not written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from scanner.app import secrecy
from scanner.app.config import LoadedConfig
from scanner.app.ticketing import Target
from scanner.emit.tickets.azure import AzureBoardsConfig, AzureBoardsSink
from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.github import GitHubConfig, GitHubSink
from scanner.emit.tickets.gitlab import GitLabConfig, GitLabSink
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.jira import JiraConfig, JiraSink
from scanner.emit.tickets.linear import LinearConfig, LinearSink, rate_limited
from scanner.emit.tickets.pagerduty import PagerDutyConfig, PagerDutySink
from scanner.emit.tickets.queues import (
    KafkaConfig,
    KafkaSink,
    SNSConfig,
    SNSSink,
    SQSConfig,
    SQSSink,
)
from scanner.emit.tickets.servicenow import ServiceNowConfig, ServiceNowSink
from scanner.emit.tickets.sink import Sink
from scanner.emit.tickets.webhook import FileConfig, FileSink, WebhookConfig, WebhookSink
from scanner.kit.references import Secrets
from scanner.model.errors import ConfigError, SourceError, Unavailable
from scanner.rulebook.documents import typed

_ROUTING = frozenset(field.encode_name for field in msgspec.structs.fields(Routing))


class Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every tracker's table may hold."""

    kind: str
    token_env: str = ""
    """Variable of the environment that holds the token (or, of a webhook, the secret), or another
    reference; also written ``token = …``."""
    user_env: str = ""
    """Variable that holds the user whose token or password it is (Jira, ServiceNow, Kafka); empty:
    the token stands by itself."""
    most_new: Annotated[int, msgspec.Meta(ge=0)] = 25
    """New tickets that one run makes at most; the rest becomes one."""


class _Given(NamedTuple):
    common: Common
    config: Any
    routing: Routing
    secret: str
    user: str
    folder: Path


class _Kind(NamedTuple):
    config: type[Any]
    make: Callable[[_Given], Sink]
    token_env: str
    """Where the token is, unless the table says otherwise; empty: none is needed."""


def _github(given: _Given) -> Sink:
    headers = {
        "Authorization": f"Bearer {given.secret}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return GitHubSink(given.config, given.routing, Api(given.config.url, headers))


def _jira(given: _Given) -> Sink:
    headers = _basic(given.user, given.secret) if given.user else _bearer(given.secret)
    return JiraSink(given.config, given.routing, Api(given.config.url, headers))


def _azure_boards(given: _Given) -> Sink:
    headers = _basic("", given.secret) if given.config.auth == "pat" else _bearer(given.secret)
    return AzureBoardsSink(given.config, given.routing, Api(given.config.url, headers))


def _servicenow(given: _Given) -> Sink:
    headers = _basic(given.user, given.secret) if given.user else _bearer(given.secret)
    return ServiceNowSink(given.config, given.routing, Api(given.config.url, headers))


def _linear(given: _Given) -> Sink:
    is_own = given.secret.startswith("lin_api_")
    headers = {"Authorization": given.secret} if is_own else _bearer(given.secret)
    api = Api(given.config.url, headers, is_later=rate_limited)
    return LinearSink(given.config, given.routing, api)


def _basic(user: str, secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _gitlab(given: _Given) -> Sink:
    api = Api(given.config.url, {"PRIVATE-TOKEN": given.secret})
    return GitLabSink(given.config, given.routing, api)


KINDS: Mapping[str, _Kind] = {
    "azure_boards": _Kind(AzureBoardsConfig, _azure_boards, "AZURE_DEVOPS_TOKEN"),
    "github": _Kind(GitHubConfig, _github, "GITHUB_TOKEN"),
    "gitlab": _Kind(GitLabConfig, _gitlab, "GITLAB_TOKEN"),
    "jira": _Kind(JiraConfig, _jira, "JIRA_TOKEN"),
    "linear": _Kind(LinearConfig, _linear, "LINEAR_TOKEN"),
    "kafka": _Kind(
        KafkaConfig,
        lambda given: KafkaSink(given.config, given.routing, given.user, given.secret),
        "",
    ),
    "pagerduty": _Kind(
        PagerDutyConfig,
        lambda given: PagerDutySink(
            given.config, given.routing, given.secret, Api(given.config.url, {})
        ),
        "PAGERDUTY_ROUTING_KEY",
    ),
    "sns": _Kind(SNSConfig, lambda given: SNSSink(given.config, given.routing), ""),
    "sqs": _Kind(SQSConfig, lambda given: SQSSink(given.config, given.routing), ""),
    "servicenow": _Kind(ServiceNowConfig, _servicenow, "SERVICENOW_TOKEN"),
    "webhook": _Kind(
        WebhookConfig,
        lambda given: WebhookSink(given.config, given.routing, given.secret.encode()),
        "SHADOW_AI_WEBHOOK_SECRET",
    ),
    "file": _Kind(
        FileConfig, lambda given: FileSink(given.config, given.routing, given.folder), ""
    ),
}


def targets(
    loaded: LoadedConfig,
    environ: Mapping[str, str],
    is_away: Callable[[str, str], None] | None = None,
) -> list[Target]:
    """Raises ``ConfigError`` for a table that cannot be used, before anything is sent, and
    ``Unavailable`` where a credential's store is away; with ``is_away`` that one is left out, and
    its name and the reason told there."""
    known = Secrets(environ, loaded.folder)
    found = []
    for name, table in loaded.config.tickets.items():
        try:
            found.append(_target(name, table, loaded, known))
        except Unavailable as error:
            if is_away is None:
                raise
            is_away(name, str(error))
    return found


def _target(
    name: str, table: Mapping[str, Any], loaded: LoadedConfig, environ: Mapping[str, str]
) -> Target:
    def read(values: dict[str, Any], kind: type[Any]) -> Any:
        return typed(values, kind, loaded.name, loaded.text, ConfigError, ("tickets", name))

    commons = frozenset(field.encode_name for field in msgspec.structs.fields(Common))
    within = ("tickets", name)
    plain = {"kind": name, **secrecy.named(table, Common, loaded.name, loaded.text, within)}
    common: Common = read({k: v for k, v in plain.items() if k in commons}, Common)
    kind = KINDS.get(common.kind)
    if kind is None:
        raise ConfigError(
            f"{loaded.name}: [tickets.{name}] kind: there is no `{common.kind}`; there are "
            f"{', '.join(sorted(KINDS))}"
        )
    routing = read({k: v for k, v in plain.items() if k in _ROUTING}, Routing)
    rest = {k: v for k, v in plain.items() if k not in commons | _ROUTING}
    config = read(rest, kind.config)
    given = _Given(
        common=common,
        config=config,
        routing=routing,
        secret=_of(common.token_env or kind.token_env, environ, name, loaded),
        user=_of(common.user_env, environ, name, loaded),
        folder=loaded.folder,
    )
    return Target(name, kind.make(given), routing, common.most_new)


def _of(variable: str, environ: Mapping[str, str], name: str, loaded: LoadedConfig) -> str:
    if not variable:
        return ""
    try:
        value = environ.get(variable, "").strip()
    except SourceError as error:
        raise secrecy.unresolved(f"{loaded.name}: [tickets.{name}]", error) from error
    if not value:
        raise ConfigError(
            f"{loaded.name}: [tickets.{name}]: the environment variable {variable} is not set"
        )
    return value
