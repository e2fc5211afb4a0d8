"""The numbers of the whole sandbox stay the same through every change of the code.

If a change of numbers is intended, write sandbox_tables.json again and say in the commit which
figures changed and why:

    WRITE_SANDBOX_TABLES=1 python -m pytest tests/models/test_sandbox_tables.py
"""

import json
import os

import pytest
import yaml
from conftest import described
from sandbox_tables import EXPECTED, HERE, Figures, differences, figures, filled_warehouse, write


@pytest.fixture(scope="module")
def actual() -> Figures:
    with filled_warehouse() as connection:
        counted = figures(connection)
    if os.environ.get("WRITE_SANDBOX_TABLES"):
        write(counted)
    return counted


def test_every_table_has_the_rows_and_values_it_had(actual: Figures):
    assert differences(json.loads(EXPECTED.read_text()), actual) == []


def test_renamed_columns_exist():
    """The list maps the columns of the first tables to their present names."""
    tables = described("source", "core", "marts")
    for table, columns in yaml.safe_load((HERE / "renamed_columns.yml").read_text()).items():
        assert set(columns.values()) <= set(tables[table])
        assert not set(columns) & set(tables[table])
