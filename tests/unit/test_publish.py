"""How figures read in the report."""

import pytest

from tasks.reporting.kpis import format_value
from tasks.reporting.slices import SliceRow, slice_tables
from tasks.sqlmodels.kpis import kpis


@pytest.mark.parametrize(
    ("kpi", "value", "words"),
    [
        ("tickets_created", 1234.0, "1,234"),
        ("backlog", 472.0, "472"),
        ("backlog_age", 155.12, "155.1 days"),
        ("csat", 0.8104, "81.0%"),
        ("first_reply_time", 89.4, "89 min"),
        ("first_reply_time", 90.0, "1.5 h"),
        ("full_resolution_time", 72_000.0, "1,200.0 h"),
        ("nps", -12.4, "-12"),
        ("replies_per_ticket", 2.25, "2.2"),
        ("csat", None, "no data"),
    ],
)
def test_a_figure_shows_its_unit(kpi, value, words):
    assert format_value(kpis()[kpi], value) == words


def test_a_card_of_each_field_has_its_largest_values_first_and_the_rest_last():
    rows = [
        SliceRow("brand", "Blue", "csat", 0, 1.0, 2.0),
        SliceRow("brand", "Blue", "tickets_created", 0, 3.0, 0.0),
        SliceRow("brand", "Red", "tickets_created", 0, 5.0, 0.0),
        SliceRow("brand", "none", "tickets_created", 0, 9.0, 0.0),
        SliceRow("brand", "other values", "tickets_created", 0, 8.0, 0.0),
        SliceRow("tags", "vip", "tickets_created", 1, 1.0, 0.0),
    ]
    brand, tags = slice_tables(kpis(), rows)
    assert (brand.name, brand.title) == ("by_brand", "By brand, last 28 days")
    assert [row[0] for row in brand.rows] == ["Red", "Blue", "other values", "none"]
    shown = dict(zip(brand.headings, brand.rows[1], strict=True))
    assert (shown["Tickets created"], shown["CSAT"], shown["Reopen rate"]) == (
        "3",
        "50.0%",
        "no data",
    )
    assert "do not add up" in tags.description
    assert "do not add up" not in brand.description


def test_long_names_of_fields_give_sheets_of_different_names():
    names = [f"{'a_long_name_of_a_field_' * 2}{number}" for number in range(3)]
    rows = [SliceRow(name, "v", "tickets_created", 0, 1.0, 0.0) for name in names]
    sheets = [table.name[:31] for table in slice_tables(kpis(), rows)]
    assert len(set(sheets)) == 3
