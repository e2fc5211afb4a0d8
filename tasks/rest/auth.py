"""Credentials: the ways to sign in that a connector declares, and how requests carry them.

Secrets are named here, never held in plain repr. The flows of OAuth are in `oauth.py`.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tasks.errors import ConfigurationError
from tasks.rest.address import Names, Values, gaps
from tasks.rest.kept import Keeper

TokenResponse = Mapping[str, Any]  # the JSON object of a token endpoint


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A question to a token endpoint: a form, or JSON; id and secret may be in a Basic header."""

    url: str
    form: Values = field(repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    as_json: bool = False


AskToken = Callable[[TokenRequest], TokenResponse]


class Credentials(Protocol):
    """Live credentials of one account."""

    def headers(self) -> dict[str, str]:
        """Headers for the next request."""

    def renew(self, refused: Values) -> bool:
        """Get a new token after a 401 with these headers; False if there is nothing to renew.

        Another stream may have renewed it already: then nothing is asked for.
        """


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a way to sign in gets of an account.

    `values` are its settings and secrets, `ask` sends a request to a token endpoint, `origin` is
    its own address. `is_replaced`: the setting base_url stands for all of the vendor's hosts.
    `keeper` keeps tokens that the vendor rotates.
    """

    values: Values = field(repr=False)
    ask: AskToken
    origin: str = ""
    is_replaced: bool = False
    keeper: Keeper | None = None


class Way(Protocol):
    """One way to sign in: what it needs, and how that becomes credentials."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def secrets(self) -> Names:
        """The secrets that it needs."""

    @property
    def settings(self) -> Names:
        """The settings that it needs apart from those of the address."""

    @property
    def optional(self) -> Names:
        """Secrets that are used when they are given."""

    def login_url(self, account: SignIn) -> str:
        """Where its tokens come from; empty if it asks for none."""

    def spared(self, values: Values) -> Names:
        """Settings of the usual host for logins that another one makes needless."""

    def bind(self, account: SignIn) -> Credentials:
        """The live credentials of one account."""


class Auth(Protocol):
    """What a connector declares: the ways to sign in, the preferred one first."""

    @property
    def ways(self) -> "tuple[Way, ...]":
        """Each way; one must be complete."""


@dataclass(frozen=True, slots=True)
class OneWay:
    """A way that stands alone, or among others."""

    @property
    def ways(self) -> "tuple[OneWay, ...]":
        """Itself."""
        return (self,)

    @property
    def title(self) -> str:
        """Its name for people."""
        return "nothing to prove"

    @property
    def secrets(self) -> Names:
        """None."""
        return ()

    @property
    def settings(self) -> Names:
        """None."""
        return ()

    @property
    def optional(self) -> Names:
        """None."""
        return ()

    def login_url(self, account: SignIn) -> str:
        """None."""
        return ""

    def spared(self, values: Values) -> Names:
        """None."""
        return ()

    def bind(self, account: SignIn) -> Credentials:
        """No header."""
        return Fixed({})


@dataclass(frozen=True, slots=True)
class Fixed:
    """Credentials that are the same in every request."""

    carried: Values = field(repr=False)

    def headers(self) -> dict[str, str]:
        """The headers as they are."""
        return dict(self.carried)

    def renew(self, refused: Values) -> bool:
        """Nothing to renew."""
        return False


@dataclass(frozen=True, slots=True)
class Bearer(OneWay):
    """`Authorization: Bearer <token>`, a token that does not change."""

    secret: str
    scheme: str = "Bearer"

    @property
    def title(self) -> str:
        """Its name for people."""
        return _title(self.secret)

    @property
    def secrets(self) -> Names:
        """The token."""
        return (self.secret,)

    def bind(self, account: SignIn) -> Credentials:
        """A fixed header."""
        return Fixed({"Authorization": f"{self.scheme} {account.values[self.secret]}"})


@dataclass(frozen=True, slots=True)
class TokenHeader(OneWay):
    """A token in a header of its own, such as `X-API-TOKEN`."""

    secret: str
    name: str

    @property
    def title(self) -> str:
        """Its name for people."""
        return _title(self.secret)

    @property
    def secrets(self) -> Names:
        """The token."""
        return (self.secret,)

    def bind(self, account: SignIn) -> Credentials:
        """A fixed header."""
        return Fixed({self.name: account.values[self.secret]})


@dataclass(frozen=True, slots=True)
class Basic(OneWay):
    """`Authorization: Basic`.

    `user` and `other`, the password, are templates over settings and secrets (Zendesk:
    `{email}/token`).

    Without `other` it is the secret itself.
    """

    user: str
    secret: str
    other: str = ""

    @property
    def title(self) -> str:
        """Its name for people."""
        return _title(self.secret)

    @property
    def secrets(self) -> Names:
        """The password or token."""
        return (self.secret,)

    @property
    def settings(self) -> Names:
        """What the user's name is made of."""
        return tuple(name for name in gaps(self.user + self.other) if name != self.secret)

    def bind(self, account: SignIn) -> Credentials:
        """A fixed header."""
        values = dict(account.values)
        password = self.other.format_map(values) or values[self.secret]
        pair = f"{self.user.format_map(values)}:{password}"
        return Fixed({"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()})


@dataclass(frozen=True, slots=True)
class ClientCertificate(OneWay):
    """The client certificate of the connection proves who asks; no header does."""

    @property
    def title(self) -> str:
        """Its name for people."""
        return "client certificate"

    @property
    def settings(self) -> Names:
        """The file of the certificate."""
        return ("client_certificate",)


@dataclass(frozen=True, slots=True)
class NoSecret(OneWay):
    """Nothing to prove: files. `given` names secrets that are used when they are given."""

    given: Names = ()

    @property
    def optional(self) -> Names:
        """Secrets that are used when they are given."""
        return self.given


@dataclass(frozen=True, slots=True)
class OneOf:
    """Several ways to sign in: the first for which the account has everything."""

    ways: tuple[Way, ...]


def _title(secret: str) -> str:
    """The name of a secret for people."""
    words = secret.replace("_", " ")
    return words.replace("api", "API").replace("oauth", "OAuth")


def complete_way(auth: Auth, values: Values) -> Way | None:
    """The first way for which every secret and setting is given."""
    return next((way for way in auth.ways if not any(missing_of(way, values))), None)


def missing_of(way: Way, values: Values) -> tuple[Names, Names]:
    """The secrets and the settings that a way needs and that are not given."""
    secrets = tuple(name for name in way.secrets if not values.get(name))
    return secrets, tuple(name for name in way.settings if not values.get(name))


def chosen_way(auth: Auth, values: Values) -> Way:
    """The way that is used.

    Raises:
        ConfigurationError: No way is complete; the message says what each one lacks.

    """
    way = complete_way(auth, values)
    if way is not None:
        return way
    lacks = (f"{one.title}: {', '.join(sum(missing_of(one, values), ()))}" for one in auth.ways)
    raise ConfigurationError(f"no way to sign in is complete; {'; '.join(lacks)}")


def all_secrets(auth: Auth) -> Names:
    """Every secret of every way once, those that are optional at the end."""
    return tuple(dict.fromkeys((*_needed(auth), *(s for way in auth.ways for s in way.optional))))


def _needed(auth: Auth) -> Iterator[str]:
    for way in auth.ways:
        yield from way.secrets
