"""Intercom 2.16: conversations by change, each with its parts (messages and history).

Facts: developers.intercom.com, API descriptions 2.14 and 2.16. Search gives no parts; a
conversation gives its newest 500, so parts are merged by id and never replaced. Parts are not
filtered by their own time: those between two windows would be lost (airbytehq/airbyte#12374). SLA
targets are not exposed; `statistics` leave out closed hours.
"""

from tasks.connectors.intercom import calendar, deletions, own_fields, people, tickets
from tasks.connectors.intercom.preconditions import PRECONDITIONS
from tasks.rest.address import Region
from tasks.rest.auth import Bearer
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="intercom",
    title="Intercom",
    docs="https://developers.intercom.com/docs/references/rest-api/api.intercom.io/",
    api_version="2.16",
    base_url="https://{intercom_host}",
    region=Region(
        "region",
        {
            "us": {"intercom_host": "api.intercom.io"},
            "eu": {"intercom_host": "api.eu.intercom.io"},
            "au": {"intercom_host": "api.au.intercom.io"},
        },
        default="us",
    ),
    optional_settings=("region", "team_schedules"),
    auth=Bearer("access_token"),
    check=Request("/me"),
    headers={"Intercom-Version": "2.16"},
    limits=Limits(requests_per_minute=6000),
    preconditions=PRECONDITIONS,
    unsupported=("SLA targets", "history of priorities", "merges"),
    streams=(
        *tickets.STREAMS,
        *people.STREAMS,
        *calendar.STREAMS,
        *deletions.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
