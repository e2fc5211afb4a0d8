"""ServiceNow incidents of a log through the real job: the warehouse agrees with the file.

The small log has the form and the quirks of the public one, which is not part of the project;
`python tests/real_incidents.py FILE` does the same with that one.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import real_incidents


def incident(number: str, opened: str, resolved: str, *events: tuple) -> Iterator[dict]:
    """Rows of one incident; an event is (state, at, assignee, group, reassigned, reopened, SLA)."""
    for count, (state, at, who, group, reassigned, reopened, sla) in enumerate(events):
        yield {
            "number": number,
            "incident_state": state,
            "reassignment_count": reassigned,
            "reopen_count": reopened,
            "sys_mod_count": count,
            "made_sla": sla,
            "caller_id": "Caller 1",
            "opened_by": "Opened by 8",
            "opened_at": opened,
            "sys_updated_by": "Updated by 2",
            "sys_updated_at": at,
            "contact_type": "Phone",
            "category": "Category 55",
            "priority": "3 - Moderate",
            "assignment_group": group,
            "assigned_to": who,
            "resolved_at": resolved,
            "closed_at": resolved,
        }


# one plain incident; one reopened within a minute; one that waits and is never resolved; one
# updated before it was opened
INCIDENTS = [
    *incident(
        "INC1",
        "29/2/2016 01:16",
        "29/2/2016 11:29",
        ("New", "29/2/2016 01:23", "?", "Group 56", 0, 0, "True"),
        ("Resolved", "29/2/2016 08:53", "Resolver 5", "Group 56", 0, 0, "True"),
        ("Closed", "5/3/2016 12:00", "Resolver 5", "Group 56", 0, 0, "True"),
    ),
    *incident(
        "INC2",
        "1/3/2016 09:00",
        "2/3/2016 10:00",
        ("Active", "1/3/2016 09:00", "Resolver 1", "?", 0, 0, "True"),
        ("Resolved", "1/3/2016 10:00", "Resolver 1", "Group 2", 0, 0, "True"),
        ("Active", "1/3/2016 10:00", "Resolver 2", "Group 2", 1, 1, "False"),
        ("Closed", "2/3/2016 10:00", "Resolver 2", "Group 2", 1, 1, "False"),
    ),
    *incident(
        "INC3",
        "1/3/2016 09:00",
        "?",
        ("New", "1/3/2016 09:01", "?", "?", 0, 0, "True"),
        ("-100", "1/3/2016 09:05", "?", "?", 0, 0, "True"),
        ("Awaiting User Info", "1/3/2016 09:09", "Resolver 1", "Group 2", 0, 0, "True"),
    ),
    *incident(
        "INC4",
        "10/3/2016 09:00",
        "?",
        ("New", "9/3/2016 23:59", "?", "?", 0, 0, "True"),
        ("Active", "10/3/2016 09:30", "Resolver 1", "?", 0, 0, "True"),
    ),
]


def small_log(path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(INCIDENTS[0]))
        writer.writeheader()
        writer.writerows(INCIDENTS)
    return path


def test_the_warehouse_agrees_with_the_small_log(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SUPPORT_ETL_SECRET_REAL_PASSWORD", "")
    result = real_incidents.run(
        small_log(tmp_path / "log.csv"), tmp_path, f"duckdb:///{tmp_path / 'w.duckdb'}"
    )
    assert result["outcome"].state == "completed", result["outcome"].message
    assert result["loaded"] == result["truth"]
    assert result["truth"]["INC2"]["history"] == ["2", "6", "2", "7"]
    assert result["truth"]["INC2"]["reopens"] == 1
    assert result["quirks"] == {
        "changed before it was opened": 2,  # its state and its priority
        "solved before it was opened": 0,
        "unknown status": 1,
        "solved without an instant": 0,
    }
    assert result["rejected"] == []
