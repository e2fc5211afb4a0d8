"""Intercom 2.16: conversations by change, each fetched with its parts, which are its messages and
its history.

Facts: developers.intercom.com, API descriptions 2.14 and 2.16. Search gives no parts; a
conversation gives its newest 500, so parts are merged by id and never replaced. Parts are not
filtered by their own time: those between two windows would be lost (airbytehq/airbyte#12374). SLA
targets are not exposed; `statistics` leave out closed hours.
"""

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

from tasks.clock import Window, from_epoch, occurrences
from tasks.entities import (
    AGENT,
    BUSINESS_SCHEDULE,
    CUSTOMER,
    HOLIDAY,
    MESSAGE,
    ORGANIZATION,
    SURVEY_INVITATION,
    SURVEY_RESPONSE,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TIME_ENTRY,
    TOMBSTONE,
)
from tasks.rest.auth import Bearer
from tasks.rest.paging import BodyCursor, NextUrl, Scroll
from tasks.rest.shapes import full_refresh, opened, score
from tasks.rest.spec import (
    ChildStream,
    Connector,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
    Total,
)
from tasks.rest.values import Expression, Item, WholeBody, epoch, sql

PAGES = BodyCursor(at="pages.next.starting_after", into=("pagination", "starting_after"))
DAY = 86_400
DAY_OF_WEEK, START = Item("day_of_week"), Item("start_minute")
START_OF_DAY = "(cast({day} as int) + 1) % 7 * 1440"  # the vendor's 0 is Monday, ours Sunday
OPENS = "cast({start} as int)"
full = partial(full_refresh, at="")
PARTS = "conversation_parts.conversation_parts"
KIND = Item("part_type")
ASSIGNED_TO = Item("assigned_to.type")
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


def window_body(window: Window, least: int) -> dict[str, Any]:
    """Both bounds are made wider by a second: texts differ on whether `>` takes the bound in."""
    bounds = (
        ("updated_at", ">", int(window.start.timestamp()) - least),
        ("updated_at", "<", int(window.end.timestamp()) + 1),
    )
    return {
        "query": {
            "operator": "AND",
            "value": [{"field": f, "operator": o, "value": max(v, 0)} for f, o, v in bounds],
        },
        "pagination": {"per_page": 150},
    }


def search(least: int) -> IncrementalWindow:
    return IncrementalWindow(body=lambda window, settings: window_body(window, least))


def role(kind: str | Item, from_ai: str | Item) -> Expression:
    """The role of an author, by its type and by whether an AI agent writes in its name."""
    return sql(
        """
        case
            when {kind} = 'bot' or coalesce(cast({from_ai} as boolean), false) then 'bot'
            when {kind} in ('admin', 'team') then 'agent'
            else 'customer'
        end""",
        kind=kind,
        from_ai=from_ai,
    )


def part_event(field: str, value: Item | Expression, row_filter: Expression) -> Output:
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


def contact(record: Record, context: RecordContext) -> Iterable[Row]:
    companies = (record.get("companies") or {}).get("data") or [{}]
    yield {
        "customer_id": record["id"],
        "organization_id": companies[0].get("id"),
        "name": record.get("name"),
        "email": record.get("email"),
        "created_at": from_epoch(record.get("created_at")),
        "version_at": from_epoch(record.get("updated_at")),
    }


def closed_days(told: Record, context: RecordContext) -> Iterable[Row]:
    first = date.fromisoformat(told["exception_date"])
    days = occurrences(first, None, every="year") if told.get("recurring_annually") else [first]
    for day in days if told["exception_type"] == "closed" else ():
        yield {
            "schedule_id": told["office_hours_schedule_id"],
            "holiday_id": f"{told['id']}-{day}" if len(days) > 1 else told["id"],
            "name": told.get("name"),
            "first_on": str(day),
            "last_on": str(day),
        }


