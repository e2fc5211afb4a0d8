"""Freshdesk: pure functions from one record to rows."""

from collections.abc import Iterable

from tasks.rest.spec import Record, RecordContext, Row

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def week(schedule: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each opening time of a schedule."""
    for number, day in enumerate(DAYS):
        hours = (schedule.get("business_hours") or {}).get(day)
        if hours:
            yield {
                "schedule_id": schedule["id"],
                "name": schedule.get("name"),
                "time_zone": schedule.get("time_zone"),
                "is_default": schedule.get("is_default"),
                "starts_minute": number * 1440 + minutes(hours["start_time"]),
                "ends_minute": number * 1440 + minutes(hours["end_time"]),
                "version_at": schedule.get("updated_at"),
            }


def minutes(text: str) -> int:
    """Minutes from midnight of "08:00:00 am"; "12:00:00 am" at the end of a day is midnight."""
    clock_time, half = text.split(" ")
    hour, minute = (int(part) for part in clock_time.split(":")[:2])
    return (hour % 12 + (12 if half == "pm" else 0)) * 60 + minute


def targets(policy: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each priority and metric of an SLA policy."""
    for name, target in (policy.get("sla_target") or {}).items():
        for metric, key in (("first_response", "respond_within"), ("resolution", "resolve_within")):
            if target.get(key) is not None:
                yield {
                    "policy_id": policy["id"],
                    "metric": metric,
                    "priority": name.removeprefix("priority_"),
                    "name": policy.get("name"),
                    "target_minutes": target[key] / 60,
                    "is_business": target.get("business_hours"),
                    "version_at": policy.get("updated_at"),
                }


def statuses(field: Record, context: RecordContext) -> Iterable[Row]:
    """The labels of the status field's codes."""
    if field.get("name") == "status":
        for code, labels in (field.get("choices") or {}).items():
            yield {"status_id": code, "label": labels[0]}
