"""Jira Service Management: pure functions from one record to rows."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from tasks.rest.spec import Json, Record, RecordContext, Row

HISTORY = {"status": "status", "assignee": "assignee", "priority": "priority"}


def instant(value: Json) -> Json:
    """Epoch milliseconds or text; the SLA's objects hold both."""
    if isinstance(value, Mapping):
        value = value.get("epochMillis")
    return (
        datetime.fromtimestamp(value / 1000, UTC).isoformat() if isinstance(value, int) else value
    )


def value(item: Mapping[str, Json], which: str) -> Json:
    """Priorities by name, as issues tell them; statuses and people by id."""
    return item.get(f"{which}String" if item.get("fieldId") == "priority" else which)


def changes(log: Record, context: RecordContext) -> Iterable[Row]:
    """Changes of status, assignee and priority from a changelog."""
    for history in log.get("changeHistories") or ():
        for place, item in enumerate(history.get("items") or ()):
            if item.get("fieldId") in HISTORY:
                yield {
                    "event_id": f"{history['id']}-{place}",
                    "ticket_id": log["issueId"],
                    "field": HISTORY[item["fieldId"]],
                    "from_value": value(item, "from"),
                    "to_value": value(item, "to"),
                    "changed_at": instant(history.get("created")),
                    "actor_id": (history.get("author") or {}).get("accountId"),
                    "sequence": history["id"],
                }


def cycles(
    issue: Mapping[str, Json],
) -> Iterator[tuple[Mapping[str, Json], int, Mapping[str, Json]]]:
    """Every cycle of every SLA field, with the field and the cycle's number."""
    for field in (issue.get("fields") or {}).values():
        if isinstance(field, Mapping) and "completedCycles" in field:
            listed = [
                *(field.get("completedCycles") or ()),
                *([field["ongoingCycle"]] if field.get("ongoingCycle") else ()),
            ]
            yield from ((field, number, cycle) for number, cycle in enumerate(listed, 1))


def sla(issue: Record, context: RecordContext) -> Iterable[Row]:
    """Every cycle of every SLA: applied, due, ended, breached."""
    for field, number, cycle in cycles(issue):
        breached = cycle.get("breachTime") if cycle.get("breached") else None
        for kind, at in (
            ("apply", cycle.get("startTime")),
            ("due", cycle.get("breachTime")),
            ("fulfill", cycle.get("stopTime")),
            ("breach", breached),
        ):
            if at:
                yield {
                    "event_id": f"{issue['id']}-{field['id']}-{number}-{kind}",
                    "ticket_id": issue["id"],
                    "policy_id": field["id"],
                    "instance": number,
                    "kind": kind,
                    "metric": field.get("name"),
                    "happened_at": instant(at),
                    "target_minutes": (cycle.get("goalDuration") or {}).get("millis", 0) / 60_000,
                    "version_at": issue["fields"].get("updated"),
                }


def ratings(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The field with a rating.

    The setting `feedback_date_field` names the field with the instant of the rating.
    """
    fields = issue.get("fields") or {}
    rated = next(
        (
            f["rating"]
            for f in fields.values()
            if isinstance(f, Mapping) and set(f) == {"rating"} and f["rating"] is not None
        ),
        None,
    )
    if rated is not None:
        at = (
            fields.get(str(context.settings.get("feedback_date_field")))
            or fields.get("resolutiondate")
            or fields.get("updated")
        )
        yield {
            "response_id": issue["id"],
            "metric": "csat",
            "score": rated,
            "scale_min": 1,
            "scale_max": 5,
            "better": "higher",
            "ticket_id": issue["id"],
            "customer_id": (fields.get("reporter") or {}).get("accountId"),
            "agent_id": (fields.get("assignee") or {}).get("accountId"),
            "responded_at": at,
            "version_at": fields.get("updated"),
        }


def ticket(issue: Record, context: RecordContext) -> Iterable[Row]:
    """A ticket from an issue's fields."""
    fields = issue.get("fields") or {}

    def inner(name: str, key: str) -> Json:
        return (fields.get(name) or {}).get(key)

    yield {
        "ticket_id": issue["id"],
        "number": issue.get("key"),
        "subject": fields.get("summary"),
        "status": inner("status", "id"),
        "priority": inner("priority", "name"),
        "type": inner("issuetype", "name"),
        "channel": "portal",
        "requester_id": inner("reporter", "accountId"),
        "assignee_id": inner("assignee", "accountId"),
        "team_id": inner("project", "id"),
        "created_by_id": inner("creator", "accountId"),
        "created_at": fields.get("created"),
        "solved_at": fields.get("resolutiondate"),
        "version_at": fields.get("updated"),
    }


def opening(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The description is the first message."""
    fields = issue.get("fields") or {}
    author = fields.get("creator") or fields.get("reporter") or {}
    yield {
        "message_id": f"{issue['id']}-description",
        "ticket_id": issue["id"],
        "sent_at": fields.get("created"),
        "author_id": author.get("accountId"),
        "author_role": ROLES.get(str(author.get("accountType"))),
        "is_public": True,
        "sequence": 0,
    }


ROLES = {"atlassian": "agent", "customer": "customer", "app": "bot"}
