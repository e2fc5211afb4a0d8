"""Turns decoded records into Arrow tables of an entity, whole columns at a time.

The reader picks the declared values; DuckDB evaluates the declared expressions and casts every
value to its column's kind. A value that cannot be cast sends its row to quarantine with the column
and the text named.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import groupby

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.entities import ARROW, Column, Entity
from tasks.rest.spec import Json, Output, RecordContext, Refusal, Row, Stream
from tasks.rest.typed import Decoded, PageReader
from tasks.rest.values import (
    AsText,
    Expression,
    Item,
    ItemPosition,
    ListPosition,
    Partition,
    Path,
    Present,
    Source,
    Value,
    value_of,
)

PAGE, RECORD, RECEIVED, REASON = "page_number", "record_number", "received_at", "reason"
_KEY = "raw_key"
_EMPTY = "an empty record"
_EMPTY_ITEM = "an empty item in its {each}"
_NO_VALUE = Path("nothing")  # stands for the rows of an output that reads no value
_UNREADABLE = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)  # what a transform raises on a record of another shape
_MOST_RECORDS = 1_000_000  # of a page

_CASTS = {
    # a column of whole and broken numbers holds floats: 10001 would be written 10001.0
    "text": (
        "case when typeof({x}) = 'DOUBLE' then regexp_replace(cast({x} as varchar), '\\.0$', '')"
        " else replace(cast({x} as varchar), chr(0), '') end"
    ),
    "whole": "try_cast({x} as bigint)",
    # not NaN, and nothing so large that a sum of it is no whole number of seconds
    "number": "case when abs(try_cast({x} as double)) <= 1e12 then try_cast({x} as double) end",
    "money": "try_cast({x} as decimal(18,4))",
    "flag": "try_cast({x} as boolean)",
    # no infinity, no year of five digits: what stands outside is no time of a support desk
    "instant": (
        "case when try_cast({x} as timestamptz) >= timestamptz '1990-01-01 00:00:00+00'"
        " and try_cast({x} as timestamptz) < timestamptz '2100-01-01 00:00:00+00'"
        " then date_trunc('second', try_cast({x} as timestamptz)) end"
    ),
    # a year of two digits is read as the first century
    "day": (
        "case when try_cast({x} as date) between date '1990-01-01' and date '2100-12-31'"
        " then try_cast({x} as date) end"
    ),
    "open-ended day": (
        "case when try_cast({x} as date) between date '1900-01-01' and date '9999-12-31'"
        " then try_cast({x} as date) end"
    ),
}
_ID_NAME = re.compile(r"(^|[._])(id|ids|key)$|[a-z]Ids?$|^item$")
_RANGES = {
    "number": "-1e12 to 1e12",
    "instant": "1990 to 2100",
    "day": "1990 to 2100",
    "open-ended day": "1900 to 9999",
}
_local = threading.local()


@dataclass(slots=True)
class RecordBuffer:
    """Decoded records of one section of a stream, waiting to become columns."""

    records: list[Decoded] = field(default_factory=list)
    pages: list[tuple[int, int, str | None, datetime]] = field(default_factory=list)

    def add(
        self, records: Sequence[Decoded], number: int, partition: str | None, received_at: datetime
    ) -> None:
        """Take a page's records."""
        self.records.extend(records)
        self.pages.append((number, len(records), partition, received_at))


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed rows of one entity.

    `table` has the entity's columns, then page, record and received instant.

    `refused` has the rows whose values do not fit: the same columns and `reason`.
    """

    entity: Entity
    table: pa.Table
    refused: pa.Table


def translate(
    stream: Stream,
    output: Output,
    reader: PageReader,
    buffer: RecordBuffer,
    *,
    personal: frozenset[str] | bool,
    parent_document: Json = None,
    settings: Mapping[str, Json] | None = None,
) -> Rows:
    """Rows of one entity from buffered pages."""
    origin = _Origin(buffer)
    if output.transform:
        raw = _transformed(output, buffer.records, origin, parent_document, settings or {})
    else:
        raw = _picked(output, reader, buffer.records, origin)
    arrays = {
        _raw(value): _array(values, stream.scalar, is_id=_is_id(value))
        for value, values in raw.columns.items()
    }
    table = origin.attach(pa.table(arrays), raw.owners)
    if output.filter and not output.each:
        table = _without_empty(table, raw.broken)
    select = _projection(output, personal=personal, empty_is_null=stream.empty_is_null)
    refused = origin.attach(
        _refusals(output.entity, [refusal for _, refusal in raw.broken]),
        [number for number, _ in raw.broken],
    )
    key = _sources(output).get(output.entity.key[0])
    raw_key = None if key is None or isinstance(key, Expression) else _raw(value_of(key))
    typed = _evaluate(select, table, raw_key, _Patience())
    return _split(output.entity, [*typed, refused])


@dataclass(slots=True)
class _RawRows:
    """Values as the vendor sent them, by what was declared; rows are not yet typed.

    `owners` are the numbers of the records that the rows come from, None if every record is one
    row. `broken` are records of which something gives no row, each with the reason.
    """

    columns: dict[Value, list[Json]]
    owners: list[int] | None = None
    broken: list[tuple[int, Refusal]] = field(default_factory=list)


def _refusals(entity: Entity, refusals: Sequence[Refusal]) -> pa.Table:
    """What gives no row, with its reason and what is known of its key."""
    key_columns = {
        name: pa.array([_as_text(refusal.key.get(name)) for refusal in refusals], pa.string())
        for name in entity.key
        if entity.column(name).kind == "text"
    }
    reasons = pa.array([refusal.reason for refusal in refusals], pa.string())
    return pa.table({**key_columns, REASON: reasons})


def _sources(output: Output) -> Mapping[str, Source]:
    """What fills each column; a transform's rows are named like the columns."""
    return {name: name for name in output.entity.names} if output.transform else output.fields


