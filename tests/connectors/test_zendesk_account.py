"""Small Zendesk accounts, answer by answer, through the whole pipeline; figures by hand."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Bench

from flows.pipeline.doctor import examine
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Fake, InjectedFault, Request, Response
from tasks.sandbox.vendors.zendesk import Zendesk

Rows = list[dict[str, Any]]
HERE = Path(__file__).parent
AS_OF = datetime(2026, 4, 20, tzinfo=UTC)
NAMES = {"slas/policies": "sla_policies", "group_slas/policies": "group_sla_policies"}
AGENT, LEAVER, CUSTOMER = 100004, 100097, 200008


class Desk:
    """An account with the given records; every list is one page."""

    def __init__(self, bench: Bench, fake: Fake) -> None:
        self.bench = bench
        self.records: dict[str, Rows] = {
            "incremental/users/cursor": [user(AGENT, "agent"), user(CUSTOMER, "end-user")]
        }
        fake.answer = self.answer  # type: ignore[method-assign]

    def answer(self, asked: Request) -> Response:
        path = asked.path.removeprefix("/api/v2/").removesuffix(".json")
        name = NAMES.get(path, path.removesuffix("/cursor").rsplit("/", 1)[-1])
        page = {"end_of_stream": True, "after_cursor": "c", "end_time": 1, "next_page": None}
        rows = self.records.get(path, [])
        return Response({name: rows, "meta": {"has_more": False}, **page})

    def run(self, as_of: datetime = AS_OF) -> None:
        """Read, and build `core`."""
        outcome = self.bench.core(as_of)
        assert outcome.state == "completed", outcome.message

    def run_all(self) -> None:
        """Read, and build all tables."""
        outcome = self.bench.run(AS_OF)
        assert outcome.state == "completed", outcome.message

    def row(self, columns: str, table: str = "core.fct_ticket") -> tuple[Any, ...]:
        (found,) = self.bench.fetch(f"select {columns} from {table}")
        return tuple(found)


@pytest.fixture
def desk(every_account: Bench, sandbox: Sandbox) -> Desk:
    every_account.accounts = tuple(
        {**a, "start": "2026-01-01T00:00:00Z"}
        for a in every_account.accounts
        if a["connector"] == "zendesk"
    )
    return Desk(every_account, sandbox.fakes["zendesk"])


def user(number: int, role: str, updated: str = "2026-01-20T00:00:00Z", **more: Any) -> dict:
    return {
        "id": number,
        "role": role,
        "active": True,
        "suspended": False,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": updated,
        **more,
    }


def ticket(number: int, opened: str, status: str = "solved", **more: Any) -> dict:
    return {
        "id": number,
        "status": status,
        "priority": "normal",
        "via": {"channel": "email"},
        "requester_id": CUSTOMER,
        "submitter_id": CUSTOMER,
        "created_at": opened,
        "updated_at": "2026-04-10T00:00:00Z",
        "generated_timestamp": 1775779200,
        "tags": [],
        **more,
    }


class History:
    """Ticket events, one by one; ids count up."""

    def __init__(self, number: int) -> None:
        self.number, self.rows = number, list[dict[str, Any]]()

    def add(self, at: str, updater: int, *children: Mapping[str, Any]) -> None:
        place = self.number * 1000 + len(self.rows) * 10
        self.rows.append(
            {
                "id": place,
                "ticket_id": self.number,
                "timestamp": int(datetime.fromisoformat(at).timestamp()),
                "created_at": at,
                "updater_id": updater,
                "event_type": "Audit",
                "child_events": [{"id": place + n, **c} for n, c in enumerate(children, 1)],
            }
        )


def said(author: int, *, public: bool = True) -> dict[str, Any]:
    return {"event_type": "Comment", "author_id": author, "public": public, "body": "x"}


def became(status: str, before: str | None = None) -> dict[str, Any]:
    if before is None:
        return {"event_type": "Create", "status": status}
    return {"event_type": "Change", "status": status, "previous_value": before}


def schedule(number: int, zone: str, days: range, opens: int, closes: int) -> dict[str, Any]:
    spans = [
        {"start_time": d * 1440 + opens * 60, "end_time": d * 1440 + closes * 60} for d in days
    ]
    return {"id": number, "name": zone, "time_zone": zone, "intervals": spans}


def two_schedules(*, reverse: bool = False) -> dict[str, Rows]:
    """New York from 9 to 17; London from 8 to 18, Saturdays from 10 to 14, closed on 30 March."""
    new_york = schedule(700001, "Eastern Time (US & Canada)", range(1, 6), 9, 17)
    london = schedule(700002, "London", range(1, 6), 8, 18)
    london["intervals"].append({"start_time": 6 * 1440 + 600, "end_time": 6 * 1440 + 840})
    closed = {"id": 1, "name": "Closed", "start_date": "2026-03-30", "end_date": "2026-03-30"}
    both = [new_york, london]
    return {
        "business_hours/schedules": both[::-1] if reverse else both,
        "business_hours/schedules/700002/holidays": [closed],
    }


def test_business_time_is_that_of_the_schedule_of_the_ticket(desk: Desk):
    """Friday 17:30 to Tuesday 9:00 in London: 30 minutes, 4 hours on Saturday, and one hour."""
    past = History(1002)
    assigned = {
        "event_type": "ScheduleAssignment",
        "previous_schedule_id": 700001,
        "new_schedule_id": 700002,
    }
    past.add("2026-03-27T17:30:00Z", CUSTOMER, said(CUSTOMER), became("new"), assigned)
    past.add("2026-03-31T08:00:00Z", AGENT, said(AGENT), became("solved", "new"))
    desk.records |= two_schedules() | {
        "incremental/tickets/cursor": [ticket(1002, "2026-03-27T17:30:00Z")],
        "incremental/ticket_events": past.rows,
    }
    desk.run()
    assert desk.row("first_reply_business_seconds_recorded") == (19_800,)


def is_default(desk: Desk) -> dict[str, bool]:
    return dict(
        desk.bench.fetch("select distinct schedule_id, is_default from core.business_segment")
    )


def test_the_default_schedule_is_the_first_of_the_list(desk: Desk):
    """Ids are numbers: as texts, 10000002 would come before 990001. The order can change."""
    first, second = (
        schedule(990001, "Eastern Time (US & Canada)", range(1, 6), 9, 17),
        schedule(10000002, "London", range(1, 6), 8, 18),
    )
    desk.records |= {
        "incremental/tickets/cursor": [ticket(1, "2026-03-27T17:30:00Z")],
        "business_hours/schedules": [first, second],
    }
    desk.run()
    assert is_default(desk) == {"990001": True, "10000002": False}
    desk.records["business_hours/schedules"] = [second, first]
    desk.run(AS_OF + timedelta(days=1))
    assert is_default(desk) == {"990001": False, "10000002": True}


def test_a_schedule_of_seven_whole_days_is_always_open(desk: Desk):
    past = History(1)
    past.add("2026-03-27T17:30:00Z", CUSTOMER, said(CUSTOMER), became("new"))
    past.add("2026-03-30T08:00:00Z", AGENT, said(AGENT), became("solved", "new"))
    desk.records |= {
        "incremental/tickets/cursor": [ticket(1, "2026-03-27T17:30:00Z")],
        "incremental/ticket_events": past.rows,
        "business_hours/schedules": [schedule(1, "London", range(7), 0, 24)],
    }
    desk.run()
    waited = (2 * 24 + 14) * 3600 + 1800
    assert desk.row("first_reply_business_seconds_recorded, first_reply_seconds_recorded") == (
        waited,
        waited,
    )


def sla_event(number: int, kind: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "id": 7000 + number,
        "ticket_id": 1019,
        "metric": "requester_wait_time",
        "instance_id": 1,
        "type": kind,
        "time": at,
        **more,
    }


def test_the_time_in_the_bin_is_no_work_no_waiting_and_no_backlog(desk: Desk):
    """One hour before it and two days after it; 73 hours would breach the target of 72."""
    past = History(1019)
    past.add("2026-03-13T10:00:00Z", CUSTOMER, said(CUSTOMER), became("new"))
    past.add("2026-03-13T11:00:00Z", AGENT, became("deleted", "new"))
    past.add("2026-03-14T11:00:00Z", AGENT, became("open", "deleted"))
    past.add("2026-03-16T11:00:00Z", AGENT, said(AGENT), became("solved", "open"))
    policy = {"target": 4320, "business_hours": False, "policy": {"id": 25, "title": "Waiting"}}
    desk.records |= {
        "incremental/tickets/cursor": [ticket(1019, "2026-03-13T10:00:00Z")],
        "incremental/ticket_events": past.rows,
        "incremental/ticket_metric_events": [
            sla_event(1, "apply_sla", "2026-03-13T10:00:00Z", sla=policy)
        ],
    }
    desk.run()
    assert desk.row("requester_wait_seconds_recorded, agent_work_seconds_recorded") == (
        2940 * 60,
        2940 * 60,
    )
    assert desk.row("metric, state, elapsed_seconds_recorded", "core.fct_sla_clock") == (
        "requester_wait",
        "achieved",
        2940 * 60,
    )
    days = desk.bench.fetch(
        "select cast(day as varchar), backlog_count, binned_count from core.snap_backlog_daily"
        " where day between '2026-03-12' and '2026-03-16' and time_zone = 'Europe/Berlin'"
        " order by day"
    )
    assert days == [
        ("2026-03-13", 0, 1),
        ("2026-03-14", 1, -1),
        ("2026-03-15", 1, 0),
        ("2026-03-16", 0, 0),
    ]


def rating(score: str, updated: str) -> dict[str, Any]:
    return {
        "id": 7500003,
        "ticket_id": 1025,
        "assignee_id": AGENT,
        "requester_id": CUSTOMER,
        "score": score,
        "comment": None,
        "created_at": "2026-03-14T10:00:00Z",
        "updated_at": updated,
    }


def rated(score: str, before: str) -> dict[str, Any]:
    return {"event_type": "Change", "satisfaction_score": score, "previous_value": before}


def rated_twice() -> History:
    past = History(1025)
    past.add("2026-03-13T10:00:00Z", CUSTOMER, said(CUSTOMER), became("new"))
    past.add("2026-03-13T11:00:00Z", AGENT, said(AGENT), became("solved", "new"))
    past.add("2026-03-14T10:00:00Z", AGENT, rated("offered", "unoffered"))
    past.add("2026-03-14T11:00:00Z", CUSTOMER, rated("bad", "offered"))
    past.add("2026-03-14T12:00:00Z", CUSTOMER, rated("good", "bad"))
    return past


@pytest.mark.parametrize("at_once", [True, False])
def test_a_rating_that_was_changed_keeps_its_first_value(desk: Desk, at_once: bool):
    """The list of ratings has the latest only, whether it is read once or after each rating."""
    past = rated_twice()
    desk.records |= {
        "incremental/tickets/cursor": [ticket(1025, "2026-03-13T10:00:00Z")],
        "incremental/ticket_events": past.rows,
        "satisfaction_ratings": [rating("good", "2026-03-14T12:00:00Z")],
    }
    if not at_once:
        desk.records["satisfaction_ratings"] = [rating("bad", "2026-03-14T11:00:00Z")]
        desk.records["incremental/ticket_events"] = past.rows[:-1]
        desk.run(AS_OF - timedelta(days=1))
        assert desk.row("csat_ratings_count, csat_score_share") == (1, 0.0)
        desk.records["satisfaction_ratings"] = [rating("good", "2026-03-14T12:00:00Z")]
        desk.records["incremental/ticket_events"] = past.rows
    desk.run_all()
    columns = "csat_first_score_share, csat_score_share, is_bad_to_good, csat_ratings_count"
    assert desk.row(columns) == (0.0, 1.0, True, 2)
    counted = "select kpi, sum(numerator) from marts.kpi_daily where kpi in ('{}', '{}') group by 1"
    assert desk.bench.fetch(counted.format("bad_to_good", "good_to_bad")) == [("bad_to_good", 1.0)]


def reply_of_a_leaver(*more: dict[str, Any]) -> History:
    """Asked at 10:00; the leaver replies at 11:00, an agent at 15:00."""
    past = History(1022)
    past.add("2026-04-01T10:00:00Z", CUSTOMER, said(CUSTOMER), became("new"))
    past.add("2026-04-01T11:00:00Z", LEAVER, said(LEAVER), *more)
    past.add("2026-04-01T15:00:00Z", AGENT, said(AGENT), became("solved", "new"))
    return past


HELD = {"event_type": "Change", "assignee_id": LEAVER, "previous_value": None}


@pytest.mark.parametrize("daily", [False, True], ids=["full load", "daily"])
@pytest.mark.parametrize(
    ("trace", "seconds", "replies"),
    [((HELD,), 3_600, 2), ((said(LEAVER, public=False),), 3_600, 2), ((), 18_000, 1)],
    ids=["held a ticket", "wrote a note", "no trace"],
)
def test_who_left_stays_the_agent_of_what_they_wrote(
    desk: Desk, daily: bool, trace: tuple[Any, ...], seconds: int, replies: int
):
    """A full load knows only today's roles; daily runs have seen the person as an agent."""
    users = "incremental/users/cursor"
    desk.records |= {
        "incremental/tickets/cursor": [ticket(1022, "2026-04-01T10:00:00Z")],
        "incremental/ticket_events": reply_of_a_leaver(*trace).rows,
    }
    present = desk.records[users]
    if daily:
        desk.records[users] = [*present, user(LEAVER, "agent")]
        desk.run(AS_OF - timedelta(days=1))
        assert desk.row("first_reply_seconds_recorded, replies_count") == (3_600, 2)
    desk.records[users] = [*present, user(LEAVER, "end-user", "2026-04-18T12:00:00Z")]
    desk.run()
    columns = "first_reply_seconds_recorded, replies_count, is_one_touch"
    assert desk.row(columns) == (seconds, replies, replies == 1)
    assert desk.row("agent_id", "staging.known_agent") == (str(AGENT),)
    assert desk.row("count(*)", "staging.known_customer") == (2,)


