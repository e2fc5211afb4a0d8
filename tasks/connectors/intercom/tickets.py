"""Intercom: tickets and their history."""

from tasks.connectors.intercom.api import KIND, PAGES, PARTS, holder, search
from tasks.connectors.intercom.figures import FIGURES
from tasks.connectors.intercom.messages import MESSAGES
from tasks.connectors.intercom.surveys import RATINGS
from tasks.connectors.intercom.time_entries import TIME_ENTRIES
from tasks.connectors.intercom.transforms import refuse_missing_parts
from tasks.entities import MESSAGE, TICKET, TICKET_EVENT
from tasks.rest.shapes import opened
from tasks.rest.spec import ChildStream, Output, Request, Stream, Total
from tasks.rest.values import Expression, Item, WholeBody, epoch, sql

ASSIGNED_TO = Item("assigned_to.type")

REQUESTER = sql(  # the other side, where we began the conversation
    """
    case
        when {source.author.type} in ('admin', 'bot', 'team')
            then json_extract_string(to_json({contacts.contacts}), '$[0].id')
        else cast({source.author.id} as varchar)
    end"""
)

STATE = sql(
    """
    case {kind}
        when 'close' then 'closed'
        when 'snoozed' then 'snoozed'
        when 'away_mode_assignment' then null
        else 'open'
    end""",
    kind=KIND,
)


def part_event(field: str, value: Item | Expression, row_filter: Expression) -> Output:
    """A change that a part of a conversation tells."""
    return Output(
        TICKET_EVENT,
        section="conversation",
        each=PARTS,
        filter=row_filter,
        fields={
            "event_id": sql(f"{{part}} || '-{field}'", part=Item("id")),
            "ticket_id": "id",
            "field": sql(f"'{field}'"),
            "to_value": value,
            "changed_at": epoch(Item("created_at")),
            "actor_id": Item("author.id"),
            "sequence": Item("id"),
        },
    )


STREAMS = (
    Stream(
        name="conversations",
        description="Conversations with messages, history, ratings and handling time",
        path="/conversations/search",
        method="POST",
        records="conversations",
        paging=PAGES,
        sync=search(1),
        total=Total("total_count", strict=False),
        child_streams=(
            ChildStream(
                "conversation",
                lambda ids: Request(f"/conversations/{ids[0]}", {"display_as": "plaintext"}),
                key="id",
                records=WholeBody(),
            ),
        ),
        outputs=(
            Output(
                TICKET,
                section="conversation",
                fields={
                    "ticket_id": "id",
                    "subject": "source.subject",
                    "status": "state",
                    "priority": "priority",
                    "channel": "source.type",
                    "created_at": epoch("created_at"),
                    "requester_id": REQUESTER,
                    "assignee_id": holder("admin_assignee_id"),
                    "team_id": holder("team_assignee_id"),
                    "solved_at": epoch("statistics.last_close_at"),
                    "vendor_reopens_count": "statistics.count_reopens",
                    "vendor_made_sla": sql(
                        """
                        case {sla_applied.sla_status}
                            when 'hit' then true
                            when 'missed' then false
                        end"""
                    ),
                    "vendor_first_reply_business_minutes": sql(
                        "cast({statistics.time_to_admin_reply} as double) / 60"
                    ),
                    "version_at": epoch("updated_at"),
                },
            ),
            opened("conversation"),
            part_event(
                "status",
                STATE,
                sql(
                    """
                        {kind} in (
                            'close', 'snoozed', 'open', 'unsnoozed', 'timer_unsnooze',
                            'note_and_reopen'
                        )""",
                    kind=KIND,
                ),
            ),
            part_event(
                "assignee",
                holder(Item("assigned_to.id")),
                sql("{kind} = 'admin'", kind=ASSIGNED_TO),
            ),
            part_event(
                "team", holder(Item("assigned_to.id")), sql("{kind} = 'team'", kind=ASSIGNED_TO)
            ),
            Output(MESSAGE, section="conversation", transform=refuse_missing_parts),
            *MESSAGES,
            *RATINGS,
            *TIME_ENTRIES,
            FIGURES,
        ),
    ),
)
