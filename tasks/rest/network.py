"""The way to a vendor's host: proxy, trusted authorities, and a client certificate.

Settings of the account come first, then the usual variables of the environment: HTTPS_PROXY,
HTTP_PROXY, ALL_PROXY and NO_PROXY; REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and SSL_CERT_FILE. A `.netrc`
file is never read: it would replace our credentials.
"""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies

from tasks.errors import ConfigurationError
from tasks.settings import remember_secret

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXY_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Network:
    """What the settings of an account say of the network; what they leave out is empty."""

    proxy: str = ""
    ca_bundle: str = ""
    client_certificate: str = ""
    client_key: str = ""

    def proxies(self, url: str) -> Mapping[str, str]:
        """The proxy for this address, by scheme; this machine itself needs none.

        Raises:
            ConfigurationError: The proxy's address is none.

        """
        if self.proxy:
            found = {"http": self.proxy, "https": self.proxy}
        else:
            found = {} if _is_loopback(url) else dict(get_environ_proxies(url))
        for one in found.values():
            _check_proxy(one)
        return found

    @property
    def verify(self) -> str | bool:
        """The file or folder of trusted authorities; True for those of the installation.

        Raises:
            ConfigurationError: It is not there.

        """
        named = {"ca_bundle": self.ca_bundle, **{name: os.environ.get(name) for name in _BUNDLES}}
        name, path = next(((n, p) for n, p in named.items() if p), ("", ""))
        if path and not Path(path).exists():
            raise ConfigurationError(f"{name}: there is no file {path}")
        return path or True

    @property
    def certificate(self) -> str | tuple[str, str] | None:
        """The client certificate, with the file of its key if that is another.

        Raises:
            ConfigurationError: They cannot be read, do not belong together or want a passphrase.

        """
        if not self.client_certificate:
            if self.client_key:
                raise ConfigurationError("client_key needs client_certificate")
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        key = self.client_key or None
        try:
            context.load_cert_chain(self.client_certificate, key, password=_no_passphrase)
        except (OSError, ValueError) as trouble:  # an SSLError is an OSError
            raise ConfigurationError(
                f"client_certificate {self.client_certificate}: cannot be used ({_reason(trouble)})"
            ) from None
        return (self.client_certificate, key) if key else self.client_certificate

    def described(self, url: str) -> list[str]:
        """What is used on the way to this address, in words and without secrets."""
        scheme = urlsplit(url).scheme
        proxies = self.proxies(url)
        proxy = proxies.get(scheme) or proxies.get("all")
        words = [f"proxy {_shown(proxy)}"] if proxy else []
        if self.verify is not True:
            words.append(f"authorities of {self.verify}")
        if self.certificate:
            words.append(f"client certificate {self.client_certificate}")
        return words


def _no_passphrase() -> str:
    raise ValueError("its key wants a passphrase; give a key without one")


def _reason(trouble: Exception) -> str:
    if isinstance(trouble, ssl.SSLError):
        return trouble.reason or "no certificate with its key in PEM form"
    return getattr(trouble, "strerror", None) or str(trouble)


def _check_proxy(address: str) -> None:
    """Refuse what is no proxy's address, and remember its password."""
    try:
        parts = urlsplit(address)
        is_usable = parts.scheme in _PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(
            "proxy: write it as http://host:port, or http://user:password@host:port"
        )
    if parts.password:
        remember_secret(parts.password)
        remember_secret(unquote(parts.password))


def _shown(address: str) -> str:
    """Host and port of a proxy."""
    return urlsplit(address).netloc.rpartition("@")[2]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
