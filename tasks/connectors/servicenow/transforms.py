"""ServiceNow: pure functions from one record to rows."""

from collections.abc import Iterable
from datetime import date, datetime

from tasks.clock import occurrences
from tasks.rest.spec import Json, Record, RecordContext, Row


def written(instant: datetime) -> str:
    """An instant as the API writes it."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def plain(value: Json) -> Json:
    """The plain value of a reference, which comes as text or as an object with a link.

    With display values every field is such an object.
    """
    return value.get("value") if isinstance(value, dict) else value


def on(written: str) -> date:
    """The day of a date that is written with or without hyphens."""
    return date.fromisoformat(written[:10] if "-" in written else written[:8])


def closed(span: Record, schedules: Iterable[str]) -> Iterable[Row]:
    """Days of a span that closes schedules.

    Once, or every year on its date or on a floating one (the second Monday of May).
    """
    first, until = on(span["start_date_time"]), span.get("repeat_until") or ""
    floats = {
        "month": int(span.get("month") or first.month),
        "weekdays": [int(span.get("float_day") or 1) - 1],
        "nth": int(span["float_week"]) if span.get("float_week") in {"1", "2", "3", "4"} else -1,
    }
    fixed = {"month": first.month, "day": first.day}
    days = (
        occurrences(
            first,
            on(until) if until.strip("0") else None,
            every="year",
            **(floats if span.get("yearly_type") == "float" else fixed),
        )
        if span.get("repeat_type") == "yearly"
        else [first]
    )
    yield from (
        {
            "schedule_id": schedule,
            "holiday_id": span["sys_id"] if len(days) == 1 else f"{span['sys_id']}-{day}",
            "name": span["name"],
            "first_on": str(day),
            "last_on": str(day + (on(span["end_date_time"]) - first)),
            "version_at": span["sys_updated_on"],
        }
        for schedule in schedules
        for day in days
    )


def own_holiday(span: Record, context: RecordContext) -> Iterable[Row]:
    """Days on which an excluded span closes its own schedule."""
    return closed(span, [plain(span["schedule"])]) if span["type"] == "excluded" else ()


def child_holiday(span: Record, context: RecordContext) -> Iterable[Row]:
    """Spans of a child schedule, for every schedule that it is taken out of."""
    return closed(span, [plain(link["schedule"]) for link in context.parent_document["result"]])
