"""Tables that Python makes: rewritten together when any of their inputs or settings changed."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasks.sqlmodels.catalog import Model, inputs_state, models, table_of
from tasks.warehouse import runlog
from tasks.warehouse.build import rebuild
from tasks.warehouse.session import Session

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class Materialized:
    """Rows and changed rows of one table; `changed` is None when its inputs had not changed."""

    model: str
    rows: int
    changed: int | None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What the build of one model did; `changed` is None when it was up to date and not built."""

    model: str
    rows: int
    changed: int | None
    seconds: float
    ended_at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)

    @property
    def started_at(self) -> datetime:
        """When the build began."""
        return self.ended_at - timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Build:
    """The tables of one step, and by table the state of what it is made from."""

    models: tuple[Model, ...]
    states: Mapping[str, str]
    is_current: bool
    started: float = field(default_factory=time.perf_counter)

    @property
    def unchanged(self) -> list[Materialized]:
        """The result of a build that is current: nothing is written."""
        return [Materialized(model.full_name, 0, None) for model in self.models]


def build_of(
    session: Session,
    built_by: str,
    settings: Mapping[str, Any],
) -> Build:
    """The tables with this `built_by`; current unless an input or a setting changed."""
    listed = tuple(model for model in models().values() if model.built_by == built_by)
    table_states = runlog.table_states(session)
    states = {}
    for model in listed:
        inputs = inputs_state(model, table_states)
        states[model.full_name] = json.dumps({**inputs, "settings": dict(settings)}, sort_keys=True)
    known = runlog.model_inputs(session)
    is_current = all(known.get(name) == state for name, state in states.items())
    return Build(listed, states, is_current)


def write_tables(
    session: Session,
    build: Build,
    tables: "DataclassInstance",
    run_id: str,
) -> list[Materialized]:
    """Write the rows of every table of the build; `tables` has a field of rows named after each."""
    written, started = [], build.started  # the first table bears the arithmetic of all
    for model in build.models:
        rows, changed = rebuild(
            session,
            table_of(model),
            getattr(tables, model.name),
            run_id=run_id,
            state=build.states[model.full_name],
            started=started,
        )
        written.append(Materialized(model.full_name, rows, changed))
        started = time.perf_counter()
    return written
