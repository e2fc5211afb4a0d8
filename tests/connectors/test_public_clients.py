"""Independent public clients of the vendors read the fakes, to check their protocol.

Some clients insist on the vendor's own https address; an adapter of `requests` carries those calls
to loopback. Front's client is on npm (`front_sdk.py`, run by hand: it needs node). We found none
for Zoho Desk and Medallia on PyPI or npm; only the sample answers check these fakes.
"""

import csv
import io

import requests
import surveymonkey.client
import typeform.client
from freshdesk.v2.api import API as FreshdeskApi  # noqa: N811 - the client's own name
from hubspot.crm.tickets import (
    ApiClient,
    BasicApi,
    Configuration,
    PublicObjectSearchRequest,
    SearchApi,
)
from intercom import Intercom, SingleFilterSearchRequest
from jira import JIRA
from pysnc import ServiceNowClient
from QualtricsAPI.Setup import Credentials
from QualtricsAPI.Survey import Responses
from QualtricsAPI.Users import Surveys
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from tests_support import TODAY, midnight
from zenpy import Zenpy

from tasks.sandbox.company import Sandbox
from tasks.sandbox.vendors import qualtrics, salesforce


class ToLoopback(HTTPAdapter):
    """Send calls for `address` to a fake."""

    def __init__(self, address: str, target: str) -> None:
        super().__init__()
        self._address, self._target = address, target

    def send(self, request, **given):
        asked = request.url
        request.url = asked.replace(self._address, self._target)
        response = super().send(request, **{**given, "verify": False})
        request.url = response.url = asked
        return response


def carried(session: requests.Session, address: str, fake) -> requests.Session:
    session.trust_env = False
    session.mount(address, ToLoopback(address, fake.base_url))
    fake.base_url = address
    return session


def alive(fake, desk: str) -> set[int]:
    now = midnight(TODAY)
    return {
        t.number
        for t in fake.world.of_desk(desk)
        if t.known_at(now) and not (t.deleted_at and t.deleted_at <= now)
    }


def test_zenpy_reads_zendesk(sandbox: Sandbox):
    fake = sandbox.fakes["zendesk"]
    session = carried(requests.Session(), "https://alderfinch.zendesk.com", fake)
    client = Zenpy(
        subdomain="alderfinch",
        email="etl@alderfinch.example",
        token="zendesk-demo-token",
        session=session,
    )
    now = midnight(TODAY)
    tickets = [
        t
        for t in client.tickets.incremental(start_time=1, paginate_by_time=False)
        if t.status != "deleted"
    ]
    assert {t.id for t in tickets} == alive(fake, "zendesk")
    truth = next(t for t in fake.world.of_desk("zendesk") if t.number == tickets[0].id)
    comments = list(client.tickets.comments(ticket=truth.number))
    assert [c.public for c in comments] == [
        n.is_public for n in sorted(truth.notes_until(now), key=lambda n: n.at)
    ]
    assert client.users.me().role == "admin"
    assert {g.name for g in client.groups()} == {
        t.name for t in fake.world.teams if t.desk == "zendesk"
    }


def test_hubspot_client_reads_hubspot(sandbox: Sandbox):
    fake = sandbox.fakes["hubspot"]
    configuration = Configuration(host=fake.base_url)
    configuration.access_token = "hubspot-demo-token"
    api = ApiClient(configuration)
    records, after = [], None
    while True:
        page = BasicApi(api).get_page(
            limit=50, after=after, properties=["subject", "hs_pipeline_stage"], archived=False
        )
        records += page.results
        if not page.paging:
            break
        after = page.paging.next.after
    now = midnight(TODAY)
    merged = {t.number for t in fake.world.of_desk("hubspot") if t.merged_at and t.merged_at <= now}
    assert {int(t.id) for t in records} == alive(fake, "hubspot") - merged
    assert all(t.properties["hs_pipeline_stage"] in {"1", "2", "3", "4", "5"} for t in records)
    searched = SearchApi(api).do_search(
        public_object_search_request=PublicObjectSearchRequest(
            filter_groups=[
                {"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": "0"}]}
            ],
            limit=10,
            sorts=["hs_object_id"],
            properties=["subject"],
            after="0",
        )
    )
    assert searched.total == len(records)


