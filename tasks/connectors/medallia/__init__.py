"""Medallia Experience Cloud: scores from the Query API, whose field ids differ in every instance.

Facts: github.com/medallia/query-api-data-extract and Medallia's developer pages. GraphQL by POST;
every value is a list of texts; errors come with status 200. Records are ordered by finish time and
id, and the next page lies above the last pair. Thirty days are read again, since later edits do not
move the finish time. Token host and query host differ. A finish field with text dates needs
`finished_zone`, the time zone of the instance.
"""

from tasks.connectors.medallia import surveys
from tasks.rest.auth import OAuth2
from tasks.rest.spec import Connector, Limits, Request

connector = Connector(
    name="medallia",
    title="Medallia Experience Cloud",
    docs="https://github.com/medallia/query-api-data-extract",
    api_version="data/v0",
    base_url="https://{tenant}.apis.medallia.com",
    settings=("tenant", "instance", "company"),
    optional_settings=(
        "id_field",
        "finished_field",
        "finished_zone",
        "ticket_field",
        "login_url",
    ),
    auth=OAuth2(
        "/oauth/{company}/token",
        "client_credentials",
        ("client_id", "client_secret"),
        login_base="https://{instance}.medallia.com",
        basic=True,
    ),
    check=Request(
        "/data/v0/query", method="POST", body={"query": "{ feedback(first: 1) { totalCount } }"}
    ),
    limits=Limits(requests_per_minute=600),
    failed_inside="errors",
    unsupported=("the list of surveys and questions", "invitations"),
    streams=(*surveys.STREAMS,),
)
