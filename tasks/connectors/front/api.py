"""Front: how its API is asked."""

from collections.abc import Mapping

from tasks.rest.paging import LinkWithQuery
from tasks.rest.shapes import full_refresh
from tasks.rest.spec import ChildStream, Json, Output, Paging, Stream
from tasks.rest.values import Records

HUNDREDS = LinkWithQuery(at="_pagination.next", size={"limit": "100"})


def full(
    name: str,
    description: str,
    *outputs: Output,
    path: str = "",
    records: Records = "_results",
    paging: Paging | None = None,
    replaces: bool = False,
    optional: bool = False,
    child_streams: tuple[ChildStream, ...] = (),
) -> Stream:
    """A list that is read whole on each run."""
    return full_refresh(
        name,
        description,
        *outputs,
        at="",
        path=path,
        records=records,
        paging=paging,
        replaces=replaces,
        optional=optional,
        child_streams=child_streams,
    )


def owner_of(resource: Mapping[str, Json]) -> str | None:
    """The workspace (team) that an inbox or a shift belongs to; None where the company owns it."""
    related = (resource.get("_links") or {}).get("related") or {}
    key = str(related.get("owner") or "").rpartition("/")[2]
    return key if key.startswith("tim_") else None
