"""What is declared of a table that people keep in a file: its columns, and what fills the gaps."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from tasks.entities import Column, Entity
from tasks.rest.spec import Refusal, Row

Finish = Callable[[Row], Iterable[Row | Refusal]]


def as_it_is(row: Row) -> Iterable[Row | Refusal]:
    """The row that was read, and no other."""
    yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table that a file or a query can bring.

    `defaults` fill columns that are empty. `computed` columns are made by `finish`, which gets a
    whole row and gives rows of the output's entity. Of each group in `one_of` at least one column
    must be there. `extras` are columns that only `finish` reads. `months` is the column whose
    values may stand under one column a month.
    """

    name: str
    entity: Entity
    defaults: Mapping[str, str] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    one_of: tuple[tuple[str, ...], ...] = ()
    extras: tuple[Column, ...] = ()
    months: str = ""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns that a file may have."""
        own = (column for column in self.entity.columns if column.name not in self.computed)
        return (*own, *self.extras)

    @property
    def needed(self) -> frozenset[str]:
        """Columns without which no row is one."""
        return self.entity.required - self.computed - set(self.defaults)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return next((one for one in self.extras if one.name == name), None) or self.entity.column(
            name
        )


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What was recognised of a file; it is landed with the rows.

    `months` are the columns that are months, by their first day. `numbers` has the decimal mark and
    `days` the order of days of each column where they matter.
    """

    file: str
    columns: list[str] = []
    months: dict[str, str] = {}
    months_are: str = ""
    numbers: dict[str, str] = {}
    days: dict[str, str] = {}


def plain_name(cell: object) -> str:
    """The name of a column, however it is spaced and capitalised."""
    text = unicodedata.normalize(
        "NFC",
        "" if cell is None else str(cell),
    )
    return "_".join(text.replace("\ufeff", "").lower().split())
