"""Front: what its API description and its pages say, held against connector and pipeline."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from conftest import Bench
from tests_support import TODAY, midnight

from flows.pipeline.doctor import examine
from tasks.connectors import connector
from tasks.connectors.front.surveys import download
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Response
from tasks.translation.columns import RecordBuffer, Rows, translate

NOW = midnight(TODAY)
CONVERSATION = {"id": "cnv_1", "created_at": 1769936400.0}
INBOX = {
    "_links": {"related": {"owner": "https://acme.api.frontapp.com/teams/tim_k30"}},
    "id": "inb_1",
}
ELSEWHERE = {"_links": {"related": {}}, "id": "inb_2"}


def rows_of(stream: str, answer: Any, section: str = MAIN, **settings: Any) -> list[Rows]:
    """The rows that an answer becomes, of each output of a section."""
    declared = next(s for s in connector("front").streams if s.name == stream)
    page = decode(declared, section, json.dumps(answer).encode())
    buffer = RecordBuffer()
    buffer.add(page.records, 1, "cnv_1", NOW)
    reader = page_reader(declared, section)
    return [
        translate(declared, output, reader, buffer, personal=True, settings=settings)
        for output in declared.outputs
        if output.section == section
    ]


def table_of(stream: str, answer: Any, section: str, entity: str, **settings: Any) -> Any:
    return [
        row
        for rows in rows_of(stream, answer, section, **settings)
        if rows.entity.name == entity
        for row in rows.table.to_pylist()
    ]


def changes_of(*events: dict[str, Any]) -> list[tuple[str, str | None]]:
    answer = {"_results": [{"id": f"evt_{i}", **event} for i, event in enumerate(events)]}
    found = table_of("events", answer, MAIN, "ticket_event")
    return [(row["field"], row["to_value"]) for row in found]


def event(kind: str, after: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "emitted_at": CONVERSATION["created_at"] + after,
        "conversation": CONVERSATION,
        **more,
    }


def test_the_first_message_says_the_inbox_and_later_ones_do_not_move_back():
    source = {"_meta": {"type": "inboxes"}, "data": [INBOX]}
    target = {"_meta": {"type": "inboxes"}, "data": ELSEWHERE}
    assert changes_of(
        event("inbound", source=source),
        event("move", 900.0, target=target),
        event("inbound", 7200.0, source=source),
        event("out_reply", 7300.0, source=source),
    ) == [
        ("team", "inb_1"),
        ("schedule", "tim_k30"),
        ("team", "inb_2"),
        ("schedule", "company"),
    ]


@pytest.mark.parametrize("kind", ["reopen", "restore", "reminder"])
def test_whatever_takes_a_conversation_out_of_the_archive_opens_it(kind: str):
    assert changes_of(event("archive"), event(kind, 60.0)) == [
        ("status", "archived"),
        ("status", "open"),
    ]


def test_a_status_without_its_category_is_refused_by_name():
    answer = {"_results": [{"id": "evt_1", **event("ticket_status_update")}]}
    changes = rows_of("events", answer)[0]
    assert changes.table.num_rows == 0
    assert "without its category" in changes.refused["reason"][0].as_py()


@pytest.mark.parametrize("kind", ["call_queued", "call_transferred", "topic_identified", "new_one"])
def test_other_events_change_nothing(kind: str):
    assert changes_of(event(kind)) == []


def test_nobody_is_assigned():
    answer = {**CONVERSATION, "status": "unassigned", "ticket_ids": [], "assignee": None}
    (ticket,) = table_of("events", answer, "conversation", "ticket")
    assert ticket["assignee_id"] is None
    without = {name: value for name, value in answer.items() if name != "assignee"}
    assert table_of("events", without, "conversation", "ticket") == [ticket]


@pytest.mark.parametrize(("kind", "count"), [("conversation", 1), ("discussion", 0), ("task", 0)])
def test_discussions_and_tasks_are_no_tickets(kind: str, count: int):
    answer = {**CONVERSATION, "status": "assigned", "ticket_ids": [], "type": kind}
    assert len(table_of("events", answer, "conversation", "ticket")) == count


def test_who_wrote_a_message_and_whether_it_was_sent():
    outbound = {"type": "email", "is_inbound": False, "created_at": 1769936500.0}
    messages = [
        {**outbound, "id": "1", "author": {"id": "tea_1", "type": "user"}},
        {**outbound, "id": "2", "author": {"id": "tea_2", "type": "rule"}},
        {**outbound, "id": "3"},
        {**outbound, "id": "4", "is_inbound": True},
        {**outbound, "id": "5", "draft_mode": "shared"},
        {**outbound, "id": "6", "error_type": "blocked"},
        {**outbound, "id": "7", "type": "internal", "author": {"id": "tea_1", "type": "user"}},
    ]
    found = table_of("events", {"_results": messages}, "messages", "message")
    assert [(row["message_id"], row["author_role"], row["is_public"]) for row in found] == [
        ("1", "agent", True),
        ("2", "bot", True),
        ("3", "system", True),
        ("4", "customer", True),
        ("7", "agent", False),
    ]


def test_shifts_of_a_workspace_in_several_zones_are_refused_by_name():
    shift = {
        "_links": INBOX["_links"],
        "id": "shf_1",
        "name": "Day",
        "times": {"mon": {"start": "09:00", "end": "17:00"}},
    }
    zones = ("Europe/Paris", "America/New_York")
    answer = {"_results": [{**shift, "timezone": zone} for zone in zones]}
    (rows,) = rows_of("shifts", answer)
    assert rows.table.num_rows == 0
    reason = rows.refused["reason"][0].as_py()
    assert "shifts of tim_k30 in several time zones: America/New_York" in reason


ACTIVITY = {
    "Activity ID": "act_1",
    "Conversation API ID": "cnv_1",
    "Message date": "2026-02-03 08:00:00",
    "Author": "tea_1",
    "Handle time": "12.5",
    "Survey rating": "",
}


@pytest.mark.parametrize(
    ("unit", "seconds"), [("seconds", 12.5), ("minutes", 750), ("hours", 45000)]
)
def test_the_unit_of_handle_times_is_a_setting(unit: str, seconds: float):
    answer = {"rows": [ACTIVITY]}
    (entry,) = table_of("activities", answer, MAIN, "time_entry", handle_time_unit=unit)
    assert entry["seconds"] == seconds


@pytest.mark.parametrize("author", ["Ana Ruiz", "ana@acme.example", ""])
def test_who_is_no_teammates_id_is_no_agent(author: str):
    row = {**ACTIVITY, "Author": author, "Assignee": author, "Survey rating": "5"}
    answer = {"rows": [row]}
    (entry,) = table_of("activities", answer, MAIN, "time_entry", handle_time_unit="seconds")
    (rating,) = table_of("activities", answer, MAIN, "survey_response")
    assert (entry["agent_id"], rating["agent_id"], entry["seconds"]) == (None, None, 12.5)


@pytest.mark.parametrize("unit", [None, "", "days"])
def test_handle_times_of_an_unknown_unit_are_refused_by_name(unit: str | None):
    answers = rows_of("activities", {"rows": [ACTIVITY]}, handle_time_unit=unit)
    refused = [r["reason"][0].as_py() for r in (a.refused for a in answers) if r.num_rows]
    assert ["does not set handle_time_unit" in reason for reason in refused] == [True]


@pytest.mark.parametrize("rating", ["6", "0", "4 stars", "good"])
def test_a_rating_that_is_no_number_of_stars_is_no_empty_score(rating: str):
    answer = {"rows": [{**ACTIVITY, "Handle time": "", "Survey rating": rating}]}
    (rows, _) = rows_of("activities", answer)
    scores = [row["score"] for row in rows.table.to_pylist()]
    assert None not in scores
    assert scores in ([], [float(rating)] if rating.isdigit() else [])


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://api.frontapp.com/analytics/exports/exp_1/download", None),
        ("https://acme.api.frontapp.com/analytics/exports/exp_1/download", None),
        ("https://api2.frontapp.com/analytics/exports/exp_1/download", None),
        ("https://frontapp.com.evil.example/analytics/exports/exp_1/download", "as it is"),
        ("https://evil.example/x", "as it is"),
    ],
)
def test_only_the_vendors_own_hosts_stand_for_the_accounts(url: str, path: str | None):
    assert download(url).path == (url if path else "/analytics/exports/exp_1/download")


@pytest.fixture
def only(every_account: Bench) -> Bench:
    accounts = tuple(a for a in every_account.accounts if a["connector"] == "front")
    return replace(every_account, accounts=accounts)


def test_an_export_at_the_vendors_own_host_is_read(only: Bench, sandbox: Sandbox):
    fake = sandbox.fakes["front"]
    assert only.read(NOW).state == "completed"
    (started,) = (a for a in fake.asked if a.path == "/analytics/exports")
    assert "filters" not in started.json()
    ratings = sum(bool(t.rating and t.rating.score) for t in fake.alive())
    assert only.fetch("select count(*) from source.survey_response")[0][0] in range(5, ratings + 1)
    assert only.fetch("select count(*) from source.time_entry")[0][0] > 10


def test_an_export_at_a_strangers_host_gets_no_token(only: Bench, sandbox: Sandbox, monkeypatch):
    fake = sandbox.fakes["front"]
    answer = fake.answer

    def stranger(request) -> Response:
        reply = answer(request)
        if isinstance(reply.content, dict) and "url" in reply.content:
            return Response({**reply.content, "url": "http://127.0.0.2:9/x"})
        return reply

    monkeypatch.setattr(fake, "answer", stranger)
    outcome = only.read(NOW)
    (failed,) = outcome.failures
    assert failed.stream == "activities"
    assert "ForeignHostError" in failed.message


def test_members_and_inboxes_come_from_the_single_team(only: Bench, sandbox: Sandbox):
    fake = sandbox.fakes["front"]
    assert only.read(NOW).state == "completed"
    teams = {row[0] for row in only.fetch("select team_id from source.team")}
    assert teams == {f"inb_{team.number:x}" for team in fake.teams}
    members = only.fetch("select count(*) from source.team_membership")
    assert members == [(len(fake.agents()),)]


def test_a_conversation_has_the_hours_of_its_workspace(only: Bench, sandbox: Sandbox):
    fake = sandbox.fakes["front"]
    assert only.core(NOW).state == "completed"
    first = f"tim_{fake.teams[0].number:x}"
    hours = dict(only.fetch("select distinct schedule_id, is_default from core.business_segment"))
    assert hours == {first: False, "company": True}
    in_first = only.fetch(
        "select distinct schedule_id from source.ticket_event as e join (select ticket_id from"
        f" source.ticket_event where field = 'team' and to_value = 'inb_{first[4:]}') as t"
        " on e.ticket_id = t.ticket_id, lateral (select e.to_value as schedule_id) as s"
        " where e.field = 'schedule'"
    )
    assert (first,) in in_first


def test_a_restored_conversation_is_a_ticket_again(only: Bench, sandbox: Sandbox, monkeypatch):
    fake = sandbox.fakes["front"]
    binned = next(t for t in fake._all if t.deleted_at and t.deleted_at < NOW - timedelta(days=3))
    assert only.core(NOW).state == "completed"
    key = f"cnv_{binned.number:x}"
    count = f"select count(*) from core.fct_ticket where ticket_id = '{key}'"
    assert only.fetch(count) == [(0,)]
    told, conversation = fake._told, fake._conversation
    back = NOW + timedelta(hours=1)

    def told_later(t):
        events = told(t)
        if t is not binned:
            return events
        restored = {**events[-1], "id": "evt_restored", "type": "restore"}
        restored["emitted_at"] = back.timestamp()
        return [*events, restored]

    def alive(t):
        shown = conversation(t)
        if t is not binned:
            return shown
        return {**shown, "status": "assigned", "updated_at": back.timestamp()}

    monkeypatch.setattr(fake, "_told", told_later)
    monkeypatch.setattr(fake, "_conversation", alive)
    fake.clock = NOW + timedelta(hours=2)
    assert only.core(fake.clock).state == "completed"
    assert only.fetch(count) == [(1,)]


def test_what_the_plan_or_the_token_lacks_costs_itself_only(only: Bench, sandbox, monkeypatch):
    fake = sandbox.fakes["front"]
    answer = fake.answer

    def reduced(request) -> Response:
        missing = {"/shifts", "/inboxes", "/accounts", "/analytics/exports"}
        return fake.forbidden() if request.path in missing else answer(request)

    monkeypatch.setattr(fake, "answer", reduced)
    outcome = only.read(NOW)
    assert outcome.state == "completed", outcome.message
    skipped = {result.stream for result in outcome.streams if result.state == "skipped"}
    assert skipped == {"shifts", "inboxes", "accounts", "activities"}
    assert only.fetch("select count(*) > 3 from source.team") == [(True,)]


class TestDoctor:
    def finding(self, bench: Bench, **more: Any) -> Any:
        changed = replace(bench, accounts=({**bench.accounts[0], **more},))
        findings = examine(changed.settings())
        return next(f for f in findings if f.subject.startswith("account"))

    def test_all_is_well(self, only: Bench):
        found = self.finding(only)
        assert found.is_ok, found.description
        assert "shifts of a workspace stand for them" in found.description

    def test_the_unit_of_handle_times_is_asked_for(self, only: Bench):
        found = self.finding(only, handle_time_unit="")
        assert not found.is_ok
        assert "set handle_time_unit of the account to one of seconds" in found.description
        assert self.finding(only, handle_time_unit="", deselect=("activities",)).is_ok

    def test_shifts_in_several_zones(self, only: Bench, sandbox: Sandbox, monkeypatch):
        fake = sandbox.fakes["front"]
        shifts = fake._shifts()
        shifts[2] = {**shifts[2], "timezone": "America/New_York"}
        monkeypatch.setattr(fake, "_shifts", lambda: shifts)
        found = self.finding(only)
        assert not found.is_ok
        assert "deselect shifts and set hours of the account" in found.description

    def test_several_workspaces_and_no_default(self, only: Bench, sandbox, monkeypatch):
        fake = sandbox.fakes["front"]
        shifts = fake._shifts()[1:]
        shifts[1] = {**shifts[1], "_links": fake._links("x", owner="teams/tim_9")}
        monkeypatch.setattr(fake, "_shifts", lambda: shifts)
        found = self.finding(only)
        assert "set default_schedule of the account to one of tim_" in found.description
        assert self.finding(only, default_schedule="tim_9").is_ok

    def test_a_missing_scope(self, only: Bench, sandbox: Sandbox, monkeypatch):
        fake = sandbox.fakes["front"]
        answer = fake.answer

        def refusing(request) -> Response:
            return fake.forbidden() if request.path == "/teammates" else answer(request)

        monkeypatch.setattr(fake, "answer", refusing)
        found = self.finding(only)
        assert not found.is_ok
        assert "scope teammates: " in found.description


def test_comments_are_asked_for_where_an_event_says_there_are_some(only: Bench, sandbox: Sandbox):
    fake = sandbox.fakes["front"]
    assert only.read(NOW).state == "completed"
    asked = {call.path.split("/")[2] for call in fake.asked if call.path.endswith("/comments")}
    events = [event for ticket in fake.visible() for event in fake._told(ticket)]
    commented = {
        event["conversation"]["id"]
        for event in events
        if event["type"] in {"comment", "conversations_merged"}
    }
    followed = {call.path for call in fake.asked if call.path.endswith("/comments")}
    assert commented <= asked
    assert len(followed) < len({event["conversation"]["id"] for event in events})
    notes = sum(
        not note.is_public
        for ticket in fake.visible()
        if not fake.is_merged(ticket)
        for note in fake.notes(ticket)
    )
    loaded = only.fetch("select count(*) from source.message where not is_public")
    assert loaded == [(notes,)]
