"""Zendesk Support: incremental exports, cheap and complete (archived and deleted tickets too).

Facts: developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports. Exports
take 10 requests a minute, leave out the newest minute, and select on a system timestamp, so
`updated_at` is never used as a bookmark.
"""

from tasks.connectors.zendesk import (
    calendar,
    deletions,
    own_fields,
    people,
    sla,
    surveys,
    tickets,
)
from tasks.connectors.zendesk.preconditions import PRECONDITIONS
from tasks.rest.auth import Basic, Bearer, OneOf
from tasks.rest.oauth import ClientCredentials, RefreshToken, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

TOKENS = TokenEndpoint("/oauth/tokens", sends="json")

connector = Connector(
    name="zendesk",
    title="Zendesk Support",
    docs="https://developer.zendesk.com/api-reference/",
    api_version="v2",
    base_url="https://{subdomain}.zendesk.com",
    settings=("subdomain",),
    optional_settings=("email", "login_url", "oauth_scope"),
    auth=OneOf(
        (
            RefreshToken(TOKENS),
            ClientCredentials(TOKENS, scope="read"),
            Bearer("oauth_token"),
            Basic("{email}/token", "api_token"),
        )
    ),
    check=Request("/api/v2/users/me.json"),
    # with a bad token the vendor may answer as to an anonymous user
    is_login=lambda answer: bool(answer["user"].get("id")),
    limits=Limits(requests_per_minute=200),
    preconditions=PRECONDITIONS,
    unsupported=("merges other than by the tag closed_by_merge",),
    streams=(
        *tickets.STREAMS,
        *sla.STREAMS,
        *surveys.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
        *deletions.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
