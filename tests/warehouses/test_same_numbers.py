"""The same source data gives the same rows on both warehouses, in one load or many, by replay."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests_support import TODAY, differences, midnight

from tasks.sandbox.company import Sandbox


def test_a_second_run_another_warehouse_and_a_replay_give_the_same_rows(
    bench, postgres: Callable[[], str], tmp_path: Path
):
    outcome = bench.run(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    expected = bench.tables()
    again = bench.run(midnight(TODAY))
    assert again.state == "completed"
    assert again.changed_rows == 0
    assert differences(expected, bench.tables()) == {}
    other = replace(bench, folder=tmp_path / "pg", url=postgres())
    outcome = other.run(midnight(TODAY))
    assert outcome.state == "completed", outcome.message
    assert differences(expected, other.tables()) == {}
    assert other.run(midnight(TODAY)).changed_rows == 0
    rebuilt = replace(bench, url=f"duckdb:///{tmp_path / 'rebuilt.duckdb'}")
    outcome = rebuilt.replay()
    assert outcome.state == "completed", outcome.message
    rebuilt.run(midnight(TODAY))
    assert differences(expected, rebuilt.tables()) == {}


def test_many_loads_equal_one_full_load(small_bench, small_sandbox: Sandbox, tmp_path: Path):
    """Thirteen loads over five weeks of a helpdesk, a survey tool and the plans.

    The other accounts are loaded in three parts below.
    """
    full = replace(
        small_bench,
        accounts=tuple(
            a
            for a in small_bench.accounts
            if a["connector"] in {"zendesk", "surveymonkey", "files"}
        ),
    )
    assert full.run(midnight(TODAY)).state == "completed"
    daily = replace(full, folder=tmp_path / "daily", url=f"duckdb:///{tmp_path / 'daily.duckdb'}")
    for days_before in (30, 29, 28, 27, 21, 20, 14, 13, 7, 3, 2, 1, 0):
        as_of = midnight(TODAY) - timedelta(days=days_before)
        for fake in small_sandbox.fakes.values():
            fake.clock = as_of
        outcome = daily.run(as_of)
        assert outcome.state == "completed", outcome.message
    assert differences(full.tables("core", "marts"), daily.tables("core", "marts")) == {}


def test_three_loads_of_the_other_vendors_equal_one(
    small_bench, small_sandbox: Sandbox, tmp_path: Path
):
    """Without Jira and Zoho Desk, whose APIs report no deletions: loaded rows stay."""
    chosen = tuple(
        a
        for a in small_sandbox.accounts
        if a["connector"] not in {"zendesk", "surveymonkey", "jira", "medallia", "zoho_desk"}
    )
    once = replace(small_bench, accounts=chosen)
    assert once.run(midnight(TODAY)).state == "completed"
    parts = replace(once, folder=tmp_path / "parts", url=f"duckdb:///{tmp_path / 'parts.duckdb'}")
    for days_before in (11, 1, 0):
        as_of = midnight(TODAY) - timedelta(days=days_before)
        for fake in small_sandbox.fakes.values():
            fake.clock = as_of
        outcome = parts.run(as_of)
        assert outcome.state == "completed", outcome.message
    assert differences(once.tables("core", "marts"), parts.tables("core", "marts")) == {}
