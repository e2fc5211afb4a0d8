"""Plans, costs and shifts that no vendor gives: the user's CSV or XLSX files, or SQL queries of the
user's database.

One setting a table: a path or fsspec URL, or a query that begins with `select` or `with` and runs
on the database of the secret `database_url`. Columns are named like the entity's (first row of a
file); their order does not matter.
"""

from tasks.entities import (
    BUDGET_LINE,
    COST_ENTRY,
    EXCHANGE_RATE,
    HEADCOUNT_PLAN,
    KPI_TARGET,
    SHIFT,
    SLA_TARGET,
    SPECIAL_DAY,
    Entity,
)
from tasks.rest.auth import NoSecret
from tasks.rest.paging import SinglePage
from tasks.rest.spec import Connector, Output, Request, Stream
from tasks.rest.values import Expression, sql


def table(name: str, description: str, entity: Entity, **others: Expression) -> Stream:
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


_BASIS = sql(
    """
    case when {amount} is not null then
             case when abs(try_cast({amount} as double) - try_cast({driver_quantity} as double) * try_cast({driver_rate} as double)) > 0.01
                  then 'contradictory' else 'amount' end
         when {driver_rate} is not null and ({driver_quantity} is not null or {driver} in ('fte', 'contacts')) then 'driver' end"""
)

connector = Connector(
    name="files",
    title="Files",
    docs="tasks/connectors/README.md",
    api_version="1",
    base_url="file:",
    optional_settings=(
        "budget_lines",
        "cost_entries",
        "exchange_rates",
        "headcount_plan",
        "kpi_targets",
        "shifts",
        "sla_targets",
        "special_days",
    ),
    auth=NoSecret(optional=("database_url",)),
    check=Request("files"),
    streams=(
        table(
            "budget_lines",
            "Money planned per month, team and category",
            BUDGET_LINE,
            paid_for=sql("coalesce({paid_for}, 'all')"),
            basis=_BASIS,
        ),
        table("cost_entries", "Money spent", COST_ENTRY),
        table(
            "exchange_rates", "What currencies are worth in the reporting currency", EXCHANGE_RATE
        ),
        table("headcount_plan", "People planned per month and team", HEADCOUNT_PLAN),
        table(
            "kpi_targets",
            "Targets of KPIs, by team and first day",
            KPI_TARGET,
            team=sql("coalesce({team}, 'all')"),
        ),
        table("shifts", "Planned shifts", SHIFT),
        table(
            "sla_targets",
            "Promises on time that no vendor tells",
            SLA_TARGET,
            **{name: sql(f"coalesce({{{name}}}, 'all')") for name in ("desk", "team", "priority")},
            valid_from_on=sql("coalesce({valid_from_on}, '1970-01-01')"),
            is_business=sql("coalesce(try_cast({is_business} as boolean), true)"),
        ),
        table(
            "special_days",
            "Days on which more or fewer customers write",
            SPECIAL_DAY,
            team=sql("coalesce({team}, 'all')"),
        ),
    ),
)
