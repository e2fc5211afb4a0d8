"""Step: build the SQL models that are out of date, in dependency order."""

import json
import time
from collections.abc import Callable, Collection, Iterable

from tasks.quality.suites import RuleResult, Verdict
from tasks.sqlmodels.catalog import (
    Model,
    dictionary_rows,
    identities,
    inputs_state,
    kpi_rows,
    models,
    table_of,
)
from tasks.sqlmodels.field_columns import table_with_fields, with_field_columns
from tasks.sqlmodels.increments import changed_inputs, part_of
from tasks.sqlmodels.materialization import ModelResult
from tasks.warehouse import constraints
from tasks.warehouse.build import TableRow, build, fill
from tasks.warehouse.changed_keys import ChangedKeys
from tasks.warehouse.runlog import BuildState
from tasks.warehouse.session import Session
from tasks.warehouse.tables import Table


def model_tables(fields: Collection[str] = ()) -> list[Table]:
    """The tables of all models, described, for creation; with columns for these chosen fields."""
    return [table_with_fields(table_of(model), fields) for model in models().values()]


def check_keys(session: Session) -> None:
    """Add primary and foreign keys where they are missing, and have changed rows checked."""
    constraints.enforce(session, model_tables())
    constraints.check(session)


def identities_verdict(session: Session, left_out: Collection[str] = ()) -> Verdict:
    """Whether the tables add up: what does not is counted, and the first place is named.

    An identity that reads a table which this build has left out is not asked: it would compare two
    runs.
    """
    asked = [one for one in identities().values() if not set(left_out).intersection(one.inputs)]
    return Verdict("identities", [_check(session, one) for one in asked])


def _check(session: Session, identity: Model) -> RuleResult:
    wrong = session.fetch(identity.render(session.dialect))
    description = identity.description.rstrip(".")
    if wrong:
        first = wrong[0]
        description += f"; {first.place}: {first.found}, expected {first.expected}"
    return RuleResult(identity.name, "identity", description, not wrong, len(wrong), 0)


def build_model(
    session: Session, model: Model, run_id: str, changed_keys: ChangedKeys, known: BuildState
) -> ModelResult:
    """Build one model if it is out of date: whole, or only changed tickets or days.

    Raises ModelError.
    """
    started = time.perf_counter()
    if model.fields_from:
        model = with_field_columns(session, model)
    inputs = inputs_state(model, known.changes)
    state = json.dumps(inputs, sort_keys=True)
    former = known.inputs.get(model.full_name)
    if former == state:
        changed_keys.known.add(model.full_name)
        return ModelResult(model.full_name, 0, None, 0.0)
    if model.select:
        changed = changed_inputs(inputs, former)
        part = part_of(model, model.render(session.dialect), changed, changed_keys)
        rows, changes = build(
            session, table_of(model), part.select, only=part.only, changed_keys=changed_keys
        )
    else:
        rows, changes = fill(session, table_of(model), _rows_of(model))
    seconds = time.perf_counter() - started
    known.note(
        {
            "model": model.full_name,
            "run_id": run_id,
            "inputs": state,
            "rows_count": rows,
            "changed_count": changes,
            "seconds": seconds,
        }
    )
    return ModelResult(model.full_name, rows, changes, seconds)


def _rows_of(model: Model) -> Iterable[TableRow]:
    made: dict[str, Callable[[], Iterable[TableRow]]] = {
        "kpi_list": kpi_rows,
        "dictionary": dictionary_rows,
    }
    return made.get(model.built_by, model.rows)()
