"""Every way to sign in of every vendor: `doctor` accepts it, and finds each precondition broken.

Accounts keep their real addresses: a proxy on loopback leads to the vendor's fake, which speaks TLS
with a certificate of a private authority.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests_support import FIRST, TODAY
from tls import Authority, proxy, served_with_tls

from flows.pipeline.doctor import Finding, examine
from tasks.connectors import connector, connectors
from tasks.sandbox.company import desks
from tasks.sandbox.fake import Fake
from tasks.sandbox.vendors.hubspot import HubSpot
from tasks.sandbox.vendors.medallia import Medallia
from tasks.sandbox.vendors.qualtrics import Qualtrics
from tasks.sandbox.vendors.servicenow import Company, ServiceNow
from tasks.sandbox.vendors.surveymonkey import SurveyMonkey
from tasks.sandbox.vendors.typeform import Typeform
from tasks.sandbox.vendors.zendesk import Zendesk
from tasks.sandbox.world import World
from tasks.settings import load

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
Make = Callable[[World], Any]
FAKES: dict[str, Make] = {
    "zendesk": lambda world: Zendesk(world, clock=NOW),
    "hubspot": lambda world: HubSpot(world, clock=NOW),
    "servicenow": lambda world: ServiceNow(Company(world), clock=NOW),
    "surveymonkey": lambda world: SurveyMonkey(world, clock=NOW),
    "typeform": lambda world: Typeform(world, clock=NOW),
    "qualtrics": lambda world: Qualtrics(world, clock=NOW),
    "medallia": lambda world: Medallia(world, clock=NOW),
}


@dataclass(frozen=True)
class Way:
    """An account that signs in one way. `change` prepares the fake."""

    vendor: str
    title: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    change: Callable[[Any], None] = field(default=lambda fake: None, compare=False)


@cache
def keys() -> tuple[str, str]:
    """A private key and its public one."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def signs_for(audience: str, user: str) -> Callable[[Any], None]:
    """Let the fake know the key, and for whom statements must be."""

    def change(fake: Any) -> None:
        fake.token_desk.public_key = keys()[1]
        fake.token_desk.audience = audience
        fake.token_desk.login = (user, fake.token_desk.login[1])

    return change


