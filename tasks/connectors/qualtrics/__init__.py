"""Qualtrics: surveys, questions, and the scores that the settings name, from exports.

Facts: api.qualtrics.com. An export is asked for, waited for (by its status, not its percentage) and
fetched as a zip with one file. Dates filter on the recorded date; seven days are read again, since
later edits do not move it. Previews, tests and unfinished answers do not count.
"""

from tasks.connectors.qualtrics import surveys
from tasks.connectors.qualtrics.api import API
from tasks.connectors.qualtrics.preconditions import PRECONDITIONS, of_settings
from tasks.rest.auth import OneOf, TokenHeader
from tasks.rest.oauth import ClientCredentials, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="qualtrics",
    title="Qualtrics",
    docs="https://api.qualtrics.com/",
    api_version="v3",
    base_url="https://{datacenter}.qualtrics.com",
    settings=("datacenter",),
    optional_settings=("oauth_scope", "login_url"),
    auth=OneOf(
        (
            TokenHeader("api_token", "X-API-TOKEN"),
            ClientCredentials(
                TokenEndpoint("/oauth2/token", basic=True),
                scope="read:surveys read:survey_responses",
            ),
        )
    ),
    check=Request(f"{API}/surveys"),
    limits=Limits(requests_per_minute=60),
    preconditions=PRECONDITIONS,
    preconditions_of=of_settings,
    unsupported=("invitations",),
    streams=(*surveys.STREAMS,),
)
