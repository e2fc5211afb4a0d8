"""What an account of the connector `files` says of one table: where it is and how it is written."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from tasks.entities import Entity
from tasks.errors import ConfigurationError
from tasks.tabular.spec import has_own_number

Unit = Literal["seconds", "minutes", "hours", "h:mm", "m:ss"]
SHARED = ("desk", "decimal", "thousands", "date_order", "delimiter", "encoding")
_QUERY_WORDS = ("select", "with")


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class TableSettings(BaseModel):
    """One table. A text in place of it is its path, or a query that begins with `select`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Names = Field(
        (),
        description=(
            "File or files: paths, fsspec URLs or patterns such as `calls/*.csv`; the end of the"
            " name says the format: .csv, .tsv, .txt, .xlsx, .parquet, .jsonl or .ndjson, packed by"
            " gzip with .gz behind it"
        ),
    )
    query: str = Field(
        "",
        description=(
            "A query of the database of the secret `database_url`; with changed_by it has"
            " `:since`, where the next run begins"
        ),
    )
    columns: dict[str, str] = Field(
        {}, description='Our columns = the file\'s: `{ ticket_id = "Case no." }`'
    )
    constants: dict[str, str] = Field(
        {}, description="Values of our columns that the file does not have, the same in each row"
    )
    values: dict[str, dict[str, str]] = Field(
        {},
        description=(
            'What values of the file are, by our column: `{ agent_id = { "Anna Rossi" = "9001" } }`'
        ),
    )
    desk: str = Field(
        "",
        description=(
            "Account of the helpdesk whose tickets, agents and teams the rows name; they count"
            " there"
        ),
    )
    ignore: Names = Field((), description="Columns of the file that are not to be read")
    empty: Names = Field((), description='Texts that mean no value, such as `["-", "n/a"]`')
    sheet: str = Field("", description="Sheet of an XLSX file; default: the one with the table")
    months_are: str = Field(
        "",
        description=(
            "Our column whose values stand under one column a month (Jan 2026, Feb 2026, ...);"
            " default for budget_lines: amount"
        ),
    )
    decimal: Literal["", ".", ","] = Field(
        "", description="Decimal mark; default: as the numbers of the file or files prove it"
    )
    thousands: Literal["", ".", ",", " ", "'"] = Field(
        "",
        description="Thousands separator, where it alone is known: the decimal mark is the other",
    )
    date_order: Literal["", "dmy", "mdy", "ymd"] = Field(
        "", description="Order of day, month and year; default: as the days prove it"
    )
    date_format: str = Field(
        "",
        description=(
            "Format of days and instants, as of strptime (`%d/%m/%y`), or unix or unix_ms; for"
            " years of two digits, too"
        ),
    )
    time_zone: str = Field(
        "",
        description="IANA time zone of instants without an offset; default: that of the account",
    )
    units: dict[str, Unit] = Field(
        {},
        description=(
            "Units of durations by our column, if not its own: seconds, minutes, hours, h:mm or"
            " m:ss; h:mm:ss is always understood"
        ),
    )
    delimiter: str = Field("", description="Separator of a text file; default: as its header shows")
    encoding: str = Field("utf-8-sig", description="Encoding of a text file, such as cp1252")
    changed_by: str = Field(
        "",
        description=(
            "Our column that grows (an instant, a day or a number): rows below the greatest known"
            " value are not read again, but for a day of overlap"
        ),
    )
    whole: bool | None = Field(
        None,
        description=(
            "The files are the whole table together: a row that none has any longer leaves, and one"
            " changed file reads all; default: true for one path or a query without changed_by"
        ),
    )

    unique_by_file: bool | None = Field(
        None,
        description=(
            "true: numbers begin again in each file, so the file's name is part of the key"
            " (`2026-11/1`), and other tables must name the record so; false: a later file corrects"
            " rows of an earlier one; default: a row that differs from another file's row of the"
            " same key is set aside"
        ),
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"{value!r} is no IANA time zone, such as Europe/Rome") from None
        return value

    @property
    def mark(self) -> str:
        """The decimal mark that is set, straight or by the separator of thousands."""
        return self.decimal or {".": ",", ",": "."}.get(
            self.thousands,
            "",
        )

    @property
    def is_whole(self) -> bool:
        """Whether rows that are no longer there leave the warehouse."""
        if self.whole is not None:
            return self.whole
        has_pattern = len(self.path) > 1 or any(is_pattern(path) for path in self.path)
        return not self.changed_by and not has_pattern

    @property
    def keeps_others(self) -> bool:
        """Whether a new file may not replace rows that other files brought before."""
        return not (self.is_whole or self.changed_by or self.unique_by_file is False)


