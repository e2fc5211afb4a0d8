"""Cases of models and KPIs: small tables in, a small table out.

A case is `tests/models/cases/<model>.<case>.yml`, such as `marts.sla_daily.example.yml`; a KPI is
`kpi.<name>`. It has `given` (rows by table), `expect` (rows), and where needed `through` (models to
build before) and `only` (a condition on the rows).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tasks.additions import described as described_in
from tasks.errors import ConfigurationError
from tasks.sqlmodels.catalog import kpi_rows, models, table_of
from tasks.sqlmodels.dialects import translated
from tasks.sqlmodels.kpis import kpis
from tasks.warehouse.build import arrow_rows, build
from tasks.warehouse.session import Session
from tasks.warehouse.tables import OPS, SOURCE, Table, written_columns

FOLDER = "tests/models/cases"
KPI = "kpi"
Row = dict[str, Any]
# what a row of a case has without saying so
DEFAULTS: Mapping[str, Any] = {
    "account": "acme",
    "connector": "zendesk",
    "loaded_stream": "s",
    "loaded_batch": "b",
    "received_at": datetime(2026, 1, 1, tzinfo=UTC),
    "basis": "amount",
}
_PARTS = {"given", "expect", "through", "only"}


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the model or KPI that it is of, and what its file says."""

    subject: str
    given: Mapping[str, Sequence[Row]]
    expect: Sequence[Row]
    through: Sequence[str] = ()
    only: str = "true"


def parameters() -> dict[str, list[Row]]:
    """Rows of the tables that every case has."""
    zone = {
        "time_zone": "Europe/Berlin",
        "is_main": True,
        "as_of": "2026-04-01 00:00:00",
        "last_day": "2026-03-31",
    }
    setting = {
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "recontact_days": 7,
        "exchange_rate_days": 400,
    }
    return {
        "ops.reporting_zone": [zone],
        "ops.reporting_setting": [setting],
        "core.dim_kpi": [asdict(row) for row in kpi_rows()],
    }


def subject_of(path: Path) -> str:
    """The model or KPI that a file is a case of."""
    return path.stem.rpartition(".")[0]


def read_case(path: Path) -> Case:
    """The case in a file. Raises ConfigurationError for one that is not well written."""
    content = described_in(path)
    unknown = sorted(set(content) - _PARTS)
    given, expect = content.get("given"), content.get("expect")
    if unknown or not isinstance(given, Mapping) or not isinstance(expect, list) or not expect:
        raise ConfigurationError(
            f"{path}: write `given` (rows by table) and `expect` (rows)"
            + (f"; unknown {', '.join(unknown)}" if unknown else "")
        )
    through, only = content.get("through", ()), content.get("only", "true")
    assert isinstance(through, Sequence)
    return Case(subject_of(path), given, expect, through, str(only))


def differences(session: Session, case: Case) -> str:
    """What the rows of a model lack, and what is too much; "" where they are as expected.

    Fills the tables of the session's warehouse, which has to be empty. Raises ModelError where a
    model cannot be built, and ConfigurationError for a table or column that is not there.
    """
    actual, expected = in_order(made_by(session, case)), in_order(wanted_of(case))
    missing = [row for row in expected if row not in actual]
    too_many = [row for row in actual if row not in expected]
    columns = list(case.expect[0])
    words = [f"no row {_named(columns, row)}" for row in missing]
    words += [f"not expected: {_named(columns, row)}" for row in too_many]
    if not words and len(actual) != len(expected):
        words = [f"{len(actual)} rows, expected {len(expected)}"]
    return "; ".join(words)


def made_by(session: Session, case: Case) -> list[list[Any]]:
    """The rows that the subject of a case has, in the columns that it expects."""
    for name, rows in {**parameters(), **case.given}.items():
        target = described(name)
        session.append(name, arrow_rows(target, [typed(row, target) for row in rows]))
    source = case.subject
    schema, _, short = source.partition(".")
    for name in (*case.through, *([] if schema == KPI else [source])):
        build(session, described(name), models()[name].render(session.dialect))
    if schema == KPI:
        counted = kpis()[short].by_local_day
        rendered = counted if session.dialect == "duckdb" else translated(counted, session.dialect)
        source = f"({rendered}) as counted"
    listed = ", ".join(f'"{name}"' for name in case.expect[0])
    rows = session.fetch(f"select {listed} from {source} where {case.only}")
    return [[shown(value) for value in row] for row in rows]


def wanted_of(case: Case) -> list[list[Any]]:
    """The rows that a case expects."""
    return [[wanted(row[name]) for name in case.expect[0]] for row in case.expect]


def in_order(rows: Iterable[list[Any]]) -> list[list[Any]]:
    """Rows in an order that does not depend on the engine."""
    return sorted(rows, key=lambda row: [str(value) for value in row])


def described(name: str) -> Table:
    """A table by its full name. Raises ConfigurationError where there is none."""
    schema, _, short = name.partition(".")
    found = {"ops": {str(t.name): t for t in OPS}, "source": SOURCE}.get(schema, {}).get(short)
    if found is not None:
        return found
    if name not in models():
        raise ConfigurationError(f"there is no table {name}; `support-etl models` lists them")
    return table_of(models()[name])


def typed(row: Mapping[str, Any], target: Table) -> Row:
    """A row of a case with the types of a table, and what all rows have."""
    columns = written_columns(target)
    odd = sorted(set(row) - {column.name for column in columns})
    if odd:
        raise ConfigurationError(f"{target.fullname} has no column {', '.join(odd)}")
    return {
        column.name: _as(column.info["kind"], row.get(column.name, DEFAULTS.get(column.name)))
        for column in columns
    }


def _as(kind: str, value: Any) -> Any:  # noqa: ANN401  whatever YAML holds
    if value is None:
        return None
    if kind == "instant":
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    if kind == "day" and not isinstance(value, date):
        return date.fromisoformat(str(value))
    if kind == "money":
        return Decimal(str(value))
    return str(value) if kind == "text" else value


def shown(value: Any) -> Any:  # noqa: ANN401  whatever a column holds
    """A value of a table as a case writes it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, (Decimal, float)) else value


def wanted(value: Any) -> Any:  # noqa: ANN401  whatever YAML holds
    """A value of a case, comparable with `shown`."""
    return shown(value.replace(tzinfo=UTC) if isinstance(value, datetime) else value)


def _named(columns: Sequence[str], row: Sequence[Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(columns, row, strict=True))
