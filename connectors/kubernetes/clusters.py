"""Which clusters are asked, and as whom: from a kubeconfig, a pod's own account, or an address.

Owns what is taken of a kubeconfig (https://kubernetes.io/docs/reference/config-api/
kubeconfig.v1/) and what is refused of it: certificates that are not to be looked at, programs that
were not allowed, passwords in the open.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from connectors.kubernetes.config import ALL, KubernetesConfig
from scanner.kit.contract import Context
from scanner.kit.values import items, mapping, text
from scanner.model.errors import ConfigError, Denied, Unavailable

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/"""
_MOST = 4 << 20
_DEFAULT = "~/.kube/config"
Ctx = Context[KubernetesConfig]


@dataclass(frozen=True)
class Plugin:
    """A program that gives credentials. ``folder``: of the kubeconfig."""

    command: str
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    version: str
    hint: str


@dataclass(frozen=True)
class Cluster:
    """``name``: for people and of the shard. ``also``: other names of it, which logs may use.
    Keys and certificates are PEM, here alone."""

    name: str
    url: str
    ca: str = ""
    server_name: str = ""
    """What its certificate is for, where that is not the address."""
    token: str = field(default="", repr=False)
    token_file: str = ""
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    plugin: Plugin | None = None
    also: tuple[str, ...] = ()


def names(ctx: Ctx) -> list[str]:
    """Of the clusters that are read live, in order. Raises ``ConfigError`` for a context that the
    kubeconfig has not, and ``Unavailable`` where there is none."""
    config = ctx.config
    found = [own_name(config)] if config.url or config.in_cluster else []
    if not config.wants_contexts:
        return found
    known = _Kubeconfig.read(ctx)
    wanted = list(known.contexts) if ALL in config.contexts else list(config.contexts)
    wanted = wanted or [known.current]
    if missing := [name for name in wanted if name not in known.contexts]:
        raise ConfigError(
            f"[sources.kubernetes] contexts: {known.place} has no context {missing[0]!r}; it has "
            f"{', '.join(sorted(known.contexts)) or 'none'}"
        )
    return list(dict.fromkeys([*found, *wanted]))


def own_name(config: KubernetesConfig) -> str:
    """Of the one cluster that is no context."""
    return config.name or "cluster"


def cluster(ctx: Ctx, name: str) -> Cluster:
    """Raises ``Denied`` without a credential, ``Unavailable`` for what a kubeconfig says and we do
    not do."""
    config = ctx.config
    if name == own_name(config) and (config.url or config.in_cluster):
        return _in_cluster(ctx, name) if config.in_cluster else _at(ctx, name)
    return _Kubeconfig.read(ctx).cluster(name, config)


def _at(ctx: Ctx, name: str) -> Cluster:
    config = ctx.config
    token = ctx.environ.get(config.token_env, "").strip()
    if not token:
        raise Denied(f"no token for {config.url}: set the environment variable {config.token_env}")
    ca = _file(ctx.folder / Path(config.ca_file).expanduser(), "ca_file") if config.ca_file else ""
    return Cluster(name=name, url=config.url, ca=ca, token=token)


def _in_cluster(ctx: Ctx, name: str) -> Cluster:
    host = ctx.environ.get("KUBERNETES_SERVICE_HOST", "")
    port = ctx.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (ACCOUNT / "token").is_file():
        raise Unavailable(
            "in_cluster: this is no pod with a service account; give `contexts` or `url` instead"
        )
    place = f"[{host}]" if ":" in host else host
    return Cluster(
        name=name, url=f"https://{place}:{port}", ca=_file(ACCOUNT / "ca.crt", "in_cluster"),
        token_file=str(ACCOUNT / "token"),
    )  # fmt: skip


def _file(path: Path, setting: str) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise Unavailable(f"{setting}: no such file: {path}") from error
    except OSError as error:
        raise Denied(f"{setting}: {path} may not be read ({error.strerror})") from error