def test_answers_to_the_newer_surveys_are_read_without_a_setting(
    every_account: Bench, sandbox: Sandbox
):
    """The vendor refuses pages of more than 50; good and bad are the vendor's, on any scale."""
    fake = sandbox.fakes["zendesk"]
    assert isinstance(fake, Zendesk)
    fake.newer_csat = True
    every_account.accounts = tuple(a for a in every_account.accounts if a["connector"] == "zendesk")
    assert every_account.read(fake.clock).state == "completed"
    answered = [r["score"] for r in fake._make_ratings() if r["score"] in {"good", "bad"}]
    assert len(answered) > 10
    assert every_account.fetch(
        "select count(*), sum(score), count(ticket_id) from source.survey_response"
    ) == [(len(answered), answered.count("good"), len(answered))]


def test_a_group_sla_has_a_clock_from_the_events_of_the_vendor(desk: Desk):
    """A group holds the ticket for 30 minutes of 20, then another one for 10."""
    rows = []
    steps = [
        (1, "activate", "10:00"),
        (1, "apply_group_sla", "10:00"),
        (1, "breach", "10:20"),
        (1, "fulfill", "10:30"),
        (2, "activate", "10:30"),
        (2, "apply_group_sla", "10:30"),
        (2, "fulfill", "10:40"),
    ]
    for number, (instance, kind, at) in enumerate(steps):
        row = sla_event(number, kind, f"2026-03-13T{at}:00Z", metric="group_ownership_time")
        row["instance_id"] = instance
        if kind == "apply_group_sla":
            row["group_sla"] = {"target": 20, "business_hours": False, "policy": {"id": "01G"}}
        rows.append(row)
    desk.records |= {
        "incremental/tickets/cursor": [ticket(1019, "2026-03-13T10:00:00Z")],
        "incremental/ticket_metric_events": rows,
    }
    desk.run()
    found = desk.bench.fetch(
        "select metric, policy_id, target_seconds, state"
        " from core.fct_sla_clock order by started_at"
    )
    assert found == [
        ("group_ownership", "01G", 1200, "breached"),
        ("group_ownership", "01G", 1200, "achieved"),
    ]


