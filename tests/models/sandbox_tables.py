"""The tables of the test sandbox in few figures: row counts, and one checksum a column."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from conftest import Bench, described
from tests_support import FIRST, TODAY, midnight

from tasks.entities import ENTITIES
from tasks.sandbox.company import open_sandbox
from tasks.sandbox.world import World
from tasks.sqlmodels.catalog import models

HERE = Path(__file__).parent
EXPECTED = HERE / "sandbox_tables.json"
# descriptions, not figures: they may change without a change of numbers
ALL_WORDS = {"marts.data_dictionary"}
WORDS = {
    "core.dim_kpi": {"title", "description", "numerator_description", "denominator_description"}
    | {"attributed_to", "defined_by", "owner"},
}
# platforms differ in the last digits of these; they are compared by sums, with a tolerance
INEXACT = {"number", "money"}
TOLERANCE = 1e-6

Figures = dict[str, dict[str, Any]]


@contextmanager
def filled_warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with every account of the sandbox and the whole forecast, as of TODAY."""
    world = World(seed=11, first=FIRST, last=TODAY - timedelta(days=1), daily=6.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "warehouse.duckdb"
        with open_sandbox(folder / "plans", today=TODAY, world=world) as sandbox:
            os.environ.update(sandbox.secrets)
            planning = {"interval_days": 7, "horizon_days": 28}
            bench = Bench(folder, f"duckdb:///{path}", sandbox.accounts, {"planning": planning})
            outcome = bench.run(midnight(TODAY))
            assert outcome.state == "completed", outcome.message
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection


def figures(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Row count and checksums of every table of source, core and marts."""
    return {
        table: _figures_of(connection, table, columns)
        for table, columns in described("source", "core", "marts").items()
        if table not in ALL_WORDS
    }


def write(actual: Figures) -> None:
    """Make the figures the expected ones."""
    EXPECTED.write_text(json.dumps(actual, indent=1, sort_keys=True) + "\n")


def differences(expected: Figures, actual: Figures) -> list[str]:
    """Tables and columns whose figures differ."""
    names = [f"table {name}" for name in sorted(set(expected) ^ set(actual))]
    for table in sorted(set(expected) & set(actual)):
        old, new = expected[table], actual[table]
        if old["rows"] != new["rows"]:
            names.append(f"{table}: {old['rows']} rows, now {new['rows']}")
        columns = set(old["columns"]) | set(new["columns"])
        names += [
            f"{table}.{column}"
            for column in sorted(columns)
            if not _same(old["columns"].get(column), new["columns"].get(column))
        ]
    return names


def _figures_of(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]
) -> dict[str, Any]:
    kinds, key = _kinds_and_key(table)
    compared = [column for column in columns if column not in WORDS.get(table, ())]
    # a weight between 0 and 1 for each row, from its key: numbers that changed places show
    weight = f"md5_number_lower({_text(key, kinds)}) / 18446744073709551616.0"
    checks = [
        f"""[coalesce(sum("{c}"), 0)::double, coalesce(sum("{c}" * {weight}), 0)::double]"""
        if kinds[c] in INEXACT
        else f"sum(md5_number_lower({_text([c], kinds)}))::varchar"
        for c in compared
    ]
    row = connection.execute(f"select count(*), {', '.join(checks)} from {table}").fetchone()
    assert row is not None
    return {"rows": row[0], "columns": dict(zip(compared, map(_short, row[1:]), strict=True))}


def _text(columns: Iterable[str], kinds: Mapping[str, str]) -> str:
    """The columns of a row as one text, the same in every time zone."""
    values = (f'epoch_us("{c}")' if kinds[c] == "instant" else f'"{c}"' for c in columns)
    listed = ", ".join(f"coalesce({value}::varchar, 'null')" for value in values)
    return f"concat_ws('|', {listed})"


def _short(check: Any) -> Any:
    return [float(f"{value:.9g}") for value in check] if isinstance(check, list) else check


def _same(old: Any, new: Any) -> bool:
    if not (isinstance(old, list) and isinstance(new, list)):
        return bool(old == new)
    scale = max(1.0, *(abs(value) for value in (*old, *new)))
    return all(abs(a - b) <= TOLERANCE * scale for a, b in zip(old, new, strict=True))


def _kinds_and_key(table: str) -> tuple[dict[str, str], list[str]]:
    schema, _, name = table.partition(".")
    if schema == "source":
        entity = ENTITIES[name]
        kinds = {"account": "text", "connector": "text"}
        return kinds | {c.name: c.kind for c in entity.columns}, ["account", *entity.key]
    model = models()[table]
    return {c.name: c.kind for c in model.all_columns}, list(model.grain)
