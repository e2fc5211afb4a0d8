"""Step: one person out of the warehouse and the landing zone, for good.

The next sync or a replay does not bring them back, because rows of an erased person get their
pseudonym on the way in. Counts, times and scores stay, without anybody's name; KPIs are as before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tasks.landing.store import Batch, Landing
from tasks.privacy.pages import Person, cleared, decoded, words_of
from tasks.privacy.persons import PERSON_COLUMNS, Erased, fingerprint, pseudonym
from tasks.quality.checked import Checked, RejectedRow
from tasks.settings import SecretLookup, secrets_of
from tasks.sqlmodels.reads import read
from tasks.warehouse import persons, runlog
from tasks.warehouse.persons import Trace
from tasks.warehouse.session import Session

ACCOUNT = "erasure"


def erased_of(session: Session, account: str, lookup: SecretLookup | None = None) -> Erased | None:
    """The erased persons of an account; None if there are none.

    Raises MissingSecretError without the key they were erased with.
    """
    marks = runlog.erased(session, account)
    if not marks:
        return None
    key = secrets_of(ACCOUNT, ("key",), lookup)["key"]
    return Erased(account, key, frozenset(marks), persons.tickets_of_erased(session, account))


def hidden(checked: Checked, erased: Erased | None) -> Checked:
    """Checked rows with erased persons hidden, in rejected rows too, whose reasons quote values."""
    if erased is None:
        return checked
    rejected = tuple(_hidden_rejection(row, erased) for row in checked.rejected)
    rows = erased.hide(checked.entity, checked.rows)
    return Checked(checked.entity, rows, rejected, checked.verdict)


def _hidden_rejection(row: RejectedRow, erased: Erased) -> RejectedRow:
    """The rejected row, without key and reason where they are an erased person's."""
    names = [erased.instead(value) for value in (row.record_key, *row.persons)]
    if not any(names):
        return row
    return replace(row, record_key=names[0] or row.record_key, reason="erased", persons=())


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
            words |= words_of(decoded(body), customer_id)
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
    """Put pseudonyms into `source` and `ops.quarantine`, and clear what is personal.

    Runs in the caller's transaction; gives what was changed, by table.
    """
    return [
        *persons.replace_ids(session, _customer(person), PERSON_COLUMNS),
        *persons.clear_texts(session, person.account),
        *_clear_quotations(session, person),
    ]


def _clear_quotations(
    session: Session,
    person: Person,
) -> list[Trace]:
    """Clear the person's words in texts of others and in the quarantine."""
    addresses, names = sorted(person.addresses), person.full_names
    cleared_texts = list(persons.clear_words(session, person.account, addresses, names))
    rejected = runlog.clear_quarantine(
        session,
        person.account,
        person.customer_id,
        person.pseudonym,
        sorted({*person.addresses, *person.full_names}),
    )
    return [*cleared_texts, *_if_any(Trace("ops.quarantine", rejected))]


def _customer(person: Person) -> persons.Customer:
    return persons.Customer(person.account, person.customer_id, person.pseudonym)


def _if_any(trace: Trace) -> list[Trace]:
    return [trace] if trace.count else []


def clear_batch(
    session: Session, landing: Landing, batch: Batch, erased: Erased
) -> tuple[bool, list[Person]]:
    """After a load, clear texts on tickets of erased persons, and their pages of the batch.

    Gives whether a text was cleared that the warehouse's file may still hold, and the persons that
    came by.
    """
    traces = list(persons.clear_texts(session, erased.account))
    came_by = []
    for customer_id, name in erased.seen.items():
        words = {
            word
            for _, body in landing.bodies(erased.account, batch)
            if customer_id.encode() in body
            for word in words_of(decoded(body), customer_id)
        }
        person = Person.of(erased.account, customer_id, name, words)
        traces += _clear_quotations(session, person)
        _clear_pages(landing, landing.bodies(erased.account, batch), person)
        came_by.append(person)
    return bool(traces), came_by


def clear_batches(
    session: Session,
    landing: Landing,
    batches: Iterable[Batch],
    came_by: Iterable[Person],
) -> bool:
    """Clear what others wrote of persons whose own record came in another batch of the run.

    True if a text was cleared that the warehouse's file may still hold.
    """
    traces: list[Trace] = []
    known = [person for person in came_by if person.addresses or person.full_names]
    for person in known:
        traces += _clear_quotations(session, person)
        for batch in batches:
            _clear_pages(landing, landing.bodies(person.account, batch), person)
    return bool(traces)


def _clear_pages(landing: Landing, pages: Iterable[tuple[str, bytes]], person: Person) -> int:
    """Rewrite the pages that have something of a person; gives how many."""
    count = 0
    for path, body in pages:
        without = cleared(body, person)
        if without is not None:
            landing.rewrite(path, without)
            count += 1
    return count


def erase_pages(landing: Landing, person: Person) -> Trace:
    """Rewrite landed pages without the person, each put in place by rename."""
    landing.sweep(person.account)
    return Trace("landing zone", _clear_pages(landing, landing.bodies(person.account), person))


def erase_files(folder: str, person: Person) -> Trace:
    """Remove reports in which the person stands; the caller writes the newest one again."""
    paths = list(_files_of(folder, person))
    for path in paths:
        path.unlink()
    return Trace("reports", len(paths))


def _files_of(folder: str, person: Person) -> Iterator[Path]:
    """Files below a folder that have an address or a full name of the person."""
    words = [word.encode() for word in (*person.addresses, *person.full_names)]
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and any(w in content for content in _contents(path) for w in words):
            yield path


def _contents(path: Path) -> Iterator[bytes]:
    import zipfile

    if path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            yield from (book.read(name) for name in book.namelist())
    else:
        yield path.read_bytes()


def remains(session: Session, landing: Landing, folder: str, person: Person) -> list[Trace]:
    """Where something of the person still is: the proof is an empty list."""
    pages = sum(cleared(body, person) is not None for _, body in landing.bodies(person.account))
    files = sum(1 for _ in _files_of(folder, person))
    return [
        *persons.rows_with(session, _customer(person), person.addresses, person.full_names),
        *_if_any(Trace("landing zone", pages)),
        *_if_any(Trace("reports", files)),
    ]


def keep_marks(session: Session, landing: Landing) -> None:
    """Keep the marks of erased persons in the landing zone too.

    A restored backup of the warehouse would otherwise bring back persons whose mark it lacks.
    """
    marks = {(mark.account, mark.fingerprint) for mark in runlog.erased_marks(session)}
    kept = set(landing.erased())
    if marks - kept:
        landing.keep_erased(sorted(marks | kept))


def erase_again(
    session: Session,
    landing: Landing,
    folder: str,
    lookup: SecretLookup | None = None,
) -> bool:
    """Erase persons whose mark the landing zone has and the warehouse lacks: it was restored.

    True if there were such. Raises MissingSecretError without the key. Runs in the caller's
    transaction.
    """
    known = {(mark.account, mark.fingerprint) for mark in runlog.erased_marks(session)}
    lost = sorted(set(landing.erased()) - known)
    key = secrets_of(ACCOUNT, ("key",), lookup)["key"] if lost else ""
    for account in sorted({account for account, _ in lost}):
        marks = {mark for other, mark in lost if other == account}
        for mark in marks:
            runlog.record_erasure(session, account, mark, pseudonym(mark))
        for customer_id in persons.customers(session, account, PERSON_COLUMNS):
            if fingerprint(key, account, customer_id) in marks:
                person = person_of(session, landing, account, customer_id, key)
                erase_rows(session, person)
                erase_files(folder, person)
                erase_pages(landing, person)
    return bool(lost)
