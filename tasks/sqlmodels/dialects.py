"""SQL text: the tables that a SELECT names, and its translation into another dialect."""

import re
from functools import cache

from tasks.errors import ModelError

# outside comments and texts
_TABLE = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\b((?:source|staging|core|marts|ops)\.\w+)")
_UNNESTED_JSON = re.compile(r"UNNEST\(FROM_JSON\(([^(),]*), '\[\"VARCHAR\"\]'\)\)")
_UNNESTED_SERIES = re.compile(r"UNNEST\((GENERATE_SERIES\([^()]*\))\)")


def tables_of(select: str) -> tuple[str, ...]:
    """Tables that a SELECT names. A parser would take half of the start of every command."""
    return tuple(sorted({name for name in _TABLE.findall(select) if name}))


@cache
def translated(select: str, dialect: str) -> str:
    """A SELECT of DuckDB's dialect in another one. Raises ModelError where it is no SQL."""
    import sqlglot  # only PostgreSQL needs it

    try:
        text = sqlglot.transpile(select, read="duckdb", write=dialect)[0]
    except sqlglot.errors.SqlglotError as wrong:
        raise ModelError(f"cannot be read as SQL: {' '.join(str(wrong).split())}") from None
    # PostgreSQL makes rows of a series as it is; the function that DuckDB needs around it takes
    # arrays only
    if dialect != "postgres":
        return text
    text = _UNNESTED_JSON.sub(r"JSON_ARRAY_ELEMENTS_TEXT(CAST(\1 AS JSON))", text)
    return _UNNESTED_SERIES.sub(r"\1", text)
