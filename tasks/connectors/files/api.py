"""Files: how its API is asked."""

from tasks.entities import Entity
from tasks.rest.paging import SinglePage
from tasks.rest.spec import Output, Stream
from tasks.rest.values import Expression


def table(name: str, description: str, entity: Entity, **others: Expression) -> Stream:
    """A stream of one file or query; every column of the entity comes by its name."""
    fields = {column: column for column in entity.names if column != "version_at"} | others
    return Stream(
        name=name,
        description=description,
        path=name,
        records="rows",
        paging=SinglePage(),
        optional=True,
        flat=True,
        empty_is_null=True,
        outputs=(Output(entity, fields=fields),),
    )
