"""Intercom: pure functions from one record to rows."""

from collections.abc import Iterable
from datetime import date

from tasks.clock import from_epoch, occurrences
from tasks.rest.spec import Record, RecordContext, Row


def contact(record: Record, context: RecordContext) -> Iterable[Row]:
    """A customer with the first of its companies."""
    companies = (record.get("companies") or {}).get("data") or [{}]
    yield {
        "customer_id": record["id"],
        "organization_id": companies[0].get("id"),
        "name": record.get("name"),
        "email": record.get("email"),
        "created_at": from_epoch(record.get("created_at")),
        "version_at": from_epoch(record.get("updated_at")),
    }


def team(record: Record, context: RecordContext) -> Iterable[Row]:
    """A team, with the schedule that the settings give it by its name or id."""
    schedules = context.settings.get("team_schedules") or {}
    yield {
        "team_id": record["id"],
        "name": record.get("name"),
        "is_active": True,
        "schedule_id": schedules.get(record.get("name")) or schedules.get(str(record["id"])),
    }


def refuse_missing_parts(conversation: Record, context: RecordContext) -> Iterable[Row]:
    """No row; a conversation with more parts than it brought is named in the quarantine."""
    parts = conversation.get("conversation_parts") or {}
    total, came = parts.get("total_count") or 0, len(parts.get("conversation_parts") or ())
    if came < total:
        raise ValueError(f"{total} parts, of which the newest {came} came")
    return ()


def always_open(schedule: Record, context: RecordContext) -> Iterable[Row]:
    """The seven days of a schedule that never closes; it has no intervals."""
    for day in range(7) if schedule.get("twenty_four_seven") else ():
        yield {
            "schedule_id": schedule["id"],
            "name": schedule.get("name"),
            "time_zone": schedule.get("time_zone_name"),
            "starts_minute": day * 1440,
            "ends_minute": (day + 1) * 1440,
            "version_at": from_epoch(schedule.get("updated_at")),
        }


def exceptions(exception: Record, context: RecordContext) -> Iterable[Row]:
    """Days on which the schedule is closed or has other hours, each year if the exception recurs.

    Raises ValueError for an exception of another type, and for other hours without any.
    """
    first = date.fromisoformat(exception["exception_date"])
    days = (
        occurrences(first, None, every="year") if exception.get("recurring_annually") else [first]
    )
    hours = exception.get("time_intervals") or []
    kind = exception["exception_type"]
    if kind not in {"closed", "custom_hours"} or (kind == "custom_hours" and not hours):
        raise ValueError(f"an exception of type {kind} with {len(hours)} intervals is not known")
    parts = [{}] if kind == "closed" else [open_part(interval) for interval in hours]
    for day in days:
        of_day = f"{exception['id']}-{day}" if len(days) > 1 else str(exception["id"])
        for place, part in enumerate(parts):
            yield {
                "schedule_id": exception["office_hours_schedule_id"],
                "holiday_id": f"{of_day}/{place}" if len(parts) > 1 else of_day,
                "name": exception.get("name"),
                "first_on": str(day),
                "last_on": str(day),
                **part,
            }


def open_part(interval: Record) -> Row:
    """Minutes from midnight in which the day of an exception is open."""
    low, high = interval["start_minute"], interval["end_minute"]
    return {"from_minute": low, "to_minute": high, "is_open": True}
