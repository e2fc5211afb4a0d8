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


def closed_days(exception: Record, context: RecordContext) -> Iterable[Row]:
    """The days on which an exception closes the schedule, each year if it recurs."""
    first = date.fromisoformat(exception["exception_date"])
    days = (
        occurrences(first, None, every="year") if exception.get("recurring_annually") else [first]
    )
    for day in days if exception["exception_type"] == "closed" else ():
        yield {
            "schedule_id": exception["office_hours_schedule_id"],
            "holiday_id": f"{exception['id']}-{day}" if len(days) > 1 else exception["id"],
            "name": exception.get("name"),
            "first_on": str(day),
            "last_on": str(day),
        }
