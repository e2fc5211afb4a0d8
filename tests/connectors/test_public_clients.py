"""Independent public clients of the vendors read the fakes: a check that the fakes speak the vendors' protocol.

The clients insist on the vendors' own https addresses; an adapter of `requests` carries those to loopback. SurveyMonkey
has no client on PyPI that is alive; its fake is checked against the sample answers only.
"""

import requests
from hubspot.crm.tickets import ApiClient, BasicApi, Configuration, PublicObjectSearchRequest, SearchApi
from pysnc import ServiceNowClient
from requests.adapters import HTTPAdapter
from tests_support import TODAY, midnight
from zenpy import Zenpy

from tasks.sandbox.company import Sandbox


class ToLoopback(HTTPAdapter):
    """Sends what is meant for `address` to a fake."""

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
    return {t.number for t in fake.world.of_desk(desk) if t.known_at(now) and not (t.deleted_at and t.deleted_at <= now)}


def test_zenpy_reads_zendesk(sandbox: Sandbox):
    fake = sandbox.fakes["zendesk"]
    session = carried(requests.Session(), "https://alderfinch.zendesk.com", fake)
    client = Zenpy(subdomain="alderfinch", email="etl@alderfinch.example", token="zendesk-demo-token", session=session)
    now = midnight(TODAY)
    tickets = [t for t in client.tickets.incremental(start_time=1, paginate_by_time=False) if t.status != "deleted"]
    assert {t.id for t in tickets} == alive(fake, "zendesk")
    truth = next(t for t in fake.world.of_desk("zendesk") if t.number == tickets[0].id)
    comments = list(client.tickets.comments(ticket=truth.number))
    assert [c.public for c in comments] == [n.is_public for n in sorted(truth.notes_until(now), key=lambda n: n.at)]
    assert client.users.me().role == "admin"
    assert {g.name for g in client.groups()} == {t.name for t in fake.world.teams if t.desk == "zendesk"}


def test_hubspot_client_reads_hubspot(sandbox: Sandbox):
    fake = sandbox.fakes["hubspot"]
    configuration = Configuration(host=fake.base_url)
    configuration.access_token = "hubspot-demo-token"
    api = ApiClient(configuration)
    found, after = [], None
    while True:
        page = BasicApi(api).get_page(limit=50, after=after, properties=["subject", "hs_pipeline_stage"], archived=False)
        found += page.results
        if not page.paging:
            break
        after = page.paging.next.after
    now = midnight(TODAY)
    merged = {t.number for t in fake.world.of_desk("hubspot") if t.merged_at and t.merged_at <= now}
    assert {int(t.id) for t in found} == alive(fake, "hubspot") - merged
    assert all(t.properties["hs_pipeline_stage"] in {"1", "2", "3", "4", "5"} for t in found)
    searched = SearchApi(api).do_search(public_object_search_request=PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": "0"}]}], limit=10,
        sorts=["hs_object_id"], properties=["subject"], after="0"))
    assert searched.total == len(found)


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
