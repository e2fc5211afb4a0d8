"""Rows of the tables that are made from the declarations in `sql/`."""

from dataclasses import dataclass


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
    better: str
    attributed_to: str
    owner: str
    defined_by: str
