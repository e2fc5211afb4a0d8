"""HubSpot CRM: tickets, contacts, companies, owners, feedback.

Facts: developers.hubspot.com/docs/api/crm. Search gives what changed, sorted and paged by id, so
neither the cap of 10,000 results nor many records with one timestamp can stop or loop it
(airbytehq/airbyte#10700, #43317); batch/read then gives each ticket's property history, which
search does not. Every value is text; SLA targets, business hours and holidays are not exposed, only
due times.
"""

from collections.abc import Mapping

from tasks.connectors.hubspot import contracts, deletions, own_fields, people, surveys, tickets
from tasks.connectors.hubspot.preconditions import PRECONDITIONS
from tasks.rest.address import Region
from tasks.rest.auth import Bearer, OneOf
from tasks.rest.oauth import RefreshToken, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}


def wait(headers: Mapping[str, str], body: bytes) -> float | None:
    """Seconds to wait, by the limit that the error names."""
    return next((seconds for name, seconds in WAITS.items() if f'"{name}"'.encode() in body), None)


connector = Connector(
    name="hubspot",
    title="HubSpot",
    docs="https://developers.hubspot.com/docs/api/overview",
    api_version="v3",
    base_url="https://{api}.hubapi.com",
    region=Region(
        "region",
        {"any": {"api": "api"}, "eu1": {"api": "api-eu1"}, "ap1": {"api": "api-ap1"}},
        default="any",
    ),
    optional_settings=("region", "login_url"),
    auth=OneOf(
        (
            RefreshToken(
                TokenEndpoint("/oauth/v1/token", host="https://api.hubapi.com"), rotates=False
            ),
            Bearer("access_token"),
        )
    ),
    check=Request("/crm/v3/objects/tickets", {"limit": "1"}),
    limits=Limits(
        requests_per_minute=600,
        wait=wait,
        spent=lambda status, headers, body: status == 429 and b'"DAILY"' in body,
        retry_statuses=frozenset({408, 423, 429, 477, 500, 502, 503, 504, 521, 522, 523, 524}),
    ),
    preconditions=PRECONDITIONS,
    unsupported=(
        "opening hours",
        "holidays",
        "SLA targets (due times are)",
        "which ticket a merge went into",
    ),
    streams=(
        *tickets.STREAMS,
        *surveys.STREAMS,
        *people.STREAMS,
        *contracts.STREAMS,
        *deletions.STREAMS,
        *own_fields.STREAMS,
    ),
    own_fields=own_fields.OWN_FIELDS,
)
