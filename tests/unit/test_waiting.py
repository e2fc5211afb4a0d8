"""What the client does where a vendor refuses or sends it on: one local server, no real waiting."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests_support import PageView

from tasks.connectors import connector
from tasks.errors import BudgetSpentError, ContractError, ForeignHostError, ThrottledError
from tasks.rest.client import Account, Client
from tasks.rest.paging import LinkWithQuery
from tasks.rest.spec import Request

Answer = tuple[int, Mapping[str, str], object]
Ask = Callable[..., list[float]]
THINGS = Request("/things")


@pytest.fixture
def waits() -> Iterator[Ask]:
    """Ask a vendor that gives these answers in turn: how long the client waited between them."""
    answers: list[Answer] = []

    class Vendor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, content = answers.pop(0) if len(answers) > 1 else answers[0]
            body = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                for each in value.split(" & "):
                    self.send_header(name, each)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *given: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(vendor: str, *given: Answer, asked: Request = THINGS) -> list[float]:
        answers[:] = given
        slept: list[float] = []
        names = (
            "access_token",
            "refresh_token",
            "client_id",
            "client_secret",
            "api_token",
            "email",
            "organization_id",
        )
        client = Client(
            connector(vendor),
            Account(
                "acme",
                dict.fromkeys(names, "s"),
                base_url=f"http://127.0.0.1:{server.server_port}",
                requests_per_minute=0,
            ),
            sleep=slept.append,
        )
        try:
            client.send(asked, accept=bytes)
        except ThrottledError:
            slept.append(-1.0)
        finally:
            client.close()
        return slept

    yield ask
    server.shutdown()
    server.server_close()


GOOD: Answer = (200, {}, {})


def _refused(**headers: str) -> Answer:
    return 429, {name.replace("_", "-"): value for name, value in headers.items()}, {}


def test_retry_after_given_twice_counts_by_the_longest(waits: Ask):
    (wait,) = waits("surveymonkey", _refused(Retry_After="1 & 7"), GOOD)
    assert 7 <= wait < 7.5


def test_surveymonkey_names_the_rest_of_the_minute_in_its_own_header(waits: Ask):
    refused = _refused(
        X_Ratelimit_App_Global_Minute_Remaining="0", X_Ratelimit_App_Global_Minute_Reset="45"
    )
    (wait,) = waits("surveymonkey", refused, GOOD)
    assert 45 <= wait < 45.5


RESETS: dict[str, Callable[[datetime], str]] = {
    "seconds": lambda at: "40",
    "Unix time": lambda at: str(at.timestamp()),
    "milliseconds": lambda at: str(int(at.timestamp() * 1000)),
    "instant": lambda at: at.isoformat(),
}


@pytest.mark.parametrize("dialect", RESETS)
def test_a_reset_header_is_read_in_every_dialect(waits: Ask, dialect: str):
    text = RESETS[dialect](datetime.now(UTC) + timedelta(seconds=40.5))
    (wait,) = waits("intercom", _refused(X_RateLimit_Reset=text), GOOD)
    assert 10 < wait < 42


@pytest.mark.parametrize("text", ["soon", "", "-5", "0", "nan", "1000000000"])
def test_a_reset_that_names_no_wait_is_left_out(waits: Ask, text: str):
    (wait,) = waits("intercom", _refused(X_RateLimit_Reset=text), GOOD)
    assert 2 <= wait <= 2.5


def _limit(message: str) -> Answer:
    return 403, {}, [{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


def test_long_calls_at_one_time_pass_at_salesforce_and_a_spent_day_does_not(waits: Ask):
    token = (200, {}, {"access_token": "t"})
    busy = _limit("ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    (wait,) = waits("salesforce", token, busy, GOOD)
    assert wait > 1
    with pytest.raises(BudgetSpentError):
        waits("salesforce", token, _limit("TotalRequests Limit exceeded."))


def _policy(name: str) -> Answer:
    said = f"You have reached your {name.lower()} limit."
    return 429, {}, {"status": "error", "message": said, "policyName": name}


@pytest.mark.parametrize(("name", "seconds"), [("SECONDLY", 1), ("TEN_SECONDLY_ROLLING", 10)])
def test_hubspot_names_its_limit(waits: Ask, name: str, seconds: int):
    token = (200, {}, {"access_token": "t", "expires_in": 1800})
    (wait,) = waits("hubspot", token, _policy(name), GOOD)
    assert seconds <= wait < seconds + 0.5
    with pytest.raises(BudgetSpentError):
        waits("hubspot", token, _policy("DAILY"))


@pytest.mark.parametrize("status", [429, 503])
def test_zendesk_is_waited_for_as_long_as_it_asks(waits: Ask, status: int):
    token = (200, {}, {"access_token": "t", "expires_in": 1800})
    (wait,) = waits("zendesk", token, (status, {"Retry-After": "41"}, {}), GOOD)
    assert 41 <= wait < 41.5


def test_qualtrics_is_waited_for_as_long_as_it_asks(waits: Ask):
    (wait,) = waits("qualtrics", _refused(Retry_After="30"), GOOD)
    assert 30 <= wait < 30.5


@pytest.mark.parametrize("vendor", ["surveymonkey", "typeform", "qualtrics", "jira", "intercom"])
def test_a_refusal_without_a_wait_outlasts_a_minute(waits: Ask, vendor: str):
    """The waits added up to 10 to 17 seconds; then the stream failed."""
    *slept, gave_up = waits(vendor, _refused())
    assert gave_up == -1.0
    assert 60 <= sum(slept) <= 80


def test_a_token_endpoint_is_waited_for_as_it_asks(waits: Ask):
    token = {"access_token": "t", "expires_in": 3600}
    slept = waits("zoho_desk", _refused(Retry_After="3"), (200, {}, token), GOOD)
    assert [round(wait) for wait in slept] == [3]


@pytest.mark.parametrize("link", ["http://[::1", "http://[", "http://a:b:c/", "http://x:99999999/"])
def test_a_next_address_that_cannot_be_read_is_named(waits: Ask, link: str):
    """`Invalid IPv6 URL` ended the run of every account."""
    for step in (Request(link), Request("/redirect")):
        with pytest.raises((ForeignHostError, ContractError), match="acme"):
            waits("intercom", (302, {"Location": link}, {}), asked=step)
    with pytest.raises(ContractError):
        LinkWithQuery("next").after(Request("/t"), PageView(values={"next": "http://[::1"}))
