"""The models of `sql/`: one `.sql` (or seed `.csv`) and one `.yml` each; the folder is the schema.

A model built by Python has a `.yml` only, with `built_by`. `marts.kpi_daily` collects every KPI of
`marts/kpi/`. `refresh` says how a model is kept up to date: `whole`, by `ticket` (each ticket's
rows come from rows of that ticket alone), or by `day`, `week` or `month` (each period's rows come
from facts with an instant in it). `running` names the tickets whose rows move with the as-of
instant. `fields_from` names the table with the chosen fields of tickets; the model has a column
for each of them (`field_columns.py`).

The folder of the settings file may add models, and rows to the seeds.
"""

import csv
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from tasks.additions import packaged_value_maps, refuse_clash
from tasks.entities import ENTITIES, Column
from tasks.errors import ConfigurationError, ModelError
from tasks.paths import SQL, own_folder, read_yaml
from tasks.sqlmodels import dictionary, value_maps
from tasks.sqlmodels.dialects import tables_of, translated
from tasks.sqlmodels.kpis import (
    KPI_COLUMNS,
    kpis,
    wide_columns,
    with_every_column,
    with_every_kpi,
)
from tasks.sqlmodels.own_descriptions import own_description, refuse_stray_files, statement_of
from tasks.sqlmodels.rows import DataDictionary, DimKpi
from tasks.sqlmodels.sources import made_from
from tasks.sqlmodels.star import (
    REFERENCES,
    KeyColumn,
    Link,
    Reference,
    declared,
    orphans,
    starred,
)
from tasks.warehouse.tables import OPS, SOURCE, Table, table

_LAYERS = ("staging", "core", "marts")
PERIODS = {"day": "day", "week": "week_starts_on", "month": "month_starts_on"}


@dataclass(frozen=True, slots=True)
class Model:
    """One table that is built: by a SELECT, from a seed file, or by Python.

    `path` is its description. `is_own` says that the folder of the settings file brings it.
    `more_rows` are files that add rows to a seed. `report` is the title under which the report
    shows an own table.
    """

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
    fields_from: str = ""
    made_from: str = ""
    path: Path = Path()
    is_own: bool = False
    more_rows: tuple[Path, ...] = ()
    report: str = ""
    key: str = ""
    references: tuple[Reference, ...] = ()
    keys: tuple[KeyColumn, ...] = ()
    links: tuple[Link, ...] = ()
    primary: tuple[str, ...] = ()  # of a table that has a key, or refers, or is referred to

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns of the SELECT, and the keys that the warehouse writes with them."""
        return (*self.columns, *(key.column for key in self.keys))

    @property
    def full_name(self) -> str:
        """Schema and table."""
        return f"{self.schema}.{self.name}"

    @property
    def fingerprint(self) -> str:
        """Changes with what the table is made from: its SQL, its seed, or Python's sources."""
        content = b"".join(path.read_bytes() for path in self._files) or self.select.encode()
        if self.more_rows:
            content = repr(self.rows()).encode()
        return hashlib.sha256(content + repr((self.columns, self.made_from)).encode()).hexdigest()[
            :16
        ]

    def render(self, dialect: str) -> str:
        """The SELECT in a warehouse's dialect."""
        return self.select if dialect == "duckdb" else translated(self.select, dialect)

    @property
    def _files(self) -> tuple[Path, ...]:
        return (self.seed, *self.more_rows) if self.seed else ()

    def rows(self) -> list[dict[str, str | None]]:
        """The rows of a seed.

        Raises ConfigurationError where an added file has other columns, a row twice, a row of
        another file, or a meaning that nothing reads.
        """
        places: dict[tuple[str | None, ...], Path] = {}
        listed = []
        for path in self._files:
            for row in self._rows_of(path):
                key = tuple(row[name] for name in self.grain)
                if key in places and (self.is_own or path != self.seed):
                    named = ", ".join(str(value) for value in key)
                    if places[key] == path:
                        raise ConfigurationError(f"{path}: {named} stands there twice")
                    refuse_clash("row", f"{named} of {self.name}", places[key], path)
                places[key] = path
                listed.append(row)
        return listed

    def _rows_of(self, path: Path) -> Iterator[dict[str, str | None]]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            wanted = [column.name for column in self.columns]
            if path != self.seed and sorted(lines.fieldnames or ()) != sorted(wanted):
                raise ConfigurationError(
                    f"{path}: its first line has to name the columns {', '.join(wanted)}"
                )
            for row in lines:
                yield self._filled(
                    f"{path}, line {lines.line_num}", row, is_added=path != self.seed
                )

    def _filled(
        self,
        place: str,
        row: dict[str, str | None],
        *,
        is_added: bool,
    ) -> dict[str, str | None]:
        if len(row) != len(self.columns) or None in row.values():
            raise ConfigurationError(
                f"{place}: a row needs {len(self.columns)} cells, one for each column"
            )
        if is_added and self.name == value_maps.NAME:
            return value_maps.added_row(place, row)
        return {name: value or None for name, value in row.items()}


