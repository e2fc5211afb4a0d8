"""Jira Service Management (Cloud): issues by change, with history, comments, SLAs and ratings.

Facts: developer.atlassian.com. JQL's times are read in the API user's time zone, to the minute: the
window begins 12 hours early, so that no zone loses a change. SLA and rating fields have other ids
on every site; the list of fields says which they are. Agents are those with a licence: an Atlassian
account has every employee. `expand=changelog` is cut at 40 entries, so bulk fetches are used. No
deletions, calendars, holidays, teams.
"""

from tasks.connectors.jira import own_fields, people, tickets, time_entries
from tasks.connectors.jira.preconditions import PRECONDITIONS
from tasks.rest.auth import Basic, Bearer, OneOf
from tasks.rest.oauth import ClientCredentials, RefreshToken, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

TOKENS = TokenEndpoint("/oauth/token", host="https://auth.atlassian.com", sends="json")

connector = Connector(
    name="jira",
    title="Jira Service Management",
    docs="https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
    api_version="3",
    base_url="https://{site}.atlassian.net",
    other_base_urls=("https://api.atlassian.com/ex/jira/{cloud_id}",),
    settings=("site",),
    optional_settings=("cloud_id", "email", "login_url", "projects", "feedback_date_field"),
    auth=OneOf(
        (
            RefreshToken(TOKENS, needs=("cloud_id",)),
            ClientCredentials(TOKENS, needs=("cloud_id",)),
            Basic("{email}", "api_token"),
            Bearer("access_token"),
        )
    ),
    check=Request("/rest/api/3/myself"),
    is_login=lambda answer: bool(answer.get("accountId")),
    limits=Limits(requests_per_minute=300),
    preconditions=PRECONDITIONS,
    unsupported=(
        "opening hours",
        "holidays",
        "SLA policies (goals of running clocks are reported)",
        "deletions",
        "merges",
        "teams (projects stand for them)",
    ),
    streams=(
        *tickets.STREAMS,
        *time_entries.STREAMS,
        *people.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
