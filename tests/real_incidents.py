"""Load the public audit log of 24,918 ServiceNow incidents into the ServiceNow fake.

Also computes the expected values from the file.

The log: UCI Machine Learning Repository, "Incident management process enriched event log", C. A. L.
Amaral, M. Fantinato, S. M. Peres (CC BY 4.0). One row per change; unknown is "?"; times have
minutes and no zone.

python tests/real_incidents.py servicenow_incident_events.csv.gz

runs the real daily flow over HTTP and prints its figures next to those of the file.
"""

import csv
import gzip
import io
import itertools
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.pipeline.run import run_daily
from flows.pipeline.runner import ThreadRunner
from tasks.sandbox.fake import Served
from tasks.sandbox.vendors.servicenow import ServiceNow
from tasks.settings import load
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session

STATES = {
    "New": "1",
    "Active": "2",
    "Awaiting User Info": "awaiting user info",
    "Awaiting Vendor": "awaiting vendor",
    "Awaiting Problem": "awaiting problem",
    "Awaiting Evidence": "awaiting evidence",
    "Resolved": "6",
    "Closed": "7",
}
FIELDS = {
    "state": "incident_state",
    "assigned_to": "assigned_to",
    "assignment_group": "assignment_group",
    "priority": "priority",
}


def read(path: Path) -> list[dict[str, str]]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    return list(csv.DictReader(io.StringIO(text)))


def instant(text: str) -> str:
    """An instant of the log, day first, taken as UTC; "" for unknown.

    Any other text stays as it is, for the rules to find.
    """
    if text in {"?", ""}:
        return ""
    try:
        at = datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return text
    return at.strftime("%Y-%m-%d %H:%M:%S")


def known(text: str) -> str:
    return "" if text == "?" else text


