"""Zendesk Support: tickets and their history."""

from tasks.connectors.zendesk.api import EXPORTS_PER_MINUTE, by_time, export, full, since
from tasks.connectors.zendesk.messages import MESSAGES
from tasks.connectors.zendesk.surveys import HISTORY
from tasks.entities import TICKET, TICKET_EVENT, TICKET_STATUS, TOMBSTONE
from tasks.rest.shapes import Figure, both_times, published
from tasks.rest.spec import IncrementalCursor, IncrementalWindow, Output, Stream
from tasks.rest.values import Item, Present, sql

VERSION = sql("to_timestamp(cast({generated_timestamp} as double))")


def change(field: str, key: str) -> Output:
    """Child events of one field; a value that was taken away is there and null."""
    return Output(
        TICKET_EVENT,
        each="child_events",
        filter=Present(Item(key)),
        fields={
            "event_id": Item("id"),
            "ticket_id": "ticket_id",
            "field": sql(f"'{field}'"),
            "from_value": Item("previous_value"),
            "to_value": Item(key),
            "changed_at": "created_at",
            "actor_id": "updater_id",
            "sequence": Item("id"),
        },
    )


def named_change(field: str, key: str) -> Output:
    """The same where a child event names its field and has the value next to it, as audits do."""
    return Output(
        TICKET_EVENT,
        each="child_events",
        filter=sql(f"{{name}} = '{key}'", name=Item("field_name")),
        fields={
            "event_id": Item("id"),
            "ticket_id": "ticket_id",
            "field": sql(f"'{field}'"),
            "from_value": Item("previous_value"),
            "to_value": Item("value"),
            "changed_at": "created_at",
            "actor_id": "updater_id",
            "sequence": Item("id"),
        },
    )


FIELDS = {
    "status": "status",
    "assignee": "assignee_id",
    "team": "group_id",
    "priority": "priority",
}

schedules = Output(
    TICKET_EVENT,
    each="child_events",
    filter=sql("{kind} = 'ScheduleAssignment'", kind=Item("event_type")),
    fields={
        "event_id": Item("id"),
        "ticket_id": "ticket_id",
        "field": sql("'schedule'"),
        "from_value": Item("previous_schedule_id"),
        "to_value": Item("new_schedule_id"),
        "changed_at": "created_at",
        "actor_id": "updater_id",
        "sequence": Item("id"),
    },
)

RATED = "case {satisfaction_rating.score} when 'good' then 1 when 'bad' then 0 end"


def first_reply(calendar: str) -> Figure:
    """Minutes; tickets of messaging have seconds only."""
    minutes = f"cast({{metric_set.reply_time_in_minutes.{calendar}}} as double)"
    seconds = f"cast({{metric_set.reply_time_in_seconds.{calendar}}} as double)"
    return Figure("first_reply", f"coalesce({minutes}, {seconds} / 60)", "minutes", calendar)


FIGURES = published(
    first_reply("calendar"),
    first_reply("business"),
    *both_times("first_resolution", "metric_set.first_resolution_time_in_minutes", "minutes"),
    *both_times("resolution", "metric_set.full_resolution_time_in_minutes", "minutes"),
    *both_times("requester_wait", "metric_set.requester_wait_time_in_minutes", "minutes"),
    *both_times("agent_wait", "metric_set.agent_wait_time_in_minutes", "minutes"),
    *both_times("on_hold", "metric_set.on_hold_time_in_minutes", "minutes"),
    Figure("reopens", "{metric_set.reopens}", "count"),
    Figure("replies", "{metric_set.replies}", "count"),
    version=VERSION,
    row_filter=sql("{status} is distinct from 'deleted' and {metric_set.created_at} is not null"),
)
SCORE = published(
    Figure("survey_score", RATED, "share"),
    version=VERSION,
    row_filter=sql("{status} is distinct from 'deleted'"),
)

STREAMS = (
    Stream(
        name="tickets",
        description="Tickets, deleted ones included",
        path="/api/v2/incremental/tickets/cursor.json",
        params={"include": "metric_sets"},
        records="tickets",
        requests_per_minute=EXPORTS_PER_MINUTE,
        paging=export,
        sync=IncrementalCursor(ask=since, cursor="after_cursor", param="cursor"),
        outputs=(
            Output(
                TICKET,
                filter=sql("{status} is distinct from 'deleted'"),
                fields={
                    "ticket_id": "id",
                    "subject": "subject",
                    "status": "status",
                    "priority": "priority",
                    "type": "type",
                    "channel": "via.channel",
                    "requester_id": "requester_id",
                    "organization_id": "organization_id",
                    "assignee_id": "assignee_id",
                    "team_id": "group_id",
                    "created_by_id": "submitter_id",
                    "created_at": "created_at",
                    "solved_at": "metric_set.solved_at",
                    "is_merged": sql(
                        "coalesce(list_contains(cast({tags} as varchar[]), 'closed_by_merge'),"
                        " false)"
                    ),
                    "vendor_reopens_count": "metric_set.reopens",
                    "vendor_reassignments_count": sql(
                        "greatest(cast({metric_set.assignee_stations} as bigint) - 1, 0)"
                    ),
                    "vendor_first_reply_minutes": "metric_set.reply_time_in_minutes.calendar",
                    "vendor_first_reply_business_minutes": (
                        "metric_set.reply_time_in_minutes.business"
                    ),
                    "vendor_full_resolution_minutes": (
                        "metric_set.full_resolution_time_in_minutes.calendar"
                    ),
                    "version_at": VERSION,
                },
            ),
            Output(
                TOMBSTONE,
                filter=sql("{status} = 'deleted'"),
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "id",
                    "deleted_at": "updated_at",
                    "version_at": VERSION,
                },
            ),
            FIGURES,
            SCORE,
        ),
    ),
    Stream(
        name="ticket_events",
        description="Changes and messages of tickets",
        path="/api/v2/incremental/ticket_events.json",
        params={"include": "comment_events"},
        records="ticket_events",
        paging=by_time,
        requests_per_minute=EXPORTS_PER_MINUTE,
        sync=IncrementalWindow(ask=since),
        outputs=(
            *(change(field, key) for field, key in FIELDS.items()),
            *(named_change(field, key) for field, key in FIELDS.items()),
            schedules,
            HISTORY,
            *MESSAGES,
        ),
    ),
    full(
        "custom_statuses",
        "Statuses and their categories",
        Output(
            TICKET_STATUS,
            fields={"status_id": "id", "label": "agent_label", "category": "status_category"},
        ),
        path="custom_statuses.json",
        optional=True,
    ),
)
