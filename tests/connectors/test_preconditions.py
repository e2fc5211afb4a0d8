"""`doctor` finds each precondition of a desk or survey tool when it is broken."""

from dataclasses import replace
from typing import Any

import pytest
from conftest import Bench

from flows.pipeline.doctor import Finding, examine
from tasks.sandbox.company import Sandbox
from tasks.sandbox.fake import Request, Response

VENDORS = (
    "freshdesk",
    "hubspot",
    "intercom",
    "medallia",
    "qualtrics",
    "salesforce",
    "surveymonkey",
    "typeform",
)


class Doctor:
    """What `doctor` says of one account of the sandbox, with other settings or answers."""

    def __init__(self, bench: Bench, sandbox: Sandbox, vendor: str) -> None:
        (self.account,) = (a for a in bench.accounts if a["connector"] == vendor)
        self.bench = bench
        if vendor in sandbox.fakes:
            self.fake = sandbox.fakes[vendor]

    def finding(self, **settings: Any) -> Finding:
        account = {**self.account, **settings}
        findings = examine(replace(self.bench, accounts=(account,)).settings())
        return next(f for f in findings if f.subject.startswith("account"))

    def complaint(self, **settings: Any) -> str:
        found = self.finding(**settings)
        assert not found.is_ok, found.description
        return found.description

    def answers(self, path: str, content: Any) -> None:
        """Give this content for a path."""
        usual = self.fake.answer

        def answer(asked: Request) -> Response:
            return Response(content) if asked.path == path else usual(asked)

        self.fake.answer = answer  # type: ignore[method-assign]


@pytest.fixture
def doctor(every_account: Bench, sandbox: Sandbox):
    return lambda vendor: Doctor(every_account, sandbox, vendor)


@pytest.mark.parametrize("vendor", VENDORS)
def test_all_is_well(doctor, vendor: str):
    found = doctor(vendor).finding()
    assert found.is_ok, found.description


def test_freshdesk_a_restricted_agent_is_found(doctor):
    desk = doctor("freshdesk")
    desk.answers("/api/v2/agents/me", {"id": 1, "ticket_scope": 2})
    assert "sees only tickets of its groups" in desk.complaint()


def test_freshdesk_an_unknown_default_schedule_is_found(doctor):
    said = doctor("freshdesk").complaint(default_schedule="Mars")
    assert "default_schedule Mars is none of the business hours Americas" in said


def test_intercom_office_hours_and_teams_that_are_not_there_are_found(doctor):
    desk = doctor("intercom")
    said = desk.complaint(team_schedules={"Nobody": "999"})
    assert "team_schedules names 999: none of the office hours" in said
    assert "team_schedules names Nobody: no such team" in said


def test_intercom_several_office_hours_without_a_default_are_found(doctor):
    desk = doctor("intercom")
    listed = [{"id": "1", "name": "US"}, {"id": "2", "name": "UK"}]
    desk.answers("/office_hours_schedules", {"data": listed})
    said = desk.complaint(default_schedule="", team_schedules={})
    assert "set default_schedule of the account to one of 1 (US), 2 (UK)" in said
    assert desk.finding(default_schedule="UK", team_schedules={}).is_ok


def test_salesforce_a_field_without_history_is_found(doctor):
    org = doctor("salesforce")
    org.fake.tracked.discard("Status")
    assert "the history of Status is not tracked" in org.complaint()
    assert org.finding(deselect=("case_history",)).is_ok


def test_salesforce_several_hours_without_holiday_schedules_are_found(doctor):
    org = doctor("salesforce")
    assert "set holiday_schedules" in org.complaint(holiday_schedules=None)
    wrong = {"Easter": ["Mars hours"]}
    assert "names Mars hours: no such business hours" in org.complaint(holiday_schedules=wrong)
    assert org.finding(holiday_schedules={"Easter": ["EMEA hours"]}).is_ok
    assert org.finding(holiday_schedules={}).is_ok


def test_hubspot_a_hidden_property_is_found(doctor):
    portal = doctor("hubspot")
    portal.fake.hidden = {"hs_pipeline_stage"}
    assert "the token does not see hs_pipeline_stage" in portal.complaint()


def test_hubspot_threads_of_other_tickets_are_found(doctor):
    portal = doctor("hubspot")
    every = [{"id": "7", "threadAssociations": {"associatedTicketId": "77"}}]
    portal.answers("/conversations/v3/conversations/threads", {"results": every})
    assert "conversations of other tickets for every ticket" in portal.complaint()


def test_surveymonkey_a_missing_scope_is_found(doctor):
    tool = doctor("surveymonkey")
    tool.fake.scopes.remove("responses_read_detail")
    assert "the token lacks responses_read_detail" in tool.complaint()


@pytest.mark.parametrize("vendor", ["qualtrics", "surveymonkey", "typeform"])
def test_a_survey_or_question_that_is_not_there_is_found(doctor, vendor: str):
    tool = doctor(vendor)
    first, *others = tool.account["scores"]
    said = tool.complaint(scores=[{**first, "question_id": "gone"}, *others])
    assert f"survey {first['survey_id']} of scores: it has no question gone" in said
    said = tool.complaint(scores=[{**first, "survey_id": "0"}, *others])
    assert "survey 0 of scores" in said


def test_files_a_table_or_query_that_cannot_be_read_is_found(doctor, tmp_path):
    plans = doctor("files")
    assert "kpi_targets" in plans.finding().description
    said = plans.complaint(kpi_targets=str(tmp_path / "gone.csv"), shifts="select 1 as nothing")
    assert "kpi_targets: " in said
    assert "gone.csv" in said
    assert "shifts: " in said
    assert "database_url" in said.lower()


def test_medallia_a_field_that_the_role_does_not_see_is_found(doctor):
    assert "Invalid field id: e_region" in doctor("medallia").complaint(ticket_field="e_region")