def cases(rows: Iterable[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """Rows by incident, in the order of the file's own counter: minutes tie."""
    by_number: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        by_number.setdefault(row["number"], []).append(row)
    return {
        n: sorted(c, key=lambda r: (instant(r["sys_updated_at"]), int(r["sys_mod_count"])))
        for n, c in by_number.items()
    }


Record = dict[str, str]
EMPTY_TABLES = (
    "sn_customerservice_case",
    "metric_instance",
    "sys_journal_field",
    "task_sla",
    "contract_sla",
    "sys_user_grmember",
    "customer_account",
    "cmn_schedule_span",
    "asmt_assessment_instance",
    "asmt_metric_result",
    "task_time_worked",
    "sys_choice",
    "sys_audit_delete",
)
LONG_AGO = "2016-01-01 00:00:00"


def tables(rows: Iterable[Mapping[str, str]]) -> dict[str, list[Record]]:
    """The log as ServiceNow tables: each incident's last state, and the audit of its changes."""
    by_number = cases(rows)
    changes = [row for case in by_number.values() for row in case]
    people = {known(row["assigned_to"]) for row in changes} - {""}
    groups = {known(row["assignment_group"]) for row in changes} - {""}
    return {
        **{name: [] for name in EMPTY_TABLES},
        "incident": [_incident(number, case) for number, case in by_number.items()],
        "sys_audit": [
            change for number, case in by_number.items() for change in _audit(number, case)
        ],
        "sys_user": [_user(person) for person in sorted(people)],
        "sys_user_group": [
            {"sys_id": g, "name": g, "active": "true", "sys_updated_on": LONG_AGO}
            for g in sorted(groups)
        ],
    }


def _incident(number: str, case: list[Mapping[str, str]]) -> Record:
    last = case[-1]
    opened = instant(last["opened_at"])
    return {
        "sys_id": number,
        "number": number,
        "short_description": "",
        "state": STATES.get(last["incident_state"], last["incident_state"]),
        "priority": last["priority"].split(" ")[0],
        "category": known(last["category"]),
        "contact_type": known(last["contact_type"]).lower(),
        "caller_id": known(last["caller_id"]),
        "company": "",
        "opened_by": known(last["opened_by"]),
        "assigned_to": known(last["assigned_to"]),
        "assignment_group": known(last["assignment_group"]),
        "opened_at": opened,
        "resolved_at": instant(last["resolved_at"]),
        "closed_at": instant(last["closed_at"]),
        "reopen_count": last["reopen_count"],
        "reassignment_count": last["reassignment_count"],
        "made_sla": last["made_sla"].lower(),
        "sys_created_on": opened,
        "sys_updated_on": max(instant(r["sys_updated_at"]) for r in case),
    }


def _audit(number: str, case: list[Mapping[str, str]]) -> Iterator[Record]:
    before: Record = {}
    for place, row in enumerate(case):
        for field, name in FIELDS.items():
            value = _audited(field, row[name])
            if before.get(field) == value or (not value and field not in before):
                continue
            yield {
                "sys_id": f"{number}-{place:03d}-{field}",
                "tablename": "incident",
                "documentkey": number,
                "fieldname": field,
                "oldvalue": before.get(field, ""),
                "newvalue": value,
                "user": known(row["sys_updated_by"]),
                "sys_created_on": instant(row["sys_updated_at"]),
                "record_checkpoint": str(place),
            }
            before[field] = value


def _audited(field: str, value: str) -> str:
    if field == "state":
        return STATES.get(value, value)
    return known(value).split(" - ")[0] if field == "priority" else known(value)


def _user(name: str) -> Record:
    return {
        "sys_id": name,
        "user_name": name,
        "name": name,
        "email": "",
        "active": "true",
        "time_zone": "",
        "company": "",
        "sys_created_on": LONG_AGO,
        "sys_updated_on": LONG_AGO,
    }


def truth(rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Expected values from the file: states in order, reopens, reassignments, SLA."""
    by_number: dict[str, Any] = {}
    for number, case in cases(rows).items():
        states = [r["incident_state"] for r in case]
        history = [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]]
        done = [s in {"Resolved", "Closed"} for s in history]
        by_number[number] = {
            "history": [STATES.get(s, s) for s in history],
            "reopens": sum(a and not b for a, b in itertools.pairwise(done)),
            "vendor_reopens": int(case[-1]["reopen_count"]),
            "vendor_reassignments": int(case[-1]["reassignment_count"]),
            "made_sla": case[-1]["made_sla"] == "True" or case[-1]["made_sla"] == "true",
        }
    return by_number


QUIRKS = {
    "changed before it was opened": (
        "select count(*) from source.ticket_event e join source.ticket t on t.account = e.account"
        " and t.ticket_id = e.ticket_id where e.changed_at < t.created_at"
    ),
    "solved before it was opened": (
        "select count(*) from source.ticket where solved_at < created_at"
    ),
    "unknown status": (
        "select count(*) from source.ticket_event e join staging.status_category s on s.account ="
        " e.account and s.status_id = e.to_value where e.field = 'status' and s.category = 'other'"
    ),
    "solved without an instant": (
        "select count(*) from source.ticket t join staging.status_category s on s.account ="
        " t.account and s.status_id = t.status where s.category in ('solved', 'closed') and"
        " t.solved_at is null"
    ),
}


def run(path: Path, folder: Path, url: str) -> dict[str, Any]:
    """The real daily job against the fake over HTTP: warehouse values and rejected rows."""
    rows = read(path)
    records = tables(rows)
    os.environ["SUPPORT_ETL_SECRET_REAL_PASSWORD"] = "servicenow-demo-password"
    with Served(ServiceNow(lambda clock: records)) as served:
        account = {
            "connector": "servicenow",
            "name": "real",
            "base_url": served.url,
            "user": "etl",
            "start": "2016-01-01T00:00:00Z",
            "requests_per_minute": 0,
        }
        settings = load(
            warehouse={"url": url},
            landing={"url": str(folder / "landing")},
            reports={"folder": str(folder / "reports")},
            business={"time_zone": "America/Sao_Paulo"},
            accounts=(account,),
        )
        as_of = datetime(2017, 3, 1, tzinfo=UTC)
        outcome = run_daily(settings, ThreadRunner(), as_of=as_of, with_report=False)
    warehouse = Warehouse(url)
    with warehouse.session() as session:
        rejected = session.fetch(
            "select entity, reason, count(*) from ops.quarantine group by 1, 2 order by 3 desc",
        )
        loaded = _loaded(session)
        quirks = {name: session.fetch(statement)[0][0] for name, statement in QUIRKS.items()}
    warehouse.dispose()
    return {
        "outcome": outcome,
        "truth": truth(rows),
        "loaded": loaded,
        "rejected": [tuple(row) for row in rejected],
        "quirks": quirks,
        "rows": len(rows),
    }


def _loaded(session: Session) -> dict[str, Any]:
    """The warehouse's values of each incident, in the form of `truth`."""
    by_ticket: dict[str, Any] = {}
    for ticket, reopens, vendor_reopens, reassignments, made_sla in session.fetch(
        "select ticket_id, reopens_count, vendor_reopens_count, vendor_reassignments_count,"
        " vendor_made_sla from core.fct_ticket",
    ):
        by_ticket[ticket] = {
            "history": [],
            "reopens": reopens,
            "vendor_reopens": vendor_reopens,
            "vendor_reassignments": reassignments,
            "made_sla": made_sla,
        }
    for ticket, status in session.fetch(
        "select ticket_id, to_value from source.ticket_event where field = 'status' order by"
        " ticket_id, changed_at, sequence",
    ):
        by_ticket[ticket]["history"].append(status)
    return by_ticket


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(sys.argv[1]), Path(folder), f"duckdb:///{folder}/w.duckdb")
    expected, loaded = result["truth"], result["loaded"]
    differing = [n for n, incident in expected.items() if loaded.get(n) != incident]
    print(
        f"{result['rows']:,} rows, {len(expected):,} incidents in the file,"
        f" {len(loaded):,} in the warehouse, {len(differing)} differ"
    )
    changes, loaded_changes = (
        sum(len(incident["history"]) for incident in side.values()) for side in (expected, loaded)
    )
    print(f"state changes: {changes:,} in the file, {loaded_changes:,} in the warehouse")
    print("reopens from history:", *(sum(_of(side, "reopens")) for side in (expected, loaded)))
    print("made SLA:", *(Counter(_of(side, "made_sla")) for side in (expected, loaded)))
    print("rejected:", result["rejected"] or "none")
    for name, count in result["quirks"].items():
        print(f"flagged: {name}: {count}")
    for number in differing[:5]:
        print(number, expected[number], loaded.get(number))


def _of(side: dict[str, Any], name: str) -> list[Any]:
    return [incident[name] for incident in side.values()]


if __name__ == "__main__":
    main()