def _picked(
    output: Output, reader: PageReader, records: Sequence[Decoded], origin: "_Origin"
) -> _RawRows:
    """The declared values of every record, or of every item of its list."""
    if output.each:
        return _picked_items(output, output.each, reader, records, origin)
    columns: dict[Value, list[Json]] = {}
    for value in output.values:
        if isinstance(value, Partition):
            columns[value] = origin.partitions(None)
        elif isinstance(value, ListPosition):
            columns[value] = origin.positions(None)
        elif not isinstance(value, (Item, ItemPosition)):
            columns[value] = reader.column(records, value)
    return _RawRows(columns or {_NO_VALUE: [None] * len(records)})


def _picked_items(
    output: Output,
    each: str,
    reader: PageReader,
    records: Sequence[Decoded],
    origin: "_Origin",
) -> _RawRows:
    """The declared values of every item of an inner list.

    Empty records and items are broken: a filter or a missing list would drop them silently.
    """
    number_of = {id(record): number for number, record in enumerate(records)}
    owner_records, items = reader.explode(records, each)
    owners = [number_of[id(record)] for record in owner_records]
    raw = _RawRows({}, owners)
    raw.broken += [
        (number, Refusal(_EMPTY)) for number, record in enumerate(records) if _is_blank(record)
    ]
    raw.broken += [
        (number, Refusal(_EMPTY_ITEM.format(each=each)))
        for number, item in zip(owners, items, strict=True)
        if _is_blank_object(item)
    ]
    for value in output.values:
        if isinstance(value, Partition):
            raw.columns[value] = origin.partitions(owners)
        elif isinstance(value, ListPosition):
            raw.columns[value] = origin.positions(owners)
        elif isinstance(value, ItemPosition):
            raw.columns[value] = _places(owners)
        elif isinstance(value, Item) or (
            isinstance(value, (Present, AsText)) and isinstance(value.at, Item)
        ):
            raw.columns[value] = reader.item_column(items, each, value)
        else:
            raw.columns[value] = reader.column(owner_records, value)
    if not raw.columns:
        raw.columns[_NO_VALUE] = [None] * len(owner_records)
    return raw


def _places(owners: Sequence[int]) -> list[Json]:
    """For each item its place among those of its record, which stand together."""
    return [place for _, items in groupby(owners) for place, _ in enumerate(items)]


