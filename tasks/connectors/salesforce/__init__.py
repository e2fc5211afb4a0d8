"""Salesforce Service Cloud: cases with history, mails, comments, milestones and contracts.

Facts: developer.salesforce.com. `queryAll` shows deleted and merged rows too; windows of a month
and more go through Bulk API 2.0. Server cursors page within a query, so equal stamps over a page
border lose nothing. A case's owner is a queue (the team) or a user: owner history gives two rows,
names and ids, of which the ids count. No first reply and no survey scores in the standard objects;
agent time only where Omni-Channel routes the work.
"""

from tasks.connectors.salesforce import (
    calendar,
    contracts,
    messages,
    own_fields,
    people,
    sla,
    tickets,
    time_entries,
)
from tasks.connectors.salesforce.api import API
from tasks.connectors.salesforce.permissions import hidden_field, without_field
from tasks.connectors.salesforce.preconditions import PRECONDITIONS
from tasks.rest.address import Region
from tasks.rest.auth import OneOf
from tasks.rest.oauth import (
    ClientCredentials,
    JwtBearer,
    PasswordGrant,
    RefreshToken,
    TokenEndpoint,
)
from tasks.rest.spec import Connector, HiddenFields, Limits, Request

TOKENS = TokenEndpoint("/services/oauth2/token")


def limit_met(status: int, body: bytes) -> bool:
    """Whether a limit of the org is met: calls of a day, or long calls at one time."""
    return status == 403 and b"REQUEST_LIMIT_EXCEEDED" in body


def is_concurrency(body: bytes) -> bool:
    """Whether it is the limit of long calls at one time, which passes.

    ConcurrentRequests (Concurrent API Requests) Limit exceeded: help.salesforce.com, 000389067.
    ConcurrentPerOrgLongTxn Limit exceeded is said of Apex.
    """
    return b"Concurrent" in body


connector = Connector(
    name="salesforce",
    title="Salesforce Service Cloud",
    docs="https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/",
    api_version="v65.0",
    base_url="https://{my_domain}.{salesforce_host}",
    region=Region(
        "cloud",
        {
            "production": {"salesforce_host": "my.salesforce.com"},
            "sandbox": {"salesforce_host": "sandbox.my.salesforce.com"},
            "developer": {"salesforce_host": "develop.my.salesforce.com"},
            "scratch": {"salesforce_host": "scratch.my.salesforce.com"},
            "government": {"salesforce_host": "my.salesforce.mil"},
        },
        default="production",
    ),
    settings=("my_domain",),
    optional_settings=("cloud", "user", "login_url", "holiday_schedules"),
    auth=OneOf(
        (
            RefreshToken(TOKENS),
            JwtBearer(TOKENS),
            PasswordGrant(TOKENS, added=("security_token",)),
            ClientCredentials(TOKENS),
        )
    ),
    check=Request(f"{API}/limits"),
    limits=Limits(
        requests_per_minute=600,
        retry_statuses=frozenset({406, 408, 420, 429, 500, 502, 503, 504}),
        spent=lambda status, headers, body: limit_met(status, body) and not is_concurrency(body),
        busy=lambda status, headers, body: limit_met(status, body) and is_concurrency(body),
    ),
    hidden_fields=HiddenFields(hidden_field, without_field),
    preconditions=PRECONDITIONS,
    unsupported=(
        "survey scores",
        "agent time without Omni-Channel",
        "amounts of contracts",
        "topics of cases",
        "which hours a holiday closes (set holiday_schedules)",
    ),
    streams=(
        *tickets.STREAMS,
        *messages.STREAMS,
        *sla.STREAMS,
        *time_entries.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
        *contracts.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
