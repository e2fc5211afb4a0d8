"""The record types that vendors' streams become: the contract between connectors and SQL.

Every entity is one table `source.<name>`, all vendors together, keyed by account and vendor id.
Kinds of columns:

    text     characters          number   double precision        money   decimal, 4 places
    whole    64-bit integer      flag     true or false           day     local calendar date
    instant  UTC, whole seconds

`required` columns are never null in the warehouse: a row without one goes to quarantine. `personal`
columns hold names, addresses or what people wrote; each names the setting of the account without
which it is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Kind = Literal["text", "whole", "number", "money", "flag", "instant", "day"]
# settings of an account, each of which lets its columns in
Switch = Literal["agent_names", "customer_data", "texts"]

ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "money": pa.decimal128(18, 4),
    "flag": pa.bool_(),
    "instant": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, kind of value, what it means."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    personal: Switch | None = None
    is_open_ended: bool = False  # a day far away means always: from 1900 on, or to 9999


@dataclass(frozen=True, slots=True)
class Entity:
    """One record type.

    `key` is unique within an account; `version` orders two states of one record.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> frozenset[str]:
        """Columns that may never be null, the key included."""
        return frozenset(c.name for c in self.columns if c.required) | frozenset(self.key)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"entity {self.name} has no column {name}")


def _text(
    name: str, description: str, *, required: bool = False, personal: Switch | None = None
) -> Column:
    return Column(name, "text", description, required, personal)


def _whole(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "whole", description, required)


def _number(name: str, description: str) -> Column:
    return Column(name, "number", description)


def _money(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "money", description, required)


def _flag(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "flag", description, required)


def _at(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "instant", description, required)


def _on(
    name: str, description: str, *, required: bool = False, is_open_ended: bool = False
) -> Column:
    return Column(name, "day", description, required, is_open_ended=is_open_ended)


_VERSION = _at(
    "version_at", "Instant of this state at the vendor; an older state never replaces a newer one"
)


def _entity(name: str, description: str, key: tuple[str, ...], *columns: Column) -> Entity:
    return Entity(name, description, key, (*columns, _VERSION))


TICKET = _entity(
    "ticket",
    "A request for help: ticket, case, incident or conversation, in its latest state",
    ("ticket_id",),
    _text("ticket_id", "Vendor's id of the ticket", required=True),
    _text("number", "The number that people see, where it differs from the id"),
    _text("subject", "Subject line", personal="texts"),
    _text("status", "Vendor's raw status", required=True),
    _text("priority", "Vendor's raw priority"),
    _text("type", "Vendor's raw type, such as incident or question"),
    _text("channel", "Vendor's raw channel, such as email or chat"),
    _text("requester_id", "Customer who asks"),
    _text("organization_id", "Organization of the requester"),
    _text("assignee_id", "Agent who holds the ticket"),
    _text("team_id", "Team that holds the ticket"),
    _text("created_by_id", "Who opened it: the requester, or an agent on their behalf"),
    _at("created_at", "Opened at", required=True),
    _at("solved_at", "Vendor's own solved instant, kept for audit"),
    _at("closed_at", "Vendor's own closed instant, kept for audit"),
    _text(
        "merged_into_id",
        "Ticket that this one was merged into, where the vendor names it on the ticket",
    ),
    _flag("is_merged", "The vendor marks the ticket as merged away"),
    _text("schedule_id", "Business schedule that applies, where the vendor names it"),
    _whole("vendor_reopens_count", "Vendor's own count of reopens, kept for audit"),
    _whole("vendor_reassignments_count", "Vendor's own count of reassignments, kept for audit"),
    _flag("vendor_made_sla", "Vendor's own flag: SLA met, kept for audit"),
    _number(
        "vendor_first_reply_minutes",
        "Vendor's own first reply time, calendar minutes, kept for audit",
    ),
    _number(
        "vendor_first_reply_business_minutes",
        "Vendor's own first reply time, business minutes, kept for audit",
    ),
    _number(
        "vendor_full_resolution_minutes",
        "Vendor's own full resolution time, calendar minutes, kept for audit",
    ),
)

TICKET_EVENT = _entity(
    "ticket_event",
    "One change of a ticket: status, assignee, team, priority or schedule",
    ("event_id",),
    _text("event_id", "Vendor's id of the change", required=True),
    _text("ticket_id", "Ticket that changed", required=True),
    _text("field", "What changed: status, assignee, team, priority or schedule", required=True),
    _text("from_value", "Raw value before; null for the first"),
    _text("to_value", "Raw value after; null when removed"),
    _at("changed_at", "Instant of the change", required=True),
    _text("actor_id", "Who changed it"),
    _whole("sequence", "Order of changes within one second"),
)

