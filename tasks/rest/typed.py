"""A reader for one shape of page, compiled from the declared paths: decodes those values and skips
everything else.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from tasks.errors import ConfigurationError, ContractError, TruncatedPageError

_ITEM = "item"
TOP_LIST = "[]"


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A record that does not have the declared types: raw text and the reader's complaint."""

    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page."""

    document: Any
    records: Sequence[Any]
    unreadable: tuple[UnreadableRecord, ...] = ()


class _Node:
    """One level of the declared paths: a value, an object of named children, or a list of either."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.is_list = False
        self.has_presence = False
        self.kind: Any = Any

    def at(self, segments: Iterable[str]) -> "_Node":
        node = self
        for segment in segments:
            name = segment.removesuffix("[]")
            node = node.children.setdefault(name, _Node())
            node.is_list = node.is_list or segment.endswith("[]")
        return node

    def compile(self, title: str) -> Any:
        inner: Any = Any
        if self.children:
            fields = [
                (
                    f"f{i}",
                    child.compile(f"{title}_{i}"),
                    msgspec.UNSET if child.has_presence else None,
                )
                for i, child in enumerate(self.children.values())
            ]
            rename = {f"f{i}": name for i, name in enumerate(self.children)}
            inner = msgspec.defstruct(title, fields, rename=rename, gc=False)
        self.kind = inner
        if self.is_list:
            return list[inner] | None
        return inner | None if self.children else Any


