"""Statements that take a person out of the tables: one for each column in which a person stands."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tasks.entities import CUSTOMER_FIELD, ENTITIES, Entity
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import touch_tickets
from tasks.warehouse.session import Session
from tasks.warehouse.tables import source_columns

# texts in which others may call a person by name
_TEXTS = {"subject", "body", "comment", "reason", "message", "description"}
_IDS = {"requester_id", "customer_id", "author_id", "actor_id", "created_by_id", "record_key"}
_KEYS = {"requester_key", "customer_key"}  # account and id as one text
_TICKETS_OF_ERASED = (
    "select ticket_id from source.ticket where account = :account and requester_id like 'erased-%'"
)
_RESERVED_FIELD = "t.field_id in ('tags', 'brand', 'form', 'language', 'contact_reason')"
_TEXT_FIELDS = (  # free texts of tickets; a field that no list has may be one
    "not exists (select 1 from source.field as f where f.account = t.account and"
    " f.record_type = 'ticket' and f.field_id = t.field_id and f.kind <> 'text')"
    f" and not {_RESERVED_FIELD}"
)
_CLOSED_FIELD = (  # values of a closed list, which slices count; all else may name the person
    f"({_RESERVED_FIELD} or exists (select 1 from source.field as f where"
    " f.account = t.account and f.record_type = 'customer' and f.field_id = t.field_id"
    " and f.kind in ('one', 'many', 'flag', 'cascade')))"
)
_TEXTS_OF_TICKETS = (("ticket", "subject"), ("message", "body"), ("survey_response", "comment"))


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of an account, and the pseudonym that stands for them."""

    account: str
    customer_id: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A place with something of a person, and how many rows, pages or files it has of it."""

    place: str
    count: int


def replace_ids(
    session: Session, customer: Customer, columns: Mapping[str, Collection[str]]
) -> Iterator[Trace]:
    """Put the pseudonym in place of the id, and clear what is personal in the customer's rows.

    `columns`: entity to the columns that hold a customer's id. Gives the tables that changed, with
    the number of replaced ids. Runs in the caller's transaction.
    """
    for name, ids in columns.items():
        count = sum(_replace(session, customer, ENTITIES[name], column) for column in ids)
        if count:
            runlog.mark_changed(session, f"source.{name}")
            yield Trace(f"source.{name}", count)


def _replace(session: Session, customer: Customer, entity: Entity, column: str) -> int:
    table = f"source.{entity.name}"
    of_account = f"account = :account and {column}"
    where = f"{of_account} = :customer_id"
    where += " and kind = 'customer'" if entity.name == "ticket_link" else ""
    values = {"account": customer.account, "customer_id": customer.customer_id}
    names = [c.name for c in source_columns(entity)]
    touch_tickets(session, table, names, f"(select * from {table} where {where})", values)
    pseudonym = {"account": customer.account, "pseudonym": customer.pseudonym}
    if entity is CUSTOMER_FIELD:
        return _replace_in_fields(session, values, pseudonym)
    if column in entity.key:
        # a run between erasure and now may have made the pseudonym's row already
        session.execute(f"delete from {table} where {of_account} = :pseudonym", pseudonym)
    cleared = "".join(f", {c.name} = null" for c in entity.columns if c.personal)
    return session.execute(
        f"update {table} set {column} = :pseudonym{cleared} where {where}", {**values, **pseudonym}
    ).rowcount


def _replace_in_fields(
    session: Session, values: Mapping[str, str], pseudonym: Mapping[str, str]
) -> int:
    """Remove a person's own fields, but for closed lists, which stay under the pseudonym."""
    table, theirs = "source.customer_field", "t.account = :account and t.customer_id = :customer_id"
    removed = session.execute(
        f"delete from {table} as t where {theirs} and not {_CLOSED_FIELD}", values
    ).rowcount
    given = {**values, **pseudonym}
    session.execute(
        f"delete from {table} as t where t.account = :account and t.customer_id = :pseudonym"
        f" and exists (select 1 from {table} as own where own.account = t.account"
        " and own.customer_id = :customer_id and own.field_id = t.field_id)",
        given,
    )
    kept = session.execute(
        f"update {table} as t set customer_id = :pseudonym where {theirs}", given
    ).rowcount
    return int(removed + kept)


def clear_texts(session: Session, account: str) -> Iterator[Trace]:
    """Clear texts of others on tickets of erased persons: an agent's answer calls them by name."""
    for table, column in _TEXTS_OF_TICKETS:
        count = session.execute(
            f"update source.{table} set {column} = null where account = :account"
            f" and {column} is not null and ticket_id in ({_TICKETS_OF_ERASED})",
            {"account": account},
        ).rowcount
        if count:
            yield Trace(f"source.{table}.{column}", count)
    for table, columns in (
        ("ticket_field", ("value",)),
        ("ticket_field_event", ("from_value", "to_value")),
    ):
        yield from _clear_own_fields(session, account, table, columns)


