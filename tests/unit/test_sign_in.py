"""Ways to sign in: what they send and where, how long a token is used, what is refused."""

import math
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.connectors import connector, connectors
from tasks.errors import ConfigurationError
from tasks.rest.address import Region, base_url_of
from tasks.rest.auth import Basic, Bearer, OneOf, SignIn, TokenRequest, chosen_way, complete_way
from tasks.rest.oauth import (
    ClientCredentials,
    JwtBearer,
    PasswordGrant,
    RefreshToken,
    TokenEndpoint,
    lifetime,
)

CLIENT = {"client_id": "i", "client_secret": "s"}


class Endpoint:
    """What was asked of a token endpoint, and an answer for each."""

    def __init__(self, **answer: Any) -> None:
        self.asked: list[TokenRequest] = []
        self._answer = answer

    def __call__(self, request: TokenRequest) -> dict[str, Any]:
        self.asked.append(request)
        return {"access_token": f"token {len(self.asked)}", **self._answer}


def account(endpoint: Endpoint, **values: str) -> SignIn:
    return SignIn({**CLIENT, **values}, endpoint, origin="https://acme.example")


def test_tokens_are_asked_of_the_login_host_and_ids_can_go_into_a_basic_header():
    endpoint = Endpoint(expires_in=60)
    way = ClientCredentials(
        TokenEndpoint(
            "/oauth/{company}/token",
            host="https://login.example.{dc}",
            basic=True,
            scheme="Zoho-oauthtoken",
        )
    )
    values = {"company": "acme", "dc": "eu"}
    bound = way.bind(account(endpoint, **values))
    assert bound.headers() == {"Authorization": "Zoho-oauthtoken token 1"}
    assert endpoint.asked == [
        TokenRequest(
            "https://login.example.eu/oauth/acme/token",
            {"grant_type": "client_credentials"},
            ("i", "s"),
        )
    ]
    replaced = replace(account(endpoint, **values), is_replaced=True)
    assert way.login_url(replaced) == "https://acme.example/oauth/acme/token"
    moved = account(endpoint, **values, login_url="https://mine/")
    assert way.login_url(moved) == "https://mine/oauth/acme/token"


@pytest.mark.parametrize(
    ("way", "values", "form"),
    [
        (
            ClientCredentials(TokenEndpoint("/t"), scope="read"),
            {},
            {"grant_type": "client_credentials", "scope": "read", **CLIENT},
        ),
        (
            ClientCredentials(TokenEndpoint("/t"), scope="read"),
            {"oauth_scope": "tickets:read"},
            {"grant_type": "client_credentials", "scope": "tickets:read", **CLIENT},
        ),
        (
            PasswordGrant(TokenEndpoint("/t"), added=("security_token",)),
            {"user": "ana", "password": "pw", "security_token": "st"},
            {"grant_type": "password", "username": "ana", "password": "pwst", **CLIENT},
        ),
        (
            RefreshToken(TokenEndpoint("/t")),
            {"refresh_token": "r"},
            {"grant_type": "refresh_token", "refresh_token": "r", **CLIENT},
        ),
    ],
    ids=["scope", "scope by setting", "password with security token", "refresh token"],
)
def test_each_flow_sends_its_fields(way, values, form):
    endpoint = Endpoint()
    way.bind(account(endpoint, **values)).headers()
    (asked,) = endpoint.asked
    assert (asked.url, asked.form) == ("https://acme.example/t", form)


def test_streams_that_are_refused_at_once_get_one_new_token():
    endpoint = Endpoint()
    auth = RefreshToken(TokenEndpoint("/t")).bind(account(endpoint, refresh_token="r"))
    carried = [auth.headers() for _ in range(3)]
    assert all(auth.renew(one) for one in carried)
    assert [auth.headers(), auth.headers()] == [{"Authorization": "Bearer token 2"}] * 2
    assert auth.renew(carried[0]), "a late refusal: the refused token is no longer in use"
    assert auth.headers() == {"Authorization": "Bearer token 2"}
    assert auth.renew(auth.headers())
    assert auth.headers() == {"Authorization": "Bearer token 3"}