TICKET_LINK = _entity(
    "ticket_link",
    "A link of a ticket to another record, for vendors that deliver links separately",
    ("ticket_id", "kind", "linked_id"),
    _text("ticket_id", "Ticket that has the link", required=True),
    _text("kind", "customer, organization, merged_into, problem or follow_up_of", required=True),
    _text("linked_id", "Vendor's id of the other end", required=True),
)

TICKET_STATUS = _entity(
    "ticket_status",
    "A status that the account defines, with its unified category where the vendor reports one",
    ("status_id",),
    _text("status_id", "Raw value that tickets and events carry", required=True),
    _text("label", "Name that agents see"),
    _text("category", "new, open, pending, hold, solved or closed, where the vendor reports it"),
)

VENDOR_MEASURE = _entity(
    "vendor_measure",
    "A figure that the vendor itself publishes of a ticket, kept to compare ours with it",
    ("ticket_id", "measure", "calendar"),
    _text("ticket_id", "Ticket it is of", required=True),
    _text(
        "measure",
        "first_reply, first_resolution, resolution, requester_wait, agent_wait, on_hold, reopens,"
        " replies, reassignments, survey_score, or sla_ and the metric of a clock; sla alone is"
        " a verdict on the whole ticket",
        required=True,
    ),
    _text(
        "calendar", "Kind of time: calendar, business, or none for what is no time", required=True
    ),
    _text(
        "unit",
        "minutes, seconds or milliseconds as published; count, share (0 worst, 1 best) or verdict"
        " (1 met, 0 breached)",
        required=True,
    ),
    _number("value", "The figure; null while the vendor has none"),
)

MESSAGE = _entity(
    "message",
    "One message on a ticket: customer's, agent's, bot's or system's; public or not",
    ("message_id",),
    _text("message_id", "Vendor's id of the message", required=True),
    _text("ticket_id", "Ticket it belongs to", required=True),
    _at("sent_at", "Sent at", required=True),
    _text("author_id", "Who wrote it; an id or a user name"),
    _text(
        "author_role",
        "agent, customer, bot or system, where the vendor reports it; else from the agent list",
    ),
    _flag("is_public", "Visible to the customer", required=True),
    _text("channel", "Vendor's raw channel"),
    _text("body", "What was written", personal="texts"),
    _whole("sequence", "Order of messages within one second"),
)

AGENT = _entity(
    "agent",
    "A person or bot who works on tickets",
    ("agent_id",),
    _text("agent_id", "Vendor's id of the agent, as tickets carry it", required=True),
    _text("login", "User name or user id by which other records name the agent"),
    _text("name", "Full name", personal="agent_names"),
    _text("email", "E-mail address", personal="agent_names"),
    _text("role", "Vendor's raw role: agent, admin, bot; null where the vendor has none"),
    _flag("is_active", "May log in now"),
    _text("time_zone", "Vendor's raw time zone"),
    _at("created_at", "Account created at"),
)

TEAM = _entity(
    "team",
    "A group of agents that holds tickets",
    ("team_id",),
    _text("team_id", "Vendor's id of the team", required=True),
    _text("name", "Name of the team"),
    _flag("is_active", "Not deleted"),
    _text(
        "schedule_id", "Business schedule of its tickets, where the vendor or a setting names it"
    ),
)

TEAM_MEMBERSHIP = _entity(
    "team_membership",
    "An agent belongs to a team",
    ("agent_id", "team_id"),
    _text("agent_id", "Agent", required=True),
    _text("team_id", "Team", required=True),
    _flag("is_default", "The agent's main team"),
)

CUSTOMER = _entity(
    "customer",
    "A person who asks for help",
    ("customer_id",),
    _text("customer_id", "Vendor's id of the person", required=True),
    _text("organization_id", "Organization they belong to"),
    _text("name", "Full name", personal="customer_data"),
    _text("email", "E-mail address", personal="customer_data"),
    _text("login", "User name by which other records name the person", personal="customer_data"),
    _at("created_at", "Known since"),
)

