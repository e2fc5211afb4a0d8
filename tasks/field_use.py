"""Step: what fields an account has, how often they are filled, and with what.

Read from the newest landed pages, whether or not the settings name a field. Values are shown of
closed lists only, as counts: a free text may hold anything.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tasks.connectors import connector
from tasks.landing.store import Landing, Source
from tasks.rest.fields import (
    CLOSED_KINDS,
    ENTITY_OF,
    RESERVED,
    Chosen,
    Definition,
    OwnFields,
    find_field,
    is_asked_for,
    with_fields,
)
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN, Stream
from tasks.settings import AccountSettings
from tasks.sqlmodels.reads import read
from tasks.translation.columns import RecordBuffer, translate
from tasks.warehouse.session import Session

_MOST_RECORDS = 2_000
_MOST_VALUES = 4
_LONGEST_NAME = 40
_ENTITIES = {entity.name for entity in ENTITY_OF.values()}


class FieldOption(NamedTuple):
    """A value that a field can have."""

    record_type: str
    field_id: str
    value: str
    label: str


@dataclass(slots=True)
class FieldUse:
    """One field of an account, and its use in the newest records.

    `name` is what the settings call it; empty if they do not name it. `asked` fields are on landed
    pages only where the settings name them.
    """

    account: str
    record_type: str
    field_id: str
    label: str
    kind: str | None
    is_active: bool = True
    name: str = ""
    is_asked: bool = False
    records: int = 0
    filled: int = 0
    values: Counter[str] = field(default_factory=Counter)

    @property
    def filled_share(self) -> float | None:
        """Filled records as a share; None where none was seen."""
        return self.filled / self.records if self.records else None

    @property
    def most_frequent(self) -> list[tuple[str, int]]:
        """The most frequent values of a closed list, with the number of records."""
        return self.values.most_common(_MOST_VALUES)

    @property
    def is_proposed(self) -> bool:
        """A closed list that is filled, or can be asked for, and is not named yet."""
        is_open = self.kind not in CLOSED_KINDS or not self.is_active
        return not is_open and not self.name and (self.filled > 0 or self.is_asked)


def field_uses(session: Session, landing: Landing, account: AccountSettings) -> list[FieldUse]:
    """Every field of an account, reserved ones first."""
    places = connector(account.connector).own_fields
    defined = read(session, "fields/definitions", Definition, account=account.name)
    found = {(one.record_type, one.field_id): one for one in _known(account, places, defined)}
    options = read(session, "fields/options", FieldOption, account=account.name)
    labels = {(one.record_type, one.field_id, one.value): one.label for one in options}
    chosen = [Chosen(*key, use.kind) for key, use in found.items()]
    streams = with_fields(connector(account.connector).streams, places, chosen)
    for place in places:
        stream = next(one for one in streams if one.name == place.stream)
        values = _newest(landing, account, stream, place)
        _count(found, labels, place.record_type, values)
    return list(found.values())


def _known(
    account: AccountSettings, places: Sequence[OwnFields], defined: Sequence[Definition]
) -> Iterator[FieldUse]:
    """The fields of the vendor's lists, the reserved ones, and those that the settings name."""
    for place in places:
        for one in place.reserved:
            asked = is_asked_for(places, Chosen(place.record_type, one))
            use = FieldUse(account.name, place.record_type, one, one, RESERVED[one], is_asked=asked)
            yield _named(use, account, places)
    for own in defined:
        use = FieldUse(
            account.name,
            own.record_type,
            own.field_id,
            own.label or own.field_id,
            own.kind,
            is_active=own.is_active is not False,
            is_asked=is_asked_for(places, Chosen(own.record_type, own.field_id)),
        )
        yield _named(use, account, places, defined)


def _named(
    use: FieldUse,
    account: AccountSettings,
    places: Iterable[OwnFields],
    defined: Sequence[Definition] = (),
) -> FieldUse:
    """The field with its name in the settings."""
    reserved = {one for place in places for one in place.reserved}
    for name, wanted in account.fields.items():
        if wanted.of == use.record_type:
            meant = find_field(wanted.field, wanted.of, reserved, defined)
            use.name = name if meant.field_id == use.field_id else use.name
    return use


def _newest(
    landing: Landing, account: AccountSettings, stream: Stream, place: OwnFields
) -> dict[tuple[str, str], str | None]:
    """Values by record and field, of the newest landed pages."""
    values: dict[tuple[str, str], str | None] = {}
    records = 0
    source = Source(account.connector, account.name, stream.name)
    for batch in reversed(landing.batches(source)):
        for landed in reversed(list(landing.pages(batch))):
            if landed.header.get("section", MAIN) != place.section or records >= _MOST_RECORDS:
                continue
            buffer = RecordBuffer()
            page = decode(stream, place.section, landed.body)
            buffer.add(page.records, 1, landed.header["partition"], batch.opened_at)
            records += len(page.records)
            for key, value in _values(stream, place.section, buffer):
                values.setdefault(key, value)
    return values


def _values(
    stream: Stream, section: str, buffer: RecordBuffer
) -> Iterator[tuple[tuple[str, str], str | None]]:
    """Record, field and value of every row."""
    reader = page_reader(stream, section)
    for output in stream.outputs:
        if output.entity.name in _ENTITIES and output.section == section:
            table = translate(stream, output, reader, buffer, personal=False).table
            record_id = output.entity.key[0]
            columns = (table.column(name).to_pylist() for name in (record_id, "field_id", "value"))
            for record, field_id, value in zip(*columns, strict=True):
                yield (record, field_id), value


def _count(
    found: Mapping[tuple[str, str], FieldUse],
    labels: Mapping[tuple[str, str, str], str],
    record_type: str,
    values: Mapping[tuple[str, str], str | None],
) -> None:
    """Add what was read to the uses of the fields."""
    records = {record for record, _ in values}
    for (_, field_id), value in values.items():
        use = found[record_type, field_id]
        use.records = len(records)
        if value is None:
            continue
        use.filled += 1
        if use.kind in CLOSED_KINDS:
            for one in _several(value):
                use.values[labels.get((use.record_type, field_id, one), one)] += 1


def _several(value: str) -> list[str]:
    """The values of a list, or the one value."""
    if value.startswith("["):
        return [str(one) for one in json.loads(value)]
    return [value]


def proposed_lines(uses: Iterable[FieldUse]) -> list[str]:
    """Lines of settings for the closed lists that are not named yet."""
    lines: list[str] = []
    taken = {use.name for use in uses}
    for use in uses:
        if use.is_proposed:
            name = _free_name(use.label, taken)
            taken.add(name)
            lines.append(f"{name} = {_setting(use)}")
    return lines


def _setting(use: FieldUse) -> str:
    wanted = json.dumps(use.field_id, ensure_ascii=False)
    if use.record_type == "ticket":
        return wanted
    return f'{{ field = {wanted}, of = "{use.record_type}" }}'


def _free_name(label: str, taken: set[str]) -> str:
    """A name that settings may have, made of a label."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:_LONGEST_NAME]
    name = name if name[:1].isalpha() else f"field_{name}"[:_LONGEST_NAME]
    number = 2
    free = name
    while free in taken:
        free = f"{name[: _LONGEST_NAME - 3]}_{number}"
        number += 1
    return free
