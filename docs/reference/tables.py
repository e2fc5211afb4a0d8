"""The pages of the tables: entities, models with their `.yml`, and the tables in `ops`."""

from collections.abc import Iterable, Sequence

from docs.reference.markdown import code, codes, heading, joined, table
from tasks.entities import ENTITIES, Column
from tasks.sqlmodels.catalog import Model, models
from tasks.sqlmodels.reads import Read, reads
from tasks.warehouse.tables import OPS, source_columns

_KINDS = {
    "text": "text",
    "whole": "whole number",
    "number": "number",
    "money": "money",
    "flag": "true or false",
    "instant": "instant (UTC)",
    "day": "local day",
}
_REFRESH = {
    "whole": "rebuilt when an input changes",
    "ticket": "by ticket: only changed tickets are rebuilt",
    "day": "by day: only days with changed facts are rebuilt",
    "week": "by week: only weeks with changed facts are rebuilt",
    "month": "by month: only months with changed facts are rebuilt",
}


def source_tables() -> str:
    """Return every entity's table with its key and columns."""
    return joined(
        _entry(
            f"source.{entity.name}",
            entity.description,
            [f"One row for each {codes(('account', *entity.key))}."],
            source_columns(entity),
        )
        for entity in ENTITIES.values()
    )


def built_tables(schema: str) -> str:
    """Return every model of a schema with its grain, its inputs and its columns."""
    return joined(
        _entry(model.full_name, model.description, _facts(model), model.all_columns)
        for model in sorted(models().values(), key=lambda m: m.name)
        if model.schema == schema
    )


def ops_tables() -> str:
    """Return the tables in which the pipeline keeps its own state."""
    return joined(
        _entry(
            f"ops.{one.name}",
            one.comment or "",
            [_grain(one.info["key"])],
            [
                Column(c.name, c.info["kind"], c.comment or "", required=not c.nullable)
                for c in one.columns
            ],
        )
        for one in sorted(OPS, key=lambda t: t.name)
    )


def read_models() -> str:
    """Return every query that Python runs, with its parameters and columns."""
    return joined(
        _entry(name, read.description, _read_facts(read), read.columns)
        for name, read in reads().items()
    )


def personal_columns() -> str:
    """Return the columns that hold personal data in `source`."""
    rows = [
        (code(f"source.{entity.name}.{column.name}"), column.description, code(column.personal))
        for entity in ENTITIES.values()
        for column in entity.columns
        if column.personal
    ]
    return table(("Column", "What it holds", "Switch"), rows)


def _facts(model: Model) -> list[str]:
    made = "SQL" if model.built_by in ("sql", "kpis") else "Python"
    made = "a seed file" if model.seed else made
    facts = [
        _grain(model.grain),
        f"Made by {made}; {_REFRESH[model.refresh]}. Owner: {model.owner}.",
    ]
    if model.inputs:
        facts.append(f"Reads {codes(model.inputs)}.")
    if model.primary:
        facts.append(f"Primary key: {codes(model.primary)}.")
    refers = [f"{code(link.column)} to {code(link.target)}" for link in model.links]
    if refers:
        facts.append(f"Refers by {', '.join(refers)}.")
    return facts


def _read_facts(read: Read) -> list[str]:
    parameters = "; ".join(f"{code(p.name)}: {p.description}" for p in read.parameters)
    return [
        _grain(read.grain) if read.grain else "",
        f"Reads {codes(read.inputs)}." if read.inputs else "",
        f"Parameters: {parameters}." if parameters else "",
    ]


def _grain(grain: Iterable[str]) -> str:
    key = codes(grain)
    return f"One row for each {key}." if key else "One row."


def _entry(name: str, description: str, facts: Sequence[str], columns: Iterable[Column]) -> str:
    rows = [(code(c.name), _kind(c), c.description) for c in columns]
    return joined(
        [
            heading(2, code(name), name),
            description.rstrip(".") + ".",
            " ".join(fact for fact in facts if fact),
            table(("Column", "Kind", "Meaning"), rows),
        ]
    )


def _kind(column: Column) -> str:
    marks = [
        *(["never null"] if column.required else []),
        *(["personal"] if column.personal else []),
    ]
    return ", ".join([_KINDS[column.kind], *marks])
