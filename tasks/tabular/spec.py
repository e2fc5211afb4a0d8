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
    `days` the order of days of each column where they matter. A file that `keeps_others` may not
    replace rows of other files, if it `is_new` after files of earlier runs. `is_all`: the run
    reads all files that were ever known.
    """

    file: str
    columns: list[str] = []
    months: dict[str, str] = {}
    months_are: str = ""
    numbers: dict[str, str] = {}
    days: dict[str, str] = {}
    path: str = ""
    keeps_others: bool = False
    is_new: bool = False
    is_all: bool = False

    @property
    def name(self) -> str:
        """The file's name, without its folder and what was found in it."""
        return self.path.rpartition("/")[2] or self.file.partition(", sheet ")[0]

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return self.name.removesuffix(".gz").rpartition(".")[0] or self.name


def taken(facts: Facts, named: str) -> str:
    """How the reason begins with which a row of a file is set aside for one of another file."""
    return f"{facts.path or facts.file} has the key of another file's row: {named}; "


def what_to_set(entity: Entity) -> str:
    """What to set where two files have rows of one key."""
    again = "unique_by_file = true if numbers begin again in each file, " * has_own_number(entity)
    return f"set {again}unique_by_file = false if the later file corrects the earlier one"


def has_own_number(entity: Entity) -> bool:
    """Whether the key of an entity is one text, so that a file's name may be put before it."""
    return len(entity.key) == 1 and entity.column(entity.key[0]).kind == "text"


def plain_name(cell: object) -> str:
    """The name of a column, however it is spaced and capitalised."""
    text = unicodedata.normalize(
        "NFC",
        "" if cell is None else str(cell),
    )
    return "_".join(text.replace("\ufeff", "").lower().split())
