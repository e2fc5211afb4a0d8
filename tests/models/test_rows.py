"""Tables that Python fills match the dataclasses that describe their rows."""

from dataclasses import MISSING, dataclass, fields
from types import NoneType
from typing import get_args, get_type_hints

import pytest

from tasks.errors import ModelError
from tasks.forecasting import rows as forecasting
from tasks.planning import calendar, calendar_tables
from tasks.planning import rows as planning
from tasks.sqlmodels import rows as declared
from tasks.sqlmodels.catalog import Model, models, table_of
from tasks.sqlmodels.reads import PYTHON
from tasks.warehouse.build import arrow_rows

MODULES = (forecasting, planning, calendar, calendar_tables, declared)
MADE = [m for m in models().values() if not m.select and m.seed is None]


def row_class(model: Model) -> type:
    name = "".join(part.title() for part in model.name.split("_"))
    (result,) = {getattr(module, name) for module in MODULES if hasattr(module, name)}
    return result


@pytest.mark.parametrize("model", MADE, ids=lambda model: model.full_name)
def test_the_row_class_is_the_description(model: Model):
    row = row_class(model)
    hints = get_type_hints(row)
    assert {f.name for f in fields(row)} == {c.name for c in model.columns}
    for column in model.columns:
        kinds = set(get_args(hints[column.name]) or (hints[column.name],))
        assert kinds - {NoneType} == {PYTHON[column.kind]}, column.name
        assert NoneType not in kinds or column.name not in model.grain, column.name
    assert all(f.default is MISSING for f in fields(row)), "give None for a missing value"


@dataclass(frozen=True)
class Misspelt:
    """Like a day of `core.dim_special_day`."""

    account: str
    dey: str


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"account": "a"}, "core.dim_special_day: a row has no key day"),
        ({"account": "a", "day": None, "dey": 1}, "has unknown key dey"),
        (Misspelt("a", "b"), "has no key day"),
    ],
)
def test_a_misspelt_key_is_an_error(row, error: str):
    """It was a null column."""
    table = table_of(models()["core.dim_special_day"])
    with pytest.raises(ModelError, match=error):
        arrow_rows(table, [row])
