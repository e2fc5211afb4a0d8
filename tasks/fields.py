"""Step: which of a vendor's own fields an account's settings mean.

The settings name a field by id, key or label. The vendor's own list decides what that is; a text
that means no field, or several, is not read, and an alert says what to write.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from tasks.connectors import connector
from tasks.entities import FIELD
from tasks.rest.fields import (
    CLOSED_KINDS,
    Chosen,
    Definition,
    Found,
    OwnFields,
    find_field,
    is_asked_for,
)
from tasks.rest.spec import Stream
from tasks.settings import AccountSettings, FieldSettings
from tasks.sqlmodels.reads import read
from tasks.warehouse import runlog
from tasks.warehouse.session import Session
from tasks.warehouse.tables import ACCOUNT_FIELD


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of the settings, and what it is at the vendor."""

    name: str
    settings: FieldSettings
    found: Found

    @property
    def is_slice(self) -> bool:
        """Whether KPIs are given by its values: as set, else those of closed lists."""
        wanted = self.settings.slice
        return self.found.kind in CLOSED_KINDS if wanted is None else wanted


class Recorded(NamedTuple):
    """A chosen field as the latest build knew it."""

    name: str
    record_type: str
    wanted: str
    field_id: str
    kind: str | None
    chosen_at: datetime


def defines_fields(stream: Stream) -> bool:
    """Whether a stream brings the vendor's list of fields."""
    return any(output.entity is FIELD for output in stream.outputs)


def choices(
    session: Session,
    account: AccountSettings,
) -> list[Choice]:
    """The fields of an account's settings, each as the vendor's list has it."""
    if not account.fields:
        return []
    defined = read(session, "fields/definitions", Definition, account=account.name)
    former = {one.name: one for one in _recorded(session, account)}
    found = []
    for name, wanted in account.fields.items():
        meant = _found(account, wanted, defined, former.get(name))
        found.append(Choice(name, wanted, meant))
    return found


def chosen(
    session: Session,
    account: AccountSettings,
) -> tuple[Chosen, ...]:
    """The fields that are read for an account."""
    return tuple(
        dict.fromkeys(
            Chosen(one.settings.of, one.found.field_id, one.found.kind)
            for one in choices(session, account)
            if one.found.is_read
        )
    )


def _recorded(
    session: Session,
    account: AccountSettings,
) -> list[Recorded]:
    return read(session, "fields/recorded", Recorded, account=account.name)


def _found(
    account: AccountSettings,
    wanted: FieldSettings,
    defined: Iterable[Definition],
    former: Recorded | None,
) -> Found:
    """What the vendor's list says; for a field that left the list, what it was."""
    places = [
        one for one in connector(account.connector).own_fields if one.record_type == wanted.of
    ]
    reserved = {name for place in places for name in place.reserved}
    found = find_field(wanted.field, wanted.of, reserved, defined)
    if found.is_read or not found.problem:
        return found
    if found.is_listed:
        return replace(found, is_read=any(map(_keeps_what_is_not_there, places)))
    if former and (former.record_type, former.wanted) == (wanted.of, wanted.field):
        return replace(found, field_id=former.field_id, kind=former.kind)
    return found


def _keeps_what_is_not_there(place: OwnFields) -> bool:
    """Whether records without the field leave its value as it is, so that reading it is safe."""
    return bool(place.item_id)


def record_choices(
    session: Session,
    accounts: Iterable[AccountSettings],
    run_id: str,
) -> None:
    """Record the chosen fields for the models, in the caller's transaction."""
    began = runlog.began_at(session, run_id)
    rows = [row for account in accounts for row in _rows(session, account, began)]
    if runlog.replace_rows(session, ACCOUNT_FIELD, rows):
        runlog.mark_changed(session, ACCOUNT_FIELD.fullname)


def _rows(
    session: Session,
    account: AccountSettings,
    began: datetime,
) -> Iterator[dict[str, Any]]:
    if not account.fields:
        return
    since = {(one.name, one.field_id): one.chosen_at for one in _recorded(session, account)}
    for choice in choices(session, account):
        yield {
            "account": account.name,
            "name": choice.name,
            "record_type": choice.settings.of,
            "wanted": choice.settings.field,
            "field_id": choice.found.field_id,
            "kind": choice.found.kind,
            "is_slice": choice.is_slice,
            "chosen_at": since.get((choice.name, choice.found.field_id), began),
            "filled_by": _filled_by(account, choice),
            "problem": choice.found.problem or None,
        }


def _filled_by(account: AccountSettings, choice: Choice) -> str:
    """Landed pages have every field, unless the vendor sends only those that are asked for."""
    places = connector(account.connector).own_fields
    one = Chosen(choice.settings.of, choice.found.field_id)
    return "backfill" if is_asked_for(places, one) else "replay"
