"""Secrets from Vault's key/value store and from a program, over real HTTP and processes."""

import sys
from pathlib import Path

import pytest

from flows.pipeline.secrets import secret_lookup
from tasks.errors import ConfigurationError, CredentialsError, MissingSecretError, UnreachableError
from tasks.extract import open_client
from tasks.sandbox.fake import Fake, Request, Response, Served
from tasks.settings import AccountSettings, load, redact, secrets_of

NAME = "support-etl-acme-api-token"


class VaultServer(Fake):
    """A key/value store, version 2, with AppRole and Kubernetes sign-in, as its pages show it."""

    def __init__(self) -> None:
        super().__init__()
        self.data = {NAME: "kept-in-vault", "support-etl-acme-refresh-token": "turns-1"}
        self.token = "hvs.demo-token"
        self.version = 1

    def answer(self, asked: Request) -> Response:
        logins = {
            "/v1/auth/approle/login": {"role_id": "demo-role", "secret_id": "demo-secret"},
            "/v1/auth/kubernetes/login": {"role": "support-etl", "jwt": "demo-jwt"},
        }
        if asked.path in logins:
            if asked.json() != logins[asked.path]:
                return Response({"errors": ["invalid role or secret ID"]}, 400)
            return Response({"auth": {"client_token": self.token, "lease_duration": 2764800}})
        if asked.headers.get("x-vault-token") != self.token:
            return Response({"errors": ["permission denied"]}, 403)
        if asked.path != "/v1/secret/data/support-etl":
            return Response({"errors": []}, 404)
        metadata = {"created_time": "2026-11-01T00:00:00Z", "destroyed": False}
        if asked.method == "PATCH":
            if asked.headers["content-type"] != "application/merge-patch+json":
                return Response({"errors": ["unsupported media type"]}, 415)
            self.data |= asked.json()["data"]
            self.version += 1
            return Response({"data": {**metadata, "version": self.version}})
        return Response(
            {"data": {"data": self.data, "metadata": {**metadata, "version": self.version}}}
        )


@pytest.fixture
def vault(stack, monkeypatch: pytest.MonkeyPatch) -> Served:
    for name in ("TOKEN", "ROLE_ID", "SECRET_ID"):
        monkeypatch.delenv(f"SUPPORT_ETL_SECRET_VAULT_{name}", raising=False)
    return stack.enter_context(Served(VaultServer()))


def lookup_of(vault: Served, **more: str):
    return secret_lookup(load(accounts=(), secrets={"vault_url": vault.url, **more}), None)


def test_secrets_are_read_from_vault_once_and_are_redacted(vault: Served, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_VAULT_TOKEN", "hvs.demo-token")
    lookup = lookup_of(vault)
    assert secrets_of("acme", ("api_token",), lookup) == {"api_token": "kept-in-vault"}
    assert redact("sent kept-in-vault") == "sent ***"
    with pytest.raises(MissingSecretError, match="secret other is missing"):
        secrets_of("acme", ("other",), lookup)
    assert len(vault.fake.asked) == 1
    account = AccountSettings(
        connector="zendesk", name="acme", subdomain="acme", email="etl@acme.example"
    )
    client = open_client(account, lookup)
    assert client.way.title == "API token"
    client.close()
    monkeypatch.setenv("SUPPORT_ETL_SECRET_ACME_API_TOKEN", "of-the-environment")
    assert secrets_of("acme", ("api_token",), lookup) == {"api_token": "of-the-environment"}


def test_a_rotated_token_is_written_back_as_a_new_version(vault: Served, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_VAULT_TOKEN", "hvs.demo-token")
    lookup = lookup_of(vault)
    name = "support-etl-acme-refresh-token"
    assert lookup(name) == "turns-1"
    assert lookup.write(name, "turns-2")
    assert lookup(name) == lookup_of(vault)(name) == "turns-2"
    assert (vault.fake.version, vault.fake.data[NAME]) == (2, "kept-in-vault")
    assert not lookup.write("support-etl-acme-unknown", "x"), "nobody holds it"


def test_a_role_signs_in_to_vault(vault: Served, monkeypatch, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="no way to sign in to Vault: set SUPPORT_ETL"):
        lookup_of(vault)(NAME)
    monkeypatch.setenv("SUPPORT_ETL_SECRET_VAULT_ROLE_ID", "demo-role")
    monkeypatch.setenv("SUPPORT_ETL_SECRET_VAULT_SECRET_ID", "demo-secret")
    assert lookup_of(vault)(NAME) == "kept-in-vault"
    with pytest.raises(ConfigurationError, match="no service account"):
        lookup_of(vault, vault_role="support-etl")(NAME)
    mounted = tmp_path / "token"
    mounted.write_text("demo-jwt\n")
    monkeypatch.setattr("tasks.rest.vault._SERVICE_ACCOUNT", mounted)
    assert lookup_of(vault, vault_role="support-etl")(NAME) == "kept-in-vault"


def test_what_vault_refuses_is_said(vault: Served, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_VAULT_TOKEN", "hvs.wrong-token")
    with pytest.raises(CredentialsError, match="Vault refuses with 403 permission denied"):
        lookup_of(vault)(NAME)
    monkeypatch.setenv("SUPPORT_ETL_SECRET_VAULT_TOKEN", "hvs.demo-token")
    with pytest.raises(ConfigurationError, match=r"no secret elsewhere in secret; set secrets\."):
        lookup_of(vault, vault_path="elsewhere")(NAME)
    vault.stop()
    with pytest.raises(UnreachableError, match="does not answer"):
        lookup_of(vault)(NAME)


PROGRAM = """
import sys
if sys.argv[1] != "support-etl-acme-api-token":
    sys.exit("ResourceNotFoundException: no such secret")
print("printed-by-a-program")
"""


def test_a_program_prints_the_secrets_of_a_cloud(tmp_path: Path):
    program = tmp_path / "cloud.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), "{name}"]
    lookup = secret_lookup(load(accounts=(), secrets={"command": command}), lambda name: "block")
    assert lookup(NAME) == "printed-by-a-program"
    program.unlink()
    assert lookup(NAME) == "printed-by-a-program", "asked once"
    assert lookup("support-etl-acme-other") == "block", "the next place"
    missing = load(accounts=(), secrets={"command": [str(tmp_path / "none"), "{name}"]})
    with pytest.raises(ConfigurationError, match=r"secrets\.command .*none: No such file"):
        secret_lookup(missing, None)(NAME)
