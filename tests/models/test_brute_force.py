"""SQL against an independent calculation: every edge case, three zones, two warehouses."""

import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import brute_force
import event_log
import pytest
from conftest import build_models, new_warehouse
from event_log import AS_OF

from tasks.settings import load
from tasks.sqlmodels.catalog import identities, kpi_rows, models
from tasks.sqlmodels.parameters import last_complete_day
from tasks.transform import identities_verdict
from tasks.warehouse.engine import Warehouse

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland")
OF_NO_TICKET = {"occupancy", "utilisation", "self_service_ratio"}
FIELDS = {"brand": "brand", "area": "Area", "tags": "tags"}
TICKETS = int(os.environ.get("BRUTE_FORCE_TICKETS", "1200"))


def settings_for(url: str, fields: Mapping[str, Any] | None = None) -> Any:
    return load(
        slices={"most_values": 2},
        warehouse={"url": url},
        planning={"models": "floor", "interval_days": 3, "horizon_days": 7},
        business={"time_zone": ZONES[0], "more_time_zones": ZONES[1:], "recontact_days": 7},
        accounts=(
            {
                "connector": "zendesk",
                "name": event_log.ACCOUNT,
                "subdomain": "x",
                "bots": ["api1"],
                "escalation_teams": ["tier2"],
                "escalate_on_raise": True,
                "fields": FIELDS if fields is None else fields,
            },
        ),
    )


def build(
    warehouse: Warehouse, as_of: datetime = AS_OF, fields: Mapping[str, Any] | None = None
) -> Any:
    return build_models(settings_for(str(warehouse.url), fields), warehouse, as_of)


@pytest.fixture(scope="module")
def log() -> event_log.Log:
    return event_log.make(7, TICKETS)


@pytest.fixture(scope="module")
def facts(log):
    return brute_force.Facts(log)


@pytest.fixture(scope="module")
def measures(facts):
    return facts.measures(raises=True)


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def warehouse(request, tmp_path_factory, postgres, log):
    folder = tmp_path_factory.mktemp("brute")
    made = new_warehouse(
        f"duckdb:///{folder / 'w.duckdb'}" if request.param == "duckdb" else postgres()
    )
    event_log.load(made, log.rows)
    build(made)
    yield made
    made.dispose()


def rows(warehouse: Warehouse, statement: str) -> list[dict[str, Any]]:
    with warehouse.session() as session:
        return [dict(r._mapping) for r in session.fetch(statement)]


def test_every_measure_of_every_ticket(warehouse, measures):
    actual = {r["ticket_id"]: r for r in rows(warehouse, "select * from core.fct_ticket")}
    assert set(actual) == set(measures)
    wrong = [
        (key, name, actual[key][name], value)
        for key, m in measures.items()
        for name, value in m.items()
        if actual[key][name] != value
    ]
    assert wrong == []


def test_the_account_has_every_edge_case(facts, measures):
    """Guards changes of the generator: without these cases the comparison would prove little."""
    tickets = list(facts.tickets.values())
    assert len(tickets) >= 1000 or TICKETS < 1000
    clocks = [c for t in tickets for c in t.clocks()]
    for case in (
        any(len(t.schedules) > 1 for t in tickets),
        any(t.reopens and not t.is_solved for t in tickets),
        any(t.by_agent for t in tickets),
        any(t.first_reply == t.created for t in tickets),
        any(t.excluded for t in tickets),
        any(not t.messages for t in tickets),
        any(t.solves and not t.replies for t in tickets),
        any(len(t.solves) > 2 for t in tickets),
        any(not t.events for t in tickets),
        any(
            m["first_reply_business_seconds_recorded"] == 0
            and m["first_reply_seconds_recorded"] > 0
            for m in measures.values()
            if m["first_reply_seconds_recorded"]
        ),
        any(
            m["first_reply_business_seconds_recorded"]
            != m["first_reply_business_at_event_seconds_recorded"]
            for m in measures.values()
        ),
        any(m["recontacted_at"] for m in measures.values()),
        any(m["is_escalated"] for m in measures.values()),
        any(m["is_bad_to_good"] for m in measures.values()),
        any(m["is_first_contact_resolution"] for m in measures.values()),
        any(m["is_requester_agent"] for m in measures.values()),
        {c["state"] for c in clocks} == {"achieved", "breached", "running"},
        {c["metric"] for c in clocks}
        == set(brute_force.COUNTS_IN) | {"first_reply", "next_reply", "periodic_update"},
        any(c["elapsed_seconds_as_of"] == c["target_seconds"] for c in clocks),
        any(c["state"] == "breached" and c["ended_at"] is None for c in clocks),
    ):
        assert case


