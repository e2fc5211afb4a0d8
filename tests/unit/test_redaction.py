"""A known secret is in no message, in any encoding."""

import base64
import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from tasks.settings import redact, remember_secret

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
