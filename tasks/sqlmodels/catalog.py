"""The models of `sql/`: one `.sql` (or seed `.csv`) and one `.yml` each; the folder is the schema.

A model built by Python has a `.yml` only, with `built_by`. `marts.kpi_daily` collects every KPI of `marts/kpi/`.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from tasks.entities import Column
from tasks.errors import ModelError
from tasks.paths import SQL

_LAYERS = ("staging", "core", "marts")
_KPI_COLUMNS = ("day", "account", "team_id", "channel", "priority", "numerator", "denominator")


@dataclass(frozen=True, slots=True)
class Model:
    """One table that is built: by a SELECT, from a seed file, or by Python."""

    schema: str
    name: str
    says: str
    grain: tuple[str, ...]
    owner: str
    columns: tuple[Column, ...]
    select: str = ""
    seed: Path | None = None
    built_by: str = "sql"
    inputs: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Schema and table."""
        return f"{self.schema}.{self.name}"

    @property
    def fingerprint(self) -> str:
        """Changes when the SQL or the seed changes."""
        content = self.seed.read_bytes() if self.seed else self.select.encode()
        return hashlib.sha256(content + repr(self.columns).encode()).hexdigest()[:16]

    def render(self, dialect: str) -> str:
        """The SELECT in a warehouse's dialect."""
        return self.select if dialect == "duckdb" else _translated(self.select, dialect)

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
    says: str
    shape: str
    unit: str
    numerator: str
    denominator: str
    better: str
    attributed_to: str
    owner: str
    source: str
    select: str


@cache
def kpis() -> dict[str, Kpi]:
    """All KPIs by name. Raises ModelError for one without its entry, or an entry without its SQL."""
    folder = SQL / "marts" / "kpi"
    entries = yaml.safe_load((folder / "kpis.yml").read_text(encoding="utf-8"))
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    odd = sorted(set(entries) ^ set(files))
    if odd:
        raise ModelError(f"KPI {', '.join(odd)}: needs both a file in sql/marts/kpi and an entry in kpis.yml")
    return {name: Kpi(name=name, select=files[name], **entry) for name, entry in entries.items()}


@cache
def models() -> dict[str, Model]:
    """All models by full name, each after its inputs."""
    found = {}
    for layer in _LAYERS:
        for path in sorted((SQL / layer).glob("*.yml")):
            model = _read(layer, path)
            found[model.full_name] = model
    order = TopologicalSorter({name: set(model.inputs) & set(found) for name, model in found.items()})
    try:
        return {name: found[name] for name in order.static_order()}
    except CycleError as circle:
        raise ModelError(f"models need one another in a circle: {' -> '.join(circle.args[1])}") from None


def _read(layer: str, path: Path) -> Model:
    described = yaml.safe_load(path.read_text(encoding="utf-8"))
    columns = tuple(
        Column(name, kind, says, required=name in described["grain"]) for name, (kind, says) in described["columns"].items()
    )
    sql_file, seed = path.with_suffix(".sql"), path.with_suffix(".csv")
    built_by = described.get("built_by", "sql")
    select = sql_file.read_text(encoding="utf-8") if sql_file.exists() else ""
    if built_by == "kpis":
        select = _collected()
    inputs = _tables_of(select, path) if select else tuple(described.get("inputs", ()))
    return Model(
        layer, path.stem, described["says"], tuple(described["grain"]), described["owner"], columns, select,
        seed if seed.exists() else None, built_by, inputs,
    )


def _collected() -> str:
    """`marts.kpi_daily`: every KPI's SELECT, united, with names of teams, and the ratio formed last."""
    listed = ", ".join(_KPI_COLUMNS)
    parts = [
        f"select '{kpi.name}' as kpi, '{kpi.unit}' as unit, '{kpi.shape}' as shape, {listed} from (\n{kpi.select}\n) as {kpi.name}"
        for kpi in kpis().values()
    ]
    united = "\nunion all\n".join(parts)
    return f"""
select
    k.day, p.time_zone, k.account, coalesce(k.team_id, 'none') as team_id, t.name as team, k.channel, k.priority, k.kpi, k.unit,
    cast(k.numerator as double) as numerator,
    cast(k.denominator as double) as denominator,
    case when k.shape = 'count' then cast(k.numerator as double)
         when k.denominator = 0 then null
         else 1.0 * cast(k.numerator as double) / cast(k.denominator as double) end as value
from (
{united}
) as k
cross join ops.run_parameter as p
left join core.dim_team as t on t.account = k.account and t.team_id = k.team_id
where k.day <= p.last_day
"""


@cache
def _tables_of(select: str, path: Path) -> tuple[str, ...]:
    try:
        tree = sqlglot.parse_one(select, read="duckdb")
    except sqlglot.errors.ParseError as wrong:
        raise ModelError(f"{path.with_suffix('.sql')}: {str(wrong).splitlines()[0]}") from None
    tables = {f"{t.db}.{t.name}" for t in tree.find_all(exp.Table) if t.db}
    return tuple(sorted(tables))


@cache
def _translated(select: str, dialect: str) -> str:
    return sqlglot.transpile(select, read="duckdb", write=dialect)[0]


def inputs_state(model: Model, states: Mapping[str, int]) -> dict[str, Any]:
    """What a build of the model depends on: its own text and the changes of its inputs so far."""
    return {"text": model.fingerprint, "inputs": {name: states.get(name, 0) for name in model.inputs}}
