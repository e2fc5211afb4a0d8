"""Small Jira sites, issue by issue, through the whole pipeline; figures by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import Bench

from flows.pipeline.doctor import examine
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Fake, InjectedFault, Request, Response

Rows = list[dict[str, Any]]
AS_OF = datetime(2026, 10, 20, tzinfo=UTC)
SLA, RATING, RATED_AT = "sd-sla-field", "sd-request-feedback", "sd-request-feedback-date"
AGENT, EMPLOYEE, OTHER = "a1", "r1", "r2"


def field(number: int, name: str, plugin: str, owner: str = "com.atlassian.servicedesk") -> dict:
    return {
        "id": f"customfield_{number}",
        "name": name,
        "custom": True,
        "schema": {"type": "any", "custom": f"{owner}:{plugin}", "customId": number},
    }


def person(account: str, kind: str = "atlassian") -> dict[str, Any]:
    return {"accountId": account, "accountType": kind, "displayName": account, "active": True}


class Site:
    """A site with the given issues; every list is one page."""

    def __init__(self, bench: Bench, fake: Fake) -> None:
        self.bench = bench
        self.issues: Rows = []
        self.comments: dict[str, Rows] = {}
        self.fields: Rows = [field(10030, "Time to resolution", SLA)]
        self.people = [person(AGENT), person(EMPLOYEE), person(OTHER), person("bot", "app")]
        self.licensed = [person(AGENT), person("bot", "app")]
        self.projects: Rows = [{"id": "10000", "key": "SUP", "name": "Support"}]
        self.histories: Rows = []
        self.hidden: set[str] = set()
        self.asked: list[Request] = []
        fake.answer = self.answer  # type: ignore[method-assign]

    def answer(self, asked: Request) -> Response:
        self.asked.append(asked)
        path = asked.path.removeprefix("/rest/api/3/")
        if path in self.hidden:
            return Response({"errorMessages": ["You do not have the permission."]}, 403)
        if path == "search/jql":
            return Response({"issues": self.found(asked.json()), "isLast": True})
        if path.endswith("/comment"):
            rows = self.comments.get(path.split("/")[1], [])
            return Response({"comments": rows, "total": len(rows), "startAt": 0})
        role = {"key": "jira-servicedesk", "groupDetails": [{"name": "g", "groupId": "g1"}]}
        lists: dict[str, Any] = {
            "myself": {"accountId": "etl", "timeZone": "UTC"},
            "field": self.fields,
            "users/search": self.people if asked.query.get("startAt", "0") == "0" else [],
            "applicationrole/jira-servicedesk": role,
            "changelog/bulkfetch": {
                "issueChangeLogs": self.histories,
                "nextPageToken": None,
            },
            "worklog/updated": {"values": [], "since": 0, "until": 0, "lastPage": True},
        }
        values = {"group/member": self.licensed, "project/search": self.projects}
        return Response(lists.get(path, {"values": values.get(path, []), "isLast": True}))

    def found(self, body: dict[str, Any]) -> Rows:
        is_open = "resolution IS EMPTY" in body["jql"]
        return [i for i in self.issues if not (is_open and i["fields"].get("resolutiondate"))]

    def run(self, as_of: datetime = AS_OF) -> Any:
        outcome = self.bench.core(as_of)
        assert outcome.state == "completed", outcome.message
        return outcome

    def set(self, **settings: Any) -> None:
        (account,) = self.bench.accounts
        self.bench = replace(self.bench, accounts=({**account, **settings},))

    def doctor(self) -> str:
        subject = "account jira_acme"
        found = next(f for f in examine(self.bench.settings()) if f.subject == subject)
        return "" if found.is_ok else found.description

    def messages(self) -> dict[str, tuple[str, bool]]:
        listed = "select message_id, author_role, is_reply from staging.message"
        return {m: (role, reply) for m, role, reply in self.bench.fetch(listed)}


@pytest.fixture
def site(every_account: Bench, sandbox: Sandbox) -> Site:
    every_account.accounts = tuple(
        {**a, "start": "2026-01-01T00:00:00Z"}
        for a in every_account.accounts
        if a["connector"] == "jira"
    )
    return Site(every_account, sandbox.fakes["jira"])


def issue(number: int, reporter: dict | None = None, **fields: Any) -> dict[str, Any]:
    raiser = reporter or person(EMPLOYEE)
    return {
        "id": str(number),
        "key": f"SUP-{number}",
        "fields": {
            "summary": "x",
            "project": {"id": "10000", "key": "SUP"},
            "status": {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
            "priority": {"id": "3", "name": "Medium"},
            "reporter": raiser,
            "creator": raiser,
            "created": "2026-10-01T09:00:00.000+0000",
            "updated": "2026-10-02T09:00:00.000+0000",
            "resolutiondate": None,
            **fields,
        },
    }


def comment(number: int, author: dict[str, Any], at: str, *, public: bool = True) -> dict:
    created = f"2026-10-01T{at}:00.000+0000"
    return {"id": str(number), "created": created, "jsdPublic": public, "author": author}


def within(*comments: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    count = len(comments)
    return {"comments": [*comments], "maxResults": count, "total": total or count, "startAt": 0}


def clock(name: str = "Time to resolution", **cycle: Any) -> dict[str, Any]:
    ongoing = {
        "startTime": {"epochMillis": 1790845200000},
        "breached": False,
        "paused": False,
        "goalDuration": {"millis": 28_800_000},
        **cycle,
    }
    return {"id": "2", "name": name, "completedCycles": [], "ongoingCycle": ongoing, "_links": {}}


def at(text: str) -> dict[str, int]:
    return {"epochMillis": int(datetime.fromisoformat(text).timestamp() * 1000)}


class TestPeople:
    @pytest.mark.parametrize("in_search", [True, False])
    def test_who_reports_is_the_customer_whatever_the_account(self, site: Site, in_search: bool):
        """In a desk for employees everybody has an Atlassian account."""
        said = [
            comment(1, person(EMPLOYEE), "09:30"),
            comment(2, person(OTHER), "09:40"),
            comment(3, person("bot", "app"), "09:50"),
            comment(4, person(AGENT), "10:00"),
            comment(5, person(AGENT), "10:30", public=False),
            comment(6, person("qm:1", "customer"), "11:00"),
        ]
        site.issues = [issue(1, comment=within(*said) if in_search else within(total=6))]
        site.comments["1"] = said
        site.run()
        assert site.messages() == {
            "1-description": ("customer", False),
            "1": ("customer", False),
            "2": ("customer", False),
            "3": ("bot", False),
            "4": ("agent", True),
            "5": ("agent", False),
            "6": ("customer", False),
        }
        agents = site.bench.fetch("select agent_id, role from staging.known_agent order by 1")
        assert agents == [("a1", "agent"), ("bot", "bot")]
        called = [a for a in site.asked if a.path.endswith("/comment")]
        assert len(called) == (0 if in_search else 1)

    def test_an_agent_who_reports_is_the_customer_of_that_request(self, site: Site):
        site.issues = [
            issue(1, person(AGENT), comment=within(comment(1, person(AGENT), "09:30"))),
            issue(2, comment=within(comment(2, person(AGENT), "09:30"))),
        ]
        site.run()
        assert site.messages()["1"] == ("customer", False)
        assert site.messages()["2"] == ("agent", True)

    def test_without_the_list_of_licences_who_held_a_request_is_an_agent(self, site: Site):
        site.hidden = {"applicationrole/jira-servicedesk"}
        said = [comment(1, person(OTHER), "09:30"), comment(2, person(AGENT), "10:00")]
        site.issues = [issue(1, assignee=person(AGENT), comment=within(*said))]
        site.run()
        assert site.messages()["1"] == ("customer", False)
        assert "who has a licence is hidden" in site.doctor()


class TestFields:
    def test_slas_and_ratings_are_the_fields_that_the_site_says(self, site: Site):
        """An app's field with cycles is no SLA, and one with a rating no answer of the customer."""
        site.fields += [
            field(10031, "Zufriedenheit", RATING),
            field(10034, "Zufriedenheit am", RATED_AT),
            field(10040, "App", "cycles", "com.example.app"),
        ]
        rated = {"customfield_10031": {"rating": 4}, "customfield_10040": {"rating": 1}}
        site.issues = [
            issue(
                1,
                customfield_10030=clock("Zeit bis zur Lösung", breachTime=at("2026-10-01T17:00Z")),
                customfield_10034="2026-10-03T10:00:00.000+0000",
                **rated,
            ),
            issue(2, customfield_10040=clock("App")),
        ]
        site.set(sla_metrics={"Zeit bis zur Lösung": "resolution"})
        site.run()
        answers = "select score, responded_at from source.survey_response"
        assert site.bench.fetch(answers) == [(4, datetime(2026, 10, 3, 10, tzinfo=UTC))]
        clocks = "select ticket_id, metric, state from core.fct_sla_clock"
        assert site.bench.fetch(clocks) == [("1", "resolution", "breached")]

    def test_a_clock_of_an_unknown_name_is_kept_and_an_alert(self, site: Site):
        site.issues = [issue(1, customfield_10030=clock("Zeit bis zur Lösung"))]
        outcome = site.bench.run(AS_OF)
        assert site.bench.fetch("select metric from core.fct_sla_clock") == [("other",)]
        assert any("Zeit bis zur Lösung" in str(alert) for alert in outcome.alerts)

    def test_a_paused_clock_is_due_at_no_instant(self, site: Site):
        """Pausing takes the due time away that was reported before."""
        site.set(sla_metrics={"Time to resolution": "resolution"})
        site.issues = [issue(1, customfield_10030=clock(breachTime=at("2026-10-19T17:00Z")))]
        site.run(datetime(2026, 10, 10, tzinfo=UTC))
        site.issues = [
            issue(
                1,
                customfield_10030=clock(paused=True),
                updated="2026-10-11T09:00:00.000+0000",
            )
        ]
        site.run()
        assert site.bench.fetch("select state from core.fct_sla_clock") == [("running",)]

    def test_an_open_request_is_read_again_though_nobody_touches_it(self, site: Site):
        """A goal that is made shorter breaches at once, and `updated` stays."""
        site.set(sla_metrics={"Time to resolution": "resolution"})
        site.issues = [issue(1, customfield_10030=clock(breachTime=at("2026-10-30T17:00Z")))]
        site.run()
        late = clock(breachTime=at("2026-10-05T17:00Z"), breached=True)
        site.issues = [issue(1, customfield_10030=late)]
        changed = [r for r in site.run(AS_OF + timedelta(hours=1)).streams if r.changed]
        assert "open_slas" in {r.stream for r in changed}
        found = "select state, breached_at from core.fct_sla_clock"
        assert site.bench.fetch(found) == [("breached", datetime(2026, 10, 5, 17, tzinfo=UTC))]

    def test_the_channel_is_a_property_of_the_issue(self, site: Site):
        site.issues = [issue(n) for n in (1, 2)]
        site.issues[0]["properties"] = {"request.channel.type": {"value": "email"}}
        site.run()
        channels = dict(site.bench.fetch("select ticket_id, channel from core.fct_ticket"))
        assert channels == {"1": "email", "2": "other"}

    def test_a_new_key_of_issues_is_noticed_behind_the_list_of_fields(self, site: Site):
        site.issues = [issue(1)]
        site.run()
        site.issues[0]["extra"] = "x"
        warnings = [w for r in site.run(AS_OF + timedelta(hours=1)).streams for w in r.warnings]
        assert "field extra is new" in warnings

    def test_an_issue_that_moves_leaves_its_team(self, site: Site):
        site.issues = [issue(1, project={"id": "10001", "key": "BIL"})]
        moved = {"field": "project", "fieldId": "project", "from": "10000", "to": "10001"}
        history = {"id": "7", "created": 1790931600000, "items": [moved]}
        site.histories = [{"issueId": "1", "changeHistories": [history]}]
        site.run()
        stations = (
            "select holder_id from core.fct_assignment where kind = 'team' order by starts_at"
        )
        assert site.bench.fetch(stations) == [("10000",), ("10001",)]

    def test_only_service_desks_are_read_if_no_projects_are_named(self, site: Site):
        site.run()
        asked = [a.json()["jql"] for a in site.asked if a.path.endswith("search/jql")]
        assert asked
        assert all(jql.startswith("projectType = service_desk AND ") for jql in asked)
        site.asked.clear()
        site.set(projects="SUP, OPS")
        site.run(AS_OF + timedelta(days=1))
        asked = [a.json()["jql"] for a in site.asked if a.path.endswith("search/jql")]
        assert all(jql.startswith("project in (SUP, OPS) AND ") for jql in asked)


