"""Where secrets go: for each region and own address, to the vendor's hosts and to no other.

A proxy on loopback notes where each account wants to go, and leads nowhere.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from tls import proxy

from tasks.connectors import connector
from tasks.errors import ConfigurationError, UnreachableError, VendorError
from tasks.extract import open_client
from tasks.rest.client import RetryPolicy
from tasks.settings import AccountSettings

REFRESH = {"client_id": "i", "client_secret": "s", "refresh_token": "r"}
CLIENT = {"client_id": "i", "client_secret": "s"}
ONCE = RetryPolicy(max_attempts=1)


@dataclass(frozen=True)
class Case:
    """An account: settings, secrets, and the hosts that its secrets may go to, token host first."""

    vendor: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    hosts: tuple[str, ...]
    path: str = field(default="", compare=False)

    def account(self, **more: str) -> AccountSettings:
        return AccountSettings(connector=self.vendor, name="acme", **self.settings, **more)


def zoho(dc: str, domain: str) -> Case:
    settings = {"dc": dc, "organization_id": "1"}
    return Case("zoho_desk", settings, REFRESH, (f"accounts.{domain}", f"desk.{domain}"))


def intercom(region: str, host: str) -> Case:
    return Case("intercom", {"region": region}, {"access_token": "t"}, (host,))


def surveymonkey(region: str, host: str) -> Case:
    return Case("surveymonkey", {"region": region}, {"access_token": "t"}, (host,))


def typeform(region: str, *hosts: str) -> Case:
    return Case("typeform", {"region": region}, REFRESH, hosts)


def salesforce(cloud: str, host: str) -> Case:
    return Case("salesforce", {"my_domain": "acme", "cloud": cloud}, CLIENT, (f"acme.{host}",))


def medallia(*hosts: str, **settings: str) -> Case:
    return Case("medallia", {"company": "acme", **settings}, CLIENT, hosts)


CASES = [
    zoho("com", "zoho.com"),
    zoho("eu", "zoho.eu"),
    zoho("in", "zoho.in"),
    zoho("com.au", "zoho.com.au"),
    zoho("jp", "zoho.jp"),
    zoho("ca", "zohocloud.ca"),
    zoho("com.cn", "zoho.com.cn"),
    zoho("sa", "zoho.sa"),
    zoho("sg", "zoho.sg"),
    zoho("ae", "zoho.ae"),
    Case("intercom", {}, {"access_token": "t"}, ("api.intercom.io",)),
    intercom("us", "api.intercom.io"),
    intercom("eu", "api.eu.intercom.io"),
    intercom("au", "api.au.intercom.io"),
    Case("surveymonkey", {}, {"access_token": "t"}, ("api.surveymonkey.com",)),
    surveymonkey("us", "api.surveymonkey.com"),
    surveymonkey("eu", "api.eu.surveymonkey.com"),
    surveymonkey("ca", "api.surveymonkey.ca"),
    Case("typeform", {}, {"access_token": "t"}, ("api.typeform.com",)),
    typeform("us", "api.typeform.com"),
    typeform("eu", "api.typeform.com", "api.eu.typeform.com"),
    typeform("eu2", "api.typeform.eu"),
    Case("salesforce", {"my_domain": "acme"}, CLIENT, ("acme.my.salesforce.com",)),
    Case(
        "salesforce",
        {"my_domain": "acme--uat.sandbox"},
        CLIENT,
        ("acme--uat.sandbox.my.salesforce.com",),
    ),
    salesforce("sandbox", "sandbox.my.salesforce.com"),
    salesforce("developer", "develop.my.salesforce.com"),
    salesforce("scratch", "scratch.my.salesforce.com"),
    salesforce("government", "my.salesforce.mil"),
    Case(
        "salesforce",
        {"my_domain": "acme", "login_url": "https://login.salesforce.com"},
        REFRESH,
        ("login.salesforce.com", "acme.my.salesforce.com"),
    ),
    Case("servicenow", {"instance": "acme"}, {"api_key": "k"}, ("acme.service-now.com",)),
    Case("servicenow", {"instance": "acme"}, REFRESH, ("acme.service-now.com",)),
    Case("servicenow", {"host": "help.acme.example"}, {"api_key": "k"}, ("help.acme.example",)),
    Case(
        "servicenow",
        {"host": "agency.servicenowservices.com"},
        CLIENT,
        ("agency.servicenowservices.com",),
    ),
    Case("freshdesk", {"domain": "acme"}, {"api_key": "k"}, ("acme.freshdesk.com",)),
    Case("jira", {"site": "acme", "email": "a@b.c"}, {"api_token": "t"}, ("acme.atlassian.net",)),
    Case("jira", {"cloud_id": "11-22"}, CLIENT, ("auth.atlassian.com", "api.atlassian.com")),
    Case("jira", {"cloud_id": "11-22"}, REFRESH, ("auth.atlassian.com", "api.atlassian.com")),
    Case("jira", {"cloud_id": "11-22"}, {"access_token": "t"}, ("api.atlassian.com",)),
    Case("front", {"company": "acme"}, {"api_token": "t"}, ("acme.api.frontapp.com",)),
    Case("front", {"company": "acme"}, REFRESH, ("app.frontapp.com", "acme.api.frontapp.com")),
    Case("qualtrics", {"datacenter": "fra1"}, CLIENT, ("fra1.qualtrics.com",)),
    Case("qualtrics", {"datacenter": "gov1"}, {"api_token": "t"}, ("gov1.qualtrics.com",)),
    Case("zendesk", {"subdomain": "acme"}, CLIENT, ("acme.zendesk.com",)),
    Case("hubspot", {}, REFRESH, ("api.hubapi.com",)),
    Case("hubspot", {"region": "eu1"}, REFRESH, ("api.hubapi.com", "api-eu1.hubapi.com")),
    Case("hubspot", {"region": "ap1"}, {"access_token": "t"}, ("api-ap1.hubapi.com",)),
    medallia("fo.medallia.com", "fo-acme.apis.medallia.com", tenant="fo-acme", instance="fo"),
    medallia(
        "fo.medallia.eu",
        "fo-acme.apis.medallia.eu",
        tenant="fo-acme",
        instance="fo",
        region="eu",
    ),
    medallia(
        "fo.medalliafederal.com",
        "fo-acme.apis.medalliafederal.com",
        tenant="fo-acme",
        instance="fo",
        region="federal",
    ),
    medallia(
        "staging.lon.medallia.eu",
        "staging-acme.apis.sbx.lon.medallia.eu",
        api_host="staging-acme.apis.sbx.lon.medallia.eu",
        login_host="staging.lon.medallia.eu",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.vendor} {c.hosts[-1]}")
def test_secrets_go_to_the_hosts_of_the_place_and_to_no_other(case: Case, monkeypatch):
    for name, value in case.secrets.items():
        monkeypatch.setenv(f"SUPPORT_ETL_SECRET_ACME_{name.upper()}", value)
    with proxy() as seen:
        address = f"http://127.0.0.1:{seen.port}"
        client = open_client(case.account(proxy=address), retry_policy=ONCE)
        assert client.hosts == case.hosts
        with suppress(VendorError, ConfigurationError):
            client.check()
        client.close()
    assert seen.hosts == [f"{case.hosts[0]}:443"]


def test_a_request_without_a_token_goes_nowhere(monkeypatch):
    """The token host does not answer: nothing is sent to the account's host."""
    for name, value in REFRESH.items():
        monkeypatch.setenv(f"SUPPORT_ETL_SECRET_ACME_{name.upper()}", value)
    with proxy() as seen:
        case = zoho("ca", "zohocloud.ca")
        client = open_client(case.account(proxy=f"http://127.0.0.1:{seen.port}"), retry_policy=ONCE)
        with pytest.raises(UnreachableError, match=r"token endpoint of accounts\.zohocloud\.ca"):
            client.check()
        client.close()
    assert seen.hosts == ["accounts.zohocloud.ca:443"]


