"""Known pitfalls of the vendors' APIs; each test fails on a naive reading of the API."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from conftest import Bench
from tests_support import MEASURES, TODAY, midnight, truth

from tasks.connectors import connector
from tasks.errors import ConfigurationError
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import InjectedFault, Request, Response
from tasks.sandbox.vendors import freshdesk

NOW = midnight(TODAY)


@pytest.fixture
def only(every_account: Bench):
    def picked(vendor: str, **more: Any) -> Bench:
        return replace(
            every_account,
            accounts=tuple(
                {**a, **more} for a in every_account.accounts if a["connector"] == vendor
            ),
        )

    return picked


@contextmanager
def narrowed(vendor: str, stream: str, **values: Any) -> Iterator[None]:
    """A stream's paging with a smaller reach for the time being."""
    paging = next(s for s in connector(vendor).streams if s.name == stream).paging
    before = {name: getattr(paging, name) for name in values}
    for name, value in values.items():
        object.__setattr__(paging, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(paging, name, value)


def failure(outcome, stream: str) -> str:
    result = next(r for r in outcome.streams if r.stream == stream)
    assert result.state == "failed"
    return result.message


def tickets(every_account: Bench) -> set[str]:
    return {r[0] for r in every_account.fetch("select ticket_id from source.ticket")}


class TestSalesforceHidesAField:
    """Field-level security: the query of the whole object was refused, and no case was read."""

    @pytest.fixture
    def hidden(self, sandbox: Sandbox, monkeypatch) -> set[str]:
        fake, names = sandbox.fakes["salesforce"], {"BusinessHoursId"}
        real = fake._tables

        def tables():
            return {
                name: [{k: v for k, v in row.items() if k not in names} for row in rows]
                if name == "Case"
                else rows
                for name, rows in real().items()
            }

        monkeypatch.setattr(fake, "_tables", tables)
        return names

    @pytest.mark.parametrize("days", [90, 2], ids=["bulk", "pages"])
    def test_which_costs_that_field_and_is_said(self, only, hidden, days: int, sandbox: Sandbox):
        hidden |= {"Priority"}
        bench = only("salesforce", start=NOW - timedelta(days=days))
        outcome = bench.read(NOW)
        assert outcome.state == "completed", outcome.message
        cases = next(r for r in outcome.streams if r.stream == "cases")
        for name in sorted(hidden):
            words = f"field {name} is hidden from the login; it is not read, its column is empty"
            assert words in cases.warnings
        assert tickets(bench)
        assert bench.fetch("select distinct priority from source.ticket") == [(None,)]
        others = [w for r in outcome.streams if r is not cases for w in r.warnings]
        assert not [w for w in others if "hidden" in w]

    def test_which_the_stream_cannot_do_without_and_it_fails_by_name(self, only, hidden):
        hidden |= {"SystemModstamp"}
        result = failure(only("salesforce").read(NOW), "cases")
        assert "No such column 'SystemModstamp' on entity 'Case'" in result


class TestFreshdesk:
    def test_the_list_goes_on_where_page_numbers_end(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["freshdesk"]
        fake.per_page, fake.last_page = 7, 3
        bench = only("freshdesk")
        with narrowed("freshdesk", "tickets", cap=3, size={"per_page": "7"}):
            outcome = bench.read(NOW)
        assert outcome.state == "completed", outcome.message
        assert tickets(bench) == {str(t.number) for t in fake.alive()}
        assert len(fake.alive()) > 30

    def test_more_tickets_of_one_instant_than_pages_reach_end_by_name(self, only, sandbox: Sandbox):
        """A bulk update gives all rows one `updated_at`: a cursor on it alone would loop."""
        fake = sandbox.fakes["freshdesk"]
        fake.per_page, fake.last_page = 7, 3
        fake.updated_at = lambda ticket: NOW - timedelta(hours=2)
        with narrowed("freshdesk", "tickets", cap=3, size={"per_page": "7"}):
            assert "share the instant" in failure(only("freshdesk").read(NOW), "tickets")

    def test_a_ticket_that_changes_while_pages_are_read_hides_no_other(
        self, only, sandbox: Sandbox, monkeypatch
    ):
        """The list is ordered by change: all after it move up, and a page number skips one."""
        fake = sandbox.fakes["freshdesk"]
        fake.per_page = 7
        real, moved = fake.updated_at, set()
        monkeypatch.setattr(fake, "updated_at", lambda t: NOW if t.number in moved else real(t))
        answer = fake.answer

        def changing(asked: Request) -> Response:
            given = answer(asked)
            if asked.path == "/api/v2/tickets" and "filter" not in asked.query:
                moved.add(given.content[0]["id"])
            return given

        monkeypatch.setattr(fake, "answer", changing)
        bench = only("freshdesk")
        with narrowed("freshdesk", "tickets", size={"per_page": "7"}):
            outcome = bench.read(NOW)
        assert outcome.state == "completed", outcome.message
        assert tickets(bench) == {str(t.number) for t in fake.alive()}
        assert len(moved) > 4

    def test_fields_of_a_list_without_a_name_are_watched(self, only, sandbox: Sandbox, monkeypatch):
        """The body is the list: a new field in it was never reported."""
        fake, bench = sandbox.fakes["freshdesk"], only("freshdesk")
        assert bench.read(NOW).state == "completed"
        real = fake._agents
        monkeypatch.setattr(fake, "_agents", lambda: [{**a, "shift_id": 7} for a in real()])
        outcome = bench.read(NOW + timedelta(days=1))
        agents = next(r for r in outcome.streams if r.stream == "agents")
        assert agents.warnings == ["field shift_id is new"]

    def test_activity_files_get_no_key_and_come_from_named_hosts_only(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["freshdesk"]
        assert "file_hosts" in failure(only("freshdesk", file_hosts="").read(NOW), "activities")
        assert not [a for a in fake.asked if a.path.startswith("/files/")]
        outcome = only("freshdesk").read(NOW)
        assert outcome.state == "completed", outcome.message
        files = [a for a in fake.asked if a.path.startswith("/files/")]
        assert files
        assert not any("authorization" in a.headers for a in files)

    def test_renamed_statuses_keep_their_meaning(self, only, sandbox: Sandbox, monkeypatch):
        """Files of activities name statuses by label, which every account may change."""
        labels = {2: "Offen", 3: "Rückfrage", 4: "Gelöst", 5: "Geschlossen", 6: "Bei Spedition"}
        bench = only("freshdesk")
        monkeypatch.setattr(freshdesk, "_LABEL", labels)
        outcome = bench.core(NOW)
        assert outcome.state == "completed", outcome.message
        found = dict(bench.fetch("select status_id, category from staging.status_category"))
        meant = dict(zip(labels.values(), ("open", "pending", "solved", "closed"), strict=False))
        assert {name: found[name] for name in meant} == meant
        names = ("reopens", "solves", "pending")
        columns = ", ".join(MEASURES[name] for name in names)
        told = {
            str(t.number): tuple(truth(t, NOW)[name] for name in names)
            for t in sandbox.fakes["freshdesk"].alive()
        }
        rows = bench.fetch(f"select ticket_id, {columns} from core.fct_ticket")
        assert {row[0]: tuple(row[1:]) for row in rows} == told
        assert all(sum(facts[place] for facts in told.values()) > 0 for place in range(3))

    def test_members_of_a_group_come_from_the_group(self, only, sandbox: Sandbox):
        """The list of groups names no members."""
        fake, bench = sandbox.fakes["freshdesk"], only("freshdesk")
        bench.read(NOW)
        assert not any("agent_ids" in group for group in fake._groups())
        found = bench.fetch("select count(*) from source.team_membership")[0][0]
        assert found == len([a for a in fake.agents() if fake.is_here(a)]) > 0

    def test_the_comment_of_a_rating_is_no_reply(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["freshdesk"], only("freshdesk")
        bench.read(NOW)
        rated = [t for t in fake.alive() if fake._survey_comment(t)]
        assert rated
        assert bench.fetch("select count(*) from source.message") == [
            (sum(len(fake.notes(t)) for t in fake.alive()),)
        ]

    def test_a_day_whose_file_comes_late_is_read_later(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["freshdesk"], only("freshdesk")
        late = (NOW - timedelta(days=1)).date().isoformat()
        original = fake._activities
        fake._activities = lambda asked: (
            Response(b"", 404) if asked.query["created_at"] == late else original(asked)
        )
        assert bench.read(NOW).state == "completed"
        before = bench.fetch("select count(*) from source.ticket_event")[0][0]
        fake._activities = original
        fake.clock = NOW + timedelta(days=1)
        assert bench.read(NOW + timedelta(days=1)).state == "completed"
        reported = sum(
            e["performed_at"][:10] == f"{late[8:]}-{late[5:7]}-{late[:4]}"
            for e in fake._of_day(late)
        )
        assert reported > 1
        assert bench.fetch("select count(*) from source.ticket_event")[0][0] > before

    def test_an_activity_reported_twice_counts_once(self, only, sandbox: Sandbox):
        bench = only("freshdesk")
        bench.read(NOW)
        loaded = bench.fetch("select count(*), count(distinct event_id) from source.ticket_event")[
            0
        ]
        assert loaded[0] == loaded[1] > 100


class TestIntercom:
    def test_a_conversation_without_its_oldest_parts_is_named(self, only, sandbox: Sandbox):
        """A conversation gives its newest 500 parts, and says how many it has."""
        fake, bench = sandbox.fakes["intercom"], only("intercom")
        fake.most_parts = 4
        assert bench.read(NOW).state == "completed"
        long = {t.number: n for t in fake.alive() if (n := len(fake._parts(t))) > 4}
        reasons = bench.fetch("select reason from ops.quarantine where reason like '%parts%'")
        assert sorted(reason for (reason,) in reasons) == sorted(
            f"cannot be read: ValueError: {n} parts, of which the newest 4 came"
            for n in long.values()
        )
        assert long
        assert bench.fetch("select count(*) from source.ticket") == [(len(fake.alive()),)]

    def test_nobody_and_the_bot_are_no_agents(self, only, sandbox: Sandbox):
        bench = only("intercom")
        bench.read(NOW)
        assert bench.fetch("select count(*) from source.agent where name = 'Operator'") == [(0,)]
        assert bench.fetch("select count(*) from source.ticket where assignee_id = '0'") == [(0,)]
        unassigned = bench.fetch("select count(*) from source.ticket where assignee_id is null")
        assert unassigned[0][0] > 0

    def test_parts_that_are_no_longer_given_stay(self, only, sandbox: Sandbox):
        """A conversation gives its newest 500 parts: a replacement would lose older ones."""
        fake, bench = sandbox.fakes["intercom"], only("intercom")
        bench.read(NOW)
        before = bench.fetch("select count(*) from source.message")[0][0]
        fake.most_parts = 1
        fake.updated_at = lambda ticket: NOW + timedelta(minutes=1)
        fake.clock = NOW + timedelta(minutes=5)
        assert bench.read(NOW + timedelta(minutes=5)).state == "completed"
        assert bench.fetch("select count(*) from source.message")[0][0] >= before

    def test_an_unanswered_survey_is_only_an_invitation(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["intercom"], only("intercom")
        bench.read(NOW)
        offered = [t for t in fake.alive() if t.rating and t.rating.offered_at <= NOW]
        answered = [t for t in offered if t.rating.answered_at and t.rating.answered_at <= NOW]
        assert 0 < len(answered) < len(offered)
        assert bench.fetch("select count(*) from source.survey_invitation") == [(len(offered),)]
        assert bench.fetch("select count(*) from source.survey_response") == [(len(answered),)]


class TestJira:
    @pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Auckland"])
    def test_no_change_is_lost_in_any_time_zone_of_the_api_user(
        self, sandbox: Sandbox, only, zone: str
    ):
        """JQL reads times in the user's zone: as UTC, an evening's changes would be skipped."""
        from zoneinfo import ZoneInfo

        fake, bench = sandbox.fakes["jira"], only("jira")
        fake.zone = ZoneInfo(zone)
        for hours in (30, 24, 18, 12, 6, 0):
            fake.clock = NOW - timedelta(hours=hours)
            assert bench.read(fake.clock).state == "completed"
        loaded = dict(bench.fetch("select ticket_id, version_at from source.ticket"))
        assert loaded == {str(t.number): fake.updated_at(t) for t in fake.alive()}

    def test_a_token_treated_as_anonymous_is_refused(self, only, sandbox: Sandbox):
        from flows.pipeline.doctor import examine

        fake = sandbox.fakes["jira"]
        fake.faults = [
            InjectedFault(
                "edit", "/myself", times=9, edit=lambda body: b'{"displayName":"Anonymous"}'
            )
        ]
        loaded = next(
            f for f in examine(only("jira").settings()) if f.subject == "account jira_acme"
        )
        assert not loaded.is_ok
        assert "anonymous" in loaded.description

    def test_the_removed_search_is_not_used(self, only, sandbox: Sandbox):
        only("jira").read(NOW)
        assert not [
            a
            for a in sandbox.fakes["jira"].asked
            if a.path.endswith("/search")
            and "users" not in a.path
            and "statuses" not in a.path
            and "project" not in a.path
        ]


class TestSalesforce:
    def test_a_draft_is_no_reply(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["salesforce"], only("salesforce")
        bench.read(NOW)
        drafts = {draft["Id"] for t in fake.alive() for draft in fake._drafts(t)}
        sent = {mail["Id"] for t in fake.alive() for mail in fake._emails(t)}
        found = {row[0] for row in bench.fetch("select message_id from source.message")}
        assert drafts
        assert not drafts & found
        assert sent <= found

    def test_equal_stamps_over_a_page_border_lose_nothing(self, only, sandbox: Sandbox):
        """Bulk loads give thousands of rows one SystemModstamp: a strict `>` would skip some."""
        fake, bench = (
            sandbox.fakes["salesforce"],
            only("salesforce", start=NOW - timedelta(days=20)),
        )
        fake.per_page = 4
        fake.updated_at = lambda ticket: NOW - timedelta(hours=1)
        outcome = bench.read(NOW)
        assert outcome.state == "completed", outcome.message
        assert any("/query/01g" in a.path for a in fake.asked)
        assert len(tickets(bench)) == len(fake.alive()) > 30

    def test_the_spent_daily_budget_ends_the_run_by_name(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["salesforce"]
        fake.throttled = lambda: fake._problem(
            403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."
        )
        fake.faults = [InjectedFault("throttle", "/jobs/query", times=1000)]
        assert "BudgetSpentError" in failure(only("salesforce").read(NOW), "cases")

    def test_a_session_that_ends_in_mid_run_is_opened_again(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["salesforce"]
        fake.faults = [InjectedFault("unauthorized", "/results$", skip=2, times=1)]
        outcome = only("salesforce").read(NOW)
        assert outcome.state == "completed", outcome.message
        assert sum(a.path == "/services/oauth2/token" for a in fake.asked) >= 2

    def test_a_part_of_an_export_with_too_few_rows_is_refused(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["salesforce"]
        fake.faults = [
            InjectedFault(
                "edit",
                "/results$",
                times=1000,
                edit=lambda body: body[: body.rfind(b"\n", 0, len(body) // 2) + 1],
            )
        ]
        assert "TruncatedPageError" in failure(only("salesforce").read(NOW), "cases")

    @pytest.mark.parametrize("lost", [rb'"records": ?\[.*\]', rb'"nextRecordsUrl": ?"[^"]*"'])
    def test_an_answer_that_contradicts_itself_is_not_the_end(
        self, only, sandbox: Sandbox, lost: bytes
    ):
        fake, bench = sandbox.fakes["salesforce"], only("salesforce")
        bench.read(NOW - timedelta(days=3))
        fake.per_page = 4
        put = b'"records":[]' if b"records" in lost else b'"x":1'
        fake.faults = [
            InjectedFault(
                "edit", "/queryAll$", times=1000, edit=lambda body: re.sub(lost, put, body)
            )
        ]
        assert failure(bench.read(NOW), "cases")

    def test_an_organization_without_milestones_is_not_red(self, only, sandbox: Sandbox):
        """The first sync asks by export, where `optional` was not handed on."""
        fake = sandbox.fakes["salesforce"]
        tables = fake._tables
        fake._tables = lambda: {k: v for k, v in tables().items() if k != "CaseMilestone"}
        outcome = only("salesforce").read(NOW)
        assert outcome.state == "completed", outcome.message
        (milestones,) = (r for r in outcome.streams if r.stream == "milestones")
        assert (milestones.state, "not supported" in milestones.message) == ("skipped", True)

    def test_deleted_and_merged_cases_are_distinguished(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["salesforce"], only("salesforce")
        bench.read(NOW)
        merged = [t for t in fake.alive() if fake.is_merged(t)]
        assert bench.fetch(
            "select count(*) from source.ticket where merged_into_id is not null"
        ) == [(len(merged),)]
        assert bench.fetch("select count(*) from source.tombstone") == [
            (sum(fake.is_deleted(t) for t in fake.visible()),)
        ]


class TestFront:
    def test_a_merge_is_recorded_though_the_old_conversation_redirects(
        self, only, sandbox: Sandbox
    ):
        fake, bench = sandbox.fakes["front"], only("front")
        lost = next(t for t in fake._all if t.merged_at and t.merged_at < NOW - timedelta(days=2))
        fake.clock = lost.created_at + timedelta(minutes=1)
        assert bench.read(fake.clock).state == "completed"
        assert f"cnv_{lost.number:x}" in tickets(bench)
        fake.clock = NOW
        outcome = bench.core(NOW)
        assert outcome.state == "completed", outcome.message
        assert bench.fetch(
            f"select is_excluded from core.fct_ticket where ticket_id = 'cnv_{lost.number:x}'"
        ) == [(True,)]

    def test_with_ticketing_the_categories_of_statuses_are_the_history(
        self, only, sandbox: Sandbox
    ):
        """Nothing is archived there: who looked for that alone would see no ticket solved."""
        fake, bench = sandbox.fakes["front"], only("front")
        fake.ticketing = True
        assert bench.core(NOW).state == "completed"
        unified = {
            "new": "open",
            "open": "open",
            "pending": "pending",
            "hold": "pending",
            "solved": "solved",
            "closed": "solved",
        }
        loaded: dict[str, list[str]] = {}
        for ticket, status in bench.fetch(
            "select ticket_id, category from core.fct_status_interval order by ticket_id, starts_at"
        ):
            listed = loaded.setdefault(ticket, [])
            listed += (
                [status] if listed[-1:] != [status] else []
            )  # an interval also ends where the team changes
        expected = {}
        for t in (t for t in fake.alive() if not fake.is_merged(t)):
            steps = [unified[str(c.after)] for c in t.changes_until(NOW) if c.field == "status"]
            expected[f"cnv_{t.number:x}"] = [
                s for s, before in zip(steps, [None, *steps], strict=False) if s != before
            ]
        assert {k: v for k, v in loaded.items() if k in expected} == expected
        assert {"pending", "solved"} <= {s for listed in expected.values() for s in listed}

    def test_each_conversation_is_asked_for_once(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["front"]
        only("front").read(NOW)
        asked = [a.path for a in fake.asked if a.path.endswith("/messages")]
        redirected = sum(
            fake.is_merged(t) for t in fake.visible()
        )  # they lead to a conversation that is asked for too
        assert len(set(asked)) <= len(asked) <= len(set(asked)) + redirected
        assert any(
            sum(e["conversation"]["id"] == a.split("/")[2] for e in fake._told(fake.visible()[0]))
            > 1
            for a in asked
        )


class TestZohoDesk:
    def test_a_long_window_goes_on_below_the_deepest_offset(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["zoho_desk"], only("zoho_desk")
        fake.deepest = 30
        with narrowed("zoho_desk", "tickets", cap=20, size=10):
            outcome = bench.read(NOW)
        assert [r.message for r in outcome.failures if r.stream == "tickets"] == []
        assert len(tickets(bench)) == len(fake._known()) > 40

    def test_a_ticket_that_moves_while_pages_are_read_hides_no_other(
        self, only, sandbox: Sandbox, monkeypatch
    ):
        fake, bench = sandbox.fakes["zoho_desk"], only("zoho_desk")
        search, moved = fake._search, list[str]()

        def moving(asked, rows):
            """After page 1 its first ticket is changed, and leaves the window."""
            reply = search(asked, [row for row in rows if row["id"] not in moved])
            if "/tickets/" in asked.path and not moved:
                moved.append(reply.content["data"][0]["id"])
            return reply

        monkeypatch.setattr(fake, "_search", moving)
        with narrowed("zoho_desk", "tickets", size=10):
            assert bench.read(NOW).state == "completed"
        assert moved
        assert len(tickets(bench)) == len(fake._known()) > 40

    def test_no_rows_and_a_wrong_organization_are_distinguished(self, only, sandbox: Sandbox):
        outcome = only("zoho_desk", start=NOW - timedelta(seconds=90)).read(NOW)
        assert outcome.state == "completed", outcome.message
        words = failure(
            only(
                "zoho_desk",
                organization_id="1",
                deselect=tuple(
                    s.name for s in connector("zoho_desk").streams if s.name != "tickets"
                ),
            ).read(NOW),
            "tickets",
        )
        assert "orgId is wrong" in words

    def test_the_spent_credits_of_the_day_end_the_run_by_name(self, only, sandbox: Sandbox):
        fake = sandbox.fakes["zoho_desk"]
        fake.throttled = lambda: Response(
            fake._error(429, "THRESHOLD_EXCEEDED", "Daily credits used").content,
            429,
            {"retry-after": "36000"},
        )
        fake.faults = [InjectedFault("throttle", "/tickets/search", times=1000)]
        assert "BudgetSpentError" in failure(only("zoho_desk").read(NOW), "tickets")

    def test_a_refused_refresh_token_is_named_though_the_answer_is_200(self, only, monkeypatch):
        monkeypatch.setenv("SUPPORT_ETL_SECRET_ZOHO_DESK_ACME_REFRESH_TOKEN", "wrong")
        assert "CredentialsError" in failure(only("zoho_desk").read(NOW), "tickets")


class TestTypeform:
    def test_a_walk_that_breaks_off_leaves_no_hole(self, only, sandbox: Sandbox):
        """Newest first: a bookmark moved by the first page would skip every older record."""
        fake, bench = sandbox.fakes["typeform"], only("typeform")
        fake.per_page = 3
        stream = next(s for s in connector("typeform").streams)
        assert stream.paging.size == 1000
        with narrowed("typeform", "responses", size=3):
            fake.faults = [InjectedFault("error", "/responses", skip=2, times=1000)]
            assert bench.read(NOW).state == "partly"
            assert bench.fetch("select count(*) from source.survey_response") == [(0,)]
            fake.faults = []
            assert bench.read(NOW).state == "completed"
        answered = sum(s.number % 50 != 0 for s in fake.world.scores if s.at <= NOW)
        assert bench.fetch("select count(*) from source.survey_response") == [(answered,)]

    def test_timeouts_ask_for_smaller_pages(self, only, sandbox: Sandbox):
        from tasks.rest.spec import Request

        paging = next(s for s in connector("typeform").streams).paging
        assert paging.adaptive.halved(paging.first(Request("/x"))).params["page_size"] == "500"


class TestQualtrics:
    def test_an_export_that_fails_at_a_hundred_percent_is_named(self, only, sandbox: Sandbox):
        sandbox.fakes["qualtrics"].fails = True
        assert "the vendor gave up on the export: failed" in failure(
            only("qualtrics").read(NOW), "responses"
        )

    def test_an_export_that_never_completes_fails(self, only, sandbox: Sandbox, monkeypatch):
        monkeypatch.setattr("tasks.rest.exports._MOST_LOOKS", 5)
        fake = sandbox.fakes["qualtrics"]
        fake._poll = lambda job: Response(
            {"result": {"percentComplete": 99.0, "status": "inProgress"}, "meta": {}}
        )
        assert "is not ready" in failure(only("qualtrics").read(NOW), "responses")

    @pytest.mark.parametrize(
        ("kind", "description"),
        [("bomb", "unpacks to more than"), ("two", "has 2 files"), ("none", "not a zip")],
    )
    def test_a_hostile_zip_is_refused(
        self, only, sandbox: Sandbox, monkeypatch, kind: str, description: str
    ):
        monkeypatch.setattr("tasks.rest.client.Client.biggest_page", 1 << 20)
        fake = sandbox.fakes["qualtrics"]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.json", b"0" * (2 << 20) if kind == "bomb" else b"{}")
            if kind == "two":
                archive.writestr("b.json", b"{}")
        fake._zip = lambda name: b"PK no zip" if kind == "none" else packed.getvalue()
        assert description in failure(only("qualtrics").read(NOW), "responses")

    def test_previews_do_not_count(self, only, sandbox: Sandbox):
        bench = only("qualtrics")
        bench.read(NOW)
        assert bench.fetch(
            "select count(*) from source.survey_response where response_id like 'R_preview%'"
        ) == [(0,)]


class TestMedallia:
    def test_equal_finish_times_over_a_page_border_lose_nothing(self, only, sandbox: Sandbox):
        fake, bench = sandbox.fakes["medallia"], only("medallia")
        moment = NOW - timedelta(days=3)
        fake.told = lambda: [replace(s, at=moment) for s in fake.world.scores]
        fake.per_page = 10
        with narrowed("medallia", "feedback", size=10):
            assert bench.read(NOW).state == "completed"
        assert bench.fetch("select count(*) from source.survey_response") == [
            (len(fake.world.scores),)
        ]

    def test_errors_that_come_with_200_are_errors(self, only, sandbox: Sandbox):
        def spoilt(body: bytes) -> bytes:
            return body.replace(b'"errors":null', b'"errors":[{"message":"Query too expensive"}]')

        fault = InjectedFault("edit", "/data/v0/query", times=99, edit=spoilt)
        sandbox.fakes["medallia"].faults = [fault]
        assert "Query too expensive" in failure(only("medallia").read(NOW), "feedback")

    @pytest.mark.parametrize("hidden", ["e_ces_score", "e_ticket_id"])
    def test_a_field_that_the_role_does_not_see_costs_that_field(
        self, only, sandbox: Sandbox, hidden: str
    ):
        fake = sandbox.fakes["medallia"]
        fake.fields.remove(hidden)
        bench = only("medallia")
        outcome = bench.read(NOW)
        assert outcome.state == "completed", outcome.message
        (feedback,) = outcome.streams
        words = f"field {hidden} is hidden from the login; it is not read, its column is empty"
        assert words in feedback.warnings
        surveys = {"relationship"} if hidden == "e_ces_score" else {"relationship", "effort"}
        expected = sum(score.survey in surveys for score in fake.told())
        assert bench.fetch("select count(*) from source.survey_response") == [(expected,)]
        (tickets,) = bench.fetch("select count(ticket_id) from source.survey_response")[0]
        assert (tickets > 0) == (
            hidden == "e_ces_score"
            and any(score.ticket for score in fake.told() if score.survey == "relationship")
        )

    @pytest.mark.parametrize("needed", ["a_surveyid", "k_initialfinishdate_epoch_int"])
    def test_a_field_that_pages_need_fails_by_name(self, only, sandbox: Sandbox, needed: str):
        sandbox.fakes["medallia"].fields.remove(needed)
        found = failure(only("medallia").read(NOW), "feedback")
        assert f"Invalid field id: {needed}" in found

    def test_a_field_id_cannot_change_the_query(self):
        from tasks.clock import Window
        from tasks.connectors.medallia.surveys import query

        with pytest.raises(ConfigurationError, match="is not a field id"):
            query(
                Window(NOW, NOW),
                {"scores": [{"question_id": 'e_x") { values } } users { name } #'}]},
            )
