"""The flows of OAuth 2, each a small value: where tokens come from, and what the flow sends."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import jwt

from tasks.errors import ConfigurationError, CredentialsError
from tasks.rest.address import (
    Names,
    Values,
    base_url_of,
    fill,
    gaps,
    login_origin,
    origin_of,
    spared_settings,
)
from tasks.rest.auth import Credentials, OneWay, SignIn, TokenRequest, TokenResponse
from tasks.rest.kept import Keeper, Kept, fingerprint

_HOUR = 3600.0
_LONGEST = 366 * 24 * _HOUR
_MILLISECONDS = 1e11  # larger than any Unix time in seconds
_ASSERTION_SECONDS = 180
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLIENT = ("client_id", "client_secret")


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where a vendor gives tokens.

    `host` is a template over settings, for vendors with a host for logins; without it the account's
    own host is asked. Each of `other_hosts` takes its place when its settings are given, and the
    setting login_url replaces them all. With `basic`, id and secret go into a Basic header.
    `scheme` is the word before the token in later requests.
    """

    path: str
    host: str = ""
    other_hosts: Names = ()
    sends: Literal["form", "json"] = "form"
    basic: bool = False
    scheme: str = "Bearer"

    def url(self, account: SignIn) -> str:
        """The address of this account's endpoint."""
        vendors = (
            "" if account.is_replaced else base_url_of(self.host, self.other_hosts, account.values)
        )
        moved = account.values.get("login_url")
        host = login_origin(moved) if moved else (vendors or account.origin).rstrip("/")
        return host + fill(self.path, account.values)

    def request(self, account: SignIn, form: Values) -> TokenRequest:
        """The question with these fields and the client's id and secret."""
        values = account.values
        client = {name: values[name] for name in _CLIENT if values.get(name)}
        user = (values["client_id"], values["client_secret"]) if self.basic else None
        fields = {**form, **({} if self.basic else client)}
        return TokenRequest(self.url(account), fields, user, self.sends == "json")


@dataclass(frozen=True, slots=True)
class _Flow(OneWay):
    """A flow that asks an endpoint. `scope` is sent if it is not empty.

    The setting oauth_scope replaces it. `needs` are settings that the flow needs as well.
    """

    endpoint: TokenEndpoint
    scope: str = ""
    needs: Names = ()

    @property
    def settings(self) -> Names:
        """What the flow needs as well."""
        return self.needs

    def login_url(self, account: SignIn) -> str:
        """The endpoint's address."""
        return self.endpoint.url(account)

    def spared(self, values: Values) -> Names:
        """Settings of the endpoint's usual host, when another is given."""
        return spared_settings(self.endpoint.host, self.endpoint.other_hosts, values)

    def form(self, account: SignIn) -> dict[str, str]:
        """The fields of the flow."""
        raise NotImplementedError

    def _scoped(self, account: SignIn, form: Values) -> dict[str, str]:
        scope = account.values.get("oauth_scope") or self.scope
        return {**form, **({"scope": scope} if scope else {})}

    def bind(self, account: SignIn) -> Credentials:
        """A token that renews itself."""

        def ask() -> TokenResponse:
            form = self._scoped(account, self.form(account))
            return account.ask(self.endpoint.request(account, form))

        self.endpoint.url(account)  # a wrong setting is refused before anything is asked
        return Tokens(ask, self.endpoint.scheme)


@dataclass(frozen=True, slots=True)
class ClientCredentials(_Flow):
    """The client itself signs in: `client_credentials`."""

    @property
    def title(self) -> str:
        """Its name for people."""
        return "OAuth client credentials"

    @property
    def secrets(self) -> Names:
        """The client's id and secret."""
        return _CLIENT

    def form(self, account: SignIn) -> dict[str, str]:
        """The grant."""
        return {"grant_type": "client_credentials"}


