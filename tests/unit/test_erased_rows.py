"""Rows of erased persons on their way into the warehouse."""

import pyarrow as pa
import pytest

from tasks.entities import CUSTOMER, CUSTOMER_FIELD, MESSAGE, TICKET, Entity
from tasks.privacy.persons import Erased, fingerprint, pseudonym

MARK = fingerprint("key", "acme", "7")
ERASED = Erased("acme", "key", frozenset({MARK}))


@pytest.mark.parametrize("entity", [MESSAGE, CUSTOMER, TICKET], ids=lambda entity: entity.name)
def test_a_page_without_rows_stays_one(entity: Entity):
    """Such a page ended every run after an erasure."""
    rows = pa.table({column.name: pa.array([], pa.string()) for column in entity.columns})
    assert ERASED.hide(entity, rows).equals(rows)


def test_fields_of_an_erased_person_do_not_come_back():
    names = [column.name for column in CUSTOMER_FIELD.columns]
    ids = ["7", "8", pseudonym(MARK)]
    rows = pa.table(
        {name: pa.array(ids if name == "customer_id" else ["a"] * 3, pa.string()) for name in names}
    )
    assert ERASED.hide(CUSTOMER_FIELD, rows).column("customer_id").to_pylist() == ["8"]


def test_only_the_erased_person_is_hidden():
    names = [column.name for column in CUSTOMER.columns]
    rows = pa.table(
        {
            name: pa.array(["7", "8"] if name == "customer_id" else ["a", "b"], pa.string())
            for name in names
        }
    )
    hidden = ERASED.hide(CUSTOMER, rows).to_pydict()
    assert hidden["customer_id"] == [pseudonym(MARK), "8"]
    assert hidden["name"] == [None, "b"]
