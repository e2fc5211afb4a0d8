"""Front: pure functions from one record to rows."""

from collections.abc import Iterable, Mapping

from tasks.clock import from_epoch
from tasks.rest.shapes import opening
from tasks.rest.spec import Json, Record, RecordContext, Row

STATUS = {"archive": "archived", "reopen": "open", "restore": "open"}

WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def first(value: Json) -> Mapping[str, Json]:
    """`data` may be missing, an object or a list of them."""
    found = (value or {}).get("data")
    found = found[0] if isinstance(found, list) and found else found
    return found if isinstance(found, Mapping) else {}


def of(value: Json, kind: str) -> bool:
    """Whether the source or target of an event is of a kind."""
    return bool(value) and ((value.get("_meta") or {}).get("type") == kind)


def changes(event: Record, context: RecordContext) -> Iterable[Row]:
    """Status, assignee and inbox that an event changed."""
    kind, source, target = event["type"], event.get("source"), event.get("target")
    place = (
        target
        if of(target, "inboxes")
        else source
        if of(source, "inboxes") and kind == "inbound"
        else None
    )
    row = {
        "ticket_id": event["conversation"]["id"],
        "changed_at": from_epoch(event["emitted_at"]),
        "sequence": int(event["emitted_at"] * 1000),
        "actor_id": first(source).get("id") if of(source, "teammate") else None,
    }
    after = first(target).get("category") if kind == "ticket_status_update" else STATUS.get(kind)
    if after:
        yield {**row, "event_id": event["id"], "field": "status", "to_value": after}
    if kind in {"assign", "unassign"}:
        yield {
            **row,
            "event_id": event["id"],
            "field": "assignee",
            "to_value": first(target).get("id") if kind == "assign" else None,
        }
    if place:
        yield {
            **row,
            "event_id": f"{event['id']}-inbox",
            "field": "team",
            "to_value": first(place).get("id"),
        }


def merges(event: Record, context: RecordContext) -> Iterable[Row]:
    """The conversations that a merge deleted, each linked to the one that is left."""
    if event["type"] == "conversations_merged" and of(
        event.get("target"), "deleted_conversation_ids"
    ):
        for lost in event["target"].get("data") or ():
            yield {
                "ticket_id": lost,
                "kind": "merged_into",
                "linked_id": event["conversation"]["id"],
            }


def members(team: Record, context: RecordContext) -> Iterable[Row]:
    """Every teammate of a team works in every inbox of it."""
    return (
        {"team_id": inbox["id"], "agent_id": member["id"]}
        for inbox in team.get("inboxes") or ()
        for member in team.get("members") or ()
    )


def week(shift: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each opening time of a shift."""
    for number, day in enumerate(WEEK):
        times = (shift.get("times") or {}).get(day)
        for span in opening(number, times["start"], times["end"]) if times else ():
            yield {
                "schedule_id": shift["id"],
                "name": shift.get("name"),
                "time_zone": shift.get("timezone"),
                **span,
            }
