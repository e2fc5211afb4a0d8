"""Intercom: what was written on tickets."""

from tasks.connectors.intercom.api import KIND, PARTS
from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Expression, Item, epoch, sql


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


# Parts of other kinds, such as "attribute updated", have no text. A remark of a rating is no reply.
PUBLIC = (
    "comment",
    "quick_reply",
    "open",
    "close",
    "assignment",
    "assign_and_unsnooze",
    "assign_and_reopen",
)

PRIVATE = ("note", "note_and_reopen")

REMARKS = ("conversation_rating_changed", "conversation_rating_remark_added")


def listed(kinds: tuple[str, ...]) -> str:
    """Kinds of parts as a list in SQL."""
    return ", ".join(f"'{kind}'" for kind in kinds)


IS_PUBLIC = sql(
    f"""
    case
        when {{kind}} in ({listed(PUBLIC)}) then true
        when {{kind}} in ({listed(PRIVATE)}) then false
        else error('a part of type ' || coalesce({{kind}}, 'none') || ' has a text: whether the'
            || ' customer sees it is not known')
    end""",
    kind=KIND,
)

MESSAGES = (
    Output(
        MESSAGE,
        section="conversation",
        fields={
            "message_id": sql("'source-' || {id}"),
            "ticket_id": "id",
            "sent_at": epoch("created_at"),
            "author_id": "source.author.id",
            "sequence": sql("0"),
            "author_role": sql(
                """
                case
                    when {kind} = 'bot' or coalesce(cast({from_ai} as boolean), false) then 'bot'
                    when {kind} in ('admin', 'team') and {how} in (
                        'automated', 'campaigns_initiated', 'operator_initiated'
                    ) then 'bot'
                    when {kind} in ('admin', 'team') then 'agent'
                    else 'customer'
                end""",
                kind="source.author.type",
                from_ai="source.author.from_ai_agent",
                how="source.delivered_as",
            ),
            "is_public": sql("true"),
            "body": "source.body",
        },
    ),
    Output(
        MESSAGE,
        section="conversation",
        each=PARTS,
        filter=sql(
            f"""
            {{body}} is not null and {{body}} <> ''
            and coalesce({{kind}}, '') not in ({listed(REMARKS)})""",
            body=Item("body"),
            kind=KIND,
        ),
        fields={
            "message_id": Item("id"),
            "ticket_id": "id",
            "sent_at": epoch(Item("created_at")),
            "author_id": Item("author.id"),
            "sequence": Item("id"),
            "body": Item("body"),
            "author_role": role(Item("author.type"), Item("author.from_ai_agent")),
            "is_public": IS_PUBLIC,
        },
    ),
)
