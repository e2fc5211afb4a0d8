"""ServiceNow through the Table API: incidents, customer cases and what belongs to them.

Facts: the Table API reference. Tables are read by keyset (time, sys_id), because offsets lose rows
and a page can come short when access rules hide rows of it. The user must have time zone GMT. Every
value is text, null is "".
"""

from tasks.connectors.servicenow import (
    calendar,
    deletions,
    messages,
    people,
    sla,
    surveys,
    tickets,
    time_entries,
)
from tasks.connectors.servicenow.api import TABLE
from tasks.rest.auth import Basic, OAuth2, OneOf
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="servicenow",
    title="ServiceNow",
    docs="https://www.servicenow.com/docs/ (REST API reference, Table API)",
    api_version="now/table",
    base_url="https://{instance}.service-now.com",
    settings=("instance",),
    optional_settings=("user", "login_url"),
    auth=OneOf(
        (
            Basic("{user}", "password"),
            OAuth2("/oauth_token.do", "client_credentials", ("client_id", "client_secret")),
        )
    ),
    check=Request(TABLE + "sys_user", {"sysparm_limit": "1", "sysparm_fields": "sys_id"}),
    limits=Limits(requests_per_minute=240),
    failed_inside="error",
    unsupported=("merges",),
    streams=(
        *tickets.STREAMS,
        *messages.STREAMS,
        *sla.STREAMS,
        *time_entries.STREAMS,
        *surveys.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
        *deletions.STREAMS,
    ),
)
