"""The tables that files can bring, and the settings of one, made from their declarations."""

from docs.reference.markdown import code, codes, table
from tasks.connectors import connector
from tasks.tabular.declared import TableSettings
from tasks.tabular.rows import TableRows
from tasks.tabular.spec import TableSpec


def file_tables() -> str:
    """Return one line for each table: setting, columns it must and may have."""
    rows = []
    for stream in connector("files").streams:
        made = stream.outputs[0].transform
        assert isinstance(made, TableRows)
        needed = [column.name for column in made.spec.columns if column.name in made.spec.needed]
        others = [column.name for column in made.spec.columns if column.name not in needed]
        rows.append((code(stream.name), stream.description, _needed(made.spec), codes(others)))
    return table(("Table", "What it has", "Needed", "Others"), rows)


def _needed(spec: TableSpec) -> str:
    needed = codes(column.name for column in spec.columns if column.name in spec.needed)
    one_of = "; ".join(" or ".join(map(code, group)) for group in spec.one_of)
    return "; ".join(part for part in (needed, one_of) if part)


def file_settings() -> str:
    """Return one line for each setting of a table."""
    rows = [(code(name), field.description) for name, field in TableSettings.model_fields.items()]
    return table(("Setting", "Meaning"), rows)
