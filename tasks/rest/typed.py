"""A reader for one shape of page, compiled from the declared values.

It decodes those values and skips everything else.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import msgspec

from tasks.errors import ConfigurationError, ContractError, TruncatedPageError
from tasks.rest.repair import repaired
from tasks.rest.values import (
    AsText,
    Item,
    Path,
    Present,
    Records,
    TopLevelList,
    Value,
)

Json = Any  # any value that JSON can hold
Decoded = Any  # a msgspec struct of the declared fields, or a dict where records are read whole
_Type = Any  # a type that msgspec decodes into, made at run time
_NO_JSON = (msgspec.DecodeError, ValueError, RecursionError)
_EXACT = 2**53  # below it a float holds every whole number


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A record that does not have the declared types: raw text and the reader's complaint."""

    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page. `repaired` is the body as strict JSON, where it was not."""

    document: Decoded
    records: Sequence[Decoded]
    unreadable: tuple[UnreadableRecord, ...] = ()
    repaired: bytes | None = None


class _Node:
    """One level of the declared paths: a value, an object of named children, or a list of them."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.is_list = False
        self.has_presence = False
        self.kind: _Type = Any

    def at(self, names: Iterable[str]) -> "_Node":
        """The node below, made where it is missing."""
        node = self
        for name in names:
            node = node.children.setdefault(name, _Node())
        return node

    def list_at(self, names: Iterable[str]) -> "_Node":
        """The node below, marked as a list."""
        node = self.at(names)
        node.is_list = True
        return node

    def attribute(self, name: str) -> str:
        """The struct's attribute that holds a child."""
        return f"f{list(self.children).index(name)}"

    def compile(self, title: str) -> _Type:
        """The type to decode into; every child may be absent or null."""
        self.kind = self._struct(title) if self.children else Any
        if self.is_list:
            return list[self.kind] | None  # type: ignore[name-defined]
        return self.kind | None if self.children else Any

    def _struct(self, title: str) -> _Type:
        fields = [
            (
                f"f{number}",
                child.compile(f"{title}_{number}"),
                msgspec.UNSET if child.has_presence else None,
            )
            for number, child in enumerate(self.children.values())
        ]
        return msgspec.defstruct(title, fields, rename=self.names(), gc=False)

    def names(self) -> dict[str, str]:
        return {f"f{number}": name for number, name in enumerate(self.children)}


