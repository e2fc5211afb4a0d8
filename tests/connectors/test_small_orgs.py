"""Small Salesforce orgs through the whole pipeline; figures by hand."""

from typing import Any

import pytest
from conftest import Bench
from small_desks import AS_OF, salesforce

from tasks.sandbox.company import Sandbox

AGENT, LEAVER, ROBOT, PORTAL = (f"00500000000000{n}AAA" for n in (1, 2, 3, 4))
CASE, NEW_YORK, LONDON = "500000000000001AAA", "01m000000000001AAA", "01m000000000002AAA"
CREATED = "2026-03-27T17:30:00.000+0000"
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
Rows = list[dict[str, Any]]
BASE = {"CreatedDate": CREATED, "SystemModstamp": CREATED, "IsDeleted": False}


def user(key: str, kind: str = "Standard", *, is_active: bool = True) -> dict[str, Any]:
    person = {"Name": "x", "Email": None, "TimeZoneSidKey": "Europe/London"}
    return {**BASE, **person, "Id": key, "IsActive": is_active, "UserType": kind}


def case(hours: str | None, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("Subject", "Type", "AccountId", "MasterRecordId", "ClosedDate"))
    return {
        **BASE,
        **empty,
        "Id": CASE,
        "CaseNumber": "1",
        "Status": "New",
        "Priority": "Medium",
        "Origin": "Email",
        "OwnerId": AGENT,
        "ContactId": "003000000000001AAA",
        "CreatedById": ROBOT,
        "BusinessHoursId": hours,
        **more,
    }


def hours(key: str, zone: str, opens: str, closes: str, *, first: bool = False) -> dict[str, Any]:
    week = {f"{day}{end}Time": None for day in DAYS for end in ("Start", "End")}
    for day in DAYS[1:6]:
        week |= {f"{day}StartTime": f"{opens}:00.000Z", f"{day}EndTime": f"{closes}:00.000Z"}
    named = {"Id": key, "Name": f"{zone} hours", "IsActive": True, "IsDefault": first}
    return {**BASE, **week, **named, "TimeZoneSidKey": zone}


def mail(number: int, at: str, author: str, kind: str = "Standard", **more: Any) -> dict[str, Any]:
    written = {"MessageDate": at, "CreatedById": author, "CreatedBy.UserType": kind}
    return {
        **BASE,
        **written,
        "Id": f"02s00000000000{number}AAA",
        "ParentId": CASE,
        "Incoming": False,
        "Status": "3",
        "TextBody": "x",
        **more,
    }


def comment(number: int, at: str, author: str, kind: str) -> dict[str, Any]:
    return {
        **BASE,
        "Id": f"00a00000000000{number}AAA",
        "ParentId": CASE,
        "IsPublished": True,
        "CommentBody": "x",
        "CreatedById": author,
        "CreatedBy.UserType": kind,
        "CreatedDate": at,
        "SystemModstamp": at,
    }


def change(number: int, field: str, before: str | None, after: str | None) -> dict[str, Any]:
    return {
        "Id": f"01700000000000{number}AAA",
        "CaseId": CASE,
        "Field": field,
        "OldValue": before,
        "NewValue": after,
        "CreatedById": AGENT,
        "CreatedDate": "2026-03-30T12:00:00.000+0000",
        "IsDeleted": False,
    }


def holiday(name: str, day: str, part: tuple[int, int] | None = None) -> dict[str, Any]:
    recurrence = ("Type", "Interval", "StartDate", "EndDateOnly", "DayOfMonth", "MonthOfYear")
    empty = {f"Recurrence{end}": None for end in (*recurrence, "Instance", "DayOfWeekMask")}
    low, high = part or (None, None)
    return {
        **BASE,
        **empty,
        "Id": f"0C0{name:>012}AAA".replace(" ", "0"),
        "Name": name,
        "ActivityDate": day,
        "IsAllDay": part is None,
        "StartTimeInMinutes": low,
        "EndTimeInMinutes": high,
        "IsRecurrence": False,
    }


