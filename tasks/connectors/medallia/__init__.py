"""Medallia Experience Cloud: scores from the Query API, whose field ids differ in every instance.

Facts: github.com/medallia/query-api-data-extract and Medallia's developer pages. GraphQL by POST;
every value is a list of texts; errors come with status 200. Records are ordered by finish time and
id, and the next page lies above the last pair. Thirty days are read again, since later edits do not
move the finish time. Token host and query host differ. A finish field with text dates needs
`finished_zone`, the time zone of the instance.
"""

from tasks.connectors.medallia import surveys
from tasks.connectors.medallia.permissions import hidden_field, without_field
from tasks.connectors.medallia.preconditions import of_settings
from tasks.rest.address import Region
from tasks.rest.oauth import ClientCredentials, TokenEndpoint
from tasks.rest.spec import Connector, HiddenFields, Limits, Request

connector = Connector(
    name="medallia",
    title="Medallia Experience Cloud",
    docs="https://github.com/medallia/query-api-data-extract",
    api_version="data/v0",
    base_url="https://{tenant}.apis.{medallia_host}",
    other_base_urls=("https://{api_host}",),
    region=Region(
        "region",
        {
            "com": {"medallia_host": "medallia.com"},
            "eu": {"medallia_host": "medallia.eu"},
            "ca": {"medallia_host": "medallia.ca"},
            "federal": {"medallia_host": "medalliafederal.com"},
        },
        default="com",
    ),
    settings=("tenant", "instance", "company"),
    optional_settings=(
        "region",
        "api_host",
        "login_host",
        "id_field",
        "finished_field",
        "finished_zone",
        "ticket_field",
        "login_url",
    ),
    auth=ClientCredentials(
        TokenEndpoint(
            "/oauth/{company}/token",
            host="https://{instance}.{medallia_host}",
            other_hosts=("https://{login_host}",),
            basic=True,
        )
    ),
    check=Request(
        "/data/v0/query", method="POST", body={"query": "{ feedback(first: 1) { totalCount } }"}
    ),
    limits=Limits(requests_per_minute=600),
    failed_inside="errors",
    hidden_fields=HiddenFields(hidden_field, without_field),
    preconditions_of=of_settings,
    unsupported=("the list of surveys and questions", "invitations"),
    streams=(*surveys.STREAMS,),
)
