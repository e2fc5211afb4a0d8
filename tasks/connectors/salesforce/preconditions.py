"""Salesforce Service Cloud: what must hold before the numbers of an account are right."""

from collections.abc import Mapping

from tasks.connectors.salesforce.api import API
from tasks.rest.spec import Complaints, Json, Precondition, Request, Values

TRACKED = (
    "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Case'"
    " AND IsFieldHistoryTracked = true"
)
WANTED = {"Status": "times of statuses, solves and reopens", "OwnerId": "assignees and teams"}


def history_is_tracked(answer: Json, settings: Values, /) -> Complaints:
    """Field history tracking of cases has what durations are made of."""
    records = answer.get("records") or ()
    tracked = {str(record["QualifiedApiName"]) for record in records}
    for field, use in WANTED.items():
        if field not in tracked:
            yield (
                f"the history of {field} is not tracked, so {use} are missing: turn on field"
                " history tracking of cases for it"
            )


def holidays_are_clear(answer: Json, settings: Values, /) -> Complaints:
    """Of several business hours, the settings say which ones a holiday closes."""
    records = answer.get("records") or ()
    hours = [str(record["Name"]) for record in records]
    if len(hours) > 1 and settings.get("holiday_schedules") is None:
        yield (
            f"there are {len(hours)} business hours ({', '.join(hours)}), and the API does not say"
            " which of them a holiday closes: set holiday_schedules, or holiday_schedules = {} if"
            " each closes all"
        )
    given: Mapping[str, Json] = settings.get("holiday_schedules") or {}
    known = {*hours, *(str(record["Id"]) for record in records)}
    named = {str(name) for names in given.values() for name in names}
    unknown = sorted(named - known)
    if unknown:
        yield f"holiday_schedules names {', '.join(unknown)}: no such business hours"


def query(soql: str) -> Request:
    """One page of a query."""
    return Request(f"{API}/query", {"q": soql})


PRECONDITIONS = (
    Precondition("field history", query(TRACKED), history_is_tracked, needed_by="case_history"),
    Precondition(
        "holidays",
        query("SELECT Id, Name FROM BusinessHours WHERE IsActive = true"),
        holidays_are_clear,
        needed_by="holidays",
    ),
)
