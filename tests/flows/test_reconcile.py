"""Reconciliation with the vendors: unreported deletions, lost or spoiled rows, restored records."""

import itertools
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from conftest import Bench
from hypothesis import given
from hypothesis import strategies as st
from tests_support import TODAY, differences, midnight

from flows.pipeline.reconcile import run_reconciliation
from flows.pipeline.runner import ThreadRunner
from tasks.clock import Window
from tasks.reconcile import is_plausible, rotating


@pytest.fixture
def desks(small_sandbox, small_bench: Bench) -> Bench:
    """The two helpdesks whose APIs report no deletions."""
    return replace(
        small_bench,
        accounts=tuple(
            a for a in small_sandbox.accounts if a["connector"] in {"jira", "zoho_desk"}
        ),
    )


def compare(bench: Bench, as_of, **more):
    return run_reconciliation(
        bench.settings(), ThreadRunner(), as_of=as_of, everything=True, with_report=False, **more
    )


def test_deletions_that_no_api_reports_leave_the_figures(desks: Bench, small_sandbox, tmp_path):
    for days_before in (20, 10, 0):
        for fake in small_sandbox.fakes.values():
            fake.clock = midnight(TODAY) - timedelta(days=days_before)
        assert desks.read(midnight(TODAY) - timedelta(days=days_before)).state == "completed"
    victims = {"jira": [], "zoho_desk": []}
    for name, numbers in victims.items():
        fake = small_sandbox.fakes[name]
        for ticket in [t for t in fake.alive() if not fake.is_merged(t)][1:40:13]:
            ticket.deleted_at = ticket.created_at
            numbers.append(str(ticket.number))
        fake._kept.clear()
    clean = replace(desks, folder=tmp_path / "clean", url=f"duckdb:///{tmp_path / 'clean.duckdb'}")
    clean.run(midnight(TODAY))
    desks.run(midnight(TODAY))
    assert differences(clean.tables("core"), desks.tables("core")) != {}, (
        "without a reconciliation they stay"
    )
    outcome, result = compare(desks, midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    deleted = {c.account: len(c.ghosts) for c in result if c.entity == "ticket" and c.ghosts}
    assert all(deleted.get(f"{name}_acme", 0) >= len(listed) for name, listed in victims.items()), (
        deleted,
        victims,
    )
    unequal = differences(clean.tables("core", "marts"), desks.tables("core", "marts"))
    # agents keep their work on a deleted ticket; a single load of today does not know of it
    assert {k for k in unequal if "agent" not in k} == set()
    assert desks.fetch("select count(*) from ops.alert where kind = 'ghost' and not is_open") == [
        (2,)
    ], "repaired: nothing needs attention"
    assert desks.fetch("select sum(ghost_count) from ops.reconciliation") == [
        (sum(len(c.ghosts) for c in result),)
    ]
    _, again = compare(desks, midnight(TODAY))
    assert [c for c in again if c.ghosts or c.missing] == []
    for name, numbers in victims.items():  # restored at the vendor
        for ticket in small_sandbox.fakes[name]._all:
            ticket.deleted_at = None if str(ticket.number) in numbers else ticket.deleted_at
        small_sandbox.fakes[name]._kept.clear()
    compare(desks, midnight(TODAY))
    assert desks.fetch(
        "select count(*) from source.tombstone where loaded_stream = 'reconciliation'"
    )[0][0] <= sum(deleted.values()) - sum(map(len, victims.values()))


def test_rows_lost_or_spoiled_in_the_warehouse_are_repaired(small_bench: Bench):
    bench = replace(
        small_bench,
        accounts=tuple(a for a in small_bench.accounts if a["connector"] == "servicenow"),
    )
    assert bench.run(midnight(TODAY)).state == "completed"
    before = bench.tables("source")
    with duckdb.connect(bench.url.removeprefix("duckdb:///")) as connection:
        connection.execute(
            "delete from source.ticket where ticket_id in (select ticket_id from source.ticket"
            " order by ticket_id limit 5)"
        )
        connection.execute(
            "update source.ticket set status = 'spoiled' where ticket_id = (select max(ticket_id)"
            " from source.ticket)"
        )
    outcome, result = compare(bench, midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    tickets = next(c for c in result if c.entity == "ticket")
    assert (tickets.missing, tickets.ghosts) == (5, ())
    assert tickets.different >= 1
    assert differences(before, bench.tables("source")) == {}
    assert (
        "5 records" in bench.fetch("select description from ops.alert where kind = 'missing'")[0][0]
    )


def test_a_login_that_sees_less_than_before_deletes_nothing(small_bench: Bench, small_sandbox):
    bench = replace(
        small_bench,
        accounts=tuple(a for a in small_bench.accounts if a["connector"] == "servicenow"),
    )
    bench.run(midnight(TODAY))
    fake = small_sandbox.fakes["servicenow"]
    fake.hidden = {r["sys_id"] for r in fake._tables()["incident"]}
    _, result = compare(bench, midnight(TODAY))
    tickets = next(c for c in result if c.entity == "ticket")
    assert len(tickets.ghosts) > 10
    assert not tickets.is_repaired
    assert bench.fetch(
        "select count(*) from source.tombstone where loaded_stream = 'reconciliation'"
    ) == [(0,)]
    assert (
        "too many to be deletions"
        in bench.fetch("select description from ops.alert where kind = 'ghost' and is_open")[0][0]
    )


@given(days=st.integers(1, 90), span=st.integers(1, 900), turn=st.integers(0, 5000))
def test_windows_rotate_over_all_time(days: int, span: int, turn: int):
    start, end = midnight(TODAY) - timedelta(days=span), midnight(TODAY)
    count = -(-span // days)
    windows = [rotating(start, end, days, turn + i) for i in range(count)]
    assert min(w.start for w in windows) == start
    assert max(w.end for w in windows) == end
    covered = sorted(windows, key=lambda w: w.start)
    assert all(a.end == b.start for a, b in itertools.pairwise(covered))
    assert all(isinstance(w, Window) and w.start < w.end for w in windows)


@pytest.mark.parametrize(
    ("ghosts", "rows", "answer"),
    [
        (0, 0, True),
        (15, 30, True),
        (16, 30, False),
        (20, 100, True),
        (21, 100, False),
        (50, 1000, True),
        (51, 1000, False),
    ],
)
def test_the_share_of_deletions_that_is_implausible(ghosts: int, rows: int, answer: bool):
    assert is_plausible(ghosts, rows) is answer
