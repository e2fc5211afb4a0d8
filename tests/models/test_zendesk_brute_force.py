"""A generated account through Zendesk's API and the whole pipeline, against the brute force."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import brute_force
import pytest
import zendesk_answers
from conftest import Bench, opened
from event_log import AS_OF, FIRST, SCHEDULES, Log
from zendesk_answers import NAME, NUMBER

from tasks.sandbox.fake import Served
from tasks.sqlmodels.catalog import kpi_rows
from tasks.sqlmodels.parameters import last_complete_day

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland")
TICKETS = int(os.environ.get("BRUTE_FORCE_TICKETS", "500"))
SECRET = "SUPPORT_ETL_SECRET_ACME_API_TOKEN"
CLOCK = ("started_at", "ended_at", "target_seconds", "is_business", "breached_at", "state")


@pytest.fixture(scope="module")
def log() -> Log:
    return zendesk_answers.account(11, TICKETS)


@pytest.fixture(scope="module")
def facts(log: Log) -> brute_force.Facts:
    return brute_force.Facts(log)


@pytest.fixture(scope="module")
def measures(facts: brute_force.Facts) -> dict[str, dict[str, Any]]:
    return facts.measures(raises=True)


@pytest.fixture(scope="module", params=["full load", "daily"])
def bench(request, tmp_path_factory, log: Log) -> Iterator[Bench]:
    """The account read at once, or on three days on which it looked different."""
    folder = tmp_path_factory.mktemp("zendesk")
    fake = zendesk_answers.Answers(log)
    days = (40, 10, 0) if request.param == "daily" else (0,)
    with pytest.MonkeyPatch.context() as patch, Served(fake) as served:
        patch.setenv(SECRET, "zendesk-demo-token")
        made = Bench(folder, f"duckdb:///{folder / 'warehouse.duckdb'}", (account_at(served.url),))
        for ago in days:
            read(made, fake, ago)
        yield made


def account_at(url: str) -> dict[str, Any]:
    return {
        "connector": "zendesk",
        "name": "acme",
        "subdomain": "x",
        "email": "etl@alderfinch.example",
        "base_url": url,
        "start": FIRST - timedelta(days=3),
        "requests_per_minute": 0,
        "bots": [str(NUMBER["api1"])],
        "escalation_teams": ["tier2"],
        "escalate_on_raise": True,
    }


def read(bench: Bench, fake: zendesk_answers.Answers, days_ago: int) -> None:
    as_of = AS_OF - timedelta(days=days_ago)
    fake.clock = as_of + timedelta(minutes=2)
    business = {"time_zone": ZONES[0], "more_time_zones": ZONES[1:], "recontact_days": 7}
    outcome = bench.run(as_of, business=business)
    assert outcome.state == "completed", outcome.message


def rows(bench: Bench, statement: str) -> list[dict[str, Any]]:
    with opened(bench.url) as session:
        return [dict(row._mapping) for row in session.fetch(statement)]


def test_the_account_has_what_real_ones_have(facts: brute_force.Facts, measures):
    tickets = list(facts.tickets.values())
    used = {name for t in tickets for name, _ in t.schedules}
    assert used == set(SCHEDULES)
    held = {who for t in tickets for who, _, _ in t.holders["assignee"]}
    for case in (
        any(len({name for name, _ in t.schedules}) > 2 for t in tickets),
        any(c == "deleted" for t in tickets for c, _, end in t.intervals if end),
        any(t.reopens for t in tickets),
        any(t.excluded for t in tickets),
        facts.log.of("tombstone"),
        any(m["is_bad_to_good"] for m in measures.values()),
        any(m["is_good_to_bad"] for m in measures.values()),
        any(m["csat_ratings_count"] > 2 for m in measures.values()),
        {zendesk_answers.DEMOTED, zendesk_answers.LEFT} <= held,
    ):
        assert case


def test_every_measure_of_every_ticket(bench: Bench, measures):
    found = {r["ticket_id"]: r for r in rows(bench, "select * from core.fct_ticket")}
    assert set(found) == set(measures)
    for row in found.values():
        row["schedule_id"] = NAME[row["schedule_id"]]
    wrong = [
        (key, name, found[key][name], value)
        for key, m in measures.items()
        for name, value in m.items()
        if found[key][name] != value
    ]
    assert wrong == []


def test_every_clock(bench: Bench, facts: brute_force.Facts):
    names = (*CLOCK, "elapsed_seconds_as_of", "policy_id")
    found = {
        (r["ticket_id"], r["metric"], r["instance"]): {**r, "policy_id": NAME[r["policy_id"]]}
        for r in rows(bench, "select * from core.fct_sla_clock")
    }
    expected = {
        (key, c["metric"], c["instance"]): c
        for key, t in facts.tickets.items()
        if not t.excluded
        for c in t.clocks()
    }
    assert set(found) == set(expected)
    wrong = [
        (key, name, found[key][name], c[name])
        for key, c in expected.items()
        for name in names
        if found[key][name] != c[name]
    ]
    assert wrong == []


def test_every_wait_for_a_next_reply(bench: Bench, facts: brute_force.Facts):
    columns = "ticket_id, asked_at, ended_at, agent_id, seconds_recorded, business_seconds_recorded"
    found = {
        (*row.values(),)
        for row in rows(
            bench, f"select {columns} from core.fct_reply_wait where ended_at is not null"
        )
    }
    expected = {
        (
            key,
            asked,
            ended,
            str(NUMBER[who]) if who else None,
            brute_force.seconds(asked, ended),
            t.business(asked, ended),
        )
        for key, t in facts.tickets.items()
        for asked, ended, who, _ in t.waits()
        if ended
    }
    assert found == expected


# these need records that the account leaves out
OF_OTHERS = {"survey_response_rate", "self_service_ratio", "vendor_agreement"}


@pytest.mark.parametrize("zone", ZONES)
def test_every_daily_figure(bench: Bench, facts: brute_force.Facts, measures, zone: str):
    expected = {
        key: value
        for key, value in brute_force.kpis(
            facts, measures, zone, last_complete_day(AS_OF, zone)
        ).items()
        if key[0] not in OF_OTHERS
    }
    compared = {row.kpi for row in kpi_rows()} - OF_OTHERS
    found = {
        (r["kpi"], r["day"], NAME.get(r["team_id"], "none"), r["channel"], r["priority"]): (
            r["numerator"],
            r["denominator"],
        )
        for r in rows(bench, f"select * from marts.kpi_daily where time_zone = '{zone}'")
        if r["kpi"] in compared
    }
    assert set(found) == set(expected)
    wrong = [
        (key, found[key], value)
        for key, value in expected.items()
        if not brute_force.is_near(found[key], value)
    ]
    assert wrong == []


def test_who_is_an_agent_today(bench: Bench):
    agents = {NAME[r["agent_id"]] for r in rows(bench, "select agent_id from staging.known_agent")}
    assert agents == {*zendesk_answers.AGENTS, "api1"} - {
        zendesk_answers.DEMOTED,
        zendesk_answers.LEFT,
    }