def org(hours_id: str | None = NEW_YORK) -> dict[str, Rows]:
    """A case of Friday 17:30 in London, answered on Tuesday at 9:00."""
    return {
        "User": [user(AGENT)],
        "Case": [case(hours_id)],
        "BusinessHours": [
            hours(NEW_YORK, "America/New_York", "09:00", "17:00", first=True),
            hours(LONDON, "Europe/London", "08:00", "18:00"),
        ],
        "EmailMessage": [
            mail(1, CREATED, ROBOT, "AutomatedProcess", Incoming=True),
            mail(2, "2026-03-31T08:00:00.000+0000", AGENT),
        ],
    }


def first_reply(bench: Bench) -> list[tuple[Any, ...]]:
    outcome = bench.core(AS_OF)
    assert outcome.state == "completed", outcome.message
    return bench.fetch("select first_reply_business_seconds_recorded from core.fct_ticket")


@pytest.mark.parametrize(
    ("hours_id", "seconds"),
    [(NEW_YORK, (3.5 + 8) * 3600), (LONDON, (0.5 + 10 + 1) * 3600), (None, (3.5 + 8) * 3600)],
)
def test_business_time_is_that_of_the_hours_of_the_case(
    every_account: Bench, sandbox: Sandbox, hours_id: str | None, seconds: float
):
    assert first_reply(salesforce(every_account, sandbox, org(hours_id))) == [(seconds,)]


def test_business_time_follows_the_history_of_the_hours(every_account: Bench, sandbox: Sandbox):
    """London until Monday noon UTC (13:00 there), then New York, from 9:00 to 17:00 that day."""
    tables = org(NEW_YORK)
    tables["CaseHistory"] = [
        change(1, "BusinessHours", "Europe/London hours", "America/New_York hours"),
        change(2, "BusinessHours", LONDON, NEW_YORK),
    ]
    found = first_reply(salesforce(every_account, sandbox, tables))
    assert found == [((0.5 + 5 + 8) * 3600,)]


@pytest.mark.parametrize("given", [{}, {"Easter": ["Europe/London hours"]}, {"Easter": [LONDON]}])
@pytest.mark.parametrize(("hours_id", "loses"), [(NEW_YORK, 8), (LONDON, 10)])
def test_a_holiday_closes_the_hours_that_the_settings_name(
    every_account: Bench, sandbox: Sandbox, given: dict[str, list[str]], hours_id: str, loses: int
):
    tables = org(hours_id)
    tables["Holiday"] = [holiday("Easter", "2026-03-30")]
    bench = salesforce(every_account, sandbox, tables, holiday_schedules=given)
    is_open = hours_id == NEW_YORK and given
    without = {NEW_YORK: 3.5, LONDON: 1.5}[hours_id]
    assert first_reply(bench) == [((without + (loses if is_open else 0)) * 3600,)]


def test_a_holiday_of_part_of_a_day_closes_that_part(every_account: Bench, sandbox: Sandbox):
    """Monday from noon on: 4 of London's 10 hours stay."""
    tables = org(LONDON)
    tables["Holiday"] = [holiday("Half", "2026-03-30", (720, 1440))]
    assert first_reply(salesforce(every_account, sandbox, tables)) == [((0.5 + 4 + 1) * 3600,)]


