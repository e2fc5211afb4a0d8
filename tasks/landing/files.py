"""Tables in files: CSV and XLSX become pages like a vendor's, landed and replayed like them."""

import csv
import io
from datetime import date, datetime
from typing import Any

import fsspec
import msgspec

from tasks.errors import ConfigurationError

_BIGGEST = 64 << 20


def read_table(url: str) -> bytes:
    """The rows of a file as JSON: {"rows": [{column: text or number}]}.

    Raises ConfigurationError naming the file.
    """
    try:
        with fsspec.open(url, "rb") as file:
            content = file.read(_BIGGEST + 1)
    except OSError as trouble:
        raise ConfigurationError(f"{url}: {trouble.strerror or trouble}") from None
    except (ImportError, ValueError) as wrong:  # no driver for this kind of URL, or no such kind
        raise ConfigurationError(f"{url}: {wrong}") from None
    if len(content) > _BIGGEST:
        raise ConfigurationError(f"{url}: larger than {_BIGGEST >> 20} MiB")
    rows = _xlsx(url, content) if url.lower().endswith(".xlsx") else _csv(url, content)
    return msgspec.json.encode({"rows": rows})


def _csv(url: str, content: bytes) -> list[dict[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{url}: not UTF-8 text; save it as CSV UTF-8") from None
    sample = text[:2000].splitlines()[0] if text.strip() else ""
    delimiter = ";" if sample.count(";") > sample.count(",") else ","
    rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
    return [{_name(k): v for k, v in row.items() if k} for row in rows]


def _xlsx(url: str, content: bytes) -> list[dict[str, Any]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as wrong:  # noqa: BLE001  from any of its readers
        raise ConfigurationError(
            f"{url}: not a readable XLSX file ({type(wrong).__name__})"
        ) from None
    lines = book.worksheets[0].iter_rows(values_only=True)
    header = [_name(str(cell)) if cell is not None else "" for cell in next(lines, ())]
    return [
        {name: _plain(cell) for name, cell in zip(header, line, strict=False) if name}
        for line in lines
        if any(cell is not None for cell in line)
    ]


def _name(text: str) -> str:
    return text.strip().lower().replace(" ", "_")


def _plain(cell: object) -> object:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date) else cell
