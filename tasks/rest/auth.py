"""Credentials: how a request carries them, and how they are renewed.

Secrets are named here, never held in plain repr.
"""

import base64
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

TokenResponse = Mapping[str, Any]  # the JSON object of a token endpoint
Post = Callable[[str, Mapping[str, str], tuple[str, str] | None], TokenResponse]

_HOUR = 3600.0


class Credentials(Protocol):
    """Live credentials of one account."""

    def headers(self) -> dict[str, str]:
        """Headers for the next request."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Get a new token after a 401 with these headers; False if there is nothing to renew.

        Another stream may have renewed it already: then nothing is asked for.
        """


class Auth(Protocol):
    """What a connector declares: the secrets that it needs, and how they become credentials."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets of the first way to sign in: what `doctor` asks for."""

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """The secrets of each way to sign in; one way must be complete."""

    @property
    def optional(self) -> tuple[str, ...]:
        """Secrets that are used when they are given."""

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """The live credentials of one account.

        `values` are its settings and secrets, `post` sends a form to a token endpoint, `base_url`
        is the address that replaces the vendor's, if any.
        """


@dataclass(frozen=True, slots=True)
class _OneWay:
    """One way to sign in."""

    @property
    def secrets(self) -> tuple[str, ...]:
        return ()

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        return (self.secrets,)

    @property
    def optional(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class _Fixed:
    value: str = field(repr=False)
    name: str = "Authorization"

    def headers(self) -> dict[str, str]:
        return {self.name: self.value}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Bearer(_OneWay):
    """`Authorization: Bearer <token>`."""

    secret: str
    scheme: str = "Bearer"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.secret,)

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """A fixed header."""
        return _Fixed(f"{self.scheme} {values[self.secret]}")


@dataclass(frozen=True, slots=True)
class TokenHeader(_OneWay):
    """A token in a header of its own, such as `X-API-TOKEN`."""

    secret: str
    name: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.secret,)

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """A fixed header."""
        return _Fixed(values[self.secret], self.name)


@dataclass(frozen=True, slots=True)
class Basic(_OneWay):
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

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """A fixed header."""
        password = self.other.format_map(dict(values)) or values[self.secret]
        pair = f"{self.user.format_map(dict(values))}:{password}"
        return _Fixed("Basic " + base64.b64encode(pair.encode()).decode())


class _Tokens:
    """An OAuth2 token: fetched when first needed, kept until shortly before it expires."""

    def __init__(self, fetch: Callable[[], TokenResponse], scheme: str) -> None:
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

    def _take(self, answer: TokenResponse) -> None:
        self._token = str(answer["access_token"])
        self._until = time.monotonic() + _lifetime(answer.get("expires_in")) - 60


def _lifetime(said: object) -> float:
    """Seconds that a token lives: an hour where the vendor says nothing, or no number.

    A token that ends earlier is renewed when it is refused.
    """
    try:
        seconds = float(str(said or _HOUR))
    except ValueError:
        return _HOUR
    return seconds if math.isfinite(seconds) else _HOUR


@dataclass(frozen=True, slots=True)
class OAuth2(_OneWay):
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

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """A token that renews itself.

        A refresh token that the vendor rotates replaces the old one in memory.
        """
        hidden = ("client_id", "client_secret") if self.basic else ()
        form = {
            "grant_type": self.grant,
            **{name: values[name] for name in self.needs if name not in hidden},
        }
        user = (values["client_id"], values["client_secret"]) if self.basic else None
        login_base = "" if base_url else self.login_base.format_map(dict(values))
        host = values.get("login_url") or login_base
        url = host.rstrip("/") + self.token_path.format_map(dict(values))

        def fetch() -> TokenResponse:
            answer = post(url, form, user)
            if answer.get("refresh_token") and "refresh_token" in form:
                form["refresh_token"] = str(answer["refresh_token"])
            return answer

        return _Tokens(fetch, self.scheme)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The first way to sign in for which the account has every secret."""

    ways: tuple[Auth, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those of the first way: what `doctor` asks for."""
        return self.ways[0].secrets

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """Those of every way."""
        return tuple(way.secrets for way in self.ways)

    @property
    def optional(self) -> tuple[str, ...]:
        """None."""
        return ()

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """Bind the way that is complete, else the first (whose missing secret is then named)."""
        complete = (way for way in self.ways if all(values.get(name) for name in way.secrets))
        return next(complete, self.ways[0]).bind(values, post, base_url=base_url)


@dataclass(frozen=True, slots=True)
class NoSecret:
    """Nothing to prove: files. `optional` names secrets that are used when they are given."""

    optional: tuple[str, ...] = ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """The one way, without secrets."""
        return ((),)

    def bind(self, values: Mapping[str, str], post: Post, *, base_url: str = "") -> Credentials:
        """No header."""
        return _Nothing()


class _Nothing:
    def headers(self) -> dict[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False
