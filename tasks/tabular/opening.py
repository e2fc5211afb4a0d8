"""Opens a file: text, spreadsheet, Parquet or JSON lines become rows of cells.

Cells are texts, numbers, flags or None; days and instants of spreadsheets are ISO texts. Where the
table begins in them is found later: title rows and cover sheets are still there.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath

import fsspec
import msgspec

from tasks.errors import ConfigurationError
from tasks.tabular.declared import TableSettings

Cell = str | int | float | bool | None
_BIGGEST = 64 << 20
_BIGGEST_UNPACKED = 256 << 20
_DELIMITERS = (",", ";", "\t", "|")
_PACKED = frozenset({".gz", ".bz2", ".xz"})
_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells as a file has them. `is_named`: the first row is surely the header."""

    name: str
    rows: Sequence[Sequence[Cell]] = field(repr=False)
    is_named: bool = False


def grids_of(
    url: str,
    table: TableSettings,
) -> list[Grid]:
    """The grids of a file: one, or one a sheet; for a text file one for each delimiter.

    Raises ConfigurationError naming the file.
    """
    content = _content(url)
    name = url.rpartition("/")[2] if "/" in url else url
    path = PurePosixPath(url.partition("?")[0])
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    kind = path.suffix.lower()
    if kind in {".xlsx", ".xlsm"}:
        return _sheets(name, content, table.sheet)
    if kind == ".parquet":
        return [_parquet(name, content)]
    if kind in _JSON_LINES:
        return [_json_lines(name, content)]
    if kind in {".xls", ".ods", ".numbers"}:
        raise ConfigurationError(f"{name}: {kind} cannot be read; save it as XLSX or CSV UTF-8")
    return _texts(name, content, table)


def named(
    name: str,
    rows: Sequence[Mapping[str, object]],
) -> Grid:
    """Rows with names, such as those of a query, as a grid."""
    names = list(dict.fromkeys(column for row in rows for column in row))
    body = [[plain(row.get(column)) for column in names] for row in rows]
    return Grid(name, [names, *body], is_named=True)


def plain(cell: object) -> Cell:
    """A cell as JSON can hold it: days and instants as ISO texts, durations as h:mm:ss."""
    if cell is None or isinstance(cell, (str, bool, int, float)):
        return cell
    if isinstance(cell, datetime):
        is_day = cell.tzinfo is None and cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() and abs(cell) < 2**53 else float(cell)
    return str(cell)


def _content(url: str) -> bytes:
    try:
        with fsspec.open(url, "rb", compression="infer") as file:
            content = bytes(file.read(_BIGGEST + 1))
    except OSError as trouble:
        raise ConfigurationError(f"{url}: {trouble.strerror or trouble}") from None
    except (ImportError, ValueError) as wrong:  # no driver for this kind of URL, or no such kind
        raise ConfigurationError(f"{url}: {wrong}") from None
    if len(content) > _BIGGEST:
        raise ConfigurationError(
            f"{url}: larger than {_BIGGEST >> 20} MiB; split it by month, or load it into a"
            " database and read it by a query"
        )
    return content


def _texts(
    name: str,
    content: bytes,
    table: TableSettings,
) -> list[Grid]:
    try:
        text = content.decode(table.encoding)
    except UnicodeDecodeError:
        label = "UTF-8" if table.encoding == "utf-8-sig" else table.encoding
        raise ConfigurationError(
            f"{name}: not {label} text; save it as CSV UTF-8, or set encoding, such as cp1252"
        ) from None
    except LookupError:
        raise ConfigurationError(f"{name}: no encoding {table.encoding!r}") from None
    if "\0" in text:
        raise ConfigurationError(f"{name}: not a text file; is it a spreadsheet? Name it .xlsx")
    first, _, rest = text.lstrip("\n\r").partition("\n")
    given = table.delimiter.replace("\\t", "\t")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        text, given = rest, given or first.strip()[4]
    elif first.strip("\r") == "sep=\t":
        text, given = rest, given or "\t"
    return [Grid(name, _split(text, mark)) for mark in ([given] if given else _DELIMITERS)]


def _split(
    text: str,
    delimiter: str,
) -> list[list[Cell]]:
    lines = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        strict=False,
    )
    try:
        return [list(line) for line in lines if any(cell.strip() for cell in line)]
    except csv.Error:  # a field without its closing quote, by this delimiter
        return []


def _sheets(
    name: str,
    content: bytes,
    sheet: str,
) -> list[Grid]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content),
            read_only=True,
            data_only=True,
        )
        titles = [one.title for one in book.worksheets]
        chosen = [one for one in book.worksheets if sheet in {"", one.title}]
        grids = [Grid(f"{name}, sheet {one.title}", list(_lines(one))) for one in chosen]
    except Exception as wrong:  # noqa: BLE001  from any of its readers
        raise ConfigurationError(
            f"{name}: not a readable XLSX file ({type(wrong).__name__})"
        ) from None
    if not grids:
        raise ConfigurationError(
            f"{name}: no sheet {sheet!r}; there are {', '.join(map(repr, titles))}"
        )
    return grids


def _lines(sheet: "openpyxl.worksheet.worksheet.Worksheet") -> Iterator[list[Cell]]:  # type: ignore[name-defined]  # noqa: F821
    for line in sheet.iter_rows(values_only=True):
        cells = [plain(cell) for cell in line]
        if any(cell is not None and cell != "" for cell in cells):
            yield cells


def _parquet(name: str, content: bytes) -> Grid:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(pa.BufferReader(content))
        groups = range(file.metadata.num_row_groups)
        size = sum(file.metadata.row_group(number).total_byte_size for number in groups)
        if size > _BIGGEST_UNPACKED:
            raise ConfigurationError(
                f"{name}: more than {_BIGGEST_UNPACKED >> 20} MiB unpacked; split it by month"
            )
        return named(name, file.read().to_pylist())
    except (pa.ArrowException, OSError) as wrong:
        raise ConfigurationError(f"{name}: not a readable Parquet file ({wrong})") from None


def _json_lines(name: str, content: bytes) -> Grid:
    rows = []
    for number, line in enumerate(
        content.splitlines(),
        start=1,
    ):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError as wrong:
            raise ConfigurationError(f"{name}: line {number} is no JSON ({wrong})") from None
        if not isinstance(row, dict):
            raise ConfigurationError(f"{name}: line {number} is no object")
        rows.append({key: _simple(value) for key, value in _flat(row)})
    return named(name, rows)


def _flat(
    row: Mapping[str, object],
    above: str = "",
) -> Iterator[tuple[str, object]]:
    """The values of an object; those of inner objects by their path, such as `agent.id`."""
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _simple(value: object) -> object:
    return (
        msgspec.json.encode(value).decode()
        if isinstance(
            value,
            list,
        )
        else value
    )