class PageReader:
    """Reads pages, picking `values` of each record that lies at `records`.

    `envelope` are paths outside the records. `lists` are inner lists with the values of their
    items. With `flat`, a path is one key, dots and all. With `whole`, records are decoded whole,
    for streams with a transform.
    """

    def __init__(
        self,
        *,
        records: Records,
        values: Iterable[Value],
        envelope: Iterable[str] = (),
        lists: Mapping[str, Iterable[Value]] | None = None,
        flat: bool = False,
        whole: bool = False,
    ) -> None:
        self._flat, self._whole = flat, whole
        self._record, self._root = _Node(), _Node()
        for value in values:
            self._declare(self._record, value, of_item=False)
        self._items: dict[str, _Node] = {}
        for each, inner in (lists or {}).items():
            self._items[each] = self._record.list_at(each.split("."))
            for value in inner:
                self._declare(self._items[each], value, of_item=True)
        for path in envelope:
            self._root.at(path.split("."))
        self._is_top_list = isinstance(records, TopLevelList)
        self._records_path = records.split(".") if isinstance(records, str) else []
        if self._records_path:
            holder = self._root.list_at(self._records_path)
            holder.children = self._record.children
        self._compile()

    def decode(self, body: bytes) -> Page:
        """The page's envelope and records.

        Raises TruncatedPageError for a body that is not JSON, ContractError for one without the
        declared records. Records of the wrong type are rejected one by one, so that one bad record
        is not a lost page; for the same reason a page that is whole but no strict JSON is repaired.
        """
        try:
            return self._decoded(body)
        except _NO_JSON as broken:
            strict = repaired(body, self._depth)
            if strict is None:
                raise TruncatedPageError(_not_json(body, broken)) from None
        try:
            return replace(self._decoded(strict), repaired=strict)
        except _NO_JSON as broken:
            raise TruncatedPageError(_not_json(body, broken)) from None

    def column(
        self,
        records: Sequence[Decoded],
        at: str | Path | Present | AsText,
    ) -> list[Any]:
        """One value per record; None where any part of its path is absent or null."""
        return self._column(self._record, records, Path(at) if isinstance(at, str) else at)

    def item_column(
        self,
        items: Sequence[Decoded],
        each: str,
        at: Item | Present | AsText,
    ) -> list[Any]:
        """One value per item of the inner list `each`."""
        if at == Item():
            return list(items)
        return self._column(self._items[each], items, at)

    def explode(self, records: Sequence[Decoded], each: str) -> tuple[list[Decoded], list[Decoded]]:
        """The items of an inner list, and for each of them the record it belongs to."""
        lists = self._lists(records, each.split("."))
        owners = [record for record, items in zip(records, lists, strict=True) for _ in items or ()]
        return owners, [item for items in lists for item in items or ()]

    def value(self, document: Decoded, path: str) -> Json:
        """An envelope value, None where absent."""
        node, value = self._root, document
        for name in path.split("."):
            if value is None or name not in node.children:
                return None
            value = getattr(value, node.attribute(name))
            node = node.children[name]
        return value

    def _names(self, place: "Path | Item | AsText") -> list[str]:
        """The names from the record, or from the item, down to a value."""
        if isinstance(place, AsText):
            above = self._split(_text(place.at)) if _text(place.at) else []
            return [*above, place.key] if place.key else above
        return self._split(_text(place))

    def _split(self, path: str) -> list[str]:
        return [path] if self._flat else path.split(".")

    def _declare(self, top: _Node, value: Value, *, of_item: bool) -> None:
        """Add a value to the tree of the record or of the item."""
        place = value.place if isinstance(value, Present) else value
        if not isinstance(place, (Item, Path, AsText)) or _is_of_item(place) is not of_item:
            return
        names = [] if place == Item() else self._names(place)
        if names:
            leaf = top.at(names)
            leaf.has_presence = leaf.has_presence or isinstance(value, Present)

    def _column(
        self,
        node: _Node,
        holders: Sequence[Decoded],
        at: Path | Item | Present | AsText,
    ) -> list[Any]:
        is_presence = isinstance(at, Present)
        names = self._names(at.place if isinstance(at, Present) else at)
        if self._whole:
            values = _walked_column(holders, names, presence=is_presence)
        else:
            values = self._decoded_column(node, holders, names, presence=is_presence)
        if isinstance(at, AsText):
            return list(map(at.of, values))
        return values

    def _decoded_column(
        self,
        node: _Node,
        holders: Sequence[Decoded],
        names: list[str],
        *,
        presence: bool,
    ) -> list[Any]:
        above: list[Any] = []
        values: list[Any] = list(holders)
        for name in names:
            if name not in node.children:
                raise ConfigurationError(f"path {'.'.join(names)} is not declared")
            above, values = values, _attributes(values, node.attribute(name))
            node = node.children[name]
        if presence:  # nothing is in what is not there itself
            return [
                holder is not None and value is not msgspec.UNSET
                for holder, value in zip(above, values, strict=True)
            ]
        if node.has_presence:
            return [None if value is msgspec.UNSET else value for value in values]
        return values

    def _lists(self, records: Sequence[Decoded], names: list[str]) -> list[Any]:
        if self._whole:
            return [_listed(_walked(record, names)) for record in records]
        node, values = self._record, list(records)
        for name in names:
            values = _attributes(values, node.attribute(name))
            node = node.children[name]
        return values

    def _compile(self) -> None:
        record = self._record.compile("Record")
        self._record_decoder = _decoder(self._record_type())
        self._raw_list = msgspec.json.Decoder(list[msgspec.Raw])
        self._raw_decoder = None
        if self._records_path:
            whole: _Type = list[self._record_type()]  # type: ignore[misc]
            self._decoder = _decoder(self._root_type(whole))
            self._raw_decoder = _decoder(self._root_type(list[msgspec.Raw]))
        elif self._is_top_list:
            self._decoder = _decoder(list[self._record_type()])  # type: ignore[misc]
        else:
            self._decoder = self._record_decoder if self._whole else _decoder(record)

    def _record_type(self) -> _Type:
        if self._whole:
            return dict[str, Any]
        return self._record.kind if self._record.children else Any

    def _root_type(self, records_type: _Type) -> _Type:
        """The document's type: the declared envelope, and the records at the end of their path."""
        names = self._records_path

        def build(node: _Node, depth: int, title: str) -> _Type:
            fields: list[tuple[str, _Type, object]] = []
            for number, (name, child) in enumerate(node.children.items()):
                key, inner = f"f{number}", f"{title}_{number}"
                is_on_way = depth < len(names) and name == names[depth]
                if is_on_way and depth == len(names) - 1:
                    fields.append((key, records_type | None | msgspec.UnsetType, msgspec.UNSET))
                elif is_on_way:
                    fields.append((key, build(child, depth + 1, inner) | None, None))
                else:
                    fields.append((key, child.compile(inner), None))
            return msgspec.defstruct(title, fields, rename=node.names())

        return build(self._root, 0, "Document")

    def _records_of(self, document: Decoded, body: bytes) -> Sequence[Decoded]:
        if self._is_top_list:
            return list(document)
        if not self._records_path:
            return [document]
        node, value = self._root, document
        for name in self._records_path:
            value = None if value is None else getattr(value, node.attribute(name))
            node = node.children[name]
            if value is msgspec.UNSET or value is None:
                path = ".".join(self._records_path)
                raise ContractError(f"the answer has no list '{path}': {_start(body)}")
        return list(value)

    @property
    def _depth(self) -> int | None:
        """How many brackets a record lies in; None where the body is the one record."""
        if self._records_path:
            return len(self._records_path) + 1
        return 1 if self._is_top_list else None

    def _decoded(self, body: bytes) -> Page:
        try:
            document = self._decoder.decode(body)
        except msgspec.ValidationError as wrong:
            return self._one_by_one(body, wrong)
        return Page(document, self._records_of(document, body))

    def _one_by_one(self, body: bytes, wrong: Exception) -> Page:
        document, raws = self._raw_records(body, wrong)
        readable, unreadable = [], []
        for raw in raws:
            try:
                readable.append(self._record_decoder.decode(raw))
            except (msgspec.ValidationError, RecursionError, ValueError) as complaint:
                text = bytes(raw).decode(errors="replace")
                unreadable.append(UnreadableRecord(text, str(complaint)))
        if len(unreadable) > 1 and not readable:
            raise ContractError(f"no record has the declared shape ({unreadable[0].reason})")
        return Page(document, readable, tuple(unreadable))

    def _raw_records(self, body: bytes, wrong: Exception) -> tuple[Decoded, Sequence[msgspec.Raw]]:
        try:
            if self._raw_decoder is None:
                return None, self._raw_list.decode(body)
            document = self._raw_decoder.decode(body)
            return document, self._records_of(document, body)
        except msgspec.ValidationError:
            raise ContractError(
                f"the answer does not have the declared shape ({wrong}): {_start(body)}"
            ) from None


