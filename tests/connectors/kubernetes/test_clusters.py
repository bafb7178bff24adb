"""Whom a cluster is asked as: kubeconfigs, certificates, programs, a pod's own account."""

from __future__ import annotations

import base64
import json
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.kubernetes import CONNECTOR, clusters
from connectors.kubernetes.origins import clouds_ids, short_name
from scanner.detect.engine import Detector
from scanner.model.errors import ConfigError, Denied, Unavailable
from scanner.model.facts import Asset
from scanner.model.items import Item
from tests.connectors.kubernetes.world import UID, context, plant, read
from tests.forge_rig import loopback
from tests.forge_rig.authority import authority
from tests.saas_rig import TOKEN, Vendor, serving

EKS = "arn:aws:eks:us-east-1:111122223333:cluster/shop"


def _written(folder: Path, user: dict[str, Any], *, called: str = "c", **cluster: Any) -> Path:
    """A kubeconfig of one context."""
    path = folder / "config"
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": called, "user": "u"}},
                     {"name": "other", "context": {"cluster": "gone", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}, {"name": EKS, "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }))  # fmt: skip
    return path


def _cluster(items: list[Item]) -> Asset:
    (found,) = (i for i in items if isinstance(i, Asset) and i.kind == "kubernetes.cluster")
    return found


@contextmanager
def _secure(vendor: Vendor, tls: ssl.SSLContext) -> Iterator[str]:
    """The same cluster over TLS."""

    def handle(client: BaseHTTPRequestHandler) -> None:
        reply = vendor.respond(client.command, client.path, client.headers, b"")
        loopback.send(client, reply.status, reply.headers, json.dumps(reply.body).encode())

    with loopback.serving(handle, tls, methods=("GET",)) as url:
        yield url


@pytest.fixture
def cluster() -> Iterator[Vendor]:
    with serving(plant()) as made:
        yield made


def test_the_current_context_is_read(cluster: Vendor, detector: Detector, tmp_path: Path) -> None:
    place = _written(tmp_path, {"token": TOKEN}, server=cluster.url, called=EKS)

    found = _cluster(read(context(detector, environ={"KUBECONFIG": str(place)})))

    assert (found.name, found.id) == ("prod", f"kubernetes:{UID}")
    assert found.tags["cluster"] == f"prod, {EKS}, shop, {UID}"
    assert EKS in found.aliases


def test_a_token_in_a_file_is_read_before_each_call(
    cluster: Vendor, detector: Detector, tmp_path: Path
) -> None:
    _written(tmp_path, {"tokenFile": "token"}, server=cluster.url)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    ctx = context(detector, kubeconfig="config", folder=tmp_path, custom_resources=False)
    items = CONNECTOR.collect(ctx, next(iter(CONNECTOR.shards(ctx))), None)

    assert _cluster(list(items)).name == "prod"
    (tmp_path / "token").unlink()
    with pytest.raises(Denied, match="token may not be read"):
        read(context(detector, kubeconfig="config", folder=tmp_path))


def test_every_context_is_a_shard_and_a_bad_one_stops_no_other(
    cluster: Vendor, detector: Detector, tmp_path: Path
) -> None:
    place = _written(tmp_path, {"token": TOKEN}, server=cluster.url)
    ctx = context(detector, kubeconfig=str(place), contexts=("*",))

    good, bad = CONNECTOR.shards(ctx)

    assert (good.id, bad.id) == ("kubernetes:prod", "kubernetes:other")
    assert list(CONNECTOR.collect(ctx, good, None))
    with pytest.raises(Unavailable, match="context other: its cluster has no `server`"):
        list(CONNECTOR.collect(ctx, bad, None))
    with pytest.raises(ConfigError, match="no context 'prd'; it has other, prod"):
        list(CONNECTOR.shards(context(detector, kubeconfig=str(place), contexts=("prd",))))


@pytest.mark.parametrize(("user", "cluster", "said"), [
    ({"token": TOKEN}, {"insecure-skip-tls-verify": True}, "always verified"),
    ({"token": TOKEN}, {"proxy-url": "http://proxy.example"}, "HTTPS_PROXY"),
    ({"username": "ada", "password": "made-up"}, {}, "passwords are no more"),
    ({"auth-provider": {"name": "gcp"}}, {}, "auth-provider"),
    ({"client-certificate-data": "%%%"}, {}, "no base64"),
    ({"tokenFile": "/x", "client-key": "/nowhere/key"}, {}, "no such file"),
    ({"exec": {"command": "aws", "args": ["eks", "get-token"]}}, {}, "exec_plugins = true"),
])  # fmt: skip
def test_what_a_kubeconfig_says_and_is_not_done(
    detector: Detector, tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], said: str
) -> None:
    place = _written(tmp_path, user, server="https://127.0.0.1:9", **cluster)
    with pytest.raises((Denied, Unavailable), match=said) as error:
        read(context(detector, kubeconfig=str(place)))
    assert TOKEN not in str(error.value)
    assert "made-up" not in str(error.value)


def test_a_certificate_is_verified_and_one_is_shown(detector: Detector, tmp_path: Path) -> None:
    """The server asks for a client's certificate, of the same authority."""
    tls, ca = authority(tmp_path)
    tls.load_verify_locations(ca)
    tls.verify_mode = ssl.CERT_REQUIRED
    pem = (tmp_path / "server.pem").read_text()
    mark = "-----BEGIN CERTIFICATE-----"
    key, _, leaf = pem.partition(mark)
    vendor = plant()
    vendor.authorization = None  # type: ignore[assignment]
    user = {"client-certificate-data": base64.b64encode(f"{mark}{leaf}".encode()).decode(),
            "client-key-data": base64.b64encode(key.encode()).decode()}  # fmt: skip
    with _secure(vendor, tls) as url:
        trusted = {"server": url, "certificate-authority": "ca.pem"}
        _written(tmp_path, user, **trusted)
        assert _cluster(read(context(detector, kubeconfig="config", folder=tmp_path)))

        _written(
            tmp_path, {**user, "client-key-data": base64.b64encode(b"none").decode()}, **trusted
        )
        with pytest.raises(Unavailable, match="certificates or its key cannot be read"):
            read(context(detector, kubeconfig="config", folder=tmp_path))

        _written(tmp_path, user, server=url)  # the system's authorities do not know it
        ctx = context(detector, kubeconfig="config", folder=tmp_path)
        ctx.retries = 1
        with pytest.raises(Unavailable, match="SSLError"):
            read(ctx)


def test_an_authority_of_ones_own_is_the_only_one(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that requests trusts are not trusted beside it."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    tls, ca = authority(tmp_path / "one")
    _, other = authority(tmp_path / "two")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    with _secure(plant(), tls) as url:
        said = {"url": url, "name": "prod"}
        assert _cluster(read(context(detector, **said, ca_file=str(ca))))
        ctx = context(detector, **said, ca_file=str(other))
        ctx.retries = 1
        with pytest.raises(Unavailable, match="SSLError"):
            read(ctx)


def test_a_certificate_of_another_name(detector: Detector, tmp_path: Path) -> None:
    tls, _ = authority(tmp_path, "api.shop.internal")
    with _secure(plant(), tls) as url:
        _written(tmp_path, {"token": TOKEN}, server=url, **{
            "certificate-authority": "ca.pem", "tls-server-name": "api.shop.internal"})  # fmt: skip
        assert _cluster(read(context(detector, kubeconfig="config", folder=tmp_path)))
        _written(tmp_path, {"token": TOKEN}, server=url, **{
            "certificate-authority": "ca.pem", "tls-server-name": "other.internal"})  # fmt: skip
        ctx = context(detector, kubeconfig="config", folder=tmp_path)
        ctx.retries = 1
        with pytest.raises(Unavailable, match="SSLError"):
            read(ctx)


def _program(folder: Path, code: str) -> dict[str, Any]:
    script = folder / "plugin.py"
    script.write_text(code)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable,
                     "args": [str(script)], "env": [{"name": "WHO", "value": "ada"}]}}  # fmt: skip


