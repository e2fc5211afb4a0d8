"""Zoho Desk: pure functions from one record to rows."""

from collections.abc import Iterable

from tasks.rest.shapes import hours
from tasks.rest.spec import Record, RecordContext, Row
from tasks.rest.values import Expression, Item, sql

DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")

VALUE = Item("propertyValue")


def changed_value(key: str) -> Expression:
    """A value of a history entry: bare text, an object with an id, or one of a transition's two."""
    places = (f"$.{key}.id", f"$.{key}", *(("$.id",) if key == "updatedValue" else ()))
    inner = ", ".join(f"{{value}}->>'{place}'" for place in places)
    bare = "{value}" if key == "updatedValue" else "null"
    is_object = "{value} like chr(123) || '%'"  # it begins with a brace
    return sql(f"case when {is_object} then coalesce({inner}) else {bare} end", value=VALUE)


def week(schedule: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each opening time."""
    for time in schedule.get("businessTimes") or ():
        yield {
            "schedule_id": schedule["id"],
            "name": schedule.get("name"),
            "time_zone": (schedule.get("timeZone") or {}).get("id"),
            **hours(DAYS.index(time["day"]), time["startTime"], time["endTime"]),
        }


def targets(sla: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each priority and metric of an SLA."""
    for target in sla.get("targets") or ():
        for metric, key in (("first_response", "firstResponse"), ("resolution", "resolution")):
            if target.get(key):
                yield {
                    "policy_id": sla["id"],
                    "metric": metric,
                    "priority": target.get("priority") or "any",
                    "name": sla.get("name"),
                    "target_minutes": target[key],
                }