def _decoder(kind: _Type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, float_hook=exact_number)


def exact_number(text: str) -> int | float:
    """A JSON number with a point or an exponent: whole where it is, so that an id keeps its text.

    Some writers send `10003.0` for 10003. Raises ValueError for a number beyond a float's range.
    """
    whole, _, rest = text.partition(".")
    if rest.strip("0") == "" and re.fullmatch(r"-?\d+", whole):
        return int(whole)
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    is_whole = number.is_integer() and abs(number) < _EXACT
    return int(number) if is_whole else number


def _text(place: str | Path | Item) -> str:
    if isinstance(place, str):
        return place
    return place.path if isinstance(place, Item) else place.text


def _is_of_item(place: Path | Item | AsText) -> bool:
    return isinstance(place.at if isinstance(place, AsText) else place, Item)


def _attributes(holders: list[Any], attribute: str) -> list[Any]:
    """An attribute of each holder; None stays None."""
    get = attrgetter(attribute)
    try:
        return list(map(get, holders))
    except AttributeError:
        return [None if holder is None else get(holder) for holder in holders]


def _walked_column(records: Sequence[Decoded], names: list[str], *, presence: bool) -> list[Any]:
    """A column of records that were decoded whole."""
    *above, name = names
    holders = [_walked(record, above) for record in records]
    if presence:
        return [isinstance(holder, dict) and name in holder for holder in holders]
    return [_walked(holder, [name]) for holder in holders]


def _walked(record: Decoded, names: Iterable[str]) -> Json:
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _listed(value: object) -> list[Any]:
    """A list of a record that was decoded whole.

    What is no list counts as its one item, which will lack what it needs.
    """
    return value if isinstance(value, list) else [] if value is None else [value]


def _start(body: bytes) -> str:
    return re.sub(r"\s+", " ", body[:120].decode(errors="replace"))


def _not_json(body: bytes, broken: Exception) -> str:
    if body.lstrip()[:1] == b"<":
        return f"HTML instead of JSON (a login page, a proxy or a wrong base URL?): {_start(body)}"
    return f"the body is cut or is not JSON ({broken}); {len(body)} bytes received"
