"""Step: one person out of the warehouse and the landing zone, for good.

The next sync or a replay does not bring them back, because rows of an erased person get their
pseudonym on the way in. Counts, times and scores stay, without anybody's name; KPIs are as before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from tasks.entities import ENTITIES
from tasks.landing.store import Batch, Landing
from tasks.privacy.pages import Person, cleared, words_of
from tasks.privacy.persons import PERSON_COLUMNS, Erased, fingerprint, pseudonym
from tasks.quality.checked import Checked
from tasks.settings import SecretLookup, secrets_of
from tasks.sqlmodels.reads import read
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import touch_tickets
from tasks.warehouse.session import Session
from tasks.warehouse.tables import source_columns

ACCOUNT = "erasure"


@dataclass(frozen=True, slots=True)
class Trace:
    """A place where something of a person was, and how much."""

    place: str
    count: int


def erased_of(session: Session, account: str, lookup: SecretLookup | None = None) -> Erased | None:
    """The erased persons of an account; None if there are none.

    Raises MissingSecretError without the key they were erased with.
    """
    marks = runlog.erased(session, account)
    return (
        Erased(account, secrets_of(ACCOUNT, ("key",), lookup)["key"], frozenset(marks))
        if marks
        else None
    )


def hidden(checked: Checked, erased: Erased | None) -> Checked:
    """Checked rows with erased persons hidden."""
    if erased is None:
        return checked
    return Checked(
        checked.entity, erased.hide(checked.entity, checked.rows), checked.rejected, checked.verdict
    )


class CustomerWords(NamedTuple):
    """What a customer is called."""

    name: str | None
    email: str | None
    login: str | None


class TicketId(NamedTuple):
    """A ticket by the vendor's id."""

    ticket_id: str


class CustomerId(NamedTuple):
    """A customer of an account."""

    account: str
    customer_id: str


def person_of(
    session: Session, landing: Landing, account: str, customer_id: str, key: str
) -> Person:
    """Collect what is needed to find a person.

    Names and addresses come from warehouse and landed pages, with the ids of their tickets.
    """
    name = pseudonym(fingerprint(key, account, customer_id))
    customer = {"account": account, "customer_id": customer_id}
    rows = read(session, "erase/customer_words", CustomerWords, **customer)
    words = {word for row in rows for word in row if word}
    for _, body in landing.bodies(account):
        if customer_id.encode() in body:
            words |= words_of(msgspec.json.decode(body), customer_id)
    tickets = read(session, "erase/tickets", TicketId, **customer, pseudonym=name)
    return Person.of(account, customer_id, name, words, frozenset(row.ticket_id for row in tickets))


def same_address(session: Session, person: Person) -> list[tuple[str, str]]:
    """Other customers, of any account, that have an address of the person.

    Empty unless personal data is switched on for the accounts.
    """
    rows = read(
        session,
        "erase/same_address",
        CustomerId,
        addresses=sorted(person.addresses),
        account=person.account,
        customer_id=person.customer_id,
        pseudonym=person.pseudonym,
    )
    return [(row.account, row.customer_id) for row in rows]


def erase_rows(session: Session, person: Person) -> list[Trace]:
    """Pseudonyms in `source` and `ops.quarantine`, nothing personal in the person's rows and on
    their tickets. In the caller's transaction.
    """
    found = []
    for name, columns in PERSON_COLUMNS.items():
        count = sum(_replace(session, name, column, person) for column in columns)
        if count:
            runlog.mark_changed(session, f"source.{name}")
            found.append(Trace(f"source.{name}", count))
    found += clear_texts(session, person.account)
    count = runlog.clear_quarantine(
        session,
        person.account,
        person.customer_id,
        person.pseudonym,
        sorted({*person.addresses, *person.full_names}),
    )
    return [*found, Trace("ops.quarantine", count)] if count else found


def _replace(session: Session, name: str, column: str, person: Person) -> int:
    entity = ENTITIES[name]
    personal = "".join(f", {c.name} = null" for c in entity.columns if c.personal)
    where = f"account = :account and {column} = :id" + (
        " and kind = 'customer'" if name == "ticket_link" else ""
    )
    values = {"account": person.account, "id": person.customer_id}
    names = [c.name for c in source_columns(entity)]
    touch_tickets(
        session, f"source.{name}", names, f"(select * from source.{name} where {where})", values
    )
    if (
        column in entity.key
    ):  # a run between erasure and now may have made the pseudonym's row already
        session.execute(
            f"delete from source.{name} where account = :account and {column} = :other",
            {"account": person.account, "other": person.pseudonym},
        )
    return session.execute(
        f"update source.{name} set {column} = :other{personal} where {where}",
        {**values, "other": person.pseudonym},
    ).rowcount


