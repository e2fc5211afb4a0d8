"""Small accounts of Freshdesk and Intercom through the whole pipeline; figures by hand."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import Bench
from small_desks import AS_OF, SmallDesk, freshdesk, intercom

from flows.pipeline.reconcile import run_reconciliation
from flows.pipeline.runner import ThreadRunner
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Request

AGENT, LEAVER, CUSTOMER = 50_004, 50_097, 100_008
NEW_YORK, LONDON = 700_001, 700_002
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@pytest.fixture
def fresh(every_account: Bench, sandbox: Sandbox) -> SmallDesk:
    desk = freshdesk(every_account, sandbox)
    desk.answers["/api/v2/agents"] = [agent(AGENT)]
    return desk


def agent(number: int) -> dict[str, Any]:
    """As recorded: most agents never confirmed their invitation."""
    at = "2026-01-05T00:00:00Z"
    contact = {"active": False, "name": "Agent", "email": None, "time_zone": "Magadan"}
    return {
        "id": number,
        "available": False,
        "occasional": True,
        "ticket_scope": 1,
        "type": "support_agent",
        "created_at": at,
        "updated_at": at,
        "contact": contact,
    }


def fresh_ticket(number: int, opened: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "subject": "x",
        "status": 4,
        "priority": 2,
        "source": 1,
        "requester_id": CUSTOMER,
        "responder_id": AGENT,
        "group_id": None,
        "created_at": opened,
        "updated_at": "2026-04-10T00:00:00Z",
        "stats": {"resolved_at": None, "closed_at": None, "first_responded_at": None},
        **more,
    }


def said(number: int, author: int, at: str, *, incoming: bool, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": 1002,
        "user_id": author,
        "incoming": incoming,
        "private": False,
        "source": 0,
        "category": 3,
        "auto_response": False,
        "automation_id": None,
        "automation_type_id": None,
        "body_text": "x",
        "created_at": at,
        "updated_at": at,
        "last_edited_at": None,
        **more,
    }


def two_calendars() -> list[dict[str, Any]]:
    """New York from 9 to 17 is the default; London is open from 8 to 18, on Saturdays to 14."""
    long_day = {"start_time": "8:00 am", "end_time": "6:00 pm"}
    short_day = {"start_time": "9:00 am", "end_time": "5:00 pm"}
    saturday = {"start_time": "10:00 am", "end_time": "2:00 pm"}
    return [
        {
            "id": NEW_YORK,
            "name": "New York",
            "is_default": True,
            "time_zone": "Eastern Time (US & Canada)",
            "business_hours": dict.fromkeys(WEEKDAYS, short_day),
        },
        {
            "id": LONDON,
            "name": "London",
            "is_default": False,
            "time_zone": "London",
            "business_hours": {**dict.fromkeys(WEEKDAYS, long_day), "saturday": saturday},
        },
    ]


def group(number: int, name: str, hours: int | None) -> dict[str, Any]:
    at = "2026-01-05T00:00:00Z"
    return {"id": number, "name": name, "business_hour_id": hours, "updated_at": at}


def activities(desk: SmallDesk, *steps: tuple[str, dict[str, Any]]) -> None:
    """Files of activities, one a day."""
    by_day: dict[str, list[dict[str, Any]]] = {}
    for at, activity in steps:
        written = f"{at[8:10]}-{at[5:7]}-{at[:4]} {at[11:19]} +0000"
        row = {"performed_at": written, "ticket_id": 1002, "activity": activity}
        by_day.setdefault(at[:10], []).append({**row, "performer_id": AGENT})

    def named(asked: Request) -> Any:
        day = asked.query.get("created_at", "")
        host = asked.headers["host"].replace("127.0.0.1", "localhost")
        if day not in by_day:
            return freshdesk_has_no_file()
        return {"export": {"url": f"http://{host}/files/{day}.json"}}

    desk.answers["/api/v2/export/ticket_activities"] = named
    desk.answers["/files/.*"] = lambda asked: {"activities_data": by_day[asked.path[7:17]]}


def freshdesk_has_no_file() -> Any:
    from tasks.sandbox.fake import Response

    return Response(b"", 404)


def asked_on_friday(desk: SmallDesk) -> None:
    """Asked on Friday at 17:30 in London, answered on Tuesday at 9:00."""
    desk.answers |= {
        "/api/v2/tickets": lambda asked: (
            [] if "filter" in asked.query else [fresh_ticket(1002, "2026-03-27T17:30:00Z")]
        ),
        "/api/v2/tickets/1002/conversations": [
            said(1, AGENT, "2026-03-31T08:00:00Z", incoming=False)
        ],
        "/api/v2/business_hours": two_calendars(),
        "/api/v2/groups": [group(1, "US", None), group(2, "UK", LONDON)],
    }


def test_freshdesk_business_time_is_that_of_the_group(fresh: SmallDesk):
    """Friday 17:30 to 18:00, Saturday 10 to 14, Monday 8 to 18, Tuesday 8 to 9."""
    asked_on_friday(fresh)
    fresh.answers["/api/v2/tickets"] = lambda asked: (
        [] if "filter" in asked.query else [fresh_ticket(1002, "2026-03-27T17:30:00Z", group_id=2)]
    )
    fresh.run()
    assert fresh.row("first_reply_business_seconds_recorded") == (55_800,)


def test_freshdesk_business_time_follows_the_group_of_each_moment(fresh: SmallDesk):
    """London until Saturday 12:00 UTC, then New York: half an hour, two hours, and one day of 8."""
    asked_on_friday(fresh)
    activities(
        fresh,
        ("2026-03-27T17:30:00Z", {"status": "Open", "group": "UK"}),
        ("2026-03-28T12:00:00Z", {"group": "US"}),
    )
    fresh.run()
    spans = fresh.fetch("select schedule_id from staging.schedule_span order by position")
    assert [s for (s,) in spans] == [str(NEW_YORK), str(LONDON), str(NEW_YORK)]
    assert fresh.row("first_reply_business_seconds_recorded") == (1_800 + 7_200 + 8 * 3_600,)


def test_freshdesk_who_is_no_longer_listed_has_left_and_stays_an_agent_of_then(fresh: SmallDesk):
    asked_on_friday(fresh)
    fresh.answers["/api/v2/agents"] = [agent(AGENT), agent(LEAVER)]
    fresh.answers["/api/v2/tickets/1002/conversations"] = [
        said(1, LEAVER, "2026-03-28T08:00:00Z", incoming=False),
        said(2, AGENT, "2026-03-31T08:00:00Z", incoming=False),
    ]
    fresh.run(AS_OF - timedelta(days=1))
    before = fresh.row("first_reply_seconds_recorded, replies_count")
    fresh.answers["/api/v2/agents"] = [agent(AGENT)]
    fresh.answers["/api/v2/contacts"] = [
        {"id": LEAVER, "name": "x", "created_at": "2026-04-19T12:00:00Z"}
        | {"updated_at": "2026-04-19T12:00:00Z"}
    ]
    fresh.run()
    assert fresh.row("first_reply_seconds_recorded, replies_count") == before
    listed = fresh.fetch("select agent_id, is_active from source.agent order by agent_id")
    assert listed == [(str(AGENT), True), (str(LEAVER), False)]


def test_freshdesk_a_ticket_that_is_restored_without_a_change_is_found(fresh: SmallDesk):
    """Two tickets go into the bin; one comes back as it was, and the deleted list forgets it."""
    asked_on_friday(fresh)
    first, second = (fresh_ticket(number, "2026-03-27T17:30:00Z") for number in (1002, 1003))

    def listed(alive: list[dict[str, Any]], deleted: list[dict[str, Any]]) -> None:
        fresh.answers["/api/v2/tickets"] = lambda asked: {"deleted": deleted, "": alive}.get(
            asked.query.get("filter", ""), []
        )

    marks = "select record_id from source.tombstone order by record_id"
    listed([first, second], [])
    fresh.bench.read(AS_OF - timedelta(days=2))
    listed([], [first, second])
    fresh.bench.read(AS_OF - timedelta(days=1))
    listed([first], [second])
    fresh.bench.read(AS_OF)
    assert fresh.fetch(marks) == [("1002",), ("1003",)]
    outcome, _ = run_reconciliation(
        fresh.bench.settings(), ThreadRunner(1), as_of=AS_OF, everything=True, with_report=False
    )
    assert outcome.state == "completed", outcome.message
    assert fresh.fetch(marks) == [("1003",)]
    assert fresh.fetch("select ticket_id from core.fct_ticket") == [("1002",)]


def test_freshdesk_history_keeps_the_labels_that_a_status_had(fresh: SmallDesk):
    """Pending is renamed, an own status too: the old names of both stand in old files."""
    asked_on_friday(fresh)
    account = {**fresh.bench.accounts[0], "statuses": {"Parts ordered": "hold"}}
    fresh.bench.accounts = (account,)

    def labelled(pending: str, own: str) -> list[dict[str, Any]]:
        choices = {"3": [pending, pending], "7": [own, own]}
        return [{"id": 1, "name": "status", "label": "Status", "choices": choices}]

    activities(
        fresh,
        ("2026-03-28T12:00:00Z", {"status": "Warten"}),
        ("2026-03-29T12:00:00Z", {"status": "Parts ordered"}),
    )
    fresh.answers["/api/v2/ticket_fields"] = labelled("Warten", "Parts ordered")
    fresh.bench.read(AS_OF - timedelta(days=1))
    fresh.answers["/api/v2/ticket_fields"] = labelled("Pausiert", "Parts on their way")
    fresh.run()
    spans = "select category from core.fct_status_interval order by position"
    assert [c for (c,) in fresh.fetch(spans)][1:3] == ["pending", "hold"]


@pytest.mark.parametrize("face", [77, None])
def test_freshdesk_an_unknown_face_is_refused_and_no_null(fresh: SmallDesk, face: int | None):
    asked_on_friday(fresh)
    rating = {
        "id": 9,
        "survey_id": 10,
        "user_id": CUSTOMER,
        "agent_id": AGENT,
        "ticket_id": 1002,
        "feedback": None,
        "ratings": {"default_question": face},
        "created_at": "2026-04-01T08:00:00Z",
        "updated_at": "2026-04-01T08:00:00Z",
    }
    fresh.answers["/api/v2/surveys/satisfaction_ratings"] = [
        rating,
        {**rating, "id": 10, "ratings": {"default_question": 103}},
    ]
    fresh.run()
    assert fresh.fetch("select response_id, score from source.survey_response") == [("10", 5.0)]
    assert ["known face" in reason for reason in fresh.quarantined()] == [True]


def test_freshdesk_a_rating_that_is_changed_keeps_its_first_value(fresh: SmallDesk):
    """Bad, then good, then a comment only; the list has the latest state of the rating."""
    asked_on_friday(fresh)
    rating = {
        "id": 9,
        "survey_id": 10,
        "user_id": CUSTOMER,
        "agent_id": AGENT,
        "ticket_id": 1002,
        "feedback": None,
        "created_at": "2026-04-19T08:00:00Z",
    }
    for day, (face, at) in enumerate([(-103, 9), (103, 10), (103, 11)]):
        state = {"ratings": {"default_question": face}, "updated_at": f"2026-04-19T{at:02}:00:00Z"}
        fresh.answers["/api/v2/surveys/satisfaction_ratings"] = [{**rating, **state}]
        fresh.run(AS_OF + timedelta(days=day))
    columns = "csat_first_score_share, csat_score_share, is_bad_to_good, csat_ratings_count"
    assert fresh.row(columns) == (0.0, 1.0, True, 2)
    latest = "select score from core.fct_survey_response where is_latest"
    assert fresh.fetch(latest) == [(5.0,)]


@pytest.fixture
def inbox(every_account: Bench, sandbox: Sandbox) -> SmallDesk:
    desk = intercom(every_account, sandbox)
    desk.answers["/admins"] = {"admins": [admin("814")]}
    return desk


def admin(number: str, **more: Any) -> dict[str, Any]:
    """As recorded: nobody has an inbox seat, not even who answers."""
    return {
        "type": "admin",
        "id": number,
        "name": "A",
        "email": "a@acme.example",
        "has_inbox_seat": False,
        "team_ids": [],
        "team_priority_level": {},
        **more,
    }


def epoch(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())


def part(number: int, kind: str, at: str, author: str = "admin", **more: Any) -> dict[str, Any]:
    who = {"admin": "814", "user": "u1"}.get(author, "9")
    return {
        "type": "conversation_part",
        "id": str(number),
        "part_type": kind,
        "body": None,
        "created_at": epoch(at),
        "updated_at": epoch(at),
        "assigned_to": None,
        "author": {"type": author, "id": who},
        **more,
    }


def conversation(desk: SmallDesk, *parts: dict[str, Any], **more: Any) -> None:
    opened = epoch("2026-03-27T17:30:00+00:00")
    record = {
        "type": "conversation",
        "id": "60",
        "created_at": opened,
        "updated_at": epoch("2026-04-01T12:00:00+00:00"),
        "state": "open",
        "priority": "not_priority",
        "admin_assignee_id": 814,
        "team_assignee_id": None,
        "source": {
            "type": "conversation",
            "delivered_as": "customer_initiated",
            "subject": "",
            "body": "<p>x</p>",
            "author": {"type": "user", "id": "u1"},
        },
        "contacts": {"contacts": [{"type": "contact", "id": "u1"}]},
        "conversation_rating": None,
        "sla_applied": None,
        "statistics": None,
        **more,
    }
    found = {"conversations": [record], "total_count": 1, "pages": {}}
    desk.answers["/conversations/search"] = found
    desk.answers["/conversations/60"] = {
        **record,
        "conversation_parts": {"total_count": len(parts), "conversation_parts": list(parts)},
    }


def test_intercom_who_answers_is_active_and_who_is_no_longer_listed_is_not(inbox: SmallDesk):
    conversation(inbox, part(1, "comment", "2026-03-28T08:00:00+00:00", body="<p>x</p>"))
    inbox.answers["/admins"] = {"admins": [admin("814"), admin("815")]}
    inbox.run(AS_OF - timedelta(days=1))
    everyone = "select agent_id, is_active from source.agent order by agent_id"
    assert inbox.fetch(everyone) == [("814", True), ("815", True)]
    inbox.answers["/admins"] = {"admins": [admin("815")]}
    inbox.run()
    assert inbox.fetch(everyone) == [("814", False), ("815", True)]
    assert inbox.row("replies_count") == (1,)


def test_intercom_members_of_teams_with_priority_levels(inbox: SmallDesk):
    levels = {"primary_admin_ids": [814], "secondary_admin_ids": [815]}
    team = {"type": "team", "id": "7", "name": "T", "admin_ids": [], "admin_priority_level": levels}
    inbox.answers["/teams"] = {"teams": [team]}
    inbox.run()
    members = inbox.fetch("select agent_id, team_id from source.team_membership order by 1")
    assert members == [("814", "7"), ("815", "7")]


def test_intercom_a_remark_is_no_reply_and_an_unknown_part_with_a_text_is_refused(inbox: SmallDesk):
    conversation(
        inbox,
        part(1, "comment", "2026-03-28T08:00:00+00:00", body="<p>x</p>"),
        part(2, "note_and_reopen", "2026-03-28T09:00:00+00:00", body="<p>x</p>"),
        part(3, "conversation_rating_remark_added", "2026-03-28T10:00:00+00:00", "user", body="x"),
        part(4, "ticket_state_updated_by_admin", "2026-03-28T10:00:00+00:00"),
        part(5, "hologram_sent", "2026-03-28T11:00:00+00:00", body="<p>x</p>"),
    )
    inbox.run()
    written = "select message_id, is_public from source.message order by sent_at"
    assert inbox.fetch(written) == [("source-60", True), ("1", True), ("2", False)]
    assert ["hologram_sent" in reason for reason in inbox.quarantined()] == [True]


def test_intercom_business_time_is_that_of_the_teams_schedule(
    every_account: Bench, sandbox: Sandbox
):
    """London is open on Saturday; the first schedule of the list, New York, is not."""
    inbox = intercom(every_account, sandbox, team_schedules={"UK": "2"})
    day = [{"day_of_week": d, "start_minute": d * 1440 + 540} for d in range(5)]
    week = [{**d, "end_minute": d["start_minute"] + 480} for d in day]
    saturday = {"day_of_week": 5, "start_minute": 5 * 1440 + 600, "end_minute": 5 * 1440 + 840}
    inbox.answers |= {
        "/admins": {"admins": [admin("814")]},
        "/teams": {"teams": [{"id": "7", "name": "UK", "admin_ids": []}]},
        "/office_hours_schedules": {
            "data": [
                {"id": "1", "time_zone_name": "America/New_York", "time_intervals": week},
                {"id": "2", "time_zone_name": "Europe/London", "time_intervals": [*week, saturday]},
            ]
        },
    }
    assigned = {"type": "team", "id": "7"}
    conversation(
        inbox,
        part(1, "assignment", "2026-03-28T09:00:00+00:00", assigned_to=assigned),
        part(2, "comment", "2026-03-28T13:00:00+00:00", body="<p>x</p>"),
        team_assignee_id="7",
    )
    inbox.run()
    # Friday 13:30 to 17:00 in New York, then Saturday 10 to 13 in London
    assert inbox.row("first_reply_business_seconds_recorded") == (3.5 * 3600 + 3 * 3600,)
