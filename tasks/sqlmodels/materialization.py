"""Tables that Python makes: written anew, together, when any of their inputs or settings changed."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.sqlmodels.catalog import inputs_state, models, table_of
from tasks.warehouse import runlog
from tasks.warehouse.build import rebuild
from tasks.warehouse.session import Session

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Materialized:
    """Rows and changed rows of one table; `changed` is None when its inputs were as they were."""

    model: str
    rows: int
    changed: int | None


def materialize(
    session: Session,
    built_by: str,
    settings: Mapping[str, Any],
    make: Callable[[], Mapping[str, Rows]],
    *,
    run_id: str,
) -> list[Materialized]:
    """Fill the models with this `built_by` from `make`, which gives rows by table name; not called
    if nothing changed.
    """
    listed = [model for model in models().values() if model.built_by == built_by]
    states = runlog.table_states(session)
    state = {
        m.full_name: json.dumps(
            {**inputs_state(m, states), "settings": dict(settings)}, sort_keys=True
        )
        for m in listed
    }
    known = runlog.model_inputs(session)
    if all(known.get(name) == state[name] for name in state):
        return [Materialized(name, 0, None) for name in state]
    started = time.perf_counter()
    rows = make()
    made = []
    for model in listed:
        count, changed = rebuild(
            session,
            table_of(model),
            rows.get(model.name, ()),
            run_id=run_id,
            state=state[model.full_name],
            started=started,
        )
        made.append(Materialized(model.full_name, count, changed))
        started = time.perf_counter()  # the first table bears the arithmetic of all
    return made
