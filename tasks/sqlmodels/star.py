"""The star: one-column keys, references between tables, and dimensions without missing members.

In a model's `.yml`, `key: team_key` names the table's own one-column key, and `references` says
which columns name rows of other tables: `team_id: core.dim_team`, with the row's `account`, or
`ticket_id: {table: core.fct_ticket, account: ticket_account, enforced: false}`.

A key is the account and the vendor's id as one text, `zendesk|360001`: the same in every warehouse
and every rebuild, never two for one, and readable. The warehouse writes it with the row. A
reference without an id is to the member `none` of the dimension. A dimension reads `every_mention`,
all members that any row refers to, so a row never waits for its dimension.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tasks.entities import Column
from tasks.errors import ModelError

if TYPE_CHECKING:
    from tasks.sqlmodels.catalog import Model

MENTIONS = "from every_mention"
REFERENCES = "from every_reference"
_ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names a row of another table, as the `.yml` declares it."""

    column: str
    table: str
    account: str = _ACCOUNT
    enforced: bool = True  # every row is there; else a row may name one that is not


@dataclass(frozen=True, slots=True)
class Link:
    """A reference by one column: `column` here is `target_column` of `target`."""

    column: str
    target: str
    target_column: str
    source: Reference

    @property
    def enforced(self) -> bool:
        """Every row is there."""
        return self.source.enforced


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column that the warehouse writes with each row, and how it is made of the others."""

    column: Column
    expression: str


def declared(references: Mapping[str, str | Mapping[str, object]]) -> tuple[Reference, ...]:
    """The references of a `.yml`."""
    return tuple(
        Reference(column, str(about))
        if isinstance(about, str)
        else Reference(
            column,
            str(about["table"]),
            str(about.get("account", _ACCOUNT)),
            bool(about.get("enforced", True)),
        )
        for column, about in references.items()
    )


def starred(listed: "Mapping[str, Model]") -> "dict[str, Model]":
    """The models with their keys and links, and dimensions that read every mention.

    Raises ModelError for a reference to a table that has no one-column key.
    """
    linked = {name: _linked(model, listed) for name, model in listed.items()}
    targets = {link.target for _, link in every_link(linked.values())}
    return {
        name: replace(
            _with_mentions(model, linked),
            primary=_primary_key(model) if model.key or model.links or name in targets else (),
        )
        for name, model in linked.items()
    }


def _primary_key(model: "Model") -> tuple[str, ...]:
    """The columns of the primary key: the grain, with one-column keys in place of two columns."""
    if model.key:
        return (model.key,)
    for link in model.links:
        pair = (link.source.account, link.source.column)
        if link.column != link.source.column and set(pair) <= set(model.grain):
            return tuple(
                link.column if name == link.source.column else name
                for name in model.grain
                if name != link.source.account
            )
    return model.grain


def every_link(listed: "Iterable[Model]") -> "Iterator[tuple[Model, Link]]":
    """All links with the model that has them, by table and column."""
    for model in sorted(listed, key=lambda m: m.full_name):
        for link in model.links:
            yield model, link


def orphans(listed: "Iterable[Model]") -> str:
    """A SELECT of the enforced links that name a row which is not there."""
    parts = [
        f"select '{model.full_name}.{link.column}' as place, count(*) as found, 0 as expected\n"
        f"from {model.full_name} as naming left join {link.target} as named"
        f" on naming.{link.column} = named.{link.target_column}\n"
        f"where naming.{link.column} is not null and named.{link.target_column} is null\n"
        "having count(*) > 0"
        for model, link in every_link(listed)
        if link.enforced
    ]
    return "\nunion all\n".join(parts)


def _linked(model: "Model", listed: "Mapping[str, Model]") -> "Model":
    links, keys = [], []
    if model.key:
        made = _text_of(model.grain)
        words = f"Key of the table: {' and '.join(model.grain)} as one text"
        keys.append(KeyColumn(Column(model.key, "text", words), made))
    for reference in model.references:
        if reference.table not in listed:
            raise ModelError(f"{model.full_name}: references {reference.table}, which is no model")
        link, key = _link(model, reference, listed[reference.table])
        links.append(link)
        if key and key.column.name not in {k.column.name for k in keys}:
            keys.append(key)
    return replace(model, links=tuple(links), keys=tuple(keys))


def _link(model: "Model", reference: Reference, target: "Model") -> tuple[Link, KeyColumn | None]:
    if not target.key:
        if len(target.grain) != 1:
            raise ModelError(
                f"{model.full_name}: references {target.full_name}, which has no one-column key"
            )
        return Link(reference.column, target.full_name, target.grain[0], reference), None
    name = f"{reference.column.removesuffix('_id')}_key"
    is_dimension = MENTIONS in target.select
    given = f"coalesce({reference.column}, 'none')" if is_dimension else reference.column
    column = Column(name, "text", f"Key of {target.full_name} for {reference.column}")
    made = f"{reference.account} || '|' || {given}"
    return Link(name, target.full_name, target.key, reference), KeyColumn(column, made)


def _text_of(columns: Iterable[str]) -> str:
    return " || '|' || ".join(columns)


def _with_mentions(model: "Model", linked: "Mapping[str, Model]") -> "Model":
    """The dimension with the rows that name its members in place of `every_mention`.

    A model that reads the dimension cannot name members to it: what it refers to is not enforced.
    """
    readers = _readers_of(model.full_name, linked) if MENTIONS in model.select else set()
    if MENTIONS in model.select:
        naming = [
            (one.full_name, link.source)
            for one, link in every_link(linked.values())
            if link.target == model.full_name and one.full_name not in readers
        ]
        united = "\nunion\n".join(_mention(name, source, model.grain) for name, source in naming)
        select = model.select.replace(MENTIONS, f"from (\n{united}\n) as every_mention")
        inputs = tuple(sorted({*model.inputs, *(name for name, _ in naming)}))
        model = replace(model, select=select, inputs=inputs)
    return replace(
        model, links=tuple(_enforced_if_mentioned(model, link, linked) for link in model.links)
    )


def _enforced_if_mentioned(model: "Model", link: Link, linked: "Mapping[str, Model]") -> Link:
    target = linked[link.target]
    if MENTIONS in target.select and model.full_name in _readers_of(link.target, linked):
        return replace(link, source=replace(link.source, enforced=False))
    return link


def _mention(name: str, source: Reference, grain: Collection[str]) -> str:
    *account, member = grain
    if not account:
        return f"select {source.column} as {member} from {name} where {source.column} is not null"
    return (
        f"select {source.account} as {account[0]}, coalesce({source.column}, 'none') as {member}"
        f" from {name}"
    )


def _readers_of(name: str, listed: "Mapping[str, Model]") -> set[str]:
    """Models that read a table, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        new = {m.full_name for m in listed.values() if one in m.inputs} - found
        found |= new
        waiting += new
    return found