def test_an_example_ticket_of_the_vendor_is_no_volume(desk: Desk):
    example = ticket(1, "2026-03-13T10:00:00Z", via={"channel": "sample_ticket"})
    desk.records["incremental/tickets/cursor"] = [example, ticket(2, "2026-03-13T11:00:00Z")]
    desk.run_all()
    assert desk.bench.fetch("select ticket_id, excluded_because from core.fct_ticket") == [
        ("1", "sample"),
        ("2", None),
    ]
    assert desk.bench.fetch(
        "select sum(numerator) from marts.kpi_daily where kpi = 'tickets_created'"
    ) == [(1.0,)]


@pytest.mark.parametrize("mark", [{"permanently_deleted": True}, {}], ids=["cleared", "deleted"])
def test_a_person_who_was_deleted_leaves_the_list_of_customers(desk: Desk, mark: dict[str, Any]):
    """Nothing personal of them stays; their tickets do."""
    users = "incremental/users/cursor"
    desk.bench.accounts = tuple({**a, "personal_data": True} for a in desk.bench.accounts)
    desk.records |= {"incremental/tickets/cursor": [ticket(1, "2026-03-13T10:00:00Z")]}
    desk.records[users] = [user(AGENT, "agent"), user(CUSTOMER, "end-user", name="Ana")]
    desk.run(AS_OF - timedelta(days=1))
    assert desk.row("name", "source.customer") == ("Ana",)
    gone = {**user(CUSTOMER, "end-user", "2026-04-18T12:00:00Z", name="Permanently deleted user")}
    desk.records[users] = [user(AGENT, "agent"), {**gone, "active": False, **mark}]
    desk.run()
    assert desk.row("count(*)", "staging.known_customer") == (0,)
    assert desk.row("name", "source.customer") == (None,)
    assert desk.row("requester_id") == (str(CUSTOMER),)


