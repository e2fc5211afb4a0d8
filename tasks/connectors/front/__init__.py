"""Front: events, which are the increment and the history, and the conversations that they touch.

Facts: dev.frontapp.com. Events (15 a page) lead to conversations, which cannot be asked by time of
change. Inboxes stand for teams; with ticketing on, statuses have categories. Ratings and handle
times (seconds? no page says) are in the analytics export.
"""

from tasks.connectors.front import calendar, people, surveys, tickets
from tasks.rest.auth import Bearer, OneOf
from tasks.rest.oauth import RefreshToken, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="front",
    title="Front",
    docs="https://dev.frontapp.com/reference/introduction",
    api_version="core",
    base_url="https://{company}.api.frontapp.com",
    settings=("company",),
    optional_settings=("login_url",),
    auth=OneOf(
        (
            RefreshToken(
                TokenEndpoint("/oauth/token", host="https://app.frontapp.com", basic=True)
            ),
            Bearer("api_token"),
        )
    ),
    check=Request("/me"),
    limits=Limits(
        requests_per_minute=80, retry_statuses=frozenset({408, 423, 429, 500, 502, 503, 504})
    ),
    unsupported=("holidays", "SLA targets", "priorities", "customers' organizations"),
    streams=(
        *tickets.STREAMS,
        *surveys.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
    ),
)