@dataclass(frozen=True, slots=True)
class PasswordGrant(_Flow):
    """A user's name and password: `password`.

    `user` is a template over settings. The secrets in `added` follow the password if they are
    given.
    """

    user: str = "{user}"
    added: Names = ()

    @property
    def title(self) -> str:
        """Its name for people."""
        return "OAuth password grant"

    @property
    def secrets(self) -> Names:
        """The client's id and secret, and the password."""
        return (*_CLIENT, "password")

    @property
    def settings(self) -> Names:
        """What the user's name is made of."""
        return (*self.needs, *gaps(self.user))

    @property
    def optional(self) -> Names:
        """Secrets that belong to the password where the vendor wants them."""
        return self.added

    def form(self, account: SignIn) -> dict[str, str]:
        """The grant, the user and the password."""
        values = dict(account.values)
        user = self.user.format_map(values)
        password = values["password"] + "".join(values.get(name, "") for name in self.added)
        return {"grant_type": "password", "username": user, "password": password}


@dataclass(frozen=True, slots=True)
class JwtBearer(_Flow):
    """A statement signed with the client's private key, RS256.

    It is for the endpoint's host, or for the endpoint itself (`audience`). `key_id` is a template;
    `with_secret`: the endpoint wants the client's secret, too.
    """

    user: str = "{user}"
    audience: Literal["host", "endpoint"] = "host"
    key_id: str = ""
    with_secret: bool = False

    @property
    def title(self) -> str:
        """Its name for people."""
        return "OAuth JWT bearer"

    @property
    def secrets(self) -> Names:
        """The client's id and private key."""
        return (*(_CLIENT if self.with_secret else _CLIENT[:1]), "private_key")

    @property
    def settings(self) -> Names:
        """What names the user and the key."""
        return (*self.needs, *gaps(self.user + self.key_id))

    def form(self, account: SignIn) -> dict[str, str]:
        """The grant and the signed statement."""
        return {"grant_type": _JWT_GRANT, "assertion": self._assertion(account)}

    def _assertion(self, account: SignIn) -> str:
        values, now = dict(account.values), int(time.time())
        url = self.endpoint.url(account)
        claims = {
            "iss": values["client_id"],
            "sub": self.user.format_map(values),
            "aud": origin_of(url) if self.audience == "host" else url,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        key = values["private_key"].replace("\\n", "\n")
        headers = {"kid": self.key_id.format_map(values)} if self.key_id else None
        try:
            return jwt.encode(claims, key, algorithm="RS256", headers=headers)
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ConfigurationError(
                "secret private_key is no RSA key in PEM form without a passphrase"
            ) from None


@dataclass(frozen=True, slots=True)
class RefreshToken(_Flow):
    """A refresh token of a user who agreed once: `refresh_token`.

    `rotates`: the vendor may answer with a new one that makes the old one worthless. It is kept for
    the next run before it is used.
    """

    rotates: bool = True

    @property
    def title(self) -> str:
        """Its name for people."""
        return "OAuth refresh token"

    @property
    def secrets(self) -> Names:
        """The client's id and secret, and the refresh token."""
        return (*_CLIENT, "refresh_token")

    def bind(self, account: SignIn) -> Credentials:
        """A token that renews itself, and whose refresh token outlives the run."""
        url = self.endpoint.url(account)

        def ask(refresh_token: str) -> TokenResponse:
            form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
            return account.ask(self.endpoint.request(account, self._scoped(account, form)))

        if account.keeper is None:
            return Tokens(_in_memory(ask, account.values["refresh_token"]), self.endpoint.scheme)
        mark = (url, account.values["client_id"], account.values["refresh_token"])
        kept = _KeptTokens(ask, account.keeper, mark, rotates=self.rotates)
        return Tokens(kept.following, self.endpoint.scheme, kept.spend)


def _in_memory(ask: Callable[[str], TokenResponse], given: str) -> Callable[[], TokenResponse]:
    """Rotated tokens for as long as this process lives."""
    current = [given]

    def following() -> TokenResponse:
        answer = ask(current[0])
        current[0] = str(answer.get("refresh_token") or current[0])
        return answer

    return following


class _KeptTokens:
    """The refresh token as the keeper has it, and the answers that it brings.

    `mark` is where the token is used, by which client, and the token that the user gave.
    """

    def __init__(
        self,
        ask: Callable[[str], TokenResponse],
        keeper: Keeper,
        mark: tuple[str, str, str],
        *,
        rotates: bool,
    ) -> None:
        self._ask, self._keeper = ask, keeper
        self._mark, self._rotates = mark, rotates
        self._spent = ""

    def spend(self, access_token: str) -> None:
        """Use this access token no longer."""
        self._spent = access_token

    def following(self) -> TokenResponse:
        """An access token: of another process or an earlier run if it still lives, else new."""
        with self._keeper.held(is_needed=self._rotates):
            url, client, given = self._mark
            configured = self._keeper.configured(given)
            mark = fingerprint(url, client, configured)
            kept = self._keeper.read(mark) or Kept(mark, configured)
            left = kept.until - time.time()
            if kept.access_token and kept.access_token != self._spent and left > 0:
                return {"access_token": kept.access_token, "expires_in": left}
            return self._renewed(kept)

    def _renewed(self, kept: Kept) -> TokenResponse:
        self._keeper.announce(kept, is_needed=self._rotates)
        try:
            answer = self._ask(kept.refresh_token)
        except CredentialsError as refusal:
            self._keeper.keep(replace(kept, is_pending=False), is_rotated=False)
            raise CredentialsError(f"{refusal}; {self._advice(kept)}") from None
        refresh_token = str(answer.get("refresh_token") or kept.refresh_token)
        new = Kept(
            kept.configured,
            refresh_token,
            str(answer["access_token"]),
            time.time() + usable(answer),
        )
        self._keeper.keep(new, is_rotated=refresh_token != kept.refresh_token)
        return answer

    def _advice(self, kept: Kept) -> str:
        if kept.is_pending and self._rotates:
            return (
                "an earlier run ended while the vendor changed the refresh token; sign in again and"
                " give the new one"
            )
        return "if the refresh token is spent or withdrawn, sign in again and give the new one"


class Tokens:
    """An access token: fetched when first needed, kept until shortly before it expires.

    `spend` is called with a token that is used no longer.
    """

    def __init__(
        self,
        fetch: Callable[[], TokenResponse],
        scheme: str,
        spend: Callable[[str], object] | None = None,
    ) -> None:
        self._fetch, self._scheme, self._spend = fetch, scheme, spend
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def headers(self) -> dict[str, str]:
        """The token, a new one if the last has expired or was refused."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._take(self._fetch())
            return self._carried()

    def renew(self, refused: Values) -> bool:
        """Use this token no longer, if it is the one that was refused."""
        with self._lock:
            if refused == self._carried():
                self._until = 0.0
                if self._spend:
                    self._spend(self._token)
        return True

    def _carried(self) -> dict[str, str]:
        return {"Authorization": f"{self._scheme} {self._token}"}

    def _take(self, answer: TokenResponse) -> None:
        self._token = str(answer["access_token"])
        self._until = time.monotonic() + usable(answer)


def usable(answer: TokenResponse) -> float:
    """Seconds for which a token is used: until shortly before its end."""
    seconds = lifetime(answer)
    return seconds - min(60, seconds / 10)


def lifetime(answer: TokenResponse) -> float:
    """Seconds that a token lives: an hour where the vendor says nothing, or nothing that is clear.

    Some vendors give the Unix time of the end. A token that ends earlier is renewed when it is
    refused.
    """
    for said in (answer.get("expires_in"), answer.get("expires_at")):
        seconds = _number(said)
        if seconds > _LONGEST:
            seconds = (seconds / 1000 if seconds > _MILLISECONDS else seconds) - time.time()
        if seconds > 0:
            return min(seconds, _LONGEST)
    return _HOUR


def _number(said: object) -> float:
    try:
        seconds = float(str(said))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