ORGANIZATION = _entity(
    "organization",
    "A company or account that customers belong to",
    ("organization_id",),
    _text("organization_id", "Vendor's id of the organization", required=True),
    _text("name", "Name"),
    _text("domain", "Main internet domain"),
    _text("country", "Country as the vendor writes it"),
    _text("owner_id", "Agent or owner in charge"),
    _at("created_at", "Known since"),
)

_OWN_FIELD = "Vendor's id or key of the field, or tags, brand, form, language or contact_reason"
_OWN_VALUE = (
    "Raw value: numbers as written, dates as ISO, true or false, several values as a JSON array of"
    " texts; null: empty"
)

FIELD = _entity(
    "field",
    "A field that the account defines for its tickets, customers or organizations",
    ("record_type", "field_id"),
    _text("record_type", "ticket, customer or organization", required=True),
    _text("field_id", "Vendor's id or key of the field, as records carry it", required=True),
    _text("label", "Name that people see"),
    _text(
        "kind",
        "text, number, date, flag, one (of several), many (of several) or cascade (levels)",
    ),
    _flag("is_active", "Neither switched off nor deleted"),
)

FIELD_OPTION = _entity(
    "field_option",
    "A value that a field can have, with its name; names of brands and forms too",
    ("record_type", "field_id", "value"),
    _text("record_type", "ticket, customer or organization", required=True),
    _text("field_id", "Field", required=True),
    _text("value", "Raw value that records carry", required=True),
    _text("label", "Name that people see; the latest, where it was renamed"),
    _whole("position", "Ascending in the order of the vendor's list"),
    _flag("is_active", "Neither switched off nor deleted"),
)

TICKET_FIELD = _entity(
    "ticket_field",
    "The value of one field of a ticket; only fields that the settings name",
    ("ticket_id", "field_id"),
    _text("ticket_id", "Ticket", required=True),
    _text("field_id", _OWN_FIELD, required=True),
    _text("value", _OWN_VALUE),
)

TICKET_FIELD_EVENT = _entity(
    "ticket_field_event",
    "One change of a field of a ticket, where the vendor reports it; only of fields that the"
    " settings name",
    ("event_id", "field_id"),
    _text("event_id", "Vendor's id of the change", required=True),
    _text("field_id", _OWN_FIELD, required=True),
    _text("ticket_id", "Ticket that changed", required=True),
    _text("from_value", "Raw value before; null for the first, and for an empty one"),
    _text("to_value", "Raw value after; null when removed"),
    _at("changed_at", "Instant of the change", required=True),
    _text("actor_id", "Who changed it"),
    _whole("sequence", "Order of changes within one second"),
)

CUSTOMER_FIELD = _entity(
    "customer_field",
    "The value of one field of a customer; only fields that the settings name",
    ("customer_id", "field_id"),
    _text("customer_id", "Customer", required=True),
    _text("field_id", _OWN_FIELD, required=True),
    _text("value", _OWN_VALUE),
)

ORGANIZATION_FIELD = _entity(
    "organization_field",
    "The value of one field of an organization; only fields that the settings name",
    ("organization_id", "field_id"),
    _text("organization_id", "Organization", required=True),
    _text("field_id", _OWN_FIELD, required=True),
    _text("value", _OWN_VALUE),
)

SURVEY = _entity(
    "survey",
    "A survey that customers answer",
    ("survey_id",),
    _text("survey_id", "Vendor's id of the survey", required=True),
    _text("title", "Title"),
    _whole("responses_count", "Responses that the vendor counts"),
    _at("created_at", "Created at"),
)

SURVEY_QUESTION = _entity(
    "survey_question",
    "A question of a survey; which one is CSAT, NPS or CES is a setting of the account",
    ("survey_id", "question_id"),
    _text("survey_id", "Survey", required=True),
    _text("question_id", "Vendor's id of the question", required=True),
    _text("heading", "Text of the question"),
    _text("family", "Vendor's kind of question"),
    _number("scale_min", "Lowest score that can be given"),
    _number("scale_max", "Highest score that can be given"),
)

SURVEY_INVITATION = _entity(
    "survey_invitation",
    "A survey sent to a customer",
    ("invitation_id",),
    _text("invitation_id", "Vendor's id", required=True),
    _text("survey_id", "Survey"),
    _text("ticket_id", "Ticket it asks about"),
    _text("customer_id", "Who was asked"),
    _at("sent_at", "Sent at", required=True),
)

