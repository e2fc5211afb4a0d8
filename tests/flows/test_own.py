"""A company's own KPI, mart, rule and seed on one warehouse: added, changed, broken, removed."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import event_log
import pytest
from conftest import new_warehouse
from event_log import AS_OF
from tests_support import differences

from flows.pipeline.build import build_tables
from flows.pipeline.context import RunContext
from flows.pipeline.outcome import Outcome
from flows.pipeline.publish import publish_run
from flows.pipeline.runner import ThreadRunner
from tasks.errors import ConfigurationError
from tasks.landing.store import Landing
from tasks.own import read_own
from tasks.settings import load
from tasks.sqlmodels.catalog import models
from tasks.transform import model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

KPI = """\
select
    created_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when priority = 'urgent' then 1 else 0 end as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded;
"""
ENTRY = """\
urgent_share:
  title: "Urgent share"
  description: "Urgent tickets among those opened on the day."
  shape: ratio
  unit: "share"
  numerator: "urgent tickets opened"
  denominator: "tickets opened"
  better: lower
  attributed_to: "day of opening"
  owner: us
  source: "our handbook"
"""
MART = """\
select
    cast(fct_ticket.created_at at time zone 'UTC' as date) as day,
    fct_ticket.account,
    count(*) as tickets_count
from core.fct_ticket as fct_ticket
group by
    cast(fct_ticket.created_at at time zone 'UTC' as date),
    fct_ticket.account
"""
DESCRIBED = """\
description: Tickets opened by UTC day
grain: [day, account]
owner: us
refresh: day
report: "Days in UTC"
columns:
  day: [day, "Day in UTC"]
  account: [text, "Account"]
  tickets_count: [whole, "Tickets opened"]
"""
RULE = """\
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: "tickets_count", min_value: 1, max_value: 2}
    meta: {level: warn, description: "more than two tickets on a day"}
"""
FILES = {
    "sql/marts/kpi/kpis.yml": ENTRY,
    "sql/marts/kpi/urgent_share.sql": KPI,
    "sql/marts/utc_days.sql": MART,
    "sql/marts/utc_days.yml": DESCRIBED,
    "expectations/utc_days.yml": RULE,
    "sql/staging/value_map.csv": "connector,kind,raw,unified\nzendesk,status,Parked,hold\n",
}
SUMS = "select sum(numerator), sum(denominator) from"
COMMENT = (
    "select comment from duckdb_columns() where table_name = 'utc_days' and column_name = 'day'"
)
PARKED = "select category from staging.status_category where status_id = 'parked'"
WIDER = MART.replace(
    "count(*) as", "count(*) filter (where is_solved) as solved_count,\n    count(*) as"
)


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, event_log.Log]]:
    """A warehouse that is built without anything own, and the log behind it."""
    folder = tmp_path_factory.mktemp("own")
    log = event_log.make(4, 60)
    warehouse = new_warehouse(f"duckdb:///{folder / 'w.duckdb'}")
    event_log.load(warehouse, log.rows)
    _build(warehouse, folder, AS_OF - timedelta(days=2))
    warehouse.dispose()
    return folder / "w.duckdb", log


def _build(warehouse: Warehouse, folder: Path, as_of: Any = AS_OF, **asked: bool) -> Outcome:
    """What a run does after it has loaded."""
    read_own()
    prepare(warehouse, model_tables())
    settings = load(
        warehouse={"url": str(warehouse.url), "published": str(folder / "bi.duckdb")},
        reports={"folder": str(folder / "reports")},
        planning={"models": "floor", "interval_days": 1, "horizon_days": 7},
        accounts=({"connector": "zendesk", "name": "acme", "subdomain": "x"},),
    )
    context = RunContext(
        settings, warehouse, Landing(str(folder)), ThreadRunner(1), f"{as_of:%d%H}", as_of
    )
    outcome = Outcome(context.run_id, as_of)
    build_tables(context, outcome, settings.accounts)
    outcome.conclude()
    if asked.get("report"):
        outcome.published = publish_run(context, outcome)
        outcome.conclude()
    return outcome


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the settings file, with a KPI, a mart, a rule and rows of a seed."""
    (tmp_path / "support_etl.toml").write_text("")
    monkeypatch.setenv("SUPPORT_ETL_CONFIG", str(tmp_path / "support_etl.toml"))
    write(tmp_path, **FILES)
    yield tmp_path
    monkeypatch.undo()
    read_own()


