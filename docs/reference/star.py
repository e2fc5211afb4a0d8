"""The relationships between tables, for the page about BI tools."""

from collections.abc import Iterable

from docs.reference.markdown import code, joined, table
from tasks.sqlmodels.catalog import Model, models
from tasks.sqlmodels.star import Link, every_link

_LEFT_OUT = {"account"}  # every table has one: the lines would hide the others


def star_of_tickets() -> str:
    """Return a drawing of the ticket with its dimensions."""
    return _drawing(_links_of({"core.fct_ticket"}))


def star_of_others() -> str:
    """Return a drawing of the other facts with what they refer to."""
    return _drawing(_links_of({m.full_name for m in _facts()} - {"core.fct_ticket"}))


def relationships() -> str:
    """Return every relationship, by table and column."""
    rows = [
        (
            code(f"{model.full_name}.{link.column}"),
            code(f"{link.target}.{link.target_column}"),
            "yes" if link.enforced else "no: the row may be missing",
        )
        for model, link in every_link(models().values())
    ]
    return table(("Column", "Refers to", "Every row is there"), rows)


def _facts() -> list[Model]:
    return [m for m in models().values() if m.name.startswith(("fct_", "snap_", "kpi_"))]


def _links_of(tables: set[str]) -> list[tuple[Model, Link]]:
    return [
        (model, link)
        for model, link in every_link(models().values())
        if model.full_name in tables and link.column not in _LEFT_OUT
    ]


def _drawing(links: Iterable[tuple[Model, Link]]) -> str:
    lines = [
        f"    {_short(link.target)} ||--o{{ {_short(model.full_name)} : {link.column}"
        for model, link in links
    ]
    return joined(["\n".join(["```mermaid", "erDiagram", *lines, "```"])])


def _short(name: str) -> str:
    return name.partition(".")[2]
