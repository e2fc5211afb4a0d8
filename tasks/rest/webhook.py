"""One post to a webhook, whose address is itself a secret: it is in no error, no redirect is
followed.
"""

import re
from urllib.parse import urlsplit

import requests

from tasks.errors import (
    ConfigurationError,
    ContractError,
    RejectedByVendorError,
    ThrottledError,
    UnreachableError,
)

_TIMEOUTS = (10.0, 30.0)


def post(who: str, address: str, payload: object, *, ca_bundle: str = "", proxy: str = "") -> None:
    """Post JSON once.

    Raises UnreachableError if nothing was sent, ContractError if it is not known whether it came
    through.

    Neither Slack nor Teams takes a key that would make a second post harmless, so the caller
    decides about asking again.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise ConfigurationError(f"{who}: the webhook's address must begin with https://")
    with requests.Session() as session:
        session.trust_env = False
        session.verify = ca_bundle or True
        if proxy:
            session.proxies = {"http": proxy, "https": proxy}
        try:
            answer = session.post(
                address, json=payload, timeout=_TIMEOUTS, allow_redirects=False, stream=True
            )
            words = re.sub(
                r"[^\w .,:-]+",
                " ",
                answer.raw.read(200, decode_content=True).decode(errors="replace"),
            ).strip()
        except requests.exceptions.SSLError:
            raise ConfigurationError(
                f"{who}: the server's certificate is not trusted; set notifications.ca_bundle for a"
                " private authority"
            ) from None
        except requests.exceptions.ConnectTimeout:
            raise UnreachableError(f"{who}: no connection within {_TIMEOUTS[0]:.0f} s") from None
        except requests.exceptions.ReadTimeout:
            raise ContractError(
                f"{who}: no answer within {_TIMEOUTS[1]:.0f} s; the message may have come through"
            ) from None
        except requests.exceptions.ConnectionError as trouble:
            if "NewConnection" in repr(trouble) or "NameResolution" in repr(trouble):
                raise UnreachableError(f"{who}: cannot be reached") from None
            raise ContractError(
                f"{who}: the connection broke; the message may have come through"
            ) from None
        except requests.exceptions.RequestException as trouble:
            raise ConfigurationError(
                f"{who}: {type(trouble).__name__}; is the address right?"
            ) from None
    if answer.status_code in {200, 201, 202, 204}:
        return
    if answer.status_code == 429 or answer.status_code >= 500:
        raise ThrottledError(f"{who}: answers {answer.status_code} {words}".strip())
    raise RejectedByVendorError(
        f"{who}: refuses with {answer.status_code} {words}; is the webhook still there?"
    )
