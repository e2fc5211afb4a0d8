"""Zoho Desk: tickets by change, with their history, threads, comments and time.

Facts: desk.zoho.com/DeskAPIDocument. No rows is 204 without a body; search refuses deep offsets, so
a long window restarts from the last change. History has no ids and reports values in three shapes.
Instants are ISO texts or milliseconds. Departments stand for teams. Trashed tickets are in no list.
Days of holidays are in the single list only. Two kinds of 429: the day's credits are used up, or
too many calls at once.
"""

from tasks.connectors.zoho_desk import calendar, own_fields, people, surveys, tickets
from tasks.connectors.zoho_desk.api import API
from tasks.connectors.zoho_desk.preconditions import PRECONDITIONS
from tasks.rest.address import Region
from tasks.rest.oauth import RefreshToken, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

_PLACES = {
    "com": "zoho.com",
    "eu": "zoho.eu",
    "in": "zoho.in",
    "com.au": "zoho.com.au",
    "jp": "zoho.jp",
    "ca": "zohocloud.ca",  # zoho.ca belongs to somebody else
    "com.cn": "zoho.com.cn",
    "sa": "zoho.sa",
    "sg": "zoho.sg",
    "ae": "zoho.ae",
}

connector = Connector(
    name="zoho_desk",
    title="Zoho Desk",
    docs="https://desk.zoho.com/DeskAPIDocument",
    api_version="v1",
    base_url="https://desk.{zoho_host}",
    region=Region("dc", {dc: {"zoho_host": host} for dc, host in _PLACES.items()}),
    settings=("dc", "organization_id"),
    optional_settings=("login_url",),
    auth=RefreshToken(
        TokenEndpoint(
            "/oauth/v2/token", host="https://accounts.{zoho_host}", scheme="Zoho-oauthtoken"
        ),
        rotates=False,
    ),
    check=Request(f"{API}/organizations"),
    headers={"orgId": "{organization_id}"},
    empty=b'{"data":[]}',
    limits=Limits(
        requests_per_minute=300,
        spent=lambda status, headers, body: status == 429 and b"THRESHOLD_EXCEEDED" in body,
    ),
    unsupported=(
        "deletions",
        "merges",
        "SLA targets",
        "which business hours a ticket has",
        "whether a ticket on hold waits for the customer",
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
