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
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        found.setdefault(row["number"], []).append(row)
    return {
        n: sorted(c, key=lambda r: (instant(r["sys_updated_at"]), int(r["sys_mod_count"])))
        for n, c in found.items()
    }


def tables(rows: Iterable[Mapping[str, str]]) -> dict[str, list[dict[str, str]]]:
    """The log as ServiceNow tables: each incident's last state, and the audit of its changes."""
    incidents, audit, people, groups = [], [], set(), set()
    for number, case in cases(rows).items():
        last, before = case[-1], {}
        opened = instant(last["opened_at"])
        incidents.append(
            {
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
        )
        for place, row in enumerate(case):
            at = instant(row["sys_updated_at"])
            for field, name in FIELDS.items():
                value = (
                    STATES.get(row[name], row[name])
                    if field == "state"
                    else (
                        known(row[name]).split(" - ")[0]
                        if field == "priority"
                        else known(row[name])
                    )
                )
                if before.get(field) == value or (not value and field not in before):
                    continue
                audit.append(
                    {
                        "sys_id": f"{number}-{place:03d}-{field}",
                        "tablename": "incident",
                        "documentkey": number,
                        "fieldname": field,
                        "oldvalue": before.get(field, ""),
                        "newvalue": value,
                        "user": known(row["sys_updated_by"]),
                        "sys_created_on": at,
                        "record_checkpoint": str(place),
                    }
                )
                before[field] = value
            people.add(known(row["assigned_to"]))
            groups.add(known(row["assignment_group"]))
    made = "2016-01-01 00:00:00"
    empty = {
        name: []
        for name in (
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
    }
    return {
        **empty,
        "incident": incidents,
        "sys_audit": audit,
        "sys_user": [
            {
                "sys_id": p,
                "user_name": p,
                "name": p,
                "email": "",
                "active": "true",
                "time_zone": "",
                "company": "",
                "sys_created_on": made,
                "sys_updated_on": made,
            }
            for p in sorted(people - {""})
        ],
        "sys_user_group": [
            {"sys_id": g, "name": g, "active": "true", "sys_updated_on": made}
            for g in sorted(groups - {""})
        ],
    }


def truth(rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Expected values from the file: states in order, reopens, reassignments, SLA."""
    found: dict[str, Any] = {}
    for number, case in cases(rows).items():
        states = [r["incident_state"] for r in case]
        history = [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]]
        done = [s in {"Resolved", "Closed"} for s in history]
        found[number] = {
            "history": [STATES.get(s, s) for s in history],
            "reopens": sum(a and not b for a, b in itertools.pairwise(done)),
            "vendor_reopens": int(case[-1]["reopen_count"]),
            "vendor_reassignments": int(case[-1]["reassignment_count"]),
            "made_sla": case[-1]["made_sla"] == "True" or case[-1]["made_sla"] == "true",
        }
    return found


def run(path: Path, folder: Path, url: str) -> dict[str, Any]:
    """The real daily job against the fake over HTTP: warehouse values and rejected rows."""
    import os

    from flows.pipeline.run import run_daily
    from flows.pipeline.runner import ThreadRunner
    from tasks.sandbox.fake import Served
    from tasks.sandbox.vendors.servicenow import ServiceNow
    from tasks.settings import load
    from tasks.warehouse.engine import Warehouse

    rows = read(path)
    told = tables(rows)
    os.environ["SUPPORT_ETL_SECRET_REAL_PASSWORD"] = "servicenow-demo-password"
    with Served(ServiceNow(lambda clock: told)) as served:
        settings = load(
            warehouse={"url": url},
            landing={"url": str(folder / "landing")},
            reports={"folder": str(folder / "reports")},
            business={"time_zone": "America/Sao_Paulo"},
            accounts=(
                {
                    "connector": "servicenow",
                    "name": "real",
                    "base_url": served.url,
                    "user": "etl",
                    "start": "2016-01-01T00:00:00Z",
                    "requests_per_minute": 0,
                },
            ),
        )
        outcome = run_daily(
            settings, ThreadRunner(), as_of=datetime(2017, 3, 1, tzinfo=UTC), with_report=False
        )
    warehouse = Warehouse(url)
    with warehouse.session() as session:
        said: dict[str, Any] = {}
        for ticket, reopens, vendor_reopens, reassignments, made_sla in session.fetch(
            "select ticket_id, reopens_count, vendor_reopens_count, vendor_reassignments_count,"
            " vendor_made_sla from core.fct_ticket",
        ):
            said[ticket] = {
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
            said[ticket]["history"].append(status)
        rejected = session.fetch(
            "select entity, reason, count(*) from ops.quarantine group by 1, 2 order by 3 desc",
        )
        odd = {
            "changed before it was opened": session.fetch(
                "select count(*) from source.ticket_event e join source.ticket t on t.account ="
                " e.account and t.ticket_id = e.ticket_id where e.changed_at < t.created_at",
            )[0][0],
            "solved before it was opened": session.fetch(
                "select count(*) from source.ticket where solved_at < created_at"
            )[0][0],
            "status that is not known": session.fetch(
                "select count(*) from source.ticket_event e join staging.status_category s on"
                " s.account = e.account and s.status_id = e.to_value where e.field = 'status' and"
                " s.category = 'other'",
            )[0][0],
            "solved, but the vendor tells no instant": session.fetch(
                "select count(*) from source.ticket t join staging.status_category s on s.account ="
                " t.account and s.status_id = t.status where s.category in ('solved', 'closed') and"
                " t.solved_at is null",
            )[0][0],
        }
    warehouse.dispose()
    return {
        "outcome": outcome,
        "truth": truth(rows),
        "said": said,
        "aside": [tuple(a) for a in rejected],
        "odd": odd,
        "rows": len(rows),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(sys.argv[1]), Path(folder), f"duckdb:///{folder}/w.duckdb")
    differing = [n for n, t in found["truth"].items() if found["said"].get(n) != t]
    print(
        f"{found['rows']:,} rows, {len(found['truth']):,} incidents in the file,"
        f" {len(found['said']):,} in the warehouse, {len(differing)} differ"
    )
    print(
        "state changes:",
        f"{sum(len(t['history']) for t in found['truth'].values()):,} in the file,"
        f" {sum(len(t['history']) for t in found['said'].values()):,} in the warehouse",
    )
    print(
        "reopens from history:",
        sum(t["reopens"] for t in found["truth"].values()),
        sum(t["reopens"] for t in found["said"].values()),
    )
    print(
        "made SLA:",
        Counter(t["made_sla"] for t in found["truth"].values()),
        Counter(t["made_sla"] for t in found["said"].values()),
    )
    print("set aside:", found["aside"] or "none")
    for what, count in found["odd"].items():
        print(f"flagged: {what}: {count}")
    for number in differing[:5]:
        print(number, found["truth"][number], found["said"].get(number))


if __name__ == "__main__":
    main()
