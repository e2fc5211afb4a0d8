"""A full load equals any split into incremental loads, row for row, late rows included."""

import random
import shutil
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import event_log
import pytest
from conftest import new_warehouse
from event_log import AS_OF, FIRST, Log
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_brute_force import build
from tests_support import differences

from tasks.sqlmodels.catalog import models
from tasks.warehouse.engine import Warehouse

TICKETS = 90


def tables(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    result = {}
    with warehouse.session() as session:
        for model in models().values():
            listed = ", ".join(f'"{column.name}"' for column in model.all_columns)
            rows = session.fetch(f"select {listed} from {model.full_name}")
            result[model.full_name] = sorted((tuple(row) for row in rows), key=repr)
    return result


def moment(row: dict[str, Any]) -> datetime:
    result = [v for k, v in row.items() if isinstance(v, datetime) and k != "created_at"]
    return max(result, default=FIRST)


def batches(
    log: Log, pick: random.Random, count: int
) -> list[tuple[datetime, list[tuple[str, dict[str, Any]]]]]:
    """Batches in order of time, some rows weeks late; each with the as-of instant of its build."""
    late = [
        (moment(row) + timedelta(days=pick.choice((0, 0, 0, 0, 1, 30)) * pick.random()), n)
        for n, (_, row) in enumerate(log.rows)
    ]
    order = [log.rows[n] for _, n in sorted(late)]
    cuts = sorted(pick.sample(range(1, len(order)), count - 1))
    parts = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    instants = [*sorted(FIRST + (AS_OF - FIRST) * pick.random() for _ in parts[1:]), AS_OF]
    if pick.random() < 0.3 and count > 2:
        instants[0], instants[1] = instants[1], instants[0]  # as-of goes back once
    return list(zip(instants, parts, strict=True))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Callable[[int], Path]:
    """The DuckDB file of a log in one load, by the log's seed."""
    folder = tmp_path_factory.mktemp("loaded")

    def made(seed: int) -> Path:
        path = folder / f"{seed}.duckdb"
        if not path.exists():
            warehouse = new_warehouse(f"duckdb:///{path}")
            event_log.load(warehouse, event_log.make(seed, TICKETS).rows)
            build(warehouse)
            warehouse.dispose()
        return path

    return made


@pytest.fixture(scope="module")
def full(loaded) -> Callable[[int], dict[str, list[tuple[Any, ...]]]]:
    return cache(lambda seed: tables(Warehouse(f"duckdb:///{loaded(seed)}", threads=1)))


def check(url: str, seed: int, split: int, count: int, full: Callable[[int], Any]) -> None:
    warehouse = new_warehouse(url)
    for as_of, rows in batches(event_log.make(seed, TICKETS), random.Random(split), count):
        event_log.load(warehouse, rows)
        build(warehouse, as_of)
    assert differences(full(seed), tables(warehouse)) == {}
    again = build(warehouse)
    assert {r.model: r.changed for r in again if r.changed} == {}
    warehouse.dispose()


@settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(seed=st.integers(1, 3), split=st.integers(0, 10_000), count=st.integers(2, 6))
def test_any_split_on_duckdb(full, seed: int, split: int, count: int):
    with tempfile.TemporaryDirectory() as folder:
        check(f"duckdb:///{Path(folder) / 'w.duckdb'}", seed, split, count, full)


@pytest.mark.parametrize("split", [1, 2])
def test_a_split_on_postgresql(full, postgres, split: int):
    check(postgres(), 1, split, 4, full)


LATE = {
    "holiday": (
        "holiday",
        {
            "schedule_id": "berlin",
            "holiday_id": "new",
            "name": "New",
            "first_on": date(2026, 3, 10),
            "last_on": date(2026, 3, 12),
        },
    ),
    "rating": (
        "survey_response",
        {
            "response_id": "7-late",
            "metric": "csat",
            "score": 1.0,
            "scale_min": 1.0,
            "scale_max": 5.0,
            "better": "higher",
            "ticket_id": "7",
            "responded_at": AS_OF - timedelta(days=9),
        },
    ),
    "merge": ("ticket_link", {"ticket_id": "12", "kind": "merged_into", "linked_id": "3"}),
    "restore": (
        "tombstone",
        {"entity": "ticket", "record_id": "9", "deleted_at": FIRST, "version_at": FIRST},
    ),
    "delete": (
        "tombstone",
        {"entity": "ticket", "record_id": "10", "deleted_at": AS_OF, "version_at": AS_OF},
    ),
    "field": (
        "ticket_field",
        {"ticket_id": "7", "field_id": "brand", "value": "9", "version_at": AS_OF},
    ),
    "option": (
        "field_option",
        {"record_type": "ticket", "field_id": "brand", "value": "2", "label": "Navy"},
    ),
    "promise": (
        "sla_target",
        {
            "desk": "all",
            "team": "all",
            "priority": "all",
            "metric": "resolution",
            "valid_from_on": FIRST.date(),
            "target_minutes": 60.0,
            "is_business": True,
        },
    ),
}


@pytest.mark.parametrize("change", LATE)
def test_late_changes_are_applied(full, loaded, tmp_path, change: str):
    """Late changes give the tables that the same rows in time would have given.

    An edited schedule, a changed rating, a merge, a tombstone older than its ticket, a deletion, a
    target.
    """
    late = LATE[change]
    one, other = (
        new_warehouse(f"duckdb:///{shutil.copy(loaded(2), tmp_path / 'one.duckdb')}"),
        new_warehouse(f"duckdb:///{tmp_path / 'other.duckdb'}"),
    )
    event_log.load(one, [late])
    build(one)
    event_log.load(other, [*event_log.make(2, TICKETS).rows, late])
    build(other)
    assert differences(tables(one), tables(other)) == {}
    assert differences(tables(one), full(2)) != {} or change == "restore"


CHANGED_FIELDS = {  # brand is gone, place is new, an area has a name, and a tag is no slice
    "area": {"field": "Area", "values": {"north": "Up north"}},
    "place": {"field": "brand"},
    "tags": {"field": "tags", "slice": False},
}


def test_changed_settings_of_fields_reach_the_past(loaded, tmp_path):
    """A removed, a new and a renamed field give the tables that a first build would have given.

    The column of a removed field stays in `marts.ticket_metrics`, and is null.
    """
    one, other = (
        new_warehouse(f"duckdb:///{shutil.copy(loaded(2), tmp_path / 'one.duckdb')}"),
        new_warehouse(f"duckdb:///{tmp_path / 'other.duckdb'}"),
    )
    event_log.load(other, event_log.make(2, TICKETS).rows)
    changed = build(one, fields=CHANGED_FIELDS)
    build(other, fields=CHANGED_FIELDS)
    assert differences(tables(one), tables(other)) == {}
    assert {r.model for r in changed if r.changed} <= {
        "staging.account_field",
        "staging.account_value",
        "core.bridge_ticket_field",
        "core.dim_slice_value",
        "marts.kpi_slice_daily",
        "marts.ticket_metrics",
    }
    values = "select field_area, field_brand, field_place, field_tags from marts.ticket_metrics"
    with one.session() as session:
        areas, brands, places, tags = (
            set(column) for column in zip(*session.fetch(values), strict=True)
        )
    assert areas == {None, "Up north", "south"}
    assert brands == {None}
    assert places == {None, "Red", "Blue", "3"}
    assert {"bug", "bug, refund"} <= tags
    build(one, fields={})
    assert tables(one)["marts.kpi_slice_daily"] == []
    again = build(one, fields={})
    assert {r.model for r in again if r.changed is not None} == set()