def test_who_writes_says_the_author_and_not_today_s_list(every_account: Bench, sandbox: Sandbox):
    """A flow's mail is no reply; who left and held no case is an agent; a portal user is none."""
    tables = org()
    tables["User"] = [user(AGENT), user(LEAVER, is_active=False), user(PORTAL, "CSPLitePortal")]
    tables["EmailMessage"].append(
        mail(3, "2026-03-27T17:30:01.000+0000", ROBOT, "AutomatedProcess")
    )
    tables["CaseComment"] = [
        comment(1, "2026-03-28T09:30:00.000+0000", PORTAL, "CSPLitePortal"),
        comment(2, "2026-03-28T17:30:00.000+0000", LEAVER, "Standard"),
    ]
    bench = salesforce(every_account, sandbox, tables)
    first_reply(bench)
    assert bench.fetch(
        "select first_reply_seconds_recorded, replies_count from core.fct_ticket"
    ) == [(24 * 3600, 2)]
    roles = "select author_role from staging.message order by sent_at"
    assert [role for (role,) in bench.fetch(roles)] == [
        "customer",
        "bot",
        "customer",
        "agent",
        "agent",
    ]


def work(number: int, status: str, seconds: int | None, **more: Any) -> dict[str, Any]:
    return {
        **BASE,
        "Id": f"0Bz00000000000{number}AAA",
        "WorkItemId": CASE,
        "UserId": AGENT,
        "BotId": None,
        "Status": status,
        "CloseDateTime": "2026-03-31T08:00:00.000+0000",
        "HandleTime": seconds,
        **more,
    }


def test_work_that_nobody_did_takes_no_time_and_a_transfer_counts_both(
    every_account: Bench, sandbox: Sandbox
):
    tables = org()
    tables["AgentWork"] = [
        work(1, "Transferred", 120),
        work(2, "Closed", 300, UserId=LEAVER),
        work(3, "Declined", None),
        work(4, "Canceled", 60),
        work(5, "Closed", 900, BotId="0Xx000000000001AAA"),
        work(6, "Closed", 700, IsDeleted=True),
        work(7, "Closed", None),
    ]
    bench = salesforce(every_account, sandbox, tables)
    first_reply(bench)
    entries = "select agent_id, seconds from source.time_entry order by entry_id"
    assert bench.fetch(entries) == [(AGENT, 120), (LEAVER, 300)]


@pytest.mark.parametrize("start", ["2026-01-01T00:00:00Z", "2026-03-25T00:00:00Z"])
def test_a_hidden_field_costs_that_field_and_is_named(
    every_account: Bench, sandbox: Sandbox, start: str
):
    """By bulk job and by query: no business hours, no subject, and the author's type unknown."""
    tables = org(LONDON)
    for field in ("BusinessHoursId", "Subject"):
        tables["Case"][0].pop(field)
    for message in tables["EmailMessage"]:
        message.pop("CreatedBy.UserType")
    bench = salesforce(every_account, sandbox, tables, start=start)
    outcome = bench.core(AS_OF)
    assert outcome.state == "completed", outcome.message
    warned = {r.stream: "; ".join(r.warnings) for r in outcome.streams if r.warnings}
    assert all(field in warned["cases"] for field in ("BusinessHoursId", "Subject"))
    assert "UserType" in warned["emails"]
    facts = "select first_reply_business_seconds_recorded, replies_count from core.fct_ticket"
    assert bench.fetch(facts) == [((3.5 + 8) * 3600, 1)]


def test_a_hidden_field_by_which_records_are_asked_for_fails_by_name(
    every_account: Bench, sandbox: Sandbox
):
    tables = org()
    tables["Case"][0].pop("SystemModstamp")
    outcome = salesforce(every_account, sandbox, tables).core(AS_OF)
    (cases,) = (r for r in outcome.streams if r.stream == "cases")
    assert (cases.state, "SystemModstamp" in cases.message) == ("failed", True)


def test_a_case_that_is_restored_is_there_again(every_account: Bench, sandbox: Sandbox):
    tables = org()
    tables["Case"] = [case(None, IsDeleted=True, SystemModstamp="2026-04-01T00:00:00.000+0000")]
    bench = salesforce(every_account, sandbox, tables)
    assert first_reply(bench) == []
    tables["Case"] = [case(None, SystemModstamp="2026-04-19T23:55:00.000+0000")]
    assert len(first_reply(bench)) == 1
