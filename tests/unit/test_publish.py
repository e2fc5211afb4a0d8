"""How figures read in the report."""

import pytest

from tasks.reporting.kpis import format_value
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
