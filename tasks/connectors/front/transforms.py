"""Front: pure functions from one record to rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tasks.clock import from_epoch
from tasks.connectors.front.api import owner_of
from tasks.rest.scores import readable
from tasks.rest.shapes import opening
from tasks.rest.spec import Json, Record, RecordContext, Row

STATUS = {"archive": "archived", "reopen": "open", "restore": "open", "reminder": "open"}
WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
COMPANY = "company"  # the schedule of shifts that no workspace owns
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}
OPENS_WITHIN = 60.0  # seconds from the creation of a conversation to its first message


def first(value: Json) -> Mapping[str, Json]:
    """`data` may be missing, an object or a list of them."""
    found = (value or {}).get("data")
    if isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, Mapping) else {}


def of(value: Json, kind: str) -> bool:
    """Whether the source or target of an event is of a kind."""
    return bool(value) and ((value.get("_meta") or {}).get("type") == kind)


def changes(event: Record, context: RecordContext) -> Iterable[Row]:
    """Status, assignee, inbox and business hours that an event changed."""
    source = event.get("source")
    row = {
        "ticket_id": event["conversation"]["id"],
        "changed_at": from_epoch(event["emitted_at"]),
        "sequence": int(event["emitted_at"] * 1000),
        "actor_id": first(source).get("id") if of(source, "teammate") else None,
    }
    for field, value in changed(event):
        suffix = {"team": "-inbox", "schedule": "-hours"}.get(field, "")
        yield {**row, "event_id": f"{event['id']}{suffix}", "field": field, "to_value": value}


def changed(event: Record) -> Iterator[tuple[str, Json]]:
    """Fields and their new values. Raises ValueError for a change of status that names none."""
    kind, target = event["type"], event.get("target")
    if kind == "ticket_status_update":
        category = first(target).get("category")
        if not category:
            raise ValueError("a change of the ticket status without its category")
        yield "status", category
    elif kind in STATUS:
        yield "status", STATUS[kind]
    elif kind in {"assign", "unassign"}:
        yield "assignee", first(target).get("id") if kind == "assign" else None
    place = inbox_of(event)
    if place:
        yield "team", place.get("id")
        if "_links" in place:  # else the inbox is a mere reference
            yield "schedule", owner_of(place) or COMPANY


def inbox_of(event: Record) -> Mapping[str, Json]:
    """The inbox into which an event moved a conversation, or in which it opened it.

    Later messages name an inbox too, that of their channel, from which the conversation may have
    been moved.
    """
    source, target = event.get("source"), event.get("target")
    if of(target, "inboxes"):
        return first(target)
    created = event["conversation"].get("created_at")
    is_opening = created is None or event["emitted_at"] - created <= OPENS_WITHIN
    is_message = event["type"] in {"inbound", "outbound"}
    return first(source) if is_message and is_opening and of(source, "inboxes") else {}


def merges(event: Record, context: RecordContext) -> Iterable[Row]:
    """The conversations that a merge deleted, each linked to the one that is left."""
    target = event.get("target") or {}
    if event["type"] != "conversations_merged" or not of(target, "deleted_conversation_ids"):
        return
    for lost in target.get("data") or ():
        yield {
            "ticket_id": lost,
            "kind": "merged_into",
            "linked_id": event["conversation"]["id"],
        }


def members(team: Record, context: RecordContext) -> Iterable[Row]:
    """Every teammate of a workspace works in every inbox of it."""
    for inbox in team.get("inboxes") or ():
        for member in team.get("members") or ():
            yield {"team_id": inbox["id"], "agent_id": member["id"]}


def weeks(answer: Record, context: RecordContext) -> Iterable[Row]:
    """The times at which any shift of a workspace is on, as the schedule of its conversations."""
    by_owner: dict[str, list[Record]] = defaultdict(list)
    for shift in answer["_results"]:
        by_owner[owner_of(shift) or COMPANY].append(shift)
    for owner, shifts in by_owner.items():
        zones = sorted({str(shift.get("timezone")) for shift in shifts})
        row = {
            "schedule_id": owner,
            "name": ", ".join(str(shift.get("name")) for shift in shifts),
            "time_zone": zones[0],
            "is_default": owner == COMPANY,
        }
        if len(zones) > 1:  # a text is no minute: the row is set aside with it as the reason
            zones_said = f"shifts of {owner} in several time zones: {', '.join(zones)}"
            yield {**row, "starts_minute": zones_said, "ends_minute": 0}
            continue
        for start, end in united(shifts):
            yield {**row, "starts_minute": start, "ends_minute": end}


def united(shifts: Sequence[Record]) -> list[tuple[int, int]]:
    """Minutes of the week at which at least one of the shifts is on, in order."""
    spans = sorted(
        (span["starts_minute"], span["ends_minute"])
        for shift in shifts
        for number, day in enumerate(WEEK)
        if (times := (shift.get("times") or {}).get(day))
        for span in opening(number, times["start"], times["end"])
    )
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def teammate(written: Json) -> str | None:
    """A teammate's id; None for a name or an address, which would stand for nobody."""
    return written if isinstance(written, str) and written.startswith("tea_") else None


def handled(activity: Record, context: RecordContext) -> Iterable[Row]:
    """Work time of an agent; its unit, which the vendor does not name, is a setting."""
    written = activity.get("Handle time")
    if not written:
        return
    unit = context.settings.get("handle_time_unit")
    number = readable(written)
    seconds: float | str = "the account does not set handle_time_unit"
    if unit in UNITS:
        seconds = number if isinstance(number, str) else number * UNITS[unit]
    yield {
        "entry_id": activity["Activity ID"],
        "ticket_id": activity.get("Conversation API ID"),
        "agent_id": teammate(activity.get("Author")) or teammate(activity.get("Assignee")),
        "entered_at": activity.get("Message date"),
        "seconds": seconds,
    }