def test_a_program_that_is_allowed_gives_the_token(
    cluster: Vendor, detector: Detector, tmp_path: Path
) -> None:
    user = _program(tmp_path, (
        "import json, os, pathlib\n"
        "assert json.loads(os.environ['KUBERNETES_EXEC_INFO'])['kind'] == 'ExecCredential'\n"
        "assert os.environ['WHO'] == 'ada'\n"
        "ran = pathlib.Path(__file__).with_name('ran')\n"
        "ran.write_text(ran.read_text() + 'x' if ran.exists() else 'x')\n"
        f"print(json.dumps({{'status': {{'token': {TOKEN!r}, "
        "'expirationTimestamp': '2026-11-28T13:00:00Z'}}))\n"
    ))  # fmt: skip
    _written(tmp_path, user, server=cluster.url)
    ctx = context(detector, kubeconfig="config", folder=tmp_path, exec_plugins=True)

    assert _cluster(read(ctx)).name == "prod"
    assert (tmp_path / "ran").read_text() == "x"  # it is good for an hour


@pytest.mark.parametrize(("change", "said"), [
    (lambda run: run | {"args": ["-c", "raise SystemExit(3)"]}, "ended with 3; sign in"),
    (lambda run: run | {"args": ["-c", "print('{}')"]}, "neither a token nor a certificate"),
    (lambda run: run | {"command": "./plugin"}, "give its name alone, or its whole path"),
    (lambda run: run | {"command": "no-such-plugin-here"}, "not installed"),
    (lambda run: run | {"command": "/nowhere/plugin", "installHint": "brew it"}, "brew it"),
])  # fmt: skip
def test_a_program_that_gives_nothing(
    cluster: Vendor, detector: Detector, tmp_path: Path,
    change: Callable[[dict[str, Any]], dict[str, Any]], said: str,
) -> None:  # fmt: skip
    user = {"exec": change(_program(tmp_path, "")["exec"])}
    _written(tmp_path, user, server=cluster.url)
    with pytest.raises((Denied, Unavailable), match=said):
        read(context(detector, kubeconfig="config", folder=tmp_path, exec_plugins=True))