def _clear_own_fields(
    session: Session, account: str, table: str, columns: Collection[str]
) -> Iterator[Trace]:
    """Clear the free texts in own fields of erased persons' tickets."""
    cleared = ", ".join(f"{column} = null" for column in columns)
    filled = " or ".join(f"t.{column} is not null" for column in columns)
    count = session.execute(
        f"update source.{table} as t set {cleared} where t.account = :account and ({filled})"
        f" and t.ticket_id in ({_TICKETS_OF_ERASED}) and {_TEXT_FIELDS}",
        {"account": account},
    ).rowcount
    if count:
        runlog.mark_changed(session, f"source.{table}")
        yield Trace(f"source.{table}", count)


def clear_words(
    session: Session,
    account: str,
    addresses: Collection[str],
    names: Collection[str],
) -> Iterator[Trace]:
    """Put … in place of a person's words in all texts of an account, others' texts too.

    An address in another customer's subject is still the person's. A name goes where a longer text
    has it: alone it may be a namesake's. Keys stay.
    """
    for table, columns in session.text_columns().items():
        schema, _, name = table.partition(".")
        if schema not in {"source", "ops"} or "account" not in columns:
            continue
        keys = ENTITIES[name].key if schema == "source" else ()
        cleared = [c for c in columns if c not in keys and (schema == "source" or c in _TEXTS)]
        for column in cleared:
            words = [*addresses, *(names if column in _TEXTS else ())]
            count = sum(_clear_word(session, account, table, column, word) for word in words)
            if count:
                runlog.mark_changed(session, table)
                yield Trace(f"{table}.{column}", count)


def _clear_word(
    session: Session,
    account: str,
    table: str,
    column: str,
    word: str,
) -> int:
    is_longer = "" if "@" in word else f' and length("{column}") > {len(word)}'
    where = f'account = :account and position(lower(:word) in lower("{column}")) > 0{is_longer}'
    values = {"account": account, "word": word}
    schema, _, name = table.partition(".")
    if schema == "source":
        names = [c.name for c in source_columns(ENTITIES[name])]
        touch_tickets(session, table, names, f"(select * from {table} where {where})", values)
    return session.execute(
        f"update {table} set \"{column}\" = regexp_replace(\"{column}\", :pattern, '…', 'gi')"
        f" where {where}",
        {**values, "pattern": re.escape(word)},
    ).rowcount


def tickets_of_erased(
    session: Session,
    account: str,
) -> set[str]:
    """Ids of the tickets of erased persons."""
    rows = session.fetch(_TICKETS_OF_ERASED, {"account": account})
    return {str(row[0]) for row in rows}


def customers(
    session: Session,
    account: str,
    columns: Mapping[str, Collection[str]],
) -> list[str]:
    """Ids of all customers that stand in the rows of an account, in `columns` by entity."""
    found: set[str] = set()
    for name, ids in columns.items():
        for column in ids:
            rows = session.fetch(
                f"select distinct {column} from source.{name} where account = :account"
                f" and {column} is not null",
                {"account": account},
            )
            found |= {str(row[0]) for row in rows}
    return sorted(found)


def rows_with(
    session: Session, customer: Customer, addresses: Collection[str], names: Collection[str]
) -> Iterator[Trace]:
    """Columns of any table that have something of a person, with the number of rows.

    Addresses are looked for in every text column, names in the columns of longer texts, the id in
    the columns of ids of the customer's account.
    """
    for table, columns in session.text_columns().items():
        has_account = "account" in columns
        for column in columns:
            words = [*sorted(addresses), *(names if column in _TEXTS else ())]
            given: dict[str, object] = {f"w{place}": word for place, word in enumerate(words)}
            conditions = [f'position(:{name} in "{column}") > 0' for name in given]
            if column in _IDS and has_account:
                conditions.append(f'"{column}" = :customer_id')
                given["customer_id"] = customer.customer_id
            if column in _KEYS:
                conditions.append(f'"{column}" = :customer_key')
                given["customer_key"] = f"{customer.account}|{customer.customer_id}"
            if not conditions:
                continue
            where = f"({' or '.join(conditions)})"
            if has_account:
                where += " and account = :account"
                given["account"] = customer.account
            count = session.execute(f"select count(*) from {table} where {where}", given).scalar()
            if count:
                yield Trace(f"{table}.{column}", int(count))
