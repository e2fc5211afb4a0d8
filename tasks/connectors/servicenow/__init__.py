"""ServiceNow through the Table API: incidents, customer cases and what belongs to them.

Facts: the Table API reference. Tables are read by keyset (time, sys_id), because offsets lose rows
and a page can come short when access rules hide rows of it. Times in a query are read in the zone
of the user, which must be GMT: the first call of a run tests that. Every value is text, null is "".
"""

from tasks.connectors.servicenow import (
    calendar,
    deletions,
    messages,
    own_fields,
    people,
    sla,
    surveys,
    tickets,
    time_entries,
)
from tasks.connectors.servicenow.api import TABLE
from tasks.connectors.servicenow.preconditions import PRECONDITIONS
from tasks.rest.auth import Basic, ClientCertificate, OneOf, TokenHeader
from tasks.rest.oauth import (
    ClientCredentials,
    JwtBearer,
    PasswordGrant,
    RefreshToken,
    TokenEndpoint,
)
from tasks.rest.spec import Connector, Limits, Request

TOKENS = TokenEndpoint("/oauth_token.do")

connector = Connector(
    name="servicenow",
    title="ServiceNow",
    docs="https://www.servicenow.com/docs/ (REST API reference, Table API)",
    api_version="now/table",
    base_url="https://{instance}.service-now.com",
    other_base_urls=("https://{host}",),
    settings=("instance",),
    optional_settings=("host", "user", "jwt_key_id", "login_url"),
    auth=OneOf(
        (
            RefreshToken(TOKENS),
            JwtBearer(TOKENS, audience="endpoint", key_id="{jwt_key_id}", with_secret=True),
            PasswordGrant(TOKENS),
            ClientCredentials(TOKENS),
            TokenHeader("api_key", "x-sn-apikey"),
            Basic("{user}", "password"),
            ClientCertificate(),
        )
    ),
    check=Request(TABLE + "sys_user", {"sysparm_limit": "1", "sysparm_fields": "sys_id"}),
    limits=Limits(requests_per_minute=240),
    failed_inside="error",
    preconditions=PRECONDITIONS,
    unsupported=("merges", "tags"),
    streams=(
        *tickets.STREAMS,
        *messages.STREAMS,
        *sla.STREAMS,
        *time_entries.STREAMS,
        *surveys.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
        *deletions.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
