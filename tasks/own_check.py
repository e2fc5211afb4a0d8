"""Step: check a company's own files without a warehouse, a vendor or a run.

Every check is a function that gives a line about what it found, and raises what is wrong.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from tasks.additions import added, counted
from tasks.connectors import connector, places
from tasks.entities import ARROW
from tasks.errors import ConfigurationError, DataError, ModelError
from tasks.quality.rules import own_subjects, rules_of
from tasks.quality.suites import try_own_rules
from tasks.sqlmodels import cases
from tasks.sqlmodels.catalog import Model, columns_of_subject, models, table_of
from tasks.sqlmodels.kpis import kpis
from tasks.sqlmodels.trial import produced_columns
from tasks.translation import samples
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

Check = Callable[[], str]
_OF_A_KPI = {"kpi", "account", "team_id", "channel", "priority", "numerator", "denominator"}


@contextmanager
def empty_warehouse() -> Iterator[Warehouse]:
    """A DuckDB warehouse with all tables and no rows; gone after the block."""
    with TemporaryDirectory(prefix="support-etl-check-") as folder:
        warehouse = Warehouse(f"duckdb:///{folder}/check.duckdb", threads=1)
        prepare(warehouse, [table_of(model) for model in models().values()])
        yield warehouse
        warehouse.dispose()


def checks(warehouse: Warehouse) -> dict[str, Check]:
    """What there is to check, by subject; the warehouse is an empty one."""
    return dict((*_of_connectors(), *_of_tables(warehouse), *_of_files(warehouse)))


def _of_connectors() -> Iterator[tuple[str, Check]]:
    for name, place in places().items():
        if place != "shipped":
            yield f"connector {name}", partial(_connector, name)
    for path in added(samples.FOLDER, "*/*.json"):
        yield f"sample {path.parent.name}/{path.stem}", partial(_sample, path)


def _of_tables(warehouse: Warehouse) -> Iterator[tuple[str, Check]]:
    for model in models().values():
        if model.is_own:
            yield f"table {model.full_name}", partial(_model, warehouse, model)
    for kpi in kpis().values():
        if kpi.is_own:
            yield f"KPI {kpi.name}", partial(_kpi, warehouse, kpi.name)
    for subject in own_subjects():
        yield f"rules {subject}", partial(_rules, subject)


def _of_files(warehouse: Warehouse) -> Iterator[tuple[str, Check]]:
    for path in added(cases.FOLDER, "*.yml"):
        yield f"case {path.stem}", partial(_case, warehouse, path)
    for path in added("sql/reads", "*/*.sql"):
        yield f"read {path.stem}", partial(_unread, path)


def _connector(name: str) -> str:
    declared = connector(name)
    entities = {output.entity.name for stream in declared.streams for output in stream.outputs}
    count = len(declared.streams)
    return f"{declared.title}: {counted(count, 'stream')}, {', '.join(sorted(entities))}"


def _sample(path: Path) -> str:
    """Translate a sample.

    Raises DataError with the rows that differ, ConfigurationError without its connector.
    """
    if path.parent.name not in places():
        raise ConfigurationError(
            f"{path}: there is no connector {path.parent.name}; delete the sample if the connector"
            " is gone"
        )
    sample = samples.read_sample(path)
    problem = samples.differences(connector(path.parent.name), sample)
    if problem:
        raise DataError(problem)
    return "rows as expected"


def _model(warehouse: Warehouse, model: Model) -> str:
    """Run a model on empty tables. Raises ModelError where its columns are not those described."""
    if model.seed:
        return counted(len(model.rows()), "row")
    _refuse_columns(warehouse, model.select, {column.name for column in model.columns})
    return f"{_cases_of(model.full_name)}; reads {', '.join(model.inputs)}"


def _kpi(warehouse: Warehouse, name: str) -> str:
    """Run a KPI on empty tables. Raises ModelError where that fails."""
    kpi = kpis()[name]
    _refuse_columns(warehouse, kpi.by_local_day, _OF_A_KPI | {"day", "time_zone"})
    return f"{_cases_of(f'{cases.KPI}.{name}')}; reads {', '.join(kpi.inputs)}"


def _refuse_columns(warehouse: Warehouse, select: str, wanted: set[str]) -> None:
    produced = produced_columns(warehouse, select)
    problems = [f"no column {name}" for name in sorted(wanted - set(produced))]
    problems += [f"column {name} is not described" for name in sorted(set(produced) - wanted)]
    if problems:
        raise ModelError("; ".join(problems))


def _cases_of(subject: str) -> str:
    found = [path for path in added(cases.FOLDER, "*.yml") if cases.subject_of(path) == subject]
    return (
        counted(len(found), "case")
        if found
        else f"no case: write {cases.FOLDER}/{subject}.example.yml"
    )


def _rules(subject: str) -> str:
    """Apply own rules to no rows. Raises ConfigurationError for one that cannot be applied."""
    own = [rule for rule in rules_of(subject) if rule.is_own]
    kinds = [(column.name, ARROW[column.kind]) for column in columns_of_subject(subject)]
    try_own_rules(subject, pa.schema(kinds))
    return counted(len(own), "rule")


def _case(warehouse: Warehouse, path: Path) -> str:
    """Run a case. Raises DataError with the rows that differ."""
    case = cases.read_case(path)
    schema, _, short = case.subject.partition(".")
    known = kpis() if schema == cases.KPI else models()
    if (short if schema == cases.KPI else case.subject) not in known:
        raise ConfigurationError(f"{path}: there is no {case.subject}; name the file after one")
    with warehouse.transaction() as session:
        problem = cases.differences(session, case)
        session.rollback()
    if problem:
        raise DataError(problem)
    return f"{counted(len(case.expect), 'row')} as expected"


def _unread(path: Path) -> str:
    raise ConfigurationError(f"{path}: nothing asks the reads of a folder; make it a model")
