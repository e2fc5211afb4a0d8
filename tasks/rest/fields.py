"""The fields that an account defines itself: where they lie, and the outputs that read them.

A connector says with `OwnFields` where the fields of its tickets, customers or organizations lie.
The account's settings choose some of them; `with_fields` makes ordinary outputs of those. Nothing
chosen: no output, no cost.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal, NamedTuple

from tasks.entities import CUSTOMER_FIELD, ORGANIZATION_FIELD, TICKET_FIELD, Entity
from tasks.errors import ConfigurationError
from tasks.rest.spec import MAIN, Json, Output, Stream
from tasks.rest.values import AsText, Expression, Item, Source, Value, sql

RecordType = Literal["ticket", "customer", "organization"]
ENTITY_OF: Mapping[str, Entity] = {
    "ticket": TICKET_FIELD,
    "customer": CUSTOMER_FIELD,
    "organization": ORGANIZATION_FIELD,
}
RESERVED: Mapping[str, str] = {  # fields of the same id at every vendor that has them, by kind
    "tags": "many",
    "brand": "one",
    "form": "one",
    "language": "one",
    "contact_reason": "one",
}
CLOSED_KINDS = frozenset({"one", "many", "flag", "cascade"})  # a slice by default

AskForFields = Callable[[Stream, Sequence[str]], Stream]
ChangesOf = Callable[["Chosen"], Output | None]
Reshape = Callable[[Json], Json]


class Chosen(NamedTuple):
    """A field that is read, by the vendor's id or key; its kind where the vendor's list has it."""

    record_type: str
    field_id: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class OwnFields:
    """Where the own fields of one record type lie in the records of a stream.

    `at` is the path of an object of key to value; empty if the keys stand in the record itself;
    None if only reserved fields are read here. Where it is a list of items, `item_id` and
    `item_value` are the places in an item; a field that is not in the list is not known and keeps
    its value. A key that an object lacks is an empty field.

    `reserved` are the places of tags, brand, form, language or contact reason, `standard` those of
    other fields that every account has. `place_of` says where a field stands if that depends on its
    id. `reshape` makes a plain value of what the vendor sends, or `by_kind` the one for a kind of
    field in the vendor's list. The values of a record for which `empty_if` is true are empty. Where
    the vendor has to be asked for fields by name, `ask` gives the stream that asks for the chosen
    ones; of reserved fields, only those that `asked_as` names. `changes` makes, for a field, the
    output of its history in the stream `changes_in`.
    """

    record_type: RecordType
    stream: str
    record_id: Source
    version: Source | None = None
    section: str = MAIN
    at: str | None = None
    item_id: str = ""
    item_value: str = "value"
    reserved: Mapping[str, str | AsText] = field(default_factory=dict)
    standard: Mapping[str, str | AsText] = field(default_factory=dict)
    place_of: Callable[[str], AsText] | None = None
    reshape: Reshape | None = None
    by_kind: Mapping[str, Reshape] = field(default_factory=dict)
    filter: Expression | None = None
    empty_if: Expression | None = None
    ask: AskForFields | None = None
    asked_as: Mapping[str, str] = field(default_factory=dict)
    changes: ChangesOf | None = None
    changes_in: str = ""

    def __post_init__(self) -> None:
        """A declaration that cannot work fails when its file is imported."""
        unknown = sorted(set(self.reserved) - set(RESERVED))
        if unknown:
            raise ConfigurationError(
                f"own fields of {self.stream}: {', '.join(unknown)} is not reserved; there are"
                f" {', '.join(RESERVED)}"
            )
        if bool(self.changes) is not bool(self.changes_in):
            raise ConfigurationError(
                f"own fields of {self.stream}: `changes` and `changes_in` belong together"
            )

    @property
    def elsewhere(self) -> Mapping[str, str | AsText]:
        """Fields that stand at places of their own."""
        return {**self.reserved, **self.standard}

    def own_of(self, chosen: Iterable[Chosen]) -> list[Chosen]:
        """The fields that are the account's own, and lie here."""
        if self.at is None:
            return []
        return [one for one in chosen if one.field_id not in self.elsewhere]

    def asked_for(self, chosen: Sequence[Chosen]) -> list[str]:
        """The names by which the vendor is asked for fields."""
        reserved = [self.asked_as[one.field_id] for one in chosen if one.field_id in self.asked_as]
        return [*(one.field_id for one in self.own_of(chosen)), *reserved]

    def outputs(self, chosen: Sequence[Chosen]) -> Iterator[Output]:
        """The outputs that read these fields, each as its kind says."""
        elsewhere, own = self.elsewhere, self.own_of(chosen)
        places: dict[str, AsText] = {
            one.field_id: _as_text(elsewhere[one.field_id])
            for one in chosen
            if one.field_id in elsewhere
        }
        if self.item_id and own:
            yield self._of_items([one.field_id for one in own])
        else:
            for one in own:
                places[one.field_id] = self._place(one)
        if places:
            yield self._of_places(places)

    def _place(self, chosen: Chosen) -> AsText:
        """Where a field of the account's own stands, and how its value is read."""
        place = AsText(self.at or "", chosen.field_id)
        if self.place_of:
            place = self.place_of(chosen.field_id)
        reshape = self.by_kind.get(chosen.kind or "") or place.reshape or self.reshape
        return replace(place, reshape=reshape)

    def _of_places(self, places: Mapping[str, AsText]) -> Output:
        """One row for each field and record: fields that stand at places of their own."""
        named: dict[str, Value] = {}
        for number, place in enumerate(places.values()):
            named[f"field_{number}"] = place
        values = ", ".join(f"{{{name}}}" for name in named)
        return self._output(
            field_id=sql(f"unnest([{', '.join(map(literal, places))}])"),
            value=self._unless_empty(Expression(f"unnest([{values}])", named)),
            row_filter=self.filter,
        )

    def _of_items(self, field_ids: Sequence[str]) -> Output:
        """One row for each item of the list that is one of the fields."""
        chosen = Expression(
            f"cast({{own_field}} as varchar) in ({', '.join(map(literal, field_ids))})",
            {"own_field": Item(self.item_id)},
        )
        return self._output(
            each=self.at,
            field_id=Item(self.item_id),
            value=self._unless_empty(
                sql("{own_value}", own_value=AsText(Item(self.item_value), reshape=self.reshape))
            ),
            row_filter=_both(self.filter, chosen) if self.filter else chosen,
        )

    def _unless_empty(self, value: Expression) -> Expression:
        """The value, null where the record's values are empty."""
        if self.empty_if is None:
            return value
        return Expression(
            f"case when not coalesce({self.empty_if.text}, false) then {value.text} end",
            {**self.empty_if.named, **value.named},
        )

    def _output(
        self,
        *,
        field_id: Source,
        value: Source,
        row_filter: Expression | None,
        each: str | None = None,
    ) -> Output:
        fields: dict[str, Source] = {
            f"{self.record_type}_id": self.record_id,
            "field_id": field_id,
            "value": value,
        }
        if self.version is not None:
            fields["version_at"] = self.version
        return Output(
            ENTITY_OF[self.record_type],
            fields,
            section=self.section,
            each=each,
            filter=row_filter,
        )