def test_pysnc_reads_servicenow(sandbox: Sandbox):
    fake = sandbox.fakes["servicenow"]
    client = ServiceNowClient("alderfinch", ("etl", "servicenow-demo-password"))
    carried(client.session, "https://alderfinch.service-now.com", fake)
    record = client.GlideRecord("incident", batch_size=5)
    record.add_query("priority", "2")
    record.order_by("sys_created_on")
    record.query()
    numbers = [r.get_value("number") for r in record]
    expected = [r["number"] for r in fake._tables()["incident"] if r["priority"] == "2"]
    assert sorted(numbers) == sorted(expected)
    assert len(numbers) > 5


def told(fake) -> set[int]:
    return {t.number for t in fake.alive()}


def test_python_freshdesk_reads_freshdesk(sandbox: Sandbox):
    fake = sandbox.fakes["freshdesk"]
    client = FreshdeskApi("alderfinch.freshdesk.com", "freshdesk-demo-key")
    carried(client._session, "https://alderfinch.freshdesk.com", fake)
    tickets = client.tickets.list_tickets(
        filter_name=None, updated_since="2020-01-01T00:00:00Z", per_page=50
    )
    assert {t.id for t in tickets} == told(fake)
    truth = next(t for t in fake.alive() if len(fake.notes(t)) > 2)
    comments = client.comments.list_comments(truth.number)
    assert [(c.private, c.incoming) for c in comments] == [
        (not n.is_public, n.role == "customer") for n in fake.notes(truth)[1:]
    ]
    assert {g.name for g in client.groups.list_groups()} == {t.name for t in fake.teams}


def test_jira_client_reads_jira(sandbox: Sandbox):
    fake = sandbox.fakes["jira"]
    fake.per_page = 20
    client = JIRA(
        server=fake.base_url,
        basic_auth=("etl@alderfinch.example", "jira-demo-token"),
        options={"rest_api_version": "3"},
        max_retries=0,
    )
    issues = client.enhanced_search_issues(
        'updated >= "2020-01-01 00:00" ORDER BY updated ASC',
        maxResults=0,
        fields="summary,status,created,priority",
    )
    assert {int(i.id) for i in issues} == told(fake)
    by_number = {t.number: t for t in fake.alive()}
    assert all(i.fields.created == fake.when(by_number[int(i.id)].created_at) for i in issues)
    one = issues[0]
    assert [c.jsdPublic for c in client.comments(one.id)] == [
        n.is_public for n in fake.notes(by_number[int(one.id)])[1:]
    ]


def test_simple_salesforce_reads_salesforce(sandbox: Sandbox):
    fake = sandbox.fakes["salesforce"]
    fake.per_page = fake.bulk_page = 20
    fake.token_desk.tokens.add("session")
    session = carried(requests.Session(), "https://alderfinch.my.salesforce.com", fake)
    client = Salesforce(
        instance_url="https://alderfinch.my.salesforce.com",
        session_id="session",
        version="65.0",
        session=session,
    )
    cases = client.query_all("SELECT Id, Status, CreatedDate FROM Case")["records"]
    lost = {t.number for t in fake.alive() if fake.is_merged(t)}
    assert {c["Id"] for c in cases} == {salesforce.key("500", n) for n in told(fake) - lost}
    every = client.query_all("SELECT Id, IsDeleted FROM Case", include_deleted=True)["records"]
    assert len(every) == len(fake.visible()) > len(cases)
    rows = [
        row
        for part in client.bulk2.Case.query("SELECT Id, Status FROM Case", max_records=20)
        for row in csv.DictReader(io.StringIO(part))
    ]
    assert {(r["Id"], r["Status"]) for r in rows} == {(c["Id"], c["Status"]) for c in cases}


