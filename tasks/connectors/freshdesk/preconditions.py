"""Freshdesk: what must hold before the numbers of an account are right."""

from tasks.rest.spec import Complaints, Json, Precondition, Request, Values

GLOBAL = 1
ONE = {"per_page": "1"}
SCOPES = {2: "tickets of its groups", 3: "tickets assigned to it"}


def sees_all_tickets(answer: Json, settings: Values, /) -> Complaints:
    """The key's agent has the global scope: with another one, tickets are missing silently."""
    scope = answer.get("ticket_scope")
    if scope != GLOBAL:
        yield (
            f"the agent of this key sees only {SCOPES.get(scope, f'scope {scope}')}; give it the"
            " ticket scope Global Access"
        )


def default_is_known(answer: Json, settings: Values, /) -> Complaints:
    """The default schedule of the settings is one of the business hours."""
    listed = answer or ()
    names = {str(one["name"]) for one in listed}
    known = {str(one["id"]) for one in listed} | names
    wanted = settings.get("default_schedule")
    if wanted and wanted not in known:
        yield f"default_schedule {wanted} is none of the business hours {', '.join(sorted(names))}"


PRECONDITIONS = (
    Precondition("ticket scope", Request("/api/v2/agents/me"), sees_all_tickets),
    Precondition(
        "business hours",
        Request("/api/v2/business_hours"),
        default_is_known,
        needed_by="business_hours",
    ),
    Precondition("ticket fields", Request("/api/v2/ticket_fields"), needed_by="ticket_fields"),
    Precondition("agents", Request("/api/v2/agents", ONE), needed_by="agents"),
    Precondition("groups", Request("/api/v2/groups", ONE), needed_by="groups"),
)