def _as_text(place: str | AsText) -> AsText:
    return place if isinstance(place, AsText) else AsText(place)


def _both(left: Expression, right: Expression) -> Expression:
    return Expression(f"({left.text}) and ({right.text})", {**left.named, **right.named})


def literal(text: str) -> str:
    """A text in SQL; braces would be read as places of the record."""
    quoted = text.replace("'", "''")
    quoted = quoted.replace("{", "' || chr(123) || '")
    quoted = quoted.replace("}", "' || chr(125) || '")
    return f"'{quoted}'"


def with_fields(
    streams: Iterable[Stream],
    declared: Sequence[OwnFields],
    chosen: Collection[Chosen],
) -> tuple[Stream, ...]:
    """The streams, with the outputs that read the chosen fields, and asking for them."""
    found = {stream.name: stream for stream in streams}
    for own in declared:
        others = _read_elsewhere(own, declared)
        here = [
            one
            for one in chosen
            if one.record_type == own.record_type and one.field_id not in others
        ]
        if own.stream not in found or not here:
            continue
        stream, asked = found[own.stream], own.asked_for(here)
        if own.ask and asked:
            stream = own.ask(stream, asked)
        found[own.stream] = replace(stream, outputs=(*stream.outputs, *own.outputs(here)))
        custom = own.own_of(here)
        if own.changes and own.changes_in in found and custom:
            history = found[own.changes_in]
            changes = filter(None, map(own.changes, custom))
            outputs = (*history.outputs, *changes)
            found[own.changes_in] = replace(history, outputs=outputs)
    return tuple(found.values())