def is_pattern(path: str) -> bool:
    """Whether a path stands for any number of files."""
    return any(mark in path for mark in "*?[")


def table_of(
    settings: Mapping[str, Any], name: str, entity: Entity, extras: tuple[str, ...] = ()
) -> TableSettings | None:
    """What the settings of an account say of a table; None if they do not name it.

    `extras` are columns that a file may have though the entity does not. Raises ConfigurationError
    that names the setting.
    """
    given = settings.get(name)
    if not given:
        return None
    if isinstance(given, str):
        is_query = given.split(maxsplit=1)[0].lower() in _QUERY_WORDS
        given = {"query" if is_query else "path": given}
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{name}: write a path, a query or a table of settings")
    shared = {key: settings[key] for key in SHARED if settings.get(key)}
    if settings.get("time_zone"):
        shared["time_zone"] = settings["time_zone"]
    try:
        table = TableSettings(**{**shared, **given})
    except ValidationError as wrong:
        raise ConfigurationError("; ".join(_said(name, wrong))) from None
    for complaint in _complaints(table, entity, extras):
        raise ConfigurationError(f"{name}: {complaint}")
    return table


def _said(
    name: str,
    wrong: ValidationError,
) -> Iterator[str]:
    for error in wrong.errors():
        place = ".".join([name, *(str(part) for part in error["loc"])])
        if error["type"] == "extra_forbidden":
            near = get_close_matches(
                str(error["loc"][-1]),
                TableSettings.model_fields,
                n=1,
            )
            known = ", ".join(TableSettings.model_fields)
            yield f"no setting {place}; " + (f"did you mean {near[0]}?" if near else f"use {known}")
        else:
            yield f"{place}: {error['msg'].removeprefix('Value error, ')}"


def _complaints(
    table: TableSettings,
    entity: Entity,
    extras: tuple[str, ...],
) -> Iterator[str]:
    """What cannot work in the settings of a table."""
    if bool(table.path) == bool(table.query):
        yield "set either path or query"
    if table.unique_by_file and table.query:
        yield "unique_by_file: a query has no file"
    elif table.unique_by_file and not has_own_number(entity):
        key = ", ".join(entity.key)
        yield f"unique_by_file: the key of {entity.name} is no number of a row, but {key}"
    yield from _unknown_columns(table, entity, extras)
    twice = sorted(set(table.columns) & set(table.constants))
    if twice:
        yield f"{twice[0]} stands in columns and in constants"
    if table.mark and table.thousands and table.thousands == table.decimal:
        yield "decimal and thousands are the same"
    if table.query and table.changed_by and ":since" not in table.query:
        yield f"changed_by: the query has no `:since`, such as `where {table.changed_by} >= :since`"


def _unknown_columns(
    table: TableSettings,
    entity: Entity,
    extras: tuple[str, ...],
) -> Iterator[str]:
    known = (*entity.names, *extras)
    named = {
        "columns": tuple(table.columns),
        "constants": tuple(table.constants),
        "values": tuple(table.values),
        "units": tuple(table.units),
        "months_are": (table.months_are,) if table.months_are else (),
        "changed_by": (table.changed_by,) if table.changed_by else (),
    }
    for setting, names in named.items():
        for one in names:
            if one not in known:
                near = get_close_matches(one, known, n=1)
                advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                yield f"{setting}: {entity.name} has no column {one}; {advice}"
