"""Salesforce Service Cloud: how its API is asked."""

from datetime import timedelta

from tasks.clock import Window
from tasks.entities import TOMBSTONE, Entity
from tasks.rest.paging import NextUrl
from tasks.rest.spec import Export, FullRefresh, IncrementalWindow, Output, Request, Stream, Total
from tasks.rest.values import Header, sql

API = "/services/data/v65.0"

MONTH = timedelta(days=31)


def select(table: str, fields: str, time: str, window: Window) -> str:
    """The query for rows of a window."""
    low, high = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (window.start, window.end))
    return f"SELECT {fields} FROM {table} WHERE {time} >= {low} AND {time} < {high}"


def changed(
    name: str,
    description: str,
    table: str,
    fields: str,
    outputs: tuple[Output, ...],
    *,
    time: str = "SystemModstamp",
    people: bool = False,
    optional: bool = False,
) -> Stream:
    """Rows by change: a query of pages, or a bulk job for long windows.

    The bulk job has no ORDER BY, which would slow it.
    """
    bulk = Export(
        start=lambda _, window, settings: Request(
            f"{API}/jobs/query",
            method="POST",
            body={
                "operation": "queryAll",
                "query": select(table, fields, time, window),
                "contentType": "CSV",
                "columnDelimiter": "COMMA",
                "lineEnding": "LF",
            },
        ),
        job_at="id",
        poll=lambda _, job: Request(f"{API}/jobs/query/{job}"),
        state_at="state",
        done=frozenset({"JobComplete"}),
        failed=frozenset({"Failed", "Aborted"}),
        file=lambda _, job: Request(f"{API}/jobs/query/{job}/results", {"maxRecords": "50000"}),
        kind="csv",
        next_part=Header("sforce-locator"),
        next_part_param="locator",
        rows_count=Header("sforce-numberofrecords"),
        shortest_window=MONTH,
    )
    return Stream(
        name=name,
        description=description,
        path=f"{API}/queryAll",
        records="records",
        paging=NextUrl(at="nextRecordsUrl", ends="done"),
        total=Total("totalSize"),
        export=bulk,
        outputs=outputs,
        from_beginning=people,
        optional=optional,
        sync=IncrementalWindow(
            ask=lambda window: {"q": f"{select(table, fields, time, window)} ORDER BY {time}, Id"},
            overlap=timedelta(minutes=30),  # a transaction may commit minutes after its time
        ),
    )


def full(
    name: str,
    description: str,
    query: str,
    outputs: tuple[Output, ...],
    *,
    replaces: bool = False,
    optional: bool = False,
) -> Stream:
    """A query that is read whole on each run."""
    return Stream(
        name=name,
        description=description,
        path=f"{API}/query",
        params={"q": query},
        records="records",
        paging=NextUrl(at="nextRecordsUrl", ends="done"),
        total=Total("totalSize"),
        sync=FullRefresh(replaces=replaces),
        outputs=outputs,
        optional=optional,
    )


def gone(entity: Entity, row_filter: str = "cast({IsDeleted} as boolean)") -> Output:
    """Deleted rows of an entity."""
    return Output(
        TOMBSTONE,
        filter=sql(row_filter),
        fields={
            "entity": sql(f"'{entity.name}'"),
            "record_id": "Id",
            "deleted_at": "SystemModstamp",
            "version_at": "SystemModstamp",
        },
    )