def test_every_sla_clock(warehouse, facts):
    names = (
        "started_at",
        "ended_at",
        "target_seconds",
        "is_business",
        "elapsed_seconds_as_of",
        "breached_at",
        "state",
        "policy_id",
    )
    actual = {
        (r["ticket_id"], r["metric"], r["instance"]): {n: r[n] for n in names}
        for r in rows(warehouse, "select * from core.fct_sla_clock")
    }
    expected = {
        (key, c["metric"], c["instance"]): {n: c[n] for n in names}
        for key, t in facts.tickets.items()
        if not t.excluded
        for c in t.clocks()
    }
    assert set(actual) == set(expected)
    wrong = [
        (key, {n: (actual[key][n], v) for n, v in c.items() if actual[key][n] != v})
        for key, c in expected.items()
        if actual[key] != c
    ]
    assert wrong == []


def test_every_wait_for_a_next_reply(warehouse, facts):
    actual = {
        (
            r["ticket_id"],
            r["asked_at"],
            r["ended_at"],
            r["agent_id"],
            r["seconds_recorded"],
            r["business_seconds_recorded"],
        )
        for r in rows(warehouse, "select * from core.fct_reply_wait where ended_at is not null")
    }
    expected = {
        (key, asked, ended, who, brute_force.seconds(asked, ended), t.business(asked, ended))
        for key, t in facts.tickets.items()
        for asked, ended, who, _ in t.waits()
        if ended
    }
    assert actual == expected


@pytest.fixture(scope="module")
def figures(facts, measures) -> dict[str, dict[tuple[Any, ...], list[float]]]:
    """Expected numerators and denominators: by KPI, then by zone, day and scope."""
    actual: dict[str, dict[tuple[Any, ...], list[float]]] = {}
    for zone in ZONES:
        of_zone = brute_force.kpis(facts, measures, zone, last_complete_day(AS_OF, zone))
        for (kpi, *key), value in of_zone.items():
            actual.setdefault(kpi, {})[zone, *key] = value
    return actual


@pytest.mark.parametrize("kpi", sorted(row.kpi for row in kpi_rows()))
def test_every_daily_figure(warehouse, figures, kpi):
    assert kpi in figures, "add kpi/<name>.py, or count it in kpis() of brute_force.py"
    actual = {
        (r["time_zone"], r["day"], r["team_id"], r["channel"], r["priority"]): (
            r["numerator"],
            r["denominator"],
        )
        for r in rows(warehouse, f"select * from marts.kpi_daily where kpi = '{kpi}'")
    }
    expected = figures[kpi]
    assert set(actual) == set(expected)
    wrong = [
        (k, actual[k], v) for k, v in expected.items() if not brute_force.is_near(actual[k], v)
    ]
    assert wrong == []


def shown(value: str, most: list[str]) -> str:
    return value if value in {*most, "none"} else "other values"


@pytest.mark.parametrize(
    ("name", "value"), [("brand", None), ("tags", "bug"), ("tags", "other values")]
)
def test_every_daily_figure_by_a_field(warehouse, log, facts, measures, name, value):
    """By all brands; by a tag, and by the two tags that fewest tickets have."""
    of_tickets = brute_force.values_of(log, facts, name)
    counts = Counter(one for values in of_tickets.values() for one in values if one != "none")
    most = sorted(counts, key=lambda one: (-counts[one], one))[:2]

    def by_value(ticket):
        values = {shown(one, most) for one in of_tickets[ticket.key]}
        return (value if value in values else "-" if value else min(values), "none", "none")

    zone = ZONES[0]
    expected = brute_force.kpis(facts, measures, zone, last_complete_day(AS_OF, zone), by_value)
    expected = {
        (kpi, day, found): figures
        for (kpi, day, found, *_), figures in expected.items()
        if kpi not in OF_NO_TICKET and value in {None, found}
    }
    actual = {
        (r["kpi"], r["day"], r["slice_value"]): (r["numerator"], r["denominator"])
        for r in rows(
            warehouse,
            f"select * from marts.kpi_slice_daily where slice = '{name}' and time_zone = '{zone}'",
        )
        if value in {None, r["slice_value"]}
    }
    assert set(actual) == set(expected)
    assert [
        (k, actual[k], v) for k, v in expected.items() if not brute_force.is_near(actual[k], v)
    ] == []
    assert len(expected) > 500 or TICKETS < 1000