ZENDESK = {"client_id": "zendesk-client", "client_secret": "zendesk-demo-secret"}
SALESFORCE = {"client_id": "sf-client", "client_secret": "salesforce-demo-secret"}
SERVICENOW = {"client_id": "c", "client_secret": "s-secret"}
JIRA = {"client_id": "jira-client", "client_secret": "jira-demo-secret"}
FRONT = {"company": "acme", "handle_time_unit": "seconds"}
ORG = {"my_domain": "acme"}
CALLER = "etl@alderfinch.example"
OAUTH, REFRESH = "OAuth client credentials", "OAuth refresh token"
WAYS = [
    Way(
        "zendesk",
        "API token",
        {"subdomain": "acme", "email": CALLER},
        {"api_token": "zendesk-demo-token"},
    ),
    Way(
        "zendesk",
        "OAuth token",
        {"subdomain": "acme"},
        {"oauth_token": "o-demo"},
        lambda fake: setattr(fake, "oauth_token", "o-demo"),
    ),
    Way("zendesk", OAUTH, {"subdomain": "acme"}, ZENDESK),
    Way(
        "zendesk",
        REFRESH,
        {"subdomain": "acme"},
        {**ZENDESK, "refresh_token": "zendesk-demo-refresh"},
    ),
    Way("salesforce", OAUTH, ORG, SALESFORCE),
    Way("salesforce", REFRESH, ORG, {**SALESFORCE, "refresh_token": "salesforce-demo-refresh"}),
    Way(
        "salesforce",
        "OAuth password grant",
        {**ORG, "user": CALLER},
        {
            **SALESFORCE,
            "password": "salesforce-demo-password",
            "security_token": "security-demo-token",
        },
    ),
    Way(
        "salesforce",
        "OAuth JWT bearer",
        {**ORG, "user": CALLER},
        {"client_id": "sf-client", "private_key": ""},
        signs_for("https://acme.my.salesforce.com", CALLER),
    ),
    Way(
        "servicenow",
        "password",
        {"instance": "acme", "user": "etl"},
        {"password": "servicenow-demo-password"},
    ),
    Way("servicenow", OAUTH, {"instance": "acme"}, SERVICENOW),
    Way(
        "servicenow",
        REFRESH,
        {"instance": "acme"},
        {**SERVICENOW, "refresh_token": "servicenow-demo-refresh"},
    ),
    Way(
        "servicenow",
        "OAuth password grant",
        {"instance": "acme", "user": "etl"},
        {**SERVICENOW, "password": "servicenow-demo-password"},
    ),
    Way(
        "servicenow",
        "OAuth JWT bearer",
        {"instance": "acme", "user": "etl", "jwt_key_id": "key-1"},
        {**SERVICENOW, "private_key": ""},
        signs_for("https://acme.service-now.com/oauth_token.do", "etl"),
    ),
    Way("servicenow", "API key", {"instance": "acme"}, {"api_key": "servicenow-demo-key"}),
    Way("jira", "API token", {"site": "acme", "email": CALLER}, {"api_token": "jira-demo-token"}),
    Way(
        "jira",
        "API token",
        {"cloud_id": "11-22", "email": CALLER},
        {"api_token": "jira-demo-token"},
    ),
    Way("jira", OAUTH, {"cloud_id": "11-22"}, JIRA),
    Way("jira", REFRESH, {"cloud_id": "11-22"}, {**JIRA, "refresh_token": "jira-demo-refresh"}),
    Way(
        "jira",
        "access token",
        {"cloud_id": "11-22"},
        {"access_token": "a-demo-token"},
        lambda fake: fake.token_desk.tokens.add("a-demo-token"),
    ),
    Way("front", "API token", FRONT, {"api_token": "front-demo-token"}),
    Way(
        "front",
        REFRESH,
        FRONT,
        {
            "client_id": "front-client",
            "client_secret": "front-demo-secret",
            "refresh_token": "front-demo-refresh",
        },
    ),
    Way(
        "zoho_desk",
        REFRESH,
        {"dc": "ca", "organization_id": "60001"},
        {
            "client_id": "zoho-client",
            "client_secret": "zoho-demo-secret",
            "refresh_token": "zoho-demo-refresh",
        },
    ),
    Way(
        "freshdesk",
        "API key",
        {"domain": "acme", "holiday_country": "DE"},
        {"api_key": "freshdesk-demo-key"},
    ),
    Way("intercom", "access token", {"region": "eu"}, {"access_token": "intercom-demo-token"}),
    Way(
        "surveymonkey",
        "access token",
        {"region": "ca"},
        {"access_token": "surveymonkey-demo-token"},
    ),
    Way(
        "typeform",
        "access token",
        {"region": "eu2"},
        {"access_token": "typeform-demo-token"},
        lambda fake: setattr(fake, "responses_host", "api.typeform.eu"),
    ),
    Way(
        "typeform",
        REFRESH,
        {"region": "eu"},
        {
            "client_id": "typeform-client",
            "client_secret": "typeform-demo-secret",
            "refresh_token": "typeform-demo-refresh",
        },
        lambda fake: setattr(fake, "responses_host", "api.eu.typeform.com"),
    ),
    Way("qualtrics", "API token", {"datacenter": "gov1"}, {"api_token": "qualtrics-demo-token"}),
    Way(
        "qualtrics",
        OAUTH,
        {"datacenter": "fra1"},
        {"client_id": "qualtrics-client", "client_secret": "qualtrics-demo-secret"},
    ),
    Way(
        "medallia",
        OAUTH,
        {"tenant": "fo-acme", "instance": "fo", "company": "alderfinch", "region": "eu"},
        {"client_id": "md-client", "client_secret": "medallia-demo-secret"},
    ),
    Way("hubspot", "access token", {}, {"access_token": "hubspot-demo-token"}),
    Way(
        "hubspot",
        REFRESH,
        {},
        {"client_id": "c-id", "client_secret": "c-secret", "refresh_token": "r-secret"},
        lambda fake: fake.oauth.update(client_id="c-id", client_secret="c-secret"),
    ),
]
each = pytest.mark.parametrize("way", WAYS, ids=lambda w: f"{w.vendor} by {w.title}")


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=3, first=FIRST, last=TODAY, daily=0.5)