def test_a_time_zone_of_a_person_has_its_iana_name(desk: Desk):
    zones = {"time_zone": "Moscow", "iana_time_zone": "Europe/Moscow"}
    desk.records["incremental/users/cursor"] = [user(AGENT, "agent", **zones)]
    desk.run()
    assert desk.row("time_zone", "source.agent") == ("Europe/Moscow",)


def pages_of_at_most(fake: Fake, most: int, *, path: str) -> list[int]:
    """Answer 504 to calls for bigger pages; the sizes that were asked for, in order."""
    sizes: list[int] = []
    whole = fake.answer

    def answer(asked: Request) -> Response:
        if path not in asked.path:
            return whole(asked)
        sizes.append(int(asked.query["per_page"]))
        return whole(asked) if sizes[-1] <= most else Response({"error": "timeout"}, 504)

    fake.answer = answer  # type: ignore[method-assign]
    return sizes


@pytest.mark.parametrize("path", ["incremental/tickets/cursor", "incremental/ticket_events"])
def test_pages_that_take_too_long_are_halved_and_stay_so(
    every_account: Bench, sandbox: Sandbox, path: str
):
    """Starts at 1,000; asks for each size once, and no later chunk of the run starts higher."""
    fake = sandbox.fakes["zendesk"]
    sizes = pages_of_at_most(fake, 125, path=path)
    every_account.accounts = tuple(a for a in every_account.accounts if a["connector"] == "zendesk")
    outcome = every_account.read(fake.clock)
    assert outcome.state == "completed", outcome.message
    assert sizes[:4] == [1000, 500, 250, 125]
    assert len(sizes) > 4
    assert set(sizes[3:]) == {125}