def clear_texts(session: Session, account: str) -> Iterator[Trace]:
    """Texts of others on tickets of erased persons: an agent's answer calls them by name."""
    for table, column in (
        ("ticket", "subject"),
        ("message", "body"),
        ("survey_response", "comment"),
    ):
        count = session.execute(
            f"update source.{table} set {column} = null where account = :account and {column} is"
            " not null and ticket_id in (select ticket_id from source.ticket where account ="
            " :account and requester_id like 'erased-%')",
            {"account": account},
        ).rowcount
        if count:
            yield Trace(f"source.{table}.{column}", count)


def clear_batch(session: Session, landing: Landing, batch: Batch, erased: Erased) -> None:
    """After a load: texts on the tickets of erased persons, and landed pages of the batch that have
    one of them.
    """
    list(clear_texts(session, erased.account))
    for customer_id, name in erased.seen.items():
        words = {
            w
            for _, body in landing.bodies(erased.account, batch)
            if customer_id.encode() in body
            for w in words_of(msgspec.json.decode(body), customer_id)
        }
        person = Person.of(erased.account, customer_id, name, words)
        for path, body in landing.bodies(erased.account, batch):
            fresh = cleared(body, person)
            if fresh is not None:
                landing.rewrite(path, fresh)


def erase_pages(landing: Landing, person: Person) -> Trace:
    """Landed pages rewritten, each beside and renamed."""
    count = 0
    landing.sweep(person.account)
    for path, body in landing.bodies(person.account):
        fresh = cleared(body, person)
        if fresh is not None:
            landing.rewrite(path, fresh)
            count += 1
    return Trace("landing zone", count)


def erase_files(folder: str, person: Person) -> Trace:
    """Reports in which the person stands are removed; the newest is written again by the caller."""
    count = 0
    for path in Path(folder).rglob("*") if Path(folder).is_dir() else ():
        if path.is_file() and _tells_of(path, person):
            path.unlink()
            count += 1
    return Trace("reports", count)


def _tells_of(path: Path, person: Person) -> bool:
    return any(
        word.encode() in content
        for content in _contents(path)
        for word in (*person.addresses, *person.full_names)
    )


def _contents(path: Path) -> Iterator[bytes]:
    import zipfile

    if path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            yield from (book.read(name) for name in book.namelist())
    else:
        yield path.read_bytes()


def remains(session: Session, landing: Landing, folder: str, person: Person) -> list[Trace]:
    """Where something of the person still is: the proof is an empty list."""
    found = [
        Trace(f"{table}.{column}", count) for table, column, count in _in_tables(session, person)
    ]
    pages = sum(cleared(body, person) is not None for _, body in landing.bodies(person.account))
    files = sum(p.is_file() and _tells_of(p, person) for p in Path(folder).rglob("*"))
    return [
        *found,
        *(
            trace
            for trace in (Trace("landing zone", pages), Trace("reports", files))
            if trace.count
        ),
    ]


def _in_tables(session: Session, person: Person) -> Iterator[tuple[str, str, int]]:
    """Text columns with one of the person's addresses, texts with their name, and columns of
    persons with the id.
    """
    addresses = {f"w{number}": word for number, word in enumerate(sorted(person.addresses))}
    names = {f"n{number}": word for number, word in enumerate(person.full_names)}
    for table, columns in session.text_columns().items():
        scope, account = (
            ("account = :account and ", {"account": person.account})
            if "account" in columns
            else ("", {})
        )
        for column in columns:
            words = {**addresses, **names} if column in _TEXTS else addresses
            told = [f'position(:{name} in "{column}") > 0' for name in words]
            given = {**words, **account}
            if column in _PERSONS and scope:
                told, given = [*told, f'"{column}" = :id'], {**given, "id": person.customer_id}
            if told:
                count = session.fetch(
                    f"select count(*) from {table} where {scope}({' or '.join(told)})",
                    given,
                )[0][0]
                if count:
                    yield table, column, count


_TEXTS = {"subject", "body", "comment", "reason", "message", "description"}
_PERSONS = {"requester_id", "customer_id", "author_id", "actor_id", "created_by_id", "record_key"}