@pytest.mark.parametrize(
    "said", ["soon", math.inf, math.nan, None, [], {}, True, 0, -5, "", "1e999", 1e9]
)
def test_a_lifetime_that_cannot_be_read_is_an_hour(said):
    assert lifetime({"expires_in": said}) == 3600
    endpoint = Endpoint(expires_in=said)
    bound = ClientCredentials(TokenEndpoint("/t")).bind(account(endpoint))
    assert [bound.headers(), bound.headers()] == [{"Authorization": "Bearer token 1"}] * 2


@pytest.mark.parametrize("said", [7200, "7200", 7200.0])
def test_a_lifetime_is_read_as_a_number_or_its_text(said):
    assert lifetime({"expires_in": said}) == 7200


def test_a_lifetime_may_be_the_instant_of_the_end():
    end = int(time.time()) + 3000
    for answer in (
        {"expires_at": end},
        {"expires_at": str(end)},
        {"expires_in": end},
        {"expires_in": end * 1000},
    ):
        assert lifetime(answer) == pytest.approx(3000, abs=5)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=3))
def test_any_lifetime_is_contained(said: object):
    assert 0 < lifetime({"expires_in": said, "expires_at": said}) <= 366 * 86400


def test_the_first_complete_way_is_used_and_the_others_are_named():
    auth = OneOf(
        (
            RefreshToken(TokenEndpoint("/t"), needs=("cloud_id",)),
            Basic("{email}", "api_token"),
            Bearer("access_token"),
        )
    )
    everything = {**CLIENT, "refresh_token": "r", "cloud_id": "c", "access_token": "a"}
    assert chosen_way(auth, everything) is auth.ways[0]
    assert chosen_way(auth, {**everything, "cloud_id": ""}) is auth.ways[2]
    assert complete_way(auth, {"api_token": "t"}) is None
    with pytest.raises(ConfigurationError, match=r"API token: email; access token: access_token"):
        chosen_way(auth, {"api_token": "t"})


@pytest.mark.parametrize(
    "value", ["a/b", "a@b", "a:1", "a b", "a#", "a?x", "", "-a", "a..b", "a\n"]
)
def test_a_name_that_is_no_part_of_a_host_is_refused(value):
    with pytest.raises(ConfigurationError, match="setting subdomain"):
        base_url_of("https://{subdomain}.zendesk.com", (), {"subdomain": value})


def test_a_name_with_the_vendors_ending_is_refused():
    with pytest.raises(ConfigurationError, match=r"write only what comes before \.zendesk\.com"):
        base_url_of("https://{subdomain}.zendesk.com", (), {"subdomain": "acme.Zendesk.com"})


def test_a_place_that_is_not_listed_is_refused():
    region = Region("region", {"us": {"host": "x.example"}, "eu": {"host": "y.example"}}, "us")
    assert region.values_of({}) == {"host": "x.example"}
    assert region.values_of({"region": "eu"}) == {"host": "y.example"}
    with pytest.raises(ConfigurationError, match=r"'eu1' is not known; there are us, eu"):
        region.values_of({"region": "eu1"})


@pytest.mark.parametrize("name", [n for n, c in connectors().items() if c.region])
def test_every_place_gives_every_name_that_addresses_need(name):
    vendor = connector(name)
    assert vendor.region.setting in {*vendor.settings, *vendor.optional_settings}
    for values in vendor.region.places.values():
        assert set(values) == vendor.region.names


def test_a_key_that_is_none_is_refused_by_name():
    way = JwtBearer(TokenEndpoint("/t"))
    with pytest.raises(ConfigurationError, match="secret private_key is no RSA key") as refusal:
        way.bind(account(Endpoint(), user="ana", private_key="-----nonsense")).headers()
    assert "nonsense" not in str(refusal.value)
