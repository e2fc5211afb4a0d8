"""Columns of a model for the fields that the accounts' settings choose.

Which columns there are is known in the warehouse: those of the chosen fields, and those of fields
that were chosen once. The latter stay, and are null, so that nobody's report breaks.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from tasks.sqlmodels.catalog import Model, table_of
from tasks.warehouse.migrations import present_columns, widen
from tasks.warehouse.session import Session
from tasks.warehouse.tables import FIELD_COLUMN, Table, field_column, with_columns

_MODEL = """
select
    made.*{columns}
from (
{select}
) as made
left join (
    select
        account,
        ticket_id{values}
    from {bridge}
    where value <> 'none'
    group by account, ticket_id
) as chosen_fields
    on made.account = chosen_fields.account and made.ticket_id = chosen_fields.ticket_id
"""
_ONE = "max(case when name = '{name}' then value end) as {column}"
_SEVERAL = "string_agg(case when name = '{name}' then value end, ', ' order by value) as {column}"


class ChosenField(NamedTuple):
    """A name of the settings, and whether a ticket can have several values of it."""

    name: str
    is_many: bool


def table_with_fields(table: Table, names: Iterable[str]) -> Table:
    """A table with the columns of these fields, if it is one that has such columns."""
    if not table.info.get("has_fields"):
        return table
    return with_columns(table, [field_column(name) for name in sorted(set(names))])


def with_field_columns(session: Session, model: Model) -> Model:
    """The model with its columns of fields, which the table in the warehouse gets if need be."""
    chosen = {field.name: field for field in _chosen(session)}
    former = {
        column.removeprefix(FIELD_COLUMN)
        for column in present_columns(session, table_of(model))
        if column.startswith(FIELD_COLUMN)
    }
    names = sorted(former | set(chosen))
    if not names:
        return model
    made = replace(
        model,
        columns=(*model.columns, *map(field_column, names)),
        select=_select(model, names, chosen.values()),
        inputs=tuple(sorted({*model.inputs, model.fields_from})),
    )
    if set(chosen) - former:
        widen(session, table_of(made))
    return made


def _chosen(session: Session) -> list[ChosenField]:
    rows = session.fetch(
        "select name, max(case when kind = 'many' then 1 else 0 end) as is_many"
        " from ops.account_field group by name order by name"
    )
    return [ChosenField(row[0], bool(row[1])) for row in rows]


def _select(model: Model, names: Iterable[str], chosen: Iterable[ChosenField]) -> str:
    values = {
        field.name: (_SEVERAL if field.is_many else _ONE).format(
            name=field.name, column=FIELD_COLUMN + field.name
        )
        for field in chosen
    }
    columns = [
        f"chosen_fields.{FIELD_COLUMN}{name}"
        if name in values
        else f"cast(null as varchar) as {FIELD_COLUMN}{name}"
        for name in names
    ]
    return _MODEL.format(
        columns="".join(f",\n    {column}" for column in columns),
        select=model.select,
        values="".join(f",\n        {value}" for value in values.values()),
        bridge=model.fields_from,
    )