def test_pages_that_are_always_too_slow_fail_by_name(every_account: Bench, sandbox: Sandbox):
    fake = sandbox.fakes["zendesk"]
    sizes = pages_of_at_most(fake, 0, path="incremental/tickets/cursor")
    every_account.accounts = tuple(a for a in every_account.accounts if a["connector"] == "zendesk")
    outcome = every_account.read(fake.clock)
    assert "504 timeout" in outcome.message
    assert (sizes[0], sizes[4], sizes[-1]) == (1000, 62, 62)


def survey_answer(kind: str, at: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "created_at": at, "updated_at": at, **more}


OLDER = {"survey_id": "01S", "survey_version": 3}
NEWER = {"survey": {"id": "01S", "version": 3, "state": "enabled"}}
CONVERSATION = "zen:conversation:4295a81b-ccdd-4998-88d9-0eff5e76dc44"


@pytest.mark.parametrize(
    ("about", "number"),
    [
        ({**OLDER, "subject_zrns": ["zrn:ticket:99"]}, "99"),
        ({**OLDER, "subject_zrns": [CONVERSATION, "zen:ticket:99"]}, "99"),
        ({**NEWER, "subjects": [{"id": "99", "type": "ticket", "zrn": "zen:ticket:99"}]}, "99"),
        ({**NEWER, "subjects": [{"id": "4", "type": "request", "zrn": "zen:request:4"}]}, None),
        ({**NEWER, "subjects": [{"id": "x", "type": "conversation", "zrn": CONVERSATION}]}, None),
        (NEWER, None),
    ],
    ids=["older", "older, two", "newer", "request", "conversation", "none"],
)
def test_an_answer_to_a_newer_survey_has_its_ticket_and_comment(
    desk: Desk, about: dict[str, Any], number: str | None
):
    """Changed after an hour; the comment is an answer of its own, others are skipped or closed."""
    rated = survey_answer("rating_scale", "2026-03-14T12:00:00Z", rating=2, rating_category="good")
    answers = [
        survey_answer("skipped", "2026-03-14T12:00:00Z"),
        {**rated, "updated_at": "2026-03-14T13:00:00Z"},
        survey_answer("closed_ended", "2026-03-14T12:00:00Z", selections=[{"option_id": "1"}]),
        survey_answer("open_ended", "2026-03-14T12:00:00Z", value='Said "thanks"'),
    ]
    desk.bench.accounts = tuple({**a, "personal_data": True} for a in desk.bench.accounts)
    desk.records["guide/survey_responses"] = [
        {"id": "01R", "answers": answers, "responder_id": CUSTOMER, **about}
    ]
    desk.run()
    columns = "ticket_id, survey_id, score, comment, responded_at"
    assert desk.row(columns, "source.survey_response") == (
        number,
        "01S",
        1.0,
        'Said "thanks"',
        datetime(2026, 3, 14, 13, tzinfo=UTC),
    )


