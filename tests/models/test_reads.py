"""Every query that Python runs: described, used, the same on every warehouse.

The cases are in `cases/reads.<step>.<name>.<case>.yml`.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pyarrow as pa
import pytest
import sqlglot
import yaml
from read_uses import Use, uses
from test_models import PARAMETERS

from tasks.entities import ARROW
from tasks.errors import ModelError
from tasks.sqlmodels.cases import described, shown, typed, wanted
from tasks.sqlmodels.catalog import models
from tasks.sqlmodels.reads import FOLDER, PYTHON, Read, find, read, read_arrow, read_one, reads
from tasks.warehouse.build import arrow_rows
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session
from tasks.warehouse.tables import OPS, SOURCE, written_columns

CASES = sorted((Path(__file__).parent / "cases").glob("reads.*.yml"))
SAMPLES: dict[str, Any] = {
    "text": "ticket",
    "whole": 1,
    "number": 1.0,
    "money": Decimal(1),
    "flag": True,
    "instant": datetime(2026, 3, 1, tzinfo=UTC),
    "day": date(2026, 3, 1),
    "texts": ["ticket", "customer"],
}
# PostgreSQL's types by kind
OIDS = {
    name: {psycopg.adapters.types[each].oid for each in listed}
    for name, listed in {
        "text": ("text", "varchar"),
        "whole": ("int8", "int4"),
        "number": ("float8",),
        "money": ("numeric",),
        "flag": ("bool",),
        "instant": ("timestamptz",),
        "day": ("date",),
    }.items()
}
ARROWS = {**{kind: {each} for kind, each in ARROW.items()}, "whole": {pa.int64(), pa.int32()}}


def samples(query: Read) -> dict[str, Any]:
    return {parameter.name: SAMPLES[parameter.kind] for parameter in query.parameters}


def complete(row: dict[str, Any], target: Any) -> dict[str, Any]:
    """The row, with something in the columns that must not be null."""
    return {
        column.name: SAMPLES[column.info["kind"]]
        if value is None and not column.nullable
        else value
        for column in written_columns(target)
        for value in [typed(row, target)[column.name]]
    }


def kinds_that_fit(session: Session, query: Read) -> dict[str, bool]:
    """By column: whether its type in the database is that of its kind."""
    if session.dialect == "duckdb":
        schema = session.arrow(query.render("duckdb"), samples(query)).schema
        money = {f.name: pa.types.is_decimal(f.type) for f in schema}
        return {
            c.name: money[c.name]
            if c.kind == "money"
            else schema.field(c.name).type in ARROWS[c.kind]
            for c in query.columns
        }
    cursor = session.execute(query.render("postgres"), samples(query)).cursor
    types = {column.name: column.type_code for column in cursor.description}
    return {c.name: types[c.name] in OIDS[c.kind] for c in query.columns}


def test_every_read_runs_and_has_the_described_columns(warehouse: Warehouse):
    with warehouse.session() as session:
        for query in reads().values():
            table = read_arrow(session, query.name, **samples(query))
            assert table.schema == query.schema, query.name
            fits = kinds_that_fit(session, query)
            assert [name for name, is_right in fits.items() if not is_right] == [], query.name


@pytest.mark.parametrize("query", reads().values(), ids=lambda query: query.name)
def test_every_read_is_described(query: Read):
    assert query.description
    assert all(c.description and c.kind in ARROW for c in query.columns)
    assert all(p.description and p.kind in PYTHON for p in query.parameters)
    assert set(query.grain) <= {c.name for c in query.columns}
    parsed = sqlglot.parse_one(query.select, read="duckdb")
    placeholders = {p.name for p in parsed.find_all(sqlglot.exp.Placeholder)}
    assert placeholders == {p.name for p in query.parameters}
    tables = {f"{t.db}.{t.name}" for t in parsed.find_all(sqlglot.exp.Table) if t.db}
    assert set(query.inputs) == tables
    known = {*models(), *(t.fullname for t in (*OPS, *SOURCE.values()))}
    assert tables <= known


def test_every_file_belongs_to_a_read():
    files = {p.relative_to(FOLDER).with_suffix("").as_posix() for p in FOLDER.glob("*/*.*")}
    assert files == set(reads())


def test_every_read_is_used():
    assert {use.read for use in uses()} == set(reads())


@pytest.mark.parametrize("use", uses(), ids=str)
def test_every_use_fits_its_read(use: Use):
    query = find(use.read)
    if use.row is not None:
        query.check_row(use.row)
    if use.parameters is not None:
        assert use.parameters == {p.name for p in query.parameters}


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path, warehouse: Warehouse):
    case = yaml.safe_load(path.read_text())
    _, step, name, _ = path.stem.split(".")
    query = find(f"{step}/{name}")
    given = {parameter.name: case["parameters"][parameter.name] for parameter in query.parameters}
    for parameter in query.parameters:
        if parameter.kind == "instant":
            given[parameter.name] = given[parameter.name].replace(tzinfo=UTC)
    with warehouse.transaction() as session:
        for table, rows in {**PARAMETERS, **case["given"]}.items():
            target = described(table)
            session.append(table, arrow_rows(target, [complete(row, target) for row in rows]))
        result = read_arrow(session, query.name, **given).to_pylist()
    columns = list(case["expect"][0])
    actual = [[shown(row[c]) for c in columns] for row in result]
    expected = [[wanted(row[c]) for c in columns] for row in case["expect"]]
    assert sorted(actual, key=repr) == sorted(expected, key=repr)


class Hours(NamedTuple):
    """Like the rows of transform/accounts, with a field too many."""

    account: str
    hours: float


class Number(NamedTuple):
    """Like the rows of transform/accounts, with another type."""

    account: int


class Instant(NamedTuple):
    """Like the row of transform/first_instant, but never null."""

    happened_at: datetime


def test_what_does_not_fit_is_refused(warehouse: Warehouse):
    with warehouse.session() as session:
        with pytest.raises(ModelError, match="transform/accounts: unknown field of Hours hours"):
            read(session, "transform/accounts", Hours)
        with pytest.raises(ModelError, match=r"Number\.account has another type than text"):
            read(session, "transform/accounts", Number)
        with pytest.raises(ModelError, match="happened_at is null, which Instant does not allow"):
            read_one(session, "transform/first_instant", Instant)
        with pytest.raises(ModelError, match="reconcile/marked: no parameter entity"):
            read_arrow(session, "reconcile/marked", account="a")
        with pytest.raises(ModelError, match="parameter entity is int, not text"):
            read_arrow(session, "reconcile/marked", account="a", entity=1)
        with pytest.raises(ModelError, match=r"needs both nowhere/nothing\.sql"):
            read_arrow(session, "nowhere/nothing")


def test_values_of_a_list_are_bound(warehouse: Warehouse):
    """Quotes and percent signs are data."""
    odd = "o'ne%@example.com"
    customers = [{"customer_id": "1", "email": odd}, {"customer_id": "2", "email": "two"}]
    target = described("source.customer")
    with warehouse.transaction() as session:
        session.append(
            "source.customer", arrow_rows(target, [typed(row, target) for row in customers])
        )
        table = read_arrow(
            session,
            "erase/same_address",
            addresses=[odd],
            account="acme",
            customer_id="3",
            pseudonym="4",
        )
    assert table.to_pylist() == [{"account": "acme", "customer_id": "1"}]
