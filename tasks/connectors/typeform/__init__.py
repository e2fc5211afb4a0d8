"""Typeform: forms, their questions, and the scores that the account's settings name.

Facts: typeform.com/developers. Answers come newest first and page by the token of the last one;
totals tell what remains and are no stop sign (airbytehq/airbyte#34484). The newest half hour may be
missing, hence the overlap. Two calls a second. Unanswered questions are absent.
"""

from tasks.connectors.typeform import surveys
from tasks.rest.auth import Bearer, OAuth2, OneOf
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="typeform",
    title="Typeform",
    docs="https://www.typeform.com/developers/responses/",
    api_version="2024",
    base_url="https://api.typeform.com",
    optional_settings=("login_url",),
    auth=OneOf(
        (
            Bearer("access_token"),
            OAuth2(
                "/oauth/token", "refresh_token", ("client_id", "client_secret", "refresh_token")
            ),
        )
    ),
    check=Request("/forms", {"page_size": "1"}),
    limits=Limits(
        requests_per_minute=110, retry_statuses=frozenset({408, 429, 499, 500, 502, 503, 504})
    ),
    unsupported=("invitations",),
    streams=(*surveys.STREAMS,),
)
