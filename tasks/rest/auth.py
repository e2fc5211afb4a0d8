"""Credentials: how a request carries them, and how they are renewed.

Secrets are named here, never held in plain repr.
"""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Post = Callable[[str, Mapping[str, str], tuple[str, str] | None], Mapping[str, Any]]


class Auth(Protocol):
    """What a connector declares: which secrets and settings it needs, and the session object made
    of them.
    """

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets, one set of which must be given."""

    def bind(self, values: Mapping[str, str], post: Post) -> "Credentials":
        """The live credentials of one account."""


class Credentials(Protocol):
    """Live credentials of one account."""

    def headers(self) -> dict[str, str]:
        """Headers for the next request."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Get a new token after a 401 with these headers, unless another stream has done so; False
        if there is nothing to renew.
        """


@dataclass(frozen=True, slots=True)
class _Fixed:
    value: str = field(repr=False)
    name: str = "Authorization"

    def headers(self) -> dict[str, str]:
        return {self.name: self.value}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer <token>`."""

    secret: str
    scheme: str = "Bearer"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.secret,)

    def bind(self, values: Mapping[str, str], post: Post) -> Credentials:
        """A fixed header."""
        return _Fixed(f"{self.scheme} {values[self.secret]}")


@dataclass(frozen=True, slots=True)
class Header:
    """A token in a header of its own, such as `X-API-TOKEN`."""

    secret: str
    name: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.secret,)

    def bind(self, values: Mapping[str, str], post: Post) -> Credentials:
        """A fixed header."""
        return _Fixed(values[self.secret], self.name)


@dataclass(frozen=True, slots=True)
class Basic:
    """`Authorization: Basic`.

    `user` and `other`, the password, are templates over settings and secrets (Zendesk:
    `{email}/token`).

    Without `other` it is the secret itself.
    """

    user: str
    secret: str
    other: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password or token."""
        return (self.secret,)

    def bind(self, values: Mapping[str, str], post: Post) -> Credentials:
        """A fixed header."""
        password = self.other.format_map(dict(values)) or values[self.secret]
        pair = f"{self.user.format_map(dict(values))}:{password}"
        return _Fixed("Basic " + base64.b64encode(pair.encode()).decode())


class _Tokens:
    """An OAuth2 token that is fetched when first needed, kept until shortly before it expires, and
    renewed once on 401.
    """

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], scheme: str) -> None:
        self._fetch, self._scheme = fetch, scheme
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def headers(self) -> dict[str, str]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._take(self._fetch())
            return self._carried()

    def renew(self, refused: Mapping[str, str]) -> bool:
        with self._lock:
            if refused == self._carried():
                self._until = 0.0
        return True

    def _carried(self) -> dict[str, str]:
        return {"Authorization": f"{self._scheme} {self._token}"}

    def _take(self, answer: Mapping[str, Any]) -> None:
        self._token = str(answer["access_token"])
        self._until = time.monotonic() + float(answer.get("expires_in") or 3600) - 60


@dataclass(frozen=True, slots=True)
class OAuth2:
    """OAuth2 by `refresh_token`, `client_credentials` or `password`, form-encoded.

    The token is asked of the account's own host, or of `login_base` (a template over settings)
    where the vendor keeps a host for logins; the setting `login_url` replaces it. With `basic`, id
    and secret go into a Basic header.
    """

    token_path: str
    grant: str
    needs: tuple[str, ...]
    login_base: str = ""
    scheme: str = "Bearer"
    basic: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """Client id and secret, refresh token or password, as the grant needs."""
        return self.needs

    def bind(self, values: Mapping[str, str], post: Post) -> Credentials:
        """A token that renews itself.

        A refresh token that the vendor rotates replaces the old one in memory.
        """
        hidden = ("client_id", "client_secret") if self.basic else ()
        form = {
            "grant_type": self.grant,
            **{name: values[name] for name in self.needs if name not in hidden},
        }
        user = (values["client_id"], values["client_secret"]) if self.basic else None
        host = values.get("login_url") or (
            "" if values.get("@base_url") else self.login_base.format_map(dict(values))
        )
        url = host.rstrip("/") + self.token_path.format_map(dict(values))

        def fetch() -> Mapping[str, Any]:
            answer = post(url, form, user)
            if answer.get("refresh_token") and "refresh_token" in form:
                form["refresh_token"] = str(answer["refresh_token"])
            return answer

        return _Tokens(fetch, self.scheme)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The first kind of credentials for which the account has every secret."""

    kinds: tuple[Auth, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those of the first kind: what `doctor` asks for."""
        return self.kinds[0].secrets

    def bind(self, values: Mapping[str, str], post: Post) -> Credentials:
        """Bind the kind that is complete, else the first (whose missing secret is then named)."""
        chosen = next(
            (kind for kind in self.kinds if all(values.get(name) for name in kind.secrets)),
            self.kinds[0],
        )
        return chosen.bind(values, post)


@dataclass(frozen=True, slots=True)
class NoSecret:
    """Nothing to prove: files. `optional` names secrets that are used when they are given."""

    optional: tuple[str, ...] = ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """None."""
        return ()

    def bind(self, values: Mapping[str, str], post: Post) -> Credentials:
        """No header."""
        return _Nothing()


class _Nothing:
    def headers(self) -> dict[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False