@pytest.mark.parametrize(
    ("vendor", "settings", "reported"),
    [
        ("zoho_desk", {"dc": "zoho.ca", "organization_id": "1"}, "there are com, eu, in"),
        ("zoho_desk", {"dc": "evil.example/", "organization_id": "1"}, "is not known"),
        ("intercom", {"region": "uk"}, "there are us, eu, au"),
        ("surveymonkey", {"region": "EU"}, "there are us, eu, ca"),
        ("typeform", {"region": "de"}, "there are us, eu, eu2"),
        ("salesforce", {"my_domain": "a", "cloud": "gov"}, "there are production, sandbox"),
        ("medallia", {"region": "de", "company": "a"}, "there are com, eu, ca, federal"),
        ("zendesk", {"subdomain": "acme.zendesk.com"}, "only what comes before .zendesk.com"),
        ("zendesk", {"subdomain": "https://acme"}, "no part of a host name"),
        ("zendesk", {"subdomain": "acme@evil.example"}, "no part of a host name"),
        ("freshdesk", {"domain": "acme.freshdesk.com"}, "only what comes before .freshdesk.com"),
        ("freshdesk", {"domain": "help.acme.example"}, "the API answers at no other address"),
        ("zendesk", {"subdomain": "help.acme.example"}, "the API answers at no other address"),
        ("servicenow", {"host": "https://help.acme.example"}, "no part of a host name"),
        ("jira", {"cloud_id": "a/../../b"}, "no part of a host name"),
        ("front", {"company": "acme.api.frontapp.com"}, "only what comes before"),
        ("salesforce", {"my_domain": "acme.my.salesforce.com"}, "only what comes before"),
        ("qualtrics", {"datacenter": "fra1.qualtrics.com"}, "only what comes before"),
        ("freshdesk", {"domain": "acme", "file_hosts": "https://a.example"}, "no host name"),
        ("freshdesk", {"domain": "acme", "file_hosts": "a.example b/c"}, "'b/c' is no host name"),
        ("hubspot", {"region": "de"}, "there are any, eu1, ap1"),
        ("hubspot", {"login_url": "http://login.acme.example"}, "no address for secrets"),
        ("hubspot", {"login_url": "login.acme.example"}, "write https:// and the host"),
    ],
)
def test_a_place_or_name_that_is_not_known_is_refused_before_anything_is_sent(
    vendor, settings, reported, monkeypatch
):
    for name in connector(vendor).secrets:
        monkeypatch.setenv(f"SUPPORT_ETL_SECRET_ACME_{name.upper()}", "secret-of-acme")
    own = {"email": "a@b.c"} if vendor in {"jira", "zendesk"} else {}
    with proxy() as seen:
        given = {**settings, **own, "proxy": f"http://127.0.0.1:{seen.port}"}
        with pytest.raises(ConfigurationError) as refusal:
            open_client(AccountSettings(connector=vendor, name="acme", **given))
    assert str(refusal.value).startswith("account acme: setting ")
    assert reported in str(refusal.value)
    assert seen.hosts == []