class PageReader:
    """Reads pages whose records lie at `records` ("" the document is the one record, "[]" it is
    their list), picking `paths` of each record.

    `each` is an inner list to which paths beginning with `item.` belong. With `flat`, a path is one
    key, dots and all. With no paths at all, records are decoded whole (for streams with a `transform`
    function).
    """

    def __init__(
        self,
        *,
        records: str,
        paths: Iterable[str],
        envelope: Iterable[str] = (),
        lists: Iterable[str] = (),
        flat: bool = False,
        whole: bool = False,
    ) -> None:
        self._flat, self._whole, self._lists = flat, whole, tuple(lists)
        self._record = _Node()
        for path in paths:
            if path.split(".")[0] != _ITEM and not path.startswith("@"):
                self._declare(self._record, path)
        for each in self._lists:
            self._record.at(each.split("."))
        self._root = _Node()
        for path in envelope:
            self._root.at(path.split("."))
        self._is_top_list = records == TOP_LIST
        self._records_path = "" if self._is_top_list else records
        if self._records_path:
            holder = self._root.at(
                [*records.split(".")[:-1], records.rsplit(".", maxsplit=1)[-1] + "[]"]
            )
            holder.children, holder.is_list = self._record.children, True
        self._items: dict[str, _Node] = {}
        self._compile()

    def declare_items(self, each: str, paths: Iterable[str]) -> None:
        """Paths below an inner list; to be called before the first page."""
        node = self._record.at(each.split("."))
        for path in paths:
            if path != _ITEM:
                self._declare(node, path.removeprefix(f"{_ITEM}."))
        self._items[each] = node
        self._compile()

    def decode(self, body: bytes) -> Page:
        """The page's envelope and records.

        Raises TruncatedPageError for a body that is not JSON, ContractError for one without the
        declared records. Records of the wrong type are set aside one by one, so that one bad record
        is not a lost page.
        """
        try:
            document = self._decoder.decode(body)
        except msgspec.ValidationError as wrong:
            return self._one_by_one(body, wrong)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as broken:
            raise TruncatedPageError(_not_json(body, broken)) from None
        return Page(document, self._records_of(document, body))

    def column(self, records: Sequence[Any], path: str, *, each: str | None = None) -> list[Any]:
        """One value per record at a path; None where any part of the path is absent or null.

        A path that ends in `?` tells whether the value is there at all, null or not.
        """
        if path == _ITEM:
            return list(records)
        if self._whole:
            *above, name = self._segments(path.removeprefix(f"{_ITEM}.") if each else path)
            holders = [_walked(record, above) for record in records]
            if path.endswith("?"):
                return [isinstance(holder, dict) and name in holder for holder in holders]
            return [_walked(holder, [name]) for holder in holders]
        node, segments = self._record, self._segments(path)
        if each and path.startswith(f"{_ITEM}."):
            node, segments = self._items[each], self._segments(path.removeprefix(f"{_ITEM}."))
        values: list[Any] = list(records)
        for attribute in self._attributes(node, segments):
            get = attrgetter(attribute)
            try:
                values = list(map(get, values))
            except AttributeError:
                values = [None if value is None else get(value) for value in values]
        if self._node_at(node, segments).has_presence:
            if path.endswith("?"):
                return [value is not msgspec.UNSET for value in values]
            return [None if value is msgspec.UNSET else value for value in values]
        return values

    def explode(self, records: Sequence[Any], each: str) -> tuple[list[Any], list[Any]]:
        """The items of an inner list, and for each of them the record it belongs to."""
        owners, items = list(records), list(records)
        node = self._record
        for segment in each.split("."):
            name = segment.removesuffix("[]")
            if self._whole:
                values = [
                    (
                        _listed(_walked(item, [name]))
                        if segment.endswith("[]")
                        else _walked(item, [name])
                    )
                    for item in items
                ]
            else:
                get = attrgetter(f"f{list(node.children).index(name)}")
                values = [None if item is None else get(item) for item in items]
            node = node.children[name]
            if not segment.endswith("[]"):
                items = values
                continue
            owners = [
                owner for owner, inner in zip(owners, values, strict=True) for _ in inner or ()
            ]
            items = [item for inner in values for item in inner or ()]
        return owners, items

    def value(self, document: Any, path: str) -> Any:
        """An envelope value, None where absent."""
        node, found = self._root, document
        for segment in path.split("."):
            if found is None or segment not in node.children:
                return None
            found = getattr(found, f"f{list(node.children).index(segment)}")
            node = node.children[segment]
        return found

    def _declare(self, node: "_Node", path: str) -> None:
        leaf = node.at(self._segments(path))
        leaf.has_presence = leaf.has_presence or path.endswith("?")

    def _segments(self, path: str) -> list[str]:
        return [path.removesuffix("?")] if self._flat else path.removesuffix("?").split(".")

    def _node_at(self, node: "_Node", segments: Iterable[str]) -> "_Node":
        for segment in segments:
            node = node.children[segment]
        return node

    def _attributes(self, node: "_Node", segments: list[str]) -> list[str]:
        found = []
        for segment in segments:
            if segment not in node.children:
                raise ConfigurationError(f"path {'.'.join(segments)} is not declared")
            found.append(f"f{list(node.children).index(segment)}")
            node = node.children[segment]
        return found

    def _compile(self) -> None:
        record_type: Any = dict[str, Any]
        record = self._record.compile("Record")
        if not self._whole:
            record_type = self._record.kind if self._record.children else Any
        self._record_decoder = msgspec.json.Decoder(record_type)
        self._raw_list = msgspec.json.Decoder(list[msgspec.Raw])
        if self._is_top_list:
            self._decoder: Any = msgspec.json.Decoder(list[record_type])
        elif not self._records_path:
            self._decoder = self._record_decoder if self._whole else msgspec.json.Decoder(record)
        else:
            self._decoder = msgspec.json.Decoder(self._root_type(list[record_type]))
        self._raw_decoder = (
            None
            if not self._records_path
            else msgspec.json.Decoder(self._root_type(list[msgspec.Raw]))
        )

    def _root_type(self, records_type: Any) -> Any:
        segments = self._records_path.split(".")

        def build(node: _Node, depth: int, title: str) -> Any:
            fields: list[Any] = []
            for i, (name, child) in enumerate(node.children.items()):
                on_way = depth < len(segments) and name == segments[depth]
                if on_way and depth == len(segments) - 1:
                    fields.append((f"f{i}", records_type | None | msgspec.UnsetType, msgspec.UNSET))
                elif on_way:
                    fields.append((f"f{i}", build(child, depth + 1, f"{title}_{i}") | None, None))
                else:
                    fields.append((f"f{i}", child.compile(f"{title}_{i}"), None))
            rename = {f"f{i}": name for i, name in enumerate(node.children)}
            return msgspec.defstruct(title, fields, rename=rename)

        return build(self._root, 0, "Document")

    def _records_of(self, document: Any, body: bytes) -> Sequence[Any]:
        if self._is_top_list:
            return list(document)
        if not self._records_path:
            return [document]
        found: Any = document
        node = self._root
        for segment in self._records_path.split("."):
            found = (
                None if found is None else getattr(found, f"f{list(node.children).index(segment)}")
            )
            node = node.children[segment]
            if found is msgspec.UNSET or found is None:
                raise ContractError(
                    f"the answer has no list '{self._records_path}': {_start(body)}"
                )
        return list(found)

    def _one_by_one(self, body: bytes, wrong: Exception) -> Page:
        try:
            document = self._raw_decoder.decode(body) if self._raw_decoder else None
            raws = (
                self._records_of(document, body)
                if self._raw_decoder
                else self._raw_list.decode(body)
            )
        except (msgspec.ValidationError, msgspec.DecodeError):
            raise ContractError(
                f"the answer does not have the declared shape ({wrong}): {_start(body)}"
            ) from None
        good, unreadable = [], []
        for raw in raws:
            try:
                good.append(self._record_decoder.decode(raw))
            except (msgspec.ValidationError, RecursionError, ValueError) as complaint:
                unreadable.append(
                    UnreadableRecord(bytes(raw).decode(errors="replace"), str(complaint))
                )
        if unreadable and not good and len(unreadable) > 1:
            raise ContractError(f"no record has the declared shape ({unreadable[0].reason})")
        return Page(document, good, tuple(unreadable))


def _walked(record: Any, segments: Iterable[str]) -> Any:
    """A value of a record that was decoded whole."""
    for name in segments:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _listed(value: Any) -> list[Any]:
    """A list of a record that was decoded whole; what is no list is its one item, which will lack
    what it needs.
    """
    return value if isinstance(value, list) else [] if value is None else [value]


def _start(body: bytes) -> str:
    return re.sub(r"\s+", " ", body[:120].decode(errors="replace"))


def _not_json(body: bytes, broken: Exception) -> str:
    if body.lstrip()[:1] == b"<":
        return f"HTML instead of JSON (a login page, a proxy or a wrong base URL?): {_start(body)}"
    return f"the body is cut or is not JSON ({broken}); {len(body)} bytes received"