@pytest.mark.parametrize("zone", ZONES)
def test_every_agent_day(warehouse, facts, zone):
    expected = brute_force.agent_days(facts, zone, last_complete_day(AS_OF, zone))
    for key, spent in brute_force.agent_time(facts, zone, last_complete_day(AS_OF, zone)).items():
        expected[key].update(spent)
    names = (
        "reviews_count",
        "ticket_handle_seconds",
        "calls_count",
        "call_handle_seconds",
        "available_seconds",
        "paid_seconds",
        "replies_count",
        "first_replies_count",
        "solves_count",
        "tickets_solved_count",
        "reopens_count",
        "sla_achieved_count",
        "sla_breached_count",
        "csat_rated_count",
        "csat_satisfied_count",
    )
    actual = {
        (r["day"], r["agent_id"]): {n: r[n] for n in names}
        for r in rows(warehouse, f"select * from core.fct_agent_day where time_zone = '{zone}'")
    }
    for key in set(actual) | set(expected):
        assert actual.get(key, dict.fromkeys(names, 0)) == {
            n: expected[key][n] if key in expected else 0 for n in names
        }, key


def test_identities_hold(warehouse):
    with warehouse.session() as session:
        verdict = identities_verdict(session)
    assert [(r.rule, r.description) for r in verdict.results if not r.is_met] == []
    assert {r.rule for r in verdict.results} == set(identities())


@pytest.mark.parametrize(
    ("wrong", "rules"),
    [
        (
            (
                "update core.snap_backlog_daily set solved_count = solved_count + 1 where day ="
                " (select min(day) from core.snap_backlog_daily)"
            ),
            {"backlog_flows"},
        ),
        (
            (
                "update core.snap_backlog_daily set backlog_count = backlog_count + 1 where day ="
                " (select max(day) from core.snap_backlog_daily)"
            ),
            {"backlog_flows", "backlog_ages"},
        ),
        (
            (
                "update core.fct_status_interval set seconds_recorded = seconds_recorded + 1 where"
                " ends_at is not null"
            ),
            {"ticket_life"},
        ),
        (
            (
                "update core.fct_ticket set on_hold_seconds_as_of = on_hold_seconds_as_of + 1 where"
                " ticket_id = (select min(ticket_id) from core.fct_ticket)"
            ),
            {"requester_wait"},
        ),
        (
            (
                "delete from marts.kpi_daily where kpi = 'tickets_created' and day = (select"
                " max(day) from marts.kpi_daily where kpi = 'tickets_created')"
            ),
            {"scopes_total", "periods_total", "slices_total"},
        ),
        ("update marts.sla_daily set breached_count = breached_count + 1", {"sla_parts"}),
        (
            "update marts.forecast_channel_daily set expected_tickets = expected_tickets + 1",
            {"forecast_parts"},
        ),
        (
            (
                "update marts.forecast_weekly set expected_tickets = expected_tickets + 1 where"
                " account = 'all'"
            ),
            {"forecast_parts"},
        ),
        (
            (
                "update marts.forecast_total_daily set expected_tickets = expected_tickets + 1"
                " where account = 'all'"
            ),
            {"forecast_parts"},
        ),
        ("update marts.staffing_requirement_daily set fte = fte + 1", {"staffing_parts"}),
        ("update marts.headcount_plan_monthly set joiners = joiners + 1", {"staffing_parts"}),
        (
            (
                "delete from marts.kpi_slice_daily where slice = 'brand' and kpi = 'backlog' and"
                " day = (select max(day) from marts.kpi_slice_daily)"
            ),
            {"slices_total"},
        ),
        (
            "update marts.kpi_slice_daily set denominator = denominator + 1 where slice = 'area'",
            {"slices_total"},
        ),
        (
            "update marts.kpi_weekly set denominator = denominator + 1 where kpi = 'csat'",
            {"periods_total"},
        ),
    ],
)
def test_a_broken_identity_is_found(warehouse, wrong, rules):
    with warehouse.session() as session:
        session.execute(wrong)  # undone below
        verdict = identities_verdict(session)
        session.rollback()
    assert {r.rule for r in verdict.results if not r.is_met} == rules


def test_every_grain_is_unique(warehouse):
    from tasks.sqlmodels.catalog import models

    for model in models().values():
        key = ", ".join(f'"{c}"' for c in model.grain)
        if key:
            assert (
                rows(
                    warehouse,
                    f"select {key} from {model.full_name} group by {key} having count(*) > 1"
                    " limit 3",
                )
                == []
            ), model.full_name


def test_a_large_result_comes_whole_with_one_thread(warehouse):
    """DuckDB would wait without end for a reader to empty its buffer."""
    with warehouse.session() as session:
        made = session.fetch(models()["marts.kpi_daily"].render(session.dialect))
        assert len(made) == session.fetch("select count(*) from marts.kpi_daily")[0][0] > 5000