@dataclass(frozen=True)
class _Kubeconfig:
    """Several files are one, in which the first that names a thing wins. By each name, what stands
    there and the folder that its paths are relative to."""

    place: str
    current: str
    contexts: Mapping[str, Mapping[str, Any]]
    clusters: Mapping[str, tuple[Mapping[str, Any], Path]]
    users: Mapping[str, tuple[Mapping[str, Any], Path]]

    @classmethod
    def read(cls, ctx: Ctx) -> _Kubeconfig:
        """Raises ``Unavailable`` where there is no kubeconfig, or it is none."""
        return ctx.kept("kubernetes:kubeconfig", lambda: cls._read(ctx))

    @classmethod
    def _read(cls, ctx: Ctx) -> _Kubeconfig:
        said = ctx.config.kubeconfig
        places = [ctx.folder / Path(said).expanduser()] if said else []
        if not said:
            listed = ctx.environ.get("KUBECONFIG", "").split(os.pathsep)
            home = ctx.environ.get("HOME", "")
            default = _DEFAULT.replace("~", home) if home else ""
            places = [Path(one) for one in listed if one] or [Path(default or _DEFAULT)]
            places = [one.expanduser() for one in places]
        there = [one for one in places if one.is_file()]
        if not there:
            shown = ", ".join(map(str, places))
            raise Unavailable(f"no kubeconfig at {shown}; set `kubeconfig`, `url` or `in_cluster`")
        current = ""
        contexts: dict[str, Mapping[str, Any]] = {}
        clusters: dict[str, tuple[Mapping[str, Any], Path]] = {}
        users: dict[str, tuple[Mapping[str, Any], Path]] = {}
        for path in there:
            data = _loaded(path)
            current = current or text(data.get("current-context"))
            for one in map(mapping, items(data.get("contexts"))):
                contexts.setdefault(text(one.get("name")), mapping(one.get("context")))
            for kind, kept in (("cluster", clusters), ("user", users)):
                for one in map(mapping, items(data.get(f"{kind}s"))):
                    kept.setdefault(text(one.get("name")), (mapping(one.get(kind)), path.parent))
        contexts.pop("", None)
        return cls(", ".join(map(str, there)), current, contexts, clusters, users)

    def cluster(self, name: str, config: KubernetesConfig) -> Cluster:
        context = self.contexts.get(name)
        if context is None:
            raise Unavailable(f"{self.place} has no context {name!r} any more")
        called, whose = text(context.get("cluster")), text(context.get("user"))
        there, folder = self.clusters.get(called, ({}, Path()))
        user, home = self.users.get(whose, ({}, Path()))
        url = text(there.get("server"))
        if not url:
            raise Unavailable(f"context {name}: its cluster has no `server`")
        if there.get("insecure-skip-tls-verify") is True:
            raise Unavailable(
                f"context {name}: insecure-skip-tls-verify is set, and certificates are always "
                "verified here; give certificate-authority in its place"
            )
        if there.get("proxy-url"):
            raise Unavailable(f"context {name}: proxy-url is not read; set HTTPS_PROXY")
        plugin = _plugin(name, user, config)
        made = Cluster(
            name=name, url=url, ca=_pem(there, "certificate-authority", folder),
            server_name=text(there.get("tls-server-name")), token=text(user.get("token")),
            token_file=_path(user.get("tokenFile"), home), plugin=plugin,
            certificate=_pem(user, "client-certificate", home),
            key=_pem(user, "client-key", home), also=(called,) if called else (),
        )  # fmt: skip
        if not (made.token or made.token_file or made.certificate or plugin):
            raise Denied(
                f"context {name}: user {whose!r} has no token, client certificate or exec plug-in"
                + ("; auth-provider and passwords are no more" if user else "")
            )
        return made


def _loaded(path: Path) -> Mapping[str, Any]:
    data = _file(path, "kubeconfig")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(data, loader)  # noqa: S506 - safe loaders both
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unavailable(f"kubeconfig: {path} is no YAML") from error
    return mapping(found)


def _path(said: Any, folder: Path) -> str:
    return str(folder / Path(text(said)).expanduser()) if text(said) else ""


def _pem(holder: Mapping[str, Any], name: str, folder: Path) -> str:
    """``<name>-data`` wins over the file."""
    data = text(holder.get(f"{name}-data"))
    if data:
        try:
            return base64.b64decode(data, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise Unavailable(f"kubeconfig: {name}-data is no base64") from error
    place = _path(holder.get(name), folder)
    return _file(Path(place), f"kubeconfig: {name}") if place else ""


def _plugin(name: str, user: Mapping[str, Any], config: KubernetesConfig) -> Plugin | None:
    said = mapping(user.get("exec"))
    command = text(said.get("command"))
    if not command:
        return None
    if not config.exec_plugins:
        raise Denied(
            f"context {name}: its credentials come from the program {command!r}, which is run only "
            "with `exec_plugins = true`; or give a token by `url` and `token_env`"
        )
    variables = [mapping(one) for one in items(said.get("env"))]
    return Plugin(
        command, tuple(text(one) for one in items(said.get("args"))),
        tuple((text(one.get("name")), text(one.get("value"))) for one in variables),
        text(said.get("apiVersion")), text(said.get("installHint"))[:300],
    )  # fmt: skip
