"""Freshdesk v2: tickets by change, their history from the daily activity files.

Facts: developers.freshdesk.com/api. The list reaches 300 pages, then it restarts from the last
change; without `updated_since` it would hold 30 days only. Status, team and agent history is in the
daily export alone, which names teams and statuses by label and whose files lie elsewhere, without
credentials. Holidays and merges are not exposed.
"""

from tasks.connectors.freshdesk import (
    calendar,
    deletions,
    own_fields,
    people,
    sla,
    surveys,
    tickets,
    time_entries,
)
from tasks.connectors.freshdesk.preconditions import PRECONDITIONS
from tasks.rest.auth import Basic
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="freshdesk",
    title="Freshdesk",
    docs="https://developers.freshdesk.com/api/",
    api_version="v2",
    base_url="https://{domain}.freshdesk.com",
    settings=("domain",),
    optional_settings=("file_hosts",),
    auth=Basic("{api_key}", "api_key", other="X"),
    check=Request("/api/v2/agents/me"),
    limits=Limits(requests_per_minute=160),
    file_hosts=("freshdesk.com", "amazonaws.com"),
    preconditions=PRECONDITIONS,
    unsupported=("holidays", "merges", "which SLA policy applies (due times are reported)"),
    streams=(
        *tickets.STREAMS,
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