class TestDoctor:
    def test_a_sound_account_has_no_complaint(self, every_account: Bench, sandbox: Sandbox):
        only = tuple(a for a in every_account.accounts if a["connector"] == "jira")
        findings = examine(replace(every_account, accounts=only).settings())
        assert all(f.is_ok for f in findings), findings

    def test_hidden_projects_are_named(self, site: Site):
        site.set(projects="SUP, OPS")
        assert "OPS of projects cannot be seen" in site.doctor()
        site.set(projects="")
        site.projects = []
        assert "no service desk can be seen" in site.doctor()

    def test_a_field_that_is_not_there_is_named(self, site: Site):
        site.set(feedback_date_field="customfield_999")
        assert "customfield_999 is no field of the site" in site.doctor()

    def test_a_missing_licence_of_the_api_user_is_named(self, site: Site):
        site.fields = []
        assert "no SLA field can be seen" in site.doctor()

    def test_groups_that_are_hidden_are_named(self, site: Site):
        site.hidden = {"group/member"}
        assert "members of its groups are hidden" in site.doctor()


def test_a_list_of_fields_that_is_refused_leaves_the_shapes(every_account: Bench, sandbox: Sandbox):
    """SLAs are then what has cycles: nothing is lost for a list that the user may not read."""
    bench = replace(
        every_account,
        accounts=tuple(a for a in every_account.accounts if a["connector"] == "jira"),
    )
    sandbox.fakes["jira"].faults = [InjectedFault("forbidden", "/api/3/field", times=99)]
    assert bench.read(sandbox.fakes["jira"].clock).state == "completed"
    ((clocks, ratings),) = bench.fetch(
        "select (select count(*) from source.sla_event), (select count(*) from"
        " source.survey_response)"
    )
    assert min(clocks, ratings) > 0
