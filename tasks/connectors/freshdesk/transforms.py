"""Freshdesk: pure functions from one record to rows."""

import re
from collections.abc import Iterable, Mapping

from tasks.rest.spec import Record, RecordContext, Row

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
ALL_DAY = {"start_time": "12:00 am", "end_time": "12:00 am"}
CLOCK_TIME = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(:(?P<second>\d\d))? ?(?P<half>[ap]m)")
CATEGORIES = {"2": "open", "3": "pending", "4": "solved", "5": "closed"}  # whatever their labels


def week(schedule: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each opening time of a schedule; a schedule without days is always open."""
    for low, high in spans(schedule["business_hours"] or dict.fromkeys(DAYS, ALL_DAY)):
        yield {
            "schedule_id": schedule["id"],
            "name": schedule.get("name"),
            "time_zone": schedule.get("time_zone"),
            "is_default": schedule.get("is_default"),
            "starts_minute": low,
            "ends_minute": high,
            "version_at": schedule.get("updated_at"),
        }


def spans(days: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[int, int]]:
    """Opening times in minutes of the week; those that pass midnight are cut there."""
    for number, day in enumerate(DAYS):
        if hours := days.get(day):
            midnight = number * 1440
            low, high = minutes(hours["start_time"]), minutes(hours["end_time"]) or 1440
            if low < high:
                yield midnight + low, midnight + high
            else:
                yield midnight + low, midnight + 1440
                yield (midnight + 1440) % 10080, (midnight + 1440) % 10080 + high


def minutes(text: str) -> int:
    """Minutes from midnight of a time such as "08:00:00 am" or "8:00 PM".

    "11:59:59 pm" is the end of the day, and so is "12:00 am" where a day ends.
    """
    at = CLOCK_TIME.fullmatch(text.strip().lower())
    if at is None or int(at["hour"]) > 12:
        raise ValueError(f"{text!r} is no time of day")
    half = 12 * 60 if at["half"] == "pm" else 0
    whole = int(at["hour"]) % 12 * 60 + int(at["minute"]) + half
    return 1440 if (whole, at["second"]) == (1439, "59") else whole


TARGETS = {
    "first_response": "respond_within",
    "next_response": "next_respond_within",
    "resolution": "resolve_within",
}
"""Keys of a policy's targets, in seconds, by metric."""


def targets(policy: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each priority and metric of an SLA policy that is in force."""
    if policy.get("active") is False:
        return
    for name, target in (policy.get("sla_target") or {}).items():
        for metric, key in TARGETS.items():
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
    """The labels of the status field's codes.

    Files of activities name a status by its label, so a label has the category of its code. Own
    statuses have none here.
    """
    if field.get("name") == "status":
        for code, labels in (field.get("choices") or {}).items():
            for name in (code, labels[0]):
                yield {"status_id": name, "label": labels[0], "category": CATEGORIES.get(code)}