def test_intercoms_own_client_reads_intercom(sandbox: Sandbox):
    fake = sandbox.fakes["intercom"]
    client = Intercom(
        base_url=fake.base_url, token="intercom-demo-token", headers={"Intercom-Version": "2.16"}
    )
    query = SingleFilterSearchRequest(field="updated_at", operator=">", value=0)
    records = client.conversations.search(
        query=query, pagination={"per_page": 150}
    ).items  # one page: over several its pager did not end
    assert {int(c.id) for c in records} == told(fake)
    truth = next(t for t in fake.alive() if len(fake.notes(t)) > 2)
    one = client.conversations.find(str(truth.number))
    assert one.created_at == int(truth.created_at.timestamp())
    assert (
        sum(p.part_type in {"comment", "note"} for p in one.conversation_parts.conversation_parts)
        == len(fake.notes(truth)) - 1
    )
    assert {t.name for t in client.teams.list().teams} == {t.name for t in fake.teams}


def test_typeforms_own_client_reads_typeform(sandbox: Sandbox, monkeypatch):
    fake = sandbox.fakes["typeform"]
    monkeypatch.setattr(typeform.client, "API_BASE_URL", fake.base_url)
    client = typeform.Typeform("typeform-demo-token")
    forms = client.forms.list(pageSize=200)["items"]
    assert [client.forms.get(f["id"])["title"] for f in forms] == [f["title"] for f in forms]
    for form in forms:
        page = client.responses.list(form["id"], pageSize=1)
        records = page["items"]
        while page["items"]:
            page = client.responses.list(form["id"], pageSize=1, before=records[-1]["token"])
            records += page["items"]
        told = fake.told(form["id"])
        assert len(told) > 1
        assert [
            (r["submitted_at"], r["answers"][0]["number"]) for r in records if r.get("answers")
        ] == [(f"{s.at:%Y-%m-%dT%H:%M:%SZ}", s.value) for s in told if s.number % 50]


def test_surveymonkey_python_reads_surveymonkey(sandbox: Sandbox, monkeypatch):
    fake = sandbox.fakes["surveymonkey"]
    monkeypatch.setattr(surveymonkey.client, "API_URL", f"{fake.base_url}/v3")
    client = surveymonkey.client.Client(access_token="surveymonkey-demo-token")
    for survey in client.get_survey_lists()["data"]:
        details = client.get_survey_details(survey["id"])
        choices = {
            c["id"]: c
            for page in details["pages"]
            for q in page["questions"]
            for c in (q.get("answers") or {}).get("choices", ())
        }
        records = [
            r
            for page in client.get_all_pages_response(survey["id"], per_page=1)
            for r in page["data"]
            if (r["response_status"], r["collection_mode"]) == ("completed", "default")
        ]
        told = fake._scores(survey["id"])
        assert len(records) == len(told) > 1
        assert {r["date_created"][:19] for r in records} == {
            f"{s.at:%Y-%m-%dT%H:%M:%S}" for s in told
        }
        answered = {
            a["choice_id"]
            for r in records
            for page in r["pages"]
            for q in page["questions"]
            for a in q["answers"]
            if "choice_id" in a
        }
        assert answered <= set(choices)


def test_qualtricsapi_reads_qualtrics(sandbox: Sandbox, monkeypatch):
    fake = sandbox.fakes["qualtrics"]
    fake._token = "q" * 40
    for name in ("token", "data_center"):
        monkeypatch.setenv(name, "")  # the client keeps its credentials there
    carrier = ToLoopback("https://fra1.qualtrics.com", fake.base_url)
    fake.base_url = "https://fra1.qualtrics.com"
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: carrier)
    Credentials().qualtrics_api_credentials(token="q" * 40, data_center="fra1")
    assert set(qualtrics.SURVEYS) >= set(
        Surveys().list_user_surveys()["id"]
    )  # it gives the last page only
    for survey, (_, title) in qualtrics.SURVEYS.items():
        rows = Responses().get_survey_responses(survey=survey)
        assert rows["Q1"][0] == title
        given = rows[2:]
        answers = given[~given["ResponseId"].isin(qualtrics._NOT_COUNTED)]
        assert [(i, int(v)) for i, v in zip(answers["ResponseId"], answers["Q1"], strict=True)] == [
            (f"R_{s.number:x}", s.value) for s in fake.told(survey)
        ]
