"""Writes a report as one self-contained page and as a spreadsheet with the same tables."""

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import jinja2
import xlsxwriter
from markupsafe import Markup
from xlsxwriter.exceptions import XlsxFileError

from tasks.errors import StorageError
from tasks.reporting.content import Cell, Report
from tasks.reporting.plots import svg


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write page and spreadsheet into the run's folder, and the page as `latest.html`.

    Raises StorageError.
    """
    run_folder = folder / report.run_id
    page, sheet = run_folder / "report.html", run_folder / "tables.xlsx"
    write_page(report, page)
    try:
        write_sheet(report, sheet)
        _replace(folder / "latest.html", page.read_bytes())
    except (OSError, XlsxFileError) as trouble:
        reason = getattr(trouble, "strerror", None) or trouble
        raise StorageError(f"report {folder}: {reason}; check reports.folder") from None
    return page, sheet


def write_page(report: Report, path: Path) -> None:
    """Write the page.

    Every value is escaped; the page's own policy forbids scripts and outside requests.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["shown"] = shown
    # the SVG is drawn by our own library, which escapes its texts
    plots = [(plot, Markup(svg(plot))) for plot in report.plots]  # noqa: S704 - as said
    template = environment.get_template("page.html.j2")
    _replace(path, template.render(report=report, plots=plots).encode())


def write_sheet(report: Report, path: Path) -> None:
    """Write the spreadsheet: one sheet a table, text as text, so nothing becomes a formula."""
    temporary = path.with_suffix(".tmp.xlsx")
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    book = xlsxwriter.Workbook(str(temporary), options)
    bold, day_format = (
        book.add_format({"bold": True}),
        book.add_format({"num_format": "yyyy-mm-dd"}),
    )
    for table in report.tables:
        sheet = book.add_worksheet(table.name[:31])
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(table.headings):
            sheet.write_string(0, column, heading, bold)
            sheet.set_column(column, column, max(12, min(40, len(heading) + 2)))
        for number, row in enumerate(table.rows, 1):
            for column, cell in enumerate(row):
                _write_cell(sheet, number, column, cell, day_format)
    book.close()
    os.replace(temporary, path)


class _Sheet(Protocol):
    """A worksheet of xlsxwriter."""

    def write_boolean(self, row: int, column: int, cell: bool, /) -> object: ...  # noqa: FBT001
    def write_number(self, row: int, column: int, cell: float) -> object: ...
    def write_datetime(self, row: int, column: int, cell: date, form: object) -> object: ...
    def write_string(self, row: int, column: int, cell: str) -> object: ...


def _write_cell(sheet: _Sheet, row: int, column: int, cell: Cell, day_format: object) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, (int, float, Decimal)):
        sheet.write_number(row, column, float(cell))
    elif isinstance(cell, (date, datetime)):
        sheet.write_datetime(row, column, cell, day_format)
    else:
        sheet.write_string(row, column, str(cell))


def shown(cell: Cell) -> str:
    """A value as people read it: thousands apart, at most two decimals, nothing for null."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, (float, Decimal)):
        return f"{cell:,.0f}" if abs(float(cell)) >= 1000 else f"{cell:,.2f}"
    return str(cell)


def _replace(path: Path, content: bytes) -> None:
    """Write a file by rename. Raises StorageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(path.suffix + ".tmp")
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as trouble:
        raise StorageError(f"report {path}: {trouble.strerror}; check reports.folder") from None
