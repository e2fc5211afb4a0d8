"""Jira Service Management: pure functions from one record to rows."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from tasks.rest.spec import Json, Record, RecordContext, Row

Fields = Mapping[str, Json]

HISTORY = {
    "status": "status",
    "assignee": "assignee",
    "priority": "priority",
    "project": "team",  # an issue that moves changes its project
}


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


def fields_of(issue: Mapping[str, Json], kind: str, context: RecordContext) -> Fields | None:
    """The fields of one kind, by id; the site's list of fields says which they are.

    None where that list could not be read.
    """
    listed = context.parent_document
    if listed is None:
        return None
    custom = f"com.atlassian.servicedesk:{kind}"
    ids = [f["id"] for f in listed if (f.get("schema") or {}).get("custom") == custom]
    values = issue.get("fields") or {}
    return {key: values.get(key) for key in ids}


def cycles(issue: Record, context: RecordContext) -> Iterator[tuple[Fields, int, Fields]]:
    """Every cycle of every SLA field, with the field and the cycle's number.

    Without the list of fields, an SLA is what has cycles.
    """
    known = fields_of(issue, "sd-sla-field", context)
    values = (issue.get("fields") if known is None else known) or {}
    for field in values.values():
        if isinstance(field, Mapping) and "completedCycles" in field:
            listed = [*(field.get("completedCycles") or ())]
            if field.get("ongoingCycle"):
                listed.append(field["ongoingCycle"])
            for number, cycle in enumerate(listed, 1):
                yield field, number, cycle


def sla(issue: Record, context: RecordContext) -> Iterable[Row]:
    """Every cycle of every SLA: applied, due, ended, breached.

    A paused clock is not due at any instant: the pause takes the place of the due time.
    """
    for field, number, cycle in cycles(issue, context):
        updated = issue["fields"].get("updated")
        is_paused = cycle.get("paused") and not cycle.get("breached")
        due = updated if is_paused else cycle.get("breachTime")
        for kind, place, at in (
            ("apply", "apply", cycle.get("startTime")),
            ("pause" if is_paused else "due", "due", due),
            ("fulfill", "fulfill", cycle.get("stopTime")),
            ("breach", "breach", cycle.get("breachTime") if cycle.get("breached") else None),
        ):
            if at:
                yield {
                    "event_id": f"{issue['id']}-{field['id']}-{number}-{place}",
                    "ticket_id": issue["id"],
                    "policy_id": field["id"],
                    "instance": number,
                    "kind": kind,
                    "metric": field.get("name"),
                    "happened_at": instant(at),
                    "target_minutes": (cycle.get("goalDuration") or {}).get("millis", 0) / 60_000,
                    "version_at": updated,
                }


def rating_of(issue: Record, context: RecordContext) -> tuple[Json, Json]:
    """The rating of a request and its instant, from the fields that hold them.

    Without the list of fields, a rating is what has that one key, and the setting
    `feedback_date_field` names the field of its instant.
    """
    values = issue.get("fields") or {}
    named = fields_of(issue, "sd-request-feedback", context)
    dates = fields_of(issue, "sd-request-feedback-date", context) or {}
    setting = values.get(str(context.settings.get("feedback_date_field")))
    at = next((date for date in dates.values() if date), setting)
    candidates = (values if named is None else named).values()
    ratings = [f["rating"] for f in candidates if isinstance(f, Mapping) and set(f) == {"rating"}]
    return next((rating for rating in ratings if rating is not None), None), at


def ratings(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The rating of a request."""
    fields = issue.get("fields") or {}
    rated, at = rating_of(issue, context)
    if rated is not None:
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
            "responded_at": at or fields.get("resolutiondate") or fields.get("updated"),
            "version_at": fields.get("updated"),
        }


def channel(issue: Record) -> Json:
    """How the request came in: a property of the issue, None where it has none."""
    found = (issue.get("properties") or {}).get("request.channel.type")
    return found.get("value") if isinstance(found, Mapping) else found


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
        "channel": channel(issue),
        "requester_id": inner("reporter", "accountId"),
        "assignee_id": inner("assignee", "accountId"),
        "team_id": inner("project", "id"),
        "created_by_id": inner("creator", "accountId"),
        "created_at": fields.get("created"),
        "solved_at": fields.get("resolutiondate"),
        "version_at": fields.get("updated"),
    }


def role_of(author: Fields, reporter: Fields) -> str | None:
    """Who wrote, as far as the author tells.

    The reporter is the customer, whatever the account: in a desk for employees everybody has an
    Atlassian account. Of others with one, the list of agents says who is an agent.
    """
    if author.get("accountId") and author.get("accountId") == reporter.get("accountId"):
        return "customer"
    return ROLES.get(str(author.get("accountType")))


def opening(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The description is the first message."""
    fields = issue.get("fields") or {}
    reporter = fields.get("reporter") or {}
    author = fields.get("creator") or reporter
    yield {
        "message_id": f"{issue['id']}-description",
        "ticket_id": issue["id"],
        "sent_at": fields.get("created"),
        "author_id": author.get("accountId"),
        "author_role": role_of(author, reporter),
        "is_public": True,
        "sequence": 0,
    }


def is_incomplete(comments: Json) -> bool:
    """Whether a search does not hold all comments of an issue."""
    if not isinstance(comments, Mapping):
        return True
    total = comments.get("total")
    return total is None or len(comments.get("comments") or ()) < total


def comments_within(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The comments that came with the issue, if they are all."""
    fields = issue.get("fields") or {}
    within = fields.get("comment") or {}
    if is_incomplete(within):
        return
    reporter = fields.get("reporter") or {}
    for comment in within.get("comments") or ():
        yield {
            "message_id": comment["id"],
            "ticket_id": issue["id"],
            "sent_at": comment.get("created"),
            "author_id": (comment.get("author") or {}).get("accountId"),
            "author_role": role_of(comment.get("author") or {}, reporter),
            "is_public": comment.get("jsdPublic") is not False,
            "sequence": comment["id"],
        }


ROLES = {"customer": "customer", "app": "bot"}