SURVEY_RESPONSE = _entity(
    "survey_response",
    "One score that a customer gave",
    ("response_id",),
    _text("response_id", "Vendor's id of the answer", required=True),
    _text("survey_id", "Survey"),
    _text("question_id", "Question"),
    _text("metric", "csat, nps or ces", required=True),
    _number("score", "Score as given; null for an answer without one"),
    _number("scale_min", "Lowest score of the scale"),
    _number("scale_max", "Highest score of the scale"),
    _text("better", "Direction of the scale: higher or lower"),
    _text("ticket_id", "Ticket it is about"),
    _text("ticket_account", "Account of that ticket, if another than the survey's own"),
    _text("customer_id", "Who answered"),
    _text("agent_id", "Assignee when rated, where the vendor reports it"),
    _at("responded_at", "Answered at", required=True),
    _text("comment", "What was written", personal="texts"),
    _flag("is_history", "From a ticket's history, where the list of ratings has only the latest"),
    _flag("is_former", "An earlier score of the same answer, which the customer changed"),
)

BUSINESS_SCHEDULE = _entity(
    "business_schedule",
    "One weekly open interval of a schedule, in the schedule's own zone",
    ("schedule_id", "starts_minute"),
    _text("schedule_id", "Vendor's id of the schedule", required=True),
    _text("name", "Name of the schedule"),
    _text("time_zone", "Zone as the vendor writes it", required=True),
    _whole("starts_minute", "Opens: minutes since Sunday 00:00 local wall time", required=True),
    _whole("ends_minute", "Closes: minutes since Sunday 00:00 local wall time", required=True),
    _flag("is_default", "The account's default schedule"),
    _whole("position", "Ascending in the order of the vendor's list; null if unknown"),
)

HOLIDAY = _entity(
    "holiday",
    "Local days on which a schedule is closed or has other hours, first and last included",
    ("schedule_id", "holiday_id"),
    _text("schedule_id", "Schedule", required=True),
    _text("holiday_id", "Vendor's id", required=True),
    _text("name", "Name"),
    _on("first_on", "First closed day", required=True, is_open_ended=True),
    _on("last_on", "Last closed day", required=True, is_open_ended=True),
    _whole("from_minute", "From here on in each day, in minutes since midnight; null: whole days"),
    _whole("to_minute", "Until here in each day, in minutes since midnight"),
    _flag("is_open", "The part of the day is open, in place of its usual hours; else closed"),
)

SLA_POLICY = _entity(
    "sla_policy",
    "A service target: one metric and priority of a policy",
    ("policy_id", "metric", "priority"),
    _text("policy_id", "Vendor's id of the policy", required=True),
    _text("metric", "Vendor's raw metric, such as first_reply_time", required=True),
    _text("priority", "Raw priority the target is for; 'any' where it is for all", required=True),
    _text("name", "Name of the policy"),
    _number("target_minutes", "Target, minutes"),
    _flag("is_business", "Counted in business time"),
)

SLA_EVENT = _entity(
    "sla_event",
    "One event of an SLA clock on a ticket",
    ("event_id",),
    _text("event_id", "Vendor's id of the event", required=True),
    _text("ticket_id", "Ticket", required=True),
    _text("policy_id", "Policy"),
    _text("metric", "Vendor's raw metric", required=True),
    _text("instance", "Which clock of that metric on that ticket", required=True),
    _text("kind", "apply, activate, pause, fulfill, breach, due or cancel", required=True),
    _at("happened_at", "Instant of the event", required=True),
    _number("target_minutes", "Target in force, minutes"),
    _flag("is_business", "Counted in business time"),
)

TIME_ENTRY = _entity(
    "time_entry",
    "Work time of an agent on a ticket",
    ("entry_id",),
    _text("entry_id", "Vendor's id", required=True),
    _text("ticket_id", "Ticket", required=True),
    _text("agent_id", "Agent"),
    _at("entered_at", "When it was entered", required=True),
    _number("seconds", "Time worked, seconds"),
)

CALL = _entity(
    "call",
    "A phone call",
    ("call_id",),
    _text("call_id", "Vendor's id", required=True),
    _text("ticket_id", "Ticket it led to"),
    _text("team_id", "Queue"),
    _text("agent_id", "Agent who answered"),
    _at("offered_at", "Offered to the queue at", required=True),
    _at("answered_at", "Answered at"),
    _at("abandoned_at", "Abandoned by the caller at"),
    _number("talk_seconds", "Talk, seconds"),
    _number("hold_seconds", "Hold, seconds"),
    _number("wrap_seconds", "Work after the call, seconds"),
)

