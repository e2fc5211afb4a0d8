"""The newest rows of a company's own table, for the report."""

from typing import Any

from tasks.sqlmodels.catalog import Model
from tasks.warehouse.session import Session

_MOST = 50


def newest_rows(session: Session, model: Model) -> list[tuple[Any, ...]]:
    """The first rows in the order of the grain, the latest day first where it has days."""
    kinds = {column.name: column.kind for column in model.columns}
    order = [f'"{name}" desc' if kinds[name] == "day" else f'"{name}"' for name in model.grain]
    listed = ", ".join(f'"{name}"' for name in kinds)
    rows = session.fetch(
        f"select {listed} from {model.full_name} order by {', '.join(order)} limit {_MOST}"
    )
    return [tuple(row) for row in rows]
