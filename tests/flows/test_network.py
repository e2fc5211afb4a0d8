"""Proxies, private authorities and client certificates: real TLS and a real proxy on loopback.

The proxy leads every host to the fake, so that an account keeps its vendor's real address.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests_support import FIRST, TODAY
from tls import Authority, Proxy, proxy, served_with_tls

from flows.pipeline.doctor import Finding, examine
from tasks.errors import ConfigurationError, UnreachableError
from tasks.extract import open_client
from tasks.sandbox.fake import Fake, Served
from tasks.sandbox.vendors.servicenow import Company, ServiceNow
from tasks.sandbox.vendors.typeform import Typeform
from tasks.sandbox.vendors.zendesk import Zendesk
from tasks.sandbox.world import World
from tasks.settings import AccountSettings, load, redact

HOST = "acme.zendesk.com"
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _clean(monkeypatch) -> None:
    """No variable of the machine."""
    for name in (*BUNDLES, *PROXIES, *(name.lower() for name in PROXIES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUPPORT_ETL_SECRET_ACME_API_TOKEN", "zendesk-demo-token")


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=3, first=FIRST, last=TODAY, daily=1.0)


@pytest.fixture
def zendesk(authority, world) -> Iterator[Proxy]:
    """Zendesk at its own address, behind a proxy."""
    with (
        served_with_tls(Zendesk(world, clock=NOW), authority.issue(HOST)) as port,
        proxy(port) as seen,
    ):
        yield seen


def account(**more: str) -> AccountSettings:
    given = {"subdomain": "acme", "email": "etl@alderfinch.example", **more}
    return AccountSettings(connector="zendesk", name="acme", **given)


def check(**more: str) -> None:
    client = open_client(account(**more))
    try:
        client.check()
    finally:
        client.close()


def test_proxy_and_authority_by_setting(zendesk, authority):
    check(proxy=f"http://127.0.0.1:{zendesk.port}", ca_bundle=str(authority.bundle))
    assert zendesk.hosts == [f"{HOST}:443"]


@pytest.mark.parametrize("bundle", BUNDLES)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_and_authority_by_the_usual_variables(
    zendesk, authority, monkeypatch, variable, bundle
):
    monkeypatch.setenv(variable, f"http://127.0.0.1:{zendesk.port}")
    monkeypatch.setenv(bundle, str(authority.bundle))
    check()
    assert zendesk.hosts == [f"{HOST}:443"]


def test_a_setting_wins_over_the_variables(zendesk, authority, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Authority(other).bundle))
    check(proxy=f"http://127.0.0.1:{zendesk.port}", ca_bundle=str(authority.bundle))
    assert zendesk.hosts == [f"{HOST}:443"]


def test_this_machine_and_no_proxy_are_asked_directly(monkeypatch, world):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Served(Zendesk(world, clock=NOW)) as served:
        check(base_url=served.url)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    client = open_client(account())
    assert client.network == ["proxy 127.0.0.1:9"]
    monkeypatch.setenv("NO_PROXY", ".zendesk.com")
    assert client.network == []


def test_a_server_of_an_unknown_authority_is_refused_by_name(zendesk):
    with pytest.raises(ConfigurationError, match="certificate is not trusted; set ca_bundle"):
        check(proxy=f"http://127.0.0.1:{zendesk.port}")


def test_a_proxy_that_does_not_answer_is_named():
    with pytest.raises(UnreachableError, match="the proxy cannot be reached"):
        check(proxy="http://127.0.0.1:9")


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "socks5://h:1", "http://", "http://h:x"])
def test_an_address_that_is_no_proxy_is_refused(address):
    with pytest.raises(ConfigurationError, match="proxy: write it as http://host:port"):
        open_client(account(proxy=address))


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_that_is_not_there_is_named(monkeypatch, name):
    with pytest.raises(ConfigurationError, match="ca_bundle: there is no file /nowhere"):
        open_client(account(ca_bundle="/nowhere.pem"))
    monkeypatch.setenv(name, "/nowhere.pem")
    with pytest.raises(ConfigurationError, match=f"{name}: there is no file /nowhere"):
        open_client(account())


def findings(tmp_path, *accounts: AccountSettings) -> list[Finding]:
    settings = load(
        warehouse={"url": f"duckdb:///{tmp_path / 'w.duckdb'}"},
        landing={"url": str(tmp_path / "landing")},
        reports={"folder": str(tmp_path / "reports")},
        accounts=tuple(a.model_dump() for a in accounts),
    )
    return [f for f in examine(settings) if f.subject.startswith("account ")]


def test_doctor_shows_the_way_without_secrets(zendesk, authority, tmp_path):
    address = f"http://etl:proxy-demo-password@127.0.0.1:{zendesk.port}"
    (found,) = findings(tmp_path, account(proxy=address, ca_bundle=str(authority.bundle)))
    assert "credentials accepted" in found.description, found.description
    assert f"proxy 127.0.0.1:{zendesk.port}" in found.description
    assert f"authorities of {authority.bundle}" in found.description
    assert "API token, sent to acme.zendesk.com" in found.description
    assert "password" not in found.description
    assert "proxy-demo-password" not in redact("it was proxy-demo-password")
    assert zendesk.users
    assert set(zendesk.users) == {"etl:proxy-demo-password"}


@pytest.fixture
def servicenow(authority, world) -> Iterator[Proxy]:
    """An instance that wants a client certificate."""
    fake = ServiceNow(Company(world), clock=NOW)
    fake.trusts_certificates = True
    server = authority.issue("acme.service-now.com")
    with served_with_tls(fake, server, authority.bundle) as port, proxy(port) as seen:
        yield seen


def certified(seen: Proxy, authority: Authority, **more: str) -> AccountSettings:
    given = {
        "instance": "acme",
        "proxy": f"http://127.0.0.1:{seen.port}",
        "ca_bundle": str(authority.bundle),
        **more,
    }
    return AccountSettings(connector="servicenow", name="acme", **given)


def test_a_client_certificate_signs_in(servicenow, authority, tmp_path):
    certificate, key = authority.issue("etl client")
    (found,) = findings(
        tmp_path,
        certified(servicenow, authority, client_certificate=str(certificate), client_key=str(key)),
    )
    assert "credentials accepted" in found.description, found.description
    assert f"client certificate {certificate}" in found.description
    joined = certificate.with_name("joined.pem")
    joined.write_bytes(certificate.read_bytes() + key.read_bytes())
    client = open_client(certified(servicenow, authority, client_certificate=str(joined)))
    client.check()
    client.close()


def test_a_server_that_misses_the_client_certificate_is_named(servicenow, authority, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_ACME_PASSWORD", "servicenow-demo-password")
    client = open_client(certified(servicenow, authority, user="etl"))
    with pytest.raises(ConfigurationError, match="set client_certificate"):
        client.check()
    client.close()


@pytest.mark.parametrize("broken", ["missing", "locked", "of another", "no file for the key"])
def test_a_client_certificate_that_cannot_be_used_is_refused(authority, broken):
    certificate, key = authority.issue("etl client")
    if broken == "locked":
        certificate, key = authority.issue("locked", passphrase="key-demo-passphrase")
    if broken == "of another":
        _, key = authority.issue("other")
    if broken == "missing":
        certificate = certificate.with_name("nowhere.pem")
    given = {"client_certificate": str(certificate), "client_key": str(key)}
    if broken == "no file for the key":
        given["client_key"] = ""
    with pytest.raises(ConfigurationError, match=r"client_certificate .*cannot be used"):
        open_client(account(**given))


def test_a_key_without_a_certificate_is_refused():
    with pytest.raises(ConfigurationError, match="client_key needs client_certificate"):
        open_client(account(client_key="/x.key"))


def test_a_token_endpoint_is_reached_the_same_way(authority, world, monkeypatch):
    fake: Fake = Typeform(world, clock=NOW)
    for name, value in {
        "CLIENT_ID": "typeform-client",
        "CLIENT_SECRET": "typeform-demo-secret",
        "REFRESH_TOKEN": "typeform-demo-refresh",
    }.items():
        monkeypatch.setenv(f"SUPPORT_ETL_SECRET_ACME_{name}", value)
    hosts = ("api.eu.typeform.com", "api.typeform.com")
    with served_with_tls(fake, authority.issue(*hosts)) as port, proxy(port) as seen:
        given = {
            "region": "eu",
            "proxy": f"http://127.0.0.1:{seen.port}",
            "ca_bundle": str(authority.bundle),
        }
        client = open_client(AccountSettings(connector="typeform", name="acme", **given))
        client.check()
        client.close()
    assert seen.hosts == ["api.typeform.com:443", "api.eu.typeform.com:443"]
