"""Front: events, which are the increment and the history, and the conversations that they touch.

Facts: dev.frontapp.com. Events (15 a page) lead to conversations, which cannot be asked by time of
change. Inboxes stand for teams, and workspaces (teams, in the API) have members and shifts. With
ticketing on, statuses have categories. Ratings and handle times are in the analytics export.
"""

from tasks.connectors.front import calendar, own_fields, people, surveys, tickets
from tasks.connectors.front.preconditions import PRECONDITIONS
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
    optional_settings=("login_url", "handle_time_unit"),
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
    unsupported=(
        "business hours (shifts of a workspace stand for them)",
        "holidays",
        "SLA targets",
        "priorities",
        "customers' organizations, and their fields",
        "calls, of which events have neither an id nor a duration",
    ),
    preconditions=PRECONDITIONS,
    streams=(
        *tickets.STREAMS,
        *surveys.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
