"""Rows of the tables that are made from the declarations in `sql/`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataDictionary:
    """A column of a table for readers: `marts.data_dictionary`."""

    schema_name: str
    table_name: str
    column_name: str
    position: int
    table_description: str
    description: str
    kind: str
    unit: str | None
    is_key: bool
    references_table: str | None
    references_column: str | None
    is_enforced: bool | None


@dataclass(frozen=True, slots=True)
class DimKpi:
    """A KPI and its definition: `core.dim_kpi`."""

    kpi: str
    title: str
    description: str
    shape: str
    unit: str
    divide_by: int
    final_after_days: int
    numerator_description: str
    denominator_description: str
    has_slices: bool
    better: str
    attributed_to: str
    owner: str
    defined_by: str