@pytest.fixture
def warehouse(base: tuple[Path, event_log.Log], folder: Path) -> Iterator[Warehouse]:
    shutil.copy(base[0], folder / "w.duckdb")
    made = Warehouse(f"duckdb:///{folder / 'w.duckdb'}", threads=1)
    yield made
    made.dispose()


def fetch(warehouse: Warehouse, statement: str) -> list[tuple[Any, ...]]:
    with warehouse.session() as session:
        return [tuple(row) for row in session.fetch(statement)]


def everything(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    return {name: sorted(fetch(warehouse, f"select * from {name}"), key=repr) for name in models()}


def test_added_changed_and_removed(warehouse: Warehouse, folder: Path):
    """Each change reaches the whole past of a warehouse that is there."""
    outcome = _build(warehouse, folder, report=True)
    assert outcome.step_failures == []
    counted = fetch(
        warehouse,
        "select count(*) filter (where priority = 'urgent'), count(*) from core.fct_ticket,"
        " ops.reporting_zone where not is_excluded and created_on <= last_day",
    )
    assert counted[0][0] > 0
    for table in ("marts.kpi_daily", "marts.kpi_weekly", "marts.kpi_monthly"):
        assert fetch(warehouse, f"{SUMS} {table} where kpi = 'urgent_share'") == counted
    assert fetch(warehouse, "select title from core.dim_kpi where kpi = 'urgent_share'") == [
        ("Urgent share",)
    ]
    tickets = fetch(warehouse, "select count(*) from core.fct_ticket")
    assert fetch(warehouse, "select sum(tickets_count) from marts.utc_days") == tickets
    assert fetch(warehouse, COMMENT) == [("Day in UTC",)]
    assert fetch(warehouse, PARKED) == [("hold",)]
    page = outcome.published.page.read_text()
    assert "Urgent share" in page
    assert "Days in UTC" in page
    assert "utc_days: more than two tickets on a day" in page
    copy = Warehouse(f"duckdb:///{folder / 'bi.duckdb'}")
    assert fetch(copy, "select sum(tickets_count) from marts.utc_days") == tickets
    copy.dispose()
    again = _build(warehouse, folder)
    assert {r.model: r.changed for r in again.models if r.changed} == {}

    write(
        folder,
        **{
            "sql/marts/kpi/urgent_share.sql": KPI.replace("'urgent'", "'high'"),
            "sql/marts/utc_days.sql": WIDER,
            "sql/marts/utc_days.yml": DESCRIBED + '  solved_count: [whole, "Solved of them"]\n',
        },
    )
    assert _build(warehouse, folder).step_failures == []
    assert fetch(warehouse, f"{SUMS} marts.kpi_daily where kpi = 'urgent_share'") != counted
    assert fetch(warehouse, "select sum(solved_count) > 0 from marts.utc_days") == [(True,)]

    for name in FILES:
        (folder / name).unlink()
    assert _build(warehouse, folder, report=True).step_failures == []
    for table in ("core.dim_kpi", "marts.kpi_daily", "marts.kpi_weekly", "marts.kpi_monthly"):
        assert fetch(warehouse, f"select 1 from {table} where kpi = 'urgent_share'") == []
    wide = "select count(urgent_share_numerator) > 0 from marts.kpi_wide_daily"
    assert fetch(warehouse, wide) == [(True,)]  # the column stays, as docs/extending.md says
    assert fetch(warehouse, "select 1 from duckdb_tables() where table_name = 'utc_days'") == []
    assert fetch(warehouse, "select count(*) from ops.own_table") == [(0,)]
    copy = Warehouse(f"duckdb:///{folder / 'bi.duckdb'}")
    assert fetch(copy, "select 1 from duckdb_tables() where table_name = 'utc_days'") == []
    copy.dispose()


def test_a_failing_one_ends_itself_and_what_reads_it(warehouse: Warehouse, folder: Path):
    """Shipped tables are as they would be without it; the next run makes it whole."""
    write(
        folder,
        **{
            "sql/marts/busy_days.sql": "select * from marts.utc_days where tickets_count > 1\n",
            "sql/marts/busy_days.yml": DESCRIBED.replace("by UTC day", "on busy days"),
        },
    )
    assert _build(warehouse, folder).state == "completed"
    whole = everything(warehouse)
    write(
        folder,
        **{
            "sql/marts/utc_days.sql": MART.replace(
                "count(*)", "cast(min(fct_ticket.account) as bigint)"
            ),
            "sql/marts/kpi/urgent_share.sql": KPI.replace("priority = 'urgent'", "no_column = 1"),
        },
    )
    outcome = _build(warehouse, folder)
    assert outcome.state == "partly"
    assert {f.subject for f in outcome.step_failures} == {"KPI urgent_share", "marts.utc_days"}
    assert "no_column" in outcome.message
    differing = differences(whole, everything(warehouse))
    periods = ("daily", "weekly", "monthly", "anomaly_daily", "wide_daily")
    assert set(differing) == {f"marts.kpi_{period}" for period in periods}
    assert fetch(warehouse, "select count(*) from marts.kpi_daily where kpi <> 'urgent_share'") == [
        (sum(row[7] != "urgent_share" for row in whole["marts.kpi_daily"]),)
    ]
    write(folder, **FILES)
    outcome = _build(warehouse, folder)
    assert outcome.state == "completed"
    assert differences(whole, everything(warehouse)) == {}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("sql/marts/sla_daily.yml", DESCRIBED, "two models are named marts.sla_daily: .*sql/marts"),
        ("sql/marts/kpi/kpis.yml", ENTRY + ENTRY, "urgent_share stands there twice"),
        ("sql/marts/kpi/csat.sql", KPI, "has no entry csat"),
        ("sql/marts/kpi/kpis.yml", ENTRY.replace("ratio", "rate"), "shape of KPI urgent_share"),
        ("sql/marts/kpi/kpis.yml", ENTRY + "  colour: red\n", "has unknown colour"),
        ("sql/marts/kpi/kpis.yml", ENTRY.replace("Urgent share", "CSAT"), "two KPIs are named"),
        ("sql/marts/kpi/kpis.yml", ENTRY.replace("ratio", "count"), "a count has no denominator"),
        ("sql/marts/stray.sql", MART, "stray.yml is missing"),
        ("sql/marts/utc_days.yml", DESCRIBED.replace("whole", "int"), "of kind 'int', not one of"),
        ("sql/marts/utc_days.yml", DESCRIBED + "a: {", "utc_days.yml: while parsing"),
        ("sql/marts/utc_days.sql", "select * from marts.nothing", "reads marts.nothing"),
        ("expectations/utc_day.yml", RULE, "no entity and no mart utc_day"),
        ("expectations/utc_days.yml", RULE.replace("tickets_c", "ticket_c"), "has no column"),
        ("expectations/utc_days.yml", RULE.replace("warn", "stop"), "level 'stop', not one of"),
        (
            "sql/staging/value_map.csv",
            "connector,kind,raw,unified\nzendesk,status,open,hold\n",
            "two rows are named zendesk, status, open of value_map: .*value_map.csv and /",
        ),
        *(
            (
                "sql/staging/value_map.csv",
                f"connector,kind,raw,unified\na,status,x,new\n{row}\n",
                said,
            )
            for row, said in (
                ("a,status,y,finished", "value_map.csv, line 3: 'finished' is no unified value of"),
                ("a,status,y,Solvd", "did you mean solved[?] there are new, open"),
                ("a,stattus,y,open", "line 3: 'stattus' is no kind; did you mean status[?]"),
                ("a,presence,busy,away", "'away' is no unified value of kind presence"),
                ("a,status,y", "line 3: a row needs 4 cells"),
                ("a,status,,open", "line 3: raw is empty"),
                ("a,status,X,open", "value_map.csv: a, status, x stands there twice"),
            )
        ),
        ("sql/marts/kpi/kpis.yml", "", "urgent_share.sql: .*kpis.yml has no entry urgent_share"),
    ],
)
def test_what_cannot_work_is_refused(folder: Path, name: str, text: str, reason: str):
    write(folder, **{name: text, "sql/marts/sla_daily.sql" if "sla" in name else "x": MART})
    with pytest.raises(ConfigurationError, match=reason):
        read_own()


def test_an_empty_list_of_kpis_holds_none(folder: Path):
    (folder / "sql/marts/kpi/urgent_share.sql").unlink()
    for text in ("", "# none for now\n", "{}\n"):
        write(folder, **{"sql/marts/kpi/kpis.yml": text, "expectations/utc_days.yml": text})
        assert read_own().kpis == ()
