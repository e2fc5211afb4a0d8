"""Secrets from HashiCorp Vault: one secret of its key/value store, version 2.

Facts: developer.hashicorp.com/vault/api-docs (secret/kv/kv-v2, auth/approle, auth/kubernetes). The
two calls that are needed go over `requests`, which is there: a client library would be another
dependency for them.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tasks.errors import ConfigurationError, ContractError, CredentialsError, UnreachableError
from tasks.rest.network import Network
from tasks.settings import SecretsSettings, optional_secrets_of, remember_secret, secret_variable

ACCOUNT = "vault"
_TIMEOUT = (10.0, 30.0)
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(slots=True)
class Vault:
    """The keys of one secret, read once; a key is the name of a secret of ours.

    It signs in by the token that is given, by AppRole, or as Kubernetes' service account.
    """

    settings: SecretsSettings
    _values: Mapping[str, str] | None = None
    _token: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, name: str, /) -> str | None:
        """The value of a key; None if the secret has no such key.

        Raises:
            CredentialsError: Vault refuses the sign-in or the path.
            UnreachableError: It does not answer.

        """
        with self._lock:
            if self._values is None:
                self._values = self._read()
        return self._values.get(name)

    def write(self, name: str, value: str) -> bool:
        """Put a new value into a key, as a new version of the secret; whether that worked."""
        answer = self._send(
            "PATCH",
            self._path,
            {"data": {name: value}},
            {"Content-Type": "application/merge-patch+json"},
        )
        if answer.ok and self._values is not None:
            self._values = {**self._values, name: value}
        return answer.ok

    @property
    def _path(self) -> str:
        return f"{self.settings.vault_mount}/data/{self.settings.vault_path}"

    def _read(self) -> Mapping[str, str]:
        self._token = self._token or self._sign_in()
        answer = self._send("GET", self._path)
        if answer.status_code == requests.codes.not_found:
            raise ConfigurationError(
                f"Vault has no secret {self.settings.vault_path} in {self.settings.vault_mount};"
                " set secrets.vault_path and secrets.vault_mount"
            )
        data = self._answered(answer, "data", "data")
        values = {str(key): str(value) for key, value in data.items() if value is not None}
        for value in values.values():
            remember_secret(value)
        return values

    def _sign_in(self) -> str:
        """The token that is given, or one for a role."""
        given = optional_secrets_of(ACCOUNT, ("token", "role_id", "secret_id"))
        if "token" in given:
            return given["token"]
        if self.settings.vault_role:
            jwt = _service_account()
            body = {"role": self.settings.vault_role, "jwt": jwt}
            return self._client_token(self._send("POST", "auth/kubernetes/login", body))
        if {"role_id", "secret_id"} <= set(given):
            body = {name: given[name] for name in ("role_id", "secret_id")}
            return self._client_token(self._send("POST", "auth/approle/login", body))
        token, role, secret = (
            secret_variable(ACCOUNT, name) for name in ("token", "role_id", "secret_id")
        )
        raise ConfigurationError(
            f"no way to sign in to Vault: set {token}, or {role} and {secret}, or"
            " secrets.vault_role"
        )

    def _client_token(self, answer: requests.Response) -> str:
        token = self._answered(answer, "auth").get("client_token")
        if not isinstance(token, str):
            raise ContractError("Vault's answer to the sign-in has no client_token")
        remember_secret(token)
        return token

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        url = f"{self.settings.vault_url.rstrip('/')}/v1/{path}"
        network = Network(ca_bundle=self.settings.ca_bundle)
        own = {"X-Vault-Token": self._token, "X-Vault-Namespace": self.settings.vault_namespace}
        sent = {name: value for name, value in own.items() if value}
        with requests.Session() as session:
            session.trust_env = False
            session.verify = network.verify
            session.proxies = dict(network.proxies(url))
            try:
                return session.request(
                    method,
                    url,
                    json=body,
                    headers={**sent, **(headers or {})},
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            except requests.exceptions.RequestException as trouble:
                raise UnreachableError(
                    f"Vault at {self.settings.vault_url} does not answer ({type(trouble).__name__})"
                ) from None

    def _answered(self, answer: requests.Response, *keys: str) -> Mapping[str, object]:
        """The object at these keys of a good answer."""
        try:
            found = answer.json()
        except ValueError:
            found = {}
        if not answer.ok:
            listed = found.get("errors") if isinstance(found, dict) else None
            reason = "; ".join(map(str, listed or ())) or answer.reason
            raise CredentialsError(
                f"Vault refuses with {answer.status_code} {reason}", status=answer.status_code
            )
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise ContractError(f"Vault's answer has no {'.'.join(keys)}; is it a KV version 2?")
        return found


def _service_account() -> str:
    try:
        return _SERVICE_ACCOUNT.read_text(encoding="ascii").strip()
    except OSError as trouble:
        raise ConfigurationError(
            f"secrets.vault_role: no service account at {_SERVICE_ACCOUNT}: {trouble.strerror}"
        ) from None
