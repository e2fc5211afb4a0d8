"""What a declaration names: places in a record, in a page, in a response, and SQL over them.

A plain text is always a path into the record, its names joined by dots (`"via.channel"`). Anything
else is a value of this file. A value that cannot mean anything raises ConfigurationError when the
connector's file is imported.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import ConfigurationError, ContractError

Json = Any  # any value that JSON can hold
_ARRAY = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_MARKS = {
    "?": "Present(...) asks whether a value is there",
    "[]": "`each` names a list without brackets; TopLevelList() is a body that is a list",
    "@": "Partition() is the partition's key",
    "header:": "Header(...) is a header of the response",
}


@dataclass(frozen=True, slots=True)
class Path:
    """A value of the record. In a flat stream the text is one key, dots and all."""

    text: str

    def __post_init__(self) -> None:
        """Refuse what is not a path."""
        for mark, advice in _MARKS.items():
            if mark in self.text:
                raise ConfigurationError(
                    f"path {self.text!r}: {mark!r} means nothing here; {advice}"
                )
        if not all(self.text.split(".")):
            raise ConfigurationError(f"path {self.text!r} has an empty name")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Item:
    """A value of the item, where `each` makes a row of every item of a list.

    Without a path it is the item itself: a list of plain values.
    """

    path: str = ""

    def __post_init__(self) -> None:
        """Refuse what is not a path."""
        if self.path:
            Path(self.path)

    def __str__(self) -> str:
        return f"item.{self.path}" if self.path else "item"


@dataclass(frozen=True, slots=True)
class Present:
    """Whether a value is there at all, null or not."""

    at: str | Item

    @property
    def place(self) -> Path | Item:
        """What is looked for. Raises ConfigurationError for an item as a whole."""
        return self.at if isinstance(self.at, Item) else Path(self.at)

    def __post_init__(self) -> None:
        """Refuse what is not a path."""
        if self.at == Item():
            raise ConfigurationError("Present(Item()): an item is always present; name its value")
        _ = self.place

    def __str__(self) -> str:
        return f"{self.at} is present"


@dataclass(frozen=True, slots=True)
class AsText:
    """A value of any kind as text: several ones as a JSON array of texts, an empty one as null.

    `key` is one more name below the place, dots and all; with an empty `at` it is a key of the
    record itself. `reshape` makes a plain value, or a list of plain ones, of what the vendor sent.
    """

    at: str | Item = ""
    key: str = ""
    reshape: Callable[[Json], Json] | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a place."""
        if not self.at and not self.key:
            raise ConfigurationError("AsText(): say which value of the record is meant")
        if isinstance(self.at, str) and self.at:
            Path(self.at)

    def of(self, value: Json) -> str | None:
        """The text of a value, null for an empty one."""
        if self.reshape is None or value is None:
            return text_of(value)
        return text_of(self.reshape(value))

    def __str__(self) -> str:
        by = f" by {self.reshape.__qualname__}" if self.reshape else ""
        return f"text of {self.at}[{self.key}]{by}"


def text_of(value: Json) -> str | None:
    """A value as text: several ones as a JSON array of texts, an empty one as null."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, list):
        texts = [text for text in map(text_of, value) if text]
        return _ARRAY.encode(texts) if texts else None
    if value is None or value == {}:
        return None
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Partition:
    """The key of the partition, or of the record that a child call was made for."""

    def __str__(self) -> str:
        return "partition"


@dataclass(frozen=True, slots=True)
class ListPosition:
    """The place of the record in the vendor's list, where the order means something."""

    def __str__(self) -> str:
        return "position in the list"


@dataclass(frozen=True, slots=True)
class ItemPosition:
    """The place of the item in its list, from 0, where `each` makes a row of every item."""

    def __str__(self) -> str:
        return "position of the item"


Value = Path | Item | Present | AsText | Partition | ListPosition | ItemPosition


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL expression over values, evaluated by DuckDB on columns of text, numbers or lists."""

    text: str
    named: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a name that the text does not use, and a placeholder that is not a path."""
        unused = set(self.named) - set(_PLACEHOLDER.findall(self.text))
        if unused:
            raise ConfigurationError(f"sql({self.text!r}) has no {{{min(unused)}}}")
        _ = self.placeholders

    @property
    def placeholders(self) -> Mapping[str, Value]:
        """The value of each name in braces: one that was given, else a path into the record."""
        names = dict.fromkeys(_PLACEHOLDER.findall(self.text))
        return {name: self.named.get(name) or Path(name) for name in names}

    def render(self, column: Mapping[Value, str]) -> str:
        """The SQL, with each value's column in place of its name."""
        values = self.placeholders
        return _PLACEHOLDER.sub(lambda match: column[values[match[1]]], self.text)


def sql(text: str, **named: str | Value) -> Expression:
    """A conversion of a field, such as `sql("to_timestamp({time})")`.

    A name in braces is a path into the record, or the value given under that name:
    `sql("{kind} = 'Comment'", kind=Item("event_type"))`.
    """
    return Expression(text, {name: value_of(value) for name, value in named.items()})


def epoch(at: str | Item) -> Expression:
    """The instant at a place that holds Unix seconds."""
    return sql("to_timestamp(cast({seconds} as double))", seconds=at)


Source = str | Value | Expression  # what fills a column


def value_of(source: str | Value) -> Value:
    """A plain text as the path that it is; other values as they are."""
    return Path(source) if isinstance(source, str) else source


def values_of(source: Source) -> Iterator[Value]:
    """Every value that a column's source reads."""
    if isinstance(source, Expression):
        yield from source.placeholders.values()
    else:
        yield value_of(source)


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the response; its name is compared in lower case."""

    name: str

    def __post_init__(self) -> None:
        """Refuse a name that would never match."""
        if self.name != self.name.lower():
            raise ConfigurationError(f"Header({self.name!r}): write the name in lower case")

    def of(self, headers: Mapping[str, str]) -> str | None:
        """The header's value, None where the response lacks it."""
        return headers.get(self.name)


@dataclass(frozen=True, slots=True)
class WholeBody:
    """The body is the one record."""


@dataclass(frozen=True, slots=True)
class TopLevelList:
    """The body is the list of records."""


Records = str | WholeBody | TopLevelList  # where a page's records are; a text is the list's path


def whole_number(value: object, what: str) -> int:
    """A count that a vendor reports. Raises ContractError, with `what`, if it is none."""
    try:
        return int(str(value).strip())
    except ValueError:
        raise ContractError(f"{what} is no whole number: {str(value)[:60]!r}") from None


def body_without_records(records: Records) -> bytes:
    """A page in which no record lies."""
    if isinstance(records, TopLevelList):
        return b"[]"
    if isinstance(records, WholeBody):
        return b"{}"
    body = "[]"
    for name in reversed(records.split(".")):
        body = f'{{"{name}":{body}}}'
    return body.encode()