def models() -> dict[str, Model]:
    """All models by full name, each after its inputs.

    Raises ConfigurationError for an own model that is not well described, or is named like another.
    """
    return _models(own_folder())


@cache
def _models(own: Path | None) -> dict[str, Model]:
    listed: dict[str, Model] = {}
    for layer in _LAYERS:
        for path in sorted((SQL / layer).glob("*.yml")):
            model = _read(layer, path, own)
            listed[model.full_name] = model
    for model in _own_models(own) if own else ():
        if model.full_name in listed:
            refuse_clash("model", model.full_name, listed[model.full_name].path, model.path)
        listed[model.full_name] = model
    _refuse_unknown_inputs(listed)
    listed = _with_dictionary(starred(listed))
    order = TopologicalSorter(
        {name: {*model.inputs, model.fields_from} & set(listed) for name, model in listed.items()}
    )
    try:
        return {name: listed[name] for name in order.static_order()}
    except CycleError as circle:
        raise ModelError(
            f"models need one another in a circle: {' -> '.join(circle.args[1])}"
        ) from None


def without_kpis(
    model: Model,
    names: Collection[str],
) -> Model:
    """The model, without the KPIs of these names where it collects KPIs."""
    if not names or model.built_by != "kpis":
        return model
    kept = [kpi for kpi in kpis().values() if kpi.name not in names]
    text = model.path.with_suffix(".sql").read_text(encoding="utf-8")
    select = with_every_kpi(with_every_column(text, kpis().values()), kept)
    return replace(model, select=select, inputs=tables_of(select))


def descendants(
    names: Iterable[str],
    leaving_out_kpis: Collection[str] = (),
) -> frozenset[str]:
    """These models and all that read them, directly or not."""
    found = set(names)
    for model in models().values():  # inputs come first
        if found.intersection(without_kpis(model, leaving_out_kpis).inputs):
            found.add(model.full_name)
    return frozenset(found)


def forget_models() -> None:
    """Read the files again at the next call: those of the folder may have changed."""
    _models.cache_clear()
    _identities.cache_clear()


def _own_models(own: Path) -> Iterator[Model]:
    for layer in _LAYERS:
        folder = own / "sql" / layer
        refuse_stray_files(folder, SQL / layer)
        for path in sorted(folder.glob("*.yml")):
            yield _own_model(layer, path)


def _own_model(layer: str, path: Path) -> Model:
    described, columns = own_description(path, PERIODS)
    sql_file, seed = path.with_suffix(".sql"), path.with_suffix(".csv")
    select = statement_of(sql_file) if sql_file.exists() else ""
    return Model(
        layer,
        path.stem,
        str(described["description"]),
        tuple(described["grain"]),
        str(described["owner"]),
        columns,
        select,
        seed if seed.exists() else None,
        inputs=tables_of(select),
        refresh=described.get("refresh", "whole"),
        report=str(described.get("report", "")),
        path=path,
        is_own=True,
    )


def _refuse_unknown_inputs(listed: Mapping[str, Model]) -> None:
    """An own model that reads a table which nothing makes would fail in every run."""
    known = {*listed, *(f"source.{name}" for name in SOURCE), *(t.fullname for t in OPS)}
    for model in listed.values():
        unknown = sorted(set(model.inputs) - known) if model.is_own else []
        if unknown:
            raise ConfigurationError(
                f"{model.path.with_suffix('.sql')}: reads {', '.join(unknown)}, which is no table;"
                " `support-etl models` lists them"
            )


