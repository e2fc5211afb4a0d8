"""Files: how a table becomes a stream."""

from tasks.entities import Column, Entity
from tasks.rest.paging import SinglePage
from tasks.rest.spec import Document, Output, Request, Stream
from tasks.tabular.rows import TableRows
from tasks.tabular.spec import Finish, TableSpec, as_it_is


def table(
    name: str,
    description: str,
    entity: Entity,
    *,
    defaults: dict[str, str] | None = None,
    computed: tuple[str, ...] = (),
    one_of: tuple[str, ...] = (),
    extras: tuple[Column, ...] = (),
    months: str = "",
    finish: Finish = as_it_is,
    more: tuple[tuple[str, Entity, Finish], ...] = (),
) -> Stream:
    """A stream of one table.

    `more` are other entities that its rows bring as well, each with the table that would have them.
    """
    spec = TableSpec(
        name=name,
        entity=entity,
        defaults=defaults or {},
        computed=frozenset(computed),
        one_of=(one_of,) if one_of else (),
        extras=extras,
        months=months,
    )
    others = (
        Output(
            other,
            transform=TableRows(spec, made, unless=owner),
        )
        for owner, other, made in more
    )
    return Stream(
        name=name,
        description=description,
        path=name,
        records="rows",
        paging=SinglePage(),
        document=Document(Request(name)),
        optional=True,
        outputs=(
            Output(entity, transform=TableRows(spec, finish)),
            *others,
        ),
    )
