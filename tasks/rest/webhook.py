"""One post to a webhook.

Its address is itself a secret: it is in no error, and no redirect is followed.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests

from tasks.errors import (
    ConfigurationError,
    ContractError,
    RejectedByVendorError,
    ThrottledError,
    UnreachableError,
)
from tasks.rest.network import Network
from tasks.settings import redact

_TIMEOUTS = (10.0, 30.0)


def post(who: str, address: str, payload: object, *, ca_bundle: str = "", proxy: str = "") -> None:
    """Post JSON once.

    Raises UnreachableError if nothing was sent, ContractError if it is not known whether it came
    through. Neither Slack nor Teams takes a key that would make a second post harmless, so the
    caller decides about asking again.
    """
    if not _is_private(address):
        raise ConfigurationError(f"{who}: the webhook's address must begin with https://")
    with _session(address, Network(proxy, ca_bundle)) as session:
        _post(who, session, address, payload)


def post_each(
    who: str, address: str, payloads: Iterable[object], *, bearer: str = "", ca_bundle: str = ""
) -> None:
    """Post several JSON documents one after the other, over one connection.

    Raises as `post` does, at the first that is not taken. A key is not sent in the clear.
    """
    if bearer and not _is_private(address):
        raise ConfigurationError(f"{who}: an address that gets a key must begin with https://")
    with _session(address, Network(ca_bundle=ca_bundle)) as session:
        if bearer:
            session.headers["Authorization"] = f"Bearer {bearer}"
        for payload in payloads:
            _post(who, session, address, payload)


def _is_private(address: str) -> bool:
    """Whether nobody on the way can read what is sent there."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1"}


@contextmanager
def _session(address: str, network: Network) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = network.verify
        session.proxies = dict(network.proxies(address))
        yield session


def _post(who: str, session: requests.Session, address: str, payload: object) -> None:
    try:
        status, words = _send(session, address, payload)
    except requests.exceptions.RequestException as trouble:
        raise _named(who, trouble) from None
    if status in {200, 201, 202, 204}:
        return
    if status == 429 or status >= 500:
        raise ThrottledError(f"{who}: answers {status} {words}".strip())
    raise RejectedByVendorError(
        f"{who}: refuses with {status} {words}; is the webhook still there?"
    )


def _send(session: requests.Session, address: str, payload: object) -> tuple[int, str]:
    """The status and the first words of the response."""
    response = session.post(
        address, json=payload, timeout=_TIMEOUTS, allow_redirects=False, stream=True
    )
    start = response.raw.read(1000, decode_content=True).decode(errors="replace")
    words = re.sub(r"[^\w .,:*-]+", " ", redact(start))  # some servers repeat the address
    return response.status_code, words.strip()[:200]


def _named(who: str, trouble: requests.exceptions.RequestException) -> Exception:
    """Our error for what went wrong, without the address."""
    if isinstance(trouble, requests.exceptions.SSLError):
        return ConfigurationError(
            f"{who}: the server's certificate is not trusted; set notifications.ca_bundle for a"
            " private authority"
        )
    if isinstance(trouble, requests.exceptions.ConnectTimeout):
        return UnreachableError(f"{who}: no connection within {_TIMEOUTS[0]:.0f} s")
    if isinstance(trouble, requests.exceptions.ReadTimeout):
        return ContractError(
            f"{who}: no answer within {_TIMEOUTS[1]:.0f} s; the message may have come through"
        )
    if isinstance(trouble, requests.exceptions.ConnectionError):
        was_sent = "NewConnection" not in repr(trouble) and "NameResolution" not in repr(trouble)
        if not was_sent:
            return UnreachableError(f"{who}: cannot be reached")
        return ContractError(f"{who}: the connection broke; the message may have come through")
    return ConfigurationError(f"{who}: {type(trouble).__name__}; is the address right?")
