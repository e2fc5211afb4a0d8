"""What each vendor's values mean with the map as it is shipped: documented ones and labels."""

import csv
from typing import Any

import pytest

from tasks.paths import SQL
from tasks.settings import MEANINGS
from tasks.sqlmodels.cases import described, typed
from tasks.sqlmodels.catalog import models
from tasks.warehouse.build import arrow_rows, build, fill
from tasks.warehouse.engine import Warehouse

AT = "2026-03-02 08:00:00"
# vendor: statuses as (id, label, category of the vendor, meaning); None: nobody knows
STATUSES: dict[str, list[tuple[str, str | None, str | None, str | None]]] = {
    "zendesk": [
        ("open", None, None, "open"),
        ("hold", None, None, "hold"),
        ("deleted", None, None, "deleted"),
        ("5163", "Warten auf Lager", "hold", "hold"),
        ("parked", "Parked", None, None),
    ],
    "salesforce": [
        ("New", "Neu", None, "new"),
        ("Working", "In Arbeit", None, "open"),
        ("Closed", "Geschlossen", "closed", "closed"),
        ("On Hold", "On Hold", None, None),
        ("Waiting on Customer", "Waiting on Customer", None, None),
        ("Closed - to review", "Closed", None, None),
    ],
    "hubspot": [
        ("1", "Neu", None, "new"),
        ("2", "Wartet auf Kontakt", None, "pending"),
        ("4", "Geschlossen", "closed", "closed"),
        ("4", "Noch nicht fertig", "other", None),
        ("1093848301", "On hold", None, None),
        ("1093848302", "Erledigt", "closed", "closed"),
    ],
    "servicenow": [
        ("3", "Angehalten", None, "hold"),
        ("awaiting user info", None, None, "pending"),
        ("case 3", "Geschlossen", None, "closed"),
        ("case 18", "Warten auf Info", None, "pending"),
        ("-5", "Pending", None, None),
    ],
    "freshdesk": [
        ("3", "Rückfrage beim Kunden", None, "pending"),
        ("4", "Gelöst", None, "solved"),
        ("6", "Waiting on Customer", None, None),
        ("7", "Bei Spedition", None, None),
    ],
    "jira": [
        ("3", "In Arbeit", None, "open"),
        ("10010", "Erledigt", "solved", "solved"),
        ("10011", "Resolved", None, None),
        ("10012", "Waiting for customer", None, None),
    ],
    "intercom": [("snoozed", None, None, "pending"), ("closed", None, None, "closed")],
    "front": [
        ("waiting", None, None, "pending"),
        ("resolved", None, None, "solved"),
        ("invisible", None, None, None),
    ],
    "zoho_desk": [
        ("Warten auf Kunde", "Warten auf Kunde", "hold", "hold"),
        ("Eskaliert", "Eskaliert", "open", "open"),
        ("Waiting on Customer", "Waiting on Customer", None, None),
    ],
}
METRICS = {
    "jira": ["Time to first response", "Zeit bis zur Lösung"],
    "salesforce": ["first response", "sla de atendimento"],
}


@pytest.fixture
def read(warehouse: Warehouse):
    """What accounts' values mean: rows given, the map as it is shipped."""

    def made(given: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, str, str]]:
        with warehouse.transaction() as session:
            seed = models()["staging.value_map"]
            fill(session, described(seed.full_name), seed.rows())
            for table, rows in given.items():
                target = described(table)
                session.append(table, arrow_rows(target, [typed(row, target) for row in rows]))
            model = models()["staging.account_value"]
            build(session, described(model.full_name), model.render(session.dialect))
            found = session.fetch(
                "select account, value, meaning, decided_by from staging.account_value order by 1"
            )
            return [tuple(row) for row in found]

    return made


def _given(vendor: str) -> dict[str, list[dict[str, Any]]]:
    """Each status in an account of its own, because accounts decide for themselves."""
    tickets, listed = [], []
    for number, (status, label, category, _) in enumerate(STATUSES[vendor]):
        row = {"account": f"a{number}", "connector": vendor}
        tickets.append({**row, "ticket_id": 1, "status": status, "created_at": AT})
        if label:
            listed.append({**row, "status_id": status, "label": label, "category": category})
    return {"source.ticket": tickets, "source.ticket_status": listed}


@pytest.mark.parametrize("vendor", STATUSES)
def test_the_vendor_decides_and_a_label_does_not(read, vendor: str):
    assert read(_given(vendor)) == [
        (f"a{number}", status, meaning or "other", "vendor" if meaning else "unknown")
        for number, (status, _, _, meaning) in enumerate(STATUSES[vendor])
    ]


@pytest.mark.parametrize("vendor", STATUSES)
def test_the_setting_decides_by_id_or_label(read, vendor: str):
    names = [  # by label and by id in turn
        (status if number % 2 else label or status)
        for number, (status, label, _, _) in enumerate(STATUSES[vendor])
    ]
    mapping = [
        {"account": f"a{number}", "kind": "status", "value": name.lower(), "meaning": "solved"}
        for number, name in enumerate(names)
    ]
    found = read({**_given(vendor), "ops.account_mapping": mapping})
    assert {row[2:] for row in found} == {("solved", "setting")}


@pytest.mark.parametrize("vendor", METRICS)
def test_the_name_of_an_sla_decides_nothing(read, vendor: str):
    event = {"connector": vendor, "ticket_id": 1, "kind": "apply", "happened_at": AT, "instance": 1}
    events = [{**event, "event_id": name, "metric": name} for name in METRICS[vendor]]
    found = read({"source.sla_event": events})
    assert {row[2:] for row in found} == {("other", "unknown")}


def test_what_the_map_says_is_one_of_the_meanings():
    with (SQL / "staging" / "value_map.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in MEANINGS]
    wrong = [row for row in rows if row["unified"] not in (*MEANINGS[row["kind"]], "sample")]
    assert rows
    assert wrong == []