OPENED = "2026-03-27T17:30:00Z"
FIRST_REPLY = {
    "created_at": OPENED,
    "reply_time_in_minutes": {"calendar": 5190, "business": 330},
}


def compared(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.bench.fetch(
        "select calendar, our_value, vendor_value, state, explanation from marts.vendor_comparison"
        " where measure = 'first_reply' order by calendar"
    )


def first_replied(*more: dict[str, Any]) -> list[dict[str, Any]]:
    past = History(1002)
    past.add(OPENED, CUSTOMER, said(CUSTOMER), became("new"), *more)
    past.add("2026-03-31T08:00:00Z", AGENT, said(AGENT), became("solved", "new"))
    return past.rows


def test_a_schedule_that_is_not_read_is_an_unexplained_difference(desk: Desk):
    """The vendor counts 330 minutes in London's hours, we 690 in those of New York."""
    desk.records |= two_schedules() | {
        "incremental/tickets/cursor": [ticket(1002, OPENED, metric_set=FIRST_REPLY)],
        "incremental/ticket_events": first_replied(),
    }
    desk.run_all()
    assert compared(desk) == [
        ("business", 690.0, 330.0, "unexplained", None),
        ("calendar", 5190.0, 5190.0, "equal", None),
    ]


def test_with_its_schedule_read_the_ticket_agrees(desk: Desk):
    assigned = {
        "event_type": "ScheduleAssignment",
        "previous_schedule_id": 700001,
        "new_schedule_id": 700002,
    }
    desk.records |= two_schedules() | {
        "incremental/tickets/cursor": [ticket(1002, OPENED, metric_set=FIRST_REPLY)],
        "incremental/ticket_events": first_replied(assigned),
    }
    desk.run_all()
    assert [row[3] for row in compared(desk)] == ["equal", "equal"]


def test_changes_may_name_their_field_as_audits_do(desk: Desk):
    past = History(7)
    named = {"event_type": "Create", "field_name": "status", "value": "new"}
    solved = {
        "event_type": "Change",
        "field_name": "status",
        "value": "solved",
        "previous_value": "new",
    }
    past.add("2026-03-13T10:00:00Z", CUSTOMER, said(CUSTOMER), named)
    past.add("2026-03-13T12:00:00Z", AGENT, said(AGENT), solved)
    desk.records |= {
        "incremental/tickets/cursor": [ticket(7, "2026-03-13T10:00:00Z")],
        "incremental/ticket_events": past.rows,
    }
    desk.run_all()
    assert desk.row("full_resolution_seconds_recorded, solves_count") == (7_200, 1)


class TestDoctor:
    def finding(self, bench: Bench) -> Any:
        findings = examine(bench.settings())
        return next(f for f in findings if f.subject.startswith("account"))

    @pytest.fixture
    def only(self, every_account: Bench) -> Bench:
        every_account.accounts = tuple(
            a for a in every_account.accounts if a["connector"] == "zendesk"
        )
        return every_account

    @pytest.mark.parametrize("newer_csat", [False, True])
    def test_all_is_well(self, only: Bench, sandbox: Sandbox, newer_csat: bool):
        fake = sandbox.fakes["zendesk"]
        assert isinstance(fake, Zendesk)
        fake.newer_csat = newer_csat
        found = self.finding(only)
        assert found.is_ok, found.description

    @pytest.mark.parametrize(
        ("path", "edit", "complaint"),
        [
            (
                "users/me",
                lambda body: body.replace(b'"role":"admin"', b'"role":"agent"'),
                "role: the user's role is agent; exports are for administrators",
            ),
            (
                "incremental/tickets/cursor",
                lambda body: body.replace(b'"metric_set":', b'"metrics":'),
                "tickets: tickets come without metric_set",
            ),
            (
                "incremental/ticket_events",
                lambda body: body.replace(b'"status":', b'"state":'),
                "history: the history of tickets has changes, and none of a status",
            ),
        ],
    )
    def test_an_answer_of_another_shape_is_named(
        self, only: Bench, sandbox: Sandbox, path: str, edit: Any, complaint: str
    ):
        fault = InjectedFault("edit", path, times=99, edit=edit)
        sandbox.fakes["zendesk"].faults = [fault]
        found = self.finding(only)
        assert not found.is_ok
        assert complaint in found.description

    @pytest.mark.parametrize(
        ("path", "name"),
        [("incremental/users", "people"), ("incremental/tickets", "tickets")],
    )
    def test_an_export_that_is_refused_is_named(
        self, only: Bench, sandbox: Sandbox, path: str, name: str
    ):
        sandbox.fakes["zendesk"].faults = [InjectedFault("forbidden", path, times=99)]
        assert f"{name}: " in self.finding(only).description
        assert "403" in self.finding(only).description

    def test_a_refused_sign_in_names_its_settings(self, only: Bench):
        (account,) = only.accounts
        only.accounts = ({**account, "email": "nobody@alderfinch.example"},)
        assert "signed in by API token with the settings email" in self.finding(only).description
        scoped = {**account, "oauth_scope": "write", "login_url": "https://login.example"}
        only.accounts = ({**scoped, "email": "nobody@alderfinch.example"},)
        assert "email, login_url, oauth_scope" in self.finding(only).description

    def test_no_kind_of_rating_that_may_be_read_is_named(self, only: Bench, sandbox: Sandbox):
        sandbox.fakes["zendesk"].faults = [
            InjectedFault("forbidden", "satisfaction_ratings|survey_responses", times=99)
        ]
        found = self.finding(only)
        assert not found.is_ok
        assert "CSAT: neither ratings nor survey responses may be read" in found.description


SAMPLES = [json.loads(p.read_text()) for p in sorted((HERE / "zendesk").glob("*.json"))]
PATHS = {
    "tickets": "incremental/tickets/cursor",
    "ticket_events": "incremental/ticket_events",
    "users": "incremental/users/cursor",
    "organizations": "incremental/organizations",
    "sla_events": "incremental/ticket_metric_events",
    "satisfaction": "satisfaction_ratings",
    "survey_responses": "guide/survey_responses",
    "groups": "groups",
    "memberships": "group_memberships",
    "sla_policies": "slas/policies",
    "group_sla_policies": "group_slas/policies",
    "schedules": "business_hours/schedules",
    "custom_statuses": "custom_statuses",
    "deleted_tickets": "deleted_tickets",
    "ticket_fields": "ticket_fields",
    "user_fields": "user_fields",
    "organization_fields": "organization_fields",
    "brands": "brands",
    "ticket_forms": "ticket_forms",
}


def records(answer: Mapping[str, Any]) -> Rows:
    """The records of a page: its one list."""
    (rows,) = [value for value in answer.values() if isinstance(value, list)]
    return rows


@pytest.mark.parametrize("stream", sorted(PATHS))
def test_the_fake_offers_only_what_recordings_and_descriptions_have(sandbox: Sandbox, stream: str):
    fake = sandbox.fakes["zendesk"]
    assert isinstance(fake, Zendesk)
    fake.newer_csat = stream == "survey_responses"
    known = {
        field
        for sample in SAMPLES
        if sample["stream"] == stream and "section" not in sample
        for record in records(sample["answer"])
        for field in record
    }
    query = {"start_time": "0", "include": "metric_sets,comment_events"}
    login = b64encode(b"etl@alderfinch.example/token:zendesk-demo-token").decode()
    headers = {"authorization": f"Basic {login}"}
    asked = Request("GET", f"/api/v2/{PATHS[stream]}.json", query, headers, b"")
    offered = {field for record in records(fake.answer(asked).content) for field in record}
    assert offered <= known
