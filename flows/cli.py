"""The command line: `support-etl`.

Exit codes: 0 done, 1 unexpected, 2 settings, 3 vendor, 4 data, 5 storage.
"""

import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands import upkeep_app
from flows.console import Accounts, AsJson, err
from flows.console import print_json as _print_json
from flows.console import progress as _say
from flows.console import table as _table
from tasks.clock import parse_instant
from tasks.errors import ConfigurationError, RunAtWorkError, SupportEtlError
from tasks.importing import gc_frozen
from tasks.settings import RedactSecrets, Settings, load, redact, settings_file

app = typer.Typer(
    help="Customer-support data into one warehouse: KPIs, budget and staffing forecasts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
quarantine_app = typer.Typer(
    help="Rows that broke a rule: list them, look at one, load them again, or dismiss one.",
    no_args_is_help=True,
)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(upkeep_app)


def main() -> None:
    """Entry point: errors become a line and an exit code, never a traceback."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # Prefect's and Great Expectations' usage statistics
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    try:
        app(standalone_mode=True)
    except SupportEtlError as trouble:
        err.print(f"error: {redact(str(trouble))}", style="red", soft_wrap=True, markup=False)
        sys.exit(trouble.exit_code)


@app.command()
def run(
    as_of: Annotated[
        str,
        typer.Option(
            help="Instant for which the numbers are made, such as 2026-03-01. Default: now."
        ),
    ] = "",
    account: Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Run the daily job now: read every account, rebuild the tables, write the report.

    Without any account in the settings the sandbox of made-up vendors is read.
    """
    settings = load()
    with _sandbox_if_no_account(settings) as (chosen, clock):
        _run_daily(chosen, as_of or clock, account, as_json=as_json)


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Option(help="Where warehouse, landed pages and reports go.")
    ] = Path("demo"),
    open_report: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the report in a browser.")
    ] = True,
) -> None:
    """Read the sandbox into a warehouse of its own and open the report."""
    os.environ.update(_demo_environment(folder))
    settings = load(accounts=())
    with _sandbox_if_no_account(settings) as (chosen, clock):
        _run_daily(chosen, clock, None, as_json=False)
    if open_report and _has_screen():
        typer.launch(str((folder / "reports" / "latest.html").absolute()))


def _has_screen() -> bool:
    """Whether a browser can show anything: on a server xdg-open would print what it tried in vain."""
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


@app.command()
def backfill(
    start: Annotated[str, typer.Option("--from", help="First instant, such as 2026-01-01.")],
    end: Annotated[str, typer.Option("--to", help="Instant at which to stop, not included.")],
    chunk_days: Annotated[int, typer.Option(help="Days asked for at a time.", min=1)] = 30,
    account: Accounts = None,
    as_json: AsJson = False,
) -> None:
    """Read a past span again, in chunks; what is the same changes nothing.

    Bookmarks stay where they are.
    """
    with gc_frozen():
        from flows.backfill import backfill_support_etl

    with _sandbox_if_no_account(load()) as (_, _clock):
        low, high = _instant("--from", start), _instant("--to", end)
        _finish(
            _flow(lambda: backfill_support_etl(low, high, chunk_days, account, return_state=True)),
            as_json=as_json,
        )


