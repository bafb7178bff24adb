"""Secrets in stores elsewhere. Whatever goes wrong, the message names the reference and what to do,
and holds neither the secret nor a token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from scanner.kit.references import Secrets, resolve
from scanner.model.errors import Denied, SourceError, Unavailable
from tests.kit.references.stores import KeyVault, SecretManager, Store, Vault, serving

VALUE = "made-up-" + "v" * 12
TOKEN = "made-up-" + "t" * 12


def _refused(reference: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SourceError) as told:
        resolve(reference, environ or {})
    said = str(told.value)
    assert said.startswith(reference.partition(":")[0] + ":")
    assert VALUE not in said
    assert TOKEN not in said
    assert told.value.__cause__ is None
    return said


# --- Vault ---------------------------------------------------------------------------------


@pytest.fixture
def vault() -> Iterator[tuple[Store, Vault]]:
    held = {"okta": VALUE, "jira": "other"}
    answers = Vault(
        two={"app": held, "single": {"k": VALUE}, "deep/er": held}, one={"app": held},
        tokens={TOKEN}, role=("role-1", "made-up-secret-id"),
        service_account=("scan", "made-up-jwt"),
    )  # fmt: skip
    with serving(answers) as store:
        yield store, answers
        assert store.odd == []


def test_vault_by_a_token(vault: tuple[Store, Vault]) -> None:
    store, answers = vault
    known = Secrets({"VAULT_ADDR": store.url, "VAULT_TOKEN": TOKEN})
    assert known["vault:secret/app#okta"] == VALUE
    assert known["vault:secret/deep/er#okta"] == VALUE
    assert known["vault:secret/single"] == VALUE
    assert known["vault:kv/app?kv=1#okta"] == VALUE
    assert known["vault:secret/app?version=2#okta"] == VALUE
    assert known["vault:secret/app#okta"] == VALUE
    assert [one.path for one in store.asked] == [
        "/v1/secret/data/app", "/v1/secret/data/deep/er", "/v1/secret/data/single", "/v1/kv/app",
        "/v1/secret/data/app",
    ]  # fmt: skip
    assert all(one.headers["x-vault-request"] == "true" for one in store.asked)
    answers.namespace = "team"
    assert Secrets({"VAULT_TOKEN": TOKEN})[
        f"vault:secret/app?address={store.url}&namespace=team#okta"
    ] == VALUE  # fmt: skip


def test_vault_by_approle_and_service_account(vault: tuple[Store, Vault], tmp_path: Path) -> None:
    store, _ = vault
    (tmp_path / "jwt").write_text("made-up-jwt")
    (tmp_path / "jwt").chmod(0o600)
    known = Secrets(
        {"VAULT_ADDR": store.url, "ID": "role-1", "SECRET": "made-up-secret-id"}, tmp_path
    )
    assert known["vault:secret/app?auth=approle&role_id=ID&secret_id=SECRET#okta"] == VALUE
    where = "vault:secret/app?auth=kubernetes&auth_mount=cluster-a&role=scan&jwt=file:jwt#okta"
    assert known[where] == VALUE
    assert [one.path for one in store.asked if one.method == "POST"] == [
        "/v1/auth/approle/login", "/v1/auth/cluster-a/login",
    ]  # fmt: skip


def test_what_vault_refuses(vault: tuple[Store, Vault], monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = vault
    monkeypatch.setenv("HOME", "/nonexistent")
    signed_in = {"VAULT_ADDR": store.url, "VAULT_TOKEN": TOKEN}
    wrong = {"VAULT_ADDR": store.url, "VAULT_TOKEN": f"{TOKEN}-wrong"}
    assert "HTTP 403; give its policy `read` on secret/data/app" in _refused(
        "vault:secret/app#o", wrong
    )
    assert "is not there" in _refused("vault:secret/none#okta", signed_in)
    assert "has no field `no`; it has: jira, okta" in _refused("vault:secret/app#no", signed_in)
    assert "several fields; add one of #jira, #okta" in _refused("vault:secret/app", signed_in)
    assert "set VAULT_ADDR" in _refused("vault:secret/app#okta", {"VAULT_TOKEN": TOKEN})
    assert "set VAULT_TOKEN" in _refused("vault:secret/app#okta", {"VAULT_ADDR": store.url})
    assert "write vault:MOUNT/PATH" in _refused("vault:secret/../app#okta", signed_in)
    plain = {"VAULT_ADDR": "http://vault.example.com", "VAULT_TOKEN": TOKEN}
    assert "https://" in _refused("vault:secret/app#okta", plain)
    assert "env:VAULT_ROLE_ID" not in _refused("vault:a/b?auth=none#c", signed_in)
    said = _refused("vault:secret/app?auth=approle&role_id=A&secret_id=B#okta",
                    {**signed_in, "A": TOKEN, "B": VALUE})  # fmt: skip
    assert "HTTP 400; Vault does not take this approle sign-in" in said
    with pytest.raises(Denied, match="option `jwt` of `vault:` is no place of a secret on this"):
        resolve("vault:a/b?auth=kubernetes&role=r&jwt=vault:a/b%23c#d", signed_in)


def test_a_path_with_a_blank_and_authorities_that_are_not_there(
    vault: tuple[Store, Vault],
) -> None:
    store, held = vault
    held.two["my team"] = {"okta": VALUE}
    signed_in = {"VAULT_ADDR": store.url, "VAULT_TOKEN": TOKEN}
    assert resolve("vault:secret/my team#okta", signed_in) == VALUE
    assert "nope.pem are not there" in _refused("vault:secret/app?ca_file=nope.pem#okta", signed_in)
    signed_in["VAULT_CACERT"] = "/nowhere/ca.pem"
    assert "/nowhere/ca.pem are not there" in _refused("vault:secret/app#okta", signed_in)


def test_a_region_that_cannot_be_is_for_somebody_to_mend() -> None:
    said = _refused("aws-secretsmanager:a?region=eu_central_1")
    assert "InvalidRegionError; check how place, region and profile are written" in said


def test_a_vault_that_is_away() -> None:
    with serving(lambda asked: (503, {"errors": ["sealed"]})) as store:
        known = {"VAULT_ADDR": store.url, "VAULT_TOKEN": TOKEN}
        with pytest.raises(Unavailable, match=r"vault:secret/app#okta: .*HTTP 503"):
            resolve("vault:secret/app#okta", known)


# --- AWS -----------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.post(f"{url}/moto-api/reset", timeout=30).raise_for_status()
    try:
        made = {"region_name": "eu-central-1", "endpoint_url": url}
        client: Any = boto3.client("secretsmanager", **made)
        client.create_secret(Name="app/okta", SecretString=json.dumps({"token": VALUE}))
        client.create_secret(Name="binary", SecretBinary=b"\x00\x01")
        client = boto3.client("ssm", **made)
        client.put_parameter(Name="/app/okta", Value=VALUE, Type="SecureString")
        yield url
    finally:
        server.stop()


def test_aws(aws: str) -> None:
    more = f"region=eu-central-1&url={aws}"
    assert resolve(f"aws-secretsmanager:app/okta?{more}#token") == VALUE
    assert resolve(f"aws-secretsmanager:app/okta?{more}&stage=AWSCURRENT#token") == VALUE
    assert resolve(f"aws-ssm:/app/okta?{more}") == VALUE
    client: Any = boto3.client("secretsmanager", region_name="eu-central-1", endpoint_url=aws)
    arn = client.describe_secret(SecretId="app/okta")["ARN"]
    assert resolve(f"aws-secretsmanager:{arn}?url={aws}#token") == VALUE


def test_what_aws_refuses(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    more = f"region=eu-central-1&url={aws}"
    assert "ResourceNotFoundException" in _refused(f"aws-secretsmanager:none?{more}")
    assert "ParameterNotFound" in _refused(f"aws-ssm:/none?{more}")
    assert "keep the secret as text" in _refused(f"aws-secretsmanager:binary?{more}")
    assert "NoRegionError" in _refused(f"aws-ssm:/app/okta?url={aws}")
    with serving(
        lambda asked: (400, {"__type": "AccessDeniedException", "Message": TOKEN})
    ) as store:
        where = f"region=eu-central-1&url={store.url}"
        assert "ssm:GetParameter" in _refused(f"aws-ssm:/app/okta?{where}")
        said = _refused(f"aws-secretsmanager:app/okta?{where}#token")
        assert "grant secretsmanager:GetSecretValue" in said
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    assert "NoCredentialsError; sign in" in _refused(f"aws-ssm:/app/okta?{more}")


# --- Google --------------------------------------------------------------------------------


def test_google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("googleapiclient")
    plain, regional = (
        "projects/p-1/secrets/okta",
        "projects/p-1/locations/europe-west3/secrets/okta",
    )
    answers = SecretManager({plain: VALUE, regional: json.dumps({"t": VALUE})}, TOKEN)
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with serving(answers) as store:
        account = {"type": "service_account", "client_email": "a@p-1.example", "project_id": "p-1",
                   "private_key": key.decode(), "token_uri": f"{store.url}/token"}  # fmt: skip
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        more = f"url={store.url}"
        assert resolve(f"gcp-secretmanager:{plain}?{more}") == VALUE
        assert resolve(f"gcp-secretmanager:{plain}/versions/7?{more}") == VALUE
        assert resolve(f"gcp-secretmanager:{regional}?{more}#t") == VALUE
        assert "is not there" in _refused(f"gcp-secretmanager:projects/p-1/secrets/no?{more}")
        assert "write gcp-secretmanager:projects/P" in _refused("gcp-secretmanager:okta")
        answers.is_granted = False
        said = _refused(f"gcp-secretmanager:{plain}?{more}")
        assert "HTTP 403; grant roles/secretmanager.secretAccessor" in said
        assert store.odd == []
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    assert "no Google credentials" in _refused(f"gcp-secretmanager:{plain}")


# --- Azure ---------------------------------------------------------------------------------


def test_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = KeyVault({"okta": VALUE}, TOKEN)
    with serving(answers) as store:
        for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{store.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "made-up-header")
        more = f"credential=managed_identity&url={store.url}"
        assert resolve(f"azure-keyvault:our-vault/okta?{more}") == VALUE
        assert resolve(f"azure-keyvault:our-vault/okta/0123abcd?{more}") == VALUE
        assert "is not there" in _refused(f"azure-keyvault:our-vault/none?{more}")
        assert "write azure-keyvault:VAULT/NAME" in _refused("azure-keyvault:okta")
        assert "`credential` is one of" in _refused("azure-keyvault:our-vault/okta?credential=x")
        assert "https://" in _refused("azure-keyvault:our-vault/okta?url=http://vault.example.com")
        answers.is_granted = False
        said = _refused(f"azure-keyvault:our-vault/okta?{more}")
        assert "HTTP 403; give its identity the role `Key Vault Secrets User`" in said
        assert store.odd == []
        monkeypatch.setenv("IDENTITY_HEADER", "another")
        assert "no Microsoft Entra token" in _refused(f"azure-keyvault:our-vault/okta?{more}")


def test_no_reference_is_asked_before_it_is_needed() -> None:
    known = Secrets({"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": TOKEN})
    assert list(known) == ["VAULT_ADDR", "VAULT_TOKEN"]
    with pytest.raises(Denied, match="cannot be read"):
        known["https://nowhere.example"]


@pytest.mark.parametrize("url", ["http://secrets.example", "ftp://secrets.example"])
def test_aws_is_asked_at_https_alone(url: str) -> None:
    for scheme in ("aws-secretsmanager:app/okta", "aws-ssm:/app/okta"):
        assert "must begin with https://" in _refused(f"{scheme}?region=eu-central-1&url={url}")


@pytest.mark.parametrize("error", [KeyError, ValueError, AttributeError, RuntimeError])
def test_what_a_library_stumbles_over_is_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def value(*_: object) -> str:
        raise error("made-up-4711")

    monkeypatch.setattr("scanner.kit.references.aws.value", value)
    with pytest.raises(Unavailable, match=error.__name__) as told:
        resolve("aws-ssm:/app/okta")
    assert "4711" not in f"{told.value!r} {told.value.__cause__!r}"
