"""Writes a report as one self-contained page and as a spreadsheet with the same tables."""

import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2
import xlsxwriter
from markupsafe import Markup

from tasks.errors import StorageError
from tasks.reporting.content import Report
from tasks.reporting.plots import svg


def write_page(report: Report, path: Path) -> None:
    """The page.

    Every value is escaped; scripts and outside requests are forbidden by its own policy.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["shown"] = shown
    # the SVG is our own drawing library's, with its texts escaped by it
    plots = [(plot, Markup(svg(plot))) for plot in report.plots]  # noqa: S704 - as said
    _replace(
        path, environment.get_template("page.html.j2").render(report=report, plots=plots).encode()
    )


def write_sheet(report: Report, path: Path) -> None:
    """The spreadsheet: one sheet a table. Text is written as text, so nothing becomes a formula."""
    beside = path.with_suffix(".tmp.xlsx")
    book = xlsxwriter.Workbook(
        str(beside),
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    for table in report.tables:
        sheet = book.add_worksheet(table.name[:31])
        sheet.freeze_panes(1, 0)
        for column, head in enumerate(table.heads):
            sheet.write_string(0, column, head, bold)
            sheet.set_column(column, column, max(12, min(40, len(head) + 2)))
        for number, row in enumerate(table.rows, 1):
            for column, cell in enumerate(row):
                _write(sheet, number, column, cell, day)
    book.close()
    os.replace(beside, path)


def _write(sheet: Any, row: int, column: int, cell: Any, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, (int, float, Decimal)):
        sheet.write_number(row, column, float(cell))
    elif isinstance(cell, (date, datetime)):
        sheet.write_datetime(row, column, cell, day)
    else:
        sheet.write_string(row, column, str(cell))


def shown(cell: Any) -> str:
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(path.suffix + ".tmp")
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as trouble:
        raise StorageError(f"report {path}: {trouble.strerror}; check reports.folder") from None