def test_the_account_of_its_own_pod(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, ca = authority(tmp_path)
    monkeypatch.setattr(clusters, "ACCOUNT", tmp_path)
    ca.rename(tmp_path / "ca.crt")
    with pytest.raises(Unavailable, match="no pod with a service account"):
        read(context(detector, in_cluster=True))
    (tmp_path / "token").write_text(TOKEN)
    with _secure(plant(), tls) as url:
        host, _, port = url.removeprefix("https://").partition(":")
        environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        found = _cluster(read(context(detector, in_cluster=True, name="prod", environ=environ)))
    assert found.name == "prod"


def test_no_kubeconfig_says_what_to_set(detector: Detector, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="set `kubeconfig`, `url` or `in_cluster`"):
        list(CONNECTOR.shards(context(detector, environ={"HOME": str(tmp_path)})))
    (tmp_path / "config").write_text("{a: [")
    with pytest.raises(Unavailable, match="is no YAML"):
        list(CONNECTOR.shards(context(detector, kubeconfig=str(tmp_path / "config"))))
    with pytest.raises(ValueError, match="https://"):
        context(detector, "http://api.example")


@pytest.mark.parametrize(("name", "ids", "short"), [
    (EKS, (EKS,), "shop"),
    ("gke_acme-7_us-central1_shop", (
        "//container.googleapis.com/projects/acme-7/locations/us-central1/clusters/shop",), "shop"),
    ("gke_acme-7_us-central1-a_shop", (
        "//container.googleapis.com/projects/acme-7/locations/us-central1-a/clusters/shop",
        "//container.googleapis.com/projects/acme-7/zones/us-central1-a/clusters/shop"), "shop"),
    ("kind-shop", (), ""),
])  # fmt: skip
def test_the_clouds_own_id_of_a_context(name: str, ids: tuple[str, ...], short: str) -> None:
    assert (clouds_ids(name), short_name(name)) == (ids, short)
