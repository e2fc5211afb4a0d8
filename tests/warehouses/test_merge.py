"""Merge against a few lines of Python that treat staged rows record by record."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.entities import ARROW, SURVEY_RESPONSE, TEAM, TICKET, Entity
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.merge import Origin, create_stage, merge, stage
from tasks.warehouse.migrations import prepare

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class State(NamedTuple):
    """A received record: versions and receipts in hours, None without a version."""

    team_id: str
    name: str
    version: int | None
    received: int
    is_active: bool = True

    @property
    def place(self) -> tuple[int, int]:
        return (-1 if self.version is None else self.version, self.received)


def expected(
    before: dict[str, State], came: Sequence[State], *, replaces: bool
) -> tuple[dict[str, State], int]:
    """What is there afterwards and how many rows changed. Who is listed no longer is inactive.

    A whole list is that of its reading: it wins over states with a later version.
    """
    newest: dict[str, State] = {}
    for state in came:
        if state.team_id not in newest or state.place >= newest[state.team_id].place:
            newest[state.team_id] = state
    gone = {key for key, old in before.items() if replaces and key not in newest and old.is_active}
    before = {
        key: old._replace(is_active=False) if key in gone else old for key, old in before.items()
    }
    after, changed = dict(before), len(gone)
    for key, state in newest.items():
        old = before.get(key)
        if old and (
            (old.name, old.version, old.is_active) == (state.name, state.version, True)
            or (old.received > state.received if replaces else old.place > state.place)
        ):
            continue
        after[key] = state
        changed += 1
    return after, changed


def instant(hours: int | None) -> datetime | None:
    return None if hours is None else FIRST + timedelta(hours=hours)


def as_table(states: Sequence[State]) -> pa.Table:
    rows = [
        {
            "team_id": s.team_id,
            "name": s.name,
            "is_active": True,
            "version_at": instant(s.version),
            "page_number": 1,
            "record_number": n,
            "received_at": instant(s.received),
        }
        for n, s in enumerate(states)
    ]
    return pa.Table.from_pylist(rows, _schema(TEAM))


def _schema(entity: Entity) -> pa.Schema:
    return pa.schema(
        [
            *((c.name, ARROW[c.kind]) for c in entity.columns),
            ("page_number", pa.int64()),
            ("record_number", pa.int64()),
            ("received_at", ARROW["instant"]),
        ]
    )


def load(
    warehouse: Warehouse,
    entity: Entity,
    chunks: Sequence[pa.Table],
    batch: str,
    *,
    replaces: bool = False,
) -> int:
    origin, start = Origin("zendesk", "acme", "teams", batch), 0
    with warehouse.session() as session:
        create_stage(session, entity)
        session.commit()
        for chunk in chunks:
            with session.begin():
                stage(session, entity, chunk, origin, start=start)
            start += chunk.num_rows
        with session.begin():
            return merge(session, entity, origin, replaces=replaces)


STATES = st.builds(
    State,
    st.sampled_from("abcd"),
    st.sampled_from(["one", "two"]),
    st.one_of(st.none(), st.integers(0, 3)),
    st.integers(0, 2),
    st.just(True),
)
LOADS = st.lists(st.tuples(st.lists(STATES, max_size=8), st.booleans()), max_size=4)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(loads=LOADS)
def test_any_loads_leave_the_newest_states(warehouse: Warehouse, loads):
    held: dict[str, State] = {}
    with warehouse.held():  # as a run does: DuckDB's file stays open
        with warehouse.transaction() as session:
            session.execute("delete from source.team")
        for number, (states, replaces) in enumerate(loads):
            half = len(states) // 2
            changed = load(
                warehouse,
                TEAM,
                [as_table(states[:half]), as_table(states[half:])],
                f"b{number}",
                replaces=replaces,
            )
            held, reported = expected(held, states, replaces=replaces)
            assert changed == reported
        with warehouse.session() as session:
            rows = session.fetch(
                "select team_id, name, version_at, received_at, is_active"
                " from source.team order by 1",
            )
    assert [tuple(row) for row in rows] == [
        (s.team_id, s.name, instant(s.version), instant(s.received), s.is_active)
        for _, s in sorted(held.items())
    ]


def many_tickets(first: int, count: int, subject: str) -> pa.Table:
    """Tickets with a value in every column, made by DuckDB because row by row is slow."""
    values = {
        "text": "'{name} ' || (i % 997)",
        "flag": "true",
        "whole": "i",
        "number": "i",
        "money": "i",
        "instant": "timestamptz '2026-01-01 00:00:00+00' + to_minutes(i)",
        "day": "date '2026-01-01'",
    }
    given_values = {c.name: values[c.kind].format(name=c.name) for c in TICKET.columns}
    given_values |= {
        "ticket_id": "cast(i * 7919 % 1000000007 as varchar)",
        "subject": f"'{subject} ' || (i % 997)",
    }
    columns = ", ".join(f'{value} as "{name}"' for name, value in given_values.items())
    actual = duckdb.sql(
        f"select {columns}, i // 200 as page_number, i as record_number, timestamptz '2026-02-01"
        f" 00:00:00+00' as received_at from range({first}, {first + count}) as r(i)"
    ).to_arrow_table()
    return actual.cast(_schema(TICKET))


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Warehouse]:
    """DuckDB with less memory than the staged rows take."""
    made = Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", memory_limit="120MB", threads=2)
    prepare(made)
    yield made
    made.dispose()


def test_a_batch_larger_than_the_memory_limit_is_merged(narrow: Warehouse):
    rows, lot = 250_000, 50_000
    chunks = {
        subject: [many_tickets(n, lot, subject) for n in range(0, rows, lot)] for subject in "ab"
    }
    with narrow.held():
        assert load(narrow, TICKET, chunks["a"], "first") == rows
        assert load(narrow, TICKET, chunks["a"], "same") == 0
        assert load(narrow, TICKET, chunks["b"], "changed") == rows


def test_a_changed_rating_of_a_ticket_is_kept_and_one_that_is_read_otherwise_is_not(
    warehouse: Warehouse,
):
    """B is read otherwise with the same version; c has no ticket, d is no rating."""

    def answer(key: str, score: float, version: int, **more: object) -> dict[str, object]:
        given = {"response_id": key, "metric": "csat", "ticket_id": "1", "score": score}
        at = {"responded_at": FIRST, "version_at": instant(version), "received_at": FIRST}
        return {**given, **at, "page_number": 1, "record_number": 0, **more}

    for number, version in enumerate((1, 2, 2)):
        rows = [
            answer("a", number + 1, version),
            answer("b", number + 1, 1),
            answer("c", number + 1, version, ticket_id=None),
            answer("d", number + 1, version, metric="nps"),
        ]
        table = pa.Table.from_pylist(rows, _schema(SURVEY_RESPONSE))
        load(warehouse, SURVEY_RESPONSE, [table], f"b{number}")
    with warehouse.session() as session:
        kept = session.fetch(
            "select response_id, score from source.survey_response order by response_id"
        )
    assert [tuple(row) for row in kept] == [
        ("a", 3.0),
        ("a/former/b0", 1.0),
        ("b", 3.0),
        ("c", 3.0),
        ("d", 3.0),
    ]