def _transformed(
    output: Output,
    records: Sequence[Decoded],
    origin: "_Origin",
    parent_document: Json,
    settings: Mapping[str, Json],
) -> _RawRows:
    """The rows that a transform makes; records that it cannot read are broken."""
    assert output.transform is not None
    rows: list[Row] = []
    owners: list[int] = []
    broken: list[tuple[int, Refusal]] = []
    partitions = origin.partitions(None)
    contexts = {key: RecordContext(settings, key, parent_document) for key in set(partitions)}
    for number, (record, partition) in enumerate(zip(records, partitions, strict=True)):
        if not record:
            broken.append((number, Refusal(_EMPTY)))
            continue
        try:
            made = list(output.transform(record, contexts[partition]))
        except _UNREADABLE as trouble:
            words = f"cannot be read: {type(trouble).__name__}: {trouble}"[:200]
            broken.append((number, Refusal(words)))
            continue
        for one in made:
            if isinstance(one, Refusal):
                broken.append((number, one))
                continue
            rows.append(one)
            owners.append(number)
    columns: dict[Value, list[Json]] = {
        Path(name): [row.get(name) for row in rows] for name in output.entity.names
    }
    return _RawRows(columns, owners, broken)


def _without_empty(table: pa.Table, broken: list[tuple[int, Refusal]]) -> pa.Table:
    """A record without any declared value would not meet the filter, and be gone without a word."""
    raw = [
        column
        for name, column in zip(table.column_names, table.columns, strict=True)
        if name not in {PAGE, RECORD, RECEIVED, _raw(Partition()), _raw(ListPosition())}
    ]
    if not raw or not all(column.null_count for column in raw):
        return table
    empty = raw[0].is_null()
    for column in raw[1:]:
        empty = pc.and_(empty, column.is_null())
    broken += [
        (number, Refusal(_EMPTY)) for number, is_empty in enumerate(empty.to_pylist()) if is_empty
    ]
    return table.filter(pc.invert(empty))


def _is_blank(record: Decoded) -> bool:
    """Whether a record has none of the fields that are read."""
    return not record if isinstance(record, dict) else bool(record == type(record)())


def _is_blank_object(item: Decoded) -> bool:
    return isinstance(item, (dict, msgspec.Struct)) and _is_blank(item)


class _Origin:
    """Where each row came from: page number, record number in the page, received instant."""

    def __init__(self, buffer: RecordBuffer) -> None:
        self._pages: list[int] = []
        self._numbers: list[int] = []
        self._received: list[datetime] = []
        self._partitions: list[str | None] = []
        for number, count, partition, received_at in buffer.pages:
            self._pages.extend([number] * count)
            self._numbers.extend(range(count))
            self._received.extend([received_at] * count)
            self._partitions.extend([partition] * count)

    def partitions(self, owners: list[int] | None) -> list[str | None]:
        return self._partitions if owners is None else [self._partitions[i] for i in owners]

    def positions(self, owners: list[int] | None) -> list[Json]:
        """The place of each row's record in the list that the pages make."""
        places = [
            page * _MOST_RECORDS + record
            for page, record in zip(self._pages, self._numbers, strict=True)
        ]
        return [*places] if owners is None else [places[i] for i in owners]

    def attach(self, table: pa.Table, owners: list[int] | None) -> pa.Table:
        for name, values, kind in (
            (PAGE, self._pages, pa.int64()),
            (RECORD, self._numbers, pa.int64()),
            (RECEIVED, self._received, ARROW["instant"]),
        ):
            column = pa.array(values, kind)
            table = table.append_column(
                name, column if owners is None else column.take(pa.array(owners, pa.int64()))
            )
        return table


def _is_id(value: Value) -> bool:
    """Whether a value is an id by its name, such as `id`, `user.id`, `agent_id` or `OwnerId`."""
    return isinstance(value, (Path, Item)) and bool(_ID_NAME.search(str(value)))


def _array(
    values: list[Json],
    scalar: Callable[[Json], Json] | None,
    *,
    is_id: bool = False,
) -> pa.Array:
    """A column of whatever the vendor sent.

    Mixed kinds become text, so that one odd value spoils nothing; so do ids of which one is a
    fraction, which would write the others as floats.
    """
    if scalar and any(isinstance(value, dict) for value in values):
        values = [scalar(value) if isinstance(value, dict) else value for value in values]
    try:
        found = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([_as_text(value) for value in values], pa.string())
    is_mixed_id = is_id and pa.types.is_floating(found.type)
    if pa.types.is_struct(found.type) or pa.types.is_null(found.type) or is_mixed_id:
        return pa.array([_as_text(value) for value in values], pa.string())
    return found