connector = Connector(
    name="intercom",
    title="Intercom",
    docs="https://developers.intercom.com/docs/references/rest-api/api.intercom.io/",
    api_version="2.16",
    base_url="https://api.intercom.io",
    auth=Bearer("access_token"),
    check=Request("/me"),
    headers={"Intercom-Version": "2.16"},
    limits=Limits(requests_per_minute=6000),
    unsupported=("SLA targets", "history of priorities", "merges"),
    streams=(
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
                        "requester_id": "source.author.id",
                        "assignee_id": "admin_assignee_id",
                        "team_id": "team_assignee_id",
                        "solved_at": epoch("statistics.last_close_at"),
                        "vendor_reopens_count": "statistics.count_reopens",
                        "vendor_made_sla": sql(
                            "case {sla_applied.sla_status} when 'hit' then true when 'missed' then"
                            " false end"
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
                    Item("assigned_to.id"),
                    sql("{kind} = 'admin'", kind=ASSIGNED_TO),
                ),
                part_event(
                    "team", Item("assigned_to.id"), sql("{kind} = 'team'", kind=ASSIGNED_TO)
                ),
                Output(
                    MESSAGE,
                    section="conversation",
                    fields={
                        "message_id": sql("'source-' || {id}"),
                        "ticket_id": "id",
                        "sent_at": epoch("created_at"),
                        "author_id": "source.author.id",
                        "sequence": sql("0"),
                        "author_role": role("source.author.type", "source.author.from_ai_agent"),
                        "is_public": sql("true"),
                        "body": "source.body",
                    },
                ),
                Output(
                    MESSAGE,
                    section="conversation",
                    each=PARTS,
                    filter=sql("{body} is not null and {body} <> ''", body=Item("body")),
                    fields={
                        "message_id": Item("id"),
                        "ticket_id": "id",
                        "sent_at": epoch(Item("created_at")),
                        "author_id": Item("author.id"),
                        "sequence": Item("id"),
                        "body": Item("body"),
                        "author_role": role(Item("author.type"), Item("author.from_ai_agent")),
                        "is_public": sql("{kind} not like 'note%'", kind=KIND),
                    },
                ),
                Output(
                    SURVEY_INVITATION,
                    section="conversation",
                    filter=sql("{conversation_rating.created_at} is not null"),
                    fields={
                        "invitation_id": "id",
                        "ticket_id": "id",
                        "customer_id": "conversation_rating.contact.id",
                        "sent_at": epoch("conversation_rating.created_at"),
                    },
                ),
                Output(
                    SURVEY_RESPONSE,
                    section="conversation",
                    filter=sql("{conversation_rating.rating} is not null"),
                    fields={
                        "response_id": "id",
                        "score": "conversation_rating.rating",
                        **score("csat", 1, 5),
                        "ticket_id": "id",
                        "customer_id": "conversation_rating.contact.id",
                        "agent_id": "conversation_rating.teammate.id",
                        "responded_at": epoch("conversation_rating.updated_at"),
                        "comment": "conversation_rating.remark",
                        "version_at": epoch("updated_at"),
                    },
                ),
                Output(
                    TIME_ENTRY,
                    section="conversation",
                    filter=sql("{statistics.handling_time} is not null"),
                    fields={
                        "entry_id": "id",
                        "ticket_id": "id",
                        "agent_id": "admin_assignee_id",
                        "entered_at": sql(
                            "to_timestamp(cast(coalesce({statistics.last_close_at}, {updated_at})"
                            " as double))"
                        ),
                        "seconds": "statistics.handling_time",
                        "version_at": epoch("updated_at"),
                    },
                ),
            ),
        ),
        Stream(
            name="contacts",
            description="Customers; searches look at whole days",
            path="/contacts/search",
            method="POST",
            records="data",
            paging=PAGES,
            sync=search(2 * DAY),
            from_beginning=True,
            outputs=(Output(CUSTOMER, transform=contact),),
        ),
        full(
            "companies",
            "Organizations",
            Output(
                ORGANIZATION,
                fields={
                    "organization_id": "id",
                    "name": "name",
                    "domain": "website",
                    "created_at": epoch("created_at"),
                    "version_at": epoch("updated_at"),
                },
            ),
            path="companies/scroll",
            records="data",
            paging=Scroll(at="scroll_param", param="scroll_param"),
        ),
        full(
            "admins",
            "Agents and their teams",
            Output(
                AGENT,
                fields={
                    "agent_id": "id",
                    "name": "name",
                    "email": "email",
                    "role": sql("'admin'"),
                    "is_active": "has_inbox_seat",
                },
            ),
            Output(TEAM_MEMBERSHIP, each="team_ids", fields={"agent_id": "id", "team_id": Item()}),
        ),
        full(
            "teams",
            "Teams",
            Output(TEAM, fields={"team_id": "id", "name": "name", "is_active": sql("true")}),
        ),
        full(
            "deleted_conversations",
            "Deleted conversations",
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "id",
                    "deleted_at": epoch("deleted_at"),
                    "version_at": epoch("deleted_at"),
                },
            ),
            path="conversations/deleted",
            records="conversations",
            params={"page": "1", "per_page": "60", "order": "desc"},
            paging=NextUrl(at="pages.next"),
            optional=True,
        ),
        full(
            "office_hours",
            "Office hours and their exceptions",
            Output(
                BUSINESS_SCHEDULE,
                each="time_intervals",
                fields={
                    "schedule_id": "id",
                    "name": "name",
                    "time_zone": "time_zone_name",
                    "version_at": epoch("updated_at"),
                    "starts_minute": sql(
                        f"{START_OF_DAY} + {OPENS} % 1440", day=DAY_OF_WEEK, start=START
                    ),
                    "ends_minute": sql(
                        f"{START_OF_DAY} + {OPENS} % 1440 + cast({{end}} as int) - {OPENS}",
                        day=DAY_OF_WEEK,
                        start=START,
                        end=Item("end_minute"),
                    ),
                },
            ),
            Output(HOLIDAY, section="exceptions", transform=closed_days),
            path="office_hours_schedules",
            records="data",
            replaces=True,
            optional=True,
            child_streams=(
                ChildStream(
                    "exceptions",
                    lambda ids: Request(
                        f"/office_hours_schedules/{ids[0]}/office_hours_exceptions"
                    ),
                    key="id",
                    records="data",
                ),
            ),
        ),
    ),
)