AGENT_PRESENCE = _entity(
    "agent_presence",
    "A span of time an agent spent in one state",
    ("presence_id",),
    _text("presence_id", "Vendor's id", required=True),
    _text("agent_id", "Agent", required=True),
    _text("state", "Vendor's raw state", required=True),
    _at("starts_at", "From", required=True),
    _at("ends_at", "Until; null while it lasts"),
)

SHIFT = _entity(
    "shift",
    "A planned shift",
    ("shift_id",),
    _text("shift_id", "Id", required=True),
    _text("agent_id", "Agent"),
    _text("team_id", "Team"),
    _at("starts_at", "From", required=True),
    _at("ends_at", "Until", required=True),
    _text("activity", "Work, break, training or absence"),
)

QUALITY_REVIEW = _entity(
    "quality_review",
    "A review of an agent's work on a ticket",
    ("review_id",),
    _text("review_id", "Vendor's id", required=True),
    _text("ticket_id", "Ticket reviewed"),
    _text("agent_id", "Agent reviewed"),
    _text("reviewer_id", "Who reviewed"),
    _at("reviewed_at", "Reviewed at", required=True),
    _number("points", "Weighted points given"),
    _number("possible_points", "Weighted points possible"),
    _flag("is_critical_fail", "A critical criterion failed"),
)

COURSE_ASSIGNMENT = _entity(
    "course_assignment",
    "A course that a person has to take",
    ("assignment_id",),
    _text("assignment_id", "Vendor's id", required=True),
    _text("agent_id", "Who has to take it"),
    _text("course", "Name of the course"),
    _at("assigned_at", "Assigned at"),
    _at("due_at", "Due at"),
    _at("completed_at", "Completed at"),
)

ARTICLE = _entity(
    "article",
    "An article of the help centre",
    ("article_id",),
    _text("article_id", "Vendor's id", required=True),
    _text("title", "Title"),
    _flag("is_public", "Customers can read it"),
    _at("created_at", "Written at"),
    _at("edited_at", "Last edited at"),
)

ARTICLE_VIEW = _entity(
    "article_view",
    "Views of an article on a day",
    ("article_id", "viewed_on"),
    _text("article_id", "Article", required=True),
    _on("viewed_on", "Day", required=True),
    _whole("views_count", "Views"),
    _whole("helpful_count", "Votes for helpful"),
    _whole("unhelpful_count", "Votes for not helpful"),
)

WEB_SESSION = _entity(
    "web_session",
    "Visits of the help centre on a day",
    ("source", "visited_on"),
    _text("source", "Property or site", required=True),
    _on("visited_on", "Day", required=True),
    _whole("sessions_count", "Sessions"),
    _whole("users_count", "Users"),
)

SOCIAL_MESSAGE = _entity(
    "social_message",
    "A message on a social network",
    ("social_message_id",),
    _text("social_message_id", "Vendor's id", required=True),
    _text("ticket_id", "Ticket it led to"),
    _text("network", "Network", required=True),
    _text("direction", "in or out", required=True),
    _at("sent_at", "Instant", required=True),
)

CONTRACT = _entity(
    "contract",
    "Revenue, renewal and churn of an organization, from the CRM",
    ("contract_id",),
    _text("contract_id", "Vendor's id", required=True),
    _text("organization_id", "Organization", required=True),
    _text("stage", "Vendor's raw stage"),
    _on("starts_on", "Starts", is_open_ended=True),
    _on("ends_on", "Ends or renews", is_open_ended=True),
    _on("churned_on", "Lost on"),
    _money("yearly_amount", "Revenue a year, in `currency`"),
    _text("currency", "ISO currency"),
)

COST_ENTRY = _entity(
    "cost_entry",
    "Money spent on support",
    ("entry_id",),
    _text("entry_id", "Id of the posting", required=True),
    _on("posted_on", "Day of the posting", required=True),
    _text("team", "Team or cost centre", required=True),
    _text("category", "labour, licences, telephony, training, other", required=True),
    _text("paid_for", "What it pays for, such as a licence or a vendor"),
    _money("amount", "Amount, in `currency`; credits are negative", required=True),
    _text("currency", "ISO currency", required=True),
    _on(
        "service_from_on",
        "First day that it pays for: the amount counts on the days of its service, month by month;"
        " posted_on without one",
    ),
    _on("service_until_on", "Last day that it pays for; the first without one"),
)