def _as_text(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _raw(value: Value) -> str:
    """The name of a column of raw values."""
    return f"raw:{value}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _value(source: Source, *, empty_is_null: bool) -> str:
    """The SQL of a source over raw columns."""

    def column(value: Value) -> str:
        quoted = _quoted(_raw(value))
        return f"nullif(cast({quoted} as varchar), '')" if empty_is_null else quoted

    if not isinstance(source, Expression):
        return column(value_of(source))
    columns = {value: column(value) for value in source.placeholders.values()}
    return f"({source.render(columns)})"


@dataclass(slots=True)
class _Patience:
    """How much is tried to find the single bad rows of a batch, and the columns that break them.

    Beyond it whole slices are set aside, and columns are not named.
    """

    queries: int = 2000
    culprits: int = 100


@dataclass(frozen=True, slots=True)
class _Select:
    """The SELECT of an output, and the SQL of each column that an expression fills."""

    text: str
    expressions: Mapping[str, str]


def _projection(output: Output, *, personal: frozenset[str] | bool, empty_is_null: bool) -> _Select:
    """The SELECT that makes entity rows of raw columns; columns that are not declared are null."""
    entity, sources = output.entity, _sources(output)
    picked: list[str] = []
    complaints: list[str] = []
    expressions: dict[str, str] = {}
    for column in entity.columns:
        source = sources.get(column.name)
        if source is None or not _is_allowed(column, personal=personal):
            picked.append(f"cast(null as {_duck(column)}) as {column.name}")
            continue
        value = _value(source, empty_is_null=empty_is_null)
        typed = _CASTS[_reading(column)].format(x=value)
        picked.append(f"{typed} as {column.name}")
        if isinstance(source, Expression):
            expressions[column.name] = typed
        complaints += _complaints(column, value, typed, is_key=column.name in entity.key)
    reason = f"concat_ws('; ', {', '.join(complaints)})" if complaints else "''"
    where = f" where {_value(output.filter, empty_is_null=empty_is_null)}" if output.filter else ""
    text = (
        f"select {', '.join(picked)}, {PAGE}, {RECORD}, {RECEIVED}, nullif({reason}, '') as"
        f" {REASON} from buffer{where}"
    )
    return _Select(text, expressions)


def _is_allowed(column: Column, *, personal: frozenset[str] | bool) -> bool:
    """Whether the account stores the column: it is not personal, or its switch is on."""
    if column.personal is None or isinstance(personal, bool):
        return column.personal is None or bool(personal)
    return column.personal in personal


def _reading(column: Column) -> str:
    """How a column is read: by its kind, and days that may mean always with a wider range."""
    return "open-ended day" if column.is_open_ended else column.kind


def _complaints(column: Column, value: str, typed: str, *, is_key: bool) -> Iterator[str]:
    """SQL that names what is wrong with a column's value, null if nothing is."""
    if column.kind != "text":
        text = f"cast({value} as varchar)"
        yield (
            f"case when {text} <> '' and ({typed} is null) then '{column.name}: '"
            f" || {_mistake(column, value)} || ': ' || left({text}, 60) end"
        )
    elif is_key:
        yield (
            f"case when left({typed}, 1) in ('{{', '[') then '{column.name}: not a plain value' end"
        )


def _mistake(column: Column, value: str) -> str:
    """SQL of what is wrong with a value that does not fit its column."""
    unread = f"'not {_article(column.kind)}'"
    if column.kind not in _RANGES:
        return unread
    is_unread = f"try_cast({value} as {_duck(column)}) is null"
    if column.kind == "number":
        is_unread += f" or isnan(try_cast({value} as double))"
    outside = f"'outside {_RANGES[_reading(column)]}'"
    return f"case when {is_unread} then {unread} else {outside} end"


def _duck(column: Column) -> str:
    kinds = {
        "text": "varchar",
        "whole": "bigint",
        "number": "double",
        "money": "decimal(18,4)",
        "flag": "boolean",
        "instant": "timestamptz",
        "day": "date",
    }
    return kinds[column.kind]


def _article(kind: str) -> str:
    return {
        "instant": "an instant",
        "day": "a day",
        "flag": "true or false",
        "whole": "a whole number",
    }.get(kind, "a number")


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """The process's one database: opening one takes a hundred times as long as a connection."""
    return duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": False})


def _run(select: str, table: pa.Table) -> pa.Table:
    """Evaluate on a connection of this thread's own: in memory, one thread, no files, UTC."""
    if not hasattr(_local, "duck"):
        _local.duck = _database().cursor()
        _local.duck.execute("set TimeZone = 'UTC'")
        _local.duck.execute(
            "set streaming_buffer_size = '1TB'"
        )  # as in the warehouse's engine: one thread could wait for ever
    _local.duck.register("buffer", table)
    try:
        return _local.duck.execute(select).to_arrow_table()
    finally:
        _local.duck.unregister("buffer")


def _evaluate(
    select: _Select, table: pa.Table, key: str | None, patience: _Patience
) -> list[pa.Table]:
    """The rows of `select`.

    Where a value breaks its expression, halves of the table are tried, until the single rows are
    found that do it. Such a row comes back with its origin, what its key column held (`key`), and
    the reason.
    """
    patience.queries -= 1
    try:
        return [_run(select.text, table)]
    except duckdb.Error as trouble:
        if isinstance(trouble, duckdb.OutOfMemoryException) or not table.num_rows:
            raise
        if table.num_rows == 1 or patience.queries <= 0:
            words = str(trouble).strip().splitlines()[0]
            return [_unread(table, f"{_culprit(select, table, patience)}{words}"[:200], key)]
        half = table.num_rows // 2
        return [
            *_evaluate(select, table.slice(0, half), key, patience),
            *_evaluate(select, table.slice(half), key, patience),
        ]


def _culprit(select: _Select, table: pa.Table, patience: _Patience) -> str:
    """The column whose expression a row breaks, as `name: `; nothing if it is not to be found."""
    patience.culprits -= 1
    for name, typed in select.expressions.items() if patience.culprits >= 0 else ():
        try:
            _run(f"select {typed} as x from buffer", table)
        except duckdb.Error:
            return f"{name}: "
    return ""


def _unread(table: pa.Table, reason: str, key: str | None) -> pa.Table:
    """Rows that cannot be read: their origin, the reason, and what their key column held."""
    made = table.select([PAGE, RECORD, RECEIVED]).append_column(
        REASON, pa.array([reason] * table.num_rows, pa.string())
    )
    if not key:
        return made
    keys = [_as_text(value) for value in table.column(key).to_pylist()]
    return made.append_column(_KEY, pa.array(keys, pa.string()))


def _split(entity: Entity, parts: Sequence[pa.Table]) -> Rows:
    schema = pa.schema(
        [(c.name, ARROW[c.kind]) for c in entity.columns]
        + [
            (PAGE, pa.int64()),
            (RECORD, pa.int64()),
            (RECEIVED, ARROW["instant"]),
            (REASON, pa.string()),
        ]
    )
    result = pa.concat_tables([_shaped(section, schema, entity) for section in parts])
    reasons = result.column(REASON)
    if reasons.null_count == len(reasons):
        return Rows(entity, result.drop_columns([REASON]), result.slice(0, 0))
    bad = reasons.is_valid()
    good = reasons.is_null()
    return Rows(entity, result.filter(good).drop_columns([REASON]), result.filter(bad))


def _shaped(section: pa.Table, schema: pa.Schema, entity: Entity) -> pa.Table:
    """A part with all columns, in order; those it lacks are null."""
    named = {name: section.column(name) for name in section.column_names if name != _KEY}
    if _KEY in section.column_names:
        named[entity.key[0]] = section.column(_KEY)
    whole = {f.name: named.get(f.name, pa.nulls(section.num_rows, f.type)) for f in schema}
    return pa.table(whole).cast(schema)


def keys_of(entity: Entity, table: pa.Table) -> Iterable[str]:
    """For each row its key, joined by '/', for people to read."""
    columns = [table.column(name).to_pylist() for name in entity.key]
    return [
        "/".join("" if v is None else str(v) for v in key) for key in zip(*columns, strict=True)
    ]
