"""Makes entity rows of a file's rows: names, conventions, months, units. Pure.

A value that cannot be read sets its row aside with the reason; no value is guessed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial

import msgspec

from tasks.entities import Column
from tasks.rest.spec import Json, RecordContext, Refusal, Row
from tasks.tabular.days import (
    day_of,
    first_of_month,
    formatted,
    has_offset,
    has_two_digit_year,
    instant_of,
    month_of,
)
from tasks.tabular.declared import TableSettings, table_of
from tasks.tabular.numbers import Number, number_of, proof_of
from tasks.tabular.recognise import BEYOND, sources
from tasks.tabular.spec import (
    Facts,
    Finish,
    TableSpec,
    as_it_is,
    plain_name,
    taken,
    what_to_set,
)

_YES = frozenset(
    (
        *("true", "yes", "y", "1", "x", "✓", "✔", "ja", "j", "wahr", "sì", "si", "s", "vero"),
        *("tak", "t", "prawda", "oui", "vrai", "sí", "sim"),
    )
)
_NO = frozenset(
    ("false", "no", "n", "0", "nein", "falsch", "falso", "nie", "fałsz", "non", "faux", "não")
)
_TOTALS = re.compile(
    r"((grand |sub-?)?totals?|sum|summe|gesamt(summe)?|insgesamt|zwischensumme|(sub)?totale"
    r"( (complessivo|generale))?|somma|suma( częściowa| końcowa)?|razem|ogółem|łącznie"
    r"|(sous-)?total( général)?|(sub)?totaal|subtotale?)( \d{4})?:?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(\d{1,4}):([0-5]?\d)(?::([0-5]?\d)(?:[.,]\d+)?)?")
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
_KINDS = {
    "instant": "an instant",
    "day": "a day",
    "flag": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "money": "a number",
}
_SHEET_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_MOST_PLANS = 7
_ENGLISH = TableSettings(
    path=("legacy",),
    decimal=".",
    date_order="ymd",
    time_zone="UTC",
)


@dataclass(slots=True)
class _Seen:
    """Rows of a batch by the hash of their key: the hash of the content, and the place of a file.

    `files` are what was recognised of the files in the order of reading.
    """

    rows: dict[int, tuple[int, int]] = field(default_factory=dict)
    files: list[Facts] = field(default_factory=list)


class _UnreadableError(Exception):
    """A cell that does not fit its column; the message is the reason."""


Reader = Callable[[Json, str], Json]


@dataclass(slots=True)
class _Plan:
    """How the rows of one file become rows of the entity."""

    spec: TableSpec
    table: TableSettings
    facts: Facts
    filled: Mapping[str, str]
    readers: dict[str, Reader] = field(default_factory=dict)
    totals_in: tuple[str, ...] = ()
    seen: _Seen = field(default_factory=_Seen)
    place: int = 0
    amounts: tuple[str, ...] = ()

    def rows(
        self,
        record: Mapping[str, Json],
    ) -> Iterator[Row | Refusal]:
        """The rows of a record: one, or one for each month that has a value."""
        total = self._total(record)
        if total:
            yield Refusal(total)
            return
        if record.get(BEYOND) is not None:
            yield Refusal(f"more values than columns: {str(record[BEYOND])[:60]}")
            return
        if not self.facts.months:
            yield self._row(record, {})
            return
        for name, month in self.facts.months.items():
            if not self._is_empty(record.get(name)):
                yield self._row(
                    record,
                    {self.facts.months_are: name},
                    month,
                )

    def _row(
        self, record: Mapping[str, Json], instead: Mapping[str, str], month: str = ""
    ) -> Row | Refusal:
        row: Row = dict(self.spec.defaults)
        complaints: list[str] = []
        for ours, theirs in {**self.filled, **instead}.items():
            cell = record.get(theirs)
            if self._is_empty(cell):
                continue
            if ours in self.table.values:
                cell = self.table.values[ours].get(
                    str(cell).strip(),
                    cell,
                )
            try:
                row[ours] = self.readers[ours](cell, theirs)
            except _UnreadableError as wrong:
                complaints.append(f"{ours}: {wrong}: {str(cell)[:60]}")
        row |= {ours: self.readers[ours](text, "") for ours, text in self.table.constants.items()}
        if month:
            row["month_on"] = month
        complaints += _without_marks(row, self.amounts)
        number = self.spec.entity.key[0]
        if self.table.unique_by_file and row.get(number) is not None:
            row[number] = f"{self.facts.stem}/{row[number]}"
        if complaints:
            return Refusal("; ".join(complaints), _text_key(self.spec, row))
        return row

    def repeated(self, row: Row) -> Refusal | None:
        """Why to leave out a row of which this or another file has another one.

        The first counts. Rows that say when they changed may come again, and so may equal ones, and
        those of a file that was read twice.
        """
        if row.get("version_at") is not None or self.table.changed_by:
            return None
        key = tuple(row.get(name) for name in self.spec.entity.key)
        if None in key:  # the rules of the entity say what is missing
            return None
        content = hash(tuple(sorted((name, str(value)) for name, value in row.items())))
        first, place = self.seen.rows.setdefault(hash(key), (content, self.place))
        if first == content:
            return None
        named = ", ".join(f"{n} {v}" for n, v in zip(self.spec.entity.key, key, strict=True))
        if place == self.place:
            reason = f"another row of the file has the same key: {named}"
            return Refusal(reason, _text_key(self.spec, row))
        other = self.seen.files[place]
        is_same = (other.path or other.file) == (self.facts.path or self.facts.file)
        if is_same or self.table.unique_by_file is False:
            self.seen.rows[hash(key)] = (content, self.place)
            return None
        where = f"the row of {other.path or other.file} counts; "
        return Refusal(taken(self.facts, named) + where + what_to_set(self.spec.entity))

    def _is_empty(self, cell: Json) -> bool:
        if cell is None:
            return True
        text = cell.strip() if isinstance(cell, str) else ""
        return isinstance(
            cell,
            str,
        ) and (not text or text in self.table.empty)

    def _total(
        self,
        record: Mapping[str, Json],
    ) -> str:
        """The reason to leave out a row that sums up others."""
        for name in self.totals_in:
            cell = record.get(name)
            if isinstance(cell, str) and _TOTALS.fullmatch(cell.strip()):
                file = f" of {self.facts.name}" if self.facts.name else ""
                return f"a row of totals{file} ({name}: {cell.strip()[:40]})"
        return ""


def _plan(
    spec: TableSpec,
    table: TableSettings,
    facts: Facts,
) -> _Plan:
    plan = _Plan(
        spec,
        table,
        facts,
        sources(spec, table, facts.columns),
    )
    if facts.months_are:
        plan.filled = {n: c for n, c in plan.filled.items() if n != facts.months_are}
    plan.readers = {column.name: _reader(column, table, facts) for column in spec.columns}
    plan.amounts = tuple(column.name for column in spec.columns if column.kind == "money")
    named = (
        theirs
        for ours, theirs in plan.filled.items()
        if spec.column(ours).kind == "text" and ours in spec.entity.required
    )
    plan.totals_in = tuple(dict.fromkeys((*facts.columns[:1], *named)))
    return plan


def _text_key(spec: TableSpec, row: Row) -> Row:
    """What is known of the key of a row, as far as it is text."""
    names = (name for name in spec.entity.key if spec.column(name).kind == "text")
    return {name: row[name] for name in names if name in row}


def reader_of(
    name: str, spec: TableSpec, table: TableSettings, facts: Facts
) -> Callable[[Json], Json]:
    """A function that gives the value of one of our columns, or None where it cannot be read."""
    read = _reader(spec.column(name), table, facts)

    def value(cell: Json) -> Json:
        try:
            return read(
                cell,
                plain_name(table.columns.get(name, name)),
            )
        except _UnreadableError:
            return None

    return value


def _reader(
    column: Column,
    table: TableSettings,
    facts: Facts,
) -> Reader:
    if column.kind in {"whole", "number", "money"}:
        return partial(_number, column, table, facts)
    if column.kind == "flag":
        return _flag
    if column.kind == "text":
        return _text
    return partial(
        _day if column.kind == "day" else _instant,
        column,
        table,
        facts,
    )


def _text(cell: Json, theirs: str) -> Json:
    if cell in _SHEET_ERRORS:
        raise _UnreadableError("an error of the spreadsheet")
    if isinstance(cell, bool):
        return str(cell).lower()
    return (
        cell.strip()
        if isinstance(
            cell,
            str,
        )
        else msgspec.json.encode(cell).decode()
    )


def _flag(cell: Json, theirs: str) -> Json:
    word = str(cell).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise _UnreadableError("not true or false")


def _number(
    column: Column,
    table: TableSettings,
    facts: Facts,
    cell: Json,
    theirs: str,
) -> Json:
    is_duration = column.name.endswith(("_seconds", "_minutes"))
    unit = table.units.get(column.name, "")
    if is_duration and isinstance(cell, str) and ":" in cell:
        return _plain(_clock(cell, unit) / (60 if column.name.endswith("_minutes") else 1))
    number = _value(column, table, facts, cell, theirs)
    value = number.value
    if unit in _SECONDS and is_duration:
        value = value * _SECONDS[unit] / (60 if column.name.endswith("_minutes") else 1)
    if column.kind == "whole" and value != value.to_integral_value():
        raise _UnreadableError("not a whole number")
    return f"{_plain(value)} {number.currency}".strip()


def _value(
    column: Column,
    table: TableSettings,
    facts: Facts,
    cell: Json,
    theirs: str,
) -> Number:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return Number(Decimal(str(cell)))
    text = str(cell)
    mark = facts.numbers.get(theirs) or table.mark
    if not mark and proof_of(text):
        raise _UnreadableError("set decimal, its decimal mark is not known")
    number = number_of(text, mark or ".")
    has_mark = number is not None and number.currency != ""
    if (
        number is None
        or (has_mark and column.kind != "money")
        or (number.is_percent and column.kind != "number")
    ):
        known = f" with the decimal mark {mark}" if mark == "," else ""
        raise _UnreadableError(f"not {_KINDS[column.kind]}{known}")
    return number


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _without_marks(
    row: Row,
    amounts: Iterable[str],
) -> Iterator[str]:
    """Take the marks of currencies off amounts; say which is another currency than the row's."""
    for name in amounts:
        amount, _, mark = str(row.get(name) or "").partition(" ")
        if mark:
            row[name] = amount
            if mark != row.get("currency", mark):
                yield f"{name}: {mark} in a row whose currency is {row['currency']}"


