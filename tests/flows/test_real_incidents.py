"""Real ServiceNow incidents through the real job: the warehouse agrees with the file.

The public log is not part of the project. If the file is there, all of it is read; if not, a small
log of the same form with the same quirks.
"""

import csv
import os
from pathlib import Path

import real_incidents

LOG = Path(
    os.environ.get(
        "SUPPORT_ETL_INCIDENTS",
        Path(__file__).resolve().parents[3]
        / "shared"
        / "data"
        / "servicenow_incident_events.csv.gz",
    )
)
COLUMNS = (
    "number",
    "incident_state",
    "reassignment_count",
    "reopen_count",
    "sys_mod_count",
    "made_sla",
    "caller_id",
    "opened_by",
    "opened_at",
    "sys_updated_by",
    "sys_updated_at",
    "contact_type",
    "category",
    "priority",
    "assignment_group",
    "assigned_to",
    "resolved_at",
    "closed_at",
)


def small_log(path: Path) -> Path:
    """Four incidents: one plain, three with a quirk.

    One is reopened within a minute, one waits and is never resolved, one was updated before it was
    opened.
    """

    def rows(number, opened, resolved, *events):
        for count, (state, at, who, group, reassigned, reopened, sla) in enumerate(events):
            yield dict(
                zip(
                    COLUMNS,
                    (
                        number,
                        state,
                        reassigned,
                        reopened,
                        count,
                        sla,
                        "Caller 1",
                        "Opened by 8",
                        opened,
                        "Updated by 2",
                        at,
                        "Phone",
                        "Category 55",
                        "3 - Moderate",
                        group,
                        who,
                        resolved,
                        resolved,
                    ),
                    strict=True,
                )
            )

    made = [
        *rows(
            "INC1",
            "29/2/2016 01:16",
            "29/2/2016 11:29",
            ("New", "29/2/2016 01:23", "?", "Group 56", 0, 0, "True"),
            ("Resolved", "29/2/2016 08:53", "Resolver 5", "Group 56", 0, 0, "True"),
            ("Closed", "5/3/2016 12:00", "Resolver 5", "Group 56", 0, 0, "True"),
        ),
        *rows(
            "INC2",
            "1/3/2016 09:00",
            "2/3/2016 10:00",
            ("Active", "1/3/2016 09:00", "Resolver 1", "?", 0, 0, "True"),
            ("Resolved", "1/3/2016 10:00", "Resolver 1", "Group 2", 0, 0, "True"),
            ("Active", "1/3/2016 10:00", "Resolver 2", "Group 2", 1, 1, "False"),
            ("Closed", "2/3/2016 10:00", "Resolver 2", "Group 2", 1, 1, "False"),
        ),
        *rows(
            "INC3",
            "1/3/2016 09:00",
            "?",
            ("New", "1/3/2016 09:01", "?", "?", 0, 0, "True"),
            ("-100", "1/3/2016 09:05", "?", "?", 0, 0, "True"),
            ("Awaiting User Info", "1/3/2016 09:09", "Resolver 1", "Group 2", 0, 0, "True"),
        ),
        *rows(
            "INC4",
            "10/3/2016 09:00",
            "?",
            ("New", "9/3/2016 23:59", "?", "?", 0, 0, "True"),
            ("Active", "10/3/2016 09:30", "Resolver 1", "?", 0, 0, "True"),
        ),
    ]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(made)
    return path


def test_the_warehouse_says_what_the_small_log_says(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_REAL_PASSWORD", "")
    found = real_incidents.run(
        small_log(tmp_path / "log.csv"), tmp_path, f"duckdb:///{tmp_path / 'w.duckdb'}"
    )
    assert found["outcome"].state == "completed", found["outcome"].message
    assert found["said"] == found["truth"]
    assert found["truth"]["INC2"]["history"] == ["2", "6", "2", "7"]
    assert found["truth"]["INC2"]["reopens"] == 1
    assert found["odd"] == {
        "changed before it was opened": 2,  # its state and its priority
        "solved before it was opened": 0,
        "status that is not known": 1,
        "solved, but the vendor tells no instant": 0,
    }
    assert found["aside"] == []


def test_the_warehouse_says_what_the_log_says(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_REAL_PASSWORD", "")
    log = LOG if LOG.is_file() else small_log(tmp_path / "log.csv")
    found = real_incidents.run(log, tmp_path, f"duckdb:///{tmp_path / 'w.duckdb'}")
    assert found["outcome"].state == "completed", found["outcome"].message
    assert len(found["said"]) == len(found["truth"])
    assert [n for n, t in found["truth"].items() if found["said"][n] != t] == []