class Doctor:
    """Examines one account at its vendor's real address."""

    def __init__(self, folder: Path, authority: Authority, world: World, monkeypatch: Any) -> None:
        self._folder, self._authority, self._world = folder, authority, world
        self._environment = monkeypatch

    @contextmanager
    def at(self, way: Way) -> Iterator[tuple[Any, Callable[..., Finding]]]:
        """The fake, and what `doctor` finds with some settings changed."""
        for name in connector(way.vendor).secrets:
            variable = f"SUPPORT_ETL_SECRET_ACME_{name.upper()}"
            value = way.secrets.get(name)
            if name == "private_key" and value == "":
                value = keys()[0].replace("\n", "\\n")
            if value is None:
                self._environment.delenv(variable, raising=False)
            else:
                self._environment.setenv(variable, value)
        makes = FAKES.get(way.vendor) or self._desk(way.vendor)
        fake: Fake = makes(self._world)
        way.change(fake)
        hosts = tuple(dict.fromkeys(self._hosts(way)))
        with (
            served_with_tls(fake, self._authority.issue(*hosts)) as port,
            proxy(port) as seen,
        ):
            fake.base_url = f"https://{hosts[0]}"

            def examined(**changes: Any) -> Finding:
                given = {
                    "connector": way.vendor,
                    "name": "acme",
                    "proxy": f"http://127.0.0.1:{seen.port}",
                    "ca_bundle": str(self._authority.bundle),
                    **way.settings,
                    **changes,
                }
                return self._found(given)

            yield fake, examined

    @staticmethod
    def _desk(vendor: str) -> Make:
        return lambda world: desks()[vendor].fake(world, clock=NOW)

    def _hosts(self, way: Way) -> Iterator[str]:
        from tasks.extract import open_client
        from tasks.settings import AccountSettings

        settings = AccountSettings(connector=way.vendor, name="acme", **way.settings)
        client = open_client(settings)
        yield from reversed(client.hosts)
        client.close()

    def _found(self, given: Mapping[str, Any]) -> Finding:
        settings = load(
            warehouse={"url": f"duckdb:///{self._folder / 'w.duckdb'}"},
            landing={"url": str(self._folder / "landing")},
            reports={"folder": str(self._folder / "reports")},
            accounts=({k: v for k, v in given.items() if v is not None},),
        )
        (found,) = (f for f in examine(settings) if f.subject == "account acme")
        return found


@pytest.fixture
def doctor(tmp_path, authority, world, monkeypatch) -> Doctor:
    return Doctor(tmp_path, authority, world, monkeypatch)


@each
def test_a_way_to_sign_in_is_accepted(doctor: Doctor, way: Way):
    with doctor.at(way) as (_, examined):
        found = examined()
    assert f"signs in by {way.title}, sent to " in found.description, found.description
    assert not any(s in found.description for s in way.secrets.values() if len(s) > 4)


def test_every_way_that_is_declared_is_tried():
    declared = {(name, way.title) for name, c in connectors().items() for way in c.auth.ways}
    elsewhere = {("files", "nothing to prove"), ("servicenow", "client certificate")}
    assert declared - elsewhere == {(way.vendor, way.title) for way in WAYS}


@each
def test_a_wrong_secret_is_found(doctor: Doctor, way: Way, monkeypatch):
    with doctor.at(way) as (_, examined):
        for name in (n for n in way.secrets if n != "client_id"):
            before = way.secrets[name]
            variable = f"SUPPORT_ETL_SECRET_ACME_{name.upper()}"
            with monkeypatch.context() as changed:
                changed.setenv(variable, "wrong-demo-value")
                changed.setenv("SUPPORT_ETL_TOKENS", f"{doctor._folder}/of-{name}")
                found = examined()
            assert not found.is_ok, name
            named = f"signed in by {way.title}|secret private_key is no RSA key"
            assert re.search(named, found.description), found.description
            assert "wrong-demo-value" not in found.description
            assert not before or before not in found.description


def test_the_data_centre_that_qualtrics_names_is_advised(doctor: Doctor):
    way = next(way for way in WAYS if way.vendor == "qualtrics")
    with doctor.at(way) as (fake, examined):
        assert examined().is_ok
        fake.notice = "Request proxied. For faster response times, use this host instead: "
        fake.notice += "sjc1.qualtrics.com"
        found = examined()
    assert not found.is_ok
    assert "set datacenter to sjc1" in found.description


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("api.typeform.com", "us"),
        ("api.eu.typeform.com", "eu"),
        ("api.typeform.eu", "eu2"),
    ],
)
def test_the_region_of_typeforms_responses_is_advised(doctor: Doctor, host: str, region: str):
    """Another region answers with empty lists, so a run would bring nothing."""
    way = next(way for way in WAYS if way.vendor == "typeform")
    with doctor.at(way) as (fake, examined):
        fake.responses_host = host
        found = examined()
    assert found.is_ok == (region == way.settings["region"]), found.description
    assert found.is_ok or f"set region to {region}" in found.description


@each
def test_a_missing_secret_is_named_with_its_way(doctor: Doctor, way: Way, monkeypatch):
    with doctor.at(way) as (_, examined):
        for name in way.secrets:
            if name == "security_token":
                continue
            variable = f"SUPPORT_ETL_SECRET_ACME_{name.upper()}"
            with monkeypatch.context() as changed:
                changed.delenv(variable)
                found = examined()
            if re.search("signs in by|signed in by", found.description):
                continue  # what is left is another way
            assert not found.is_ok
            assert way.title in found.description
            assert variable in found.description


@each
def test_a_missing_setting_is_named(doctor: Doctor, way: Way):
    with doctor.at(way) as (_, examined):
        for name in set(way.settings) - {"region", "holiday_country", "handle_time_unit"}:
            found = examined(**{name: None})
            if re.search("signs in by|signed in by", found.description):
                continue  # what is left is another way
            assert not found.is_ok, name
            assert f"setting {name}" in found.description or "site" in found.description, name
