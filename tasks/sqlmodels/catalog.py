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
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tasks.entities import Column
from tasks.errors import ModelError
from tasks.paths import SQL, read_yaml
from tasks.sqlmodels.dialects import tables_of, translated
from tasks.warehouse.tables import table

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


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI: what it means, and its SELECT of numerator and denominator per day and scope."""

    name: str
    title: str
    description: str
    shape: str
    unit: str
    numerator: str
    denominator: str
    better: str
    attributed_to: str
    owner: str
    source: str
    select: str
    divide_by: int = 1
    final_after_days: int = 0

    @property
    def by_instant(self) -> bool:
        """The SELECT gives instants (`happened_at`), not days of time zones."""
        return "happened_at" in self.select


@cache
def kpis() -> dict[str, Kpi]:
    """All KPIs by name.

    Raises ModelError for one without its entry, or an entry without its SQL.
    """
    folder = SQL / "marts" / "kpi"
    entries = read_yaml(folder / "kpis.yml")
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    odd = sorted(set(entries) ^ set(files))
    if odd:
        raise ModelError(
            f"KPI {', '.join(odd)}: needs both a file in sql/marts/kpi and an entry in kpis.yml"
        )
    return {name: Kpi(name=name, select=files[name], **entry) for name, entry in entries.items()}


@cache
def models() -> dict[str, Model]:
    """All models by full name, each after its inputs."""
    found = {}
    for layer in _LAYERS:
        for path in sorted((SQL / layer).glob("*.yml")):
            model = _read(layer, path)
            found[model.full_name] = model
    order = TopologicalSorter(
        {name: set(model.inputs) & set(found) for name, model in found.items()}
    )
    try:
        return {name: found[name] for name in order.static_order()}
    except CycleError as circle:
        raise ModelError(
            f"models need one another in a circle: {' -> '.join(circle.args[1])}"
        ) from None


@cache
def table_of(model: Model) -> Any:
    """The model's table, described."""
    return table(model.schema, model.name, model.columns, model.description, model.grain)


@cache
def identities() -> dict[str, Model]:
    """What has to add up after every build: SELECTs of what does not (`place`, `found`,
    `expected`), by name.
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
        select = _collected()
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
    """What a table of Python is made from besides its inputs: the code of a release, and files."""
    if built_by in {"sql", "kpis"}:
        return ""
    entries = SQL / "marts" / "kpi" / "kpis.yml"
    return _release() + (entries.read_text(encoding="utf-8") if built_by == "kpi_list" else "")


@cache
def _release() -> str:
    return version("support-etl")


def _collected() -> str:
    """`marts.kpi_daily`: every KPI's SELECT, put on local days, summed, united, with names, ratios
    and targets.

    Sums are of whole numbers, so they are the same in whatever order an engine adds them; division
    comes last.
    """
    united = "\nunion all\n".join(_on_days(kpi) for kpi in kpis().values())
    return f"""
with counted as (
{united}
),
divided as (
    select c.day, c.time_zone, c.account, coalesce(c.team_id, 'none') as team_id, c.channel, c.priority, c.kpi, k.unit, k.shape, k.better,
        cast(c.numerator as double) / k.divide_by as numerator, cast(c.denominator as double) as denominator
    from counted as c
    join core.dim_kpi as k on k.kpi = c.kpi
),
valued as (
    select d.day, d.time_zone, d.account, d.team_id, t.name as team, d.channel, d.priority, d.kpi, d.unit, d.shape, d.better, d.numerator, d.denominator,
        case when d.shape in ('count', 'level') then d.numerator when d.denominator = 0 then null else d.numerator / d.denominator end as value
    from divided as d
    left join core.dim_team as t on t.account = d.account and t.team_id = d.team_id
)
select v.day, v.time_zone, v.account, v.team_id, v.team, v.channel, v.priority, v.kpi, v.unit, v.numerator, v.denominator, v.value,
    coalesce(g.target, a.target) as target,
    case when v.better = 'higher' and coalesce(g.target, a.target) <> 0 then v.value / coalesce(g.target, a.target)
         when v.better = 'lower' and v.value <> 0 then coalesce(g.target, a.target) / v.value end as attainment
from valued as v
left join core.dim_kpi_target as g
    on v.shape in ('ratio', 'mean', 'level_mean') and g.kpi = v.kpi and g.team = v.team and g.valid_from_on <= v.day and v.day < g.valid_until_on
left join core.dim_kpi_target as a
    on v.shape in ('ratio', 'mean', 'level_mean') and a.kpi = v.kpi and a.team = 'all' and a.valid_from_on <= v.day and v.day < a.valid_until_on
"""


def _on_days(kpi: Kpi) -> str:
    day, zone = (
        ("cast(k.happened_at at time zone p.time_zone as date)", "p.time_zone")
        if kpi.by_instant
        else ("k.day", "k.time_zone")
    )
    meets = (
        "cross join ops.reporting_zone as p"
        if kpi.by_instant
        else "join ops.reporting_zone as p on p.time_zone = k.time_zone"
    )
    groups = f"{day}, {zone}, k.account, k.team_id, k.channel, k.priority"
    return (
        f"select '{kpi.name}' as kpi, {day} as day, {zone} as time_zone, k.account, k.team_id,"
        " k.channel, k.priority,\n    sum(k.numerator) as numerator, sum(k.denominator) as"
        f" denominator\nfrom (\n{kpi.select}\n) as k\n{meets}\nwhere {day} <= p.last_day group by"
        f" {groups}"
    )


ZONE_LIST = (  # stands for the list of time zones, which changes seldom, unlike as-of and last day
    "ops.zone_list"
)


def inputs_state(model: Model, states: Mapping[str, int]) -> dict[str, Any]:
    """What a build of the model depends on: its own text and the changes of its inputs so far."""
    inputs = (*model.inputs, ZONE_LIST) if "ops.reporting_zone" in model.inputs else model.inputs
    return {"text": model.fingerprint, "inputs": {name: states.get(name, 0) for name in inputs}}


def kpi_rows() -> list[dict[str, Any]]:
    """Rows of `core.dim_kpi`."""
    return [
        {
            "kpi": k.name,
            "title": k.title,
            "description": k.description,
            "shape": k.shape,
            "unit": k.unit,
            "divide_by": k.divide_by,
            "final_after_days": k.final_after_days,
            "numerator_description": k.numerator,
            "denominator_description": k.denominator,
            "better": k.better,
            "attributed_to": k.attributed_to,
            "owner": k.owner,
            "defined_by": k.source,
        }
        for k in kpis().values()
    ]
