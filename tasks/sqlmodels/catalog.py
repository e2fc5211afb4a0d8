"""The models of `sql/`: one `.sql` (or seed `.csv`) and one `.yml` each; the folder is the schema.

A model built by Python has a `.yml` only, with `built_by`. `marts.kpi_daily` collects every KPI of
`marts/kpi/`. `refresh` says how a model is kept up to date: `whole`, by `ticket` (each ticket's
rows come from rows of that ticket alone), or by `day`, `week` or `month` (each period's rows come
from facts with an instant in it). `running` names the tickets whose rows move with the as-of
instant.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from tasks.entities import Column
from tasks.errors import ModelError
from tasks.paths import SQL, read_yaml
from tasks.sqlmodels.dialects import tables_of, translated
from tasks.sqlmodels.kpis import kpis, with_every_kpi
from tasks.sqlmodels.rows import DimKpi
from tasks.sqlmodels.sources import made_from
from tasks.warehouse.tables import Table, table

_LAYERS = ("staging", "core", "marts")
PERIODS = {"day": "day", "week": "week_starts_on", "month": "month_starts_on"}


@dataclass(frozen=True, slots=True)
class Model:
    """One table that is built: by a SELECT, from a seed file, or by Python."""

    schema: str
    name: str
    description: str
    grain: tuple[str, ...]
    owner: str
    columns: tuple[Column, ...]
    select: str = ""
    seed: Path | None = None
    built_by: str = "sql"
    inputs: tuple[str, ...] = ()
    refresh: str = "whole"
    running: str = ""
    made_from: str = ""

    @property
    def full_name(self) -> str:
        """Schema and table."""
        return f"{self.schema}.{self.name}"

    @property
    def fingerprint(self) -> str:
        """Changes with what the table is made from: its SQL, its seed, or Python's sources."""
        content = self.seed.read_bytes() if self.seed else self.select.encode()
        return hashlib.sha256(content + repr((self.columns, self.made_from)).encode()).hexdigest()[
            :16
        ]

    def render(self, dialect: str) -> str:
        """The SELECT in a warehouse's dialect."""
        return self.select if dialect == "duckdb" else translated(self.select, dialect)

    def rows(self) -> list[dict[str, str | None]]:
        """The rows of a seed."""
        if self.seed is None:
            return []
        with self.seed.open(encoding="utf-8", newline="") as file:
            return [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]


@cache
def models() -> dict[str, Model]:
    """All models by full name, each after its inputs."""
    listed = {}
    for layer in _LAYERS:
        for path in sorted((SQL / layer).glob("*.yml")):
            model = _read(layer, path)
            listed[model.full_name] = model
    order = TopologicalSorter(
        {name: set(model.inputs) & set(listed) for name, model in listed.items()}
    )
    try:
        return {name: listed[name] for name in order.static_order()}
    except CycleError as circle:
        raise ModelError(
            f"models need one another in a circle: {' -> '.join(circle.args[1])}"
        ) from None


def running_tables() -> list[str]:
    """Tables of the tickets whose rows depend on the as-of instant."""
    return list(dict.fromkeys(model.running for model in models().values() if model.running))


@cache
def table_of(model: Model) -> Table:
    """The model's table, described."""
    return table(model.schema, model.name, model.columns, model.description, model.grain)


@cache
def identities() -> dict[str, Model]:
    """What has to add up after every build, by name.

    Each is a SELECT of what does not: `place`, `found`, `expected`.
    """
    made = {}
    for path in sorted((SQL / "identities").glob("*.sql")):
        select = path.read_text(encoding="utf-8")
        description = select.partition("\n")[0].removeprefix("-- ")
        made[path.stem] = Model(
            "identities",
            path.stem,
            description,
            (),
            "support-analytics",
            (),
            select,
            inputs=tables_of(select),
        )
    return made


def _read(layer: str, path: Path) -> Model:
    described = read_yaml(path)
    columns = tuple(
        Column(name, kind, description, required=name in described["grain"])
        for name, (kind, description) in described["columns"].items()
    )
    sql_file, seed = path.with_suffix(".sql"), path.with_suffix(".csv")
    built_by = described.get("built_by", "sql")
    select = sql_file.read_text(encoding="utf-8") if sql_file.exists() else ""
    if built_by == "kpis":
        select = with_every_kpi(select, kpis().values())
    inputs = tables_of(select) if select else tuple(described.get("inputs", ()))
    return Model(
        layer,
        path.stem,
        described["description"],
        tuple(described["grain"]),
        described["owner"],
        columns,
        select,
        seed if seed.exists() else None,
        built_by,
        inputs,
        described.get("refresh", "whole"),
        described.get("running", ""),
        _made_from(built_by),
    )


def _made_from(built_by: str) -> str:
    """What a table of Python is made from besides its inputs."""
    return repr(kpi_rows()) if built_by == "kpi_list" else made_from(built_by)


ZONE_LIST = (  # stands for the list of time zones, which changes seldom, unlike as-of and last day
    "ops.zone_list"
)


def inputs_state(model: Model, states: Mapping[str, int]) -> dict[str, Any]:
    """What a build of the model depends on: its own text and the changes of its inputs so far."""
    inputs = (*model.inputs, ZONE_LIST) if "ops.reporting_zone" in model.inputs else model.inputs
    return {"text": model.fingerprint, "inputs": {name: states.get(name, 0) for name in inputs}}


def kpi_rows() -> list[DimKpi]:
    """Rows of `core.dim_kpi`."""
    return [
        DimKpi(
            kpi=kpi.name,
            title=kpi.title,
            description=kpi.description,
            shape=kpi.shape,
            unit=kpi.unit,
            divide_by=kpi.divide_by,
            final_after_days=kpi.final_after_days,
            numerator_description=kpi.numerator,
            denominator_description=kpi.denominator,
            better=kpi.better,
            attributed_to=kpi.attributed_to,
            owner=kpi.owner,
            defined_by=kpi.source,
        )
        for kpi in kpis().values()
    ]
