"""Typeform: forms, their questions, and the scores that the account's settings name.

Facts: typeform.com/developers. Answers come newest first and page by the token of the last one;
totals tell what remains and are no stop sign (airbytehq/airbyte#34484). The newest half hour may be
missing, hence the overlap. Two calls a second. Unanswered questions are absent.
"""

from tasks.connectors.typeform import surveys
from tasks.connectors.typeform.preconditions import HOSTS, PRECONDITIONS, of_settings
from tasks.rest.address import Region
from tasks.rest.auth import Bearer, OneOf
from tasks.rest.oauth import RefreshToken, TokenEndpoint
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="typeform",
    title="Typeform",
    docs="https://www.typeform.com/developers/responses/",
    api_version="2024",
    base_url="https://{responses_host}",
    region=Region(
        "region",
        {
            "us": {"responses_host": HOSTS["us"], "tokens_host": "api.typeform.com"},
            "eu": {"responses_host": HOSTS["eu"], "tokens_host": "api.typeform.com"},
            "eu2": {"responses_host": HOSTS["eu2"], "tokens_host": "api.typeform.eu"},
        },
        default="us",
    ),
    optional_settings=("region", "login_url"),
    auth=OneOf(
        (
            RefreshToken(TokenEndpoint("/oauth/token", host="https://{tokens_host}")),
            Bearer("access_token"),
        )
    ),
    check=Request("/forms", {"page_size": "1"}),
    limits=Limits(
        requests_per_minute=110, retry_statuses=frozenset({408, 429, 499, 500, 502, 503, 504})
    ),
    preconditions=PRECONDITIONS,
    preconditions_of=of_settings,
    unsupported=("invitations",),
    streams=(*surveys.STREAMS,),
)
