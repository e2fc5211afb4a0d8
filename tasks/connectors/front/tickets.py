"""Front: tickets and their history."""

from tasks.clock import Window
from tasks.connectors.front.api import HUNDREDS
from tasks.connectors.front.messages import MESSAGES
from tasks.connectors.front.transforms import changes, merges
from tasks.entities import TICKET, TICKET_EVENT, TICKET_LINK, TOMBSTONE
from tasks.rest.paging import LinkWithQuery
from tasks.rest.shapes import opened
from tasks.rest.spec import ChildStream, IncrementalWindow, Output, Request, Stream
from tasks.rest.values import WholeBody, epoch, sql

MESSAGE_TYPES = frozenset(
    {"inbound", "outbound", "out_reply", "forward", "sending_error", "conversations_merged"}
)
IS_TICKET = sql(  # discussions and tasks are among teammates
    "{status} <> 'deleted' and coalesce({type}, 'conversation') = 'conversation'"
)
VERSION = sql("to_timestamp(coalesce(cast({updated_at} as double), cast({created_at} as double)))")
COMMENT_TYPES = frozenset({"comment", "mention", "conversations_merged"})


def between(window: Window) -> dict[str, str]:
    """Events of a window, whose start is exclusive in this API."""
    return {
        "q[after]": f"{window.start.timestamp() - 1:.3f}",
        "q[before]": f"{window.end.timestamp():.3f}",
    }


STREAMS = (
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
                filter=MESSAGE_TYPES.__contains__,
                filter_at="type",
            ),
            ChildStream(
                "comments",
                lambda ids: Request(f"/conversations/{ids[0]}/comments"),
                key="conversation.id",
                records="_results",
                once=True,
                filter=COMMENT_TYPES.__contains__,
                filter_at="type",
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
                filter=IS_TICKET,
                fields={
                    "ticket_id": "id",
                    "number": sql("cast({ticket_ids} as varchar[])[1]"),
                    "subject": "subject",
                    "type": "type",
                    "created_at": epoch("created_at"),
                    "status": sql(
                        """
                        case
                            when {status} = 'archived' then {status}
                            else coalesce({status_category}, {status})
                        end"""
                    ),
                    "requester_id": sql(
                        "regexp_extract({recipient._links.related.contact}, '([^/]+)$', 1)"
                    ),
                    "assignee_id": "assignee.id",
                    "version_at": VERSION,
                },
            ),
            *MESSAGES,
        ),
    ),
)
