"""The data dictionary: what the tables for readers and their columns mean."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tasks.entities import Column
from tasks.sqlmodels.rows import DataDictionary

if TYPE_CHECKING:
    from tasks.sqlmodels.catalog import Model

SCHEMAS = ("core", "marts")
# the last word of a number's name that is its unit
_UNITS = {
    "seconds": "seconds",
    "minutes": "minutes",
    "hours": "hours",
    "days": "days",
    "share": "share, 0 to 1",
    "rate": "share, 0 to 1",
    "count": "count",
    "tickets": "tickets",
    "contacts": "contacts",
    "fte": "full-time equivalents",
    "headcount": "people",
    "agents": "people",
    "minute": "minutes since midnight",
    "attainment": "share, 1 on target",
    "ratio": "share, 0 to 1",
    "coverage": "share, 0 to 1",
    "occupancy": "share, 0 to 1",
    "level": "share, 0 to 1",
    "wape": "share of the volume",
}
_OF_KPI = {"numerator", "denominator", "value", "target"}


def rows(listed: "Iterable[Model]") -> list[DataDictionary]:
    """A row for each column of `core` and `marts`."""
    return [
        row
        for model in sorted(listed, key=lambda m: m.full_name)
        if model.schema in SCHEMAS
        for row in _of_table(model)
    ]


def unit_of(column: Column) -> str | None:
    """The unit of a number: by its kind, else by the words of its name; null for other columns."""
    if column.kind == "money":
        return "reporting currency"
    if column.kind not in {"whole", "number"}:
        return None
    words = column.name.split("_")
    if column.name in _OF_KPI or words[-1] in {"numerator", "denominator"}:
        return "as core.dim_kpi says"
    known = [_UNITS[word] for word in reversed(words) if word in _UNITS]
    return known[0] if known else "as described"


def _of_table(model: "Model") -> Iterable[DataDictionary]:
    links = {link.column: link for link in model.links}
    for position, column in enumerate(model.all_columns, start=1):
        link = links.get(column.name)
        yield DataDictionary(
            schema_name=model.schema,
            table_name=model.name,
            column_name=column.name,
            position=position,
            table_description=model.description,
            description=column.description,
            kind=column.kind,
            unit=unit_of(column),
            is_key=column.name in (model.primary or model.grain),
            references_table=link.target if link else None,
            references_column=link.target_column if link else None,
            is_enforced=link.enforced if link else None,
        )