@app.command()
def replay(account: Accounts = None, as_json: AsJson = False) -> None:
    """Load every landed batch again and rebuild the tables, without asking any vendor."""
    from flows.job import run_replay
    from flows.runner import ThreadRunner

    _log_to_screen(quiet=as_json)
    with _sandbox_if_no_account(load()) as (settings, _):
        outcome = run_replay(settings, ThreadRunner(1), accounts=account or (), progress=_say)
    _print_outcome(outcome, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, secrets, credentials, landing zone and warehouse; say what is wrong and what
    to do.
    """
    from flows.doctor import examine

    with _sandbox_if_no_account(load()) as (settings, _):
        findings = examine(settings)
    if as_json:
        _print_json([f.__dict__ for f in findings])
    else:
        _table(
            "Doctor",
            ("Subject", "State", "What to do"),
            [(f.subject, "ok" if f.is_ok else "BAD", f.description) for f in findings],
        )
    if not all(f.is_ok for f in findings):
        raise typer.Exit(2)


@app.command()
def connectors(as_json: AsJson = False) -> None:
    """List the vendors with their streams, entities, incremental method, rate limit and required
    settings.
    """
    from tasks.connectors import connectors as known

    rows: list[dict[str, Any]] = [
        {
            "connector": c.name,
            "title": c.title,
            "api_version": c.api_version,
            "settings": ", ".join(c.settings),
            "secrets": ", ".join(c.auth.secrets),
            "requests_per_minute": c.limits.requests_per_minute,
            "stream": s.name,
            "description": s.description,
            "entities": ", ".join(dict.fromkeys(b.entity.name for b in s.becomes)),
            "incremental": s.incremental,
            "on": s.on,
        }
        for c in known().values()
        for s in c.streams
    ]
    if as_json:
        _print_json(rows)
        return
    for c in known().values():
        own = [r for r in rows if r["connector"] == c.name]
        needs = (
            f"settings: {own[0]['settings'] or 'none'}; secrets: {own[0]['secrets'] or 'none'}; API"
            f" {c.api_version}"
        )
        limit = (
            f"{own[0]['requests_per_minute']} requests a minute"
            if own[0]["requests_per_minute"]
            else "no limit of its own"
        )
        _table(
            f"{c.title} ({c.name}): {needs}; {limit}",
            ("Stream", "Becomes", "Keeps up by", "What it is"),
            [
                (
                    r["stream"] + ("" if r["on"] else " (off)"),
                    r["entities"],
                    r["incremental"],
                    r["description"],
                )
                for r in own
            ],
        )
        if c.unsupported:
            typer.echo(f"not in its API: {', '.join(c.unsupported)}\n")


@app.command()
def surveys(account: Accounts = None, as_json: AsJson = False) -> None:
    """List the surveys and questions of the survey accounts, and propose which are scores (CSAT,
    NPS, CES).
    """
    from flows.doctor import survey_questions

    settings = load()
    with _sandbox_if_no_account(settings) as (chosen, _):
        found = survey_questions(chosen, account or ())
    if as_json:
        _print_json([vars(q) for listed in found.values() for q in listed])
        return
    for name, listed in found.items():
        _table(
            f"{name}: surveys and questions",
            ("Survey", "Question", "Text", "Kind", "Scale", "Proposed"),
            [
                (
                    f"{q.survey} ({q.survey_id})",
                    q.question_id,
                    q.heading,
                    q.family,
                    q.scale,
                    q.metric or "no score",
                )
                for q in listed
            ],
        )
        lines = [q.as_setting() for q in listed if q.metric]
        if lines:
            typer.echo(
                f"for [[accounts]] {name} in support_etl.toml, after a look at each line:\nscores"
                " = [\n" + "\n".join(lines) + "\n]\n"
            )
    if not found:
        typer.echo(
            "no account has a list of surveys; Medallia's scores are named by field id (see the"
            " README)"
        )


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the tables that are built, in the order of building."""
    from tasks.sqlmodels.catalog import models as known

    rows = [
        {
            "model": m.full_name,
            "grain": ", ".join(m.grain),
            "built_by": m.built_by,
            "needs": ", ".join(m.inputs),
            "description": m.description,
        }
        for m in known().values()
    ]
    (
        _print_json(rows)
        if as_json
        else _table(
            "Models",
            ("Table", "One row per", "What it is"),
            [(r["model"], r["grain"], r["description"]) for r in rows],
        )
    )


@app.command()
def kpis(as_json: AsJson = False) -> None:
    """List the KPIs with their definitions."""
    from tasks.sqlmodels.catalog import kpis as known

    rows = [
        {
            "kpi": k.name,
            "title": k.title,
            "description": k.description,
            "unit": k.unit,
            "numerator": k.numerator,
            "denominator": k.denominator,
            "better": k.better,
            "attributed_to": k.attributed_to,
            "source": k.source,
        }
        for k in known().values()
    ]
    (
        _print_json(rows)
        if as_json
        else _table(
            "KPIs",
            ("KPI", "Unit", "Better", "Counted on", "Definition"),
            [
                (r["kpi"], r["unit"], r["better"], r["attributed_to"], r["description"])
                for r in rows
            ],
        )
    )


@app.command()
def forecast(
    volume: Annotated[str, typer.Option(help="More or fewer contacts, such as +10%.")] = "",
    aht: Annotated[str, typer.Option(help="Longer or shorter handle time, such as -5%.")] = "",
    service_level: Annotated[
        str, typer.Option(help="Live contacts: per cent / seconds, such as 90/30.")
    ] = "",
    shrinkage: Annotated[
        float | None,
        typer.Option(
            help="Share of paid time not available for contacts, such as 0.32.", min=0, max=0.95
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the scenario in marts.staffing_scenario_daily.")
    ] = "what_if",
    as_json: AsJson = False,
) -> None:
    """What if: write a scenario beside the staffing forecast, and show by team and week what it
    changes.

    Works on the forecast that the last run made; without any change it shows the base.
    """
    from flows.forecast import what_if
    from tasks.plan import Scenario

    share, seconds = _service_level(service_level)
    scenario = Scenario(
        _change("--volume", volume), _change("--aht", aht), share, seconds, shrinkage
    )
    rows = what_if(load(), scenario, name)
    if as_json:
        _print_json(rows)
        return
    weeks: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        weeks.setdefault(
            (row["account"], row["team"], row["day"] - timedelta(days=row["day"].weekday())), []
        ).append(row)
    _table(
        f"Scenario {name}: {scenario.description}",
        (
            "Account",
            "Team",
            "Week of",
            "Tickets",
            "Base, FTE",
            "Scenario, FTE",
            "Extra, FTE",
            "Extra cost",
        ),
        [
            (
                *key,
                *(
                    f"{sum(r[column] for r in part) / by:,.1f}"
                    for column, by in (
                        ("expected_tickets", 1),
                        ("base_fte", 5),
                        ("fte", 5),
                        ("extra_fte", 5),
                    )
                ),
                f"{sum(r['extra_cost'] or 0 for r in part):,.0f}",
            )
            for key, part in weeks.items()
            if len(part) == 7
        ],
    )
    typer.echo(
        f"{len(rows):,} rows in marts.staffing_scenario_daily, scenario {name}; whole weeks are"
        " shown, FTE on five days a week, cost in the reporting currency"
    )


def _change(option: str, text: str) -> float:
    """Factor of a change such as +10% or -5%."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*%?\s*", text or "0")
    if not match or float(match[1]) <= -100:
        raise ConfigurationError(f"{option} {text}: write a change in per cent, such as +10%")
    return 1 + float(match[1]) / 100


def _service_level(text: str) -> tuple[float | None, float | None]:
    match = re.fullmatch(r"\s*(\d{1,2}(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*", text)
    if not text:
        return None, None
    if not match or float(match[1]) <= 0:
        raise ConfigurationError(f"--service-level {text}: write per cent / seconds, such as 90/30")
    return float(match[1]) / 100, float(match[2])


@app.command()
def report() -> None:
    """Write the report again from the tables as they are, and print its path."""
    from flows.doctor import rewrite_report

    typer.echo(str(rewrite_report(load())))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="First port on loopback; 0: any.")] = 8900,
) -> None:
    """Start the fake vendors and print the settings that read them. Ctrl-C stops them."""
    import threading

    from tasks.sandbox.company import open_sandbox

    with open_sandbox(Path(tempfile.mkdtemp(prefix="support-etl-plans-")), port=port) as opened:
        for name, value in opened.secrets.items():
            typer.echo(f"export {name}={value}")
        for account in opened.accounts:
            typer.echo("\n[[accounts]]")
            for name, value in account.items():
                typer.echo(f"{name} = {json.dumps(value, default=str)}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            typer.echo("stopped")


@quarantine_app.command("list")
def quarantine_list(as_json: AsJson = False) -> None:
    """Rows that wait in quarantine."""
    from flows.doctor import quarantined

    rows = quarantined(load())
    if as_json:
        _print_json(rows)
        return
    _table(
        "Quarantine",
        ("Batch", "No.", "Account", "Stream", "Entity", "Key", "Rule", "Reason"),
        [
            (
                r["batch_id"],
                r["row_number"],
                r["account"],
                r["stream"],
                r["entity"],
                r["record_key"],
                r["rule"],
                r["reason"],
            )
            for r in rows
        ],
    )


@quarantine_app.command("show")
def quarantine_show(
    batch: Annotated[str, typer.Argument(help="Batch, as `quarantine list` prints it.")],
    number: Annotated[int, typer.Argument(help="Number within the batch.")],
) -> None:
    """One row with its reason and the raw record, read from the landed page."""
    from flows.doctor import quarantined_record

    _print_json(quarantined_record(load(), batch, number))


@quarantine_app.command("replay")
def quarantine_replay(account: Accounts = None) -> None:
    """Load the batches again that have rows in quarantine, after a rule or mapping was mended."""
    from flows.doctor import replay_quarantine

    outcome = replay_quarantine(load(), account or (), _say)
    _print_outcome(outcome, as_json=False)


@quarantine_app.command("dismiss")
def quarantine_dismiss(
    batch: Annotated[str, typer.Argument(help="Batch, as `quarantine list` prints it.")],
    number: Annotated[int, typer.Argument(help="Number within the batch.")],
) -> None:
    """Close a row that nobody will mend, such as one that the vendor has taken back."""
    from flows.upkeep import dismiss

    dismiss(load(), batch, number)
    typer.echo(f"row {number} of {batch} is dismissed")


# how the commands do it
# ----------------------------------------------------------------------------------------------


def _run_daily(
    settings: Settings, as_of: str, accounts: list[str] | None, *, as_json: bool
) -> None:
    _log_to_screen(quiet=as_json)
    instant = _instant("--as-of", as_of) if as_of else None
    _say(f"{len(settings.accounts)} accounts into {settings.warehouse.url.rsplit('@')[-1]}")
    with gc_frozen():
        from flows.daily import daily_support_etl

    _finish(_flow(lambda: daily_support_etl(instant, accounts, return_state=True)), as_json=as_json)


def _flow(call: Any) -> Any:
    """Run a flow in this process; what it did is in `flows.daily.LAST`."""
    from flows.daily import LAST

    LAST.clear()
    state = call()
    if state.is_cancelled():
        raise RunAtWorkError(state.message)
    if not LAST:
        trouble = state.result(raise_on_failure=False)
        raise (
            trouble
            if isinstance(trouble, SupportEtlError)
            else SupportEtlError(redact(str(trouble)))
        )
    return LAST[-1]


def _finish(outcome: Any, *, as_json: bool) -> None:
    _print_outcome(outcome, as_json=as_json)
    if outcome.state != "completed":
        raise typer.Exit(3)


def _print_outcome(outcome: Any, *, as_json: bool) -> None:
    published = outcome.published
    if as_json:
        _print_json(
            {
                "run_id": outcome.run_id,
                "state": outcome.state,
                "message": outcome.message,
                "changed_rows": outcome.changed_rows,
                "report": str(published.page) if published else None,
                "streams": [
                    {
                        "account": r.account,
                        "stream": r.stream,
                        "state": r.state,
                        "records": r.records,
                        "changed": r.changed,
                        "quarantined": r.quarantined,
                        "requests": r.requests,
                        "message": r.message,
                    }
                    for r in outcome.streams
                ],
            }
        )
        return
    if published:
        _print_tables()
        typer.echo(
            f"report:      {published.page}\nspreadsheet: {published.sheet}\ndata docs:  "
            f" {published.data_docs}"
        )
    for result in outcome.failures:
        err.print(
            f"failed: {result.account}/{result.stream}: {result.message}",
            style="red",
            soft_wrap=True,
            markup=False,
        )
    for trouble in (
        *outcome.unequal,
        *([f"no report: {outcome.unpublished}"] if outcome.unpublished else ()),
    ):
        err.print(trouble, style="red", soft_wrap=True, markup=False)
    typer.echo(f"run {outcome.run_id}: {outcome.state}, {outcome.changed_rows:,} rows changed")


def _print_tables() -> None:
    from flows.doctor import report_tables
    from tasks.reporting.files import shown

    for table in report_tables(load()):
        _table(table.title, table.heads, [[shown(cell) for cell in row] for row in table.rows])


_SANDBOX_SHIFTS = (
    "Mon-Fri 08:00-16:30 break 30",
    "Mon-Fri 10:00-18:30 break 30",
    "Mon-Fri 08:00-12:00",
    "Mon-Fri 14:00-18:00",
)


@contextmanager
def _sandbox_if_no_account(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """The settings, or, without any account, those of the sandbox, which runs until the end of the
    block.
    """
    if settings.accounts:
        yield settings, ""
        return
    from tasks.sandbox.company import open_sandbox

    _say(f"no account in {settings_file()}: reading the sandbox of made-up vendors")
    folder = Path(settings.reports.folder) / "sandbox_plans"
    with (
        open_sandbox(folder) as opened,
        _environment(
            {
                **opened.secrets,
                "SUPPORT_ETL_ACCOUNTS": json.dumps([dict(a) for a in opened.accounts], default=str),
                "SUPPORT_ETL_BUSINESS__TIME_ZONE": os.environ.get(
                    "SUPPORT_ETL_BUSINESS__TIME_ZONE", "Europe/Berlin"
                ),
                "SUPPORT_ETL_PLANNING__SHIFTS": os.environ.get(
                    "SUPPORT_ETL_PLANNING__SHIFTS", json.dumps(_SANDBOX_SHIFTS)
                ),
                "SUPPORT_ETL_BUSINESS__CURRENCY": os.environ.get(
                    "SUPPORT_ETL_BUSINESS__CURRENCY", "EUR"
                ),
            }
        ),
    ):
        yield load(), opened.clock.isoformat()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _demo_environment(folder: Path) -> dict[str, str]:
    return {
        "SUPPORT_ETL_WAREHOUSE__URL": f"duckdb:///{folder / 'warehouse.duckdb'}",
        "SUPPORT_ETL_LANDING__URL": str(folder / "landing"),
        "SUPPORT_ETL_REPORTS__FOLDER": str(folder / "reports"),
    }


def _instant(name: str, text: str) -> Any:
    try:
        return parse_instant(text)
    except ValueError:
        raise ConfigurationError(
            f"{name} {text!r} is not a date or instant such as 2026-03-01 or 2026-03-01T06:00:00Z"
        ) from None


def _log_to_screen(*, quiet: bool) -> None:
    """Our own lines on stderr, secrets taken out; Prefect only when something is wrong with it."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    logger = logging.getLogger("support_etl")
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(RedactSecrets())
    logger.handlers, logger.propagate = [handler], False
