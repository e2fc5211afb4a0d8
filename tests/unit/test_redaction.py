"""A known secret is in no message, in any encoding."""

import base64
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.settings import load, redact, remember_secret

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


@given(secret=SECRETS, user=st.text("abc@.", max_size=5), after=st.text("xyz 123", max_size=5))
def test_no_form_of_a_secret_is_left(secret: str, user: str, after: str):
    remember_secret(secret)
    coded = base64.b64encode(f"{user}:{secret}{after}".encode()).decode()
    for form in (
        secret,
        urllib.parse.quote(secret, safe=""),
        secret.encode().hex(),
        f"https://x.example/?token={urllib.parse.quote_plus(secret)}&a=1",
    ):
        assert form not in redact(f"said {form} and more")
        assert secret not in redact(f"said {form} and more")
    hidden = redact(f"Basic {coded}")
    assert "***" in hidden
    core = base64.b64encode(secret.encode()).decode()[:12]
    assert core not in hidden


def test_text_without_a_secret_stays():
    remember_secret("ab")
    assert redact("about") == "about"


SLACK = "https://hooks.slack.com/services/T012345678/B0AB12CD34/xYz09AbCdEfGhIjKlMn"
TEAMS = "https://x.logic.example/workflows/3f9a1c0b7d/triggers/manual/invoke?sig=hQ7_tz0PqRs&v=1"


@pytest.mark.parametrize(
    ("address", "said", "hidden"),
    [
        (SLACK, "no /services/T012345678/B0AB12CD34/xYz09AbCdEfGhIjKlMn here", "xYz09AbCdEf"),
        (SLACK, "no service for B0AB12CD34 xYz09AbCdEfGhIjKlMn", "xYz09AbCdEf"),
        (TEAMS, "workflow 3f9a1c0b7d is off", "3f9a1c0b7d"),
        (TEAMS, '{"signature": "hQ7_tz0PqRs"}', "hQ7_tz0PqRs"),
    ],
)
def test_a_piece_of_a_secret_address_is_hidden(address: str, said: str, hidden: str):
    """A webhook that repeats its path printed the secret: only the whole address was known."""
    remember_secret(address)
    assert hidden not in redact(said)
    assert "services" in redact("two services")


@pytest.mark.parametrize(
    ("settings", "hidden"),
    [
        ({"landing": {"url": "s3://AKIAIOSFOD7EXAMPLE:wJalr/Utn+bkey@bucket/x"}}, "wJalr/Utn+bkey"),
        (
            {"landing": {"url": "s3://AKIAIOSFOD7EXAMPLE:wJalr/Utn+bkey@bucket/x"}},
            "AKIAIOSFOD7EXAMPLE",
        ),
        ({"warehouse": {"url": "postgresql://etl:p%40ss-w0rd@db.example/x"}}, "p@ss-w0rd"),
        ({"warehouse": {"url": "postgresql://u:pw@h:port/x"}}, "u:pw"),
        (
            {"notifications": {"proxy": "http://job:proxy-pass-1@proxy.example:3128"}},
            "proxy-pass-1",
        ),
        ({"notifications": {"report_link": "https://f.example/a?sig=s1gn4tur3&v=2"}}, "s1gn4tur3"),
        (
            {
                "accounts": [
                    {
                        "connector": "files",
                        "name": "f",
                        "costs": "https://b.example/c.csv?token=t0k3n-9",
                    }
                ]
            },
            "t0k3n-9",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_address_of_the_settings_hides_is_secret_once_they_are_read(settings, hidden: str):
    load(**settings)
    assert hidden not in redact(f"cannot open {hidden}: refused")


def test_an_address_without_credentials_stays():
    load(
        warehouse={"url": "postgresql://reader@db.example/support"},
        landing={"url": "s3://bucket/support"},
        notifications={"report_link": "https://files.example/people/@team?view=latest"},
    )
    said = (
        "reader at db.example of support in s3://bucket/support: https://files.example/people/@team"
    )
    assert redact(said) == said


def test_secrets_of_the_environment_are_hidden_once_settings_are_read(monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_ACME_TOKEN", "t-0815-not-asked-for-yet")
    load()
    assert redact("said t-0815-not-asked-for-yet") == "said ***"
