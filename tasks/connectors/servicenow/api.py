"""ServiceNow: how its API is asked."""

from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.servicenow.transforms import plain, written
from tasks.rest.paging import Keyset
from tasks.rest.spec import FullRefresh, IncrementalWindow, Output, Stream, Total
from tasks.rest.values import Header

TABLE = "/api/now/table/"

MOST = 10_000  # rows of one answer, the API's default

PLAIN = {
    "sysparm_exclude_reference_link": "true",
    "sysparm_display_value": "false",
    "sysparm_limit": str(MOST),
}


def table(
    name: str,
    description: str,
    table_name: str,
    fields: str,
    outputs: tuple[Output, ...],
    *,
    time: str = "sys_updated_on",
    only: str = "",
    full: bool = False,
    replaces: bool = False,
    optional: bool = False,
    people: bool = False,
    enabled: bool = True,
    hides_deleted: bool = False,
) -> Stream:
    """A table read by keyset on `time` and sys_id, within the window unless `full`."""
    extra = f"^{only}" if only else ""
    order = f"^ORDERBY{time}^ORDERBYsys_id"

    def ask(window: Window) -> dict[str, str]:
        return {
            "sysparm_query": (
                f"{time}>={written(window.start)}^{time}<{written(window.end)}{extra}{order}"
            )
        }

    def above(query: str, at: str, sys_id: str) -> str:
        end = f"^{time}<{query.split(f'{time}<', 1)[1][:19]}" if f"{time}<" in query else ""
        return f"{time}={at}^sys_id>{sys_id}{extra}^NQ{time}>{at}{end}{extra}{order}"

    return Stream(
        name=name,
        description=description,
        path=TABLE + table_name,
        records="result",
        outputs=outputs,
        flat=True,
        empty_is_null=True,
        scalar=plain,
        params={
            "sysparm_fields": fields,
            "sysparm_exclude_reference_link": "true",
            "sysparm_display_value": "false",
            **({"sysparm_query": f"sys_idISNOTEMPTY{extra}{order}"} if full else {}),
        },
        paging=Keyset(
            time, "sys_id", "sysparm_query", "sysparm_offset", "sysparm_limit", 1000, above
        ),
        sync=FullRefresh(replaces=replaces)
        if full
        else IncrementalWindow(ask=ask, overlap=timedelta(minutes=15)),
        total=Total(Header("x-total-count"), strict=False),
        optional=optional,
        from_beginning=people,
        enabled=enabled,
        hides_deleted=hides_deleted,
    )
