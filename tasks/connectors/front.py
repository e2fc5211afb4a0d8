"""Front: events, which are the increment and the history, and the conversations that they touch.

Facts: dev.frontapp.com. Events (15 a page) lead to conversations, which cannot be asked by time of
change. Inboxes stand for teams; with ticketing on, statuses have categories. Ratings and handle
times (seconds? no page says) are in the analytics export.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from tasks.clock import Window, from_epoch
from tasks.entities import (
    AGENT,
    BUSINESS_SCHEDULE,
    CUSTOMER,
    MESSAGE,
    ORGANIZATION,
    SURVEY_RESPONSE,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TICKET_LINK,
    TIME_ENTRY,
    TOMBSTONE,
)
from tasks.rest.auth import Bearer
from tasks.rest.paging import LinkWithQuery, SinglePage
from tasks.rest.shapes import full_refresh, hours, opened, score
from tasks.rest.spec import (
    ChildStream,
    Connector,
    Export,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
)
from tasks.rest.values import Item, Partition, WholeBody, epoch, sql

COLUMNS = [
    "Activity ID",
    "Type",
    "Message date",
    "Conversation API ID",
    "Author",
    "Assignee",
    "Handle time",
    "Survey rating",
    "Survey comment",
]
STATUS = {"archive": "archived", "reopen": "open", "restore": "open"}
WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HUNDREDS = LinkWithQuery(at="_pagination.next", size={"limit": "100"})
full = partial(full_refresh, at="", records="_results")


def between(window: Window) -> dict[str, str]:
    return {
        "q[after]": f"{window.start.timestamp() - 1:.3f}",
        "q[before]": f"{window.end.timestamp():.3f}",
    }


def first(told: Any) -> Mapping[str, Any]:
    """`data` may be missing, an object or a list of them."""
    found = (told or {}).get("data")
    found = found[0] if isinstance(found, list) and found else found
    return found if isinstance(found, Mapping) else {}


def of(told: Any, kind: str) -> bool:
    return bool(told) and ((told.get("_meta") or {}).get("type") == kind)


def changes(event: Record, context: RecordContext) -> Iterable[Row]:
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
    return (
        {"team_id": inbox["id"], "agent_id": member["id"]}
        for inbox in team.get("inboxes") or ()
        for member in team.get("members") or ()
    )


def week(shift: Record, context: RecordContext) -> Iterable[Row]:
    for number, day in enumerate(WEEK):
        told = (shift.get("times") or {}).get(day)
        if told:
            yield {
                "schedule_id": shift["id"],
                "name": shift.get("name"),
                "time_zone": shift.get("timezone"),
                **hours(number, told["start"], told["end"]),
            }


connector = Connector(
    name="front",
    title="Front",
    docs="https://dev.frontapp.com/reference/introduction",
    api_version="core",
    base_url="https://{company}.api.frontapp.com",
    settings=("company",),
    auth=Bearer("api_token"),
    check=Request("/me"),
    limits=Limits(
        requests_per_minute=80, retry_statuses=frozenset({408, 423, 429, 500, 502, 503, 504})
    ),
    unsupported=("holidays", "SLA targets", "priorities", "customers' organizations"),
    streams=(
        Stream(
            name="events",
            description="Events, and the conversations, messages and comments that they touch",
            path="/events",
            records="_results",
            params={"sort_by": "created_at", "sort_order": "asc"},
            paging=LinkWithQuery(at="_pagination.next", size={"limit": "15"}),
            sync=IncrementalWindow(ask=between),
            child_streams=(
                ChildStream(
                    "conversation",
                    lambda ids: Request(f"/conversations/{ids[0]}"),
                    key="conversation.id",
                    records=WholeBody(),
                    once=True,
                ),
                ChildStream(
                    "messages",
                    lambda ids: Request(f"/conversations/{ids[0]}/messages"),
                    key="conversation.id",
                    records="_results",
                    paging=HUNDREDS,
                    once=True,
                ),
                ChildStream(
                    "comments",
                    lambda ids: Request(f"/conversations/{ids[0]}/comments"),
                    key="conversation.id",
                    records="_results",
                    once=True,
                ),
            ),
            outputs=(
                Output(TICKET_EVENT, transform=changes),
                Output(TICKET_LINK, transform=merges),
                opened("conversation"),
                Output(
                    TOMBSTONE,
                    filter=sql("{type} = 'trash'"),
                    fields={
                        "entity": sql("'ticket'"),
                        "record_id": "conversation.id",
                        "deleted_at": epoch("emitted_at"),
                        "version_at": epoch("emitted_at"),
                    },
                ),
                Output(
                    TICKET,
                    section="conversation",
                    filter=sql("{status} <> 'deleted'"),
                    fields={
                        "ticket_id": "id",
                        "number": sql("cast({ticket_ids} as varchar[])[1]"),
                        "subject": "subject",
                        "type": "type",
                        "created_at": epoch("created_at"),
                        "status": sql(
                            "case when {status} = 'archived' then {status} else"
                            " coalesce({status_category}, {status}) end"
                        ),
                        "requester_id": sql(
                            "regexp_extract({recipient._links.related.contact}, '([^/]+)$', 1)"
                        ),
                        "assignee_id": "assignee.id",
                        "version_at": sql(
                            "to_timestamp(cast(coalesce({updated_at}, {created_at}) as double))"
                        ),
                    },
                ),
                Output(
                    MESSAGE,
                    section="messages",
                    filter=sql("{draft_mode} is null"),
                    fields={
                        "message_id": "id",
                        "ticket_id": Partition(),
                        "sent_at": epoch("created_at"),
                        "author_id": "author.id",
                        "is_public": sql("true"),
                        "channel": "type",
                        "body": "text",
                        "author_role": sql(
                            "case when cast({is_inbound} as boolean) then 'customer' when"
                            " {author.id} is null then 'system' end"
                        ),
                        "sequence": sql("cast(cast({created_at} as double) * 1000 as bigint)"),
                    },
                ),
                Output(
                    MESSAGE,
                    section="comments",
                    fields={
                        "message_id": "id",
                        "ticket_id": Partition(),
                        "sent_at": epoch("posted_at"),
                        "author_id": "author.id",
                        "is_public": sql("false"),
                        "body": "body",
                        "sequence": sql("cast(cast({posted_at} as double) * 1000 as bigint)"),
                    },
                ),
            ),
        ),
        Stream(
            name="activities",
            description=(
                "Ratings and agents' time from the analytics export; a week is read again, since"
                " ratings come late"
            ),
            path="/analytics/exports",
            records="rows",
            flat=True,
            paging=SinglePage(),
            sync=IncrementalWindow(overlap=timedelta(days=7)),
            optional=True,
            empty_is_null=True,
            export=Export(
                start=lambda _, window, settings: Request(
                    "/analytics/exports",
                    method="POST",
                    body={
                        "start": int(window.start.timestamp()),
                        "end": int(window.end.timestamp()),
                        "timezone": "Etc/UTC",
                        "type": "events",
                        "filters": {},
                        "columns": COLUMNS,
                    },
                ),
                job_at="id",
                poll=lambda _, job: Request(f"/analytics/exports/{job}"),
                state_at="status",
                done=frozenset({"done"}),
                failed=frozenset({"failed", "too_big"}),
                file_at="url",
                file=lambda _, url: Request(url),
                kind="csv",
                size_at="size",
            ),
            outputs=(
                Output(
                    SURVEY_RESPONSE,
                    filter=sql("{Survey rating} is not null"),
                    fields={
                        "response_id": "Activity ID",
                        "score": "Survey rating",
                        **score("csat", 1, 5),
                        "ticket_id": "Conversation API ID",
                        "agent_id": "Assignee",
                        "responded_at": "Message date",
                        "comment": "Survey comment",
                    },
                ),
                Output(
                    TIME_ENTRY,
                    filter=sql("{Handle time} is not null"),
                    fields={
                        "entry_id": "Activity ID",
                        "ticket_id": "Conversation API ID",
                        "agent_id": sql("coalesce({Author}, {Assignee})"),
                        "entered_at": "Message date",
                        "seconds": "Handle time",
                    },
                ),
            ),
        ),
        full(
            "teammates",
            "Agents, and bots that write like them",
            Output(
                AGENT,
                fields={
                    "agent_id": "id",
                    "login": "username",
                    "name": sql("concat_ws(' ', {first_name}, {last_name})"),
                    "email": "email",
                    "is_active": sql("not cast({is_blocked} as boolean)"),
                    "role": sql("case when {type} = 'user' then 'user' else {type} || ' bot' end"),
                },
            ),
        ),
        full(
            "teams",
            "Inboxes, which stand for teams, and who works in them",
            Output(
                TEAM,
                each="inboxes",
                fields={"team_id": Item("id"), "name": Item("name"), "is_active": sql("true")},
            ),
            Output(TEAM_MEMBERSHIP, transform=members),
        ),
        full(
            "contacts",
            "Customers",
            Output(CUSTOMER, fields={"customer_id": "id", "name": "name"}),
            paging=HUNDREDS,
        ),
        full(
            "accounts",
            "Organizations",
            Output(
                ORGANIZATION,
                fields={
                    "organization_id": "id",
                    "name": "name",
                    "domain": sql("cast({domains} as varchar[])[1]"),
                    "created_at": epoch("created_at"),
                    "version_at": epoch("updated_at"),
                },
            ),
            paging=HUNDREDS,
            optional=True,
        ),
        full(
            "shifts",
            "Working hours; holidays are not in the API",
            Output(BUSINESS_SCHEDULE, transform=week),
            replaces=True,
            optional=True,
        ),
    ),
)