def _clock(text: str, unit: str) -> Decimal:
    """Seconds of h:mm:ss, or of two parts where the settings say which."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise _UnreadableError("not a duration")
    first, second, third = found[1], found[2], found[3]
    if third is not None:
        return Decimal(int(first) * 3600 + int(second) * 60 + int(third))
    if unit == "h:mm":
        return Decimal(int(first) * 3600 + int(second) * 60)
    if unit == "m:ss":
        return Decimal(int(first) * 60 + int(second))
    raise _UnreadableError("h:mm or m:ss? Set units")


def _day(
    column: Column,
    table: TableSettings,
    facts: Facts,
    cell: Json,
    theirs: str,
) -> Json:
    text = str(cell)
    is_month = column.name == "month_on"
    found: date | None
    if table.date_format:
        # a day has no zone: that of the settings would move it
        instant = formatted(text, table.date_format, "UTC")
        found = instant.date() if instant else None
    else:
        found = day_of(
            text,
            facts.days.get(theirs) or table.date_order,
        )
    if found is None and is_month:
        found = month_of(text) or first_of_month(text)
    if found is None:
        raise _UnreadableError(f"not a day{_why(text)}")
    return (found.replace(day=1) if is_month else found).isoformat()


def _instant(
    column: Column,
    table: TableSettings,
    facts: Facts,
    cell: Json,
    theirs: str,
) -> Json:
    text = str(cell)
    if table.date_format:
        found = formatted(text, table.date_format, table.time_zone)
    elif not table.time_zone and not has_offset(text):
        raise _UnreadableError("no time zone; set time_zone")
    else:
        found = instant_of(
            text,
            facts.days.get(theirs) or table.date_order,
            table.time_zone,
        )
    if found is None:
        raise _UnreadableError(f"not an instant{_why(text)}")
    return found.isoformat()


def _why(text: str) -> str:
    return " (a year of two digits; set date_format)" if has_two_digit_year(text) else ""


class TableRows:
    """The transform of a table: rows of a file become rows of an entity.

    With `unless` it is another entity that the rows bring as well, if the account has no table of
    that name. Pages of versions that landed no facts are read as they were written: in English.
    """

    def __init__(
        self, spec: TableSpec, finish: Finish = as_it_is, *, unless: str | None = None
    ) -> None:
        self.spec, self.finish, self._unless = spec, finish, unless
        self._plans: tuple[tuple[Json, Json, _Plan], ...] = ()  # of streams that run at once
        self._seen: tuple[tuple[Json, _Seen], ...] = ()  # by the settings: each batch has its own

    def __call__(
        self,
        record: Json,
        context: RecordContext,
        /,
    ) -> Iterator[Row | Refusal]:
        """Rows and refusals of one record."""
        if self._unless and context.settings.get(self._unless):
            return
        plan = self._plan_of(context)
        if plan.facts.columns == [] and isinstance(
            record,
            Mapping,
        ):
            filled = sources(self.spec, plan.table, record)
            plan = replace(plan, filled=filled)
        for row in plan.rows(record):
            if isinstance(row, Refusal):
                if self._unless is None:  # else the table's own entity has it in the quarantine
                    yield row
            elif refusal := plan.repeated(row):
                if self._unless is None:
                    yield refusal
            else:
                yield from self.finish(row)

    def _plan_of(self, context: RecordContext) -> _Plan:
        """The plan of a file, made once for all its records."""
        document, settings = context.parent_document, context.settings
        for known, of_settings, plan in self._plans:
            if known is document and of_settings is settings:
                return plan
        if document is None:
            plan = _plan(
                self.spec,
                _ENGLISH,
                Facts("", []),
            )
        else:
            extras = tuple(column.name for column in self.spec.extras)
            table = table_of(
                settings,
                self.spec.name,
                self.spec.entity,
                extras,
            )
            facts = msgspec.convert(document, Facts)
            plan = _plan(self.spec, table or _ENGLISH, facts)
        seen = next((one for of, one in self._seen if of is settings), _Seen())
        others = tuple(pair for pair in self._seen if pair[0] is not settings)
        self._seen = ((settings, seen), *others[:_MOST_PLANS])
        plan.seen, plan.place = seen, len(seen.files)
        seen.files.append(plan.facts)
        self._plans = ((document, settings, plan), *self._plans[:_MOST_PLANS])
        return plan
