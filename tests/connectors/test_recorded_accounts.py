"""Answers that somebody recorded, through connector and pipeline; their facts are checked.

From airbytehq/airbyte, expected_records of source-freshdesk, source-intercom and source-typeform,
and a public integration guide of Salesforce (CaseMilestone). Shapes, instants and numbers are as
recorded; names and texts are replaced.
"""

from datetime import UTC, datetime
from typing import Any

from conftest import Bench
from small_desks import freshdesk, intercom, salesforce, small_desk

from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Request, Response

AGENT = 67013469919
NO_STATS = dict.fromkeys(
    (
        "agent_responded_at",
        "requester_responded_at",
        "first_responded_at",
        "status_updated_at",
        "reopened_at",
        "resolved_at",
        "closed_at",
        "pending_since",
    )
)


def fresh_ticket(number: int, opened: str, stats: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "cc_emails": [],
        "fr_escalated": False,
        "spam": False,
        "email_config_id": None,
        "group_id": None,
        "priority": 1,
        "requester_id": 67042965499,
        "responder_id": AGENT,
        "company_id": None,
        "subject": "Test",
        "association_type": None,
        "product_id": None,
        "type": None,
        "is_escalated": False,
        "custom_fields": {},
        "created_at": opened,
        "tags": [],
        "nr_due_by": None,
        "nr_escalated": False,
        "stats": {**NO_STATS, **stats},
        **more,
    }


