"""Small ServiceNow accounts, table by table, through the whole pipeline; figures by hand."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Bench

from flows.pipeline.doctor import examine
from flows.pipeline.reconcile import run_reconciliation
from flows.pipeline.runner import ThreadRunner
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import InjectedFault
from tasks.sandbox.vendors.servicenow import ServiceNow, Tables

Record = dict[str, str]
AS_OF = datetime(2026, 4, 20, tzinfo=UTC)
MADE = "2026-01-01 00:00:00"
EXPORT = Path(__file__).parent / "servicenow" / "schedules.json"
DESK_HOURS, HOLIDAYS = "090eecae0a0a0b260077e1dfa71da828", "55ebbbf15f002000b12e3572f2b47714"
EVERY_DAY = "051fc9c8db64130093da55d0cf9619b8"
NAMES = (
    "incident sn_customerservice_case sys_audit sys_journal_field task_sla contract_sla sys_user"
    " sys_user_group sys_user_grmember customer_account cmn_schedule_span cmn_other_schedule"
    " asmt_assessment_instance asmt_metric_result asmt_metric task_time_worked sys_choice"
    " sys_audit_delete sys_dictionary"
)


class Instance:
    """An instance with the given tables; the others are empty."""

    def __init__(self, bench: Bench, fake: ServiceNow) -> None:
        self.bench, self.fake = bench, fake
        self.tables: dict[str, list[Record]] = {name: [] for name in NAMES.split()}
        self.tables["sys_user"] = [
            user("u1", "ana.ruiz"),
            user("u2", "sam.lee"),
            user("api", "etl", time_zone="GMT"),
        ]
        self.tables["sys_user_grmember"] = [
            {"sys_id": "m1", "user": "u1", "group": "g1", "sys_updated_on": MADE}
        ]
        fake._teller = self.tell
        fake.clock = AS_OF

    def tell(self, now: datetime) -> Tables:
        return self.tables

    def run(self, as_of: datetime = AS_OF) -> Any:
        self.fake.clock = as_of
        outcome = self.bench.core(as_of)
        assert outcome.state == "completed", outcome.message
        return outcome

    def read(self, as_of: datetime = AS_OF) -> None:
        """Load only; no tables are built."""
        self.fake.clock = as_of
        assert self.bench.read(as_of).state == "completed"

    def set(self, **settings: Any) -> None:
        """Other settings of the account; None takes one away."""
        (account,) = self.bench.accounts
        kept = {n: v for n, v in {**account, **settings}.items() if v is not None}
        self.bench = replace(self.bench, accounts=(kept,))

    def doctor(self) -> str:
        subject = "account servicenow_acme"
        found = next(f for f in examine(self.bench.settings()) if f.subject == subject)
        return "" if found.is_ok else found.description


@pytest.fixture
def instance(every_account: Bench, sandbox: Sandbox) -> Instance:
    every_account.accounts = tuple(
        {**a, "start": "2026-01-01T00:00:00Z"}
        for a in every_account.accounts
        if a["connector"] == "servicenow"
    )
    fake = sandbox.fakes["servicenow"]
    assert isinstance(fake, ServiceNow)
    return Instance(every_account, fake)


def user(sys_id: str, login: str, time_zone: str = "") -> Record:
    return {
        "sys_id": sys_id,
        "user_name": login,
        "name": login,
        "email": "",
        "active": "true",
        "time_zone": time_zone,
        "company": "",
        "sys_created_on": MADE,
        "sys_updated_on": MADE,
    }


def incident(sys_id: str, opened: str, solved: str = "", **more: str) -> Record:
    return {
        "sys_id": sys_id,
        "number": f"INC{sys_id}",
        "state": "6" if solved else "2",
        "priority": "3",
        "contact_type": "email",
        "caller_id": "u2",
        "opened_by": "u2",
        "assigned_to": "u1",
        "opened_at": opened,
        "resolved_at": solved,
        "sys_created_on": opened,
        "sys_updated_on": "2026-04-10 00:00:00",
        **more,
    }


def change(sys_id: str, ticket: str, at: str, old: str, new: str, table="incident") -> Record:
    return {
        "sys_id": sys_id,
        "tablename": table,
        "documentkey": ticket,
        "fieldname": "state",
        "oldvalue": old,
        "newvalue": new,
        "user": "ana.ruiz",
        "sys_created_on": at,
        "record_checkpoint": "1",
    }


def comment(sys_id: str, ticket: str, at: str, login: str, **more: str) -> Record:
    return {
        "sys_id": sys_id,
        "name": "incident",
        "element": "comments",
        "element_id": ticket,
        "value": "x",
        "sys_created_on": at,
        "sys_created_by": login,
        **more,
    }


def clock(sys_id: str, ticket: str, stage: str, **more: str) -> Record:
    return {
        "sys_id": sys_id,
        "task": ticket,
        "sla": "s1",
        "sla.target": "resolution",
        "sla.type": "SLA",
        "sla.duration": "1970-01-01 08:00:00",
        "stage": stage,
        "has_breached": "false",
        "start_time": "2026-03-27 16:00:00",
        "end_time": "",
        "planned_end_time": "2026-03-30 12:00:00",
        "schedule": DESK_HOURS,
        "sys_updated_on": "2026-04-10 00:00:00",
        **more,
    }


def exported(*more: Record) -> dict[str, list[Record]]:
    """The calendar of a real instance: desk hours that include holidays, and hours of every day."""
    export = json.loads(EXPORT.read_text())
    spans = [
        {**s, "repeat_until": "00000000"} if s["type"] == "exclude" else s
        for s in export["answer"]["result"]
    ]
    return {
        "cmn_schedule_span": [*spans, *more],
        "cmn_other_schedule": export["parent_document"]["result"],
    }


def span(schedule: str, starts: str, ends: str, **more: str) -> Record:
    return {
        "sys_id": f"{schedule}-{starts}-{more.get('repeat_type', 'once')}",
        "name": f"span {starts}",
        "schedule": schedule,
        "schedule.name": f"schedule {schedule}",
        "schedule.time_zone": "Europe/Berlin",
        "start_date_time": starts,
        "end_date_time": ends,
        "repeat_type": "",
        "repeat_count": "1",
        "repeat_until": "00000000",
        "days_of_week": "1",
        "yearly_type": "doy",
        "month": "1",
        "float_week": "1",
        "float_day": "1",
        "type": "",
        "sys_updated_on": MADE,
        **more,
    }


def hours(instance: Instance, schedule: str) -> list[tuple[int, int]]:
    return [
        (start, end)
        for start, end in instance.bench.fetch(
            "select starts_minute, ends_minute from source.business_schedule"
            f" where schedule_id = '{schedule}' order by 1"
        )
    ]


def refused(instance: Instance) -> str:
    return " ".join(
        r[0] for r in instance.bench.fetch("select reason from ops.quarantine order by 1")
    )


class TestSchedules:
    def test_business_time_is_that_of_the_schedule_of_the_sla(self, instance: Instance):
        """Memorial Day is closed: from Friday 16:00 to Tuesday 10:00, 1 and 2 hours. In Berlin."""
        instance.tables |= exported()
        instance.tables |= {
            "incident": [incident("1", "2026-05-22 14:00:00", "2026-05-26 08:00:00")],
            "sys_audit": [change("a1", "1", "2026-05-26 08:00:00", "2", "6")],
            "task_sla": [
                clock(
                    "k1",
                    "1",
                    "completed",
                    start_time="2026-05-22 14:00:00",
                    end_time="2026-05-26 08:00:00",
                    planned_end_time="2026-05-27 08:00:00",
                )
            ],
        }
        instance.set(default_schedule="Hours every day")
        instance.run(datetime(2026, 6, 1, tzinfo=UTC))
        measured = "select full_resolution_business_seconds_recorded from core.fct_ticket"
        assert instance.bench.fetch(measured) == [(3 * 3600,)]
        instance.tables["task_sla"] = []
        url = instance.bench.url.replace("warehouse", "other")
        instance.bench = replace(instance.bench, url=url)
        instance.run(datetime(2026, 6, 2, tzinfo=UTC))
        # 06:00 to 18:00 every day: 2, 12, 12, 12 and 4 hours
        assert instance.bench.fetch(measured) == [(42 * 3600,)]

    def test_overlapping_spans_and_breaks_make_one_week(self, instance: Instance):
        instance.tables["cmn_schedule_span"] = [
            span("d", "20260105T080000", "20260105T140000", repeat_type="weekdays"),
            span("d", "20260105T120000", "20260105T180000", repeat_type="weekMWF"),
            span(
                "d",
                "20260105T120000",
                "20260105T123000",
                repeat_type="daily",
                type="exclude",
                sys_id="break",
            ),
            span("n", "20260105T220000", "20260106T060000", repeat_type="weekends"),
            span("a", "20260105T000000", "20260105T235959", repeat_type="daily"),
            span("t", "20260105T090000", "20260105T100000", repeat_type="weekTT"),
            span(
                "s",
                "20260105T090000",
                "20260105T100000",
                repeat_type="specific",
                days_of_week="17",
            ),
        ]
        instance.read()
        day = 1440
        assert hours(instance, "d")[:3] == [
            (day + 480, day + 720),
            (day + 750, day + 1080),
            (2 * day + 480, 2 * day + 720),
        ]
        assert hours(instance, "n") == [
            (0, 360),
            (1320, day + 360),
            (6 * day + 1320, 7 * day),
        ]
        assert hours(instance, "a") == [(0, 7 * day)]
        assert hours(instance, "t") == [(n * day + 540, n * day + 600) for n in (2, 4)]
        assert hours(instance, "s") == [(n * day + 540, n * day + 600) for n in (0, 1)]

    def test_links_take_in_or_take_out_what_the_child_is_open(self, instance: Instance):
        instance.tables["cmn_schedule_span"] = [
            span("p", "20260105T080000", "20260105T180000", repeat_type="weekdays"),
            span("lunch", "20260105T120000", "20260105T130000", repeat_type="daily"),
            span("late", "20260105T180000", "20260105T200000", repeat_type="weekly"),
        ]
        instance.tables["cmn_other_schedule"] = [
            {"sys_id": "1", "schedule": "p", "child_schedule": "lunch", "type": "exclude"},
            {"sys_id": "2", "schedule": "p", "child_schedule": "late", "type": "include"},
        ]
        for link in instance.tables["cmn_other_schedule"]:
            link["sys_updated_on"] = MADE
        instance.read()
        monday = [(1440 + 480, 1440 + 720), (1440 + 780, 1440 + 1200)]
        assert hours(instance, "p")[:2] == monday
        assert hours(instance, "p")[3] == (2 * 1440 + 780, 2 * 1440 + 1080)

    def test_a_time_in_utc_comes_to_the_zone_of_the_schedule(self, instance: Instance):
        instance.tables["cmn_schedule_span"] = [
            span("z", "20260105T070000Z", "20260105T160000Z", repeat_type="weekly")
        ]
        instance.read()
        assert hours(instance, "z") == [(1440 + 480, 1440 + 1020)]

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"type": "blackout"}, "type 'blackout' is not known"),
            ({"repeat_type": "monthly"}, "it opens monthly"),
            ({"repeat_type": "fortnightly"}, "it opens fortnightly"),
            ({"repeat_type": "weekly", "repeat_count": "2"}, "it repeats only every 2 times"),
            ({"repeat_type": "weekly", "repeat_until": "20261231"}, "hours that end"),
            ({"type": "exclude"}, "it closes a part of a day"),
            ({"type": "exclude", "repeat_type": "monthly"}, "it closes monthly"),
            ({"end_date_time": "20260105T080000"}, "before it starts"),
            ({"start_date_time": ""}, "does not match"),
            ({"start_date_time": "20260105T080000Z", "schedule.time_zone": ""}, "in UTC"),
        ],
    )
    def test_what_cannot_be_kept_is_named(self, instance: Instance, changed, reason: str):
        odd = {**span("d", "20260105T080000", "20260105T120000"), "sys_id": "odd", **changed}
        instance.tables["cmn_schedule_span"] = [
            span("d", "20260105T080000", "20260105T180000", repeat_type="weekdays"),
            odd,
        ]
        instance.read()
        assert len(hours(instance, "d")) == 5
        assert reason in refused(instance)

    def test_times_of_people_are_no_hours_of_a_desk(self, instance: Instance):
        instance.tables["cmn_schedule_span"] = [
            span("d", "20260105T080000", "20260105T180000", repeat_type="weekdays"),
            span("d", "20260105T190000", "20260105T200000", repeat_type="daily", type="on_call"),
        ]
        instance.read()
        assert len(hours(instance, "d")) == 5
        assert not refused(instance)

    def test_hours_come_without_the_links_that_are_hidden_and_that_is_named(
        self, instance: Instance
    ):
        instance.tables |= exported()
        del instance.tables["cmn_other_schedule"]
        instance.read()
        assert len(hours(instance, DESK_HOURS)) == 10
        assert "links between schedules cannot be read" in refused(instance)

    def test_a_span_that_goes_takes_its_hours_along(self, instance: Instance):
        """The newest span is the one that goes: what is left is older, and true."""
        morning = span("d", "20260105T080000", "20260105T120000", repeat_type="weekly")
        later = "2026-02-01 00:00:00"
        evening = span(
            "d", "20260105T120000", "20260105T180000", repeat_type="weekly", sys_updated_on=later
        )
        instance.tables["cmn_schedule_span"] = [morning, evening]
        instance.read()
        assert hours(instance, "d") == [(1440 + 480, 1440 + 1080)]
        instance.tables["cmn_schedule_span"] = [morning]
        instance.read(AS_OF + timedelta(days=1))
        assert hours(instance, "d") == [(1440 + 480, 1440 + 720)]

    def test_floating_holidays_count_from_sunday(self, instance: Instance):
        instance.tables |= exported()
        instance.read()
        closed = {
            (name, day)
            for name, day in instance.bench.fetch(
                "select name, first_on from source.holiday"
                f" where schedule_id = '{DESK_HOURS}' and first_on < date '2014-01-01'"
            )
        }
        assert ("Martin Luther King, Jr. Day", date(2013, 1, 21)) in closed
        assert ("Labor Day", date(2012, 9, 3)) in closed
        assert ("Memorial Day", date(2013, 5, 27)) in closed


class TestTimeZone:
    @pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
    def test_queries_in_another_zone_are_refused_before_the_first_page(
        self, every_account: Bench, sandbox: Sandbox, zone: str
    ):
        from zoneinfo import ZoneInfo

        only = tuple(a for a in every_account.accounts if a["connector"] == "servicenow")
        bench = replace(every_account, accounts=only)
        fake = sandbox.fakes["servicenow"]
        fake.zone = ZoneInfo(zone)  # type: ignore[attr-defined]
        outcome = bench.read(fake.clock)
        assert {r.state for r in outcome.streams} == {"failed"}
        assert all("set the time zone of the API user" in r.message for r in outcome.streams)
        assert bench.fetch("select count(*) from source.ticket") == [(0,)]
        fake.zone = ZoneInfo("GMT")  # type: ignore[attr-defined]
        assert bench.read(fake.clock).state == "completed"

    def test_a_user_at_london_is_refused_in_winter_too(self, instance: Instance):
        instance.tables["incident"] = [incident("1", "2026-03-27 16:00:00")]
        instance.tables["sys_user"][2]["time_zone"] = "Europe/London"
        assert "queries are read in Europe/London" in instance.doctor()
        assert {r.state for r in instance.bench.read(AS_OF).streams} == {"failed"}

    def test_a_record_that_changes_meanwhile_is_no_other_zone(self, instance: Instance):
        instance.tables["incident"] = [incident("1", "2026-03-27 16:00:00")]
        moves = iter(range(10, 59))

        def tell(now: datetime) -> Tables:
            if len(instance.fake.asked) < 6:
                at = f"2026-04-10 00:00:{next(moves)}"
                instance.tables["incident"][0]["sys_updated_on"] = at
            instance.fake._made = None
            return instance.tables

        instance.fake._teller = tell
        assert "time zone" not in instance.doctor()

    @pytest.mark.parametrize("body", [b"[]", b'{"result": 1}', b'{"result": [1]}', b'"x"'])
    def test_an_answer_of_another_shape_breaks_no_check(self, instance: Instance, body: bytes):
        every = InjectedFault("edit", "/table/", times=99, edit=lambda content: body)
        instance.fake.faults = [every]
        assert "Error" not in instance.doctor()


class TestDoctor:
    def test_a_sound_account_has_no_complaint(self, every_account: Bench, sandbox: Sandbox):
        only = tuple(a for a in every_account.accounts if a["connector"] == "servicenow")
        findings = examine(replace(every_account, accounts=only).settings())
        assert all(f.is_ok for f in findings), findings

    def test_a_hidden_history_is_named(self, instance: Instance):
        instance.tables["incident"] = [incident("1", "2026-03-27 16:00:00")]
        assert "let the API user read sys_audit" in instance.doctor()
        instance.set(deselect=("audit",), select=("state_metrics",))
        assert not instance.doctor()

    def test_a_hidden_field_is_named(self, instance: Instance):
        instance.tables["incident"] = [incident("1", "2026-03-27 16:00:00", state="")]
        instance.tables["sys_audit"] = [change("a1", "1", "2026-04-01 08:00:00", "1", "2")]
        assert "incident.state is hidden" in instance.doctor()

    def test_several_schedules_without_a_default_or_a_zone_are_named(self, instance: Instance):
        instance.tables |= exported()
        assert "set default_schedule" in instance.doctor()
        instance.set(default_schedule="Desk hours")
        assert not instance.doctor()
        instance.set(time_zone=None)
        assert "set time_zone of the account" in instance.doctor()

    def test_several_ratings_of_a_survey_are_named(self, instance: Instance):
        instance.tables["asmt_metric"] = [question("q1"), question("q2")]
        assert "q1, q2), and all count as CSAT" in instance.doctor()
        instance.tables["asmt_metric"] = [question("q1", datatype="string")]
        assert "has no rating" in instance.doctor()
        instance.set(scores=[{"question_id": "q1", "metric": "csat"}])
        assert not instance.doctor()


def question(name: str, datatype: str = "scale") -> Record:
    return {
        "sys_id": f"id-{name}",
        "name": name,
        "datatype": datatype,
        "metric_type": "t1",
        "metric_type.name": "Satisfaction",
        "metric_type.evaluation_method": "survey",
        "active": "true",
    }


def answer(sys_id: str, value: str, **more: str) -> Record:
    return {
        "sys_id": sys_id,
        "instance": "i1",
        "instance.trigger_id": "1",
        "instance.taken_on": "2026-04-02 08:00:00",
        "instance.state": "complete",
        "instance.metric_type": "t1",
        "instance.metric_type.evaluation_method": "survey",
        "metric": "id-q1",
        "metric.name": "q1",
        "metric.datatype": "scale",
        "metric.min": "1",
        "metric.max": "5",
        "metric.scale": "high",
        "actual_value": value,
        "sys_updated_on": "2026-04-02 08:00:01",
        **more,
    }


class TestSurveys:
    def scores(self, instance: Instance) -> list[tuple[Any, ...]]:
        return instance.bench.fetch(
            "select response_id, metric, score, scale_min, scale_max, better"
            " from source.survey_response order by 1"
        )

    def test_scale_and_direction_are_those_of_the_question(self, instance: Instance):
        ten = {"metric.min": "0", "metric.max": "10"}
        instance.tables["asmt_metric_result"] = [
            answer("a", "4"),
            answer("b", "9", **ten, **{"metric.datatype": "Likert Scale"}),
            answer("c", "2", **{"metric.scale": "low"}),
            answer("d", "", **{"metric.name": "left out"}),
            answer("e", "1", **{"metric.datatype": "boolean", "metric.max": "1"}),
            answer("f", "3", **{"instance.metric_type.evaluation_method": "assessment"}),
            answer("g", "3", **{"instance.state": "wip"}),
        ]
        instance.read()
        assert self.scores(instance) == [
            ("a", "csat", 4, 1, 5, "higher"),
            ("b", "csat", 9, 0, 10, "higher"),
            ("c", "csat", 2, 1, 5, "lower"),
        ]
        assert not refused(instance)

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"actual_value": "very good"}, "'very good'"),
            ({"metric.max": ""}, "no scale or direction"),
            ({"metric.scale": ""}, "no scale or direction"),
            ({"actual_value": "9"}, "score"),
            ({"metric.datatype": "stars"}, "data type stars is not known"),
            ({"metric.datatype": ""}, "data type hidden is not known"),
        ],
    )
    def test_a_score_that_cannot_be_read_is_refused(self, instance: Instance, changed, reason: str):
        instance.tables["asmt_metric_result"] = [{**answer("a", "4"), **changed}]
        instance.read()
        assert self.scores(instance) == []
        assert reason in refused(instance)

    def test_the_settings_name_the_question_and_its_scale(self, instance: Instance):
        instance.set(
            scores=[
                {"question_id": "q2", "metric": "nps", "scale_min": 0, "scale_max": 10},
                {"question_id": "id-q3", "metric": "ces", "better": "lower"},
            ]
        )
        number = {"metric": "id-q2", "metric.name": "q2", "metric.datatype": "long"}
        instance.tables["asmt_metric_result"] = [
            answer("a", "4"),
            answer("b", "9", **number, **{"metric.min": "", "metric.max": "", "metric.scale": ""}),
            answer("c", "2", **{"metric": "id-q3", "metric.name": "q3"}),
        ]
        instance.read()
        assert self.scores(instance) == [
            ("b", "nps", 9, 0, 10, "higher"),  # by definition
            ("c", "ces", 2, 1, 5, "lower"),
        ]


class TestTickets:
    def test_a_clock_that_is_breached_and_ends_has_its_end(self, instance: Instance):
        late = {"has_breached": "true", "end_time": "2026-03-31 08:00:00"}
        instance.tables["incident"] = [incident("1", "2026-03-27 16:00:00")]
        instance.tables["task_sla"] = [
            clock("k1", "1", "breached", **late),
            clock("k2", "1", "cancelled", **late, **{"sla.target": "response"}),
            clock("k3", "1", "completed", **late, **{"sla.type": "OLA"}),
            clock("k4", "1", "completed", **late, **{"sla.target": ""}),
        ]
        instance.run()
        clocks = instance.bench.fetch(
            "select instance, metric, state, ended_at is not null from core.fct_sla_clock"
            " order by 1"
        )
        assert clocks == [
            ("ola/k3", "other", "breached", True),
            ("resolution/k1", "resolution", "breached", True),
            ("unspecified/k4", "other", "breached", True),
        ]

    def test_states_of_cases_are_not_those_of_incidents(self, instance: Instance):
        """3 is On Hold of an incident and Closed of a case; labels say it, English ones first."""
        case = incident("c1", "2026-03-27 16:00:00", state="3", account="a1", contact="u2")
        instance.tables |= {
            "incident": [incident("1", "2026-03-27 16:00:00", state="3", hold_reason="4")],
            "sn_customerservice_case": [case],
            "sys_audit": [
                change("x", "c1", "2026-03-28 08:00:00", "10", "18", "sn_customerservice_case"),
                change("y", "c1", "2026-03-29 08:00:00", "18", "3", "sn_customerservice_case"),
            ],
            "sys_choice": [
                {
                    "sys_id": f"{table}{value}{language}",
                    "name": table,
                    "element": "state",
                    "value": value,
                    "label": label,
                    "language": language,
                    "sys_updated_on": MADE,
                }
                for table, value, label, language in (
                    ("sn_customerservice_case", "10", "Offen", "de"),
                    ("sn_customerservice_case", "10", "Open", "en"),
                    ("sn_customerservice_case", "18", "Awaiting Info", "en"),
                    ("sn_customerservice_case", "3", "Geschlossen", "de"),
                    ("sn_customerservice_case", "3", "Closed", "en"),
                    ("sn_customerservice_case", "90", "Beim Hersteller", "de"),
                    ("task", "3", "Closed Complete", "en"),
                )
            ],
        }
        instance.run()
        found = instance.bench.fetch(
            "select ticket_id, category from core.fct_status_interval order by 1, starts_at"
        )
        assert found == [("1", "hold"), ("c1", "open"), ("c1", "pending"), ("c1", "closed")]
        labels = dict(instance.bench.fetch("select status_id, label from source.ticket_status"))
        assert labels["case 90"] == "Beim Hersteller"
        assert labels["3"] == "Closed Complete"

    def test_a_record_that_is_deleted_and_restored_is_there_again(self, instance: Instance):
        """Two incidents are deleted; one comes back as it was."""
        first, second = (incident(name, "2026-04-01 08:00:00") for name in ("i1", "i2"))
        instance.tables["incident"] = [first, second]
        instance.read(AS_OF - timedelta(days=2))
        instance.tables["incident"] = []
        instance.tables["sys_audit_delete"] = [
            {
                "sys_id": f"gone-{name}",
                "tablename": "incident",
                "documentkey": name,
                "sys_created_on": "2026-04-18 12:00:00",
            }
            for name in ("i1", "i2")
        ]
        instance.read(AS_OF - timedelta(days=1))
        instance.tables["incident"] = [first]
        instance.read()
        tickets = "select ticket_id from core.fct_ticket"
        outcome, _ = run_reconciliation(
            instance.bench.settings(),
            ThreadRunner(1),
            as_of=AS_OF,
            everything=True,
            with_report=False,
        )
        assert outcome.state == "completed", outcome.message
        assert instance.bench.fetch(tickets) == [("i1",)]

    def test_chosen_columns_are_read_by_their_name_or_their_label(self, instance: Instance):
        instance.tables["incident"] = [
            incident(
                "i1", "2026-04-01 08:00:00", u_area="bill", u_parts="a,b", **{"u_x.name": "X"}
            ),
            incident("i2", "2026-04-01 08:00:00", u_area="", u_parts="", **{"u_x.name": ""}),
        ]
        columns = (
            ("u_area", "Area", "string", ""),
            ("u_parts", "Parts", "glide_list", ""),
            ("u_x", "Department", "reference", "cmn_department"),
        )
        instance.tables["sys_dictionary"] = [
            {
                **dict(
                    zip(("element", "column_label", "internal_type", "reference"), one, strict=True)
                ),
                "sys_id": one[0],
                "name": "incident",
                "active": "true",
                "sys_updated_on": MADE,
            }
            for one in columns
        ]
        instance.set(fields={"area": "AREA", "parts": "u_parts", "department": "u_x.name"})
        instance.read()
        rows = "select ticket_id, field_id, value from source.ticket_field order by 1, 2"
        assert instance.bench.fetch(rows) == [
            ("i1", "u_area", "bill"),
            ("i1", "u_parts", '["a","b"]'),
            ("i1", "u_x.name", "X"),
            ("i2", "u_area", None),
            ("i2", "u_parts", None),
            ("i2", "u_x.name", None),
        ]

    def test_columns_are_chosen_by_name_where_the_dictionary_is_hidden(self, instance: Instance):
        instance.tables["incident"] = [incident("i1", "2026-04-01 08:00:00", u_area="bill")]
        del instance.tables["sys_dictionary"]
        instance.set(fields={"area": "u_area"})
        instance.read()
        rows = "select ticket_id, field_id, value from source.ticket_field"
        assert instance.bench.fetch(rows) == [("i1", "u_area", "bill")]

    def test_logins_of_the_journal_are_the_people_of_the_lists(self, instance: Instance):
        instance.tables["incident"] = [incident("1", "2026-03-27 16:00:00")]
        instance.tables["sys_journal_field"] = [
            comment("j1", "1", "2026-03-27 16:30:00", "sam.lee"),
            comment("j2", "1", "2026-03-27 17:00:00", "system"),
            comment("j3", "1", "2026-03-27 17:30:00", "ana.ruiz", element="work_notes"),
            comment("j4", "1", "2026-03-27 18:00:00", "ana.ruiz"),
        ]
        instance.run()
        roles = instance.bench.fetch(
            "select message_id, author_role, agent_id, is_reply from staging.message order by 1"
        )
        assert roles == [
            ("j1", "customer", None, False),
            ("j2", "system", None, False),
            ("j3", "agent", "u1", False),
            ("j4", "agent", "u1", True),
        ]
