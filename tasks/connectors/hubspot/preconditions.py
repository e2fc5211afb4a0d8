"""HubSpot: what must hold before the numbers of an account are right."""

from tasks.connectors.hubspot.tickets import HISTORY, threads_of
from tasks.rest.spec import Complaints, Json, Precondition, Request, Values

ALWAYS = (*HISTORY, "createdate", "closed_date", "hs_lastmodifieddate")
NO_TICKET = "1"  # ids of objects are long; this one is nobody's


def properties_are_there(answer: Json, settings: Values, /) -> Complaints:
    """The token sees the properties of tickets: one that it does not comes as null."""
    listed = answer.get("results") or ()
    seen = {str(one["name"]) for one in listed}
    missing = [name for name in ALWAYS if name not in seen]
    if missing:
        yield f"the token does not see {', '.join(missing)} of tickets; their columns stay empty"


def threads_are_those_of_the_ticket(answer: Json, settings: Values, /) -> Complaints:
    """A list of the conversations of one ticket has no others."""
    others = [
        thread
        for thread in answer.get("results") or ()
        if (thread.get("threadAssociations") or {}).get("associatedTicketId") != NO_TICKET
    ]
    if others:
        yield (
            "the account gives conversations of other tickets for every ticket, so replies would"
            " be counted many times: deselect the stream tickets, and tell the maintainers"
        )


PRECONDITIONS = (
    Precondition("ticket properties", Request("/crm/v3/properties/tickets"), properties_are_there),
    Precondition("threads", threads_of(NO_TICKET), threads_are_those_of_the_ticket),
    Precondition("owners", Request("/crm/v3/owners", {"limit": "1"}), needed_by="owners"),
)