def talk(number: int, ticket: int, at: str, author: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": ticket,
        "user_id": author,
        "incoming": False,
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


def booked(number: int, spent: str, seconds: int) -> dict[str, Any]:
    return {
        "id": number,
        "billable": True,
        "note": "",
        "timer_running": False,
        "agent_id": AGENT,
        "ticket_id": 22,
        "company_id": None,
        "time_spent": spent,
        "executed_at": "2022-11-17T00:00:00Z",
        "start_time": "2022-11-16T16:15:36Z",
        "created_at": "2022-11-16T16:15:36Z",
        "updated_at": "2022-11-16T16:17:18Z",
        "time_spent_in_seconds": seconds,
    }


def fresh_account() -> dict[str, Any]:
    """A phone ticket that nobody answered, one with a reply, and a mail that an agent sent."""
    replied = {
        "agent_responded_at": "2022-11-16T16:16:58Z",
        "first_responded_at": "2022-11-16T16:16:58Z",
        "status_updated_at": "2022-11-16T16:03:25Z",
        "pending_since": "2022-11-16T16:03:25Z",
    }
    closed = {"resolved_at": "2022-11-22T15:00:34Z", "closed_at": "2022-11-22T15:00:34Z"}
    tickets = [
        fresh_ticket(
            20,
            "2022-11-16T15:58:29Z",
            {"status_updated_at": "2022-11-16T15:58:29Z"},
            source=3,
            status=2,
            responder_id=None,
            fr_escalated=True,
            is_escalated=True,
            due_by="2022-11-19T15:58:29Z",
            fr_due_by="2022-11-17T15:58:29Z",
            updated_at="2022-11-19T16:10:34Z",
        ),
        fresh_ticket(
            22,
            "2022-11-16T16:03:17Z",
            replied,
            source=3,
            status=3,
            due_by="2022-11-19T16:03:17Z",
            fr_due_by="2022-11-17T16:03:17Z",
            updated_at="2022-11-16T16:17:05Z",
        ),
        fresh_ticket(
            23,
            "2022-11-22T15:00:34Z",
            closed,
            source=10,
            status=5,
            due_by="2022-11-25T15:00:34Z",
            fr_due_by="2022-11-23T15:00:34Z",
            updated_at="2022-11-22T15:08:12Z",
        ),
    ]
    comment = {"incoming": True, "source": 6, "category": 7}
    rating = {
        "id": 67000499229,
        "survey_id": 67000031566,
        "user_id": 67042965499,
        "agent_id": AGENT,
        "feedback": "x",
        "group_id": None,
        "ticket_id": 23,
        "created_at": "2022-11-22T15:07:45Z",
        "updated_at": "2022-11-22T15:07:45Z",
        "ratings": {"default_question": 103, "question_67000055372": 100},
    }
    contact = {"active": True, "email": "a@acme.example", "name": "A", "time_zone": "Magadan"}
    return {
        "/api/v2/tickets": lambda asked: [] if "filter" in asked.query else tickets,
        "/api/v2/tickets/22/conversations": [
            talk(67105779601, 22, "2022-11-16T16:16:58Z", AGENT),
        ],
        "/api/v2/tickets/23/conversations": [
            talk(67105779604, 23, "2022-11-22T15:07:45Z", 67042965499, **comment),
        ],
        "/api/v2/surveys/satisfaction_ratings": [rating],
        "/api/v2/time_entries": [booked(67011181689, "01:30", 5400), booked(2, "00:01", 103)],
        "/api/v2/agents": [
            {
                "id": AGENT,
                "available": False,
                "occasional": False,
                "ticket_scope": 1,
                "type": "support_agent",
                "created_at": "2020-10-22T02:37:13Z",
                "updated_at": "2023-01-16T15:57:48Z",
                "contact": contact,
            }
        ],
    }


def test_freshdesk(every_account: Bench, sandbox: Sandbox):
    desk = freshdesk(every_account, sandbox, start="2022-11-16T00:00:00Z")
    desk.answers |= fresh_account()
    desk.run(datetime(2022, 11, 27, tzinfo=UTC))
    facts = desk.fetch(
        "select ticket_id, channel, status_category, first_reply_seconds_recorded, replies_count,"
        " handle_seconds, csat_score_share from core.fct_ticket order by ticket_id"
    )
    assert facts == [
        ("20", "phone", "open", None, 0, None, None),
        ("22", "phone", "pending", 821, 1, 5503, None),
        ("23", "email", "closed", None, 0, None, 1.0),
    ]
    clocks = desk.fetch(
        "select ticket_id, metric, state from core.fct_sla_clock order by ticket_id, metric"
    )
    assert [c for c in clocks if c[0] == "20"] == [
        ("20", "first_reply", "breached"),
        ("20", "resolution", "breached"),
    ]
    assert ("22", "first_reply", "achieved") in clocks
    roles = "select ticket_id, author_role from staging.message order by ticket_id, position"
    assert desk.fetch(roles) == [
        ("20", "customer"),
        ("22", "customer"),
        ("22", "agent"),
        ("23", "agent"),
    ]


def spoken(number: str, at: int, kind: str, author: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "conversation_part",
        "id": number,
        "part_type": "comment",
        "body": "<p>x</p>",
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "author": {"id": author, "type": kind, "name": None, "email": ""},
        "attachments": [],
        "redacted": False,
        **more,
    }


def conversation(number: str, at: int, contact: str, source: dict[str, Any], **more: Any) -> Any:
    return {
        "type": "conversation",
        "id": number,
        "created_at": at,
        "updated_at": at + 1,
        "waiting_since": None,
        "snoozed_until": None,
        "source": {"type": "conversation", "subject": "", "body": "<p>x</p>", **source},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": contact}]},
        "open": True,
        "state": "open",
        "read": False,
        "priority": "not_priority",
        "sla_applied": None,
        "conversation_rating": None,
        **more,
    }


def inbox_answers() -> dict[str, Any]:
    """One that a visitor began, answered by a bot and later by a person; one of a campaign."""
    nobody = {"last_close_at": None, "count_reopens": 0, "time_to_admin_reply": None}
    asked = {"author": {"type": "lead", "id": "5fd1"}, "delivered_as": "customer_initiated"}
    sent = {"author": {"type": "admin", "id": "4423433"}, "delivered_as": "automated"}
    first = conversation(
        "1",
        1607553243,
        "5fd1",
        asked,
        updated_at=1626346673,
        statistics={**nobody, "time_to_admin_reply": 4317957},
    )
    second = conversation(
        "60", 1676461133, "63ea41a0", sent, statistics=nobody, admin_assignee_id=4423433
    )
    parts = [
        spoken("7288120839", 1607553246, "user", "5fd1"),
        spoken("7288121348", 1607553249, "bot", "4423434"),
        spoken("7288121392", 1607553250, "bot", "4423434"),
        spoken("9", 1625654131, "admin", "4423433"),
    ]
    person = {"type": "admin", "has_inbox_seat": False, "team_ids": [], "team_priority_level": {}}
    operator = {**person, "id": "4423434", "name": "Operator", "email": "operator+x@intercom.io"}
    return {
        "/conversations/search": {
            "conversations": [first, second],
            "total_count": 2,
            "pages": {},
        },
        "/conversations/1": {
            **first,
            "conversation_parts": {"conversation_parts": parts, "total_count": 4},
        },
        "/conversations/60": {
            **second,
            "conversation_parts": {"conversation_parts": [], "total_count": 0},
        },
        "/admins": {
            "admins": [{**person, "id": "4423433", "name": "A", "email": "a@x.example"}, operator]
        },
    }


def test_intercom(every_account: Bench, sandbox: Sandbox):
    desk = intercom(every_account, sandbox, start="2020-12-01T00:00:00Z", team_schedules={})
    desk.answers |= inbox_answers()
    desk.run(datetime(2023, 3, 1, tzinfo=UTC))
    facts = desk.fetch(
        "select ticket_id, requester_id, priority, first_reply_seconds_recorded, replies_count"
        " from core.fct_ticket order by ticket_id"
    )
    assert facts == [
        ("1", "5fd1", "normal", 1625654131 - 1607553243, 1),
        ("60", "63ea41a0", "normal", None, 0),
    ]
    assert desk.fetch(
        "select agent_id, is_active from staging.known_agent where agent_id <> 'none'"
    ) == [("4423433", True)]
    assert desk.quarantined() == []


def typeform_answers() -> dict[str, Any]:
    """An opinion scale and a rating, and a question with several choices, which is no score."""

    def answer(key: str, kind: str, ref: str, number: int) -> dict[str, Any]:
        field = {"id": key, "type": kind, "ref": ref}
        return {"field": field, "type": "number", "number": number}

    several = {
        "field": {"id": "ZdzF", "type": "multiple_choice", "ref": "01GH"},
        "type": "choices",
        "choices": {"ids": ["nLpt", "4xpK"], "refs": ["01GI", "01GJ"], "labels": ["A", "B"]},
    }
    response = {
        "landing_id": "x9ege1",
        "token": "x9ege1",
        "response_id": "x9ege1",
        "landed_at": "2021-07-01T10:03:21Z",
        "submitted_at": "2021-07-01T10:04:01Z",
        "metadata": {"platform": "other", "browser": "default"},
        "hidden": {},
        "calculated": {"score": 0},
        "answers": [
            answer("vV7I", "opinion_scale", "f1939629f760be75", 1),
            answer("yC3U", "rating", "c8dd7d63c26777d9", 5),
            several,
        ],
    }
    scale = {"steps": 5, "start_at_one": True}
    fields = [
        {"id": "vV7I", "ref": "f1939629f760be75", "type": "opinion_scale", "properties": scale},
        {"id": "yC3U", "ref": "c8dd7d63c26777d9", "type": "rating", "properties": {"steps": 5}},
        {"id": "ZdzF", "ref": "01GH", "type": "multiple_choice", "properties": {}},
    ]
    listed = {"id": "kRt99jlK", "title": "x", "last_updated_at": "2021-07-01T10:10:00Z"}
    return {
        "/forms": {"items": [listed], "total_items": 1, "page_count": 1},
        "/forms/kRt99jlK": {**listed, "fields": fields},
        "/forms/kRt99jlK/responses": lambda asked: (
            {"items": [], "total_items": 0, "page_count": 0}
            if "before" in asked.query
            else {"items": [response], "total_items": 1, "page_count": 1}
        ),
    }


def test_typeform(every_account: Bench, sandbox: Sandbox):
    def wanted(question: str, metric: str) -> dict[str, str]:
        return {"survey_id": "kRt99jlK", "question_id": question, "metric": metric}

    def missing(asked: Request) -> Response:
        return Response({"code": "FORM_NOT_FOUND"}, 404)

    scores = [
        wanted("f1939629f760be75", "ces"),
        wanted("c8dd7d63c26777d9", "csat"),
        wanted("01GH", "nps"),
    ]
    desk = small_desk(
        every_account, sandbox, "typeform", missing, start="2021-06-01T00:00:00Z", scores=scores
    )
    desk.answers |= typeform_answers()
    desk.run(datetime(2021, 7, 3, tzinfo=UTC))
    facts = desk.fetch(
        "select metric, score, scale_min, scale_max, is_satisfied from core.fct_survey_response"
        " order by metric"
    )
    assert facts == [("ces", 1.0, 1.0, 5.0, False), ("csat", 5.0, 1.0, 5.0, True)]
    (reason,) = desk.quarantined()
    assert "01GH" in reason or "choices" in reason or "scale" in reason


def test_salesforce(every_account: Bench, sandbox: Sandbox):
    """A milestone of 7,200 minutes, 24 hours from Monday to Friday: due seven days later."""
    at = "2026-03-05T09:00:00.000+0000"
    milestone = {
        "Id": "555000000000001AAA",
        "CaseId": "500000000000001AAA",
        "MilestoneTypeId": "557000000000001AAA",
        "MilestoneType.Name": "SLA de atendimento",
        "StartDate": at,
        "TargetDate": "2026-03-12T09:00:00.000+0000",
        "CompletionDate": "2026-03-13T09:00:00.000+0000",
        "IsCompleted": True,
        "IsViolated": True,
        "TargetResponseInMins": 7200,
        "TimeRemainingInMins": "5541:47",
        "BusinessHoursId": "01m000000000001AAA",
        "SystemModstamp": "2026-03-13T09:00:00.000+0000",
        "IsDeleted": False,
    }
    empty = dict.fromkeys(("Subject", "Type", "AccountId", "MasterRecordId", "ContactId"))
    case = {
        **empty,
        "Id": "500000000000001AAA",
        "CaseNumber": "1",
        "Status": "Closed",
        "Priority": "Medium",
        "Origin": "Email",
        "OwnerId": "005000000000001AAA",
        "CreatedById": "005000000000001AAA",
        "ClosedDate": "2026-03-13T09:00:00.000+0000",
        "CreatedDate": at,
        "SystemModstamp": "2026-03-13T09:00:00.000+0000",
        "IsDeleted": False,
        "BusinessHoursId": None,
    }
    tables = {"Case": [case], "CaseMilestone": [milestone]}
    metrics = {"SLA de atendimento": "resolution"}
    bench = salesforce(every_account, sandbox, tables, sla_metrics=metrics)
    outcome = bench.core(datetime(2026, 4, 1, tzinfo=UTC))
    assert outcome.state == "completed", outcome.message
    clocks = "select metric, state, is_business, target_seconds from core.fct_sla_clock"
    assert bench.fetch(clocks) == [("resolution", "breached", True, 7200 * 60)]
