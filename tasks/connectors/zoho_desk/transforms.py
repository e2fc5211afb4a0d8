"""Zoho Desk: pure functions from one record to rows."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from tasks.connectors.zoho_desk.api import written
from tasks.rest.shapes import always_open, opening
from tasks.rest.spec import Json, Record, RecordContext, Row
from tasks.rest.values import Expression, Item, sql

DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
RECURRING = range(2000, 2051)  # the years for which a recurring list closes its days

VALUE = Item("propertyValue")


def changed_value(key: str) -> Expression:
    """A value of a history entry: bare text, an object with an id, or one of a transition's two."""
    places = (f"$.{key}.id", f"$.{key}", *(("$.id",) if key == "updatedValue" else ()))
    inner = ", ".join(f"{{value}}->>'{place}'" for place in places)
    bare = "{value}" if key == "updatedValue" else "null"
    is_object = "{value} like chr(123) || '%'"  # it begins with a brace
    return sql(f"case when {is_object} then coalesce({inner}) else {bare} end", value=VALUE)


def week(schedule: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each opening time of business hours that are active."""
    if schedule.get("status") == "INACTIVE":
        return
    times = always_open() if schedule.get("type") == "24X7" else spans(schedule)
    for time in times:
        yield {
            "schedule_id": schedule["id"],
            "name": schedule.get("name"),
            "time_zone": (schedule.get("timeZone") or {}).get("id"),
            **time,
        }


def spans(schedule: Record) -> Iterator[Mapping[str, int]]:
    """Opening times of the week; where a day has slots, the breaks between them are closed.

    Raises ValueError for a slot without length, and for business hours that never open.
    """
    opened = False
    for day in schedule.get("businessTimes") or ():
        for slot in day.get("timeSlots") or [day]:
            start, end = slot.get("startTime"), slot.get("endTime")
            if start == end:
                if day.get("timeSlots"):
                    raise ValueError(f"{day['day']}: a slot from {start} to {end}")
                continue  # a closed day is listed from 00:00 to 00:00
            opened = True
            # a time of day ends at 23:59 in this API: the last minute belongs to the day
            yield from opening(DAYS.index(day["day"]), start, "00:00" if end == "23:59" else end)
    if not opened:
        raise ValueError("business hours without an opening time")


def closed_days(holidays: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each holiday of a list, each year that it recurs, and all hours that it closes."""
    if holidays.get("status") == "INACTIVE":
        return
    is_recurring = holidays.get("holidayListType") == "RECURRING"
    years = RECURRING if is_recurring else (int(holidays["year"]),)
    for hours in holidays["associatedBusinessHours"] or ():
        for number, holiday in enumerate(holidays["holidays"]):
            for year in years:
                first, last = _days(holiday, year)
                if first is None:
                    continue
                yield {
                    "schedule_id": hours["businessHourId"],
                    "holiday_id": f"{holidays['id']}-{number}-{year}",
                    "name": holiday.get("holidayName"),
                    "first_on": first.isoformat(),
                    "last_on": last.isoformat(),
                }


def _days(holiday: Mapping[str, Json], year: int) -> tuple[date | None, date]:
    """First and last day of a holiday written as MM-DD; it may end in the next year.

    29 February is no day in most years: such a holiday ends a day earlier, or does not come.
    """
    first, last = _day(year, holiday["from"]), _day(year, holiday["to"])
    ends_later = holiday["to"] < holiday["from"]
    if ends_later:
        last = _day(year + 1, holiday["to"])
    if first is None and holiday["from"] != holiday["to"]:
        first = date(year, 3, 1)
    return first, last or date(year + ends_later, 2, 28)


def _day(year: int, written_as: str) -> date | None:
    """The day of a year; None for 29 February of a year that has none. Raises ValueError."""
    month, day = (int(part) for part in written_as.split("-"))
    if (month, day) == (2, 29):
        last = date(year, 3, 1) - timedelta(days=1)
        return last if last.day == 29 else None
    return date(year, month, day)


def due_times(ticket: Record, context: RecordContext) -> Iterable[Row]:
    """The clock of a ticket's resolution, of which only the due time is reported."""
    due, created, done, changed = (
        written(ticket.get(name))
        for name in ("dueDate", "createdTime", "closedTime", "modifiedTime")
    )
    if due is None:
        return
    events = {"apply": created, "due": due, "fulfill": done}
    if (done or changed or "") > due:
        events["breach"] = due
    for kind, at in events.items():
        if at is not None:
            yield {
                "event_id": f"{ticket['id']}-resolution-{kind}",
                "ticket_id": ticket["id"],
                "metric": "resolution",
                "instance": "1",
                "kind": kind,
                "happened_at": at,
                "version_at": changed,
            }