def columns_of_subject(subject: str) -> tuple[Column, ...]:
    """Columns of an entity or mart; none if there is no such."""
    if subject in ENTITIES:
        return ENTITIES[subject].columns
    mart = models().get(f"marts.{subject}")
    return mart.columns if mart else ()


def running_tables() -> list[str]:
    """Tables of the tickets whose rows depend on the as-of instant."""
    return list(dict.fromkeys(model.running for model in models().values() if model.running))


@cache
def table_of(model: Model) -> Table:
    """The model's table, described."""
    described = table(
        model.schema,
        model.name,
        model.all_columns,
        model.description,
        model.grain,
        is_own=model.is_own,
    )
    described.info |= {
        "has_fields": bool(model.fields_from),
        "derived": {key.column.name: key.expression for key in model.keys},
        "primary": model.primary,
        "links": tuple(
            (link.column, link.target, link.target_column) for link in model.links if link.enforced
        ),
    }
    return described


def identities() -> dict[str, Model]:
    """What has to add up after every build, by name.

    Each is a SELECT of what does not: `place`, `found`, `expected`.
    """
    return _identities(own_folder())


@cache
def _identities(own: Path | None) -> dict[str, Model]:
    made: dict[str, Model] = {}
    for path in _identity_files(own):
        if path.stem in made:
            refuse_clash("identity", path.stem, made[path.stem].path, path)
        select = path.read_text(encoding="utf-8")
        if REFERENCES in select:
            united = f"from ({orphans(models().values())}) as every_reference"
            select = select.replace(REFERENCES, united)
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
            path=path,
        )
    return made


def _identity_files(own: Path | None) -> Iterable[Path]:
    folders = [SQL, own / "sql"] if own else [SQL]
    return (path for folder in folders for path in sorted((folder / "identities").glob("*.sql")))


def _read(
    layer: str,
    path: Path,
    own: Path | None,
) -> Model:
    described = read_yaml(path)
    columns = tuple(
        Column(name, kind, description, required=name in described["grain"])
        for name, (kind, description) in described["columns"].items()
    )
    sql_file, seed = path.with_suffix(".sql"), path.with_suffix(".csv")
    built_by = described.get("built_by", "sql")
    select = sql_file.read_text(encoding="utf-8") if sql_file.exists() else ""
    if built_by == "kpis":
        columns += tuple(wide_columns(kpis().values())) if KPI_COLUMNS in select else ()
        select = with_every_kpi(with_every_column(select, kpis().values()), kpis().values())
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
        described.get("fields_from", ""),
        _made_from(built_by),
        path,
        more_rows=tuple(_more_rows(layer, seed, own)) if seed.exists() else (),
        key=described.get("key", ""),
        references=declared(described.get("references", {})),
    )


def _more_rows(
    layer: str,
    seed: Path,
    own: Path | None,
) -> Iterator[Path]:
    """Files that add rows to a shipped seed."""
    if seed.stem == value_maps.NAME:
        yield from packaged_value_maps()
    added = own / "sql" / layer / seed.name if own else None
    if added and added.is_file():
        yield added


def _made_from(built_by: str) -> str:
    """What a table of Python is made from besides its inputs."""
    return repr(kpi_rows()) if built_by == "kpi_list" else made_from(built_by)


ZONE_LIST = (  # stands for the list of time zones, which changes seldom, unlike as-of and last day
    "ops.zone_list"
)


def inputs_state(
    model: Model,
    states: Mapping[str, int],
) -> dict[str, Any]:
    """What a build of the model depends on: its own text and the changes of its inputs so far."""
    inputs = (*model.inputs, ZONE_LIST) if "ops.reporting_zone" in model.inputs else model.inputs
    return {"text": model.fingerprint, "inputs": {name: states.get(name, 0) for name in inputs}}


def dictionary_rows() -> list[DataDictionary]:
    """Rows of `marts.data_dictionary`."""
    return dictionary.rows(models().values())


def _with_dictionary(listed: dict[str, Model]) -> dict[str, Model]:
    """The table that describes the others changes whenever one of them does."""
    described = repr(dictionary.rows(listed.values()))
    return {
        name: replace(model, made_from=described) if model.built_by == "dictionary" else model
        for name, model in listed.items()
    }


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
            has_slices=kpi.has_tickets,
            better=kpi.better,
            attributed_to=kpi.attributed_to,
            owner=kpi.owner,
            defined_by=kpi.source,
        )
        for kpi in kpis().values()
    ]
