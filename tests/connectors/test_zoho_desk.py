"""Zoho Desk: what its published API description says, held against connector and pipeline."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import Bench
from tests_support import TODAY, PageView, midnight

from flows.pipeline.doctor import examine
from tasks.clock import Window
from tasks.connectors import connector
from tasks.connectors.zoho_desk.api import SEARCH, modified
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN, Request
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Response
from tasks.translation.columns import RecordBuffer, Rows, translate

NOW = midnight(TODAY)
HOURS = {
    "id": "4000000186010",
    "name": "IST",
    "type": "CUSTOM",
    "status": "ACTIVE",
    "timeZone": {"id": "Asia/Kolkata"},
    "businessTimes": [
        {
            "day": "MONDAY",
            "startTime": "10:00",
            "endTime": "16:00",
            "timeSlots": [
                {"startTime": "10:00", "endTime": "12:30"},
                {"startTime": "13:30", "endTime": "16:00"},
            ],
        },
        {"day": "SUNDAY", "startTime": "00:00", "endTime": "00:00", "timeSlots": []},
    ],
}
ALWAYS = {
    "id": "9",
    "name": "24x7",
    "type": "24X7",
    "status": "ACTIVE",
    "timeZone": {"id": "Europe/Rome"},
    "businessTimes": [],
}
LIST = {
    "id": "4000000191456",
    "holidayListType": "RECURRING",
    "year": None,
    "status": "ACTIVE",
    "associatedBusinessHours": [{"businessHourId": "4000000186010"}],
    "holidays": [{"from": "12-25", "to": "12-26", "holidayName": "Christmas"}],
}


def rows_of(stream: str, answer: Any, section: str = MAIN, **settings: Any) -> list[Rows]:
    """The rows that an answer becomes, of each output of a section."""
    declared = next(s for s in connector("zoho_desk").streams if s.name == stream)
    page = decode(declared, section, json.dumps(answer).encode())
    buffer = RecordBuffer()
    buffer.add(page.records, 1, "1", NOW)
    reader = page_reader(declared, section)
    return [
        translate(declared, output, reader, buffer, personal=True, settings=settings)
        for output in declared.outputs
        if output.section == section
    ]


def hours_of(*schedules: dict[str, Any], **settings: Any) -> list[tuple[Any, ...]]:
    (rows,) = rows_of("business_hours", {"data": schedules}, **settings)
    columns = ("schedule_id", "starts_minute", "ends_minute")
    return [tuple(row[name] for name in columns) for row in rows.table.to_pylist()]


def test_breaks_closed_days_and_inactive_hours():
    monday = 1440
    old = {**ALWAYS, "status": "INACTIVE"}
    assert hours_of(HOURS, old) == [
        ("4000000186010", monday + 600, monday + 750),
        ("4000000186010", monday + 810, monday + 960),
    ]


def test_hours_around_the_clock_have_no_times_and_never_close():
    assert hours_of(ALWAYS) == [("9", day * 1440, (day + 1) * 1440) for day in range(7)]
    without = {name: value for name, value in ALWAYS.items() if name != "businessTimes"}
    assert hours_of(without) == hours_of(ALWAYS)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("00:00", "23:59", [(8640, 10080)]),  # Saturday
        ("18:00", "00:00", [(8640 + 1080, 10080)]),
        ("22:00", "06:00", [(8640 + 1320, 10080), (0, 360)]),
    ],
)
def test_hours_that_reach_midnight(start: str, end: str, expected: list[tuple[int, int]]):
    slot = {"startTime": start, "endTime": end}
    day = {"day": "SATURDAY", **slot, "timeSlots": [slot]}
    assert [row[1:] for row in hours_of({**HOURS, "businessTimes": [day]})] == expected


def test_hours_in_force_that_never_open_are_refused_by_name():
    (rows,) = rows_of("business_hours", {"data": [{**HOURS, "businessTimes": []}]})
    assert rows.table.num_rows == 0
    assert "without an opening time" in rows.refused["reason"][0].as_py()


def days_of(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    (rows,) = rows_of("holidays", answer, "list")
    assert rows.refused.num_rows == 0
    return [(r["schedule_id"], r["first_on"], r["last_on"]) for r in rows.table.to_pylist()]


def test_a_recurring_list_closes_its_own_hours_every_year():
    found = days_of(LIST)
    assert {schedule for schedule, *_ in found} == {"4000000186010"}
    for year in (2024, 2026, 2040):
        assert ("4000000186010", date(year, 12, 25), date(year, 12, 26)) in found


def test_a_list_of_one_year_closes_that_year_only():
    one = {**LIST, "holidayListType": "YEAR_SPECIFIC", "year": "2026"}
    assert days_of(one) == [("4000000186010", date(2026, 12, 25), date(2026, 12, 26))]
    assert days_of({**one, "status": "INACTIVE"}) == []
    assert days_of({**one, "associatedBusinessHours": []}) == []


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("12-31", "01-02", [(date(2026, 12, 31), date(2027, 1, 2))]),
        ("02-29", "02-29", []),
        ("02-28", "02-29", [(date(2026, 2, 28), date(2026, 2, 28))]),
        ("02-29", "03-01", [(date(2026, 3, 1), date(2026, 3, 1))]),
    ],
)
def test_holidays_over_the_new_year_and_on_a_leap_day(first: str, last: str, expected):
    one = {
        **LIST,
        "holidayListType": "YEAR_SPECIFIC",
        "year": 2026,
        "holidays": [{"from": first, "to": last, "holidayName": "x"}],
    }
    assert [days for _, *days in days_of(one)] == [list(days) for days in expected]


@pytest.mark.parametrize("lost", ["associatedBusinessHours", "holidays", "year"])
def test_a_list_without_what_it_needs_is_refused(lost: str):
    one = {**LIST, "holidayListType": "YEAR_SPECIFIC", "year": 2026}
    (rows,) = rows_of("holidays", {key: one[key] for key in one if key != lost}, "list")
    assert (rows.table.num_rows, rows.refused.num_rows) == (0, 1)


def test_a_slot_without_length_is_refused_by_name():
    slot = {"startTime": "00:00", "endTime": "00:00"}
    day = {"day": "MONDAY", **slot, "timeSlots": [slot]}
    (rows,) = rows_of("business_hours", {"data": [{**HOURS, "businessTimes": [day]}]})
    assert "MONDAY: a slot from 00:00 to 00:00" in rows.refused["reason"][0].as_py()


RATING = {"id": "1", "ratedTime": "2026-02-03T08:00:00.000Z", "ticketId": "2"}


@pytest.mark.parametrize(
    ("word", "score"),
    [("GOOD", 1), ("OK", 0.5), ("OKAY", 0.5), ("BAD", 0), ("ok", 0.5)],
)
def test_words_of_ratings(word: str, score: float):
    (rows,) = rows_of("ratings", {"data": [{**RATING, "rating": word}]})
    assert [row["score"] for row in rows.table.to_pylist()] == [score]


@pytest.mark.parametrize("word", ["SO_SO", "", "nan", None])
def test_an_unknown_word_is_no_empty_score(word: str | None):
    (rows,) = rows_of("ratings", {"data": [{**RATING, "rating": word}]})
    assert rows.table.num_rows == 0
    assert "is no GOOD, OK or BAD" in rows.refused["reason"][0].as_py()


def table_of(stream: str, answer: Any, section: str, entity: str) -> list[dict[str, Any]]:
    return [
        row
        for rows in rows_of(stream, answer, section)
        if rows.entity.name == entity
        for row in rows.table.to_pylist()
    ]


ENTRY = {
    "id": "1",
    "ownerId": "7",
    "executedTime": 1513793360000,
    "hoursSpent": "1",
    "minutesSpent": "20",
    "secondsSpent": "5",
}


@pytest.mark.parametrize(
    ("trashed", "seconds"),
    [("true", []), (True, []), ("false", [4805]), (False, [4805]), (None, [4805])],
)
def test_time_entries_in_the_bin_do_not_count(trashed: Any, seconds: list[int]):
    answer = {"data": [{**ENTRY, "isTrashed": trashed}]}
    assert [r["seconds"] for r in table_of("tickets", answer, "time", "time_entry")] == seconds


def test_a_comment_of_the_customer_is_theirs():
    comment = {"id": "1", "isPublic": True, "commentedTime": "1591182892000", "commenterId": "4"}
    answer = {
        "data": [{**comment, "commenter": {"type": kind}} for kind in ("AGENT", "END_USER", None)]
    }
    messages = table_of("tickets", answer, "comments", "message")
    assert [row["author_role"] for row in messages] == ["agent", "customer", None]
    assert messages[0]["sent_at"].isoformat() == "2020-06-03T11:14:52+00:00"


def test_mails_that_were_not_sent_are_no_replies():
    thread = {"direction": "out", "createdTime": "2026-02-01T09:45:00.000Z", "channel": "EMAIL"}
    answer = {
        "data": [
            {**thread, "id": str(number), "status": status, "author": {"type": "AGENT"}}
            for number, status in enumerate(("SUCCESS", "FAILED", "DRAFT", "PENDING"))
        ]
    }
    found = table_of("tickets", answer, "threads", "message")
    assert [row["message_id"] for row in found] == ["0", "3"]


def test_instants_may_be_milliseconds():
    event = {
        "eventTime": 1591182892000,
        "eventName": "TicketUpdated",
        "actor": {"id": "7"},
        "eventInfo": [
            {
                "propertyName": "Status",
                "propertyValue": {"previousValue": "Open", "updatedValue": "Closed"},
            }
        ],
    }
    mixed = {"data": [event, {**event, "eventTime": "2020-06-03T11:14:53.000Z"}]}
    instants = {row["changed_at"] for row in table_of("tickets", mixed, "history", "ticket_event")}
    assert {at.isoformat() for at in instants} == {
        "2020-06-03T11:14:52+00:00",
        "2020-06-03T11:14:53+00:00",
    }
    ticket = {"id": "1", "status": "Closed", "statusType": "Closed", "createdTime": 1591182892000}
    clock = {"dueDate": 1591182900000, "closedTime": 1591182901000, "modifiedTime": 1591182901000}
    answer = {"data": [{**ticket, **clock}]}
    (made,) = table_of("tickets", answer, MAIN, "ticket")
    assert made["created_at"].isoformat() == "2020-06-03T11:14:52+00:00"
    kinds = [row["kind"] for row in table_of("tickets", answer, MAIN, "sla_event")]
    assert kinds == ["apply", "due", "fulfill", "breach"]


def test_a_merge_stamps_properties_again_and_changes_none():
    def event(name: str, at: str) -> dict[str, Any]:
        status = {"propertyName": "Status", "propertyType": "Text", "propertyValue": "Open"}
        return {"eventName": name, "eventTime": at, "actor": None, "eventInfo": [status]}

    answer = {
        "data": [
            event("TicketMergedMaster", "2026-02-03T09:00:00.000Z"),
            event("TicketCreated", "2026-02-01T09:00:00.000Z"),
            {**event("x", "2026-02-02T09:00:00.000Z"), "eventName": None},
        ]
    }
    found = table_of("tickets", answer, "history", "ticket_event")
    assert [row["changed_at"].day for row in found] == [1, 2]


@pytest.mark.parametrize(
    ("label", "kind", "category"),
    [
        ("Waiting on Customer", "On Hold", "hold"),
        ("En attente du client", "On Hold", "hold"),
        ("Erledigt", "Closed", "closed"),
        ("Closed soon", "Open", "open"),
    ],
)
def test_the_vendors_own_type_of_status_counts_in_any_language(label, kind, category):
    ticket = {"id": "1", "status": label, "statusType": kind}
    (status,) = table_of("tickets", {"data": [ticket]}, MAIN, "ticket_status")
    assert (status["status_id"], status["category"]) == (label, category)


@pytest.mark.parametrize("flag", ["isTrashed", "isSpam", "isDeleted"])
@pytest.mark.parametrize("value", [True, "true"])
def test_tickets_in_the_bin_and_spam_are_deleted(flag: str, value: Any):
    ticket = {"id": "1", "createdTime": "2026-02-01T09:00:00.000Z", flag: value}
    answer = {"data": [{**ticket, "modifiedTime": "2026-02-02T09:00:00.000Z"}]}
    assert table_of("tickets", answer, MAIN, "ticket") == []
    (gone,) = table_of("tickets", answer, MAIN, "tombstone")
    assert gone["record_id"] == "1"


def asked(start: str, offset: str = "0") -> Request:
    window = Window(NOW - timedelta(days=1), NOW)
    until = modified(window)["modifiedTimeRange"].partition(",")[2]
    params = {"modifiedTimeRange": f"{start},{until}", "from": offset, "limit": "100"}
    return Request("/api/v1/tickets/search", params)


def test_the_next_page_begins_at_the_last_change():
    page = PageView(100, lasts={"modifiedTime": "2026-10-31T10:00:00.123Z"})
    following = SEARCH.after(asked("2026-10-31T00:00:00.000Z"), page)
    assert following.params["from"] == "0"
    assert following.params["modifiedTimeRange"].startswith("2026-10-31T10:00:00.123Z,")
    again = SEARCH.after(following, page)  # a whole page of one instant
    assert (again.params["from"], again.params["modifiedTimeRange"]) == (
        "100",
        following.params["modifiedTimeRange"],
    )
    assert SEARCH.after(following, replace(page, count=99)) is None
    epoch = PageView(100, lasts={"modifiedTime": 1793440800123})
    assert (
        SEARCH.after(asked("2026-10-31T00:00:00.000Z"), epoch)
        .params["modifiedTimeRange"]
        .startswith("2026-10-31T10:00:00.000Z,")
    )


@pytest.fixture
def only(every_account: Bench) -> Bench:
    accounts = tuple(a for a in every_account.accounts if a["connector"] == "zoho_desk")
    return replace(every_account, accounts=accounts)


def test_hours_and_holidays_of_the_account_reach_the_calendar(only: Bench, sandbox: Sandbox):
    assert only.core(NOW).state == "completed"
    fake = sandbox.fakes["zoho_desk"]
    schedule = fake._hours()[0]["id"]
    assert only.fetch("select distinct schedule_id, is_default from core.business_segment") == [
        (schedule, True)
    ]
    holidays = only.fetch("select distinct schedule_id, first_on from source.holiday")
    assert {row[0] for row in holidays} == {schedule}
    assert len(holidays) > 5


def test_around_the_clock_business_time_is_calendar_time(only: Bench, sandbox, monkeypatch):
    monkeypatch.setattr(sandbox.fakes["zoho_desk"], "_hours", lambda: [ALWAYS])
    assert only.core(NOW).state == "completed"
    calendar, business = (f"first_reply{kind}_seconds_recorded" for kind in ("", "_business"))
    ((count, equal),) = only.fetch(
        f"select count(*), count(*) filter ({calendar} = {business}) from core.fct_ticket"
        f" where {calendar} is not null"
    )
    assert count == equal > 30


def test_what_the_plan_lacks_costs_itself_only(only: Bench, sandbox: Sandbox, monkeypatch):
    fake = sandbox.fakes["zoho_desk"]
    answer = fake.answer

    def reduced(request) -> Response:
        missing = ("businessHours", "holidayList", "customerHappiness")
        return fake.forbidden() if request.path.endswith(missing) else answer(request)

    monkeypatch.setattr(fake, "answer", reduced)
    outcome = only.read(NOW)
    assert outcome.state == "completed", outcome.message
    skipped = {result.stream for result in outcome.streams if result.state == "skipped"}
    assert skipped == {"business_hours", "holidays", "ratings"}


class TestDoctor:
    def finding(self, bench: Bench, **more: Any) -> Any:
        changed = replace(bench, accounts=({**bench.accounts[0], **more},))
        findings = examine(changed.settings())
        return next(f for f in findings if f.subject.startswith("account"))

    def test_all_is_well(self, only: Bench):
        assert self.finding(only).is_ok

    def test_another_organization(self, only: Bench):
        found = self.finding(only, organization_id="1")
        assert not found.is_ok
        assert "organization_id 1 is not among those of this login: 60001" in found.description

    def test_several_business_hours_and_no_setting(self, only: Bench, sandbox, monkeypatch):
        fake = sandbox.fakes["zoho_desk"]
        two = [HOURS, ALWAYS]
        monkeypatch.setattr(fake, "_hours", lambda: two)
        found = self.finding(only)
        assert not found.is_ok
        assert (
            "default_schedule of the account to one of 4000000186010 (IST), 9" in found.description
        )
        assert self.finding(only, default_schedule="IST").is_ok
        wrong = self.finding(only, default_schedule="Rome")
        assert "default_schedule Rome is none of those in force" in wrong.description

    def test_a_missing_scope(self, only: Bench, sandbox, monkeypatch):
        fake = sandbox.fakes["zoho_desk"]
        answer = fake.answer

        def refusing(request) -> Response:
            if request.path == "/api/v1/agents":
                return fake._error(403, "SCOPE_MISMATCH", "The scope is not granted")
            return answer(request)

        monkeypatch.setattr(fake, "answer", refusing)
        found = self.finding(only)
        assert not found.is_ok
        assert "agents: " in found.description
        assert "The scope is not granted" in found.description


def test_lists_that_the_ticket_says_are_empty_are_not_asked_for(only: Bench, sandbox: Sandbox):
    fake = sandbox.fakes["zoho_desk"]
    assert only.read(NOW).state == "completed"
    asked = {call.path.split("/")[4] for call in fake.asked if call.path.endswith("/comments")}
    tickets = {row["id"]: row["commentCount"] for row in map(fake._ticket, fake._known())}
    assert asked == {key for key, count in tickets.items() if count != "0"}
    assert list(tickets.values()).count("0") > 5