def _read_elsewhere(own: OwnFields, declared: Iterable[OwnFields]) -> set[str]:
    """Fields at places of their own that another declaration of the same records reads."""
    others = (one for one in declared if one.record_type == own.record_type)
    return {name for one in others for name in one.elsewhere} - set(own.elsewhere)


def is_asked_for(declared: Iterable[OwnFields], chosen: Chosen) -> bool:
    """Whether the vendor sends a field only where it is asked for."""
    return any(
        one.ask and one.asked_for([chosen])
        for one in declared
        if one.record_type == chosen.record_type
    )


def in_param(name: str) -> AskForFields:
    """Ask for fields by name in a query value that lists them with commas."""

    def ask(stream: Stream, field_ids: Sequence[str]) -> Stream:
        present = stream.params.get(name, "").split(",")
        listed = ",".join(filter(None, dict.fromkeys([*present, *field_ids])))
        return replace(stream, params={**stream.params, name: listed})

    return ask


class Definition(NamedTuple):
    """A field as the vendor's list has it."""

    record_type: str
    field_id: str
    label: str | None
    kind: str | None
    is_active: bool | None

    def is_called(self, name: str) -> bool:
        """Whether this is its label, whatever the case of its letters."""
        return (self.label or "").strip().lower() == name.lower()


@dataclass(frozen=True, slots=True)
class Found:
    """What a field of the settings is at the vendor; `problem` is what a person should know.

    `is_listed`: the vendor's list has this one field.
    """

    field_id: str
    kind: str | None = None
    is_read: bool = True
    problem: str = ""
    is_listed: bool = True


_SWITCHED_OFF = "the vendor has switched it off or deleted it; its values stay as last read"
_NO_LIST = "the vendor's list of fields is not read, so the text is taken for the id"


def find_field(
    wanted: str,
    record_type: str,
    reserved: Collection[str],
    defined: Iterable[Definition],
) -> Found:
    """The field that a text of the settings means: by id or key, else by its one label."""
    if wanted in reserved:
        return Found(wanted, RESERVED[wanted])
    listed = [one for one in defined if one.record_type == record_type]
    by_id = [one for one in listed if one.field_id == wanted]
    by_label = [one for one in listed if one.is_called(wanted)]
    found = by_id or [one for one in by_label if one.is_active is not False] or by_label
    if not listed:
        return Found(wanted, problem=_NO_LIST, is_listed=False)
    if not found:
        problem = _not_there(wanted, record_type, reserved, listed)
        return Found(wanted, is_read=False, problem=problem, is_listed=False)
    if len(found) > 1:
        ids = ", ".join(one.field_id for one in found)
        problem = f"several fields have this name; write one of the ids {ids}"
        return Found(wanted, is_read=False, problem=problem, is_listed=False)
    one = found[0]
    if one.is_active is False:
        return Found(one.field_id, one.kind, is_read=False, problem=_SWITCHED_OFF)
    return Found(one.field_id, one.kind)


def _not_there(
    wanted: str,
    record_type: str,
    reserved: Collection[str],
    listed: Sequence[Definition],
) -> str:
    """What to write instead."""
    names = {one.field_id: one.field_id for one in listed} | dict.fromkeys(reserved, "")
    names |= {one.label: one.field_id for one in listed if one.label}
    lower = {name.lower(): name for name in names}
    words = []
    for near in get_close_matches(wanted.lower(), lower, n=3):
        name = lower[near]
        field_id = names[name]
        words.append(name if field_id in {"", name} else f"{name} ({field_id})")
    advice = f"did you mean {' or '.join(words)}?" if words else "`support-etl fields` lists them"
    return f"no field of the {record_type} list has this id or name; {advice}"