BUDGET_LINE = _entity(
    "budget_line",
    "Money planned for a month",
    ("version", "month_on", "team", "category", "paid_for"),
    _text("version", "Version of the plan, such as original or revision 1", required=True),
    _on(
        "valid_from_on",
        "Day from which the version holds for its months; without one, versions go by their names",
    ),
    _text("version_order", "The version as it is compared: rev 10 after rev 2"),
    _on("month_on", "First day of the month", required=True),
    _text("team", "Team or cost centre", required=True),
    _text("category", "labour, licences, telephony, training, other", required=True),
    _text(
        "paid_for",
        "What it pays for, such as a licence or a vendor; all without one",
        required=True,
    ),
    _text("kind", "fixed or variable", required=True),
    _text(
        "basis",
        "amount: as given; driver: quantity x rate; contradictory: both, and they differ",
        required=True,
    ),
    _money("amount", "Amount of the month, in `currency`; may be omitted with a driver"),
    _text("currency", "ISO currency", required=True),
    _text(
        "driver",
        "What the cost grows with: fte (a seat), contacts, or a name of your own with its"
        " driver_quantity",
    ),
    _number(
        "driver_quantity",
        "Quantity of the driver in the month; by default from the headcount plan",
    ),
    _money("driver_rate", "Cost of one of the driver in the month, in `currency`"),
)

HEADCOUNT_PLAN = _entity(
    "headcount_plan",
    "People planned for a month",
    ("month_on", "team"),
    _on("month_on", "First day of the month", required=True),
    _text("team", "Team", required=True),
    _number("fte", "Full-time equivalents planned"),
    _number("handle_minutes", "Agent minutes of work per ticket assumed for the month"),
    _number(
        "monthly_cost", "Loaded cost of one full-time equivalent a month, in the reporting currency"
    ),
    _number("contacts", "Tickets planned to be solved in the month"),
)

EXCHANGE_RATE = _entity(
    "exchange_rate",
    "What a currency is worth in the reporting currency",
    ("currency", "valid_from_on"),
    _text("currency", "ISO currency", required=True),
    _on(
        "valid_from_on",
        "Holds from this day, until a later one of the same currency",
        required=True,
        is_open_ended=True,
    ),
    _number("rate", "Units of the reporting currency for one of this"),
)

KPI_TARGET = _entity(
    "kpi_target",
    "A target of a KPI",
    ("kpi", "team", "valid_from_on"),
    _text("kpi", "KPI, as `support-etl kpis` names it", required=True),
    _text("team", "Name of the team it is for, or 'all'", required=True),
    _on(
        "valid_from_on",
        "Holds from this day, until a later one of the same KPI and team",
        required=True,
        is_open_ended=True,
    ),
    _number("target", "Target, in the KPI's unit"),
)

SLA_TARGET = _entity(
    "sla_target",
    "A service target from the user's file, for tickets whose helpdesk reports no SLA",
    ("desk", "team", "priority", "metric", "valid_from_on"),
    _text("desk", "Account of the helpdesk, or 'all'", required=True),
    _text("team", "Name of the team, or 'all'", required=True),
    _text("priority", "low, normal, high, urgent, none, or 'all'", required=True),
    _text(
        "metric",
        "first_reply, next_reply, requester_wait, agent_work, periodic_update, pausable_update or"
        " resolution",
        required=True,
    ),
    _on(
        "valid_from_on",
        "For tickets opened from this day on, until a later row of the same desk, team, priority"
        " and metric",
        required=True,
        is_open_ended=True,
    ),
    _number("target_minutes", "Target, minutes"),
    _flag("is_business", "Counted in open minutes of the ticket's schedule; true by default"),
)

SPECIAL_DAY = _entity(
    "special_day",
    "A day on which more or fewer customers write, known beforehand or afterwards",
    ("team", "day_on"),
    _text("team", "Name of the team it is for, or 'all'", required=True),
    _on("day_on", "The day", required=True),
    _text(
        "kind",
        "reduced (people write, but fewer), closed (nothing can come) or event (a release, a"
        " campaign, an outage)",
        required=True,
    ),
    _text("label", "What it is, such as Black Friday"),
)

TOMBSTONE = _entity(
    "tombstone",
    "A record that the vendor deleted",
    ("entity", "record_id"),
    _text("entity", "Kind of record, such as ticket", required=True),
    _text("record_id", "Vendor's id of the record", required=True),
    _at("deleted_at", "Deleted at", required=True),
)

ENTITIES: dict[str, Entity] = {
    value.name: value for value in list(globals().values()) if isinstance(value, Entity)
}
