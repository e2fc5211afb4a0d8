"""Zendesk Support: what must hold before the numbers of an account are right."""

from collections.abc import Iterable, Mapping

from tasks.rest.spec import Json, Precondition, Probe, Request

FEW = {"start_time": "0", "per_page": "100"}
CHANGES = {"Create", "Change"}
SURVEYS = (
    Request("/api/v2/satisfaction_ratings.json", {"page[size]": "1"}),
    Request("/api/v2/guide/survey_responses.json", {"page[size]": "1"}),
)


def is_administrator(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """Exports, SLA policies and deleted tickets are for administrators."""
    role = answer["user"].get("role")
    if role != "admin":
        yield f"the user's role is {role}; exports are for administrators: use credentials of one"


def metrics_lie_in_tickets(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """The vendor's own figures are read from each ticket; other lists have them as well."""
    tickets = answer.get("tickets") or []
    if tickets and not any("metric_set" in ticket for ticket in tickets):
        yield (
            "tickets come without metric_set, so the vendor's own figures are missing; report it,"
            " with the account's plan"
        )


def changes_name_their_field(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """Without statuses in the history, every duration would be wrong."""
    changes = [
        child
        for event in answer.get("ticket_events") or ()
        for child in event.get("child_events") or ()
        if child.get("event_type") in CHANGES
    ]
    if changes and not any("status" in c or c.get("field_name") == "status" for c in changes):
        yield "the history of tickets has changes, and none of a status; report it"


def ratings(settings: Mapping[str, Json]) -> Probe:
    """An account has one of two kinds of CSAT; if neither may be read, figures are empty."""
    for request in SURVEYS:
        answer = yield request
        if answer is not None:
            return ()
    unread = "neither ratings nor survey responses may be read; give the user access"
    return (f"{unread}, or deselect satisfaction and survey_responses",)


PRECONDITIONS = (
    Precondition("role", Request("/api/v2/users/me.json"), is_administrator),
    Precondition(
        "tickets",
        Request("/api/v2/incremental/tickets/cursor.json", {**FEW, "include": "metric_sets"}),
        metrics_lie_in_tickets,
        needed_by="tickets",
    ),
    Precondition(
        "history",
        Request("/api/v2/incremental/ticket_events.json", {**FEW, "include": "comment_events"}),
        changes_name_their_field,
        needed_by="ticket_events",
    ),
    Precondition(
        "people",
        Request("/api/v2/incremental/users/cursor.json", FEW),
        needed_by="users",
    ),
    Precondition("CSAT", probe=ratings, needed_by="satisfaction"),
)
