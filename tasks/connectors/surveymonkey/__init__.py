"""SurveyMonkey v3: surveys, their questions, and the scores that the account's settings name.

Facts: github.com/SurveyMonkey/public_api_docs. Each survey has its own bookmark (one for all loses
answers: airbytehq/airbyte#14998); one without new answers is read again once a day, because edits
do not change the count. A draft app has 500 calls a day: when they are spent the run stops cleanly
and the next one goes on.
"""

from tasks.connectors.surveymonkey import surveys
from tasks.connectors.surveymonkey.preconditions import PRECONDITIONS, of_settings
from tasks.rest.address import Region
from tasks.rest.auth import Bearer
from tasks.rest.spec import Connector, Limits, Request
from tasks.rest.values import Header

DAY_LEFT = "x-ratelimit-app-global-day-remaining"

connector = Connector(
    name="surveymonkey",
    title="SurveyMonkey",
    docs="https://developer.surveymonkey.com/api/v3/",
    api_version="v3",
    base_url="https://{surveymonkey_host}",
    region=Region(
        "region",
        {
            "us": {"surveymonkey_host": "api.surveymonkey.com"},
            "eu": {"surveymonkey_host": "api.eu.surveymonkey.com"},
            "ca": {"surveymonkey_host": "api.surveymonkey.ca"},
        },
        default="us",
    ),
    optional_settings=("region",),
    auth=Bearer("access_token", scheme="bearer"),
    check=Request("/v3/users/me"),
    limits=Limits(
        requests_per_minute=120,
        resets=(Header("x-ratelimit-app-global-minute-reset"),),
        spent=lambda status, headers, body: status == 429 and headers.get(DAY_LEFT) == "0",
    ),
    preconditions=PRECONDITIONS,
    preconditions_of=of_settings,
    unsupported=("invitations",),
    streams=(*surveys.STREAMS,),
)
