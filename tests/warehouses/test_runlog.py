"""The run log after many rows, and after the same rows again."""

from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse


def test_more_rows_than_one_statement_takes(warehouse: Warehouse):
    rules = [
        {
            "subject": "ticket",
            "batch_id": "b",
            "rule": f"rule {n}",
            "level": "row",
            "is_met": True,
            "unexpected_count": 0,
            "rows_count": n,
        }
        for n in range(1203)
    ]
    for rows in (rules, [{**rule, "is_met": False} for rule in rules[400:900]]):
        with warehouse.transaction() as session:
            runlog.record_validation(session, "run", rows)
    with warehouse.session() as session:
        counted = session.fetch(
            "select is_met, count(*), sum(rows_count) from ops.validation group by 1 order by 1",
        )
    changed, kept = range(400, 900), [*range(400), *range(900, 1203)]
    assert [tuple(row) for row in counted] == [(False, 500, sum(changed)), (True, 703, sum(kept))]


def test_fields_that_are_seen_again(warehouse: Warehouse):
    first = {f"field_{n}": ("text", "known") for n in range(1100)}
    again = {
        "field_7": ("number", "retyped"),
        "field_1099": ("text", "vanished"),
        "another": ("flag", "new"),
    }
    for fields in (first, again):
        with warehouse.transaction() as session:
            runlog.record_drift(session, "acme", "tickets", fields)
            runlog.record_drift(session, "acme", "users", {"field_7": ("list", "known")})
    with warehouse.session() as session:
        assert runlog.known_fields(session, "acme", "tickets") == {**first, **again}
        assert runlog.known_fields(session, "acme", "users") == {"field_7": ("list", "known")}


def test_changes_of_a_table_are_counted(warehouse: Warehouse):
    for times in (1, 2):
        with warehouse.transaction() as session:
            for _ in range(times):
                runlog.mark_changed(session, "source.ticket")
            runlog.mark_changed(session, f"source.agent_{times}")
    with warehouse.session() as session:
        assert runlog.table_states(session) == {
            "source.ticket": 3,
            "source.agent_1": 1,
            "source.agent_2": 1,
        }
